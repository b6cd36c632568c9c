//! The simulated networks, asked over the wire.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod client;
mod evm_faults;
mod evm_rpc;
mod evm_sockets;
mod solana_faults;
mod solana_history;
mod solana_recorded;
mod solana_rpc;
mod solana_sockets;
mod solana_support;
mod solana_web3;
mod stellar_faults;
mod stellar_params;
mod stellar_recorded;
mod stellar_rpc;
mod stellar_sdk;
mod stellar_specs;
mod stellar_support;
mod sui_faults;
mod sui_packages;
mod sui_rpc;
mod sui_sdk;
mod sui_support;

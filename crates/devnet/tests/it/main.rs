//! The simulated networks, asked over the wire.

mod client;
mod evm_faults;
mod evm_rpc;
mod evm_sockets;

//! Simulated networks that speak the real wire protocols, seeded, with faults on demand.
//!
//! A chain's folder holds what is its own: how its blocks are made, and what it answers. Endpoints, their faults, and commands
//! over HTTP are the same for all.

mod connection;
mod control;
mod endpoint;
pub mod evm;
mod fault;
mod host;
mod json;
mod network;
mod rpc;
mod seed;
pub mod solana;
mod stats;
pub mod stellar;
pub mod sui;

pub use endpoint::Replica;
pub use evm::{EvmDevnet, EvmDevnetConfig};
pub use fault::{Fault, FaultPlan, FaultRule, Plan};
pub use solana::{SolanaDevnet, SolanaDevnetConfig};
pub use stats::Stats;
pub use stellar::{StellarDevnet, StellarDevnetConfig};
pub use sui::{SuiDevnet, SuiDevnetConfig};

//! Simulated networks that speak the real wire protocols, seeded, with faults on demand.

pub mod evm;

pub use evm::{EvmDevnet, EvmDevnetConfig};

//! EVM networks behind the Chain seam.

mod abi;
mod address;
pub mod assemble;
pub mod bloom;
mod contradiction;
mod details;
mod dialect;
mod interface;
mod payload;
mod source;
mod transfers;
pub mod wire;

pub use dialect::EvmDialect;
pub use source::{EvmChain, EvmConfig};
pub use transfers::TOKEN_TRANSFER_KEYS;

//! Solana networks behind the Chain seam.

mod address;
pub mod assemble;
mod details;
mod dialect;
mod events;
pub mod idl;
mod interface;
mod invocations;
pub mod logs;
pub mod payload;
mod source;
mod transfers;
mod wanted;
pub mod wire;

pub use dialect::SolanaDialect;
pub use source::{ReadMode, SolanaChain, SolanaConfig};

//! Stellar networks behind the Chain seam.

mod address;
pub mod assemble;
mod details;
mod dialect;
mod interface;
pub mod payload;
mod source;
pub mod spec;
pub mod toid;
mod transfers;
mod value;
pub mod wire;

pub use dialect::StellarDialect;
pub use source::{StellarChain, StellarConfig};

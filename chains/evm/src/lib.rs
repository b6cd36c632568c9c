//! EVM networks behind the Chain seam.

pub mod assemble;
pub mod bloom;
mod details;
mod payload;
mod transfers;
pub mod wire;

pub use transfers::TOKEN_TRANSFER_KEYS;

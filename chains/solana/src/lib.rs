//! Solana networks behind the Chain seam.

mod address;
pub mod assemble;
mod details;
mod dialect;
pub mod idl;
mod interface;
pub mod logs;
pub mod payload;
mod source;
mod transfers;
pub mod wire;

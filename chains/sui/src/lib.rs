//! Sui networks behind the Chain seam.

mod address;
pub mod assemble;
mod details;
mod dialect;
mod interface;
pub mod layout;
pub mod payload;
mod source;
mod transfers;

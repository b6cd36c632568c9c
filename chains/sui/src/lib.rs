//! Sui networks behind the Chain seam.

mod address;
pub mod assemble;
mod balances;
mod contradiction;
mod details;
mod dialect;
mod digest;
mod interface;
mod json;
pub mod layout;
pub mod payload;
pub mod proof;
mod source;
mod transfers;
mod type_text;

pub use dialect::SuiDialect;
pub use source::{MAX_LAG, SuiChain, SuiConfig};

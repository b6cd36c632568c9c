//! EVM networks behind the Chain seam.

mod payload;
pub mod wire;

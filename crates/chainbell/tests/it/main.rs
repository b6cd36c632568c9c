//! The binary and its library: configuration, the whole way on a real node, chaos.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod anvil;
mod chaos;
mod config;
mod support;

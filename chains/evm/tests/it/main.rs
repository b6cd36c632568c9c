//! The crate against alloy's ABI codec and against data recorded from real networks.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod abi;
mod fixtures;

//! The crate against alloy's ABI codec, data recorded from real networks, and simulated ones with faults.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod abi;
mod decoded;
mod fixtures;
mod recorded;
mod source_blocks;
mod source_logs;
mod source_proxied;
mod source_support;
mod source_tip;
mod wire;

//! The crate against data recorded from the main network, and simulated networks with faults.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod assemble;
mod decode;
mod decode_recorded;
mod recorded;
mod source_describe;
mod source_fetch;
mod source_network;
mod source_stream;
mod source_support;

//! The crate against the reference XDR codec, data recorded from real networks, and simulated ones with faults.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod assemble;
mod assemble_hostile;
mod assemble_recorded;
mod decode_calls;
mod decode_hostile;
mod decode_recorded;
mod decode_spec;
mod decode_support;
mod decode_token;
mod decode_values;
mod recorded;
mod recorded_replies;
mod source_devnet;
mod source_events;
mod source_ledgers;
mod source_node;
mod source_server;
mod source_support;
mod source_verify;

//! The crate against data recorded from real networks, made-up answers, and simulated networks with faults.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod assemble;
mod assemble_devnet;
mod assemble_hostile;
mod assemble_support;
mod assemble_transfers;
mod decode;
mod decode_codama;
mod decode_hostile;
mod decode_recorded;
mod decode_signatures;
mod decode_support;
mod recorded;
mod recorded_blocks;
mod recorded_sessions;
mod recorded_transactions;
mod source_blocks;
mod source_devnet;
mod source_ledger;
mod source_programs;
mod source_push;
mod source_stub;
mod source_tip;

//! The binary and its library: configuration, the whole way on a real node and on a simulated one, chaos.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "logs of processes and skipped tests must be seen"
)]

mod anvil;
mod backfill;
mod chaos;
mod config;
mod faults;
mod solana;
mod stellar;
mod sui;
mod support;

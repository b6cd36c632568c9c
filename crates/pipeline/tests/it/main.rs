//! The stages against a scripted chain, a real store and a scripted receiver.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod courier;
mod follow;
mod script;

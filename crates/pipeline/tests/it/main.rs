//! The stages against a scripted chain, a real store and a scripted receiver.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod courier;
mod follow;
mod script;

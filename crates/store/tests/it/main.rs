//! The store's promises, each as a test.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod blocks;
mod commits;
mod histories;

mod opening;
mod outbox;
mod reading;
mod rollbacks;
mod world;

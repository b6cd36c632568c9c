//! The targets against receivers on the loopback, and messages against their documented form.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod file;
mod message;
mod receiver;
mod rendering;
mod templates;
mod webhook;

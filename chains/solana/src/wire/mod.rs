//! What a node answers: blocks, transactions, signature lists and notifications as JSON-RPC writes them.
//!
//! Borrowed from the answer's text. What is bulky and seldom needed (logs, instructions, balances) is only skipped over
//! here and read when an interest asks for it. Unknown fields are ignored, absent and `null` ones are `None`.

pub mod base58;
mod block;
mod bytes;
mod history;
mod instruction;
mod lines;
mod message;
mod meta;
mod push;
mod transaction;

pub use block::{Block, Hash};
pub use history::SignatureInfo;
pub use instruction::{Accounts, Data, InnerGroup, Instruction};
pub use lines::Lines;
pub(crate) use message::decode_keys;
pub use message::{JsonBody, Keys, Message};
pub use meta::{LoadedAddresses, Meta, TokenAmount, TokenBalance};
pub use push::{Context, LogsNotification, LogsValue, Notification, SlotNotification};
pub use transaction::{Body, Transaction, Version};

use serde::Deserialize;
use serde_json::value::RawValue;

/// Reads the part `what` of an answer; says where it is wrong, never what it holds.
pub(crate) fn part<'a, T: Deserialize<'a>>(raw: &'a RawValue, what: &str) -> Result<T, String> {
    serde_json::from_str(raw.get()).map_err(|error| format!("{what}: {error}"))
}

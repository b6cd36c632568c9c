//! What a node answers: blocks, receipts and logs as JSON-RPC writes them, read tolerantly and without detours.
//!
//! Networks disagree on what they send, so only what Chainbell cannot do without is required. Unknown fields are ignored,
//! absent and `null` ones are `None`, and a number may be a `0x` quantity or a JSON number.

mod block;
mod hex;
mod log;
mod receipt;

pub(crate) use block::timestamp;
pub use block::{WireBlock, WireHeader, WireTransaction};
pub use hex::{Hash, HexBytes, Quantity, WideQuantity};
pub use log::WireLog;
pub use receipt::WireReceipt;

//! What Stellar RPC answers, as JSON and the XDR inside it, read tolerantly and without detours.
//!
//! Shapes of protocols 20 to 27: numbers may be text, fields that came or went are optional, unknown ones are ignored.
//! Of the XDR only what somebody asked for is decoded; the rest is walked over.

mod address;
mod changes;
mod entries;
mod envelope;
mod events;
mod ledgers;
mod meta;
mod node;
mod text;
mod time;
mod transactions;
pub(crate) mod xdr;

pub(crate) use address::from_xdr as address_of;
pub use entries::EntriesAnswer;
pub use events::{EventsPage, WireEvent};
pub use ledgers::{LedgersPage, WireLedger};
pub(crate) use meta::LedgerNumbers;
pub use node::{HealthAnswer, LatestAnswer, NetworkAnswer, TransactionAnswer};
pub use text::{Flaw, Number};
pub(crate) use transactions::{Body, Told};
pub use transactions::{TransactionsPage, WireTransaction};

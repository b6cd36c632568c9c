//! The pure half of a chain: how it writes addresses and ids, and how its contract descriptions decode events and calls.

use std::{fmt, sync::Arc};

use crate::{Address, BlockId, EventKey, Payload, Schema, TxId, Value};

/// How one chain writes and reads. Pure: no I/O, no clock. Shared by config checking, matching and rendering.
pub trait Dialect: Send + Sync + fmt::Debug {
    /// The chain's name as config writes it: `evm`, `solana`, `sui`, `stellar`.
    fn chain(&self) -> &'static str;

    /// Reads an address in the chain's text form and says what is wrong with one that is not (length, alphabet, checksum).
    fn parse_address(&self, text: &str) -> Result<Address, AddressError>;

    /// Appends the address's canonical text form, which never needs JSON escaping.
    fn address_text(&self, address: &Address, out: &mut String);

    /// Appends the block id's text form, which never needs JSON escaping.
    fn block_id_text(&self, id: &BlockId, out: &mut String);

    /// Appends the transaction id's text form, which never needs JSON escaping.
    fn tx_id_text(&self, id: &TxId, out: &mut String);

    /// Reads a transaction id in the chain's text form; `None` when it is not one.
    fn parse_tx_id(&self, text: &str) -> Option<TxId>;

    /// The fields that [`crate::Transaction::details`] holds, which expressions see as `tx.<name>`.
    fn transaction_schema(&self) -> &Schema;

    /// Name and decimals of the native coin's units that expressions know, for example `ether` 18.
    fn units(&self) -> &'static [(&'static str, u32)];

    /// Reads a contract description: the name of a built-in one, or the content of a file in the chain's own format, or
    /// signatures, one per line.
    fn interface(&self, source: &[u8]) -> Result<Arc<dyn Interface>, InterfaceError>;

    /// An interface with nothing in it, for conditions that carry their whole signature.
    fn empty_interface(&self) -> Arc<dyn Interface>;
}

/// A contract's events and calls, as its description tells them.
pub trait Interface: Send + Sync + fmt::Debug {
    /// Decoders for `reference`: a name (`Transfer`, all overloads), a canonical signature (`Transfer(address,address,uint256)`),
    /// or a full human-readable signature, which needs no description. `"*"` is every event, matched raw: its fields are
    /// the chain's undecoded parts.
    fn events(&self, reference: &str) -> Result<Vec<Arc<dyn Decoder>>, InterfaceError>;

    /// The same for calls; `"*"` is every call, matched raw.
    fn calls(&self, reference: &str) -> Result<Vec<Arc<dyn Decoder>>, InterfaceError>;

    /// Every event of the description, for `store = true`; the likeliest first.
    fn all_events(&self) -> Vec<Arc<dyn Decoder>>;

    /// Other addresses under which the contract's events come and its functions are called: the earlier versions of an
    /// upgraded package.
    fn also_at(&self) -> Vec<Address> {
        Vec::new()
    }
}

/// Which top-level arguments are wanted: bit `i` for field `i` of the schema.
pub type ArgMask = u64;

/// Decodes one event or call.
pub trait Decoder: Send + Sync + fmt::Debug {
    /// The key its events carry; `None` when any key or none may come (anonymous events, raw matching).
    fn key(&self) -> Option<EventKey>;

    /// Its bare name.
    fn name(&self) -> &str;

    /// Its canonical signature: what `name` alone may leave open.
    fn signature(&self) -> &str;

    /// Its arguments; after them, at the end, its attributes.
    fn schema(&self) -> &Arc<Schema>;

    /// How many of the schema's last fields are attributes: what the chain says of every event or call besides its
    /// arguments (the module of a Move event, the depth of an instruction). Conditions reach them as `event.<name>` and
    /// `call.<name>`, and messages show them beside the arguments.
    fn attributes(&self) -> usize {
        0
    }

    /// Cheap: whether a payload with the right key can be this one (EVM: the number of topics fits, which tells
    /// an ERC-20 `Transfer` from an ERC-721 one).
    fn fits(&self, payload: &Payload) -> bool;

    /// Decodes at least the arguments of `wanted` into `out`, which gets one place per field of the schema, `None` where
    /// not asked for. Bounded in time and memory by the payload's length, whatever it holds.
    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError>;
}

/// The payload is not what the description says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("argument {field} of {signature} does not decode: {reason}")]
pub struct DecodeError {
    /// The decoder's canonical signature.
    pub signature: String,
    /// The argument, by name.
    pub field: String,
    /// What is wrong with the data.
    pub reason: &'static str,
}

/// The text is not an address of this chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct AddressError {
    /// In words for whoever wrote the address.
    pub reason: String,
    /// What stands there looks like a secret key: nobody may show it.
    pub secret: bool,
}

impl AddressError {
    /// What is wrong with a text that may be shown.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), secret: false }
    }

    /// The same of a text that looks like a secret key.
    pub fn of_secret(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), secret: true }
    }
}

/// A contract description or a reference into it is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InterfaceError {
    /// The description is not in the chain's format. `offset` is the byte in the text where known.
    #[error("{reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
        /// Where, in bytes from the start of the text.
        offset: Option<usize>,
    },
    /// Nothing of that name or signature is in the description.
    #[error("{reference:?} is not in the contract's description{}", suggestion(.similar))]
    Unknown {
        /// What was asked for.
        reference: String,
        /// What is there, the most similar first.
        similar: Vec<String>,
    },
}

/// A description that must be text.
///
/// # Errors
/// It is not UTF-8; where.
pub fn description_text(source: &[u8]) -> Result<&str, InterfaceError> {
    std::str::from_utf8(source).map_err(|error| InterfaceError::Malformed {
        reason: "this is not text in UTF-8".to_owned(),
        offset: Some(error.valid_up_to()),
    })
}

fn suggestion(similar: &[String]) -> String {
    match similar {
        [] => String::new(),
        names => format!("; it has {}", names.join(", ")),
    }
}

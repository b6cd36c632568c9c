//! What was signed: keys and instructions, from JSON or from bytes alike.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{Instruction, base58, part};

/// A signed message, borrowed from its encoding.
#[derive(Debug)]
pub struct Message<'a> {
    /// The first signature, which names the transaction.
    pub signature: [u8; 64],
    /// How many of the keys signed; the first one pays.
    pub required_signatures: u8,
    /// The keys that the message itself holds.
    pub keys: Keys<'a>,
    /// The top-level instructions.
    pub(super) instructions: Instructions<'a>,
}

/// The keys that a message itself holds.
#[derive(Clone, Copy, Debug)]
pub enum Keys<'a> {
    /// In base58.
    Text(&'a [&'a str]),
    /// As they are.
    Bytes(&'a [[u8; 32]]),
}

#[derive(Debug)]
pub(super) enum Instructions<'a> {
    Json(&'a RawValue),
    Bytes(Vec<Instruction<'a>>),
}

impl<'a> Message<'a> {
    /// The top-level instructions, in order.
    pub fn into_instructions(self) -> Result<Vec<Instruction<'a>>, String> {
        match self.instructions {
            Instructions::Json(raw) => part(raw, "instructions"),
            Instructions::Bytes(instructions) => Ok(instructions),
        }
    }
}

impl Keys<'_> {
    /// Appends the keys' bytes.
    pub fn decode(&self, out: &mut Vec<[u8; 32]>) -> Result<(), String> {
        match self {
            Self::Text(texts) => decode_keys(texts, out),
            Self::Bytes(keys) => {
                out.extend_from_slice(keys);
                Ok(())
            }
        }
    }
}

/// Appends the bytes of keys in base58.
pub(crate) fn decode_keys(texts: &[&str], out: &mut Vec<[u8; 32]>) -> Result<(), String> {
    for text in texts {
        out.push(base58::key(text).ok_or_else(|| format!("account {} is no key", out.len()))?);
    }
    Ok(())
}

/// The encoding `json`.
#[derive(Clone, Debug, Deserialize)]
pub struct JsonBody<'a> {
    #[serde(borrow)]
    signatures: First<'a>,
    /// Absent with `transactionDetails` `accounts`.
    #[serde(borrow)]
    message: Option<JsonMessage<'a>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonMessage<'a> {
    header: Header,
    #[serde(borrow)]
    account_keys: Vec<&'a str>,
    #[serde(borrow)]
    instructions: &'a RawValue,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Header {
    num_required_signatures: u8,
}

impl JsonBody<'_> {
    pub(super) fn message(&self) -> Result<Message<'_>, String> {
        let signature = self.signatures.0.ok_or("a transaction without a signature")?;
        let message = self.message.as_ref().ok_or("a transaction without its message")?;
        Ok(Message {
            signature: base58::signature(signature).ok_or("a signature that is not 64 bytes in base58")?,
            required_signatures: message.header.num_required_signatures,
            keys: Keys::Text(&message.account_keys),
            instructions: Instructions::Json(message.instructions),
        })
    }
}

/// The first of a list of texts.
#[derive(Clone, Copy, Debug)]
struct First<'a>(Option<&'a str>);

struct FirstVisitor;

impl<'de> Visitor<'de> for FirstVisitor {
    type Value = First<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of signatures")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<First<'de>, A::Error> {
        let first = items.next_element()?;
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(First(first))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for First<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FirstVisitor)
    }
}

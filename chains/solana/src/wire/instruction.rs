//! Instructions, top level and inner.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{base58, part};

/// An instruction. Programs and accounts are places in the transaction's keys.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "JsonInstruction<'de>", bound(deserialize = "'de: 'a"))]
pub struct Instruction<'a> {
    /// Who is called.
    pub program: u8,
    /// With which accounts.
    pub accounts: Accounts<'a>,
    /// With which data.
    pub data: Data<'a>,
    /// How deep in the invocations: 2 is called by a top-level one. Older nodes do not tell.
    pub stack_height: Option<u8>,
}

/// The places of an instruction's accounts.
#[derive(Clone, Copy, Debug)]
pub enum Accounts<'a> {
    /// A JSON list.
    Json(&'a RawValue),
    /// A byte each.
    Bytes(&'a [u8]),
}

impl Accounts<'_> {
    /// Appends the accounts themselves; `keys` are all of the transaction's.
    pub fn resolve(&self, keys: &[[u8; 32]], out: &mut Vec<[u8; 32]>) -> Result<(), String> {
        let mut push = |place: u8| {
            let key = keys.get(usize::from(place));
            out.push(*key.ok_or_else(|| format!("account {place} of {} keys", keys.len()))?);
            Ok(())
        };
        match self {
            Self::Json(raw) => part::<Vec<u8>>(raw, "accounts")?.into_iter().try_for_each(push),
            Self::Bytes(places) => places.iter().try_for_each(|&place| push(place)),
        }
    }
}

/// An instruction's data.
#[derive(Clone, Copy, Debug)]
pub enum Data<'a> {
    /// In base58.
    Base58(&'a str),
    /// As it is.
    Bytes(&'a [u8]),
}

impl Data<'_> {
    /// Appends the bytes.
    pub fn decode(&self, out: &mut Vec<u8>) -> Result<(), String> {
        match self {
            Self::Base58(text) => base58::data(text, out).ok_or_else(|| "data that is no base58".to_owned()),
            Self::Bytes(bytes) => {
                out.extend_from_slice(bytes);
                Ok(())
            }
        }
    }
}

/// The instructions that one top-level instruction led to, in execution order.
#[derive(Clone, Debug, Deserialize)]
pub struct InnerGroup<'a> {
    /// Which top-level instruction.
    pub index: u16,
    /// Those it led to.
    #[serde(borrow)]
    pub instructions: Vec<Instruction<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsonInstruction<'a> {
    program_id_index: u8,
    #[serde(borrow)]
    accounts: &'a RawValue,
    #[serde(borrow)]
    data: &'a str,
    stack_height: Option<u8>,
}

impl<'a> From<JsonInstruction<'a>> for Instruction<'a> {
    fn from(json: JsonInstruction<'a>) -> Self {
        Self {
            program: json.program_id_index,
            accounts: Accounts::Json(json.accounts),
            data: Data::Base58(json.data),
            stack_height: json.stack_height,
        }
    }
}

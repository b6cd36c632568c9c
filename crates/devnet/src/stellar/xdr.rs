//! Short words for the XDR that ledgers are made of.

use sha2::{Digest, Sha256};
use stellar_xdr::{
    ContractEvent, ContractEventBody, ContractEventType, ContractEventV0, ContractId, Hash, Int128Parts,
    Limits, ReadXdr, ScMap, ScMapEntry, ScString, ScSymbol, ScVal, ScVec, StringM, UInt128Parts, VecM,
    WriteXdr,
};

use super::party::Party;

/// What is made here encodes: no list or text in it is longer than its type allows.
pub(crate) fn encode(value: &impl WriteXdr) -> Vec<u8> {
    value.to_xdr(Limits::none()).expect("memory takes all that is written")
}

/// SHA-256 of the encoding.
pub(crate) fn hash(value: &impl WriteXdr) -> [u8; 32] {
    Sha256::digest(encode(value)).into()
}

/// Decodes what came from outside, bounded in depth.
pub(crate) fn decode<T: ReadXdr>(bytes: &[u8]) -> Option<T> {
    T::from_xdr(bytes, Limits { depth: 200, len: bytes.len() }).ok()
}

/// A list; empty where it would be too long.
pub(crate) fn list<T, const MAX: u32>(items: Vec<T>) -> VecM<T, MAX> {
    items.try_into().unwrap_or_default()
}

/// A text; empty where it would be too long.
pub(crate) fn text<const MAX: u32>(text: &str) -> StringM<MAX> {
    text.try_into().unwrap_or_default()
}

pub(crate) fn sc_symbol(name: &str) -> ScSymbol {
    ScSymbol(text(name))
}

pub(crate) fn symbol(name: &str) -> ScVal {
    ScVal::Symbol(sc_symbol(name))
}

pub(crate) fn string(content: &str) -> ScVal {
    ScVal::String(ScString(text(content)))
}

pub(crate) fn address(party: Party) -> ScVal {
    ScVal::Address(party.sc_address())
}

pub(crate) fn i128(number: i128) -> ScVal {
    ScVal::I128(Int128Parts { hi: (number >> 64) as i64, lo: number as u64 })
}

pub(crate) fn u128(number: u128) -> ScVal {
    ScVal::U128(UInt128Parts { hi: (number >> 64) as u64, lo: number as u64 })
}

pub(crate) fn vec(items: Vec<ScVal>) -> ScVal {
    ScVal::Vec(Some(ScVec(list(items))))
}

/// A map by names, in their order.
pub(crate) fn map(mut entries: Vec<(&str, ScVal)>) -> ScVal {
    entries.sort_by_key(|(name, _)| *name);
    let entries = entries.into_iter().map(|(name, val)| ScMapEntry { key: symbol(name), val });
    ScVal::Map(Some(ScMap(list(entries.collect()))))
}

/// An event of a contract.
pub(crate) fn event(contract: [u8; 32], topics: Vec<ScVal>, data: ScVal) -> ContractEvent {
    ContractEvent {
        contract_id: Some(ContractId(Hash(contract))),
        type_: ContractEventType::Contract,
        body: ContractEventBody::V0(ContractEventV0 { topics: list(topics), data }),
        ..ContractEvent::default()
    }
}

//! Walks XDR (RFC 4506) without building anything: finds where a value ends, and takes a contract event apart.
//!
//! Total and bounded by the input: every step consumes bytes that are there, and nothing is read by a claimed length alone.

use std::iter;

use crate::payload::EventKind;

/// What is left of some XDR.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk<'a>(&'a [u8]);

impl<'a> Walk<'a> {
    /// Starts at the beginning of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What was not walked over yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next `N` bytes.
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// The next unsigned integer of 32 bits.
    pub(crate) fn uint(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next presence mark of an optional value, or the next bool.
    pub(crate) fn flag(&mut self) -> Option<bool> {
        match self.uint()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// The next bytes of variable length, without their padding.
    pub(crate) fn opaque(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.uint()?).ok()?;
        let taken = self.take(len)?;
        self.take(len.wrapping_neg() % 4)?;
        Some(taken)
    }

    /// The next `ScVal`, as it is encoded.
    pub(crate) fn value(&mut self) -> Option<&'a [u8]> {
        let start = self.0;
        let mut pending = 1_u64;
        while pending > 0 {
            pending += self.value_head()?;
            pending -= 1;
        }
        start.get(..start.len() - self.0.len())
    }

    /// Walks over an `ScVal` but for the values inside it, and says how many those are.
    fn value_head(&mut self) -> Option<u64> {
        match self.uint()? {
            1 | 20 => {}
            0 | 3 | 4 => drop(self.take(4)?),
            2 | 5..=8 | 21 => drop(self.take(8)?),
            9 | 10 => drop(self.take(16)?),
            11 | 12 => drop(self.take(32)?),
            13..=15 | 22 => drop(self.opaque()?),
            16 if self.flag()? => return Some(u64::from(self.uint()?)),
            17 => return self.map_head(),
            16 => {}
            18 => drop(self.address()?),
            19 => {
                self.executable()?;
                return self.map_head();
            }
            _ => return None,
        }
        Some(0)
    }

    fn map_head(&mut self) -> Option<u64> {
        Some(if self.flag()? { u64::from(self.uint()?) * 2 } else { 0 })
    }

    /// The next `ScAddress`, as it is encoded.
    pub(crate) fn address(&mut self) -> Option<&'a [u8]> {
        let len = match u32::from_be_bytes(*self.0.first_chunk()?) {
            0 | 3 => 4 + 4 + 32,
            1 | 4 => 4 + 32,
            2 | 5 => 4 + 8 + 32,
            _ => return None,
        };
        self.take(len)
    }

    fn executable(&mut self) -> Option<()> {
        match self.uint()? {
            0 => self.take(32).map(drop),
            1 => Some(()),
            2 => {
                self.address()?;
                self.opaque().map(drop)
            }
            _ => None,
        }
    }
}

/// Whether `bytes` are one `ScVal` and nothing else.
pub(crate) fn is_value(bytes: &[u8]) -> bool {
    let mut walk = Walk::new(bytes);
    walk.value().is_some() && walk.rest().is_empty()
}

/// A contract's event, its values as they are encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventParts<'a> {
    /// `None` for a diagnostic one.
    pub(crate) kind: Option<EventKind>,
    /// `None` for what no contract emitted.
    pub(crate) contract: Option<[u8; 32]>,
    /// The topics, one behind the other.
    pub(crate) topics: &'a [u8],
    /// The value.
    pub(crate) value: &'a [u8],
}

impl<'a> EventParts<'a> {
    /// The topics in order.
    pub(crate) fn topics(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut walk = Walk::new(self.topics);
        iter::from_fn(move || walk.value())
    }
}

/// The next `ContractEvent`.
pub(crate) fn contract_event<'a>(walk: &mut Walk<'a>) -> Option<EventParts<'a>> {
    walk.nothing()?;
    let contract = if walk.flag()? { Some(walk.array()?) } else { None };
    let kind = match walk.uint()? {
        0 => Some(EventKind::System),
        1 => Some(EventKind::Contract),
        2 => None,
        _ => return None,
    };
    walk.nothing()?;
    let count = walk.uint()?;
    let start = walk.rest();
    for _ in 0..count {
        walk.value()?;
    }
    let topics = start.get(..start.len() - walk.rest().len())?;
    Some(EventParts { kind, contract, topics, value: walk.value()? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use stellar_xdr::{Limits, ReadXdr, ScVal, WriteXdr};

    use super::*;

    fn limits() -> Limits {
        Limits { depth: 200, len: 1 << 20 }
    }

    fn leaf() -> impl Strategy<Value = ScVal> {
        prop_oneof![
            any::<bool>().prop_map(ScVal::Bool),
            Just(ScVal::Void),
            any::<u32>().prop_map(ScVal::U32),
            any::<i64>().prop_map(ScVal::I64),
            any::<i128>()
                .prop_map(|n| ScVal::I128(stellar_xdr::Int128Parts { hi: (n >> 64) as i64, lo: n as u64 })),
            "[a-z_]{0,32}".prop_map(|text| ScVal::Symbol(text.as_str().try_into().unwrap())),
            prop::collection::vec(any::<u8>(), 0..9)
                .prop_map(|bytes| ScVal::Bytes(bytes.try_into().unwrap())),
            any::<[u8; 32]>().prop_map(|id| ScVal::Address(stellar_xdr::ScAddress::Contract(
                stellar_xdr::ContractId(stellar_xdr::Hash(id))
            ))),
            Just(ScVal::Vec(None)),
            Just(ScVal::Map(None)),
            Just(ScVal::Error(stellar_xdr::ScError::Contract(7))),
        ]
    }

    fn value() -> impl Strategy<Value = ScVal> {
        leaf().prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| ScVal::Vec(Some(stellar_xdr::ScVec(items.try_into().unwrap())))),
                prop::collection::vec((inner.clone(), inner), 0..3).prop_map(|entries| {
                    let entries: Vec<_> =
                        entries.into_iter().map(|(key, val)| stellar_xdr::ScMapEntry { key, val }).collect();
                    ScVal::Map(Some(stellar_xdr::ScMap(entries.try_into().unwrap())))
                }),
            ]
        })
    }

    #[test]
    fn deep_nesting_costs_no_stack_and_claimed_lengths_no_memory() {
        let vec_of_one = [0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1];
        let mut deep = vec_of_one.repeat(100_000);
        assert!(Walk::new(&deep).value().is_none());
        deep.extend([0, 0, 0, 1]);
        assert!(is_value(&deep));
        let claims_much = [&[0, 0, 0, 16, 0, 0, 0, 1][..], &[0xff; 4]].concat();
        assert!(!is_value(&claims_much));
    }

    proptest! {
        #[test]
        fn values_end_where_they_end(first in value(), second in value()) {
            let one = first.to_xdr(limits()).unwrap();
            let both = [one.clone(), second.to_xdr(limits()).unwrap()].concat();
            let mut walk = Walk::new(&both);
            prop_assert_eq!(walk.value(), Some(&one[..]));
            prop_assert!(is_value(walk.rest()));
        }

        #[test]
        fn what_the_walk_refuses_is_no_value(bytes in prop::collection::vec(prop_oneof![0_u8..22, any::<u8>()], 0..64)) {
            if ScVal::from_xdr(&bytes, limits()).is_ok() {
                prop_assert!(is_value(&bytes));
            }
            let _ = contract_event(&mut Walk::new(&bytes));
        }
    }
}

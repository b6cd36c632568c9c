//! Reads XDR from borrowed bytes: never beyond their end, and never as much as a length merely claims.

use chainbell_model::{Address, Int};
use ruint::aliases::U256;

use crate::address;

/// What is wrong with the data.
pub(crate) type Reason = &'static str;

const ENDED: Reason = "the data ends too early";
const TOO_DEEP: Reason = "the data is nested too deeply";
const TOO_MUCH: Reason = "the data holds more values than its length allows";

/// The host itself nests no value deeper.
const MAX_DEPTH: u32 = 100;

/// The numbers of `ScValType`.
pub(crate) mod tag {
    pub(crate) const BOOL: u32 = 0;
    pub(crate) const VOID: u32 = 1;
    pub(crate) const ERROR: u32 = 2;
    pub(crate) const U32: u32 = 3;
    pub(crate) const I32: u32 = 4;
    pub(crate) const U64: u32 = 5;
    pub(crate) const I64: u32 = 6;
    pub(crate) const TIMEPOINT: u32 = 7;
    pub(crate) const DURATION: u32 = 8;
    pub(crate) const U128: u32 = 9;
    pub(crate) const I128: u32 = 10;
    pub(crate) const U256: u32 = 11;
    pub(crate) const I256: u32 = 12;
    pub(crate) const BYTES: u32 = 13;
    pub(crate) const STRING: u32 = 14;
    pub(crate) const SYMBOL: u32 = 15;
    pub(crate) const VEC: u32 = 16;
    pub(crate) const MAP: u32 = 17;
    pub(crate) const ADDRESS: u32 = 18;
    pub(crate) const CONTRACT_INSTANCE: u32 = 19;
    pub(crate) const LEDGER_KEY_CONTRACT_INSTANCE: u32 = 20;
    pub(crate) const LEDGER_KEY_NONCE: u32 = 21;
    pub(crate) const EXECUTABLE_TAG: u32 = 22;
}

/// What is left of some XDR.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    depth: u32,
    /// How many more values may come of it.
    budget: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        // Every value takes four bytes at least; absent fields of structs and cases of unions take none.
        let budget = bytes.len().saturating_mul(8).saturating_add(4096).min(200_000);
        Self { rest: bytes, depth: 0, budget }
    }

    /// Everything has been read.
    pub(crate) fn end(&self) -> Result<(), Reason> {
        if self.rest.is_empty() { Ok(()) } else { Err("bytes are left over behind the data") }
    }

    /// The type of the value that comes next.
    pub(crate) fn peek(&self) -> Result<u32, Reason> {
        self.rest.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)).ok_or(ENDED)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Reason> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(ENDED)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Reason> {
        self.array().map(|bytes| u32::from_be_bytes(*bytes))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Reason> {
        self.array().map(|bytes| u64::from_be_bytes(*bytes))
    }

    /// A boolean, or whether something optional is there.
    pub(crate) fn flag(&mut self) -> Result<bool, Reason> {
        match self.u32()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("a boolean is neither 0 nor 1"),
        }
    }

    /// Bytes behind their length, padded to a multiple of four with zeros.
    pub(crate) fn opaque(&mut self) -> Result<&'a [u8], Reason> {
        let length = usize::try_from(self.u32()?).map_err(|_| ENDED)?;
        let padded = length.checked_next_multiple_of(4).ok_or(ENDED)?;
        let (taken, rest) = self.rest.split_at_checked(padded).ok_or(ENDED)?;
        let (bytes, padding) = taken.split_at(length);
        if padding.iter().any(|byte| *byte != 0) {
            return Err("the padding is not zero");
        }
        self.rest = rest;
        Ok(bytes)
    }

    /// The number of items of `least` bytes each that follow.
    pub(crate) fn count(&mut self, least: usize) -> Result<usize, Reason> {
        let count = usize::try_from(self.u32()?).map_err(|_| ENDED)?;
        if count > self.rest.len() / least { Err(ENDED) } else { Ok(count) }
    }

    /// The number of items of an `ScVec`.
    pub(crate) fn vec(&mut self) -> Result<usize, Reason> {
        self.collection(4)
    }

    /// The number of entries of an `ScMap`.
    pub(crate) fn map(&mut self) -> Result<usize, Reason> {
        self.collection(8)
    }

    /// Vectors and maps are optional in the XDR; the host makes none that is absent, which would be an empty one.
    fn collection(&mut self, least: usize) -> Result<usize, Reason> {
        if self.flag()? { self.count(least) } else { Ok(0) }
    }

    /// Reads what is nested in a value.
    pub(crate) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Reason>,
    ) -> Result<T, Reason> {
        if self.depth == MAX_DEPTH {
            return Err(TOO_DEEP);
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    /// Counts `values` against what the length allows.
    pub(crate) fn spend(&mut self, values: usize) -> Result<(), Reason> {
        self.budget = self.budget.checked_sub(values).ok_or(TOO_MUCH)?;
        Ok(())
    }

    /// Passes over one value and all that it contains.
    pub(crate) fn skip(&mut self) -> Result<(), Reason> {
        let mut left = 1usize;
        while left > 0 {
            left = (left - 1).saturating_add(self.skip_one()?);
        }
        Ok(())
    }

    /// Passes over one value without those that it contains, which are so many.
    fn skip_one(&mut self) -> Result<usize, Reason> {
        match self.u32()? {
            tag::BOOL => self.flag().map(|_| 0),
            tag::VOID | tag::LEDGER_KEY_CONTRACT_INSTANCE => Ok(0),
            tag::U32 | tag::I32 => self.array::<4>().map(|_| 0),
            tag::ERROR | tag::U64 | tag::I64 | tag::TIMEPOINT | tag::DURATION | tag::LEDGER_KEY_NONCE => {
                self.array::<8>().map(|_| 0)
            }
            tag::U128 | tag::I128 => self.array::<16>().map(|_| 0),
            tag::U256 | tag::I256 => self.array::<32>().map(|_| 0),
            tag::BYTES | tag::STRING | tag::SYMBOL | tag::EXECUTABLE_TAG => self.opaque().map(|_| 0),
            tag::VEC => self.vec(),
            tag::MAP => self.map().map(|entries| entries.saturating_mul(2)),
            tag::ADDRESS => self.address().map(|_| 0),
            tag::CONTRACT_INSTANCE => {
                match self.u32()? {
                    0 => self.array::<32>().map(drop)?,
                    1 => {}
                    2 => {
                        self.address()?;
                        self.opaque()?;
                    }
                    _ => return Err("the contract's executable is of no known kind"),
                }
                self.map().map(|entries| entries.saturating_mul(2))
            }
            _ => Err(UNKNOWN),
        }
    }

    /// An `ScAddress`.
    pub(crate) fn address(&mut self) -> Result<Address, Reason> {
        match self.u32()? {
            0 if self.u32()? == 0 => self.array().map(address::account),
            1 => self.array().map(address::contract),
            2 => {
                let number = self.u64()?;
                Ok(address::muxed_account(self.array()?, number))
            }
            3 if self.u32()? == 0 => self.array().map(address::claimable_balance),
            4 => self.array().map(address::liquidity_pool),
            5 => {
                let number = self.u64()?;
                Ok(address::muxed_contract(self.array()?, number))
            }
            _ => Err("the address is of no known kind"),
        }
    }

    /// The integer of a value of type `tag`; `None` for the other types.
    pub(crate) fn int(&mut self, of: u32) -> Option<Result<Int, Reason>> {
        Some(match of {
            tag::U32 => self.u32().map(|value| Int::from(u64::from(value))),
            tag::I32 => self.array().map(|bytes| Int::from(i64::from(i32::from_be_bytes(*bytes)))),
            tag::U64 | tag::TIMEPOINT | tag::DURATION => self.u64().map(Int::from),
            tag::I64 => self.array().map(|bytes| Int::from(i64::from_be_bytes(*bytes))),
            tag::U128 => self.array().map(|bytes| Int::from(U256::from(u128::from_be_bytes(*bytes)))),
            tag::I128 => self.array().map(|bytes| {
                let value = i128::from_be_bytes(*bytes);
                Int::new(value < 0, U256::from(value.unsigned_abs()))
            }),
            tag::U256 => self.array().map(|bytes| Int::from_unsigned_be(*bytes)),
            tag::I256 => self.array().map(|bytes| Int::from_signed_be(*bytes)),
            _ => return None,
        })
    }
}

pub(super) const UNKNOWN: Reason = "the value is of no known type";

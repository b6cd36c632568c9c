//! A place in a payload: takes bytes and numbers, and never goes beyond the window it stands in.

use chainbell_model::{Int, Value};
use ruint::aliases::U256;

use super::{
    layout::Extent,
    types::{Number, NumberKind},
};

/// What is wrong with the data.
pub(super) type Reason = &'static str;

/// The data ends before the value does.
pub(super) const ENDS: Reason = "the data ends before it: the description may be newer than the program was";

/// A place in a payload.
pub(super) struct Cursor<'a> {
    data: &'a [u8],
    /// Never beyond `end`.
    at: usize,
    /// Where what is being read has to end; never beyond the data.
    end: usize,
}

/// What surrounds a window.
pub(super) struct Outer {
    end: usize,
    next: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(data: &'a [u8], at: usize) -> Self {
        Self { data, at: at.min(data.len()), end: data.len() }
    }

    /// The bytes up to the end of the window.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.data[self.at..self.end]
    }

    #[inline]
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], Reason> {
        let taken = self.rest().get(..len).ok_or(ENDS)?;
        self.at += len;
        Ok(taken)
    }

    #[inline]
    pub(super) fn take_rest(&mut self) -> &'a [u8] {
        let rest = self.rest();
        self.at = self.end;
        rest
    }

    /// Narrows what is read to the window.
    #[inline]
    pub(super) fn enter(&mut self, extent: &Extent) -> Result<Outer, Reason> {
        let (len, after) = match extent {
            Extent::Fixed(len) => (*len, 0),
            Extent::Prefixed(number) => (self.length(*number)?, 0),
            Extent::Until(end) => {
                let found = self.rest().windows(end.len().max(1)).position(|window| *window == **end);
                (found.ok_or("the bytes that end it are missing")?, end.len())
            }
        };
        if len > self.rest().len() {
            return Err(ENDS);
        }
        let outer = Outer { end: self.end, next: self.at + len + after };
        self.end = self.at + len;
        Ok(outer)
    }

    /// Goes on behind the window; what its value left of it is padding.
    #[inline]
    pub(super) fn leave(&mut self, outer: Outer) {
        self.end = outer.end;
        self.at = outer.next.min(outer.end);
    }

    pub(super) fn constant(&mut self, expected: &[u8]) -> Result<(), Reason> {
        if self.take(expected.len())? != expected {
            return Err("a constant of the description is missing");
        }
        Ok(())
    }

    #[inline]
    pub(super) fn number(&mut self, number: Number) -> Result<Value, Reason> {
        match number.kind {
            NumberKind::Unsigned if number.size > 8 => {
                Ok(Value::Int(Int::from(U256::from_le_bytes(self.little_endian(number)?))))
            }
            NumberKind::Unsigned | NumberKind::Compact => Ok(Value::Int(Int::from(self.unsigned(number)?))),
            NumberKind::Signed if number.size == 8 && !number.big_endian => {
                Ok(Value::Int(Int::from(i64::from_le_bytes(*self.array()?))))
            }
            NumberKind::Signed => self.signed(number),
            NumberKind::Float => self.float(number),
        }
    }

    /// A number that is not negative and fits 64 bits: a value, a tag.
    #[inline]
    pub(super) fn unsigned(&mut self, number: Number) -> Result<u64, Reason> {
        match (number.kind, number.size, number.big_endian) {
            (NumberKind::Compact, ..) => self.compact(),
            (_, 8, false) => Ok(u64::from_le_bytes(*self.array()?)),
            (_, 4, false) => Ok(u32::from_le_bytes(*self.array()?).into()),
            (_, 1, _) => Ok(self.array::<1>()?[0].into()),
            _ => low(&self.little_endian(number)?).ok_or("the number is too large"),
        }
    }

    /// How much follows. What does not fit memory does not fit the data.
    #[inline]
    pub(super) fn length(&mut self, number: Number) -> Result<usize, Reason> {
        usize::try_from(self.unsigned(number)?).map_err(|_| ENDS)
    }

    fn signed(&mut self, number: Number) -> Result<Value, Reason> {
        let mut little = self.little_endian(number)?;
        let (value, sign) = little.split_at_mut(usize::from(number.size).min(32));
        if value.last().is_some_and(|highest| highest & 0x80 != 0) {
            sign.fill(0xff);
        }
        little.reverse();
        Ok(Value::Int(Int::from_signed_be(little)))
    }

    fn float(&mut self, number: Number) -> Result<Value, Reason> {
        let bits = low(&self.little_endian(number)?).unwrap_or_default();
        let text = if number.size == 4 {
            f32::from_bits(bits as u32).to_string()
        } else {
            f64::from_bits(bits).to_string()
        };
        Ok(Value::Text(text.into()))
    }

    /// Seven bits a byte, the lowest first, while the eighth is set.
    fn compact(&mut self) -> Result<u64, Reason> {
        let mut value = 0;
        for shift in [0, 7, 14] {
            let byte = u64::from(self.array::<1>()?[0]);
            value |= (byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                let fits = value <= u64::from(u16::MAX);
                return if fits { Ok(value) } else { Err("the number is too large") };
            }
        }
        Err("the number has too many bytes")
    }

    /// The number's bytes, the lowest first, with zeros behind.
    fn little_endian(&mut self, number: Number) -> Result<[u8; 32], Reason> {
        let mut little = [0; 32];
        let size = usize::from(number.size).min(little.len());
        little[..size].copy_from_slice(self.take(size)?);
        if number.big_endian {
            little[..size].reverse();
        }
        Ok(little)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Reason> {
        let array = self.rest().first_chunk().ok_or(ENDS)?;
        self.at += N;
        Ok(array)
    }
}

/// The lowest 64 bits, where there are no others.
fn low(little: &[u8; 32]) -> Option<u64> {
    let (low, high) = little.split_first_chunk()?;
    high.iter().all(|byte| *byte == 0).then(|| u64::from_le_bytes(*low))
}

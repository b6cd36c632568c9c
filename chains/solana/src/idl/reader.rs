//! Decodes values out of the bytes of an event or an instruction, whoever wrote them: bounded by their number, whatever
//! they say.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_model::{Address, Int, Value};
use ruint::aliases::U256;

use super::{
    bounds::{MAX_PARTS, MAX_VALUE_DEPTH},
    layout::{EnumVariant, Extent, Id, Items, Layout, Layouts},
    types::{Encoding, Number, NumberKind},
};
use crate::address;

/// What is wrong with the data.
pub(super) type Reason = &'static str;

/// The data ends before the value does.
pub(super) const ENDS: Reason = "the data ends before it: the description may be newer than the program was";

/// Values that take no bytes (empty structs, absent variants) could make a small payload expand without end. Honest data
/// stands for a few values a byte.
const VALUES_PER_BYTE: usize = 32;
/// Base58 takes the square of the length.
const MAX_BASE58: usize = 1024;
/// Longer lists grow as they are read: their length is what the data says.
const RESERVED: usize = 64;

/// Reads one payload.
pub(super) struct Reader<'a> {
    layouts: &'a Layouts,
    data: &'a [u8],
    at: usize,
    /// Where what is being read has to end.
    end: usize,
    /// Values that may still be made.
    budget: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(layouts: &'a Layouts, data: &'a [u8], at: usize) -> Self {
        let budget = data.len().saturating_mul(VALUES_PER_BYTE).saturating_add(MAX_PARTS);
        Self { layouts, data, at: at.min(data.len()), end: data.len(), budget }
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.end - self.at
    }

    /// The next value.
    pub(super) fn value(&mut self, id: Id) -> Result<Value, Reason> {
        self.nested(id, 0)
    }

    fn nested(&mut self, id: Id, depth: usize) -> Result<Value, Reason> {
        self.spend(1)?;
        let layouts = self.layouts;
        Ok(match layouts.get(id) {
            Layout::Number(number) => self.number(*number)?,
            Layout::Address => {
                Value::Address(Address::from_slice(self.take(address::ADDRESS_LEN)?).ok_or(ENDS)?)
            }
            Layout::Bool(number) => match self.unsigned(*number)? {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                _ => return Err("the byte is neither true nor false"),
            },
            Layout::Bytes => Value::Bytes(self.take(self.left())?.into()),
            Layout::Text { encoding, padded } => text(*encoding, *padded, self.take(self.left())?)?,
            Layout::Window(extent, item) => {
                let outer = self.enter(extent)?;
                let value = self.nested(*item, below(depth)?)?;
                self.leave(outer);
                value
            }
            Layout::Hidden { before, item, after } => {
                self.constant(before)?;
                let value = self.nested(*item, below(depth)?)?;
                self.constant(after)?;
                value
            }
            Layout::Record(slots) => {
                let mut values = Vec::with_capacity(slots.len());
                for slot in slots {
                    if slot.hidden {
                        self.skip(slot.id, below(depth)?)?;
                    } else {
                        values.push(self.nested(slot.id, below(depth)?)?);
                    }
                }
                Value::Record(values)
            }
            Layout::List(item, items) => self.list(*item, *items, below(depth)?)?,
            Layout::Option { item, prefix, fixed } => match self.is_some(*prefix)? {
                true => self.nested(*item, below(depth)?)?,
                false => {
                    if *fixed {
                        self.skip(*item, below(depth)?)?;
                    }
                    Value::Null
                }
            },
            Layout::Zeroable { item, zero } => match self.is_zero(*item, zero.as_deref())? {
                true => Value::Null,
                false => self.nested(*item, below(depth)?)?,
            },
            Layout::Trailing(_) if self.left() == 0 => Value::Null,
            Layout::Trailing(item) => self.nested(*item, below(depth)?)?,
            Layout::Names { tag, variants } => {
                let tag = self.unsigned(*tag)?;
                let known = find(variants, tag, |variant| variant.0);
                Value::Text(known.ok_or(UNKNOWN_VARIANT)?.1.clone())
            }
            Layout::Enum { tag, variants, contents } => {
                let variant = self.variant(*tag, variants)?;
                self.spend(*contents)?;
                let mut values = vec![Value::Null; contents + 1];
                if let Some((content, place)) = variant.content {
                    let value = self.nested(content, below(depth)?)?;
                    if let Some(slot) = values.get_mut(place + 1) {
                        *slot = value;
                    }
                }
                values[0] = Value::Text(variant.name.clone());
                Value::Record(values)
            }
            Layout::Again(definition) => {
                let (id, ty) = layouts.definitions.get(*definition).and_then(Option::as_ref).ok_or(ENDS)?;
                let value = self.nested(*id, below(depth)?)?;
                Value::Any(Box::new((ty.clone(), value)))
            }
        })
    }

    fn list(&mut self, item: Id, items: Items, depth: usize) -> Result<Value, Reason> {
        let size = self.layouts.size(item);
        if items == Items::Rest {
            let mut values = Vec::new();
            while self.left() > 0 {
                let before = self.at;
                values.push(self.nested(item, depth)?);
                if self.at == before {
                    return Err("the items of the list take no bytes");
                }
            }
            return Ok(Value::List(values));
        }
        let count = self.count(items, size)?;
        let mut values = Vec::with_capacity(count.min(RESERVED));
        for _ in 0..count {
            values.push(self.nested(item, depth)?);
        }
        Ok(Value::List(values))
    }

    /// Passes over a value. Only what tells its length is looked at.
    pub(super) fn skip(&mut self, id: Id, depth: usize) -> Result<(), Reason> {
        let layouts = self.layouts;
        if let Some(size) = layouts.size(id) {
            return self.take(size).map(|_| ());
        }
        self.spend(1)?;
        match layouts.get(id) {
            Layout::Bytes | Layout::Text { .. } => self.at = self.end,
            Layout::Window(extent, _) => {
                let outer = self.enter(extent)?;
                self.leave(outer);
            }
            Layout::Hidden { before, item, after } => {
                self.constant(before)?;
                self.skip(*item, below(depth)?)?;
                self.constant(after)?;
            }
            Layout::Record(slots) => {
                for slot in slots {
                    self.skip(slot.id, below(depth)?)?;
                }
            }
            Layout::List(_, Items::Rest) => self.at = self.end,
            Layout::List(item, items) => {
                let size = layouts.size(*item);
                let count = self.count(*items, size)?;
                if let Some(size) = size {
                    return self.take(size.checked_mul(count).ok_or(ENDS)?).map(|_| ());
                }
                for _ in 0..count {
                    self.skip(*item, below(depth)?)?;
                }
            }
            Layout::Option { item, prefix, fixed } => {
                if self.is_some(*prefix)? || *fixed {
                    self.skip(*item, below(depth)?)?;
                }
            }
            Layout::Zeroable { item, zero } => {
                if !self.is_zero(*item, zero.as_deref())? {
                    self.skip(*item, below(depth)?)?;
                }
            }
            Layout::Trailing(_) if self.left() == 0 => {}
            Layout::Trailing(item) => self.skip(*item, below(depth)?)?,
            Layout::Bool(number) | Layout::Number(number) | Layout::Names { tag: number, .. } => {
                self.unsigned(*number)?;
            }
            Layout::Address => {
                self.take(address::ADDRESS_LEN)?;
            }
            Layout::Enum { tag, variants, .. } => {
                if let Some((content, _)) = self.variant(*tag, variants)?.content {
                    self.skip(content, below(depth)?)?;
                }
            }
            Layout::Again(definition) => {
                let (id, _) = layouts.definitions.get(*definition).and_then(Option::as_ref).ok_or(ENDS)?;
                self.skip(*id, below(depth)?)?;
            }
        }
        Ok(())
    }

    /// How many items follow, of which each has `size`. Told before anything is made of them.
    fn count(&mut self, items: Items, size: Option<usize>) -> Result<usize, Reason> {
        let count = match items {
            Items::Fixed(count) => count,
            Items::Prefixed(number) => usize::try_from(self.unsigned(number)?).map_err(|_| ENDS)?,
            Items::Rest => 0,
        };
        match size.map(|size| size.checked_mul(count)) {
            Some(Some(total)) if total <= self.left() => Ok(count),
            None => Ok(count),
            _ => Err(ENDS),
        }
    }

    fn variant(&mut self, tag: Number, variants: &'a [EnumVariant]) -> Result<&'a EnumVariant, Reason> {
        let tag = self.unsigned(tag)?;
        find(variants, tag, |variant| variant.tag).ok_or(UNKNOWN_VARIANT)
    }

    fn is_some(&mut self, prefix: Number) -> Result<bool, Reason> {
        match self.unsigned(prefix)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("the byte tells neither that the value is there nor that it is not"),
        }
    }

    /// Whether a value is absent because its bytes are `zero`; then they are passed over.
    fn is_zero(&mut self, item: Id, zero: Option<&[u8]>) -> Result<bool, Reason> {
        let rest = &self.data[self.at..self.end];
        let len = match zero {
            Some(zero) if rest.starts_with(zero) => zero.len(),
            Some(_) => return Ok(false),
            None => {
                let size = self.layouts.size(item).ok_or(ENDS)?;
                if rest.get(..size).ok_or(ENDS)?.iter().any(|byte| *byte != 0) {
                    return Ok(false);
                }
                size
            }
        };
        self.take(len).map(|_| true)
    }

    /// Narrows what is read to the window, and returns where it ended before.
    fn enter(&mut self, extent: &Extent) -> Result<Outer, Reason> {
        let (len, after) = match extent {
            Extent::Fixed(len) => (*len, 0),
            Extent::Prefixed(number) => (usize::try_from(self.unsigned(*number)?).map_err(|_| ENDS)?, 0),
            Extent::Until(end) => {
                let rest = &self.data[self.at..self.end];
                let found = rest.windows(end.len().max(1)).position(|window| *window == **end);
                (found.ok_or("the bytes that end it are missing")?, end.len())
            }
        };
        if len > self.left() {
            return Err(ENDS);
        }
        let outer = Outer { end: self.end, next: self.at + len + after };
        self.end = self.at + len;
        Ok(outer)
    }

    /// What the value left of its window is padding.
    fn leave(&mut self, outer: Outer) {
        self.end = outer.end;
        self.at = outer.next.min(outer.end);
    }

    fn constant(&mut self, expected: &[u8]) -> Result<(), Reason> {
        if self.take(expected.len())? != expected {
            return Err("a constant of the description is missing");
        }
        Ok(())
    }

    fn number(&mut self, number: Number) -> Result<Value, Reason> {
        let (NumberKind::Unsigned | NumberKind::Compact) = number.kind else {
            return self.other_number(number);
        };
        if number.size <= 8 {
            return Ok(Value::Int(Int::from(self.unsigned(number)?)));
        }
        let little = self.little_endian(number)?;
        Ok(Value::Int(Int::from(U256::from_le_bytes(little))))
    }

    fn other_number(&mut self, number: Number) -> Result<Value, Reason> {
        let mut little = self.little_endian(number)?;
        let size = usize::from(number.size).min(little.len());
        if number.kind == NumberKind::Float {
            let (low, _) = little.split_at(8);
            let bits = u64::from_le_bytes(low.try_into().map_err(|_| ENDS)?);
            let text = if size == 4 {
                f32::from_bits(bits as u32).to_string()
            } else {
                f64::from_bits(bits).to_string()
            };
            return Ok(Value::Text(text.into()));
        }
        let (value, sign) = little.split_at_mut(size);
        if value.last().is_some_and(|highest| highest & 0x80 != 0) {
            sign.fill(0xff);
        }
        little.reverse();
        Ok(Value::Int(Int::from_signed_be(little)))
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

    /// A number that is not negative and fits 64 bits: a value, a length, a tag.
    fn unsigned(&mut self, number: Number) -> Result<u64, Reason> {
        match (number.kind, number.size, number.big_endian) {
            (NumberKind::Compact, ..) => self.compact(),
            (_, 8, false) => Ok(u64::from_le_bytes(*self.array()?)),
            (_, 4, false) => Ok(u32::from_le_bytes(*self.array()?).into()),
            (_, 1, _) => Ok(self.array::<1>()?[0].into()),
            _ => {
                let little = self.little_endian(number)?;
                let (low, high) = little.split_at(8);
                if high.iter().any(|byte| *byte != 0) {
                    return Err("the number is too large");
                }
                Ok(u64::from_le_bytes(low.try_into().map_err(|_| ENDS)?))
            }
        }
    }

    /// Seven bits a byte, the lowest first, while the eighth is set.
    fn compact(&mut self) -> Result<u64, Reason> {
        let mut value = 0;
        for shift in [0, 7, 14] {
            let byte = u64::from(self.array::<1>()?[0]);
            value |= (byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value)
                    .filter(|value| *value <= u64::from(u16::MAX))
                    .ok_or("the number is too large");
            }
        }
        Err("the number has too many bytes")
    }

    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Reason> {
        let array = self.data[self.at..self.end].first_chunk().ok_or(ENDS)?;
        self.at += N;
        Ok(array)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Reason> {
        let taken = self.data[self.at..self.end].get(..len).ok_or(ENDS)?;
        self.at += len;
        Ok(taken)
    }

    fn spend(&mut self, values: usize) -> Result<(), Reason> {
        self.budget =
            self.budget.checked_sub(values).ok_or("the data stands for more values than it has room for")?;
        Ok(())
    }
}

/// What surrounds a window.
struct Outer {
    end: usize,
    next: usize,
}

const UNKNOWN_VARIANT: Reason = "the description has no such variant: it may be older than the program";

fn below(depth: usize) -> Result<usize, Reason> {
    if depth >= MAX_VALUE_DEPTH { Err("values are nested too deeply") } else { Ok(depth + 1) }
}

/// Tags are places, as a rule.
fn find<T>(variants: &[T], tag: u64, tag_of: impl Fn(&T) -> u64) -> Option<&T> {
    let place = usize::try_from(tag).ok().and_then(|place| variants.get(place));
    place.filter(|variant| tag_of(variant) == tag).or_else(|| variants.iter().find(|one| tag_of(one) == tag))
}

fn text(encoding: Encoding, padded: bool, bytes: &[u8]) -> Result<Value, Reason> {
    let text = match encoding {
        Encoding::Utf8 => {
            let text = std::str::from_utf8(bytes).map_err(|_| "the text is not UTF-8")?;
            if padded { text.trim_end_matches('\0').into() } else { text.into() }
        }
        Encoding::Base16 => const_hex::encode(bytes).into(),
        Encoding::Base58 if bytes.len() > MAX_BASE58 => return Err("the bytes are too many for base58"),
        Encoding::Base58 => bs58::encode(bytes).into_string().into(),
        Encoding::Base64 => STANDARD.encode(bytes).into(),
    };
    Ok(Value::Text(text))
}

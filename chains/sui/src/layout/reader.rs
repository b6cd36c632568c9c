//! Decodes values out of BCS: strictly, and bounded by the data's length, whatever lengths it claims.
//!
//! Text that is not UTF-8 is kept, with U+FFFD in place of what cannot be shown: a contract must not hide an event behind
//! a bad name.

use chainbell_model::{Address, Int, Value};
use ruint::aliases::U256;

use super::{
    open::Given,
    shape::{Choice, Layout, Shape},
};

/// What is wrong with the data.
pub(super) type Reason = &'static str;

const SHORT: Reason = "the data ends before it does";

/// How many values a byte may become. An enum's value has a place for each of its variants, whatever it takes in bytes.
const VALUES_PER_BYTE: usize = 32;
/// Small data may expand by more.
const FREE_VALUES: usize = 8192;

/// Reads one value after the other.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// What is given for open type parameters.
    given: Given<'a>,
    /// Values that may still be made.
    budget: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(data: &'a [u8], given: Given<'a>) -> Self {
        let budget = data.len().saturating_mul(VALUES_PER_BYTE).saturating_add(FREE_VALUES);
        Self { rest: data, given, budget }
    }

    /// Everything has been read.
    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn value(&mut self, layout: &Layout) -> Result<Value, Reason> {
        self.spend(1)?;
        Ok(match &layout.shape {
            Shape::Bool => Value::Bool(self.bool()?),
            Shape::Uint(bits) => Value::Int(self.uint(*bits)?),
            Shape::Address => {
                let address = Address::from_slice(self.take(32)?);
                Value::Address(address.ok_or("an address has 32 bytes")?)
            }
            Shape::Text => Value::Text(String::from_utf8_lossy(self.bytes()?).into()),
            Shape::Bytes => Value::Bytes(self.bytes()?.into()),
            Shape::List(item) => {
                // An item takes a byte at least.
                let length = self.length()?;
                let mut values = Vec::new();
                for _ in 0..length {
                    values.push(self.value(item)?);
                }
                Value::List(values)
            }
            Shape::Option(item) => match self.is_some()? {
                true => self.value(item)?,
                false => Value::Null,
            },
            Shape::Record(fields) => {
                let mut values = Vec::with_capacity(fields.len());
                for field in fields {
                    values.push(self.value(field)?);
                }
                Value::Record(values)
            }
            Shape::Names(names) => Value::Text((**self.variant(names)?).into()),
            Shape::Variants(choices) => {
                let choice = self.variant(choices)?;
                let mut content = None;
                if let Some((place, layout)) = &choice.content {
                    content = Some((*place, self.value(layout)?));
                }
                self.spend(choices.len())?;
                variant_value(choices, choice, content)
            }
            Shape::Open(place) => {
                let layout = self.given.layout(*place)?;
                Value::Any(Box::new((layout.ty.clone(), self.value(layout)?)))
            }
        })
    }

    /// Passes over a value. Of one whose size is fixed it looks at nothing.
    pub(super) fn skip(&mut self, layout: &Layout) -> Result<(), Reason> {
        if let Some(size) = layout.size {
            return self.take(size).map(drop);
        }
        match &layout.shape {
            // Their sizes are fixed.
            Shape::Bool | Shape::Uint(_) | Shape::Address => Ok(()),
            Shape::Text | Shape::Bytes => self.bytes().map(drop),
            Shape::List(item) => {
                let length = self.length()?;
                (0..length).try_for_each(|_| self.skip(item))
            }
            Shape::Option(item) => match self.is_some()? {
                true => self.skip(item),
                false => Ok(()),
            },
            Shape::Record(fields) => fields.iter().try_for_each(|field| self.skip(field)),
            Shape::Names(names) => self.variant(names).map(drop),
            Shape::Variants(choices) => match &self.variant(choices)?.content {
                Some((_, layout)) => self.skip(layout),
                None => Ok(()),
            },
            Shape::Open(place) => {
                let layout = self.given.layout(*place)?;
                self.skip(layout)
            }
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Reason> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(SHORT)?;
        self.rest = rest;
        Ok(taken)
    }

    fn bool(&mut self) -> Result<bool, Reason> {
        match self.take(1)? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err("the byte is neither true nor false"),
        }
    }

    fn uint(&mut self, bits: u16) -> Result<Int, Reason> {
        let bytes = self.take(usize::from(bits / 8))?;
        if let Ok(bytes) = <[u8; 8]>::try_from(bytes) {
            return Ok(Int::from(u64::from_le_bytes(bytes)));
        }
        if let Ok(bytes) = <[u8; 16]>::try_from(bytes) {
            return Ok(Int::from(U256::from(u128::from_le_bytes(bytes))));
        }
        U256::try_from_le_slice(bytes).map(Int::from).ok_or("the number does not fit its type")
    }

    fn bytes(&mut self) -> Result<&'a [u8], Reason> {
        let length = self.length()?;
        self.take(length)
    }

    fn is_some(&mut self) -> Result<bool, Reason> {
        match self.take(1)? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err("an option is a list of one or none"),
        }
    }

    /// The length of a list or of bytes, not beyond what is left.
    fn length(&mut self) -> Result<usize, Reason> {
        let length = usize::try_from(self.uleb128()?).ok();
        length.filter(|length| *length <= self.rest.len()).ok_or("a length is beyond the data")
    }

    fn variant<'b, T>(&mut self, variants: &'b [T]) -> Result<&'b T, Reason> {
        let place = usize::try_from(self.uleb128()?).ok();
        place.and_then(|place| variants.get(place)).ok_or("there is no such variant")
    }

    /// A number of 32 bits, seven in each byte, in as few bytes as it takes.
    fn uleb128(&mut self) -> Result<u32, Reason> {
        let mut number = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.take(1)?[0];
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    break;
                }
                return u32::try_from(number).map_err(|_| "a length has more than 32 bits");
            }
        }
        Err("a length is not in its shortest form")
    }

    fn spend(&mut self, values: usize) -> Result<(), Reason> {
        self.budget = self.budget.checked_sub(values).ok_or("it expands to too many values")?;
        Ok(())
    }
}

/// The record of an enum's value: its name, and its contents at their place among the absent ones.
pub(super) fn variant_value(choices: &[Choice], choice: &Choice, content: Option<(usize, Value)>) -> Value {
    let places = choices.iter().filter(|choice| choice.content.is_some()).count();
    let mut values = vec![Value::Null; places + 1];
    values[0] = Value::Text((*choice.name).into());
    if let Some((place, content)) = content
        && let Some(at) = values.get_mut(place)
    {
        *at = content;
    }
    Value::Record(values)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::layout::{
        shape::Compiler,
        text,
        types::{MoveType, Name, UNTOLD},
    };

    const LAYOUTS: &str = "
        module m;
        struct All { a: bool, b: u8, c: u256, d: address, e: String, f: vector<u8>, g: vector<u16>, h: Option<u64>, i: Inner, j: Kind, k: Plain }
        struct Inner { id: UID, worth: Balance<u8> }
        enum Kind { None, Limit { at: u64 }, Pair(u8, u8) }
        enum Plain { A, B }
        struct Wide { list: vector<Kind> }
    ";

    fn layout(name: &str) -> Arc<Layout> {
        let catalogue = text::read(LAYOUTS).unwrap();
        Compiler::new(&catalogue)
            .layout(&MoveType::Datatype(Name::new(UNTOLD, "m", name), Vec::new()))
            .unwrap()
    }

    fn decode(name: &str, bytes: &[u8]) -> Result<Value, Reason> {
        let layout = layout(name);
        let mut reader = Reader::new(bytes, Given::default());
        let value = reader.value(&layout);
        let mut skipping = Reader::new(bytes, Given::default());
        let skipped = skipping.skip(&layout);
        if value.is_ok() {
            assert_eq!(skipped, Ok(()));
            assert_eq!(skipping.rest, reader.rest);
        }
        value
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn every_kind_of_value_is_read() {
        let mut bytes = vec![1, 255];
        bytes.extend([255; 32]);
        bytes.extend([7; 32]);
        bytes.extend([3, b'a', 0xff, b'b', 2, 1, 2, 2, 1, 0, 0, 1, 1, 9, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([8; 32]);
        bytes.extend([5, 0, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0, 0, 0, 0, 1]);
        let address = |byte| Value::Address(Address::from_slice(&[byte; 32]).unwrap());
        let number = |number: u64| Value::Int(Int::from(number));
        let expected = vec![
            Value::Bool(true),
            number(255),
            Value::Int(Int::from_unsigned_be([255; 32])),
            address(7),
            text("a\u{fffd}b"),
            Value::Bytes([1, 2].into()),
            Value::List(vec![number(1), number(256)]),
            number(9),
            Value::Record(vec![address(8), Value::Record(vec![number(5)])]),
            Value::Record(vec![text("Limit"), Value::Record(vec![number(4)]), Value::Null]),
            text("B"),
        ];
        assert_eq!(decode("All", &bytes), Ok(Value::Record(expected)));
        for cut in 0..bytes.len() {
            assert!(decode("All", &bytes[..cut]).is_err(), "{cut}");
        }
    }

    #[test]
    fn variants_without_contents_are_names() {
        assert_eq!(decode("Plain", &[0]), Ok(text("A")));
        assert_eq!(decode("Kind", &[0]), Ok(Value::Record(vec![text("None"), Value::Null, Value::Null])));
        for bytes in [&[2][..], &[0x80, 0], &[0xff, 0xff, 0xff, 0xff, 0x0f], &[0xff; 10]] {
            assert!(decode("Plain", bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn lengths_beyond_the_data_or_not_in_their_shortest_form_are_refused() {
        for bytes in [&[5, 0][..], &[0xff, 0xff, 0xff, 0xff, 0x0f, 1], &[0x81, 0, 1], &[0x80; 6], &[]] {
            assert!(decode("Wide", bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn small_data_cannot_become_much() {
        let variants: String = (0..1000).map(|place| format!("V{place}(u8),")).collect();
        let catalogue =
            text::read(&format!("m::L {{ list: vector<E> }} enum m::E {{ {variants} Z }}")).unwrap();
        let name = Name::new(UNTOLD, "m", "L");
        let layout = Compiler::new(&catalogue).layout(&MoveType::Datatype(name, Vec::new())).unwrap();
        let mut bytes = vec![0xa0, 0x9c, 1];
        bytes.extend([0xe8, 7].repeat(20_000));
        let value = Reader::new(&bytes, Given::default()).value(&layout);
        assert_eq!(value, Err("it expands to too many values"));
    }

    proptest! {
        #[test]
        fn no_data_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), low in prop::collection::vec(0u8..4, 0..300)) {
            for name in ["All", "Wide", "Kind"] {
                let _ = (decode(name, &bytes), decode(name, &low));
            }
        }
    }
}

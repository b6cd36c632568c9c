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

    /// Passes over a value as strictly as [`Self::value`] reads it.
    pub(super) fn skip(&mut self, layout: &Layout) -> Result<(), Reason> {
        match &layout.shape {
            Shape::Bool => self.bool().map(drop),
            Shape::Uint(_) | Shape::Address => self.take(layout.size.unwrap_or_default()).map(drop),
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
        let mut word = [0; 8];
        if let Some(low) = word.get_mut(..bytes.len()) {
            low.copy_from_slice(bytes);
            return Ok(Int::from(u64::from_le_bytes(word)));
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

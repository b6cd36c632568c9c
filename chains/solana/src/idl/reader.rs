//! Decodes values out of the bytes of an event or an instruction, whoever wrote them: bounded by their number, whatever
//! they say.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_model::{Address, Type, Value};

use super::{
    bounds::{MAX_PARTS, MAX_VALUE_DEPTH},
    cursor::{Cursor, ENDS, Reason},
    layout::{EnumVariant, Id, Items, Layout, Layouts},
    types::{Encoding, Number},
};
use crate::address;

/// Values that take no bytes (empty structs, absent variants) could make a small payload expand without end. Honest data
/// stands for a few values a byte.
const VALUES_PER_BYTE: usize = 32;
/// Base58 takes the square of the length.
const MAX_BASE58: usize = 1024;
/// Longer lists grow as they are read: their length is what the data says.
const RESERVED: usize = 64;

const UNKNOWN_VARIANT: Reason = "the description has no such variant: it may be older than the program";

/// Reads one payload.
pub(super) struct Reader<'a> {
    layouts: &'a Layouts,
    cursor: Cursor<'a>,
    /// Values that may still be made.
    budget: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(layouts: &'a Layouts, data: &'a [u8], at: usize) -> Self {
        let budget = data.len().saturating_mul(VALUES_PER_BYTE).saturating_add(MAX_PARTS);
        Self { layouts, cursor: Cursor::new(data, at), budget }
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.cursor.rest().len()
    }

    /// The next value.
    pub(super) fn value(&mut self, id: Id) -> Result<Value, Reason> {
        self.nested(id, 0)
    }

    /// Passes over the next value. Only what tells its length is looked at.
    pub(super) fn skip(&mut self, id: Id) -> Result<(), Reason> {
        self.skip_nested(id, 0)
    }

    fn nested(&mut self, id: Id, depth: usize) -> Result<Value, Reason> {
        self.spend(1)?;
        let layouts = self.layouts;
        Ok(match layouts.get(id) {
            Layout::Number(number) => self.cursor.number(*number)?,
            Layout::Address => {
                let bytes = self.cursor.take(address::ADDRESS_LEN)?;
                Value::Address(Address::from_slice(bytes).ok_or(ENDS)?)
            }
            Layout::Bool(number) => match self.cursor.unsigned(*number)? {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                _ => return Err("the byte is neither true nor false"),
            },
            Layout::Bytes => Value::Bytes(self.cursor.take_rest().into()),
            Layout::Text { encoding, padded } => text(*encoding, *padded, self.cursor.take_rest())?,
            Layout::Window(extent, item) => {
                let outer = self.cursor.enter(extent)?;
                let value = self.nested(*item, below(depth)?)?;
                self.cursor.leave(outer);
                value
            }
            Layout::Hidden { before, item, after } => {
                self.cursor.constant(before)?;
                let value = self.nested(*item, below(depth)?)?;
                self.cursor.constant(after)?;
                value
            }
            Layout::Record(slots) => {
                let mut values = Vec::with_capacity(slots.len());
                for slot in slots {
                    if slot.hidden {
                        self.skip_nested(slot.id, below(depth)?)?;
                    } else {
                        values.push(self.nested(slot.id, below(depth)?)?);
                    }
                }
                Value::Record(values)
            }
            Layout::List(item, items) => self.list(*item, *items, below(depth)?)?,
            Layout::Option { item, prefix, fixed } => {
                if self.is_some(*prefix)? {
                    return self.nested(*item, below(depth)?);
                }
                if *fixed {
                    self.skip_nested(*item, below(depth)?)?;
                }
                Value::Null
            }
            Layout::Zeroable { item, zero } => match self.is_zero(*item, zero.as_deref())? {
                true => Value::Null,
                false => self.nested(*item, below(depth)?)?,
            },
            Layout::Trailing(_) if self.left() == 0 => Value::Null,
            Layout::Trailing(item) => self.nested(*item, below(depth)?)?,
            Layout::Names { tag, variants } => {
                let tag = self.cursor.unsigned(*tag)?;
                let known = find(variants, tag, |variant| variant.0);
                Value::Text(known.ok_or(UNKNOWN_VARIANT)?.1.clone())
            }
            Layout::Enum { tag, variants, contents } => {
                let variant = self.variant(*tag, variants)?;
                self.variant_value(variant, *contents, below(depth)?)?
            }
            Layout::Again(definition) => {
                let (id, ty) = self.definition(*definition)?;
                let value = self.nested(*id, below(depth)?)?;
                Value::Any(Box::new((ty.clone(), value)))
            }
        })
    }

    fn list(&mut self, item: Id, items: Items, depth: usize) -> Result<Value, Reason> {
        let Some(count) = self.count(items, item)? else {
            let mut values = Vec::new();
            while self.left() > 0 {
                let before = self.left();
                values.push(self.nested(item, depth)?);
                if self.left() == before {
                    return Err("the items of the list take no bytes");
                }
            }
            return Ok(Value::List(values));
        };
        let mut values = Vec::with_capacity(count.min(RESERVED));
        for _ in 0..count {
            values.push(self.nested(item, depth)?);
        }
        Ok(Value::List(values))
    }

    /// `kind`, and behind it the contents of all variants, of which one is there.
    fn variant_value(
        &mut self,
        variant: &EnumVariant,
        contents: usize,
        depth: usize,
    ) -> Result<Value, Reason> {
        self.spend(contents)?;
        let mut values = vec![Value::Null; contents + 1];
        if let Some((content, place)) = variant.content
            && let Some(slot) = values.get_mut(place + 1)
        {
            *slot = self.nested(content, depth)?;
        }
        values[0] = Value::Text(variant.name.clone());
        Ok(Value::Record(values))
    }

    fn skip_nested(&mut self, id: Id, depth: usize) -> Result<(), Reason> {
        let layouts = self.layouts;
        if let Some(size) = layouts.size(id) {
            return self.cursor.take(size).map(|_| ());
        }
        self.spend(1)?;
        match layouts.get(id) {
            Layout::Bytes | Layout::Text { .. } | Layout::List(_, Items::Rest) => {
                self.cursor.take_rest();
            }
            Layout::Window(extent, _) => {
                let outer = self.cursor.enter(extent)?;
                self.cursor.leave(outer);
            }
            Layout::Hidden { before, item, after } => {
                self.cursor.constant(before)?;
                self.skip_nested(*item, below(depth)?)?;
                self.cursor.constant(after)?;
            }
            Layout::Record(slots) => {
                for slot in slots {
                    self.skip_nested(slot.id, below(depth)?)?;
                }
            }
            Layout::List(item, items) => self.skip_list(*item, *items, below(depth)?)?,
            Layout::Option { item, prefix, fixed } => {
                if self.is_some(*prefix)? || *fixed {
                    self.skip_nested(*item, below(depth)?)?;
                }
            }
            Layout::Zeroable { item, zero } => {
                if !self.is_zero(*item, zero.as_deref())? {
                    self.skip_nested(*item, below(depth)?)?;
                }
            }
            Layout::Trailing(_) if self.left() == 0 => {}
            Layout::Trailing(item) => self.skip_nested(*item, below(depth)?)?,
            Layout::Bool(number) | Layout::Number(number) | Layout::Names { tag: number, .. } => {
                self.cursor.unsigned(*number)?;
            }
            Layout::Address => {
                self.cursor.take(address::ADDRESS_LEN)?;
            }
            Layout::Enum { tag, variants, .. } => {
                if let Some((content, _)) = self.variant(*tag, variants)?.content {
                    self.skip_nested(content, below(depth)?)?;
                }
            }
            Layout::Again(definition) => {
                let (id, _) = self.definition(*definition)?;
                self.skip_nested(*id, below(depth)?)?;
            }
        }
        Ok(())
    }

    fn skip_list(&mut self, item: Id, items: Items, depth: usize) -> Result<(), Reason> {
        let count = self.count(items, item)?.unwrap_or_default();
        if let Some(size) = self.layouts.size(item) {
            return self.cursor.take(size.checked_mul(count).ok_or(ENDS)?).map(|_| ());
        }
        for _ in 0..count {
            self.skip_nested(item, depth)?;
        }
        Ok(())
    }

    /// How many items follow; `None` for as many as there are. Told before anything is made of them.
    fn count(&mut self, items: Items, item: Id) -> Result<Option<usize>, Reason> {
        let count = match items {
            Items::Fixed(count) => count,
            Items::Prefixed(number) => self.cursor.length(number)?,
            Items::Rest => return Ok(None),
        };
        match self.layouts.size(item).map(|size| size.checked_mul(count)) {
            Some(total) if total.is_none_or(|total| total > self.left()) => Err(ENDS),
            _ => Ok(Some(count)),
        }
    }

    fn variant(&mut self, tag: Number, variants: &'a [EnumVariant]) -> Result<&'a EnumVariant, Reason> {
        let tag = self.cursor.unsigned(tag)?;
        find(variants, tag, |variant| variant.tag).ok_or(UNKNOWN_VARIANT)
    }

    fn definition(&self, place: usize) -> Result<&'a (Id, Type), Reason> {
        self.layouts.definitions.get(place).and_then(Option::as_ref).ok_or(ENDS)
    }

    fn is_some(&mut self, prefix: Number) -> Result<bool, Reason> {
        match self.cursor.unsigned(prefix)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err("the byte tells neither that the value is there nor that it is not"),
        }
    }

    /// Whether a value is absent because its bytes are `zero`; then they are passed over.
    fn is_zero(&mut self, item: Id, zero: Option<&[u8]>) -> Result<bool, Reason> {
        let rest = self.cursor.rest();
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
        self.cursor.take(len).map(|_| true)
    }

    fn spend(&mut self, values: usize) -> Result<(), Reason> {
        let left = self.budget.checked_sub(values);
        self.budget = left.ok_or("the data stands for more values than it has room for")?;
        Ok(())
    }
}

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

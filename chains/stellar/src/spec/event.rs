//! Decodes an event whose parameters are known.

use std::sync::{Arc, LazyLock};

use chainbell_model::{ArgMask, DecodeError, Decoder, EventKey, Field, Payload, Schema, Type, Value};

use super::{
    frame::{Frame, Slot},
    layout::Layouts,
    types::{DataFormat, Event},
};
use crate::{
    payload::{self, EventKind, EventParts, Topics},
    value::{Reader, Reason, Shape, absent_or, tag},
};

/// What an event is besides its arguments: its kind.
pub(crate) static ATTRIBUTES: LazyLock<[Field; 1]> = LazyLock::new(|| [Field::new("type", Type::Text)]);

/// Topics beyond these are not left out.
const MAX_OPTIONAL: usize = 8;

/// Why an argument does not decode, with its name.
type Fault<'a> = (&'a str, Reason);

/// An event's decoder.
#[derive(Debug)]
pub(crate) struct EventDecoder {
    frame: Frame,
    key: Option<EventKey>,
    prefix: Box<[Arc<str>]>,
    topics: Box<[Slot]>,
    data: Box<[Slot]>,
    format: DataFormat,
    /// Topics that may be missing are told by the types of those that are there.
    optional_topics: bool,
    /// Types are looked at to tell it from other events of its name.
    strict: bool,
}

/// Which topic holds an argument: the first ones only where that is not its own place.
type Places = [Option<usize>; MAX_OPTIONAL];

impl EventDecoder {
    /// Of an event. A strict one fits only what has its types, where others share its name.
    pub(crate) fn new(event: &Event, strict: bool, layouts: &mut Layouts<'_>) -> Self {
        let params = event.params.iter().map(|it| &it.param);
        let (frame, slots) = Frame::new((&event.name, event.to_string()), params, &*ATTRIBUTES, layouts);
        let (mut topics, mut data) = (Vec::new(), Vec::new());
        for (param, slot) in event.params.iter().zip(slots) {
            if param.topic { &mut topics } else { &mut data }.push(slot);
        }
        let optional = topics.iter().any(|slot| is_optional(&slot.shape));
        Self {
            frame,
            key: event.prefix.first().and_then(|name| payload::call_key(name.as_bytes())),
            prefix: event.prefix.clone().into(),
            optional_topics: optional && event.lenient && topics.len() <= MAX_OPTIONAL,
            topics: topics.into(),
            data: data.into(),
            format: event.format,
            strict: strict || event.prefix.is_empty(),
        }
    }

    /// Where the arguments among the topics stand; `None` for an event that is another one.
    fn places(&self, topics: Topics<'_>) -> Option<Places> {
        let mut places = std::array::from_fn(Some);
        let mut all = topics.iter();
        let named = self
            .prefix
            .iter()
            .all(|name| all.next().and_then(payload::name_of).is_some_and(|topic| topic == name.as_bytes()));
        if !named {
            return None;
        }
        let there = topics.len() - self.prefix.len();
        if there == self.topics.len() && !self.strict && !self.optional_topics {
            return Some(places);
        }
        if there > self.topics.len() || (there < self.topics.len() && !self.optional_topics) {
            return None;
        }
        let tag = |topic| Reader::new(topic).peek().ok();
        if !self.optional_topics {
            let mut both = self.topics.iter().zip(all);
            return both
                .all(|(slot, topic)| tag(topic).is_some_and(|of| slot.shape.admits(of)))
                .then_some(places);
        }
        let mut tags = [0; MAX_OPTIONAL];
        for (place, topic) in tags.iter_mut().zip(all) {
            *place = tag(topic)?;
        }
        assign(&self.topics, &tags[..there], 0, &mut places).then_some(places)
    }

    /// Whether the data, which is of type `of`, can hold the arguments that belong there.
    fn data_fits(&self, of: u32) -> bool {
        match (self.format, &*self.data) {
            (_, []) if of == tag::VOID => true,
            (DataFormat::Single, [slot]) => slot.shape.admits(of),
            (DataFormat::Single, _) => false,
            (DataFormat::Vec, _) => of == tag::VEC,
            (DataFormat::Map, _) => of == tag::MAP,
            (DataFormat::Unknown, []) => true,
            (DataFormat::Unknown, slots) => {
                matches!(of, tag::VEC | tag::MAP) || (slots[0].shape.admits(of) && rest_is_optional(slots))
            }
        }
    }

    fn read_topics(
        &self,
        parts: EventParts<'_>,
        wanted: ArgMask,
        out: &mut [Option<Value>],
    ) -> Result<(), Fault<'_>> {
        if !self.topics.iter().any(|slot| slot.is_in(wanted)) {
            return Ok(());
        }
        let places = self.places(parts.topics).ok_or(("topics", "the event has other topics"))?;
        for (number, slot) in self.topics.iter().enumerate().filter(|(_, slot)| slot.is_in(wanted)) {
            let place = places.get(number).copied().unwrap_or(Some(number));
            let topic = place.and_then(|place| parts.topics.get(self.prefix.len() + place));
            let value = match topic {
                None => absent_or(None, &slot.shape),
                Some(topic) => whole(topic, |reader| reader.value(&slot.shape)),
            };
            slot.set(out, value.map_err(|reason| (&*slot.name, reason))?);
        }
        Ok(())
    }

    fn read_data(&self, bytes: &[u8], wanted: ArgMask, out: &mut [Option<Value>]) -> Result<(), Fault<'_>> {
        let Some(first) = self.data.iter().find(|slot| slot.is_in(wanted)) else { return Ok(()) };
        let mut reader = Reader::new(bytes);
        // What is wrong with the data as a whole is told of the first argument asked for.
        let whole = |reason| (&*first.name, reason);
        let of = reader.peek().map_err(whole)?;
        match self.format_of(of) {
            DataFormat::Map => self.read_map(&mut reader, wanted, out).map_err(whole)?,
            DataFormat::Vec => self.read_vec(&mut reader, wanted, out)?,
            _ => self.read_single(&mut reader, wanted, out)?,
        }
        reader.end().map_err(whole)
    }

    /// How data of type `of` holds its arguments.
    fn format_of(&self, of: u32) -> DataFormat {
        let alone = match &*self.data {
            [slot] => slot.shape.admits(of),
            _ => false,
        };
        match (self.format, of) {
            (DataFormat::Unknown, tag::MAP) if !alone => DataFormat::Map,
            (DataFormat::Unknown, tag::VEC) if !alone => DataFormat::Vec,
            (DataFormat::Unknown, _) => DataFormat::Single,
            (told, _) => told,
        }
    }

    fn read_single(
        &self,
        reader: &mut Reader<'_>,
        wanted: ArgMask,
        out: &mut [Option<Value>],
    ) -> Result<(), Fault<'_>> {
        for (place, slot) in self.data.iter().enumerate() {
            let value = match place {
                0 if !slot.is_in(wanted) => reader.skip().map(|()| None),
                0 => reader.value(&slot.shape).map(Some),
                _ if !slot.is_in(wanted) => Ok(None),
                _ => absent_or(None, &slot.shape).map(Some),
            };
            if let Some(value) = value.map_err(|reason| (&*slot.name, reason))? {
                slot.set(out, value);
            }
        }
        Ok(())
    }

    fn read_vec(
        &self,
        reader: &mut Reader<'_>,
        wanted: ArgMask,
        out: &mut [Option<Value>],
    ) -> Result<(), Fault<'_>> {
        let fault = |place: usize, reason| (self.data.get(place).map_or("data", |slot| &slot.name), reason);
        let count = vector(reader).map_err(|reason| fault(0, reason))?;
        if count < self.data.len() && !self.data[count..].iter().all(|slot| is_optional(&slot.shape)) {
            return Err(fault(count, "the data has fewer values than the description tells"));
        }
        for place in 0..count {
            let slot = self.data.get(place).filter(|slot| slot.is_in(wanted));
            let value = match slot {
                None => reader.skip().map(|()| Value::Null),
                Some(slot) => reader.value(&slot.shape),
            };
            let value = value.map_err(|reason| fault(place, reason))?;
            if let Some(slot) = slot {
                slot.set(out, value);
            }
        }
        for slot in self.data.iter().skip(count).filter(|slot| slot.is_in(wanted)) {
            slot.set(out, Value::Null);
        }
        Ok(())
    }

    /// Entries that the description does not tell, as a later version of the contract may add them, are passed over.
    fn read_map(
        &self,
        reader: &mut Reader<'_>,
        wanted: ArgMask,
        out: &mut [Option<Value>],
    ) -> Result<(), Reason> {
        if reader.u32()? != tag::MAP {
            return Err("the data is no map");
        }
        reader.fields(|reader, name| {
            let known = self.data.iter().find(|slot| slot.name.as_bytes() == name);
            let Some(slot) = known.filter(|slot| slot.is_in(wanted)) else { return reader.skip() };
            slot.set(out, reader.value(&slot.shape)?);
            Ok(())
        })?;
        for slot in self.data.iter().filter(|slot| slot.is_in(wanted)) {
            let value = absent_or(slot.take(out), &slot.shape)?;
            slot.set(out, value);
        }
        Ok(())
    }
}

/// Gives each topic to an argument in order, leaving out optional ones, the later ones rather than the earlier ones.
fn assign(slots: &[Slot], tags: &[u32], next: usize, places: &mut [Option<usize>]) -> bool {
    let Some((slot, slots)) = slots.split_first() else { return tags.is_empty() };
    let Some((place, places)) = places.split_first_mut() else { return false };
    if let Some((of, tags)) = tags.split_first()
        && slot.shape.admits(*of)
    {
        *place = Some(next);
        if assign(slots, tags, next + 1, places) {
            return true;
        }
    }
    *place = None;
    is_optional(&slot.shape) && assign(slots, tags, next, places)
}

fn is_optional(shape: &Shape) -> bool {
    matches!(shape, Shape::Optional(_))
}

fn rest_is_optional(slots: &[Slot]) -> bool {
    slots.iter().skip(1).all(|slot| is_optional(&slot.shape))
}

/// The number of items of the vector that comes next.
fn vector(reader: &mut Reader<'_>) -> Result<usize, Reason> {
    if reader.u32()? == tag::VEC { reader.vec() } else { Err("the data is no vector") }
}

/// Reads all of `bytes`.
pub(crate) fn whole<T>(
    bytes: &[u8],
    read: impl FnOnce(&mut Reader<'_>) -> Result<T, Reason>,
) -> Result<T, Reason> {
    let mut reader = Reader::new(bytes);
    let value = read(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// The attribute `type`.
pub(crate) fn kind_value(kind: EventKind) -> Value {
    Value::Text(kind.as_str().into())
}

impl Decoder for EventDecoder {
    fn key(&self) -> Option<EventKey> {
        self.key
    }

    fn name(&self) -> &str {
        &self.frame.name
    }

    fn signature(&self) -> &str {
        &self.frame.signature
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.frame.schema
    }

    fn attributes(&self) -> usize {
        self.frame.attributes()
    }

    fn fits(&self, payload: &Payload) -> bool {
        let parts = payload::event_parts(payload);
        self.places(parts.topics).is_some()
            && (!self.strict || Reader::new(parts.value).peek().is_ok_and(|of| self.data_fits(of)))
    }

    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        let parts = payload::event_parts(payload);
        self.frame.clear(out);
        self.read_topics(parts, wanted, out)
            .and_then(|()| self.read_data(parts.value, wanted, out))
            .map_err(|(field, reason)| self.frame.fault(field, reason))?;
        self.frame.set_attribute(0, wanted, out, || kind_value(parts.kind));
        Ok(())
    }
}

//! What `getEvents` answers.

use std::fmt;

use chainbell_model::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};

use super::{
    text::{Flaw, Number, Text, json},
    time,
    xdr::{EventParts, is_value},
};
use crate::{
    assemble::{ReadEvent, Reading},
    payload::EventKind,
    toid::{EventId, is_of_operation},
};

/// One page of events.
#[derive(Clone, Debug)]
pub struct EventsPage {
    /// Those that are wanted, in the server's order.
    pub events: Vec<WireEvent>,
    /// How many the page had.
    pub count: usize,
    /// The id of the first and of the last event of the page.
    pub ends: Option<(EventId, EventId)>,
    /// The newest ledger that the server has.
    pub latest: u32,
    /// The oldest ledger that the server keeps; `None` before protocol 23.
    pub oldest: Option<u32>,
    /// Where the next page begins; everything up to there is covered. `None` from the first servers.
    pub cursor: Option<EventId>,
}

/// An event that is wanted, and its place.
#[derive(Clone, Debug)]
pub struct WireEvent {
    /// Its place in the ledger.
    pub id: EventId,
    /// Its transaction's hash.
    pub transaction: [u8; 32],
    /// When its ledger closed.
    pub time: Timestamp,
    /// Its transaction or the call that emitted it failed.
    pub failed: bool,
    /// The event itself.
    pub event: ReadEvent,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPage<'a> {
    #[serde(borrow)]
    events: Vec<RawEvent<'a>>,
    latest_ledger: Number,
    oldest_ledger: Option<Number>,
    #[serde(borrow)]
    cursor: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawEvent<'a> {
    #[serde(rename = "type", borrow)]
    kind: Text<'a>,
    ledger: Number,
    #[serde(borrow)]
    ledger_closed_at: Option<Text<'a>>,
    #[serde(borrow)]
    contract_id: Option<Text<'a>>,
    #[serde(borrow)]
    id: Text<'a>,
    in_successful_contract_call: Option<bool>,
    #[serde(borrow)]
    tx_hash: Option<Text<'a>>,
    #[serde(borrow, default)]
    topic: Option<Vec<Text<'a>>>,
    #[serde(borrow, default)]
    value: RawValue<'a>,
}

/// The value's base64, which the first servers wrapped in an object.
#[derive(Default)]
struct RawValue<'a>(Option<Text<'a>>);

struct RawValueVisitor;

impl<'de> Visitor<'de> for RawValueVisitor {
    type Value = RawValue<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64, or an object with it as \"xdr\"")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<RawValue<'de>, E> {
        Ok(RawValue(Some(Text(text.into()))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawValue<'de>, E> {
        Ok(RawValue(Some(Text(text.to_owned().into()))))
    }

    fn visit_unit<E: Error>(self) -> Result<RawValue<'de>, E> {
        Ok(RawValue(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<RawValue<'de>, A::Error> {
        let mut value = RawValue(None);
        while let Some(name) = fields.next_key::<Text<'de>>()? {
            if name.0 == "xdr" {
                value.0 = Some(fields.next_value()?);
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(value)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawValue<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawValueVisitor)
    }
}

/// What is used again from event to event.
#[derive(Default)]
struct Scratch<'a> {
    bytes: Vec<u8>,
    /// The last contract: events of one contract often come in a row.
    contract: Option<(&'a str, [u8; 32])>,
}

impl<'a> Scratch<'a> {
    fn contract(&mut self, text: &'a str) -> Result<[u8; 32], Flaw> {
        if let Some((_, id)) = self.contract.filter(|(last, _)| *last == text) {
            return Ok(id);
        }
        let contract = stellar_strkey::Contract::from_string(text);
        let id = contract.map_err(|_| Flaw::new("a contract's id that is none"))?.0;
        self.contract = Some((text, id));
        Ok(id)
    }
}

impl EventsPage {
    /// From the JSON of a result. Diagnostic events are left out.
    ///
    /// # Errors
    /// The answer is not one, or its events are not in order.
    pub fn read(text: &str, reading: &Reading<'_>) -> Result<Self, Flaw> {
        let raw: RawPage<'_> = json(text)?;
        let cursor = raw.cursor.as_ref().map(|text| EventId::parse(&text.0));
        let cursor = cursor.map(|id| id.ok_or_else(|| Flaw::new("a cursor that is none"))).transpose()?;
        let mut page = Self {
            events: Vec::new(),
            count: raw.events.len(),
            ends: None,
            latest: raw.latest_ledger.sequence()?,
            oldest: raw.oldest_ledger.map(Number::sequence).transpose()?,
            cursor,
        };
        let mut scratch = Scratch::default();
        for raw in &raw.events {
            page.push(raw, reading, &mut scratch)?;
        }
        Ok(page)
    }

    fn push<'a>(
        &mut self,
        raw: &'a RawEvent<'_>,
        reading: &Reading<'_>,
        scratch: &mut Scratch<'a>,
    ) -> Result<(), Flaw> {
        let id = EventId::parse(&raw.id.0).ok_or_else(|| Flaw::new("an event's id that is none"))?;
        if raw.ledger.sequence()? != id.ledger {
            return Err(Flaw(format!("an event of ledger {} with the id of another", id.ledger)));
        }
        if self.ends.is_some_and(|(_, last)| last >= id) {
            return Err(Flaw(format!("events out of order in ledger {}", id.ledger)));
        }
        self.ends = Some((self.ends.map_or(id, |(first, _)| first), id));
        let kind = match &*raw.kind.0 {
            "contract" => EventKind::Contract,
            "system" => EventKind::System,
            _ => return Ok(()),
        };
        let Some(contract) = raw.contract_id.as_ref().filter(|text| !text.0.is_empty()) else {
            return Ok(());
        };
        let index =
            id.index().ok_or_else(|| Flaw::new("an event's id beyond what a transaction can have"))?;
        let failed = raw.in_successful_contract_call == Some(false) && is_of_operation(index);
        if failed && !reading.wanted.failed_events() {
            return Ok(());
        }
        let contract = scratch.contract(&contract.0)?;
        let Some(event) = read_event(raw, kind, contract, index, reading, &mut scratch.bytes)? else {
            return Ok(());
        };
        let hash = raw.tx_hash.as_ref().ok_or_else(|| Flaw::new("an event without its transaction"))?;
        let closed = raw.ledger_closed_at.as_ref().and_then(|text| time::of_text(&text.0));
        let time = closed.ok_or_else(|| Flaw::new("an event without its ledger's time"))?;
        self.events.push(WireEvent { id, transaction: hash.hash()?, time, failed, event });
        Ok(())
    }
}

fn read_event(
    raw: &RawEvent<'_>,
    kind: EventKind,
    contract: [u8; 32],
    index: u32,
    reading: &Reading<'_>,
    scratch: &mut Vec<u8>,
) -> Result<Option<ReadEvent>, Flaw> {
    scratch.clear();
    let topics = raw.topic.as_deref().unwrap_or_default();
    let mut topics = topics.iter();
    if let Some(first) = topics.next() {
        decode_value(first, scratch)?;
    }
    let first = (!scratch.is_empty()).then_some(&**scratch);
    let Some(key) = reading.wants(&contract, first) else { return Ok(None) };
    for topic in topics {
        decode_value(topic, scratch)?;
    }
    let value_at = scratch.len();
    let value = raw.value.0.as_ref().ok_or_else(|| Flaw::new("an event without a value"))?;
    decode_value(value, scratch)?;
    let (topics, value) = scratch.split_at(value_at);
    let parts = EventParts { kind: Some(kind), contract: Some(contract), topics, value };
    Ok(Some(reading.read(&parts, kind, &contract, key, index)))
}

fn decode_value(text: &Text<'_>, out: &mut Vec<u8>) -> Result<(), Flaw> {
    let start = out.len();
    text.decode_into(out)?;
    if is_value(&out[start..]) { Ok(()) } else { Err(Flaw::new("a topic or value that does not decode")) }
}

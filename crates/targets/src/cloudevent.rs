//! Renders a message as a CloudEvents 1.0 JSON document, written straight into one buffer.

use std::{fmt, fmt::Write as _};

use chainbell_model::{Facts, Message, MessageKind, PositionKind, Timestamp, value::write_json_text};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The media type of a CloudEvent in structured mode.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";
/// The `type` of a match.
pub const MATCH_TYPE: &str = "dev.chainbell.match.v1";
/// The `type` of what takes a match back.
pub const RETRACTION_TYPE: &str = "dev.chainbell.retraction.v1";

/// What a document holds beside the texts that vary in length; spares the buffer from growing.
const FRAME_BYTES: usize = 1024;

/// The document, in one line, as `docs/messages.md` describes it. Keys stand in a fixed order.
pub fn render_cloudevent(message: &Message) -> Vec<u8> {
    let facts = &*message.facts;
    let details_bytes = facts.transaction_json.as_ref().map_or(0, |details| details.len());
    let mut out = String::with_capacity(FRAME_BYTES + facts.args_json.len() + details_bytes);
    let kind = match message.kind {
        MessageKind::Match => MATCH_TYPE,
        MessageKind::Retraction { .. } => RETRACTION_TYPE,
    };
    let _ = write!(out, r#"{{"specversion":"1.0","id":"{}","source":"#, message.id);
    write_json_text(&format!("/chainbell/networks/{}", facts.block.network), &mut out);
    let _ = write!(out, r#","type":"{kind}","subject":"#);
    write_json_text(message.monitor.as_str(), &mut out);
    let _ =
        write!(out, r#","time":"{}","datacontenttype":"application/json","data":"#, time(message.created));
    write_data(message, facts, &mut out);
    out.push('}');
    out.into_bytes()
}

fn write_data(message: &Message, facts: &Facts, out: &mut String) {
    let _ = write!(out, r#"{{"match":"{}","monitor":"#, message.match_id);
    write_json_text(message.monitor.as_str(), out);
    out.push_str(r#","tenant":"#);
    write_json_text(message.tenant.as_str(), out);
    let _ = write!(out, r#","deliver_at":"{}""#, message.deliver_at.as_str());
    if let MessageKind::Retraction { of } = message.kind {
        let _ = write!(out, r#","retracts":"{of}""#);
    }
    write_block(facts, out);
    write_transaction(facts, out);
    let _ = write!(out, r#","kind":"{}""#, facts.position.kind.as_str());
    if let Some(contract) = &facts.contract {
        out.push_str(r#","contract":"#);
        write_json_text(contract, out);
    }
    write_fact(facts, out);
    out.push('}');
}

fn write_block(facts: &Facts, out: &mut String) {
    let block = &*facts.block;
    out.push_str(r#","network":"#);
    write_json_text(block.network.as_str(), out);
    out.push_str(r#","chain":"#);
    write_json_text(&block.chain, out);
    let _ = write!(out, r#","block":{{"height":{},"hash":"#, block.height);
    write_json_text(&block.id, out);
    let _ = write!(out, r#","time":"{}"}}"#, time(block.time));
}

fn write_transaction(facts: &Facts, out: &mut String) {
    out.push_str(r#","transaction":{"hash":"#);
    write_json_text(&facts.transaction_id, out);
    let _ = write!(out, r#","index":{}"#, facts.transaction_index);
    let details =
        facts.transaction_json.as_deref().and_then(|json| serde_json::from_str::<Entries<'_>>(json).ok());
    for (key, value) in details.into_iter().flat_map(|entries| entries.0) {
        // The two above are always there; a chain whose details repeat them must not make a document with doubled keys.
        if key == "hash" || key == "index" {
            continue;
        }
        out.push(',');
        write_json_text(&key, out);
        out.push(':');
        out.push_str(value.get());
    }
    out.push('}');
}

fn write_fact(facts: &Facts, out: &mut String) {
    let position = facts.position;
    let kind = position.kind.as_str();
    match position.kind {
        PositionKind::Transaction => return,
        PositionKind::Event | PositionKind::Call => {
            let _ = write!(out, r#","{kind}":{{"name":"#);
            write_json_text(&facts.name, out);
            out.push_str(r#","signature":"#);
            write_json_text(&facts.signature, out);
            let _ = write!(out, r#","index":{}"#, position.index);
        }
        PositionKind::Transfer => {
            let _ = write!(out, r#","{kind}":{{"index":{},"sub":{}"#, position.index, position.sub);
        }
    }
    let _ = write!(out, r#","args":{}"#, facts.args_json);
    if let Some(attributes) = &facts.attributes_json {
        let _ = write!(out, r#","attributes":{attributes}"#);
    }
    out.push('}');
}

/// RFC 3339 in UTC. Blocks are hostile input: a time beyond the calendar (year 9999) becomes its last instant.
pub(crate) fn time(at: Timestamp) -> jiff::Timestamp {
    let furthest = if at.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    jiff::Timestamp::from_millisecond(at.0).unwrap_or(furthest)
}

/// A JSON object's entries in their own order, values as they were written.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;

        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(EntriesVisitor)
    }
}

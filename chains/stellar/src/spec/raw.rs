//! Events and calls of which no description tells the parameters: every value carries its own type.

use std::sync::Arc;

use chainbell_model::{ArgMask, DecodeError, Decoder, EventKey, Field, Payload, Schema, Type, Value};

use super::{
    call, event,
    event::{kind_value, whole},
    frame::Frame,
};
use crate::{
    payload::{self, Topics},
    value::Reason,
};

/// The topics after the name that an event of a known name shows, which is all that the host lets it have.
const SHOWN_TOPICS: usize = 3;

/// Every event: its topics and its data.
#[derive(Debug)]
pub(crate) struct RawEvent(Frame);

/// Every event whose first topic is a name: the topics behind it and its data.
#[derive(Debug)]
pub(crate) struct NamedEvent {
    frame: Frame,
    key: Option<EventKey>,
}

/// Every call, or every call of one function: its arguments.
#[derive(Debug)]
pub(crate) struct RawCall {
    frame: Frame,
    /// `None` for every function.
    function: Option<Box<str>>,
}

fn list() -> Type {
    Type::List(Arc::new(Type::Any))
}

impl RawEvent {
    pub(crate) fn new() -> Self {
        let fields = vec![Field::new("topics", list()), Field::new("data", Type::Any)];
        Self(Frame::with_fields(("*", "*".to_owned()), fields, &*event::ATTRIBUTES))
    }
}

impl NamedEvent {
    pub(crate) fn new(name: &str) -> Self {
        let topic = |place| Field::new(format!("topic{place}"), Type::Optional(Arc::new(Type::Any)));
        let mut fields: Vec<_> = (1..=SHOWN_TOPICS).map(topic).collect();
        fields.push(Field::new("data", Type::Any));
        let frame = Frame::with_fields((name, format!("{name}(...)")), fields, &*event::ATTRIBUTES);
        Self { frame, key: payload::call_key(name.as_bytes()) }
    }
}

impl RawCall {
    pub(crate) fn new(function: Option<&str>) -> Self {
        let names = match function {
            Some(name) => (name, format!("{name}(...)")),
            None => ("*", "*".to_owned()),
        };
        let frame = Frame::with_fields(names, vec![Field::new("args", list())], &*call::ATTRIBUTES);
        Self { frame, function: function.map(Box::from) }
    }
}

fn any(bytes: &[u8]) -> Result<Value, Reason> {
    whole(bytes, |reader| reader.any())
}

fn all(topics: Topics<'_>) -> Result<Value, Reason> {
    topics.iter().map(any).collect::<Result<_, _>>().map(Value::List)
}

impl Decoder for RawEvent {
    fn key(&self) -> Option<EventKey> {
        None
    }

    fn name(&self) -> &str {
        &self.0.name
    }

    fn signature(&self) -> &str {
        &self.0.signature
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.0.schema
    }

    fn attributes(&self) -> usize {
        self.0.attributes()
    }

    fn fits(&self, _payload: &Payload) -> bool {
        true
    }

    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        let parts = payload::event_parts(payload);
        self.0.clear(out);
        if wanted & 1 != 0 {
            out[0] = Some(all(parts.topics).map_err(|reason| self.0.fault("topics", reason))?);
        }
        if wanted & 2 != 0 {
            out[1] = Some(any(parts.value).map_err(|reason| self.0.fault("data", reason))?);
        }
        self.0.set_attribute(0, wanted, out, || kind_value(parts.kind));
        Ok(())
    }
}

impl Decoder for NamedEvent {
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
        let first = payload::event_parts(payload).topics.get(0);
        first.and_then(payload::name_of) == Some(self.frame.name.as_bytes())
    }

    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        let parts = payload::event_parts(payload);
        self.frame.clear(out);
        let fields = &self.frame.schema.fields;
        let mut topics = parts.topics.iter().skip(1);
        for (place, field) in fields.iter().enumerate().take(SHOWN_TOPICS) {
            let topic = topics.next();
            if wanted >> place & 1 != 0 {
                let value = topic.map_or(Ok(Value::Null), any);
                out[place] = Some(value.map_err(|reason| self.frame.fault(&field.name, reason))?);
            }
        }
        if wanted >> SHOWN_TOPICS & 1 != 0 {
            let value = any(parts.value).map_err(|reason| self.frame.fault("data", reason))?;
            out[SHOWN_TOPICS] = Some(value);
        }
        self.frame.set_attribute(0, wanted, out, || kind_value(parts.kind));
        Ok(())
    }
}

impl Decoder for RawCall {
    fn key(&self) -> Option<EventKey> {
        self.function.as_ref().and_then(|name| payload::call_key(name.as_bytes()))
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
        self.function.as_ref().is_none_or(|name| payload::call_parts(payload).function == name.as_bytes())
    }

    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        let parts = payload::call_parts(payload);
        self.frame.clear(out);
        if wanted & 1 != 0 {
            let arguments = whole(parts.arguments, |reader| {
                let count = reader.count(4)?;
                (0..count).map(|_| reader.any()).collect::<Result<_, _>>().map(Value::List)
            });
            out[0] = Some(arguments.map_err(|reason| self.frame.fault("args", reason))?);
        }
        call::set_attributes(&self.frame, &parts, wanted, out);
        Ok(())
    }
}

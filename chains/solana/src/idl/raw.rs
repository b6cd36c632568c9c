//! Every event and every instruction as they stand, undecoded.

use std::sync::{Arc, LazyLock};

use chainbell_model::{ArgMask, DecodeError, Decoder, EventKey, Field, Payload, Schema, Type, Value};

use super::{call, event};
use crate::payload;

static EVENT_SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| schema(event::attribute_types()));
static CALL_SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| schema(call::attribute_types()));

fn schema(attributes: Vec<(&str, Type)>) -> Arc<Schema> {
    let mut fields = vec![Field::new("data", Type::Bytes)];
    fields.extend(attributes.into_iter().map(|(name, ty)| Field::new(name, ty)));
    Arc::new(Schema { fields })
}

/// Every event: its data, the discriminator included.
#[derive(Debug)]
pub(crate) struct RawEvent;

/// Every instruction: its data, the discriminator included.
#[derive(Debug)]
pub(crate) struct RawCall;

impl Decoder for RawEvent {
    fn key(&self) -> Option<EventKey> {
        None
    }

    fn name(&self) -> &str {
        "*"
    }

    fn signature(&self) -> &str {
        "*"
    }

    fn schema(&self) -> &Arc<Schema> {
        &EVENT_SCHEMA
    }

    fn attributes(&self) -> usize {
        event::ATTRIBUTES.len()
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
        out.clear();
        out.push((wanted & 1 != 0).then(|| Value::Bytes(parts.data.into())));
        event::push_attributes(&parts, wanted, 1, out);
        Ok(())
    }
}

impl Decoder for RawCall {
    fn key(&self) -> Option<EventKey> {
        None
    }

    fn name(&self) -> &str {
        "*"
    }

    fn signature(&self) -> &str {
        "*"
    }

    fn schema(&self) -> &Arc<Schema> {
        &CALL_SCHEMA
    }

    fn attributes(&self) -> usize {
        call::ATTRIBUTES.len()
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
        let parts = payload::call_parts(payload);
        out.clear();
        out.push((wanted & 1 != 0).then(|| Value::Bytes(parts.data.into())));
        call::push_attributes(&parts, wanted, 1, out);
        Ok(())
    }
}

//! Every event and every call as they stand, undecoded.

use std::sync::{Arc, LazyLock};

use chainbell_model::{ArgMask, DecodeError, Decoder, EventKey, Field, Payload, Schema, Type, Value};

use crate::payload::{self, SELECTOR_LEN};

static EVENT_SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    let topics = Field::new("topics", Type::List(Arc::new(Type::Bytes)));
    Arc::new(Schema { fields: vec![topics, Field::new("data", Type::Bytes)] })
});

static CALL_SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    Arc::new(Schema { fields: vec![Field::new("selector", Type::Bytes), Field::new("input", Type::Bytes)] })
});

/// Every event: its topics and its data.
#[derive(Debug)]
pub(crate) struct RawEvent;

/// Every call: its selector, empty where the input is too short for one, and the whole input.
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

    fn fits(&self, _payload: &Payload) -> bool {
        true
    }

    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        let (topics, data) = payload::split(payload);
        out.clear();
        out.push(
            (wanted & 1 != 0)
                .then(|| Value::List(topics.iter().map(|topic| Value::Bytes((*topic).into())).collect())),
        );
        out.push((wanted & 2 != 0).then(|| Value::Bytes(data.into())));
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

    fn fits(&self, _payload: &Payload) -> bool {
        true
    }

    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        let selector = payload.0.get(..SELECTOR_LEN).unwrap_or_default();
        out.clear();
        out.push((wanted & 1 != 0).then(|| Value::Bytes(selector.into())));
        out.push((wanted & 2 != 0).then(|| Value::Bytes(payload.0.clone())));
        Ok(())
    }
}

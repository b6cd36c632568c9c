//! Decodes a call of a function whose parameters are known.

use std::sync::{Arc, LazyLock};

use chainbell_model::{ArgMask, DecodeError, Decoder, EventKey, Field, Int, Payload, Schema, Type, Value};

use super::{
    frame::{Frame, Slot},
    layout::Layouts,
    types::Function,
};
use crate::{
    payload::{self, CallParts},
    value::{Reader, text},
};

/// What a call is besides its arguments: its function, how deep it is (0 is the operation's own), and its operation.
pub(crate) static ATTRIBUTES: LazyLock<[Field; 3]> = LazyLock::new(|| {
    [
        Field::new("function", Type::Text),
        Field::new("depth", Type::Uint(8)),
        Field::new("operation", Type::Uint(16)),
    ]
});

/// A function's decoder.
#[derive(Debug)]
pub(crate) struct CallDecoder {
    frame: Frame,
    key: Option<EventKey>,
    inputs: Box<[Slot]>,
}

impl CallDecoder {
    /// Of a function.
    pub(crate) fn new(function: &Function, layouts: &mut Layouts<'_>) -> Self {
        let names = (&*function.name, function.to_string());
        let (frame, slots) = Frame::new(names, function.inputs.iter(), &*ATTRIBUTES, layouts);
        Self { frame, key: payload::call_key(function.name.as_bytes()), inputs: slots.into() }
    }
}

/// Sets the attributes that are asked for.
pub(crate) fn set_attributes(
    frame: &Frame,
    parts: &CallParts<'_>,
    wanted: ArgMask,
    out: &mut [Option<Value>],
) {
    let int = |value: u64| Value::Int(Int::from(value));
    frame.set_attribute(0, wanted, out, || Value::Text(text(parts.function)));
    frame.set_attribute(1, wanted, out, || int(parts.depth.into()));
    frame.set_attribute(2, wanted, out, || int(parts.operation.into()));
}

impl Decoder for CallDecoder {
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
        payload::call_parts(payload).function == self.frame.name.as_bytes()
    }

    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        let parts = payload::call_parts(payload);
        self.frame.clear(out);
        set_attributes(&self.frame, &parts, wanted, out);
        let Some(last) = self.inputs.iter().rposition(|slot| slot.is_in(wanted)) else { return Ok(()) };
        let mut reader = Reader::new(parts.arguments);
        let count = reader.count(4).map_err(|reason| self.frame.fault(&self.inputs[last].name, reason))?;
        if count != self.inputs.len() {
            let reason = "the call has another number of arguments than the description tells";
            return Err(self.frame.fault(&self.inputs[last].name, reason));
        }
        for slot in &self.inputs[..=last] {
            let read = match slot.is_in(wanted) {
                true => reader.value(&slot.shape).map(|value| slot.set(out, value)),
                false => reader.skip(),
            };
            read.map_err(|reason| self.frame.fault(&slot.name, reason))?;
        }
        Ok(())
    }
}

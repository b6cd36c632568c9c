//! Decodes the arguments of a function from a call's input.

use std::sync::Arc;

use chainbell_model::{ArgMask, DecodeError, Decoder, EventKey, InterfaceError, Payload, Schema, Value};

use super::{arguments::Arguments, reader::Reader, signature::Signature};
use crate::payload::{self, SELECTOR_LEN};

/// A function's decoder.
#[derive(Debug)]
pub(crate) struct CallDecoder {
    arguments: Arguments,
    key: Option<EventKey>,
}

impl CallDecoder {
    /// Of a function.
    pub(crate) fn new(signature: &Signature) -> Result<Self, InterfaceError> {
        let arguments = Arguments::new(signature, |_| false)?;
        let key = payload::call_key(arguments.hash().as_slice());
        Ok(Self { arguments, key })
    }
}

impl Decoder for CallDecoder {
    fn key(&self) -> Option<EventKey> {
        self.key
    }

    fn name(&self) -> &str {
        &self.arguments.name
    }

    fn signature(&self) -> &str {
        &self.arguments.signature
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.arguments.schema
    }

    fn fits(&self, payload: &Payload) -> bool {
        payload.0.len() >= SELECTOR_LEN
    }

    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        out.clear();
        let mut reader = Reader::new(payload.0.get(SELECTOR_LEN..).unwrap_or_default());
        let mut head = 0;
        for (place, layout) in self.arguments.layouts.iter().enumerate() {
            let value = match wanted >> place & 1 {
                0 => None,
                _ => Some(
                    reader.value(layout, 0, head).map_err(|reason| self.arguments.fault(place, reason))?,
                ),
            };
            out.push(value);
            head += layout.head;
        }
        Ok(())
    }
}

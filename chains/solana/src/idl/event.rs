//! Decodes an event's fields.

use std::sync::Arc;

use chainbell_model::{ArgMask, DecodeError, Decoder, EventKey, Int, Payload, Schema, Type, Value};

use super::{
    arguments::{Arguments, Leftover, Plan},
    compile::Compiler,
    item::Item,
    layout::Layouts,
    node::Fault,
};
use crate::payload::{self, EventParts, Source};

/// What is known of every event besides its fields.
pub(super) const ATTRIBUTES: [&str; 3] = ["source", "depth", "instruction"];

/// The types of [`ATTRIBUTES`].
pub(super) fn attribute_types() -> Vec<(&'static str, Type)> {
    ATTRIBUTES.into_iter().zip([Type::Text, Type::Uint(8), Type::Uint(16)]).collect()
}

/// Puts the values of [`ATTRIBUTES`], those of `wanted` from its bit `first` on, behind `out`.
pub(super) fn push_attributes(
    parts: &EventParts<'_>,
    wanted: ArgMask,
    first: usize,
    out: &mut Vec<Option<Value>>,
) {
    let wants = |place: usize| wanted >> (first + place) & 1 == 1;
    let source = match parts.source {
        Source::Log => "log",
        Source::Cpi => "cpi",
    };
    out.push(wants(0).then(|| Value::Text(source.into())));
    out.push(wants(1).then(|| Value::Int(Int::from(u64::from(parts.depth)))));
    out.push(wants(2).then(|| Value::Int(Int::from(u64::from(parts.instruction)))));
}

/// An event's decoder.
#[derive(Debug)]
pub(crate) struct EventDecoder {
    arguments: Arguments,
    key: Option<EventKey>,
}

/// An event's decoder without the layouts.
pub(crate) struct EventPlan(Plan);

impl EventPlan {
    /// Compiles the event's fields.
    pub(super) fn new(item: &Item, compiler: &mut Compiler<'_>) -> Result<Self, Fault> {
        Plan::new(item, compiler, ATTRIBUTES.len()).map(Self)
    }

    /// The decoder.
    pub(super) fn finish(self, layouts: &Arc<Layouts>) -> EventDecoder {
        let arguments = self.0.finish(layouts, attribute_types());
        EventDecoder { key: arguments.discriminator.key(), arguments }
    }
}

impl Decoder for EventDecoder {
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

    fn attributes(&self) -> usize {
        ATTRIBUTES.len()
    }

    fn fits(&self, payload: &Payload) -> bool {
        self.arguments.discriminator.fits(payload::event_parts(payload).data)
    }

    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        out.clear();
        let parts = payload::event_parts(payload);
        self.arguments.decode(parts.data, wanted, Leftover::Fault, out)?;
        push_attributes(&parts, wanted, self.arguments.count, out);
        Ok(())
    }
}

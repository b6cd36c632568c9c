//! What the decoders of events and calls share: name, signature, arguments and attributes.

use std::sync::Arc;

use chainbell_model::{ArgMask, DecodeError, Field, Schema, Value};

use super::{layout::Layouts, types::Param};
use crate::value::{Reason, Shape};

/// The most fields of a schema, so that an [`ArgMask`] covers them.
const MAX_FIELDS: usize = 64;

/// The part of a decoder that does not depend on where its arguments stand.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) name: Box<str>,
    pub(crate) signature: Box<str>,
    pub(crate) schema: Arc<Schema>,
    /// For each of the chain's attributes, its place; `None` where an argument has that name.
    attributes: Box<[Option<usize>]>,
}

/// One argument.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) name: Box<str>,
    pub(crate) shape: Shape,
    /// In the schema; `None` for an argument beyond those that a schema holds, which is passed over.
    place: Option<usize>,
}

impl Frame {
    /// The frame and the arguments' slots. Attributes come last; one that has an argument's name gives way to it.
    pub(crate) fn new<'p>(
        (name, signature): (&str, String),
        params: impl Iterator<Item = &'p Param>,
        attributes: &[Field],
        layouts: &mut Layouts<'_>,
    ) -> (Self, Vec<Slot>) {
        let most = MAX_FIELDS - attributes.len();
        let mut fields = Vec::new();
        let slots = params.map(|param| {
            let layout = layouts.of(&param.ty);
            let place = (fields.len() < most).then_some(fields.len());
            if place.is_some() {
                fields.push(Field::new(Arc::clone(&param.name), layout.ty));
            }
            Slot { name: Box::from(&*param.name), shape: layout.shape, place }
        });
        let slots = slots.collect();
        let frame = Self::with_fields((name, signature), fields, attributes);
        (frame, slots)
    }

    /// A frame of these arguments.
    pub(crate) fn with_fields(
        (name, signature): (&str, String),
        mut fields: Vec<Field>,
        attributes: &[Field],
    ) -> Self {
        let arguments = fields.len();
        let attributes = attributes.iter().map(|attribute| {
            let taken = fields[..arguments].iter().any(|field| field.name == attribute.name);
            let place = (!taken).then_some(fields.len());
            if !taken {
                fields.push(attribute.clone());
            }
            place
        });
        let attributes = attributes.collect();
        Self {
            name: name.into(),
            signature: signature.into(),
            schema: Arc::new(Schema { fields }),
            attributes,
        }
    }

    /// How many attributes there are.
    pub(crate) fn attributes(&self) -> usize {
        self.attributes.iter().flatten().count()
    }

    /// A place for each field, all empty.
    pub(crate) fn clear(&self, out: &mut Vec<Option<Value>>) {
        out.clear();
        out.resize(self.schema.fields.len(), None);
    }

    /// Sets the attribute where it is asked for.
    pub(crate) fn set_attribute(
        &self,
        which: usize,
        wanted: ArgMask,
        out: &mut [Option<Value>],
        value: impl FnOnce() -> Value,
    ) {
        if let Some(place) = self.attributes.get(which).copied().flatten()
            && wanted >> place & 1 != 0
        {
            out[place] = Some(value());
        }
    }

    /// Why the argument of that name does not decode.
    pub(crate) fn fault(&self, field: &str, reason: Reason) -> DecodeError {
        DecodeError { signature: self.signature.to_string(), field: field.to_owned(), reason }
    }
}

impl Slot {
    /// Whether it is asked for.
    pub(crate) fn is_in(&self, wanted: ArgMask) -> bool {
        self.place.is_some_and(|place| wanted >> place & 1 != 0)
    }

    /// Puts its value where it belongs.
    pub(crate) fn set(&self, out: &mut [Option<Value>], value: Value) {
        if let Some(place) = self.place {
            out[place] = Some(value);
        }
    }

    /// Whether it is there.
    pub(crate) fn take(&self, out: &mut [Option<Value>]) -> Option<Value> {
        out[self.place?].take()
    }
}

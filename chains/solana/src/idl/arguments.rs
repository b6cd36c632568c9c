//! What decoders of events and calls share: the compiled fields, how they are read, and how a fault in one is told.

use std::sync::Arc;

use chainbell_model::{ArgMask, DecodeError, Schema, Type, Value};

use super::{
    bounds::{MAX_FIELDS, MAX_PARTS},
    compile::Compiler,
    cursor::Reason,
    discriminator::Discriminator,
    fields::Fields,
    item::Item,
    layout::{Layouts, Slot},
    node::Fault,
    reader::Reader,
};

/// The last field of those that have too many: the rest of them.
const MORE: &str = "more";

/// An item's fields, compiled, yet without the layouts that it shares with others.
pub(super) struct Plan {
    name: String,
    signature: String,
    discriminator: Discriminator,
    start: usize,
    slots: Box<[Slot]>,
    /// The fields alone.
    schema: Fields,
    /// Of how many fields each is one of the schema; those behind are together in [`MORE`].
    direct: usize,
}

/// The fields of one event or instruction.
#[derive(Debug)]
pub(super) struct Arguments {
    pub(super) name: String,
    pub(super) signature: String,
    pub(super) schema: Arc<Schema>,
    pub(super) discriminator: Discriminator,
    layouts: Arc<Layouts>,
    /// Where in the data the fields begin.
    start: usize,
    slots: Box<[Slot]>,
    direct: usize,
    /// How many of the schema's fields they are.
    pub(super) count: usize,
}

/// What is done with bytes behind the last field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leftover {
    Fault,
    Ignored,
}

impl Plan {
    /// Compiles the fields, leaving room for `others` in the schema.
    pub(super) fn new(item: &Item, compiler: &mut Compiler<'_>, others: usize) -> Result<Self, Fault> {
        if item.fields.len() > MAX_PARTS {
            return Err(fault_at(item, "", format!("there are more than {MAX_PARTS} fields")));
        }
        let mut slots = Vec::with_capacity(item.fields.len());
        let mut schema = Fields::default();
        for field in item.fields.iter() {
            let compiled = compiler.field(&field.ty).map_err(|fault| fault_at(item, &field.name, fault))?;
            slots.push(Slot { id: compiled.id, hidden: field.hidden });
            if !field.hidden {
                schema.push(&field.name, compiled.ty);
            }
        }
        let room = MAX_FIELDS - others;
        let mut direct = schema.len();
        if direct > room {
            direct = room - 1;
            schema.gather(direct, MORE);
        }
        Ok(Self {
            name: item.name.clone(),
            signature: item.to_string(),
            discriminator: item.discriminator.clone(),
            start: item.start,
            slots: slots.into(),
            schema,
            direct,
        })
    }

    /// With what else the schema has.
    pub(super) fn finish(self, layouts: &Arc<Layouts>, others: Vec<(&str, Type)>) -> Arguments {
        let mut schema = self.schema;
        let count = schema.len();
        for (name, ty) in others {
            schema.push_reserved(name, ty);
        }
        Arguments {
            name: self.name,
            signature: self.signature,
            schema: schema.finish(),
            discriminator: self.discriminator,
            layouts: Arc::clone(layouts),
            start: self.start,
            slots: self.slots,
            direct: self.direct,
            count,
        }
    }
}

impl Arguments {
    /// Puts the fields, those of `wanted`, behind `out`. The others are passed over, so that whether the data is
    /// complete does not depend on who asks.
    pub(super) fn decode(
        &self,
        data: &[u8],
        wanted: ArgMask,
        leftover: Leftover,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        let mut reader = Reader::new(&self.layouts, data, self.start);
        let mut place = 0;
        let mut more = Vec::new();
        for slot in &self.slots {
            let in_more = place >= self.direct;
            let field = if in_more { self.direct } else { place };
            if slot.hidden || wanted >> field & 1 == 0 {
                reader.skip(slot.id).map_err(|reason| self.fault(field, reason))?;
            } else {
                let value = reader.value(slot.id).map_err(|reason| self.fault(field, reason))?;
                if in_more {
                    more.push(value);
                } else {
                    out.push(Some(value));
                    place += 1;
                    continue;
                }
            }
            if !slot.hidden {
                if !in_more {
                    out.push(None);
                }
                place += 1;
            }
        }
        if self.count > self.direct {
            out.push((wanted >> self.direct & 1 == 1).then_some(Value::Record(more)));
        }
        if leftover == Leftover::Fault && reader.left() > 0 {
            let reason = "bytes are left over behind it: the description may be older than the program";
            return Err(self.fault(self.count.saturating_sub(1), reason));
        }
        Ok(())
    }

    /// The fault in the field at `place` of the schema.
    pub(super) fn fault(&self, place: usize, reason: Reason) -> DecodeError {
        let field = self.schema.fields.get(place).map_or_else(String::new, |field| field.name.to_string());
        DecodeError { signature: self.signature.clone(), field, reason }
    }
}

fn fault_at(item: &Item, field: &str, fault: Fault) -> Fault {
    match (item.place.is_empty(), field.is_empty()) {
        (true, _) => fault,
        (false, true) => format!("{}: {fault}", item.place),
        (false, false) => format!("{}, {field:?}: {fault}", item.place),
    }
}

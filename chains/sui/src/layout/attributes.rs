//! What the chain says of every event and of every call besides its fields.

use chainbell_model::{Address, ArgMask, Field, Type, Value};

use super::pattern::{Tag, types};
use crate::payload::{CallParts, EventParts};

/// How many an event has.
pub(super) const OF_EVENT: usize = 5;
/// How many a call has.
pub(super) const OF_CALL: usize = 3;

/// `package` and `module` are those of the function called, `type` the event's type in full.
pub(super) fn event_fields() -> [Field; OF_EVENT] {
    [
        Field::new("package", Type::Address),
        Field::new("module", Type::Text),
        Field::new("type", Type::Text),
        Field::new("type_arguments", Type::List(Type::Text.into())),
        Field::new("sender", Type::Address),
    ]
}

/// Appends an event's, those of `wanted` from its lowest bit on.
pub(super) fn push_event(parts: &EventParts<'_>, wanted: ArgMask, out: &mut Vec<Option<Value>>) {
    let asks = |place: u32| wanted >> place & 1 != 0;
    out.extend([
        address(&parts.package),
        asks(1).then(|| Value::Text(parts.module.into())),
        asks(2).then(|| Value::Text(parts.struct_tag.into())),
        asks(3).then(|| texts(types(Tag::split(parts.struct_tag).arguments))),
        address(&parts.sender),
    ]);
}

/// The package is the contract called.
pub(super) fn call_fields() -> [Field; OF_CALL] {
    [
        Field::new("module", Type::Text),
        Field::new("function", Type::Text),
        Field::new("type_arguments", Type::List(Type::Text.into())),
    ]
}

/// Appends a call's, those of `wanted` from its lowest bit on.
pub(super) fn push_call(parts: &CallParts<'_>, wanted: ArgMask, out: &mut Vec<Option<Value>>) {
    let asks = |place: u32| wanted >> place & 1 != 0;
    out.extend([
        asks(0).then(|| Value::Text(parts.module.into())),
        asks(1).then(|| Value::Text(parts.function.into())),
        asks(2).then(|| texts(parts.type_arguments.iter().copied())),
    ]);
}

fn address(bytes: &[u8]) -> Option<Value> {
    Address::from_slice(bytes).map(Value::Address)
}

fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Value {
    Value::List(texts.map(|text| Value::Text(text.into())).collect())
}

//! Events and calls as they stand, undecoded: every one, or those of a module.

use std::sync::{Arc, LazyLock};

use chainbell_model::{
    Address, ArgMask, DecodeError, Decoder, EventKey, Field, Payload, Schema, Type, Value,
};

use super::{attributes, event::Wanted, parser::ANY, pattern::Tag, types::Name};
use crate::{
    address,
    payload::{self, Argument},
};

static EVENT_SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    let json = Type::Optional(Arc::new(Type::Text));
    let mut fields = vec![Field::new("contents", Type::Bytes), Field::new("json", json)];
    fields.extend(attributes::event_fields());
    Arc::new(Schema { fields })
});

static CALL_SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    let input = Type::Optional(Arc::new(Type::Any));
    let mut fields = vec![Field::new("inputs", Type::List(Arc::new(input)))];
    fields.extend(attributes::call_fields());
    Arc::new(Schema { fields })
});

/// Events: their contents as bytes, and as the node renders them where it does.
#[derive(Debug)]
pub(crate) struct RawEvent {
    name: Arc<str>,
    signature: String,
    key: Option<EventKey>,
    package: Option<String>,
    module: Option<String>,
}

impl RawEvent {
    /// Every event.
    pub(crate) fn every() -> Self {
        Self { name: ANY.into(), signature: ANY.to_owned(), key: None, package: None, module: None }
    }

    /// Every event whose type is of that module.
    pub(crate) fn of_module(package: Option<[u8; address::LEN]>, module: &str) -> Self {
        let wanted = Wanted { package, ..Wanted::default() };
        Self {
            signature: super::event::signature(&Name::new([0; address::LEN], module, ANY), &wanted),
            package: package.as_ref().map(address::text),
            module: Some(module.to_owned()),
            ..Self::every()
        }
    }

    /// The events of one type, which nobody can decode.
    pub(crate) fn of_type(name: &Name) -> Self {
        Self {
            name: Arc::clone(&name.name),
            signature: name.short(),
            key: Some(payload::event_key(&name.module, &name.name)),
            ..Self::every()
        }
    }
}

impl Decoder for RawEvent {
    fn key(&self) -> Option<EventKey> {
        self.key
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &str {
        &self.signature
    }

    fn schema(&self) -> &Arc<Schema> {
        &EVENT_SCHEMA
    }

    fn attributes(&self) -> usize {
        attributes::OF_EVENT
    }

    fn fits(&self, payload: &Payload) -> bool {
        let Some(module) = &self.module else { return true };
        let tag = Tag::split(payload::struct_tag(payload));
        module == tag.module && self.package.as_ref().is_none_or(|package| package == tag.package)
    }

    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        out.clear();
        let parts = payload::event_parts(payload);
        let json = || parts.json.map_or(Value::Null, |json| Value::Text(json.into()));
        out.push((wanted & 1 != 0).then(|| Value::Bytes(parts.contents.into())));
        out.push((wanted & 2 != 0).then(json));
        attributes::push_event(&parts, wanted >> 2, out);
        Ok(())
    }
}

/// Calls: what they were called with, undecoded values as bytes, objects by their ids, and results of other commands
/// absent.
#[derive(Debug)]
pub(crate) struct RawCall {
    signature: String,
    module: Option<String>,
}

impl RawCall {
    /// Every call.
    pub(crate) fn every() -> Self {
        Self { signature: ANY.to_owned(), module: None }
    }

    /// Every call of a function of that module.
    pub(crate) fn of_module(module: &str) -> Self {
        Self { signature: format!("{module}::{ANY}"), module: Some(module.to_owned()) }
    }
}

impl Decoder for RawCall {
    fn key(&self) -> Option<EventKey> {
        None
    }

    fn name(&self) -> &str {
        ANY
    }

    fn signature(&self) -> &str {
        &self.signature
    }

    fn schema(&self) -> &Arc<Schema> {
        &CALL_SCHEMA
    }

    fn attributes(&self) -> usize {
        attributes::OF_CALL
    }

    fn fits(&self, payload: &Payload) -> bool {
        self.module.as_ref().is_none_or(|module| module == payload::called_module(payload))
    }

    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        out.clear();
        let parts = payload::call_parts(payload);
        out.push((wanted & 1 != 0).then(|| Value::List(parts.arguments.iter().map(input).collect())));
        attributes::push_call(&parts, wanted >> 1, out);
        Ok(())
    }
}

fn input(argument: &Argument<'_>) -> Value {
    let of = |ty, value| Value::Any(Box::new((ty, value)));
    match argument {
        Argument::Pure(bytes) => of(Type::Bytes, Value::Bytes((*bytes).into())),
        Argument::Object(id) => {
            Address::from_slice(id).map_or(Value::Null, |id| of(Type::Address, Value::Address(id)))
        }
        Argument::Other => Value::Null,
    }
}

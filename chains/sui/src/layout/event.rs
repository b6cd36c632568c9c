//! Decodes the fields of an event from its BCS, or from the node's rendering where there is no BCS.

use std::sync::Arc;

use chainbell_model::{ArgMask, DecodeError, Decoder, EventKey, Field, Payload, Schema, Type, Value};

use super::{
    attributes,
    catalogue::Catalogue,
    open::{Given, OpenTypes},
    pattern::{Arguments, Tag, types},
    reader::{Reader, Reason},
    rendering::{self, Object},
    shape::{Compiler, Layout, Unlaid},
    types::{Body, MoveType, Name},
};
use crate::{
    address,
    payload::{self, EventParts},
};

/// A mask has a bit for each of the fields, attributes included.
const MAX_FIELDS: usize = ArgMask::BITS as usize - attributes::OF_EVENT;

/// The field that holds the fields that a mask has no bits for.
pub(super) const MORE: &str = "more";

/// Which events of a type a decoder is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The package that defines the type; any without one.
    pub(crate) package: Option<[u8; address::LEN]>,
    /// The type's arguments.
    pub(crate) arguments: Arguments,
}

/// An event's decoder.
#[derive(Debug)]
pub(crate) struct EventDecoder {
    name: Arc<str>,
    signature: String,
    key: EventKey,
    /// The text of [`Wanted::package`].
    package: Option<String>,
    arguments: Arguments,
    schema: Arc<Schema>,
    content: Content,
    /// For the type parameters that are not fixed, where values of them are held.
    open: Option<OpenTypes>,
}

/// How the fields lie in an event.
#[derive(Debug)]
enum Content {
    /// One after the other.
    Struct(Vec<Arc<Layout>>),
    /// All of them in one value, which is an enum's.
    Enum(Arc<Layout>),
}

impl EventDecoder {
    /// Of the events of a datatype.
    pub(crate) fn new(catalogue: &Arc<Catalogue>, name: &Name, wanted: &Wanted) -> Result<Self, Unlaid> {
        let datatype = catalogue.datatype(name).ok_or_else(|| Unlaid::Missing(name.clone()))?;
        let given = wanted.arguments.types(datatype.parameters);
        if wanted.arguments.len() > 0 && wanted.arguments.len() != datatype.parameters {
            return Err(Unlaid::Arguments(name.clone()));
        }
        let mut compiler = Compiler::new(catalogue);
        let (content, mut fields) = match &datatype.body {
            Body::Struct(members) => {
                let compile = |member| compiler.member(member, &given, 1);
                let layouts = members.iter().map(compile).collect::<Result<Vec<_>, _>>()?;
                let names = members.iter().map(|member| Arc::clone(&member.name));
                let (layouts, fields) = within_mask(layouts, names.collect(), MAX_FIELDS);
                (Content::Struct(layouts), fields)
            }
            Body::Enum(_) | Body::Unordered => {
                let layout = compiler.layout(&MoveType::Datatype(name.clone(), given.clone()))?;
                let fields = match &layout.ty {
                    Type::Record(schema) if schema.fields.len() <= MAX_FIELDS => schema.fields.clone(),
                    Type::Record(_) => return Err(Unlaid::TooLarge),
                    ty => vec![Field::new("kind", ty.clone())],
                };
                (Content::Enum(layout), fields)
            }
        };
        let holds_open = datatype.body.types().any(|ty| {
            ty.parameters().iter().any(|place| matches!(given.get(*place), Some(MoveType::Parameter(_))))
        });
        fields.extend(attributes::event_fields());
        Ok(Self {
            name: Arc::clone(&name.name),
            signature: signature(name, wanted),
            key: payload::event_key(&name.module, &name.name),
            package: wanted.package.as_ref().map(address::text),
            arguments: wanted.arguments.clone(),
            schema: Arc::new(Schema { fields }),
            content,
            open: holds_open.then(|| OpenTypes::new(Arc::clone(catalogue))),
        })
    }

    /// How many of the fields are the type's own.
    fn own(&self) -> usize {
        self.schema.fields.len() - attributes::OF_EVENT
    }

    fn read(
        &self,
        parts: &EventParts<'_>,
        wanted: ArgMask,
        given: Given<'_>,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), (usize, Reason)> {
        match (&self.content, parts.json) {
            (Content::Struct(layouts), Some(json)) if parts.contents.is_empty() => {
                self.read_rendering(json, layouts, wanted, given, out)
            }
            (Content::Enum(layout), Some(json)) if parts.contents.is_empty() => {
                let value = rendering::value(json, layout, given).map_err(|reason| (0, reason))?;
                push_whole(value, wanted, out);
                Ok(())
            }
            (Content::Struct(layouts), _) => read_struct(parts.contents, layouts, wanted, given, out),
            (Content::Enum(layout), _) => {
                let mut reader = Reader::new(parts.contents, given);
                let value = reader.value(layout).map_err(|reason| (0, reason))?;
                push_whole(value, wanted, out);
                at_end(&reader).map_err(|reason| (0, reason))
            }
        }
    }

    fn read_rendering(
        &self,
        json: &str,
        layouts: &[Arc<Layout>],
        wanted: ArgMask,
        given: Given<'_>,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), (usize, Reason)> {
        let object = Object::read(json).ok_or((0, "the node's rendering is no struct"))?;
        for (place, (field, layout)) in self.schema.fields.iter().zip(layouts).enumerate() {
            if wanted >> place & 1 == 0 {
                out.push(None);
                continue;
            }
            let value = match object.get(&field.name) {
                // Its fields stand beside the others.
                None if &*field.name == MORE => rendering::value(json, layout, given),
                _ => object.value(&field.name, layout, given),
            };
            out.push(Some(value.map_err(|reason| (place, reason))?));
        }
        Ok(())
    }

    fn fault(&self, place: usize, reason: Reason) -> DecodeError {
        let field = self.schema.fields.get(place).map_or_else(String::new, |field| field.name.to_string());
        DecodeError { signature: self.signature.clone(), field, reason }
    }
}

impl Decoder for EventDecoder {
    fn key(&self) -> Option<EventKey> {
        Some(self.key)
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &str {
        &self.signature
    }

    fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn attributes(&self) -> usize {
        attributes::OF_EVENT
    }

    fn fits(&self, payload: &Payload) -> bool {
        if self.package.is_none() && self.arguments.is_any() {
            return true;
        }
        let tag = Tag::split(payload::struct_tag(payload));
        self.package.as_ref().is_none_or(|package| package == tag.package)
            && self.arguments.fit(types(tag.arguments))
    }

    fn decode(
        &self,
        payload: &Payload,
        wanted: ArgMask,
        out: &mut Vec<Option<Value>>,
    ) -> Result<(), DecodeError> {
        out.clear();
        let parts = payload::event_parts(payload);
        let own = self.own();
        if wanted & !(ArgMask::MAX << own) == 0 {
            out.resize(own, None);
        } else {
            let written = Tag::split(parts.struct_tag).arguments;
            let compiled = self.open.as_ref().map(|open| open.given(written, types(written)));
            let given = compiled.as_deref().map(Given).unwrap_or_default();
            self.read(&parts, wanted, given, out).map_err(|(place, reason)| self.fault(place, reason))?;
        }
        attributes::push_event(&parts, wanted >> own, out);
        Ok(())
    }
}

/// `module::Name` with what else is asked of it.
pub(crate) fn signature(name: &Name, wanted: &Wanted) -> String {
    let mut signature = String::new();
    if let Some(package) = &wanted.package {
        address::push_text(package, &mut signature);
        signature.push_str("::");
    }
    signature.push_str(&name.short());
    wanted.arguments.push_text(&mut signature);
    signature
}

/// The fields, at most `max` of them: the last holds those that are too many.
pub(super) fn within_mask(
    mut layouts: Vec<Arc<Layout>>,
    mut names: Vec<Arc<str>>,
    max: usize,
) -> (Vec<Arc<Layout>>, Vec<Field>) {
    if layouts.len() > max {
        let more = layouts.split_off(max - 1).into_iter().zip(names.split_off(max - 1));
        let (layout_list, name_list): (Vec<_>, Vec<_>) = more.unzip();
        layouts.push(Arc::new(Layout::record(name_list, layout_list)));
        names.push(MORE.into());
    }
    let types = layouts.iter().map(|layout| layout.ty.clone());
    let fields = names.into_iter().zip(types).map(|(name, ty)| Field { name, ty }).collect();
    (layouts, fields)
}

fn read_struct(
    contents: &[u8],
    layouts: &[Arc<Layout>],
    wanted: ArgMask,
    given: Given<'_>,
    out: &mut Vec<Option<Value>>,
) -> Result<(), (usize, Reason)> {
    let mut reader = Reader::new(contents, given);
    for (place, layout) in layouts.iter().enumerate() {
        if wanted >> place & 1 == 0 {
            reader.skip(layout).map_err(|reason| (place, reason))?;
            out.push(None);
            continue;
        }
        out.push(Some(reader.value(layout).map_err(|reason| (place, reason))?));
    }
    at_end(&reader).map_err(|reason| (layouts.len().saturating_sub(1), reason))
}

fn at_end(reader: &Reader<'_>) -> Result<(), Reason> {
    match reader.is_empty() {
        true => Ok(()),
        false => Err("the data goes on after it: this is not the layout that was described"),
    }
}

/// The value of an enum as the fields of the event.
fn push_whole(value: Value, wanted: ArgMask, out: &mut Vec<Option<Value>>) {
    let values = match value {
        Value::Record(values) => values,
        value => vec![value],
    };
    let asked = |(place, value)| (wanted >> place & 1 != 0).then_some(value);
    out.extend(values.into_iter().enumerate().map(asked));
}

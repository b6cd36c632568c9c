//! Decoded values, their types, and their one JSON form.

use std::{fmt::Write as _, sync::Arc};

use crate::{Address, Dialect, Int};

/// The type of a value, known before any data is seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// True or false.
    Bool,
    /// An unsigned integer of that many bits.
    Uint(u16),
    /// A signed integer of that many bits.
    Int(u16),
    /// An account or contract.
    Address,
    /// Bytes, of fixed or any length.
    Bytes,
    /// The 32-byte hash of an indexed dynamic value: EVM logs keep no more of it.
    Hash,
    /// UTF-8 text.
    Text,
    /// A list of one type.
    List(Arc<Type>),
    /// A struct or tuple.
    Record(Arc<Schema>),
    /// A value that may be absent (an `Option`, a variant's content). Conditions see an absent one as they see a field
    /// that a transaction lacks.
    Optional(Arc<Type>),
    /// A value that carries its own type, where no description tells it before. Conditions cannot look into it.
    Any,
}

/// A named, typed place in a [`Schema`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name; positional names (`arg0`) where the source has none.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
}

impl Field {
    /// A field.
    pub fn new(name: impl Into<Arc<str>>, ty: Type) -> Self {
        Self { name: name.into(), ty }
    }
}

/// The fields of an event, a call, a transaction or a record, in their own order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Schema {
    /// The fields. At most 64 at the top level of a decoder, so that an [`crate::ArgMask`] covers them.
    pub fields: Vec<Field>,
}

impl Schema {
    /// The place of the field of that name.
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| &*field.name == name)
    }
}

/// A decoded value. Its [`Type`] travels beside it, in the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of [`Type::Bool`].
    Bool(bool),
    /// Of [`Type::Uint`] or [`Type::Int`].
    Int(Int),
    /// Of [`Type::Address`].
    Address(Address),
    /// Of [`Type::Bytes`] or [`Type::Hash`].
    Bytes(Box<[u8]>),
    /// Of [`Type::Text`].
    Text(Box<str>),
    /// Of [`Type::List`].
    List(Vec<Value>),
    /// Of [`Type::Record`]; one value per field of its schema.
    Record(Vec<Value>),
    /// Of [`Type::Optional`]: absent. A present one is the value itself.
    Null,
    /// Of [`Type::Any`]: the value with its type.
    Any(Box<(Type, Value)>),
}

/// Integers of types wider than this are JSON strings; narrower ones are JSON numbers. It depends on the type alone.
const JSON_SAFE_BITS: u16 = 53;

impl Value {
    /// Appends the JSON form: integers of types wider than 53 bits as decimal strings, bytes as `0x…` text, addresses in
    /// the chain's own text form, hashes of indexed values as `{"indexedHash":"0x…"}`, absent values as `null`. A value that is not of type `ty`
    /// becomes `null`; decoders never produce one.
    pub fn write_json(&self, ty: &Type, dialect: &dyn Dialect, out: &mut String) {
        match (self, ty) {
            (Self::Null, _) => out.push_str("null"),
            (Self::Any(typed), _) => typed.1.write_json(&typed.0, dialect, out),
            (value, Type::Optional(ty)) => value.write_json(ty, dialect, out),
            (Self::Bool(value), _) => out.push_str(if *value { "true" } else { "false" }),
            (Self::Int(value), Type::Uint(bits) | Type::Int(bits)) if *bits <= JSON_SAFE_BITS => {
                let _ = write!(out, "{value}");
            }
            (Self::Int(value), _) => {
                let _ = write!(out, "\"{value}\"");
            }
            (Self::Address(address), _) => {
                out.push('"');
                dialect.address_text(address, out);
                out.push('"');
            }
            (Self::Bytes(bytes), Type::Hash) => {
                let _ = write!(out, "{{\"indexedHash\":\"{}\"}}", const_hex::encode_prefixed(bytes));
            }
            (Self::Bytes(bytes), _) => {
                out.push('"');
                out.push_str(&const_hex::encode_prefixed(bytes));
                out.push('"');
            }
            (Self::Text(text), _) => write_json_text(text, out),
            (Self::List(items), Type::List(item_type)) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write_json(item_type, dialect, out);
                }
                out.push(']');
            }
            (Self::Record(values), Type::Record(schema)) => {
                write_json_record(schema, values.iter().map(Some), dialect, out);
            }
            (Self::List(_) | Self::Record(_), _) => out.push_str("null"),
        }
    }
}

/// Appends a JSON object of `schema`'s fields; a missing value (`None`) is left out.
pub fn write_json_record<'a>(
    schema: &Schema,
    values: impl IntoIterator<Item = Option<&'a Value>>,
    dialect: &dyn Dialect,
    out: &mut String,
) {
    write_json_fields(&schema.fields, values, dialect, out);
}

/// The same for some of a schema's fields.
pub fn write_json_fields<'a>(
    fields: &[Field],
    values: impl IntoIterator<Item = Option<&'a Value>>,
    dialect: &dyn Dialect,
    out: &mut String,
) {
    out.push('{');
    let mut first = true;
    for (field, value) in fields.iter().zip(values) {
        let Some(value) = value else { continue };
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        write_json_text(&field.name, out);
        out.push(':');
        value.write_json(&field.ty, dialect, out);
    }
    out.push('}');
}

/// Appends a JSON string literal.
pub fn write_json_text(text: &str, out: &mut String) {
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.push('"');
        out.push_str(text);
        out.push('"');
        return;
    }
    // Serialising a str cannot fail.
    out.push_str(&serde_json_text(text));
}

fn serde_json_text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

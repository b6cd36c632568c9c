//! Values of Move types, in BCS and in the JSON that nodes render.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use prost_types::{ListValue, Struct, Value as Json, value::Kind};
use sui_sdk_types::Address;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Bool(bool),
    U64(u64),
    U128(u128),
    /// Less than 2^128 of what the type holds.
    U256(u128),
    Address(Address),
    Text(String),
    Bytes(Vec<u8>),
    Option(Option<Box<Value>>),
    List(Vec<Value>),
    Struct(Vec<(&'static str, Value)>),
    Variant {
        index: u8,
        name: &'static str,
        fields: Vec<(&'static str, Value)>,
    },
}

impl Value {
    pub(crate) fn bcs(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Bool(value) => out.push(u8::from(*value)),
            Self::U64(value) => out.extend_from_slice(&value.to_le_bytes()),
            Self::U128(value) => out.extend_from_slice(&value.to_le_bytes()),
            Self::U256(value) => {
                out.extend_from_slice(&value.to_le_bytes());
                out.extend_from_slice(&[0; 16]);
            }
            Self::Address(address) => out.extend_from_slice(address.as_bytes()),
            Self::Text(text) => write_bytes(out, text.as_bytes()),
            Self::Bytes(bytes) => write_bytes(out, bytes),
            Self::Option(value) => {
                out.push(u8::from(value.is_some()));
                if let Some(value) = value {
                    value.write(out);
                }
            }
            Self::List(items) => {
                write_length(out, items.len());
                items.iter().for_each(|item| item.write(out));
            }
            Self::Struct(fields) => fields.iter().for_each(|(_, value)| value.write(out)),
            Self::Variant { index, fields, .. } => {
                out.push(*index);
                fields.iter().for_each(|(_, value)| value.write(out));
            }
        }
    }

    /// As nodes do: what JSON's numbers cannot hold is a text.
    pub(crate) fn json(&self) -> Json {
        let kind = match self {
            Self::Bool(value) => Kind::BoolValue(*value),
            Self::U64(value) => Kind::StringValue(value.to_string()),
            Self::U128(value) | Self::U256(value) => Kind::StringValue(value.to_string()),
            Self::Address(address) => Kind::StringValue(address.to_string()),
            Self::Text(text) => Kind::StringValue(text.clone()),
            Self::Bytes(bytes) => Kind::StringValue(STANDARD.encode(bytes)),
            Self::Option(None) => Kind::NullValue(0),
            Self::Option(Some(value)) => return value.json(),
            Self::List(items) => {
                Kind::ListValue(ListValue { values: items.iter().map(Self::json).collect() })
            }
            Self::Struct(fields) => object(None, fields),
            Self::Variant { name, fields, .. } => object(Some(name), fields),
        };
        Json { kind: Some(kind) }
    }
}

fn object(variant: Option<&str>, fields: &[(&'static str, Value)]) -> Kind {
    let text = |text: &str| Json { kind: Some(Kind::StringValue(text.to_owned())) };
    let variant = variant.map(|name| ("@variant".to_owned(), text(name)));
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.json()));
    let fields: BTreeMap<_, _> = variant.into_iter().chain(fields).collect();
    Kind::StructValue(Struct { fields })
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// ULEB128.
fn write_length(out: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_the_reference_bcs_writes() {
        let long = "x".repeat(200);
        let value = Value::Struct(vec![
            ("a", Value::Bool(true)),
            ("b", Value::U128(7)),
            ("c", Value::Text(long.clone())),
            ("d", Value::Option(Some(Box::new(Value::U64(1 << 40))))),
            ("e", Value::List(vec![Value::Bool(true), Value::Bool(false)])),
            ("f", Value::Option(None)),
        ]);
        let expected = (true, 7_u128, long, Some(1_u64 << 40), vec![true, false], None::<u8>);
        assert_eq!(value.bcs(), bcs::to_bytes(&expected).unwrap());
        let variant = Value::Variant { index: 2, name: "Limit", fields: vec![("price", Value::U256(5))] };
        assert_eq!(variant.bcs().len(), 33);
        assert_eq!(variant.bcs()[..2], [2, 5]);
    }
}

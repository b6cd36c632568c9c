//! Decodes values out of the JSON in which nodes render them, for events whose contents in BCS a node did not give.
//!
//! Nodes render alike in the main: numbers beyond 32 bits as text, ids and addresses as text, wrappers of one field often
//! without their field. The older JSON-RPC wrote bytes as lists of numbers, and options and ids as structs.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_model::{Address, Int, Type, Value};
use ruint::aliases::U256;
use serde::{
    Deserialize,
    de::{self, Deserializer as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    open::Given,
    reader::{Reason, variant_value},
    shape::{Choice, Layout, Shape},
};
use crate::address;

const OTHER: Reason = "the node's rendering is not of that type";

/// An id may be in a struct in a struct. Nothing bounds how deep JSON that is passed over may nest.
const MAX_WRAPPERS: usize = 4;

/// The fields of a rendered struct.
pub(super) struct Object<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Object<'a> {
    /// `None` when it is no struct.
    pub(super) fn read(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    /// The value of a field. One that is absent is `Null` where that may be.
    pub(super) fn value(&self, name: &str, layout: &Layout, given: Given<'_>) -> Result<Value, Reason> {
        match (self.get(name), &layout.shape) {
            (Some(json), _) => value(json, layout, given),
            (None, Shape::Option(_)) => Ok(Value::Null),
            (None, _) => Err("it is missing in the node's rendering"),
        }
    }
}

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a struct")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(key) = map.next_key::<Key<'de>>()? {
                    fields.push((key.0, map.next_value::<&'de RawValue>()?.get()));
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A key, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// A rendered value.
pub(super) fn value(json: &str, layout: &Layout, given: Given<'_>) -> Result<Value, Reason> {
    match &layout.shape {
        Shape::Option(item) => option(json, item, given),
        Shape::Open(place) => {
            let layout = given.layout(*place)?;
            Ok(Value::Any(Box::new((layout.ty.clone(), value(json, layout, given)?))))
        }
        Shape::List(item) => {
            let items: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| OTHER)?;
            items.iter().map(|json| value(json.get(), item, given)).collect::<Result<_, _>>().map(Value::List)
        }
        Shape::Record(fields) => record(json, layout, fields, given),
        Shape::Variants(choices) => variant(json, choices, given),
        shape => leaf(json, shape, 1),
    }
}

fn option(json: &str, item: &Layout, given: Given<'_>) -> Result<Value, Reason> {
    if json == "null" {
        return Ok(Value::Null);
    }
    #[derive(Deserialize)]
    struct Vector<'a> {
        #[serde(borrow)]
        vec: Vec<&'a RawValue>,
    }
    let list = if json.starts_with('{') { serde_json::from_str::<Vector<'_>>(json).ok() } else { None };
    match list.as_ref().map(|list| &list.vec[..]) {
        Some([]) => Ok(Value::Null),
        Some([only]) => value(only.get(), item, given),
        _ => value(json, item, given),
    }
}

fn record(
    json: &str,
    layout: &Layout,
    fields: &[std::sync::Arc<Layout>],
    given: Given<'_>,
) -> Result<Value, Reason> {
    if let [only] = fields
        && !json.starts_with('{')
    {
        return Ok(Value::Record(vec![value(json, only, given)?]));
    }
    let object = Object::read(json).ok_or(OTHER)?;
    // The field of a struct is in another one where the rendering says the type as well.
    let inner = object.get("fields").filter(|_| object.get("type").is_some()).and_then(Object::read);
    let object = inner.unwrap_or(object);
    let Type::Record(schema) = &layout.ty else { return Err(OTHER) };
    let named = schema.fields.iter().zip(fields);
    let values = named.map(|(field, layout)| object.value(&field.name, layout, given));
    values.collect::<Result<_, _>>().map(Value::Record)
}

/// The name of the variant that is rendered, and the struct around its fields.
fn variant_name(json: &str) -> Result<(Cow<'_, str>, Option<Object<'_>>), Reason> {
    let text = |json| serde_json::from_str::<Key<'_>>(json).map(|key| key.0).map_err(|_| OTHER);
    if !json.starts_with('{') {
        return Ok((text(json)?, None));
    }
    let object = Object::read(json).ok_or(OTHER)?;
    let name = ["@variant", "variant", "$kind"].iter().find_map(|key| object.get(key)).ok_or(OTHER)?;
    Ok((text(name)?, Some(object)))
}

fn variant(json: &str, choices: &[Choice], given: Given<'_>) -> Result<Value, Reason> {
    let (name, object) = variant_name(json)?;
    let choice = choices.iter().find(|choice| *choice.name == *name).ok_or("there is no such variant")?;
    let mut content = None;
    if let Some((place, layout)) = &choice.content {
        let fields = object.as_ref().and_then(|object| object.get("fields")).unwrap_or(json);
        content = Some((*place, value(fields, layout, given)?));
    }
    Ok(variant_value(choices, choice, content))
}

/// A value without other values in it.
fn leaf(json: &str, shape: &Shape, depth: usize) -> Result<Value, Reason> {
    if depth > MAX_WRAPPERS {
        return Err(OTHER);
    }
    if let Shape::Names(names) = shape {
        let (name, _) = variant_name(json)?;
        let known = names.iter().any(|known| **known == *name);
        return if known { Ok(Value::Text((*name).into())) } else { Err("there is no such variant") };
    }
    let mut json = serde_json::Deserializer::from_str(json);
    let value = json.deserialize_any(Leaf { shape, depth }).map_err(|_: serde_json::Error| OTHER)?;
    json.end().map_err(|_| OTHER)?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Leaf<'a> {
    shape: &'a Shape,
    depth: usize,
}

impl<'de> Visitor<'de> for Leaf<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value of the described type")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        match self.shape {
            Shape::Bool => Ok(Value::Bool(value)),
            _ => Err(E::custom(OTHER)),
        }
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        self.number(Int::from(value)).ok_or_else(|| E::custom(OTHER))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        // Numbers of 32 bits are floats on the way.
        let whole = value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&value);
        whole.then_some(value as u64).map_or_else(|| Err(E::custom(OTHER)), |value| self.visit_u64(value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        let value = match self.shape {
            Shape::Uint(_) => Int::parse(text).and_then(|value| self.number(value)),
            Shape::Address => {
                address::parse(text).ok().and_then(|it| Address::from_slice(&it)).map(Value::Address)
            }
            Shape::Text => Some(Value::Text(text.into())),
            Shape::Bytes => STANDARD.decode(text).ok().map(|bytes| Value::Bytes(bytes.into())),
            Shape::Bool => text.parse().ok().map(Value::Bool),
            _ => None,
        };
        value.ok_or_else(|| E::custom(OTHER))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let Shape::Bytes = self.shape else { return Err(de::Error::custom(OTHER)) };
        let mut bytes = Vec::new();
        while let Some(byte) = items.next_element::<u8>()? {
            bytes.push(byte);
        }
        Ok(Value::Bytes(bytes.into()))
    }

    /// An id or a text within structs of one field each.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let (Shape::Address | Shape::Text) = self.shape else { return Err(de::Error::custom(OTHER)) };
        let mut found = None;
        while let Some(key) = map.next_key::<Key<'de>>()? {
            let json = map.next_value::<&'de RawValue>()?.get();
            if matches!(&*key.0, "id" | "bytes" | "name" | "url") {
                found = Some(leaf(json, self.shape, self.depth + 1).map_err(de::Error::custom)?);
            }
        }
        found.ok_or_else(|| de::Error::custom(OTHER))
    }
}

impl Leaf<'_> {
    fn number(self, value: Int) -> Option<Value> {
        let Shape::Uint(bits) = self.shape else { return None };
        let fits = !value.is_negative() && U256::bit_len(&value.magnitude()) <= usize::from(*bits);
        fits.then_some(Value::Int(value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::layout::{
        shape::Compiler,
        text,
        types::{MoveType, Name, UNTOLD},
    };

    const LAYOUTS: &str = "
        module m;
        struct All { a: bool, b: u8, c: u256, d: address, e: String, f: vector<u8>, g: vector<u16>, h: Option<u64>, i: Inner, j: Kind, k: Plain, l: TypeName }
        struct Inner { id: UID, worth: Balance<u8> }
        enum Kind { None, Limit { at: u64 }, Pair(u8, u8) }
        enum Plain { A, B }
    ";

    fn decode(name: &str, json: &str) -> Result<Value, Reason> {
        let catalogue = text::read(LAYOUTS).unwrap();
        let ty = MoveType::Datatype(Name::new(UNTOLD, "m", name), Vec::new());
        value(json, &Compiler::new(&catalogue).layout(&ty).unwrap(), Given::default())
    }

    fn expected() -> Value {
        let address =
            |byte| Value::Address(Address::from_slice(&[[0; 31].as_slice(), &[byte]].concat()).unwrap());
        let number = |number: u64| Value::Int(Int::from(number));
        Value::Record(vec![
            Value::Bool(true),
            number(255),
            Value::Int(Int::parse("340282366920938463463374607431768211456").unwrap()),
            address(7),
            Value::Text("a\"b".into()),
            Value::Bytes([1, 2].into()),
            Value::List(vec![number(1), number(256)]),
            number(9),
            Value::Record(vec![address(8), Value::Record(vec![number(5)])]),
            Value::Record(vec![Value::Text("Limit".into()), Value::Record(vec![number(4)]), Value::Null]),
            Value::Text("B".into()),
            Value::Text("2::sui::SUI".into()),
        ])
    }

    #[test]
    fn what_nodes_render_is_read() {
        let now = r#"{"a":true,"b":255.0,"c":"340282366920938463463374607431768211456","d":"0x7","e":"a\"b","f":"AQI=","g":[1,256],
            "h":"9","i":{"id":"0x8","worth":"5"},"j":{"@variant":"Limit","at":"4"},"k":{"@variant":"B"},"l":"2::sui::SUI","more":[]}"#;
        assert_eq!(decode("All", now), Ok(expected()));
        let before = r#"{"a":true,"b":255,"c":"340282366920938463463374607431768211456","d":"0x7","e":"a\"b","f":[1,2],"g":[1,256],
            "h":{"vec":["9"]},"i":{"type":"0x5::m::Inner","fields":{"id":{"id":"0x8"},"worth":{"value":"5"}}},
            "j":{"type":"0x5::m::Kind","variant":"Limit","fields":{"at":"4"}},"k":"B","l":{"name":"2::sui::SUI"}}"#;
        assert_eq!(decode("All", before), Ok(expected()));
    }

    #[test]
    fn absent_options_are_null_and_other_absent_fields_a_fault() {
        let layouts = text::read("m::A { a: Option<u8>, b: Option<u8>, c: u8 }").unwrap();
        let ty = MoveType::Datatype(Name::new(UNTOLD, "m", "A"), Vec::new());
        let layout = Compiler::new(&layouts).layout(&ty).unwrap();
        let decode = |json| value(json, &layout, Given::default());
        let three = Value::Int(Int::from(3_u64));
        assert_eq!(decode(r#"{"a":null,"c":3}"#), Ok(Value::Record(vec![Value::Null, Value::Null, three])));
        assert_eq!(decode(r#"{"a":{"vec":[]}}"#), Err("it is missing in the node's rendering"));
    }

    #[test]
    fn what_is_of_another_type_is_refused() {
        for (name, json) in [
            ("Plain", r#""C""#),
            ("Plain", "7"),
            ("Kind", r#"{"@variant":"Limit"}"#),
            ("Kind", r#"{"@variant":"Pair","pos0":256,"pos1":1}"#),
            ("Kind", r#"{"@variant":"Pair","pos0":-1,"pos1":1}"#),
            ("Kind", r#"{"@variant":"Pair","pos0":1.5,"pos1":1}"#),
            ("Inner", r#"{"id":"0xg","worth":"5"}"#),
            ("Inner", r#"{"id":"0x1","worth":"18446744073709551616"}"#),
            ("All", "[]"),
            ("All", "{"),
        ] {
            assert!(decode(name, json).is_err(), "{name} {json}");
        }
        let deep = format!("{}1{}", "{\"id\":".repeat(100_000), "}".repeat(100_000));
        assert!(decode("Inner", &deep).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "([{}\\[\\]:,]|\"|a|id|@variant|vec|null|true|1|-|\\\\|\u{e9}){0,30}") {
            for name in ["All", "Inner", "Kind", "Plain"] {
                let _ = decode(name, &text);
            }
        }
    }
}

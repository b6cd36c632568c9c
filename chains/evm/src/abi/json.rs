//! Reads the JSON ABI that compilers write: a list of items, or an object that has one under `abi`.
//!
//! Only what events and functions need is looked at, because tools disagree on the rest.

use std::fmt;

use serde::{
    Deserialize,
    de::{self, Deserializer, MapAccess, SeqAccess, Visitor},
};

use super::{
    signature::{Input, Kind, MAX_ARGUMENTS, Signature},
    types::{AbiType, Param},
};

/// The events and functions of a JSON ABI, in its order.
pub(super) fn signatures(json: &str) -> serde_json::Result<Vec<Signature>> {
    let Abi(items) = serde_json::from_str(json)?;
    Ok(items.into_iter().filter_map(|Item(signature)| signature).collect())
}

struct Abi(Vec<Item>);

struct AbiVisitor;

impl<'de> Visitor<'de> for AbiVisitor {
    type Value = Abi;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a contract's ABI: a list, or an object with a list under \"abi\"")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Abi, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Abi(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Abi, A::Error> {
        let mut items = None;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if key == "abi" {
                items = Some(map.next_value()?);
            } else {
                map.next_value::<de::IgnoredAny>()?;
            }
        }
        items.map(Abi).ok_or_else(|| de::Error::missing_field("abi"))
    }
}

impl<'de> Deserialize<'de> for Abi {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AbiVisitor)
    }
}

/// `None` for what is neither event nor function.
struct Item(Option<Signature>);

#[derive(Deserialize)]
struct RawItem {
    /// Absent in the oldest ABIs, where everything is a function.
    r#type: Option<String>,
    name: Option<String>,
    inputs: Option<Vec<RawParam>>,
    anonymous: Option<bool>,
}

#[derive(Deserialize)]
struct RawParam {
    name: Option<String>,
    r#type: String,
    indexed: Option<bool>,
    components: Option<Vec<RawParam>>,
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawItem::deserialize(deserializer)?;
        let kind = match raw.r#type.as_deref() {
            Some("event") => Kind::Event,
            Some("function") | None => Kind::Function,
            Some(_) => return Ok(Self(None)),
        };
        let name = raw.name.ok_or_else(|| de::Error::missing_field("name"))?;
        let raw_inputs = raw.inputs.unwrap_or_default();
        if raw_inputs.len() > MAX_ARGUMENTS {
            return Err(de::Error::custom(format_args!("{name} has more than {MAX_ARGUMENTS} arguments")));
        }
        let mut inputs = Vec::with_capacity(raw_inputs.len());
        for raw in raw_inputs {
            let indexed = raw.indexed.unwrap_or(false);
            let param = param(raw).map_err(|reason| de::Error::custom(format_args!("{name}: {reason}")))?;
            inputs.push(Input { param, indexed });
        }
        Ok(Self(Some(Signature { kind, name, inputs, anonymous: raw.anonymous.unwrap_or(false) })))
    }
}

/// Recurses as deep as the JSON does, which serde_json bounds.
fn param(raw: RawParam) -> Result<Param, String> {
    let base_len = raw.r#type.find('[').unwrap_or(raw.r#type.len());
    let (base, brackets) = raw.r#type.split_at(base_len);
    let place = |reason: &str| format!("{:?}: {reason}", raw.r#type);
    let ty = if base == "tuple" {
        let fields = raw.components.unwrap_or_default().into_iter().map(param).collect::<Result<_, _>>()?;
        AbiType::tuple(fields).map_err(place)?
    } else {
        AbiType::elementary(base).ok_or_else(|| place("not a type of Solidity's ABI"))?
    };
    let ty = ty.with_brackets(brackets).map_err(place)?;
    Ok(Param { name: raw.name.unwrap_or_default(), ty })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"type":"event","name":"E","inputs":[
        {"name":"a","type":"tuple[2]","indexed":true,"internalType":"struct S[2]","components":[{"name":"x","type":"uint8"}]}
    ]}"#;

    #[test]
    fn lists_and_artifacts_are_read() {
        for json in [
            format!("[{EVENT}]"),
            format!(r#"{{"bytecode":{{"x":[1]}},"abi":[{EVENT},{{"type":"constructor"}}]}}"#),
        ] {
            let signatures = signatures(&json).unwrap();
            assert_eq!(signatures.len(), 1);
            assert_eq!(signatures[0].to_string(), "E((uint8)[2])");
            assert!(signatures[0].inputs[0].indexed);
        }
        let oldest = signatures(r#"[{"name":"f","inputs":[{"name":"","type":"uint256"}]}]"#).unwrap();
        assert_eq!((oldest[0].kind, oldest[0].to_string()), (Kind::Function, "f(uint256)".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (json, reason) in [
            ("{}", "missing field `abi`"),
            ("3", "a contract's ABI"),
            (r#"[{"type":"event"}]"#, "missing field `name`"),
            (r#"[{"type":"event","name":"E","inputs":[{"type":"uint7"}]}]"#, "E: \"uint7\": not a type"),
            (
                r#"[{"type":"event","name":"E","inputs":[{"type":"tuple"}]}]"#,
                "a struct has at least one field",
            ),
        ] {
            let error = signatures(json).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
            assert_eq!(error.line(), 1);
        }
        let deep = format!(
            "[{}",
            r#"{"type":"event","name":"E","inputs":[{"type":"tuple","components":["#.repeat(200)
        );
        assert!(signatures(&deep).is_err());
    }
}

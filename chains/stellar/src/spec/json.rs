//! Reads a description from the JSON of its entries, as `stellar contract info interface --output json` writes it
//! (XDR-JSON, SEP-51).

use std::{fmt, sync::Arc};

use chainbell_model::InterfaceError;
use serde::{
    Deserialize,
    de::{self, Deserializer, IgnoredAny, MapAccess, Visitor},
};

use super::{
    MAX_ENTRIES, malformed,
    types::{DataFormat, Description, Event, EventParam, Function, Param, SpecType, UserType, simple_type},
};

/// The description that `source` holds: a list of entries, or entries one behind the other.
pub(crate) fn read(source: &str) -> Result<Description, InterfaceError> {
    let wrong = |error: serde_json::Error| malformed(error.to_string(), offset(source, &error));
    let mut entries = Vec::new();
    if source.trim_start().starts_with('[') {
        entries = serde_json::from_str(source).map_err(wrong)?;
    } else {
        for entry in serde_json::Deserializer::from_str(source).into_iter() {
            entries.push(entry.map_err(wrong)?);
        }
    }
    if entries.len() > MAX_ENTRIES {
        return Err(malformed("the contract's spec has too many entries", None));
    }
    let mut description = Description::default();
    entries.into_iter().for_each(|entry: Entry| entry.add(&mut description));
    Ok(description)
}

/// The byte that line and column of the error stand for.
fn offset(source: &str, error: &serde_json::Error) -> Option<usize> {
    let before: usize = source.split_inclusive('\n').take(error.line().checked_sub(1)?).map(str::len).sum();
    Some((before + error.column().saturating_sub(1)).min(source.len()))
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    FunctionV0(RawFunction),
    UdtStructV0(RawStruct),
    UdtUnionV0(RawUnion),
    UdtEnumV0(RawEnum),
    UdtErrorEnumV0(RawEnum),
    EventV0(RawEvent),
}

impl Entry {
    /// Of types that share a name the first counts.
    fn add(self, description: &mut Description) {
        let (name, ty) = match self {
            Self::FunctionV0(it) => {
                let inputs = it.inputs.into_iter().map(Param::from).collect();
                return description.functions.push(Function { name: it.name, inputs });
            }
            Self::EventV0(it) => return description.events.push(it.into()),
            Self::UdtStructV0(it) => {
                (it.name, UserType::Struct(it.fields.into_iter().map(Param::from).collect()))
            }
            Self::UdtUnionV0(it) => {
                let case = |case| match case {
                    RawUnionCase::VoidV0(case) => (case.name, Vec::new()),
                    RawUnionCase::TupleV0(case) => (case.name, case.ty),
                };
                (it.name, UserType::Union(it.cases.into_iter().map(case).collect()))
            }
            Self::UdtEnumV0(it) => {
                (it.name, UserType::Enum(it.cases.into_iter().map(RawCase::pair).collect()))
            }
            Self::UdtErrorEnumV0(it) => {
                (it.name, UserType::ErrorEnum(it.cases.into_iter().map(RawCase::pair).collect()))
            }
        };
        description.types.entry(name).or_insert(ty);
    }
}

#[derive(Deserialize)]
struct RawFunction {
    name: Arc<str>,
    inputs: Vec<RawParam>,
}

#[derive(Deserialize)]
struct RawParam {
    name: Arc<str>,
    #[serde(rename = "type", alias = "type_")]
    ty: SpecType,
}

#[derive(Deserialize)]
struct RawStruct {
    name: Arc<str>,
    fields: Vec<RawParam>,
}

#[derive(Deserialize)]
struct RawUnion {
    name: Arc<str>,
    cases: Vec<RawUnionCase>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawUnionCase {
    VoidV0(RawVoidCase),
    TupleV0(RawTupleCase),
}

#[derive(Deserialize)]
struct RawVoidCase {
    name: Arc<str>,
}

#[derive(Deserialize)]
struct RawTupleCase {
    name: Arc<str>,
    #[serde(rename = "type", alias = "type_")]
    ty: Vec<SpecType>,
}

#[derive(Deserialize)]
struct RawEnum {
    name: Arc<str>,
    cases: Vec<RawCase>,
}

#[derive(Deserialize)]
struct RawCase {
    name: Arc<str>,
    value: u32,
}

#[derive(Deserialize)]
struct RawEvent {
    name: Arc<str>,
    prefix_topics: Vec<Arc<str>>,
    params: Vec<RawEventParam>,
    data_format: RawFormat,
}

#[derive(Deserialize)]
struct RawEventParam {
    name: Arc<str>,
    #[serde(rename = "type", alias = "type_")]
    ty: SpecType,
    location: RawLocation,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum RawLocation {
    Data,
    TopicList,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawFormat {
    SingleValue,
    Vec,
    Map,
}

impl From<RawParam> for Param {
    fn from(raw: RawParam) -> Self {
        Self { name: raw.name, ty: raw.ty }
    }
}

impl RawCase {
    fn pair(self) -> (Arc<str>, u32) {
        (self.name, self.value)
    }
}

impl From<RawEvent> for Event {
    fn from(raw: RawEvent) -> Self {
        let param = |it: RawEventParam| EventParam {
            topic: it.location == RawLocation::TopicList,
            param: Param { name: it.name, ty: it.ty },
        };
        Self {
            name: raw.name,
            prefix: raw.prefix_topics,
            params: raw.params.into_iter().map(param).collect(),
            format: match raw.data_format {
                RawFormat::SingleValue => DataFormat::Single,
                RawFormat::Vec => DataFormat::Vec,
                RawFormat::Map => DataFormat::Map,
            },
            lenient: false,
        }
    }
}

#[derive(Deserialize)]
struct Inner {
    #[serde(alias = "element_type")]
    value_type: SpecType,
}

#[derive(Deserialize)]
struct Pair {
    #[serde(alias = "key_type")]
    ok_type: SpecType,
    #[serde(alias = "value_type")]
    error_type: SpecType,
}

#[derive(Deserialize)]
struct Items {
    value_types: Vec<SpecType>,
}

#[derive(Deserialize)]
struct Length {
    n: u32,
}

#[derive(Deserialize)]
struct Name {
    name: Arc<str>,
}

/// Recurses as deep as the JSON does, which serde_json bounds.
impl<'de> Deserialize<'de> for SpecType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpecTypeVisitor)
    }
}

struct SpecTypeVisitor;

impl<'de> Visitor<'de> for SpecTypeVisitor {
    type Value = SpecType;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a type of a contract's spec")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<SpecType, E> {
        simple_type(name).ok_or_else(|| E::custom(format_args!("{name:?} is no type of a contract's spec")))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SpecType, A::Error> {
        let Some(kind) = map.next_key::<String>()? else {
            return Err(de::Error::invalid_length(0, &self));
        };
        let pair = |pair: Pair| Box::new((pair.ok_type, pair.error_type));
        let ty = match kind.as_str() {
            "option" => SpecType::Option(Box::new(map.next_value::<Inner>()?.value_type)),
            "vec" => SpecType::Vec(Box::new(map.next_value::<Inner>()?.value_type)),
            "result" => SpecType::Result(pair(map.next_value()?)),
            "map" => SpecType::Map(pair(map.next_value()?)),
            "tuple" => SpecType::Tuple(map.next_value::<Items>()?.value_types),
            "bytes_n" => SpecType::BytesN(map.next_value::<Length>()?.n),
            "udt" => SpecType::Named(map.next_value::<Name>()?.name),
            _ => {
                return Err(de::Error::custom(format_args!("{kind:?} is no type of a contract's spec")));
            }
        };
        match map.next_key::<IgnoredAny>()? {
            None => Ok(ty),
            Some(_) => Err(de::Error::custom("a type has one key")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(json: &str) -> Event {
        read(json).unwrap().events.remove(0)
    }

    const EVENT: &str = r#"{"event_v0": {"doc": "", "lib": "", "name": "Paid", "prefix_topics": ["paid"], "params": [
        {"doc": "", "name": "who", "type_": {"option": {"value_type": "address"}}, "location": "topic_list"},
        {"doc": "", "name": "what", "type": {"map": {"key_type": "symbol", "value_type": {"vec": {"element_type": {"udt": {"name": "Coin"}}}}}}, "location": "data"},
        {"doc": "", "name": "why", "type_": {"result": {"ok_type": {"bytes_n": {"n": 32}}, "error_type": {"tuple": {"value_types": ["u32", "void"]}}}}, "location": "data"}
    ], "data_format": "map"}}"#;

    #[test]
    fn lists_and_streams_of_entries_are_read() {
        let one = event(EVENT);
        assert_eq!(
            one.to_string(),
            "Paid[\"paid\"](who: option<address> @topic, what: map<symbol, vec<Coin>>, why: result<bytes<32>, (u32, void)>)"
        );
        assert_eq!(one.format, DataFormat::Map);
        assert_eq!(read(&format!("[{EVENT},{EVENT}]")).unwrap().events, [one.clone(), one.clone()]);
        assert_eq!(read(&format!("{EVENT}\n{EVENT}\n")).unwrap().events, [one.clone(), one]);
    }

    #[test]
    fn types_that_contracts_define_are_read() {
        let description = read(
            r#"[{"udt_struct_v0": {"doc": "", "lib": "", "name": "Coin", "fields": [{"doc": "", "name": "a", "type_": "i128"}]}},
            {"udt_union_v0": {"doc": "", "lib": "", "name": "Which", "cases": [{"void_v0": {"doc": "", "name": "No"}},
                {"tuple_v0": {"doc": "", "name": "Yes", "type_": ["u32"]}}]}},
            {"udt_enum_v0": {"doc": "", "lib": "", "name": "Level", "cases": [{"doc": "", "name": "Low", "value": 3}]}},
            {"udt_error_enum_v0": {"doc": "", "lib": "", "name": "Fault", "cases": [{"doc": "", "name": "Bad", "value": 1}]}},
            {"udt_enum_v0": {"doc": "", "lib": "", "name": "Coin", "cases": []}}]"#,
        )
        .unwrap();
        assert_eq!(description.types.len(), 4);
        assert!(matches!(&description.types["Coin"], UserType::Struct(fields) if fields.len() == 1));
        assert!(matches!(&description.types["Which"], UserType::Union(cases) if cases[1].1.len() == 1));
        assert_eq!(description.types["Level"], UserType::Enum(vec![("Low".into(), 3)]));
        assert_eq!(description.types["Fault"], UserType::ErrorEnum(vec![("Bad".into(), 1)]));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (json, reason) in [
            ("[{}]", "expected"),
            (r#"[{"function_v1": {}}]"#, "unknown variant"),
            (r#"[{"function_v0": {"inputs": []}}]"#, "missing field `name`"),
            (
                r#"[{"function_v0": {"name": "f", "inputs": [{"name": "a", "type_": "u7"}]}}]"#,
                "\"u7\" is no type",
            ),
            (
                r#"[{"function_v0": {"name": "f", "inputs": [{"name": "a", "type_": {"list": 1}}]}}]"#,
                "\"list\" is no",
            ),
        ] {
            let InterfaceError::Malformed { reason: said, offset: Some(_) } = read(json).unwrap_err() else {
                panic!("{json} has a place")
            };
            assert!(said.contains(reason), "{said}");
        }
        let deep = format!(
            r#"[{{"function_v0": {{"name": "f", "inputs": [{{"name": "a", "type_": {}"#,
            r#"{"vec": {"element_type": "#.repeat(200)
        );
        assert!(read(&deep).is_err());
    }
}

//! Reads a package's description in any of its forms.
//!
//! As JSON: `{"packages": […]}`, the package described first and then those whose types it uses; one `Package` alone; or
//! the answer of `sui_getNormalizedMoveModulesByPackage`. As text: layouts ([`super::text`]).

use std::{borrow::Cow, collections::BTreeMap};

use chainbell_model::InterfaceError;
use serde_json::value::RawValue;

use super::{
    catalogue::Catalogue,
    normalized,
    package::{self, Packages},
    text,
};

/// Packages with their bytecode and all that they use are not near it.
const MAX_LEN: usize = 64 * 1024 * 1024;

/// Everything that a description tells.
pub(crate) fn read(source: &[u8]) -> Result<Catalogue, InterfaceError> {
    if source.len() > MAX_LEN {
        return Err(malformed("the description is too long", None));
    }
    let source = std::str::from_utf8(source)
        .map_err(|error| malformed("the description is neither JSON nor text", Some(error.valid_up_to())))?;
    let catalogue = match source.trim_start().starts_with('{') {
        true => json(source)?,
        false => text::read(source).map_err(|error| malformed(error.reason, Some(error.offset)))?,
    };
    if catalogue.is_empty() {
        return Err(malformed("the description has neither types nor functions", None));
    }
    Ok(catalogue)
}

fn json(source: &str) -> Result<Catalogue, InterfaceError> {
    let keys: BTreeMap<Cow<'_, str>, &RawValue> = parse(source, source)?;
    let has = |key| keys.contains_key(key);
    let catalogue = if has("packages") {
        parse::<Packages>(source, source)?.catalogue()
    } else if has("modules") {
        package::catalogue(&parse(source, source)?)
    } else if let Some(answer) = keys.get("package") {
        package::catalogue(&parse(source, answer.get())?)
    } else if has("structs") || has("exposedFunctions") {
        normalized::catalogue([&parse(source, source)?])
    } else {
        let modules = keys.get("result").map_or(source, |answer| answer.get());
        normalized::catalogue(parse::<BTreeMap<String, normalized::Module>>(source, modules)?.values())
    };
    catalogue.map_err(|reason| malformed(reason, None))
}

/// Reads `part` of `source`.
fn parse<'a, T: serde::Deserialize<'a>>(source: &'a str, part: &'a str) -> Result<T, InterfaceError> {
    serde_json::from_str(part).map_err(|error| {
        let offset =
            offset(part, &error).map(|offset| offset + part.as_ptr().addr() - source.as_ptr().addr());
        malformed(error.to_string(), offset)
    })
}

/// The byte that line and column of the error stand for.
fn offset(source: &str, error: &serde_json::Error) -> Option<usize> {
    let before: usize = source.split_inclusive('\n').take(error.line().checked_sub(1)?).map(str::len).sum();
    Some((before + error.column().saturating_sub(1)).min(source.len()))
}

pub(crate) fn malformed(reason: impl Into<String>, offset: Option<usize>) -> InterfaceError {
    InterfaceError::Malformed { reason: reason.into(), offset }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sui_rpc::proto::sui::rpc::v2::{DatatypeDescriptor, Module, Package};

    use super::*;
    use crate::layout::types::{Body, Name};

    const PACKAGE: &str = "0x00000000000000000000000000000000000000000000000000000000000000aa";

    fn pool() -> serde_json::Value {
        let scalar = |name: &str, position: u32, ty: &str| json!({"name": name, "position": position, "type": {"type": ty}});
        let datatype = |ty: &str, arguments: serde_json::Value| json!({"type": "DATATYPE", "typeName": ty, "typeParameterInstantiation": arguments});
        json!({
            "storageId": "0xbb", "originalId": PACKAGE, "version": "3",
            "modules": [{
                "name": "pool", "contents": "oRzrCwYAAAA=",
                "datatypes": [{
                    "typeName": format!("{PACKAGE}::pool::Swapped"), "definingId": PACKAGE,
                    "module": "pool", "name": "Swapped", "abilities": ["COPY", "DROP"],
                    "typeParameters": [{"isPhantom": true}, {"constraints": ["STORE"]}], "kind": "STRUCT",
                    "fields": [
                        scalar("is_bid", 1, "BOOL"),
                        {"name": "pool", "position": 0, "type": datatype("0x2::object::ID", json!([]))},
                        {"name": "tick", "position": 2, "type": datatype("0xcc::i32::I32", json!([]))},
                        {"name": "worth", "position": 3, "type": datatype("0x2::balance::Balance", json!([datatype("0xdd::usdc::USDC", json!([]))]))},
                        {"name": "prices", "position": 4, "type": {"type": "VECTOR", "typeParameterInstantiation": [{"type": "U128"}]}},
                        {"name": "rest", "position": 5, "type": {"type": "TYPE_PARAMETER", "typeParameter": 1}},
                    ],
                }, {
                    "definingId": "0xbb", "module": "pool", "name": "Side", "abilities": ["COPY", "DROP", "STORE"], "kind": "ENUM",
                    "variants": [
                        {"name": "Sell", "position": 1, "fields": [scalar("at", 0, "U64")]},
                        {"name": "Buy", "position": 0},
                    ],
                }, {
                    "typeName": format!("{PACKAGE}::pool::Pool"), "abilities": ["KEY", "STORE"], "kind": "STRUCT",
                    "fields": [{"name": "other", "position": 0, "type": datatype("0xee::other::Other", json!([]))}],
                }],
                "functions": [
                    {"name": "swap", "visibility": "PUBLIC", "typeParameters": [{}, {}], "parameters": [
                        {"reference": "MUTABLE", "body": datatype(&format!("{PACKAGE}::pool::Pool"), json!([]))},
                        {"body": {"type": "U64"}},
                        {"reference": "MUTABLE", "body": datatype("0x2::tx_context::TxContext", json!([]))},
                    ]},
                    {"name": "hidden", "visibility": "PRIVATE"},
                    {"name": "entered", "visibility": "PRIVATE", "isEntry": true},
                ],
            }],
            "linkage": [{"originalId": "0x2", "upgradedId": "0x2", "upgradedVersion": "5"}],
        })
    }

    fn read_json(json: &serde_json::Value) -> Catalogue {
        read(json.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn a_package_is_read_as_the_node_tells_it() {
        for json in [pool(), json!({"packages": [pool()]}), json!({"package": pool()})] {
            let catalogue = read_json(&json);
            let events: Vec<_> = catalogue.events().map(|(name, _)| name.to_string()).collect();
            assert_eq!(
                events,
                [format!("{PACKAGE}::pool::Swapped"), format!("{}bb::pool::Side", &PACKAGE[..64])]
            );
            let (_, swapped) = catalogue.events().next().unwrap();
            let Body::Struct(members) = &swapped.body else { panic!("a struct") };
            let members: Vec<_> = members.iter().map(|it| format!("{} {}", it.name, it.ty)).collect();
            assert_eq!(swapped.parameters, 2);
            assert!(members[0].starts_with("pool 0x00") && members[1] == "is_bid bool", "{members:?}");
            assert_eq!(members[4..], ["prices vector<u128>", "rest T1"]);
            let (_, side) = catalogue.events().nth(1).unwrap();
            let Body::Enum(variants) = &side.body else { panic!("an enum") };
            assert_eq!((&*variants[0].name, &*variants[1].name), ("Buy", "Sell"));
            let functions: Vec<_> =
                catalogue.functions().iter().map(|it| (&*it.name, it.inputs.len())).collect();
            assert_eq!(functions, [("swap", 2), ("entered", 0)]);
        }
    }

    #[test]
    fn only_what_events_hold_is_missing_and_phantoms_are_not() {
        let package = |last: u8| {
            let mut package = [0; 32];
            package[31] = last;
            package
        };
        let described = json!({"packages": [pool()]}).to_string();
        let missing = crate::layout::missing_packages(described.as_bytes()).unwrap();
        assert_eq!(missing.into_iter().collect::<Vec<_>>(), [package(0xcc)]);
        let i32 = json!({"modules": [{"name": "i32", "datatypes": [{
            "typeName": "0xcc::i32::I32", "abilities": ["COPY", "DROP"], "kind": "STRUCT",
            "fields": [{"name": "bits", "type": {"type": "DATATYPE", "typeName": "0xef::bits::Bits"}}],
        }], "functions": [{"name": "f", "visibility": "PUBLIC"}]}]});
        let catalogue = read_json(&json!({"packages": [pool(), i32]}));
        assert_eq!(catalogue.missing_packages().into_iter().collect::<Vec<_>>(), [package(0xef)]);
        assert_eq!(catalogue.events().count(), 2, "those of other packages are not this one's");
        assert_eq!(catalogue.functions().len(), 2);
        assert!(catalogue.datatype(&Name::new(package(0xcc), "i32", "I32")).is_some());
        assert!(crate::layout::missing_packages(b"{").is_err());
    }

    #[test]
    fn what_the_client_writes_reads_back() {
        let mut datatype = DatatypeDescriptor::default();
        datatype.type_name = Some(format!("{PACKAGE}::m::Emitted"));
        datatype.abilities = vec![1, 2];
        datatype.kind = Some(1);
        let mut module = Module::default();
        module.name = Some("m".to_owned());
        module.datatypes.push(datatype);
        let mut package = Package::default();
        package.storage_id = Some(PACKAGE.to_owned());
        package.modules.push(module);
        let catalogue = read_json(&json!({"packages": [package]}));
        assert_eq!(catalogue.events().next().unwrap().0.short(), "m::Emitted");
    }

    #[test]
    fn normalized_modules_of_the_older_api_are_read() {
        let structure =
            json!({"Struct": {"address": "0x2", "module": "object", "name": "ID", "typeArguments": []}});
        let modules = json!({"pool": {
            "fileFormatVersion": 6, "address": "0xaa", "name": "pool", "friends": [],
            "structs": {
                "Swapped": {"abilities": {"abilities": ["Copy", "Drop"]}, "typeParameters": [{"constraints": {"abilities": []}, "isPhantom": false}],
                    "fields": [{"name": "id", "type": structure}, {"name": "list", "type": {"Vector": {"TypeParameter": 0}}}, {"name": "x", "type": "U256"}]},
                "Pool": {"abilities": {"abilities": ["Key"]}, "typeParameters": [], "fields": []},
            },
            "enums": {
                "Told": {"abilities": {"abilities": ["Copy", "Drop"]}, "typeParameters": [], "variants": {"A": [], "B": []}, "variantDeclarationOrder": ["B", "A"]},
                "Untold": {"abilities": {"abilities": ["Copy", "Drop"]}, "typeParameters": [], "variants": {"A": [], "B": []}},
            },
            "exposedFunctions": {
                "swap": {"visibility": "Public", "isEntry": false, "typeParameters": [{"abilities": []}], "return": [],
                    "parameters": [{"MutableReference": structure}, "U64", {"Reference": {"Struct": {"address": "0x2", "module": "tx_context", "name": "TxContext", "typeArguments": []}}}]},
                "inner": {"visibility": "Friend", "isEntry": false, "typeParameters": [], "return": [], "parameters": []},
            },
        }});
        for json in
            [modules.clone(), json!({"jsonrpc": "2.0", "id": 1, "result": modules}), modules["pool"].clone()]
        {
            let catalogue = read_json(&json);
            let mut events: Vec<_> = catalogue.events().map(|(name, _)| name.short()).collect();
            events.sort();
            assert_eq!(events, ["pool::Swapped", "pool::Told", "pool::Untold"]);
            let body = |name| {
                &catalogue
                    .datatype(&Name::new(
                        [[0; 31].as_slice(), &[0xaa]].concat().try_into().unwrap(),
                        "pool",
                        name,
                    ))
                    .unwrap()
                    .body
            };
            let Body::Enum(told) = body("Told") else { panic!("an enum") };
            assert_eq!(&*told[0].name, "B");
            assert_eq!(*body("Untold"), Body::Unordered);
            assert_eq!(catalogue.functions().len(), 1);
            assert_eq!(catalogue.functions()[0].inputs.len(), 2);
        }
    }

    #[test]
    fn what_is_no_description_is_refused_with_the_place() {
        let refused = |source: &[u8]| read(source).map(|_| ()).unwrap_err();
        for source in
            [&b""[..], b"{}", b"{\"packages\":[]}", b"{\"result\":{}}", b"\xff", b"[1]", b"{\"a\":1}"]
        {
            assert!(matches!(refused(source), InterfaceError::Malformed { .. }), "{source:?}");
        }
        let source = "{\"result\":\n {\"a\": {\"address\": 7}}}";
        let InterfaceError::Malformed { offset, reason } = refused(source.as_bytes()) else {
            panic!("malformed")
        };
        assert!(offset.is_some_and(|at| source[at..].starts_with('7')), "{reason} {offset:?}");
        let deep = format!("{{\"modules\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(matches!(refused(deep.as_bytes()), InterfaceError::Malformed { .. }));
        let nested = |depth| {
            let inner = "{\"type\":\"VECTOR\",\"typeParameterInstantiation\":[";
            let ty = format!("{}{{\"type\":\"U8\"}}{}", inner.repeat(depth), "]}".repeat(depth));
            format!(
                "{{\"modules\":[{{\"name\":\"m\",\"datatypes\":[{{\"typeName\":\"0x5::m::A\",\"fields\":[{{\"name\":\"a\",\"type\":{ty}}}]}}]}}]}}"
            )
        };
        assert!(read(nested(20).as_bytes()).is_ok());
        assert!(refused(nested(50).as_bytes()).to_string().contains("too deep"));
    }
}

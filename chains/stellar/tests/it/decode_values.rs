//! Values with types that a description tells, in all that contracts define.

use serde_json::json;
use stellar_xdr::{
    Duration, Int256Parts, ScError, ScErrorCode, ScSpecEntry, ScSpecTypeDef, ScSpecUdtEnumCaseV0,
    ScSpecUdtEnumV0, ScSpecUdtErrorEnumCaseV0, ScSpecUdtErrorEnumV0, ScSpecUdtStructFieldV0,
    ScSpecUdtStructV0, ScSpecUdtUnionCaseTupleV0, ScSpecUdtUnionCaseV0, ScSpecUdtUnionCaseVoidV0,
    ScSpecUdtUnionV0, ScVal, StringM, TimePoint, UInt128Parts, UInt256Parts,
};

use crate::{
    decode_spec::{described, function, udt},
    decode_support::{
        account, bytes, call, decode, entries, event, event_decoder, fault, fields, i128, list, string,
        strkey, symbol,
    },
};

/// What the only argument, of type `ty`, is read as.
fn read(ty: &str, value: ScVal) -> Result<serde_json::Value, String> {
    let decoder = event_decoder(&format!("e(x: {ty}) as value"));
    let json = decode(&*decoder, &event(&[symbol("e")], &value));
    json.map(|json| json["x"].clone()).map_err(|error| error.reason.to_owned())
}

#[test]
fn every_simple_type_reads_its_value_and_no_other() {
    let u128 = ScVal::U128(UInt128Parts { hi: u64::MAX, lo: 1 });
    let i256 = ScVal::I256(Int256Parts { hi_hi: i64::MIN, hi_lo: 0, lo_hi: 0, lo_lo: 0 });
    let u256 = ScVal::U256(UInt256Parts { hi_hi: 0, hi_lo: 0, lo_hi: 1, lo_lo: 0 });
    let cases = [
        ("bool", ScVal::Bool(true), json!(true)),
        ("void", ScVal::Void, json!(null)),
        ("u32", ScVal::U32(u32::MAX), json!(4_294_967_295_u32)),
        ("i32", ScVal::I32(i32::MIN), json!(-2_147_483_648_i32)),
        ("u64", ScVal::U64(u64::MAX), json!("18446744073709551615")),
        ("i64", ScVal::I64(i64::MIN), json!("-9223372036854775808")),
        ("timepoint", ScVal::Timepoint(TimePoint(7)), json!("7")),
        ("duration", ScVal::Duration(Duration(8)), json!("8")),
        ("u128", u128, json!("340282366920938463444927863358058659841")),
        ("i128", i128(i128::MIN), json!("-170141183460469231731687303715884105728")),
        ("u256", u256, json!("18446744073709551616")),
        (
            "i256",
            i256,
            json!("-57896044618658097711785492504343953926634992332820282019728792003956564819968"),
        ),
        ("bytes", bytes(&[1, 2, 3]), json!("0x010203")),
        ("string", string("hé\\llo\n"), json!("hé\\\\llo\n")),
        ("address", account(9), json!(strkey(&account(9)))),
        ("error", ScVal::Error(ScError::Contract(3)), json!("contract:3")),
        ("option<(u32, bool)>", list([ScVal::U32(1), ScVal::Bool(false)]), json!({"arg0": 1, "arg1": false})),
        (
            "map<symbol, i128>",
            fields([("a", i128(1)), ("b", i128(2))]),
            json!([{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]),
        ),
        ("vec<u32>", list([ScVal::U32(1), ScVal::U32(2)]), json!([1, 2])),
    ];
    for (place, (ty, value, expected)) in cases.iter().enumerate() {
        assert_eq!(read(ty, value.clone()).unwrap(), *expected, "{ty}");
        for (other, (_, wrong, _)) in cases.iter().enumerate() {
            // Options may be void, and vectors may hold what the tuple holds or not.
            let alike = other == place || (ty.starts_with("option") && *wrong == ScVal::Void);
            assert_eq!(read(ty, wrong.clone()).is_ok(), alike, "{ty} as {wrong:?}");
        }
        assert!(read("val", value.clone()).is_ok(), "{ty}");
    }
    assert_eq!(read("option<u32>", ScVal::Void).unwrap(), json!(null));
    assert_eq!(read("bytes<3>", bytes(&[1, 2, 3])).unwrap(), json!("0x010203"));
    assert!(read("bytes<4>", bytes(&[1, 2, 3])).unwrap_err().contains("more or fewer bytes"));
    assert_eq!(read("symbol", symbol("x")).unwrap(), json!("x"));
    let budget = ScVal::Error(ScError::Budget(ScErrorCode::ExceededLimit));
    assert_eq!(read("error", budget).unwrap(), json!("budget:exceeded_limit"));
}

#[test]
fn values_without_a_type_show_what_they_are() {
    let value = fields([
        ("list", list([ScVal::U32(1), ScVal::Void, string("x")])),
        ("pairs", entries([(ScVal::U32(1), ScVal::Bool(true)), (ScVal::U32(2), symbol("s"))])),
    ]);
    assert_eq!(
        read("val", value).unwrap(),
        json!({"list": [1, null, "x"], "pairs": [{"key": 1, "value": true}, {"key": 2, "value": "s"}]})
    );
    // What the host would not make: keys twice or in another order.
    let twice = entries([(symbol("b"), ScVal::U32(1)), (symbol("a"), ScVal::U32(2))]);
    assert_eq!(read("val", twice).unwrap(), json!([{"key": "b", "value": 1}, {"key": "a", "value": 2}]));
    assert_eq!(read("val", ScVal::Map(None)).unwrap(), json!({}));
    assert_eq!(read("val", ScVal::LedgerKeyContractInstance).unwrap(), json!("ledger_key_contract_instance"));
}

fn text<const N: u32>(name: &str) -> StringM<N> {
    name.try_into().unwrap()
}

fn structure(name: &str, named: &[(&str, ScSpecTypeDef)]) -> ScSpecEntry {
    let field = |(name, ty): &(&str, ScSpecTypeDef)| ScSpecUdtStructFieldV0 {
        doc: text(""),
        name: text(name),
        type_: ty.clone(),
    };
    ScSpecEntry::UdtStructV0(ScSpecUdtStructV0 {
        doc: text(""),
        lib: text(""),
        name: text(name),
        fields: named.iter().map(field).collect::<Vec<_>>().try_into().unwrap(),
    })
}

fn union(name: &str, cases: &[(&str, &[ScSpecTypeDef])]) -> ScSpecEntry {
    let case = |(name, contents): &(&str, &[ScSpecTypeDef])| match contents {
        [] => ScSpecUdtUnionCaseV0::VoidV0(ScSpecUdtUnionCaseVoidV0 { doc: text(""), name: text(name) }),
        contents => ScSpecUdtUnionCaseV0::TupleV0(ScSpecUdtUnionCaseTupleV0 {
            doc: text(""),
            name: text(name),
            type_: contents.to_vec().try_into().unwrap(),
        }),
    };
    ScSpecEntry::UdtUnionV0(ScSpecUdtUnionV0 {
        doc: text(""),
        lib: text(""),
        name: text(name),
        cases: cases.iter().map(case).collect::<Vec<_>>().try_into().unwrap(),
    })
}

fn option(of: ScSpecTypeDef) -> ScSpecTypeDef {
    ScSpecTypeDef::Option(Box::new(stellar_xdr::ScSpecTypeOption { value_type: Box::new(of) }))
}

fn vec_of(of: ScSpecTypeDef) -> ScSpecTypeDef {
    ScSpecTypeDef::Vec(Box::new(stellar_xdr::ScSpecTypeVec { element_type: Box::new(of) }))
}

/// What `f(x: T)` makes of the argument, with the types of `entries`.
fn argument(mut entries: Vec<ScSpecEntry>, name: &str, value: ScVal) -> Result<serde_json::Value, String> {
    entries.push(function("f", &[("x", udt(name))]));
    let decoder = described(&entries).calls("f").unwrap().remove(0);
    let json = decode(&*decoder, &call("f", &[value]));
    json.map(|json| json["x"].clone()).map_err(|error| error.reason.to_owned())
}

#[test]
fn structs_are_maps_by_name_and_tuple_structs_are_vectors() {
    let order = || {
        vec![structure(
            "Order",
            &[
                ("owner", ScSpecTypeDef::Address),
                ("note", option(ScSpecTypeDef::String)),
                ("price", ScSpecTypeDef::I128),
            ],
        )]
    };
    let owner = account(3);
    let full = fields([("note", string("n")), ("owner", owner.clone()), ("price", i128(4))]);
    assert_eq!(
        argument(order(), "Order", full).unwrap(),
        json!({"owner": strkey(&owner), "note": "n", "price": "4"})
    );
    // An option that is not there may be void or absent; what is new is passed over.
    let absent = fields([("later", list([ScVal::Void])), ("owner", owner.clone()), ("price", i128(4))]);
    assert_eq!(argument(order(), "Order", absent).unwrap()["note"], json!(null));
    let missing = fields([("owner", owner.clone())]);
    assert_eq!(argument(order(), "Order", missing).unwrap_err(), "the field is missing");
    let twice = entries([(symbol("owner"), owner.clone()), (symbol("owner"), owner)]);
    assert_eq!(argument(order(), "Order", twice).unwrap_err(), "a field is there twice");
    let pair = || vec![structure("Pair", &[("0", ScSpecTypeDef::U32), ("1", ScSpecTypeDef::Bool)])];
    assert_eq!(
        argument(pair(), "Pair", list([ScVal::U32(1), ScVal::Bool(true)])).unwrap(),
        json!({"arg0": 1, "arg1": true})
    );
    assert!(argument(pair(), "Pair", list([ScVal::U32(1)])).unwrap_err().contains("number of items"));
}

#[test]
fn unions_are_names_or_records_of_their_cases() {
    let plain = || vec![union("Side", &[("Buy", &[]), ("Sell", &[])])];
    assert_eq!(argument(plain(), "Side", list([symbol("Sell")])).unwrap(), json!("Sell"));
    assert!(argument(plain(), "Side", list([symbol("Hold")])).unwrap_err().contains("this case"));
    let asset = || {
        vec![union(
            "Asset",
            &[
                ("Stellar", &[ScSpecTypeDef::Address]),
                ("Other", &[ScSpecTypeDef::Symbol, ScSpecTypeDef::U32]),
                ("None", &[]),
            ],
        )]
    };
    assert_eq!(
        argument(asset(), "Asset", list([symbol("Other"), symbol("EUR"), ScVal::U32(7)])).unwrap(),
        json!({"kind": "Other", "Stellar": null, "Other": {"arg0": "EUR", "arg1": 7}})
    );
    assert_eq!(
        argument(asset(), "Asset", list([symbol("None")])).unwrap(),
        json!({"kind": "None", "Stellar": null, "Other": null})
    );
    assert!(argument(asset(), "Asset", list([symbol("Stellar")])).unwrap_err().contains("other contents"));
    assert!(argument(asset(), "Asset", list([])).unwrap_err().contains("does not begin"));
    let kind = || vec![union("K", &[("kind", &[ScSpecTypeDef::U32])])];
    assert_eq!(
        argument(kind(), "K", list([symbol("kind"), ScVal::U32(1)])).unwrap(),
        json!({"kind": "kind", "kind_": {"arg0": 1}})
    );
}

#[test]
fn numbers_with_names_are_their_names() {
    let case = |name: &str, value| ScSpecUdtEnumCaseV0 { doc: text(""), name: text(name), value };
    let level = || {
        vec![ScSpecEntry::UdtEnumV0(ScSpecUdtEnumV0 {
            doc: text(""),
            lib: text(""),
            name: text("Level"),
            cases: vec![case("Low", 1), case("High", 5)].try_into().unwrap(),
        })]
    };
    assert_eq!(argument(level(), "Level", ScVal::U32(5)).unwrap(), json!("High"));
    assert!(argument(level(), "Level", ScVal::U32(2)).unwrap_err().contains("this case"));
    let case = |name: &str, value| ScSpecUdtErrorEnumCaseV0 { doc: text(""), name: text(name), value };
    let wrong = || {
        vec![ScSpecEntry::UdtErrorEnumV0(ScSpecUdtErrorEnumV0 {
            doc: text(""),
            lib: text(""),
            name: text("Wrong"),
            cases: vec![case("TooLate", 7)].try_into().unwrap(),
        })]
    };
    for value in [ScVal::Error(ScError::Contract(7)), ScVal::U32(7)] {
        assert_eq!(argument(wrong(), "Wrong", value).unwrap(), json!("TooLate"));
    }
    let host = ScVal::Error(ScError::Auth(ScErrorCode::InvalidAction));
    assert_eq!(argument(wrong(), "Wrong", host).unwrap(), json!("auth:invalid_action"));
}

#[test]
fn a_type_that_holds_itself_is_told_by_the_data_from_there_on() {
    let tree = || vec![structure("Tree", &[("leaf", ScSpecTypeDef::U32), ("sub", vec_of(udt("Tree")))])];
    let node = |leaf, sub| fields([("leaf", ScVal::U32(leaf)), ("sub", list(sub))]);
    let value = node(1, vec![node(2, vec![node(3, vec![])])]);
    assert_eq!(
        argument(tree(), "Tree", value).unwrap(),
        json!({"leaf": 1, "sub": [{"leaf": 2, "sub": [{"leaf": 3, "sub": []}]}]})
    );
}

#[test]
fn types_that_double_with_every_level_stay_small() {
    let mut entries: Vec<_> = (0..200)
        .map(|level: u32| {
            let next = || udt(&format!("T{}", level + 1));
            structure(&format!("T{level}"), &[("a", next()), ("b", next())])
        })
        .collect();
    entries.push(structure("T200", &[("a", ScSpecTypeDef::U32)]));
    entries.push(function("f", &[("x", udt("T0"))]));
    let decoder = described(&entries).calls("f").unwrap().remove(0);
    // Comparing and hashing go through the whole type.
    assert_eq!(decoder.schema(), decoder.schema());
    assert!(format!("{:?}", decoder.schema()).len() < 1_000_000);
}

#[test]
fn outcomes_hold_what_went_well_or_what_did_not() {
    assert_eq!(read("result<u32, error>", ScVal::U32(1)).unwrap(), json!({"ok": 1, "error": null}));
    assert_eq!(
        read("result<u32, error>", ScVal::Error(ScError::Contract(1))).unwrap(),
        json!({"ok": null, "error": "contract:1"})
    );
}

#[test]
fn structs_can_be_written_where_they_are_used() {
    let decoder = event_decoder("e(x: {a: i128, b: option<{c: u32}>}, y: u64)");
    let value = fields([
        ("x", fields([("a", i128(1)), ("b", fields([("c", ScVal::U32(2))]))])),
        ("y", ScVal::U64(3)),
    ]);
    assert_eq!(
        decode(&*decoder, &event(&[symbol("e")], &value)).unwrap(),
        json!({"x": {"a": "1", "b": {"c": 2}}, "y": "3", "type": "contract"})
    );
    let wrong = fields([("x", ScVal::Void), ("y", ScVal::U64(3))]);
    assert!(fault(&*decoder, &event(&[symbol("e")], &wrong)).contains("another type"));
}

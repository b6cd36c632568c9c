//! Descriptions in every format, what they decode, and what is wrong with those that are wrong.

use chainbell_model::{ArgMask, Dialect as _, InterfaceError, Type};
use chainbell_solana::SolanaDialect;
use serde_json::{Value as Json, json};

use super::decode_support::{
    arguments, call, call_payload, data, event, event_payload, fault, interface, json as decoded,
};

/// An IDL of before 0.30.
fn legacy() -> String {
    json!({
        "version": "0.1.0", "name": "shop",
        "instructions": [{
            "name": "placeOrder",
            "accounts": [
                {"name": "buyer", "isMut": true, "isSigner": true},
                {"name": "common", "accounts": [
                    {"name": "vault", "isMut": true, "isSigner": false},
                    {"name": "referrer", "isMut": false, "isSigner": false, "isOptional": true}
                ]},
                {"name": "tail", "isMut": false, "isSigner": false, "isOptional": true}
            ],
            "args": [
                {"name": "order", "type": {"defined": "Order"}},
                {"name": "accounts", "type": {"vec": "publicKey"}}
            ]
        }],
        "types": [
            {"name": "Order", "type": {"kind": "struct", "fields": [
                {"name": "price", "type": "u128"}, {"name": "side", "type": {"defined": "Side"}}
            ]}},
            {"name": "Side", "type": {"kind": "enum", "variants": [{"name": "Bid"}, {"name": "Ask"}]}},
            {"name": "Outcome", "type": {"kind": "enum", "variants": [
                {"name": "Open"}, {"name": "Filled", "fields": ["u64", {"defined": "Side"}]},
                {"name": "Failed", "fields": [{"name": "code", "type": "i16"}]}
            ]}},
            {"name": "Price", "type": {"kind": "alias", "value": "u64"}}
        ],
        "events": [{"name": "OrderDone", "fields": [
            {"name": "order", "type": {"defined": "Order"}, "index": false},
            {"name": "outcome", "type": {"defined": "Outcome"}, "index": true},
            {"name": "note", "type": {"option": "string"}, "index": false},
            {"name": "source", "type": {"array": ["u8", 2]}, "index": false},
            {"name": "prices", "type": {"array": [{"defined": "Price"}, 2]}, "index": false},
            {"name": "rate", "type": "f64", "index": false},
            {"name": "tags", "type": {"hashMap": ["string", "i256"]}, "index": false}
        ]}],
        "metadata": {"address": "So11111111111111111111111111111111111111112"}
    })
    .to_string()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat()
}

#[test]
fn an_idl_of_before_0_30_decodes_every_kind_of_type() {
    let interface = interface(&legacy());
    let decoder = event(&interface, "OrderDone");
    assert_eq!(
        decoder.signature(),
        "OrderDone(Order,Outcome,option<string>,[u8;2],[Price;2],f64,map<string,i256>)"
    );
    let done = data(
        &decoder,
        &[
            &7u128.to_le_bytes(),
            &[1],
            &[1],
            &9u64.to_le_bytes(),
            &[0],
            &[0],
            &[0xab, 0xcd],
            &1u64.to_le_bytes(),
            &u64::MAX.to_le_bytes(),
            &(-0.5f64).to_le_bytes(),
            &1u32.to_le_bytes(),
            &text("é"),
            &[0xff; 32],
        ],
    );
    let expected = json!({
        "order": {"price": "7", "side": "Ask"},
        "outcome": {"kind": "Filled", "Filled": {"arg0": "9", "arg1": "Bid"}, "Failed": null},
        "note": null, "source": "0xabcd", "prices": ["1", "18446744073709551615"], "rate": "-0.5",
        "tags": [{"key": "é", "value": "-1"}],
    });
    let payload = event_payload(&done);
    assert_eq!(arguments(&decoder, &payload).unwrap(), expected);
    let all = decoded(&decoder, &payload, ArgMask::MAX).unwrap();
    assert_eq!((&all["source"], &all["source_"]), (&"0xabcd".into(), &"log".into()));
    assert_eq!(decoder.attributes(), 3);
    assert_eq!(decoded(&decoder, &payload, 1 << 3).unwrap(), json!({"source": "0xabcd"}));
}

#[test]
fn accounts_are_named_and_those_that_are_absent_are_null() {
    let interface = interface(&legacy());
    let decoder = call(&interface, "placeOrder");
    assert_eq!(call(&interface, "place_order").signature(), "placeOrder(Order,vec<pubkey>)");
    let program = <[u8; 32]>::try_from(
        &*SolanaDialect.parse_address("So11111111111111111111111111111111111111112").unwrap(),
    )
    .unwrap();
    let data = data(&decoder, &[&1u128.to_le_bytes(), &[0], &1u32.to_le_bytes(), &[9; 32], b"appended"]);
    let values = |accounts: &[[u8; 32]]| decoded(&decoder, &call_payload(accounts, &data), ArgMask::MAX);
    let address = |byte: u8| {
        let mut text = String::new();
        SolanaDialect.address_text(&chainbell_model::Address::from_slice(&[byte; 32]).unwrap(), &mut text);
        text
    };
    let some = values(&[[1; 32], [2; 32], program]).unwrap();
    assert_eq!(
        some["accounts_"],
        json!({"buyer": address(1), "common_vault": address(2), "common_referrer": null, "tail": null})
    );
    assert_eq!(some["accounts"], json!([address(9)]));
    assert_eq!(some["all_accounts"].as_array().unwrap().len(), 3);
    let all = values(&[[1; 32], [2; 32], [3; 32], [4; 32], [5; 32]]).unwrap();
    assert_eq!(
        (&all["accounts_"]["common_referrer"], &all["accounts_"]["tail"]),
        (&address(3).into(), &address(4).into())
    );
    let error = values(&[[1; 32]]).unwrap_err();
    assert_eq!((error.field.as_str(), error.reason.contains("fewer accounts")), ("accounts_", true));
    assert!(decoded(&decoder, &call_payload(&[], &data), 1).is_ok(), "nobody asked for the accounts");
}

/// An IDL since 0.30, with generics.
fn modern(types: Json, fields: Json) -> String {
    let mut all = types.as_array().unwrap().clone();
    all.push(json!({"name": "Told", "type": {"kind": "struct", "fields": fields}}));
    json!({
        "address": "So11111111111111111111111111111111111111112",
        "metadata": {"name": "x", "version": "0.1.0", "spec": "0.1.0"},
        "instructions": [{"name": "ping", "discriminator": [1, 2, 3], "accounts": [], "args": []}],
        "events": [{"name": "Told", "discriminator": [8, 7, 6, 5, 4, 3, 2, 1, 0]}],
        "types": all,
    })
    .to_string()
}

#[test]
fn discriminators_may_have_any_length() {
    let interface = interface(&modern(json!([]), json!([{"name": "a", "type": "u8"}])));
    let told = event(&interface, "Told");
    assert_eq!(told.key().unwrap()[..9], [8, 7, 6, 5, 4, 3, 2, 1, 0]);
    assert!(told.fits(&event_payload(&[8, 7, 6, 5, 4, 3, 2, 1, 0, 5])));
    assert!(!told.fits(&event_payload(&[8, 7, 6, 5, 4, 3, 2, 1, 1, 5])), "the ninth byte counts too");
    assert_eq!(arguments(&told, &event_payload(&[8, 7, 6, 5, 4, 3, 2, 1, 0, 5])).unwrap(), json!({"a": 5}));
    let ping = call(&interface, "ping");
    assert_eq!(ping.key(), None);
    assert!(ping.fits(&call_payload(&[], &[1, 2, 3, 4])) && !ping.fits(&call_payload(&[], &[1, 2])));
    assert_eq!(ping.schema().index_of("accounts"), None);
}

#[test]
fn generics_are_filled_in_and_aliases_seen_through() {
    let types = json!([
        {"name": "Wrapped", "generics": [{"kind": "type", "name": "T"}, {"kind": "const", "name": "N", "type": "usize"}],
         "type": {"kind": "struct", "fields": [
            {"name": "list", "type": {"array": [{"generic": "T"}, {"generic": "N"}]}},
            {"name": "inner", "type": {"option": {"defined": {"name": "Pair", "generics": [{"kind": "type", "type": {"generic": "T"}}]}}}}
         ]}},
        {"name": "Pair", "generics": [{"kind": "type", "name": "U"}],
         "type": {"kind": "struct", "fields": [{"generic": "U"}, {"generic": "U"}]}},
        {"name": "Alias", "type": {"kind": "type", "alias": {"defined": {"name": "Wrapped", "generics": [
            {"kind": "type", "type": "u16"}, {"kind": "const", "value": "2"}]}}}},
    ]);
    let fields = json!([
        {"name": "a", "type": {"defined": {"name": "Alias"}}},
        {"name": "b", "type": {"defined": {"name": "Wrapped", "generics": [
            {"kind": "type", "type": "u8"}, {"kind": "const", "value": "3"}]}}},
    ]);
    let decoder = event(&interface(&modern(types, fields)), "Told");
    assert_eq!(decoder.signature(), "Told(Alias,Wrapped<u8,3>)");
    let bytes = [8, 7, 6, 5, 4, 3, 2, 1, 0, 1, 0, 2, 0, 1, 3, 0, 4, 0, 7, 8, 9, 0];
    assert_eq!(
        arguments(&decoder, &event_payload(&bytes)).unwrap(),
        json!({"a": {"list": [1, 2], "inner": {"arg0": 3, "arg1": 4}}, "b": {"list": "0x070809", "inner": null}})
    );
}

#[test]
fn a_type_may_hold_itself_where_its_values_end() {
    let types = json!([{"name": "Tree", "type": {"kind": "struct", "fields": [
        {"name": "id", "type": "u8"}, {"name": "below", "type": {"vec": {"defined": {"name": "Tree"}}}}
    ]}}]);
    let fields = json!([{"name": "tree", "type": {"defined": {"name": "Tree"}}}]);
    let decoder = event(&interface(&modern(types, fields)), "Told");
    let Type::Record(tree) = &decoder.schema().fields[0].ty else { panic!("{:?}", decoder.schema()) };
    assert_eq!(tree.fields[1].ty, Type::List(Type::Any.into()));
    let told = [8, 7, 6, 5, 4, 3, 2, 1, 0].as_slice();
    let one = [told, &[1, 2, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0]].concat();
    let expected = json!({"tree": {"id": 1, "below": [{"id": 2, "below": []}, {"id": 3, "below": []}]}});
    assert_eq!(arguments(&decoder, &event_payload(&one)).unwrap(), expected);
    let mut deep = told.to_vec();
    for _ in 0..1000 {
        deep.extend([1, 1, 0, 0, 0]);
    }
    for wanted in [0, 1] {
        let error = decoded(&decoder, &event_payload(&deep), wanted).unwrap_err();
        assert!(error.reason.contains("nested too deeply"), "{error}");
    }
}

#[test]
fn what_is_wrong_with_an_idl_is_told_with_the_place() {
    let told = |fields: Json| fault(&modern(json!([]), fields));
    let with = |types: Json, ty: Json| fault(&modern(types, json!([{"name": "a", "type": ty}])));
    for (fault, parts) in [
        (told(json!([{"name": "a", "type": "u65"}])), ["types[0].type.fields[0].type", "no type \"u65\""]),
        (
            told(json!([{"name": "a", "type": {"defined": {"name": "Tald"}}}])),
            ["types[0].type.fields[0].type.defined", "\"Told\" is the nearest"],
        ),
        (told(json!([{"name": "a"}])), ["types[0].type.fields[0]", "\"type\" is missing"]),
        (told(json!([{"type": "u8"}, {"name": 3}])), ["types[0].type.fields[0]", "is no type"]),
        (
            with(
                json!([{"name": "Loop", "type": {"kind": "struct", "fields": [{"name": "x", "type": {"defined": {"name": "Loop"}}}]}}]),
                json!({"defined": {"name": "Loop"}}),
            ),
            ["events[0], \"a\"", "holds itself"],
        ),
        (
            with(
                json!([{"name": "One", "generics": [{"kind": "type", "name": "T"}], "type": {"kind": "struct", "fields": []}}]),
                json!({"defined": {"name": "One"}}),
            ),
            ["events[0], \"a\"", "has 1 parameters, 0 are given"],
        ),
        (
            with(
                json!([{"name": "Odd", "serialization": {"custom": "x"}, "type": {"kind": "struct", "fields": []}}]),
                json!({"defined": {"name": "Odd"}}),
            ),
            ["types[0].serialization", "not known"],
        ),
        (
            with(json!([{"name": "Odd", "type": {"kind": "union"}}]), json!({"defined": {"name": "Odd"}})),
            ["types[0].type", "neither struct, enum nor type"],
        ),
        (fault(r#"{"events": [{"name": "Gone"}]}"#), ["events[0]", "no type \"Gone\""]),
        (
            fault(r#"{"events": [], "instructions": [{"name": "a", "discriminator": [256]}]}"#),
            ["instructions[0].discriminator[0]", "0 to 255"],
        ),
        (fault(r#"{"events": 3}"#), ["events", "a list was expected"]),
        (fault(r#"{"abi": []}"#), ["neither an IDL of Anchor's", ""]),
        (fault(r#"{"instructions": [], "events": []}"#), ["neither events nor instructions", ""]),
        (fault(r#"{"address": "abc", "instructions": []}"#), ["address", "stands for 3"]),
    ] {
        assert!(parts.iter().all(|part| fault.contains(part)), "{fault}");
    }
}

#[test]
fn broken_json_is_told_with_its_offset() {
    for (text, at) in [("{\n \"events\": [x]}", 14), ("{\"events\": [", 11)] {
        let error = SolanaDialect.interface(text.as_bytes()).unwrap_err();
        let InterfaceError::Malformed { reason, offset } = error else { panic!("{error}") };
        assert!(reason.contains("no JSON"), "{reason}");
        assert_eq!(offset, Some(at), "{reason}");
    }
    let error = SolanaDialect.interface(b"{\"\xff\"}").unwrap_err();
    assert!(matches!(error, InterfaceError::Malformed { offset: Some(2), .. }), "{error:?}");
    let deep = "[".repeat(100_000);
    assert!(SolanaDialect.interface(deep.as_bytes()).is_err());
    assert!(fault(&" ".repeat(5 << 20)).contains("too long"));
}

#[test]
fn types_that_grow_without_end_are_refused() {
    let doubled = |level: usize| {
        let next = json!({"defined": {"name": format!("T{}", level + 1)}});
        json!({"name": format!("T{level}"), "type": {"kind": "struct", "fields": [next, next]}})
    };
    let mut types: Vec<_> = (0..15).map(doubled).collect();
    types.push(json!({"name": "T15", "type": {"kind": "struct", "fields": []}}));
    let field = json!([{"name": "a", "type": {"defined": {"name": "T0"}}}]);
    let reason = fault(&modern(types.into(), field));
    assert!(reason.contains("more than 4096 parts") && reason.contains("events[0], \"a\""), "{reason}");

    let grown = json!([{"name": "G", "generics": [{"kind": "type", "name": "T"}], "type": {"kind": "struct", "fields": [
        {"name": "x", "type": {"vec": {"defined": {"name": "G", "generics": [{"kind": "type", "type": {"vec": {"generic": "T"}}}]}}}}
    ]}}]);
    let field = json!([{"name": "a", "type": {"defined": {"name": "G", "generics": [{"kind": "type", "type": "u16"}]}}}]);
    assert!(fault(&modern(grown, field)).contains("nested too deeply"));
    let mut nested = json!("u8");
    for _ in 0..60 {
        nested = json!({"option": nested});
    }
    assert!(fault(&modern(json!([]), json!([{"name": "a", "type": nested}]))).contains("nested too deeply"));
}

#[test]
fn fields_beyond_the_mask_are_together_in_the_last() {
    let fields: Vec<_> = (0..70).map(|place| json!({"name": format!("f{place}"), "type": "u8"})).collect();
    let decoder = event(&interface(&modern(json!([]), fields.into())), "Told");
    assert_eq!(decoder.schema().fields.len(), 64);
    let bytes: Vec<u8> = [8, 7, 6, 5, 4, 3, 2, 1, 0].into_iter().chain(0..70).collect();
    let values = decoded(&decoder, &event_payload(&bytes), ArgMask::MAX).unwrap();
    assert_eq!(
        (&values["f59"], &values["more"]["f60"], &values["more"]["f69"]),
        (&59.into(), &60.into(), &69.into())
    );
    assert_eq!(values["instruction"], 3);
    let error = decoded(&decoder, &event_payload(&bytes[..70]), 0).unwrap_err();
    assert_eq!(error.field, "more");
    assert_eq!(
        decoded(&decoder, &event_payload(&bytes), 1 << 60).unwrap()["more"].as_object().unwrap().len(),
        10
    );
}

#[test]
fn data_that_is_no_value_of_its_type_is_refused() {
    let reason = |ty: Json, bytes: &[u8]| {
        let decoder = event(&interface(&modern(json!([]), json!([{"name": "a", "type": ty}]))), "Told");
        let all = [&[8, 7, 6, 5, 4, 3, 2, 1, 0], bytes].concat();
        arguments(&decoder, &event_payload(&all)).unwrap_err().reason
    };
    assert!(reason(json!("bool"), &[2]).contains("neither true nor false"));
    assert!(reason(json!({"option": "u8"}), &[2, 1]).contains("neither that the value is there"));
    assert!(reason(json!("string"), &[1, 0, 0, 0, 0xff]).contains("not UTF-8"));
    assert!(reason(json!("string"), &[255, 255, 255, 255]).contains("ends before it"));
    assert!(reason(json!({"vec": "u64"}), &[255, 255, 255, 255, 1]).contains("ends before it"));
    assert!(reason(json!({"array": ["u64", 1_000_000_000]}), &[1]).contains("ends before it"));
    assert!(reason(json!("u64"), &[1; 9]).contains("left over"));
    let unit = json!({"vec": {"tuple": []}});
    assert!(reason(unit, &[255, 255, 255, 255]).contains("more values than it has room for"));
    let nothing = json!({"array": [{"tuple": []}, 4_000_000_000u32]});
    assert!(reason(nothing, &[]).contains("more values than it has room for"));
}

#[test]
fn floats_are_text() {
    let decoder = event(&SolanaDialect.empty_interface(), "F(f32 a, f32 b, f64 c, f64 d)");
    let bytes = data(
        &decoder,
        &[
            &0.1f32.to_le_bytes(),
            &f32::NAN.to_le_bytes(),
            &f64::NEG_INFINITY.to_le_bytes(),
            &1e3f64.to_le_bytes(),
        ],
    );
    let expected = json!({"a": "0.1", "b": "NaN", "c": "-inf", "d": "1000"});
    assert_eq!(arguments(&decoder, &event_payload(&bytes)).unwrap(), expected);
}

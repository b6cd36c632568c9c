//! Every node of Codama's that says how data stands.

use chainbell_model::{ArgMask, Type};
use serde_json::{Value as Json, json};

use super::decode_support::{
    arguments, call, call_payload, event, event_payload, fault, interface, json as decoded,
};

fn number(format: &str) -> Json {
    json!({"kind": "numberTypeNode", "format": format, "endian": "le"})
}

fn bytes_constant(hex: &str) -> Json {
    json!({"kind": "constantValueNode", "type": {"kind": "bytesTypeNode"},
        "value": {"kind": "bytesValueNode", "data": hex, "encoding": "base16"}})
}

fn field(name: &str, ty: Json) -> Json {
    json!({"kind": "structFieldTypeNode", "name": name, "docs": [], "type": ty})
}

fn root(types: Json, events: Json, instructions: Json) -> String {
    json!({"kind": "rootNode", "standard": "codama", "version": "1.5.1", "additionalPrograms": [],
        "program": {"kind": "programNode", "name": "shop", "publicKey": "11111111111111111111111111111112",
            "definedTypes": types, "events": events, "instructions": instructions}})
    .to_string()
}

/// An event with the discriminator 01 and a field of that type.
fn told(types: Json, ty: Json) -> String {
    let data = json!({"kind": "structTypeNode", "fields": [field("a", ty)]});
    let discriminators =
        json!([{"kind": "constantDiscriminatorNode", "offset": 0, "constant": bytes_constant("01")}]);
    let event = json!({"kind": "eventNode", "name": "told", "data": data, "discriminators": discriminators});
    root(types, json!([event]), json!([]))
}

fn value(ty: Json, bytes: &[u8]) -> Json {
    let decoder = event(&interface(&told(json!([]), ty)), "Told");
    let all = [&[1], bytes].concat();
    let values = arguments(&decoder, &event_payload(&all)).unwrap();
    decoded(&decoder, &event_payload(&all), 0).unwrap();
    values["a"].clone()
}

fn reason(ty: Json, bytes: &[u8]) -> &'static str {
    let decoder = event(&interface(&told(json!([]), ty)), "told");
    arguments(&decoder, &event_payload(&[&[1], bytes].concat())).unwrap_err().reason
}

#[test]
fn numbers_have_their_size_and_order() {
    let be = |format: &str| json!({"kind": "numberTypeNode", "format": format, "endian": "be"});
    assert_eq!(value(be("u32"), &[0, 0, 1, 2]), 258);
    assert_eq!(value(be("i16"), &[0xff, 0xfe]), -2);
    assert_eq!(value(be("u128"), &[&[0; 15][..], &[9]].concat()), "9");
    assert_eq!(value(be("f32"), &1.5f32.to_be_bytes()), "1.5");
    assert_eq!(value(number("i64"), &(-7i64).to_le_bytes()), "-7");
    assert_eq!(value(number("shortU16"), &[0x80, 0x01]), 128);
    assert_eq!(value(number("shortU16"), &[0xff, 0xff, 0x03]), 65535);
    assert!(reason(number("shortU16"), &[0xff, 0xff, 0x04]).contains("too large"));
    assert_eq!(value(json!({"kind": "booleanTypeNode", "size": number("u32")}), &[1, 0, 0, 0]), true);
    let amount = json!({"kind": "amountTypeNode", "decimals": 9, "unit": "x", "number": number("u64")});
    assert_eq!(value(amount, &[1, 0, 0, 0, 0, 0, 0, 0]), "1");
    for kind in ["solAmountTypeNode", "dateTimeTypeNode"] {
        assert_eq!(value(json!({"kind": kind, "number": number("i64")}), &[1, 0, 0, 0, 0, 0, 0, 0]), "1");
    }
}

#[test]
fn text_and_bytes_end_where_what_is_around_them_says() {
    let text = |encoding: &str| json!({"kind": "stringTypeNode", "encoding": encoding});
    let sized = |ty: Json| json!({"kind": "fixedSizeTypeNode", "size": 4, "type": ty});
    assert_eq!(value(text("utf8"), b"abc"), "abc");
    assert_eq!(value(text("base16"), &[0xab]), "ab");
    assert_eq!(value(text("base58"), &[0, 1]), "12");
    assert_eq!(value(text("base64"), b"hi"), "aGk=");
    assert_eq!(value(sized(text("utf8")), b"ab\0\0"), "ab");
    assert_eq!(value(sized(json!({"kind": "bytesTypeNode"})), &[1, 2, 3, 4]), "0x01020304");
    let prefixed = json!({"kind": "sizePrefixTypeNode", "type": text("utf8"), "prefix": number("u8")});
    assert_eq!(value(prefixed.clone(), b"\x02ab"), "ab");
    assert!(reason(prefixed, b"\x03ab").contains("ends before it"));
    let until = json!({"kind": "sentinelTypeNode", "type": text("utf8"), "sentinel": bytes_constant("ffff")});
    assert_eq!(value(until.clone(), b"ab\xff\xff"), "ab");
    assert!(reason(until, b"ab\xff").contains("missing"));
    let hidden = json!({"kind": "hiddenPrefixTypeNode", "prefix": [bytes_constant("0a"), bytes_constant("0b")],
        "type": {"kind": "hiddenSuffixTypeNode", "suffix": [bytes_constant("0c")], "type": number("u8")}});
    assert_eq!(value(hidden.clone(), &[10, 11, 7, 12]), 7);
    assert!(reason(hidden, &[10, 11, 7, 13]).contains("constant"));
}

#[test]
fn what_may_be_absent_is_null() {
    let option = |fixed: bool| json!({"kind": "optionTypeNode", "fixed": fixed, "item": number("u16"), "prefix": number("u32")});
    assert_eq!(value(option(false), &[1, 0, 0, 0, 5, 0]), 5);
    assert_eq!(value(option(false), &[0, 0, 0, 0]), json!(null));
    assert_eq!(value(option(true), &[0, 0, 0, 0, 9, 9]), json!(null));
    let zeroable = |zero: Option<Json>| {
        let mut node = json!({"kind": "zeroableOptionTypeNode", "item": number("u16")});
        if let Some(zero) = zero {
            node["zeroValue"] = zero;
        }
        node
    };
    assert_eq!(value(zeroable(None), &[0, 0]), json!(null));
    assert_eq!(value(zeroable(None), &[0, 1]), 256);
    assert_eq!(value(zeroable(Some(bytes_constant("ffff"))), &[255, 255]), json!(null));
    assert_eq!(value(zeroable(Some(bytes_constant("ffff"))), &[0, 0]), 0);
    assert!(fault(&told(json!([]), zeroable(Some(bytes_constant("ff"))))).contains("not as long"));
    let trailing = json!({"kind": "remainderOptionTypeNode", "item": number("u16")});
    assert_eq!(value(trailing.clone(), &[]), json!(null));
    assert_eq!(value(trailing, &[1, 0]), 1);
}

#[test]
fn lists_maps_tuples_and_enums() {
    let list = |item: Json, count: Json| json!({"kind": "arrayTypeNode", "item": item, "count": count});
    let fixed = json!({"kind": "fixedCountNode", "value": 2});
    let rest = json!({"kind": "remainderCountNode"});
    let prefixed = json!({"kind": "prefixedCountNode", "prefix": number("u8")});
    assert_eq!(value(list(number("u16"), fixed.clone()), &[1, 0, 2, 0]), json!([1, 2]));
    assert_eq!(value(list(number("u16"), rest.clone()), &[1, 0, 2, 0]), json!([1, 2]));
    assert_eq!(value(list(number("u8"), prefixed.clone()), &[2, 1, 2]), "0x0102");
    assert!(reason(list(json!({"kind": "structTypeNode", "fields": []}), rest), &[1]).contains("no bytes"));
    assert_eq!(
        value(json!({"kind": "setTypeNode", "item": number("i8"), "count": prefixed}), &[1, 255]),
        json!([-1])
    );
    let map = json!({"kind": "mapTypeNode", "key": number("u8"), "value": {"kind": "booleanTypeNode", "size": number("u8")}, "count": fixed});
    assert_eq!(value(map, &[1, 1, 2, 0]), json!([{"key": 1, "value": true}, {"key": 2, "value": false}]));
    let tuple = json!({"kind": "tupleTypeNode", "items": [number("u8"), {"kind": "publicKeyTypeNode"}]});
    assert_eq!(value(tuple, &[&[3][..], &[0; 32]].concat()), json!({"arg0": 3, "arg1": "1".repeat(32)}));
    let variants = |more: Json| {
        let mut all = vec![
            json!({"kind": "enumEmptyVariantTypeNode", "name": "flip"}),
            json!({"kind": "enumEmptyVariantTypeNode", "name": "flop", "discriminator": 9}),
        ];
        all.extend(more.as_array().unwrap().iter().cloned());
        json!({"kind": "enumTypeNode", "variants": all, "size": number("u16")})
    };
    assert_eq!(value(variants(json!([])), &[9, 0]), "flop");
    assert!(reason(variants(json!([])), &[1, 0]).contains("no such variant"));
    let content = json!([{"kind": "enumStructVariantTypeNode", "name": "kind", "struct": {"kind": "structTypeNode", "fields": [field("x", number("u8"))]}},
        {"kind": "enumTupleVariantTypeNode", "name": "pair", "tuple": {"kind": "tupleTypeNode", "items": [number("u8")]}}]);
    assert_eq!(
        value(variants(content.clone()), &[2, 0, 7]),
        json!({"kind": "kind", "arg1": {"x": 7}, "pair": null})
    );
    assert_eq!(
        value(variants(content), &[3, 0, 7]),
        json!({"kind": "pair", "arg1": null, "pair": {"arg0": 7}})
    );
}

#[test]
fn types_are_linked_by_name() {
    let types = json!([{"kind": "definedTypeNode", "name": "side", "type": {"kind": "structTypeNode", "fields": [field("x", number("u8"))]}},
        {"kind": "definedTypeNode", "name": "odd", "type": {"kind": "preOffsetTypeNode"}}]);
    let link = |name: &str| json!({"kind": "definedTypeLinkNode", "name": name});
    let decoder = event(&interface(&told(types.clone(), link("side"))), "told");
    assert_eq!(decoder.signature(), "told(side)");
    assert_eq!(arguments(&decoder, &event_payload(&[1, 5])).unwrap(), json!({"a": {"x": 5}}));
    let missing = fault(&told(types.clone(), link("site")));
    assert!(
        missing.contains("program.events[0].data.fields[0].type: there is no type \"site\"; \"side\""),
        "{missing}"
    );
    let odd = fault(&told(types, link("odd")));
    assert!(odd.contains("program.definedTypes[1].type: \"preOffsetTypeNode\" is no type"), "{odd}");
}

#[test]
fn instructions_are_told_by_fields_constants_and_size() {
    let argument = |name: &str, ty: Json, value: Option<Json>| {
        let mut node = json!({"kind": "instructionArgumentNode", "name": name, "type": ty});
        if let Some(value) = value {
            node["defaultValue"] = value;
            node["defaultValueStrategy"] = "omitted".into();
        }
        node
    };
    let tag = json!({"kind": "numberValueNode", "number": 7});
    let instruction = json!({
        "kind": "instructionNode", "name": "sendTo",
        "accounts": [{"kind": "instructionAccountNode", "name": "from", "isOptional": false}, {"kind": "instructionAccountNode", "name": "to", "isOptional": true}],
        "arguments": [
            argument("discriminator", number("u16"), Some(tag.clone())),
            argument("amount", number("u8"), None),
            argument("version", number("u8"), Some(tag)),
            argument("note", json!({"kind": "remainderOptionTypeNode", "item": number("u8")}), None),
        ],
        "discriminators": [
            {"kind": "fieldDiscriminatorNode", "name": "discriminator", "offset": 0},
            {"kind": "constantDiscriminatorNode", "offset": 3, "constant": bytes_constant("07")},
            {"kind": "sizeDiscriminatorNode", "size": 4},
        ],
    });
    let interface = interface(&root(json!([]), json!([]), json!([instruction])));
    let decoder = call(&interface, "send_to");
    assert_eq!(decoder.signature(), "sendTo(u8,option<u8>)");
    for (data, fits) in
        [(&[7, 0, 5, 7][..], true), (&[7, 0, 5, 8], false), (&[7, 1, 5, 7], false), (&[7, 0, 5, 7, 0], false)]
    {
        assert_eq!(decoder.fits(&call_payload(&[], data)), fits, "{data:?}");
    }
    let mut program = [0; 32];
    program[31] = 1;
    let values = decoded(&decoder, &call_payload(&[[0; 32], program], &[7, 0, 5, 7]), ArgMask::MAX).unwrap();
    assert_eq!((&values["amount"], &values["note"]), (&5.into(), &json!(null)));
    assert_eq!(values["accounts"], json!({"from": "1".repeat(32), "to": null}));
    let optional = &decoder.schema().fields[1].ty;
    assert_eq!(*optional, Type::Optional(Type::Uint(8).into()));
}

#[test]
fn the_tag_of_events_told_by_a_call_may_be_written_or_not() {
    let data = json!({"kind": "structTypeNode", "fields": [field("x", number("u8"))]});
    let constant = |offset: usize, hex: &str| json!({"kind": "constantDiscriminatorNode", "offset": offset, "constant": bytes_constant(hex)});
    let (tag, own) = ("e445a52e51cb9a1d", "0102030405060708");
    let hidden = |parts: &[&str]| json!({"kind": "hiddenPrefixTypeNode", "type": data, "prefix": parts.iter().map(|part| bytes_constant(part)).collect::<Vec<_>>()});
    for (data, discriminators) in [
        (data.clone(), json!([constant(0, own)])),
        (data.clone(), json!([constant(0, &format!("{tag}{own}"))])),
        (data.clone(), json!([constant(0, tag), constant(8, own)])),
        (hidden(&[own]), json!([constant(0, own)])),
        (hidden(&[tag, own]), json!([constant(8, own)])),
        (hidden(&[own]), json!([])),
    ] {
        let one =
            json!({"kind": "eventNode", "name": "told", "data": data, "discriminators": discriminators});
        let decoder = event(&interface(&root(json!([]), json!([one]), json!([]))), "told");
        let payload = event_payload(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(decoder.key().unwrap()[..8], [1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(decoder.fits(&payload), "{one}");
        assert_eq!(arguments(&decoder, &payload).unwrap(), json!({"x": 9}), "{one}");
    }
}

#[test]
fn constants_that_are_none_are_told_with_the_place() {
    let wrong = |value: Json, ty: Json| {
        let constant = json!({"kind": "constantValueNode", "type": ty, "value": value});
        fault(&told(
            json!([]),
            json!({"kind": "hiddenPrefixTypeNode", "type": number("u8"), "prefix": [constant]}),
        ))
    };
    let hex =
        |data: &str, encoding: &str| json!({"kind": "bytesValueNode", "data": data, "encoding": encoding});
    for (fault, part) in [
        (
            wrong(hex("0", "base16"), json!({"kind": "bytesTypeNode"})),
            "prefix[0].value.data: the text is not in the encoding",
        ),
        (wrong(hex("00", "base17"), json!({"kind": "bytesTypeNode"})), "no encoding of bytes"),
        (wrong(json!({"kind": "numberValueNode", "number": 256}), number("u8")), "256 is no u8"),
        (wrong(json!({"kind": "numberValueNode", "number": -1}), number("u8")), "-1 is no u8"),
        (wrong(json!({"kind": "numberValueNode", "number": -129}), number("i8")), "-129 is no i8"),
        (wrong(json!({"kind": "numberValueNode", "number": 0.5}), number("u8")), "0.5 is no u8"),
        (
            wrong(json!({"kind": "noneValueNode"}), number("u8")),
            "\"noneValueNode\" is no constant of type u8",
        ),
        (
            wrong(
                hex("00", "base16"),
                json!({"kind": "fixedSizeTypeNode", "size": 4_000_000_000u32, "type": {"kind": "bytesTypeNode"}}),
            ),
            "too long",
        ),
    ] {
        assert!(fault.contains(part), "{fault}");
    }
}

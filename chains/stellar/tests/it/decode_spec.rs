//! Descriptions in every form, and what references into them find.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_model::{Decoder, Dialect, Interface, InterfaceError};
use chainbell_stellar::{
    StellarDialect,
    payload::{self, EventKind},
};
use serde_json::json;
use stellar_xdr::{
    ScSpecEntry, ScSpecEventDataFormat, ScSpecEventParamLocationV0, ScSpecEventParamV0, ScSpecEventV0,
    ScSpecFunctionInputV0, ScSpecFunctionV0, ScSpecTypeDef, ScSpecTypeUdt, ScSymbol, ScVal,
};

use crate::decode_support::{
    account, decode, event, event_decoder, fault, fields, folder, i128, interface, list, names, string,
    strkey, symbol, text, xdr,
};

pub(crate) fn udt(name: &str) -> ScSpecTypeDef {
    ScSpecTypeDef::Udt(ScSpecTypeUdt { name: name.try_into().unwrap() })
}

pub(crate) fn function(name: &str, inputs: &[(&str, ScSpecTypeDef)]) -> ScSpecEntry {
    let input = |(name, ty): &(&str, ScSpecTypeDef)| ScSpecFunctionInputV0 {
        doc: "".try_into().unwrap(),
        name: (*name).try_into().unwrap(),
        type_: ty.clone(),
    };
    ScSpecEntry::FunctionV0(ScSpecFunctionV0 {
        doc: "".try_into().unwrap(),
        name: ScSymbol(name.try_into().unwrap()),
        inputs: inputs.iter().map(input).collect::<Vec<_>>().try_into().unwrap(),
        outputs: vec![].try_into().unwrap(),
    })
}

/// An event; its parameters are topics where their flag says so.
pub(crate) fn spec_event(
    name: &str,
    prefix: &[&str],
    params: &[(&str, ScSpecTypeDef, bool)],
    data_format: ScSpecEventDataFormat,
) -> ScSpecEntry {
    let param = |(name, ty, topic): &(&str, ScSpecTypeDef, bool)| ScSpecEventParamV0 {
        doc: "".try_into().unwrap(),
        name: (*name).try_into().unwrap(),
        type_: ty.clone(),
        location: match topic {
            true => ScSpecEventParamLocationV0::TopicList,
            false => ScSpecEventParamLocationV0::Data,
        },
    };
    let topic = |topic: &&str| ScSymbol((*topic).try_into().unwrap());
    ScSpecEntry::EventV0(ScSpecEventV0 {
        doc: "".try_into().unwrap(),
        lib: "".try_into().unwrap(),
        name: name.try_into().unwrap(),
        prefix_topics: prefix.iter().map(topic).collect::<Vec<_>>().try_into().unwrap(),
        params: params.iter().map(param).collect::<Vec<_>>().try_into().unwrap(),
        data_format,
    })
}

fn spec(entries: &[ScSpecEntry]) -> Vec<u8> {
    entries.iter().flat_map(xdr).collect()
}

pub(crate) fn described(entries: &[ScSpecEntry]) -> Arc<dyn Interface> {
    StellarDialect.interface(&spec(entries)).unwrap()
}

/// A module with a code section and the spec.
fn module(spec: &[u8]) -> Vec<u8> {
    let leb = |mut number: usize| {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    };
    let custom = [&leb(14)[..], b"contractspecv0", spec].concat();
    [&b"\0asm\x01\0\0\0\x0a\x03\x01\x02\x03\0"[..], &leb(custom.len()), &custom].concat()
}

fn swap() -> Vec<ScSpecEntry> {
    let params = [
        ("user", ScSpecTypeDef::Address, true),
        ("sold", ScSpecTypeDef::I128, false),
        ("bought", ScSpecTypeDef::I128, false),
    ];
    vec![
        function("swap", &[("user", ScSpecTypeDef::Address), ("sold", ScSpecTypeDef::I128)]),
        spec_event("Synced", &["pool", "sync"], &[], ScSpecEventDataFormat::Map),
        spec_event("Swapped", &["pool", "swap"], &params, ScSpecEventDataFormat::Map),
        spec_event("Listed", &["listed"], &params, ScSpecEventDataFormat::Vec),
    ]
}

#[test]
fn a_spec_is_read_from_code_xdr_and_base_64() {
    let spec = spec(&swap());
    let lines: Vec<_> = swap().iter().map(|entry| STANDARD.encode(xdr(entry))).collect();
    let wrapped: Vec<_> = STANDARD.encode(&spec).as_bytes().chunks(76).map(|line| line.to_vec()).collect();
    for source in [
        module(&spec),
        spec.clone(),
        STANDARD.encode(&spec).into_bytes(),
        wrapped.join(&b'\n'),
        format!("{}\n", lines.join("\n")).into_bytes(),
    ] {
        let interface = StellarDialect.interface(&source).unwrap();
        let signatures: Vec<_> =
            interface.all_events().iter().map(|decoder| decoder.signature().to_owned()).collect();
        assert_eq!(
            signatures,
            [
                "Synced[\"pool\", \"sync\"]()",
                "Swapped[\"pool\", \"swap\"](user: address @topic, sold: i128, bought: i128)",
                "Listed[\"listed\"](user: address @topic, sold: i128, bought: i128)",
            ]
        );
        assert_eq!(interface.calls("swap").unwrap()[0].signature(), "swap(user: address, sold: i128)");
    }
}

#[test]
fn described_events_hold_their_data_as_they_say() {
    let interface = described(&swap());
    let user = account(1);
    let map = fields([("bought", i128(2)), ("sold", i128(1))]);
    let expected = json!({"user": strkey(&user), "sold": "1", "bought": "2", "type": "contract"});
    for (name, place) in [("Swapped", 0), ("pool", 1)] {
        let decoder = interface.events(name).unwrap().remove(place);
        let payload = event(&[symbol("pool"), symbol("swap"), user.clone()], &map);
        assert!(decoder.fits(&payload));
        assert_eq!(decode(&*decoder, &payload).unwrap(), expected);
        for other in [
            vec![symbol("pool"), symbol("sync"), user.clone()],
            vec![symbol("pool"), symbol("swap")],
            vec![symbol("pool"), symbol("swap"), user.clone(), user.clone()],
            vec![symbol("pool")],
            vec![],
        ] {
            assert!(!decoder.fits(&event(&other, &map)), "{other:?}");
        }
        // It says what it is and is not: a fault worth telling.
        let payload = event(&[symbol("pool"), symbol("swap"), user.clone()], &i128(1));
        assert!(decoder.fits(&payload));
        assert!(fault(&*decoder, &payload).contains("the data is no map"));
    }
    let listed = interface.events("Listed").unwrap().remove(0);
    let payload = event(&[symbol("listed"), user], &list([i128(1), i128(2), i128(3)]));
    assert_eq!(decode(&*listed, &payload).unwrap(), expected);
    let short = event(&[symbol("listed"), account(1)], &list([i128(1)]));
    assert!(fault(&*listed, &short).contains("argument bought"));
}

#[test]
fn events_that_share_a_name_are_told_apart_by_their_data() {
    let to = ("to", ScSpecTypeDef::Address, true);
    let amount = ("amount", ScSpecTypeDef::I128, false);
    let id = ("to_muxed_id", ScSpecTypeDef::U64, false);
    let interface = described(&[
        spec_event("Mint", &["mint"], &[to.clone(), id, amount.clone()], ScSpecEventDataFormat::Map),
        spec_event("MintWithAmountOnly", &["mint"], &[to, amount], ScSpecEventDataFormat::SingleValue),
    ]);
    let decoders = interface.events("mint").unwrap();
    assert_eq!(interface.events("Mint").unwrap().len(), 1);
    let fitting = |data: &ScVal| -> Vec<String> {
        let payload = event(&[symbol("mint"), account(1)], data);
        let fitting = decoders.iter().filter(|decoder| decoder.fits(&payload));
        fitting.map(|decoder| decoder.name().to_owned()).collect()
    };
    assert_eq!(fitting(&i128(1)), ["MintWithAmountOnly"]);
    assert_eq!(fitting(&fields([("amount", i128(1)), ("to_muxed_id", ScVal::U64(1))])), ["Mint"]);
    assert!(fitting(&string("x")).is_empty());
}

#[test]
fn signatures_stand_one_per_line() {
    let interface = interface(
        "// a pool\n\nstruct Fee { rate: u32, to: address }\n\
         event swapped(user: address @topic, fee: Fee)\n# and\nfn swap(user: Address, path: Vec<Address>,) -> i128\r\n",
    );
    let decoder = interface.events("swapped").unwrap().remove(0);
    assert_eq!(decoder.signature(), "swapped(user: address @topic, fee: Fee)");
    let fee = fields([("rate", ScVal::U32(3)), ("to", account(2))]);
    let json = decode(&*decoder, &event(&[symbol("swapped"), account(1)], &fee)).unwrap();
    assert_eq!(json["fee"], json!({"rate": 3, "to": strkey(&account(2))}));
    assert_eq!(interface.calls("swap").unwrap()[0].signature(), "swap(user: address, path: vec<address>)");
    // What is written where it is asked for knows the description's types.
    assert!(interface.events("paid(fee: Fee)").is_ok());
    assert!(interface.events("paid(fee: Fees)").is_err());
}

#[test]
fn a_signature_reads_back_as_it_was_written() {
    for signature in [
        "paid()",
        "paid(who: address @topic, what: option<vec<map<symbol, (u32, i256)>>>)",
        "Paid[\"paid\", \"v2\"](x: bytes<32>, y: {a: result<void, error>, b: muxed_address}, z: memo)",
        "none[](x: timepoint @topic, y: duration @topic)",
    ] {
        assert_eq!(event_decoder(signature).signature(), signature);
        assert_eq!(event_decoder(&format!("event {signature}")).signature(), signature);
    }
    let decoder = event_decoder("paid(Address @topic, BytesN<4>, (String, Symbol))");
    assert_eq!(decoder.signature(), "paid(arg0: address @topic, arg1: bytes<4>, arg2: (string, symbol))");
}

#[test]
fn what_is_wrong_with_a_signature_is_said_with_its_place() {
    for (signature, what, reason) in [
        ("paid(x: unit)", "unit", "neither a type of Soroban"),
        ("paid(x: u32", "", "expected here"),
        ("paid(x: u32) as list", "list", "as value, as vec or as map"),
        ("paid(x: u32, y: u32) as value", "", "one parameter only"),
        ("paid(x: vec)", "vec", "tells what it holds"),
        ("paid(x: set<u32>)", "set", "no type that holds others"),
        ("paid(x: bytes<many>)", "many", "number of bytes"),
        ("paid(x: u32) -> u32", "->", "should end here"),
        ("fn paid(x: u32)", "fn", "an event is asked for"),
        ("emit paid(x: u32)", " paid", "\"(\" is expected"),
        ("(x: u32)", "(", "an event's name"),
        ("paid[\"a](x: u32)", "a]", "does not end"),
        (&format!("paid(x: {}", "vec<".repeat(1000)), "", "nested too deeply"),
    ] {
        let error = StellarDialect.empty_interface().events(signature).unwrap_err();
        let InterfaceError::Malformed { reason: said, offset: Some(offset) } = error else {
            panic!("{error}")
        };
        assert!(said.contains(reason), "{signature}: {said}");
        if !what.is_empty() {
            assert_eq!(offset, signature.find(what).unwrap(), "{signature}: {said}");
        }
    }
    let error = StellarDialect.interface(b"event a(x: u32)\nevent b(x: unit)\n").unwrap_err();
    assert!(matches!(error, InterfaceError::Malformed { offset: Some(27), .. }), "{error:?}");
    assert!(
        StellarDialect
            .interface(b"transfer(from: address)")
            .unwrap_err()
            .to_string()
            .contains("begins with event")
    );
}

#[test]
fn what_is_no_description_is_told() {
    let reason = |source: &[u8]| StellarDialect.interface(source).unwrap_err().to_string();
    let InterfaceError::Unknown { similar, .. } = StellarDialect.interface(b" sep-41 ").unwrap_err() else {
        panic!("it is unknown")
    };
    assert_eq!(similar[0], "sep41");
    assert!(reason(b"").contains("neither events nor functions"));
    assert!(reason(b"[]").contains("neither events nor functions"));
    assert!(reason(b"\0asm").contains("no WebAssembly module"));
    assert!(reason(b"\0asm\x01\0\0\0").contains("no spec"));
    assert!(reason(&[0, 0, 0, 9]).contains("entry 1"));
    assert!(reason(b"AAAAAA==\nAAAA*").contains("Base64"));
    assert!(reason(&[0xff, 0xfe]).contains("UTF-8"));
    let cut = spec(&swap());
    assert!(reason(&cut[..cut.len() - 5]).contains("entry 4"));
}

#[test]
fn without_a_description_names_and_signatures_make_decoders() {
    let interface = StellarDialect.empty_interface();
    let payload =
        event(&[symbol("order"), symbol("filled"), ScVal::U64(5)], &list([ScVal::U32(1), ScVal::Void]));
    for reference in ["order", "order(...)"] {
        let decoder = interface.events(reference).unwrap().remove(0);
        assert_eq!(decoder.name(), "order");
        assert!(decoder.fits(&payload) && !decoder.fits(&event(&[symbol("orders")], &ScVal::Void)));
        assert_eq!(
            decode(&*decoder, &payload).unwrap(),
            json!({"topic1": "filled", "topic2": "5", "topic3": null, "data": [1, null], "type": "contract"})
        );
    }
    let every = interface.events("*").unwrap().remove(0);
    assert_eq!((every.key(), every.fits(&event(&[], &ScVal::Void))), (None, true));
    assert_eq!(
        decode(&*every, &payload).unwrap(),
        json!({"topics": ["order", "filled", "5"], "data": [1, null], "type": "contract"})
    );
    let system = payload::event(EventKind::System, &[xdr(&symbol("order"))], &xdr(&ScVal::Void));
    assert_eq!(decode(&*every, &system).unwrap()["type"], json!("system"));
    let written = event_decoder("order[\"order\", \"filled\"](id: u64 @topic, a: u32, b: option<u32>)");
    assert_eq!(
        decode(&*written, &payload).unwrap(),
        json!({"id": "5", "a": 1, "b": null, "type": "contract"})
    );
    for bad in ["", "two words", &"x".repeat(33), "a(...)(...)"] {
        assert!(interface.events(bad).is_err(), "{bad}");
    }
    assert!(interface.all_events().is_empty());
}

#[test]
fn data_of_an_unknown_format_shows_it_itself() {
    let decoder = event_decoder("e(a: i128, b: option<u32>)");
    let expected = json!({"a": "1", "b": null, "type": "contract"});
    for data in [i128(1), list([i128(1)]), fields([("a", i128(1))]), list([i128(1), ScVal::Void])] {
        assert_eq!(decode(&*decoder, &event(&[symbol("e")], &data)).unwrap(), expected);
    }
    let topics =
        event_decoder("e(a: option<u32> @topic, b: string @topic, c: option<u32> @topic, d: u32) as value");
    for (there, a, c) in [
        (vec![1], json!(1), json!(null)),
        (vec![], json!(null), json!(null)),
        (vec![1, 2], json!(1), json!(2)),
    ] {
        let number = |place: usize| there.get(place).copied().map(ScVal::U32);
        let all = [Some(symbol("e")), number(0), Some(string("b")), number(1)];
        let all: Vec<_> = all.into_iter().flatten().collect();
        let json = decode(&*topics, &event(&all, &ScVal::U32(9))).unwrap();
        assert_eq!(json, json!({"a": a, "b": "b", "c": c, "d": 9, "type": "contract"}));
    }
    // The only one is the data itself where that can be.
    let alone = event_decoder("e(a: vec<i128>)");
    assert_eq!(decode(&*alone, &event(&[symbol("e")], &list([i128(1)]))).unwrap()["a"], json!(["1"]));
    let named = event_decoder("e(a: vec<i128>)");
    let data = fields([("a", list([i128(1)]))]);
    assert_eq!(decode(&*named, &event(&[symbol("e")], &data)).unwrap()["a"], json!(["1"]));
    let none = event_decoder("e()");
    assert_eq!(decode(&*none, &event(&[symbol("e")], &i128(1))).unwrap(), json!({"type": "contract"}));
}

#[test]
fn a_name_that_the_description_lacks_is_told_with_what_was_meant() {
    let interface = described(&swap());
    let similar = |error: InterfaceError| match error {
        InterfaceError::Unknown { similar, .. } => similar,
        other => panic!("{other}"),
    };
    assert_eq!(similar(interface.events("Swaped").unwrap_err())[0], "Swapped");
    assert_eq!(similar(interface.calls("swp").unwrap_err()), ["swap"]);
    assert_eq!(similar(interface.calls("sell(x: u32)").unwrap_err()), ["swap"]);
    // An event that the spec does not tell may be emitted all the same.
    assert!(interface.events("sold(x: u32)").is_ok());
    let same = interface.events("pool[\"pool\", \"swap\"](address @topic, i128, i128)").unwrap();
    assert_eq!(same[0].name(), "Swapped");
    let renamed =
        interface.events("pool[\"pool\", \"swap\"](who: address @topic, sold: i128, bought: i128)").unwrap();
    assert_eq!(names(&*renamed[0])[0], "who");
}

#[test]
fn an_attribute_gives_way_to_an_argument_of_its_name() {
    let decoder = event_decoder("e(type: u32)");
    assert_eq!(decoder.attributes(), 0);
    assert_eq!(decode(&*decoder, &event(&[symbol("e")], &ScVal::U32(7))).unwrap(), json!({"type": 7}));
}

#[test]
fn no_schema_has_more_fields_than_can_be_asked_for() {
    let params: Vec<_> = (0..100).map(|place| format!("a{place}: u32")).collect();
    let decoder = event_decoder(&format!("e({})", params.join(", ")));
    assert_eq!((decoder.schema().fields.len(), decoder.attributes()), (64, 1));
    let json = decode(&*decoder, &event(&[symbol("e")], &list((0..100).map(ScVal::U32)))).unwrap();
    assert_eq!((&json["a62"], &json["a63"], &json["type"]), (&json!(62), &json!(null), &json!("contract")));
}

#[test]
fn tokens_whose_code_tells_no_events_have_those_of_the_standard() {
    let source: String = ["allowance", "approve", "balance", "transfer", "transfer_from", "burn"]
        .map(|name| format!("fn {name}()\n"))
        .concat();
    let token = interface(&source);
    assert_eq!(names(&*token.events("transfer").unwrap()[0])[..2], ["from", "to"]);
    let other = interface("fn something()");
    assert_eq!(other.all_events()[0].signature(), "*");
    assert_eq!(other.events("transfer").unwrap()[0].signature(), "transfer(...)");
}

#[test]
fn the_recorded_spec_of_the_asset_contract_is_read() {
    let Some(folder) = folder() else { return };
    let interface = interface(&text(&folder.join("contract-spec/stellar-asset-spec.json")));
    let transfer = interface.calls("transfer").unwrap().remove(0);
    assert_eq!(transfer.signature(), "transfer(from: address, to: address, amount: i128)");
    let payload = event(&[symbol("transfer"), account(1), account(2), string("native")], &i128(1));
    for name in ["transfer", "Transfer", "TransferMuxed"] {
        let decoder: Arc<dyn Decoder> = interface.events(name).unwrap().remove(0);
        assert!(decoder.fits(&payload), "{name}");
        assert_eq!(decode(&*decoder, &payload).unwrap()["asset"], json!("native"));
    }
    assert_eq!(interface.all_events().len(), 8);
    for name in ["Approve", "Burn", "Mint", "Clawback", "SetAdmin", "SetAuthorized"] {
        assert_eq!(interface.events(name).unwrap().len(), 1, "{name}");
    }
}

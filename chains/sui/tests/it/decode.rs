//! Descriptions and references make decoders, and decoders read what contracts emitted and were called with.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_model::{Decoder, Dialect, Interface, InterfaceError, Payload, Value, value};
use chainbell_sui::{
    SuiDialect,
    payload::{self, Argument, CallParts, EventParts},
};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::json;

const LAYOUTS: &str = "
    module pool;
    struct Created<phantom A, phantom B> { id: ID, fee: u64 }
    struct Paid<T> { by: address, amount: T, note: String }
    struct Mixed { kind: Kind, maybe: Option<u8> }
    struct Lacking { before: u8, what: 0x77::m::What }
    enum Kind { None, At(u64) }
    struct Cap has key { id: UID }
    fun swap<A, B>(pool: &mut Pool<A, B>, amount: u64, to: Option<address>, anything: A, ctx: &mut TxContext)

    module other;
    struct Paid { by: address }
    fun pay(amount: u64)
";

fn interface() -> Arc<dyn Interface> {
    SuiDialect.interface(LAYOUTS.as_bytes()).unwrap()
}

fn address(last: u8) -> [u8; 32] {
    let mut address = [0; 32];
    address[31] = last;
    address
}

fn full(short: &str) -> String {
    let mut text = String::new();
    SuiDialect.address_text(&SuiDialect.parse_address(short).unwrap(), &mut text);
    text
}

fn emitted(name: &str, contents: &[u8], json: Option<&str>) -> Payload {
    payload::event(&EventParts {
        package: address(9),
        module: "entry",
        sender: address(8),
        struct_tag: &format!("{}::{name}", full("0x5")),
        contents,
        json,
    })
}

fn only(decoders: Result<Vec<Arc<dyn Decoder>>, InterfaceError>) -> Arc<dyn Decoder> {
    let mut decoders = decoders.unwrap();
    assert_eq!(decoders.len(), 1);
    decoders.remove(0)
}

fn event(reference: &str) -> Arc<dyn Decoder> {
    only(interface().events(reference))
}

/// Everything that the decoder makes of the payload, as JSON.
fn everything(decoder: &dyn Decoder, payload: &Payload) -> String {
    let mut values = Vec::new();
    decoder.decode(payload, u64::MAX, &mut values).unwrap();
    assert_eq!(values.len(), decoder.schema().fields.len());
    let mut out = String::new();
    value::write_json_record(decoder.schema(), values.iter().map(Option::as_ref), &SuiDialect, &mut out);
    out
}

fn refused(decoders: Result<Vec<Arc<dyn Decoder>>, InterfaceError>) -> String {
    decoders.unwrap_err().to_string()
}

#[test]
fn an_event_has_its_fields_and_what_the_chain_says_of_it() {
    let decoder = event("Created");
    let sui = format!("{}::sui::SUI", full("0x2"));
    let payload = emitted(
        &format!("pool::Created<{sui}, vector<u8>>"),
        &[[7; 32].as_slice(), &[1, 0, 0, 0, 0, 0, 0, 0]].concat(),
        None,
    );
    assert_eq!(decoder.key(), Some(payload::event_key("pool", "Created")));
    assert_eq!((decoder.name(), decoder.signature(), decoder.attributes()), ("Created", "pool::Created", 5));
    assert_eq!(
        everything(&*decoder, &payload),
        format!(
            "{{\"id\":\"0x{}\",\"fee\":\"1\",\"package\":\"{}\",\"module\":\"entry\",\"type\":\"{}::pool::Created<{sui}, vector<u8>>\",\
             \"type_arguments\":[\"{sui}\",\"vector<u8>\"],\"sender\":\"{}\"}}",
            "07".repeat(32),
            full("0x9"),
            full("0x5"),
            full("0x8")
        )
    );
}

#[test]
fn only_what_is_asked_for_is_read_yet_all_is_checked() {
    let decoder = event("pool::Paid<u64>");
    let contents = [[7; 32].as_slice(), &[1, 0, 0, 0, 0, 0, 0, 0], &[1, b'x']].concat();
    let mut values = Vec::new();
    let of = |contents: &[u8]| emitted("pool::Paid<u64>", contents, None);
    decoder.decode(&of(&contents), 0b010, &mut values).unwrap();
    assert_eq!(values[..3], [None, Some(Value::Int(1_u64.into())), None]);
    decoder.decode(&of(&contents), 1 << 4, &mut values).unwrap();
    assert_eq!((&values[..3], &values[4]), (&[None, None, None][..], &Some(Value::Text("entry".into()))));
    let longer = [&contents[..], &[0]].concat();
    let error = decoder.decode(&of(&longer), 1, &mut values).unwrap_err();
    assert_eq!((error.field.as_str(), error.signature.as_str()), ("note", "pool::Paid<u64>"));
    assert!(error.reason.contains("goes on after it"));
    let error = decoder.decode(&of(&contents[..35]), 1, &mut values).unwrap_err();
    assert_eq!(error.field, "amount");
    assert!(decoder.decode(&of(&[]), 1, &mut values).is_err());
}

#[test]
fn type_arguments_are_asked_for_as_a_whole_or_not_at_all() {
    let sui = format!("{}::sui::SUI", full("0x2"));
    let of = |arguments: &str| emitted(&format!("pool::Created<{arguments}>"), &[0; 40], None);
    let decoder = event("pool::Created<0x2::sui::SUI, *>");
    assert_eq!(decoder.signature(), format!("pool::Created<{sui}, *>"));
    assert!(decoder.fits(&of(&format!("{sui}, u8"))) && decoder.fits(&of(&format!("{sui},vector<{sui}>"))));
    assert!(!decoder.fits(&of(&format!("u8, {sui}"))) && !decoder.fits(&of(&sui)));
    let qualified = event("0x5::pool::Created");
    assert!(qualified.fits(&of("u8, u8")));
    assert!(!event("0x6::pool::Created").fits(&of("u8, u8")));
    assert!(refused(interface().events("pool::Created<u8>")).contains("number of type arguments"));
    assert!(refused(interface().events("pool::Created<usdc::USDC, *>")).contains("needs its package"));
}

#[test]
fn a_type_parameter_that_is_left_open_is_read_by_what_the_event_gives() {
    let decoder = event("pool::Paid");
    let paid = |argument: &str, amount: &[u8]| {
        emitted(&format!("pool::Paid<{argument}>"), &[[7; 32].as_slice(), amount, &[0]].concat(), None)
    };
    assert!(everything(&*decoder, &paid("u64", &[3, 0, 0, 0, 0, 0, 0, 0])).contains("\"amount\":\"3\""));
    assert!(everything(&*decoder, &paid("bool", &[1])).contains("\"amount\":true"));
    let own = format!("{}::pool::Mixed", full("0x5"));
    let mixed = everything(&*decoder, &paid(&own, &[1, 2, 0, 0, 0, 0, 0, 0, 0, 0]));
    assert!(
        mixed.contains("\"amount\":{\"kind\":{\"kind\":\"At\",\"At\":{\"pos0\":\"2\"}},\"maybe\":null}"),
        "{mixed}"
    );
    let mut values = Vec::new();
    let stranger = format!("{}::m::Stranger", full("0x77"));
    let error = decoder.decode(&paid(&stranger, &[1]), 1, &mut values).unwrap_err();
    assert_eq!(error.field, "amount");
    assert!(error.reason.contains("not described"), "{}", error.reason);
    assert!(decoder.decode(&emitted("pool::Paid", &[7; 40], None), 1, &mut values).is_err());
    // Combinations beyond those that are kept are read all the same.
    for place in 0..1500 {
        let argument = format!("{}::m{place}::None", full("0x77"));
        assert!(decoder.decode(&paid(&argument, &[1]), 1, &mut values).is_err());
    }
    assert!(everything(&*decoder, &paid("bool", &[0])).contains("\"amount\":false"));
}

#[test]
fn names_find_one_type_and_wrong_ones_what_was_meant() {
    let interface = interface();
    assert!(Arc::ptr_eq(&only(interface.events("Created")), &only(interface.events(" pool::Created "))));
    let ambiguous = refused(interface.events("Paid"));
    assert!(ambiguous.contains("pool::Paid, other::Paid"), "{ambiguous}");
    let Err(InterfaceError::Unknown { similar, .. }) = interface.events("pool::Craeted") else {
        panic!("unknown")
    };
    assert_eq!(similar[0], "pool::Created");
    for wrong in [
        "",
        "a::b::c::d",
        "pool::",
        "pool::Created extra",
        "pool::Created<",
        "0xg::pool::Created",
        "name::pool::Created",
    ] {
        assert!(matches!(interface.events(wrong), Err(InterfaceError::Malformed { .. })), "{wrong}");
    }
    let missing = refused(interface.events("pool::Lacking"));
    assert!(missing.contains(&format!("{}::m::What", full("0x77"))), "{missing}");
}

#[test]
fn every_event_of_a_description_is_there_and_raw_where_it_cannot_be_decoded() {
    let interface = interface();
    let all = interface.all_events();
    let signatures: Vec<_> = all.iter().map(|decoder| decoder.signature()).collect();
    assert_eq!(
        signatures,
        ["pool::Created", "pool::Paid", "pool::Mixed", "pool::Lacking", "other::Paid", "pool::Kind"]
    );
    assert!(Arc::ptr_eq(&all[0], &only(interface.events("Created"))));
    assert_eq!(all[3].key(), Some(payload::event_key("pool", "Lacking")));
    assert!(
        everything(&*all[3], &emitted("pool::Lacking", &[1, 2], None))
            .starts_with("{\"contents\":\"0x0102\",\"json\":null,")
    );
    assert!(Arc::ptr_eq(&all[3], &interface.all_events()[3]));
}

#[test]
fn raw_events_are_those_of_everybody_or_of_a_module() {
    let empty = SuiDialect.empty_interface();
    let payload = emitted("pool::Created<u8, u8>", &[1], Some("{\"a\":\"\\\"\"}"));
    for reference in ["*", "pool::*", "0x5::pool::*", " * "] {
        let decoder = only(empty.events(reference));
        assert_eq!(decoder.key(), None);
        assert!(decoder.fits(&payload), "{reference}");
        assert!(
            everything(&*decoder, &payload)
                .starts_with(r#"{"contents":"0x01","json":"{\"a\":\"\\\"\"}","package":"0x0"#)
        );
    }
    for reference in ["other::*", "0x6::pool::*"] {
        assert!(!only(empty.events(reference)).fits(&payload), "{reference}");
    }
    assert_eq!(only(empty.events("pool::*")).signature(), "pool::*");
}

#[test]
fn a_whole_layout_needs_no_description() {
    let empty = SuiDialect.empty_interface();
    let decoder = only(empty.events("m::Done { at: u64, price: Price } m::Price(u8)"));
    assert_eq!(decoder.signature(), "m::Done");
    let payload = emitted("m::Done", &[1, 0, 0, 0, 0, 0, 0, 0, 7], None);
    assert!(everything(&*decoder, &payload).starts_with("{\"at\":\"1\",\"price\":{\"pos0\":7},"));
    assert!(decoder.fits(&payload));
    assert!(!only(empty.events("0x6::m::Done { at: u64 }")).fits(&payload));
    assert!(matches!(
        empty.events("m::Done { at: u65 }"),
        Err(InterfaceError::Malformed { offset: Some(14), .. })
    ));
    assert!(matches!(empty.events("m::Done"), Err(InterfaceError::Unknown { .. })));
    assert_eq!(only(empty.events("0x2::kiosk::ItemListed")).schema().fields.len(), 3 + 5);
}

#[test]
fn the_node_s_rendering_stands_in_for_contents_that_it_did_not_give() {
    let rendering =
        format!("{{\"by\":\"{}\",\"amount\":\"12\",\"note\":\"hi\",\"unknown\":{{}}}}", full("0x3"));
    let payload = emitted("pool::Paid<u64>", &[], Some(&rendering));
    for reference in ["pool::Paid", "pool::Paid<u64>"] {
        let read = everything(&*event(reference), &payload);
        assert!(
            read.starts_with(&format!(
                "{{\"by\":\"{}\",\"amount\":\"12\",\"note\":\"hi\",\"package\"",
                full("0x3")
            )),
            "{read}"
        );
    }
    let kind = emitted("pool::Kind", &[], Some("{\"@variant\":\"At\",\"pos0\":\"4\"}"));
    assert!(everything(&*event("Kind"), &kind).starts_with("{\"kind\":\"At\",\"At\":{\"pos0\":\"4\"},"));
    let mut values = Vec::new();
    let wrong = emitted("pool::Paid<u64>", &[], Some("{\"by\":\"0x3\",\"amount\":{}}"));
    let error = event("pool::Paid").decode(&wrong, u64::MAX, &mut values).unwrap_err();
    assert_eq!(error.field, "amount");
    let both = emitted("other::Paid", &[3; 32], Some("{}"));
    assert!(everything(&*event("other::Paid"), &both).contains(&"03".repeat(32)), "the contents go first");
}

#[test]
fn an_enum_is_an_event_as_well() {
    let decoder = event("pool::Kind");
    assert!(
        everything(&*decoder, &emitted("pool::Kind", &[0], None))
            .starts_with("{\"kind\":\"None\",\"At\":null,\"package\"")
    );
    let plain = only(SuiDialect.empty_interface().events("enum m::Side { Buy, Sell }"));
    assert!(
        everything(&*plain, &emitted("m::Side", &[1], None)).starts_with("{\"kind\":\"Sell\",\"package\"")
    );
    let mut values = Vec::new();
    assert!(plain.decode(&emitted("m::Side", &[1, 0], None), 1, &mut values).is_err());
}

#[test]
fn fields_beyond_those_of_a_mask_are_together_in_the_last() {
    let fields: String = (0..100).map(|place| format!("f{place}: u8,")).collect();
    let decoder = only(SuiDialect.empty_interface().events(&format!("m::Wide {{ {fields} }}")));
    assert_eq!(decoder.schema().fields.len(), 64);
    assert_eq!(&*decoder.schema().fields[58].name, "more");
    let contents: Vec<u8> = (0..100).collect();
    let read = everything(&*decoder, &emitted("m::Wide", &contents, None));
    assert!(
        read.contains("\"f57\":57,\"more\":{\"f58\":58,") && read.contains("\"f99\":99},\"package\""),
        "{read}"
    );
    let rendering: Vec<_> = (0..100).map(|place| format!("\"f{place}\":{place}")).collect();
    let rendering = format!("{{{}}}", rendering.join(","));
    assert_eq!(everything(&*decoder, &emitted("m::Wide", &[], Some(&rendering))), read);
}

fn called(type_arguments: Vec<&str>, arguments: Vec<Argument<'_>>) -> Payload {
    payload::call(&CallParts { module: "pool", function: "swap", type_arguments, arguments })
}

#[test]
fn a_call_has_its_arguments_and_what_the_chain_says_of_it() {
    let amount = 5_u64.to_le_bytes();
    let payload = called(
        vec!["bool", "u8"],
        vec![
            Argument::Object(address(4)),
            Argument::Pure(&amount),
            Argument::Pure(&[0]),
            Argument::Pure(&[1]),
        ],
    );
    let decoder = only(interface().calls("swap"));
    assert_eq!(decoder.key(), Some(payload::call_key("pool", "swap")));
    assert_eq!((decoder.name(), decoder.signature(), decoder.attributes()), ("swap", "pool::swap", 3));
    assert_eq!(
        everything(&*decoder, &payload),
        format!(
            "{{\"pool\":\"{}\",\"amount\":\"5\",\"to\":null,\"anything\":true,\"module\":\"pool\",\"function\":\"swap\",\"type_arguments\":[\"bool\",\"u8\"]}}",
            full("0x4")
        )
    );
    let others = called(
        vec!["bool", "u8"],
        vec![Argument::Other, Argument::Other, Argument::Other, Argument::Object(address(1))],
    );
    assert!(everything(&*decoder, &others).starts_with(&format!(
        "{{\"pool\":null,\"amount\":null,\"to\":null,\"anything\":\"{}\",",
        full("0x1")
    )));
    let mut values = Vec::new();
    for (field, arguments) in [
        ("pool", vec![Argument::Other; 3]),
        ("pool", vec![Argument::Pure(&[1]), Argument::Other, Argument::Other, Argument::Other]),
        ("amount", vec![Argument::Other, Argument::Object(address(1)), Argument::Other, Argument::Other]),
        ("amount", vec![Argument::Other, Argument::Pure(&[1; 9]), Argument::Other, Argument::Other]),
        ("to", vec![Argument::Other, Argument::Other, Argument::Pure(&[1]), Argument::Other]),
        ("anything", vec![Argument::Other, Argument::Other, Argument::Other, Argument::Pure(&[2])]),
    ] {
        let error =
            decoder.decode(&called(vec!["bool", "u8"], arguments), u64::MAX, &mut values).unwrap_err();
        assert_eq!(error.field, field, "{}", error.reason);
    }
}

#[test]
fn calls_are_found_like_events() {
    let interface = interface();
    let payload =
        called(vec!["bool", "u8"], vec![Argument::Object(address(4)), Argument::Pure(&[1]), Argument::Other]);
    assert!(only(interface.calls("pool::swap<bool, *>")).fits(&payload));
    assert!(!only(interface.calls("pool::swap<u8, *>")).fits(&payload));
    assert!(refused(interface.calls("pool::swap<u8>")).contains("number of type arguments"));
    assert!(refused(interface.calls("0x5::pool::swap")).contains("address of its contract"));
    let Err(InterfaceError::Unknown { similar, .. }) = interface.calls("other::pya") else {
        panic!("unknown")
    };
    assert_eq!(similar[0], "other::pay");
    for (reference, fits) in [("*", true), ("pool::*", true), ("other::*", false)] {
        let decoder = only(interface.calls(reference));
        assert_eq!((decoder.key(), decoder.fits(&payload)), (None, fits), "{reference}");
        let inputs = format!("{{\"inputs\":[\"{}\",\"0x01\",null],\"module\":\"pool\"", full("0x4"));
        assert!(everything(&*decoder, &payload).starts_with(&inputs));
    }
    let written =
        only(SuiDialect.empty_interface().calls("pool::swap(pool: Pool, amount: u8, rest: vector<u8>)"));
    assert!(everything(&*written, &payload).contains("\"amount\":1,\"rest\":null,\"module\""));
    assert!(matches!(
        interface.calls("pool::swap(a: 0xg::m::A)"),
        Err(InterfaceError::Malformed { offset: Some(14), .. })
    ));
}

#[test]
fn functions_that_are_told_without_names_have_positions_for_them() {
    let description = r#"{"modules":[{"name":"m","functions":[{"name":"f","visibility":"PUBLIC","parameters":[
        {"body":{"type":"U8"}},{"body":{"type":"VECTOR","typeParameterInstantiation":[{"type":"ADDRESS"}]}},
        {"body":{"type":"VECTOR","typeParameterInstantiation":[{"type":"DATATYPE","typeName":"0x2::coin::Coin","typeParameterInstantiation":[{"type":"U8"}]}]}},
        {"body":{"type":"DATATYPE","typeName":"0x2::tx_context::TxContext"}}]}]}]}"#;
    let interface = SuiDialect.interface(description.as_bytes()).unwrap();
    let decoder = only(interface.calls("f"));
    let names: Vec<_> = decoder.schema().fields.iter().map(|field| &*field.name).collect();
    assert_eq!(names, ["arg0", "arg1", "arg2", "module", "function", "type_arguments"]);
}

#[test]
fn of_two_packages_the_whole_name_means_one() {
    let interface = SuiDialect.interface(b"0x5::m::A { a: u8 } 0x6::m::A { b: u16 }").unwrap();
    let field = |reference| only(interface.events(reference)).schema().fields[0].name.to_string();
    assert_eq!((field("0x5::m::A"), field("0x6::m::A")), ("a".to_owned(), "b".to_owned()));
    assert!(refused(interface.events("m::A")).contains("several modules"));
}

/// As the reference implementation of BCS writes it.
#[derive(Debug, Clone, Serialize)]
struct Written {
    flag: bool,
    small: u16,
    large: u128,
    text: String,
    bytes: Vec<u8>,
    maybe: Option<u32>,
    rows: Vec<Row>,
    choice: Choice,
}

#[derive(Debug, Clone, Serialize)]
struct Row {
    key: u64,
    names: Vec<Option<String>>,
}

#[derive(Debug, Clone, Serialize)]
enum Choice {
    None,
    One(u64),
    Named { a: bool, rows: Vec<Row> },
}

const WRITTEN: &str = "
    module m;
    struct Written { flag: bool, small: u16, large: u128, text: String, bytes: vector<u8>, maybe: Option<u32>, rows: vector<Row>, choice: Choice }
    struct Row { key: u64, names: vector<Option<String>> }
    enum Choice { None, One(u64), Named { a: bool, rows: vector<Row> } }
";

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let names = prop::collection::vec(prop::option::of("\\PC{0,5}"), 0..4);
    prop::collection::vec((any::<u64>(), names).prop_map(|(key, names)| Row { key, names }), 0..4)
}

fn written() -> impl Strategy<Value = Written> {
    let choice = prop_oneof![
        Just(Choice::None),
        any::<u64>().prop_map(Choice::One),
        (any::<bool>(), rows()).prop_map(|(a, rows)| Choice::Named { a, rows }),
    ];
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    let numbers = (any::<bool>(), any::<u16>(), any::<u128>(), any::<Option<u32>>());
    (numbers, "\\PC{0,150}", bytes, rows(), choice).prop_map(|(numbers, text, bytes, rows, choice)| {
        let (flag, small, large, maybe) = numbers;
        Written { flag, small, large, text, bytes, maybe, rows, choice }
    })
}

/// What the decoder has to make of it.
fn expected(written: &Written) -> serde_json::Value {
    let rows = |rows: &[Row]| -> Vec<_> {
        rows.iter().map(|row| json!({"key": row.key.to_string(), "names": row.names})).collect()
    };
    let choice = match &written.choice {
        Choice::None => json!({"kind": "None", "One": null, "Named": null}),
        Choice::One(one) => json!({"kind": "One", "One": {"pos0": one.to_string()}, "Named": null}),
        Choice::Named { a, rows: inner } => {
            json!({"kind": "Named", "One": null, "Named": {"a": a, "rows": rows(inner)}})
        }
    };
    json!({
        "flag": written.flag, "small": written.small, "large": written.large.to_string(), "text": written.text,
        "bytes": const_hex::encode_prefixed(&written.bytes), "maybe": written.maybe, "rows": rows(&written.rows),
        "choice": choice,
    })
}

#[test]
fn a_single_word_is_no_description() {
    assert!(matches!(SuiDialect.interface(b"deepbook"), Err(InterfaceError::Unknown { .. })));
    assert!(matches!(SuiDialect.interface(b" "), Err(InterfaceError::Malformed { .. })));
}

proptest! {
    #[test]
    fn what_the_reference_implementation_writes_is_read(written in written()) {
        let decoder = only(SuiDialect.interface(WRITTEN.as_bytes()).unwrap().events("Written"));
        let contents = bcs::to_bytes(&written).unwrap();
        let payload = emitted("m::Written", &contents, None);
        let mut ours: serde_json::Value = serde_json::from_str(&everything(&*decoder, &payload)).unwrap();
        let fields = ours.as_object_mut().unwrap();
        fields.retain(|name, _| !matches!(name.as_str(), "package" | "module" | "type" | "type_arguments" | "sender"));
        prop_assert_eq!(&ours, &expected(&written));
        let mut values = Vec::new();
        let longer = emitted("m::Written", &[&contents[..], &[0]].concat(), None);
        prop_assert!(decoder.decode(&longer, 1, &mut values).is_err());
        let shorter = emitted("m::Written", &contents[..contents.len() - 1], None);
        prop_assert!(decoder.decode(&shorter, 1, &mut values).is_err());
        // The same, as a node renders it.
        let mut rendered = expected(&written);
        let choice = match &written.choice {
            Choice::None => json!({"@variant": "None"}),
            Choice::One(one) => json!({"@variant": "One", "pos0": one.to_string()}),
            Choice::Named { a, .. } => json!({"@variant": "Named", "a": a, "rows": rendered["choice"]["Named"]["rows"]}),
        };
        rendered["choice"] = choice;
        rendered["bytes"] = json!(STANDARD.encode(&written.bytes));
        let payload = emitted("m::Written", &[], Some(&rendered.to_string()));
        prop_assert_eq!(everything(&*decoder, &payload), everything(&*decoder, &emitted("m::Written", &contents, None)));
    }

    #[test]
    fn no_payload_makes_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), contents in prop::collection::vec(0u8..4, 0..80),
        arguments in "[<>,u8:0x2a ]{0,20}", rendering in "[{}\\[\\]\":,a-e1]{0,30}", wanted: u64) {
        let interface = interface();
        let mut decoders = interface.all_events();
        decoders.extend(["swap", "pay", "*", "pool::*"].map(|reference| only(interface.calls(reference))));
        decoders.extend(["*", "pool::*", "pool::Created<u8, *>"].map(|reference| only(interface.events(reference))));
        let mut payloads = vec![Payload(bytes.into())];
        payloads.push(emitted(&format!("pool::Paid<{arguments}>"), &contents, None));
        payloads.push(emitted(&arguments, &[], Some(&rendering)));
        payloads.push(called(vec![&arguments], vec![Argument::Pure(&contents), Argument::Other]));
        let mut values = Vec::new();
        for (decoder, payload) in decoders.iter().flat_map(|decoder| payloads.iter().map(move |payload| (decoder, payload))) {
            decoder.fits(payload);
            if decoder.decode(payload, wanted, &mut values).is_ok() {
                prop_assert_eq!(values.len(), decoder.schema().fields.len());
            }
        }
    }

    #[test]
    fn no_reference_makes_an_interface_panic(reference in "(pool|other|::|Created|Paid|<|>|,|[*]|0x2|vector|u8|[(]|[)]|[{]|[}]|:| |fun|\u{e9}){0,12}") {
        let interface = interface();
        let _ = (interface.events(&reference), interface.calls(&reference));
    }
}

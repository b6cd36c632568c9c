//! Whatever a program or a client writes, decoding ends soon and says so.

use std::sync::{Arc, LazyLock};

use chainbell_model::{ArgMask, Decoder, Dialect as _, Interface, Payload, Value};
use chainbell_solana::SolanaDialect;
use proptest::prelude::*;

use super::decode_support::{call_payload, event_payload, idls, interface};

const OWN: &str = "\
Told(vec<vec<option<string>>> a, [vec<u8>; 3] b, (bool, u256, i256, f64) c, bytes d)
event 0x01 Nothing(vec<()> a, [(); 1000] b, vec<vec<()>> c)
pay(string<u64> a, vec<u16,u8> b, bytes<u16> c) [one, two?]
";

/// Every decoder of the recorded and of our own descriptions, with the beginning of data that fits it.
static DECODERS: LazyLock<Vec<(Arc<dyn Decoder>, bool)>> = LazyLock::new(|| {
    let mut all = Vec::new();
    let texts = idls().into_iter().map(|(_, text)| text);
    for text in texts.chain([OWN.to_owned(), "spl-token".to_owned(), "system".to_owned()]) {
        let interface: Arc<dyn Interface> = interface(&text);
        all.extend(interface.all_events().into_iter().map(|decoder| (decoder, true)));
        let document = serde_json::from_str::<serde_json::Value>(&text).unwrap_or_default();
        let program = if document["program"].is_object() { &document["program"] } else { &document };
        let names = program["instructions"].as_array().into_iter().flatten();
        let names =
            names.filter_map(|one| one["name"].as_str()).chain(["pay", "transfer", "createAccountWithSeed"]);
        for name in names {
            let calls = interface.calls(name).unwrap_or_default();
            all.extend(calls.into_iter().map(|decoder| (decoder, false)));
        }
    }
    all
});

/// How many values there are, all counted.
fn count(value: &Value) -> usize {
    match value {
        Value::List(values) | Value::Record(values) => 1 + values.iter().map(count).sum::<usize>(),
        Value::Any(typed) => 1 + count(&typed.1),
        _ => 1,
    }
}

fn check(decoder: &Arc<dyn Decoder>, payload: &Payload) {
    let mut values = Vec::new();
    let _ = decoder.fits(payload);
    let all = decoder.decode(payload, ArgMask::MAX, &mut values);
    let made: usize = values.iter().flatten().map(count).sum();
    assert!(made <= 64 * payload.0.len() + 16 * 4096, "{made} values of {} bytes", payload.0.len());
    if all.is_ok() {
        let mut one = Vec::new();
        for place in 0..values.len() {
            decoder.decode(payload, 1 << place, &mut one).unwrap();
            assert_eq!(one[place], values[place]);
            assert_eq!(one.iter().flatten().count(), 1);
        }
        decoder.decode(payload, 0, &mut one).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_a_decoder_panic_or_expand(
        body in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..600),
            prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(2), Just(255)], 0..600),
            prop::collection::vec(Just(0u8), 0..2000),
        ],
        accounts in prop::collection::vec(any::<[u8; 32]>(), 0..30),
    ) {
        for (decoder, is_event) in &*DECODERS {
            let key = decoder.key().unwrap_or_default();
            let keyed = [&key[..8], &body].concat();
            for data in [&keyed, &body] {
                let payload = if *is_event { event_payload(data) } else { call_payload(&accounts, data) };
                check(decoder, &payload);
                check(decoder, &Payload(data.as_slice().into()));
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_of_descriptions_panic(text in "\\PC{0,80}", bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = SolanaDialect.interface(text.as_bytes());
        let _ = SolanaDialect.interface(&bytes);
        let empty = SolanaDialect.empty_interface();
        let _ = empty.events(&text);
        let _ = empty.calls(&format!("a({text})"));
    }
}

/// Cuts, repeats and swaps parts of real IDLs.
#[test]
fn mangled_idls_are_refused_or_read_but_never_panic() {
    for (file, text) in idls() {
        let step = text.len() / 40;
        for at in (0..text.len()).step_by(step.max(1)) {
            if !text.is_char_boundary(at) {
                continue;
            }
            assert!(SolanaDialect.interface(&text.as_bytes()[..at]).is_err(), "{file} cut at {at}");
        }
        let words = [
            ("\"u64\"", "3"),
            ("\"name\"", "\"nome\""),
            ("fields", "kind"),
            ("\"kind\"", "\"type\""),
            ("[", "[["),
            ("8", "4294967295"),
        ];
        for (from, to) in words {
            let mangled = text.replace(from, to);
            let _ = SolanaDialect.interface(mangled.as_bytes());
            let _ = SolanaDialect.interface(text.replacen(from, to, 3).as_bytes());
        }
    }
}

/// Each would take minutes or gigabytes without a bound.
#[test]
fn huge_idls_are_refused_soon() {
    let refused = |text: String, part: &str| {
        let reason = SolanaDialect.interface(text.as_bytes()).unwrap_err().to_string();
        assert!(reason.contains(part), "{reason}");
    };
    let repeated =
        |one: &dyn Fn(usize) -> String, count: usize| (0..count).map(one).collect::<Vec<_>>().join(",");
    let wrong = |place: usize| {
        format!(
            r#"{{"name":"a_rather_long_name_{place}","type":{{"kind":"struct","fields":["no_such_name_at_all"]}}}}"#
        )
    };
    let types = repeated(&wrong, 35_000);
    refused(format!(r#"{{"types":[{types}],"events":[{{"name":"a_rather_long_name_7"}}]}}"#), "types[7]");

    let field = |place: usize| format!(r#"{{"name":"f{}","type":"u8"}}"#, place % 10);
    let events = |count| repeated(&|_| r#"{"name":"T"}"#.to_owned(), count);
    let large = |fields, count| {
        let fields = repeated(&field, fields);
        let types = format!(r#"{{"name":"T","type":{{"kind":"struct","fields":[{fields}]}}}}"#);
        format!(r#"{{"types":[{types}],"events":[{}]}}"#, events(count))
    };
    refused(large(100, 100_000), "more than 4096 events and instructions");
    refused(large(4000, 4000), "too many fields");
    refused(large(100_000, 1), "events[0]: there are more than 4096 fields");
}

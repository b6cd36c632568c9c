//! Nonsense, and answers with a bit of nonsense in them: refused or read, never a crash.

use chainbell_solana::{assemble, wire};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::assemble_support::{
    Act, Sample, block_json, call, emit, emit_cpi, event, events_of, everything, name, read_block,
};

fn sample() -> Sample {
    let (outer, inner) = (name(2), name(3));
    let acts = vec![
        emit(&event(10, &[1])),
        emit_cpi(&outer, &event(10, &[1])),
        Act::Call(call(&inner, &[3; 9], vec![emit(&event(12, &[1]))])),
    ];
    let held =
        json!([{ "accountIndex": 1, "mint": name(9), "owner": name(8), "uiTokenAmount": { "amount": "5" } }]);
    Sample::of(vec![call(&outer, &[2; 9], acts)]).with_meta("postTokenBalances", held)
}

fn read(text: &str) {
    if let Ok(wire) = serde_json::from_str::<wire::Block<'_>>(text) {
        let _ = assemble::block(&wire, 42, &everything());
        let _ = assemble::block(&wire, 42, &events_of(Some(&[&name(3)])));
    }
}

/// Every place in a JSON text's tree.
fn places(json: &Json, at: &str, out: &mut Vec<String>) {
    out.push(at.to_owned());
    match json {
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{index}"), out);
            }
        }
        Json::Object(fields) => {
            for (name, item) in fields {
                places(item, &format!("{at}/{name}"), out);
            }
        }
        _ => {}
    }
}

#[test]
fn any_value_in_any_place_is_read_or_refused() {
    let whole = sample().json;
    let mut all = Vec::new();
    places(&whole, "", &mut all);
    assert!(all.len() > 60);
    let values = [
        Json::Null,
        json!(-1),
        json!(0),
        json!(255),
        json!(u64::MAX),
        json!(1.5),
        json!(""),
        json!("1"),
        json!("é\u{0}\""),
        json!([]),
        json!([[]]),
        json!({}),
        json!([255, 254]),
        json!(name(3)),
    ];
    for place in &all {
        for value in &values {
            let mut changed = whole.clone();
            *changed.pointer_mut(place).unwrap() = value.clone();
            let _ = read_block(&[&changed], &everything());
        }
    }
}

#[test]
fn a_text_that_ends_early_is_refused() {
    let text = block_json(&[&sample().json]);
    for end in (0..text.len()).filter(|&end| text.is_char_boundary(end)) {
        assert!(serde_json::from_str::<wire::Block<'_>>(&text[..end]).is_err());
    }
}

#[test]
fn deep_nesting_is_passed_over_or_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let text = block_json(&[&sample().json]);
    read(&text.replace("\"rewards\":[]", &format!("\"rewards\":{deep}")));
    read(&text.replace("\"err\":null", &format!("\"err\":{deep}")));
    for part in ["innerInstructions", "logMessages", "preBalances", "postTokenBalances", "instructions"] {
        read(&text.replace(&format!("\"{part}\":["), &format!("\"{part}\":[{deep},")));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn mangled_text_is_read_or_refused(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), "[ -~]{0,3}", 0..4_usize), 1..4),
    ) {
        let mut text = block_json(&[&sample().json]);
        for (place, with, len) in changes {
            let start = place.index(text.len());
            let end = (start + len).min(text.len());
            text.replace_range(start..end, &with);
        }
        read(&text);
    }

    #[test]
    fn any_log_is_walked(lines in proptest::collection::vec(prop_oneof![
        Just(format!("Program {} invoke [1]", name(2))),
        Just(format!("Program {} invoke [2]", name(2))),
        Just(format!("Program {} invoke [2]", name(3))),
        Just(format!("Program {} success", name(2))),
        Just(format!("Program {} success", name(3))),
        Just(format!("Program {} failed: x", name(2))),
        Just("Log truncated".to_owned()),
        "Program data: [A-Za-z0-9+/=]{0,40}",
        "Program data: [A-Za-z]{4}( [A-Za-z]{4}){0,3}",
        "\\PC{0,30}",
    ], 0..20)) {
        let sample = sample().with_meta("logMessages", json!(lines));
        let block = sample.read(&everything());
        prop_assert!(block.events.is_sorted_by_key(|event| event.index));
        let data = lines.iter().filter(|line| line.starts_with("Program data:")).count();
        prop_assert!(block.events.len() <= data + 1);
        prop_assert!(block.defects.len() <= 1);
        for program in [name(2), name(3)] {
            let some = sample.read(&events_of(Some(&[&program])));
            for event in some.events {
                let same = block.events.iter().find(|other| other.index == event.index).unwrap();
                prop_assert_eq!((&same.payload, same.emitter), (&event.payload, event.emitter));
            }
        }
    }

    #[test]
    fn any_bytes_are_no_transaction_or_one(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let mut sample = sample();
        sample.json["transaction"] = json!([STANDARD.encode(&bytes), "base64"]);
        let _ = sample.try_read(&everything());
    }
}

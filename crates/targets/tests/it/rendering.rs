//! The CloudEvents document: its shape, and that it is JSON whatever the chain says.

use chainbell_model::{MessageKind, Position, PositionKind, Timestamp, value::write_json_text};
use chainbell_targets::render_cloudevent;
use proptest::prelude::*;
use serde_json::Value;

use crate::message::{facts, message, retraction};

fn rendered(message: &chainbell_model::Message) -> Value {
    serde_json::from_slice(&render_cloudevent(message)).unwrap()
}

#[test]
fn a_match_reads_as_documented() {
    insta::assert_json_snapshot!(rendered(&message(facts())));
}

#[test]
fn a_retraction_names_the_delivery_it_takes_back() {
    let original = message(facts());
    let taken_back = retraction(original.clone());
    let document = rendered(&taken_back);
    assert_eq!(document["type"], "dev.chainbell.retraction.v1");
    assert_eq!(document["data"]["retracts"], original.id.to_string());
    assert_ne!(document["id"], document["data"]["retracts"]);
    insta::assert_json_snapshot!(document);
}

#[test]
fn every_kind_of_fact_has_its_own_key() {
    let of_kind = |kind, index, sub| {
        let mut facts = facts();
        facts.position = Position { kind, index, sub };
        rendered(&message(facts))["data"].clone()
    };
    let call = of_kind(PositionKind::Call, 0, 0);
    assert_eq!(
        (&call["kind"], &call["call"]["name"], &call["event"]),
        (&"call".into(), &"Transfer".into(), &Value::Null)
    );
    let transfer = of_kind(PositionKind::Transfer, 3, 2);
    assert_eq!((&transfer["transfer"]["index"], &transfer["transfer"]["sub"]), (&3.into(), &2.into()));
    let transaction = of_kind(PositionKind::Transaction, 0, 0);
    assert_eq!(transaction["kind"], "transaction");
    assert!(["event", "call", "transfer"].iter().all(|key| transaction.get(key).is_none()));
}

#[test]
fn the_bytes_come_in_one_line_in_a_fixed_order_without_doubled_keys() {
    let text = String::from_utf8(render_cloudevent(&message(facts()))).unwrap();
    assert!(text.starts_with(r#"{"specversion":"1.0","id":"d_"#) && !text.contains('\n'));
    assert!(
        text.contains(r#""index":7,"from":"0x28C6c06298d514Db089934071355E5743bf21d60","value":"0"},"kind""#),
        "{text}"
    );
}

#[test]
fn times_beyond_the_calendar_are_bounded() {
    for millis in [i64::MIN, i64::MAX] {
        let mut message = message(facts());
        message.created = Timestamp(millis);
        assert!(rendered(&message)["time"].is_string());
    }
}

proptest! {
    #[test]
    fn arbitrary_texts_give_json_that_holds_them(
        texts in proptest::collection::vec(any::<String>(), 8),
        details in proptest::option::of(any::<String>()),
        height: u64,
        time: i64,
    ) {
        let mut facts = facts();
        let mut block = (*facts.block).clone();
        block.network = texts[0].as_str().into();
        block.chain = texts[1].as_str().into();
        block.id.clone_from(&texts[2]);
        block.height.0 = height;
        block.time = Timestamp(time);
        facts.block = block.into();
        facts.transaction_id.clone_from(&texts[3]);
        facts.contract = Some(texts[4].clone());
        facts.name = texts[5].as_str().into();
        facts.signature = texts[6].as_str().into();
        let mut args = r#"{"text":"#.to_owned();
        write_json_text(&texts[7], &mut args);
        args.push('}');
        facts.args_json = args.into();
        facts.transaction_json = details.map(Into::into);
        let mut message = message(facts);
        message.kind = MessageKind::Retraction { of: message.id };
        message.monitor = texts[0].as_str().into();
        let data = &rendered(&message)["data"];
        prop_assert_eq!(&data["network"], &texts[0]);
        prop_assert_eq!(&data["block"]["hash"], &texts[2]);
        prop_assert_eq!(&data["event"]["signature"], &texts[6]);
        prop_assert_eq!(&data["event"]["args"]["text"], &texts[7]);
    }
}

//! Recorded events decode to what an independent decoder made of them.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_model::Payload;
use chainbell_stellar::payload::{self, EventKind};
use serde_json::{Value as Json, json};
use stellar_xdr::{
    ContractEvent, ContractEventBody, ContractEventType, Limits, ReadXdr, TransactionMeta, TransactionMetaV4,
};

use crate::decode_support::{decode, folder, interface, text, xdr};

/// Numbers as text: those of 128 bits are too large for JSON's.
fn quoted(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut within, mut escaped, mut number) = (false, false, false);
    for char in json.chars() {
        let digit = !within && (char.is_ascii_digit() || char == '-');
        if digit != number {
            out.push('"');
            number = digit;
        }
        out.push(char);
        within ^= char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
    }
    out
}

fn numbers_as_text(json: Json) -> Json {
    match json {
        Json::Number(number) => Json::String(number.to_string()),
        Json::Array(items) => items.into_iter().map(numbers_as_text).collect(),
        Json::Object(fields) => {
            fields.into_iter().map(|(name, json)| (name, numbers_as_text(json))).collect()
        }
        other => other,
    }
}

fn parsed(json: &str) -> Json {
    serde_json::from_str(&quoted(json)).unwrap()
}

fn base64(json: &Json) -> Vec<u8> {
    STANDARD.decode(json.as_str().unwrap_or_else(|| panic!("{json} is no text"))).unwrap()
}

fn payload_of(event: &ContractEvent) -> Payload {
    let ContractEventBody::V0(body) = &event.body;
    let topics: Vec<_> = body.topics.iter().map(xdr).collect();
    let kind = match event.type_ {
        ContractEventType::System => EventKind::System,
        _ => EventKind::Contract,
    };
    payload::event(kind, &topics, &xdr(&body.data))
}

fn meta_events(meta: &str) -> Vec<ContractEvent> {
    match TransactionMeta::from_xdr_base64(meta, Limits::none()).unwrap() {
        TransactionMeta::V3(meta) => meta.soroban_meta.map(|meta| meta.events.to_vec()).unwrap_or_default(),
        TransactionMeta::V4(TransactionMetaV4 { events, operations, .. }) => {
            let whole = events.iter().map(|event| event.event.clone());
            whole.chain(operations.iter().flat_map(|operation| operation.events.to_vec())).collect()
        }
        other => panic!("{} has no events", other.name()),
    }
}

/// The payload that a line of the expectations is about.
fn told_payload(folder: &Path, line: &Json) -> Payload {
    let number = |name: &str| line[name].as_str().unwrap().parse::<usize>().unwrap();
    let file: Json =
        serde_json::from_str(&text(&folder.join("rpc").join(line["file"].as_str().unwrap()))).unwrap();
    let reply = file.get("response").unwrap_or(&file);
    let result = reply.get("result").unwrap_or(reply);
    if line["kind"] == "getEvents" {
        let event = &result["events"][number("i")];
        let topics: Vec<_> = event["topic"].as_array().unwrap().iter().map(base64).collect();
        let value = event["value"].get("xdr").unwrap_or(&event["value"]);
        return payload::event(EventKind::Contract, &topics, &base64(value));
    }
    let transaction = match result.get("transactions") {
        Some(transactions) => &transactions[number("txIndex")],
        None => result,
    };
    let events = meta_events(transaction["resultMetaXdr"].as_str().unwrap());
    payload_of(&events[number("eventIndex")])
}

#[test]
fn every_event_reads_as_listed() {
    let Some(folder) = folder() else { return };
    let (every, asset) = (interface("sac").events("*").unwrap().remove(0), interface("sac"));
    let (mut read, mut of_tokens) = (0, 0);
    for line in text(&folder.join("expected-decoded.jsonl")).lines() {
        let line = parsed(line);
        let payload = told_payload(&folder, &line);
        let ours = numbers_as_text(decode(&*every, &payload).unwrap());
        assert_eq!((&ours["topics"], &ours["data"]), (&line["topics"], &line["data"]), "{line}");
        read += 1;
        let name = line["topics"][0].as_str().unwrap();
        let Some(decoder) = asset.events(name).ok().map(|mut decoders| decoders.remove(0)) else { continue };
        assert!(decoder.fits(&payload), "{line}");
        let typed = numbers_as_text(decode(&*decoder, &payload).unwrap());
        assert_eq!((&typed["from"], &typed["amount"]), (&line["topics"][1], &line["data"]));
        if name == "transfer" {
            assert_eq!((&typed["to"], &typed["asset"]), (&line["topics"][2], &line["topics"][3]));
        }
        of_tokens += 1;
    }
    assert!(read >= 50 && of_tokens >= 20, "{read} events, {of_tokens} of tokens");
}

#[test]
fn events_of_a_native_contract_read_as_listed() {
    let Some(folder) = folder() else { return };
    let every = interface("sac").events("*").unwrap().remove(0);
    let recorded = parsed(&text(&folder.join("soroban-sdk-native-events.json")));
    let rows = recorded.as_array().unwrap();
    for row in rows {
        let event = ContractEvent::from_xdr_base64(row["contractEventXdr"].as_str().unwrap(), Limits::none());
        let payload = payload_of(&event.unwrap());
        let ours = numbers_as_text(decode(&*every, &payload).unwrap());
        let told = &row["decoded"];
        assert_eq!((&ours["topics"], &ours["data"]), (&told["topics"], &told["data"]));
    }
    let order = "fn f()\nevent order[\"order\", \"filled\"](id: u64 @topic, fees: {maker: i128, taker: i128}, hash: bytes<32>, memo: option<string>, note: option<string>, path: vec<u32>, price: i128) as map";
    let decoder = interface(order).events("order").unwrap().remove(0);
    let event = ContractEvent::from_xdr_base64(rows[2]["contractEventXdr"].as_str().unwrap(), Limits::none());
    let payload = payload_of(&event.unwrap());
    assert!(decoder.fits(&payload));
    let typed = decode(&*decoder, &payload).unwrap();
    assert_eq!((&typed["note"], &typed["memo"]), (&json!(null), &json!("héllo")));
    assert_eq!(typed["fees"]["taker"], json!("-170141183460469231731687303715884105728"));
}

#[test]
fn events_of_whole_ledgers_are_those_of_tokens() {
    let Some(folder) = folder() else { return };
    let asset = interface("sac");
    for (file, counts) in [
        ("ledger_30820015_transactions.jsonl", [59, 1, 2]),
        ("ledgers_30822015_30822021_transactions.jsonl", [423, 7, 26]),
    ] {
        let mut found = [0; 3];
        for line in text(&folder.join("etl").join(file)).lines() {
            let line: Json = serde_json::from_str(line).unwrap();
            for event in meta_events(line["tx_meta"].as_str().unwrap()) {
                let payload = payload_of(&event);
                let fitting: Vec<_> =
                    asset.all_events().into_iter().filter(|decoder| decoder.fits(&payload)).collect();
                assert_eq!(fitting.len(), 1, "{event:?}");
                let json = decode(&*fitting[0], &payload).unwrap();
                let place =
                    ["fee", "transfer", "set_authorized"].iter().position(|name| *name == fitting[0].name());
                found[place.unwrap()] += 1;
                if place == Some(1) && file.contains("30820015") {
                    assert_eq!(
                        (&json["amount"], &json["to_muxed_id"]),
                        (&json!("1582390000000"), &json!("1020515624"))
                    );
                }
            }
        }
        assert_eq!(found, counts, "{file}");
    }
}

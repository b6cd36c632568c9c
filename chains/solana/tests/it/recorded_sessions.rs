//! Sessions with real nodes: failed transactions, both encodings, signature lists and notifications.

use chainbell_model::{Block, Interest};
use chainbell_solana::{assemble, payload, wire};
use serde_json::{Value as Json, json};

use crate::{
    assemble_support::{address, events_of, everything},
    recorded::{self, Logged},
};

const PUMP: &str = "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P";
const INVITE: &str = "inv1tEtSwRMtM44tbvJGNiTxMvDfPVnX9StyqXfDfks";

#[test]
fn swaps_of_a_failed_transaction_are_no_facts() {
    let Some(folder) = recorded::folder() else { return };
    let path = folder.join("ws/mainnet-logsNotification-failed-tx-309999820.json");
    let notification = recorded::read(&path);
    let value = &notification["params"]["result"]["value"];
    let log = value["logs"].as_array().unwrap();
    let logged = Logged::of(log.iter().map(|line| line.as_str().unwrap()));
    let swapper = "6m2CDdhRgxpH4WjvdzxAYbGxwdGUz5MziiL5jek2kBma";
    let mut interest = events_of(Some(&[swapper]));
    let read = |interest: &Interest| logged.read(&value["logs"], &value["err"], interest);
    assert!(read(&interest).transactions.is_empty());
    interest.failed_events = true;
    let block = read(&interest);
    let told: Vec<_> = block.events.iter().map(|event| (event.index, event.failed, event.emitter)).collect();
    assert_eq!(told, [(0, true, address(swapper)), (1, true, address(swapper))]);
    assert!(block.defects.is_empty());
}

/// What was sent and became of it, by what it was sent for; the bytes and the answer of `getTransaction`.
fn sent() -> Vec<(String, Json, Json)> {
    let Some(folder) = recorded::folder() else { return vec![] };
    let session = recorded::lines(&folder.join("ws/surfnet-anchor-events-session.ndjson"));
    let request = |line: &Json, method: &str, parameter: &Json| {
        line["req"]["method"] == method && line["req"]["params"][0] == *parameter
    };
    let mut sent = Vec::new();
    let mut bytes = Json::Null;
    for line in &session {
        if line["req"]["method"] == "sendTransaction" {
            bytes = line["req"]["params"][0].clone();
        }
        if line["t"] != "note" || line["signature"].is_null() {
            continue;
        }
        let answer = session.iter().find(|other| request(other, "getTransaction", &line["signature"]));
        let answer = answer.unwrap()["res"]["result"].clone();
        sent.push((line["note"].as_str().unwrap().to_owned(), bytes.clone(), answer));
    }
    assert_eq!(sent.len(), 7);
    sent
}

#[test]
fn a_real_nodes_log_tells_the_events_that_were_sent() {
    let mut interest = events_of(Some(&[PUMP]));
    let (pump, invite) = (address(PUMP), address(INVITE));
    for (note, bytes, answer) in sent() {
        let read = |interest: &Interest| -> Block {
            let mut encoded = answer.clone();
            encoded["transaction"] = json!([bytes, "base64"]);
            let block = recorded::transaction(&answer, interest);
            assert_eq!(format!("{block:?}"), format!("{:?}", recorded::transaction(&encoded, interest)));
            block
        };
        interest.failed_events = false;
        let block = read(&interest);
        let events: Vec<_> = block.events.iter().map(|event| (event.index, event.emitter)).collect();
        let lens: Vec<_> =
            block.events.iter().map(|event| payload::event_parts(&event.payload).data.len()).collect();
        match note.as_str() {
            "pump TradeEvent x1" => assert_eq!((events, lens), (vec![(0, pump)], vec![129])),
            "pump x2 + invite x1 in one tx" => {
                assert_eq!((events, lens), (vec![(0, pump), (2, pump)], vec![129; 2]));
                let all = read(&events_of(None));
                assert_eq!(all.events[1].emitter, invite);
            }
            "failed tx after event" => {
                assert!(events.is_empty());
                interest.failed_events = true;
                assert!(read(&interest).events[0].failed);
            }
            "invite only (not mentioned)" => assert!(events.is_empty()),
            "truncated event payload" => assert_eq!((events.len(), lens), (1, vec![60])),
            "discriminator only" => {
                assert_eq!(lens, [8]);
                assert!(block.events[0].key.is_some());
            }
            "foreign discriminator" => assert_eq!(events, [(0, pump)]),
            other => panic!("an unknown case: {other}"),
        }
        assert!(block.defects.is_empty(), "{note}: {:?}", block.defects);
    }
}

#[test]
fn bytes_and_json_read_the_same() {
    let Some(folder) = recorded::folder() else { return };
    let session = recorded::lines(&folder.join("ws/surfnet-session.ndjson"));
    let mut by_signature: Vec<(Json, String)> = Vec::new();
    let mut compared = 0;
    for line in session.iter().filter(|line| line["req"]["method"] == "getTransaction") {
        let signature = line["req"]["params"][0].clone();
        let block = recorded::transaction(&line["res"], &everything());
        assert_eq!(block.transactions.len(), 1);
        let text = format!("{block:?}");
        match by_signature.iter().find(|(other, _)| *other == signature) {
            Some((_, other)) => {
                assert_eq!(text, *other);
                compared += 1;
            }
            None => by_signature.push((signature, text)),
        }
    }
    assert_eq!((by_signature.len(), compared), (5, 1));
}

#[test]
fn a_block_holds_its_transaction() {
    let Some(folder) = recorded::folder() else { return };
    let session = recorded::lines(&folder.join("ws/surfnet-session.ndjson"));
    let answer = session.iter().find(|line| line["req"]["method"] == "getBlock").unwrap();
    let block = recorded::block(&answer["res"], 476, &everything()).unwrap();
    assert_eq!((block.transactions.len(), block.calls.len()), (1, 2));
    assert!(block.parent.is_some());
    assert_eq!(block.transfers.len(), 1);
    let alone = session.iter().find(|line| line["req"]["method"] == "getTransaction").unwrap();
    let alone = recorded::transaction(&alone["res"], &everything());
    assert_eq!(alone.transactions[0].id, block.transactions[0].id);
    assert_eq!(alone.calls[1].payload, block.calls[1].payload);
}

#[test]
fn signature_lists_and_notifications_read() {
    let Some(folder) = recorded::folder() else { return };
    let (mut lists, mut notifications, mut failed) = (0, 0, 0);
    for name in ["surfnet-session.ndjson", "surfnet-anchor-events-session.ndjson"] {
        for line in recorded::lines(&folder.join("ws").join(name)) {
            if line["req"]["method"] == "getSignaturesForAddress" {
                let text = line["res"]["result"].to_string();
                let items: Vec<wire::SignatureInfo<'_>> = serde_json::from_str(&text).unwrap();
                assert!(items.is_sorted_by(|newer, older| newer.slot >= older.slot));
                assert!(items.iter().all(|item| wire::base58::signature(item.signature).is_some()));
                failed += items.iter().filter(|item| item.err.is_some()).count();
                lists += 1;
            }
            if line["msg"]["method"] == "logsNotification" {
                let text = line["msg"]["params"].to_string();
                let told: wire::Notification<wire::LogsNotification<'_>> =
                    serde_json::from_str(&text).unwrap();
                assert!(told.result.context.slot > 0 && !told.result.value.signature.is_empty());
                failed += usize::from(told.result.value.err.is_some());
                notifications += 1;
            }
        }
    }
    assert!(lists == 4 && notifications > 20 && failed >= 2, "{lists} {notifications} {failed}");
}

#[test]
fn nothing_of_a_memo_is_an_event() {
    let Some(folder) = recorded::folder() else { return };
    let recorded = recorded::read(&folder.join("tx-events/getTransaction-memo-noevents-376410054.json"));
    let block = recorded::transaction(&recorded, &events_of(None));
    assert!(block.transactions.is_empty());
    let mut other_slot =
        assemble::header(&serde_json::from_str(&crate::assemble_support::block_json(&[])).unwrap(), 1);
    let text = recorded["result"].to_string();
    let wire = serde_json::from_str(&text).unwrap();
    assert!(assemble::transaction(&wire, 0, &events_of(None), &mut other_slot).is_err());
}

//! Recorded replies of servers of protocols 20 to 25 are read, and hold what their README says.

use std::sync::Arc;

use chainbell_model::{Contracts, Interest};
use chainbell_stellar::{
    assemble::{Builder, Network, Reading, Wanted, events_blocks},
    payload,
    toid::Stage,
    wire::{EventsPage, HealthAnswer, LatestAnswer, LedgersPage, NetworkAnswer, TransactionAnswer},
};
use serde_json::Value as Json;

use crate::{
    decode_support::folder,
    recorded::{TEST, address, all_events, everything, lines, reply, shown},
};

fn events_page(name: &str, interest: &Interest) -> Option<EventsPage> {
    let network = Network::new(TEST);
    let wanted = Wanted::new(interest, &network);
    Some(EventsPage::read(&reply(name)?, &Reading { wanted: &wanted, network: &network }).unwrap())
}

/// Every reply to `getEvents`, with how many of its events are diagnostic.
const EVENTS: [(&str, usize); 4] = [
    ("docs-getEvents-native-transfers", 0),
    ("java-get_events", 0),
    ("rsclient-events_response_p22", 14),
    ("rsclient-events_response_p23", 0),
];

#[test]
fn recorded_events_are_read_but_for_the_diagnostic_ones() {
    let Some(folder) = folder() else { return };
    let oracle = lines(&folder.join("expected-decoded.jsonl"));
    for (name, diagnostic) in EVENTS {
        let page = events_page(name, &all_events()).unwrap();
        let rows: Vec<&Json> = oracle.iter().filter(|row| row["file"] == format!("{name}.json")).collect();
        assert_eq!(page.count, rows.len(), "{name}");
        let told: Vec<_> = rows
            .iter()
            .filter(|row| row["type"] != "diagnostic")
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect();
        let read: Vec<_> = page.events.iter().map(|event| event.id.to_string()).collect();
        assert_eq!(read, told, "{name}");
        assert_eq!(page.count - page.events.len(), diagnostic, "{name}");
        let blocks = events_blocks(page.events).unwrap();
        assert_eq!(blocks.iter().map(|block| block.events.len()).sum::<usize>(), told.len());
    }
}

#[test]
fn recorded_transfers_of_the_native_coin_have_their_amounts() {
    let interest = Interest { native_transfers: true, ..Interest::default() };
    let Some(page) = events_page("docs-getEvents-native-transfers", &interest) else { return };
    let blocks = events_blocks(page.events).unwrap();
    let amounts: Vec<_> = blocks
        .iter()
        .flat_map(|block| block.transfers.iter().map(|it| shown(block, it)["amount"].clone()))
        .collect();
    assert_eq!(amounts, ["3000000000", "42558863"]);
    let tokens = Interest { token_transfers: Contracts::Any, ..Interest::default() };
    let page = events_page("docs-getEvents-native-transfers", &tokens).unwrap();
    assert!(page.events.iter().all(|event| event.event.moved.is_none()));
}

#[test]
fn recorded_fees_stand_at_the_borders_of_their_ledger() {
    let Some(page) = events_page("rsclient-events_response_p23", &all_events()) else { return };
    let stages: Vec<_> = page.events.iter().map(|event| event.id.stage()).collect();
    assert_eq!(stages, [Stage::BeforeAll, Stage::Operation(0), Stage::Operation(0), Stage::AfterAll]);
    assert_eq!((page.latest, page.oldest), (2091, Some(7)));
    assert!(page.cursor.is_some_and(|cursor| cursor.ledger == 2091 && cursor.ends_its_ledger()));
    let blocks = events_blocks(page.events).unwrap();
    assert_eq!((blocks.len(), blocks[0].transactions.len(), blocks[0].transactions[0].index), (1, 1, 1));
    let names: Vec<_> = blocks[0].events.iter().map(|event| event.key).collect();
    let key = |name: &str| payload::call_key(name.as_bytes());
    assert_eq!(names, [key("fee"), key("COUNTER"), key("COUNTER"), key("fee")]);
}

#[test]
fn recorded_ledgers_hold_together() {
    for (name, sequences, transactions) in
        [("docs-getLedgers", [36_233, 36_234], 4), ("java-get_ledgers", [10, 11], 0)]
    {
        let Some(text) = reply(name) else { return };
        let network = Arc::new(Network::new(TEST));
        let wanted = Arc::new(Wanted::new(&everything(), &network));
        let mut builder = Builder::new(wanted, network, sequences[0], sequences[1]);
        let page = LedgersPage::read(&text, &mut builder).unwrap();
        assert_eq!(page.ledgers.iter().map(|ledger| ledger.sequence).collect::<Vec<_>>(), sequences);
        let told: Json = serde_json::from_str(&text).unwrap();
        let blocks = builder.finish();
        for (told, (ledger, block)) in
            told["ledgers"].as_array().unwrap().iter().zip(page.ledgers.iter().zip(&blocks))
        {
            assert_eq!(told["hash"], const_hex::encode(ledger.hash));
            assert_eq!(told["ledgerCloseTime"], (block.time.0 / 1000).to_string());
        }
        assert_eq!(blocks[0].transactions.len(), 0);
        assert_eq!(blocks[1].transactions.len(), transactions, "{name}");
        assert!(blocks[1].transactions.iter().all(|transaction| !transaction.details.is_empty()));
    }
}

#[test]
fn a_recorded_ledger_of_protocol_25_is_read_from_the_latest() {
    let Some(text) = reply("java-get_latest_ledger") else { return };
    let told: Json = serde_json::from_str(&text).unwrap();
    let page = serde_json::json!({
        "ledgers": [{ "hash": told["id"], "sequence": told["sequence"], "metadataXdr": told["metadataXdr"] }],
        "latestLedger": told["sequence"],
    });
    let network = Arc::new(Network::new(TEST));
    let wanted = Arc::new(Wanted::new(&everything(), &network));
    let mut builder = Builder::new(wanted, network, 1_283_415, 1_283_415);
    LedgersPage::read(&page.to_string(), &mut builder).unwrap();
    let block = builder.finish().remove(0);
    assert_eq!((block.transactions.len(), block.transfers.len()), (1, 1));
    assert_eq!(LatestAnswer::read(&text).unwrap().sequence.0, 1_283_415);
}

#[test]
fn recorded_answers_about_the_node_are_read() {
    let Some(health) = reply("java-get_health") else { return };
    let health = HealthAnswer::read(&health).unwrap();
    assert_eq!((health.latest_ledger.unwrap().0, health.oldest_ledger.unwrap().0), (50_000, 1));
    let network = NetworkAnswer::read(&reply("java-get_network").unwrap()).unwrap();
    assert_eq!(network.passphrase, "Standalone Network ; February 2017");
    assert_eq!(network.protocol_version.unwrap().0, 20);
    for (name, ledger) in [
        ("docs-getTransaction-notfound", None),
        ("java-get_transaction_not_found", None),
        ("docs-getTransaction-success", Some(490_252)),
        ("rsclient-transaction_response_p22", Some(1_922)),
        ("lab-getTransaction-xdrjson-sac", None),
    ] {
        let text = reply(name).unwrap();
        if text == "null" {
            continue;
        }
        let told = TransactionAnswer::read(&text).unwrap();
        assert!(ledger.is_none() || told.ledger == ledger, "{name}");
    }
}

#[test]
fn a_refund_is_an_event_below_zero_and_no_transfer() {
    let Some(text) = reply("docs-getTransaction-success") else { return };
    let transaction: Json = serde_json::from_str(&text).unwrap();
    let page = serde_json::json!({
        // As if it were the first of its ledger.
        "transactions": [{ "applicationOrder": 1, "status": "SUCCESS", "ledger": 490_252, "createdAt": 1,
            "txHash": transaction["txHash"], "envelopeXdr": transaction["envelopeXdr"],
            "resultXdr": transaction["resultXdr"], "resultMetaXdr": transaction["resultMetaXdr"] }],
        "latestLedger": 490_314, "cursor": "2105616290058241",
    });
    let blocks =
        crate::recorded::assembled(&page.to_string(), TEST, &everything(), (490_252, 490_252)).unwrap();
    let block = &blocks[0];
    assert_eq!((block.events.len(), block.transfers.len(), block.calls.len()), (3, 0, 1));
    let refund = &block.events[2];
    assert_eq!((refund.key, refund.index >> 20), (payload::call_key(b"fee"), 4094));
    assert_eq!(address(&refund.emitter), "CDLZFC3SYJYDZT7K67VZ75HPJVIEUVNIXF47ZG2FB2RMQQVU2HHGCYSC");
    let value = payload::event_parts(&refund.payload).value;
    assert_eq!(i128::from_be_bytes(value[4..].try_into().unwrap()), -9_527_413);
}

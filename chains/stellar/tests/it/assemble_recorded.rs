//! Recorded ledgers of the public network give the events and transfers that their origin found in them.

use std::collections::BTreeMap;

use chainbell_model::{Block, Contracts, Dialect, Interest, Value};
use chainbell_stellar::{StellarDialect, payload};
use serde_json::{Value as Json, json};
use stellar_xdr::{Limits, ReadXdr, ScVal};

use crate::recorded::{
    Form, Ledgers, TEST, address, all_events, assembled, everything, limits, reply, shown,
};

/// What the origin says of a transfer, in our words.
fn expected(row: &Json) -> Json {
    let native = row["asset_type"] == "native";
    let operation = row["operation_id"].as_u64().unwrap() & 0xfff;
    json!({
        "ledger": row["ledger_sequence"],
        "transaction": row["transaction_hash"],
        "operation": operation,
        "from": row["from"],
        "to": row["to"],
        "amount": row["amount_raw"],
        "asset": (!native).then(|| row["asset"].as_str().unwrap().split_once(':').unwrap().1),
        "token": (!native).then(|| &row["contract_id"]),
    })
}

fn transfers_of(blocks: &[Block]) -> Vec<Json> {
    blocks.iter().flat_map(|block| block.transfers.iter().map(|transfer| shown(block, transfer))).collect()
}

fn sorted(mut rows: Vec<Json>) -> Vec<Json> {
    rows.sort_by_key(ToString::to_string);
    rows
}

#[test]
fn recorded_ledgers_have_the_transfers_that_their_origin_found() {
    for ledgers in Ledgers::all() {
        let rows = ledgers.expected.iter().filter(|row| row["event_topic"] == "transfer");
        let expected = sorted(rows.map(expected).collect());
        assert!(!expected.is_empty());
        let places = |blocks: &[Block]| -> Vec<_> {
            blocks.iter().flat_map(|block| &block.transfers).map(|it| (it.index, it.sub)).collect()
        };
        let as_told = ledgers.blocks(Form::Meta, &everything());
        for form in [Form::Meta, Form::Events, Form::BeforeUnifiedEvents] {
            let blocks = ledgers.blocks(form, &everything());
            assert_eq!(sorted(transfers_of(&blocks)), expected, "{form:?}");
            assert_eq!(transfers_of(&blocks), transfers_of(&as_told), "{form:?}");
            assert_eq!(places(&blocks), places(&as_told), "{form:?}");
        }
    }
}

#[test]
fn recorded_ledgers_have_the_fees_that_their_origin_found() {
    for ledgers in Ledgers::all() {
        let fees: BTreeMap<_, _> = ledgers
            .expected
            .iter()
            .filter(|row| row["event_topic"] == "fee")
            .map(|row| (row["transaction_hash"].as_str().unwrap(), row))
            .collect();
        assert_eq!(fees.len(), ledgers.transactions.len());
        for form in [Form::Meta, Form::Events] {
            let mut found = 0;
            for block in ledgers.blocks(form, &all_events()) {
                for event in block.events.iter().filter(|event| event.key == payload::call_key(b"fee")) {
                    let transaction = &block.transactions[event.transaction as usize];
                    let fee = fees[&*const_hex::encode(&*transaction.id)];
                    let parts = payload::event_parts(&event.payload);
                    let amount = ScVal::from_xdr(parts.value, Limits::len(100)).unwrap();
                    let ScVal::I128(amount) = amount else { panic!("{amount:?}") };
                    assert_eq!(fee["amount_raw"], amount.lo.to_string());
                    assert_eq!(fee["contract_id"], address(&event.emitter));
                    assert_eq!((event.failed, event.index), (false, transaction.index - 1));
                    found += 1;
                }
            }
            assert_eq!(found, fees.len(), "{form:?}");
        }
    }
}

#[test]
fn blocks_are_the_same_however_their_events_are_served() {
    for ledgers in Ledgers::all() {
        let [meta, events] = [Form::Meta, Form::Events].map(|form| ledgers.blocks(form, &everything()));
        assert_eq!(format!("{meta:?}"), format!("{events:?}"));
        assert_eq!(meta.len() as u32, ledgers.last - ledgers.first + 1);
        let transactions: usize = meta.iter().map(|block| block.transactions.len()).sum();
        assert_eq!(transactions, ledgers.transactions.len());
        for block in &meta {
            let order: Vec<_> = block.events.iter().map(|event| (event.transaction, event.index)).collect();
            assert!(order.is_sorted_by(|one, other| one < other));
        }
    }
}

#[test]
fn details_of_recorded_transactions_fit_their_results() {
    let field = |name: &str| StellarDialect.transaction_schema().index_of(name).unwrap();
    for ledgers in Ledgers::all() {
        for block in ledgers.blocks(Form::Meta, &everything()) {
            for transaction in &block.transactions {
                let hash = Value::Text(const_hex::encode(&*transaction.id).into());
                assert_eq!(transaction.details.len(), StellarDialect.transaction_schema().fields.len());
                assert_eq!(transaction.details[field("hash")], Some(hash));
                let fee = ledgers.expected.iter().find(|row| {
                    row["event_topic"] == "fee"
                        && row["transaction_hash"] == const_hex::encode(&*transaction.id)
                });
                let Some(Value::Int(charged)) = &transaction.details[field("fee")] else { panic!("a fee") };
                assert_eq!(fee.unwrap()["amount_raw"], charged.to_string());
                let payer = &transaction.details[field("fee_account")];
                let payer = payer.as_ref().or(transaction.details[field("from")].as_ref());
                let Some(Value::Address(payer)) = payer else { panic!("a payer") };
                assert_eq!(fee.unwrap()["from"], address(payer));
            }
        }
    }
}

#[test]
fn transactions_without_anything_wanted_are_left_out() {
    let native = Interest { native_transfers: true, ..Interest::default() };
    let tokens = Interest { token_transfers: Contracts::Any, ..Interest::default() };
    for ledgers in Ledgers::all() {
        for form in [Form::Meta, Form::Events, Form::BeforeUnifiedEvents] {
            let all = transfers_of(&ledgers.blocks(form, &everything()));
            let mut parts = Vec::new();
            for interest in [&native, &tokens] {
                let blocks = ledgers.blocks(form, interest);
                assert!(blocks.iter().flat_map(|block| &block.transactions).all(|it| it.details.is_empty()));
                let held: usize = blocks.iter().map(|block| block.transactions.len()).sum();
                assert!(held <= 8);
                parts.extend(transfers_of(&blocks));
            }
            assert_eq!(sorted(parts), sorted(all));
        }
    }
}

/// The recorded replies to `getTransactions`, with the ledgers they are about.
const PAGES: [(&str, u32); 3] = [
    ("docs-getTransactions-page1", 337_272),
    ("java-get_transactions", 1_888_539),
    ("rsclient-transactions_response", 554_000),
];

/// Recorded pages are cut in the middle of ledgers: only the first ledger is looked at.
fn first_ledger(name: &str, ledger: u32) -> Option<Vec<Block>> {
    Some(assembled(&reply(name)?, TEST, &everything(), (ledger, ledger)).unwrap())
}

#[test]
fn recorded_pages_of_transactions_are_read() {
    for (name, ledger) in PAGES {
        let Some(blocks) = first_ledger(name, ledger) else { return };
        assert_eq!(blocks.len(), 1, "{name}");
        let page: Json = serde_json::from_str(&reply(name).unwrap()).unwrap();
        let served: Vec<_> =
            page["transactions"].as_array().unwrap().iter().filter(|it| it["ledger"] == ledger).collect();
        assert_eq!(blocks[0].transactions.len(), served.len(), "{name}");
        for (transaction, served) in blocks[0].transactions.iter().zip(served) {
            assert_eq!(served["applicationOrder"], transaction.index);
            if let Some(hash) = served["txHash"].as_str() {
                assert_eq!(const_hex::encode(&*transaction.id), hash);
            }
        }
    }
}

#[test]
fn recorded_events_are_those_of_the_oracle() {
    let Some(folder) = crate::decode_support::folder() else { return };
    let oracle = crate::recorded::lines(&folder.join("expected-decoded.jsonl"));
    let name = "docs-getTransactions-page1";
    let blocks = first_ledger(name, 337_272).unwrap();
    let expected: Vec<_> = oracle.iter().filter(|row| row["file"] == format!("{name}.json")).collect();
    let mut found = 0;
    for block in &blocks {
        for event in &block.events {
            let hash = const_hex::encode(&*block.transactions[event.transaction as usize].id);
            let topic = payload::event_parts(&event.payload).topics.get(0).unwrap();
            let ScVal::Symbol(topic) = ScVal::from_xdr(topic, limits()).unwrap() else { panic!("a name") };
            let place = |row: &&&Json| {
                row["txHash"] == hash
                    && row["topics"][0] == topic.0.to_string()
                    && row["contract"] == address(&event.emitter)
            };
            assert!(expected.iter().any(|row| place(&row)), "{event:?}");
            found += 1;
        }
    }
    assert_eq!(found, expected.len());
}

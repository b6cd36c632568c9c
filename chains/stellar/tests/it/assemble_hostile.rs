//! Answers of any shape are read or refused, never more.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_stellar::{
    assemble::{Builder, Network, Reading, Wanted, events_blocks},
    wire::{
        EntriesAnswer, EventsPage, HealthAnswer, LatestAnswer, LedgersPage, NetworkAnswer, TransactionAnswer,
        TransactionsPage,
    },
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use stellar_xdr::{TransactionMeta, WriteXdr};

use crate::{
    recorded::{encoded, everything, limits},
    source_ledgers::{PASSPHRASE, SimLedger, ledgers},
};

fn builder() -> Builder {
    let network = Arc::new(Network::new(PASSPHRASE));
    let wanted = Arc::new(Wanted::new(&everything(), &network));
    Builder::new(wanted, network, 1, 100)
}

fn read_all(text: &str) {
    let network = Network::new(PASSPHRASE);
    let wanted = Wanted::new(&everything(), &network);
    if let Ok(page) = EventsPage::read(text, &Reading { wanted: &wanted, network: &network }) {
        let _ = events_blocks(page.events);
    }
    let mut builder = builder();
    let _ = TransactionsPage::read(text, &mut builder);
    let _ = LedgersPage::read(text, &mut builder);
    let _ = (HealthAnswer::read(text), LatestAnswer::read(text), NetworkAnswer::read(text));
    let _ = (TransactionAnswer::read(text), EntriesAnswer::read(text));
}

fn transactions_page(ledger: &SimLedger) -> Json {
    let row = |(order, it): (usize, &crate::source_ledgers::SimTransaction)| {
        json!({
            "status": if it.succeeded { "SUCCESS" } else { "FAILED" },
            "applicationOrder": order + 1,
            "envelopeXdr": encoded(&it.envelope),
            "resultXdr": encoded(&it.result),
            "resultMetaXdr": encoded(&TransactionMeta::V4(it.meta.clone())),
            "ledger": ledger.sequence,
            "createdAt": ledger.time,
        })
    };
    let transactions: Vec<_> = ledger.transactions.iter().enumerate().map(row).collect();
    json!({ "transactions": transactions, "latestLedger": 100, "cursor": "1" })
}

fn ledgers_page(metadata: &[u8], ledger: &SimLedger) -> String {
    let row = json!({
        "hash": const_hex::encode(ledger.entry.hash.0), "sequence": ledger.sequence, "metadataXdr": STANDARD.encode(metadata),
    });
    json!({ "ledgers": [row], "latestLedger": 100 }).to_string()
}

#[test]
fn the_unharmed_answers_are_read() {
    let ledgers = ledgers(3);
    for ledger in &ledgers {
        let mut builder = builder();
        TransactionsPage::read(&transactions_page(ledger).to_string(), &mut builder).unwrap();
        let of_transactions = builder.finish();
        let mut builder = self::builder();
        let meta = ledger.close_meta().to_xdr(limits()).unwrap();
        LedgersPage::read(&ledgers_page(&meta, ledger), &mut builder).unwrap();
        assert_eq!(format!("{of_transactions:?}"), format!("{:?}", builder.finish()));
    }
}

#[test]
fn metadata_that_ends_early_is_refused_wherever_it_ends() {
    let ledger = ledgers(1).remove(0);
    let meta = ledger.close_meta().to_xdr(limits()).unwrap();
    let mut whole = None;
    for cut in 0..meta.len() {
        let mut builder = builder();
        match LedgersPage::read(&ledgers_page(&meta[..cut], &ledger), &mut builder) {
            // What stands behind the transactions is not looked at.
            Ok(_) => whole = whole.or(Some(cut)),
            Err(_) => assert_eq!(whole, None),
        }
    }
    assert!(whole.is_none_or(|whole| whole > meta.len() - 64));
}

#[test]
fn a_builder_goes_back_to_where_it_was() {
    let ledgers = ledgers(3);
    let mut builder = builder();
    TransactionsPage::read(&transactions_page(&ledgers[0]).to_string(), &mut builder).unwrap();
    let mark = builder.mark();
    let before = format!("{builder:?}");
    let mut page = transactions_page(&ledgers[1]);
    page["transactions"][3]["envelopeXdr"] = json!("AAAA");
    assert!(TransactionsPage::read(&page.to_string(), &mut builder).is_err());
    assert_ne!(format!("{builder:?}"), before);
    builder.go_back(&mark);
    assert_eq!(format!("{builder:?}"), before);
}

fn json_like() -> impl Strategy<Value = String> {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"events\"",
        "\"transactions\"",
        "\"ledgers\"",
        "\"latestLedger\"",
        "\"cursor\"",
        "\"id\"",
        "\"topic\"",
        "\"value\"",
        "\"xdr\"",
        "1",
        "-1",
        "null",
        "true",
        "\"AAAA\"",
        "\"1-1\"",
        "1e9",
        "\"\"",
        "\"type\":\"contract\"",
        "\"ledger\":1",
        "18446744073709551616",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in prop_oneof![".*", json_like()]) {
        read_all(&text);
    }

    #[test]
    fn mangled_metadata_never_panics(place in any::<prop::sample::Index>(), byte in any::<u8>(), sequence in 1_u32..4) {
        let ledger = ledgers(sequence).pop().unwrap();
        let mut meta = ledger.close_meta().to_xdr(limits()).unwrap();
        let place = place.index(meta.len());
        meta[place] = byte;
        let mut builder = builder();
        let _ = LedgersPage::read(&ledgers_page(&meta, &ledger), &mut builder);
    }

    #[test]
    fn mangled_transactions_never_panic(
        field in prop::sample::select(vec!["envelopeXdr", "resultXdr", "resultMetaXdr"]),
        place in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 1..5),
        number in 0_usize..4,
    ) {
        let ledger = ledgers(1).remove(0);
        let mut page = transactions_page(&ledger);
        let text = page["transactions"][number][field].as_str().unwrap().to_owned();
        let mut xdr = STANDARD.decode(text).unwrap();
        let place = place.index(xdr.len());
        for (to, from) in xdr.iter_mut().skip(place).zip(&bytes) {
            *to = *from;
        }
        page["transactions"][number][field] = json!(STANDARD.encode(xdr));
        let mut builder = builder();
        let _ = TransactionsPage::read(&page.to_string(), &mut builder);
    }

    #[test]
    fn mangled_events_never_panic(
        id in "[0-9]{1,21}-[0-9]{1,11}",
        topics in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..24), 0..6),
        value in prop::collection::vec(any::<u8>(), 0..24),
        ledger in any::<u32>(),
    ) {
        let topics: Vec<_> = topics.iter().map(|topic| STANDARD.encode(topic)).collect();
        let row = json!({
            "type": "contract", "ledger": ledger, "ledgerClosedAt": "2025-07-05T20:44:26Z", "id": id,
            "contractId": "CDMLFMKMMD7MWZP3FKUBZPVHTUEDLSX4BYGYKH4GCESXYHS3IHQ4EIG4", "txHash": "00".repeat(32),
            "topic": topics, "value": STANDARD.encode(value),
        });
        read_all(&json!({ "events": [row.clone(), row], "latestLedger": ledger, "cursor": id }).to_string());
    }
}

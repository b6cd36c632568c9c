//! What the servers of a Stellar network answer, read with the reference XDR codec.

use std::collections::BTreeMap;

use chainbell_devnet::stellar::SimEvent;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use stellar_xdr::{
    ContractEvent, LedgerCloseMeta, LedgerHeaderHistoryEntry, Limits, TransactionEnvelope, TransactionMeta,
    TransactionResult, TransactionResultSet, WriteXdr,
};

use crate::{
    client::Client,
    stellar_support::{devnet, each, xdr},
};

fn sha256(value: &impl WriteXdr) -> [u8; 32] {
    Sha256::digest(value.to_xdr(Limits::none()).unwrap()).into()
}

/// Every event that `getEvents` tells of, page by page.
pub(crate) async fn all_events(client: &Client, filters: Value, limit: u64) -> Vec<Value> {
    let first = client.call("getHealth", json!({})).await["oldestLedger"].clone();
    let mut params = json!({"startLedger": first, "filters": filters, "pagination": {"limit": limit}});
    let mut all = Vec::new();
    loop {
        let mut page = client.call("getEvents", params).await;
        let events = page["events"].as_array_mut().unwrap();
        let count = events.len() as u64;
        all.append(events);
        if count < limit {
            return all;
        }
        params = json!({"filters": filters, "pagination": {"limit": limit, "cursor": page["cursor"]}});
    }
}

fn agree(told: &[Value], known: &[SimEvent]) {
    let by_id: BTreeMap<_, _> = known.iter().map(|event| (event.id.clone(), event)).collect();
    assert_eq!(told.len(), by_id.len());
    for (told, (id, known)) in told.iter().zip(by_id) {
        assert_eq!(told["id"], id);
        assert_eq!(told["txHash"], known.transaction);
        assert_eq!(told["contractId"], known.contract);
        assert_eq!(told["inSuccessfulContractCall"], true);
    }
}

#[tokio::test]
async fn events_are_those_of_the_oracle() {
    for protocol in [20, 22, 23, 27] {
        let (devnet, client) = devnet(protocol, 30).await;
        let contract = json!([{"type": "contract"}]);
        let told = if protocol == 20 {
            let params = json!({"startLedger": 1, "filters": contract, "pagination": {"limit": 10_000}});
            client.call("getEvents", params).await["events"].as_array().unwrap().clone()
        } else {
            all_events(&client, contract, 7).await
        };
        let mut known = devnet.canonical_events();
        known.extend(devnet.canonical_fees());
        agree(&told, &known);
        assert!(known.len() > 50);
    }
}

#[tokio::test]
async fn ledgers_hold_what_their_hashes_say() {
    for protocol in [20, 23] {
        let (devnet, client) = devnet(protocol, 20).await;
        let page = client.call("getLedgers", json!({"startLedger": 1})).await;
        let ledgers = page["ledgers"].as_array().unwrap();
        assert_eq!(ledgers.len(), 21);
        let mut previous = [0; 32];
        let mut hashes = Vec::new();
        for (ledger, known) in ledgers.iter().zip(devnet.canonical_ledgers()) {
            let entry: LedgerHeaderHistoryEntry = xdr(&ledger["headerXdr"]);
            assert_eq!(ledger["hash"], known.hash);
            assert_eq!(entry.hash.0, sha256(&entry.header));
            assert_eq!(const_hex::encode(entry.hash.0), known.hash);
            assert_eq!(entry.header.previous_ledger_hash.0, previous);
            assert_eq!(entry.header.ledger_seq, known.sequence);
            assert_eq!(entry.header.scp_value.close_time.0, known.time);
            previous = entry.hash.0;
            let results: Vec<_> = match xdr(&ledger["metadataXdr"]) {
                LedgerCloseMeta::V1(meta) if protocol == 20 => {
                    assert_eq!(meta.ledger_header, entry);
                    assert_eq!(sha256(&meta.tx_set), entry.header.scp_value.tx_set_hash.0);
                    meta.tx_processing.iter().map(|one| one.result.clone()).collect()
                }
                LedgerCloseMeta::V2(meta) if protocol == 23 => {
                    assert_eq!(meta.ledger_header, entry);
                    assert_eq!(sha256(&meta.tx_set), entry.header.scp_value.tx_set_hash.0);
                    meta.tx_processing.iter().map(|one| one.result.clone()).collect()
                }
                _ => panic!("another version"),
            };
            hashes.extend(results.iter().map(|one| const_hex::encode(one.transaction_hash.0)));
            let known: Vec<_> = known.transactions.into_iter().map(|(hash, _)| hash).collect();
            assert_eq!(hashes[hashes.len() - results.len()..], known);
            let results = TransactionResultSet { results: results.try_into().unwrap() };
            assert_eq!(entry.header.tx_set_result_hash.0, sha256(&results));
        }
        assert_eq!(hashes.len(), 120);
    }
}

#[tokio::test]
async fn transactions_hash_to_their_names_and_hold_the_events_of_the_oracle() {
    let (devnet, client) = devnet(23, 20).await;
    let network: [u8; 32] = Sha256::digest(devnet.passphrase()).into();
    let page = client.call("getTransactions", json!({"startLedger": 1, "pagination": {"limit": 200}})).await;
    let transactions = page["transactions"].as_array().unwrap();
    assert_eq!(transactions.len(), 120);
    let known = devnet.canonical_events();
    let mut events = 0;
    for transaction in transactions {
        let envelope: TransactionEnvelope = xdr(&transaction["envelopeXdr"]);
        let hash = const_hex::encode(envelope.hash(network).unwrap());
        assert_eq!(transaction["txHash"], hash);
        let _: TransactionResult = xdr(&transaction["resultXdr"]);
        let TransactionMeta::V4(meta) = xdr(&transaction["resultMetaXdr"]) else { panic!("version 4") };
        let own: Vec<_> = known.iter().filter(|event| event.transaction == hash).collect();
        let listed = transaction["events"]["contractEventsXdr"].as_array();
        let listed: Vec<Vec<ContractEvent>> = listed.map_or(Vec::new(), |operations| {
            operations.iter().map(|list| list.as_array().unwrap().iter().map(xdr).collect()).collect()
        });
        let metas: Vec<_> = meta.operations.iter().map(|operation| operation.events.to_vec()).collect();
        assert_eq!(listed, metas);
        let indexes = (1_u32..)
            .zip(&metas)
            .flat_map(|(operation, list)| (0..list.len() as u32).map(move |number| operation << 20 | number));
        assert_eq!(indexes.collect::<Vec<_>>(), own.iter().map(|event| event.index).collect::<Vec<_>>());
        events += own.len();
        let mut one = client.call("getTransaction", json!({"hash": hash})).await;
        for field in ["envelopeXdr", "resultXdr", "resultMetaXdr", "ledger", "status", "applicationOrder"] {
            assert_eq!(one[field].take(), transaction[field]);
        }
    }
    assert_eq!(events, known.len());
    let status =
        |wanted: &str| each(&page["transactions"], "status").iter().filter(|it| **it == wanted).count();
    assert!(status("FAILED") > 3 && status("SUCCESS") > 80);
    assert!(each(&page["transactions"], "feeBump").contains(&&json!(true)));
}

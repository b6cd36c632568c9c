//! The network read by a client that nobody here wrote: @stellar/stellar-sdk, in Node.js.

use std::{io::Write as _, process::Stdio, time::Duration};

use chainbell_devnet::{
    StellarDevnet,
    stellar::{DemoEvent, Order, SimEvent, Token, TxSpec},
};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::stellar_support::devnet;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/stellar_sdk.mjs");

/// The folder of packages, from the environment. `None` (with a loud word) where it is not installed and the run does not
/// demand it.
fn packages() -> Option<String> {
    let path = std::env::var("STELLAR_SDK").ok().filter(|path| !path.is_empty());
    if path.is_none() {
        let demanded = std::env::var("CHAINBELL_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        let what = "STELLAR_SDK does not name a node_modules folder with @stellar/stellar-sdk";
        assert!(!demanded, "{what}: run scripts/test, which installs it");
        // Straight to the terminal: the harness shows what is printed only when a test fails.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
    }
    path
}

/// What the library saw.
async fn read(packages: &str, devnet: &StellarDevnet, hash: &str) -> Value {
    let output = Command::new("node")
        .arg(SCRIPT)
        .args([&devnet.http_url(), &devnet.contracts()[0], &devnet.tokens()[0], hash])
        .env("STELLAR_SDK", packages)
        .env_remove("http_proxy")
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(60), output).await.unwrap().unwrap();
    assert!(output.status.success(), "the script ended with {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stellar_sdk_reads_the_network() {
    let Some(packages) = packages() else { return };
    for protocol in [22, 23, 27] {
        let (devnet, _) = devnet(protocol, 15).await;
        let accounts = devnet.accounts();
        let order =
            Order { amount: -5, price: u128::MAX, note: "n\"o\n".to_owned(), tags: vec!["a_B".to_owned()] };
        devnet.mine_with(vec![
            TxSpec::transfer(Token::Issued, accounts[0], accounts[1].numbered(u64::MAX), i128::MAX),
            TxSpec::demo(
                accounts[2],
                DemoEvent::OrderPlaced { maker: accounts[2], order, deadline: Some(9) },
            )
            .fee_paid_by(accounts[3]),
        ]);
        let ledgers = devnet.canonical_ledgers();
        let last = ledgers.last().unwrap();
        let seen = read(&packages, &devnet, &last.transactions[1].0).await;

        assert_eq!(seen["health"]["status"], "healthy");
        assert_eq!(seen["network"]["passphrase"], devnet.passphrase());
        let latest = json!({"id": last.hash, "sequence": devnet.head()});
        assert_eq!(seen["latest"], if protocol < 25 { Value::Null } else { latest });
        assert_eq!(seen["one"], json!({"status": "SUCCESS", "ledger": devnet.head(), "returned": "7"}));
        assert_eq!(seen["absent"], "NOT_FOUND");
        assert_eq!(seen["executable"], "contractExecutableStellarAsset");
        assert_eq!(seen["contract"]["functions"], json!(["place", "swap", "set_price"]));
        assert_eq!(seen["contract"]["bytes"], devnet.code().len());
        ledgers_agree(&seen, &devnet);
        events_agree(&seen["events"], &devnet, protocol);
        read_by_description(&seen["contract"]["events"], &devnet);
    }
}

fn ledgers_agree(seen: &Value, devnet: &StellarDevnet) {
    let known = devnet.canonical_ledgers();
    let seen_ledgers = seen["ledgers"].as_array().unwrap();
    assert_eq!(seen_ledgers.len(), known.len());
    let mut transactions = seen["transactions"].as_array().unwrap().iter();
    for (seen, known) in seen_ledgers.iter().zip(&known) {
        let hashes: Vec<_> = known.transactions.iter().map(|(hash, _)| hash).collect();
        let expected = json!({
            "sequence": known.sequence,
            "hash": known.hash,
            "previous": known.previous,
            "transactions": hashes,
        });
        assert_eq!(*seen, expected);
        for (hash, failed) in &known.transactions {
            let seen = transactions.next().unwrap();
            assert_eq!(seen["hash"], *hash);
            assert_eq!(seen["computed"], *hash);
            assert_eq!(seen["inner"], true);
            assert_eq!(seen["status"], if *failed { "FAILED" } else { "SUCCESS" });
        }
    }
    assert!(transactions.next().is_none());
}

fn events_agree(seen: &Value, devnet: &StellarDevnet, protocol: u32) {
    let seen = seen.as_array().unwrap();
    let mut known = devnet.canonical_events();
    known.extend(devnet.canonical_fees());
    assert!(protocol < 23 || known.len() == seen.len());
    for known in &known {
        let seen = seen.iter().find(|seen| seen["id"] == known.id).unwrap();
        assert_eq!(seen["transaction"], known.transaction);
        assert_eq!(seen["contract"], known.contract);
        values_agree(seen, known);
    }
    let numbered = known.iter().rev().find(|event| event.to_number == Some(u64::MAX));
    assert_eq!(numbered.is_some(), protocol >= 23);
}

fn values_agree(seen: &Value, known: &SimEvent) {
    let topics = seen["topics"].as_array().unwrap();
    let value = &seen["value"];
    match &*known.name {
        "PriceSet" => assert_eq!(topics[0], "price_set"),
        "Swapped" => {
            assert_eq!(topics[2..], [json!(known.from), json!(known.to)]);
            assert_eq!(value[0], json!(known.amount));
        }
        "OrderPlaced" => {
            assert_eq!(value["amount"], json!(known.amount));
            assert_eq!(value["order"]["amount"], json!(known.amount));
        }
        name => {
            assert_eq!(topics[0], *name);
            let parties = [&known.from, &known.to].into_iter().flatten();
            assert!(parties.into_iter().all(|party| topics.contains(&json!(party))));
            let amount = value.get("amount").unwrap_or(value);
            assert_eq!(*amount, json!(known.amount));
            assert_eq!(value.get("to_muxed_id").is_some(), known.to_number.is_some());
        }
    }
}

/// The library finds the events' names and parameters by the description in the contract's code.
fn read_by_description(seen: &Value, devnet: &StellarDevnet) {
    let contract = &devnet.contracts()[0];
    let known: Vec<_> =
        devnet.canonical_events().into_iter().filter(|event| event.contract == *contract).collect();
    let seen = seen.as_array().unwrap();
    assert_eq!(seen.len(), known.len());
    for (seen, known) in seen.iter().zip(&known) {
        assert_eq!(seen["id"], known.id);
        let read = &seen["read"];
        assert_eq!(read["name"], known.name);
        assert_eq!(read["data"].get("amount"), known.amount.as_ref().map(|amount| json!(amount)).as_ref());
        assert_eq!(read["data"].get("to"), known.to.map(|to| json!(to)).as_ref());
    }
    assert!(known.len() > 3);
}

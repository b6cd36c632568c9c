//! The network read by a client that nobody here wrote: @solana/web3.js, in Node.js.

use std::{io::Write as _, process::Stdio, time::Duration};

use chainbell_devnet::{
    SolanaDevnet, SolanaDevnetConfig,
    solana::{SimBlock, Told},
};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::solana_support::{config, devnet_with, program, transfer};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/solana_web3.mjs");

/// The folder of packages, from the environment. `None` (with a loud word) where it is not installed and the run does not
/// demand it.
fn packages() -> Option<String> {
    let path = std::env::var("SOLANA_WEB3").ok().filter(|path| !path.is_empty());
    if path.is_none() {
        let demanded = std::env::var("CHAINBELL_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        let what = "SOLANA_WEB3 does not name a node_modules folder with @solana/web3.js";
        assert!(!demanded, "{what}: run scripts/test, which installs it");
        // Straight to the terminal: the harness shows what is printed only when a test fails.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
    }
    path
}

/// What the library saw.
async fn read(packages: &str, devnet: &SolanaDevnet) -> Value {
    let output = Command::new("node")
        .arg(SCRIPT)
        .args([devnet.http_url(), devnet.ws_url(), program(devnet).to_string()])
        .env("SOLANA_WEB3", packages)
        .env_remove("http_proxy")
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(60), output).await.unwrap().unwrap();
    assert!(output.status.success(), "the script ended with {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn web3_js_reads_the_network() {
    let Some(packages) = packages() else { return };
    let config = SolanaDevnetConfig { skip_rate: 0.2, ..config() };
    let (devnet, _) = devnet_with(config, 30).await;
    let make = |amount, told| transfer(&devnet, amount, told);
    devnet.mine_with(vec![
        make(1, Told::Cpi).nested_under(devnet.router()).versioned(),
        make(2, Told::Both).failing(),
        make(3, Told::Log).after_chatter(11_000),
    ]);
    devnet.mine_with(Vec::new());
    let before = devnet.canonical_blocks();
    let seen = read(&packages, &devnet).await;

    assert_eq!(seen["version"]["solana-core"], "3.0.6");
    assert_eq!(seen["genesis"], json!(devnet.block_hash(0).unwrap()));
    assert!(seen["balance"].as_u64().unwrap() > 0);
    assert_eq!(seen["account"], Value::Null);
    let confirmed: Vec<_> = before.iter().take(before.len() - 1).collect();
    blocks_agree(&seen["blocks"], &confirmed);
    history_agrees(&seen, &confirmed, &program(&devnet).to_string());
    let pushed = &seen["pushed"];
    pushes_agree(pushed, &devnet.canonical_blocks(), &program(&devnet).to_string());
}

fn blocks_agree(seen: &Value, known: &[&SimBlock]) {
    let seen = seen.as_array().unwrap();
    assert_eq!(seen.len(), known.len());
    for (seen, known) in seen.iter().zip(known) {
        let of = |one: fn(&chainbell_devnet::solana::SimTransaction) -> Value| {
            Value::from(known.transactions.iter().map(one).collect::<Vec<_>>())
        };
        let expected = json!({
            "slot": known.slot,
            "blockhash": known.blockhash,
            "parentSlot": known.parent_slot,
            "previousBlockhash": known.previous_blockhash,
            "time": known.time,
            "failed": of(|transaction| transaction.failed.into()),
            "signatures": of(|transaction| json!(transaction.signature)),
        });
        assert_eq!(*seen, expected);
    }
}

fn history_agrees(seen: &Value, known: &[&SimBlock], program: &str) {
    let transactions = known.iter().flat_map(|block| &block.transactions);
    let emitted =
        transactions.filter(|one| one.events.iter().any(|event| event.program.to_string() == program));
    let listed: Vec<_> =
        seen["history"].as_array().unwrap().iter().map(|one| one["signature"].clone()).collect();
    let mut count = 0;
    for transaction in emitted {
        count += 1;
        assert!(listed.contains(&json!(transaction.signature)));
    }
    assert!(count > 50);
    let transactions = seen["transactions"].as_array().unwrap();
    assert_eq!(transactions.len(), listed.len());
    for (one, listed) in transactions.iter().zip(seen["history"].as_array().unwrap()) {
        assert_eq!(one["slot"], listed["slot"]);
        assert_eq!(one["keys"], one["balances"]);
    }
    for version in [json!("legacy"), json!(0)] {
        assert!(transactions.iter().any(|one| one["version"] == version));
    }
    for status in seen["statuses"].as_array().unwrap() {
        assert_eq!(status["confirmationStatus"], "confirmed");
    }
}

fn pushes_agree(pushed: &Value, known: &[SimBlock], program: &str) {
    let (from, head) = (pushed["from"].as_u64().unwrap(), pushed["head"].as_u64().unwrap());
    let slot_of = |one: &Value| one["slot"].as_u64().unwrap();
    let slots: Vec<_> = pushed["slots"].as_array().unwrap().iter().map(slot_of).collect();
    let expected = |slot: &u64| *slot > from && *slot <= head;
    let blocks: Vec<_> = known.iter().filter(|block| expected(&block.slot)).collect();
    assert_eq!(
        slots.into_iter().filter(expected).collect::<Vec<_>>(),
        blocks.iter().map(|block| block.slot).collect::<Vec<_>>()
    );
    let confirmed = known.iter().rev().nth(1).unwrap().slot;
    let emitted = blocks.iter().filter(|block| block.slot < confirmed).flat_map(|block| &block.transactions);
    let emitted = emitted.filter(|one| one.events.iter().any(|event| event.program.to_string() == program));
    let logs = pushed["logs"].as_array().unwrap();
    for transaction in emitted {
        let told = logs.iter().find(|one| one["signature"] == json!(transaction.signature)).unwrap();
        assert_eq!(told["failed"], transaction.failed);
    }
    assert!(!logs.is_empty());
    assert!(pushed["signature"]["failed"].is_boolean());
    assert!(!pushed["roots"].as_array().unwrap().is_empty());
}

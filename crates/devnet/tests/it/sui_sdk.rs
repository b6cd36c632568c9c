//! The Sui network read by a client that nobody here wrote: @mysten/sui, in Node.js, over gRPC.

use std::{io::Write as _, time::Duration};

use chainbell_devnet::{
    SuiDevnet,
    sui::{SimCheckpoint, SimTransaction, TxSpec},
};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::sui_support::{devnet, package, upgraded};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/sui_sdk.mjs");

/// The folder of packages, from the environment. `None` (with a loud word) where it is not installed and the run does not
/// demand it.
fn packages() -> Option<String> {
    let path = std::env::var("SUI_SDK").ok().filter(|path| !path.is_empty());
    if path.is_none() {
        let demanded = std::env::var("CHAINBELL_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        let what = "SUI_SDK does not name a node_modules folder with @mysten/sui, @protobuf-ts/grpc-transport and @grpc/grpc-js";
        assert!(!demanded, "{what}: run scripts/test, which installs them");
        // Straight to the terminal: the harness shows what is printed only when a test fails.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {what}");
    }
    path
}

/// What the library saw.
async fn read(packages: &str, devnet: &SuiDevnet) -> Value {
    let output = Command::new("node")
        .arg(SCRIPT)
        .args([devnet.grpc_url(), devnet.package(), devnet.upgraded_package()])
        .env("SUI_SDK", packages)
        .env_remove("http_proxy")
        .env_remove("grpc_proxy")
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(60), output).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the script ended with {}: {said}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysten_sui_reads_the_network() {
    let Some(packages) = packages() else { return };
    let (devnet, _) = devnet(12).await;
    let accounts = devnet.accounts();
    devnet.mine_with(vec![
        TxSpec::transfer(accounts[0], package(&devnet), accounts[1], u64::MAX),
        TxSpec::transfer(accounts[1], upgraded(&devnet), accounts[0], 2).aborting(4),
        TxSpec::publish(accounts[2]),
    ]);
    let before = devnet.canonical_checkpoints();
    let seen = read(&packages, &devnet).await;
    assert_eq!(seen["chainIdentifier"], devnet.chain_id());
    checkpoints_agree(&seen["checkpoints"], &before);
    let known: Vec<_> = before[1..].iter().flat_map(|checkpoint| &checkpoint.transactions).collect();
    assert_eq!(seen["transactions"].as_array().unwrap().len(), known.len());
    for (seen, known) in seen["transactions"].as_array().unwrap().iter().zip(known) {
        transaction_agrees(seen, known);
    }
    assert_eq!(seen["package"]["version"], 2);
    let paused = format!("{}::market::Paused", devnet.upgraded_package());
    assert!(seen["package"]["datatypes"].as_array().unwrap().contains(&json!(paused)));
    assert_eq!(seen["trade"]["visibility"], "public");
    assert_eq!(seen["trade"]["typeParameters"].as_array().unwrap().len(), 2);
    assert!(seen["unknown"].as_str().unwrap().contains("not found"), "{}", seen["unknown"]);
    let head = before.last().unwrap().height;
    let after = devnet.canonical_checkpoints();
    for (seen, known) in seen["pushed"].as_array().unwrap().iter().zip(&after[head as usize + 1..]) {
        let seconds = known.timestamp_ms / 1_000;
        assert_eq!(*seen, json!({"cursor": known.height, "digest": known.digest, "seconds": seconds}));
    }
    assert_eq!(seen["pushed"].as_array().unwrap().len(), 3);
}

fn checkpoints_agree(seen: &Value, known: &[SimCheckpoint]) {
    let expected = known.iter().map(|known| {
        let of_each = |one: &SimTransaction| json!({"digest": one.digest, "sender": one.sender});
        let transactions: Value = known.transactions.iter().map(of_each).collect();
        json!({
            "height": known.height,
            "digest": known.digest,
            "previous": known.previous_digest,
            "contents": true,
            "transactions": transactions,
        })
    });
    assert_eq!(*seen, expected.collect::<Value>());
}

fn transaction_agrees(seen: &Value, known: &SimTransaction) {
    assert_eq!(seen["kind"], if known.failed { "FailedTransaction" } else { "Transaction" });
    assert_eq!(seen["digest"], known.digest);
    assert_eq!(seen["computed"], known.digest);
    assert_eq!(seen["sender"], known.sender);
    assert_eq!(seen["status"]["success"], !known.failed);
    let balances = known.balance_changes.iter().map(|change| {
        json!({"address": change.address, "coinType": change.coin_type, "amount": change.amount.to_string()})
    });
    assert_eq!(seen["balances"], balances.collect::<Value>());
    if known.sender.trim_start_matches("0x").trim_start_matches('0').is_empty() {
        // The events of the system are not in the oracle.
        return;
    }
    let events = seen["events"].as_array().unwrap();
    assert_eq!(events.len(), known.events.len());
    for (seen, known) in events.iter().zip(&known.events) {
        assert_eq!(seen["packageId"], known.package);
        assert_eq!(seen["sender"], known.sender);
        assert_eq!(seen["eventType"], known.event_type);
        assert_eq!(seen["contents"], json!(known.contents));
        assert_eq!(seen["json"]["amount"], known.amount.to_string());
        if known.name == "Transferred" {
            assert_eq!(seen["decoded"], seen["json"]);
        }
    }
}

//! A long backfill, killed in the middle: nothing is doubled and nothing is missing.

use std::time::Duration;

use chainbell_devnet::{EvmDevnet, EvmDevnetConfig, evm::Fault};
use serde_json::Value;

use crate::support::process::{self, Running};

const BLOCKS: u64 = 1_500;
const LOGS: u64 = 50;

/// Every stored event, page by page.
async fn stored(folder: &std::path::Path) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    loop {
        let before = all.last().map(|last| last["id"].to_string());
        let mut args = vec!["events", "--json", "--limit", "1000"];
        if let Some(before) = &before {
            args.extend(["--before", before]);
        }
        let page = process::json_lines(folder, &args).await;
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_in_the_middle_of_a_backfill_doubles_and_loses_nothing() {
    let network = EvmDevnet::start(EvmDevnetConfig::workload(BLOCKS, LOGS, 50)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[networks.net]\nchain = \"evm\"\nrpc = \"{}\"\nstart_height = 0\nmax_span = 20\n[[monitors]]\nname = \"all\"\nnetwork = \"net\"\n\
         event = \"Transfer(address indexed from, address indexed to, uint256 value)\"\n",
        network.http_url()
    );
    std::fs::write(folder.path().join("chainbell.toml"), config).unwrap();
    let cursor = async || {
        let status = process::json_lines(folder.path(), &["status", "--offline", "--json"]).await;
        status[0]["networks"][0]["cursor"].as_u64()
    };
    // Slow enough for a kill to come in the middle: 75 pieces, two at a time.
    network.set_faults(vec![Fault::Delay { millis: 150 }.always()]);
    let mut reached = None;
    for _ in 0..3 {
        let running = Running::start(folder.path()).await;
        while cursor().await <= reached {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        running.kill().await;
        reached = cursor().await;
    }
    assert!(reached < Some(BLOCKS), "the kills came after the end");
    network.set_faults(Vec::new());
    let ended = process::run(folder.path(), &["run", "--until-head"]).await;
    assert_eq!(ended.code, 0, "{}", ended.err);
    let events = stored(folder.path()).await;
    let places: std::collections::BTreeSet<_> =
        events.iter().map(|event| (event["block"]["height"].as_u64(), event["index"].as_u64())).collect();
    assert_eq!((events.len() as u64, places.len() as u64), (BLOCKS * LOGS, BLOCKS * LOGS));
}

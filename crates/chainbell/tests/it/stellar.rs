//! The whole way on Stellar, on a simulated network.

use std::{collections::BTreeSet, path::Path};

use chainbell_devnet::{
    Fault, StellarDevnet, StellarDevnetConfig,
    stellar::{Token, TxSpec},
};
use serde_json::Value;

use crate::support::{
    process::{self, Running},
    sink::{Received, Sink},
};

async fn devnet(protocol: u32) -> StellarDevnet {
    let config = StellarDevnetConfig {
        transactions_per_ledger: 3,
        // Servers that count diagnostic events number the others otherwise than the ledgers do.
        diagnostics: false,
        ..StellarDevnetConfig::of_protocol(protocol)
    };
    StellarDevnet::start(config).await.unwrap()
}

fn first(network: &StellarDevnet) -> u32 {
    network.canonical_ledgers()[0].sequence
}

fn configure(folder: &Path, network: &StellarDevnet, sink: &Sink, keys: &str, more: &str) {
    let tokens: Vec<String> = network.tokens().iter().map(|token| format!("\"{token}\"")).collect();
    let text = format!(
        r#"
        [delivery]
        allow_private = true
        [networks.stellar]
        chain = "stellar"
        rpc = "{rpc}"
        passphrase = "{passphrase}"
        poll_interval = "100ms"
        start_height = {start}
        {keys}
        [contracts.tokens]
        network = "stellar"
        address = [{tokens}]
        spec = "sac"
        [[monitors]]
        name = "transfers"
        contracts = ["tokens"]
        event = "transfer"
        targets = ["transfers"]
        [targets.transfers]
        type = "webhook"
        url = "{transfers}"
        secret = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
        {more}
        "#,
        rpc = network.http_url(),
        passphrase = network.passphrase(),
        start = first(network),
        tokens = tokens.join(", "),
        transfers = sink.url("/transfers"),
    );
    std::fs::write(folder.join("chainbell.toml"), text).unwrap();
}

/// (transaction, ledger, index, amount).
fn held(received: &[Received]) -> BTreeSet<(String, u64, u64, String)> {
    let fact = |one: &Received| {
        let data = &one.body["data"];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (
            text(&data["transaction"]["hash"]),
            data["block"]["height"].as_u64().unwrap(),
            data["event"]["index"].as_u64().unwrap(),
            text(&data["event"]["args"]["amount"]),
        )
    };
    received.iter().filter(|one| one.status == 200).map(fact).collect()
}

fn truth(network: &StellarDevnet) -> BTreeSet<(String, u64, u64, String)> {
    let tokens = network.tokens();
    let events = network.canonical_events().into_iter();
    events
        .filter(|event| event.name == "transfer" && tokens.contains(&event.contract))
        .map(|event| {
            (event.transaction, u64::from(event.ledger), u64::from(event.index), event.amount.unwrap())
        })
        .collect()
}

async fn history_live_and_restart(protocol: u32, keys: &str) {
    let (network, sink, folder) = (devnet(protocol).await, Sink::start().await, tempfile::tempdir().unwrap());
    network.mine(40);
    configure(folder.path(), &network, &sink, keys, "");
    let there = |received: &[Received]| held(received) == truth(&network);
    let running = Running::start(folder.path()).await;
    sink.wait("the history", there).await;
    network.mine(5);
    sink.wait("new ledgers", there).await;
    running.kill().await;
    network.mine(5);
    let running = Running::start(folder.path()).await;
    sink.wait("what came meanwhile", there).await;
    assert_eq!(running.interrupt().await, 0);
    let received = sink.received();
    let keys: BTreeSet<&str> = received.iter().map(|one| &*one.id).collect();
    assert_eq!(keys.len(), held(&received).len(), "one key for each, however often it came");
    network.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_an_old_server_arrive_once() {
    history_live_and_restart(20, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_once_and_survive_restarts() {
    history_live_and_restart(23, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_events_are_noticed_by_who_verifies() {
    let (network, sink, folder) = (devnet(23).await, Sink::start().await, tempfile::tempdir().unwrap());
    network.mine(20);
    network.set_faults(vec![Fault::DropEvents { count: 1 }.times(2)]);
    configure(folder.path(), &network, &sink, "verify = true", "");
    let running = Running::start(folder.path()).await;
    sink.wait("all of them in the end", |received| held(received) == truth(&network)).await;
    assert_eq!(running.interrupt().await, 0);
    network.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_calls_and_described_events_are_found() {
    let (network, sink, folder) = (devnet(23).await, Sink::start().await, tempfile::tempdir().unwrap());
    network.mine(2);
    let accounts = network.accounts();
    let [from, to] = [accounts[0], accounts[1]];
    network.mine_with(vec![
        TxSpec::payment(Token::Native, from, to, 41),
        TxSpec::transfer(Token::Native, from, to, 42),
        TxSpec::transfer(Token::Native, from, to, 43).failing(),
    ]);
    let ledger = network.head().to_string();
    std::fs::write(folder.path().join("demo.wasm"), network.code()).unwrap();
    let more = format!(
        r#"
        [contracts.exchange]
        network = "stellar"
        address = "{exchange}"
        spec = "demo.wasm"
        [[monitors]]
        name = "xlm"
        network = "stellar"
        transfer = "native"
        to = "{to}"
        when = "amount in [41, 42, 43]"
        [[monitors]]
        name = "invocations"
        contracts = ["tokens"]
        call = "transfer"
        when = "amount == 42 && tx.success"
        [[monitors]]
        name = "orders"
        contracts = ["exchange"]
        event = "*"
        "#,
        exchange = network.contracts()[0],
    );
    configure(folder.path(), &network, &sink, "", &more);
    let matches = process::json_lines(folder.path(), &["try", "--block", &ledger, "--json"]).await;
    let amounts = |monitor: &str| -> Vec<&str> {
        let of = matches.iter().filter(|one| one["monitor"] == monitor);
        of.map(|one| one["args"]["amount"].as_str().unwrap()).collect()
    };
    assert_eq!(amounts("xlm"), ["41", "42"], "{matches:#?}");
    assert!(amounts("transfers").contains(&"42") && !amounts("transfers").contains(&"43"), "{matches:#?}");
    assert_eq!(amounts("invocations"), ["42"], "{matches:#?}");
    let hash = matches[0]["transaction"]["hash"].as_str().unwrap();
    let found = process::json_lines(folder.path(), &["try", "--tx", hash, "--json"]).await;
    assert!(!found.is_empty());
    network.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_added_with_the_spec_in_its_code() {
    let (network, folder) = (devnet(23).await, tempfile::tempdir().unwrap());
    network.mine(20);
    let (contract, rpc) = (network.contracts()[0].clone(), network.http_url());
    let args = ["init", "--chain", "stellar", "--contract", &contract, "--network", "stellar", "--rpc", &rpc];
    let init = process::run(folder.path(), &args).await;
    assert_eq!(init.code, 0, "{}", init.err);
    let checked = process::run(folder.path(), &["check", "--online"]).await;
    assert_eq!(checked.code, 0, "{}", checked.err);
    let block = format!("{}..{}", first(&network), network.head());
    process::json_lines(folder.path(), &["try", "--block", &block, "--json"]).await;
    network.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_whose_history_is_forgotten_says_which_and_goes_on_when_told() {
    let (network, sink, folder) = (devnet(23).await, Sink::start().await, tempfile::tempdir().unwrap());
    network.mine(5);
    configure(folder.path(), &network, &sink, "", "");
    let there = |received: &[Received]| held(received) == truth(&network);
    let running = Running::start(folder.path()).await;
    sink.wait("the history", there).await;
    assert_eq!(running.interrupt().await, 0);
    let stopped_at = network.head();
    network.mine(40);
    network.set_retention(10);
    let running = Running::start(folder.path()).await;
    let reason = loop {
        let status = process::json_lines(folder.path(), &["status", "--json"]).await.remove(0);
        match status["networks"][0]["halted"].as_str() {
            Some(reason) => break reason.to_owned(),
            None => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    };
    let oldest = network.head() - 9;
    assert!(reason.contains(&format!("the first one available is {oldest}")), "{reason}");
    assert!(reason.contains(&format!("from {} on", stopped_at + 1)), "{reason}");
    assert_eq!(running.interrupt().await, 0);
    let skip = format!("stellar={}", oldest - 1);
    let running = Running::start_with(folder.path(), &["--skip", &skip]).await;
    let rest = |received: &[Received]| {
        let left_out = u64::from(stopped_at)..u64::from(oldest);
        let kept: BTreeSet<_> = truth(&network)
            .into_iter()
            .filter(|fact| fact.1 <= left_out.start || fact.1 >= left_out.end)
            .collect();
        held(received) == kept
    };
    sink.wait("what is left", rest).await;
    assert_eq!(running.interrupt().await, 0);
    network.shutdown().await;
}

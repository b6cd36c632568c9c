//! The whole way on Sui, on a simulated network.

use std::{collections::BTreeSet, path::Path};

use chainbell_devnet::{
    Fault, SuiDevnet, SuiDevnetConfig,
    sui::{Address, EventSpec, TxSpec},
};
use serde_json::Value;

use crate::support::{
    process::{self, Running},
    sink::{Received, Sink},
};

async fn devnet() -> SuiDevnet {
    let config = SuiDevnetConfig { transactions_per_checkpoint: 3, ..SuiDevnetConfig::default() };
    SuiDevnet::start(config).await.unwrap()
}

fn configure(folder: &Path, network: &SuiDevnet, sink: &Sink, more: &str) {
    let text = format!(
        r#"
        [delivery]
        allow_private = true
        [networks.sui]
        chain = "sui"
        rpc = "{rpc}"
        chain_id = "{chain_id}"
        start_height = 0
        [contracts.market]
        network = "sui"
        address = ["{package}", "{upgraded}"]
        [[monitors]]
        name = "transfers"
        contracts = ["market"]
        event = "market::Transferred"
        targets = ["transfers"]
        [targets.transfers]
        type = "webhook"
        url = "{transfers}"
        secret = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
        {more}
        "#,
        rpc = network.grpc_url(),
        chain_id = network.chain_id(),
        package = network.package(),
        upgraded = network.upgraded_package(),
        transfers = sink.url("/transfers"),
    );
    std::fs::write(folder.join("chainbell.toml"), text).unwrap();
}

/// (transaction, checkpoint, index, amount).
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

fn truth(network: &SuiDevnet, name: &str) -> BTreeSet<(String, u64, u64, String)> {
    let events = network.canonical_events().into_iter().filter(|event| event.name == name);
    events
        .map(|event| (event.transaction, event.checkpoint, u64::from(event.index), event.amount.to_string()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn history_and_new_checkpoints_arrive_once_and_survive_restarts() {
    let (network, sink, folder) = (devnet().await, Sink::start().await, tempfile::tempdir().unwrap());
    network.mine(80);
    configure(folder.path(), &network, &sink, "");
    let there = |received: &[Received]| held(received) == truth(&network, "Transferred");
    // The layout of the package is read from the chain by the first start.
    let running = Running::start(folder.path()).await;
    sink.wait("the history", there).await;
    network.mine(10);
    sink.wait("what is pushed", there).await;
    network.set_faults(vec![Fault::DropSocket.times(2)]);
    network.mine(10);
    sink.wait("what came while the stream was down", there).await;
    let status = process::json_lines(folder.path(), &["status", "--json"]).await.remove(0);
    assert_eq!(status["networks"][0]["chain"], "sui");
    assert_eq!(status["networks"][0]["halted"], Value::Null);
    running.kill().await;
    network.mine(10);
    let running = Running::start(folder.path()).await;
    sink.wait("what came meanwhile", there).await;
    assert_eq!(running.interrupt().await, 0);
    let received = sink.received();
    let keys: BTreeSet<&str> = received.iter().map(|one| &*one.id).collect();
    assert_eq!(keys.len(), held(&received).len(), "one key for each, however often it came");
    network.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn modules_users_generics_upgrades_and_coins_are_plain_to_ask_for() {
    let (network, sink, folder) = (devnet().await, Sink::start().await, tempfile::tempdir().unwrap());
    network.mine(2);
    let accounts = network.accounts();
    let [sender, receiver, other] = [accounts[0], accounts[1], accounts[2]];
    let package: Address = network.package().parse().unwrap();
    let upgraded: Address = network.upgraded_package().parse().unwrap();
    network.mine_with(vec![
        TxSpec::transfer(sender, package, receiver, 41),
        TxSpec::call(other, upgraded, vec![EventSpec::Paused { reason: "test".to_owned(), amount: 42 }]),
        TxSpec::call(other, upgraded, vec![EventSpec::Transferred { to: receiver, amount: 43 }]),
        TxSpec::pay(sender, receiver, 44),
        TxSpec::transfer(sender, package, receiver, 45).aborting(7),
    ]);
    let checkpoint = network.head().to_string();
    let more = format!(
        r#"
        [sets.users]
        addresses = ["{receiver}"]
        [[monitors]]
        name = "users"
        network = "sui"
        call = "*"
        when = 'call.module in ["market"] && (tx.from in sets.users || any(tx.recipients, r, r in sets.users))'
        [[monitors]]
        name = "by-the-upgrade"
        contracts = ["market"]
        event = "*"
        when = 'event.package == "{upgraded}"'
        [[monitors]]
        name = "paused"
        contracts = ["market"]
        event = "Paused"
        when = 'reason == "test"'
        [[monitors]]
        name = "sui-to-user"
        network = "sui"
        transfer = "native"
        to = "{receiver}"
        when = "amount == 44"
        "#
    );
    configure(folder.path(), &network, &sink, &more);
    let matches = process::json_lines(folder.path(), &["try", "--block", &checkpoint, "--json"]).await;
    let of =
        |monitor: &str| -> Vec<&Value> { matches.iter().filter(|one| one["monitor"] == monitor).collect() };
    let amounts: Vec<&Value> = of("transfers").iter().map(|one| &one["args"]["amount"]).collect();
    assert_eq!(amounts, ["41", "43"], "{matches:#?}");
    assert_eq!(of("by-the-upgrade").len(), 2, "{matches:#?}");
    let [paused] = of("paused")[..] else { panic!("{matches:#?}") };
    assert_eq!(paused["args"]["amount"], "42");
    assert_eq!(of("sui-to-user").len(), 1, "{matches:#?}");
    assert!(of("transfers").iter().all(|one| one["attributes"]["module"] == "market"));

    let hash = paused["transaction"]["hash"].as_str().unwrap();
    let found =
        process::json_lines(folder.path(), &["try", "--tx", hash, "--monitor", "paused", "--json"]).await;
    assert_eq!(found.len(), 1);
    network.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_is_added_with_the_description_that_the_chain_keeps() {
    let (network, folder) = (devnet().await, tempfile::tempdir().unwrap());
    network.mine(30);
    let (package, rpc) = (network.package(), network.grpc_url());
    let args = ["init", "--chain", "sui", "--contract", &package, "--network", "sui", "--rpc", &rpc];
    let init = process::run(folder.path(), &args).await;
    assert_eq!(init.code, 0, "{}", init.err);
    let checked = process::run(folder.path(), &["check", "--online"]).await;
    assert_eq!(checked.code, 0, "{}", checked.err);
    let block = format!("0..{}", network.head());
    let found = process::json_lines(folder.path(), &["try", "--block", &block, "--json"]).await;
    assert!(!found.is_empty());
    network.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pruned_checkpoints_halt_the_network_until_they_are_skipped_on_record() {
    let (network, sink, folder) = (devnet().await, Sink::start().await, tempfile::tempdir().unwrap());
    network.mine(10);
    configure(folder.path(), &network, &sink, "");
    let running = Running::start(folder.path()).await;
    sink.wait("the history", |received| held(received) == truth(&network, "Transferred")).await;
    assert_eq!(running.interrupt().await, 0);
    network.mine(40);
    network.set_lowest(30);
    let running = Running::start(folder.path()).await;
    let reason = loop {
        let status = process::json_lines(folder.path(), &["status", "--json"]).await.remove(0);
        match status["networks"][0]["halted"].as_str() {
            Some(reason) => break reason.to_owned(),
            None => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    };
    assert!(reason.contains("the first one available is 30") && reason.contains("from 11 on"), "{reason}");
    assert_eq!(running.interrupt().await, 0);
    let running = Running::start_with(folder.path(), &["--skip", "sui=30"]).await;
    let rest = |received: &[Received]| {
        let truth = truth(&network, "Transferred");
        let kept: BTreeSet<_> = truth.into_iter().filter(|fact| fact.1 <= 10 || fact.1 > 30).collect();
        held(received) == kept
    };
    sink.wait("what is left", rest).await;
    let status = process::json_lines(folder.path(), &["status", "--json"]).await.remove(0);
    let gap = &status["networks"][0]["gaps"][0];
    assert_eq!((&gap["first"], &gap["last"]), (&11.into(), &30.into()));
    assert_eq!(running.interrupt().await, 0);
    network.shutdown().await;
}

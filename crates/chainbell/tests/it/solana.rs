//! The whole way on Solana: a simulated network, and a real runtime where there is one.

use std::{collections::BTreeSet, path::Path};

use chainbell_devnet::{
    Fault, SolanaDevnet, SolanaDevnetConfig,
    solana::{InstructionSpec, Told, TxSpec},
};
use serde_json::Value;

use crate::support::{
    process::{self, Running},
    sink::{Received, Sink},
    surfnet::{self, Surfnet},
};

async fn devnet() -> SolanaDevnet {
    let config = SolanaDevnetConfig {
        transactions_per_block: 2,
        skip_rate: 0.2,
        confirmed_lag: 0,
        finalized_lag: 6,
        ..SolanaDevnetConfig::default()
    };
    SolanaDevnet::start(config).await.unwrap()
}

fn quoted<T: ToString>(all: &[T]) -> String {
    all.iter().map(|one| format!("\"{}\"", one.to_string())).collect::<Vec<_>>().join(", ")
}

fn configure(folder: &Path, network: &SolanaDevnet, sink: &Sink, keys: &str, more: &str) {
    std::fs::write(folder.join("demo.json"), network.idl()).unwrap();
    let text = format!(
        r#"
        [delivery]
        allow_private = true
        [networks.solana]
        chain = "solana"
        rpc = "{rpc}"
        ws = "{ws}"
        poll_interval = "100ms"
        start_height = 1
        {keys}
        [contracts.demo]
        network = "solana"
        address = [{programs}]
        idl = "demo.json"
        [[monitors]]
        name = "transfers"
        contracts = ["demo"]
        event = "Transfer"
        targets = ["transfers"]
        [targets.transfers]
        type = "webhook"
        url = "{transfers}"
        secret = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
        {more}
        "#,
        rpc = network.http_url(),
        ws = network.ws_url(),
        programs = quoted(&network.programs()),
        transfers = sink.url("/transfers"),
    );
    std::fs::write(folder.join("chainbell.toml"), text).unwrap();
}

/// (signature, slot, index, amount) of what was delivered and not taken back.
fn held(received: &[Received]) -> BTreeSet<(String, u64, u64, String)> {
    let mut held = std::collections::BTreeMap::new();
    for one in received.iter().filter(|one| one.path == "/transfers" && one.status == 200) {
        let data = &one.body["data"];
        if one.is_retraction() {
            held.remove(data["retracts"].as_str().unwrap());
            continue;
        }
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let fact = (
            text(&data["transaction"]["hash"]),
            data["block"]["height"].as_u64().unwrap(),
            data["event"]["index"].as_u64().unwrap(),
            text(&data["event"]["args"]["amount"]),
        );
        held.insert(one.id.clone(), fact);
    }
    held.into_values().collect()
}

fn truth(network: &SolanaDevnet) -> BTreeSet<(String, u64, u64, String)> {
    let events = network.canonical_events().into_iter();
    events
        .filter(|event| event.slot >= 1 && !event.failed && event.name.as_deref() == Some("Transfer"))
        .map(|event| {
            let amount = event.amount.unwrap().to_string();
            (event.signature.to_string(), event.slot, u64::from(event.index), amount)
        })
        .collect()
}

async fn history_live_and_forks(mode: &str) {
    let (network, sink, folder) = (devnet().await, Sink::start().await, tempfile::tempdir().unwrap());
    network.mine(60);
    configure(folder.path(), &network, &sink, &format!("mode = \"{mode}\""), "");
    let running = Running::start(folder.path()).await;
    sink.wait("the history", |received| held(received) == truth(&network)).await;
    let (program, accounts) = (network.programs()[0], network.accounts());
    let transfer = |amount, told| TxSpec::transfer(program, accounts[0], accounts[1], amount, told);
    let router = network.router();
    network.mine_with(vec![
        transfer(1, Told::Log),
        transfer(2, Told::Cpi),
        transfer(3, Told::Both),
        transfer(4, Told::Log).nested_under(router),
        transfer(5, Told::Cpi).nested_under(router),
        transfer(6, Told::Log).failing(),
    ]);
    sink.wait("new events, each once, and none that failed", |received| held(received) == truth(&network))
        .await;
    for depth in 1..4 {
        network.mine(3);
        sink.wait("what came", |received| held(received) == truth(&network)).await;
        network.reorg(depth, depth + 1);
        sink.wait("what stands after the fork", |received| held(received) == truth(&network)).await;
    }
    running.kill().await;
    network.mine(5);
    let running = Running::start(folder.path()).await;
    sink.wait("what came meanwhile", |received| held(received) == truth(&network)).await;
    assert_eq!(running.interrupt().await, 0);
    network.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_histories_arrive_once_and_follow_forks() {
    history_live_and_forks("programs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_blocks_arrive_once_and_follow_forks() {
    history_live_and_forks("blocks").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_events_calls_and_transfers_are_found_by_who_asks() {
    let (network, sink, folder) = (devnet().await, Sink::start().await, tempfile::tempdir().unwrap());
    network.mine(3);
    let (program, accounts, mint) = (network.programs()[0], network.accounts(), network.mints()[0]);
    network.mine_with(vec![
        TxSpec::transfer(program, accounts[0], accounts[1], 41, Told::Log).failing(),
        TxSpec::transfer(program, accounts[0], accounts[1], 42, Told::Cpi),
        TxSpec::new(accounts[2], vec![InstructionSpec::system_transfer(accounts[2], accounts[3], 43)]),
    ]);
    let slot = network.head();
    let more = format!(
        r#"
        [[monitors]]
        name = "failures"
        contracts = ["demo"]
        event = "Transfer"
        include_failed = true
        when = "!tx.success"
        [[monitors]]
        name = "calls"
        contracts = ["demo"]
        call = "transfer"
        when = 'amount == 42 && call.depth == 1 && tx.from == "{from}"'
        [[monitors]]
        name = "sol"
        network = "solana"
        transfer = "native"
        to = "{to}"
        when = "amount == 43"
        [[monitors]]
        name = "tokens"
        network = "solana"
        transfer = "fungible"
        when = 'token == "{mint}"'
        "#,
        from = accounts[0],
        to = accounts[3],
    );
    configure(folder.path(), &network, &sink, "", &more);
    let checked = process::run(folder.path(), &["check", "--online"]).await;
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    let block = slot.to_string();
    let matches = process::json_lines(folder.path(), &["try", "--block", &block, "--json"]).await;
    let of =
        |monitor: &str| -> Vec<&Value> { matches.iter().filter(|one| one["monitor"] == monitor).collect() };
    assert_eq!(of("transfers").len(), 1, "{matches:#?}");
    let [failure] = of("failures")[..] else { panic!("{matches:#?}") };
    assert_eq!(failure["args"]["amount"], "41");
    assert_eq!(failure["attributes"]["source"], "log");
    assert_eq!(of("transfers")[0]["attributes"]["source"], "cpi");
    let [call] = of("calls")[..] else { panic!("{matches:#?}") };
    assert_eq!(call["args"]["accounts"]["from"], accounts[0].to_string());
    assert_eq!(of("sol").len(), 1, "{matches:#?}");
    assert!(of("tokens").is_empty());

    let signature = of("transfers")[0]["transaction"]["hash"].as_str().unwrap().to_owned();
    let found =
        process::json_lines(folder.path(), &["try", "--tx", &signature, "--monitor", "transfers", "--json"])
            .await;
    assert_eq!(found.len(), 1);
    network.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pruned_slots_halt_the_network_with_the_range_and_are_skipped_on_record_when_told() {
    let (network, sink, folder) = (devnet().await, Sink::start().await, tempfile::tempdir().unwrap());
    network.mine(80);
    network.set_faults(vec![Fault::Pruned { below: 40 }.always()]);
    configure(folder.path(), &network, &sink, "mode = \"blocks\"", "");
    let running = Running::start(folder.path()).await;
    let halted = || async {
        let status = process::json_lines(folder.path(), &["status", "--json"]).await.remove(0);
        status["networks"][0]["halted"].as_str().map(str::to_owned)
    };
    let reason = loop {
        match halted().await {
            Some(reason) => break reason,
            None => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    };
    assert!(
        reason.contains("the first one available is") && reason.contains("--skip solana=HEIGHT"),
        "{reason}"
    );
    running.kill().await;
    network.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_address_is_told_with_its_reason() {
    let (network, sink, folder) = (devnet().await, Sink::start().await, tempfile::tempdir().unwrap());
    let wrong = "[sets.users]\naddresses = [\"0x1234\", \"11111111111111111111111111111111l\"]\n";
    configure(folder.path(), &network, &sink, "", wrong);
    let checked = process::run(folder.path(), &["check"]).await;
    assert_eq!(checked.code, 3);
    assert!(checked.err.contains("chainbell.toml:") && checked.err.contains("base58"), "{}", checked.err);
    network.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_added_with_the_description_that_the_chain_keeps() {
    let (network, folder) = (devnet().await, tempfile::tempdir().unwrap());
    network.mine(30);
    let program = network.programs()[0].to_string();
    let args = [
        "init",
        "--chain",
        "solana",
        "--contract",
        &program,
        "--network",
        "sol",
        "--rpc",
        &network.http_url(),
    ];
    let init = process::run(folder.path(), &args).await;
    assert_eq!(init.code, 0, "{}", init.err);
    let checked = process::run(folder.path(), &["check", "--online"]).await;
    assert_eq!(checked.code, 0, "{}", checked.err);
    let expected = truth(&network).len();
    let block = format!("1..{}", network.head());
    let found = process::json_lines(folder.path(), &["try", "--block", &block, "--json"]).await;
    assert!(!found.is_empty() && found.len() <= expected, "{} of {expected}", found.len());
    // The same again: into the configuration that is there now, under another name.
    let again = process::run(folder.path(), &args[..7]).await;
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(process::run(folder.path(), &["check"]).await.code, 0);
    network.shutdown().await;
}

/// A pump.fun `TradeEvent`-like event: discriminator and one byte.
const EVENT: &str = "bddb7fd34ee661ee01";
const PROGRAM: &str = "6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P";
const OTHER: &str = "inv1tEtSwRMtM44tbvJGNiTxMvDfPVnX9StyqXfDfks";

#[tokio::test(flavor = "multi_thread")]
async fn a_real_runtimes_events_arrive_once_and_none_that_failed() {
    let Some((binary, evlog)) = surfnet::binary() else { return };
    let mut node = Surfnet::start(&binary, &evlog, &[PROGRAM, OTHER]).await;
    let (sink, folder) = (Sink::start().await, tempfile::tempdir().unwrap());
    let text = format!(
        r#"
        [delivery]
        allow_private = true
        [networks.solana]
        chain = "solana"
        rpc = "{rpc}"
        ws = "{ws}"
        poll_interval = "200ms"
        start_height = "latest"
        mode = "programs"
        [[monitors]]
        name = "trades"
        network = "solana"
        address = "{PROGRAM}"
        event = "*"
        targets = ["transfers"]
        [targets.transfers]
        type = "webhook"
        url = "{transfers}"
        secret = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
        "#,
        rpc = node.rpc,
        ws = node.ws,
        transfers = sink.url("/transfers"),
    );
    std::fs::write(folder.path().join("chainbell.toml"), text).unwrap();
    let running = Running::start(folder.path()).await;
    let one = node.send(&format!("{PROGRAM}:{EVENT}")).await;
    let three = node.send(&format!("{PROGRAM}:{EVENT},{OTHER}:{EVENT},{PROGRAM}:{EVENT}02")).await;
    let _failed = node.send(&format!("{PROGRAM}:{EVENT}03,{PROGRAM}:04!")).await;
    let _foreign = node.send(&format!("{OTHER}:{EVENT}05")).await;
    let last = node.send(&format!("{PROGRAM}:{EVENT}06")).await;
    let arrived = |received: &[Received]| -> Vec<String> {
        let matches = received.iter().filter(|one| !one.is_retraction());
        let mut hashes: Vec<_> =
            matches.map(|one| one.body["data"]["transaction"]["hash"].as_str().unwrap().to_owned()).collect();
        hashes.sort();
        hashes
    };
    let mut expected = vec![one, three.clone(), three, last];
    expected.sort();
    sink.wait("the program's events", |received| arrived(received).len() >= expected.len()).await;
    // Time enough for what must not come, and for finality to read it all again.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    assert_eq!(arrived(&sink.received()), expected);
    assert!(!sink.received().iter().any(Received::is_retraction));
    assert_eq!(running.interrupt().await, 0);
}

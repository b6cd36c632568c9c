//! Faults that make other monitors lose or invent alerts, each against the running binary on a simulated node.

use std::{path::Path, time::Duration};

use chainbell_devnet::{
    EvmDevnet, EvmDevnetConfig,
    evm::{Fault, FaultRule, LogSpec, TxSpec},
};

use crate::support::{
    process::{self, Running},
    sink::{Received, Sink},
};

/// A simulated node without traffic of its own, a receiver, and a configuration.
struct World {
    network: EvmDevnet,
    sink: Sink,
    folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let network = EvmDevnet::start(EvmDevnetConfig::default()).await.unwrap();
        Self { network, sink: Sink::start().await, folder: tempfile::tempdir().unwrap() }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// One monitor on the first token, delivered to `/hook`.
    fn configure(&self, monitor: &str) {
        let text = format!(
            r#"
            [networks.sim]
            chain = "evm"
            rpc = "{rpc}"
            poll_interval = "50ms"
            start_height = 0
            [contracts.token]
            network = "sim"
            address = "{token}"
            abi = "erc20"
            [[monitors]]
            name = "watched"
            targets = ["hook"]
            {monitor}
            [targets.hook]
            type = "webhook"
            url = "{hook}"
            allow_private = true
            "#,
            rpc = self.network.http_url(),
            token = self.network.tokens()[0],
            hook = self.sink.url("/hook"),
        );
        std::fs::write(self.folder().join("chainbell.toml"), text).unwrap();
    }

    fn transfer(&self, value: u64) -> TxSpec {
        let accounts = self.network.accounts();
        TxSpec::transfer(
            self.network.tokens()[0],
            accounts[0],
            accounts[1],
            alloy_primitives::U256::from(value),
        )
    }

    /// Runs until the head is reached and everything is delivered; returns what arrived.
    async fn run_to_the_head(&self) -> Vec<Received> {
        let ended = process::run(self.folder(), &["run", "--until-head"]).await;
        assert_eq!(ended.code, 0, "{}", ended.err);
        self.sink.received()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_conditions_hold_in_blocks_with_and_without_logs() {
    let world = World::start().await;
    world.configure("network = \"sim\"\ntransactions = true\nwhen = '!tx.success'");
    world.network.mine_with(vec![world.transfer(1), world.transfer(2).reverted()]);
    world.network.mine_with(vec![world.transfer(3).reverted()]);
    world.network.mine_with(Vec::new());
    let received = world.run_to_the_head().await;
    let heights: Vec<_> = received.iter().map(|one| one.body["data"]["block"]["height"].clone()).collect();
    assert_eq!(heights.len(), 2, "{heights:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_without_topics_on_a_watched_contract_disturbs_nothing_and_can_be_matched() {
    for (monitor, expected) in [("event = \"Transfer\"", 2), ("event = \"*\"", 3)] {
        let world = World::start().await;
        world.configure(&format!("contracts = [\"token\"]\n{monitor}"));
        let bare =
            LogSpec { address: world.network.tokens()[0], topics: Vec::new(), data: vec![1, 2, 3].into() };
        let silent = TxSpec { logs: vec![bare], ..world.transfer(0) };
        world.network.mine_with(vec![world.transfer(1), silent, world.transfer(2)]);
        assert_eq!(world.run_to_the_head().await.len(), expected, "{monitor}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_matching_logs_of_one_transaction_are_five_matches() {
    let world = World::start().await;
    world.configure("contracts = [\"token\"]\nevent = \"Transfer\"\nwhen = 'value > 1000'");
    let mut spec = world.transfer(5000);
    for _ in 0..4 {
        spec.logs.push(spec.logs[0].clone());
    }
    world.network.mine_with(vec![spec]);
    let received = world.run_to_the_head().await;
    let ids: std::collections::BTreeSet<_> = received.iter().map(|one| one.id.clone()).collect();
    assert_eq!((received.len(), ids.len()), (5, 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_error_or_empty_answer_to_a_log_query_loses_nothing() {
    let error = || Fault::Error { code: -32000, message: "injected failure".to_owned() };
    let faults: [FaultRule; 2] = [error().times(1).on("eth_getLogs"), Fault::NoLogs.times(1)];
    for fault in faults {
        for blocks_after in [0, 40] {
            let world = World::start().await;
            world.configure("contracts = [\"token\"]\nevent = \"Transfer\"");
            for value in 1..=3 {
                world.network.mine_with(vec![world.transfer(value)]);
            }
            for _ in 0..blocks_after {
                world.network.mine_with(Vec::new());
            }
            world.network.set_faults(vec![fault.clone()]);
            assert_eq!(world.run_to_the_head().await.len(), 3, "{fault:?}, {blocks_after} blocks after");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_falls_back_sixty_blocks_repeats_and_retracts_nothing() {
    let world = World::start().await;
    world.configure("contracts = [\"token\"]\nevent = \"Transfer\"");
    for value in 0..100 {
        world.network.mine_with(vec![world.transfer(value)]);
    }
    let _running = Running::start(world.folder()).await;
    world.sink.wait("the first hundred", |received| received.len() >= 100).await;
    world.network.set_faults(vec![Fault::Behind { blocks: 60 }.times(40)]);
    while world.network.stats().faults < 40 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.network.set_faults(Vec::new());
    world.network.mine_with(vec![world.transfer(100)]);
    world.sink.wait("one more", |received| received.len() > 100).await;
    let received = world.sink.received();
    assert_eq!(received.len(), 101);
    assert!(received.iter().all(|one| !one.is_retraction()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nonsense_expression_or_an_absent_signature_is_refused_with_its_place() {
    let world = World::start().await;
    for (monitor, place, word) in [
        ("contracts = [\"token\"]\nevent = \"Transfer\"\nwhen = 'value >> 3'", ":16:", "value >> 3"),
        ("contracts = [\"token\"]\nevent = \"Minted\"", ":15:", "Minted"),
        ("contracts = [\"token\"]\nevent = \"Transfer\"\nwhen = 'amount > 3'", ":16:", "amount"),
    ] {
        world.configure(monitor);
        for command in ["check", "run"] {
            let ended = process::run(world.folder(), &[command]).await;
            assert_eq!(ended.code, 3, "{command}: {}", ended.err);
            assert!(
                ended.err.contains(place) && ended.err.contains(word) && ended.err.contains('^'),
                "{}",
                ended.err
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_database_is_refused() {
    let world = World::start().await;
    world.configure("contracts = [\"token\"]\nevent = \"Transfer\"");
    let running = Running::start(world.folder()).await;
    let second = process::run(world.folder(), &["run"]).await;
    assert_eq!(second.code, 1);
    assert!(second.err.contains("another chainbell runs on"), "{}", second.err);
    assert_eq!(running.interrupt().await, 0);
    assert_eq!(process::run(world.folder(), &["run", "--until-head"]).await.code, 0);
}

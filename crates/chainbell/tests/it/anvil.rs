//! The whole way on a real node: backfill, live, reorganisations, failed transactions, restarts and kills.

use std::{collections::BTreeSet, path::Path, time::Duration};

use serde_json::{Value, json};

use crate::support::{
    anvil::{ALICE, Anvil, BOB, binary, call_data},
    process::{self, Running},
    sink::{Received, Sink},
};

const TRANSFER: &str = "a9059cbb";
const BURST: &str = "37ef62e0";
const FILL: &str = "397b2d50";
const FAIL: &str = "724251a6";
const WHISPER: &str = "a388fdca";

/// A node with the test contract, a receiver, and a folder with a configuration.
struct World {
    node: Anvil,
    sink: Sink,
    contract: String,
    folder: tempfile::TempDir,
}

impl World {
    async fn start(binary: &str) -> Self {
        let node = Anvil::start(binary).await;
        let contract = node.deploy_emitter().await;
        Self { node, sink: Sink::start().await, contract, folder: tempfile::tempdir().unwrap() }
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes the configuration: every `Transfer` of the contract to `/transfers`, and `more`.
    fn configure(&self, more: &str) {
        let abi: Value = serde_json::from_str(include_str!("contracts/Emitter.json")).unwrap();
        std::fs::write(self.folder().join("emitter.json"), abi["abi"].to_string()).unwrap();
        let text = format!(
            r#"
            [delivery]
            allow_private = true
            retry = ["0s", "100ms", "200ms", "500ms", "1s", "2s", "2s", "2s", "2s", "2s", "2s", "2s", "2s", "2s", "2s"]
            [networks.anvil]
            chain = "evm"
            rpc = "{http}"
            ws = "{ws}"
            chain_id = 31337
            start_height = 0
            poll_interval = "200ms"
            [contracts.emitter]
            network = "anvil"
            address = "{contract}"
            abi = "emitter.json"
            [[monitors]]
            name = "transfers"
            contracts = ["emitter"]
            event = "Transfer"
            targets = ["transfers"]
            [targets.transfers]
            type = "webhook"
            url = "{transfers}"
            secret = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
            {more}
            "#,
            http = self.node.http_url(),
            ws = self.node.ws_url(),
            contract = self.contract,
            transfers = self.sink.url("/transfers"),
        );
        std::fs::write(self.folder().join("chainbell.toml"), text).unwrap();
    }

    /// Queues a transfer of `value`.
    async fn transfer(&self, value: u64) -> String {
        self.node.send(Some(&self.contract), &call_data(TRANSFER, &[BOB, &format!("{value:x}")]), 0).await
    }

    /// A transfer in a block of its own.
    async fn transfer_in_block(&self, value: u64) -> String {
        let hash = self.transfer(value).await;
        self.node.mine(1).await;
        hash
    }

    /// (transaction, block, log index) of every `Transfer` that the node has now.
    async fn truth(&self) -> BTreeSet<(String, String, u64)> {
        let topic = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";
        let logs = self.node.logs(&self.contract).await;
        let transfers = logs.iter().filter(|log| log["topics"][0] == topic);
        transfers
            .map(|log| {
                let text = |key: &str| log[key].as_str().unwrap().to_owned();
                let index = u64::from_str_radix(&text("logIndex")[2..], 16).unwrap();
                (text("transactionHash"), text("blockHash"), index)
            })
            .collect()
    }

    /// Waits until the receiver of transfers holds exactly what the node has.
    async fn settled(&self) {
        let truth = self.truth().await;
        self.sink.wait("receivers to hold what the chain has", |received| held(received) == truth).await;
    }
}

/// What the receiver of transfers holds: delivered and not taken back.
fn held(received: &[Received]) -> BTreeSet<(String, String, u64)> {
    let mut held = std::collections::BTreeMap::new();
    for one in received.iter().filter(|one| one.path == "/transfers" && one.status < 300) {
        let data = &one.body["data"];
        match data["retracts"].as_str() {
            Some(retracted) => drop(held.remove(retracted)),
            None => {
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                let index = data["event"]["index"].as_u64().unwrap();
                let fact = (text(&data["transaction"]["hash"]), text(&data["block"]["hash"]), index);
                held.insert(one.id.clone(), fact);
            }
        }
    }
    held.into_values().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn history_and_new_blocks_arrive_once_and_survive_restarts() {
    let Some(binary) = binary() else { return };
    let world = World::start(&binary).await;
    world.configure("");
    for value in 0..5 {
        world.transfer_in_block(value).await;
    }
    world.node.mine(20).await;
    let running = Running::start(world.folder()).await;
    world.settled().await;
    world.transfer_in_block(100).await;
    world.settled().await;
    assert_eq!(running.interrupt().await, 0);

    // Stopped for a hundred blocks, some of them with events.
    for value in 0..10 {
        world.transfer_in_block(1000 + value).await;
        world.node.mine(9).await;
    }
    let running = Running::start(world.folder()).await;
    world.settled().await;
    running.kill().await;
    world.transfer_in_block(2000).await;
    let _running = Running::start(world.folder()).await;
    world.settled().await;
    let received = world.sink.received();
    let ids: BTreeSet<_> = received.iter().map(|one| &one.id).collect();
    assert_eq!(ids.len(), world.truth().await.len(), "one idempotency key for each");
    assert!(received.len() - ids.len() <= 16, "only what was in flight at the kill is repeated");
    assert!(received.iter().all(|one| one.is_signed_with(b"secret of the tests")));
    let stored = process::json_lines(world.folder(), &["events", "--json", "--limit", "1000"]).await;
    assert_eq!(stored.len(), ids.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn reorganisations_of_several_depths_are_taken_back() {
    let Some(binary) = binary() else { return };
    let world = World::start(&binary).await;
    world.configure("");
    world.node.mine(3).await;
    let _running = Running::start(world.folder()).await;
    let mut value = 0;
    for depth in [1u64, 2, 3] {
        for _ in 0..depth + 1 {
            value += 1;
            world.transfer_in_block(value).await;
        }
        world.settled().await;
        let replacement = json!({
            "from": ALICE, "to": world.contract, "gas": "0x2dc6c0",
            "data": call_data(TRANSFER, &[BOB, "ffff"]),
        });
        world.node.call("anvil_reorg", json!([depth, [[replacement, 0]]])).await;
        world.settled().await;
    }
    for depth in [1u64, 3] {
        for _ in 0..depth {
            value += 1;
            world.transfer_in_block(value).await;
        }
        world.settled().await;
        world.node.call("anvil_rollback", json!([depth])).await;
        // A lower head alone proves nothing; the blocks that follow do.
        for _ in 0..depth + 1 {
            value += 1;
            world.transfer_in_block(value).await;
        }
        world.settled().await;
    }
    let retractions = world.sink.received().iter().filter(|one| one.is_retraction()).count();
    assert!(retractions >= 9, "{retractions} retractions");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_condition_is_met_on_a_real_chain() {
    let Some(binary) = binary() else { return };
    let world = World::start(&binary).await;
    let monitor = |name: &str, what: &str| {
        format!(
            "[[monitors]]\nname = \"{name}\"\ntargets = [\"{name}\"]\n{what}\n\
             [targets.{name}]\ntype = \"webhook\"\nurl = \"{}\"\n",
            world.sink.url(&format!("/{name}"))
        )
    };
    let more = [
        monitor(
            "filled",
            "contracts = [\"emitter\"]\nevent = \"Filled\"\nwhen = 'order.amounts[1] == 2 && delta < 0 && any(order.amounts, x, x > 2)'",
        ),
        monitor("failed", "network = \"anvil\"\ntransactions = true\nwhen = '!tx.success'"),
        monitor("raw", "contracts = [\"emitter\"]\nevent = \"*\"\nwhen = 'size(topics) == 0'"),
        monitor("calls", "contracts = [\"emitter\"]\ncall = \"burst\"\nwhen = 'count == 5'"),
        monitor("coins", "network = \"anvil\"\ntransfers = \"native\"\nwhen = 'amount >= gwei(5)'"),
        monitor(
            "together",
            "contracts = [\"emitter\"]\nevent = \"Transfer\"\nwhen = 'value == 7 && tx.value == 0 && tx.from == \"0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266\"'",
        ),
    ];
    world.configure(&more.concat());
    let node = &world.node;
    let emitter = Some(world.contract.as_str());
    let (no, five) = ("0".to_owned(), "5".to_owned());
    node.send(emitter, &call_data(BURST, &[BOB, &five, "a"]), 0).await;
    node.mine(1).await;
    node.send(emitter, &call_data(FAIL, &[BOB, "1"]), 0).await;
    node.mine(1).await;
    // fill(id, "hi", [1, 2, 3], -5): offsets of the two dynamic arguments, then their contents.
    let minus_five = format!("{}b", "f".repeat(63));
    let words = ["1", "80", "c0", &minus_five, "2", &format!("6869{}", no.repeat(60)), "3", "1", "2", "3"];
    node.send(emitter, &call_data(FILL, &words), 0).await;
    node.send(emitter, &call_data(WHISPER, &["2a"]), 0).await;
    node.mine(1).await;
    node.send(Some(BOB), "0x", 6_000_000_000).await;
    world.transfer(7).await;
    node.mine(1).await;
    let _running = Running::start(world.folder()).await;

    let count = |received: &[Received], path: &str| received.iter().filter(|one| one.path == path).count();
    let all = [
        ("/transfers", 6),
        ("/filled", 1),
        ("/failed", 1),
        ("/raw", 2),
        ("/calls", 1),
        ("/coins", 1),
        ("/together", 1),
    ];
    world.sink.wait("all of them", |received| all.iter().all(|(path, n)| count(received, path) >= *n)).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let received = world.sink.received();
    for (path, expected) in all {
        assert_eq!(count(&received, path), expected, "{path}");
    }
    let of = |path: &str| received.iter().find(|one| one.path == path).unwrap().body["data"].clone();
    let args = of("/filled")["event"]["args"].clone();
    assert_eq!(args["delta"], "-5");
    assert_eq!(args["order"]["amounts"], json!(["1", "2", "3"]));
    assert_eq!(args["order"]["memo"], "hi");
    assert_eq!(args["side"], 1);
    assert!(args["label"]["indexedHash"].is_string());
    assert_eq!(of("/calls")["call"]["args"]["count"], "5");
    assert_eq!(of("/coins")["transfer"]["args"]["amount"], "6000000000");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_deliveries_under_way_survive_kill_and_interrupt() {
    let Some(binary) = binary() else { return };
    for hard in [true, false] {
        let world = World::start(&binary).await;
        world.configure("");
        world.sink.answer(
            |_, count| if count < 16 { (200, Duration::from_secs(20)) } else { (200, Duration::ZERO) },
        );
        for value in 0..50 {
            world.transfer(value).await;
        }
        world.node.mine(1).await;
        let running = Running::start(world.folder()).await;
        world.sink.wait("the first sends", |received| received.len() >= 16).await;
        if hard {
            running.kill().await;
        } else {
            assert_eq!(running.interrupt().await, 0);
        }
        let _running = Running::start(world.folder()).await;
        world.sink.wait("all fifty", |received| held(received).len() == 50).await;
        assert_eq!(world.truth().await.len(), 50);
        let repeated = world.sink.received().len() - 50;
        assert!(repeated <= 16, "only what was in flight is sent again, not {repeated}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn try_and_check_and_status_tell_the_truth_about_a_real_node() {
    let Some(binary) = binary() else { return };
    let world = World::start(&binary).await;
    world.configure("");
    let hash = world.transfer_in_block(77).await;
    let folder = world.folder();
    let tried = process::json_lines(folder, &["try", "--tx", &hash, "--json"]).await;
    assert_eq!(tried.len(), 1);
    assert_eq!(tried[0]["args"]["value"], "77");
    assert_eq!(tried[0]["bodies"]["transfers"]["data"]["monitor"], "transfers");
    let expected = folder.join("expected.jsonl");
    std::fs::write(&expected, format!("{}\n", tried[0])).unwrap();
    let file = expected.to_str().unwrap();
    assert_eq!(process::run(folder, &["try", "--tx", &hash, "--expect", file]).await.code, 0);
    std::fs::write(&expected, tried[0].to_string().replace("77", "78")).unwrap();
    assert_eq!(process::run(folder, &["try", "--tx", &hash, "--expect", file]).await.code, 5);

    let checked = process::json_lines(folder, &["check", "--online", "--json"]).await;
    assert_eq!(checked[0]["networks"][0]["online"]["identity"], "eip155:31337");
    let running = Running::start(folder).await;
    world.settled().await;
    assert_eq!(running.interrupt().await, 0);
    let status = process::json_lines(folder, &["status", "--json"]).await;
    assert_eq!(status[0]["networks"][0]["lag"], 0);
    assert_eq!(status[0]["deliveries"]["delivered"], 1);
    let listed = process::json_lines(folder, &["deliveries", "list", "--json"]).await;
    let shown =
        process::json_lines(folder, &["deliveries", "show", listed[0]["id"].as_str().unwrap(), "--json"])
            .await;
    assert_eq!(shown[0]["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(shown[0]["args"]["value"], "77");
}

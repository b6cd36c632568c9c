//! A real EVM node: anvil, started for one test and ended with it.

use std::{process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::process::{Child, Command};

/// A running node.
pub(crate) struct Anvil {
    _process: Child,
    port: u16,
    http: reqwest::Client,
}

/// The first development account.
pub(crate) const ALICE: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
/// The second one.
pub(crate) const BOB: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

/// The binary, from the environment. `None` (with a loud word) where it is not installed and the run does not demand it.
pub(crate) fn binary() -> Option<String> {
    let path = std::env::var("ANVIL").ok().filter(|path| !path.is_empty());
    if path.is_none() {
        let demanded = std::env::var("CHAINBELL_REQUIRE_PEERS").is_ok_and(|value| value == "1");
        assert!(!demanded, "ANVIL does not name an anvil binary: run scripts/test, which installs it");
        eprintln!("SKIPPED: no anvil here (set ANVIL, or run scripts/test)");
    }
    path
}

impl Anvil {
    /// Starts a node that mines only when told.
    pub(crate) async fn start(binary: &str) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(binary)
            .args(["--port", &port.to_string(), "--host", "127.0.0.1", "--no-mining", "--silent"])
            .args(["--slots-in-an-epoch", "2", "--order", "fifo"])
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("anvil starts");
        let node = Self { _process: process, port, http: crate::support::http_client() };
        let ready = async {
            while node.try_call("eth_chainId", json!([])).await.is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), ready).await.expect("anvil answers within 30 s");
        node
    }

    pub(crate) fn http_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn ws_url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    async fn try_call(&self, method: &str, params: Value) -> Option<Value> {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        self.http.post(self.http_url()).json(&body).send().await.ok()?.json().await.ok()
    }

    /// One JSON-RPC call that must succeed.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        let answer = self.try_call(method, params).await.expect("anvil answers");
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.call("anvil_mine", json!([format!("{blocks:#x}")])).await;
    }

    /// Queues a transaction from [`ALICE`]; it is in the chain after the next [`Anvil::mine`].
    pub(crate) async fn send(&self, to: Option<&str>, data: &str, value: u64) -> String {
        let mut transaction =
            json!({"from": ALICE, "data": data, "gas": "0x2dc6c0", "value": format!("{value:#x}")});
        if let Some(to) = to {
            transaction["to"] = to.into();
        }
        self.call("eth_sendTransaction", json!([transaction])).await.as_str().unwrap().to_owned()
    }

    /// Deploys the test contract and returns its address.
    pub(crate) async fn deploy_emitter(&self) -> String {
        let artifact: Value = serde_json::from_str(include_str!("../contracts/Emitter.json")).unwrap();
        let hash = self.send(None, artifact["bytecode"].as_str().unwrap(), 0).await;
        self.mine(1).await;
        let receipt = self.call("eth_getTransactionReceipt", json!([hash])).await;
        receipt["contractAddress"].as_str().unwrap().to_owned()
    }

    /// What the node says is on its chain now: (block hash, log index) of every log of `contract`.
    pub(crate) async fn logs(&self, contract: &str) -> Vec<Value> {
        let filter = json!([{"fromBlock": "0x0", "toBlock": "latest", "address": contract}]);
        self.call("eth_getLogs", filter).await.as_array().unwrap().clone()
    }
}

/// ABI-encodes a call of static arguments.
pub(crate) fn call_data(selector: &str, words: &[&str]) -> String {
    let mut data = format!("0x{selector}");
    for word in words {
        let word = word.strip_prefix("0x").unwrap_or(word);
        data.push_str(&format!("{word:0>64}"));
    }
    data
}

//! A small JSON-RPC client that shows everything it gets.

use chainbell_devnet::{EvmDevnet, EvmDevnetConfig};
use serde_json::{Value, json};

/// A network with `blocks` blocks of traffic, and a client of its main endpoint.
pub(crate) async fn devnet(blocks: u64) -> (EvmDevnet, Client) {
    devnet_with(EvmDevnetConfig::default(), blocks).await
}

pub(crate) async fn devnet_with(config: EvmDevnetConfig, blocks: u64) -> (EvmDevnet, Client) {
    let devnet = EvmDevnet::start(config).await.unwrap();
    devnet.mine(blocks);
    let client = Client::new(devnet.http_url());
    (devnet, client)
}

pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    pub(crate) fn new(url: String) -> Self {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { http: reqwest::Client::builder().no_proxy().build().unwrap(), url }
    }

    pub(crate) async fn post(&self, body: &Value) -> reqwest::Result<reqwest::Response> {
        self.http.post(&self.url).body(body.to_string()).send().await
    }

    /// The whole answer to one call.
    pub(crate) async fn answer(&self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        self.post(&request).await.unwrap().json().await.unwrap()
    }

    /// The result of a call that must succeed.
    pub(crate) async fn call(&self, method: &str, params: Value) -> Value {
        let mut answer = self.answer(method, params).await;
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    /// Code and text of the error of a call that must fail.
    pub(crate) async fn error(&self, method: &str, params: Value) -> (i64, String) {
        let answer = self.answer(method, params).await;
        let error = &answer["error"];
        (error["code"].as_i64().unwrap(), error["message"].as_str().unwrap().to_owned())
    }
}

/// Reads a `0x…` quantity.
pub(crate) fn number(value: &Value) -> u64 {
    u64::from_str_radix(value.as_str().unwrap().strip_prefix("0x").unwrap(), 16).unwrap()
}

/// Writes a `0x…` quantity.
pub(crate) fn quantity(number: u64) -> String {
    format!("{number:#x}")
}

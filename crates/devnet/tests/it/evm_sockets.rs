//! WebSockets: calls, subscriptions, and what goes wrong with announced heads.

use std::time::Duration;

use chainbell_devnet::{EvmDevnet, evm::Fault};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

use crate::client::{devnet, number};

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn connect(devnet: &EvmDevnet) -> Self {
        Self(tokio_tungstenite::connect_async(devnet.ws_url()).await.unwrap().0)
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 9, "method": method, "params": params});
        self.0.send(Message::text(request.to_string())).await.unwrap();
        let answer = self.next().await.unwrap();
        assert_eq!(answer["id"], 9);
        answer["result"].clone()
    }

    /// The next message; `None` when the connection is gone.
    async fn next(&mut self) -> Option<Value> {
        let message = tokio::time::timeout(Duration::from_secs(10), self.0.next()).await.unwrap();
        let text = message?.ok()?.into_text().ok()?;
        serde_json::from_str(&text).ok()
    }

    async fn head(&mut self) -> Option<u64> {
        let message = self.next().await?;
        assert_eq!(message["method"], "eth_subscription");
        Some(number(&message["params"]["result"]["number"]))
    }

    async fn heads(&mut self, count: usize) -> Vec<u64> {
        let mut heads = Vec::new();
        for _ in 0..count {
            heads.push(self.head().await.unwrap());
        }
        heads
    }
}

#[tokio::test]
async fn new_heads_are_announced_in_order_also_after_a_reorganisation() {
    let (devnet, _) = devnet(5).await;
    let mut socket = Socket::connect(&devnet).await;
    assert_eq!(socket.call("eth_blockNumber", json!([])).await, "0x5");
    let id = socket.call("eth_subscribe", json!(["newHeads"])).await;
    devnet.mine(1);
    let message = socket.next().await.unwrap();
    assert_eq!(message["params"]["subscription"], id);
    assert_eq!(message["params"]["result"]["hash"], json!(devnet.block_hash(6).unwrap()));
    devnet.reorg(2, 3);
    assert_eq!(socket.heads(3).await, [5, 6, 7]);
    assert_eq!(socket.call("eth_unsubscribe", json!([id])).await, true);
    devnet.mine(1);
    assert_eq!(socket.call("eth_blockNumber", json!([])).await, "0x8");
}

#[tokio::test]
async fn undone_logs_are_announced_as_removed_before_the_new_ones() {
    let (devnet, _) = devnet(5).await;
    let mut socket = Socket::connect(&devnet).await;
    let token = devnet.tokens()[0];
    socket.call("eth_subscribe", json!(["logs", {"address": token}])).await;
    let of_token = |devnet: &EvmDevnet| {
        devnet.canonical_logs().into_iter().filter(|log| log.address == token).collect::<Vec<_>>()
    };
    let before = of_token(&devnet);
    devnet.reorg(3, 3);
    let after = of_token(&devnet);
    let undone: Vec<_> = before.iter().filter(|log| !after.contains(log)).collect();
    let added: Vec<_> = after.iter().filter(|log| !before.contains(log)).collect();
    assert!(!undone.is_empty() && !added.is_empty());
    for index in 0..undone.len() + added.len() {
        let log = socket.next().await.unwrap()["params"]["result"].take();
        assert_eq!(log["removed"], index < undone.len());
        let expected = if index < undone.len() { &undone } else { &added };
        assert!(expected.iter().any(|known| json!(known.block_hash) == log["blockHash"]));
    }
}

#[tokio::test]
async fn heads_are_doubled_late_silent_or_end_the_connection() {
    let (devnet, _) = devnet(0).await;
    let mut socket = Socket::connect(&devnet).await;
    socket.call("eth_subscribe", json!(["newHeads"])).await;
    devnet.set_faults(vec![
        Fault::DuplicateHead.times(1),
        Fault::LateHead.times(1).after(1),
        Fault::SilentHead.times(1).after(3),
        Fault::DropSocket.times(1).after(5),
    ]);
    devnet.mine(6);
    assert_eq!(socket.heads(5).await, [1, 1, 3, 2, 5]);
    assert_eq!(socket.head().await, None);
}

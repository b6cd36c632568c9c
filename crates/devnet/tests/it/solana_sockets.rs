//! PubSub: what is announced, when, and what goes wrong with it.

use std::time::Duration;

use chainbell_devnet::{
    SolanaDevnet, SolanaDevnetConfig,
    solana::{Fault, Told},
};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::Message};

use crate::solana_support::{config, devnet, devnet_with, program, transfer};

struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    async fn connect(devnet: &SolanaDevnet) -> Self {
        Self(tokio_tungstenite::connect_async(devnet.ws_url()).await.unwrap().0)
    }

    async fn answer(&mut self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 9, "method": method, "params": params});
        self.0.send(Message::text(request.to_string())).await.unwrap();
        let answer = self.next().await.unwrap();
        assert_eq!(answer["id"], 9);
        answer
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.answer(method, params).await["result"].clone()
    }

    /// The next message; `None` when the connection is gone.
    async fn next(&mut self) -> Option<Value> {
        let message = tokio::time::timeout(Duration::from_secs(10), self.0.next()).await.unwrap();
        let text = message?.ok()?.into_text().ok()?;
        serde_json::from_str(&text).ok()
    }

    async fn slots(&mut self, count: usize) -> Vec<u64> {
        let mut slots = Vec::new();
        for _ in 0..count {
            let message = self.next().await.unwrap();
            assert_eq!(message["method"], "slotNotification");
            slots.push(message["params"]["result"]["slot"].as_u64().unwrap());
        }
        slots
    }
}

#[tokio::test]
async fn slots_are_announced_with_parent_and_root() {
    let (devnet, _) = devnet_with(SolanaDevnetConfig { skip_rate: 0.5, ..config() }, 20).await;
    let mut socket = Socket::connect(&devnet).await;
    let before = devnet.head();
    assert_eq!(socket.call("slotSubscribe", json!([])).await, 0);
    devnet.mine(20);
    let blocks = devnet.canonical_blocks();
    let mut root = 0;
    for block in blocks.iter().filter(|block| block.slot > before) {
        let message = socket.next().await.unwrap();
        assert_eq!(message["params"]["subscription"], 0);
        let told = &message["params"]["result"];
        assert_eq!(
            (told["slot"].as_u64(), told["parent"].as_u64()),
            (Some(block.slot), Some(block.parent_slot))
        );
        let told_root = told["root"].as_u64().unwrap();
        assert!(told_root >= root && told_root + 6 <= block.slot);
        root = told_root;
    }
    assert_eq!(socket.call("slotUnsubscribe", json!([0])).await, true);
    let again = socket.answer("slotUnsubscribe", json!([0])).await;
    assert_eq!(again["error"], json!({"code": -32602, "message": "Invalid subscription id."}));
}

#[tokio::test]
async fn logs_arrive_at_each_commitment_and_failed_ones_too() {
    let (devnet, _) = devnet(0).await;
    let mut socket = Socket::connect(&devnet).await;
    let mention = json!({"mentions": [program(&devnet)]});
    for (id, commitment) in ["processed", "confirmed", "finalized"].iter().enumerate() {
        let options = json!({"commitment": commitment});
        assert_eq!(socket.call("logsSubscribe", json!([mention, options])).await, id);
    }
    devnet.mine_with(vec![transfer(&devnet, 7, Told::Log), transfer(&devnet, 8, Told::Cpi).failing()]);
    let signatures: Vec<_> = devnet.canonical_events().iter().map(|event| json!(event.signature)).collect();
    // Blocks without transactions of the program push the marks.
    for id in 0..3 {
        for (signature, failed) in signatures.iter().zip([false, true]) {
            let message = socket.next().await.unwrap();
            assert_eq!(message["method"], "logsNotification");
            assert_eq!(message["params"]["subscription"], id);
            let told = &message["params"]["result"];
            assert_eq!(told["context"], json!({"slot": 1}));
            assert_eq!(told["value"]["signature"], *signature);
            assert_eq!(told["value"]["err"].is_null(), !failed);
            let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            assert_eq!(fields(&message), ["jsonrpc", "method", "params"]);
            assert_eq!(fields(&message["params"]), ["result", "subscription"]);
            assert_eq!(fields(&told["value"]), ["err", "logs", "signature"]);
            let logs = told["value"]["logs"].as_array().unwrap();
            assert_eq!(logs[0], format!("Program {} invoke [1]", program(&devnet)));
        }
        let empty = |count: u64| (0..count).for_each(|_| devnet.mine_with(Vec::new()));
        empty([1, 5, 0][id]);
    }
}

#[tokio::test]
async fn all_means_all_but_votes() {
    let config = SolanaDevnetConfig { transactions_per_block: 2, votes_per_block: 2, ..config() };
    let (devnet, _) = devnet_with(SolanaDevnetConfig { skip_rate: 0.0, ..config }, 0).await;
    let mut socket = Socket::connect(&devnet).await;
    let options = json!({"commitment": "processed"});
    socket.call("logsSubscribe", json!(["all", options])).await;
    socket.call("logsSubscribe", json!(["allWithVotes", options])).await;
    devnet.mine(1);
    let mut counts = [0, 0];
    for _ in 0..6 {
        let message = socket.next().await.unwrap();
        counts[message["params"]["subscription"].as_u64().unwrap() as usize] += 1;
    }
    assert_eq!(counts, [2, 4]);
}

#[tokio::test]
async fn orphaned_logs_are_announced_and_never_taken_back() {
    let (devnet, _) = devnet(8).await;
    let mut socket = Socket::connect(&devnet).await;
    let options = json!({"commitment": "processed"});
    socket.call("logsSubscribe", json!([{"mentions": [program(&devnet)]}, options])).await;
    devnet.mine_with(vec![transfer(&devnet, 7, Told::Log)]);
    let orphan = socket.next().await.unwrap();
    assert_eq!(orphan["params"]["result"]["context"]["slot"], 9);
    devnet.rollback(1);
    devnet.mine_with(vec![transfer(&devnet, 8, Told::Log)]);
    let next = socket.next().await.unwrap();
    assert_eq!(next["params"]["result"]["context"]["slot"], 9);
    assert_ne!(next["params"]["result"]["value"], orphan["params"]["result"]["value"]);
}

#[tokio::test]
async fn roots_and_signatures_are_announced() {
    let (devnet, _) = devnet(10).await;
    let mut socket = Socket::connect(&devnet).await;
    socket.call("rootSubscribe", json!([])).await;
    devnet.mine(2);
    for root in [5, 6] {
        let message = socket.next().await.unwrap();
        assert_eq!(
            (&message["method"], &message["params"]["result"]),
            (&json!("rootNotification"), &json!(root))
        );
    }
    assert_eq!(socket.call("rootUnsubscribe", json!([0])).await, true);
    devnet.mine_with(vec![transfer(&devnet, 7, Told::Log).failing()]);
    let signature = devnet.canonical_events().last().unwrap().signature;
    let options = |commitment: &str| json!([signature, {"commitment": commitment}]);
    // It is there already.
    assert_eq!(socket.call("signatureSubscribe", options("processed")).await, 1);
    let known = socket.next().await.unwrap();
    assert_eq!(known["params"]["subscription"], 1);
    assert_eq!(socket.call("signatureSubscribe", options("confirmed")).await, 2);
    devnet.mine(1);
    let told = socket.next().await.unwrap();
    assert_eq!(told["params"]["subscription"], 2);
    let failure = json!({"InstructionError": [0, {"Custom": 6000}]});
    assert_eq!(told["params"]["result"]["value"]["err"], failure);
    // It was the only one.
    assert_eq!(socket.answer("signatureUnsubscribe", json!([2])).await["error"]["code"], -32602);
}

#[tokio::test]
async fn what_is_not_offered_is_refused() {
    let (devnet, client) = devnet(0).await;
    let mut socket = Socket::connect(&devnet).await;
    for method in ["blockSubscribe", "voteSubscribe", "getSlot"] {
        let refused = socket.answer(method, json!(["all"])).await;
        assert_eq!(refused["error"], json!({"code": -32601, "message": "Method not found"}));
    }
    assert_eq!(client.error("slotSubscribe", json!([])).await.0, -32601);
    let key = program(&devnet);
    let several = socket.answer("logsSubscribe", json!([{"mentions": [key, key]}])).await;
    let words = "Invalid Request: Only 1 address supported";
    assert_eq!(several["error"], json!({"code": -32602, "message": words}));
    let nobody = socket.answer("logsSubscribe", json!([{"mentions": ["x"]}])).await;
    assert_eq!(nobody["error"]["message"], "Invalid Request: Invalid mentions provided");
    assert_eq!(socket.call("getVersion", json!([])).await["solana-core"], "3.0.6");
}

#[tokio::test]
async fn notifications_are_doubled_late_silent_or_end_the_connection() {
    let (devnet, _) = devnet(0).await;
    let mut socket = Socket::connect(&devnet).await;
    socket.call("slotSubscribe", json!([])).await;
    devnet.set_faults(vec![
        Fault::DuplicateHead.times(1),
        Fault::LateHead.times(1).after(1),
        Fault::SilentHead.times(1).after(3).on("slotNotification"),
        Fault::DropSocket.times(1).after(5),
    ]);
    devnet.mine(6);
    assert_eq!(socket.slots(5).await, [1, 1, 3, 2, 5]);
    assert_eq!(socket.next().await, None);
}

//! What a WebSocket tells: it wakes, and nothing else hangs on it.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    routing::any,
};
use chainbell_model::{Chain, Height, Proof, SubscriptionStatus};
use chainbell_solana::{ReadMode, SolanaChain, SolanaConfig};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::source_stub::{
    Answer, Ledger, Stub, chain_of, config, events_of, program, range, signature, slots,
};

/// One connection of the node: confirms every subscription with the id 100 and up, and tells what it is given.
struct Peer {
    requests: mpsc::Receiver<Value>,
    say: mpsc::Sender<Option<String>>,
}

impl Peer {
    async fn request(&mut self) -> Value {
        tokio::time::timeout(Duration::from_secs(10), self.requests.recv()).await.unwrap().unwrap()
    }

    fn tell_logs(&self, subscription: u64, slot: u64) {
        self.tell_transaction(subscription, slot, &signature(slot, 0));
    }

    fn tell_transaction(&self, subscription: u64, slot: u64, signature: &str) {
        let value = json!({"signature": signature, "err": null, "logs": []});
        let result = json!({"context": {"slot": slot}, "value": value});
        let params = json!({"result": result, "subscription": subscription});
        self.say(json!({"jsonrpc": "2.0", "method": "logsNotification", "params": params}));
    }

    fn tell_slot(&self, subscription: u64, slot: u64) {
        let result = json!({"slot": slot, "parent": slot - 1, "root": slot - 32});
        let params = json!({"result": result, "subscription": subscription});
        self.say(json!({"jsonrpc": "2.0", "method": "slotNotification", "params": params}));
    }

    fn say(&self, message: Value) {
        self.say.try_send(Some(message.to_string())).unwrap();
    }

    fn drop_connection(&self) {
        self.say.try_send(None).unwrap();
    }
}

type Peers = mpsc::Sender<Peer>;

async fn push_node() -> (SocketAddr, mpsc::Receiver<Peer>) {
    let (peers, accepted) = mpsc::channel(64);
    let accept = |State(peers): State<Peers>, upgrade: WebSocketUpgrade| async move {
        upgrade.on_upgrade(move |socket| serve(socket, peers))
    };
    let router = Router::new().fallback(any(accept)).with_state(peers);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, accepted)
}

async fn serve(mut socket: WebSocket, peers: Peers) {
    let (asked, requests) = mpsc::channel(64);
    let (say, mut said) = mpsc::channel(64);
    let _ = peers.send(Peer { requests, say }).await;
    let mut next = 100;
    loop {
        tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    let request: Value = serde_json::from_str(&text).unwrap();
                    let confirmed = json!({"jsonrpc": "2.0", "result": next, "id": request["id"]});
                    next += 1;
                    let _ = asked.send(request).await;
                    let _ = socket.send(Message::Text(confirmed.to_string().into())).await;
                }
                Some(Ok(_)) => {}
                _ => return,
            },
            message = said.recv() => match message {
                Some(Some(message)) => { let _ = socket.send(Message::Text(message.into())).await; }
                _ => return,
            },
        }
    }
}

/// A chain that polls too seldom to matter.
async fn listening_chain(stub: &Stub, node: SocketAddr, mode: ReadMode) -> SolanaChain {
    let config = SolanaConfig {
        mode,
        ws: Some(format!("ws://{node}").parse().unwrap()),
        poll_interval: Duration::from_secs(60),
        wake_spacing: Duration::from_millis(10),
        ..config()
    };
    let chain = chain_of(config, &[stub]);
    chain.fetch(range(10, 12), &events_of(&[1, 2]), Proof::Sparse).await.unwrap();
    chain
}

async fn wakes(chain: &SolanaChain) {
    tokio::time::timeout(Duration::from_secs(10), chain.changed()).await.expect("it wakes");
}

async fn sleeps(chain: &SolanaChain) {
    assert!(tokio::time::timeout(Duration::from_millis(150), chain.changed()).await.is_err(), "it sleeps");
}

async fn until(
    chain: &SolanaChain,
    wanted: impl Fn(&[SubscriptionStatus]) -> bool,
) -> Vec<SubscriptionStatus> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let status = chain.subscriptions();
        if wanted(&status) {
            return status;
        }
        assert!(Instant::now() < deadline, "{status:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn each_program_has_a_subscription_on_one_connection() {
    let stub = Stub::start(Ledger::new(50, &[], |_| vec![1])).await;
    let (node, mut peers) = push_node().await;
    let chain = listening_chain(&stub, node, ReadMode::Auto).await;
    let mut peer = peers.recv().await.unwrap();
    for byte in [1, 2] {
        let request = peer.request().await;
        assert_eq!(request["method"], "logsSubscribe");
        assert_eq!(request["params"], json!([{"mentions": [program(byte)]}, {"commitment": "confirmed"}]));
    }
    // Established: what came before may have been missed.
    wakes(&chain).await;
    sleeps(&chain).await;
    peer.tell_logs(101, 70);
    wakes(&chain).await;
    // Repeated, late and out of order ones are one reason to look, and tell nothing new.
    for slot in [70, 12, 70] {
        peer.tell_logs(101, slot);
    }
    wakes(&chain).await;
    let status = until(&chain, |status| status[1].last_height.is_some()).await;
    assert_eq!(status[0].topic, format!("logs of {}", program(1)));
    assert_eq!((status[1].id.as_deref(), status[1].last_height), (Some("101"), Some(Height(70))));
    assert_eq!((status[0].last_height, status[0].listening, status[0].reconnects), (None, true, 0));
    assert!(peers.try_recv().is_err(), "one connection");
}

#[tokio::test]
async fn a_dropped_connection_is_made_again_and_wakes() {
    let stub = Stub::start(Ledger::new(50, &[], |_| vec![1])).await;
    let (node, mut peers) = push_node().await;
    let chain = listening_chain(&stub, node, ReadMode::Auto).await;
    let peer = peers.recv().await.unwrap();
    wakes(&chain).await;
    peer.drop_connection();
    until(&chain, |status| !status[0].listening).await;
    let again = peers.recv().await.unwrap();
    wakes(&chain).await;
    let status = until(&chain, |status| status[0].listening).await;
    assert_eq!(status[0].reconnects, 1);
    again.tell_logs(100, 80);
    wakes(&chain).await;
}

#[tokio::test]
async fn whole_blocks_are_read_at_every_slot_told() {
    let stub = Stub::start(Ledger::new(50, &[], |_| vec![1])).await;
    let (node, mut peers) = push_node().await;
    let chain = listening_chain(&stub, node, ReadMode::Blocks).await;
    let mut peer = peers.recv().await.unwrap();
    assert_eq!(peer.request().await["method"], "slotSubscribe");
    wakes(&chain).await;
    peer.tell_slot(100, 90);
    wakes(&chain).await;
    let status = until(&chain, |status| status[0].last_height == Some(Height(90))).await;
    assert_eq!(status[0].topic, "slots");
    // Another interest, another subscription.
    chain.fetch(range(10, 12), &events_of(&[1]), Proof::Sparse).await.unwrap();
    assert!(peers.try_recv().is_err(), "the same one");
}

#[tokio::test]
async fn without_a_socket_it_polls_and_a_wrong_url_is_refused() {
    let stub = Stub::start(Ledger::new(50, &[], |_| vec![1])).await;
    let quick = SolanaConfig { poll_interval: Duration::from_millis(5), ..config() };
    wakes(&chain_of(quick, &[&stub])).await;
    let dead = SolanaConfig {
        ws: Some("ws://127.0.0.1:1".parse().unwrap()),
        poll_interval: Duration::from_millis(5),
        ..config()
    };
    let chain = chain_of(dead, &[&stub]);
    chain.fetch(range(10, 12), &events_of(&[1]), Proof::Sparse).await.unwrap();
    wakes(&chain).await;
    assert!(!chain.subscriptions()[0].listening);
    let pool =
        chainbell_rpc::PoolConfig::new(vec![chainbell_rpc::EndpointConfig::new(stub.url.parse().unwrap())]);
    let pool = chainbell_rpc::Pool::new(pool).unwrap();
    let wrong = SolanaConfig { ws: Some(stub.url.parse().unwrap()), ..config() };
    assert!(SolanaChain::new(pool, wrong).is_err());
}

#[tokio::test]
async fn a_list_that_lacks_what_was_pushed_is_waited_for_but_not_forever() {
    let stub = Stub::start(Ledger::new(50, &[], |_| vec![1])).await;
    let (node, mut peers) = push_node().await;
    let chain = listening_chain(&stub, node, ReadMode::Auto).await;
    let peer = peers.recv().await.unwrap();
    wakes(&chain).await;
    chain.tip().await.unwrap();
    // The index lags for some lists.
    stub.forget_asked();
    stub.lie(|method, params, before| {
        let lags = method == "getSignaturesForAddress" && params[0] == program(1) && before < 6;
        let older = json!([{"signature": signature(49, 0), "slot": 49, "err": null}]);
        lags.then_some(Answer::Result(older))
    });
    peer.tell_logs(100, 50);
    wakes(&chain).await;
    let fetched = chain.fetch(range(50, 50), &events_of(&[1, 2]), Proof::Sparse).await.unwrap();
    assert_eq!(slots(&fetched.blocks), [50]);
    // What vanished is not waited for forever, and what is told of other slots not at all.
    peer.tell_transaction(100, 50, &signature(9_999, 9));
    peer.tell_transaction(100, 51, &signature(9_999, 10));
    wakes(&chain).await;
    let fetched = chain.fetch(range(50, 50), &events_of(&[1, 2]), Proof::Sparse).await.unwrap();
    assert_eq!(slots(&fetched.blocks), [50]);
}

//! A WebSocket server that acts as its script says, connection by connection.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use chainbell_rpc::{Subscription, SubscriptionConfig, SubscriptionState};
use serde_json::{Value, json};
use tokio::task::AbortHandle;

use crate::node::serve;

pub(crate) struct PushNode {
    pub(crate) address: std::net::SocketAddr,
    /// When each connection came.
    pub(crate) connections: Arc<Mutex<Vec<Instant>>>,
    task: AbortHandle,
}

type Script = Arc<dyn Fn(usize, Peer) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

impl PushNode {
    /// The script gets the number of the connection, from 0; the connection ends when it returns.
    pub(crate) async fn start<F>(script: impl Fn(usize, Peer) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let script: Script = Arc::new(move |number, peer| Box::pin(script(number, peer)));
        let connections: Arc<Mutex<Vec<Instant>>> = Arc::default();
        let router = Router::new().fallback(accept).with_state((Arc::clone(&connections), script));
        let (address, task) = serve(router).await;
        Self { address, connections, task }
    }

    /// A subscription to it with short patience.
    pub(crate) fn subscribe(&self, change: impl FnOnce(&mut SubscriptionConfig)) -> Subscription {
        let url = format!("ws://{}", self.address).parse().unwrap();
        let mut config = SubscriptionConfig::new(url, "eth_subscribe", json!(["newHeads"]));
        config.first_backoff = Duration::from_millis(20);
        change(&mut config);
        Subscription::start(config).unwrap()
    }
}

impl Drop for PushNode {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(
    State((connections, script)): State<(Arc<Mutex<Vec<Instant>>>, Script)>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let number = {
        let mut connections = connections.lock().unwrap();
        connections.push(Instant::now());
        connections.len() - 1
    };
    upgrade.on_upgrade(move |socket| script(number, Peer(socket)))
}

/// The server's end of one connection.
pub(crate) struct Peer(WebSocket);

impl Peer {
    /// Reads the subscribe request.
    pub(crate) async fn request(&mut self) -> Value {
        match self.0.recv().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).unwrap(),
            other => panic!("not a request: {other:?}"),
        }
    }

    /// Confirms the subscription as `0x5`.
    pub(crate) async fn confirm(&mut self) {
        let request = self.request().await;
        self.say(json!({"jsonrpc": "2.0", "id": request["id"], "result": "0x5"}).to_string()).await;
    }

    /// Confirms the next subscription under this id.
    pub(crate) async fn confirm_as(&mut self, id: u64) -> Value {
        let request = self.request().await;
        self.say(json!({"jsonrpc": "2.0", "id": request["id"], "result": id}).to_string()).await;
        request
    }

    pub(crate) async fn tell(&mut self, id: u64, result: Value) {
        let params = json!({"result": result, "subscription": id});
        self.say(json!({"jsonrpc": "2.0", "method": "logsNotification", "params": params}).to_string()).await;
    }

    pub(crate) async fn head(&mut self, number: u64) {
        let params = json!({"subscription": "0x5", "result": number});
        self.say(json!({"jsonrpc": "2.0", "method": "eth_subscription", "params": params}).to_string()).await;
    }

    pub(crate) async fn say(&mut self, text: impl Into<String>) {
        let _ = self.0.send(Message::Text(text.into().into())).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        let _ = self.0.send(message).await;
    }

    /// Reads until the client goes, answering its pings.
    pub(crate) async fn listen(&mut self) {
        while let Some(Ok(_)) = self.0.recv().await {}
    }

    /// Stays connected without reading, so that pings are not answered.
    pub(crate) async fn freeze(self) {
        std::future::pending::<()>().await;
        drop(self);
    }
}

/// Waits until the state is as wanted.
pub(crate) async fn until(
    subscription: &Subscription,
    wanted: impl Fn(&SubscriptionState) -> bool,
) -> SubscriptionState {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let state = subscription.state();
        if wanted(&state) {
            return state;
        }
        assert!(Instant::now() < deadline, "{state:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The next notification, which must come soon.
pub(crate) async fn next(subscription: &Subscription) -> String {
    let next = tokio::time::timeout(Duration::from_secs(10), subscription.next()).await;
    String::from_utf8(next.expect("a notification comes").to_vec()).unwrap()
}

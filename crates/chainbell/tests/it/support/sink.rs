//! A webhook receiver that remembers what it got and answers as told.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::watch;

/// One request as received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    /// The idempotency key.
    pub(crate) id: String,
    pub(crate) body: Value,
    pub(crate) raw: Vec<u8>,
    pub(crate) headers: HeaderMap,
    /// What it was answered.
    pub(crate) status: u16,
}

impl Received {
    pub(crate) fn is_retraction(&self) -> bool {
        self.body["type"] == "dev.chainbell.retraction.v1"
    }

    /// The match it is about.
    pub(crate) fn matched(&self) -> String {
        self.body["data"]["match"].as_str().expect("every message names its match").to_owned()
    }
}

type Answer = dyn Fn(&str, usize) -> (u16, Duration) + Send + Sync;

struct Shared {
    received: Mutex<Vec<Received>>,
    count: watch::Sender<usize>,
    answer: Mutex<Arc<Answer>>,
}

/// A running receiver.
#[derive(Clone)]
pub(crate) struct Sink {
    address: std::net::SocketAddr,
    shared: Arc<Shared>,
}

impl Sink {
    /// Starts one that answers 200 at once.
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared {
            received: Mutex::default(),
            count: watch::Sender::new(0),
            answer: Mutex::new(Arc::new(|_, _| (200, Duration::ZERO))),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(receive).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, shared }
    }

    /// How to answer: from the path and the number of requests so far, a status and a delay.
    pub(crate) fn answer(&self, answer: impl Fn(&str, usize) -> (u16, Duration) + Send + Sync + 'static) {
        *self.shared.answer.lock() = Arc::new(answer);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().clone()
    }

    /// Those answered 2xx, once per idempotency key.
    pub(crate) fn accepted(&self) -> BTreeMap<String, Received> {
        let received = self.received();
        received.into_iter().filter(|one| one.status < 300).map(|one| (one.id.clone(), one)).collect()
    }

    /// Matches delivered and not taken back, as (path, match).
    pub(crate) fn standing(&self) -> BTreeSet<(String, String)> {
        let mut standing: BTreeMap<String, (String, String)> = BTreeMap::new();
        for one in self.received().into_iter().filter(|one| one.status < 300) {
            match one.body["data"]["retracts"].as_str() {
                Some(retracted) => drop(standing.remove(retracted)),
                None => drop(standing.insert(one.id.clone(), (one.path.clone(), one.matched()))),
            }
        }
        standing.into_values().collect()
    }

    /// Waits until `done` holds of what was received.
    pub(crate) async fn wait(&self, what: &str, done: impl Fn(&[Received]) -> bool) {
        let mut count = self.shared.count.subscribe();
        let waiting = async {
            loop {
                if done(&self.shared.received.lock()) {
                    return;
                }
                count.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(Duration::from_secs(60), waiting).await.is_err() {
            panic!("waited in vain for {what}; received {} requests", self.received().len());
        }
    }
}

async fn receive(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let count = *shared.count.borrow();
    let answer = shared.answer.lock().clone();
    let (status, delay) = answer(uri.path(), count);
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let body = serde_json::from_slice(&raw).unwrap_or_default();
    let received = Received { path: uri.path().to_owned(), id, body, raw: raw.to_vec(), headers, status };
    shared.received.lock().push(received);
    shared.count.send_modify(|count| *count += 1);
    tokio::time::sleep(delay).await;
    StatusCode::from_u16(status).unwrap()
}

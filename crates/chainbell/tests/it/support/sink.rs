//! A webhook receiver that remembers what it got and answers as told.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use hmac::{Hmac, Mac as _};
use parking_lot::Mutex;
use serde_json::Value;
use sha2::Sha256;
use tokio::sync::watch;

/// One request as received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    /// The idempotency key.
    pub(crate) id: String,
    pub(crate) body: Value,
    headers: HeaderMap,
    raw: Bytes,
    /// What it was answered.
    pub(crate) status: u16,
}

impl Received {
    /// Whether it is signed with `key`, as the Standard Webhooks specification says.
    pub(crate) fn is_signed_with(&self, key: &[u8]) -> bool {
        let header =
            |name: &str| self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
        mac.update(&self.raw);
        let expected = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
        header("webhook-signature").split(' ').any(|signature| signature == expected)
    }

    pub(crate) fn is_retraction(&self) -> bool {
        self.body["type"] == "dev.chainbell.retraction.v1"
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
    let received = Received { path: uri.path().to_owned(), id, body, headers, raw, status };
    shared.received.lock().push(received);
    shared.count.send_modify(|count| *count += 1);
    tokio::time::sleep(delay).await;
    StatusCode::from_u16(status).unwrap()
}

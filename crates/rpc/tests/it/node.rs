//! A JSON-RPC server that answers as its script says, and remembers what it was asked.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chainbell_rpc::{Call, EndpointConfig, Pool, PoolConfig, Reply, RpcError};
use reqwest::Url;
use serde_json::{Value, json};
use tokio::task::AbortHandle;

/// What a node does with one request.
pub(crate) enum Act {
    /// HTTP 200 with this JSON.
    Json(Value),
    /// Anything else.
    Http(Response),
    /// No answer, ever.
    Hang,
}

/// The server; gone when dropped.
pub(crate) struct Node {
    pub(crate) url: Url,
    seen: Seen,
    task: AbortHandle,
}

type Seen = Arc<Mutex<Vec<(HeaderMap, Value)>>>;
type Script = Arc<dyn Fn(usize, &Value) -> Act + Send + Sync>;

impl Node {
    /// Starts a node; the script gets the number of the request, from 0, and its body.
    pub(crate) async fn start(script: impl Fn(usize, &Value) -> Act + Send + Sync + 'static) -> Self {
        let seen = Seen::default();
        let script: Script = Arc::new(script);
        let router = Router::new().fallback(answer).with_state((Arc::clone(&seen), script));
        let (address, task) = serve(router).await;
        Self { url: format!("http://{address}").parse().unwrap(), seen, task }
    }

    /// A node that answers every call with `value`.
    pub(crate) async fn answering(value: Value) -> Self {
        Self::start(move |_, request| Act::Json(result(request, value.clone()))).await
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    pub(crate) fn seen(&self) -> Vec<(HeaderMap, Value)> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) async fn serve(router: Router) -> (SocketAddr, AbortHandle) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (address, task.abort_handle())
}

async fn answer(State((seen, script)): State<(Seen, Script)>, headers: HeaderMap, body: String) -> Response {
    let request: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push((headers, request.clone()));
        seen.len() - 1
    };
    match script(number, &request) {
        Act::Json(value) => ([(header::CONTENT_TYPE, "application/json")], value.to_string()).into_response(),
        Act::Http(response) => response,
        Act::Hang => std::future::pending().await,
    }
}

/// The answer to a request.
pub(crate) fn result(request: &Value, value: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": request["id"], "result": value})
}

/// The refusal of a request.
pub(crate) fn error(request: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": message}})
}

/// An answer with a status.
pub(crate) fn status(status: u16, body: impl Into<Body>) -> Act {
    Act::Http((StatusCode::from_u16(status).unwrap(), body.into()).into_response())
}

/// The defaults with a short time-out, so that tests of silence are quick.
pub(crate) fn config(nodes: &[&Node]) -> PoolConfig {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoints = nodes.iter().map(|node| EndpointConfig::new(node.url.clone())).collect();
    PoolConfig { timeout: Duration::from_millis(1_500), ..PoolConfig::new(endpoints) }
}

/// Nodes in the order of preference.
pub(crate) fn pool(nodes: &[&Node]) -> Pool {
    let mut config = config(nodes);
    for (endpoint, priority) in config.endpoints.iter_mut().zip(0..) {
        endpoint.priority = priority;
    }
    Pool::new(config).unwrap()
}

/// Calls `eth_test` without parameters.
pub(crate) async fn ask(pool: &Pool) -> Result<Reply, RpcError> {
    pool.call(&Call::new("eth_test", &json!([]))).await
}

/// The same for the result's text.
pub(crate) async fn ask_text(pool: &Pool) -> Result<String, RpcError> {
    ask(pool).await.map(|reply| reply.raw().to_owned())
}

//! A JSON-RPC node over a ledger in memory, which a test may make lie; and a chain that reads it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, routing::post};
use chainbell_model::{Address, Block, Contracts, EventFilter, Height, HeightRange, Interest};
use chainbell_rpc::{EndpointConfig, Pool, PoolConfig};
use chainbell_solana::{SolanaChain, SolanaConfig};
use serde_json::{Value, json};
use tokio::task::AbortHandle;

pub(crate) use crate::source_ledger::{Answer, Ledger, hash, program, signature};

/// Answers instead of the ledger where it returns something. Gets the method, its parameters, and how often the method was
/// called before.
type Lie = Box<dyn Fn(&str, &Value, usize) -> Option<Answer> + Send + Sync>;

#[derive(Clone)]
struct Shared {
    ledger: Arc<Mutex<Ledger>>,
    lie: Arc<Mutex<Option<Lie>>>,
    asked: Arc<Mutex<Vec<(String, Value)>>>,
}

/// The node; gone when dropped.
pub(crate) struct Stub {
    pub(crate) url: String,
    shared: Shared,
    task: AbortHandle,
}

impl Stub {
    pub(crate) async fn start(ledger: Ledger) -> Self {
        let shared =
            Shared { ledger: Arc::new(Mutex::new(ledger)), lie: Arc::default(), asked: Arc::default() };
        let router = Router::new().route("/", post(answer)).with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, shared, task: task.abort_handle() }
    }

    /// Changes the ledger.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Ledger)) {
        change(&mut self.shared.ledger.lock().unwrap());
    }

    /// From now on this answers first.
    pub(crate) fn lie(&self, lie: impl Fn(&str, &Value, usize) -> Option<Answer> + Send + Sync + 'static) {
        *self.shared.lie.lock().unwrap() = Some(Box::new(lie));
    }

    /// The parameters of every call of `method` so far.
    pub(crate) fn asked(&self, method: &str) -> Vec<Value> {
        let asked = self.shared.asked.lock().unwrap();
        asked.iter().filter(|(name, _)| name == method).map(|(_, params)| params.clone()).collect()
    }

    pub(crate) fn forget_asked(&self) {
        self.shared.asked.lock().unwrap().clear();
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(shared): State<Shared>, body: String) -> String {
    let request: Value = serde_json::from_str(&body).unwrap();
    match request.as_array() {
        Some(calls) => json!(calls.iter().map(|call| shared.reply(call)).collect::<Vec<_>>()).to_string(),
        None => shared.reply(&request).to_string(),
    }
}

impl Shared {
    fn reply(&self, call: &Value) -> Value {
        let (method, params) = (call["method"].as_str().unwrap(), &call["params"]);
        let before = {
            let mut asked = self.asked.lock().unwrap();
            let before = asked.iter().filter(|(name, _)| name == method).count();
            asked.push((method.to_owned(), params.clone()));
            before
        };
        let lie = self.lie.lock().unwrap().as_ref().and_then(|lie| lie(method, params, before));
        match lie.unwrap_or_else(|| self.ledger.lock().unwrap().answer(method, params)) {
            Answer::Result(result) => json!({"jsonrpc": "2.0", "id": call["id"], "result": result}),
            Answer::Error(code, message) => {
                json!({"jsonrpc": "2.0", "id": call["id"], "error": {"code": code, "message": message}})
            }
        }
    }
}

/// Settings that repeat without delay.
pub(crate) fn config() -> SolanaConfig {
    SolanaConfig { retry_delay: Duration::from_millis(1), ..SolanaConfig::default() }
}

/// The chain behind these nodes, the first one preferred.
pub(crate) fn chain_of(config: SolanaConfig, stubs: &[&Stub]) -> SolanaChain {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoint = |(priority, stub): (u8, &&Stub)| EndpointConfig {
        priority,
        ..EndpointConfig::new(stub.url.parse().unwrap())
    };
    let endpoints = (0..).zip(stubs).map(endpoint).collect();
    let pool = PoolConfig {
        hedge: false,
        timeout: Duration::from_secs(5),
        max_lag: 32,
        ..PoolConfig::new(endpoints)
    };
    SolanaChain::new(Pool::new(pool).unwrap(), config).unwrap()
}

pub(crate) fn chain(stub: &Stub) -> SolanaChain {
    chain_of(config(), &[stub])
}

pub(crate) fn range(from: u64, to: u64) -> HeightRange {
    HeightRange { from: Height(from), to: Height(to) }
}

pub(crate) fn address(byte: u8) -> Address {
    Address::from_slice(&[byte; 32]).unwrap()
}

/// The events of these programs.
pub(crate) fn events_of(programs: &[u8]) -> Interest {
    let emitters = Some(programs.iter().map(|byte| address(*byte)).collect());
    Interest { events: vec![EventFilter { emitters, keys: None }], ..Interest::default() }
}

/// The events and calls of these programs, of failed transactions too.
pub(crate) fn everything_of(programs: &[u8]) -> Interest {
    Interest {
        failed_events: true,
        calls: Contracts::Of(programs.iter().map(|byte| address(*byte)).collect()),
        ..events_of(programs)
    }
}

/// The slots of blocks.
pub(crate) fn slots(blocks: &[Block]) -> Vec<u64> {
    blocks.iter().map(|block| block.reference.height.0).collect()
}

/// What a block holds: slot, block id, and for each event its transaction, that one's place, and whether it failed.
pub(crate) type Content = (u64, String, Vec<(String, u32, bool)>);

pub(crate) fn content(blocks: &[Block]) -> Vec<Content> {
    let text = |bytes: &[u8]| bs58::encode(bytes).into_string();
    let of = |block: &Block| {
        let event = |event: &chainbell_model::Event| {
            let transaction = &block.transactions[event.transaction as usize];
            (text(&transaction.id), transaction.index, event.failed)
        };
        let events = block.events.iter().map(event).collect();
        (block.reference.height.0, text(&block.reference.id.0), events)
    };
    blocks.iter().map(of).collect()
}

pub(crate) fn text(id: chainbell_model::BlockId) -> String {
    bs58::encode(id.0).into_string()
}

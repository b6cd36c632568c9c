//! `POST /devnet`: commands for tests and tools in another process.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    endpoint::Endpoint,
    network::{Network, Simulation},
    stats::Stats,
};

/// One command, as JSON: `{"mine": 3}`, `"stats"`, `{"reorg": {"depth": 2, "blocks": 3}}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Command<S, P> {
    /// Adds blocks of generated traffic.
    Mine(u64),
    /// Adds one block with these transactions.
    MineWith(Vec<S>),
    /// Replaces the last blocks by others.
    Reorg { depth: u64, blocks: u64 },
    /// Takes back the last blocks.
    Rollback(u64),
    /// Mines a block again and again; 0 stops that.
    AutoMine { every_millis: u64 },
    /// Changes how this endpoint misbehaves.
    Faults(P),
    /// Opens another endpoint; answers its URL.
    Replica(P),
    /// What was asked of this endpoint.
    Stats,
    /// Counts from zero again.
    ResetStats,
}

/// Answers the head's number and hash, or what was asked for. A text that is no command is a question to the chain.
pub(crate) async fn handle<C: Simulation>(State(endpoint): State<Arc<Endpoint<C>>>, body: Bytes) -> Response {
    if let Ok(question) = serde_json::from_slice::<String>(&body)
        && let Some(answer) = endpoint.network.chain.read().ask(&question)
    {
        return axum::Json(answer).into_response();
    }
    match serde_json::from_slice(&body) {
        Ok(command) => match run(&endpoint, command).await {
            Ok(answer) => axum::Json(answer).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        },
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

async fn run<C: Simulation>(
    endpoint: &Endpoint<C>,
    command: Command<C::Spec, C::Plan>,
) -> std::io::Result<Value> {
    let network: &Arc<Network<C>> = &endpoint.network;
    match command {
        Command::Mine(count) => network.change(|chain| chain.mine(count)),
        Command::MineWith(specs) => network.change(|chain| chain.mine_with(specs)),
        Command::Reorg { depth, blocks } => network.change(|chain| chain.reorg(depth, blocks)),
        Command::Rollback(depth) => network.change(|chain| chain.rollback(depth)),
        Command::AutoMine { every_millis } => network.auto_mine(Duration::from_millis(every_millis)),
        Command::Faults(plan) => endpoint.port.dice.lock().replace(plan),
        Command::ResetStats => *endpoint.port.stats.lock() = Stats::default(),
        Command::Replica(plan) => {
            let seed = network.chain.read().seed();
            return Ok(json!(Endpoint::open(network.clone(), 0, seed, plan).await?.http_url()));
        }
        Command::Stats => return Ok(json!(*endpoint.port.stats.lock())),
    }
    Ok(network.chain.read().summary())
}

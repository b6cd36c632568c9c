//! `POST /devnet`: commands for tests and tools in another process.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    devnet,
    fault::FaultPlan,
    replica::{Endpoint, Replica},
    spec::TxSpec,
    stats::Stats,
};

/// One command, as JSON: `{"mine": 3}`, `"stats"`, `{"reorg": {"depth": 2, "blocks": 3}}`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Command {
    /// Adds blocks of generated traffic.
    Mine(u64),
    /// Adds one block with these transactions.
    MineWith(Vec<TxSpec>),
    /// Replaces the last blocks by others.
    Reorg { depth: u64, blocks: u64 },
    /// Takes back the last blocks.
    Rollback(u64),
    /// Mines a block again and again; 0 stops that.
    AutoMine { every_millis: u64 },
    /// Changes how this endpoint misbehaves.
    Faults(FaultPlan),
    /// Opens another endpoint; answers its URL.
    Replica(FaultPlan),
    /// What was asked of this endpoint.
    Stats,
    /// Counts from zero again.
    ResetStats,
    /// Who takes part in generated traffic.
    Cast,
    /// All logs of the chain.
    Logs,
    /// All blocks of the chain.
    Blocks,
}

/// Answers the head's number and hash, or what was asked for.
pub(crate) async fn handle(State(endpoint): State<Arc<Endpoint>>, body: Bytes) -> Response {
    match serde_json::from_slice(&body) {
        Ok(command) => match run(&endpoint, command).await {
            Ok(answer) => axum::Json(answer).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        },
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

async fn run(endpoint: &Endpoint, command: Command) -> std::io::Result<Value> {
    let network = &endpoint.network;
    match command {
        Command::Mine(count) => network.change(|chain| chain.mine(count)),
        Command::MineWith(specs) => network.change(|chain| chain.mine_with(specs)),
        Command::Reorg { depth, blocks } => network.change(|chain| chain.reorg(depth, blocks)),
        Command::Rollback(depth) => network.change(|chain| chain.rollback(depth)),
        Command::AutoMine { every_millis } => network.auto_mine(Duration::from_millis(every_millis)),
        Command::Faults(plan) => endpoint.dice.lock().replace(plan),
        Command::ResetStats => *endpoint.stats.lock() = Stats::default(),
        Command::Replica(plan) => {
            let seed = network.chain.read().config().seed;
            return Ok(json!(Replica::start(network.clone(), 0, seed, plan).await?.http_url()));
        }
        Command::Stats => return Ok(json!(*endpoint.stats.lock())),
        Command::Logs => return Ok(json!(devnet::canonical_logs(&network.chain.read()))),
        Command::Blocks => return Ok(json!(devnet::canonical_blocks(&network.chain.read()))),
        Command::Cast => {
            let chain = network.chain.read();
            let cast = chain.cast();
            return Ok(json!({
                "accounts": cast.accounts,
                "tokens": cast.tokens,
                "nfts": cast.nfts,
                "multi_tokens": cast.multi_tokens,
            }));
        }
    }
    let chain = network.chain.read();
    Ok(json!({ "head": chain.head(), "hash": chain.hash_at(chain.head()) }))
}

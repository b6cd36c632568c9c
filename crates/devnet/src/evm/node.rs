//! The chain as a simulated network: what commands do to it, and how its nodes speak.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    chain::{Chain, Change},
    oracle,
    plan::FaultPlan,
    socket::Subscriptions,
    spec::TxSpec,
};
use crate::{
    connection::WireListener,
    endpoint::Endpoint,
    network::Simulation,
    rpc::{self, Call, Limits, Manners, Node, RpcError},
};

/// Geth's own limit.
const MAX_BODY_BYTES: usize = 5 * 1024 * 1024;

impl Simulation for Chain {
    type Plan = FaultPlan;
    type Spec = TxSpec;
    type Change = Change;

    fn seed(&self) -> u64 {
        self.config().seed
    }

    fn mine(&mut self, count: u64) -> Change {
        Chain::mine(self, count)
    }

    fn mine_with(&mut self, specs: Vec<TxSpec>) -> Change {
        Chain::mine_with(self, specs)
    }

    fn reorg(&mut self, depth: u64, new_len: u64) -> Change {
        Chain::reorg(self, depth, new_len)
    }

    fn rollback(&mut self, depth: u64) -> Change {
        Chain::rollback(self, depth)
    }

    fn summary(&self) -> Value {
        json!({ "head": self.head(), "hash": self.hash_at(self.head()) })
    }

    fn ask(&self, question: &str) -> Option<Value> {
        let cast = self.cast();
        Some(match question {
            "logs" => json!(oracle::canonical_logs(self)),
            "blocks" => json!(oracle::canonical_blocks(self)),
            "cast" => json!({
                "accounts": cast.accounts,
                "tokens": cast.tokens,
                "nfts": cast.nfts,
                "multi_tokens": cast.multi_tokens,
            }),
            _ => return None,
        })
    }

    fn serve(listener: WireListener, endpoint: Arc<Endpoint<Self>>) -> BoxFuture<'static, ()> {
        rpc::serve(listener, endpoint)
    }
}

impl Node for Chain {
    const MANNERS: Manners = Manners {
        id_first: true,
        parse_error: "parse error",
        invalid_request: "invalid request",
        empty_batch: "empty batch",
        batch_too_large: "batch too large",
    };

    type Session = Subscriptions;

    fn limits(&self) -> Limits {
        Limits { max_batch: self.config().max_batch, max_body_bytes: MAX_BODY_BYTES }
    }

    fn answer(endpoint: &Endpoint<Self>, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), RpcError> {
        endpoint.answer(call, out)
    }
}

//! The chain as a simulated network: what commands do to it, and how its nodes speak.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    answer,
    chain::{Chain, Change},
    demo, oracle,
    socket::Subscriptions,
    spec::TxSpec,
};
use crate::{
    connection::WireListener,
    endpoint::Endpoint,
    fault::FaultPlan,
    network::Simulation,
    rpc::{self, Call, Limits, Manners, Node, RpcError},
};

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
        json!({ "head": self.head(), "hash": self.block(self.head()).map(|block| block.hash) })
    }

    fn ask(&self, question: &str) -> Option<Value> {
        let cast = &self.producer().cast;
        Some(match question {
            "events" => json!(oracle::canonical_events(self)),
            "blocks" => json!(oracle::canonical_blocks(self)),
            "idl" => demo::idl(&cast.programs[0]),
            "cast" => json!({
                "accounts": cast.accounts,
                "programs": cast.programs,
                "router": cast.router,
                "mints": cast.mints.iter().map(|mint| mint.address).collect::<Vec<_>>(),
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
        id_first: false,
        parse_error: "Parse error",
        invalid_request: "Invalid request",
        empty_batch: "Invalid request",
        batch_too_large: "Batch too large",
    };

    type Session = Subscriptions;

    fn limits(&self) -> Limits {
        Limits { max_batch: self.config().max_batch, max_body_bytes: self.config().max_body_bytes }
    }

    fn answer(endpoint: &Endpoint<Self>, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), RpcError> {
        answer::answer(endpoint, call, out)
    }
}

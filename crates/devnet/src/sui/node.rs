//! The chain as a simulated network: what commands do to it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    chain::{Chain, Change},
    oracle, server,
    spec::TxSpec,
};
use crate::{connection::WireListener, endpoint::Endpoint, fault::FaultPlan, network::Simulation};

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
        Chain::mine_with(self, &specs)
    }

    /// Checkpoints are final.
    fn reorg(&mut self, _depth: u64, _new_len: u64) -> Change {
        Vec::new()
    }

    /// Checkpoints are final.
    fn rollback(&mut self, _depth: u64) -> Change {
        Vec::new()
    }

    fn summary(&self) -> Value {
        let digest = self.checkpoint(self.head()).map(|checkpoint| checkpoint.digest.to_base58());
        json!({ "head": self.head(), "hash": digest })
    }

    fn ask(&self, question: &str) -> Option<Value> {
        Some(match question {
            "events" => json!(oracle::canonical_events(self)),
            "checkpoints" => json!(oracle::canonical_checkpoints(self)),
            "cast" => json!({
                "accounts": self.cast().accounts,
                "package": self.cast().package,
                "upgraded_package": self.cast().upgraded,
            }),
            _ => return None,
        })
    }

    fn serve(listener: WireListener, endpoint: Arc<Endpoint<Self>>) -> BoxFuture<'static, ()> {
        server::serve(listener, endpoint)
    }
}

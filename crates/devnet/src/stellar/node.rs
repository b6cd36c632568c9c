//! The chain as a simulated network: what commands do to it, and how its nodes speak.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{
    answer,
    chain::Chain,
    demo,
    oracle::{self, Of},
    party::Party,
    session::Nothing,
    spec::{Token, TxSpec},
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
    type Change = ();

    fn seed(&self) -> u64 {
        self.config().seed
    }

    fn mine(&mut self, count: u64) {
        Chain::mine(self, count);
    }

    fn mine_with(&mut self, specs: Vec<TxSpec>) {
        Chain::mine_with(self, &specs);
    }

    /// A closed ledger is final: nothing happens.
    fn reorg(&mut self, _: u64, _: u64) {}

    /// A closed ledger is final: nothing happens.
    fn rollback(&mut self, _: u64) {}

    fn summary(&self) -> Value {
        let hash = self.ledger(self.head()).map(|ledger| const_hex::encode(ledger.hash));
        json!({ "head": self.head(), "hash": hash })
    }

    fn ask(&self, question: &str) -> Option<Value> {
        let cast = self.cast();
        let contract = |id: &[u8; 32]| Party::Contract(*id);
        let tokens = [Token::Issued, Token::Native].map(|token| contract(&cast.contract_of(token)));
        Some(match question {
            "events" => json!(oracle::events(self, Of::Operations)),
            "fees" => json!(oracle::events(self, Of::Fees)),
            "ledgers" => json!(oracle::ledgers(self)),
            "spec" => json!(demo::SPEC),
            "cast" => json!({
                "passphrase": self.config().passphrase,
                "accounts": cast.accounts,
                "issuer": cast.issuer,
                "tokens": tokens,
                "contracts": cast.contracts.iter().map(contract).collect::<Vec<_>>(),
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
        parse_error: "invalid request value",
        invalid_request: "invalid request value",
        empty_batch: "empty request batch",
        batch_too_large: "request batch is too large",
    };

    type Session = Nothing;

    fn limits(&self) -> Limits {
        Limits { max_batch: self.config().max_batch, max_body_bytes: self.config().max_body_bytes }
    }

    fn answer(endpoint: &Endpoint<Self>, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), RpcError> {
        answer::answer(endpoint, call, out)
    }
}

//! Finds the block of a transaction.

use std::sync::atomic::Ordering;

use chainbell_model::{ChainError, Height, TxId};
use chainbell_rpc::EndpointId;
use serde::Deserialize;
use serde_json::json;

use super::{
    SolanaChain,
    ask::{Question, Told, malformed},
    level::Level,
    patience::Trouble,
};
use crate::address;

#[derive(Deserialize)]
struct Placed {
    slot: u64,
}

impl SolanaChain {
    /// The slot of the transaction. A first answer that there is none is put to another endpoint.
    pub(super) async fn height_of(&self, transaction: &TxId) -> Result<Option<Height>, ChainError> {
        if transaction.len() != 64 {
            return Ok(None);
        }
        let first = self.patiently(Height(0), |avoid| self.place(transaction, avoid)).await?;
        if first.value.is_some() || self.pool.len() < 2 {
            return Ok(first.value);
        }
        let avoid_first = |avoid: Option<EndpointId>| self.place(transaction, avoid.or(Some(first.endpoint)));
        Ok(self.patiently(Height(0), avoid_first).await?.value)
    }

    async fn place(
        &self,
        transaction: &TxId,
        avoid: Option<EndpointId>,
    ) -> Result<Told<Option<Height>>, Trouble> {
        let reply = self.ask(self.transaction_question(transaction), avoid).await?;
        let placed: Option<Placed> = reply.parse().map_err(|error| malformed(&reply, &error))?;
        Ok(Told { value: placed.map(|placed| Height(placed.slot)), endpoint: reply.endpoint })
    }

    /// The question for a transaction.
    pub(super) fn transaction_question(&self, transaction: &TxId) -> Question {
        let mut text = String::new();
        address::push_text(transaction, &mut text);
        let params = json!([text, {
            "commitment": Level::Confirmed.word(),
            "encoding": self.encoding(),
            "maxSupportedTransactionVersion": self.version.load(Ordering::Relaxed),
        }]);
        Question::light("getTransaction", params)
    }
}

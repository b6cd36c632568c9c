//! Finds the ledger of a transaction.

use chainbell_model::{ChainError, Height, HeightRange, TxId};
use chainbell_rpc::EndpointId;
use serde_json::json;

use super::{
    StellarChain,
    ask::{Question, Told, Weight},
    patience::Trouble,
};
use crate::wire::TransactionAnswer;

impl StellarChain {
    /// The height of the transaction's ledger. A first answer that there is none is put to another endpoint, which may keep
    /// more.
    pub(super) async fn height_of(&self, transaction: &TxId) -> Result<Option<Height>, ChainError> {
        if transaction.len() != 32 {
            return Ok(None);
        }
        let first = self.transaction_answer(transaction, None).await?;
        let ledger = match first.value.ledger {
            None if self.pool.len() > 1 => {
                self.transaction_answer(transaction, Some(first.endpoint)).await?.value.ledger
            }
            ledger => ledger,
        };
        Ok(ledger.map(|ledger| Height(u64::from(ledger))))
    }

    async fn transaction_answer(
        &self,
        transaction: &TxId,
        avoid: Option<EndpointId>,
    ) -> Result<Told<TransactionAnswer>, ChainError> {
        let nowhere = HeightRange { from: Height(0), to: Height(0) };
        self.patiently(nowhere, avoid, |avoid| self.transaction_answer_once(transaction, avoid)).await
    }

    async fn transaction_answer_once(
        &self,
        transaction: &TxId,
        avoid: Option<EndpointId>,
    ) -> Result<Told<TransactionAnswer>, Trouble> {
        let params = json!({ "hash": const_hex::encode(&**transaction) });
        let question = Question { method: "getTransaction", params, weight: Weight::Light };
        let reply = self.ask(&question, avoid).await?;
        self.read(reply, TransactionAnswer::read).await
    }
}

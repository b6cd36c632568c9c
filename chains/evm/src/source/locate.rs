//! Finds the block of a transaction.

use chainbell_model::{ChainError, Height, HeightRange, TxId};
use chainbell_rpc::EndpointId;
use serde_json::json;

use super::{
    EvmChain,
    ask::{Question, Told, Weight},
    patience::Trouble,
};
use crate::wire::WireReceipt;

impl EvmChain {
    /// The height of the transaction's block. A first answer that there is none is put to another endpoint.
    pub(super) async fn height_of(&self, transaction: &TxId) -> Result<Option<Height>, ChainError> {
        if transaction.len() != 32 {
            return Ok(None);
        }
        let first = self.receipt(transaction, None).await?;
        if let Some(receipt) = &first.value {
            return Ok(receipt.block_number.map(Height));
        }
        let second = self.receipt(transaction, Some(first.endpoint)).await?;
        Ok(second.value.and_then(|receipt| receipt.block_number).map(Height))
    }

    async fn receipt(
        &self,
        transaction: &TxId,
        avoid: Option<EndpointId>,
    ) -> Result<Told<Option<WireReceipt>>, ChainError> {
        let nowhere = HeightRange { from: Height(0), to: Height(0) };
        self.patiently(nowhere, avoid, |avoid| self.receipt_once(transaction, avoid)).await
    }

    async fn receipt_once(
        &self,
        transaction: &TxId,
        avoid: Option<EndpointId>,
    ) -> Result<Told<Option<WireReceipt>>, Trouble> {
        let params = json!([const_hex::encode_prefixed(&**transaction)]);
        let question = Question { method: "eth_getTransactionReceipt", params, weight: Weight::Light };
        let reply = self.ask(question, avoid).await?;
        if reply.is_null() {
            return Ok(Told { value: None, endpoint: reply.endpoint });
        }
        let told = self.parse_present::<WireReceipt>(reply).await?;
        Ok(Told { value: Some(told.value), endpoint: told.endpoint })
    }
}

//! Checks that the endpoints belong to the configured network.

use chainbell_model::{ChainError, Height, HeightRange};
use chainbell_rpc::EndpointId;
use serde_json::json;

use super::{
    EvmChain,
    ask::{Question, Told, Weight},
    patience::Trouble,
};
use crate::wire::Quantity;

impl EvmChain {
    /// The network's name of itself: `eip155:` and its chain id (CAIP-2).
    pub(super) async fn read_identity(&self) -> Result<String, ChainError> {
        let mut expected = self.config.chain_id;
        let mut asked: Option<EndpointId> = None;
        for round in 0..self.pool.len() {
            let told = match self.chain_id(asked).await {
                Ok(told) => told,
                // One endpoint has answered; that another is down now is no reason to stop.
                Err(_) if round > 0 => break,
                Err(error) => return Err(error),
            };
            let id = told.value.0;
            match expected {
                Some(expected) if expected != id => {
                    self.pool.report_bad_answer(told.endpoint, "it belongs to another network");
                    return Err(ChainError::Misconfigured(format!(
                        "an endpoint reports chain id {id}, expected is {expected}"
                    )));
                }
                _ => expected = Some(id),
            }
            if asked == Some(told.endpoint) {
                break;
            }
            asked = Some(told.endpoint);
        }
        expected
            .map(|id| format!("eip155:{id}"))
            .ok_or_else(|| ChainError::Misconfigured("no endpoint".into()))
    }

    async fn chain_id(&self, avoid: Option<EndpointId>) -> Result<Told<Quantity>, ChainError> {
        let nowhere = HeightRange { from: Height(0), to: Height(0) };
        self.patiently(nowhere, avoid, |avoid| self.chain_id_once(avoid)).await
    }

    async fn chain_id_once(&self, avoid: Option<EndpointId>) -> Result<Told<Quantity>, Trouble> {
        let question = Question { method: "eth_chainId", params: json!([]), weight: Weight::Light };
        self.parse_present::<Quantity>(self.ask(question, avoid).await?).await
    }
}

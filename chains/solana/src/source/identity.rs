//! Checks that the endpoints belong to the configured network.

use chainbell_model::ChainError;
use chainbell_rpc::{Call, EndpointId, RpcError};
use serde_json::json;

use super::{SolanaChain, patience::unavailable};
use crate::wire::base58;

/// So many characters of the genesis hash name a network (CAIP-2, namespace `solana`).
const NAME_LEN: usize = 32;

impl SolanaChain {
    /// The network's name of itself: `solana:` and the beginning of its genesis hash (CAIP-2). Every endpoint that answers
    /// must tell the same.
    pub(super) async fn read_identity(&self) -> Result<String, ChainError> {
        let mut expected = self.config.genesis.clone();
        let mut answered = false;
        let mut last = unavailable("no endpoint");
        for endpoint in self.pool.endpoints() {
            match self.genesis_of(endpoint).await {
                Ok(genesis) => {
                    answered = true;
                    if expected.as_ref().is_some_and(|expected| *expected != genesis) {
                        self.pool.report_bad_answer(endpoint, "it belongs to another network");
                        return Err(ChainError::Misconfigured(format!(
                            "an endpoint reports genesis hash {genesis}, expected is {}",
                            expected.unwrap_or_default()
                        )));
                    }
                    expected = Some(genesis);
                }
                Err(error) => last = error,
            }
        }
        match expected {
            Some(genesis) if answered => Ok(format!("solana:{}", &genesis[..genesis.len().min(NAME_LEN)])),
            _ => Err(last),
        }
    }

    async fn genesis_of(&self, endpoint: EndpointId) -> Result<String, ChainError> {
        let params = json!([]);
        let call = Call::new("getGenesisHash", &params);
        let reply = self.pool.call_on(endpoint, &call).await.map_err(failed)?;
        let genesis: &str = reply.parse().map_err(failed)?;
        match base58::key(genesis) {
            Some(_) => Ok(genesis.to_owned()),
            None => Err(unavailable("the genesis hash is not 32 bytes in base58")),
        }
    }
}

fn failed(error: RpcError) -> ChainError {
    match error {
        RpcError::Misconfigured { endpoint, reason } => {
            ChainError::Misconfigured(format!("{endpoint}: {reason}"))
        }
        RpcError::Unavailable { reason, retry_after } => ChainError::Unavailable { reason, retry_after },
        other => unavailable(&other.to_string()),
    }
}

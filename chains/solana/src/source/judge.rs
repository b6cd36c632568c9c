//! Makes sure, before a network is stopped, that no endpoint could have answered; and says what is missing for good.

use chainbell_model::{ChainError, Height};
use chainbell_rpc::{Call, EndpointId, RpcError};
use serde_json::json;

use super::{
    SolanaChain,
    patience::{NO_HISTORY, unavailable},
    refusal::{Refusal, read_refusal},
};

/// No transaction has this signature.
const NO_SIGNATURE: [u8; 64] = [0; 64];

impl SolanaChain {
    /// The error of reading at or above `height`, when all endpoints were asked what they keep: blocks that are missing may
    /// be gone, and an endpoint that keeps them may only be out of reach for now.
    pub(super) async fn judged(&self, error: ChainError, height: Height) -> ChainError {
        match error {
            ChainError::Pruned { height, .. } => match self.kept_from().await {
                Ok(first) if first > height => ChainError::Pruned { height, first: Some(first) },
                Ok(_) => unavailable(&format!("the endpoint that keeps block {height} does not tell it")),
                Err(reason) => unavailable(&reason),
            },
            ChainError::Inconsistent { .. } => match self.kept_from().await {
                Ok(first) if first > height => ChainError::Pruned { height, first: Some(first) },
                _ => error,
            },
            ChainError::Misconfigured(ref reason) if reason == NO_HISTORY => match self.any_history().await {
                Ok(()) => unavailable("the endpoint that keeps transactions does not tell them"),
                Err(error) => error,
            },
            error => error,
        }
    }

    /// The first slot whose block any endpoint keeps. The error tells of one that does not answer.
    async fn kept_from(&self) -> Result<Height, String> {
        let mut first = u64::MAX;
        for endpoint in self.pool.endpoints() {
            let params = json!([]);
            let reply = self.pool.call_on(endpoint, &Call::new("getFirstAvailableBlock", &params)).await;
            let kept = match reply.and_then(|reply| reply.parse::<u64>()) {
                Ok(kept) => kept,
                Err(RpcError::MethodMissing { .. }) => continue,
                Err(error) => return Err(format!("an endpoint does not tell what it keeps: {error}")),
            };
            first = first.min(kept);
        }
        if first == u64::MAX { Err("no endpoint tells what it keeps".to_owned()) } else { Ok(Height(first)) }
    }

    /// Whether some endpoint keeps transactions.
    async fn any_history(&self) -> Result<(), ChainError> {
        for endpoint in self.pool.endpoints() {
            match self.keeps_history(endpoint).await {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => {
                    return Err(unavailable(&format!("an endpoint does not tell what it keeps: {error}")));
                }
            }
        }
        Err(ChainError::Misconfigured(NO_HISTORY.to_owned()))
    }

    async fn keeps_history(&self, endpoint: EndpointId) -> Result<bool, RpcError> {
        let mut text = String::new();
        crate::address::push_text(&NO_SIGNATURE, &mut text);
        let params = json!([text, {"commitment": "confirmed", "encoding": self.encoding()}]);
        match self.pool.call_on(endpoint, &Call::new("getTransaction", &params)).await {
            Ok(_) => Ok(true),
            Err(RpcError::Node { code, message }) if read_refusal(code, &message) == Refusal::NoHistory => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

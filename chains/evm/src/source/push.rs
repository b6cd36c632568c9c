//! Wakes the reader when a WebSocket announces a new head, and in any case after the polling interval.

use std::time::Duration;

use chainbell_model::ChainError;
use chainbell_rpc::{Subscription, SubscriptionConfig};
use serde_json::json;
use url::Url;

/// Where new heads are announced, if anywhere.
#[derive(Debug)]
pub(super) struct Push(Option<Subscription>);

impl Push {
    /// Begins to listen.
    pub(super) fn new(ws: Option<&Url>) -> Result<Self, ChainError> {
        let Some(url) = ws else { return Ok(Self(None)) };
        let config = SubscriptionConfig {
            // An announcement only says that it is time to look: one waiting is as good as many.
            buffer: 1,
            ..SubscriptionConfig::new(url.clone(), "eth_subscribe", json!(["newHeads"]))
        };
        let subscription =
            Subscription::start(config).map_err(|error| ChainError::Misconfigured(error.to_string()))?;
        Ok(Self(Some(subscription)))
    }

    /// Returns at the next announcement, at the latest after `interval`.
    pub(super) async fn changed(&self, interval: Duration) {
        let Some(subscription) = &self.0 else { return tokio::time::sleep(interval).await };
        // Polling stays the floor: a socket may be open and silent, or announce another fork than the endpoints follow.
        let _ = tokio::time::timeout(interval, subscription.next()).await;
    }
}

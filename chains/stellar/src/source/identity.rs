//! Checks that the endpoints belong to the configured network.

use std::sync::Arc;

use chainbell_model::{ChainError, Height, HeightRange};
use chainbell_rpc::EndpointId;
use serde_json::json;

use super::{
    StellarChain,
    ask::{Question, Told, Weight},
    patience::Trouble,
};
use crate::{assemble::Network, wire::NetworkAnswer};

/// Movements of assets are events from this protocol on (CAP-67).
const UNIFIED_EVENTS: u64 = 23;

/// What is known of the network.
#[derive(Debug)]
pub(super) struct Known {
    network: Arc<Network>,
    protocol: Option<u64>,
}

impl Known {
    /// Payments of assets are not told as events.
    pub(super) fn lacks_unified_events(&self) -> bool {
        self.protocol.is_some_and(|protocol| protocol < UNIFIED_EVENTS)
    }
}

impl StellarChain {
    /// The network's name of itself: its passphrase.
    pub(super) async fn read_identity(&self) -> Result<String, ChainError> {
        let mut expected = self.config.passphrase.clone();
        let mut asked: Option<EndpointId> = None;
        for round in 0..self.pool.len() {
            let told = match self.network_answer(asked).await {
                Ok(told) => told,
                // One endpoint has answered; that another is down now is no reason to stop.
                Err(_) if round > 0 => break,
                Err(error) => return Err(error),
            };
            let NetworkAnswer { passphrase, protocol_version } = told.value;
            match &expected {
                Some(expected) if *expected != passphrase => {
                    self.pool.report_bad_answer(told.endpoint, "it belongs to another network");
                    return Err(ChainError::Misconfigured(format!(
                        "an endpoint reports the passphrase {:?}, expected is {expected:?}",
                        shortened(&passphrase)
                    )));
                }
                _ => expected = Some(passphrase),
            }
            if let Some(passphrase) = &expected {
                self.know(passphrase, protocol_version.map(|version| version.0));
            }
            if asked == Some(told.endpoint) {
                break;
            }
            asked = Some(told.endpoint);
        }
        expected.ok_or_else(|| ChainError::Misconfigured("no endpoint".into()))
    }

    /// What follows from the passphrase, asked for once.
    pub(super) async fn network(&self) -> Result<Arc<Network>, ChainError> {
        if self.known.get().is_none() {
            self.read_identity().await?;
        }
        let known = self.known.get();
        known
            .map(|known| known.network.clone())
            .ok_or_else(|| ChainError::Misconfigured("no endpoint".into()))
    }

    fn know(&self, passphrase: &str, protocol: Option<u64>) {
        self.known.get_or_init(|| Known { network: Arc::new(Network::new(passphrase)), protocol });
    }

    async fn network_answer(&self, avoid: Option<EndpointId>) -> Result<Told<NetworkAnswer>, ChainError> {
        let nowhere = HeightRange { from: Height(0), to: Height(0) };
        self.patiently(nowhere, avoid, |avoid| self.network_answer_once(avoid)).await
    }

    async fn network_answer_once(&self, avoid: Option<EndpointId>) -> Result<Told<NetworkAnswer>, Trouble> {
        let question = Question { method: "getNetwork", params: json!({}), weight: Weight::Light };
        let reply = self.ask(&question, avoid).await?;
        self.read(reply, NetworkAnswer::read).await
    }
}

fn shortened(passphrase: &str) -> String {
    passphrase.chars().take(100).collect()
}

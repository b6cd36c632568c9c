//! Checks that the endpoints belong to the configured network.

use chainbell_model::ChainError;
use chainbell_rpc::EndpointId;

use super::{SuiChain, tip::no_tip};
use crate::digest;

impl SuiChain {
    /// The network's name of itself: `sui:` and the digest of its first checkpoint.
    pub(super) async fn read_identity(&self) -> Result<String, ChainError> {
        let mut network: Option<String> = None;
        let mut asked: Option<EndpointId> = None;
        for round in 0..self.ask.0.len() {
            let told = match self.ask.service_info(asked).await {
                Ok(told) => told,
                // One endpoint has answered; that another is down now is no reason to stop.
                Err(_) if round > 0 => break,
                Err(trouble) => return Err(no_tip(trouble)),
            };
            let id = told.value.chain_id.unwrap_or_default();
            let expected = network.as_deref().or(self.config.chain_id.as_deref());
            if expected.is_some_and(|expected| !names(expected, &id)) || digest::parse(&id).is_none() {
                self.ask.0.report_bad_answer(told.endpoint, "it belongs to another network");
                let expected =
                    expected.map(|expected| format!(", expected is {expected}")).unwrap_or_default();
                let shown: String = id.chars().take(64).collect();
                return Err(ChainError::Misconfigured(format!(
                    "an endpoint reports chain id {shown:?}{expected}"
                )));
            }
            network = Some(id);
            if asked == Some(told.endpoint) {
                break;
            }
            asked = Some(told.endpoint);
        }
        network.map(|id| format!("sui:{id}")).ok_or_else(|| ChainError::Misconfigured("no endpoint".into()))
    }
}

/// Whether `written` is the chain id itself or its first four bytes in hexadecimal, as the older interface tells it.
fn names(written: &str, id: &str) -> bool {
    let short = |digest: [u8; 32]| const_hex::encode(&digest[..4]);
    let hex = written.strip_prefix("0x").unwrap_or(written).to_ascii_lowercase();
    written == id || digest::parse(id).is_some_and(|digest| short(digest) == hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_named_by_its_whole_or_its_short_id() {
        let mainnet = "4btiuiMPvEENsttpZC7CZ53DruC3MAgfznDbASZ7DR6S";
        for written in [mainnet, "35834a8a", "0x35834A8A"] {
            assert!(names(written, mainnet), "{written}");
        }
        assert!(!names("4c78adac", mainnet) && !names("", mainnet) && !names("35834a8a", "nonsense"));
    }
}

//! Finds out why none of the endpoints has a checkpoint, and which of them tells of more than it has.

use chainbell_model::{ChainError, Height};
use chainbell_rpc::EndpointId;
use sui_rpc::proto::sui::rpc::v2::GetServiceInfoResponse;

use super::{SuiChain, ask::Trouble, one::inconsistent};

/// A node that tells of a head so far above a checkpoint has that checkpoint, if the head is true.
const MUST_HAVE: u64 = 20;
/// Nodes differ by no more. From so far below the head on, checkpoints are worth being pushed.
pub(super) const NEAR_THE_TIP: u64 = 2_000;

impl SuiChain {
    /// Why none of the endpoints has the checkpoint.
    pub(super) async fn why_absent(&self, height: u64) -> ChainError {
        let asked = self.ask.0.endpoints().map(async |endpoint| {
            Some(Standing::of(endpoint, self.ask.service_info_of(endpoint).await.ok()?))
        });
        let told = futures_util::future::join_all(asked).await;
        let told: Vec<Standing> = told.into_iter().flatten().collect();
        if self.is_there_after_all(height, &told).await {
            return inconsistent(height, "a node said that it has none, and has it".to_owned());
        }
        let head = told.iter().filter_map(|standing| standing.head).max();
        let lowest = told.iter().map(|standing| standing.lowest).min();
        match (head, lowest) {
            (Some(_), Some(lowest)) if height < lowest => {
                ChainError::Pruned { height: Height(height), first: Some(Height(lowest)) }
            }
            // One of several nodes behind one address may be behind the others.
            (Some(head), _) if height.saturating_add(NEAR_THE_TIP) > head => {
                ChainError::NotYet(Height(height))
            }
            (Some(head), _) => {
                inconsistent(height, format!("the nodes do not have it, though their head is {head}"))
            }
            (None, _) => ChainError::Unavailable {
                reason: "the nodes do not tell their head".to_owned(),
                retry_after: None,
            },
        }
    }

    /// Asks each that tells of it once more. Blames those that tell of more than they have: an invented head would shut
    /// out all others, which seem to lag.
    async fn is_there_after_all(&self, height: u64, told: &[Standing]) -> bool {
        for standing in told.iter().filter(|standing| standing.tells_of(height)) {
            match self.ask.has(standing.endpoint, height).await {
                Ok(()) => return true,
                Err(Trouble::Absent) if standing.tells_of(height.saturating_add(MUST_HAVE)) => {
                    let reason = format!("it tells of a later head, but does not have checkpoint {height}");
                    self.ask.0.report_bad_answer(standing.endpoint, &reason);
                }
                Err(_) => {}
            }
        }
        if let Some(head) = told.iter().filter_map(|standing| standing.head).max() {
            self.feed.doubt(head.saturating_add(NEAR_THE_TIP));
        }
        false
    }
}

/// What an endpoint tells of itself.
struct Standing {
    endpoint: EndpointId,
    head: Option<u64>,
    lowest: u64,
}

impl Standing {
    fn of(endpoint: EndpointId, info: GetServiceInfoResponse) -> Self {
        let lowest = info.lowest_available_checkpoint.unwrap_or_default();
        Self { endpoint, head: info.checkpoint_height, lowest }
    }

    fn tells_of(&self, height: u64) -> bool {
        self.lowest <= height && self.head.is_some_and(|head| head >= height)
    }
}

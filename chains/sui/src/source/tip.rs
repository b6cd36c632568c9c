//! Reads the head of the network. A checkpoint is certified before it is told: what is there is final.

use std::sync::atomic::Ordering;

use chainbell_model::{BlockId, BlockRef, ChainError, Height, Tip};

use super::{SuiChain, ask::Trouble, needs::Needs, one::no_ledger};
use crate::{
    assemble,
    proof::{self, Depth},
};

/// A pushed head older than this many polling intervals is not relied on.
const FRESH_INTERVALS: u32 = 3;

impl SuiChain {
    pub(super) async fn read_tip(&self) -> Result<Tip, ChainError> {
        if let Some(head) = self.feed.head(self.config.poll_interval * FRESH_INTERVALS) {
            return Ok(self.tip_at(head.height, Some(head.id)));
        }
        let info = self.ask.service_info(None).await.map_err(no_tip)?;
        let told = info.value.checkpoint_height.ok_or_else(|| no_tip(lacking("its height")))?;
        // What was pushed is there, whatever a node says that is behind.
        let head = self.feed.last_height().map_or(told, |pushed| pushed.0.max(told));
        Ok(self.tip_at(Height(head), None))
    }

    fn tip_at(&self, head: Height, head_id: Option<BlockId>) -> Tip {
        self.head.store(head.0, Ordering::Relaxed);
        Tip { head, head_id, confirmed: head, finalized: head }
    }

    /// The last head told.
    pub(super) fn known_head(&self) -> Option<u64> {
        Some(self.head.load(Ordering::Relaxed)).filter(|head| *head > 0)
    }

    pub(super) async fn reference_at(&self, height: Height) -> Result<(BlockRef, BlockId), ChainError> {
        if let Some(known) = self.recent.get(height) {
            return Ok(known);
        }
        let reply = match self.ask.checkpoint(height.0, &Needs::frame(), None).await {
            Ok(reply) => reply,
            Err(Trouble::Absent) => return Err(self.why_absent(height.0).await),
            Err(trouble) => {
                self.ask.report(&trouble);
                return Err(no_tip(trouble));
            }
        };
        let proven = proof::prove(&reply.value, Depth::Summary);
        let (reference, parent) =
            proven.and_then(|()| assemble::reference(&reply.value)).map_err(|error| {
                self.ask.0.report_bad_answer(reply.endpoint, &error.to_string());
                ChainError::Inconsistent { height, reason: error.to_string() }
            })?;
        self.recent.note(std::iter::once((reference, parent)));
        Ok((reference, parent))
    }
}

fn lacking(what: &str) -> Trouble {
    Trouble::Bad { endpoint: None, reason: format!("the node does not tell {what}") }
}

/// The error of a request that is not about a range.
pub(super) fn no_tip(trouble: Trouble) -> ChainError {
    match trouble {
        Trouble::Chain(error) => error,
        Trouble::MethodMissing => no_ledger(),
        Trouble::Absent => {
            ChainError::Unavailable { reason: "the nodes have none".to_owned(), retry_after: None }
        }
        Trouble::Refused(reason) | Trouble::Bad { reason, .. } => {
            ChainError::Unavailable { reason, retry_after: None }
        }
    }
}

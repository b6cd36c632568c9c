//! Reads the heads of the network.

use std::sync::atomic::Ordering;

use chainbell_model::{ChainError, Height, Tip};
use chainbell_rpc::{EndpointId, Reply};
use serde_json::json;

use super::{
    SolanaChain,
    ask::{Question, Told, malformed},
    header::Header,
    level::Level,
    patience::{Trouble, unavailable},
    refusal::{Refusal, read_refusal},
};

/// How far below the told head a block is looked for that is really served.
const STEP_BACK: u64 = 32;
/// How many of the blocks there are asked for.
const CANDIDATES: usize = 3;

impl SolanaChain {
    /// The newest confirmed block that is served, and the newest final slot. Blocks that are only processed are not looked
    /// at: too many of them vanish.
    pub(super) async fn read_tip(&self) -> Result<Tip, ChainError> {
        let told = self.patiently(Height(self.newest(Level::Confirmed)), |avoid| self.tip_once(avoid)).await;
        let (head, finalized) = match told {
            // Nothing is expected at a certain height here.
            Err(ChainError::NotYet(_)) => {
                return Err(unavailable("the head's block is not served yet"));
            }
            told => told?,
        };
        let height = head.reference.height;
        let finalized = Height(finalized.min(height.0));
        self.head.store(height.0, Ordering::Relaxed);
        self.finalized.store(finalized.0, Ordering::Relaxed);
        Ok(Tip { head: height, head_id: Some(head.reference.id), confirmed: height, finalized })
    }

    async fn tip_once(&self, avoid: Option<EndpointId>) -> Result<(Header, u64), Trouble> {
        let levels = [Level::Confirmed, Level::Finalized];
        let questions = levels
            .map(|level| Question::light("getSlot", json!([{"commitment": level.word()}])))
            .into_iter()
            .collect();
        let mut replies = self.ask_each(questions, avoid).await?.into_iter();
        let (Some(head), Some(finalized)) = (replies.next(), replies.next()) else {
            return Err(Trouble::Bad { endpoint: None, reason: "an answer is missing".to_owned() });
        };
        let (head, finalized) = (slot_of(&head?)?, slot_of(&finalized?)?.value);
        let header = match self.served(head.value, avoid).await? {
            Some(header) => header,
            None => self
                .served_below(head.value, avoid)
                .await?
                .ok_or(Trouble::Behind { endpoint: Some(head.endpoint) })?,
        };
        // Only what is served: a head that was made up would make all others seem to lag.
        self.pool.note_head(head.endpoint, header.slot());
        Ok((header, finalized))
    }

    /// A node may tell of a slot before it serves its block.
    async fn served_below(&self, head: u64, avoid: Option<EndpointId>) -> Result<Option<Header>, Trouble> {
        let floor = head.saturating_sub(STEP_BACK);
        let listed = self.slots_above(floor, STEP_BACK, Level::Confirmed, avoid).await;
        let mut slots = unless_behind(listed)?.unwrap_or_default();
        slots.retain(|slot| *slot < head);
        for slot in slots.into_iter().rev().take(CANDIDATES) {
            if let Some(header) = self.served(slot, avoid).await? {
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    /// The header at `slot`, if the node serves it by now.
    async fn served(&self, slot: u64, avoid: Option<EndpointId>) -> Result<Option<Header>, Trouble> {
        let told = unless_behind(self.header(slot, Level::Confirmed, avoid).await)?;
        Ok(told.flatten().map(|told| told.value))
    }
}

/// `None` where the node has not come so far.
fn unless_behind<T>(told: Result<T, Trouble>) -> Result<Option<T>, Trouble> {
    match told {
        Ok(told) => Ok(Some(told)),
        Err(Trouble::Refused { code, message }) if read_refusal(code, &message) == Refusal::Behind => {
            Ok(None)
        }
        Err(trouble) => Err(trouble),
    }
}

fn slot_of(reply: &Reply) -> Result<Told<u64>, Trouble> {
    let value = reply.parse().map_err(|error| malformed(reply, &error))?;
    Ok(Told { value, endpoint: reply.endpoint })
}

//! Reads the newest ledger, which is final, and waits for the next one.

use std::sync::atomic::Ordering;

use chainbell_model::{BlockId, BlockRef, ChainError, Height, HeightRange, Tip};
use chainbell_rpc::EndpointId;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    StellarChain,
    ask::{Question, Weight},
    patience::Trouble,
};
use crate::{
    dialect::block_id,
    wire::{Flaw, HealthAnswer, LatestAnswer},
};

/// From protocol 25 on `getLatestLedger` answers with the whole ledger. Beyond this the health is asked instead.
const HEAVY_BYTES: usize = 16 << 10;

impl StellarChain {
    /// The newest ledger. It is confirmed and final, as every ledger is.
    pub(super) async fn read_tip(&self) -> Result<Tip, ChainError> {
        let nowhere = HeightRange { from: Height(0), to: Height(0) };
        let head = self.patiently(nowhere, None, |avoid| self.newest(avoid)).await?;
        self.cadence.lock().seen(head, Instant::now());
        let height = Height(u64::from(head));
        Ok(Tip { head: height, head_id: Some(block_id(head)), confirmed: height, finalized: height })
    }

    async fn newest(&self, avoid: Option<EndpointId>) -> Result<u32, Trouble> {
        if self.latest_is_heavy.load(Ordering::Relaxed)
            && let Ok(newest) = self.newest_by_health(avoid).await
        {
            return Ok(newest);
        }
        let question = Question { method: "getLatestLedger", params: json!({}), weight: Weight::Light };
        let reply = self.ask(&question, avoid).await?;
        if reply.bytes().len() > HEAVY_BYTES {
            self.latest_is_heavy.store(true, Ordering::Relaxed);
        }
        let read = |text: &str| LatestAnswer::read(text)?.sequence.sequence();
        let told = self.read(reply, read).await?;
        self.pool.note_head(told.endpoint, u64::from(told.value));
        Ok(told.value)
    }

    async fn newest_by_health(&self, avoid: Option<EndpointId>) -> Result<u32, Trouble> {
        let question = Question { method: "getHealth", params: json!({}), weight: Weight::Light };
        let reply = self.ask(&question, avoid).await?;
        let read = |text: &str| {
            let latest = HealthAnswer::read(text)?.latest_ledger;
            latest.ok_or_else(|| Flaw::new("no newest ledger"))?.sequence()
        };
        let told = self.read(reply, read).await?;
        self.pool.note_head(told.endpoint, u64::from(told.value));
        Ok(told.value)
    }

    /// Returns when the next ledger may be there.
    pub(super) async fn next_ledger(&self) {
        let wait = self.cadence.lock().wait(self.config.poll_interval, Instant::now());
        sleep(wait).await;
    }

    /// The ledger at `height`: its id is its sequence, so only whether it is there is asked.
    pub(super) async fn reference_at(&self, height: Height) -> Result<(BlockRef, BlockId), ChainError> {
        let Ok(sequence) = u32::try_from(height.0) else { return Err(ChainError::NotYet(height)) };
        let known = self.cadence.lock().newest().is_some_and(|newest| sequence <= newest);
        if !known && self.read_tip().await?.head < height {
            return Err(ChainError::NotYet(height));
        }
        Ok((BlockRef { height, id: block_id(sequence) }, block_id(sequence.saturating_sub(1))))
    }
}

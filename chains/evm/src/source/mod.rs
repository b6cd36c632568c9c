//! The I/O half: reads an EVM network over JSON-RPC.
//!
//! An interest in events alone is read by log queries, with every header near the tip ([`linked`]) and without them below
//! finality ([`sparse`]); anything else by whole blocks with receipts ([`blocks`]). What to ask, what to believe and what to
//! do about a refusal is decided in pure modules; the others only ask.

mod ask;
mod blocks;
mod check;
mod config;
mod describe;
mod filter;
mod finality;
mod headers;
mod identity;
mod limits;
mod linked;
mod locate;
mod logs;
mod patience;
mod plan;
mod push;
mod quirks;
mod settle;
mod span;
mod sparse;
mod suspect;
mod tip;

use std::sync::Arc;

use async_trait::async_trait;
use chainbell_model::{
    Address, BlockId, BlockRef, Chain, ChainError, Dialect, EndpointStatus, Fetched, Height, HeightRange,
    Interest, Proof, Tip, TxId,
};
use chainbell_rpc::{EndpointSnapshot, Pool};
pub use config::EvmConfig;
use parking_lot::Mutex;

use self::{plan::PlanCache, push::Push, quirks::Quirks, span::Span, tip::Tags};
use crate::EvmDialect;

/// How many whole blocks are read at first, and at the most.
const BLOCK_SPAN: (u64, u64) = (16, 512);
/// How many transactions and logs a range of whole blocks should hold.
const BLOCK_ITEMS: u64 = 20_000;

/// One EVM network.
pub struct EvmChain {
    config: EvmConfig,
    pool: Pool,
    dialect: Arc<EvmDialect>,
    push: Push,
    plans: PlanCache,
    log_span: Mutex<Span>,
    block_span: Mutex<Span>,
    tags: Mutex<Tags>,
    quirks: Quirks,
}

impl EvmChain {
    /// A network behind the endpoints of `pool`. Asks nothing yet; with a WebSocket it begins to listen for heads, for which
    /// it has to be called within a Tokio runtime.
    ///
    /// # Errors
    /// `Misconfigured` when the WebSocket's URL cannot be one.
    pub fn new(pool: Pool, config: EvmConfig) -> Result<Self, ChainError> {
        Ok(Self {
            dialect: Arc::new(EvmDialect),
            push: Push::new(config.ws.as_ref())?,
            plans: PlanCache::default(),
            log_span: Mutex::new(Span::new(config.initial_span, config.max_span, config.target_logs)),
            block_span: Mutex::new(Span::new(BLOCK_SPAN.0, BLOCK_SPAN.1, BLOCK_ITEMS)),
            tags: Mutex::default(),
            quirks: Quirks::default(),
            config,
            pool,
        })
    }
}

#[async_trait]
impl Chain for EvmChain {
    fn dialect(&self) -> Arc<dyn Dialect> {
        self.dialect.clone()
    }

    async fn identity(&self) -> Result<String, ChainError> {
        self.read_identity().await
    }

    async fn tip(&self) -> Result<Tip, ChainError> {
        self.read_tip().await
    }

    async fn changed(&self) {
        self.push.changed(self.config.poll_interval).await;
    }

    fn span(&self, interest: &Interest) -> u64 {
        let span = if interest.needs_blocks() { &self.block_span } else { &self.log_span };
        span.lock().get()
    }

    async fn fetch(
        &self,
        range: HeightRange,
        interest: &Interest,
        proof: Proof,
    ) -> Result<Fetched, ChainError> {
        if range.to < range.from {
            return Err(ChainError::NotYet(range.to));
        }
        let plan = self.plans.get(interest, self.config.max_filter_addresses);
        let blocks = if interest.needs_blocks() {
            self.blocks(&plan, range).await?
        } else if proof == Proof::Linked || self.config.backfill_proof == Proof::Linked {
            self.linked(&plan, range).await?
        } else {
            return self.sparse(&plan, range).await;
        };
        let through = blocks.last().map(|block| block.reference).ok_or(ChainError::NotYet(range.to))?;
        Ok(Fetched { blocks, through })
    }

    async fn block_at(&self, height: Height) -> Result<(BlockRef, BlockId), ChainError> {
        self.reference_at(height).await
    }

    async fn locate(&self, transaction: &TxId) -> Result<Option<Height>, ChainError> {
        self.height_of(transaction).await
    }

    async fn describe(&self, address: &Address) -> Result<Option<Vec<u8>>, ChainError> {
        self.describe_by_code(address).await
    }

    fn endpoints(&self) -> Vec<EndpointStatus> {
        self.pool.status().into_iter().map(endpoint_status).collect()
    }
}

fn endpoint_status(snapshot: EndpointSnapshot) -> EndpointStatus {
    EndpointStatus {
        url: snapshot.url,
        state: snapshot.state,
        head: snapshot.head.map(Height),
        requests: snapshot.requests,
        failures: snapshot.failures,
        p95_ms: snapshot.p95.map(|p95| u64::try_from(p95.as_millis()).unwrap_or(u64::MAX)),
        last_error: snapshot.last_error,
    }
}

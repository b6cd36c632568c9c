//! The I/O half: reads a Solana network over JSON-RPC.
//!
//! A few programs are read by their histories ([`programs`]), anything else by whole blocks ([`blocks`]); [`plan`] decides.
//! Slots without a block are proven by the block above them ([`slots`]).

mod ask;
mod blocks;
mod config;
mod describe;
mod header;
mod history;
mod identity;
mod judge;
mod level;
mod locate;
mod memory;
mod patience;
mod pick;
mod plan;
mod programs;
mod push;
mod rates;
mod refusal;
mod slots;
mod span;
mod tip;

use std::sync::{
    Arc,
    atomic::{AtomicU8, AtomicU64, Ordering},
};

use async_trait::async_trait;
use chainbell_model::{
    Address, BlockId, BlockRef, Chain, ChainError, Continuity, Dialect, EndpointStatus, Fetched, Height,
    HeightRange, Interest, Proof, SubscriptionStatus, Tip, TxId,
};
use chainbell_rpc::{EndpointSnapshot, Pool};
pub use config::{ReadMode, SolanaConfig};
use parking_lot::Mutex;

use self::{
    memory::Memory,
    plan::{Plan, PlanCache, Way},
    push::Push,
    rates::Rates,
    span::Span,
};
use crate::SolanaDialect;

/// How many whole blocks are read at first.
const FIRST_BLOCK_SPAN: u64 = 8;
/// How many bytes of blocks a piece should hold.
const BLOCK_BYTES: u64 = 128 << 20;
/// How many slots of histories are read at first.
const FIRST_PROGRAM_SPAN: u64 = 256;
/// How many transactions a piece of histories should hold.
const PROGRAM_ITEMS: u64 = 1_000;

/// One Solana network.
pub struct SolanaChain {
    config: SolanaConfig,
    pool: Pool,
    dialect: Arc<SolanaDialect>,
    push: Push,
    plans: PlanCache,
    block_span: Mutex<Span>,
    program_span: Mutex<Span>,
    rates: Rates,
    memory: Memory,
    /// The newest confirmed slot told.
    head: AtomicU64,
    /// The newest final slot told.
    finalized: AtomicU64,
    /// The highest version of transactions asked for.
    version: AtomicU8,
}

impl SolanaChain {
    /// A network behind the endpoints of `pool`. Asks nothing yet; with a WebSocket it begins to listen at the first fetch,
    /// which tells what to.
    ///
    /// # Errors
    /// `Misconfigured` when the WebSocket's URL cannot be one.
    pub fn new(pool: Pool, config: SolanaConfig) -> Result<Self, ChainError> {
        Ok(Self {
            dialect: Arc::new(SolanaDialect),
            push: Push::new(config.ws.as_ref(), config.wake_spacing)?,
            plans: PlanCache::default(),
            block_span: Mutex::new(Span::new(FIRST_BLOCK_SPAN, config.max_block_span, BLOCK_BYTES)),
            program_span: Mutex::new(Span::new(FIRST_PROGRAM_SPAN, config.max_program_span, PROGRAM_ITEMS)),
            rates: Rates::default(),
            memory: Memory::new(config.cache_bytes),
            head: AtomicU64::new(0),
            finalized: AtomicU64::new(0),
            version: AtomicU8::new(0),
            config,
            pool,
        })
    }

    fn plan(&self, interest: &Interest) -> Arc<Plan> {
        self.plans.get(interest, &self.config)
    }

    fn span_of(&self, plan: &Plan) -> &Mutex<Span> {
        match plan.way {
            Way::Programs(_) => &self.program_span,
            Way::Blocks | Way::Impossible(_) => &self.block_span,
        }
    }

    async fn read(&self, plan: &Plan, range: HeightRange, proof: Proof) -> Result<Fetched, ChainError> {
        match (&plan.way, proof) {
            (Way::Impossible(reason), _) => Err(ChainError::Misconfigured((*reason).to_owned())),
            (Way::Programs(programs), Proof::Sparse) => self.selection(plan, programs, range).await,
            (Way::Programs(_), Proof::Linked) | (Way::Blocks, _) => self.blocks(plan, range).await,
        }
    }

    /// In which encoding transactions are asked for: as bytes they are shorter and quicker to read, but only those of known
    /// versions can be read at all.
    fn encoding(&self) -> &'static str {
        if self.version.load(Ordering::Relaxed) == 0 { "base64" } else { "json" }
    }
}

#[async_trait]
impl Chain for SolanaChain {
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

    fn continuity(&self, interest: &Interest) -> Continuity {
        match self.plan(interest).way {
            Way::Programs(_) => Continuity::Reread,
            Way::Blocks | Way::Impossible(_) => Continuity::Linked,
        }
    }

    fn span(&self, interest: &Interest) -> u64 {
        self.span_of(&self.plan(interest)).lock().get()
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
        let plan = self.plan(interest);
        self.push.listen(&plan.way);
        match self.read(&plan, range, proof).await {
            Ok(fetched) => Ok(fetched),
            Err(error) => {
                if matches!(error, ChainError::Unavailable { .. }) {
                    self.span_of(&plan).lock().failed(range.len());
                }
                Err(self.judged(error, range.from).await)
            }
        }
    }

    async fn block_at(&self, height: Height) -> Result<(BlockRef, BlockId), ChainError> {
        match self.reference_at(height).await {
            Ok(told) => Ok(told),
            Err(error) => Err(self.judged(error, height).await),
        }
    }

    async fn locate(&self, transaction: &TxId) -> Result<Option<Height>, ChainError> {
        self.height_of(transaction).await
    }

    async fn describe(&self, address: &Address) -> Result<Option<Vec<u8>>, ChainError> {
        self.idl_of(address).await
    }

    fn endpoints(&self) -> Vec<EndpointStatus> {
        self.pool.status().into_iter().map(endpoint_status).collect()
    }

    fn subscriptions(&self) -> Vec<SubscriptionStatus> {
        self.push.status()
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

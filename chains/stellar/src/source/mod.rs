//! The I/O half: reads a Stellar network over the JSON-RPC of its servers.
//!
//! An interest in events alone is read with `getEvents` ([`events`]); anything else with `getTransactions`
//! ([`transactions`]). Whole ledgers are read ([`ledgers`]) where their chain is to be proved: to verify, and where every
//! block is asked for. Ledgers are final when they close, so that there is no reorganisation to look for; what can go wrong
//! is a server that lags, has dropped what is old, or leaves something out.

mod ask;
mod cadence;
mod config;
mod describe;
mod events;
mod filter;
mod identity;
mod ledgers;
mod limits;
mod links;
mod locate;
mod patience;
mod plan;
mod refusal;
mod span;
mod tip;
mod transactions;
mod verify;

use std::sync::{Arc, OnceLock, atomic::AtomicBool};

use async_trait::async_trait;
use chainbell_model::{
    Address, BlockId, BlockRef, Chain, ChainError, Dialect, EndpointStatus, Fetched, Height, HeightRange,
    Interest, Proof, Tip, TxId,
};
use chainbell_rpc::{EndpointSnapshot, Pool};
pub use config::StellarConfig;
use parking_lot::Mutex;

use self::{
    cadence::Cadence,
    events::OpenTopics,
    identity::Known,
    limits::Limits,
    links::Links,
    plan::{Mode, PlanCache},
    span::Span,
};
use crate::{StellarDialect, dialect::block_id};

/// How many ledgers are read at first.
const FIRST_SPAN: u64 = 64;
/// How many whole ledgers one answer holds at first.
const FIRST_LEDGERS: u64 = 8;
/// How many ledgers a fetch of transactions covers at the most.
const MAX_LEDGERS: u64 = 2_000;

/// One Stellar network.
pub struct StellarChain {
    config: StellarConfig,
    pool: Pool,
    dialect: Arc<StellarDialect>,
    known: OnceLock<Known>,
    plans: PlanCache,
    limits: Limits,
    open_topics: OpenTopics,
    event_span: Mutex<Span>,
    transaction_span: Mutex<Span>,
    ledger_span: Mutex<Span>,
    cadence: Mutex<Cadence>,
    links: Mutex<Links>,
    /// `getLatestLedger` answers with whole ledgers here.
    latest_is_heavy: AtomicBool,
}

impl StellarChain {
    /// A network behind the endpoints of `pool`. Asks nothing yet.
    pub fn new(pool: Pool, config: StellarConfig) -> Self {
        let span = |first, max| Mutex::new(Span::new(first, max, config.target_items));
        Self {
            dialect: Arc::new(StellarDialect),
            known: OnceLock::new(),
            plans: PlanCache::default(),
            limits: Limits::new(&config),
            open_topics: OpenTopics::default(),
            event_span: span(FIRST_SPAN, config.max_span),
            transaction_span: span(FIRST_SPAN, MAX_LEDGERS),
            ledger_span: span(FIRST_LEDGERS, u64::from(config.ledgers_per_page)),
            cadence: Mutex::default(),
            links: Mutex::default(),
            latest_is_heavy: AtomicBool::new(false),
            config,
            pool,
        }
    }

    fn mode(&self, interest: &Interest, proof: Proof) -> Mode {
        let before_unified_events = self.known.get().is_some_and(Known::lacks_unified_events);
        plan::mode(interest, proof, self.config.verify, before_unified_events)
    }
}

#[async_trait]
impl Chain for StellarChain {
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
        self.next_ledger().await;
    }

    fn span(&self, interest: &Interest) -> u64 {
        match self.mode(interest, Proof::Sparse) {
            Mode::Events if !self.config.verify => self.event_span.lock().get(),
            Mode::Events => self.event_span.lock().get().min(self.ledger_span.lock().get()),
            Mode::Transactions => self.transaction_span.lock().get(),
            Mode::Ledgers => self.ledger_span.lock().get(),
        }
    }

    async fn fetch(
        &self,
        range: HeightRange,
        interest: &Interest,
        proof: Proof,
    ) -> Result<Fetched, ChainError> {
        let (Ok(first), Ok(last)) = (u32::try_from(range.from.0), u32::try_from(range.to.0)) else {
            return Err(ChainError::NotYet(range.to));
        };
        if last < first {
            return Err(ChainError::NotYet(range.to));
        }
        let network = self.network().await?;
        let plan = self.plans.get(interest, network, self.config.max_queries);
        let blocks = match self.mode(interest, proof) {
            Mode::Events if self.config.verify => self.verified_events(&plan, range).await?,
            Mode::Events => self.events(&plan, range, None).await?.blocks,
            Mode::Transactions => self.transactions(&plan, range).await?,
            Mode::Ledgers => self.ledgers(&plan, range, None).await?.blocks,
        };
        Ok(Fetched { blocks, through: BlockRef { height: range.to, id: block_id(last) } })
    }

    async fn block_at(&self, height: Height) -> Result<(BlockRef, BlockId), ChainError> {
        self.reference_at(height).await
    }

    async fn locate(&self, transaction: &TxId) -> Result<Option<Height>, ChainError> {
        self.height_of(transaction).await
    }

    async fn describe(&self, address: &Address) -> Result<Option<Vec<u8>>, ChainError> {
        self.description_of(address).await
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

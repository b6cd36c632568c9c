//! The I/O half: reads a Sui network over gRPC.
//!
//! Near the tip checkpoints are pushed ([`stream`]) into a bounded buffer ([`feed`]); what is not there is listed ([`list`])
//! or asked for one by one ([`one`]), together by [`fetch`]. Every checkpoint names the one before it: what was read in pieces is checked to be
//! one chain ([`check`]).

mod absent;
mod ask;
mod buffer;
mod check;
mod config;
mod describe;
mod feed;
mod fetch;
mod identity;
mod list;
mod locate;
mod needs;
mod one;
mod quirks;
mod span;
mod stream;
mod tip;
mod totals;

use std::sync::{Arc, atomic::AtomicU64};

use async_trait::async_trait;
use chainbell_model::{
    Address, BlockId, BlockRef, Chain, ChainError, Dialect, EndpointStatus, Fetched, Height, HeightRange,
    Interest, Proof, SubscriptionStatus, Tip, TxId,
};
use chainbell_rpc::{EndpointSnapshot, GrpcPool};
pub use config::{MAX_LAG, SuiConfig};
use parking_lot::Mutex;
use tokio_util::task::AbortOnDropHandle;

use self::{
    ask::Ask,
    feed::{Feed, Recent},
    list::Lists,
    quirks::Quirks,
    span::Span,
    totals::Totals,
};
use crate::SuiDialect;

/// One Sui network.
pub struct SuiChain {
    config: SuiConfig,
    ask: Ask,
    dialect: Arc<SuiDialect>,
    feed: Arc<Feed>,
    recent: Recent,
    totals: Totals,
    lists: Lists,
    span: Mutex<Span>,
    head: AtomicU64,
    quirks: Quirks,
    _stream: Option<AbortOnDropHandle<()>>,
}

impl SuiChain {
    /// A network behind the endpoints of `pool`. Asks nothing yet; checkpoints are subscribed to when they are read near
    /// the tip for the first time. Has to be called within a Tokio runtime.
    pub fn new(pool: GrpcPool, config: SuiConfig) -> Self {
        let ask = Ask(pool);
        let feed = Arc::new(Feed::new(&config));
        let keep = || tokio::spawn(stream::keep(ask.clone(), feed.clone(), config.clone()));
        let stream = config.subscribe.then(|| AbortOnDropHandle::new(keep()));
        Self {
            dialect: Arc::new(SuiDialect),
            recent: Recent::default(),
            totals: Totals::default(),
            lists: Lists::default(),
            span: Mutex::new(Span::new(config.initial_span, config.max_span, config.target_facts)),
            head: AtomicU64::new(0),
            quirks: Quirks::default(),
            _stream: stream,
            ask,
            feed,
            config,
        }
    }
}

#[async_trait]
impl Chain for SuiChain {
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
        self.feed.changed(self.config.poll_interval).await;
    }

    fn span(&self, _interest: &Interest) -> u64 {
        self.span.lock().get()
    }

    async fn fetch(
        &self,
        range: HeightRange,
        interest: &Interest,
        _proof: Proof,
    ) -> Result<Fetched, ChainError> {
        if range.to < range.from {
            return Err(ChainError::NotYet(range.to));
        }
        self.read(range, interest).await
    }

    async fn block_at(&self, height: Height) -> Result<(BlockRef, BlockId), ChainError> {
        self.reference_at(height).await
    }

    async fn locate(&self, transaction: &TxId) -> Result<Option<Height>, ChainError> {
        self.height_of(transaction).await
    }

    async fn describe(&self, address: &Address) -> Result<Option<Vec<u8>>, ChainError> {
        self.description(address).await
    }

    fn endpoints(&self) -> Vec<EndpointStatus> {
        self.ask.0.status().into_iter().map(endpoint_status).collect()
    }

    fn subscriptions(&self) -> Vec<SubscriptionStatus> {
        self.feed.status()
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

/// The only endpoint of a pool of one.
#[cfg(test)]
fn some_endpoint() -> chainbell_rpc::EndpointId {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoint = chainbell_rpc::EndpointConfig::new("http://h".parse().unwrap());
    GrpcPool::new(chainbell_rpc::PoolConfig::new(vec![endpoint])).unwrap().endpoints().next().unwrap()
}

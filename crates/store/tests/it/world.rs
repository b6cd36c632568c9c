//! A store with a clock that stands still, and short words for blocks and matches.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chainbell_model::{
    BlockFacts, BlockId, BlockRef, Facts, Finality, Height, MatchId, Message, NetworkSlug, Position,
    PositionKind, TargetName, TenantId, Timestamp, TxId,
};
use chainbell_store::{
    CommitBatch, Committed, DeliveryQuery, DeliveryRow, DeliveryState, Ledger, NewBlock, NewFact, NewMatch,
    Outbox, Reader, Settlement, StoreError, Verdict,
    sqlite::{Clock, SqliteOptions, SqliteStore},
};

/// The start of time.
pub(crate) const START: i64 = 1_000_000;

/// A store and what surrounds it.
pub(crate) struct World {
    pub(crate) store: SqliteStore,
    time: Arc<AtomicI64>,
}

impl World {
    /// A temporary one, with the network `net` opened.
    pub(crate) async fn new() -> Self {
        let time = Arc::new(AtomicI64::new(START));
        let options = SqliteOptions { clock: clock(&time), ..SqliteOptions::default() };
        Self::with(SqliteStore::temporary(options).await.unwrap(), time).await
    }

    /// In a file.
    pub(crate) async fn at(path: &Path) -> Self {
        let time = Arc::new(AtomicI64::new(START));
        let options = SqliteOptions { clock: clock(&time), ..SqliteOptions::default() };
        Self::with(SqliteStore::open(path, options).await.unwrap(), time).await
    }

    /// The process dies and starts again; time goes on.
    pub(crate) async fn restarted(self, path: &Path) -> Self {
        let Self { store, time } = self;
        drop(store);
        let options = SqliteOptions { clock: clock(&time), ..SqliteOptions::default() };
        Self::with(SqliteStore::open(path, options).await.unwrap(), time).await
    }

    async fn with(store: SqliteStore, time: Arc<AtomicI64>) -> Self {
        store.open_network(&network(), "evm", "1").await.unwrap();
        Self { store, time }
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.time.load(Ordering::Relaxed))
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, ms: i64) {
        self.time.fetch_add(ms, Ordering::Relaxed);
    }

    /// Commits `blocks` after the cursor, reserving nothing.
    pub(crate) async fn commit(&self, blocks: Vec<NewBlock>) -> Committed {
        self.commit_reserving(blocks, false).await
    }

    /// Commits `blocks` after the cursor, reserving everything or nothing.
    pub(crate) async fn commit_reserving(&self, blocks: Vec<NewBlock>, reserve: bool) -> Committed {
        let after = self.cursor().await;
        let through = blocks.last().unwrap().reference;
        self.try_commit(after, through, blocks, reserve).await.unwrap()
    }

    /// Commits exactly that.
    pub(crate) async fn try_commit(
        &self,
        after: Option<BlockRef>,
        through: BlockRef,
        blocks: Vec<NewBlock>,
        reserve: bool,
    ) -> Result<Committed, StoreError> {
        let batch = CommitBatch {
            network: network(),
            after,
            through,
            confirmed: Height(0),
            finalized: Height(0),
            now: self.now(),
            blocks,
        };
        self.store.commit(batch, &mut |_, _| reserve).await
    }

    /// The network's cursor.
    pub(crate) async fn cursor(&self) -> Option<BlockRef> {
        self.store.networks().await.unwrap()[0].cursor
    }

    /// Claims what is due for target `name`.
    pub(crate) async fn claim(&self, name: &str) -> Vec<Message> {
        self.store.claim(&tenant(), &target(name), self.now(), 100).await.unwrap()
    }

    /// Settles one claimed message.
    pub(crate) async fn settle(&self, message: &Message, verdict: Verdict) {
        self.store.settle(vec![self.settlement(message, verdict)]).await.unwrap();
    }

    /// What to say of an attempt.
    pub(crate) fn settlement(&self, message: &Message, verdict: Verdict) -> Settlement {
        Settlement {
            delivery: message.id,
            attempt: message.attempt,
            started: self.now(),
            took: Duration::from_millis(7),
            verdict,
            detail: format!("attempt {}", message.attempt),
        }
    }

    /// Claims and delivers everything due for `name`.
    pub(crate) async fn deliver_all(&self, name: &str) -> Vec<Message> {
        let messages = self.claim(name).await;
        for message in &messages {
            self.settle(message, Verdict::Delivered).await;
        }
        messages
    }

    /// All deliveries, oldest first.
    pub(crate) async fn deliveries(&self) -> Vec<DeliveryRow> {
        let query = DeliveryQuery { limit: 1000, ..DeliveryQuery::default() };
        let mut rows = self.store.deliveries(&tenant(), &query).await.unwrap();
        rows.reverse();
        rows
    }

    /// Their states.
    pub(crate) async fn states(&self) -> Vec<DeliveryState> {
        self.deliveries().await.iter().map(|row| row.state).collect()
    }
}

fn clock(time: &Arc<AtomicI64>) -> Clock {
    let time = Arc::clone(time);
    Clock::new(move || Timestamp(time.load(Ordering::Relaxed)))
}

pub(crate) fn network() -> NetworkSlug {
    "net".into()
}

pub(crate) fn tenant() -> TenantId {
    TenantId::default()
}

pub(crate) fn target(name: &str) -> TargetName {
    name.into()
}

/// The block of `fork` at `height`.
pub(crate) fn reference(height: u64, fork: u8) -> BlockRef {
    let mut id = [fork; 32];
    id[..8].copy_from_slice(&height.to_be_bytes());
    BlockRef { height: Height(height), id: BlockId(id) }
}

/// That block, with a match on each of `hits`.
pub(crate) fn block(height: u64, fork: u8, hits: &[Hit]) -> NewBlock {
    block_of(reference(height, fork), hits)
}

/// The block of that reference, with a match on each of `hits`.
pub(crate) fn block_of(reference: BlockRef, hits: &[Hit]) -> NewBlock {
    let facts = Arc::new(BlockFacts {
        network: network(),
        chain: "evm".into(),
        height: reference.height,
        id: const_hex::encode_prefixed(reference.id.0),
        time: Timestamp(reference.height.0 as i64 * 1000),
    });
    let found = (0..).zip(hits).map(|(index, hit)| hit.on(&facts, reference.id, index)).collect();
    NewBlock { reference, parent: None, facts, found }
}

/// A fact and who matched it.
#[derive(Clone)]
pub(crate) struct Hit {
    monitor: Option<&'static str>,
    tenant: &'static str,
    deliver_at: Finality,
    targets: Vec<TargetName>,
}

/// A match of monitor `m` for `targets`, delivered when seen.
pub(crate) fn hit(targets: &[&str]) -> Hit {
    let targets = targets.iter().map(|name| target(name)).collect();
    Hit { monitor: Some("m"), tenant: "default", deliver_at: Finality::Seen, targets }
}

/// A fact that is only stored.
pub(crate) fn stored() -> Hit {
    Hit { monitor: None, ..hit(&[]) }
}

impl Hit {
    pub(crate) fn at(self, deliver_at: Finality) -> Self {
        Self { deliver_at, ..self }
    }

    pub(crate) fn of(self, monitor: &'static str) -> Self {
        Self { monitor: Some(monitor), ..self }
    }

    pub(crate) fn for_tenant(self, tenant: &'static str) -> Self {
        Self { tenant, ..self }
    }

    fn on(&self, block: &Arc<BlockFacts>, id: BlockId, index: u32) -> NewFact {
        let position = Position { kind: PositionKind::Event, index, sub: 0 };
        let transaction = TxId::from([index as u8; 32]);
        let tenant = TenantId::from(self.tenant);
        let matches = self.monitor.iter().map(|monitor| NewMatch {
            id: MatchId::derive(&network(), &id, &transaction, position, (&tenant, &(*monitor).into())),
            monitor: (*monitor).into(),
            deliver_at: self.deliver_at,
            targets: self.targets.clone().into(),
        });
        NewFact {
            facts: Arc::new(Facts {
                block: Arc::clone(block),
                transaction_id: const_hex::encode_prefixed(&*transaction),
                transaction_index: index,
                transaction_json: None,
                position,
                contract: Some(format!("0xAbC{index}")),
                name: "Transfer".into(),
                signature: "Transfer(address,address,uint256)".into(),
                attributes_json: None,
                args_json: format!(r#"{{"value":"{index}"}}"#).into(),
            }),
            matches: matches.collect(),
            tenant,
        }
    }
}

//! The courier: retries by the clock, isolation of targets, graceful stop.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use chainbell_model::{
    BlockFacts, BlockId, BlockRef, Facts, Finality, Height, MatchId, Message, MonitorName, NetworkSlug,
    Outcome, Position, PositionKind, Reached, Target, TargetName, TenantId, Timestamp, TxId,
};
use chainbell_pipeline::{Clock, Courier, Lane, LaneSettings, Status};
use chainbell_store::{
    CommitBatch, DeliveryQuery, DeliveryState, Ledger, NewBlock, NewFact, NewMatch, Reader,
    sqlite::SqliteStore,
};
use parking_lot::Mutex;
use tokio::sync::watch;

/// Answers as told, and counts.
#[derive(Debug)]
struct Scripted {
    clock: Clock,
    healthy_from: Timestamp,
    silent: bool,
    attempts: Mutex<HashMap<String, Vec<Timestamp>>>,
    delivered: watch::Sender<usize>,
    batch: usize,
}

impl Scripted {
    fn new(clock: &Clock) -> Self {
        Self {
            clock: clock.clone(),
            healthy_from: Timestamp(0),
            silent: false,
            attempts: Mutex::default(),
            delivered: watch::Sender::new(0),
            batch: 1,
        }
    }

    async fn until(&self, count: usize) {
        let waiting =
            async { self.delivered.subscribe().wait_for(|delivered| *delivered >= count).await.map(|_| ()) };
        tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("they arrive").unwrap();
    }

    fn attempts(&self) -> usize {
        self.attempts.lock().values().map(Vec::len).sum()
    }
}

#[async_trait]
impl Target for Scripted {
    fn batch_size(&self) -> usize {
        self.batch
    }
    async fn send(&self, batch: &[Message]) -> Vec<Outcome> {
        let now = self.clock.now();
        for message in batch {
            self.attempts.lock().entry(message.id.to_string()).or_default().push(now);
        }
        if self.silent {
            std::future::pending::<()>().await;
        }
        if now < self.healthy_from {
            let failed = || Outcome::Retry { after: None, reason: "500".to_owned(), reached: Reached::No };
            return batch.iter().map(|_| failed()).collect();
        }
        self.delivered.send_modify(|delivered| *delivered += batch.len());
        batch.iter().map(|_| Outcome::Delivered { detail: String::new() }).collect()
    }
}

struct World {
    store: Arc<SqliteStore>,
    clock: Clock,
    cursor: Option<BlockRef>,
}

impl World {
    async fn new() -> Self {
        let store = Arc::new(SqliteStore::temporary(Default::default()).await.unwrap());
        store.open_network(&"net".into(), "script", "script").await.unwrap();
        Self { store, clock: Clock::manual(Timestamp(1_000_000)), cursor: None }
    }

    async fn courier(&self, targets: &[(&str, Arc<Scripted>, LaneSettings)]) -> Courier {
        let lanes = targets.iter().map(|(name, target, settings)| Lane {
            tenant: TenantId::default(),
            name: (*name).into(),
            target: target.clone(),
            settings: settings.clone(),
        });
        let lanes = lanes.collect();
        Courier::start(self.store.clone(), lanes, self.clock.clone(), Arc::new(Status::default()))
            .await
            .unwrap()
    }

    /// Commits a block with `count` matches for each of `targets`.
    async fn matches(&mut self, courier: &Courier, count: u32, targets: &[&str]) {
        let height = Height(self.cursor.map_or(1, |cursor| cursor.height.0 + 1));
        let through = BlockRef { height, id: BlockId([height.0 as u8; 32]) };
        let network = NetworkSlug::new("net");
        let facts = Arc::new(BlockFacts {
            network: network.clone(),
            chain: "script".into(),
            height,
            id: format!("{height}"),
            time: Timestamp(0),
        });
        let targets: Arc<[TargetName]> = targets.iter().map(|name| TargetName::from(*name)).collect();
        let found = (0..count).map(|index| {
            let position = Position { kind: PositionKind::Event, index, sub: 0 };
            let monitor = MonitorName::new("m");
            let owner = (&TenantId::default(), &monitor);
            NewFact {
                tenant: TenantId::default(),
                facts: Arc::new(Facts {
                    block: facts.clone(),
                    transaction_id: "t".to_owned(),
                    transaction_index: 0,
                    transaction_json: None,
                    position,
                    contract: None,
                    name: "E".into(),
                    signature: "E()".into(),
                    attributes_json: None,
                    args_json: "{}".into(),
                }),
                matches: vec![NewMatch {
                    id: MatchId::derive(&network, &through.id, &TxId::from([1; 32]), position, owner),
                    monitor: monitor.clone(),
                    deliver_at: Finality::Seen,
                    targets: targets.clone(),
                }],
            }
        });
        let batch = CommitBatch {
            network: network.clone(),
            after: self.cursor,
            through,
            confirmed: Height(0),
            finalized: Height(0),
            now: self.clock.now(),
            blocks: vec![NewBlock {
                reference: through,
                parent: None,
                facts: facts.clone(),
                found: found.collect(),
            }],
        };
        let handle = courier.handle();
        let committed =
            self.store.commit(batch, &mut |tenant, target| handle.reserve(tenant, target)).await.unwrap();
        handle.deliver(committed.claimed);
        handle.wake(&committed.waiting);
        self.cursor = Some(through);
    }

    async fn in_state(&self, state: DeliveryState) -> usize {
        let query = DeliveryQuery { state: Some(state), limit: 1000, ..DeliveryQuery::default() };
        self.store.deliveries(&TenantId::default(), &query).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_receiver_that_fails_for_twenty_seconds_gets_everything_by_the_schedule() {
    let mut world = World::new().await;
    let start = world.clock.now();
    let failing = Scripted { healthy_from: Timestamp(start.0 + 20_000), ..Scripted::new(&world.clock) };
    let failing = Arc::new(failing);
    let courier = world.courier(&[("hook", failing.clone(), LaneSettings::default())]).await;
    world.matches(&courier, 30, &["hook"]).await;
    for second in 0..40 {
        let expected = 30 * (1 + usize::from(second >= 6));
        while failing.attempts() < expected {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // Outcomes are recorded before the time moves on, so that the next attempt's time counts from this second.
        while second < 6 && world.in_state(DeliveryState::Pending).await < 30 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if failing.attempts() >= 60 && world.in_state(DeliveryState::Pending).await == 30 {
            break;
        }
        world.clock.advance(Duration::from_secs(1));
    }
    world.clock.advance(Duration::from_secs(30));
    failing.until(30).await;
    let attempts = failing.attempts.lock().clone();
    assert_eq!(attempts.len(), 30);
    for times in attempts.values() {
        let waits: Vec<i64> = times.iter().map(|at| (at.0 - start.0) / 1000).collect();
        assert_eq!(waits.len(), 3, "at once, after 5 s, after 25 s: {waits:?}");
    }
    courier.stop().await.unwrap();
    assert_eq!(world.in_state(DeliveryState::Delivered).await, 30);
}

#[tokio::test]
async fn a_silent_receiver_delays_no_other() {
    let mut world = World::new().await;
    let silent = Arc::new(Scripted { silent: true, ..Scripted::new(&world.clock) });
    let healthy = Arc::new(Scripted::new(&world.clock));
    let settings = LaneSettings { grace: Duration::ZERO, ..LaneSettings::default() };
    let courier = world
        .courier(&[("silent", silent.clone(), settings.clone()), ("healthy", healthy.clone(), settings)])
        .await;
    for _ in 0..5 {
        world.matches(&courier, 100, &["silent", "healthy"]).await;
    }
    healthy.until(500).await;
    assert_eq!(
        silent.attempts(),
        LaneSettings::default().concurrency,
        "no more than its places are under way"
    );
    courier.stop().await.unwrap();
    assert_eq!(world.in_state(DeliveryState::Sending).await, 16, "in doubt: possibly received");
    assert_eq!(world.in_state(DeliveryState::Pending).await, 484);
}

#[tokio::test]
async fn what_was_under_way_is_sent_again_by_the_next_process_and_the_rest_follows() {
    let mut world = World::new().await;
    let silent = Arc::new(Scripted { silent: true, ..Scripted::new(&world.clock) });
    let settings = LaneSettings { grace: Duration::ZERO, ..LaneSettings::default() };
    let courier = world.courier(&[("hook", silent.clone(), settings.clone())]).await;
    world.matches(&courier, 50, &["hook"]).await;
    while silent.attempts() < 16 {
        tokio::task::yield_now().await;
    }
    drop(courier);
    let healthy = Arc::new(Scripted::new(&world.clock));
    let courier = world.courier(&[("hook", healthy.clone(), settings)]).await;
    healthy.until(50).await;
    courier.stop().await.unwrap();
    assert_eq!(healthy.attempts(), 50);
    assert_eq!(world.in_state(DeliveryState::Delivered).await, 50);
}

#[tokio::test]
async fn a_target_that_takes_batches_gets_them() {
    let mut world = World::new().await;
    let target = Arc::new(Scripted { batch: 64, ..Scripted::new(&world.clock) });
    let settings = LaneSettings { concurrency: 1, ..LaneSettings::default() };
    let courier = world.courier(&[("file", target.clone(), settings)]).await;
    world.matches(&courier, 1000, &["file"]).await;
    target.until(1000).await;
    courier.stop().await.unwrap();
    assert_eq!(world.in_state(DeliveryState::Delivered).await, 1000);
}

#[tokio::test]
async fn a_rate_limit_holds_by_the_clock() {
    let mut world = World::new().await;
    let target = Arc::new(Scripted::new(&world.clock));
    let settings = LaneSettings { rate_limit: Some(10.0), ..LaneSettings::default() };
    let courier = world.courier(&[("hook", target.clone(), settings)]).await;
    world.matches(&courier, 30, &["hook"]).await;
    for expected in 1..=30 {
        target.until(expected).await;
        assert_eq!(target.attempts(), expected);
        world.clock.advance(Duration::from_millis(100));
    }
    courier.stop().await.unwrap();
}

//! Seeded chaos over all chains: forks, falling heads, faulty nodes, failing receivers and kills at any await, against an
//! oracle.
//!
//! At the end of each history, what receivers hold (delivered − retracted) is exactly what the final chain says, each
//! idempotency key had one effect, nothing final was ever taken back, and the store agrees.
//! `CHAOS_SEEDS=5000 scripts/test -p chainbell chaos` runs more; `CHAOS_SEED=17 scripts/test -p chainbell chaos::evm` repeats
//! one.

mod evm;
mod solana;
mod stellar;
mod sui;

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chainbell::{commands::run::assemble, config, wire};
use chainbell_devnet::FaultRule;
use chainbell_model::{Message, MessageKind, Outcome, Reached, Target};
use chainbell_pipeline::{Lane, LaneSettings, RetrySchedule, Status};
use chainbell_store::{EventQuery, Ledger, Reader, sqlite::SqliteStore};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Histories of all chains together.
const DEFAULT_SEEDS: u64 = 500;
/// Histories at once, of each chain.
const AT_ONCE: usize = 4;
/// The most messages under way to one receiver.
const MOST_AT_ONCE: usize = 4;
const PATIENCE: Duration = Duration::from_secs(60);

/// What a receiver saw, in order. It survives the kills: receivers are other machines.
#[derive(Debug, Default)]
struct Journal {
    /// Per idempotency key: the fact it is about, and the key it takes back.
    effects: BTreeMap<String, (Fact, Option<String>)>,
    order: Vec<String>,
}

/// (transaction, block, index): unique over forks.
pub(crate) type Fact = (String, String, u32);

/// A simulated chain with its faults and its truth.
pub(crate) trait Sim: Send {
    /// The keys of `[networks.net]`, and what else the monitors need: contracts.
    fn network(&self) -> String;
    /// What the monitors look for: `event` and `when`.
    fn looks_for(&self) -> String;
    fn head(&self) -> u64;
    fn mine(&self, blocks: u64);
    /// How many blocks on top make one final; 0 where every block is.
    fn final_depth(&self) -> u64;
    /// Replaces the newest `depth` blocks by `length` others.
    fn reorg(&self, _depth: u64, _length: u64) {}
    /// Takes the newest `depth` blocks away.
    fn rollback(&self, _depth: u64) {}
    /// From now on nodes answer as badly as the dice say; without dice they are well.
    fn set_faults(&self, dice: Option<&mut StdRng>);
    /// What the monitors find from `from` to `to` on the chain as it is now.
    fn expected(&self, from: u64, to: u64) -> BTreeSet<Fact>;
    /// The lowest height that a history may start at.
    fn lowest(&self) -> u64 {
        0
    }
    fn shutdown(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// Starts a simulated chain as the dice say.
type Begin = fn(&mut StdRng, u64) -> BoxFuture<'_, Box<dyn Sim>>;

impl Journal {
    /// Retractions of deliveries that never arrived.
    fn needless(&self) -> usize {
        let retractions = self.effects.values().filter_map(|(_, retracts)| retracts.as_ref());
        retractions.filter(|taken_back| !self.effects.contains_key(*taken_back)).count()
    }

    fn standing(&self) -> BTreeSet<Fact> {
        let mut standing: BTreeMap<&str, &Fact> = BTreeMap::new();
        for id in &self.order {
            let (fact, retracts) = &self.effects[id];
            match retracts {
                None => drop(standing.insert(id, fact)),
                // After a kill it is in doubt whether a message under way arrived: taking back what did not is without effect.
                Some(taken_back) => drop(standing.remove(taken_back.as_str())),
            }
        }
        let facts: Vec<Fact> = standing.into_values().cloned().collect();
        let unique: BTreeSet<Fact> = facts.iter().cloned().collect();
        assert_eq!(facts.len(), unique.len(), "a fact stands twice");
        unique
    }
}

/// A receiver that fails as its dice say: before the effect, after it, or not at all.
#[derive(Debug)]
struct Receiver {
    journal: Arc<Mutex<Journal>>,
    dice: Mutex<StdRng>,
    faulty: Arc<Mutex<bool>>,
}

#[async_trait]
impl Target for Receiver {
    async fn send(&self, batch: &[Message]) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for message in batch {
            let (roll, delay) = {
                let mut dice = self.dice.lock();
                (dice.random_range(0..100), dice.random_range(0..4))
            };
            tokio::time::sleep(Duration::from_millis(delay)).await;
            let faulty = *self.faulty.lock();
            if faulty && roll < 15 {
                outcomes.push(failure(Reached::No));
                continue;
            }
            self.take(message);
            if faulty && roll < 30 {
                outcomes.push(failure(Reached::Maybe));
                continue;
            }
            outcomes.push(Outcome::Delivered { detail: String::new() });
        }
        outcomes
    }
}

fn failure(reached: Reached) -> Outcome {
    Outcome::Retry { after: None, reason: "the dice say so".to_owned(), reached }
}

impl Receiver {
    fn take(&self, message: &Message) {
        let facts = &message.facts;
        let fact = (facts.transaction_id.clone(), facts.block.id.clone(), facts.position.index);
        let retracts = match message.kind {
            MessageKind::Match => None,
            MessageKind::Retraction { of } => Some(of.to_string()),
        };
        let mut journal = self.journal.lock();
        let id = message.id.to_string();
        match journal.effects.get(&id) {
            // A repetition: a receiver knows the key and does nothing.
            Some(known) => assert_eq!(*known, (fact, retracts), "one key, two meanings"),
            None => {
                journal.effects.insert(id.clone(), (fact, retracts));
                journal.order.push(id);
            }
        }
    }
}

/// One history.
struct History {
    dice: StdRng,
    sim: Box<dyn Sim>,
    folder: tempfile::TempDir,
    start: u64,
    seen: Arc<Mutex<Journal>>,
    last: Arc<Mutex<Journal>>,
    faulty: Arc<Mutex<bool>>,
    kills: usize,
    status: Arc<Status>,
    store: Option<Arc<SqliteStore>>,
}

impl History {
    async fn begin(begin: Begin, seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let sim = begin(&mut dice, seed).await;
        sim.mine(dice.random_range(1..40));
        let start = dice.random_range(sim.lowest()..=sim.head());
        Self {
            dice,
            sim,
            folder: tempfile::tempdir().unwrap(),
            start,
            seen: Arc::default(),
            last: Arc::default(),
            faulty: Arc::new(Mutex::new(true)),
            kills: 0,
            status: Arc::default(),
            store: None,
        }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("chaos.sqlite")
    }

    fn config(&self) -> config::Config {
        let text = format!(
            r#"
            [networks.net]
            {network}
            [[monitors]]
            name = "seen"
            network = "net"
            {looks_for}
            targets = ["seen"]
            [[monitors]]
            name = "last"
            network = "net"
            {looks_for}
            deliver_at = "finalized"
            targets = ["last"]
            [targets.seen]
            type = "stdout"
            [targets.last]
            type = "stdout"
            "#,
            network = self.sim.network().replace("{start}", &self.start.to_string()),
            looks_for = self.sim.looks_for(),
        );
        let chains = wire::chains();
        let known = config::Known { env: &|_| None, chains: &chains, targets: wire::targets() };
        config::parse(vec![(Path::new("chaos.toml").to_owned(), text)], &known).unwrap()
    }

    /// Starts the process. Dropping the task at any await is a kill: only the file remains.
    async fn start(&mut self) -> JoinHandle<()> {
        self.status = Arc::default();
        let store = Arc::new(SqliteStore::open(&self.database(), Default::default()).await.unwrap());
        self.store = Some(store.clone());
        let mut machine = assemble(&self.config(), &Default::default(), store, self.status.clone()).unwrap();
        machine.lanes = ["seen", "last"].map(|name| self.lane(name)).into();
        tokio::spawn(async move { machine.run(CancellationToken::new()).await.unwrap() })
    }

    fn lane(&mut self, name: &str) -> Lane {
        let journal = if name == "seen" { &self.seen } else { &self.last };
        let receiver = Receiver {
            journal: journal.clone(),
            dice: Mutex::new(StdRng::seed_from_u64(self.dice.random())),
            faulty: self.faulty.clone(),
        };
        Lane {
            tenant: wire::tenant(),
            name: name.into(),
            target: Arc::new(receiver),
            settings: LaneSettings {
                concurrency: self.dice.random_range(1..=MOST_AT_ONCE),
                retry: RetrySchedule { delays: vec![Duration::from_millis(3); 1000] },
                ..LaneSettings::default()
            },
        }
    }

    /// One random thing happens.
    async fn act(&mut self, process: &mut JoinHandle<()>) {
        match self.dice.random_range(0..100) {
            0..40 => self.sim.mine(self.dice.random_range(1..4)),
            40..63 if self.sim.final_depth() == 0 => self.sim.mine(1),
            40..58 => {
                let depth = self.dice.random_range(1..self.sim.final_depth());
                self.sim.reorg(depth, depth + self.dice.random_range(0..2));
            }
            58..63 => {
                let depth = self.dice.random_range(1..self.sim.final_depth() / 2);
                self.sim.rollback(depth);
                self.pause().await;
                self.sim.mine(depth + 1);
            }
            63..75 => {
                self.kill(process).await;
                *process = self.start().await;
            }
            75..85 => {
                self.sim.set_faults(Some(&mut self.dice));
            }
            _ => self.pause().await,
        }
    }

    /// Drops the process at whatever await it is. Unlike that of a process that really died, its database thread may still be
    /// carrying out a statement: the next process must not start before it is done.
    async fn kill(&mut self, process: &mut JoinHandle<()>) {
        self.kills += 1;
        process.abort();
        let ended = process.await;
        assert!(ended.is_err_and(|end| end.is_cancelled()), "the process ended by itself");
        let store = self.store.take().expect("a process was started");
        while Arc::strong_count(&store) > 1 {
            tokio::task::yield_now().await;
        }
        store.close().await.unwrap();
    }

    async fn pause(&mut self) {
        tokio::time::sleep(Duration::from_millis(self.dice.random_range(1..60))).await;
    }

    /// Quiet at last: everything must come to rest on the truth.
    async fn settle(&mut self, process: &JoinHandle<()>) {
        self.sim.set_faults(None);
        *self.faulty.lock() = false;
        self.sim.mine(self.sim.final_depth() + 2);
        let head = self.sim.head();
        let seen = self.sim.expected(self.start, head);
        let last = self.sim.expected(self.start, head - self.sim.final_depth());
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            assert!(!process.is_finished(), "the process ended by itself");
            let at_rest = self.seen.lock().standing() == seen && self.last.lock().standing() == last;
            let committed = self.status.network(&"net".into()).snapshot().committed;
            if at_rest && committed.is_some_and(|block| block.height.0 == head) {
                break;
            }
            if tokio::time::Instant::now() > deadline {
                let held = [&self.seen, &self.last].map(|journal| journal.lock().standing());
                let missing = [seen.difference(&held[0]).count(), last.difference(&held[1]).count()];
                let phantoms = [held[0].difference(&seen).count(), held[1].difference(&last).count()];
                let network = self.status.network(&"net".into()).snapshot();
                let store = SqliteStore::open_read_only(&self.database()).await.unwrap();
                let outbox = store.counts(&wire::tenant()).await.unwrap().deliveries;
                let marks = store.networks().await.unwrap();
                println!("outbox {outbox:?}, {marks:?}");
                let one = [seen.difference(&held[0]).next(), held[0].difference(&seen).next()];
                panic!(
                    "head {head}, missing {missing:?}, phantoms {phantoms:?} of seen and last, for example {one:?}: {network:?}"
                );
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let retractions =
            self.last.lock().effects.values().filter(|(_, retracts)| retracts.is_some()).count();
        assert_eq!(retractions, 0, "nothing final is ever taken back");
        let needless = self.seen.lock().needless();
        let in_doubt = self.kills * MOST_AT_ONCE;
        assert!(
            needless <= in_doubt,
            "{needless} needless retractions, {in_doubt} messages were in doubt at kills"
        );
        assert_eq!(self.stored().await, seen, "what the store holds");
    }

    async fn stored(&self) -> BTreeSet<Fact> {
        let store = SqliteStore::open_read_only(&self.database()).await.unwrap();
        let mut facts = BTreeSet::new();
        let mut query = EventQuery { limit: 1000, ..EventQuery::default() };
        loop {
            let rows = store.events(&wire::tenant(), &query).await.unwrap();
            let Some(last) = rows.last() else { return facts };
            query.before = Some(last.id);
            for row in rows {
                let facts_of_row = row.facts;
                let index = facts_of_row.position.index;
                let new = facts.insert((facts_of_row.transaction_id, facts_of_row.block.id.clone(), index));
                assert!(new, "a fact is stored twice");
            }
        }
    }
}

async fn history(begin: Begin, seed: u64) {
    let mut history = History::begin(begin, seed).await;
    let mut process = history.start().await;
    for _ in 0..history.dice.random_range(5..30) {
        history.act(&mut process).await;
        if std::env::var("CHAOS_SEED").is_ok() {
            let network = history.status.network(&"net".into()).snapshot();
            println!("head {}: {network:?}", history.sim.head());
        }
    }
    history.settle(&process).await;
    process.abort();
    history.sim.shutdown().await;
}

/// Runs the share of the seeds that is this chain's, in percent.
fn chaos(begin: Begin, percent: u64) {
    let one =
        std::env::var("CHAOS_SEED").ok().map(|seed| seed.parse::<u64>().expect("CHAOS_SEED is a number"));
    let count =
        std::env::var("CHAOS_SEEDS").ok().map_or(DEFAULT_SEEDS, |seeds| seeds.parse().expect("a number"));
    let seeds = one.map_or(0..(count * percent).div_ceil(100), |seed| seed..seed + 1);
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    let next = AtomicU64::new(seeds.start);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        break;
                    }
                    let told = catch_unwind(AssertUnwindSafe(|| runtime.block_on(history(begin, seed))));
                    if told.is_err() {
                        failed.lock().push(seed);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner();
    assert!(failed.is_empty(), "seeds {failed:?} failed (their panics are above): CHAOS_SEED=… repeats one");
}

/// Leaves but one of what a client sees through only because a second answer is another one.
fn once(fault: &chainbell_devnet::Fault, endpoints: &mut [Vec<FaultRule>; 2]) {
    let mut first = true;
    for rules in endpoints {
        rules.retain(|rule| rule.fault != *fault || std::mem::take(&mut first));
    }
}

/// Some of `all`, with probabilities as the dice say.
fn some_faults<T: Clone>(dice: &mut StdRng, all: &[T], rule: impl Fn(T, f64) -> FaultRule) -> Vec<FaultRule> {
    let count = dice.random_range(0..4);
    (0..count)
        .map(|_| rule(all[dice.random_range(0..all.len())].clone(), dice.random_range(0.02..0.3)))
        .collect()
}

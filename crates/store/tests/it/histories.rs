//! Random histories of a chain, its receivers and the process: whatever happens, receivers end up with what the chain says.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use chainbell_model::{
    BlockId, BlockRef, DeliveryId, Finality, Height, MatchId, Message, MessageKind, TargetName, Timestamp,
};
use chainbell_store::{EventQuery, Ledger, NewBlock, Outbox, Reader, RetrySelection, Verdict};
use proptest::{collection::vec, prelude::*, test_runner::Config};

use crate::world::{Hit, World, block_of, hit, network, target, tenant};

const TARGETS: [&str; 2] = ["t", "u"];

/// What can happen.
#[derive(Clone, Debug)]
enum Happening {
    /// Blocks are committed; of two possible ones at each height, so that blocks that left come back.
    Extend { forks: Vec<bool>, reserve: bool },
    /// So many blocks leave the chain.
    RollBack { depth: usize },
    /// The marks are so far behind the tip.
    Finality { confirmed: usize, finalized: usize },
    /// Workers take deliveries.
    Claim { target: usize, limit: usize },
    /// One of those being sent has an outcome.
    Settle { which: usize, outcome: Outcome },
    /// One of those being sent is given back.
    Release { which: usize },
    /// The process dies; each delivery that was being sent was received or not.
    Crash { received: u64 },
    /// The last batch is committed again.
    Repeat,
    /// Somebody retries the dead letters.
    RetryDead,
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    Delivered,
    Retry { maybe: bool, received: bool },
    Dead { maybe: bool, received: bool },
}

fn happening() -> impl Strategy<Value = Happening> {
    let failure = || (any::<bool>(), any::<bool>());
    let outcome = prop_oneof![
        3 => Just(Outcome::Delivered),
        2 => failure().prop_map(|(maybe, received)| Outcome::Retry { maybe, received: maybe && received }),
        1 => failure().prop_map(|(maybe, received)| Outcome::Dead { maybe, received: maybe && received }),
    ];
    prop_oneof![
        4 => (vec(any::<bool>(), 1..4), any::<bool>())
            .prop_map(|(forks, reserve)| Happening::Extend { forks, reserve }),
        3 => (1_usize..4).prop_map(|depth| Happening::RollBack { depth }),
        1 => (0_usize..3, 1_usize..5)
            .prop_map(|(confirmed, more)| Happening::Finality { confirmed, finalized: confirmed + more }),
        4 => (0..TARGETS.len(), 1_usize..5).prop_map(|(target, limit)| Happening::Claim { target, limit }),
        6 => (any::<usize>(), outcome).prop_map(|(which, outcome)| Happening::Settle { which, outcome }),
        1 => any::<usize>().prop_map(|which| Happening::Release { which }),
        1 => any::<u64>().prop_map(|received| Happening::Crash { received }),
        1 => Just(Happening::Repeat),
        1 => Just(Happening::RetryDead),
    ]
}

proptest! {
    #![proptest_config(Config { cases: 100, failure_persistence: None, ..Config::default() })]

    #[test]
    fn receivers_end_up_with_what_the_chain_says(history in vec(happening(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(history));
    }
}

async fn run(history: Vec<Happening>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chainbell.db");
    let mut model = Model::new(&path).await;
    for happening in history {
        model = model.apply(&path, happening).await;
    }
    model.drain().await;
    model.check().await;
}

struct Model {
    world: World,
    chain: Vec<BlockRef>,
    finalized: usize,
    last: Option<(Option<BlockRef>, Vec<BlockRef>)>,
    sending: Vec<Message>,
    receivers: Receivers,
}

/// What the receivers know, all targets together.
#[derive(Default)]
struct Receivers {
    received: HashMap<DeliveryId, (MatchId, TargetName)>,
    maybe_received: HashSet<DeliveryId>,
    taken_back: HashSet<DeliveryId>,
}

impl Receivers {
    fn receive(&mut self, message: &Message) {
        self.maybe_received.insert(message.id);
        match message.kind {
            MessageKind::Match => {
                self.received.insert(message.id, (message.match_id, message.target.clone()));
            }
            MessageKind::Retraction { of } => {
                self.taken_back.insert(of);
            }
        }
    }

    fn hold(&self) -> Vec<(MatchId, TargetName)> {
        let held = self.received.iter().filter(|(id, _)| !self.taken_back.contains(*id));
        sorted(held.map(|(_, held)| held.clone()))
    }
}

impl Model {
    async fn new(path: &Path) -> Self {
        let (sending, receivers) = (Vec::new(), Receivers::default());
        Self { world: World::at(path).await, chain: Vec::new(), finalized: 0, last: None, sending, receivers }
    }

    async fn apply(mut self, path: &Path, happening: Happening) -> Self {
        self.world.wait(1);
        match happening {
            Happening::Extend { forks, reserve } => self.extend(&forks, reserve).await,
            Happening::RollBack { depth } => self.roll_back(depth).await,
            Happening::Finality { confirmed, finalized } => self.finality(confirmed, finalized).await,
            Happening::Claim { target, limit } => self.claim(TARGETS[target], limit).await,
            Happening::Settle { which, outcome } => self.settle(which, outcome).await,
            Happening::Release { which } => self.release(which).await,
            Happening::Crash { received } => return self.crash(path, received).await,
            Happening::Repeat => self.repeat().await,
            Happening::RetryDead => self.retry_dead().await,
        }
        self
    }

    async fn extend(&mut self, forks: &[bool], reserve: bool) {
        let after = self.chain.last().copied();
        let first = self.chain.len();
        for fork in forks {
            let parent = self.chain.last().map_or(BlockId::default(), |parent| parent.id);
            let height = Height(self.chain.len() as u64 + 1);
            self.chain.push(BlockRef { height, id: child(parent, *fork) });
        }
        let added = self.chain[first..].to_vec();
        let through = self.chain[self.chain.len() - 1];
        let blocks = added.iter().map(content).collect();
        let committed = self.world.try_commit(after, through, blocks, reserve).await.unwrap();
        self.last = Some((after, added));
        self.take(committed.claimed);
    }

    async fn repeat(&mut self) {
        let Some((after, added)) = self.last.clone() else { return };
        let before = self.world.deliveries().await;
        let blocks = added.iter().map(content).collect();
        let committed = self.world.try_commit(after, added[added.len() - 1], blocks, true).await.unwrap();
        assert_eq!((committed.facts, committed.matches, committed.deliveries), (0, 0, 0));
        assert_eq!(self.world.deliveries().await, before);
    }

    async fn roll_back(&mut self, depth: usize) {
        let keep = self.chain.len().saturating_sub(depth).max(self.finalized).max(1);
        if keep >= self.chain.len() {
            return;
        }
        self.chain.truncate(keep);
        self.last = None;
        let to = self.chain[keep - 1];
        self.world.store.rollback(&network(), to).await.unwrap();
        let again = self.world.store.rollback(&network(), to).await.unwrap();
        assert_eq!((again.facts, again.cancelled, again.retractions), (0, 0, 0));
    }

    async fn finality(&mut self, confirmed: usize, finalized: usize) {
        let behind = |blocks| self.chain.len().saturating_sub(blocks);
        let (confirmed, finalized) = (behind(confirmed), behind(finalized));
        self.finalized = self.finalized.max(finalized);
        let marks = [confirmed, finalized].map(|height| Height(height as u64));
        self.world.store.finality(&network(), marks[0], marks[1]).await.unwrap();
    }

    async fn claim(&mut self, name: &str, limit: usize) {
        let now = self.world.now();
        let claimed = self.world.store.claim(&tenant(), &target(name), now, limit).await.unwrap();
        self.take(claimed);
    }

    fn take(&mut self, claimed: Vec<Message>) {
        for message in claimed {
            assert!(self.sending.iter().all(|other| other.id != message.id), "claimed twice");
            if let MessageKind::Retraction { of } = message.kind {
                assert!(self.sending.iter().all(|other| other.id != of), "taken back while it is being sent");
                assert!(self.receivers.maybe_received.contains(&of), "taken back though never received");
            }
            self.sending.push(message);
        }
    }

    async fn settle(&mut self, which: usize, outcome: Outcome) {
        if self.sending.is_empty() {
            return;
        }
        let message = self.sending.swap_remove(which % self.sending.len());
        let (verdict, maybe, received) = match outcome {
            Outcome::Delivered => (Verdict::Delivered, true, true),
            Outcome::Retry { maybe, received } => {
                let at = Timestamp(self.world.now().0 + 3);
                (Verdict::RetryAt { at, maybe_received: maybe }, maybe, received)
            }
            Outcome::Dead { maybe, received } => (Verdict::Dead { maybe_received: maybe }, maybe, received),
        };
        if maybe {
            self.receivers.maybe_received.insert(message.id);
        }
        if received {
            self.receivers.receive(&message);
        }
        self.world.settle(&message, verdict).await;
    }

    async fn release(&mut self, which: usize) {
        if self.sending.is_empty() {
            return;
        }
        let message = self.sending.swap_remove(which % self.sending.len());
        self.world.store.release(&[message.id]).await.unwrap();
    }

    async fn crash(mut self, path: &Path, received: u64) -> Self {
        for (index, message) in self.sending.drain(..).enumerate() {
            self.receivers.maybe_received.insert(message.id);
            if received >> (index % 64) & 1 == 1 {
                self.receivers.receive(&message);
            }
        }
        self.world = self.world.restarted(path).await;
        self.world.store.recover().await.unwrap();
        self
    }

    async fn retry_dead(&mut self) {
        self.world.store.retry(&tenant(), &RetrySelection::Dead(None), self.world.now()).await.unwrap();
    }

    /// All is well from now on.
    async fn drain(&mut self) {
        self.finality(0, 0).await;
        self.retry_dead().await;
        self.world.wait(100);
        for name in TARGETS {
            self.claim(name, 1000).await;
        }
        while !self.sending.is_empty() {
            self.settle(0, Outcome::Delivered).await;
            for name in TARGETS {
                self.claim(name, 1000).await;
            }
        }
    }

    async fn check(&self) {
        let blocks: Vec<NewBlock> = self.chain.iter().map(content).collect();
        let found = blocks.iter().flat_map(|block| &block.found);
        let matches = found.clone().flat_map(|found| &found.matches);
        let expected =
            matches.flat_map(|matched| matched.targets.iter().map(|target| (matched.id, target.clone())));
        // A list, not a set: a match delivered in two generations at once would show.
        assert_eq!(self.receivers.hold(), sorted(expected));
        assert_eq!(self.world.cursor().await, self.chain.last().copied());
        let query = EventQuery { limit: 1000, ..EventQuery::default() };
        let mut events = self.world.store.events(&tenant(), &query).await.unwrap();
        events.sort_by_key(|event| (event.facts.block.height, event.facts.position));
        let stored: Vec<_> = events.iter().map(|event| &event.facts).collect();
        assert_eq!(stored, found.map(|found| &*found.facts).collect::<Vec<_>>());
        assert!(self.world.store.due_targets().await.unwrap().is_empty());
    }
}

fn sorted(held: impl Iterator<Item = (MatchId, TargetName)>) -> Vec<(MatchId, TargetName)> {
    let mut held: Vec<_> = held.collect();
    held.sort();
    held
}

/// One of two possible blocks after `parent`.
fn child(parent: BlockId, fork: bool) -> BlockId {
    let mut id = parent.0;
    let mut state = 0x9e37_79b9_u32 + u32::from(fork);
    for byte in &mut id {
        state = (state ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        *byte = (state >> 16) as u8;
    }
    BlockId(id)
}

/// What is in a block: told by its id alone.
fn content(reference: &BlockRef) -> NewBlock {
    let [.., count, targets] = reference.id.0;
    let targets = [&TARGETS[..], &TARGETS[..1], &TARGETS[1..]][usize::from(targets % 3)];
    let finality = [Finality::Seen, Finality::Seen, Finality::Confirmed, Finality::Finalized];
    let one: Hit = hit(targets).at(finality[usize::from(reference.id.0[0] % 4)]);
    let other = hit(targets).at(finality[usize::from(reference.id.0[1] % 4)]).of("other");
    block_of(*reference, &[one, other][..usize::from(count % 3)])
}

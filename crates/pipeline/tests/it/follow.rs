//! The follow loop: what it emits for what the chain does.

use std::{sync::Arc, time::Duration};

use chainbell_model::{BlockRef, Height, Interest, NetworkSlug, Proof, Step};
use chainbell_pipeline::{
    FollowSettings, Start, Status,
    follow::{Follower, follow},
};
use chainbell_store::{CommitBatch, Ledger, sqlite::SqliteStore};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::script::{EMPTY, ScriptedChain, id};

/// A follow loop whose steps go into a store, and are kept.
struct World {
    chain: Arc<ScriptedChain>,
    store: Arc<SqliteStore>,
    status: Arc<Status>,
}

struct Running {
    steps: mpsc::Receiver<Step>,
    task: JoinHandle<()>,
}

impl World {
    async fn with(chain: Arc<ScriptedChain>) -> Self {
        let store = Arc::new(SqliteStore::temporary(Default::default()).await.unwrap());
        Self { chain, store, status: Arc::default() }
    }

    fn follow(&self, settings: FollowSettings) -> Running {
        let network = NetworkSlug::new("script");
        let follower = Follower::new(
            network.clone(),
            self.chain.clone(),
            Interest::default(),
            settings,
            self.status.network(&network),
        );
        let (sender, mut raw) = mpsc::channel(2);
        let (kept, steps) = mpsc::channel(1000);
        let store = self.store.clone();
        let stage = follow(follower, store.clone(), sender, CancellationToken::new());
        let task = tokio::spawn(async move {
            let keep = async {
                while let Some(step) = raw.recv().await {
                    apply(&store, &network, &step).await;
                    kept.send(step).await.unwrap();
                }
            };
            let (ended, ()) = tokio::join!(stage, keep);
            ended.unwrap();
        });
        Running { steps, task }
    }
}

/// What the commit stage would do with it.
async fn apply(store: &SqliteStore, network: &NetworkSlug, step: &Step) {
    match step {
        Step::Blocks { after, through, blocks } => {
            let blocks = blocks.iter().map(|block| chainbell_store::NewBlock {
                reference: block.reference,
                parent: block.parent,
                facts: Arc::new(chainbell_model::BlockFacts {
                    network: network.clone(),
                    chain: "script".into(),
                    height: block.reference.height,
                    id: format!("{:?}", block.reference.id),
                    time: block.time,
                }),
                found: Vec::new(),
            });
            let batch = CommitBatch {
                network: network.clone(),
                after: *after,
                through: *through,
                confirmed: Height(0),
                finalized: Height(0),
                now: Default::default(),
                blocks: blocks.collect(),
            };
            store.commit(batch, &mut |_, _| false).await.unwrap();
        }
        Step::Rollback { to } => drop(store.rollback(network, *to).await.unwrap()),
        Step::Begin { at } => store.begin(network, *at).await.unwrap(),
        Step::Gap { after, to } => store.record_gap(network, *after, *to).await.unwrap(),
        Step::Finality { confirmed, finalized } => {
            drop(store.finality(network, *confirmed, *finalized).await.unwrap());
        }
    }
}

impl Running {
    /// Steps until the chain's block at `height` of `fork` is through.
    async fn until(&mut self, height: u64, fork: u8) -> Vec<String> {
        let goal = BlockRef { height: Height(height), id: id(height, fork) };
        let mut told = Vec::new();
        let waiting = async {
            while let Some(step) = self.steps.recv().await {
                told.push(match &step {
                    Step::Begin { .. } => continue,
                    Step::Blocks { through, .. } => format!("blocks to {}", through.height),
                    Step::Rollback { to } => format!("rollback to {}", to.height),
                    Step::Gap { to, .. } => format!("gap to {}", to.height),
                    Step::Finality { finalized, .. } => format!("final {finalized}"),
                });
                if matches!(step, Step::Blocks { through, .. } if through == goal) {
                    return;
                }
            }
            panic!("the loop ended");
        };
        tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("the goal is reached");
        told
    }

    /// Steps until `height` is through, whatever its block.
    async fn until_height(&mut self, height: u64) {
        let waiting = async {
            while let Some(step) = self.steps.recv().await {
                if matches!(step, Step::Blocks { through, .. } if through.height == Height(height)) {
                    return;
                }
            }
            panic!("the loop ended");
        };
        tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("the height is reached");
    }

    async fn kill(self) {
        self.task.abort();
        let _aborted = self.task.await;
    }
}

fn from(height: u64) -> FollowSettings {
    FollowSettings { start: Start::At(Height(height)), ..FollowSettings::default() }
}

#[tokio::test]
async fn a_backfill_is_read_in_pieces_below_finality_and_linked_above() {
    let world = World::with(ScriptedChain::of(20)).await;
    world.chain.finalize(10);
    let mut running = world.follow(from(0));
    let told = running.until(19, 0).await;
    assert_eq!(told[0], "final 10");
    assert_eq!(told[1..4], ["blocks to 3", "blocks to 7", "blocks to 10"]);
    let fetches = world.chain.fetches();
    assert!(fetches.iter().all(|(_, to, proof)| (*to <= 10) == (*proof == Proof::Sparse)), "{fetches:?}");
    running.kill().await;
}

#[tokio::test]
async fn a_fork_is_left_at_the_common_ancestor() {
    let world = World::with(ScriptedChain::of(10)).await;
    let mut running = world.follow(from(0));
    running.until(9, 0).await;
    world.chain.cut(5);
    world.chain.extend(6, 1);
    let told = running.until(11, 1).await;
    assert_eq!(told[0], "rollback to 5");
    running.kill().await;
}

#[tokio::test]
async fn a_fork_of_equal_or_lower_height_is_left_too() {
    let world = World::with(ScriptedChain::of(10)).await;
    let mut running = world.follow(from(0));
    running.until(9, 0).await;
    world.chain.cut(6);
    world.chain.extend(3, 1);
    assert_eq!(running.until(9, 1).await[0], "rollback to 6");
    world.chain.cut(4);
    world.chain.extend(2, 2);
    assert_eq!(running.until(6, 2).await[0], "rollback to 4");
    running.kill().await;
}

#[tokio::test]
async fn a_head_that_falls_back_sixty_blocks_undoes_nothing_by_itself() {
    let world = World::with(ScriptedChain::of(100)).await;
    let mut running = world.follow(from(0));
    running.until(99, 0).await;
    world.chain.cut(39);
    world.chain.extend(0, 0);
    // The same blocks come back, and one more.
    world.chain.extend(61, 0);
    assert_eq!(running.until(100, 0).await, ["blocks to 100"]);
    running.kill().await;
}

#[tokio::test]
async fn a_fork_met_after_a_restart_is_left_as_well() {
    let world = World::with(ScriptedChain::of(10)).await;
    let mut running = world.follow(from(0));
    running.until(9, 0).await;
    running.kill().await;
    world.chain.cut(7);
    world.chain.extend(4, 1);
    let mut running = world.follow(from(0));
    assert_eq!(running.until(11, 1).await[0], "rollback to 7");
    running.kill().await;
}

#[tokio::test]
async fn a_fork_right_above_what_was_read_as_final_is_left_after_a_restart() {
    let world = World::with(ScriptedChain::of(10)).await;
    world.chain.finalize(6);
    let mut running = world.follow(from(0));
    running.until(9, 0).await;
    running.kill().await;
    world.chain.cut(6);
    world.chain.extend(5, 1);
    let mut running = world.follow(from(0));
    assert_eq!(running.until(11, 1).await[0], "rollback to 6");
    running.kill().await;
}

#[tokio::test]
async fn a_reorganisation_below_finality_halts_the_network_on_record() {
    let world = World::with(ScriptedChain::of(10)).await;
    world.chain.finalize(6);
    let mut running = world.follow(from(0));
    running.until(9, 0).await;
    // The finality mark has to be through before the fork comes.
    while world.store.networks().await.unwrap()[0].finalized != Height(6) {
        tokio::task::yield_now().await;
    }
    world.chain.cut(4);
    world.chain.extend(8, 1);
    tokio::time::timeout(Duration::from_secs(30), running.task).await.expect("the loop ends").unwrap();
    let halted = world.store.networks().await.unwrap()[0].halted.clone().expect("it is on record");
    assert!(halted.contains("--rewind script=HEIGHT"), "{halted}");

    let rewind = FollowSettings { rewind: Some(Height(4)), ..from(0) };
    let mut running = world.follow(rewind);
    assert_eq!(running.until(12, 1).await[0], "rollback to 4");
    assert_eq!(world.store.networks().await.unwrap()[0].halted, None);
    running.kill().await;
}

#[tokio::test]
async fn failed_reads_are_repeated_until_they_succeed() {
    let world = World::with(ScriptedChain::of(10)).await;
    world.chain.fail(3);
    let mut running = world.follow(from(0));
    running.until(9, 0).await;
    running.kill().await;
}

#[tokio::test]
async fn a_negative_start_counts_from_the_head() {
    let world = World::with(ScriptedChain::of(50)).await;
    let mut running = world.follow(FollowSettings { start: Start::Before(5), ..FollowSettings::default() });
    running.until(49, 0).await;
    assert_eq!(world.chain.fetches()[0].0, 44);
    running.kill().await;
}

#[tokio::test]
async fn the_loop_stops_while_nobody_takes_its_steps() {
    let world = World::with(ScriptedChain::of(100)).await;
    let network = NetworkSlug::new("script");
    let follower = Follower::new(
        network.clone(),
        world.chain.clone(),
        Interest::default(),
        from(0),
        world.status.network(&network),
    );
    let (sender, _full) = mpsc::channel(1);
    let stop = CancellationToken::new();
    let task = tokio::spawn(follow(follower, world.store.clone(), sender, stop.clone()));
    while world.chain.fetches().is_empty() {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(10), task).await.expect("it stops").unwrap().unwrap();
}

#[tokio::test]
async fn parents_link_over_empty_heights_and_a_late_block_is_a_fork() {
    let world = World::with(ScriptedChain::of(3)).await;
    world.chain.extend(2, EMPTY);
    world.chain.extend(3, 0);
    world.chain.extend(1, EMPTY);
    let mut running = world.follow(from(0));
    world.chain.extend(1, 0);
    running.until(9, 0).await;
    world.chain.extend(1, EMPTY);
    world.chain.extend(1, 0);
    running.until(11, 0).await;
    // Height 10, which was empty, has a block after all.
    world.chain.cut(9);
    world.chain.extend(2, 1);
    assert_eq!(running.until(11, 1).await[0], "rollback to 9");
    running.kill().await;
}

#[tokio::test]
async fn a_cursor_at_an_empty_height_survives_a_restart() {
    let world = World::with(ScriptedChain::of(10)).await;
    let mut running = world.follow(from(0));
    running.until(9, 0).await;
    world.chain.extend(1, EMPTY);
    running.until_height(10).await;
    running.kill().await;
    world.chain.cut(7);
    world.chain.extend(4, 1);
    let mut running = world.follow(from(0));
    assert_eq!(running.until(11, 1).await[0], "rollback to 7");
    running.kill().await;
}

#[tokio::test]
async fn a_selection_is_read_again_when_final_and_what_is_the_same_stays() {
    let world = World::with(ScriptedChain::of(10)).await;
    world.chain.select(&[5, 8]);
    let mut running = world.follow(from(2));
    running.until(9, 0).await;
    world.chain.finalize(6);
    world.chain.extend(1, 0);
    let told = running.until(10, 0).await;
    assert!(!told.iter().any(|step| step.starts_with("rollback")), "{told:?}");
    assert!(told.iter().any(|step| step == "final 5" || step == "final 6"), "{told:?}");
    running.kill().await;
    // What an earlier process read is not undone without need either.
    let mut running = world.follow(from(2));
    world.chain.finalize(9);
    world.chain.extend(1, 0);
    let told = running.until(11, 0).await;
    assert!(!told.iter().any(|step| step.starts_with("rollback")), "{told:?}");
    running.kill().await;
}

#[tokio::test]
async fn what_lies_before_the_beginning_is_not_missed() {
    let world = World::with(ScriptedChain::of(10)).await;
    world.chain.select(&[3, 5]);
    let mut running = world.follow(from(4));
    running.until(9, 0).await;
    running.kill().await;
    let mut running = world.follow(from(4));
    world.chain.finalize(9);
    world.chain.extend(1, 0);
    let told = running.until(10, 0).await;
    assert!(!told.iter().any(|step| step.starts_with("rollback")), "{told:?}");
    running.kill().await;
}

#[tokio::test]
async fn what_a_selection_missed_or_what_changed_is_undone_and_read_again_when_final() {
    let world = World::with(ScriptedChain::of(10)).await;
    world.chain.select(&[5]);
    let mut running = world.follow(from(0));
    running.until(9, 0).await;
    // The node had not indexed the transaction at 7 yet.
    world.chain.select(&[5, 7]);
    world.chain.finalize(8);
    assert!(running.until(9, 0).await.contains(&"rollback to 6".to_owned()));
    world.chain.extend(3, 0);
    world.chain.select(&[5, 7, 11]);
    running.until(12, 0).await;
    world.chain.cut(10);
    world.chain.extend(4, 1);
    world.chain.finalize(13);
    // To the last block that was read and is shared, or to the last that is shared.
    let told = running.until(14, 1).await;
    assert!(told.iter().any(|step| ["rollback to 9", "rollback to 10"].contains(&&**step)), "{told:?}");
    running.kill().await;
}

#[tokio::test]
async fn pruned_heights_are_left_out_on_record_only_when_the_operator_says_so() {
    let world = World::with(ScriptedChain::of(5)).await;
    world.chain.finalize(4);
    let mut running = world.follow(from(0));
    running.until(4, 0).await;
    running.kill().await;
    world.chain.extend(20, 0);
    world.chain.finalize(20);
    world.chain.prune_below(12);
    let running = world.follow(from(0));
    tokio::time::timeout(Duration::from_secs(30), running.task).await.expect("the loop ends").unwrap();
    let halted = world.store.networks().await.unwrap()[0].halted.clone().expect("it is on record");
    assert!(halted.contains("--skip script=HEIGHT") && halted.contains("Blocks from 5 on"), "{halted}");

    let skip = FollowSettings { skip: Some(Height(11)), ..from(0) };
    let mut running = world.follow(skip);
    assert_eq!(running.until(24, 0).await[0], "gap to 11");
    let gaps = world.store.gaps(&NetworkSlug::new("script")).await.unwrap();
    assert_eq!(gaps.iter().map(|gap| (gap.first.0, gap.last.0)).collect::<Vec<_>>(), [(5, 11)]);
    running.kill().await;
}

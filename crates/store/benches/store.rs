//! What storing costs: 1,000,000 facts in batches of 25,000, then 100,000 deliveries claimed and settled, in CPU time of the
//! process (the bench has no other work while it measures).

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use chainbell_model::{
    BlockFacts, BlockId, BlockRef, Facts, Finality, Height, MatchId, Message, NetworkSlug, Position,
    PositionKind, TargetName, TenantId, Timestamp,
};
use chainbell_store::{
    CommitBatch, Ledger, NewBlock, NewFact, NewMatch, Outbox, Settlement, Verdict,
    sqlite::{SqliteOptions, SqliteStore},
};

const FACTS_PER_BLOCK: u64 = 50;
const BLOCKS_PER_BATCH: u64 = 500;

/// What each fact of a batch brings.
#[derive(Clone, Copy)]
enum Load {
    Stored,
    Matched,
    Delivered,
}

#[tokio::main]
async fn main() {
    for (name, load) in [("facts", Load::Stored), ("facts with a match each", Load::Matched)] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("bench.db");
        let store = SqliteStore::open(&path, SqliteOptions::default()).await.expect("a database");
        commit(&store, &path, name, 40, load).await;
        store.close().await.expect("the log merged");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bench.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.expect("a database");
    commit(&store, &path, "facts with a delivery each", 4, Load::Delivered).await;
    for size in [10, 50, 200] {
        deliver(&store, size).await;
    }
    follow(&store).await;
    store.close().await.expect("the log merged");
}

/// The tip of a chain: a block per commit with one delivery, sent at once and settled alone.
async fn follow(store: &SqliteStore) {
    let network = NetworkSlug::from("tip");
    store.open_network(&network, "evm", "1").await.expect("a network");
    let (cpu, wall, mut after) = (cpu_time(), Instant::now(), None);
    let blocks = 5_000;
    for height in 1..=blocks {
        let mut new = block(&network, 1_000_000 + height, Load::Delivered);
        new.found.truncate(1);
        let batch = CommitBatch {
            network: network.clone(),
            after,
            through: new.reference,
            confirmed: Height(0),
            finalized: Height(0),
            now: Timestamp(1),
            blocks: vec![new],
        };
        after = Some(batch.through);
        let committed = store.commit(batch, &mut |_, _| true).await.expect("a commit");
        store.settle(committed.claimed.iter().map(delivered).collect()).await.expect("a settlement");
    }
    report(
        "a block at the tip, one delivery settled",
        blocks as f64,
        cpu_time().saturating_sub(cpu),
        wall.elapsed(),
    );
}

fn delivered(message: &Message) -> Settlement {
    Settlement {
        delivery: message.id,
        attempt: message.attempt,
        started: Timestamp(1),
        took: Duration::from_millis(3),
        verdict: Verdict::Delivered,
        detail: "200 OK".to_owned(),
    }
}

async fn commit(store: &SqliteStore, path: &Path, name: &str, batches: u64, load: Load) {
    let network = NetworkSlug::from("bench");
    store.open_network(&network, "evm", "1").await.expect("a network");
    let (mut cpu_total, mut wall_total) = (Duration::ZERO, Duration::ZERO);
    let mut after = None;
    for number in 0..batches {
        let batch = batch(&network, after, number * BLOCKS_PER_BATCH + 1, load);
        after = Some(batch.through);
        let (cpu, wall) = (cpu_time(), Instant::now());
        store.commit(batch, &mut |_, _| false).await.expect("a commit");
        cpu_total += cpu_time().saturating_sub(cpu);
        wall_total += wall.elapsed();
    }
    let facts = (batches * BLOCKS_PER_BATCH * FACTS_PER_BLOCK) as f64;
    let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
    report(name, facts, cpu_total, wall_total);
    print_line(&format!("    {} MB, {:.0} bytes each", bytes / 1_000_000, bytes as f64 / facts));
}

async fn deliver(store: &SqliteStore, size: usize) {
    let (tenant, target) = (TenantId::default(), TargetName::from("sink"));
    let (cpu, wall, mut done) = (cpu_time(), Instant::now(), 0_usize);
    while done < 30_000 {
        let messages = store.claim(&tenant, &target, Timestamp(i64::MAX), size).await.expect("a claim");
        assert!(!messages.is_empty(), "the outbox ran dry");
        done += messages.len();
        store.settle(messages.iter().map(delivered).collect()).await.expect("a settlement");
    }
    report(
        &format!("claim and settle, {size} at a time"),
        done as f64,
        cpu_time().saturating_sub(cpu),
        wall.elapsed(),
    );
}

fn batch(network: &NetworkSlug, after: Option<BlockRef>, first: u64, load: Load) -> CommitBatch {
    let blocks: Vec<NewBlock> =
        (first..first + BLOCKS_PER_BATCH).map(|height| block(network, height, load)).collect();
    CommitBatch {
        network: network.clone(),
        after,
        through: blocks.last().expect("blocks").reference,
        confirmed: Height(u64::MAX),
        finalized: Height(u64::MAX),
        now: Timestamp(1),
        blocks,
    }
}

fn block(network: &NetworkSlug, height: u64, load: Load) -> NewBlock {
    let reference = BlockRef { height: Height(height), id: BlockId(spread(height)) };
    let facts = Arc::new(BlockFacts {
        network: network.clone(),
        chain: "evm".into(),
        height: Height(height),
        id: hex(&spread(height)),
        time: Timestamp(height as i64 * 12_000),
    });
    let found = (0..FACTS_PER_BLOCK).map(|index| found(&facts, height, index, load)).collect();
    NewBlock { reference, parent: None, facts, found }
}

fn found(block: &Arc<BlockFacts>, height: u64, index: u64, load: Load) -> NewFact {
    let seed = height * FACTS_PER_BLOCK + index;
    let address = |number: u64| hex(&spread(number)[..20]);
    let args = format!(
        r#"{{"from":"{}","to":"{}","value":"{}"}}"#,
        address(seed % 5000),
        address(seed % 7001),
        seed * 1_000_000_007
    );
    let id = spread(seed ^ 0xffff);
    let targets: &[TargetName] = &["sink".into()];
    let matched = NewMatch {
        id: MatchId(id[..16].try_into().expect("16 bytes")),
        monitor: "transfers".into(),
        deliver_at: Finality::Seen,
        targets: if matches!(load, Load::Delivered) { targets.into() } else { [].into() },
    };
    NewFact {
        tenant: TenantId::default(),
        facts: Arc::new(Facts {
            block: Arc::clone(block),
            transaction_id: hex(&id),
            transaction_index: index as u32,
            transaction_json: None,
            position: Position { kind: PositionKind::Event, index: index as u32, sub: 0 },
            contract: Some(address(seed % 50)),
            name: "Transfer".into(),
            signature: "Transfer(address,address,uint256)".into(),
            attributes_json: None,
            args_json: args.into(),
        }),
        matches: if matches!(load, Load::Stored) { Vec::new() } else { vec![matched] },
    }
}

/// 32 bytes that look random, the same for the same number.
fn spread(number: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    let mut state = number;
    for chunk in bytes.chunks_exact_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_be_bytes());
    }
    bytes
}

fn hex(bytes: &[u8]) -> String {
    const_hex::encode_prefixed(bytes)
}

fn report(name: &str, count: f64, cpu: Duration, wall: Duration) {
    let each = |time: Duration| time.as_secs_f64() * 1e6 / count;
    print_line(&format!("{name}: {:.2} µs CPU each, {:.2} µs on the clock, {count}", each(cpu), each(wall)));
}

/// CPU time of the process so far, user and system, where the system tells it (Linux); else zero.
fn cpu_time() -> Duration {
    // Fields 14 and 15 of proc(5) stat, in ticks of 10 ms; the command, which may hold spaces, ends with ')'.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

#[expect(clippy::print_stdout, reason = "a bench prints its results")]
fn print_line(line: &str) {
    println!("{line}");
}

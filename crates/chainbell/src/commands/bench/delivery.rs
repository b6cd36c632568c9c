//! The durable outbox at work: matches committed by the commit stage, delivered by the courier to a receiver in another process.
//! CPU figures are of this whole process, the driver included; latencies run from handing a block to the commit stage to
//! the first byte's arrival.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::ensure;
use chainbell_model::{
    BlockFacts, BlockId, BlockRef, DeliveryId, Facts, Finality, Height, MatchId, MonitorName, NetworkSlug,
    Position, PositionKind, TargetName, Timestamp, TxId,
};
use chainbell_pipeline::{Clock, Courier, Status, commit::commit_batches, matching::Batch};
use chainbell_store::{CommitBatch, Ledger, NewBlock, NewFact, NewMatch};
use tokio::{sync::mpsc, time::Instant};

use super::{
    measure::{Usage, percentile},
    peers::{Peer, micros},
};
use crate::{
    output::{self, Table},
    wire,
};

/// What to measure.
pub(crate) struct Case {
    /// Deliveries.
    pub(crate) count: usize,
    /// Matches a second; all at once without.
    pub(crate) rate: Option<u64>,
    /// Receivers, each a target of its own.
    pub(crate) endpoints: usize,
    /// The first of them never answers.
    pub(crate) stuck: bool,
}

/// Matches committed at once when there is no rate.
const BATCH: usize = 500;

/// Runs the bench; with a stuck endpoint twice, without and with it, so that the two compare.
///
/// # Errors
/// A process fails, or a delivery is lost or doubled.
pub(crate) async fn run(case: &Case) -> anyhow::Result<()> {
    let mut table = Table::new(&["case", "deliveries", "per second", "cpu ms each", "p50 ms", "p99 ms"]);
    let healthy = measure(case, false).await?;
    table.row(healthy.cells("all answer"));
    if !case.stuck {
        return table.print();
    }
    let beside = measure(case, true).await?;
    table.row(beside.cells("one is stuck"));
    table.print()?;
    output::line(&format!("p99 beside a stuck endpoint: {:.2} times", beside.p99_ms() / healthy.p99_ms()))
}

struct Measured {
    latencies: Vec<u64>,
    took: Duration,
    cpu_seconds: f64,
}

impl Measured {
    fn p99_ms(&self) -> f64 {
        percentile(&self.latencies, 0.99) as f64 / 1000.0
    }

    fn cells(&self, case: &str) -> [String; 6] {
        let count = self.latencies.len() as f64;
        [
            case.to_owned(),
            self.latencies.len().to_string(),
            format!("{:.0}", count / self.took.as_secs_f64()),
            format!("{:.3}", self.cpu_seconds * 1000.0 / count),
            format!("{:.2}", percentile(&self.latencies, 0.5) as f64 / 1000.0),
            format!("{:.2}", self.p99_ms()),
        ]
    }
}

async fn measure(case: &Case, stuck: bool) -> anyhow::Result<Measured> {
    let sink = Peer::sink().await?;
    let folder = tempfile::tempdir()?;
    let config = configuration(folder.path(), &sink.url, case.endpoints, stuck)?;
    let store = Arc::new(wire::open_store(&config).await?);
    let status = Arc::new(Status::default());
    let courier =
        Courier::start(store.clone(), wire::lanes(&config)?, Clock::system(), status.clone()).await?;
    let (batches, received) = mpsc::channel(2);
    let network = NetworkSlug::new("bench");
    store.open_network(&network, "bench", "bench").await?;
    let committer = tokio::spawn(commit_batches(network, store.clone(), courier.handle(), received, status));

    let before = Usage::of(std::process::id())?;
    let began = Instant::now();
    let sent = feed(case, stuck, batches).await;
    committer.await??;
    let expected = sent.len() as u64;
    let done = async {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let received = sink.received().await?;
            if received.arrivals.iter().filter(|(path, _, _)| path != "/stuck").count() as u64 >= expected {
                return anyhow::Ok(received);
            }
        }
    };
    let received = tokio::time::timeout(Duration::from_secs(120), done).await??;
    let cpu_seconds = Usage::of(std::process::id())?.cpu_seconds - before.cpu_seconds;
    courier.stop().await?;
    let healthy: Vec<_> = received.arrivals.iter().filter(|(path, _, _)| path != "/stuck").collect();
    ensure!(healthy.len() as u64 == expected, "{} messages arrived, {expected} expected", healthy.len());
    let last = healthy.iter().map(|(_, _, at)| *at).max().unwrap_or_default();
    let first = sent.values().copied().min().unwrap_or_default();
    let took =
        if case.rate.is_some() { began.elapsed() } else { Duration::from_micros(last.saturating_sub(first)) };
    let mut latencies: Vec<u64> =
        healthy.iter().filter_map(|(_, id, at)| Some(at.saturating_sub(*sent.get(id)?))).collect();
    latencies.sort_unstable();
    Ok(Measured { latencies, took, cpu_seconds })
}

/// Commits blocks of matches and notes when each healthy delivery was handed over.
async fn feed(case: &Case, stuck: bool, batches: mpsc::Sender<Batch>) -> HashMap<String, u64> {
    let mut sent = HashMap::with_capacity(case.count);
    let mut cursor = None;
    let mut done = 0;
    let mut clock = case.rate.map(|rate| tokio::time::interval(Duration::from_secs_f64(1.0 / rate as f64)));
    let per_block = if case.rate.is_some() { 1 } else { BATCH };
    while done < case.count {
        if let Some(clock) = &mut clock {
            clock.tick().await;
        }
        let height = Height(done as u64 + 1);
        let targets: Vec<TargetName> = (done..(done + per_block).min(case.count))
            .map(|index| target(index % case.endpoints, stuck))
            .collect();
        done += targets.len();
        let (batch, ids) = block(cursor, height, &targets);
        let now = micros();
        sent.extend(
            ids.into_iter()
                .zip(&targets)
                .filter(|(_, target)| target.as_str() != "stuck")
                .map(|(id, _)| (id, now)),
        );
        cursor = Some(batch.through);
        if batches.send(Batch::Commit(batch)).await.is_err() {
            break;
        }
    }
    sent
}

fn target(index: usize, stuck: bool) -> TargetName {
    if stuck && index == 0 { TargetName::new("stuck") } else { TargetName::new(format!("t{index}")) }
}

/// One block with a match for each of `targets`, and the ids of their deliveries.
fn block(after: Option<BlockRef>, height: Height, targets: &[TargetName]) -> (CommitBatch, Vec<String>) {
    let network = NetworkSlug::new("bench");
    let mut id = [0; 32];
    id[..8].copy_from_slice(&height.0.to_be_bytes());
    let through = BlockRef { height, id: BlockId(id) };
    let now = Clock::system().now();
    let facts_of_block = Arc::new(BlockFacts {
        network: network.clone(),
        chain: "evm".into(),
        height,
        id: format!("0x{:064x}", height.0),
        time: Timestamp(now.0),
    });
    let monitor = MonitorName::new("bench");
    let mut ids = Vec::with_capacity(targets.len());
    let found = (0u32..).zip(targets).map(|(index, target)| {
        let position = Position { kind: PositionKind::Event, index, sub: 0 };
        let match_id =
            MatchId::derive(&network, &through.id, &TxId::from([7; 32]), position, (&wire::tenant(), &monitor));
        ids.push(DeliveryId::derive(&match_id, target, 0).to_string());
        let facts = Facts {
            block: facts_of_block.clone(),
            transaction_id: format!("0x{:064x}", 7),
            transaction_index: 0,
            transaction_json: None,
            position,
            contract: Some("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48".to_owned()),
            name: "Transfer".into(),
            signature: "Transfer(address,address,uint256)".into(),
            attributes_json: None,
            args_json: r#"{"from":"0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266","to":"0x70997970C51812dc3A010C7d01b50e0d17dc79C8","value":"5000"}"#.into(),
        };
        NewFact {
            tenant: wire::tenant(),
            facts: Arc::new(facts),
            matches: vec![NewMatch {
                id: match_id,
                monitor: monitor.clone(),
                deliver_at: Finality::Seen,
                targets: Arc::from([target.clone()]),
            }],
        }
    });
    let found = found.collect();
    let blocks = vec![NewBlock { reference: through, parent: None, facts: facts_of_block, found }];
    let (confirmed, finalized) = (Height(0), Height(0));
    (
        CommitBatch { network: NetworkSlug::new("bench"), after, through, confirmed, finalized, now, blocks },
        ids,
    )
}

fn configuration(
    folder: &std::path::Path,
    sink: &str,
    endpoints: usize,
    stuck: bool,
) -> anyhow::Result<crate::config::Config> {
    let mut text = format!(
        "[store]\npath = '{}'\n[delivery]\nallow_private = true\n",
        folder.join("bench.sqlite").display()
    );
    for index in 0..endpoints {
        let name = target(index, stuck);
        text.push_str(&format!(
            "[targets.{name}]\ntype = \"webhook\"\nurl = \"{sink}/{name}\"\nsecret = \"bench\"\n"
        ));
    }
    let path = folder.join("bench.toml");
    std::fs::write(&path, text)?;
    wire::load_config(&path)
}

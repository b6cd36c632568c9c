//! What it costs to be there: time until ready, and memory while nothing happens.

use std::time::Duration;

use super::{
    measure::{Usage, mib},
    peers::{Peer, Runner},
    workload::{LOGS, TOKENS, configuration},
};
use crate::{cli::Workload, output};

/// Long enough for the first look at the network to be over.
const SETTLE: Duration = Duration::from_secs(2);
const WATCH: Duration = Duration::from_secs(5);

/// Runs the bench.
///
/// # Errors
/// A process fails.
pub(crate) async fn run(monitors: usize) -> anyhow::Result<()> {
    let node = Peer::devnet(0, LOGS).await?;
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("bench.toml");
    let tokens = node.tokens(TOKENS)?;
    std::fs::write(
        &config,
        configuration(folder.path(), &node.url, "http://127.0.0.1:9", &tokens, monitors, Workload::Miss),
    )?;
    let runner = Runner::start(&config, &[]).await?;
    tokio::time::sleep(SETTLE).await;
    let before = Usage::of(runner.pid()?)?;
    tokio::time::sleep(WATCH).await;
    let after = Usage::of(runner.pid()?)?;
    let share = (after.cpu_seconds - before.cpu_seconds) / WATCH.as_secs_f64() * 100.0;
    output::line(&format!(
        "{monitors} monitors: ready after {} ms, {:.1} MiB resident, {share:.1} % of a core idle",
        runner.ready.as_millis(),
        mib(after.resident_bytes)
    ))?;
    runner.stop().await
}

//! The reference workload: 500 blocks of 50 Transfer logs against N monitors, each on one address with a webhook; matched,
//! stored durably and delivered by `chainbell run`. Figures are of that whole process.

use anyhow::ensure;

use super::{
    measure::mib,
    peers::{Peer, Runner, Spent},
    workload::{BLOCKS, LOGS, TOKENS, configuration, expected},
};
use crate::{
    cli::Workload,
    output::{self, Table},
};

/// Runs the bench: once with one monitor as the yardstick, once with `monitors`.
///
/// # Errors
/// A process fails, or a delivery is lost or doubled.
pub(crate) async fn run(monitors: usize, mode: Workload) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        "monitors",
        "mode",
        "ready ms",
        "cpu ms/block",
        "peak MiB",
        "KiB/monitor",
        "deliveries",
    ]);
    let yardstick = measure(1, Workload::Spread).await?;
    table.row(cells(1, Workload::Spread, &yardstick, None));
    if monitors == 1 && mode == Workload::Spread {
        return table.print();
    }
    let measured = measure(monitors, mode).await?;
    table.row(cells(monitors, mode, &measured, Some(&yardstick)));
    table.print()?;
    let ratio = per_block_ms(&measured) / per_block_ms(&yardstick);
    output::line(&format!("CPU per block: {ratio:.2} times that of one monitor"))
}

fn per_block_ms(spent: &Spent) -> f64 {
    spent.working_cpu_seconds() * 1000.0 / BLOCKS as f64
}

fn cells(monitors: usize, mode: Workload, spent: &Spent, yardstick: Option<&Spent>) -> [String; 7] {
    let per_monitor = yardstick.filter(|_| monitors > 1).map(|yardstick| {
        let more = spent.end.peak_bytes.saturating_sub(yardstick.end.peak_bytes) as f64;
        more / 1024.0 / (monitors - 1) as f64
    });
    [
        monitors.to_string(),
        format!("{mode:?}").to_lowercase(),
        spent.ready.as_millis().to_string(),
        format!("{:.3}", per_block_ms(spent)),
        format!("{:.1}", mib(spent.end.peak_bytes)),
        per_monitor.map_or_else(|| "-".to_owned(), |kib| format!("{kib:.2}")),
        expected(monitors, mode).to_string(),
    ]
}

async fn measure(monitors: usize, mode: Workload) -> anyhow::Result<Spent> {
    let node = Peer::devnet(BLOCKS, LOGS).await?;
    let sink = Peer::sink().await?;
    let folder = tempfile::tempdir()?;
    let tokens = node.tokens(TOKENS)?;
    let config = folder.path().join("bench.toml");
    std::fs::write(&config, configuration(folder.path(), &node.url, &sink.url, &tokens, monitors, mode))?;
    let spent = Runner::start(&config, &["--until-head"]).await?.until_it_ends().await?;
    let (requests, distinct) = sink.count().await?;
    let expected = expected(monitors, mode);
    ensure!(
        requests == expected && distinct == expected,
        "wrong result: {requests} requests, {distinct} different, {expected} expected"
    );
    Ok(spent)
}

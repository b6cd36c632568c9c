//! A long history of Transfer events read over RPC, decoded and stored: CPU per event of the whole process, its memory, the
//! node's own CPU, and the requests it took.

use std::path::Path;

use anyhow::ensure;
use chainbell_store::Reader;

use super::{
    measure::{Usage, mib},
    peers::{Peer, Runner},
    workload::{LOGS, TOKENS},
};
use crate::{output, wire};

/// Runs the bench against our own simulated node, or against another server of the reference workload at `rpc`.
///
/// # Errors
/// A process fails, or an event is missing or doubled.
pub(crate) async fn run(blocks: u64, rpc: Option<&str>) -> anyhow::Result<()> {
    let node = match rpc {
        Some(_) => None,
        None => Some(Peer::devnet(blocks, LOGS).await?),
    };
    let url = rpc.map_or_else(|| node.as_ref().map_or("", |node| &node.url).to_owned(), str::to_owned);
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("bench.toml");
    std::fs::write(&config, configuration(folder.path(), &url))?;
    let runner = Runner::start(&config, &["--until-head"]).await?;
    let spent = runner.until_it_ends().await?;

    let store = wire::open_store_read_only(&wire::load_config(&config)?).await?;
    let stored: u64 = store.counts(&wire::tenant()).await?.facts.iter().map(|(_, count)| count).sum();
    let expected = blocks * LOGS;
    ensure!(stored == expected, "wrong result: {stored} events stored, {expected} expected");
    let (events, cpu, seconds) = (expected as f64, spent.end.cpu_seconds, spent.took.as_secs_f64());
    output::line(&format!(
        "{expected} events of {blocks} blocks, {TOKENS} contracts: {seconds:.2} s, {:.0} events/s, {:.2} µs CPU per event, \
         peak {:.0} MiB",
        events / seconds,
        cpu * 1e6 / events,
        mib(spent.end.peak_bytes)
    ))?;
    if let Some(node) = &node {
        let served = Usage::of(node.pid()?)?;
        output::line(&format!("CPU seconds: ours {cpu:.2}, the node's {:.2}", served.cpu_seconds))?;
    }
    Ok(())
}

/// Every ERC-20 transfer of the network, only stored.
fn configuration(folder: &Path, rpc: &str) -> String {
    format!(
        "[store]\npath = '{}'\n\n[networks.bench]\nchain = \"evm\"\nrpc = \"{rpc}\"\nstart_height = 0\n\n\
         [[monitors]]\nname = \"transfers\"\nnetwork = \"bench\"\n\
         event = \"Transfer(address indexed from, address indexed to, uint256 value)\"\n",
        folder.join("bench.sqlite").display()
    )
}

//! `chainbell devnet`: a simulated EVM network for trying things on, until stopped.

use std::time::Duration;

use anyhow::Context;
use chainbell_devnet::{EvmDevnet, EvmDevnetConfig};
use tokio_util::sync::CancellationToken;

use super::run::stop_on_signal;
use crate::{cli::DevnetArgs, output};

/// How many contracts the reference workload's logs are spread over.
const WORKLOAD_TOKENS: usize = 50;

/// Runs the command.
///
/// # Errors
/// The port is taken, or an argument is not what it should be.
pub(crate) async fn run(args: DevnetArgs) -> anyhow::Result<()> {
    let config = match &args.workload {
        None => EvmDevnetConfig { seed: args.seed, ..EvmDevnetConfig::default() },
        Some(text) => {
            let shape = text
                .split_once('x')
                .and_then(|(blocks, logs)| Some((blocks.parse().ok()?, logs.parse().ok()?)));
            let (blocks, logs) = shape.with_context(|| format!("--workload {text:?} is not BLOCKSxLOGS"))?;
            EvmDevnetConfig { seed: args.seed, ..EvmDevnetConfig::workload(blocks, logs, WORKLOAD_TOKENS) }
        }
    };
    let served = args.workload.is_some();
    let network =
        EvmDevnet::start_on(args.port, config).await.with_context(|| format!("port {}", args.port))?;
    if !served && args.block_time > 0.0 {
        network.auto_mine(Duration::try_from_secs_f64(args.block_time).context("--block-time")?);
    }
    for token in network.tokens() {
        output::line(&format!("token {token}"))?;
    }
    output::line(&format!("serving {} and {}", network.http_url(), network.ws_url()))?;
    let stop = CancellationToken::new();
    tokio::select! {
        () = stop_on_signal(stop.clone()) => {}
        () = stop.cancelled() => {}
    }
    network.shutdown().await;
    Ok(())
}

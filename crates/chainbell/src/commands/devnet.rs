//! `chainbell devnet`: a simulated network for trying things on, until stopped.

use std::time::Duration;

use anyhow::{Context, bail};
use chainbell_devnet::{
    EvmDevnet, EvmDevnetConfig, SolanaDevnet, SolanaDevnetConfig, StellarDevnet, StellarDevnetConfig,
    SuiDevnet, SuiDevnetConfig,
};
use tokio_util::sync::CancellationToken;

use super::run::stop_on_signal;
use crate::{
    cli::{DevnetArgs, DevnetChain},
    output,
};

/// How many contracts the reference workload's logs are spread over.
const WORKLOAD_TOKENS: usize = 50;

/// Runs the command.
///
/// # Errors
/// The port is taken, or an argument is not what it should be.
pub(crate) async fn run(args: DevnetArgs) -> anyhow::Result<()> {
    let block_time = Duration::try_from_secs_f64(args.block_time).context("--block-time")?;
    if args.workload.is_some() && args.chain != DevnetChain::Evm {
        bail!("--workload is EVM's");
    }
    let port = || format!("port {}", args.port);
    match args.chain {
        DevnetChain::Evm => {
            let network = EvmDevnet::start_on(args.port, evm_config(&args)?).await.with_context(port)?;
            if args.workload.is_none() {
                network.auto_mine(block_time);
            }
            tell("token", network.tokens())?;
            serving(&[network.http_url(), network.ws_url()]).await?;
            network.shutdown().await;
        }
        DevnetChain::Solana => {
            let config = SolanaDevnetConfig { seed: args.seed, ..SolanaDevnetConfig::default() };
            let network = SolanaDevnet::start_on(args.port, config).await.with_context(port)?;
            network.auto_mine(block_time);
            tell("program", network.programs())?;
            tell("mint", network.mints())?;
            serving(&[network.http_url(), network.ws_url()]).await?;
            network.shutdown().await;
        }
        DevnetChain::Sui => {
            let config = SuiDevnetConfig { seed: args.seed, ..SuiDevnetConfig::default() };
            let network = SuiDevnet::start_on(args.port, config).await.with_context(port)?;
            network.auto_mine(block_time);
            tell("package", [network.package(), network.upgraded_package()])?;
            serving(&[network.grpc_url()]).await?;
            network.shutdown().await;
        }
        DevnetChain::Stellar => {
            let config = StellarDevnetConfig { seed: args.seed, ..StellarDevnetConfig::default() };
            let network = StellarDevnet::start_on(args.port, config).await.with_context(port)?;
            network.auto_mine(block_time);
            tell("token", network.tokens())?;
            tell("contract", network.contracts())?;
            serving(&[network.http_url()]).await?;
            network.shutdown().await;
        }
    }
    Ok(())
}

fn evm_config(args: &DevnetArgs) -> anyhow::Result<EvmDevnetConfig> {
    let Some(text) = &args.workload else {
        return Ok(EvmDevnetConfig { seed: args.seed, ..EvmDevnetConfig::default() });
    };
    let shape =
        text.split_once('x').and_then(|(blocks, logs)| Some((blocks.parse().ok()?, logs.parse().ok()?)));
    let (blocks, logs) = shape.with_context(|| format!("--workload {text:?} is not BLOCKSxLOGS"))?;
    Ok(EvmDevnetConfig { seed: args.seed, ..EvmDevnetConfig::workload(blocks, logs, WORKLOAD_TOKENS) })
}

fn tell(what: &str, addresses: impl IntoIterator<Item = impl ToString>) -> anyhow::Result<()> {
    for address in addresses {
        output::line(&format!("{what} {}", address.to_string()))?;
    }
    Ok(())
}

/// Tells where, and returns when it is to stop.
async fn serving(urls: &[String]) -> anyhow::Result<()> {
    output::line(&format!("serving {}", urls.join(" and ")))?;
    let stop = CancellationToken::new();
    tokio::select! {
        () = stop_on_signal(stop.clone()) => {}
        () = stop.cancelled() => {}
    }
    Ok(())
}

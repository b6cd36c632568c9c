//! `chainbell demo`: the whole way on one machine. A simulated network, monitors, a receiver; blocks come, one is undone,
//! and what was delivered of it is taken back.

use std::{path::Path, sync::Arc, time::Duration};

use alloy_primitives::U256;
use anyhow::Context;
use axum::{Router, extract::State, http::StatusCode, routing::post};
use chainbell_devnet::{
    EvmDevnet, EvmDevnetConfig,
    evm::{Finality, TxSpec},
};
use chainbell_pipeline::Status;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{run as runner, status};
use crate::{cli::DemoArgs, config::Config, output, wire};

const BLOCK_TIME: Duration = Duration::from_millis(700);
/// The reorganisation comes after so many blocks, and again after as many.
const BLOCKS_BETWEEN_REORGS: u64 = 8;
const REORG_DEPTH: u64 = 2;

/// Runs the command.
///
/// # Errors
/// The machine allows no loopback sockets or temporary files, or standard output cannot be written.
pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("chainbell-demo-").tempdir()?;
    let network = EvmDevnet::start(EvmDevnetConfig {
        seed: args.seed,
        transactions_per_block: 4,
        finality: Some(Finality { safe_depth: 2, finalized_depth: 4 }),
        ..EvmDevnetConfig::default()
    })
    .await?;
    let stop = CancellationToken::new();
    let receiver = start_receiver(stop.clone()).await?;
    let config = configure(folder.path(), &network, &receiver)?;
    introduce(folder.path(), &network, &receiver)?;

    let store = Arc::new(wire::open_store(&config).await?);
    let machine =
        runner::assemble(&config, &runner::Moves::default(), store.clone(), Arc::new(Status::default()))?;
    let mut side = tokio::task::JoinSet::new();
    side.spawn(play(network.clone(), stop.clone()));
    side.spawn(runner::stop_on_signal(stop.clone()));
    if let Some(seconds) = args.seconds {
        let stop = stop.clone();
        side.spawn(async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            stop.cancel();
        });
    }
    machine.run(stop).await.context("the store failed")?;
    side.shutdown().await;
    store.close().await?;
    conclude(&config, folder).await
}

/// Writes the configuration that a user would write, and loads it.
fn configure(folder: &Path, network: &EvmDevnet, receiver: &str) -> anyhow::Result<Config> {
    let tokens: Vec<String> = network.tokens().iter().map(|token| format!("\"{token}\"")).collect();
    let text = format!(
        r#"# The configuration of the demo.
[store]
path = '{store}'

[networks.demo]
chain = "evm"
rpc = "{rpc}"
ws = "{ws}"
poll_interval = "500ms"

[contracts.tokens]
network = "demo"
address = [{tokens}]
abi = "erc20"

# Every large transfer, as soon as it is seen: taken back if its block is undone.
[[monitors]]
name = "large-transfers"
contracts = ["tokens"]
event = "Transfer"
when = "value > 5_000_000"
targets = ["receiver"]

# The same, but only once it can no longer be undone.
[[monitors]]
name = "final-transfers"
contracts = ["tokens"]
event = "Transfer"
when = "value > 5_000_000"
deliver_at = "finalized"
targets = ["receiver"]

# Transactions that failed.
[[monitors]]
name = "failed-transactions"
network = "demo"
transactions = true
when = "!tx.success"
targets = ["receiver"]

[targets.receiver]
type = "webhook"
url = "{receiver}"
secret = "a demo has no secrets"
allow_private = true
"#,
        store = folder.join("demo.sqlite").display(),
        rpc = network.http_url(),
        ws = network.ws_url(),
        tokens = tokens.join(", "),
    );
    let path = folder.join("demo.toml");
    std::fs::write(&path, text)?;
    wire::load_config(&path)
}

fn introduce(folder: &Path, network: &EvmDevnet, receiver: &str) -> anyhow::Result<()> {
    output::line(
        "Chainbell demo: a simulated EVM network, three monitors and a webhook receiver on this machine.",
    )?;
    output::line(&format!(
        "  network   {} (a block every {} ms)",
        network.http_url(),
        BLOCK_TIME.as_millis()
    ))?;
    output::line(&format!("  config    {}", folder.join("demo.toml").display()))?;
    output::line(&format!("  receiver  {receiver}"))?;
    output::line("What the receiver gets (+) and what is taken back from it (-); Ctrl-C ends the demo.\n")
}

/// Blocks come, and now and then some are undone, one with a large transfer among them.
async fn play(network: EvmDevnet, stop: CancellationToken) {
    let mut clock = tokio::time::interval(BLOCK_TIME);
    let mut blocks = 0;
    while stop.run_until_cancelled(clock.tick()).await.is_some() {
        blocks += 1;
        if blocks % BLOCKS_BETWEEN_REORGS != 0 {
            network.mine(1);
            continue;
        }
        network.mine_with(doomed(&network));
        // Long enough for its delivery to arrive before the block is undone.
        tokio::time::sleep(BLOCK_TIME / 2).await;
        let head = network.head();
        network.reorg(REORG_DEPTH, REORG_DEPTH + 1);
        let undone = head - REORG_DEPTH + 1;
        let _closed = output::line(&format!(
            "  ~ the network undoes blocks {undone} to {head} and goes on with others"
        ));
    }
}

/// A block's content that the first monitor delivers.
fn doomed(network: &EvmDevnet) -> Vec<TxSpec> {
    let (tokens, accounts) = (network.tokens(), network.accounts());
    match (&*tokens, &*accounts) {
        ([token, ..], [from, to, ..]) => vec![TxSpec::transfer(*token, *from, *to, U256::from(9_999_999))],
        _ => Vec::new(),
    }
}

/// A webhook receiver that prints a line for each message. Returns its URL.
async fn start_receiver(stop: CancellationToken) -> anyhow::Result<String> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    let app = Router::new().route("/hook", post(receive)).with_state(());
    tokio::spawn(
        async move { axum::serve(listener, app).with_graceful_shutdown(stop.cancelled_owned()).await },
    );
    Ok(url)
}

async fn receive(State(()): State<()>, body: axum::body::Bytes) -> StatusCode {
    let Ok(message) = serde_json::from_slice::<Value>(&body) else { return StatusCode::BAD_REQUEST };
    let data = &message["data"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let sign = if data["retracts"].is_null() { '+' } else { '-' };
    let what = match &data["event"] {
        Value::Null => format!("transaction {}", output::shorten(&text(&data["transaction"]["hash"]), 14)),
        event => format!(
            "{} of {} from {} to {}",
            text(&event["name"]),
            text(&event["args"]["value"]),
            output::shorten(&text(&event["args"]["from"]), 8),
            output::shorten(&text(&event["args"]["to"]), 8)
        ),
    };
    let line = format!("  {sign} {:<20} block {:<3} {what}", text(&data["monitor"]), data["block"]["height"]);
    match output::line(&line) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_unwritable) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// What is in the store now, and how to go on.
async fn conclude(config: &Config, folder: tempfile::TempDir) -> anyhow::Result<()> {
    output::line("\nWhat the demo's database holds now:")?;
    status::run(config, &crate::cli::StatusArgs { offline: true, json: false }).await?;
    let path = folder.keep();
    let config_path = path.join("demo.toml");
    output::line(&format!(
        "\nGo on:\n  chainbell -c {config} events\n  chainbell -c {config} deliveries list\n  chainbell init    # a configuration of your own",
        config = config_path.display()
    ))
}

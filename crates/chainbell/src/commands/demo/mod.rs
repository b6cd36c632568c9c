//! `chainbell demo`: the whole way on one machine. Simulated networks of all chains, monitors, a receiver; blocks come, some
//! are undone, and what was delivered of them is taken back.

mod evm;
mod solana;
mod stellar;
mod sui;

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use axum::{Router, extract::State, http::StatusCode, routing::post};
use chainbell_pipeline::Status;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{run as runner, status};
use crate::{cli::DemoArgs, config::Config, output, wire};

/// A simulated network and what the demo does with it.
trait Show: Send + Sync {
    /// Its slug and that of its monitors.
    fn name(&self) -> &'static str;
    /// Where it is served.
    fn url(&self) -> String;
    /// How often a block comes.
    fn block_time(&self) -> Duration;
    /// Its network, contracts and monitors.
    fn config(&self) -> String;
    /// Makes blocks, and undoes some where the chain can, until dropped.
    fn play(self: Arc<Self>) -> BoxFuture<'static, ()>;
}

/// Runs the command.
///
/// # Errors
/// The machine allows no loopback sockets or temporary files, or standard output cannot be written.
pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("chainbell-demo-").tempdir()?;
    let networks: Vec<Arc<dyn Show>> = vec![
        evm::start(args.seed).await?,
        solana::start(args.seed).await?,
        sui::start(args.seed).await?,
        stellar::start(args.seed).await?,
    ];
    let stop = CancellationToken::new();
    let receiver = start_receiver(stop.clone()).await?;
    let config = configure(folder.path(), &networks, &receiver)?;
    introduce(folder.path(), &networks, &receiver)?;

    let store = Arc::new(wire::open_store(&config).await?);
    let machine =
        runner::assemble(&config, &runner::Moves::default(), store.clone(), Arc::new(Status::default()))?;
    let mut side = tokio::task::JoinSet::new();
    for network in networks {
        side.spawn(network.play());
    }
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
fn configure(folder: &Path, networks: &[Arc<dyn Show>], receiver: &str) -> anyhow::Result<Config> {
    let mut text = format!(
        r#"# The configuration of the demo.
[store]
path = '{store}'

[targets.receiver]
type = "webhook"
url = "{receiver}"
secret = "a demo has no secrets"
allow_private = true
"#,
        store = folder.join("demo.sqlite").display(),
    );
    for network in networks {
        text.push('\n');
        text.push_str(&network.config());
    }
    let path = folder.join("demo.toml");
    std::fs::write(&path, text)?;
    wire::load_config(&path)
}

fn introduce(folder: &Path, networks: &[Arc<dyn Show>], receiver: &str) -> anyhow::Result<()> {
    output::line("Chainbell demo: simulated networks, monitors and a webhook receiver on this machine.")?;
    for network in networks {
        let every = network.block_time().as_millis();
        output::line(&format!("  {:<9} {} (a block every {every} ms)", network.name(), network.url()))?;
    }
    output::line(&format!("  {:<9} {}", "config", folder.join("demo.toml").display()))?;
    output::line(&format!("  {:<9} {receiver}", "receiver"))?;
    output::line("What the receiver gets (+) and what is taken back from it (-); Ctrl-C ends the demo.\n")
}

/// Tells of blocks that a network undoes.
fn tell_undone(network: &str, first: u64, last: u64) {
    let _closed =
        output::line(&format!("  ~ {network:<9} undoes blocks {first} to {last} and goes on with others"));
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
    let sign = if data["retracts"].is_null() { '+' } else { '-' };
    let line = format!(
        "  {sign} {:<9} {:<16} block {:<4} {}",
        text(&data["network"]),
        text(&data["monitor"]),
        data["block"]["height"],
        what(data)
    );
    match output::line(&line) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_unwritable) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// What happened, in a few words.
fn what(data: &Value) -> String {
    let fact = &data[text(&data["kind"])];
    if fact.is_null() {
        return format!("transaction {}", output::shorten(&text(&data["transaction"]["hash"]), 14));
    }
    let name = fact["name"].as_str().unwrap_or("transfer");
    let short =
        |value: &Value| output::shorten(&value.as_str().map_or_else(|| value.to_string(), str::to_owned), 12);
    let arguments = fact["args"].as_object().into_iter().flatten();
    let shown: Vec<_> =
        arguments.take(4).map(|(argument, value)| format!("{argument} {}", short(value))).collect();
    format!("{name}: {}", shown.join(", "))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
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

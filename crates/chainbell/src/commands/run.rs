//! `chainbell run`: follows the networks and delivers, until stopped.

use std::{io::IsTerminal as _, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use chainbell_model::{Height, NetworkSlug};
use chainbell_pipeline::{Clock, Machine, Network, Status};
use chainbell_store::{DeliveryState, Reader, sqlite::SqliteStore};
use tokio_util::sync::CancellationToken;

use super::progress;
use crate::{cli::RunArgs, config::Config, wire};

/// How often `--until-head` looks whether all is done.
const LOOK: Duration = Duration::from_millis(20);

/// Runs the command.
///
/// # Errors
/// The configuration, the store or a target is unusable, or the store fails while running.
pub async fn run(config: Config, args: RunArgs) -> anyhow::Result<()> {
    let moves = Moves {
        rewinds: parse_heights(&config, "--rewind", &args.rewind)?,
        skips: parse_heights(&config, "--skip", &args.skip)?,
    };
    let _claim = wire::claim_store(&config)?;
    let store = Arc::new(wire::open_store(&config).await?);
    let status = Arc::new(Status::default());
    let machine = assemble(&config, &moves, store.clone(), status.clone())?;
    // What is written about ten thousand monitors is several times what is compiled of them.
    drop(config);
    if machine.networks.is_empty() {
        bail!("nothing to follow: no network has a monitor or a contract with store = true");
    }
    let stop = CancellationToken::new();
    let mut watchers = tokio::task::JoinSet::new();
    watchers.spawn(stop_on_signal(stop.clone()));
    if args.until_head {
        let networks = machine.networks.iter().map(|network| network.slug.clone()).collect();
        watchers.spawn(stop_at_head(networks, status.clone(), store.clone(), stop.clone()));
    }
    if !args.no_progress && std::io::stderr().is_terminal() {
        watchers.spawn(progress::show(status.clone(), stop.clone()));
    }
    machine.run(stop).await.context("the store failed")?;
    store.close().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Where the operator moves networks' cursors to before they go on.
#[derive(Clone, Debug, Default)]
pub struct Moves {
    /// Back to this height, taking back what lies above.
    pub rewinds: Vec<(NetworkSlug, Height)>,
    /// Up to this height, leaving out what was not read.
    pub skips: Vec<(NetworkSlug, Height)>,
}

/// Everything that `run` runs, from a configuration.
///
/// # Errors
/// A monitor does not compile, or a network or target cannot be built.
pub fn assemble(
    config: &Config,
    moves: &Moves,
    store: Arc<SqliteStore>,
    status: Arc<Status>,
) -> anyhow::Result<Machine<SqliteStore>> {
    let mut networks = Vec::new();
    for (slug, plan) in config.plans()? {
        let Some(settings) = config.networks.iter().find(|network| network.slug == slug) else { continue };
        if plan.interest().is_empty() {
            tracing::warn!(network = %slug, "not followed: no monitor asks for anything on it");
            continue;
        }
        let mut follow = settings.follow.clone();
        let of_network = |moves: &[(NetworkSlug, Height)]| {
            moves.iter().find(|(network, _)| *network == slug).map(|(_, height)| *height)
        };
        (follow.rewind, follow.skip) = (of_network(&moves.rewinds), of_network(&moves.skips));
        networks.push(Network {
            slug,
            chain: wire::chain(settings)?,
            plan: Arc::new(plan),
            settings: follow,
        });
    }
    Ok(Machine { store, networks, lanes: wire::lanes(config)?, clock: Clock::system(), status })
}

fn parse_heights(
    config: &Config,
    option: &str,
    texts: &[String],
) -> anyhow::Result<Vec<(NetworkSlug, Height)>> {
    let parse = |text: &String| {
        let parsed = text.split_once('=').and_then(|(network, height)| Some((network, height.parse().ok()?)));
        let (network, height) = parsed.with_context(|| format!("{option} {text:?} is not NETWORK=HEIGHT"))?;
        Ok((wire::one_network(config, Some(network))?.slug.clone(), Height(height)))
    };
    texts.iter().map(parse).collect()
}

/// Cancels `stop` at the first SIGINT or SIGTERM. A second one ends the process at once, as it would without us.
pub async fn stop_on_signal(stop: CancellationToken) {
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_unavailable) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
    tracing::info!("stopping: finishing what is under way");
    stop.cancel();
    if tokio::signal::ctrl_c().await.is_ok() {
        // Everything committed is safe; what was under way is sent again by the next start.
        std::process::exit(130);
    }
}

/// Cancels `stop` once every network has committed the head it first saw and nothing is left to send.
async fn stop_at_head(
    networks: Vec<NetworkSlug>,
    status: Arc<Status>,
    store: Arc<SqliteStore>,
    stop: CancellationToken,
) {
    let mut goals: Vec<(NetworkSlug, Option<Height>)> =
        networks.into_iter().map(|slug| (slug, None)).collect();
    loop {
        tokio::time::sleep(LOOK).await;
        let all_there = goals.iter_mut().all(|(slug, goal)| {
            let now = status.network(slug).snapshot();
            if goal.is_none() {
                *goal = now.tip.map(|tip| tip.head);
            }
            let committed = now.committed.map(|committed| committed.height);
            now.halted.is_some() || (goal.is_some() && committed >= *goal)
        });
        if all_there && nothing_to_send(&store).await {
            return stop.cancel();
        }
    }
}

async fn nothing_to_send(store: &SqliteStore) -> bool {
    let Ok(counts) = store.counts(&wire::tenant()).await else { return false };
    let open = |state: &DeliveryState| matches!(state, DeliveryState::Pending | DeliveryState::Sending);
    counts.deliveries.iter().all(|(state, count)| !open(state) || *count == 0)
}

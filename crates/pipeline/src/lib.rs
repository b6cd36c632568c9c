//! The moving parts, a file per stage: follow → match → commit → deliver.
//!
//! [`Machine::run`] is the whole machine: one chain of stages per network, joined by bounded channels, all ending in the
//! same courier. Back-pressure is a channel's size; everything stops when the token is cancelled; whatever was not
//! committed by then is read again at the next start.

pub mod backfill;
mod backoff;
pub mod clock;
pub mod commit;
mod continuity;
mod deliver;
pub mod follow;
mod halt;
pub mod matching;
mod reread;
pub mod retry;
pub mod status;
pub mod window;

use std::{collections::HashMap, sync::Arc};

use chainbell_matcher::Plan;
use chainbell_model::{Chain, NetworkSlug, Target, TargetName, TenantId};
use chainbell_store::{Ledger, Outbox, StoreError};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

pub use clock::Clock;
pub use deliver::{Courier, LaneSettings};
pub use follow::{FollowSettings, Start};
pub use halt::Halt;
pub use retry::RetrySchedule;
pub use status::{DeliveryStatus, NetworkStatus, Status};

/// How many steps may wait between two stages of one network.
const STAGE_BUFFER: usize = 1;

/// One network to follow.
pub struct Network {
    /// Its slug.
    pub slug: NetworkSlug,
    /// How to read it.
    pub chain: Arc<dyn Chain>,
    /// All monitors on it, compiled.
    pub plan: Arc<Plan>,
    /// Where to begin, how to go on.
    pub settings: FollowSettings,
}

/// One target to deliver to.
pub struct Lane {
    /// Its owner.
    pub tenant: TenantId,
    /// Its name.
    pub name: TargetName,
    /// The receiver.
    pub target: Arc<dyn Target>,
    /// How fast, and how often again.
    pub settings: LaneSettings,
}

/// Everything the machine is made of.
pub struct Machine<S> {
    /// Where everything is kept.
    pub store: Arc<S>,
    /// The networks.
    pub networks: Vec<Network>,
    /// The targets.
    pub lanes: Vec<Lane>,
    /// The time.
    pub clock: Clock,
    /// Where the machine tells how it is doing.
    pub status: Arc<Status>,
}

impl<S: Ledger + Outbox> Machine<S> {
    /// Runs until `stop` is cancelled; then finishes what is under way and returns. A network that cannot go on is
    /// halted by itself, on record, while the others continue.
    ///
    /// # Errors
    /// The store failing in a way that repeating does not help. Nothing committed is lost.
    pub async fn run(self, stop: CancellationToken) -> Result<(), StoreError> {
        let Self { store, networks, lanes, clock, status } = self;
        // When one network's store fails, all stages stop: half a machine would only look alive.
        let stop = stop.child_token();
        let _stop_on_return = stop.clone().drop_guard();
        let mut courier = Courier::start(store.clone(), lanes, clock.clone(), status.clone()).await?;

        let mut stages = JoinSet::new();
        for network in networks {
            let Network { slug, chain, plan, settings } = network;
            let (steps_in, steps) = mpsc::channel(STAGE_BUFFER);
            let (batches_in, batches) = mpsc::channel(STAGE_BUFFER);
            let dialect = chain.dialect();
            let follower = follow::Follower::new(
                slug.clone(),
                chain,
                plan.interest().clone(),
                settings,
                status.network(&slug),
            );
            stages.spawn(follow::follow(follower, store.clone(), steps_in, stop.clone()));
            stages.spawn(matching::match_steps(
                matching::Matcher::new(slug.clone(), dialect, plan, clock.clone(), status.network(&slug)),
                steps,
                batches_in,
            ));
            stages.spawn(commit::commit_batches(
                slug,
                store.clone(),
                courier.handle(),
                batches,
                status.clone(),
            ));
        }

        tracing::info!("ready");
        let mut outcome = Ok(());
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                error = courier.failed() => {
                    outcome = Err(error);
                    break;
                }
                Some(ended) = stages.join_next(), if !stages.is_empty() => {
                    if let Err(error) = flatten(ended) {
                        outcome = Err(error);
                        break;
                    }
                }
            }
        }
        stop.cancel();
        while let Some(ended) = stages.join_next().await {
            outcome = outcome.and(flatten(ended));
        }
        outcome.and(courier.stop().await)
    }
}

fn flatten(ended: Result<Result<(), StoreError>, tokio::task::JoinError>) -> Result<(), StoreError> {
    match ended {
        Ok(result) => result,
        Err(panicked) => match panicked.try_into_panic() {
            Ok(payload) => std::panic::resume_unwind(payload),
            Err(_cancelled) => Ok(()),
        },
    }
}

/// Settings and receivers of all targets, by owner and name.
type Lanes<T> = HashMap<(TenantId, TargetName), T>;

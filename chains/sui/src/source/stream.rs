//! The task that keeps checkpoints coming: subscribes, fills the feed, and repairs itself.

use std::{sync::Arc, time::Duration};

use chainbell_rpc::{EndpointId, GrpcCall, GrpcReply, Lane};
use sui_rpc::proto::sui::rpc::v2::{SubscribeCheckpointsRequest, SubscribeCheckpointsResponse};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tonic::{Status, Streaming};

use super::{
    ask::{Ask, Trouble, subscriptions},
    config::SuiConfig,
    feed::Feed,
    needs::Needs,
};
use crate::{
    assemble,
    proof::{self, Depth},
};

const METHOD: &str = "SubscribeCheckpoints";
/// An endpoint without subscriptions may get them with its next version.
const MISSING_PAUSE: Duration = Duration::from_secs(600);

/// Runs until it is aborted.
pub(super) async fn keep(ask: Ask, feed: Arc<Feed>, config: SuiConfig) {
    let mut wanted = feed.wanted();
    let mut backoff = Backoff { pause: config.first_backoff, config: &config };
    let mut avoid = None;
    loop {
        let Some(needs) = next_needs(&mut wanted).await else { return };
        feed.attempted();
        let ended = match open(&ask, needs, avoid).await {
            Ok(reply) => {
                let endpoint = reply.endpoint;
                let mut listener = Listener { ask: &ask, feed: &feed, needs, endpoint, delivered: false };
                let end = listener.listen(reply.value, &mut wanted, config.subscription_silence).await;
                feed.listens(false);
                if listener.delivered {
                    backoff.progressed();
                }
                avoid = Some(endpoint);
                end
            }
            Err(trouble) => End::Refused(trouble),
        };
        match ended {
            // A wider subscription begins at once.
            End::WantsMore => avoid = None,
            End::Refused(Trouble::MethodMissing) => sleep(MISSING_PAUSE).await,
            End::Refused(_) | End::Broken => sleep(backoff.next()).await,
        }
    }
}

/// What is wanted, as soon as something is. `None` when nobody can want anything any more.
async fn next_needs(wanted: &mut watch::Receiver<Option<Needs>>) -> Option<Needs> {
    let needs = *wanted.wait_for(Option::is_some).await.ok()?;
    wanted.mark_unchanged();
    needs
}

async fn open(
    ask: &Ask,
    needs: Needs,
    avoid: Option<EndpointId>,
) -> Result<GrpcReply<Streaming<SubscribeCheckpointsResponse>>, Trouble> {
    let mask = needs.mask();
    let subscribe = |lane: Lane| {
        let mask = mask.clone();
        async move {
            let mut request = SubscribeCheckpointsRequest::default();
            request.read_mask = Some(mask);
            Ok(subscriptions(lane).subscribe_checkpoints(request).await?.into_inner())
        }
    };
    let call = GrpcCall::new(METHOD).avoiding(avoid).without_hedging();
    Ok(ask.0.call(call, subscribe).await?)
}

/// Why a subscription is over.
enum End {
    /// It does not tell all that is wanted by now.
    WantsMore,
    /// It failed, ended or fell silent.
    Broken,
    /// It was never opened.
    Refused(Trouble),
}

/// One open subscription.
struct Listener<'a> {
    ask: &'a Ask,
    feed: &'a Feed,
    needs: Needs,
    endpoint: EndpointId,
    delivered: bool,
}

impl Listener<'_> {
    async fn listen(
        &mut self,
        mut stream: Streaming<SubscribeCheckpointsResponse>,
        wanted: &mut watch::Receiver<Option<Needs>>,
        silence: Duration,
    ) -> End {
        loop {
            let frame = tokio::select! {
                changed = wanted.changed() => match changed {
                    Ok(()) => return End::WantsMore,
                    Err(_) => return End::Broken,
                },
                frame = timeout(silence, stream.message()) => frame,
            };
            let status = match frame {
                Ok(Ok(Some(frame))) => {
                    if let Err(reason) = self.take(frame) {
                        self.ask.0.report_bad_answer(self.endpoint, &reason);
                        return End::Broken;
                    }
                    continue;
                }
                Ok(Ok(None)) => Status::unavailable("the subscription ended"),
                Ok(Err(status)) => status,
                Err(_) => Status::unavailable("the subscription fell silent"),
            };
            let error = self.ask.0.report_broken(self.endpoint, METHOD, &status);
            tracing::info!(%error, "the subscription to checkpoints is established again");
            return End::Broken;
        }
    }

    fn take(&mut self, frame: SubscribeCheckpointsResponse) -> Result<(), String> {
        let Some(checkpoint) = frame.checkpoint else { return Ok(()) };
        proof::prove(&checkpoint, Depth::Summary).map_err(|error| error.to_string())?;
        let (reference, _parent) = assemble::reference(&checkpoint).map_err(|error| error.to_string())?;
        self.delivered = true;
        self.feed.listens(true);
        self.ask.0.note_head(self.endpoint, reference.height.0);
        self.feed.pushed(checkpoint, reference, self.needs, self.endpoint);
        Ok(())
    }
}

/// The pause between two subscriptions: doubles until one has delivered something.
struct Backoff<'a> {
    pause: Duration,
    config: &'a SuiConfig,
}

impl Backoff<'_> {
    fn progressed(&mut self) {
        self.pause = self.config.first_backoff;
    }

    fn next(&mut self) -> Duration {
        let pause = self.pause.min(self.config.max_backoff);
        self.pause = pause * 2;
        // Many that lost the same node do not come back in step.
        pause.mul_f64(0.5 + jitter() / 2.0)
    }
}

/// Between 0 and 1.
fn jitter() -> f64 {
    let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    f64::from(nanos.subsec_nanos() % 1_000) / 1_000.0
}

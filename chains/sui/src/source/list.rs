//! Reads a range with one streamed request, where the node offers that.

use std::time::Duration;

use chainbell_model::HeightRange;
use chainbell_rpc::{EndpointId, GrpcCall, Lane};
use parking_lot::Mutex;
use sui_rpc::proto::sui::rpc::v2::{Checkpoint, ListCheckpointsRequest, QueryOptions};
use tokio::time::{Instant, timeout};
use tonic::Status;

use super::{
    ask::{Ask, Trouble, ledger},
    needs::Needs,
};

const METHOD: &str = "ListCheckpoints";
/// How long a stream may say nothing.
const SILENCE: Duration = Duration::from_secs(10);
/// An endpoint without the method may get it with its next version.
const MISSING_PAUSE: Duration = Duration::from_secs(600);

/// Whether the endpoints offer the method.
#[derive(Debug, Default)]
pub(super) struct Lists {
    missing_until: Mutex<Option<Instant>>,
}

impl Lists {
    pub(super) fn are_offered(&self) -> bool {
        self.missing_until.lock().is_none_or(|until| until <= Instant::now())
    }

    fn are_missing(&self) {
        *self.missing_until.lock() = Some(Instant::now() + MISSING_PAUSE);
    }

    /// Hands the checkpoints from the start of `range` on, in order, to `take`, as far as they come. What does not come,
    /// for whatever reason, is left to be asked for one by one, which tells the reason. `take` returns an error for a
    /// checkpoint that is wrong.
    pub(super) async fn read(
        &self,
        ask: &Ask,
        range: HeightRange,
        needs: Needs,
        mut take: impl FnMut(Checkpoint, EndpointId) -> Result<(), String>,
    ) {
        let mut next = range.from.0;
        while next <= range.to.0 {
            let before = next;
            let rest = HeightRange { from: chainbell_model::Height(next), to: range.to };
            if self.read_once(ask, rest, needs, &mut next, &mut take).await.is_none() || next == before {
                return;
            }
        }
    }

    /// One stream. `None` when another would not help.
    async fn read_once(
        &self,
        ask: &Ask,
        range: HeightRange,
        needs: Needs,
        next: &mut u64,
        take: &mut impl FnMut(Checkpoint, EndpointId) -> Result<(), String>,
    ) -> Option<()> {
        let open = |lane: Lane| async move {
            Ok(ledger(lane).list_checkpoints(request(range, needs)).await?.into_inner())
        };
        let reply = match ask.0.call(GrpcCall::new(METHOD).without_hedging(), open).await {
            Ok(reply) => reply,
            Err(error) => {
                if matches!(Trouble::from(error), Trouble::MethodMissing) {
                    self.are_missing();
                }
                return None;
            }
        };
        let (endpoint, mut stream) = (reply.endpoint, reply.value);
        loop {
            let status = match timeout(SILENCE, stream.message()).await {
                Ok(Ok(Some(frame))) => {
                    let ended = frame.end.is_some();
                    if let Some(checkpoint) = frame.checkpoint {
                        let height = checkpoint.sequence_number;
                        let taken = match height {
                            Some(height) if height == *next && height <= range.to.0 => {
                                take(checkpoint, endpoint)
                            }
                            _ => Err(format!("checkpoint {height:?} was listed in place of {next}")),
                        };
                        if let Err(reason) = taken {
                            ask.0.report_bad_answer(endpoint, &reason);
                            return None;
                        }
                        *next += 1;
                    }
                    if ended || *next > range.to.0 {
                        return Some(());
                    }
                    continue;
                }
                Ok(Ok(None)) => return Some(()),
                Ok(Err(status)) => status,
                Err(_) => Status::deadline_exceeded("the list fell silent"),
            };
            if status.code() == tonic::Code::Unimplemented {
                self.are_missing();
            }
            let error = ask.0.report_broken(endpoint, METHOD, &status);
            tracing::debug!(%error, "a list of checkpoints broke off");
            return None;
        }
    }
}

fn request(range: HeightRange, needs: Needs) -> ListCheckpointsRequest {
    let mut options = QueryOptions::default();
    options.limit = Some(u32::try_from(range.len()).unwrap_or(u32::MAX));
    let mut request = ListCheckpointsRequest::default();
    request.read_mask = Some(needs.mask());
    request.start_checkpoint = Some(range.from.0);
    request.end_checkpoint = Some(range.to.0.saturating_add(1));
    request.options = Some(options);
    request
}

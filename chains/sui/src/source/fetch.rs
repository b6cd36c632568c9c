//! Reads a range of checkpoints: those that were pushed, a list of those that were not, and the rest one by one.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use chainbell_model::{ChainError, Fetched, Height, HeightRange, Interest};
use chainbell_rpc::EndpointId;
use futures_util::{StreamExt, TryStreamExt, stream};
use sui_rpc::proto::sui::rpc::v2::{Checkpoint, GetServiceInfoResponse};
use tokio::time::{Instant, sleep};

use super::{
    SuiChain,
    ask::Trouble,
    check::{self, Before, Misfit, Read},
    needs::Needs,
    span::Answered,
};
use crate::{assemble, proof};

/// How often answers that do not fit are asked for again.
const ATTEMPTS: u32 = 4;
/// Shorter ranges are asked for one by one.
const LIST_FROM: u64 = 4;
/// A node that tells of a head so far above a checkpoint has that checkpoint, if the head is true.
const MUST_HAVE: u64 = 20;
/// From so far below the head on, checkpoints are worth being pushed.
const NEAR_THE_TIP: u64 = 2_000;

impl SuiChain {
    pub(super) async fn read(&self, range: HeightRange, interest: &Interest) -> Result<Fetched, ChainError> {
        let needs = self.needs(interest);
        if self.known_head().is_some_and(|head| range.to.0.saturating_add(NEAR_THE_TIP) >= head) {
            self.feed.want(needs);
        }
        let mut avoid = None;
        for attempt in 1.. {
            let started = Instant::now();
            let reads = self.read_once(range, needs, interest, avoid).await?;
            match check::verify(&reads, self.before(range.from)) {
                Ok(()) => return self.fetched(range, reads, started),
                Err(misfit) if attempt >= ATTEMPTS => {
                    return Err(inconsistent(misfit.height, misfit.reason));
                }
                Err(Misfit { endpoint, reason, height }) => {
                    tracing::debug!(height, reason, "checkpoints do not fit together and are read again");
                    self.ask.0.report_bad_answer(endpoint, &reason);
                    avoid = Some(endpoint);
                    sleep(self.config.retry_delay).await;
                }
            }
        }
        Err(ChainError::NotYet(range.to))
    }

    fn fetched(&self, range: HeightRange, reads: Vec<Read>, started: Instant) -> Result<Fetched, ChainError> {
        let Some(last) = reads.last() else { return Err(ChainError::NotYet(range.to)) };
        if let Some(total) = last.total {
            self.totals.note(range.to.0, total);
        }
        let through = last.block.reference;
        let blocks: Vec<_> = reads.into_iter().map(|read| read.block).collect();
        let facts =
            blocks.iter().map(|block| block.transactions.len() + block.events.len() + block.calls.len());
        let facts = facts.map(|facts| facts as u64).sum();
        self.span.lock().answered(Answered { heights: range.len(), facts, took: started.elapsed() });
        let links = blocks.iter().filter_map(|block| Some((block.reference, block.parent?)));
        self.recent.note(links);
        Ok(Fetched { blocks, through })
    }

    fn before(&self, height: Height) -> Before {
        let Some(below) = height.0.checked_sub(1) else { return Before::default() };
        let id = self.recent.get(Height(below)).map(|(reference, _)| reference.id);
        Before { id, total: self.totals.get(below) }
    }

    fn needs(&self, interest: &Interest) -> Needs {
        let needs = Needs::of(interest, &self.config);
        if self.balances_untold.load(Ordering::Relaxed) { needs.with_objects() } else { needs }
    }

    /// All of the range, each checkpoint sound in itself.
    async fn read_once(
        &self,
        range: HeightRange,
        needs: Needs,
        interest: &Interest,
        avoid: Option<EndpointId>,
    ) -> Result<Vec<Read>, ChainError> {
        let mut reads = self.take_pushed(range, needs, interest);
        // After a misfit the lists are not trusted either.
        let listed = self.config.list && avoid.is_none() && self.lists.are_offered();
        if listed && let Some(gap) = longest_gap(range, &reads).filter(|gap| gap.len() >= LIST_FROM) {
            self.lists
                .read(&self.ask, gap, needs, |checkpoint, endpoint| {
                    let read = sound(&checkpoint, needs, interest, endpoint)?;
                    // A list is one endpoint's: single ones may come from those that tell more.
                    if read.block.defects.is_empty() {
                        reads.insert(read.block.reference.height.0, read);
                    }
                    Ok(())
                })
                .await;
        }
        let missing: Vec<u64> =
            (range.from.0..=range.to.0).filter(|height| !reads.contains_key(height)).collect();
        let rest = stream::iter(missing)
            .map(|height| self.read_one(height, needs, interest, avoid))
            .buffer_unordered(self.config.checkpoints_in_flight.max(1));
        let rest: Vec<Read> = rest.try_collect().await?;
        reads.extend(rest.into_iter().map(|read| (read.block.reference.height.0, read)));
        Ok(reads.into_values().collect())
    }

    fn take_pushed(&self, range: HeightRange, needs: Needs, interest: &Interest) -> BTreeMap<u64, Read> {
        let mut reads = BTreeMap::new();
        let Some(last) = self.feed.last_height() else { return reads };
        for height in range.from.0..=range.to.0.min(last.0) {
            let Some(pushed) = self.feed.take(height, needs) else { continue };
            match sound(&pushed.checkpoint, needs, interest, pushed.endpoint) {
                Ok(read) if read.block.defects.is_empty() => drop(reads.insert(height, read)),
                // Indexes of the node may lag behind what it pushes: asked for again it may be whole.
                Ok(_) => tracing::debug!(height, "a pushed checkpoint lacks balances and is read again"),
                Err(reason) => tracing::debug!(height, reason, "a pushed checkpoint is read again"),
            }
        }
        reads
    }

    /// The checkpoint, from another endpoint where one tells it wrongly.
    async fn read_one(
        &self,
        height: u64,
        mut needs: Needs,
        interest: &Interest,
        mut avoid: Option<EndpointId>,
    ) -> Result<Read, ChainError> {
        for attempt in 1.. {
            let trouble = match self.ask.checkpoint(height, &needs.mask(), avoid).await {
                Ok(reply) => match sound(&reply.value, needs, interest, reply.endpoint) {
                    Ok(read) if read.block.defects.is_empty() || needs == needs.with_objects() => {
                        return Ok(read);
                    }
                    Ok(_) => {
                        self.balances_untold.store(true, Ordering::Relaxed);
                        needs = needs.with_objects();
                        continue;
                    }
                    Err(reason) => Trouble::Bad { endpoint: Some(reply.endpoint), reason },
                },
                Err(trouble) => trouble,
            };
            self.ask.report(&trouble);
            let reason = match trouble {
                Trouble::Absent => return Err(self.why_absent(height).await),
                Trouble::MethodMissing => return Err(no_ledger()),
                Trouble::Chain(error) => return Err(error),
                Trouble::Bad { endpoint, reason } => {
                    avoid = endpoint;
                    reason
                }
            };
            if attempt >= ATTEMPTS {
                return Err(inconsistent(height, reason));
            }
            sleep(self.config.retry_delay).await;
        }
        Err(ChainError::NotYet(Height(height)))
    }

    /// Why none of the endpoints has the checkpoint.
    pub(super) async fn why_absent(&self, height: u64) -> ChainError {
        let asked = self.ask.0.endpoints().map(async |endpoint| {
            Some(Standing::of(endpoint, self.ask.service_info_of(endpoint).await.ok()?))
        });
        let told = futures_util::future::join_all(asked).await;
        let told: Vec<Standing> = told.into_iter().flatten().collect();
        self.doubt_inventions(height, &told).await;
        let head = told.iter().filter_map(|standing| standing.head).max();
        let lowest = told.iter().map(|standing| standing.lowest).min();
        match (head, lowest) {
            (Some(_), Some(lowest)) if height < lowest => {
                ChainError::Pruned { height: Height(height), first: Some(Height(lowest)) }
            }
            // One of several nodes behind one address may be behind the others.
            (Some(head), _) if height.saturating_add(NEAR_THE_TIP) > head => {
                ChainError::NotYet(Height(height))
            }
            (Some(head), _) => {
                inconsistent(height, format!("the nodes do not have it, though their head is {head}"))
            }
            (None, _) => ChainError::Unavailable {
                reason: "the nodes do not tell their head".to_owned(),
                retry_after: None,
            },
        }
    }

    /// Blames those that tell of more than they have: an invented head would shut out all others, which seem to lag.
    async fn doubt_inventions(&self, height: u64, told: &[Standing]) {
        for standing in told {
            let beyond_doubt = standing.head.is_some_and(|head| head >= height.saturating_add(MUST_HAVE));
            if !beyond_doubt || height < standing.lowest {
                continue;
            }
            if let Err(Trouble::Absent) = self.ask.has(standing.endpoint, height).await {
                let reason = format!("it tells of a later head, but does not have checkpoint {height}");
                self.ask.0.report_bad_answer(standing.endpoint, &reason);
            }
        }
        if let Some(head) = told.iter().filter_map(|standing| standing.head).max() {
            self.feed.doubt(head.saturating_add(NEAR_THE_TIP));
        }
    }
}

/// What an endpoint tells of itself.
struct Standing {
    endpoint: EndpointId,
    head: Option<u64>,
    lowest: u64,
}

impl Standing {
    fn of(endpoint: EndpointId, info: GetServiceInfoResponse) -> Self {
        let lowest = info.lowest_available_checkpoint.unwrap_or_default();
        Self { endpoint, head: info.checkpoint_height, lowest }
    }
}

/// The checkpoint as the model has it, unless it contradicts itself or lacks what was asked for.
fn sound(
    checkpoint: &Checkpoint,
    needs: Needs,
    interest: &Interest,
    endpoint: EndpointId,
) -> Result<Read, String> {
    proof::prove(checkpoint, needs.proof()).map_err(|error| error.to_string())?;
    let block = assemble::checkpoint(checkpoint, interest).map_err(|error| error.to_string())?;
    let told = needs.transactions().then_some(checkpoint.transactions.len() as u64);
    let total = checkpoint.summary.as_ref().and_then(|summary| summary.total_network_transactions);
    Ok(Read { block, told, total, endpoint })
}

/// The longest run of heights that were not read; of several, the first.
fn longest_gap(range: HeightRange, reads: &BTreeMap<u64, Read>) -> Option<HeightRange> {
    let mut longest: Option<HeightRange> = None;
    let mut from = range.from.0;
    let end = range.to.0.saturating_add(1);
    for height in reads.keys().copied().chain([end]) {
        if height > from {
            let gap = HeightRange { from: Height(from), to: Height(height - 1) };
            if longest.is_none_or(|longest| longest.len() < gap.len()) {
                longest = Some(gap);
            }
        }
        from = height.saturating_add(1);
    }
    longest
}

pub(super) fn inconsistent(height: u64, reason: String) -> ChainError {
    ChainError::Inconsistent { height: Height(height), reason }
}

pub(super) fn no_ledger() -> ChainError {
    ChainError::Misconfigured("no endpoint offers sui.rpc.v2.LedgerService".to_owned())
}

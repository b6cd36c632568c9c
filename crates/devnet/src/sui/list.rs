//! `ListCheckpoints`: a range in one stream.

use std::{ops::Range, sync::Arc};

use futures_util::{StreamExt as _, stream};
use sui_rpc::proto::sui::rpc::v2::{
    self as proto, ListCheckpointsRequest, ListCheckpointsResponse, Ordering, QueryEnd, QueryEndReason,
    QueryOptions, Watermark,
};
use tonic::{Response, Status, codegen::BoxStream};

use super::{
    chain::Chain,
    mask,
    pump::Pump,
    view::{Lies, View},
};
use crate::endpoint::Endpoint;

const METHOD: &str = "ListCheckpoints";
const DEFAULT_MASK: &str = "sequence_number,digest";

pub(crate) fn answer(
    endpoint: &Arc<Endpoint<Chain>>,
    request: ListCheckpointsRequest,
) -> Result<Response<BoxStream<ListCheckpointsResponse>>, Status> {
    let lies = Lies::draw(endpoint, METHOD)?;
    let chain = endpoint.network.chain.read();
    if !chain.config().lists {
        return Err(Status::unimplemented(""));
    }
    if request.filter.is_some() {
        return Err(Status::unimplemented("filters are not offered here"));
    }
    let view = View::new(&chain, lies);
    if lies.not_found {
        return Err(Status::not_found("Checkpoint not found"));
    }
    let mask = mask::of::<proto::Checkpoint>(request.read_mask.clone(), DEFAULT_MASK)?;
    let scan = Scan::of(&request, &view)?;
    let list = List { pump: Pump::new(endpoint.clone(), METHOD, mask), scan, covered: None, ended: false };
    let frames = stream::unfold(list, |mut list| async { Some((list.next()?, list)) });
    Ok(view.respond(frames.boxed()))
}

/// Which checkpoints are told.
struct Scan {
    left: Range<u64>,
    descending: bool,
    /// Why it ends where `left` does.
    reason: QueryEndReason,
    /// How many more may be told.
    limit: u32,
}

impl Scan {
    fn of(request: &ListCheckpointsRequest, view: &View<'_>) -> Result<Self, Status> {
        let options = request.options.clone().unwrap_or_default();
        let descending = options.ordering() == Ordering::Descending;
        let (after, before) = cursors(&options)?;
        let start = request.start_checkpoint.unwrap_or(if descending { view.lowest() } else { 0 });
        let low = start.max(after.map_or(0, |after| after.saturating_add(1)));
        if low < view.lowest() && (!descending || request.start_checkpoint.is_some()) {
            let lowest = view.lowest();
            return Err(Status::out_of_range(format!("checkpoints below {lowest} are not available here")));
        }
        let tip = view.head().saturating_add(1);
        let asked = request.end_checkpoint.unwrap_or(u64::MAX);
        let cursor = before.unwrap_or(u64::MAX);
        let high = asked.min(cursor).min(tip);
        let reason = match (descending, high) {
            (true, _) if after.is_some_and(|after| after >= start) => QueryEndReason::CursorBound,
            (true, _) => QueryEndReason::CheckpointBound,
            (false, high) if high == tip && asked > tip && cursor > tip => QueryEndReason::LedgerTip,
            (false, high) if high == cursor && cursor < asked => QueryEndReason::CursorBound,
            (false, _) => QueryEndReason::CheckpointBound,
        };
        let most = view.chain.config().max_listed.max(1);
        let limit = options.limit.filter(|limit| *limit > 0).unwrap_or(most).min(most);
        Ok(Self { left: low..high.max(low), descending, reason, limit })
    }

    /// The next height.
    fn step(&mut self) -> Option<u64> {
        if self.limit == 0 {
            return None;
        }
        let next = if self.descending { self.left.next_back() } else { self.left.next() };
        self.limit -= u32::from(next.is_some());
        next
    }
}

fn cursors(options: &QueryOptions) -> Result<(Option<u64>, Option<u64>), Status> {
    let read = |cursor: &[u8]| {
        let bytes = <[u8; 8]>::try_from(cursor).map_err(|_| Status::invalid_argument("invalid cursor"))?;
        Ok::<_, Status>(u64::from_be_bytes(bytes))
    };
    Ok((options.after.as_deref().map(read).transpose()?, options.before.as_deref().map(read).transpose()?))
}

struct List {
    pump: Pump,
    scan: Scan,
    /// The last height that was told.
    covered: Option<u64>,
    ended: bool,
}

impl List {
    fn next(&mut self) -> Option<Result<ListCheckpointsResponse, Status>> {
        if self.ended {
            return None;
        }
        loop {
            if let Some((height, checkpoint)) = self.pump.next() {
                self.covered = Some(height);
                let last = self.scan.limit == 0 && self.pump.is_empty();
                let mut frame = self.frame(last.then_some(QueryEndReason::ItemLimit));
                frame.checkpoint = Some(checkpoint);
                return Some(Ok(frame));
            }
            let Some(height) = self.scan.step() else {
                if self.pump.flush() {
                    continue;
                }
                let full = self.scan.limit == 0;
                let reason = if full { QueryEndReason::ItemLimit } else { self.scan.reason };
                return Some(Ok(self.frame(Some(reason))));
            };
            let known = self.pump.endpoint.network.chain.read().checkpoint(height).cloned();
            let Some(known) = known else {
                self.ended = true;
                return Some(Err(Status::internal(format!("checkpoint {height} is gone"))));
            };
            if let Err(status) = self.pump.take(&known) {
                self.ended = true;
                return Some(Err(status));
            }
        }
    }

    fn frame(&mut self, end: Option<QueryEndReason>) -> ListCheckpointsResponse {
        let mut frame = ListCheckpointsResponse::default();
        let mut watermark = Watermark::default();
        let bound = if self.scan.descending { self.scan.left.end } else { self.scan.left.start };
        let cursor =
            self.covered.unwrap_or(if self.scan.descending { bound } else { bound.saturating_sub(1) });
        watermark.cursor = Some(cursor.to_be_bytes().to_vec().into());
        watermark.checkpoint = self.covered;
        frame.watermark = Some(watermark);
        if let Some(reason) = end {
            self.ended = true;
            let mut end = QueryEnd::default();
            end.set_reason(reason);
            frame.end = Some(end);
        }
        frame
    }
}

//! Reads logs: of a range of heights, narrowed as the node demands, or of single blocks by their hash.

use chainbell_model::{BlockRef, ChainError, Height, HeightRange};
use chainbell_rpc::{EndpointId, Reply};
use serde_json::Value;
use tokio::time::Instant;

use super::{
    EvmChain,
    ask::{Question, Told, Weight},
    check::{self, Bad, LogsByHeight},
    filter::{LogQuery, Place},
    headers::header_question,
    patience::{Next, Patience, Trouble},
    plan::Plan,
    span::Answered,
};
use crate::{
    assemble::Frame,
    wire::{WireHeader, WireLog},
};

/// The wanted logs of the first heights of a range.
#[derive(Debug)]
pub(super) struct Piece {
    /// What was read: it begins where the range began, and may end earlier.
    pub(super) range: HeightRange,
    /// The wanted logs.
    pub(super) logs: LogsByHeight,
    /// The header of the last height, where it was asked for.
    pub(super) header: Option<WireHeader>,
    /// Who answered.
    pub(super) endpoint: Option<EndpointId>,
}

/// What a range is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parts {
    /// Only the logs.
    Logs,
    /// The logs, and from the same endpoint the header of the last height: without it a node that does not have the
    /// whole range yet would answer with what it has.
    LogsAndLastHeader,
}

/// The wanted logs of several blocks.
#[derive(Debug, Default)]
pub(super) struct ReadLogs {
    pub(super) logs: LogsByHeight,
    /// Who answered for the heights up to and including each.
    pub(super) told_by: Vec<(Height, Option<EndpointId>)>,
}

impl ReadLogs {
    /// The wanted logs at `height`.
    pub(super) fn at(&self, height: Height) -> &[WireLog] {
        self.logs.get(&height.0).map_or(&[], |block| &block.logs)
    }

    /// Who answered for `height`.
    pub(super) fn teller(&self, height: Height) -> Option<EndpointId> {
        self.told_by.iter().find(|(until, _)| height <= *until).and_then(|(_, endpoint)| *endpoint)
    }
}

impl EvmChain {
    /// Reads as many heights from the start of `range` as one request may cover.
    pub(super) async fn piece(
        &self,
        plan: &Plan,
        range: HeightRange,
        parts: Parts,
        avoid: Option<EndpointId>,
    ) -> Result<Piece, ChainError> {
        let mut range = first(range, self.log_span.lock().get());
        let mut patience = Patience::avoiding(avoid);
        loop {
            let trouble = match self.piece_once(plan, range, parts, patience.avoid()).await {
                Ok(piece) => return Ok(piece),
                Err(trouble) => trouble,
            };
            self.report(&trouble);
            match patience.judge(trouble, range) {
                Next::Again => tokio::time::sleep(self.config.retry_delay).await,
                Next::Narrow(narrower) => {
                    let span = self.log_span.lock().refused(range.len(), &narrower);
                    tracing::debug!(heights = range.len(), span, "a node asked for a narrower range");
                    range = first(range, span);
                }
                Next::Fail(error) => return Err(error),
            }
        }
    }

    async fn piece_once(
        &self,
        plan: &Plan,
        range: HeightRange,
        parts: Parts,
        avoid: Option<EndpointId>,
    ) -> Result<Piece, Trouble> {
        let mut questions: Vec<Question> = plan
            .queries
            .iter()
            .map(|query| logs_question(query.params(Place::Range(range)), Weight::Heavy))
            .collect();
        if parts == Parts::LogsAndLastHeader {
            questions.push(header_question(range.to));
        }
        let asked = Instant::now();
        let mut replies = self.ask_all(questions, avoid).await?;
        let took = asked.elapsed();
        if replies.windows(2).any(|pair| pair[0].endpoint != pair[1].endpoint) {
            // Only an endpoint that has the last block is known to have answered for all of the range.
            return Err(Trouble::Absent { endpoint: None });
        }
        let last = (replies.len() > plan.queries.len()).then(|| replies.pop()).flatten();
        let (mut logs, mut items, mut bytes, mut endpoint) = (Vec::new(), 0, 0, None);
        for (query, reply) in plan.queries.iter().zip(replies) {
            bytes += reply.bytes().len() as u64;
            let told = self.parse_logs(reply).await?;
            items += told.value.len() as u64;
            endpoint = Some(told.endpoint);
            logs.extend(
                check::accept_logs(told.value, range, query, &plan.filter)
                    .map_err(|bad| Trouble::failed(endpoint, &bad))?,
            );
        }
        let logs = check::merge_logs(logs).map_err(|bad| Trouble::failed(endpoint, &bad))?;
        let header = match last {
            Some(reply) => {
                let told = self.parse_present::<WireHeader>(reply).await?;
                endpoint = Some(told.endpoint);
                fits(&told.value, range.to, &logs).map_err(|bad| Trouble::failed(endpoint, &bad))?;
                Some(told.value)
            }
            None => None,
        };
        self.log_span.lock().answered(Answered { heights: range.len(), items, bytes, took });
        Ok(Piece { range, logs, header, endpoint })
    }

    /// Reads the logs of all of `range`, in as many pieces as needed.
    pub(super) async fn logs_of_range(
        &self,
        plan: &Plan,
        range: HeightRange,
    ) -> Result<ReadLogs, ChainError> {
        let mut read = ReadLogs::default();
        let mut from = range.from;
        while from <= range.to {
            let left = HeightRange { from, to: range.to };
            let mut piece = self.piece(plan, left, Parts::Logs, None).await?;
            read.logs.append(&mut piece.logs);
            read.told_by.push((piece.range.to, piece.endpoint));
            from = piece.range.to.next();
        }
        Ok(read)
    }

    /// Reads the logs of exactly these blocks, which are in ascending order.
    pub(super) async fn logs_of_blocks(
        &self,
        plan: &Plan,
        blocks: &[Frame],
        avoid: Option<EndpointId>,
    ) -> Result<ReadLogs, ChainError> {
        let mut read = ReadLogs::default();
        let per_batch = (self.config.max_batch / plan.queries.len().max(1)).max(1);
        for blocks in blocks.chunks(per_batch) {
            let (Some(head), Some(tail)) = (blocks.first(), blocks.last()) else { continue };
            let range = HeightRange { from: head.reference.height, to: tail.reference.height };
            let mut batch =
                self.patiently(range, avoid, |avoid| self.logs_of_blocks_once(plan, blocks, avoid)).await?;
            read.logs.append(&mut batch.logs);
            read.told_by.append(&mut batch.told_by);
        }
        Ok(read)
    }

    async fn logs_of_blocks_once(
        &self,
        plan: &Plan,
        blocks: &[Frame],
        avoid: Option<EndpointId>,
    ) -> Result<ReadLogs, Trouble> {
        let places: Vec<(BlockRef, &LogQuery)> = blocks
            .iter()
            .flat_map(|block| plan.queries.iter().map(|query| (block.reference, query)))
            .collect();
        let questions = places
            .iter()
            .map(|(block, query)| logs_question(query.params(Place::Block(block.id)), Weight::Light))
            .collect();
        let replies = self.ask_all(questions, avoid).await?;
        let (mut logs, mut told_by) = (Vec::new(), Vec::new());
        for ((block, query), reply) in places.into_iter().zip(replies) {
            let told = self.parse_logs(reply).await?;
            let (height, endpoint) = (block.height, Some(told.endpoint));
            let here = HeightRange { from: height, to: height };
            let accepted = check::accept_logs(told.value, here, query, &plan.filter)
                .map_err(|bad| Trouble::failed(endpoint, &bad))?;
            if accepted.iter().any(|placed| placed.block != block) {
                return Err(Trouble::failed(endpoint, &Bad::OtherBlock(height.0)));
            }
            logs.extend(accepted);
            told_by.push((height, endpoint));
        }
        let logs = check::merge_logs(logs).map_err(|bad| Trouble::failed(None, &bad))?;
        Ok(ReadLogs { logs, told_by })
    }

    async fn parse_logs(&self, reply: Reply) -> Result<Told<Vec<WireLog>>, Trouble> {
        let told = self.parse_present::<Vec<WireLog>>(reply).await?;
        if told.value.len() > self.config.max_logs { Err(Trouble::TooLarge) } else { Ok(told) }
    }
}

fn logs_question(params: Value, weight: Weight) -> Question {
    Question { method: "eth_getLogs", params, weight }
}

/// The first `span` heights of a range.
pub(super) fn first(range: HeightRange, span: u64) -> HeightRange {
    HeightRange { from: range.from, to: range.to.min(range.from.plus(span.max(1) - 1)) }
}

/// Whether the header is that of `height` and of the block whose logs came.
fn fits(header: &WireHeader, height: Height, logs: &LogsByHeight) -> Result<(), Bad> {
    let reference = check::placed(header, height)?;
    match logs.get(&height.0) {
        Some(found) if found.id != reference.id => Err(Bad::Forked(height.0)),
        _ => Ok(()),
    }
}

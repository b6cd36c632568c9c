//! Reads events below finality by log queries alone: one request for a range's logs and the header at its end.

use chainbell_model::{Block, BlockRef, ChainError, Fetched, Height, HeightRange};

use super::{
    EvmChain,
    check::{BlockLogs, LogsByHeight},
    logs::{Parts, Piece},
    plan::Plan,
    settle::settle,
};
use crate::{
    assemble::{Frame, events_block},
    wire::WireHeader,
};

/// How often a piece whose logs do not fit its headers is read.
const TRIES: u32 = 3;

impl EvmChain {
    /// The blocks of `range` that hold wanted events.
    pub(super) async fn sparse(&self, plan: &Plan, range: HeightRange) -> Result<Fetched, ChainError> {
        let mut blocks = Vec::new();
        let mut from = range.from;
        loop {
            let left = HeightRange { from, to: range.to };
            let mut piece = self.sparse_piece(plan, left).await?;
            blocks.append(&mut piece.blocks);
            if piece.through.height >= range.to {
                return Ok(Fetched { blocks, through: piece.through });
            }
            from = piece.through.height.next();
        }
    }

    /// As many heights from the start of `range` as one request covers.
    async fn sparse_piece(&self, plan: &Plan, range: HeightRange) -> Result<Fetched, ChainError> {
        let mut tries = 1;
        loop {
            let piece = self.believable_piece(plan, range).await?;
            let Some((through, header)) = end_of(&piece) else { return Err(ChainError::NotYet(range.to)) };
            if self.lacks_logs_at_its_end(plan, &piece, header).await? {
                let blocks = self.linked(plan, piece.range).await?;
                return Ok(Fetched { blocks, through });
            }
            let moved = match self.framed(piece.logs).await? {
                Ok(framed) => return Ok(Fetched { blocks: build(framed, plan)?, through }),
                Err(height) => height,
            };
            if tries == TRIES {
                return Err(ChainError::Reorganised(moved));
            }
            tries += 1;
            tokio::time::sleep(self.config.retry_delay).await;
        }
    }

    /// A node that is still indexing, or that lost a file, answers with nothing: that is believed only the second time, and
    /// of another endpoint where there is one.
    async fn believable_piece(&self, plan: &Plan, range: HeightRange) -> Result<Piece, ChainError> {
        let piece = self.piece(plan, range, Parts::LogsAndLastHeader, None).await?;
        if !piece.logs.is_empty() || plan.queries.is_empty() {
            return Ok(piece);
        }
        let second = self.piece(plan, piece.range, Parts::LogsAndLastHeader, piece.endpoint).await?;
        if !second.logs.is_empty() {
            self.blame(piece.endpoint, "an empty answer for a range with logs");
        }
        Ok(second)
    }

    /// A sample of the piece's completeness: whether logs are missing in its last block, whose bloom is at hand.
    async fn lacks_logs_at_its_end(
        &self,
        plan: &Plan,
        piece: &Piece,
        header: &WireHeader,
    ) -> Result<bool, ChainError> {
        let height = piece.range.to.0;
        let logs_of =
            |logs: &LogsByHeight| logs.get(&height).map(|block| block.logs.clone()).unwrap_or_default();
        let first = logs_of(&piece.logs);
        if plan.queries.is_empty() || self.doubt(plan, header, &first).is_none() {
            return Ok(false);
        }
        let Some(frame) = Frame::of_header(header) else { return Ok(false) };
        let second = self.logs_of_blocks(plan, &[frame], piece.endpoint).await?;
        let doubt = |logs: &[_]| self.doubt(plan, header, logs);
        let count = first.len();
        let lacks = match settle(first, logs_of(&second.logs), doubt) {
            Some(settled) => settled.first_lied.is_some() || settled.logs.len() != count,
            None => true,
        };
        if lacks {
            self.blame(piece.endpoint, "a log was missing from a range");
        }
        Ok(lacks)
    }

    /// Joins each block's logs with its time. `Err` of the first height whose logs are not of the chain's block.
    async fn framed(
        &self,
        logs: LogsByHeight,
    ) -> Result<Result<Vec<(Frame, BlockLogs)>, Height>, ChainError> {
        let untimed: Vec<Height> = logs
            .iter()
            .filter(|(_, block)| block.logs.first().and_then(Frame::of_log).is_none())
            .map(|(&height, _)| Height(height))
            .collect();
        let mut headers = self.headers(&untimed).await?.into_iter();
        let mut framed = Vec::with_capacity(logs.len());
        for (height, block) in logs {
            let timed = block.logs.first().and_then(Frame::of_log);
            let frame = timed.or_else(|| headers.next().as_ref().and_then(Frame::of_header));
            match frame.filter(|frame| frame.reference.id == block.id) {
                Some(frame) => framed.push((Frame { parent: None, ..frame }, block)),
                None => return Ok(Err(Height(height))),
            }
        }
        Ok(Ok(framed))
    }
}

fn end_of(piece: &Piece) -> Option<(BlockRef, &WireHeader)> {
    let header = piece.header.as_ref()?;
    Some((header.reference()?, header))
}

fn build(framed: Vec<(Frame, BlockLogs)>, plan: &Plan) -> Result<Vec<Block>, ChainError> {
    framed
        .into_iter()
        .map(|(frame, block)| {
            let height = frame.reference.height;
            events_block(frame, block.logs, &plan.interest)
                .map_err(|error| ChainError::Inconsistent { height, reason: error.to_string() })
        })
        .collect()
}

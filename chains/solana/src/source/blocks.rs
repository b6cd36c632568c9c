//! Reads whole blocks.
//!
//! Which slots have blocks is listed by one endpoint and proven by the blocks: each names the slot and the id of the one
//! before it, and the first block above the range names the last one of the range.

use std::sync::Arc;

use chainbell_model::{Block, BlockRef, ChainError, Fetched, Height, HeightRange, Interest};
use chainbell_rpc::{EndpointId, Reply};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use super::{
    SolanaChain,
    ask::{malformed, read},
    header::{Detail, Header, bad, present},
    level::Level,
    patience::{Patience, Trouble},
    plan::Plan,
    slots::hidden,
    span::Answered,
};
use crate::{assemble, wire};

/// A block, and what it links to.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) header: Header,
    pub(super) block: Block,
    pub(super) bytes: u64,
}

/// A range read, and the block above it where the range ends with an empty slot.
struct Run {
    blocks: Vec<Read>,
    above: Option<Header>,
    /// Who listed the slots.
    lister: EndpointId,
}

impl SolanaChain {
    /// Every block of `range`, each linked to the one before.
    pub(super) async fn blocks(&self, plan: &Plan, range: HeightRange) -> Result<Fetched, ChainError> {
        let asked = Instant::now();
        let level = self.level(range.to);
        let run = self.linked_run(plan, range, level).await?;
        self.block_span.lock().answered(Answered {
            slots: range.len(),
            items: run.blocks.iter().map(|read| read.bytes).sum(),
            took: asked.elapsed(),
        });
        let id = match (run.blocks.last(), &run.above) {
            (Some(last), _) => Some(last.header.reference.id),
            (None, above) => above.as_ref().and_then(|above| above.parent),
        };
        let id = id.ok_or(ChainError::Pruned { height: range.to, first: None })?;
        let blocks = run.blocks.into_iter().map(|read| read.block).collect();
        Ok(Fetched { blocks, through: BlockRef { height: range.to, id } })
    }

    /// Lists and reads until what is listed and what is read agree.
    async fn linked_run(&self, plan: &Plan, range: HeightRange, level: Level) -> Result<Run, ChainError> {
        let mut patience = Patience::default();
        loop {
            let run = self.run_once(plan, range, level, patience.avoid()).await?;
            let headers = run.blocks.iter().map(|read| &read.header).chain(&run.above);
            let Err(broken) = links(headers, range) else { return Ok(run) };
            let trouble = match broken {
                Broken::Forked(height) => Trouble::Chain(ChainError::Reorganised(height)),
                Broken::Hidden(reason) => {
                    let reason = format!("{reason} (getBlocks did not list it)");
                    Trouble::Doubtful { endpoint: Some(run.lister), reason }
                }
            };
            self.pause(&mut patience, trouble, range.from).await?;
        }
    }

    async fn run_once(
        &self,
        plan: &Plan,
        range: HeightRange,
        level: Level,
        avoid: Option<EndpointId>,
    ) -> Result<Run, ChainError> {
        let other = |again: Option<EndpointId>| again.or(avoid);
        let listed = self.patiently(range.to, |again| self.slots_in(range, level, other(again))).await?;
        let interest = &plan.interest;
        let blocks: Vec<Read> = stream::iter(listed.value)
            .map(|slot| async move { self.whole_block(interest, slot, level).await })
            .buffered(self.config.blocks_in_flight.max(1))
            .try_collect()
            .await?;
        let above = if blocks.last().is_some_and(|last| last.header.reference.height == range.to) {
            None
        } else {
            let above = self
                .patiently(range.to, |again| self.header_above(range.to.0, Level::Confirmed, other(again)))
                .await?;
            Some(above.value)
        };
        Ok(Run { blocks, above, lister: listed.endpoint })
    }

    /// The block at `slot`, which is known to have one.
    pub(super) async fn whole_block(
        &self,
        interest: &Arc<Interest>,
        slot: u64,
        level: Level,
    ) -> Result<Read, ChainError> {
        self.patiently(Height(slot), |avoid| self.whole_block_once(interest, slot, level, avoid)).await
    }

    async fn whole_block_once(
        &self,
        interest: &Arc<Interest>,
        slot: u64,
        level: Level,
        avoid: Option<EndpointId>,
    ) -> Result<Read, Trouble> {
        let reply = self.ask(self.block_question(slot, Detail::Full, level), avoid).await;
        let Some(reply) = present(reply)? else { return Err(self.listed_but_missing(slot)) };
        let interest = Arc::clone(interest);
        Ok(read(reply, move |reply| assembled(reply, slot, &interest)).await?.value)
    }

    /// A slot that one answer says to have a block and another not.
    pub(super) fn listed_but_missing(&self, slot: u64) -> Trouble {
        if slot > self.newest(Level::Finalized) {
            return Trouble::Behind { endpoint: None };
        }
        let reason = format!("slot {slot} is listed as one with a block, but has none");
        Trouble::Doubtful { endpoint: None, reason }
    }
}

fn assembled(reply: &Reply, slot: u64, interest: &Interest) -> Result<Read, Trouble> {
    let block: wire::Block<'_> = reply.parse().map_err(|error| malformed(reply, &error))?;
    let header = Header::of(&block, slot).map_err(|reason| bad(reply, reason))?;
    let block = assemble::block(&block, slot, interest).map_err(|reason| bad(reply, reason))?;
    Ok(Read { header, block, bytes: reply.bytes().len() as u64 })
}

/// Why blocks do not follow each other.
#[derive(Debug, PartialEq, Eq)]
enum Broken {
    /// This one follows another block than the one before it.
    Forked(Height),
    /// A block is missing between two of them.
    Hidden(String),
}

/// `headers` are those of the range's blocks and, where its last slot is empty, of the one above.
fn links<'a>(headers: impl Iterator<Item = &'a Header>, range: HeightRange) -> Result<(), Broken> {
    let mut before: Option<&Header> = None;
    for header in headers {
        let parent = header.parent_slot;
        match before {
            Some(before) if parent == before.slot() && header.parent == Some(before.reference.id) => {}
            Some(before) if parent <= before.slot() && header.parent.is_some() => {
                return Err(Broken::Forked(header.reference.height));
            }
            // Slot 0 follows itself.
            None if parent < range.from.0 || header.slot() == 0 => {}
            _ => return Err(Broken::Hidden(hidden(parent, header))),
        }
        before = Some(header);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chainbell_model::{BlockId, Timestamp};

    use super::*;

    fn header(slot: u64, parent_slot: u64, fork: u8) -> Header {
        Header {
            reference: BlockRef { height: Height(slot), id: id(slot, fork) },
            parent: Some(id(parent_slot, 0)),
            parent_slot,
            time: Timestamp(0),
        }
    }

    fn id(slot: u64, fork: u8) -> BlockId {
        BlockId([slot as u8 + fork; 32])
    }

    fn run(headers: &[Header]) -> Result<(), Broken> {
        links(headers.iter(), HeightRange { from: Height(10), to: Height(19) })
    }

    #[test]
    fn links_go_over_skipped_slots_and_up_to_the_block_above() {
        assert_eq!(run(&[header(11, 9, 0), header(14, 11, 0), header(21, 14, 0)]), Ok(()));
        assert_eq!(run(&[header(25, 3, 0)]), Ok(()));
        assert_eq!(run(&[header(10, 9, 0), header(19, 10, 0)]), Ok(()));
    }

    #[test]
    fn a_block_that_is_not_told_shows_wherever_it_is_missing() {
        for run in [
            run(&[header(12, 10, 0), header(21, 12, 0)]),
            run(&[header(10, 9, 0), header(14, 12, 0), header(21, 14, 0)]),
            run(&[header(10, 9, 0), header(21, 18, 0)]),
            run(&[header(21, 18, 0)]),
        ] {
            assert!(matches!(run, Err(Broken::Hidden(_))), "{run:?}");
        }
    }

    #[test]
    fn blocks_of_another_fork_show() {
        assert_eq!(run(&[header(10, 9, 7), header(12, 10, 0)]), Err(Broken::Forked(Height(12))));
        assert_eq!(run(&[header(11, 9, 0), header(12, 10, 0)]), Err(Broken::Forked(Height(12))));
    }
}

//! Compares what `getEvents` tells with the metadata of the same ledgers.

use chainbell_model::{Block, ChainError, Event, Height, HeightRange, TxId};

use super::{StellarChain, plan::Plan};

/// How often a range whose events do not fit its ledgers is read.
const TRIES: u32 = 3;

impl StellarChain {
    /// The blocks of `range` that hold wanted events, told alike by events and ledgers.
    pub(super) async fn verified_events(
        &self,
        plan: &Plan,
        range: HeightRange,
    ) -> Result<Vec<Block>, ChainError> {
        let (mut of_events, mut of_ledgers) = (None, None);
        for attempt in 1.. {
            let events = self.events(plan, range, of_events).await?;
            let ledgers = self.ledgers(plan, range, of_ledgers).await?;
            let Some(height) = difference(&events.blocks, &ledgers.blocks) else {
                if attempt == 2 {
                    self.blame(of_events, "its events were not those of the ledgers");
                }
                let mut blocks = ledgers.blocks;
                blocks.retain(|block| !block.transactions.is_empty());
                return Ok(blocks);
            };
            tracing::warn!(%height, attempt, "events are not those of their ledger");
            if attempt == TRIES {
                let reason = "the events told are not those in the ledger's metadata".to_owned();
                return Err(ChainError::Inconsistent { height, reason });
            }
            (of_events, of_ledgers) = (events.endpoint, ledgers.endpoint.filter(|_| attempt > 1));
            tokio::time::sleep(self.config.retry_delay).await;
        }
        Ok(Vec::new())
    }
}

/// The first height at which one tells of events that the other does not.
fn difference(left: &[Block], right: &[Block]) -> Option<Height> {
    let mut left = left.iter().flat_map(facts);
    let mut right = right.iter().flat_map(facts);
    loop {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) => return Some(one.height.min(other.height)),
            (Some(only), None) | (None, Some(only)) => return Some(only.height),
        }
    }
}

#[derive(PartialEq)]
struct Fact<'a> {
    height: Height,
    transaction: Option<TxId>,
    index: u32,
    failed: bool,
    emitter: &'a [u8],
    payload: &'a [u8],
}

/// The events of a block, in an order that does not depend on how it was read.
fn facts(block: &Block) -> Vec<Fact<'_>> {
    let transaction = |event: &Event| {
        let place = usize::try_from(event.transaction).ok()?;
        block.transactions.get(place).map(|transaction| transaction.id)
    };
    let mut facts: Vec<_> = block
        .events
        .iter()
        .map(|event| Fact {
            height: block.reference.height,
            transaction: transaction(event),
            index: event.index,
            failed: event.failed,
            emitter: &event.emitter,
            payload: &event.payload.0,
        })
        .collect();
    facts.sort_by_key(|fact| (fact.transaction, fact.index));
    facts
}

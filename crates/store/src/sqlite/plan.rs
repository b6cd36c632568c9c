//! Decides, without touching the database, which rows a batch becomes.

use std::sync::Arc;

use chainbell_model::{
    BlockRef, DeliveryId, Facts, Height, Message, MessageKind, MonitorName, TargetName, TenantId, Timestamp,
};

use crate::{
    CommitBatch, Committed, DeliveryState, DueTarget, NewBlock, NewFact, NewMatch, ReserveFn, StoreError,
    finality_of,
    sqlite::{
        codec::corrupt,
        facts::{MOST_FACTS, first_fact},
        known::{FactKey, KnownBlock, KnownMatch, Map},
        networks::Network,
        words::WordIds,
    },
};

/// What the decisions rest on.
pub(super) struct Ground<'a> {
    /// The network as it stands.
    pub(super) network: &'a Network,
    /// Numbers of every word of the batch.
    pub(super) words: &'a WordIds<'a>,
    /// Blocks already stored.
    pub(super) known: Map<BlockRef, KnownBlock>,
}

/// Rows to write.
#[derive(Default)]
pub(super) struct Plan<'a> {
    /// New blocks.
    pub(super) blocks: Vec<BlockRow<'a>>,
    /// Stored blocks that are on the chain again, or have facts now.
    pub(super) returned: Vec<i64>,
    /// New facts.
    pub(super) facts: Vec<FactRow<'a>>,
    /// New matches, and those that came back.
    pub(super) matches: Vec<MatchRow>,
    /// New deliveries.
    pub(super) deliveries: Vec<DeliveryRow>,
    /// What to tell the caller.
    pub(super) committed: Committed,
}

/// A row of `blocks`.
pub(super) struct BlockRow<'a> {
    /// Its number.
    pub(super) seq: i64,
    /// The block.
    pub(super) block: &'a NewBlock,
}

/// A row of `facts`.
pub(super) struct FactRow<'a> {
    /// Its id.
    pub(super) id: i64,
    /// The tenant's number.
    pub(super) tenant: i64,
    /// The contract's number.
    pub(super) contract: Option<i64>,
    /// The name's number.
    pub(super) name: i64,
    /// The signature's number.
    pub(super) signature: i64,
    /// The rest.
    pub(super) facts: &'a Facts,
}

/// A row of `matches`.
pub(super) struct MatchRow {
    /// The fact's id.
    pub(super) fact: i64,
    /// The monitor's number.
    pub(super) monitor: i64,
    /// The match's id.
    pub(super) id: [u8; 16],
    /// How often it came back.
    pub(super) generation: u32,
}

/// A row of `deliveries`.
pub(super) struct DeliveryRow {
    /// Its number.
    pub(super) sequence: i64,
    /// Its id.
    pub(super) id: DeliveryId,
    /// The tenant's number.
    pub(super) tenant: i64,
    /// The target's number.
    pub(super) target: i64,
    /// The monitor's number.
    pub(super) monitor: i64,
    /// The fact's id.
    pub(super) fact: i64,
    /// The block's height.
    pub(super) height: Height,
    /// At which finality it goes out.
    pub(super) deliver_at: chainbell_model::Finality,
    /// Where it starts.
    pub(super) state: DeliveryState,
}

/// Every word that the rows of `batch` mention.
pub(super) fn words_of(batch: &CommitBatch) -> impl Iterator<Item = &str> {
    batch.blocks.iter().flat_map(|block| &block.found).flat_map(|found| {
        let facts = [found.tenant.as_str(), &found.facts.name, &found.facts.signature];
        let matches = found.matches.iter().flat_map(|matched| {
            std::iter::once(matched.monitor.as_str()).chain(matched.targets.iter().map(TargetName::as_str))
        });
        facts.into_iter().chain(found.facts.contract.as_deref()).chain(matches)
    })
}

/// The rows that `batch` becomes. `reserve` is asked as [`crate::Ledger::commit`] says.
pub(super) fn draw<'a>(
    batch: &'a CommitBatch,
    mut ground: Ground<'a>,
    reserve: &mut ReserveFn<'_>,
) -> Result<Plan<'a>, StoreError> {
    let state = &ground.network.state;
    let marks = (state.confirmed.max(batch.confirmed), state.finalized.max(batch.finalized));
    let mut drawing = Drawing {
        plan: Plan::default(),
        words: ground.words,
        marks,
        now: batch.now,
        next_sequence: ground.network.next_sequence,
        waiting: Map::default(),
        reserve,
    };
    let mut next_seq = ground.network.next_seq;
    for block in &batch.blocks {
        let stored = match ground.known.remove(&block.reference) {
            Some(known) => {
                if known.retracted || (!known.has_facts && !block.found.is_empty()) {
                    drawing.plan.returned.push(known.seq);
                }
                known
            }
            // Finalized blocks cannot be reorganised: without facts there is nothing to keep of them.
            None if block.found.is_empty() && block.reference.height < marks.1 => continue,
            None => {
                let seq = next_seq;
                next_seq += 1;
                drawing.plan.blocks.push(BlockRow { seq, block });
                KnownBlock {
                    seq,
                    facts: Map::with_capacity_and_hasher(block.found.len(), <_>::default()),
                    ..KnownBlock::default()
                }
            }
        };
        drawing.block(block, stored)?;
    }
    Ok(drawing.finish())
}

struct Drawing<'a, 'r, 'f> {
    plan: Plan<'a>,
    words: &'a WordIds<'a>,
    marks: (Height, Height),
    now: Timestamp,
    next_sequence: i64,
    waiting: Map<(i64, i64), DueTarget>,
    reserve: &'r mut ReserveFn<'f>,
}

/// A match to deliver, in its context.
#[derive(Clone, Copy)]
struct Matched<'a> {
    fact: i64,
    tenant: i64,
    monitor: i64,
    generation: u32,
    found: &'a NewFact,
    matched: &'a NewMatch,
}

impl<'a> Drawing<'a, '_, '_> {
    fn block(&mut self, block: &'a NewBlock, mut stored: KnownBlock) -> Result<(), StoreError> {
        for found in &block.found {
            let tenant = self.words.id(found.tenant.as_str())?;
            let fact = self.fact(found, tenant, &mut stored)?;
            for matched in &found.matches {
                let monitor = self.words.id(matched.monitor.as_str())?;
                let known = stored.matches.get(&(fact, monitor)).copied();
                let generation = match known {
                    None => 0,
                    Some(KnownMatch { retracted: false, .. }) => continue,
                    Some(KnownMatch { generation, .. }) => generation.saturating_add(1),
                };
                stored.matches.insert((fact, monitor), KnownMatch { generation, retracted: false });
                self.plan.matches.push(MatchRow { fact, monitor, id: matched.id.0, generation });
                self.deliveries(Matched { fact, tenant, monitor, generation, found, matched })?;
            }
        }
        Ok(())
    }

    fn fact(&mut self, found: &'a NewFact, tenant: i64, stored: &mut KnownBlock) -> Result<i64, StoreError> {
        let key = FactKey::new(tenant, &found.facts);
        if let Some(id) = stored.facts.get(&key) {
            return Ok(*id);
        }
        if stored.next_place >= MOST_FACTS {
            return Err(corrupt("block", format!("it has more than {MOST_FACTS} facts")));
        }
        let id = first_fact(stored.seq) + stored.next_place;
        stored.next_place += 1;
        stored.facts.insert(key, id);
        let contract = found.facts.contract.as_deref().map(|contract| self.words.id(contract));
        self.plan.facts.push(FactRow {
            id,
            tenant,
            contract: contract.transpose()?,
            name: self.words.id(&found.facts.name)?,
            signature: self.words.id(&found.facts.signature)?,
            facts: &found.facts,
        });
        Ok(id)
    }

    fn deliveries(&mut self, of: Matched<'a>) -> Result<(), StoreError> {
        let height = of.found.facts.block.height;
        let (confirmed, finalized) = self.marks;
        let due = finality_of(height, confirmed, finalized) >= of.matched.deliver_at;
        for target in of.matched.targets.iter() {
            let number = self.words.id(target.as_str())?;
            let id = DeliveryId::derive(&of.matched.id, target, of.generation);
            // What came back goes through the queue, where the retraction of its former generation may still wait.
            let state = if !due {
                DeliveryState::Waiting
            } else if of.generation == 0 && (self.reserve)(&of.found.tenant, target) {
                self.plan.committed.claimed.push(message(id, target, of, self.now));
                DeliveryState::Sending
            } else {
                self.waiting.entry((of.tenant, number)).or_insert_with(|| DueTarget {
                    tenant: of.found.tenant.clone(),
                    target: target.clone(),
                    at: self.now,
                });
                DeliveryState::Pending
            };
            self.plan.deliveries.push(DeliveryRow {
                sequence: self.next_sequence,
                id,
                tenant: of.tenant,
                target: number,
                monitor: of.monitor,
                fact: of.fact,
                height,
                deliver_at: of.matched.deliver_at,
                state,
            });
            self.next_sequence += 1;
        }
        Ok(())
    }

    fn finish(mut self) -> Plan<'a> {
        let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        self.plan.committed.waiting = self.waiting.into_values().collect();
        self.plan.committed.facts = count(self.plan.facts.len());
        self.plan.committed.matches = count(self.plan.matches.len());
        self.plan.committed.deliveries = count(self.plan.deliveries.len());
        self.plan
    }
}

fn message(id: DeliveryId, target: &TargetName, of: Matched<'_>, now: Timestamp) -> Message {
    Message {
        id,
        kind: MessageKind::Match,
        tenant: TenantId::clone(&of.found.tenant),
        target: target.clone(),
        monitor: MonitorName::clone(&of.matched.monitor),
        match_id: of.matched.id,
        deliver_at: of.matched.deliver_at,
        created: now,
        attempt: 1,
        facts: Arc::clone(&of.found.facts),
    }
}

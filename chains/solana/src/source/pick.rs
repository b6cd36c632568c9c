//! Reads single transactions, places them in their blocks, and assembles what is wanted of them.

use std::{collections::HashMap, sync::Arc};

use chainbell_model::{Block, BlockId, ChainError, Height, TxId};
use chainbell_rpc::EndpointId;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    SolanaChain,
    ask::Told,
    header::Header,
    level::Level,
    memory::Remembered,
    patience::{Patience, Trouble},
    plan::Plan,
    programs::WantedBySlot,
};
use crate::{assemble, wire};

/// A block's header and the places of wanted transactions in it, ascending.
struct Frame {
    header: Header,
    places: Vec<(u32, TxId)>,
}

/// Transactions as JSON, and who told them.
type Texts = HashMap<TxId, (Arc<str>, Option<EndpointId>)>;

impl SolanaChain {
    /// The blocks of these slots with what is wanted of these transactions.
    pub(super) async fn picked(
        &self,
        plan: &Plan,
        wanted: WantedBySlot,
        level: Level,
    ) -> Result<Vec<Block>, ChainError> {
        let frames: Vec<Frame> = stream::iter(wanted)
            .map(|(slot, ids)| async move { self.frame(slot, &ids, level).await })
            .buffered(self.config.blocks_in_flight.max(1))
            .try_collect()
            .await?;
        let mut texts = Texts::new();
        let mut missing = Vec::new();
        for Frame { header, places } in &frames {
            for (_, id) in places {
                match self.memory.transaction(header.slot(), header.reference.id, id) {
                    Some(text) => {
                        texts.insert(*id, (text, None));
                    }
                    None => missing.push((header.slot(), *id)),
                }
            }
        }
        for batch in missing.chunks(self.config.max_batch.max(1)) {
            self.fetch_texts(batch, &mut texts).await?;
        }
        let mut blocks = Vec::with_capacity(frames.len());
        for frame in &frames {
            self.remember(frame, &texts);
            blocks.extend(self.assembled(plan, frame, &mut texts).await?);
        }
        Ok(blocks)
    }

    /// Finds the places of `ids` in the block at `slot`.
    async fn frame(&self, slot: u64, ids: &[TxId], level: Level) -> Result<Frame, ChainError> {
        if let Some(known) = self.memory.get(slot, ids)
            && self.is_still(slot, known.header.reference.id, level).await?
        {
            let place = |id: &TxId| Some((known.transactions.get(id)?.0, *id));
            let mut places: Vec<(u32, TxId)> = ids.iter().filter_map(place).collect();
            places.sort_unstable();
            return Ok(Frame { header: known.header.clone(), places });
        }
        let told = self.patiently(Height(slot), |avoid| self.signatures_at(slot, level, avoid)).await?;
        let Told { value: (header, signatures), .. } = told;
        let mut wanted: std::collections::HashSet<&TxId> = ids.iter().collect();
        let mut places = Vec::with_capacity(ids.len());
        for (place, id) in (0..).zip(signatures) {
            if wanted.remove(&id) {
                places.push((place, id));
            }
        }
        // A listed transaction that is not in its block: the list or the block is of another fork.
        if wanted.is_empty() {
            Ok(Frame { header, places })
        } else {
            Err(ChainError::Reorganised(Height(slot)))
        }
    }

    /// Whether the block at `slot` is still this one.
    async fn is_still(&self, slot: u64, id: BlockId, level: Level) -> Result<bool, ChainError> {
        let header = self.patiently(Height(slot), |avoid| self.header(slot, level, avoid)).await?;
        Ok(header.is_some_and(|told| told.value.reference.id == id))
    }

    /// Fetches transactions in one batch, and those again that were not told.
    async fn fetch_texts(&self, batch: &[(u64, TxId)], texts: &mut Texts) -> Result<(), ChainError> {
        let mut pending = batch.to_vec();
        let mut patience = Patience::default();
        while let Some(&(slot, _)) = pending.first() {
            if let Err(trouble) = self.fetch_once(&mut pending, texts, patience.avoid()).await {
                self.pause(&mut patience, trouble, Height(slot)).await?;
            }
        }
        Ok(())
    }

    /// Takes out of `pending` what was told. The error is about the rest.
    async fn fetch_once(
        &self,
        pending: &mut Vec<(u64, TxId)>,
        texts: &mut Texts,
        avoid: Option<EndpointId>,
    ) -> Result<(), Trouble> {
        let questions = pending.iter().map(|(_, id)| self.transaction_question(id)).collect();
        let replies = self.ask_each(questions, avoid).await?;
        let mut trouble = None;
        let mut rest = Vec::new();
        for ((slot, id), reply) in pending.drain(..).zip(replies) {
            match reply {
                Ok(reply) if !reply.is_null() => {
                    texts.insert(id, (reply.raw().into(), Some(reply.endpoint)));
                    continue;
                }
                Ok(reply) => trouble = Some(self.untold(slot, reply.endpoint)),
                Err(refused) => trouble = Some(refused),
            }
            rest.push((slot, id));
        }
        *pending = rest;
        trouble.map_or(Ok(()), Err)
    }

    /// A listed transaction that the node does not tell: a list may be ahead of the transactions, but not for long.
    fn untold(&self, slot: u64, endpoint: EndpointId) -> Trouble {
        let endpoint = Some(endpoint);
        if slot > self.newest(Level::Finalized) {
            return Trouble::Behind { endpoint };
        }
        Trouble::Doubtful { endpoint, reason: format!("a transaction listed in slot {slot} is not told") }
    }

    /// Keeps what is not final for when it is.
    fn remember(&self, frame: &Frame, texts: &Texts) {
        let slot = frame.header.slot();
        if slot <= self.newest(Level::Finalized) {
            return;
        }
        let entry = |(place, id): &(u32, TxId)| Some((*id, (*place, Arc::clone(&texts.get(id)?.0))));
        let transactions = frame.places.iter().filter_map(entry).collect();
        self.memory.put(slot, Remembered { header: frame.header.clone(), transactions });
    }

    /// The block with what is wanted; `None` when nothing is. A transaction that does not fit is asked for again.
    async fn assembled(
        &self,
        plan: &Plan,
        frame: &Frame,
        texts: &mut Texts,
    ) -> Result<Option<Block>, ChainError> {
        let slot = frame.header.slot();
        let mut patience = Patience::default();
        loop {
            let (id, reason) = match assemble_all(plan, frame, texts) {
                Ok(block) => return Ok(Some(block).filter(|block| !block.transactions.is_empty())),
                Err(misfit) => misfit,
            };
            let endpoint = texts.remove(&id).and_then(|(_, endpoint)| endpoint);
            self.pause(&mut patience, Trouble::Bad { endpoint, reason }, Height(slot)).await?;
            self.fetch_texts(&[(slot, id)], texts).await?;
        }
    }
}

/// The error names the transaction that does not fit.
fn assemble_all(plan: &Plan, frame: &Frame, texts: &Texts) -> Result<Block, (TxId, String)> {
    let mut block = frame.header.frame();
    for (place, id) in &frame.places {
        let text = texts.get(id).map_or("null", |(text, _)| text);
        let misfit = |reason: String| (*id, reason);
        let transaction: wire::Transaction<'_> =
            serde_json::from_str(text).map_err(|error| misfit(bounded(&error.to_string())))?;
        let added =
            assemble::transaction(&transaction, *place, &plan.interest, &mut block).map_err(misfit)?;
        if added && block.transactions.last().is_none_or(|last| last.id != *id) {
            return Err(misfit("another transaction than the one asked for".to_owned()));
        }
    }
    Ok(block)
}

/// The parser's words without what the node wrote.
fn bounded(error: &str) -> String {
    error.chars().take(200).collect()
}

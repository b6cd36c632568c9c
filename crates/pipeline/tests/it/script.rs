//! A chain that a test writes block by block. It stands where the wire would: the real chains have tests of their own.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use chainbell_model::{
    Address, AddressError, Block, BlockId, BlockRef, Chain, ChainError, Continuity, Dialect, EndpointStatus,
    Fetched, Height, HeightRange, Interest, Interface, InterfaceError, Proof, Schema, Timestamp, Tip,
    Transaction, TxId,
};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The fork of a height without a block.
pub(crate) const EMPTY: u8 = u8::MAX;

/// A chain of blocks; the byte of each id tells its fork.
#[derive(Debug, Default)]
pub(crate) struct ScriptedChain {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    forks: Vec<u8>,
    finalized: u64,
    /// Heights whose block has a transaction that someone asks for, while the chain is read selectively.
    wanted: BTreeSet<u64>,
    selective: bool,
    pruned_below: u64,
    /// How many of the next fetches fail.
    failing: u32,
    /// Proofs asked for, with their ranges.
    fetches: Vec<(u64, u64, Proof)>,
}

pub(crate) fn id(height: u64, fork: u8) -> BlockId {
    let mut id = [fork; 32];
    id[..8].copy_from_slice(&height.to_be_bytes());
    BlockId(id)
}

impl ScriptedChain {
    pub(crate) fn of(blocks: u64) -> Arc<Self> {
        let chain = Self::default();
        chain.state.lock().forks = vec![0; blocks as usize];
        Arc::new(chain)
    }

    pub(crate) fn extend(&self, blocks: u64, fork: u8) {
        self.state.lock().forks.extend(vec![fork; blocks as usize]);
        self.changed.notify_one();
    }

    /// The head falls to `height`.
    pub(crate) fn cut(&self, height: u64) {
        self.state.lock().forks.truncate(height as usize + 1);
        self.changed.notify_one();
    }

    pub(crate) fn finalize(&self, height: u64) {
        self.state.lock().finalized = height;
        self.changed.notify_one();
    }

    /// From now on only the blocks at `heights` are returned, which prove nothing by themselves.
    pub(crate) fn select(&self, heights: &[u64]) {
        let mut state = self.state.lock();
        state.selective = true;
        state.wanted = heights.iter().copied().collect();
    }

    pub(crate) fn prune_below(&self, height: u64) {
        self.state.lock().pruned_below = height;
    }

    pub(crate) fn fail(&self, fetches: u32) {
        self.state.lock().failing = fetches;
    }

    pub(crate) fn fetches(&self) -> Vec<(u64, u64, Proof)> {
        self.state.lock().fetches.clone()
    }

    fn block(&self, height: Height) -> Result<BlockRef, ChainError> {
        let state = self.state.lock();
        let forks = state.forks.get(..=height.0 as usize).ok_or(ChainError::NotYet(height))?;
        // An empty height has the id of the last block below it.
        let (at, fork) = forks.iter().enumerate().rfind(|(_, fork)| **fork != EMPTY).unwrap();
        Ok(BlockRef { height, id: id(at as u64, *fork) })
    }

    fn is_returned(&self, height: u64, proof: Proof) -> bool {
        let state = self.state.lock();
        if state.forks[height as usize] == EMPTY {
            return false;
        }
        if state.selective { state.wanted.contains(&height) } else { proof == Proof::Linked }
    }
}

#[async_trait]
impl Chain for ScriptedChain {
    fn dialect(&self) -> Arc<dyn Dialect> {
        Arc::new(Plain)
    }
    async fn identity(&self) -> Result<String, ChainError> {
        Ok("script".to_owned())
    }
    async fn tip(&self) -> Result<Tip, ChainError> {
        let (height, finalized) = {
            let state = self.state.lock();
            let head = state.forks.len().checked_sub(1).ok_or(ChainError::NotYet(Height(0)))?;
            (Height(head as u64), Height(state.finalized).min(Height(head as u64)))
        };
        let head = self.block(height)?;
        Ok(Tip { head: height, head_id: Some(head.id), confirmed: finalized, finalized })
    }
    async fn changed(&self) {
        self.changed.notified().await;
    }
    fn continuity(&self, _interest: &Interest) -> Continuity {
        if self.state.lock().selective { Continuity::Reread } else { Continuity::Linked }
    }
    fn span(&self, _interest: &Interest) -> u64 {
        4
    }
    async fn fetch(
        &self,
        range: HeightRange,
        _interest: &Interest,
        proof: Proof,
    ) -> Result<Fetched, ChainError> {
        {
            let mut state = self.state.lock();
            state.fetches.push((range.from.0, range.to.0, proof));
            if state.failing > 0 {
                state.failing -= 1;
                return Err(ChainError::Unavailable { reason: "scripted".to_owned(), retry_after: None });
            }
        }
        if range.from.0 < self.state.lock().pruned_below {
            return Err(ChainError::Pruned { height: range.from, first: None });
        }
        let through = self.block(range.to)?;
        let mut blocks = Vec::new();
        for height in (range.from.0..=range.to.0).filter(|height| self.is_returned(*height, proof)) {
            let parent = height.checked_sub(1).map(|parent| self.block(Height(parent))).transpose()?;
            blocks.push(Block {
                reference: self.block(Height(height))?,
                parent: Some(parent.map_or(BlockId::default(), |parent| parent.id)),
                time: Timestamp(0),
                transactions: vec![Transaction { id: TxId::from([1; 32]), index: 0, details: Vec::new() }],
                events: Vec::new(),
                calls: Vec::new(),
                transfers: Vec::new(),
                defects: Vec::new(),
            });
        }
        Ok(Fetched { blocks, through })
    }
    async fn block_at(&self, height: Height) -> Result<(BlockRef, BlockId), ChainError> {
        let block = self.block(height)?;
        let parent = height.0.checked_sub(1).map(|parent| self.block(Height(parent))).transpose()?;
        Ok((block, parent.map_or(BlockId::default(), |parent| parent.id)))
    }
    async fn locate(&self, _transaction: &TxId) -> Result<Option<Height>, ChainError> {
        Ok(None)
    }
    fn endpoints(&self) -> Vec<EndpointStatus> {
        Vec::new()
    }
}

/// No scripted block holds anything to read.
#[derive(Debug)]
struct Plain;

impl Dialect for Plain {
    fn chain(&self) -> &'static str {
        "script"
    }
    fn parse_address(&self, _text: &str) -> Result<Address, AddressError> {
        Err(AddressError::new("a script has no addresses"))
    }
    fn address_text(&self, _address: &Address, _out: &mut String) {}
    fn block_id_text(&self, id: &BlockId, out: &mut String) {
        out.push_str(&format!("{id:?}"));
    }
    fn tx_id_text(&self, id: &TxId, out: &mut String) {
        out.push_str(&format!("{id:?}"));
    }
    fn parse_tx_id(&self, _text: &str) -> Option<TxId> {
        None
    }
    fn transaction_schema(&self) -> &Schema {
        const NONE: &Schema = &Schema { fields: Vec::new() };
        NONE
    }
    fn units(&self) -> &'static [(&'static str, u32)] {
        &[]
    }
    fn interface(&self, _source: &[u8]) -> Result<Arc<dyn Interface>, InterfaceError> {
        Err(InterfaceError::Malformed { reason: "a script has no contracts".to_owned(), offset: None })
    }
    fn empty_interface(&self) -> Arc<dyn Interface> {
        Arc::new(Nothing)
    }
}

#[derive(Debug)]
struct Nothing;

impl Interface for Nothing {
    fn events(&self, _: &str) -> Result<Vec<Arc<dyn chainbell_model::Decoder>>, InterfaceError> {
        Ok(Vec::new())
    }
    fn calls(&self, _: &str) -> Result<Vec<Arc<dyn chainbell_model::Decoder>>, InterfaceError> {
        Ok(Vec::new())
    }
    fn all_events(&self) -> Vec<Arc<dyn chainbell_model::Decoder>> {
        Vec::new()
    }
}

//! The checkpoints that were pushed and wait to be read. Pure.

use std::collections::BTreeMap;

use chainbell_rpc::EndpointId;
use prost::Message as _;
use sui_rpc::proto::sui::rpc::v2::Checkpoint;

use super::needs::Needs;

/// A checkpoint that was pushed.
#[derive(Debug)]
pub(super) struct Pushed {
    pub(super) checkpoint: Checkpoint,
    /// What it was read for.
    pub(super) needs: Needs,
    /// Who pushed it.
    pub(super) endpoint: EndpointId,
}

/// So many checkpoints, of so many bytes together; the lowest give way.
#[derive(Debug)]
pub(super) struct Buffer {
    waiting: BTreeMap<u64, (Pushed, usize)>,
    bytes: usize,
    max_checkpoints: usize,
    max_bytes: usize,
}

impl Buffer {
    pub(super) fn new(max_checkpoints: usize, max_bytes: usize) -> Self {
        Self { waiting: BTreeMap::new(), bytes: 0, max_checkpoints, max_bytes }
    }

    pub(super) fn push(&mut self, height: u64, pushed: Pushed) {
        let bytes = pushed.checkpoint.encoded_len();
        self.remove(height);
        self.bytes += bytes;
        self.waiting.insert(height, (pushed, bytes));
        while self.waiting.len() > self.max_checkpoints || self.bytes > self.max_bytes {
            let Some((_, (_, bytes))) = self.waiting.pop_first() else { break };
            self.bytes -= bytes;
        }
    }

    /// The checkpoint at `height`, if it was read for at least `needs`; it is gone from here then.
    pub(super) fn take(&mut self, height: u64, needs: Needs) -> Option<Pushed> {
        let (pushed, _) = self.waiting.get(&height)?;
        if !pushed.needs.covers(needs) {
            return None;
        }
        self.remove(height)
    }

    fn remove(&mut self, height: u64) -> Option<Pushed> {
        let (pushed, bytes) = self.waiting.remove(&height)?;
        self.bytes -= bytes;
        Some(pushed)
    }
}

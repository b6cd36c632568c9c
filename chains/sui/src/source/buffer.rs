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

#[cfg(test)]
mod tests {
    use chainbell_model::{EventFilter, Interest};

    use super::*;
    use crate::source::some_endpoint;

    fn needs(interest: &Interest) -> Needs {
        Needs::of(interest, &crate::SuiConfig::default())
    }

    fn pushed(needs: Needs, bytes: usize) -> Pushed {
        let checkpoint = Checkpoint::default().with_digest("x".repeat(bytes));
        Pushed { checkpoint, needs, endpoint: some_endpoint() }
    }

    #[test]
    fn the_lowest_give_way_to_newer_ones() {
        let mut buffer = Buffer::new(3, 1_000);
        for height in 0..5 {
            buffer.push(height, pushed(Needs::default(), 10));
        }
        let there = |buffer: &mut Buffer| -> Vec<_> {
            (0..9).filter(|height| buffer.take(*height, Needs::default()).is_some()).collect()
        };
        assert_eq!(there(&mut buffer), [2, 3, 4]);
        assert_eq!((there(&mut buffer), buffer.bytes), (vec![], 0));
        for height in 0..3 {
            buffer.push(height, pushed(Needs::default(), 450));
        }
        assert_eq!(there(&mut buffer), [1, 2]);
        buffer.push(7, pushed(Needs::default(), 10_000));
        assert_eq!((there(&mut buffer), buffer.bytes), (vec![], 0));
    }

    #[test]
    fn a_checkpoint_is_taken_once_and_only_for_what_it_was_read_for() {
        let events = Interest { events: vec![EventFilter::default()], ..Interest::default() };
        let more = Interest { transactions: true, ..events.clone() };
        let mut buffer = Buffer::new(3, 1_000);
        buffer.push(7, pushed(needs(&events), 10));
        // Again, after a reconnection.
        buffer.push(7, pushed(needs(&events), 20));
        assert!(buffer.take(7, needs(&more)).is_none());
        assert!(buffer.take(7, needs(&events)).is_some());
        assert!(buffer.take(7, needs(&events)).is_none());
        assert_eq!(buffer.bytes, 0);
    }
}

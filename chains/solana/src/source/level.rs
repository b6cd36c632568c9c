//! How settled an answer has to be.

use std::sync::atomic::Ordering;

use chainbell_model::Height;

use super::SolanaChain;

/// A commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Voted for by two thirds of the stake.
    Confirmed,
    /// Rooted: answers hold nothing that could still be undone.
    Finalized,
}

impl Level {
    /// As the nodes call it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Finalized => "finalized",
        }
    }
}

impl SolanaChain {
    /// What is known to be final is asked for as such: a node that has not come so far then says so, and one that is on a
    /// fork of its own cannot tell of it.
    pub(super) fn level(&self, up_to: Height) -> Level {
        if up_to.0 <= self.finalized.load(Ordering::Relaxed) { Level::Finalized } else { Level::Confirmed }
    }

    /// The newest slot that a question at this level could be answered with, as far as known.
    pub(super) fn newest(&self, level: Level) -> u64 {
        match level {
            Level::Confirmed => self.head.load(Ordering::Relaxed),
            Level::Finalized => self.finalized.load(Ordering::Relaxed),
        }
    }
}

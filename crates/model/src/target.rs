//! The seam to a receiver: the engine owns this trait, each folder of `targets` implements it.

use std::{fmt, time::Duration};

use async_trait::async_trait;

use crate::Message;

/// A receiver, built from validated settings.
#[async_trait]
pub trait Target: Send + Sync + fmt::Debug + 'static {
    /// How many messages one [`Target::send`] takes at the most.
    fn batch_size(&self) -> usize {
        1
    }

    /// Sends and says what became of each message, in the same order and number. Bounds its own time. Cancelled by being
    /// dropped, in which case the outcome counts as unknown.
    async fn send(&self, batch: &[Message]) -> Vec<Outcome>;
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took it.
    Delivered {
        /// Short, for the attempt's record: status and the first bytes of the answer.
        detail: String,
    },
    /// Worth another try by the target's schedule.
    Retry {
        /// What the receiver asked for.
        after: Option<Duration>,
        /// Without secrets.
        reason: String,
        /// Whether the receiver may have taken it nevertheless.
        reached: Reached,
    },
    /// No further try can help (410 Gone, a template that cannot render).
    Rejected {
        /// Without secrets.
        reason: String,
    },
}

/// Whether a receiver can have seen a message whose sending failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// It refused it, or the connection never stood.
    No,
    /// The request went out and no answer came: it may have been taken.
    Maybe,
}

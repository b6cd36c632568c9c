//! The seam to a network: the engine owns this trait, each chain crate implements it, nothing above knows which.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::Serialize;

use crate::{Address, Block, BlockId, BlockRef, Dialect, Height, Interest, TxId};

/// One network, read over the wire. All methods may be called concurrently.
///
/// A chain may leave heights empty (Solana's skipped slots). To the engine an empty height has the id of the last block
/// below it: so every height has an id, parents link over the gap, and a block that turns up late shows as another fork.
#[async_trait]
pub trait Chain: Send + Sync + 'static {
    /// The pure half.
    fn dialect(&self) -> Arc<dyn Dialect>;

    /// What the network calls itself (EVM chain id, genesis hash); compared with what the store knows, so that data of two
    /// networks never mixes. `Misconfigured` when it is not what the configuration expects.
    async fn identity(&self) -> Result<String, ChainError>;

    /// The heads, by finality. `Unavailable` is retried by the caller.
    async fn tip(&self) -> Result<Tip, ChainError>;

    /// Returns when the tip may have moved: at once on a push, else after the polling interval. Never fails: a broken push
    /// channel degrades to polling and repairs itself.
    async fn changed(&self);

    /// How blocks above finality prove that they are the chain, when they are read for `interest`.
    fn continuity(&self, interest: &Interest) -> Continuity {
        let _ = interest;
        Continuity::Linked
    }

    /// How many heights one [`Chain::fetch`] should cover for `interest` right now, learnt from what the node accepted.
    fn span(&self, interest: &Interest) -> u64;

    /// Reads the heights `range`, complete for `interest`. Splits and repeats requests as the node demands; errors only when
    /// that did not help:
    /// `NotYet` and `Reorganised` are part of life at the tip (the caller looks at the tip again); `Unavailable` and
    /// `Inconsistent` are retried by the caller with backoff and shown; `Pruned` and `Misconfigured` stop the network.
    async fn fetch(
        &self,
        range: HeightRange,
        interest: &Interest,
        proof: Proof,
    ) -> Result<Fetched, ChainError>;

    /// The block of the current best chain at `height` and its parent's id; `NotYet` above the tip. An empty height has the
    /// id of the last block below it, as itself and as its parent.
    async fn block_at(&self, height: Height) -> Result<(BlockRef, BlockId), ChainError>;

    /// The height of the block that holds `transaction`; `None` when the endpoints know no such transaction or it is in no
    /// block yet.
    async fn locate(&self, transaction: &TxId) -> Result<Option<Height>, ChainError>;

    /// The description of the contract at `address` as the chain itself keeps it (an IDL account, a Move package, the spec
    /// in a contract's code), in the form that [`Dialect::interface`] reads from a file. `None` where the chain keeps none.
    async fn describe(&self, address: &Address) -> Result<Option<Vec<u8>>, ChainError> {
        let _ = address;
        Ok(None)
    }

    /// How the endpoints are doing, for `status`. URLs come without credentials.
    fn endpoints(&self) -> Vec<EndpointStatus>;

    /// What the node pushes to us, for `status`.
    fn subscriptions(&self) -> Vec<SubscriptionStatus> {
        Vec::new()
    }
}

/// How what was read above finality is made sure of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// Blocks name their parents: what is read is read with [`Proof::Linked`].
    Linked,
    /// What is read is a selection (the history of some contracts) that proves nothing by itself: it is read with
    /// [`Proof::Sparse`] and read again when final, and what differs then is undone and replaced.
    Reread,
}

/// An inclusive range of heights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeightRange {
    /// The first.
    pub from: Height,
    /// The last, not below `from`.
    pub to: Height,
}

impl HeightRange {
    /// How many heights.
    pub fn len(&self) -> u64 {
        self.to.0.saturating_sub(self.from.0).saturating_add(1)
    }

    /// Never: an inclusive range holds at least one height.
    pub fn is_empty(&self) -> bool {
        false
    }
}

/// The heads of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// The best block.
    pub head: Height,
    /// Its id, where the chain tells it with the height.
    pub head_id: Option<BlockId>,
    /// The highest confirmed height, at most `head`.
    pub confirmed: Height,
    /// The highest finalized height, at most `confirmed`.
    pub finalized: Height,
}

/// How strongly a fetch has to prove that what it returns is the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Every block is returned with its parent's id, and each links to the one before. Heights that the chain left empty
    /// are absent.
    Linked,
    /// Below finality: the chain's cheaper proof; heights without events may be left out.
    Sparse,
}

/// A fetched range.
#[derive(Debug)]
pub struct Fetched {
    /// Ascending; all of them under [`Proof::Linked`].
    pub blocks: Vec<Block>,
    /// The end of the range: its last height, with the id of the last block at or below it.
    pub through: BlockRef,
}

/// Why a network could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChainError {
    /// The node does not have this height yet.
    #[error("block {0} is not there yet")]
    NotYet(Height),
    /// Answers belong to different forks: the chain moved while it was read.
    #[error("the chain was reorganised at block {0} while it was read")]
    Reorganised(Height),
    /// No endpoint answered usefully.
    #[error("no endpoint answered: {reason}")]
    Unavailable {
        /// The last failure, without credentials.
        reason: String,
        /// How long the endpoints asked us to wait.
        retry_after: Option<Duration>,
    },
    /// The answers contradict each other or the block's own hashes, and repeating did not help.
    #[error("inconsistent answers for block {height}: {reason}")]
    Inconsistent {
        /// Where.
        height: Height,
        /// What contradicts what.
        reason: String,
    },
    /// The nodes no longer keep this height.
    #[error("block {height} is no longer kept by the endpoints{}", first_available(.first))]
    Pruned {
        /// The height asked for.
        height: Height,
        /// The first height that is still available, where known.
        first: Option<Height>,
    },
    /// The configuration does not fit the network; repeating cannot help.
    #[error("{0}")]
    Misconfigured(String),
}

fn first_available(first: &Option<Height>) -> String {
    first.map_or_else(String::new, |height| format!("; the first one available is {height}"))
}

/// How one endpoint is doing.
#[derive(Clone, Debug, Serialize)]
pub struct EndpointStatus {
    /// Scheme, host and port only: paths and queries hold keys.
    pub url: String,
    /// `ok`, `degraded`, `open` (circuit breaker) or `lagging`.
    pub state: &'static str,
    /// The highest head it reported.
    pub head: Option<Height>,
    /// Requests so far.
    pub requests: u64,
    /// Failures so far.
    pub failures: u64,
    /// Recent 95th percentile of the answer time, in milliseconds.
    pub p95_ms: Option<u64>,
    /// The last failure in words.
    pub last_error: Option<String>,
}

/// How one push channel is doing.
#[derive(Clone, Debug, Serialize)]
pub struct SubscriptionStatus {
    /// What is subscribed to, for example `logs of <program>` or `checkpoints`.
    pub topic: String,
    /// Whether it is established now.
    pub listening: bool,
    /// The node's id of it, where it has one.
    pub id: Option<String>,
    /// How often it was established again.
    pub reconnects: u64,
    /// The highest height it told of.
    pub last_height: Option<Height>,
}

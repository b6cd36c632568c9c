//! What goes into the store and comes out of it.

use std::{sync::Arc, time::Duration};

use chainbell_model::{
    BlockFacts, BlockId, BlockRef, DeliveryId, Facts, Finality, Height, MatchId, Message, MonitorName,
    NetworkSlug, PositionKind, TargetName, TenantId, Timestamp,
};
use serde::Serialize;

/// What is durably known of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkState {
    /// Its slug.
    pub network: NetworkSlug,
    /// Its chain, for example `evm`.
    pub chain: String,
    /// What the network calls itself.
    pub identity: String,
    /// The last block durably finished; `None` before the first.
    pub cursor: Option<BlockRef>,
    /// The highest confirmed height seen.
    pub confirmed: Height,
    /// The highest finalized height seen.
    pub finalized: Height,
    /// The height it began at, once it did.
    pub first: Option<Height>,
    /// Why it stopped, where it did.
    pub halted: Option<String>,
}

/// The work of one or many blocks, committed as one.
#[derive(Debug)]
pub struct CommitBatch {
    /// The network.
    pub network: NetworkSlug,
    /// The cursor the batch continues from; another one in the store is [`crate::StoreError::CursorMoved`].
    pub after: Option<BlockRef>,
    /// The new cursor.
    pub through: BlockRef,
    /// Marks known when the batch was made: what waits for them and is below them is due at once. Recorded as by
    /// [`crate::Ledger::finality`].
    pub confirmed: Height,
    /// See `confirmed`.
    pub finalized: Height,
    /// Now.
    pub now: Timestamp,
    /// Ascending. Blocks above `finalized` are all listed and enter the window; below it only those with facts need be.
    pub blocks: Vec<NewBlock>,
}

/// A block with what was found in it.
#[derive(Debug)]
pub struct NewBlock {
    /// Height and id.
    pub reference: BlockRef,
    /// The parent's id where it was read.
    pub parent: Option<BlockId>,
    /// Rendered facts of the block.
    pub facts: Arc<BlockFacts>,
    /// What was found, in chain order.
    pub found: Vec<NewFact>,
}

/// A fact that some monitor or `store = true` contract of one tenant asked for.
#[derive(Debug)]
pub struct NewFact {
    /// Whose it is.
    pub tenant: TenantId,
    /// The fact.
    pub facts: Arc<Facts>,
    /// Which of the tenant's monitors matched it; empty where it is only stored.
    pub matches: Vec<NewMatch>,
}

/// One monitor's match on a fact.
#[derive(Debug)]
pub struct NewMatch {
    /// Its derived id.
    pub id: MatchId,
    /// The monitor.
    pub monitor: MonitorName,
    /// At which finality it is delivered.
    pub deliver_at: Finality,
    /// Where to; empty for monitors that only store.
    pub targets: Arc<[TargetName]>,
}

/// What a commit left to do.
#[derive(Debug, Default)]
pub struct Committed {
    /// Deliveries the caller reserved and must send now, ready to go.
    pub claimed: Vec<Message>,
    /// Targets with further deliveries that are due and wait in the store.
    pub waiting: Vec<DueTarget>,
    /// How many facts were new.
    pub facts: u64,
    /// How many matches were new.
    pub matches: u64,
    /// How many deliveries were created.
    pub deliveries: u64,
}

/// What a rollback did.
#[derive(Debug, Default)]
pub struct RolledBack {
    /// Facts retracted.
    pub facts: u64,
    /// Deliveries cancelled before they were sent.
    pub cancelled: u64,
    /// Retractions queued.
    pub retractions: u64,
    /// Targets with retractions to send.
    pub waiting: Vec<DueTarget>,
}

/// What an advance of finality released.
#[derive(Debug, Default)]
pub struct Released {
    /// Deliveries that had waited.
    pub deliveries: u64,
    /// Their targets.
    pub waiting: Vec<DueTarget>,
}

/// A target with work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueTarget {
    /// Owner.
    pub tenant: TenantId,
    /// The target.
    pub target: TargetName,
    /// When the earliest is due.
    pub at: Timestamp,
}

/// What became of one attempt.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The attempt's number, from 1.
    pub attempt: u32,
    /// When it began.
    pub started: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What to do with the delivery.
    pub verdict: Verdict,
    /// Status and start of the answer, or the reason of the failure; short and without secrets.
    pub detail: String,
}

/// The next state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Done.
    Delivered,
    /// Try again then. `maybe_received` is remembered: if the block is retracted, the receiver is told.
    RetryAt {
        /// When.
        at: Timestamp,
        /// The receiver may have taken it.
        maybe_received: bool,
    },
    /// Dead letter.
    Dead {
        /// The receiver may have taken it.
        maybe_received: bool,
    },
}

/// The state of a delivery, as shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waits for its block to reach the finality asked for.
    Waiting,
    /// To be sent at its time.
    Pending,
    /// Being sent.
    Sending,
    /// Taken by the receiver.
    Delivered,
    /// Given up; can be retried by hand.
    Dead,
    /// Its block was reorganised away before it was sent.
    Cancelled,
}

/// Which events to read. All conditions must hold.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// On this network.
    pub network: Option<NetworkSlug>,
    /// Matched by this monitor.
    pub monitor: Option<MonitorName>,
    /// Of this contract, in the chain's text form; compared without regard to case.
    pub contract: Option<String>,
    /// Of this name.
    pub name: Option<String>,
    /// From this height.
    pub from: Option<Height>,
    /// To this height.
    pub to: Option<Height>,
    /// Also those whose block was reorganised away.
    pub retracted: bool,
    /// Continue after this [`EventRow::id`].
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// A stored event (or call, transfer, transaction).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its place in the store; newer rows have higher ids.
    pub id: i64,
    /// What happened.
    pub facts: Facts,
    /// Where it stands; `None` when retracted.
    pub finality: Option<Finality>,
    /// The monitors that matched it.
    pub monitors: Vec<MonitorName>,
}

/// Which deliveries to read.
#[derive(Clone, Debug, Default)]
pub struct DeliveryQuery {
    /// In this state.
    pub state: Option<DeliveryState>,
    /// To this target.
    pub target: Option<TargetName>,
    /// Of this monitor.
    pub monitor: Option<MonitorName>,
    /// Continue after this [`DeliveryRow::sequence`].
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// A delivery as listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeliveryRow {
    /// Its place in the outbox; newer rows have higher numbers.
    pub sequence: i64,
    /// Its id and idempotency key.
    pub id: DeliveryId,
    /// Where it stands.
    pub state: DeliveryState,
    /// The delivery it takes back, for a retraction.
    pub retracts: Option<DeliveryId>,
    /// The match.
    pub match_id: MatchId,
    /// The monitor.
    pub monitor: MonitorName,
    /// The target.
    pub target: TargetName,
    /// The network.
    pub network: NetworkSlug,
    /// The block's height.
    pub height: Height,
    /// Attempts so far.
    pub attempts: u32,
    /// When the next attempt is due, for pending ones.
    pub next_at: Option<Timestamp>,
    /// When it was created.
    pub created: Timestamp,
    /// The last attempt's detail.
    pub last_detail: Option<String>,
}

/// A delivery with all there is to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryDetail {
    /// The row.
    pub row: DeliveryRow,
    /// What it says.
    pub facts: Facts,
    /// What was tried, oldest first.
    pub attempts: Vec<AttemptRow>,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttemptRow {
    /// Its number, from 1.
    pub attempt: u32,
    /// When it began.
    pub started: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// `delivered`, `retry` or `dead`.
    pub outcome: String,
    /// Status and start of the answer, or the reason of the failure.
    pub detail: String,
}

/// Which deliveries to retry.
#[derive(Clone, Debug)]
pub enum RetrySelection {
    /// This one, whatever ended it (dead or delivered); not cancelled ones.
    One(DeliveryId),
    /// All dead letters, of one target or of all.
    Dead(Option<TargetName>),
}

/// Totals for `status`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Stored facts by kind that are on the chain.
    pub facts: Vec<(PositionKind, u64)>,
    /// Deliveries by state.
    pub deliveries: Vec<(DeliveryState, u64)>,
}

/// Heights that were left out for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first height left out.
    pub first: Height,
    /// The last.
    pub last: Height,
    /// When that was decided.
    pub at: Timestamp,
}

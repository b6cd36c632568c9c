//! What one answer sees of the chain: a node may be behind, and keeps the newest ledgers only.

use super::{
    chain::Chain,
    json::{Fields as _, Object},
    ledger::Ledger,
};
use crate::rpc::RpcError;

/// How one answer is made to deviate from the truth.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lies {
    pub(crate) null: bool,
    pub(crate) behind: u64,
    /// Nothing is kept of the ledgers below.
    pub(crate) first: u64,
    /// So many ledgers are kept.
    pub(crate) kept: Option<u64>,
    /// For each event that is left out, a number that chooses it.
    pub(crate) dropped: Vec<u64>,
    pub(crate) repeats: bool,
    pub(crate) empty: bool,
}

/// The chain as one answer sees it.
#[derive(Clone)]
pub(crate) struct View<'a> {
    pub(crate) chain: &'a Chain,
    pub(crate) lies: Lies,
}

impl<'a> View<'a> {
    /// The newest ledger.
    pub(crate) fn head(&self) -> u32 {
        let behind = u32::try_from(self.lies.behind).unwrap_or(u32::MAX);
        self.chain.head().saturating_sub(behind).max(self.chain.config().first_ledger)
    }

    /// The oldest ledger kept.
    pub(crate) fn oldest(&self) -> u32 {
        let kept = self.lies.kept.map_or(u32::MAX, |kept| u32::try_from(kept).unwrap_or(u32::MAX).max(1));
        let kept = kept.min(self.chain.config().retention);
        let oldest = (self.head() - kept.min(self.head())).saturating_add(1);
        let told = u32::try_from(self.lies.first).unwrap_or(u32::MAX);
        oldest.max(self.chain.config().first_ledger).max(told).min(self.head())
    }

    pub(crate) fn has(&self, sequence: u32) -> bool {
        (self.oldest()..=self.head()).contains(&sequence)
    }

    pub(crate) fn protocol(&self) -> u32 {
        self.chain.config().protocol
    }

    /// The ledgers from one to another, as far as they are kept.
    pub(crate) fn range(&self, first: u32, last: u32) -> &'a [Ledger] {
        self.chain.range(first.max(self.oldest()), last.min(self.head()))
    }

    /// When a ledger closed.
    pub(crate) fn time(&self, sequence: u32) -> u64 {
        self.chain.ledger(sequence).map_or(0, |ledger| ledger.time)
    }

    /// The newest and the oldest ledger, and their times as text.
    pub(crate) fn window(&self, object: &mut Object<'_>) {
        let (head, oldest) = (self.head(), self.oldest());
        object.number("latestLedger", head);
        object.plain("latestLedgerCloseTime", self.time(head));
        object.number("oldestLedger", oldest);
        object.plain("oldestLedgerCloseTime", self.time(oldest));
    }

    /// How many items a page is to hold.
    pub(crate) fn limit(&self, asked: Option<usize>, usual: usize, most: usize) -> Result<usize, String> {
        match asked {
            None | Some(0) => Ok(usual.min(most)),
            Some(limit) if limit > most => Err(format!("limit must not exceed {most}")),
            Some(limit) => Ok(limit),
        }
    }

    /// Where a page of ledgers or transactions begins without a cursor.
    pub(crate) fn check_start(&self, sequence: u32) -> Result<(), RpcError> {
        if self.has(sequence) {
            return Ok(());
        }
        let (oldest, head) = (self.oldest(), self.head());
        Err(RpcError::invalid_request(format!(
            "start ledger ({sequence}) must be between the oldest ledger: {oldest} and the latest ledger: {head} for this rpc \
             instance"
        )))
    }
}

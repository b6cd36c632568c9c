//! What was learnt about a network that does not behave as the specification says. Warned of once.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use chainbell_model::Height;

/// The deviations seen so far.
#[derive(Debug, Default)]
pub(super) struct Quirks {
    blooms_stay_empty: AtomicBool,
    bloom_warned: AtomicBool,
    log_indexes_have_gaps: AtomicBool,
    without_block_receipts: AtomicBool,
}

impl Quirks {
    /// Endpoints agree on logs that a block's bloom excludes. Some rollups send empty blooms throughout; elsewhere single logs
    /// are left out (Polygon's state synchronisation), which says nothing about other blocks.
    pub(super) fn bloom_lied(&self, height: Height, bloom_is_empty: bool) {
        if bloom_is_empty {
            self.blooms_stay_empty.store(true, Relaxed);
        }
        if !self.bloom_warned.swap(true, Relaxed) {
            tracing::warn!(
                %height,
                "the logs of a block are not in its bloom, though told twice alike: this network's blooms prove less than usual"
            );
        }
    }

    /// Whether an empty bloom means that the block has no logs.
    pub(super) fn blooms_are_filled(&self) -> bool {
        !self.blooms_stay_empty.load(Relaxed)
    }

    /// Endpoints agree on the logs of a whole block though an index is left out: on this network that is usual.
    pub(super) fn log_indexes_have_gaps(&self) {
        if !self.log_indexes_have_gaps.swap(true, Relaxed) {
            tracing::info!(
                "the log indexes of a block have gaps, though told twice alike: they prove nothing here"
            );
        }
    }

    /// Whether a gap in a block's log indexes means that a log is missing.
    pub(super) fn log_indexes_are_dense(&self) -> bool {
        !self.log_indexes_have_gaps.load(Relaxed)
    }

    /// No endpoint knows `eth_getBlockReceipts`.
    pub(super) fn no_block_receipts(&self) {
        if !self.without_block_receipts.swap(true, Relaxed) {
            tracing::info!("no endpoint offers eth_getBlockReceipts; receipts are read one by one");
        }
    }

    /// Whether receipts have to be read one by one.
    pub(super) fn lacks_block_receipts(&self) -> bool {
        self.without_block_receipts.load(Relaxed)
    }
}

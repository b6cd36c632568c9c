//! What the endpoints have shown that they cannot tell. Learnt once, for all that is read later.

use std::sync::atomic::{AtomicBool, Ordering};

use super::needs::Needs;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Quirks {
    /// They keep no index of whose balances changed.
    balances_untold: AtomicBool,
    /// They do not know of a checkpoint's objects, by which the changes could be worked out.
    objects_refused: AtomicBool,
}

impl Quirks {
    pub(super) fn balances_are_untold(&self) {
        self.balances_untold.store(true, Ordering::Relaxed);
    }

    pub(super) fn objects_are_refused(&self) {
        self.objects_refused.store(true, Ordering::Relaxed);
    }

    /// What has to be asked for to learn what `needs` are about.
    pub(super) fn adapted(&self, needs: Needs) -> Needs {
        if self.objects_refused.load(Ordering::Relaxed) {
            needs.without_objects()
        } else if self.balances_untold.load(Ordering::Relaxed) {
            needs.with_objects()
        } else {
            needs
        }
    }
}

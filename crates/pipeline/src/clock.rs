//! The one source of time for schedules and records, so that tests can move it by hand.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use chainbell_model::Timestamp;
use tokio::sync::watch;

/// Wall-clock time, or a time that a test moves.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    manual: Option<Arc<watch::Sender<i64>>>,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: Timestamp) -> Self {
        Self { manual: Some(Arc::new(watch::Sender::new(start.0))) }
    }

    /// Moves a manual clock; no effect on the system's.
    pub fn advance(&self, by: Duration) {
        if let Some(manual) = &self.manual {
            manual.send_modify(|now| *now = now.saturating_add_unsigned(millis(by)));
        }
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        match &self.manual {
            Some(manual) => Timestamp(*manual.borrow()),
            None => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
        }
    }

    /// Returns once `at` is reached.
    pub async fn sleep_until(&self, at: Timestamp) {
        let Some(manual) = &self.manual else {
            let wait = at.0.saturating_sub(self.now().0);
            return tokio::time::sleep(Duration::from_millis(u64::try_from(wait).unwrap_or(0))).await;
        };
        // The sender lives as long as this clock, so waiting cannot fail before the time comes.
        let _ = manual.subscribe().wait_for(|now| *now >= at.0).await;
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// `at` plus `delay`.
pub fn after(at: Timestamp, delay: Duration) -> Timestamp {
    Timestamp(at.0.saturating_add_unsigned(millis(delay)))
}

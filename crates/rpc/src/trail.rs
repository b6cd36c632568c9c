//! What one call has gone through: which endpoints it asked, what they said, and when it gives up.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    EndpointId, RpcError,
    error::{Failure, Next},
};

const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// One call's way through the endpoints.
pub(crate) struct Trail<'a> {
    pub(crate) method: &'a str,
    avoid: Option<EndpointId>,
    /// Bit sets over the endpoints.
    tried: u64,
    spent: u64,
    attempts_left: u32,
    failed: u32,
    /// It does not wait beyond this for budget, pauses and breakers.
    pub(crate) patience: Instant,
    /// The failure that helps the caller most.
    told: Option<RpcError>,
}

impl<'a> Trail<'a> {
    pub(crate) fn new(method: &'a str, avoid: Option<EndpointId>, attempts: u32, patience: Instant) -> Self {
        let attempts_left = attempts.max(1);
        Self { method, avoid, tried: 0, spent: 0, attempts_left, failed: 0, patience, told: None }
    }

    pub(crate) fn avoids(&self, index: usize) -> bool {
        self.avoid == Some(EndpointId(index))
    }

    pub(crate) fn tried(&self, index: usize) -> bool {
        self.tried >> index & 1 == 1
    }

    pub(crate) fn spent(&self, index: usize) -> bool {
        self.spent >> index & 1 == 1
    }

    /// How long to wait before an endpoint that failed this call is asked again; doubles with the failures.
    pub(crate) fn backoff(&self) -> Duration {
        (FIRST_BACKOFF * (1 << self.failed.saturating_sub(1).min(5)))
            .mul_f64(0.5 + rand::random::<f64>() / 2.0)
    }

    /// Part of the work is done: what is left may wait as long again.
    pub(crate) fn progressed(&mut self, patience: Instant) {
        self.patience = patience;
        self.told = None;
    }

    /// Takes note of a failure.
    ///
    /// # Errors
    /// The call is over, and this is its error.
    pub(crate) fn failed(&mut self, index: usize, failure: Failure) -> Result<(), RpcError> {
        if failure.next == Next::Stop {
            return Err(failure.error);
        }
        self.tried |= 1 << index;
        if failure.next == Next::Elsewhere {
            self.spent |= 1 << index;
        }
        self.failed = self.failed.saturating_add(1);
        self.attempts_left = self.attempts_left.saturating_sub(1);
        // Two endpoints that are too slow, or answer too much, make it the request's fault.
        let agreed = matches!(
            (&self.told, &failure.error),
            (Some(RpcError::Timeout { .. }), RpcError::Timeout { .. })
                | (Some(RpcError::ResponseTooLarge { .. }), RpcError::ResponseTooLarge { .. })
        );
        if self.told.as_ref().is_none_or(|told| told.rank() <= failure.error.rank()) {
            self.told = Some(failure.error);
        }
        if agreed || self.attempts_left == 0 { Err(self.give_up(None, None)) } else { Ok(()) }
    }

    /// The error of the call, when no endpoint can be asked before `retry_after`. `blocked` is the error if none was asked.
    pub(crate) fn give_up(&mut self, blocked: Option<RpcError>, wait: Option<Duration>) -> RpcError {
        let unasked =
            || RpcError::Unavailable { reason: "no endpoint can be asked".to_owned(), retry_after: wait };
        let mut error = self.told.take().or(blocked).unwrap_or_else(unasked);
        if let RpcError::Unavailable { retry_after, .. } | RpcError::RateLimited { retry_after } = &mut error
        {
            *retry_after = retry_after.or(wait);
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Blame;

    fn failure(error: RpcError, next: Next) -> Failure {
        Failure { error, blame: Blame::Nobody, next }
    }

    fn trail() -> Trail<'static> {
        Trail::new("m", None, 4, Instant::now())
    }

    #[test]
    fn the_most_helpful_error_of_all_is_returned() {
        let node = RpcError::Node { code: -32000, message: "header not found".into() };
        let mut trail = trail();
        assert_eq!(trail.failed(0, failure(node.clone(), Next::Elsewhere)), Ok(()));
        assert!(trail.spent(0) && !trail.spent(1));
        for _ in 0..2 {
            assert_eq!(trail.failed(1, Failure::unavailable("down".into())), Ok(()));
        }
        assert!(trail.tried(1) && !trail.spent(1));
        assert_eq!(trail.failed(1, Failure::unavailable("down".into())), Err(node));
    }

    #[test]
    fn two_time_outs_end_the_call() {
        let timeout = RpcError::Timeout { after: Duration::from_secs(1) };
        let mut trail = trail();
        assert_eq!(trail.failed(0, failure(timeout.clone(), Next::Elsewhere)), Ok(()));
        assert_eq!(trail.failed(1, failure(timeout.clone(), Next::Elsewhere)), Err(timeout));
    }

    #[test]
    fn a_wait_is_told_where_the_endpoints_named_none() {
        let mut trail = trail();
        assert_eq!(trail.failed(0, Failure::rate_limited(None)), Ok(()));
        let wait = Some(Duration::from_secs(3));
        assert_eq!(trail.give_up(None, wait), RpcError::RateLimited { retry_after: wait });
    }
}

//! Which endpoint is asked next. Pure.

use std::time::Duration;

use tokio::time::Instant;

use crate::{breaker::Gate, endpoint::Standing};

/// One endpoint as seen by one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) index: usize,
    pub(crate) priority: u8,
    pub(crate) standing: Standing,
    /// The caller prefers others.
    pub(crate) avoided: bool,
    /// This call asked it already.
    pub(crate) tried: bool,
    /// This call must not ask it again.
    pub(crate) spent: bool,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Ask this one.
    Ask(usize),
    /// None may be asked before `at`.
    Wait { at: Instant, why: Obstacle },
    /// There is none for this call.
    Nobody,
}

/// Why there is nothing to do but wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Obstacle {
    /// The endpoint asked for a pause.
    Paused,
    /// Its breaker is open.
    Open,
}

/// Chooses among the candidates: those behind the best head are left out, unless the caller
/// avoids all others; then, in this order, the method is not known to be
/// missing, it was not tried, is not avoided, has rate budget now, has the lowest priority number, is due for a probe,
/// answers quickest.
pub(crate) fn choose(candidates: &[Candidate], max_lag: u64, now: Instant) -> Choice {
    let open = |candidate: &Candidate| matches!(candidate.standing.gate, Gate::Open { .. });
    let usable = || candidates.iter().filter(|candidate| !open(candidate));
    let best = usable().filter_map(|candidate| candidate.standing.head).max();
    let keeps_up = |candidate: &&Candidate| {
        let head = candidate.standing.head;
        head.zip(best).is_none_or(|(head, best)| best.saturating_sub(head) <= max_lag)
    };
    // A caller that avoids every leader doubts their heads: an invented height must not shut out all others.
    let leaders_avoided = usable().filter(keeps_up).all(|candidate| candidate.avoided);
    let in_time = |candidate: &&Candidate| keeps_up(candidate) || (leaders_avoided && !candidate.avoided);
    let fit = || usable().filter(in_time).filter(|candidate| !candidate.spent);
    let ready = fit().filter(|candidate| candidate.standing.paused_until.is_none());
    if let Some(candidate) = ready.min_by_key(|candidate| preference(candidate, now)) {
        return Choice::Ask(candidate.index);
    }
    let last_resorts = candidates.iter().filter(|candidate| !candidate.spent).filter_map(|candidate| {
        let Gate::Open { last_resort, .. } = candidate.standing.gate else { return None };
        Some((last_resort, Obstacle::Open, candidate.index))
    });
    let pauses = fit()
        .filter_map(|candidate| Some((candidate.standing.paused_until?, Obstacle::Paused, candidate.index)));
    match last_resorts.chain(pauses).min() {
        Some((at, Obstacle::Open, index)) if at <= now => Choice::Ask(index),
        Some((at, why, _)) => Choice::Wait { at, why },
        None => Choice::Nobody,
    }
}

type Preference = (bool, bool, bool, Duration, u8, bool, Duration);

fn preference(candidate: &Candidate, now: Instant) -> Preference {
    let standing = &candidate.standing;
    (
        standing.lacks_method,
        candidate.tried,
        candidate.avoided,
        standing.departure.saturating_duration_since(now),
        candidate.priority,
        standing.gate == Gate::Closed,
        standing.average,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn healthy(index: usize, now: Instant) -> Candidate {
        let standing = Standing {
            gate: Gate::Closed,
            paused_until: None,
            head: None,
            average: Duration::ZERO,
            lacks_method: false,
            departure: now,
        };
        Candidate { index, priority: 0, standing, avoided: false, tried: false, spent: false }
    }

    fn second_of(now: Instant, change: impl Fn(&mut Candidate)) -> [Candidate; 2] {
        let mut first = healthy(0, now);
        change(&mut first);
        [first, healthy(1, now)]
    }

    #[test]
    fn a_worse_endpoint_is_passed_over_for_any_of_the_reasons() {
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let reasons: [&dyn Fn(&mut Candidate); 10] = [
            &|c| c.priority = 1,
            &|c| c.avoided = true,
            &|c| c.tried = true,
            &|c| c.spent = true,
            &|c| c.standing.lacks_method = true,
            &|c| c.standing.departure = later,
            &|c| c.standing.paused_until = Some(later),
            &|c| c.standing.average = Duration::from_millis(1),
            &|c| c.standing.gate = Gate::Open { until: later, last_resort: now },
            &|c| c.standing.gate = Gate::Open { until: later, last_resort: later },
        ];
        for reason in reasons {
            assert_eq!(choose(&second_of(now, reason), 3, now), Choice::Ask(1));
        }
        assert_eq!(choose(&[], 3, now), Choice::Nobody);
    }

    #[test]
    fn an_endpoint_behind_the_best_head_is_not_asked_even_when_the_best_failed() {
        let now = Instant::now();
        let mut candidates = [healthy(0, now), healthy(1, now)];
        candidates[0].standing.head = Some(96);
        candidates[1].standing.head = Some(100);
        candidates[1].tried = true;
        assert_eq!(choose(&candidates, 3, now), Choice::Ask(1));
        assert_eq!(choose(&candidates, 4, now), Choice::Ask(0));
        // Once the best is open it no longer counts.
        let later = now + Duration::from_secs(1);
        candidates[1].standing.gate = Gate::Open { until: later, last_resort: later };
        assert_eq!(choose(&candidates, 3, now), Choice::Ask(0));
    }

    #[test]
    fn an_invented_head_does_not_shut_out_others_once_its_endpoint_is_avoided() {
        let now = Instant::now();
        let mut candidates = [healthy(0, now), healthy(1, now)];
        candidates[0].standing.head = Some(u64::MAX);
        candidates[1].standing.head = Some(100);
        assert_eq!(choose(&candidates, 3, now), Choice::Ask(0));
        candidates[0].avoided = true;
        assert_eq!(choose(&candidates, 3, now), Choice::Ask(1));
    }

    #[test]
    fn a_probe_goes_before_endpoints_of_the_same_priority() {
        let now = Instant::now();
        let mut candidates = [healthy(0, now), healthy(1, now)];
        candidates[1].standing.gate = Gate::HalfOpen;
        candidates[1].standing.average = Duration::from_secs(9);
        assert_eq!(choose(&candidates, 3, now), Choice::Ask(1));
        candidates[1].priority = 1;
        assert_eq!(choose(&candidates, 3, now), Choice::Ask(0));
    }

    #[test]
    fn with_all_open_the_first_whose_time_comes_is_asked() {
        let now = Instant::now();
        let open = |seconds| {
            let at = now + Duration::from_secs(seconds);
            Gate::Open { until: at + Duration::from_secs(9), last_resort: at }
        };
        let wait = |millis, why| Choice::Wait { at: now + Duration::from_millis(millis), why };
        let mut candidates = [healthy(0, now), healthy(1, now)];
        candidates[0].standing.gate = open(2);
        candidates[1].standing.gate = open(1);
        assert_eq!(choose(&candidates, 3, now), wait(1_000, Obstacle::Open));
        assert_eq!(choose(&candidates, 3, now + Duration::from_secs(1)), Choice::Ask(1));
        candidates[0].standing.gate = Gate::Closed;
        candidates[0].standing.paused_until = Some(now + Duration::from_millis(10));
        assert_eq!(choose(&candidates, 3, now), wait(10, Obstacle::Paused));
    }
}

//! Turns what a node says about `safe` and `finalized` into the tip's finality, with confirmations where it says nothing.

use std::time::Duration;

use chainbell_model::{BlockRef, Height, Tip};
use tokio::time::Instant;

/// A tag that the node did not know is asked for again after this long: nodes learn their finality some time after start.
const ASK_AGAIN: Duration = Duration::from_secs(15);

/// What is known about one of the tags.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tag {
    height: Option<Height>,
    asked: Option<Instant>,
}

impl Tag {
    /// Whether to ask for it now: at most once per `interval`, and rarely where it was never known.
    pub(super) fn due(&self, now: Instant, interval: Duration) -> bool {
        let wait = if self.height.is_some() { interval } else { ASK_AGAIN };
        self.asked.is_none_or(|asked| now.saturating_duration_since(asked) >= wait)
    }

    /// Takes the answer; `None` when the node answered null or with an error. A tag known once keeps its last height: to fall
    /// back to confirmations because of one failed answer could call blocks final that are not.
    pub(super) fn told(&mut self, height: Option<Height>, now: Instant) {
        self.asked = Some(now);
        self.height = height.or(self.height);
    }

    /// Its height, where the node knows it.
    pub(super) fn height(&self) -> Option<Height> {
        self.height
    }
}

/// How many blocks on top stand in for a missing tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Depths {
    /// For `safe`.
    pub(super) confirmations: u64,
    /// For `finalized`.
    pub(super) finality: u64,
}

/// The tip, with finalized ≤ confirmed ≤ head whatever the node said.
pub(super) fn tip(head: BlockRef, safe: Option<Height>, finalized: Option<Height>, depths: Depths) -> Tip {
    let finalized = finalized.unwrap_or_else(|| {
        let deep = head.height.minus(depths.finality.max(depths.confirmations));
        safe.map_or(deep, |safe| deep.min(safe))
    });
    let confirmed = safe.unwrap_or_else(|| head.height.minus(depths.confirmations));
    let finalized = finalized.min(head.height);
    Tip {
        head: head.height,
        head_id: Some(head.id),
        // What is final is confirmed as well, also when the node's `safe` lags behind.
        confirmed: confirmed.min(head.height).max(finalized),
        finalized,
    }
}

#[cfg(test)]
mod tests {
    use chainbell_model::BlockId;

    use super::*;

    const DEPTHS: Depths = Depths { confirmations: 12, finality: 64 };

    fn heights(head: u64, safe: Option<u64>, finalized: Option<u64>) -> (u64, u64, u64) {
        let head = BlockRef { height: Height(head), id: BlockId([1; 32]) };
        let tip = tip(head, safe.map(Height), finalized.map(Height), DEPTHS);
        assert_eq!(tip.head_id, Some(head.id));
        (tip.head.0, tip.confirmed.0, tip.finalized.0)
    }

    #[test]
    fn tags_are_taken_as_they_are_when_they_make_sense() {
        assert_eq!(heights(1_000, Some(990), Some(960)), (1_000, 990, 960));
    }

    #[test]
    fn without_tags_depths_decide() {
        assert_eq!(heights(1_000, None, None), (1_000, 988, 936));
        assert_eq!(heights(5, None, None), (5, 0, 0));
        assert_eq!(heights(1_000, None, Some(995)), (1_000, 995, 995));
        assert_eq!(heights(1_000, Some(900), None), (1_000, 900, 900));
    }

    #[test]
    fn impossible_tags_are_clamped() {
        assert_eq!(heights(1_000, Some(1_005), Some(1_010)), (1_000, 1_000, 1_000));
        assert_eq!(heights(1_000, Some(900), Some(950)), (1_000, 950, 950));
        assert_eq!(heights(1_000, Some(0), Some(0)), (1_000, 0, 0));
    }

    #[test]
    fn a_tag_is_asked_at_the_interval_while_known_and_rarely_while_not() {
        let interval = Duration::from_secs(1);
        let start = Instant::now();
        let mut tag = Tag::default();
        assert!(tag.due(start, interval));
        tag.told(None, start);
        assert!(!tag.due(start + Duration::from_secs(2), interval));
        assert!(tag.due(start + ASK_AGAIN, interval));
        tag.told(Some(Height(7)), start);
        assert!(!tag.due(start + Duration::from_millis(900), interval));
        assert!(tag.due(start + interval, interval));
        tag.told(None, start + interval);
        assert_eq!(tag.height(), Some(Height(7)));
    }
}

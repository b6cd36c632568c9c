//! Decides between two answers for the logs of one block, when the first did not fit the block's bloom.

use super::{check::unite, suspect::Suspicion};
use crate::wire::WireLog;

/// What two answers come to.
#[derive(Debug)]
pub(super) struct Settled {
    /// The logs to believe.
    pub(super) logs: Vec<WireLog>,
    /// What is wrong with the first answer, when the second proves it.
    pub(super) first_lied: Option<&'static str>,
    /// Both answers agree on logs that the bloom excludes: this network's blooms do not cover its logs.
    pub(super) bloom_lied: bool,
}

/// `doubt` tests logs against the block's bloom. `None` when the answers contradict each other.
pub(super) fn settle(
    first: Vec<WireLog>,
    second: Vec<WireLog>,
    doubt: impl Fn(&[WireLog]) -> Option<Suspicion>,
) -> Option<Settled> {
    let agree = same(&first, &second);
    let foreign = |logs: &[WireLog]| doubt(logs) == Some(Suspicion::Foreign);
    match (foreign(&first), foreign(&second)) {
        (true, true) | (false, false) if agree => {
            let bloom_lied = foreign(&first);
            Some(Settled { logs: first, first_lied: None, bloom_lied })
        }
        (true, false) => Some(Settled {
            logs: second,
            first_lied: Some("logs that the block's bloom excludes"),
            bloom_lied: false,
        }),
        (false, false) => {
            let before = first.len();
            let logs = unite(first.clone(), second.clone());
            // Two logs in one place: one of the answers made one up.
            if !contains(&logs, &first) || !contains(&logs, &second) {
                return None;
            }
            let first_lied = (logs.len() > before).then_some("a log was missing");
            Some(Settled { logs, first_lied, bloom_lied: false })
        }
        _ => None,
    }
}

/// Whether two logs are the same, wherever they were told.
fn alike(one: &WireLog, other: &WireLog) -> bool {
    one.log_index == other.log_index
        && one.transaction_hash == other.transaction_hash
        && one.address == other.address
        && one.payload == other.payload
}

fn same(first: &[WireLog], second: &[WireLog]) -> bool {
    first.len() == second.len() && first.iter().zip(second).all(|(one, other)| alike(one, other))
}

/// Both ordered by log index.
fn contains(all: &[WireLog], some: &[WireLog]) -> bool {
    let mut rest = all.iter();
    some.iter().all(|log| rest.any(|other| alike(log, other)))
}

#[cfg(test)]
mod tests {
    use chainbell_model::Payload;

    use super::*;
    use crate::payload;

    fn log(index: u64, byte: u8) -> WireLog {
        WireLog {
            address: [byte; 20],
            payload: Payload(payload::with_topics(&[[byte; 32]], 0).0),
            block_hash: None,
            block_number: None,
            block_timestamp: None,
            transaction_hash: None,
            transaction_index: None,
            log_index: Some(index),
            removed: false,
        }
    }

    /// Logs of address 9 are outside the bloom; a block should have two logs.
    fn doubt(logs: &[WireLog]) -> Option<Suspicion> {
        if logs.iter().any(|log| log.address == [9; 20]) {
            return Some(Suspicion::Foreign);
        }
        (logs.len() < 2).then_some(Suspicion::Missing)
    }

    fn indexes(settled: &Settled) -> Vec<u64> {
        settled.logs.iter().map(|log| log.log_index.unwrap()).collect()
    }

    #[test]
    fn a_log_that_only_the_second_answer_has_is_believed_and_the_first_is_blamed() {
        let settled = settle(vec![log(1, 1)], vec![log(1, 1), log(2, 2)], doubt).unwrap();
        assert_eq!(indexes(&settled), [1, 2]);
        assert!(settled.first_lied.is_some());
        let settled = settle(vec![], vec![log(2, 2)], doubt).unwrap();
        assert_eq!(indexes(&settled), [2]);
    }

    #[test]
    fn a_log_that_only_the_first_answer_has_is_kept() {
        let settled = settle(vec![log(1, 1)], vec![log(2, 2)], doubt).unwrap();
        assert_eq!(indexes(&settled), [1, 2]);
        let settled = settle(vec![log(1, 1)], vec![], doubt).unwrap();
        assert_eq!(indexes(&settled), [1]);
        assert!(settled.first_lied.is_none());
    }

    #[test]
    fn the_same_answer_twice_is_believed_whatever_the_bloom_says() {
        let settled = settle(vec![], vec![], doubt).unwrap();
        assert!(settled.logs.is_empty() && !settled.bloom_lied);
        let settled = settle(vec![log(1, 9)], vec![log(1, 9)], doubt).unwrap();
        assert_eq!(indexes(&settled), [1]);
        assert!(settled.bloom_lied);
    }

    #[test]
    fn made_up_logs_give_way_to_an_answer_that_fits() {
        let settled = settle(vec![log(1, 9)], vec![log(1, 1), log(2, 2)], doubt).unwrap();
        assert_eq!(indexes(&settled), [1, 2]);
        assert!(settled.first_lied.is_some());
    }

    #[test]
    fn answers_that_contradict_each_other_settle_nothing() {
        assert!(settle(vec![log(1, 1)], vec![log(1, 2)], doubt).is_none());
        assert!(settle(vec![log(1, 1)], vec![log(1, 9)], doubt).is_none());
        assert!(settle(vec![log(1, 9)], vec![log(2, 9)], doubt).is_none());
    }
}

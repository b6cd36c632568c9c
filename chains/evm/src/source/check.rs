//! Checks that answers are about what was asked and belong together, before anything believes them.

use std::collections::BTreeMap;

use chainbell_model::{BlockId, BlockRef, Height, HeightRange};

use super::filter::{LogFilter, LogQuery};
use crate::{
    assemble::Frame,
    wire::{WireHeader, WireLog},
};

/// Why an answer cannot be used. The text names no more of the answer than numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Bad {
    #[error("a log without its place in a block")]
    Pending,
    #[error("a log that the node takes back")]
    Removed,
    #[error("a log of block {0}, which was not asked for")]
    OutOfRange(u64),
    #[error("a log of block {0} that the query does not match")]
    NotAsked(u64),
    #[error("logs of different blocks at height {0}")]
    Forked(u64),
    #[error("logs of another block than that of the hash asked for, at height {0}")]
    OtherBlock(u64),
    #[error("a block without number or hash")]
    Unplaced,
    #[error("block {got} in place of block {asked}")]
    WrongHeight { asked: u64, got: u64 },
    #[error("the logs do not fit the block's bloom or leave a gap")]
    Logs,
}

/// A log with everything that names its place.
#[derive(Clone, Debug)]
pub(super) struct PlacedLog {
    pub(super) block: BlockRef,
    pub(super) index: u64,
    pub(super) log: WireLog,
}

/// The logs of a range by height, each height with its block's id, in order of their index.
pub(super) type LogsByHeight = BTreeMap<u64, BlockLogs>;

/// The wanted logs of one block.
#[derive(Clone, Debug)]
pub(super) struct BlockLogs {
    pub(super) id: BlockId,
    pub(super) logs: Vec<WireLog>,
}

/// Checks one answer against its query and the heights asked for; keeps what `filter` wants.
pub(super) fn accept_logs(
    logs: Vec<WireLog>,
    range: HeightRange,
    query: &LogQuery,
    filter: &LogFilter,
) -> Result<Vec<PlacedLog>, Bad> {
    let mut accepted = Vec::with_capacity(logs.len());
    for log in logs {
        let (Some(number), Some(hash), Some(index), Some(_), Some(_)) =
            (log.block_number, log.block_hash, log.log_index, log.transaction_hash, log.transaction_index)
        else {
            return Err(Bad::Pending);
        };
        if log.removed {
            return Err(Bad::Removed);
        }
        if number < range.from.0 || number > range.to.0 {
            return Err(Bad::OutOfRange(number));
        }
        let key = log.topics().first();
        if !query.matches(&log.address, key) {
            return Err(Bad::NotAsked(number));
        }
        if filter.wants(&log.address, key) {
            let block = BlockRef { height: Height(number), id: BlockId(hash) };
            accepted.push(PlacedLog { block, index, log });
        }
    }
    Ok(accepted)
}

/// Merges the answers of several queries, each log once, and checks that one height has one block.
pub(super) fn merge_logs(mut logs: Vec<PlacedLog>) -> Result<LogsByHeight, Bad> {
    let place = |placed: &PlacedLog| (placed.block.height, placed.index);
    if !logs.is_sorted_by_key(place) {
        logs.sort_by_key(place);
    }
    let mut merged = LogsByHeight::new();
    let mut last = None;
    for placed in logs {
        let number = placed.block.height.0;
        let repeated = last.replace((number, placed.index)) == Some((number, placed.index));
        let block =
            merged.entry(number).or_insert_with(|| BlockLogs { id: placed.block.id, logs: Vec::new() });
        if block.id != placed.block.id {
            return Err(Bad::Forked(number));
        }
        if !repeated {
            block.logs.push(placed.log);
        }
    }
    Ok(merged)
}

/// Both lists together, each log once, in order of their index.
pub(super) fn unite(first: Vec<WireLog>, second: Vec<WireLog>) -> Vec<WireLog> {
    let mut all = first;
    all.extend(second);
    all.sort_by_key(|log| log.log_index);
    all.dedup_by_key(|log| log.log_index);
    all
}

/// The header's height and id, when it is the one asked for.
pub(super) fn placed(header: &WireHeader, asked: Height) -> Result<BlockRef, Bad> {
    let reference = header.reference().ok_or(Bad::Unplaced)?;
    if reference.height != asked {
        return Err(Bad::WrongHeight { asked: asked.0, got: reference.height.0 });
    }
    Ok(reference)
}

/// The first height whose parent is not the block before it in the list.
pub(super) fn broken_link(blocks: &[Frame]) -> Option<Height> {
    blocks
        .windows(2)
        .find(|pair| pair[1].parent != Some(pair[0].reference.id))
        .map(|pair| pair[1].reference.height)
}

/// The first height whose logs belong to another block than its header.
pub(super) fn foreign_logs(blocks: &[Frame], logs: &LogsByHeight) -> Option<Height> {
    blocks
        .iter()
        .map(|block| block.reference)
        .find(|block| logs.get(&block.height.0).is_some_and(|found| found.id != block.id))
        .map(|block| block.height)
}

#[cfg(test)]
mod tests {
    use chainbell_model::{EventFilter, Interest, Payload, Timestamp};

    use super::*;
    use crate::payload;

    const RANGE: HeightRange = HeightRange { from: Height(10), to: Height(20) };

    fn log(address: u8, number: u64, index: u64) -> WireLog {
        WireLog {
            address: [address; 20],
            payload: Payload(payload::with_topics(&[[7; 32]], 0).0),
            block_hash: Some([number as u8; 32]),
            block_number: Some(number),
            block_timestamp: None,
            transaction_hash: Some([9; 32]),
            transaction_index: Some(0),
            log_index: Some(index),
            removed: false,
        }
    }

    fn accept(logs: Vec<WireLog>) -> Result<Vec<PlacedLog>, Bad> {
        let events =
            vec![EventFilter { emitters: Some([[1; 20].into(), [2; 20].into()].into()), keys: None }];
        let filter = LogFilter::new(&Interest { events, ..Interest::default() });
        accept_logs(logs, RANGE, &filter.queries(500)[0], &filter)
    }

    #[test]
    fn logs_that_were_not_asked_for_make_the_answer_unusable() {
        assert_eq!(accept(vec![log(1, 10, 0), log(2, 20, 0)]).unwrap().len(), 2);
        assert_eq!(accept(vec![log(1, 21, 0)]).unwrap_err(), Bad::OutOfRange(21));
        assert_eq!(accept(vec![log(1, 9, 0)]).unwrap_err(), Bad::OutOfRange(9));
        assert_eq!(accept(vec![log(3, 12, 0)]).unwrap_err(), Bad::NotAsked(12));
        assert_eq!(accept(vec![WireLog { block_hash: None, ..log(1, 12, 0) }]).unwrap_err(), Bad::Pending);
        assert_eq!(accept(vec![WireLog { removed: true, ..log(1, 12, 0) }]).unwrap_err(), Bad::Removed);
    }

    #[test]
    fn answers_of_several_queries_are_merged_in_order_and_each_log_once() {
        let logs = accept(vec![log(1, 12, 3), log(1, 12, 1), log(2, 11, 0), log(1, 12, 3)]).unwrap();
        let merged = merge_logs(logs).unwrap();
        let places: Vec<_> = merged
            .iter()
            .flat_map(|(number, block)| block.logs.iter().map(|log| (*number, log.log_index.unwrap())))
            .collect();
        assert_eq!(places, [(11, 0), (12, 1), (12, 3)]);
    }

    #[test]
    fn one_height_with_two_blocks_is_a_fork() {
        let other = WireLog { block_hash: Some([77; 32]), ..log(1, 12, 4) };
        let logs = accept(vec![log(1, 12, 3), other]).unwrap();
        assert_eq!(merge_logs(logs).unwrap_err(), Bad::Forked(12));
    }

    #[test]
    fn links_and_logs_of_another_fork_are_found() {
        let frame = |n: u64, id: u8, parent: u8| Frame {
            reference: BlockRef { height: Height(n), id: BlockId([id; 32]) },
            parent: Some(BlockId([parent; 32])),
            time: Timestamp(0),
        };
        let chain = [frame(1, 1, 0), frame(2, 2, 1), frame(3, 3, 9)];
        assert_eq!(broken_link(&chain), Some(Height(3)));
        assert_eq!(broken_link(&chain[..2]), None);
        let logs = merge_logs(accept(vec![log(1, 12, 0)]).unwrap()).unwrap();
        assert_eq!(foreign_logs(&[frame(12, 12, 11)], &logs), None);
        assert_eq!(foreign_logs(&[frame(12, 13, 11)], &logs), Some(Height(12)));
    }

    #[test]
    fn two_answers_for_one_block_unite_to_all_its_logs() {
        let indexes = |logs: Vec<WireLog>| logs.iter().map(|log| log.log_index.unwrap()).collect::<Vec<_>>();
        let united = unite(vec![log(1, 12, 1), log(1, 12, 5)], vec![log(1, 12, 3), log(1, 12, 5)]);
        assert_eq!(indexes(united), [1, 3, 5]);
    }
}

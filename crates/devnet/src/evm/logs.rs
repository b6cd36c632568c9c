//! Answers `eth_getLogs`, written straight into the answer's buffer.

use serde_json::Value;

use super::{
    filter::{LogFilter, LogScope},
    json::{self, LogPlace, Removed},
    limits::RangeLimits,
    plan::FaultPlan,
    view::{LogSource, View},
};
use crate::rpc::RpcError;

/// Appends the logs that `filter` asks for and returns how many. `lose` picks one that is left out.
pub(crate) fn query(
    view: &View<'_>,
    plan: &FaultPlan,
    filter: &Value,
    lose: Option<u64>,
    out: &mut Vec<u8>,
) -> Result<u64, RpcError> {
    let scope = LogScope::parse(filter)?;
    let filter = LogFilter::parse(filter)?;
    if plan.limits.max_addresses.is_some_and(|max| filter.address_count() > max) {
        return Err(RpcError::invalid_params("exceed max addresses or topics per search position"));
    }
    let mut writer = LogWriter { view, filter, out, starts: Vec::new() };
    writer.out.push(b'[');
    match scope {
        LogScope::Block(hash) => {
            let block = view.block(&hash).ok_or_else(RpcError::unknown_block)?;
            writer.source(&LogSource::Held(block));
        }
        LogScope::Range(from, to) => {
            let (from, to) = (view.height(from)?, view.height(to)?);
            if from > to {
                return Err(RpcError::invalid_params("invalid block range params"));
            }
            if to > view.head() && !plan.clamp_future {
                return Err(RpcError::invalid_params("block range extends beyond current head block"));
            }
            writer.range(from, to.min(view.head()), &plan.limits)?;
        }
    }
    Ok(writer.finish(lose))
}

struct LogWriter<'a> {
    view: &'a View<'a>,
    filter: LogFilter,
    out: &'a mut Vec<u8>,
    /// Where in the buffer each log begins; each is followed by a comma.
    starts: Vec<usize>,
}

impl LogWriter<'_> {
    fn range(&mut self, from: u64, to: u64, limits: &RangeLimits) -> Result<(), RpcError> {
        if let Some(error) = limits.too_wide(from, to) {
            return Err(error);
        }
        for number in from..=to {
            if let Some(source) = self.view.logs_at(number) {
                self.source(&source);
            }
            if limits.max_logs.is_some_and(|max| self.starts.len() as u64 > max) {
                return Err(limits.too_many(from, number.saturating_sub(1).max(from)));
            }
        }
        Ok(())
    }

    fn source(&mut self, source: &LogSource<'_>) {
        let timestamps = self.view.chain().config().log_timestamps;
        match source {
            LogSource::Held(block) => {
                for (index, placed) in (0..).zip(&block.transactions) {
                    let place = LogPlace {
                        timestamp: timestamps.then_some(block.header.timestamp),
                        block: (block.header.number, block.hash),
                        transaction: (index, placed.body.hash),
                    };
                    for (log_index, log) in (placed.first_log..).zip(&placed.body.logs) {
                        if self.filter.matches(&log.address, &log.topics) {
                            self.starts.push(self.out.len());
                            let content = (log.address, &log.topics[..], &log.data[..]);
                            json::log(self.out, &place, log_index, content, Removed::No);
                            self.out.push(b',');
                        }
                    }
                }
            }
            LogSource::Workload { workload, number, hash } => {
                let timestamp = timestamps.then(|| workload.timestamp(*number));
                for log in workload.logs(*number) {
                    if !self.filter.matches(&log.address, &log.topics) {
                        continue;
                    }
                    let transaction = (log.index, workload.transaction_hash(*number, log.index));
                    let place = LogPlace { timestamp, block: (*number, *hash), transaction };
                    self.starts.push(self.out.len());
                    json::log(
                        self.out,
                        &place,
                        log.index,
                        (log.address, &log.topics, &log.data()),
                        Removed::No,
                    );
                    self.out.push(b',');
                }
            }
        }
    }

    fn finish(mut self, lose: Option<u64>) -> u64 {
        if let Some(pick) = lose
            && !self.starts.is_empty()
        {
            let lost = (pick % self.starts.len() as u64) as usize;
            let begin = self.starts.remove(lost);
            // The starts behind are off now, but only their number still counts.
            let end = self.starts.get(lost).copied().unwrap_or(self.out.len());
            self.out.drain(begin..end);
        }
        if !self.starts.is_empty() {
            self.out.pop();
        }
        self.out.push(b']');
        self.starts.len() as u64
    }
}

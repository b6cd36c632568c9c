//! The subscriptions of a WebSocket: heads and logs.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{
    block::Block,
    chain::{Chain, Change},
    filter::LogFilter,
    json::{self, LogPlace, Object, Removed},
};
use crate::{
    endpoint,
    fault::{Fault, Stage},
    rpc::{Call, Dropped, RpcError, Session},
};

type Endpoint = endpoint::Endpoint<Chain>;

enum Subscription {
    Heads,
    Logs(LogFilter),
}

/// What one WebSocket is subscribed to.
#[derive(Default)]
pub(crate) struct Subscriptions {
    subscriptions: BTreeMap<u64, Subscription>,
    /// A head held back until the next one has been announced.
    late: Option<Arc<Block>>,
}

impl Session<Chain> for Subscriptions {
    fn call(&mut self, _: &Endpoint, call: &Call<'_>, out: &mut Vec<u8>) -> Option<Result<(), RpcError>> {
        match &*call.method {
            "eth_subscribe" => Some(self.subscribe(call, out)),
            "eth_unsubscribe" => Some(self.unsubscribe(call, out)),
            _ => None,
        }
    }

    fn is_listening(&self) -> bool {
        !self.subscriptions.is_empty()
    }

    fn announce(
        &mut self,
        endpoint: &Endpoint,
        change: &Change,
        out: &mut Vec<Vec<u8>>,
    ) -> Result<(), Dropped> {
        for block in &change.undone {
            self.announce_logs(endpoint, block, Removed::Yes, out);
        }
        for block in &change.added {
            self.announce_head(endpoint, block, out)?;
            self.announce_logs(endpoint, block, Removed::No, out);
        }
        Ok(())
    }
}

impl Subscriptions {
    fn subscribe(&mut self, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), RpcError> {
        const MOST_SUBSCRIPTIONS: usize = 1000;
        let subscription = match call.param(0).and_then(Value::as_str) {
            Some("newHeads") => Subscription::Heads,
            Some("logs") => {
                let filter = call.param(1).map_or_else(|| Ok(LogFilter::default()), LogFilter::parse);
                Subscription::Logs(filter?)
            }
            Some(other) => {
                return Err(RpcError::new(-32601, format!("no \"{other}\" subscription in eth namespace")));
            }
            None => return Err(RpcError::missing_argument(0)),
        };
        if self.subscriptions.len() >= MOST_SUBSCRIPTIONS {
            return Err(RpcError::new(-32000, "too many subscriptions"));
        }
        let id = self.subscriptions.last_key_value().map_or(1, |(last, _)| last + 1);
        self.subscriptions.insert(id, subscription);
        json::hex(out, &id.to_be_bytes());
        Ok(())
    }

    fn unsubscribe(&mut self, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), RpcError> {
        let text = call.param(0).and_then(Value::as_str).and_then(|text| text.strip_prefix("0x"));
        let id = text.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        if id.and_then(|id| self.subscriptions.remove(&id)).is_none() {
            return Err(RpcError::new(-32000, "subscription not found"));
        }
        out.extend_from_slice(b"true");
        Ok(())
    }

    fn announce_head(
        &mut self,
        endpoint: &Endpoint,
        block: &Arc<Block>,
        out: &mut Vec<Vec<u8>>,
    ) -> Result<(), Dropped> {
        if !self.subscriptions.values().any(|subscription| matches!(subscription, Subscription::Heads)) {
            return Ok(());
        }
        let faults = endpoint.port.strike(Stage::Push, &["eth_subscribe", "newHeads"]);
        if faults.contains(&Fault::DropSocket) {
            return Err(Dropped);
        }
        let late = self.late.take();
        if faults.contains(&Fault::LateHead) && late.is_none() {
            self.late = Some(block.clone());
            return Ok(());
        }
        let times = match &faults[..] {
            faults if faults.contains(&Fault::SilentHead) => 0,
            faults if faults.contains(&Fault::DuplicateHead) => 2,
            _ => 1,
        };
        for head in std::iter::repeat_n(block, times).chain(&late) {
            let heads = self.subscriptions.iter().filter(|(_, kind)| matches!(kind, Subscription::Heads));
            out.extend(heads.map(|(id, _)| notification(*id, |out| json::header(out, head))));
        }
        Ok(())
    }

    fn announce_logs(&self, endpoint: &Endpoint, block: &Block, removed: Removed, out: &mut Vec<Vec<u8>>) {
        let timestamps = endpoint.network.chain.read().config().log_timestamps;
        for (id, subscription) in &self.subscriptions {
            let Subscription::Logs(filter) = subscription else { continue };
            for (index, placed) in (0..).zip(&block.transactions) {
                let place = LogPlace {
                    timestamp: timestamps.then_some(block.header.timestamp),
                    block: (block.header.number, block.hash),
                    transaction: (index, placed.body.hash),
                };
                let logs = (placed.first_log..).zip(&placed.body.logs);
                for (index, log) in logs.filter(|(_, log)| filter.matches(&log.address, &log.topics)) {
                    let content = (log.address, &log.topics[..], &log.data[..]);
                    out.push(notification(*id, |out| json::log(out, &place, index, content, removed)));
                }
            }
        }
    }
}

fn notification(id: u64, result: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(2048);
    let mut message = Object::begin(&mut out);
    message.raw("jsonrpc", "\"2.0\"");
    message.raw("method", "\"eth_subscription\"");
    let mut params = Object::begin(message.key("params"));
    params.hex("subscription", &id.to_be_bytes());
    result(params.key("result"));
    params.end();
    message.end();
    out
}

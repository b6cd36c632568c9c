//! The WebSocket side of an endpoint: calls, and subscriptions to heads and logs.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use serde_json::Value;
use tokio::sync::broadcast;

use super::{
    block::Block,
    chain::Change,
    error::RpcError,
    fault::{Fault, Stage},
    filter::LogFilter,
    json::{self, LogPlace, Object, Removed},
    replica::Endpoint,
    request::{Call, Request, refusal},
};

/// Turns a GET into a WebSocket.
pub(crate) async fn upgrade(State(endpoint): State<Arc<Endpoint>>, upgrade: WebSocketUpgrade) -> Response {
    endpoint.stats.lock().websockets += 1;
    upgrade.on_upgrade(move |socket| async move {
        let stop = endpoint.stop.clone();
        let mut session =
            Session { endpoint, socket, subscriptions: BTreeMap::new(), changes: None, late: None };
        tokio::select! {
            () = stop.cancelled() => {}
            _ = session.run() => {}
        }
    })
}

/// Why a session ends; the socket is dropped without a farewell.
struct Dropped;

enum Subscription {
    Heads,
    Logs(LogFilter),
}

struct Session {
    endpoint: Arc<Endpoint>,
    socket: WebSocket,
    subscriptions: BTreeMap<u64, Subscription>,
    changes: Option<broadcast::Receiver<Arc<Change>>>,
    /// A head held back until the next one has been announced.
    late: Option<Arc<Block>>,
}

impl Session {
    async fn run(&mut self) -> Result<(), Dropped> {
        loop {
            tokio::select! {
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.message(text.as_bytes()).await?,
                    Some(Ok(Message::Binary(bytes))) => self.message(&bytes).await?,
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(Dropped),
                },
                change = next_change(&mut self.changes) => {
                    let change = change?;
                    self.announce(&change).await?;
                }
            }
        }
    }

    async fn message(&mut self, body: &[u8]) -> Result<(), Dropped> {
        let request = match Request::parse(body) {
            Ok(request) => request,
            Err(error) => return self.send(refusal(&error)).await,
        };
        let fault = self.endpoint.transport_fault(&request.methods());
        match &fault {
            None | Some(Fault::InvalidJson) => {}
            Some(Fault::Hang) => return Ok(()),
            Some(Fault::Delay { millis }) => tokio::time::sleep(Duration::from_millis(*millis)).await,
            Some(_) => return Err(Dropped),
        }
        let endpoint = self.endpoint.clone();
        let max_batch = endpoint.network.chain.read().config().max_batch;
        let mut answer = request.answer(max_batch, |call, out| match &*call.method {
            "eth_subscribe" => self.subscribe(call, out),
            "eth_unsubscribe" => self.unsubscribe(call, out),
            _ => endpoint.answer(call, out),
        });
        if fault.is_some_and(|fault| fault == Fault::InvalidJson) {
            answer.pop();
        }
        self.send(answer).await
    }

    fn subscribe(&mut self, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), RpcError> {
        const MOST_SUBSCRIPTIONS: usize = 1000;
        self.endpoint.stats.lock().count_call(&call.method);
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
        // Only what changes from now on is announced.
        self.changes.get_or_insert_with(|| self.endpoint.network.changes.subscribe());
        let id = self.subscriptions.last_key_value().map_or(1, |(last, _)| last + 1);
        self.subscriptions.insert(id, subscription);
        json::hex(out, &id.to_be_bytes());
        Ok(())
    }

    fn unsubscribe(&mut self, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), RpcError> {
        self.endpoint.stats.lock().count_call(&call.method);
        let text = call.param(0).and_then(Value::as_str).and_then(|text| text.strip_prefix("0x"));
        let id = text.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        if id.and_then(|id| self.subscriptions.remove(&id)).is_none() {
            return Err(RpcError::new(-32000, "subscription not found"));
        }
        out.extend_from_slice(b"true");
        Ok(())
    }

    async fn announce(&mut self, change: &Change) -> Result<(), Dropped> {
        for block in &change.undone {
            self.announce_logs(block, Removed::Yes).await?;
        }
        for block in &change.added {
            self.announce_head(block).await?;
            self.announce_logs(block, Removed::No).await?;
        }
        Ok(())
    }

    async fn announce_head(&mut self, block: &Arc<Block>) -> Result<(), Dropped> {
        if !self.subscriptions.values().any(|subscription| matches!(subscription, Subscription::Heads)) {
            return Ok(());
        }
        let faults = self.endpoint.dice.lock().strike(Stage::Push, &["eth_subscribe", "newHeads"]);
        self.endpoint.stats.lock().faults += faults.len() as u64;
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
        let heads = std::iter::repeat_n(block, times).chain(&late);
        let ids = |session: &Self| -> Vec<u64> {
            let heads = session.subscriptions.iter().filter(|(_, kind)| matches!(kind, Subscription::Heads));
            heads.map(|(id, _)| *id).collect()
        };
        for head in heads {
            for id in ids(self) {
                self.send(notification(id, |out| json::header(out, head))).await?;
            }
        }
        Ok(())
    }

    async fn announce_logs(&mut self, block: &Block, removed: Removed) -> Result<(), Dropped> {
        let timestamps = self.endpoint.network.chain.read().config().log_timestamps;
        let mut messages = Vec::new();
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
                    messages.push(notification(*id, |out| json::log(out, &place, index, content, removed)));
                }
            }
        }
        for message in messages {
            self.send(message).await?;
        }
        Ok(())
    }

    async fn send(&mut self, message: Vec<u8>) -> Result<(), Dropped> {
        self.endpoint.stats.lock().bytes += message.len() as u64;
        let text = String::from_utf8(message).map_err(|_| Dropped)?;
        self.socket.send(Message::Text(text.into())).await.map_err(|_| Dropped)
    }
}

/// Never returns without a subscription. A session that cannot keep up is dropped, as geth does.
async fn next_change(changes: &mut Option<broadcast::Receiver<Arc<Change>>>) -> Result<Arc<Change>, Dropped> {
    match changes {
        Some(changes) => changes.recv().await.map_err(|_| Dropped),
        None => std::future::pending().await,
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

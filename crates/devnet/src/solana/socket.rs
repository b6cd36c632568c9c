//! The subscriptions of a WebSocket: logs, slots, roots and signatures.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    answer,
    base58::{Pubkey, Signature},
    block::{Block, Placed},
    chain::{Chain, Change, News},
    json::{self, Object},
    params::{Commitment, Options},
    view::{Lies, View},
};
use crate::{
    endpoint,
    fault::{Fault, Stage},
    rpc::{Call, Dropped, RpcError, Session},
};

type Endpoint = endpoint::Endpoint<Chain>;

const MOST_SUBSCRIPTIONS: usize = 1000;

enum Subscription {
    Slots,
    Roots,
    Logs { whose: Whose, commitment: Commitment },
    Signature { signature: Signature, commitment: Commitment },
}

/// Whose logs are wanted.
enum Whose {
    All,
    AllWithVotes,
    Mentioning(Pubkey),
}

/// The filter of `logsSubscribe` on the wire.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum LogsFilter {
    All,
    AllWithVotes,
    Mentions(Vec<String>),
}

/// What one WebSocket is subscribed to.
#[derive(Default)]
pub(crate) struct Subscriptions {
    subscriptions: BTreeMap<u64, Subscription>,
    next_id: u64,
    /// A message held back until the next one has been sent.
    late: Option<Vec<u8>>,
    /// Signatures that were there already when they were subscribed to.
    fulfilled: Vec<u64>,
}

impl Session<Chain> for Subscriptions {
    fn call(
        &mut self,
        endpoint: &Endpoint,
        call: &Call<'_>,
        out: &mut Vec<u8>,
    ) -> Option<Result<(), RpcError>> {
        let subscription = match &*call.method {
            "logsSubscribe" => logs(call),
            "slotSubscribe" => Ok(Subscription::Slots),
            "rootSubscribe" => Ok(Subscription::Roots),
            "signatureSubscribe" => one_signature(call),
            "logsUnsubscribe" | "slotUnsubscribe" | "rootUnsubscribe" | "signatureUnsubscribe" => {
                return Some(self.unsubscribe(call, out));
            }
            "getVersion" => {
                answer::version(&endpoint.network.chain.read(), out);
                return Some(Ok(()));
            }
            // Agave answers nothing else here, and block and vote subscriptions only where they are switched on.
            _ => Err(RpcError::method_not_found()),
        };
        Some(subscription.and_then(|subscription| self.subscribe(endpoint, subscription, out)))
    }

    fn is_listening(&self) -> bool {
        !self.subscriptions.is_empty()
    }

    fn greetings(&mut self, endpoint: &Endpoint, out: &mut Vec<Vec<u8>>) {
        for id in std::mem::take(&mut self.fulfilled) {
            let Some(Subscription::Signature { signature, commitment }) = self.subscriptions.remove(&id)
            else {
                continue;
            };
            let chain = endpoint.network.chain.read();
            let view = View::new(&chain, Lies::default());
            let newest = view.slot(commitment);
            if let Some((_, placed)) = view.transaction(&signature, newest) {
                out.push(signature_message(id, newest, placed));
            }
        }
    }

    fn announce(
        &mut self,
        endpoint: &Endpoint,
        change: &Change,
        out: &mut Vec<Vec<u8>>,
    ) -> Result<(), Dropped> {
        for news in &change.0 {
            match news {
                News::Processed(block, root) => {
                    self.slots(endpoint, block, *root, out)?;
                    self.transactions(endpoint, block, Commitment::Processed, out)?;
                }
                News::Confirmed(block) => self.transactions(endpoint, block, Commitment::Confirmed, out)?,
                News::Finalized(block) => {
                    self.roots(endpoint, block.slot(), out)?;
                    self.transactions(endpoint, block, Commitment::Finalized, out)?;
                }
            }
        }
        Ok(())
    }
}

impl Subscriptions {
    fn subscribe(
        &mut self,
        endpoint: &Endpoint,
        subscription: Subscription,
        out: &mut Vec<u8>,
    ) -> Result<(), RpcError> {
        if self.subscriptions.len() >= MOST_SUBSCRIPTIONS {
            let reason = "Internal Error: Subscription refused. Node subscription limit reached";
            return Err(RpcError::new(-32603, reason));
        }
        let id = self.next_id;
        self.next_id += 1;
        if let Subscription::Signature { signature, commitment } = &subscription {
            let chain = endpoint.network.chain.read();
            let view = View::new(&chain, Lies::default());
            if view.transaction(signature, view.slot(*commitment)).is_some() {
                self.fulfilled.push(id);
            }
        }
        self.subscriptions.insert(id, subscription);
        json::write(out, format_args!("{id}"));
        Ok(())
    }

    fn unsubscribe(&mut self, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), RpcError> {
        let id: u64 = call.required(0)?;
        if self.subscriptions.remove(&id).is_none() {
            return Err(RpcError::invalid_params("Invalid subscription id."));
        }
        out.extend_from_slice(b"true");
        Ok(())
    }

    fn slots(
        &mut self,
        endpoint: &Endpoint,
        block: &Block,
        root: u64,
        out: &mut Vec<Vec<u8>>,
    ) -> Result<(), Dropped> {
        let message = |id| {
            notification("slotNotification", id, |out| {
                let mut object = Object::begin(out);
                object.number("slot", block.slot());
                object.number("parent", block.header.parent_slot);
                object.number("root", root);
                object.end();
            })
        };
        let wanted = |subscription: &Subscription| matches!(subscription, Subscription::Slots);
        for id in self.ids(wanted) {
            self.push(endpoint, &["slotSubscribe", "slotNotification"], message(id), out)?;
        }
        Ok(())
    }

    fn roots(&mut self, endpoint: &Endpoint, root: u64, out: &mut Vec<Vec<u8>>) -> Result<(), Dropped> {
        let wanted = |subscription: &Subscription| matches!(subscription, Subscription::Roots);
        for id in self.ids(wanted) {
            let message =
                notification("rootNotification", id, |out| json::write(out, format_args!("{root}")));
            self.push(endpoint, &["rootSubscribe", "rootNotification"], message, out)?;
        }
        Ok(())
    }

    /// Announces what reached `reached` with its block.
    fn transactions(
        &mut self,
        endpoint: &Endpoint,
        block: &Block,
        reached: Commitment,
        out: &mut Vec<Vec<u8>>,
    ) -> Result<(), Dropped> {
        let mut messages = Vec::new();
        let mut fulfilled = Vec::new();
        for placed in &block.transactions {
            for (id, subscription) in &self.subscriptions {
                match subscription {
                    Subscription::Logs { whose, commitment }
                        if *commitment == reached && whose.wants(placed) =>
                    {
                        let methods = ["logsSubscribe", "logsNotification"];
                        messages.push((methods, logs_message(*id, block.slot(), placed)));
                    }
                    Subscription::Signature { signature, commitment }
                        if *commitment == reached && *signature == placed.body.id() =>
                    {
                        let methods = ["signatureSubscribe", "signatureNotification"];
                        messages.push((methods, signature_message(*id, block.slot(), placed)));
                        fulfilled.push(*id);
                    }
                    _ => {}
                }
            }
        }
        self.subscriptions.retain(|id, _| !fulfilled.contains(id));
        for (methods, message) in messages {
            self.push(endpoint, &methods, message, out)?;
        }
        Ok(())
    }

    fn ids(&self, wanted: impl Fn(&Subscription) -> bool) -> Vec<u64> {
        let wanted = self.subscriptions.iter().filter(|(_, subscription)| wanted(subscription));
        wanted.map(|(id, _)| *id).collect()
    }

    /// Sends a message, unless a fault strikes.
    fn push(
        &mut self,
        endpoint: &Endpoint,
        methods: &[&str],
        message: Vec<u8>,
        out: &mut Vec<Vec<u8>>,
    ) -> Result<(), Dropped> {
        let faults = endpoint.port.strike(Stage::Push, methods);
        if faults.contains(&Fault::DropSocket) {
            return Err(Dropped);
        }
        let late = self.late.take();
        if faults.contains(&Fault::LateHead) && late.is_none() {
            self.late = Some(message);
            return Ok(());
        }
        if faults.contains(&Fault::DuplicateHead) {
            out.push(message.clone());
        }
        if !faults.contains(&Fault::SilentHead) {
            out.push(message);
        }
        out.extend(late);
        Ok(())
    }
}

impl Whose {
    fn wants(&self, placed: &Placed) -> bool {
        match self {
            Self::All => !placed.body.is_vote(),
            Self::AllWithVotes => true,
            Self::Mentioning(key) => placed.body.message.keys.contains(key),
        }
    }
}

fn logs(call: &Call<'_>) -> Result<Subscription, RpcError> {
    let whose = match call.required(0)? {
        LogsFilter::All => Whose::All,
        LogsFilter::AllWithVotes => Whose::AllWithVotes,
        LogsFilter::Mentions(keys) => match &keys[..] {
            [key] => Whose::Mentioning(
                key.parse()
                    .map_err(|_| RpcError::invalid_params("Invalid Request: Invalid mentions provided"))?,
            ),
            _ => return Err(RpcError::invalid_params("Invalid Request: Only 1 address supported")),
        },
    };
    Ok(Subscription::Logs { whose, commitment: call.options(1)?.commitment() })
}

fn one_signature(call: &Call<'_>) -> Result<Subscription, RpcError> {
    let text: String = call.required(0)?;
    let signature =
        text.parse().map_err(|_| RpcError::invalid_params("Invalid Request: Invalid signature provided"))?;
    let options: Options = call.options(1)?;
    Ok(Subscription::Signature { signature, commitment: options.commitment() })
}

fn logs_message(id: u64, slot: u64, placed: &Placed) -> Vec<u8> {
    with_context("logsNotification", id, slot, |out| {
        let mut value = Object::begin(out);
        value.base58("signature", &placed.body.id());
        json::failure(value.key("err"), placed.outcome.failure);
        json::logs(value.key("logs"), &placed.outcome.logs);
        value.end();
    })
}

fn signature_message(id: u64, slot: u64, placed: &Placed) -> Vec<u8> {
    with_context("signatureNotification", id, slot, |out| {
        let mut value = Object::begin(out);
        json::failure(value.key("err"), placed.outcome.failure);
        value.end();
    })
}

fn with_context(method: &str, id: u64, slot: u64, value: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    notification(method, id, |out| {
        let mut result = Object::begin(out);
        let mut context = Object::begin(result.key("context"));
        context.number("slot", slot);
        context.end();
        value(result.key("value"));
        result.end();
    })
}

fn notification(method: &str, id: u64, result: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(2048);
    let mut message = Object::begin(&mut out);
    message.raw("jsonrpc", "\"2.0\"");
    message.text("method", method);
    let mut params = Object::begin(message.key("params"));
    result(params.key("result"));
    params.number("subscription", id);
    params.end();
    message.end();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_a_word_or_one_address() {
        let parse = |text: &str| serde_json::from_str::<LogsFilter>(text);
        assert!(matches!(parse("\"all\""), Ok(LogsFilter::All)));
        assert!(matches!(parse("\"allWithVotes\""), Ok(LogsFilter::AllWithVotes)));
        assert!(matches!(parse(r#"{"mentions":["x"]}"#), Ok(LogsFilter::Mentions(keys)) if keys.len() == 1));
        assert!(parse("\"none\"").is_err());
        assert!(parse("null").is_err());
    }
}

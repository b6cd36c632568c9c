//! Wakes the reader when a WebSocket tells that something happened, and in any case after the polling interval.
//!
//! What is told is not believed: it only says that it is time to look, and that lists without it may be worth waiting for. So
//! nothing hangs on notifications that are lost, repeated, late or out of order.

use std::{
    collections::VecDeque,
    ops::RangeInclusive,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chainbell_model::{Address, ChainError, Height, SubscriptionStatus, TxId};
use chainbell_rpc::{Notification, Subscription, SubscriptionConfig};
use futures_util::FutureExt;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until, timeout};
use url::Url;

use super::{header::tx_id, plan::Way};
use crate::{
    address,
    wire::{LogsNotification, SlotNotification},
};

/// A program may be quiet for long; that the connection lives is known from its pongs.
const QUIET: Duration = Duration::from_secs(15 * 60);
/// So many transactions that were told are remembered, for so long.
const MAX_TOLD: usize = 4_096;
const TOLD_FOR: Duration = Duration::from_secs(4);
/// Slots come twice a second.
const NO_SLOTS: Duration = Duration::from_secs(30);

/// Where news come from, if from anywhere.
#[derive(Debug)]
pub(super) struct Push {
    ws: Option<Url>,
    listening: Mutex<Option<Arc<Listening>>>,
    spacing: Duration,
    last: Mutex<Option<Instant>>,
}

/// What is subscribed to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Topic {
    /// The transactions that mention a program, once confirmed.
    Logs(Address),
    /// Every slot that the node begins.
    Slots,
}

#[derive(Debug)]
struct Listening {
    topics: Vec<(Topic, AtomicU64)>,
    subscription: Subscription,
    told: Mutex<VecDeque<Told>>,
}

/// A transaction that was told.
#[derive(Clone, Copy, Debug)]
struct Told {
    slot: u64,
    id: TxId,
    failed: bool,
    at: Instant,
}

impl Push {
    /// Listens to nothing yet.
    pub(super) fn new(ws: Option<&Url>, spacing: Duration) -> Result<Self, ChainError> {
        if ws.is_some_and(|url| !matches!(url.scheme(), "ws" | "wss") || !url.has_host()) {
            let reason = "the url of a subscription starts with ws:// or wss:// and names a host";
            return Err(ChainError::Misconfigured(reason.to_owned()));
        }
        Ok(Self { ws: ws.cloned(), listening: Mutex::default(), spacing, last: Mutex::default() })
    }

    /// Listens to what concerns this way of reading from now on. Must be called within a Tokio runtime.
    pub(super) fn listen(&self, way: &Way) {
        let Some(url) = &self.ws else { return };
        let mut listening = self.listening.lock();
        let topics = topics(way);
        if listening.as_ref().is_some_and(|now| now.is_to(&topics)) {
            return;
        }
        *listening = Listening::start(url, topics).map(Arc::new);
    }

    /// Returns at the next news, at the latest after `interval`.
    pub(super) async fn changed(&self, interval: Duration) {
        let now = self.listening.lock().clone();
        match now {
            // Polling stays the floor: a socket may be open and silent.
            Some(listening) => {
                let _ = timeout(interval, listening.news()).await;
                let last = self.last.lock().map_or_else(Instant::now, |last| last + self.spacing);
                sleep_until(last).await;
                listening.drain();
            }
            None => tokio::time::sleep(interval).await,
        }
        *self.last.lock() = Some(Instant::now());
    }

    /// Whether a transaction was told just now, within these slots and of the kind that is wanted, that is not `listed`.
    pub(super) fn told_another(
        &self,
        slots: RangeInclusive<u64>,
        failed_too: bool,
        listed: impl Fn(u64, &TxId) -> bool,
    ) -> bool {
        let Some(listening) = self.listening.lock().clone() else { return false };
        let told = listening.told.lock();
        let recent = told.iter().rev().take_while(|told| told.at.elapsed() < TOLD_FOR);
        let mut wanted = recent.filter(|told| slots.contains(&told.slot) && (failed_too || !told.failed));
        wanted.any(|told| !listed(told.slot, &told.id))
    }

    /// How the subscriptions are doing.
    pub(super) fn status(&self) -> Vec<SubscriptionStatus> {
        let now = self.listening.lock().clone();
        now.map_or_else(Vec::new, |listening| listening.status())
    }
}

fn topics(way: &Way) -> Vec<Topic> {
    match way {
        Way::Programs(programs) => programs.iter().copied().map(Topic::Logs).collect(),
        Way::Blocks => vec![Topic::Slots],
        Way::Impossible(_) => Vec::new(),
    }
}

impl Listening {
    /// `None` when there is nothing to listen to.
    fn start(url: &Url, topics: Vec<Topic>) -> Option<Self> {
        let mut requests = topics.iter().map(Topic::request);
        let (method, params) = requests.next()?;
        let quiet = if topics.contains(&Topic::Slots) { NO_SLOTS } else { QUIET };
        let config = SubscriptionConfig {
            more: requests.collect(),
            silence_timeout: quiet,
            ..SubscriptionConfig::new(url.clone(), method, params)
        };
        let subscription = Subscription::start(config)
            .inspect_err(|error| tracing::warn!(%error, "nothing is listened to"))
            .ok()?;
        let topics = topics.into_iter().map(|topic| (topic, AtomicU64::new(0))).collect();
        Some(Self { topics, subscription, told: Mutex::default() })
    }

    fn is_to(&self, topics: &[Topic]) -> bool {
        self.topics.iter().map(|(topic, _)| topic).eq(topics)
    }

    /// Something was told, or what was told before this connection may have been missed.
    async fn news(&self) {
        tokio::select! {
            told = self.subscription.next_notification() => self.note(&told),
            () = self.subscription.established() => {}
        }
    }

    /// One look answers everything that is told by now.
    fn drain(&self) {
        while let Some(told) = self.subscription.next_notification().now_or_never() {
            self.note(&told);
        }
    }

    fn note(&self, notification: &Notification) {
        let Some((topic, last)) = self.topics.get(notification.topic) else { return };
        let Some((slot, told)) = topic.read(&notification.result) else { return };
        last.fetch_max(slot, Ordering::Relaxed);
        if let Some(told) = told {
            let mut all = self.told.lock();
            if all.len() == MAX_TOLD {
                all.pop_front();
            }
            all.push_back(told);
        }
    }

    fn status(&self) -> Vec<SubscriptionStatus> {
        let state = self.subscription.state();
        let ids = state.subscription.iter().chain(&state.more).map(Some).chain(std::iter::repeat(None));
        let status = |((topic, last), id): (&(Topic, AtomicU64), Option<&String>)| {
            let last = last.load(Ordering::Relaxed);
            SubscriptionStatus {
                topic: topic.text(),
                listening: state.connected,
                id: id.cloned(),
                reconnects: state.reconnects,
                last_height: (last > 0).then_some(Height(last)),
            }
        };
        self.topics.iter().zip(ids).map(status).collect()
    }
}

impl Topic {
    fn request(&self) -> (String, Value) {
        match self {
            Self::Logs(program) => {
                let params = json!([{"mentions": [text_of(program)]}, {"commitment": "confirmed"}]);
                ("logsSubscribe".to_owned(), params)
            }
            Self::Slots => ("slotSubscribe".to_owned(), json!([])),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Logs(program) => format!("logs of {}", text_of(program)),
            Self::Slots => "slots".to_owned(),
        }
    }

    /// The slot that a notification tells of, and the transaction.
    fn read(&self, result: &[u8]) -> Option<(u64, Option<Told>)> {
        match self {
            Self::Logs(_) => {
                let told: LogsNotification<'_> = serde_json::from_slice(result).ok()?;
                let (slot, failed) = (told.context.slot, told.value.err.is_some());
                let told =
                    tx_id(told.value.signature).map(|id| Told { slot, id, failed, at: Instant::now() });
                Some((slot, told))
            }
            Self::Slots => Some((serde_json::from_slice::<SlotNotification>(result).ok()?.slot, None)),
        }
    }
}

fn text_of(program: &Address) -> String {
    let mut text = String::new();
    address::push_text(program, &mut text);
    text
}

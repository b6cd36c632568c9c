//! A JSON-RPC subscription over WebSocket that never fails: it degrades, says so, and repairs itself.

mod connection;
mod message;
mod queue;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use parking_lot::Mutex;
use reqwest::{
    Url,
    header::{HeaderName, HeaderValue},
};
use serde_json::Value;
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{RpcError, redact::public_url};
use connection::Origin;
use queue::Queue;

/// What to subscribe to, and where.
#[derive(Clone)]
pub struct SubscriptionConfig {
    /// `ws` or `wss`; may carry keys. User name and password become basic authentication.
    pub url: Url,
    /// Sent with the handshake.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The method that subscribes, for example `eth_subscribe`.
    pub method: String,
    /// Its parameters.
    pub params: Value,
    /// Further subscriptions on the same connection: their methods and parameters. They live and die together.
    pub more: Vec<(String, Value)>,
    /// For the handshake, and then for the node to confirm the subscription.
    pub connect_timeout: Duration,
    /// How often the connection is pinged. When nothing at all comes for two and a half times as long, it is dead.
    pub ping_interval: Duration,
    /// A subscription without notifications for so long counts as lost, though the connection lives.
    pub silence_timeout: Duration,
    /// The pause before the first reconnection. Doubles, with jitter, until a connection has delivered something.
    pub first_backoff: Duration,
    /// The longest pause.
    pub max_backoff: Duration,
    /// The most bytes of one message.
    pub max_message_bytes: usize,
    /// How many notifications wait to be read; the oldest give way to newer ones.
    pub buffer: usize,
}

impl SubscriptionConfig {
    /// The defaults: 10 s to connect, ping every 15 s, 2 minutes of silence, 0.5 s to 60 s between connections, 4 MiB a
    /// message, 64 waiting notifications.
    pub fn new(url: Url, method: impl Into<String>, params: Value) -> Self {
        Self {
            url,
            headers: Vec::new(),
            method: method.into(),
            params,
            more: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(15),
            silence_timeout: Duration::from_secs(120),
            first_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(60),
            max_message_bytes: 4 << 20,
            buffer: 64,
        }
    }

    /// All subscriptions, in the order in which [`Notification::topic`] counts them.
    fn topics(&self) -> impl Iterator<Item = (&str, &Value)> {
        let more = self.more.iter().map(|(method, params)| (method.as_str(), params));
        std::iter::once((self.method.as_str(), &self.params)).chain(more)
    }
}

/// What a node pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Of which subscription: 0 is the configuration's own, then those of [`SubscriptionConfig::more`].
    pub topic: usize,
    /// The `params.result`, as JSON text.
    pub result: Bytes,
}

impl fmt::Debug for SubscriptionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriptionConfig")
            .field("url", &public_url(&self.url))
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// How a subscription is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionState {
    /// Scheme, host and port only.
    pub url: String,
    /// The node has confirmed every subscription and the connection lives.
    pub connected: bool,
    /// Connections after the first one, successful or not.
    pub reconnects: u64,
    /// Time since the last notification; `None` before the first.
    pub since_last_message: Option<Duration>,
    /// The id that the node gave the subscription, as JSON text.
    pub subscription: Option<String>,
    /// The ids of those of [`SubscriptionConfig::more`], in their order; empty while not connected.
    pub more: Vec<String>,
    /// Notifications that nobody read in time.
    pub dropped: u64,
    /// Why the last connection ended.
    pub last_error: Option<String>,
}

/// A live subscription. Dropping it ends the connection.
pub struct Subscription {
    shared: Arc<Shared>,
    _task: AbortOnDropHandle<()>,
}

struct Shared {
    queue: Queue,
    established: Notify,
    progress: Mutex<Progress>,
    url: String,
}

#[derive(Default)]
struct Progress {
    /// The ids, once all are known.
    ids: Vec<String>,
    connections: u64,
    last_message: Option<Instant>,
    last_error: Option<String>,
}

impl Subscription {
    /// Starts a task that connects and stays connected. Must be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`RpcError::Misconfigured`] when the URL cannot be one of a WebSocket.
    pub fn start(config: SubscriptionConfig) -> Result<Self, RpcError> {
        let origin = Origin::new(&config)?;
        let shared = Arc::new(Shared {
            queue: Queue::new(config.buffer),
            established: Notify::new(),
            progress: Mutex::default(),
            url: public_url(&config.url),
        });
        let task = tokio::spawn(stay_connected(config, origin, Arc::clone(&shared)));
        Ok(Self { shared, _task: AbortOnDropHandle::new(task) })
    }

    /// The `params.result` of the next notification, as JSON text. Waits as long as it takes; dropping the future loses
    /// nothing. With several waiting callers, each notification goes to one of them.
    pub async fn next(&self) -> Bytes {
        self.next_notification().await.result
    }

    /// The same with the subscription that it is of.
    pub async fn next_notification(&self) -> Notification {
        self.shared.queue.pop().await
    }

    /// Returns once all subscriptions have been confirmed since the last call: from then on nothing more is missed, but
    /// what came before may have been. For one caller.
    pub async fn established(&self) {
        self.shared.established.notified().await;
    }

    /// How it is doing.
    pub fn state(&self) -> SubscriptionState {
        let progress = self.shared.progress.lock();
        SubscriptionState {
            url: self.shared.url.clone(),
            connected: !progress.ids.is_empty(),
            reconnects: progress.connections.saturating_sub(1),
            since_last_message: progress.last_message.map(|at| at.elapsed()),
            subscription: progress.ids.first().cloned(),
            more: progress.ids.iter().skip(1).cloned().collect(),
            dropped: self.shared.queue.dropped(),
            last_error: progress.last_error.clone(),
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state().fmt(f)
    }
}

impl Shared {
    /// Takes the ids when none is missing any more.
    fn confirmed(&self, ids: &[Option<String>]) {
        let Some(ids) = ids.iter().cloned().collect::<Option<Vec<_>>>() else { return };
        tracing::info!(endpoint = self.url, "subscription confirmed");
        self.progress.lock().ids = ids;
        self.established.notify_one();
    }

    fn deliver(&self, notification: Notification) {
        self.progress.lock().last_message = Some(Instant::now());
        self.queue.push(notification);
    }

    fn ended(&self, reason: String) {
        let mut progress = self.progress.lock();
        // Once per outage: further attempts would only repeat it.
        let was_connected = !std::mem::take(&mut progress.ids).is_empty();
        if was_connected || progress.last_error.is_none() {
            tracing::warn!(endpoint = self.url, reason, "subscription lost");
        }
        progress.last_error = Some(reason);
    }
}

async fn stay_connected(config: SubscriptionConfig, origin: Origin, shared: Arc<Shared>) {
    let mut fruitless = 0;
    loop {
        let before = {
            let mut progress = shared.progress.lock();
            progress.connections += 1;
            progress.last_message
        };
        let reason = connection::run(&config, &origin, &shared).await;
        shared.ended(reason);
        // Only what was delivered counts: a node that accepts every connection and says nothing must not be hammered.
        let progressed = shared.progress.lock().last_message != before;
        fruitless = if progressed { 0 } else { fruitless + 1 };
        sleep(backoff(&config, fruitless, rand::random())).await;
    }
}

/// `jitter` is between 0 and 1.
fn backoff(config: &SubscriptionConfig, fruitless: u32, jitter: f64) -> Duration {
    let doubled = config.first_backoff.saturating_mul(1 << fruitless.saturating_sub(1).min(16));
    doubled.min(config.max_backoff).mul_f64(0.5 + jitter / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_doubles_up_to_the_longest() {
        let url = Url::parse("ws://me:hunter2@h/secretkey").unwrap();
        let config = SubscriptionConfig::new(url, "eth_subscribe", Value::Null);
        let pauses: Vec<u128> = (0..10).map(|n| backoff(&config, n, 1.0).as_millis()).collect();
        assert_eq!(pauses, [500, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
        assert_eq!(backoff(&config, u32::MAX, 0.0), config.max_backoff / 2);
        assert!(!format!("{config:?}").contains("secret"));
    }
}

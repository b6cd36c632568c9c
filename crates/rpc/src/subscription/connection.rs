//! One WebSocket connection of a subscription, from the handshake to its end.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::{
    Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use serde_json::json;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{
        Error, Message, client::IntoClientRequest as _, handshake::client::Request, protocol::WebSocketConfig,
    },
};

use super::{
    Notification, Shared, SubscriptionConfig,
    message::{self, Incoming},
};
use crate::{
    RpcError,
    redact::{Secrets, basic_auth, public_url},
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The only messages sent are small; a write that takes longer stands still.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
const BUFFER_BYTES: usize = 16 << 10;

/// Where and with what to connect.
pub(super) struct Origin {
    request: Request,
    secrets: Secrets,
}

impl Origin {
    /// Moves user name and password from the URL to a header.
    pub(super) fn new(config: &SubscriptionConfig) -> Result<Self, RpcError> {
        let wrong = |reason: &str| RpcError::Misconfigured {
            endpoint: public_url(&config.url),
            reason: reason.to_owned(),
        };
        if !matches!(config.url.scheme(), "ws" | "wss") || !config.url.has_host() {
            return Err(wrong("a subscription's url starts with ws:// or wss://"));
        }
        let mut headers = HeaderMap::new();
        if let Some(basic) = basic_auth(&config.url) {
            let value =
                HeaderValue::try_from(basic).map_err(|_| wrong("user name and password cannot be sent"))?;
            headers.insert(AUTHORIZATION, value);
        }
        headers.extend(config.headers.iter().cloned());
        let secrets = Secrets::of(&config.url, &headers);
        let mut request = without_credentials(&config.url)
            .as_str()
            .into_client_request()
            .map_err(|_| wrong("it cannot be the url of a websocket"))?;
        request.headers_mut().extend(headers);
        Ok(Self { request, secrets })
    }
}

fn without_credentials(url: &Url) -> Url {
    let mut url = url.clone();
    // Neither can fail on a URL with a host.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// Runs one connection to its end, which always comes, and says why it came.
pub(super) async fn run(config: &SubscriptionConfig, origin: &Origin, shared: &Shared) -> String {
    let reason = match timeout(config.connect_timeout, connect(config, origin)).await {
        Ok(Ok(socket)) => follow(config, socket, shared).await,
        Ok(Err(error)) => Ended::Broken(error),
        Err(_) => Ended::Because("the handshake took too long".to_owned()),
    };
    origin.secrets.clean(&match reason {
        Ended::Broken(error) => text_of(&error),
        Ended::Because(reason) => reason,
    })
}

enum Ended {
    Broken(Error),
    Because(String),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

/// Without what the server wrote into a refused handshake.
fn text_of(error: &Error) -> String {
    match error {
        Error::Http(response) => format!("the handshake was answered with HTTP {}", response.status()),
        other => other.to_string(),
    }
}

async fn connect(config: &SubscriptionConfig, origin: &Origin) -> Result<Socket, Error> {
    let limits = WebSocketConfig::default()
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(BUFFER_BYTES + config.max_message_bytes)
        .max_message_size(Some(config.max_message_bytes))
        .max_frame_size(Some(config.max_message_bytes));
    let (mut socket, _) = connect_async_with_config(origin.request.clone(), Some(limits), true).await?;
    for (topic, (method, params)) in config.topics().enumerate() {
        let id = message::request_id(topic);
        let subscribe = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        socket.send(Message::text(subscribe.to_string())).await?;
    }
    Ok(socket)
}

/// When which silence ends the connection.
struct Watch {
    /// Anything came, if only a pong.
    heard: Instant,
    /// A notification came, or the connection began.
    told: Instant,
    pinged: Instant,
}

async fn follow(config: &SubscriptionConfig, mut socket: Socket, shared: &Shared) -> Ended {
    let began = Instant::now();
    let mut watch = Watch { heard: began, told: began, pinged: began };
    let mut ids = vec![None; config.topics().count()];
    loop {
        // Whatever comes first: the next ping, or the end of one of the patiences.
        let ping = watch.pinged + config.ping_interval;
        let dead = watch.heard + config.ping_interval.mul_f64(2.5);
        let patience =
            if ids.iter().all(Option::is_some) { config.silence_timeout } else { config.connect_timeout };
        let silent = watch.told + patience;
        tokio::select! {
            message = socket.next() => {
                watch.heard = Instant::now();
                let text = match message {
                    Some(Ok(Message::Text(text))) => text,
                    Some(Ok(Message::Close(_))) | None => return Ended::Because("the node closed it".to_owned()),
                    // Pings are answered underneath.
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => return Ended::Broken(error),
                };
                match take(text.into(), &mut ids, shared) {
                    Ok(Heard::Notification) => watch.told = watch.heard,
                    Ok(Heard::Other) => {}
                    Err(reason) => return Ended::Because(reason),
                }
            }
            () = sleep_until(ping.min(dead).min(silent)) => {
                let now = Instant::now();
                if now >= dead {
                    return Ended::Because("the connection is dead: no pong".to_owned());
                }
                if now >= silent {
                    return Ended::Because(format!("nothing came for {patience:?}"));
                }
                watch.pinged = now;
                match timeout(SEND_TIMEOUT, socket.send(Message::Ping(Bytes::new()))).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return Ended::Broken(error),
                    Err(_) => return Ended::Because("the connection is dead: a ping does not leave".to_owned()),
                }
            }
        }
    }
}

#[derive(PartialEq, Eq)]
enum Heard {
    Notification,
    Other,
}

/// Takes one message in. Garbage ends the connection: who sends it cannot be trusted to send the rest.
fn take(text: Bytes, ids: &mut [Option<String>], shared: &Shared) -> Result<Heard, String> {
    let Ok(message) = std::str::from_utf8(&text) else { return Err("a message is not text".to_owned()) };
    match message::read(message, ids)? {
        Incoming::Confirmed { topic, id } => {
            ids[topic] = Some(id.to_owned());
            shared.confirmed(ids);
            Ok(Heard::Other)
        }
        Incoming::Refused { code, message } => {
            Err(format!("the node refused the subscription: {code}: {message}"))
        }
        Incoming::Notification { topic, result } => {
            shared.deliver(Notification { topic, result: text.slice(result) });
            Ok(Heard::Notification)
        }
        Incoming::Other => Ok(Heard::Other),
    }
}

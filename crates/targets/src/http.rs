//! One HTTP exchange with a receiver, bounded in time and size, over connection pools that all targets share.

use std::{error::Error as _, sync::OnceLock, time::Duration};

use chainbell_model::Reached;
use reqwest::{Client, Request, Response, StatusCode, header, redirect};
use tokio::time::{Instant, timeout_at};

use crate::{
    BuildError,
    guard::{AddressPolicy, GuardedResolver, Refused},
    retry::retry_after,
};

const USER_AGENT: &str = concat!("chainbell/", env!("CARGO_PKG_VERSION"));
/// A connection that does not stand by then is reported as such: the receiver cannot have seen the message.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Idle connections kept per host: enough for several targets on one host, each with its concurrency.
const MAX_IDLE_PER_HOST: usize = 256;
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How much of an answer's body is read. A longer one costs its connection, which is closed with the rest unread.
const MAX_BODY_BYTES: usize = 4 * 1024;
/// How much of an answer is kept in the attempt's record.
const EXCERPT_CHARS: usize = 200;

/// The connection pools, one per address policy, opened on first use. A pool opens no more connections than there are
/// sends at a time, which the targets' `concurrency` bounds, however many messages wait.
#[derive(Debug, Default)]
pub struct HttpClients {
    public: OnceLock<Client>,
    any: OnceLock<Client>,
}

impl HttpClients {
    /// The client that connects to what `policy` permits: HTTP/1.1 with keep-alive, no redirects, no proxy, no decompression.
    pub fn client(&self, policy: AddressPolicy) -> Result<Client, BuildError> {
        let slot = match policy {
            AddressPolicy::Public => &self.public,
            AddressPolicy::Any => &self.any,
        };
        if let Some(client) = slot.get() {
            return Ok(client.clone());
        }
        let client = open(policy).map_err(BuildError::Http)?;
        Ok(slot.get_or_init(|| client).clone())
    }
}

fn open(policy: AddressPolicy) -> reqwest::Result<Client> {
    // The process has one TLS provider; whoever comes second finds it installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(USER_AGENT)
        .dns_resolver(GuardedResolver(policy))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .no_gzip()
        .http1_only()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .build()
}

/// What a receiver answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    /// The first characters of the body, in one line.
    pub(crate) excerpt: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Without the URL.
    pub(crate) reason: String,
    pub(crate) reached: Reached,
}

/// Sends `request` and reads the answer, both within `timeout`. An answer whose body is late or broken is still an answer.
/// Texts of `secrets` are struck out of the excerpt: receivers like to echo what they got.
pub(crate) async fn exchange(
    client: &Client,
    request: Request,
    timeout: Duration,
    secrets: &[String],
) -> Result<Answer, Failure> {
    let deadline = Instant::now() + timeout;
    let mut response = match timeout_at(deadline, client.execute(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(failure(&error)),
        Err(_elapsed) => {
            return Err(Failure { reason: format!("no answer within {timeout:?}"), reached: Reached::Maybe });
        }
    };
    let wait = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = wait.and_then(|value| retry_after(value, jiff::Timestamp::now()));
    let mut body = Vec::new();
    // Late or broken bodies change nothing: the status has been told.
    let _ = timeout_at(deadline, read_start(&mut response, &mut body)).await;
    Ok(Answer { status: response.status(), retry_after, excerpt: excerpt(&body, secrets) })
}

/// Reads to the end where that is near, so that the connection can be used again.
async fn read_start(response: &mut Response, body: &mut Vec<u8>) -> reqwest::Result<()> {
    while let Some(chunk) = response.chunk().await? {
        let room = MAX_BODY_BYTES - body.len();
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if body.len() == MAX_BODY_BYTES {
            break;
        }
    }
    Ok(())
}

fn excerpt(body: &[u8], secrets: &[String]) -> String {
    let mut text = String::from_utf8_lossy(body).into_owned();
    for secret in secrets {
        text = text.replace(secret, "***");
    }
    let printable = text.chars().filter(|c| !c.is_control());
    printable.take(EXCERPT_CHARS).collect::<String>().trim().to_owned()
}

fn failure(error: &reqwest::Error) -> Failure {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        if let Some(refused) = deeper.downcast_ref::<Refused>() {
            return Failure { reason: refused.to_string(), reached: Reached::No };
        }
        cause = deeper;
    }
    if error.is_connect() {
        return Failure { reason: format!("could not connect: {cause}"), reached: Reached::No };
    }
    if error.is_builder() {
        return Failure { reason: "the url cannot be requested over HTTP".to_owned(), reached: Reached::No };
    }
    // Only the innermost cause is shown: the outermost one shows the URL.
    let cause = if error.source().is_none() { "the request failed".to_owned() } else { cause.to_string() };
    Failure { reason: format!("no answer: {cause}"), reached: Reached::Maybe }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_one_short_line_without_secrets() {
        let body = format!("\u{1b}[31mgot\r\n Bearer s3cret\0 {}", "é".repeat(4096));
        let excerpt = excerpt(body.as_bytes(), &["Bearer s3cret".to_owned()]);
        assert!(excerpt.starts_with("[31mgot *** éé"), "{excerpt}");
        assert!(excerpt.chars().count() <= EXCERPT_CHARS);
        assert_eq!(super::excerpt(b"\xff\xfe", &[]), "\u{fffd}\u{fffd}");
    }
}

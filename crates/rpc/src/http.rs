//! One HTTP request to one endpoint, with a bounded answer.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{
    Client, Method, Request, Response, StatusCode, Url,
    header::{self, HeaderMap, HeaderValue},
    redirect,
};

use crate::{
    envelope,
    error::{Blame, Failure, Next, RpcError},
    redact::{Secrets, basic_auth},
    refusal::refusal_with_status,
};

/// How much of an error page is read.
const MAX_ERROR_PAGE_BYTES: usize = 64 << 10;
/// How much memory an announced length is trusted with.
const MAX_RESERVED_BYTES: usize = 8 << 20;
const MAX_IDLE_CONNECTIONS: usize = 32;
/// Below the idle time-outs of common load balancers, so that they do not close under a request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Nobody waits longer because a header says so.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(300);

/// The client of a pool. Redirects are refused, because they would carry keys to other hosts; no proxy of the environment.
pub(crate) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(concat!("chainbell/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(MAX_IDLE_CONNECTIONS)
        .build()
}

/// Where requests go, and with what.
pub(crate) struct Address {
    url: Url,
    headers: HeaderMap,
    /// What error texts must not repeat.
    pub(crate) secrets: Secrets,
    /// Scheme, host and port.
    pub(crate) public: String,
}

impl Address {
    /// Moves user name and password from the URL to a header.
    pub(crate) fn new(
        url: &Url,
        extra: impl Iterator<Item = (header::HeaderName, HeaderValue)>,
    ) -> Result<Self, RpcError> {
        let public = crate::redact::public_url(url);
        let wrong =
            |reason: &str| RpcError::Misconfigured { endpoint: public.clone(), reason: reason.to_owned() };
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong("an endpoint's url starts with http:// or https://"));
        }
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if is_loopback(url) {
            // Compression costs both ends more than it saves on one machine.
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if let Some(basic) = basic_auth(url) {
            let value =
                HeaderValue::try_from(basic).map_err(|_| wrong("user name and password cannot be sent"))?;
            headers.insert(header::AUTHORIZATION, value);
        }
        for (name, mut value) in extra {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let secrets = Secrets::of(url, &headers);
        let mut url = url.clone();
        // Neither can fail on a URL with a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Ok(Self { url, headers, secrets, public })
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) struct Question<'a> {
    /// The method, of a batch the first one's.
    pub(crate) method: &'a str,
    /// The request body.
    pub(crate) body: Bytes,
}

/// Sends a question and reads the whole answer, which is text. The caller bounds the time.
pub(crate) async fn post(
    client: &Client,
    address: &Address,
    question: Question<'_>,
    max_bytes: usize,
) -> Result<Bytes, Failure> {
    let mut request = Request::new(Method::POST, address.url.clone());
    *request.headers_mut() = address.headers.clone();
    *request.body_mut() = Some(question.body.into());
    let mut response =
        client.execute(request).await.map_err(|error| broken(address, error, "the request failed"))?;
    if response.status() != StatusCode::OK {
        return Err(failed_status(address, question.method, response).await);
    }
    let body = read(&mut response, max_bytes)
        .await
        .map_err(|error| broken(address, error, "the answer broke off"))?
        .ok_or_else(|| too_large(max_bytes))?;
    match std::str::from_utf8(&body) {
        Ok(_) => Ok(body),
        Err(_) => Err(Failure::malformed(format!("{}: it is not text", address.public))),
    }
}

/// `None` when the body is larger than `max_bytes` after decompression.
async fn read(response: &mut Response, max_bytes: usize) -> Result<Option<Bytes>, reqwest::Error> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    if announced > max_bytes {
        return Ok(None);
    }
    let Some(first) = response.chunk().await? else { return Ok(Some(Bytes::new())) };
    if first.len() > max_bytes {
        return Ok(None);
    }
    // Most answers come in one piece, which is then used as it is.
    let Some(mut next) = response.chunk().await? else { return Ok(Some(first)) };
    let mut body = Vec::with_capacity(announced.min(MAX_RESERVED_BYTES).max(first.len() + next.len()));
    body.extend_from_slice(&first);
    loop {
        if next.len() > max_bytes - body.len() {
            return Ok(None);
        }
        body.extend_from_slice(&next);
        match response.chunk().await? {
            Some(chunk) => next = chunk,
            None => return Ok(Some(body.into())),
        }
    }
}

fn too_large(limit: usize) -> Failure {
    Failure { error: RpcError::ResponseTooLarge { limit }, blame: Blame::Nobody, next: Next::Elsewhere }
}

fn broken(address: &Address, error: reqwest::Error, what: &str) -> Failure {
    let error = error.without_url();
    let mut reason = format!("{}: {what}: {error}", address.public);
    // The cause ("connection refused") is only in the sources.
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        reason.push_str(": ");
        reason.push_str(&cause.to_string());
        source = cause.source();
    }
    Failure::unavailable(address.secrets.clean(&reason))
}

/// Some providers put a JSON-RPC error into the body of a failed request: its words are better than the status.
async fn failed_status(address: &Address, method: &str, mut response: Response) -> Failure {
    let status = response.status();
    let wait = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = wait.and_then(|value| retry_after(value, jiff::Timestamp::now()));
    if status == StatusCode::TOO_MANY_REQUESTS {
        return Failure::rate_limited(retry_after);
    }
    let page = read(&mut response, MAX_ERROR_PAGE_BYTES).await.ok().flatten().unwrap_or_default();
    let told = std::str::from_utf8(&page).ok().and_then(envelope::read_error);
    if let Some(failure) = told.and_then(|error| refusal_with_status(&error, status, method, address)) {
        return failure;
    }
    let unavailable = || {
        let reason = format!("{}: HTTP {status}", address.public);
        Failure {
            error: RpcError::Unavailable { reason, retry_after },
            ..Failure::unavailable(String::new())
        }
    };
    match status.as_u16() {
        413 => Failure { error: RpcError::RequestTooLarge, blame: Blame::Nobody, next: Next::Stop },
        503 if retry_after.is_some() => Failure { blame: Blame::Pause(retry_after), ..unavailable() },
        300..=399 => misconfigured(address, format!("HTTP {status}: redirects are not followed")),
        400 | 405 | 415 | 422 | 501 => {
            let error =
                RpcError::Node { code: i64::from(status.as_u16()), message: format!("HTTP {status}") };
            Failure { error, blame: Blame::Nobody, next: Next::Elsewhere }
        }
        401 | 403 | 404 => misconfigured(address, format!("HTTP {status}: check its url and key")),
        _ => unavailable(),
    }
}

fn misconfigured(address: &Address, reason: String) -> Failure {
    let error = RpcError::Misconfigured { endpoint: address.public.clone(), reason };
    Failure { error, blame: Blame::Endpoint, next: Next::Elsewhere }
}

/// Reads a `Retry-After` header (RFC 9110): seconds, or a date, of which the past means now.
pub(crate) fn retry_after(header: &str, now: jiff::Timestamp) -> Option<Duration> {
    let header = header.trim();
    let wait = if header.bytes().all(|byte| byte.is_ascii_digit()) {
        Duration::from_secs(header.parse().ok()?)
    } else {
        let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(header).ok()?;
        Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
    };
    Some(wait.min(LONGEST_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_or_date_and_bounded() {
        let now: jiff::Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let read = |header| retry_after(header, now);
        assert_eq!(read(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(read("Fri, 02 Jan 2026 03:04:15 GMT"), Some(Duration::from_secs(10)));
        assert_eq!(read("Fri, 02 Jan 2026 03:04:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("99999999"), Some(LONGEST_RETRY_AFTER));
        assert_eq!(read("soon"), None);
    }
}

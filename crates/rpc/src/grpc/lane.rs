//! The channel to one endpoint, which adds what its configuration says to every request.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use reqwest::{
    StatusCode, Url,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};
use tonic::{
    body::Body,
    codegen::{Service, http},
    transport::{Channel, ClientTlsConfig, Endpoint, Error},
};

use crate::{
    EndpointConfig, RpcError,
    redact::{basic_auth, public_url},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TCP_KEEPALIVE: Duration = Duration::from_secs(15);
/// A connection with requests on it that says nothing for both together is dead.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Answers share one connection: many that nobody reads for a moment must not stop the others.
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 64 << 20;

/// The way to one endpoint, connected when first used.
pub(super) struct Line {
    endpoint: Endpoint,
    headers: Arc<HeaderMap>,
    prefix: Option<Arc<str>>,
    channel: OnceLock<Channel>,
    max_response_bytes: usize,
    local: bool,
}

impl Line {
    pub(super) fn new(config: &EndpointConfig, max_response_bytes: usize) -> Result<Self, RpcError> {
        let public = public_url(&config.url);
        let wrong =
            |reason: &str| RpcError::Misconfigured { endpoint: public.clone(), reason: reason.to_owned() };
        if !matches!(config.url.scheme(), "http" | "https") || !config.url.has_host() {
            return Err(wrong("an endpoint's url starts with http:// or https://"));
        }
        if config.url.query().is_some() {
            return Err(wrong("gRPC knows no query in an endpoint's url: keys go into a header"));
        }
        let unusable = |_: Error| wrong("the endpoint's url cannot be used");
        let mut endpoint = Endpoint::from_shared(public.clone())
            .map_err(unusable)?
            .user_agent(concat!("chainbell/", env!("CARGO_PKG_VERSION")))
            .map_err(unusable)?
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_keepalive(Some(TCP_KEEPALIVE))
            .http2_keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW);
        if config.url.scheme() == "https" {
            let roots = ClientTlsConfig::new().with_webpki_roots();
            endpoint = endpoint.tls_config(roots).map_err(|_| wrong("TLS cannot be set up"))?;
        }
        let headers = headers(config).ok_or_else(|| wrong("user name and password cannot be sent"))?;
        Ok(Self {
            endpoint,
            headers: Arc::new(headers),
            prefix: prefix(&config.url),
            channel: OnceLock::new(),
            max_response_bytes,
            local: is_loopback(&config.url),
        })
    }

    /// Has to be called within a Tokio runtime.
    pub(super) fn lane(&self) -> Lane {
        Lane {
            channel: self.channel.get_or_init(|| self.endpoint.connect_lazy()).clone(),
            headers: self.headers.clone(),
            prefix: self.prefix.clone(),
            max_response_bytes: self.max_response_bytes,
            local: self.local,
        }
    }
}

fn headers(config: &EndpointConfig) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    if let Some(basic) = basic_auth(&config.url) {
        let mut value = HeaderValue::try_from(basic).ok()?;
        value.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, value);
    }
    for (name, value) in &config.headers {
        let mut value = value.clone();
        value.set_sensitive(true);
        headers.insert(name.clone(), value);
    }
    Some(headers)
}

fn prefix(url: &Url) -> Option<Arc<str>> {
    let path = url.path().trim_end_matches('/');
    (!path.is_empty()).then(|| path.into())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The channel to one endpoint, for a generated client. Cheap to clone.
#[derive(Clone)]
pub struct Lane {
    channel: Channel,
    headers: Arc<HeaderMap>,
    prefix: Option<Arc<str>>,
    max_response_bytes: usize,
    local: bool,
}

impl Lane {
    /// The most bytes of one message, which the client has to be told.
    pub fn max_response_bytes(&self) -> usize {
        self.max_response_bytes
    }

    /// On this machine compression costs both ends more than it saves.
    pub fn is_local(&self) -> bool {
        self.local
    }
}

impl Service<http::Request<Body>> for Lane {
    type Response = http::Response<Body>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.channel.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        for (name, value) in &*self.headers {
            request.headers_mut().insert(name.clone(), value.clone());
        }
        if let Some(prefix) = &self.prefix
            && let Ok(path) = format!("{prefix}{}", request.uri().path()).parse()
        {
            *request.uri_mut() = path;
        }
        let answer = self.channel.call(request);
        Box::pin(async move { answer.await.map(told_by_a_proxy) })
    }
}

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const RESOURCE_EXHAUSTED: HeaderValue = HeaderValue::from_static("8");

/// A gateway limits by HTTP status; without this it would look like an outage, and its `retry-after` would be lost.
fn told_by_a_proxy(mut response: http::Response<Body>) -> http::Response<Body> {
    let limited = response.status() == StatusCode::TOO_MANY_REQUESTS;
    if limited && !response.headers().contains_key(GRPC_STATUS) {
        response.headers_mut().insert(GRPC_STATUS, RESOURCE_EXHAUSTED);
    }
    response
}

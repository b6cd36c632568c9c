//! A gRPC server without a schema, that answers as its script says and remembers what it was asked.

use std::{
    future::{Ready, ready},
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    extract::{Request as HttpRequest, State},
    http::{HeaderMap, Response as HttpResponse},
};
use bytes::{Buf as _, BufMut as _};
use chainbell_rpc::{EndpointConfig, GrpcCall, GrpcPool, GrpcReply, Lane, PoolConfig, RpcError};
use reqwest::Url;
use tokio::{net::TcpListener, task::AbortHandle};
use tonic::{
    Request, Response, Status,
    body::Body,
    client::Grpc as Client,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::{Service, http::uri::PathAndQuery},
    server::Grpc as Server,
    service::Routes,
    transport::server::TcpIncoming,
};

pub(crate) const METHOD: &str = "Say";
const PATH: &str = "/test.Echo/Say";

/// What a node does with one request.
pub(crate) enum Act {
    /// A message.
    Say(&'static str),
    /// A message of so many bytes.
    Large(usize),
    /// A status.
    Fail(Status),
    /// What a proxy says, which knows no gRPC.
    Http(u16, &'static [(&'static str, &'static str)]),
    /// No answer, ever.
    Hang,
}

type Seen = Arc<Mutex<Vec<(String, HeaderMap)>>>;
type Script = Arc<dyn Fn(usize) -> Act + Send + Sync>;

/// The server; gone when dropped.
pub(crate) struct Node {
    pub(crate) url: Url,
    seen: Seen,
    task: AbortHandle,
}

impl Node {
    /// Starts a node; the script gets the number of the request, from 0.
    pub(crate) async fn start(script: impl Fn(usize) -> Act + Send + Sync + 'static) -> Self {
        let seen = Seen::default();
        let script: Script = Arc::new(script);
        let router = Router::new().fallback(answer).with_state((Arc::clone(&seen), script));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let server = tonic::transport::Server::builder()
            .add_routes(Routes::from(router))
            .serve_with_incoming(TcpIncoming::from(listener));
        let task = tokio::spawn(async move { server.await.unwrap() }).abort_handle();
        Self { url, seen, task }
    }

    /// A node that answers every call with `word`.
    pub(crate) async fn saying(word: &'static str) -> Self {
        Self::start(move |_| Act::Say(word)).await
    }

    /// A node that fails every call.
    pub(crate) async fn failing(status: fn() -> Status) -> Self {
        Self::start(move |_| Act::Fail(status())).await
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// The paths and headers of the requests.
    pub(crate) fn seen(&self) -> Vec<(String, HeaderMap)> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State((seen, script)): State<(Seen, Script)>, request: HttpRequest) -> HttpResponse<Body> {
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push((request.uri().path().to_owned(), request.headers().clone()));
        seen.len() - 1
    };
    let said = match script(number) {
        Act::Say(word) => Ok(word.as_bytes().to_vec()),
        Act::Large(bytes) => Ok(vec![b'x'; bytes]),
        Act::Fail(status) => Err(status),
        Act::Http(status, headers) => {
            let mut response = HttpResponse::builder().status(status);
            for (name, value) in headers {
                response = response.header(*name, *value);
            }
            return response.body(Body::empty()).unwrap();
        }
        Act::Hang => std::future::pending().await,
    };
    Server::new(Raw).unary(Said(Some(said)), request).await
}

/// Answers once.
struct Said(Option<Result<Vec<u8>, Status>>);

impl Service<Request<Vec<u8>>> for Said {
    type Response = Response<Vec<u8>>;
    type Error = Status;
    type Future = Ready<Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Vec<u8>>) -> Self::Future {
        ready(self.0.take().unwrap().map(Response::new))
    }
}

/// Messages are bytes.
#[derive(Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put_slice(&item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let length = from.remaining();
        Ok(Some(from.copy_to_bytes(length).to_vec()))
    }
}

/// The defaults with a short time-out, the nodes in the order of preference.
pub(crate) fn config(nodes: &[&Node]) -> PoolConfig {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoint =
        |(node, priority): (&&Node, u8)| EndpointConfig { priority, ..EndpointConfig::new(node.url.clone()) };
    let endpoints = nodes.iter().zip(0..).map(endpoint).collect();
    PoolConfig { timeout: Duration::from_millis(1_500), ..PoolConfig::new(endpoints) }
}

pub(crate) fn pool(nodes: &[&Node]) -> GrpcPool {
    GrpcPool::new(config(nodes)).unwrap()
}

/// One request over a lane.
pub(crate) async fn say(lane: Lane) -> Result<String, Status> {
    let limit = lane.max_response_bytes();
    let mut client = Client::new(lane).max_decoding_message_size(limit);
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let answer = client.unary(Request::new(Vec::new()), PathAndQuery::from_static(PATH), Raw).await?;
    Ok(String::from_utf8(answer.into_inner()).unwrap())
}

pub(crate) async fn ask(pool: &GrpcPool) -> Result<GrpcReply<String>, RpcError> {
    pool.call(GrpcCall::new(METHOD), say).await
}

/// The same for the word alone.
pub(crate) async fn word(pool: &GrpcPool) -> Result<String, RpcError> {
    ask(pool).await.map(|reply| reply.value)
}

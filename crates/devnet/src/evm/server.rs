//! The HTTP side of an endpoint: JSON-RPC on every path but `/devnet`, which takes commands.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, DefaultBodyLimit, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures_util::{FutureExt, future::BoxFuture};

use super::{
    connection::{Wire, WireListener},
    control,
    error::RpcError,
    fault::{Fault, Stage},
    replica::Endpoint,
    request::{Request, refusal},
    socket,
};

/// Geth's own limit.
const MAX_BODY_BYTES: usize = 5 * 1024 * 1024;

/// Serves until the endpoint is stopped. Boxed, because one of the commands it serves opens further endpoints.
pub(crate) fn serve(listener: WireListener, endpoint: Arc<Endpoint>) -> BoxFuture<'static, ()> {
    let stop = endpoint.stop.clone();
    let rpc = || get(socket::upgrade).post(answer);
    let router = Router::new()
        .route("/devnet", post(control::handle))
        .route("/", rpc())
        .route("/{*path}", rpc())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(endpoint);
    async move {
        let served = axum::serve(listener, router.into_make_service_with_connect_info::<Wire>())
            .with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "a simulated endpoint stopped serving");
        }
    }
    .boxed()
}

async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    body: Bytes,
) -> Response {
    endpoint.stats.lock().http_requests += 1;
    let request = match Request::parse(&body) {
        Ok(request) => request,
        Err(error) => return json(refusal(&error)),
    };
    let fault = endpoint.transport_fault(&request.methods());
    if let Some(refused) = instead_of_an_answer(&endpoint, &wire, fault.as_ref()).await {
        return refused;
    }
    let mut answer = endpoint.answer_all(&request);
    match fault {
        Some(Fault::Truncated) => wire.cut_body(answer.len() / 2),
        Some(Fault::InvalidJson) => answer.truncate(answer.len().saturating_sub(1)),
        _ => {}
    }
    json(answer)
}

impl Endpoint {
    /// The fault that strikes a whole message, if any.
    pub(crate) fn transport_fault(&self, methods: &[&str]) -> Option<Fault> {
        let fault = self.dice.lock().strike(Stage::Transport, methods).pop();
        self.stats.lock().faults += u64::from(fault.is_some());
        fault
    }

    fn answer_all(&self, request: &Request<'_>) -> Vec<u8> {
        let max_batch = self.network.chain.read().config().max_batch;
        let answer = request.answer(max_batch, |call, out| match &*call.method {
            "eth_subscribe" | "eth_unsubscribe" => Err(RpcError::new(-32601, "notifications not supported")),
            _ => self.answer(call, out),
        });
        self.stats.lock().bytes += answer.len() as u64;
        answer
    }
}

async fn instead_of_an_answer(endpoint: &Endpoint, wire: &Wire, fault: Option<&Fault>) -> Option<Response> {
    match fault? {
        Fault::RateLimited { retry_after } => {
            let refusal = (StatusCode::TOO_MANY_REQUESTS, "too many requests").into_response();
            return Some(match retry_after {
                Some(seconds) => ([(header::RETRY_AFTER, seconds.to_string())], refusal).into_response(),
                None => refusal,
            });
        }
        Fault::Status { code } => {
            let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            return Some((status, "the upstream node is not available").into_response());
        }
        Fault::Reset => {
            wire.reset();
            return Some(StatusCode::OK.into_response());
        }
        Fault::Hang => {
            endpoint.stop.cancelled().await;
            return Some(StatusCode::SERVICE_UNAVAILABLE.into_response());
        }
        Fault::Delay { millis } => tokio::time::sleep(Duration::from_millis(*millis)).await,
        _ => {}
    }
    None
}

fn json(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
}

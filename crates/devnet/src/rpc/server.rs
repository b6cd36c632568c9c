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
    Node,
    request::{Request, refusal},
    socket,
};
use crate::{
    connection::{Wire, WireListener},
    control,
    endpoint::{Endpoint, Port},
    fault::Fault,
};

/// Serves until the endpoint is stopped. Boxed, because one of the commands it serves opens further endpoints.
pub(crate) fn serve<C: Node>(listener: WireListener, endpoint: Arc<Endpoint<C>>) -> BoxFuture<'static, ()> {
    let stop = endpoint.port.stop.clone();
    let max_body_bytes = endpoint.network.chain.read().limits().max_body_bytes;
    let rpc = || get(socket::upgrade::<C>).post(answer::<C>);
    let router = Router::new()
        .route("/devnet", post(control::handle::<C>))
        .route("/", rpc())
        .route("/{*path}", rpc())
        .layer(DefaultBodyLimit::max(max_body_bytes))
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

async fn answer<C: Node>(
    State(endpoint): State<Arc<Endpoint<C>>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    body: Bytes,
) -> Response {
    endpoint.port.stats.lock().http_requests += 1;
    let request = match Request::parse(&body, C::MANNERS) {
        Ok(request) => request,
        Err(error) => return json(refusal(C::MANNERS, &error)),
    };
    let fault = endpoint.port.transport_fault(&request.methods());
    if let Some(refused) = instead_of_an_answer(&endpoint.port, &wire, fault.as_ref()).await {
        return refused;
    }
    let mut answer = answer_all(&endpoint, &request);
    match fault {
        Some(Fault::Truncated) => wire.cut_body(answer.len() / 2),
        Some(Fault::InvalidJson) => answer.truncate(answer.len().saturating_sub(1)),
        _ => {}
    }
    json(answer)
}

fn answer_all<C: Node>(endpoint: &Endpoint<C>, request: &Request<'_>) -> Vec<u8> {
    let max_batch = endpoint.network.chain.read().limits().max_batch;
    let answer = request.answer(C::MANNERS, max_batch, |call, out| {
        endpoint.port.stats.lock().count_call(&call.method);
        C::answer(endpoint, call, out)
    });
    endpoint.port.stats.lock().bytes += answer.len() as u64;
    answer
}

async fn instead_of_an_answer<P>(port: &Port<P>, wire: &Wire, fault: Option<&Fault>) -> Option<Response> {
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
            port.stop.cancelled().await;
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

//! The gRPC side of an endpoint, and `/devnet`, which takes commands.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::post,
};
use futures_util::{FutureExt as _, future::BoxFuture};
use sui_rpc::proto::sui::rpc::v2::{
    ledger_service_server::LedgerServiceServer, move_package_service_server::MovePackageServiceServer,
    subscription_service_server::SubscriptionServiceServer,
};
use tonic::{Status, codec::CompressionEncoding::Zstd, service::Routes};

use super::chain::Chain;
use crate::{
    connection::{Wire, WireListener},
    control, endpoint,
    fault::Fault,
};

type Endpoint = endpoint::Endpoint<Chain>;

/// The services of an endpoint.
#[derive(Clone)]
pub(crate) struct Node(pub(crate) Arc<Endpoint>);

/// Serves until the endpoint is stopped.
pub(crate) fn serve(listener: WireListener, endpoint: Arc<Endpoint>) -> BoxFuture<'static, ()> {
    let stop = endpoint.port.stop.clone();
    let node = Node(endpoint.clone());
    let ledger = LedgerServiceServer::new(node.clone()).accept_compressed(Zstd).send_compressed(Zstd);
    let packages = MovePackageServiceServer::new(node.clone()).accept_compressed(Zstd).send_compressed(Zstd);
    let pushes = SubscriptionServiceServer::new(node).accept_compressed(Zstd).send_compressed(Zstd);
    let services = Routes::new(ledger).add_service(packages).add_service(pushes).into_axum_router();
    let services = services.layer(middleware::from_fn_with_state(endpoint.clone(), strike));
    let commands = Router::new().route("/devnet", post(control::handle::<Chain>)).with_state(endpoint);
    let router = services.merge(commands);
    async move {
        let served = axum::serve(listener, router.into_make_service_with_connect_info::<Wire>())
            .with_graceful_shutdown(stop.cancelled_owned());
        if let Err(error) = served.await {
            tracing::error!(%error, "a simulated endpoint stopped serving");
        }
    }
    .boxed()
}

/// Counts a call, and lets it through unless a fault of the transport strikes.
async fn strike(
    State(endpoint): State<Arc<Endpoint>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
    next: Next,
) -> Response {
    if endpoint.port.stop.is_cancelled() {
        wire.reset();
        return StatusCode::OK.into_response();
    }
    let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    {
        let mut stats = endpoint.port.stats.lock();
        stats.http_requests += 1;
        stats.count_call(&method);
    }
    match endpoint.port.transport_fault(&[&method]) {
        Some(Fault::RateLimited { retry_after }) => {
            let mut status = Status::resource_exhausted("too many requests");
            if let Some(value) = retry_after.and_then(|seconds| seconds.to_string().parse().ok()) {
                status.metadata_mut().insert("retry-after", value);
            }
            status.into_http()
        }
        Some(Fault::Status { code }) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, "the upstream node is not available").into_response()
        }
        Some(Fault::Reset) => {
            wire.reset();
            StatusCode::OK.into_response()
        }
        Some(Fault::Hang) => {
            endpoint.port.stop.cancelled().await;
            Status::unavailable("the node is shutting down").into_http()
        }
        // A message of eight bytes that ends after three, and one that is no message.
        Some(Fault::Truncated) => message(&[0, 0, 0, 0, 8, 1, 2, 3]),
        Some(Fault::InvalidJson) => message(&[0, 0, 0, 0, 3, 0xff, 0xff, 0xff]),
        Some(Fault::Delay { millis }) => {
            tokio::time::sleep(Duration::from_millis(millis)).await;
            next.run(request).await
        }
        _ => next.run(request).await,
    }
}

fn message(bytes: &'static [u8]) -> Response {
    ([(header::CONTENT_TYPE, "application/grpc")], Body::from(bytes)).into_response()
}

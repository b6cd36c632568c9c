//! Makes one gRPC call: picks an endpoint, hedges where it takes long, and goes on to the next one when it fails.

use std::pin::pin;

use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep, timeout};
use tonic::Status;

use super::{GrpcPool, Lane, status};
use crate::{
    EndpointId, Hedging, RpcError,
    ask::Seat,
    error::{Failure, Next},
    trail::Trail,
};

/// How one call is made.
#[derive(Clone, Copy, Debug)]
pub struct GrpcCall {
    /// The method, or any other name under which times and missing methods are remembered.
    pub method: &'static str,
    /// Prefer any other endpoint, but use this one where it is the only one.
    pub avoid: Option<EndpointId>,
    /// Whether it may be sent to two endpoints at once.
    pub hedging: Hedging,
}

impl GrpcCall {
    /// A call that any endpoint may answer.
    pub fn new(method: &'static str) -> Self {
        Self { method, avoid: None, hedging: Hedging::Allowed }
    }

    /// The same call, preferring other endpoints than `endpoint`.
    #[must_use]
    pub fn avoiding(self, endpoint: Option<EndpointId>) -> Self {
        Self { avoid: endpoint, ..self }
    }

    /// The same call, never sent to two endpoints at once.
    #[must_use]
    pub fn without_hedging(self) -> Self {
        Self { hedging: Hedging::Off, ..self }
    }
}

/// An answer and who gave it.
#[derive(Clone, Debug)]
pub struct GrpcReply<T> {
    /// Who gave it.
    pub endpoint: EndpointId,
    /// The answer.
    pub value: T,
}

impl GrpcPool {
    /// Asks endpoints until one answers usefully. `ask` makes the request with a generated client over the lane it gets; a
    /// stream counts as answered when it is open, and its end is told with [`GrpcPool::report_broken`].
    ///
    /// # Errors
    /// When none did; of their failures, the one that helps the caller most. The code of [`RpcError::Node`] is the gRPC
    /// status. Dropping the future is safe at any time. Has to be called within a Tokio runtime.
    pub async fn call<T, F>(&self, call: GrpcCall, ask: impl Fn(Lane) -> F) -> Result<GrpcReply<T>, RpcError>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let shared = &*self.pool.0;
        let mut trail = shared.trail(call.method, call.avoid);
        loop {
            let seat = shared.pick(&mut trail, 1).await?;
            match self.ask_hedged(seat, call, &trail, &ask).await {
                Ok(reply) => return Ok(reply),
                Err(failures) => {
                    for (seat, failure) in failures {
                        trail.failed(seat.index, failure)?;
                    }
                }
            }
        }
    }

    /// Asks exactly this endpoint, once, whatever its state: for checks of the configuration.
    ///
    /// # Errors
    /// What the endpoint did wrong.
    pub async fn call_on<T, F>(
        &self,
        endpoint: EndpointId,
        method: &'static str,
        ask: impl Fn(Lane) -> F,
    ) -> Result<T, RpcError>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let seat = self.pool.0.seat_on(endpoint).await?;
        let reply = self.exchange(seat, method, &ask).await;
        reply.map(|reply| reply.value).map_err(|failure| failure.error)
    }

    /// Asks a second endpoint when the first is silent for longer than usual; the first useful answer wins, the other
    /// request is dropped.
    async fn ask_hedged<T, F>(
        &self,
        seat: Seat,
        call: GrpcCall,
        trail: &Trail<'_>,
        ask: &impl Fn(Lane) -> F,
    ) -> Result<GrpcReply<T>, Vec<(Seat, Failure)>>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let shared = &*self.pool.0;
        let first = pin!(self.exchange(seat, call.method, ask));
        let Some(delay) = shared.hedge_delay(seat, call.method, call.hedging) else {
            return first.await.map_err(|failure| vec![(seat, failure)]);
        };
        let first = match select(first, pin!(sleep(delay))).await {
            Either::Left((answer, _)) => return answer.map_err(|failure| vec![(seat, failure)]),
            Either::Right(((), first)) => first,
        };
        let Some(spare) = shared.spare(seat, trail) else {
            return first.await.map_err(|failure| vec![(seat, failure)]);
        };
        let second = pin!(self.exchange(spare, call.method, ask));
        let (answer, answered, other, pending) = match select(first, second).await {
            Either::Left((answer, second)) => (answer, seat, spare, second),
            Either::Right((answer, first)) => (answer, spare, seat, first),
        };
        match answer {
            Ok(reply) => {
                shared.outrun(other, call.method);
                Ok(reply)
            }
            Err(failure) if failure.next == Next::Stop => Err(vec![(answered, failure)]),
            Err(failure) => pending.await.map_err(|last| vec![(answered, failure), (other, last)]),
        }
    }

    /// One request to one endpoint, with the books of it.
    async fn exchange<T, F>(
        &self,
        seat: Seat,
        method: &str,
        ask: &impl Fn(Lane) -> F,
    ) -> Result<GrpcReply<T>, Failure>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let shared = &*self.pool.0;
        let endpoint = &shared.endpoints[seat.index];
        let answer = timeout(shared.timeout, ask(self.lines[seat.index].lane())).await;
        let answer = answer.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")));
        let now = Instant::now();
        match answer {
            Ok(value) => {
                endpoint.answered(method, now - seat.started, now);
                Ok(GrpcReply { endpoint: EndpointId(seat.index), value })
            }
            Err(status) => {
                let limit = shared.max_response_bytes;
                let failure = status::failure(&status, method, &endpoint.address, shared.timeout, limit);
                Err(endpoint.failed(method, failure, now))
            }
        }
    }

    pub(super) fn broken(&self, endpoint: EndpointId, method: &str, status: &Status) -> RpcError {
        let shared = &*self.pool.0;
        let Some(endpoint) = shared.endpoints.get(endpoint.0) else {
            return RpcError::Unavailable { reason: "no such endpoint".to_owned(), retry_after: None };
        };
        let limit = shared.max_response_bytes;
        let failure = status::failure(status, method, &endpoint.address, shared.timeout, limit);
        endpoint.failed(method, failure, Instant::now()).error
    }
}

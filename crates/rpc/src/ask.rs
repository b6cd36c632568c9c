//! Asks one question: picks an endpoint, hedges where it takes long, and goes on to the next one when it fails.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::{
    Call, EndpointId, Hedging, Pool, Reply, RpcError,
    call::encode,
    choose::{Candidate, Choice, Obstacle, choose},
    endpoint::{Admission, Endpoint},
    envelope::{self, Content},
    error::{Blame, Failure, Next},
    http::{self, Question},
    pool::Shared,
    refusal::refusal,
    trail::Trail,
};

/// A hedge earlier than this would only double the load.
const MIN_HEDGE_DELAY: Duration = Duration::from_millis(50);
/// A probe goes to an endpoint that just failed: the caller does not wait for it as for others.
const PROBE_HEDGE_DELAY: Duration = Duration::from_millis(250);

/// The right to ask one endpoint now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub(crate) index: usize,
    admission: Admission,
    pub(crate) started: Instant,
}

impl Pool {
    /// Makes one call: asks endpoints until one answers usefully.
    ///
    /// # Errors
    /// When none did; of their failures, the one that helps the caller most. Dropping the future is safe at any time.
    pub async fn call(&self, call: &Call<'_>) -> Result<Reply, RpcError> {
        let shared = &*self.0;
        let id = shared.take_ids(1);
        let question = Question { method: call.method, body: encode(id, call) };
        let mut trail = shared.trail(call.method, call.avoid);
        loop {
            let seat = shared.pick(&mut trail, 1).await?;
            let answer = match shared.hedge_delay(seat, call.method, call.hedging) {
                Some(delay) => shared.ask_hedged(seat, delay, &question, id, &trail).await,
                None => shared.ask(seat, &question, id).await.map_err(|failure| vec![(seat, failure)]),
            };
            match answer {
                Ok(reply) => return Ok(reply),
                Err(failures) => {
                    for (seat, failure) in failures {
                        trail.failed(seat.index, failure)?;
                    }
                }
            }
        }
    }

    /// Makes one call to exactly this endpoint, once, whatever its state: for checks of the configuration.
    ///
    /// # Errors
    /// What the endpoint did wrong.
    pub async fn call_on(&self, endpoint: EndpointId, call: &Call<'_>) -> Result<Reply, RpcError> {
        let shared = &*self.0;
        let seat = shared.seat_on(endpoint).await?;
        shared.ask_once(seat, call).await.map_err(|failure| failure.error)
    }
}

impl Shared {
    pub(crate) fn trail<'a>(&self, method: &'a str, avoid: Option<EndpointId>) -> Trail<'a> {
        Trail::new(method, avoid, self.max_attempts, Instant::now() + self.timeout)
    }

    /// Waits for the right to send one call to exactly this endpoint, whatever its state.
    ///
    /// # Errors
    /// There is no such endpoint.
    pub(crate) async fn seat_on(&self, endpoint: EndpointId) -> Result<Seat, RpcError> {
        let unknown = || RpcError::Unavailable { reason: "no such endpoint".to_owned(), retry_after: None };
        let target = self.endpoints.get(endpoint.0).ok_or_else(unknown)?;
        let departure = target.budget.as_ref().map(|budget| budget.reserve(1, Instant::now()));
        sleep_until(departure.unwrap_or_else(Instant::now)).await;
        Ok(Seat { index: endpoint.0, admission: target.admit_always(), started: Instant::now() })
    }

    /// Waits for the right to send `calls` calls to the best endpoint there is.
    ///
    /// # Errors
    /// None can be asked within the call's patience.
    pub(crate) async fn pick(&self, trail: &mut Trail<'_>, calls: usize) -> Result<Seat, RpcError> {
        loop {
            let now = Instant::now();
            match choose(&self.candidates(trail, now), self.max_lag, now) {
                Choice::Ask(index) => {
                    if trail.tried(index) {
                        sleep(trail.backoff()).await;
                    }
                    if let Some(seat) = self.take_seat(index, calls, trail).await? {
                        return Ok(seat);
                    }
                }
                Choice::Wait { at, .. } if at <= trail.patience => sleep_until(at).await,
                Choice::Wait { at, why } => {
                    let wait = Some(at.saturating_duration_since(now));
                    let limited = RpcError::RateLimited { retry_after: wait };
                    return Err(trail.give_up((why == Obstacle::Paused).then_some(limited), wait));
                }
                Choice::Nobody => return Err(trail.give_up(None, None)),
            }
        }
    }

    fn candidates(&self, trail: &Trail<'_>, now: Instant) -> Vec<Candidate> {
        let candidate = |(index, endpoint): (usize, &Endpoint)| Candidate {
            index,
            priority: endpoint.priority,
            standing: endpoint.standing(trail.method, now),
            avoided: trail.avoids(index),
            tried: trail.tried(index),
            spent: trail.spent(index),
        };
        self.endpoints.iter().enumerate().map(candidate).collect()
    }

    /// `None` when the endpoint may not be asked any more.
    async fn take_seat(
        &self,
        index: usize,
        calls: usize,
        trail: &mut Trail<'_>,
    ) -> Result<Option<Seat>, RpcError> {
        let endpoint = &self.endpoints[index];
        if let Some(budget) = &endpoint.budget {
            let now = Instant::now();
            let departure = budget.next_departure(now);
            if departure > trail.patience {
                let wait = Some(departure.saturating_duration_since(now));
                return Err(trail.give_up(Some(RpcError::RateLimited { retry_after: wait }), wait));
            }
            sleep_until(budget.reserve(calls.min(endpoint.batch_limit()), now)).await;
        }
        let started = Instant::now();
        // A probe that is dropped without a word is lost after this.
        let patience = self.timeout + Duration::from_secs(1);
        Ok(endpoint.admit(started, patience).map(|admission| Seat { index, admission, started }))
    }

    /// Sends one question to one endpoint and keeps the books of it.
    pub(crate) async fn exchange<T>(
        &self,
        seat: Seat,
        question: &Question<'_>,
        read: impl FnOnce(&Endpoint, Bytes) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let endpoint = &self.endpoints[seat.index];
        let post = http::post(&self.client, &endpoint.address, question.clone(), self.max_response_bytes);
        let answer = match timeout(self.timeout, post).await {
            Ok(answer) => answer.and_then(|body| read(endpoint, body)),
            Err(_) => {
                let error = RpcError::Timeout { after: self.timeout };
                Err(Failure { error, blame: Blame::Endpoint, next: Next::Elsewhere })
            }
        };
        let now = Instant::now();
        match answer {
            Ok(value) => {
                endpoint.answered(question.method, now - seat.started, now);
                Ok(value)
            }
            Err(failure) => Err(endpoint.failed(question.method, failure, now)),
        }
    }

    /// Makes one call to one endpoint.
    pub(crate) async fn ask_once(&self, seat: Seat, call: &Call<'_>) -> Result<Reply, Failure> {
        let id = self.take_ids(1);
        self.ask(seat, &Question { method: call.method, body: encode(id, call) }, id).await
    }

    async fn ask(&self, seat: Seat, question: &Question<'_>, id: u64) -> Result<Reply, Failure> {
        let read = |endpoint: &Endpoint, body: Bytes| {
            let address = &endpoint.address;
            let text = std::str::from_utf8(&body).unwrap_or_default();
            match envelope::read_single(text, id) {
                Ok(Content::Result(range)) => Ok(Reply::new(EndpointId(seat.index), body.slice(range))),
                Ok(Content::Error(error)) => Err(refusal(&error, question.method, address)),
                Err(reason) => Err(Failure::malformed(format!("{}: {reason}", address.public))),
            }
        };
        self.exchange(seat, question, read).await
    }

    /// How long to wait for the first endpoint before a second is asked; `None` where none may be.
    pub(crate) fn hedge_delay(&self, seat: Seat, method: &str, hedging: Hedging) -> Option<Duration> {
        if !self.hedge || hedging == Hedging::Off || self.endpoints.len() < 2 {
            return None;
        }
        match seat.admission {
            Admission::Probe => Some(PROBE_HEDGE_DELAY),
            Admission::Regular => Some(self.endpoints[seat.index].usual_time(method)?.max(MIN_HEDGE_DELAY)),
        }
    }

    /// Asks a second endpoint when the first is silent for `delay`; the first useful answer wins, the other request is dropped.
    async fn ask_hedged(
        &self,
        seat: Seat,
        delay: Duration,
        question: &Question<'_>,
        id: u64,
        trail: &Trail<'_>,
    ) -> Result<Reply, Vec<(Seat, Failure)>> {
        let first = pin!(self.ask(seat, question, id));
        let first = match select(first, pin!(sleep(delay))).await {
            Either::Left((answer, _)) => return answer.map_err(|failure| vec![(seat, failure)]),
            Either::Right(((), first)) => first,
        };
        let Some(spare) = self.spare(seat, trail) else {
            return first.await.map_err(|failure| vec![(seat, failure)]);
        };
        let second = pin!(self.ask(spare, question, id));
        let (answer, answered, other, pending) = match select(first, second).await {
            Either::Left((answer, second)) => (answer, seat, spare, second),
            Either::Right((answer, first)) => (answer, spare, seat, first),
        };
        match answer {
            Ok(reply) => {
                self.outrun(other, question.method);
                Ok(reply)
            }
            Err(failure) if failure.next == Next::Stop => Err(vec![(answered, failure)]),
            Err(failure) => pending.await.map_err(|last| vec![(answered, failure), (other, last)]),
        }
    }

    /// The request of this seat is dropped, because another endpoint was quicker.
    pub(crate) fn outrun(&self, seat: Seat, method: &str) {
        let now = Instant::now();
        self.endpoints[seat.index].outrun(method, seat.admission, now - seat.started, now);
    }

    /// An endpoint for a hedged request: healthy, with budget, and not asked by this call before.
    pub(crate) fn spare(&self, seat: Seat, trail: &Trail<'_>) -> Option<Seat> {
        let now = Instant::now();
        let mut candidates = self.candidates(trail, now);
        candidates[seat.index].spent = true;
        let Choice::Ask(index) = choose(&candidates, self.max_lag, now) else { return None };
        let standing = &candidates[index].standing;
        if standing.departure > now || !standing.is_healthy() || candidates[index].tried {
            return None;
        }
        let endpoint = &self.endpoints[index];
        if let Some(budget) = &endpoint.budget {
            budget.reserve(1, now);
        }
        let admission = endpoint.admit(now, self.timeout)?;
        Some(Seat { index, admission, started: now })
    }
}

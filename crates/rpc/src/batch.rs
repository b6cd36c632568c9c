//! Makes several calls with few requests: JSON-RPC batches, as large as the endpoint takes them.

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;

use crate::{
    Call, EndpointId, Pool, Reply, RpcError,
    ask::Seat,
    call::encode_batch,
    endpoint::Endpoint,
    envelope::{self, BatchContent, Content, NodeError},
    error::{Blame, Failure, Next},
    http::Question,
    pool::Shared,
    refusal::refusal,
    verdict::{Verdict, known_verdict},
};

/// Under this name the books are kept: batches take longer than their methods alone.
const BATCH: &str = "batch";
/// How many calls are under way at once where an endpoint takes no batches.
const SINGLE_CALLS: usize = 8;

type Answer = Result<Reply, RpcError>;

/// What one request achieved.
enum Round {
    /// For each call sent: its final answer, or what went wrong.
    Parts(Vec<Result<Answer, Failure>>),
    /// The endpoint takes at the most so many, now and later.
    TooMany(usize),
    /// The answer was too large; with so many calls it may not be.
    TooMuch(usize),
}

impl Pool {
    /// Makes many calls, in requests of at most [`crate::PoolConfig::max_batch`] and what the endpoint's rate and own limits
    /// allow; the answers are in the order of the calls, possibly of different endpoints. [`Call::avoid`] of the first call
    /// counts for all; batches are not hedged.
    ///
    /// # Errors
    /// When no call has an answer of its own. Else each has its own error.
    pub async fn batch(&self, calls: &[Call<'_>]) -> Result<Vec<Answer>, RpcError> {
        let mut answers = Vec::with_capacity(calls.len());
        let mut failed = None;
        for chunk in calls.chunks(self.0.max_batch) {
            match self.chunk(chunk).await {
                Ok(part) => answers.extend(part),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        match failed {
            Some(error) if answers.is_empty() => Err(error),
            Some(error) => {
                answers.resize_with(calls.len(), || Err(error.clone()));
                Ok(answers)
            }
            None => Ok(answers),
        }
    }

    async fn chunk(&self, calls: &[Call<'_>]) -> Result<Vec<Answer>, RpcError> {
        let mut answers: Vec<Option<Answer>> = vec![None; calls.len()];
        // Indices into `calls`, and how many of them go into one request.
        let mut pending: Vec<usize> = (0..calls.len()).collect();
        let mut most = usize::MAX;
        let mut trail = self.0.trail(BATCH, calls.first().and_then(|call| call.avoid));
        while !pending.is_empty() {
            let sent = pending.len().min(most);
            let seat = match self.0.pick(&mut trail, sent).await {
                Ok(seat) => seat,
                Err(error) => return finish(answers, error),
            };
            let sent = sent.min(self.0.endpoints[seat.index].batch_limit());
            if sent == 1 {
                // The seat is used, because it may be the one probe of the endpoint; then every call goes its own way.
                let first = pending[0];
                if let Ok(reply) = self.0.ask_once(seat, &calls[first]).await {
                    answers[first] = Some(Ok(reply));
                    pending.remove(0);
                }
                self.one_by_one(calls, &pending, &mut answers).await;
                break;
            }
            let round = self.0.round(seat, calls, &pending[..sent]).await;
            let failure = match round {
                Ok(Round::TooMany(fewer) | Round::TooMuch(fewer)) => {
                    most = fewer;
                    continue;
                }
                Ok(Round::Parts(parts)) => {
                    let before = pending.len();
                    let failure = settle(parts, &mut pending, &mut answers);
                    if pending.len() < before {
                        trail.progressed(Instant::now() + self.0.timeout);
                    }
                    failure
                }
                Err(failure) => Some(failure),
            };
            if let Some(failure) = failure
                && let Err(error) = trail.failed(seat.index, failure)
            {
                return finish(answers, error);
            }
        }
        finish(answers, RpcError::Malformed { reason: "the answer is missing".to_owned() })
    }

    async fn one_by_one(&self, calls: &[Call<'_>], pending: &[usize], answers: &mut [Option<Answer>]) {
        // Not an async closure: its future would be tied to the borrow of each index and could not be sent to another thread.
        let ask = |index: usize| async move { (index, self.call(&calls[index]).await) };
        let made = stream::iter(pending.iter().copied()).map(ask);
        let mut made = std::pin::pin!(made.buffer_unordered(SINGLE_CALLS));
        while let Some((index, answer)) = made.next().await {
            answers[index] = Some(answer);
        }
    }
}

impl Shared {
    /// Sends one batch.
    async fn round(&self, seat: Seat, calls: &[Call<'_>], sent: &[usize]) -> Result<Round, Failure> {
        let first_id = self.take_ids(sent.len() as u64);
        let body = encode_batch(first_id, sent.iter().map(|&index| &calls[index]));
        let question = Question { method: BATCH, body };
        let read = |endpoint: &Endpoint, body: Bytes| {
            let text = std::str::from_utf8(&body).unwrap_or_default();
            match envelope::read_batch(text, first_id, sent.len()) {
                Ok(BatchContent::Each(contents)) => {
                    let part = |(content, &index): (Option<Content>, &usize)| {
                        part(content, &calls[index], endpoint, seat, &body)
                    };
                    Ok(Round::Parts(contents.into_iter().zip(sent).map(part).collect()))
                }
                Ok(BatchContent::Refused(error)) => refused(&error, sent.len(), endpoint),
                Err(reason) => Err(Failure::malformed(format!("{}: {reason}", endpoint.address.public))),
            }
        };
        let round = match self.exchange(seat, &question, read).await {
            Err(failure) => fewer(failure, sent.len())?,
            Ok(round) => round,
        };
        let endpoint = &self.endpoints[seat.index];
        match &round {
            Round::TooMany(fewer) => endpoint.limit_batches(*fewer),
            Round::TooMuch(_) => {}
            Round::Parts(parts) => {
                // Providers count the calls of a batch: some of them may be answered and others limited.
                let limited = |part: &Result<Answer, Failure>| {
                    part.as_ref().err().is_some_and(|failure| matches!(failure.blame, Blame::Pause(_)))
                };
                if parts.iter().any(limited) {
                    endpoint.failed(BATCH, Failure::rate_limited(None), Instant::now());
                }
            }
        }
        Ok(round)
    }
}

/// One call's part of a batch.
fn part(
    content: Option<Content>,
    call: &Call<'_>,
    endpoint: &Endpoint,
    seat: Seat,
    body: &Bytes,
) -> Result<Answer, Failure> {
    match content {
        Some(Content::Result(range)) => Ok(Ok(Reply::new(EndpointId(seat.index), body.slice(range)))),
        Some(Content::Error(error)) => {
            let failure = refusal(&error, call.method, &endpoint.address);
            if failure.next == Next::Stop { Ok(Err(failure.error)) } else { Err(failure) }
        }
        None => Err(Failure::malformed(format!("{}: an answer is missing", endpoint.address.public))),
    }
}

/// One error for a whole batch mostly means that the endpoint does not like batches, or not of this size.
fn refused(error: &NodeError, sent: usize, endpoint: &Endpoint) -> Result<Round, Failure> {
    let verdict = known_verdict(error.code, &error.message);
    if matches!(verdict, Some(Verdict::RateLimited | Verdict::Overloaded)) {
        return Err(refusal(error, BATCH, &endpoint.address));
    }
    let text = error.message.to_ascii_lowercase();
    let of_size = ["limit", "size", "large", "many", "max", "exceed"].iter().any(|word| text.contains(word));
    Ok(Round::TooMany(if of_size { sent / 2 } else { 1 }))
}

/// Failures of a request that a smaller one may not meet.
fn fewer(failure: Failure, sent: usize) -> Result<Round, Failure> {
    match failure.error {
        RpcError::RequestTooLarge => Ok(Round::TooMany(sent / 2)),
        RpcError::ResponseTooLarge { .. } => Ok(Round::TooMuch(sent / 2)),
        RpcError::Node { .. } | RpcError::MethodMissing { .. } => Ok(Round::TooMany(1)),
        _ => Err(failure),
    }
}

/// Takes the final answers out of `pending`. Returns the most telling failure among the others, whose errors are kept as their
/// answers for the case that no other endpoint does better.
fn settle(
    parts: Vec<Result<Answer, Failure>>,
    pending: &mut Vec<usize>,
    answers: &mut [Option<Answer>],
) -> Option<Failure> {
    let rest = pending.split_off(parts.len());
    let sent = std::mem::replace(pending, rest);
    let mut worst: Option<Failure> = None;
    for (index, part) in sent.into_iter().zip(parts) {
        match part {
            Ok(answer) => answers[index] = Some(answer),
            Err(failure) => {
                answers[index] = Some(Err(failure.error.clone()));
                pending.push(index);
                if worst.as_ref().is_none_or(|worst| worst.error.rank() < failure.error.rank()) {
                    worst = Some(failure);
                }
            }
        }
    }
    worst
}

fn finish(answers: Vec<Option<Answer>>, error: RpcError) -> Result<Vec<Answer>, RpcError> {
    if answers.iter().all(Option::is_none) && !answers.is_empty() {
        return Err(error);
    }
    Ok(answers.into_iter().map(|answer| answer.unwrap_or_else(|| Err(error.clone()))).collect())
}

//! Turns a JSON-RPC error into what the pool does about it.

use reqwest::StatusCode;

use crate::{
    envelope::NodeError,
    error::{Blame, Failure, Next, RpcError},
    http::Address,
    verdict::{Verdict, known_verdict},
};

/// The failure that an error envelope is.
pub(crate) fn refusal(error: &NodeError, method: &str, address: &Address) -> Failure {
    let verdict = known_verdict(error.code, &error.message).unwrap_or(Verdict::Request);
    failure(verdict, error, method, address)
}

/// The same for the envelope in the body of a failed HTTP request: `None` where the status says more.
pub(crate) fn refusal_with_status(
    error: &NodeError,
    status: StatusCode,
    method: &str,
    address: &Address,
) -> Option<Failure> {
    // Some nodes answer a refused request with its HTTP status as well.
    let about_request = matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY);
    let verdict = known_verdict(error.code, &error.message).or(about_request.then_some(Verdict::Request))?;
    Some(failure(verdict, error, method, address))
}

fn failure(verdict: Verdict, error: &NodeError, method: &str, address: &Address) -> Failure {
    let message = address.secrets.clean(&error.message);
    match verdict {
        Verdict::Request => about_request(error.code, message, Next::Stop),
        Verdict::Elsewhere => about_request(error.code, message, Next::Elsewhere),
        Verdict::MethodMissing => Failure {
            error: RpcError::MethodMissing { method: method.to_owned() },
            blame: Blame::Method,
            next: Next::Elsewhere,
        },
        Verdict::RateLimited => Failure::rate_limited(None),
        Verdict::Overloaded => {
            Failure::unavailable(format!("{}: it answered {}: {message}", address.public, error.code))
        }
    }
}

fn about_request(code: i64, message: String, next: Next) -> Failure {
    Failure { error: RpcError::Node { code, message }, blame: Blame::Nobody, next }
}

//! What a gRPC status says about the request and about the endpoint.

use std::{error::Error, time::Duration};

use tonic::{Code, Status};

use crate::{
    error::{Blame, Failure, Next, RpcError},
    http::{Address, retry_after},
};

/// What `tonic` itself says of a message that is larger than the client allows, and others of their own limits.
const TOO_LARGE: [&str; 3] = ["message length too large", "size limit, of", "message larger than max"];

/// How a call to `address` failed. `timeout` and `limit` are those of the pool.
pub(super) fn failure(
    status: &Status,
    method: &str,
    address: &Address,
    timeout: Duration,
    limit: usize,
) -> Failure {
    let unavailable = || Failure::unavailable(format!("{}: {}", address.public, described(status, address)));
    if TOO_LARGE.iter().any(|text| status.message().contains(text)) {
        let error = RpcError::ResponseTooLarge { limit };
        return Failure { error, blame: Blame::Nobody, next: Next::Elsewhere };
    }
    match status.code() {
        Code::InvalidArgument | Code::AlreadyExists => refused(status, address, Next::Stop),
        // It lacks what another may have, or stands elsewhere.
        Code::NotFound | Code::OutOfRange | Code::FailedPrecondition => {
            refused(status, address, Next::Elsewhere)
        }
        Code::ResourceExhausted => Failure::rate_limited(wait(status)),
        Code::DeadlineExceeded => {
            let error = RpcError::Timeout { after: timeout };
            Failure { error, blame: Blame::Endpoint, next: Next::Elsewhere }
        }
        Code::Unimplemented => Failure {
            error: RpcError::MethodMissing { method: method.to_owned() },
            blame: Blame::Method,
            next: Next::Elsewhere,
        },
        Code::Unauthenticated | Code::PermissionDenied => {
            let reason = format!("{}: check its url and key", described(status, address));
            let error = RpcError::Misconfigured { endpoint: address.public.clone(), reason };
            Failure { error, blame: Blame::Endpoint, next: Next::Elsewhere }
        }
        Code::Unavailable if wait(status).is_some() => {
            Failure { blame: Blame::Pause(wait(status)), ..unavailable() }
        }
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::Aborted
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => unavailable(),
    }
}

fn refused(status: &Status, address: &Address, next: Next) -> Failure {
    let message = address.secrets.clean(status.message());
    let code = i64::from(i32::from(status.code()));
    Failure { error: RpcError::Node { code, message }, blame: Blame::Nobody, next }
}

/// The code, the text and the causes ("connection refused" is only there).
fn described(status: &Status, address: &Address) -> String {
    let mut text = format!("{:?}: {}", status.code(), status.message());
    let mut source = status.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    address.secrets.clean(&text)
}

fn wait(status: &Status) -> Option<Duration> {
    let header = status.metadata().get("retry-after")?.to_str().ok()?;
    retry_after(header, jiff::Timestamp::now())
}

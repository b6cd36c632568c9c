//! Why a call has no answer, named by what the caller can do about it.

use std::time::Duration;

/// Why a call has no answer. Never holds a credential, and every text is bounded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// No endpoint answered: wait and repeat.
    #[error("no endpoint answered: {reason}")]
    Unavailable {
        /// The last failure.
        reason: String,
        /// When the first endpoint will be asked again.
        retry_after: Option<Duration>,
    },
    /// The endpoints, or the configured rate limits, ask us to wait.
    #[error("rate limited")]
    RateLimited {
        /// How long.
        retry_after: Option<Duration>,
    },
    /// The node refuses this request: change it. Where the refusal could also mean that this node lacks the data, the other
    /// endpoints have been asked before.
    #[error("the node answered {code}: {message}")]
    Node {
        /// The JSON-RPC error code.
        code: i64,
        /// The text, with the error's `data` appended where that is text too; at most 600 characters.
        message: String,
    },
    /// None of the endpoints that answered has this method: use another.
    #[error("the endpoints do not offer {method}")]
    MethodMissing {
        /// The method.
        method: String,
    },
    /// The answer is larger than allowed: ask for less.
    #[error("the response is larger than {limit} bytes")]
    ResponseTooLarge {
        /// The limit it broke.
        limit: usize,
    },
    /// The endpoint finds the request itself too large (HTTP 413): send less.
    #[error("the request is too large for the endpoint")]
    RequestTooLarge,
    /// No answer in time: ask for less, or repeat.
    #[error("no answer within {after:?}")]
    Timeout {
        /// The limit it broke.
        after: Duration,
    },
    /// What came back is not an answer to the request, or not of the expected shape.
    #[error("malformed answer: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// An endpoint's URL or key is wrong: tell the operator.
    #[error("{endpoint}: {reason}")]
    Misconfigured {
        /// Scheme, host and port.
        endpoint: String,
        /// What is wrong.
        reason: String,
    },
}

impl RpcError {
    /// Of several failures of one call, the one with the highest rank helps the caller most.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Node { .. } => 8,
            Self::RequestTooLarge => 7,
            Self::ResponseTooLarge { .. } => 6,
            Self::MethodMissing { .. } => 5,
            Self::Timeout { .. } => 4,
            Self::RateLimited { .. } => 3,
            Self::Malformed { .. } => 2,
            Self::Unavailable { .. } => 1,
            Self::Misconfigured { .. } => 0,
        }
    }
}

/// One endpoint did not answer usefully.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: RpcError,
    pub(crate) blame: Blame,
    pub(crate) next: Next,
}

/// What a failure says about the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    /// It is well.
    Nobody,
    /// It failed: towards its circuit breaker.
    Endpoint,
    /// It asks to be left alone for a while.
    Pause(Option<Duration>),
    /// It does not offer the method.
    Method,
}

/// What the call does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Return the error: every endpoint would say the same.
    Stop,
    /// Ask another endpoint, this one not again.
    Elsewhere,
    /// Ask another endpoint, or this one again when there is no other.
    Anywhere,
}

impl Failure {
    /// The connection or the server broke.
    pub(crate) fn unavailable(reason: String) -> Self {
        let error = RpcError::Unavailable { reason, retry_after: None };
        Self { error, blame: Blame::Endpoint, next: Next::Anywhere }
    }

    /// What came back is no answer.
    pub(crate) fn malformed(reason: impl Into<String>) -> Self {
        let error = RpcError::Malformed { reason: reason.into() };
        Self { error, blame: Blame::Endpoint, next: Next::Anywhere }
    }

    /// The endpoint asks for a pause.
    pub(crate) fn rate_limited(retry_after: Option<Duration>) -> Self {
        let error = RpcError::RateLimited { retry_after };
        Self { error, blame: Blame::Pause(retry_after), next: Next::Anywhere }
    }
}

//! JSON-RPC errors with geth's codes and texts.

use serde::{Deserialize, Serialize};

/// An error object of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RpcError {
    pub(crate) code: i64,
    pub(crate) message: String,
}

impl RpcError {
    pub(crate) fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(-32602, message)
    }

    pub(crate) fn missing_argument(index: usize) -> Self {
        Self::invalid_params(format!("missing value for required argument {index}"))
    }

    pub(crate) fn invalid_argument(index: usize, reason: &str) -> Self {
        Self::invalid_params(format!("invalid argument {index}: {reason}"))
    }

    pub(crate) fn unknown_method(method: &str) -> Self {
        Self::new(-32601, format!("the method {method} does not exist/is not available"))
    }

    pub(crate) fn unknown_block() -> Self {
        Self::new(-32000, "unknown block")
    }
}

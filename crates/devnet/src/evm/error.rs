//! Errors in geth's words.

use crate::rpc::RpcError;

impl RpcError {
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

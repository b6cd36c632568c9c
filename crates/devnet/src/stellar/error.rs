//! Errors in the words of Stellar RPC.

use serde_json::json;

use crate::rpc::RpcError;

const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;

impl RpcError {
    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(INVALID_REQUEST, message)
    }

    pub(crate) fn no_such_method(method: &str) -> Self {
        Self { data: Some(json!(method)), ..Self::new(METHOD_NOT_FOUND, "method not found") }
    }

    /// Parameters that are not of the right form. The reason stands beside the message.
    pub(crate) fn malformed_params(reason: impl Into<String>) -> Self {
        Self { data: Some(json!(reason.into())), ..Self::invalid_params("invalid parameters") }
    }
}

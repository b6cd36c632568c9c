//! Parameters: always an object, for they have names only.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::rpc::{Call, RpcError};

/// What a page of events is to hold.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct EventsRequest {
    pub(crate) start_ledger: u32,
    pub(crate) end_ledger: u32,
    pub(crate) filters: Option<Vec<RawFilter>>,
    pub(crate) pagination: Pagination,
    pub(crate) xdr_format: String,
}

/// One of the filters.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct RawFilter {
    pub(crate) r#type: String,
    pub(crate) contract_ids: Option<Vec<String>>,
    pub(crate) topics: Option<Vec<Vec<String>>>,
}

/// What a page of ledgers or transactions is to hold.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PageRequest {
    pub(crate) start_ledger: u32,
    pub(crate) pagination: Pagination,
    pub(crate) xdr_format: String,
}

/// Where a page begins, and how long it may be.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pagination {
    pub(crate) cursor: Option<String>,
    pub(crate) limit: Option<usize>,
}

impl Pagination {
    /// The cursor, unless it is empty.
    pub(crate) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref().filter(|text| !text.is_empty())
    }
}

/// A transaction asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct TransactionRequest {
    pub(crate) hash: String,
    pub(crate) xdr_format: String,
}

/// Entries asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct EntriesRequest {
    pub(crate) keys: Vec<String>,
    pub(crate) xdr_format: String,
}

/// Reads the parameters of a call; without any all have their defaults.
pub(crate) fn read<T: DeserializeOwned + Default>(call: &Call<'_>) -> Result<T, RpcError> {
    match call.params() {
        Value::Null => Ok(T::default()),
        object @ Value::Object(_) => {
            T::deserialize(object).map_err(|error| RpcError::malformed_params(error.to_string()))
        }
        _ => Err(RpcError::malformed_params("array parameters are not allowed")),
    }
}

/// Real servers write JSON as well.
pub(crate) fn check_format(format: &str) -> Result<(), RpcError> {
    match format {
        "" | "base64" => Ok(()),
        "json" => Err(RpcError::invalid_params("this simulated server does not offer xdrFormat 'json'")),
        _ => Err(RpcError::invalid_params("expected base64 or json for optional 'xdrFormat'")),
    }
}

//! Parameters of calls, and the configuration object that most calls end with.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::base58::{Base58, Signature};
use crate::rpc::{Call, RpcError};

/// How sure an answer must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Commitment {
    Processed,
    Confirmed,
    #[default]
    Finalized,
}

impl Commitment {
    /// Refuses what history is not kept of.
    pub(crate) fn at_least_confirmed(self) -> Result<Self, RpcError> {
        match self {
            Self::Processed => {
                Err(RpcError::invalid_params("Method does not support commitment below `confirmed`"))
            }
            enough => Ok(enough),
        }
    }
}

/// How transactions and accounts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) enum Encoding {
    #[serde(rename = "json")]
    Json,
    #[serde(rename = "jsonParsed")]
    JsonParsed,
    #[serde(rename = "base64")]
    Base64,
    #[serde(rename = "base58")]
    Base58,
    #[serde(rename = "binary")]
    Binary,
    #[serde(rename = "base64+zstd")]
    Base64Zstd,
}

/// What of a block's transactions is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Details {
    #[default]
    Full,
    Accounts,
    Signatures,
    None,
}

/// The configuration object. Each call looks at what it knows.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Options {
    pub(crate) commitment: Option<Commitment>,
    pub(crate) min_context_slot: Option<u64>,
    pub(crate) encoding: Option<Encoding>,
    pub(crate) transaction_details: Option<Details>,
    pub(crate) rewards: Option<bool>,
    pub(crate) max_supported_transaction_version: Option<u8>,
    pub(crate) before: Option<String>,
    pub(crate) until: Option<String>,
    pub(crate) limit: Option<usize>,
    pub(crate) search_transaction_history: bool,
    pub(crate) data_slice: Option<Slice>,
}

/// A part of an account's data.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Slice {
    pub(crate) offset: usize,
    pub(crate) length: usize,
}

impl Options {
    pub(crate) fn commitment(&self) -> Commitment {
        self.commitment.unwrap_or_default()
    }
}

/// A list of signatures is at most so long.
pub(crate) const MOST_SIGNATURES: usize = 1000;

impl Call<'_> {
    /// A parameter that must be there.
    pub(crate) fn required<T: DeserializeOwned>(&self, index: usize) -> Result<T, RpcError> {
        let value = self.param(index).ok_or_else(|| RpcError::too_few_params(index))?;
        T::deserialize(value).map_err(RpcError::wrong_param)
    }

    /// The configuration object at `index`. Where older nodes took a mere encoding, that is one too.
    pub(crate) fn options(&self, index: usize) -> Result<Options, RpcError> {
        match self.param(index) {
            None => Ok(Options::default()),
            Some(Value::String(encoding)) => {
                let encoding = Value::String(encoding.clone());
                let encoding = Encoding::deserialize(encoding).map_err(RpcError::wrong_param)?;
                Ok(Options { encoding: Some(encoding), ..Options::default() })
            }
            Some(object) => Options::deserialize(object).map_err(RpcError::wrong_param),
        }
    }

    /// A key or signature that must be there.
    pub(crate) fn base58<const N: usize>(&self, index: usize) -> Result<Base58<N>, RpcError> {
        let text: String = self.required(index)?;
        text.parse().map_err(RpcError::wrong_key)
    }
}

/// A signature, if there is a text.
pub(crate) fn signature(text: Option<&String>) -> Result<Option<Signature>, RpcError> {
    text.map(|text| text.parse().map_err(RpcError::wrong_key)).transpose()
}

//! Parameters of calls: hashes, and blocks by number or tag.

use alloy_primitives::B256;
use serde_json::Value;

use crate::rpc::{Call, RpcError};

impl Call<'_> {
    /// A hash that must be there.
    pub(crate) fn hash(&self, index: usize) -> Result<B256, RpcError> {
        let value = self.param(index).ok_or_else(|| RpcError::missing_argument(index))?;
        parse_hash(value).ok_or_else(|| {
            RpcError::invalid_argument(index, "hex string has length other than 64, want 64 for common.Hash")
        })
    }

    /// A block by number or tag that must be there.
    pub(crate) fn height(&self, index: usize) -> Result<HeightArg, RpcError> {
        let value = self.param(index).ok_or_else(|| RpcError::missing_argument(index))?;
        HeightArg::parse(value).map_err(|reason| RpcError::invalid_argument(index, reason))
    }
}

/// A block named by number or tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeightArg {
    Number(u64),
    Latest,
    Safe,
    Finalized,
    Earliest,
}

impl HeightArg {
    pub(crate) fn parse(value: &Value) -> Result<Self, &'static str> {
        let Value::String(text) = value else { return Err("json: cannot unmarshal into rpc.BlockNumber") };
        match text.as_str() {
            // Nothing is ever pending here: the next block is made in one piece.
            "latest" | "pending" => Ok(Self::Latest),
            "safe" => Ok(Self::Safe),
            "finalized" => Ok(Self::Finalized),
            "earliest" => Ok(Self::Earliest),
            text => match text.strip_prefix("0x") {
                None => Err("hex string without 0x prefix"),
                Some(digits) => {
                    u64::from_str_radix(digits, 16).map(Self::Number).map_err(|_| "invalid hex string")
                }
            },
        }
    }
}

/// A 32-byte hash in hex.
pub(crate) fn parse_hash(value: &Value) -> Option<B256> {
    let digits = value.as_str()?.strip_prefix("0x")?;
    const_hex::decode_to_array(digits).ok().map(B256::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_are_hex_numbers_or_tags() {
        let parse = |text: &str| HeightArg::parse(&Value::from(text));
        assert_eq!(parse("0x10"), Ok(HeightArg::Number(16)));
        assert_eq!(parse("pending"), Ok(HeightArg::Latest));
        assert!(parse("16").is_err());
        assert!(parse("0x").is_err());
        assert!(HeightArg::parse(&Value::from(16)).is_err());
    }
}

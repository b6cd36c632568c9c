//! Limits on `eth_getLogs` as public providers set them, with their codes and texts.

use serde::{Deserialize, Serialize};

use crate::rpc::RpcError;

/// What one query may ask for. `None` does not limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RangeLimits {
    /// The most blocks of one range.
    pub max_blocks: Option<u64>,
    /// The most logs of one answer.
    pub max_logs: Option<u64>,
    /// The most addresses of one filter.
    pub max_addresses: Option<usize>,
    /// Whose words the refusal uses.
    pub style: LimitStyle,
}

/// Whose words a refusal uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitStyle {
    /// -32005, with the range that would work.
    #[default]
    Infura,
    /// -32602, with the range that would work.
    Alchemy,
    /// -32614.
    QuickNode,
    /// -32062.
    Ankr,
    /// -32047.
    Cloudflare,
    /// -32000, as Avalanche's nodes say it.
    Avalanche,
    /// -32005, as BNB Smart Chain's public nodes say it.
    Bsc,
    /// Any code and text.
    Custom {
        /// The error code.
        code: i64,
        /// The text.
        message: String,
    },
}

impl RangeLimits {
    /// The refusal of a range of blocks that is too wide.
    pub(crate) fn too_wide(&self, from: u64, to: u64) -> Option<RpcError> {
        let max = self.max_blocks?;
        if to.saturating_sub(from) < max {
            return None;
        }
        let fitting = from.saturating_add(max.saturating_sub(1));
        Some(match &self.style {
            LimitStyle::Infura => RpcError::new(-32005, format!("query exceeds max block range {max}")),
            LimitStyle::Alchemy => alchemy(from, fitting),
            LimitStyle::QuickNode => {
                RpcError::new(-32614, format!("eth_getLogs is limited to a {max} range"))
            }
            LimitStyle::Ankr => RpcError::new(-32062, "Block range is too large"),
            LimitStyle::Cloudflare => RpcError::new(
                -32047,
                format!(
                    "Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: {max}"
                ),
            ),
            LimitStyle::Avalanche => RpcError::new(
                -32000,
                format!("requested too many blocks from {from} to {to}, maximum is set to {max}"),
            ),
            LimitStyle::Bsc => RpcError::new(-32005, format!("exceed maximum block range: {max}")),
            LimitStyle::Custom { code, message } => RpcError::new(*code, message.as_str()),
        })
    }

    /// The refusal of an answer with too many logs; `fitting` is the last block that would still fit.
    pub(crate) fn too_many(&self, from: u64, fitting: u64) -> RpcError {
        let max = self.max_logs.unwrap_or_default();
        match &self.style {
            LimitStyle::Infura => RpcError::new(
                -32005,
                format!(
                    "query returned more than {max} results. Try with this block range [{from:#x}, {fitting:#x}]."
                ),
            ),
            LimitStyle::Alchemy => alchemy(from, fitting),
            LimitStyle::QuickNode => {
                RpcError::new(-32614, format!("eth_getLogs is limited to {max} results"))
            }
            LimitStyle::Ankr => RpcError::new(-32062, "query returned too many results"),
            LimitStyle::Cloudflare => {
                RpcError::new(-32047, "Invalid eth_getLogs request. Too many results in the response")
            }
            LimitStyle::Avalanche => RpcError::new(-32000, "query returned more than the allowed results"),
            LimitStyle::Bsc => RpcError::new(-32005, "limit exceeded"),
            LimitStyle::Custom { code, message } => RpcError::new(*code, message.as_str()),
        }
    }
}

fn alchemy(from: u64, fitting: u64) -> RpcError {
    RpcError::new(
        -32602,
        format!(
            "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the \
             response size, or you can request any block range with a cap of 10K logs in the response. Based on your \
             parameters and the response size limit, this block range should work: [{from:#x}, {fitting:#x}]"
        ),
    )
}

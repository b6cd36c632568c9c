//! Errors in Agave's words.

use serde_json::json;

use super::base58::ParseError;
use crate::rpc::RpcError;

impl RpcError {
    pub(crate) fn cleaned_up(slot: u64, first: u64) -> Self {
        Self::new(
            -32001,
            format!("Block {slot} cleaned up, does not exist on node. First available block: {first}"),
        )
    }

    pub(crate) fn block_not_available(slot: u64) -> Self {
        Self::new(-32004, format!("Block not available for slot {slot}"))
    }

    pub(crate) fn behind(slots: u64) -> Self {
        let error = Self::new(-32005, format!("Node is behind by {slots} slots"));
        Self { data: Some(json!({ "numSlotsBehind": slots })), ..error }
    }

    pub(crate) fn slot_skipped(slot: u64) -> Self {
        let reason = "was skipped, or missing due to ledger jump to recent snapshot";
        Self::new(-32007, format!("Slot {slot} {reason}"))
    }

    pub(crate) fn archived_slot_skipped(slot: u64) -> Self {
        Self::new(-32009, format!("Slot {slot} was skipped, or missing in long-term storage"))
    }

    pub(crate) fn no_history() -> Self {
        Self::new(-32011, "Transaction history is not available from this node")
    }

    pub(crate) fn unsupported_version(version: u8) -> Self {
        Self::new(
            -32015,
            format!(
                "Transaction version ({version}) is not supported by the requesting client. Please try the request again \
                 with the following configuration parameter: \"maxSupportedTransactionVersion\": {version}"
            ),
        )
    }

    pub(crate) fn min_context_slot(slot: u64) -> Self {
        let error = Self::new(-32016, "Minimum context slot has not been reached");
        Self { data: Some(json!({ "contextSlot": slot })), ..error }
    }

    pub(crate) fn method_not_found() -> Self {
        Self::new(-32601, "Method not found")
    }

    pub(crate) fn too_few_params(index: usize) -> Self {
        Self::invalid_params(format!("`params` should have at least {} argument(s)", index + 1))
    }

    /// A parameter of the wrong type, in serde's words.
    pub(crate) fn wrong_param(reason: impl std::fmt::Display) -> Self {
        Self::invalid_params(format!("Invalid params: {reason}."))
    }

    pub(crate) fn wrong_key(error: ParseError) -> Self {
        Self::invalid_params(format!("Invalid param: {error:?}"))
    }
}

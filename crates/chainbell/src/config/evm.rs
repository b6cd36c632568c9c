//! The keys of a network whose chain is `evm`.

use std::{any::Any, sync::Arc, time::Duration};

use chainbell_model::{Dialect, Proof};
use serde_json::{Map, Value, json};

use super::{
    endpoint::{self, RpcSettings},
    network::{ChainKind, ChainSettings},
    secret::{SecretUrl, url},
    section::Section,
};

/// How to read an EVM network.
#[derive(Clone, Debug)]
pub struct EvmSettings {
    /// JSON-RPC over HTTP.
    pub rpc: RpcSettings,
    /// A WebSocket that tells of new heads at once.
    pub ws: Option<SecretUrl>,
    /// What `eth_chainId` must answer; unchecked when `None`.
    pub chain_id: Option<u64>,
    /// The pause between two looks at the head, with or without a WebSocket.
    pub poll_interval: Duration,
    /// How many blocks below the head count as confirmed where the node has no `safe` tag.
    pub confirmations: u64,
    /// How many blocks below the head count as final where the node has no `finalized` tag.
    pub finality_depth: u64,
    /// How many addresses one `eth_getLogs` filter names before the node is asked for all.
    pub max_filter_addresses: usize,
    /// How many requests one JSON-RPC batch holds.
    pub max_batch: usize,
    /// How many heights one `eth_getLogs` covers at the most.
    pub max_span: u64,
    /// How many blocks are read at once where whole blocks are needed.
    pub blocks_in_flight: usize,
    /// How a backfill below finality proves what it reads.
    pub backfill_proof: Proof,
}

impl ChainSettings for EvmSettings {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The chain `evm` as configuration knows it.
pub fn chain_kind(dialect: Arc<dyn Dialect>) -> ChainKind {
    ChainKind { name: "evm", dialect, description: "abi", describes_itself: false, read, schema }
}

const PROOFS: [(&str, Proof); 2] = [("sparse", Proof::Sparse), ("linked", Proof::Linked)];

fn read(section: &mut Section<'_>) -> Option<Arc<dyn ChainSettings>> {
    let rpc = RpcSettings::read(section);
    let ws = section.optional("ws").and_then(|item| url(&item, &["ws", "wss"]));
    let chain_id = section.optional("chain_id").and_then(|item| item.unsigned(1u64));
    let poll_interval = section.duration("poll_interval", Duration::from_millis(1500));
    let confirmations = section.unsigned("confirmations", 0, 12u64);
    let finality_depth = section.unsigned("finality_depth", 0, 64u64);
    if finality_depth < confirmations {
        section.report(format!(
            "finality_depth ({finality_depth}) must not be less than confirmations ({confirmations})"
        ));
    }
    let settings = EvmSettings {
        rpc: rpc?,
        ws,
        chain_id,
        poll_interval,
        confirmations,
        finality_depth,
        max_filter_addresses: usize::from(section.unsigned("max_filter_addresses", 1, 500u16)),
        max_batch: usize::from(section.unsigned("max_batch", 1, 100u16)),
        max_span: section.unsigned("max_span", 1, 100_000u64),
        blocks_in_flight: usize::from(section.unsigned("blocks_in_flight", 1, 8u16)),
        backfill_proof: section
            .optional("backfill_proof")
            .and_then(|item| item.choice(&PROOFS))
            .unwrap_or(Proof::Sparse),
    };
    Some(Arc::new(settings))
}

fn schema() -> Map<String, Value> {
    let properties = json!({
        "ws": { "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/secret" }], "description": "A WebSocket URL that tells of new heads at once; without one, heads are polled." },
        "chain_id": { "type": "integer", "minimum": 1, "description": "What the endpoints must answer to eth_chainId." },
        "poll_interval": { "$ref": "#/$defs/duration", "default": "1500ms", "description": "The pause between two looks at the head." },
        "confirmations": { "type": "integer", "minimum": 0, "default": 12, "description": "Blocks below the head that count as confirmed where the node has no safe tag." },
        "finality_depth": { "type": "integer", "minimum": 0, "default": 64, "description": "Blocks below the head that count as final where the node has no finalized tag." },
        "max_filter_addresses": { "type": "integer", "minimum": 1, "default": 500, "description": "Addresses in one eth_getLogs filter; with more, the logs of all addresses are read." },
        "max_batch": { "type": "integer", "minimum": 1, "default": 100, "description": "Requests in one JSON-RPC batch." },
        "max_span": { "type": "integer", "minimum": 1, "default": 100_000, "description": "Blocks that one eth_getLogs covers at the most; less where the node refuses it." },
        "blocks_in_flight": { "type": "integer", "minimum": 1, "default": 8, "description": "Blocks read at once where whole blocks are needed." },
        "backfill_proof": { "enum": ["sparse", "linked"], "default": "sparse", "description": "How a backfill below finality proves what it reads: the last header of each range, or every header and its bloom." }
    });
    endpoint::schema("JSON-RPC over HTTP", properties)
}

//! The keys of a network whose chain is `evm`.

use std::{any::Any, sync::Arc, time::Duration};

use chainbell_model::{Dialect, Proof};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::{
    item::Item,
    network::{ChainKind, ChainSettings},
    secret::{SecretUrl, url},
    section::Section,
};

/// How to read an EVM network.
#[derive(Clone, Debug)]
pub struct EvmSettings {
    /// JSON-RPC over HTTP, at least one.
    pub rpc: Vec<EndpointSettings>,
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
    /// How long one request may take.
    pub request_timeout: Duration,
    /// The largest answer that is read.
    pub max_response_bytes: u64,
}

/// One JSON-RPC endpoint.
#[derive(Clone, Debug)]
pub struct EndpointSettings {
    /// Where it is.
    pub url: SecretUrl,
    /// Endpoints with a smaller number are preferred.
    pub priority: u16,
    /// Requests per second at the most.
    pub rate_limit: Option<u32>,
    /// Sent with every request.
    pub headers: Vec<(String, SecretString)>,
}

impl ChainSettings for EvmSettings {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The chain `evm` as configuration knows it.
pub fn chain_kind(dialect: Arc<dyn Dialect>) -> ChainKind {
    ChainKind { name: "evm", dialect, read, schema }
}

const PROOFS: [(&str, Proof); 2] = [("sparse", Proof::Sparse), ("linked", Proof::Linked)];

fn read(section: &mut Section<'_>) -> Option<Arc<dyn ChainSettings>> {
    let rate_limit = section.optional("rate_limit").and_then(|item| item.unsigned::<u32>(1));
    let rpc = read_rpc(section, rate_limit);
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
        request_timeout: section.duration("request_timeout", Duration::from_secs(10)),
        max_response_bytes: section.size_bytes("max_response", 128 << 20),
    };
    Some(Arc::new(settings))
}

fn read_rpc(section: &mut Section<'_>, rate_limit: Option<u32>) -> Option<Vec<EndpointSettings>> {
    let items = section.required("rpc")?.one_or_many();
    if items.is_empty() {
        section.report("rpc needs at least one URL");
    }
    Some(items.into_iter().filter_map(|item| read_endpoint(item, rate_limit)).collect())
}

fn read_endpoint(item: Item<'_>, rate_limit: Option<u32>) -> Option<EndpointSettings> {
    if !item.is_table() {
        let url = url(&item, &["http", "https"])?;
        return Some(EndpointSettings { url, priority: 0, rate_limit, headers: Vec::new() });
    }
    let mut section = item.section()?;
    let endpoint = section.required("url").and_then(|item| url(&item, &["http", "https"]));
    let priority = section.unsigned("priority", 0, 0u16);
    let own_limit = section.optional("rate_limit").and_then(|item| item.unsigned::<u32>(1));
    let headers = section.optional("headers").and_then(Item::section).map(read_headers).unwrap_or_default();
    section.finish();
    Some(EndpointSettings { url: endpoint?, priority, rate_limit: own_limit.or(rate_limit), headers })
}

fn read_headers(section: Section<'_>) -> Vec<(String, SecretString)> {
    let mut headers = Vec::new();
    for (name, _, item) in section.entries() {
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            item.report("this is not the name of an HTTP header");
            continue;
        }
        headers.extend(item.secret().map(|value| (name.to_owned(), value)));
    }
    headers
}

fn schema() -> Map<String, Value> {
    let secret = json!({ "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/secret" }] });
    let endpoint = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["url"],
        "properties": {
            "url": { "anyOf": [{ "type": "string", "format": "uri" }, { "$ref": "#/$defs/secret" }], "description": "Where it is: http:// or https://." },
            "priority": { "type": "integer", "minimum": 0, "maximum": 65535, "default": 0, "description": "Endpoints with a smaller number are preferred." },
            "rate_limit": { "type": "integer", "minimum": 1, "description": "Requests per second at the most; the network's by default." },
            "headers": { "type": "object", "additionalProperties": secret, "description": "Sent with every request." }
        }
    });
    let one = json!({ "anyOf": [{ "type": "string", "format": "uri" }, endpoint] });
    let properties = json!({
        "rpc": { "anyOf": [one.clone(), { "type": "array", "minItems": 1, "items": one }], "description": "JSON-RPC over HTTP: a URL, a table, or a list of them." },
        "ws": { "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/secret" }], "description": "A WebSocket URL that tells of new heads at once; without one, heads are polled." },
        "chain_id": { "type": "integer", "minimum": 1, "description": "What the endpoints must answer to eth_chainId." },
        "poll_interval": { "$ref": "#/$defs/duration", "default": "1500ms", "description": "The pause between two looks at the head." },
        "confirmations": { "type": "integer", "minimum": 0, "default": 12, "description": "Blocks below the head that count as confirmed where the node has no safe tag." },
        "finality_depth": { "type": "integer", "minimum": 0, "default": 64, "description": "Blocks below the head that count as final where the node has no finalized tag." },
        "rate_limit": { "type": "integer", "minimum": 1, "description": "Requests per second to each endpoint at the most." },
        "max_filter_addresses": { "type": "integer", "minimum": 1, "default": 500, "description": "Addresses in one eth_getLogs filter; with more, the logs of all addresses are read." },
        "max_batch": { "type": "integer", "minimum": 1, "default": 100, "description": "Requests in one JSON-RPC batch." },
        "max_span": { "type": "integer", "minimum": 1, "default": 100_000, "description": "Blocks that one eth_getLogs covers at the most; less where the node refuses it." },
        "blocks_in_flight": { "type": "integer", "minimum": 1, "default": 8, "description": "Blocks read at once where whole blocks are needed." },
        "backfill_proof": { "enum": ["sparse", "linked"], "default": "sparse", "description": "How a backfill below finality proves what it reads: the last header of each range, or every header and its bloom." },
        "request_timeout": { "$ref": "#/$defs/duration", "default": "10s", "description": "How long one request may take." },
        "max_response": { "$ref": "#/$defs/size", "default": "128MiB", "description": "The largest answer that is read." }
    });
    match properties {
        Value::Object(properties) => properties,
        _ => Map::new(),
    }
}

//! The keys of a network whose chain is `solana`.

use std::{any::Any, sync::Arc, time::Duration};

use chainbell_model::Dialect;
use serde_json::{Map, Value, json};

use super::{
    endpoint::{self, RpcSettings},
    network::{ChainKind, ChainSettings},
    secret::{SecretUrl, url},
    section::Section,
};

/// How to read a Solana network.
#[derive(Clone, Debug)]
pub struct SolanaSettings {
    /// JSON-RPC over HTTP.
    pub rpc: RpcSettings,
    /// A WebSocket that tells of new transactions or slots at once.
    pub ws: Option<SecretUrl>,
    /// What `getGenesisHash` must answer; unchecked when `None`.
    pub genesis: Option<String>,
    /// By what it is read.
    pub mode: Mode,
    /// The most programs that are read by their histories unless `mode` says so.
    pub max_programs: usize,
    /// The pause between two looks at the head, with or without a WebSocket.
    pub poll_interval: Duration,
    /// How many requests one JSON-RPC batch holds.
    pub max_batch: usize,
    /// How many blocks are read at once.
    pub blocks_in_flight: usize,
}

/// By what a network is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As the monitors need it.
    #[default]
    Auto,
    /// By the histories of the programs watched.
    Programs,
    /// By whole blocks.
    Blocks,
}

impl ChainSettings for SolanaSettings {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The chain `solana` as configuration knows it.
pub fn chain_kind(dialect: Arc<dyn Dialect>) -> ChainKind {
    ChainKind { name: "solana", dialect, description: "idl", describes_itself: false, read, schema }
}

const MODES: [(&str, Mode); 3] =
    [("auto", Mode::Auto), ("programs", Mode::Programs), ("blocks", Mode::Blocks)];

fn read(section: &mut Section<'_>) -> Option<Arc<dyn ChainSettings>> {
    let rpc = RpcSettings::read(section);
    let settings = SolanaSettings {
        ws: section.optional("ws").and_then(|item| url(&item, &["ws", "wss"])),
        genesis: section.optional("genesis").and_then(|item| item.text()).map(|text| text.value.into()),
        mode: section.optional("mode").and_then(|item| item.choice(&MODES)).unwrap_or_default(),
        max_programs: usize::from(section.unsigned("max_programs", 1, 16u16)),
        poll_interval: section.duration("poll_interval", Duration::from_secs(1)),
        max_batch: usize::from(section.unsigned("max_batch", 1, 50u16)),
        blocks_in_flight: usize::from(section.unsigned("blocks_in_flight", 1, 6u16)),
        rpc: rpc?,
    };
    Some(Arc::new(settings))
}

fn schema() -> Map<String, Value> {
    let properties = json!({
        "ws": { "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/secret" }], "description": "A WebSocket URL that tells of new transactions or slots at once; without one, the head is polled." },
        "genesis": { "type": "string", "description": "What the endpoints must answer to getGenesisHash." },
        "mode": { "enum": MODES.map(|(word, _)| word), "default": "auto", "description": "By what it is read: the histories of the programs watched, whole blocks, or what the monitors need." },
        "max_programs": { "type": "integer", "minimum": 1, "default": 16, "description": "With more programs than this, mode auto reads whole blocks." },
        "poll_interval": { "$ref": "#/$defs/duration", "default": "1s", "description": "The pause between two looks at the head." },
        "max_batch": { "type": "integer", "minimum": 1, "default": 50, "description": "Requests in one JSON-RPC batch." },
        "blocks_in_flight": { "type": "integer", "minimum": 1, "default": 6, "description": "Blocks read at once." }
    });
    endpoint::schema("JSON-RPC over HTTP", properties)
}

//! The keys of a network whose chain is `sui`.

use std::{any::Any, sync::Arc, time::Duration};

use chainbell_model::Dialect;
use serde_json::{Map, Value, json};

use super::{
    endpoint::{self, RpcSettings},
    network::{ChainKind, ChainSettings},
    section::Section,
};

/// How to read a Sui network.
#[derive(Clone, Debug)]
pub struct SuiSettings {
    /// gRPC.
    pub rpc: RpcSettings,
    /// The chain id that the endpoints must tell; unchecked when `None`.
    pub chain_id: Option<String>,
    /// Whether the endpoints are asked to push checkpoints.
    pub subscribe: bool,
    /// The pause between two looks at the head while nothing is pushed.
    pub poll_interval: Duration,
    /// How many checkpoints are read at once.
    pub checkpoints_in_flight: usize,
}

impl ChainSettings for SuiSettings {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The chain `sui` as configuration knows it.
pub fn chain_kind(dialect: Arc<dyn Dialect>) -> ChainKind {
    ChainKind { name: "sui", dialect, description: "layout", describes_itself: true, read, schema }
}

fn read(section: &mut Section<'_>) -> Option<Arc<dyn ChainSettings>> {
    let rpc = RpcSettings::read(section);
    let settings = SuiSettings {
        chain_id: section.optional("chain_id").and_then(|item| item.text()).map(|text| text.value.into()),
        subscribe: section.boolean("subscribe", true),
        poll_interval: section.duration("poll_interval", Duration::from_secs(1)),
        checkpoints_in_flight: usize::from(section.unsigned("checkpoints_in_flight", 1, 16u16)),
        rpc: rpc?,
    };
    Some(Arc::new(settings))
}

fn schema() -> Map<String, Value> {
    let properties = json!({
        "chain_id": { "type": "string", "description": "The chain id that the endpoints must tell: the digest of the genesis checkpoint." },
        "subscribe": { "type": "boolean", "default": true, "description": "Whether the endpoints are asked to push checkpoints; otherwise they are polled." },
        "poll_interval": { "$ref": "#/$defs/duration", "default": "1s", "description": "The pause between two looks at the head." },
        "checkpoints_in_flight": { "type": "integer", "minimum": 1, "default": 16, "description": "Checkpoints read at once." }
    });
    endpoint::schema("gRPC", properties)
}

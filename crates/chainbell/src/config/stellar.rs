//! The keys of a network whose chain is `stellar`.

use std::{any::Any, sync::Arc, time::Duration};

use chainbell_model::Dialect;
use serde_json::{Map, Value, json};

use super::{
    endpoint::{self, RpcSettings},
    network::{ChainKind, ChainSettings},
    section::Section,
};

/// How to read a Stellar network.
#[derive(Clone, Debug)]
pub struct StellarSettings {
    /// The Stellar RPC: JSON-RPC over HTTP.
    pub rpc: RpcSettings,
    /// The network's passphrase; unchecked when `None`.
    pub passphrase: Option<String>,
    /// Whether events are compared with the ledgers themselves.
    pub verify: bool,
    /// The pause between two looks at the head.
    pub poll_interval: Duration,
}

impl ChainSettings for StellarSettings {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The chain `stellar` as configuration knows it.
pub fn chain_kind(dialect: Arc<dyn Dialect>) -> ChainKind {
    ChainKind { name: "stellar", dialect, description: "spec", describes_itself: true, read, schema }
}

fn read(section: &mut Section<'_>) -> Option<Arc<dyn ChainSettings>> {
    let rpc = RpcSettings::read(section);
    let settings = StellarSettings {
        passphrase: section.optional("passphrase").and_then(|item| item.text()).map(|text| text.value.into()),
        verify: section.boolean("verify", false),
        poll_interval: section.duration("poll_interval", Duration::from_secs(1)),
        rpc: rpc?,
    };
    Some(Arc::new(settings))
}

fn schema() -> Map<String, Value> {
    let properties = json!({
        "passphrase": { "type": "string", "description": "The network's passphrase, which the endpoints must tell." },
        "verify": { "type": "boolean", "default": false, "description": "Compare the events of each range with the ledgers themselves, for more and larger answers." },
        "poll_interval": { "$ref": "#/$defs/duration", "default": "1s", "description": "The pause between two looks at the head." }
    });
    endpoint::schema("The Stellar RPC, JSON-RPC over HTTP", properties)
}

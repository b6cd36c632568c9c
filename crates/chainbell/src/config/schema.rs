//! The JSON Schema of the configuration, for editors.

use chainbell_targets::Kind;
use serde_json::{Value, json};

use super::{ChainKind, contract, logging, monitor, network, set, storage, target};

/// The JSON Schema of the configuration, given the chains and the kinds of targets there are.
pub fn json_schema(chains: &[ChainKind], targets: &[&'static dyn Kind]) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Chainbell configuration",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "store": storage::schema(),
            "log": logging::schema(),
            "delivery": target::delivery_schema(),
            "networks": network::schema(chains),
            "contracts": contract::schema(chains),
            "sets": set::schema(),
            "targets": target::schema(targets),
            "monitors": monitor::schema()
        },
        "$defs": {
            "duration": {
                "type": "string",
                "pattern": "^([0-9]+ ?[a-z]+ ?)+$",
                "description": "A duration with its unit: 500ms, 30s, 5m, 2h."
            },
            "size": {
                "type": "string",
                "pattern": "^[0-9]+ ?(B|KB|MB|GB|KiB|MiB|GiB)$",
                "description": "A number of bytes with its unit: 10MiB."
            },
            "secret": {
                "description": "Text from the environment or from a file.",
                "oneOf": [
                    { "type": "object", "additionalProperties": false, "required": ["env"], "properties": { "env": { "type": "string", "description": "The name of an environment variable." } } },
                    { "type": "object", "additionalProperties": false, "required": ["file"], "properties": { "file": { "type": "string", "description": "The path of a file." } } }
                ]
            }
        }
    })
}

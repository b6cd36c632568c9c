//! The endpoints of a network: the keys that every chain's networks share.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::{
    item::Item,
    secret::{SecretUrl, url},
    section::Section,
};

/// How a network's endpoints are asked.
#[derive(Clone, Debug)]
pub struct RpcSettings {
    /// At least one.
    pub endpoints: Vec<EndpointSettings>,
    /// How long one request may take.
    pub request_timeout: Duration,
    /// The largest answer that is read.
    pub max_response_bytes: u64,
}

/// One endpoint.
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

impl RpcSettings {
    pub(super) fn read(section: &mut Section<'_>) -> Option<Self> {
        let rate_limit = section.optional("rate_limit").and_then(|item| item.unsigned::<u32>(1));
        let endpoints = read_endpoints(section, rate_limit);
        let request_timeout = section.duration("request_timeout", Duration::from_secs(10));
        let max_response_bytes = section.size_bytes("max_response", 128 << 20);
        Some(Self { endpoints: endpoints?, request_timeout, max_response_bytes })
    }
}

fn read_endpoints(section: &mut Section<'_>, rate_limit: Option<u32>) -> Option<Vec<EndpointSettings>> {
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

/// The schema of a network's keys: those of its chain, and those of its endpoints, which speak `protocol`.
pub(super) fn schema(protocol: &str, of_chain: Value) -> Map<String, Value> {
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
    let shared = json!({
        "rpc": { "anyOf": [one.clone(), { "type": "array", "minItems": 1, "items": one }], "description": format!("{protocol}: a URL, a table, or a list of them.") },
        "rate_limit": { "type": "integer", "minimum": 1, "description": "Requests per second to each endpoint at the most." },
        "request_timeout": { "$ref": "#/$defs/duration", "default": "10s", "description": "How long one request may take." },
        "max_response": { "$ref": "#/$defs/size", "default": "128MiB", "description": "The largest answer that is read." }
    });
    let mut keys = Map::new();
    for properties in [shared, of_chain] {
        if let Value::Object(properties) = properties {
            keys.extend(properties);
        }
    }
    keys
}

//! `chainbell status`: how the networks and the outbox stand, from the database and the endpoints.

use std::time::Duration;

use chainbell_model::Tip;
use chainbell_store::{Ledger, NetworkState, Reader};
use serde_json::{Value, json};

use crate::{
    cli::StatusArgs,
    config::{Config, NetworkSettings},
    output::{self, Table},
    wire,
};

/// How long an endpoint may take to tell its head.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the command.
///
/// # Errors
/// The database cannot be read. Endpoints that do not answer are part of the status.
pub(crate) async fn run(config: &Config, args: &StatusArgs) -> anyhow::Result<()> {
    let store = wire::open_store_read_only(config).await?;
    let known = store.networks().await?;
    let mut networks = Vec::new();
    for network in &config.networks {
        let state = known.iter().find(|state| state.network == network.slug);
        networks.push(describe(network, state, args.offline).await?);
    }
    let counts = store.counts(&wire::tenant()).await?;
    let deliveries: serde_json::Map<String, Value> = counts
        .deliveries
        .iter()
        .map(|(state, count)| {
            Ok((serde_json::to_value(state)?.as_str().unwrap_or_default().to_owned(), json!(count)))
        })
        .collect::<anyhow::Result<_>>()?;
    let facts: serde_json::Map<String, Value> =
        counts.facts.iter().map(|(kind, count)| (kind.as_str().to_owned(), json!(count))).collect();
    let status = json!({"networks": networks, "stored": facts, "deliveries": deliveries});
    if args.json {
        return output::line(&status.to_string());
    }
    print(&status)
}

/// One network as JSON: heights, lag in blocks, finality, halt, endpoints.
async fn describe(
    network: &NetworkSettings,
    state: Option<&NetworkState>,
    offline: bool,
) -> anyhow::Result<Value> {
    let cursor = state.and_then(|state| state.cursor);
    let mut described = json!({
        "network": network.slug,
        "chain": network.chain,
        "identity": state.map(|state| state.identity.clone()),
        "cursor": cursor.map(|cursor| cursor.height),
        "confirmed": state.map(|state| state.confirmed),
        "finalized": state.map(|state| state.finalized),
        "halted": state.and_then(|state| state.halted.clone()),
    });
    if offline {
        return Ok(described);
    }
    let chain = wire::chain(network)?;
    match tokio::time::timeout(PATIENCE, chain.tip()).await {
        Ok(Ok(Tip { head, .. })) => {
            described["head"] = json!(head);
            described["lag"] = json!(cursor.map(|cursor| head.0.saturating_sub(cursor.height.0)));
        }
        Ok(Err(error)) => described["trouble"] = error.to_string().into(),
        Err(_elapsed) => described["trouble"] = "no endpoint answered in time".into(),
    }
    described["endpoints"] = serde_json::to_value(chain.endpoints())?;
    Ok(described)
}

/// A line for each endpoint of a network that was asked.
fn endpoints_of(network: &Value) -> Vec<String> {
    let name = network["network"].as_str().unwrap_or_default();
    let line = |endpoint| format!("endpoint of {name}: {}", output::endpoint(endpoint));
    network["endpoints"].as_array().into_iter().flatten().map(line).collect()
}

fn print(status: &Value) -> anyhow::Result<()> {
    let text = |value: &Value| match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut table =
        Table::new(&["network", "head", "cursor", "lag", "confirmed", "finalized", "identity", "trouble"]);
    for network in status["networks"].as_array().into_iter().flatten() {
        let trouble = if network["halted"].is_null() { &network["trouble"] } else { &network["halted"] };
        table.row([
            text(&network["network"]),
            text(&network["head"]),
            text(&network["cursor"]),
            text(&network["lag"]),
            text(&network["confirmed"]),
            text(&network["finalized"]),
            text(&network["identity"]),
            text(trouble),
        ]);
    }
    table.print()?;
    for endpoint in status["networks"].as_array().into_iter().flatten().flat_map(endpoints_of) {
        output::line(&endpoint)?;
    }
    for (title, counts) in [("stored", &status["stored"]), ("deliveries", &status["deliveries"])] {
        let counts: Vec<_> =
            counts.as_object().into_iter().flatten().map(|(name, count)| format!("{count} {name}")).collect();
        let counts = if counts.is_empty() { "none".to_owned() } else { counts.join(", ") };
        output::line(&format!("{title}: {counts}"))?;
    }
    Ok(())
}

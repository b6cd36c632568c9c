//! `chainbell status`: how the networks and the outbox stand, from the database and the endpoints.

use std::time::Duration;

use chainbell_model::Tip;
use chainbell_store::{Gap, Ledger, NetworkState, Reader};
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
        let mut described = describe(network, state, args.offline).await?;
        let gaps = store.gaps(&network.slug).await?;
        described["gaps"] = gaps.iter().map(gap_json).collect();
        networks.push(described);
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
    described["subscriptions"] = serde_json::to_value(chain.subscriptions())?;
    Ok(described)
}

/// Heights that were left out for good.
fn gap_json(gap: &Gap) -> Value {
    json!({"first": gap.first, "last": gap.last, "since": output::time(gap.at)})
}

/// A line for each gap of a network.
fn gaps_of(network: &Value) -> Vec<String> {
    let name = network["network"].as_str().unwrap_or_default();
    let line = |gap: &Value| {
        let since = gap["since"].as_str().unwrap_or_default();
        format!("gap of {name}: {} to {} were left out on {since}", gap["first"], gap["last"])
    };
    network["gaps"].as_array().into_iter().flatten().map(line).collect()
}

/// A line for each subscription of a network that was asked.
fn subscriptions_of(network: &Value) -> Vec<String> {
    let name = network["network"].as_str().unwrap_or_default();
    let line = |one: &Value| {
        let topic = one["topic"].as_str().unwrap_or_default();
        let state = if one["listening"] == true { "listening" } else { "not listening" };
        let id = one["id"].as_str().map(|id| format!(", id {id}")).unwrap_or_default();
        let last = one["last_height"].as_u64().map(|height| format!(", last {height}")).unwrap_or_default();
        format!("subscription of {name}: {topic}: {state}{id}, {} reconnects{last}", one["reconnects"])
    };
    network["subscriptions"].as_array().into_iter().flatten().map(line).collect()
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
    for network in status["networks"].as_array().into_iter().flatten() {
        for line in [gaps_of, endpoints_of, subscriptions_of].into_iter().flat_map(|lines| lines(network)) {
            output::line(&line)?;
        }
    }
    for (title, counts) in [("stored", &status["stored"]), ("deliveries", &status["deliveries"])] {
        let counts: Vec<_> =
            counts.as_object().into_iter().flatten().map(|(name, count)| format!("{count} {name}")).collect();
        let counts = if counts.is_empty() { "none".to_owned() } else { counts.join(", ") };
        output::line(&format!("{title}: {counts}"))?;
    }
    Ok(())
}

//! `chainbell deliveries`: lists, shows and retries deliveries.

use anyhow::{Context, bail};
use chainbell_model::DeliveryId;
use chainbell_pipeline::Clock;
use chainbell_store::{DeliveryQuery, DeliveryRow, DeliveryState, Reader, RetrySelection};
use serde_json::{Value, json};

use crate::{
    cli::{DeliveriesCommand, StateArg},
    config::Config,
    output::{self, Table},
    wire,
};

/// Runs the command.
///
/// # Errors
/// The database cannot be read, or there is no such delivery.
pub(crate) async fn run(config: &Config, command: DeliveriesCommand) -> anyhow::Result<()> {
    match command {
        DeliveriesCommand::List { state, target, monitor, limit, before, json } => {
            let query = DeliveryQuery {
                state: state.map(Into::into),
                target: target.as_deref().map(Into::into),
                monitor: monitor.as_deref().map(Into::into),
                before,
                limit,
            };
            list(config, &query, json).await
        }
        DeliveriesCommand::Show { id, json } => show(config, &id, json).await,
        DeliveriesCommand::Retry { id, target, dead: _ } => {
            retry(config, id.as_deref(), target.as_deref()).await
        }
    }
}

impl From<StateArg> for DeliveryState {
    fn from(state: StateArg) -> Self {
        match state {
            StateArg::Waiting => Self::Waiting,
            StateArg::Pending => Self::Pending,
            StateArg::Sending => Self::Sending,
            StateArg::Delivered => Self::Delivered,
            StateArg::Dead => Self::Dead,
            StateArg::Cancelled => Self::Cancelled,
        }
    }
}

async fn list(config: &Config, query: &DeliveryQuery, json: bool) -> anyhow::Result<()> {
    let store = wire::open_store_read_only(config).await?;
    let rows = store.deliveries(&wire::tenant(), query).await?;
    if json {
        for row in &rows {
            output::line(&row_json(row)?.to_string())?;
        }
        return Ok(());
    }
    let mut table = Table::new(&[
        "sequence",
        "id",
        "state",
        "target",
        "monitor",
        "network",
        "height",
        "attempts",
        "last answer",
    ]);
    for row in rows {
        let state = serde_json::to_value(row.state)?;
        let kind = if row.retracts.is_some() { " (retraction)" } else { "" };
        table.row([
            row.sequence.to_string(),
            row.id.to_string(),
            format!("{}{kind}", state.as_str().unwrap_or_default()),
            row.target.to_string(),
            row.monitor.to_string(),
            row.network.to_string(),
            row.height.to_string(),
            row.attempts.to_string(),
            output::shorten(&row.last_detail.unwrap_or_default(), 60),
        ]);
    }
    table.print()
}

/// A delivery as JSON: the fields of [`DeliveryRow`], times in RFC 3339.
fn row_json(row: &DeliveryRow) -> anyhow::Result<Value> {
    let mut value = serde_json::to_value(row)?;
    value["created"] = output::time(row.created).into();
    value["next_at"] = row.next_at.map(output::time).into();
    Ok(value)
}

async fn show(config: &Config, id: &str, json: bool) -> anyhow::Result<()> {
    let id = parse(id)?;
    let store = wire::open_store_read_only(config).await?;
    let detail =
        store.delivery(&wire::tenant(), &id).await?.with_context(|| format!("there is no delivery {id}"))?;
    let mut value = row_json(&detail.row)?;
    value["transaction"] = detail.facts.transaction_id.into();
    value["contract"] = detail.facts.contract.into();
    value["name"] = (*detail.facts.name).into();
    value["args"] = serde_json::from_str(&detail.facts.args_json)?;
    if let Some(attributes) = &detail.facts.attributes_json {
        value["attributes"] = serde_json::from_str(attributes)?;
    }
    let attempts: Vec<Value> = detail
        .attempts
        .iter()
        .map(|attempt| {
            json!({
                "attempt": attempt.attempt,
                "started": output::time(attempt.started),
                "took_ms": attempt.took_ms,
                "outcome": attempt.outcome,
                "detail": attempt.detail,
            })
        })
        .collect();
    value["attempts"] = json!(attempts);
    value["tries"] = json!(detail.row.attempts);
    output::line(&if json { value.to_string() } else { serde_json::to_string_pretty(&value)? })
}

async fn retry(config: &Config, id: Option<&str>, target: Option<&str>) -> anyhow::Result<()> {
    let selection = match id {
        Some(id) => RetrySelection::One(parse(id)?),
        None => RetrySelection::Dead(target.map(Into::into)),
    };
    let store = wire::open_store(config).await?;
    let count = store.retry(&wire::tenant(), &selection, Clock::system().now()).await?;
    if let (Some(id), 0) = (id, count) {
        bail!("there is no delivery {id} that was delivered or given up");
    }
    output::line(&format!("{count} to be sent again"))
}

fn parse(id: &str) -> anyhow::Result<DeliveryId> {
    id.parse().with_context(|| format!("{id:?} is not a delivery id: `d_` and 32 hexadecimal digits"))
}

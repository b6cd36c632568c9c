//! `chainbell events`: stored events, newest first.

use chainbell_store::{EventQuery, EventRow, Reader};
use serde_json::{Value, json};

use crate::{
    cli::EventsArgs,
    output::{self, Table},
    wire,
};

/// Runs the command.
///
/// # Errors
/// The database cannot be read.
pub(crate) async fn run(config: &crate::config::Config, args: EventsArgs) -> anyhow::Result<()> {
    let store = wire::open_store_read_only(config).await?;
    let query = EventQuery {
        network: args.network.as_deref().map(Into::into),
        monitor: args.monitor.as_deref().map(Into::into),
        contract: args.contract,
        name: args.name,
        from: args.from.map(chainbell_model::Height),
        to: args.to.map(chainbell_model::Height),
        retracted: args.retracted,
        before: args.before,
        limit: args.limit,
    };
    let rows = store.events(&wire::tenant(), &query).await?;
    if args.json {
        for row in &rows {
            output::line(&serde_json::to_string(&event_json(row)?)?)?;
        }
        return Ok(());
    }
    let mut table =
        Table::new(&["id", "network", "height", "time", "event", "contract", "arguments", "finality"]);
    for row in &rows {
        let facts = &row.facts;
        table.row([
            row.id.to_string(),
            facts.block.network.to_string(),
            facts.block.height.to_string(),
            output::time(facts.block.time),
            facts.name.to_string(),
            facts.contract.clone().unwrap_or_default(),
            output::shorten(&facts.args_json, 100),
            row.finality.map_or("retracted", |finality| finality.as_str()).to_owned(),
        ]);
    }
    table.print()
}

/// The JSON form of a stored event: the `data` of its message, with its id, finality and monitors.
pub(crate) fn event_json(row: &EventRow) -> anyhow::Result<Value> {
    let facts = &row.facts;
    let raw = |json: &str| -> anyhow::Result<Value> { Ok(serde_json::from_str(json)?) };
    let mut event = json!({
        "id": row.id,
        "network": facts.block.network,
        "chain": facts.block.chain,
        "block": {
            "height": facts.block.height,
            "hash": facts.block.id,
            "time": output::time(facts.block.time),
        },
        "transaction": {"hash": facts.transaction_id, "index": facts.transaction_index},
        "kind": facts.position.kind,
        "index": facts.position.index,
        "contract": facts.contract,
        "name": &*facts.name,
        "signature": &*facts.signature,
        "args": raw(&facts.args_json)?,
        "finality": row.finality.map_or("retracted", |finality| finality.as_str()),
        "monitors": row.monitors,
    });
    if let Some(attributes) = &facts.attributes_json {
        event["attributes"] = raw(attributes)?;
    }
    Ok(event)
}

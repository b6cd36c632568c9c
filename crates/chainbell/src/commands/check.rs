//! `chainbell check`: everything that can be known without the network, and with `--online` what the endpoints say.

use std::time::Duration;

use chainbell_model::{Chain, ChainError, HeightRange, Interest, Proof};
use serde_json::{Value, json};

use super::{ENDPOINT_WRONG, Failure, INVALID_CONFIG, describe};
use crate::{
    cli::CheckArgs,
    config::{self, Config},
    output, wire,
};

/// How long a network may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Prints the JSON Schema of the configuration.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn schema() -> anyhow::Result<()> {
    output::line(&serde_json::to_string_pretty(&config::json_schema(&wire::chains(), wire::targets()))?)
}

/// Runs the command.
///
/// # Errors
/// The configuration is invalid, or an endpoint is.
pub(crate) async fn run(config: &Config, args: &CheckArgs) -> anyhow::Result<()> {
    if let Some(missing) = config.missing.first() {
        let network = wire::one_network(config, Some(missing.network.as_str()))?;
        let message = format!(
            "the description of {} on {} is kept by the chain and not fetched yet: `chainbell check --online` or \
             `chainbell run` fetches it, or give it as {}",
            describe::address_text(network, &missing.address),
            network.slug,
            network.description,
        );
        return Err(Failure { exit_code: INVALID_CONFIG, message }.into());
    }
    let plans = config.plans()?;
    let mut networks = Vec::new();
    let mut wrong = 0;
    for network in &config.networks {
        let plan = plans.iter().find(|(slug, _)| *slug == network.slug);
        let mut checked = json!({
            "network": network.slug,
            "monitors": plan.map_or(0, |(_, plan)| plan.monitors().len()),
            "reads": plan.map(|(_, plan)| if plan.interest().needs_blocks() { "blocks" } else { "events" }),
        });
        if args.online {
            let chain = wire::chain(network)?;
            let interest = plan.map(|(_, plan)| plan.interest().clone()).unwrap_or_default();
            match tokio::time::timeout(PATIENCE, ask(&*chain, &interest)).await {
                Ok(Ok(answer)) => checked["online"] = answer,
                Ok(Err(error)) => {
                    wrong += 1;
                    checked["error"] = error.to_string().into();
                }
                Err(_elapsed) => {
                    wrong += 1;
                    checked["error"] = "no answer in time".into();
                }
            }
            checked["endpoints"] = serde_json::to_value(chain.endpoints())?;
        }
        networks.push(checked);
    }
    let summary = json!({
        "networks": networks,
        "contracts": config.contracts.len(),
        "monitors": config.monitors.len(),
        "targets": config.targets.len(),
    });
    if args.json {
        output::line(&summary.to_string())?
    } else {
        print(&summary)?
    }
    if wrong > 0 {
        let message =
            format!("{wrong} of {} networks cannot be followed as configured", config.networks.len());
        return Err(Failure { exit_code: ENDPOINT_WRONG, message }.into());
    }
    Ok(())
}

/// Asks what following the network will need: its identity, its heads, and the newest block as the monitors need it, which
/// takes every method that reading them takes.
async fn ask(chain: &dyn Chain, interest: &Interest) -> Result<Value, ChainError> {
    let identity = chain.identity().await?;
    let tip = chain.tip().await?;
    // The block at the very head may be undone, or not be everywhere yet, while it is asked for.
    let settled = tip.head.minus(1);
    chain.fetch(HeightRange { from: settled, to: settled }, interest, Proof::Linked).await?;
    Ok(
        json!({"identity": identity, "head": tip.head, "confirmed": tip.confirmed, "finalized": tip.finalized}),
    )
}

fn print(summary: &Value) -> anyhow::Result<()> {
    output::line(&format!(
        "configuration valid: {} networks, {} contracts, {} monitors, {} targets",
        summary["networks"].as_array().map_or(0, Vec::len),
        summary["contracts"],
        summary["monitors"],
        summary["targets"]
    ))?;
    for network in summary["networks"].as_array().into_iter().flatten() {
        let name = network["network"].as_str().unwrap_or_default();
        let reads = network["reads"].as_str().unwrap_or("nothing");
        output::line(&format!("{name}: {} monitors, reads {reads}", network["monitors"]))?;
        if let Some(online) = network.get("online") {
            output::line(&format!(
                "{name}: {} at head {}, confirmed {}, finalized {}",
                online["identity"].as_str().unwrap_or_default(),
                online["head"],
                online["confirmed"],
                online["finalized"]
            ))?;
        }
        if let Some(error) = network["error"].as_str() {
            output::line(&format!("{name}: {error}"))?;
        }
        for endpoint in network["endpoints"].as_array().into_iter().flatten() {
            output::line(&format!("  {}", output::endpoint(endpoint)))?;
        }
    }
    Ok(())
}

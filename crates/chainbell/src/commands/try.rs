//! `chainbell try`: evaluates monitors on a transaction, a block or a range, without storing or sending anything.

use std::{fs, sync::Arc};

use anyhow::{Context, bail};
use chainbell_model::{
    Chain, DeliveryId, Facts, Height, HeightRange, Message, MessageKind, MonitorName, Proof, TxId,
};
use chainbell_pipeline::{Clock, Status, matching::Matcher};
use chainbell_store::{NewFact, NewMatch};
use serde_json::{Value, json};

use super::{Failure, NOT_AS_EXPECTED};
use crate::{
    cli::TryArgs,
    config::{Config, NetworkSettings, TargetSettings},
    output, wire,
};

/// More blocks than this are a backfill, not a try.
const MOST_BLOCKS: u64 = 10_000;

/// Runs the command.
///
/// # Errors
/// The block or transaction cannot be read, or the result is not the expected one.
pub(crate) async fn run(config: &Config, args: TryArgs) -> anyhow::Result<()> {
    let network = wire::one_network(config, args.network.as_deref())?;
    if let Some(name) = &args.monitor
        && !config.monitors.iter().any(|monitor| monitor.name.as_str() == name)
    {
        bail!("there is no monitor {name:?}");
    }
    let chain = wire::chain(network)?;
    let (range, only) = choose(&*chain, network, &args).await?;
    let matches = evaluate(config, network, chain, range, only.as_deref(), args.monitor.as_deref()).await?;
    if args.json {
        for one in &matches {
            output::line(&one.to_string())?;
        }
    } else {
        print(&matches, range)?;
    }
    match &args.expect {
        Some(file) => {
            compare(&matches, &fs::read_to_string(file).with_context(|| file.display().to_string())?)
        }
        None => Ok(()),
    }
}

/// The blocks to read, and the transaction to which the result is limited.
async fn choose(
    chain: &dyn Chain,
    network: &NetworkSettings,
    args: &TryArgs,
) -> anyhow::Result<(HeightRange, Option<String>)> {
    if let Some(text) = &args.tx {
        let id: TxId = network
            .dialect
            .parse_tx_id(text)
            .with_context(|| format!("{text:?} is not a transaction hash of chain {}", network.chain))?;
        let height =
            chain.locate(&id).await?.with_context(|| format!("{}: no transaction {text}", network.slug))?;
        let mut canonical = String::new();
        network.dialect.tx_id_text(&id, &mut canonical);
        return Ok((HeightRange { from: height, to: height }, Some(canonical)));
    }
    let text = args.block.as_deref().unwrap_or_default();
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let height = |text: &str| {
        text.trim().parse().map(Height).with_context(|| format!("{text:?} is not a block height"))
    };
    let range = HeightRange { from: height(from)?, to: height(to)? };
    if range.from > range.to || range.len() > MOST_BLOCKS {
        bail!("the range must ascend and hold at most {MOST_BLOCKS} blocks");
    }
    Ok((range, None))
}

/// All matches in the range, as JSON.
async fn evaluate(
    config: &Config,
    network: &NetworkSettings,
    chain: Arc<dyn Chain>,
    range: HeightRange,
    transaction: Option<&str>,
    monitor: Option<&str>,
) -> anyhow::Result<Vec<Value>> {
    let plan = config.plans()?.into_iter().find(|(slug, _)| *slug == network.slug);
    let (_, plan) = plan.with_context(|| format!("no monitor is on network {}", network.slug))?;
    let interest = plan.interest().clone();
    let status = Status::default().network(&network.slug);
    let mut matcher =
        Matcher::new(network.slug.clone(), network.dialect.clone(), Arc::new(plan), Clock::system(), status);
    let mut matches = Vec::new();
    let mut next = range.from;
    while next <= range.to {
        let to = next.plus(chain.span(&interest).max(1) - 1).min(range.to);
        let fetched = chain.fetch(HeightRange { from: next, to }, &interest, Proof::Linked).await?;
        for block in &fetched.blocks {
            for fact in matcher.evaluate(block).found {
                let wanted = transaction.is_none_or(|wanted| wanted == fact.facts.transaction_id);
                let named = |one: &&NewMatch| monitor.is_none_or(|name| name == one.monitor.as_str());
                for one in fact.matches.iter().filter(|_| wanted).filter(named) {
                    matches.push(describe(config, &fact, one)?);
                }
            }
        }
        next = to.next();
    }
    Ok(matches)
}

/// One match: what happened, and what each of its targets would be sent.
fn describe(config: &Config, fact: &NewFact, one: &NewMatch) -> anyhow::Result<Value> {
    let Facts { block, .. } = &*fact.facts;
    let mut bodies = serde_json::Map::new();
    for name in one.targets.iter() {
        let Some(target) = config.targets.iter().find(|target| target.name == *name) else { continue };
        bodies.insert(name.to_string(), body(target, fact, one)?);
    }
    let mut described = json!({
        "match": one.id,
        "monitor": one.monitor,
        "network": block.network,
        "block": {"height": block.height, "hash": block.id, "time": output::time(block.time)},
        "transaction": {"hash": fact.facts.transaction_id, "index": fact.facts.transaction_index},
        "kind": fact.facts.position.kind,
        "index": fact.facts.position.index,
        "contract": fact.facts.contract,
        "name": &*fact.facts.name,
        "signature": &*fact.facts.signature,
        "args": serde_json::from_str::<Value>(&fact.facts.args_json)?,
        "bodies": bodies,
    });
    if let Some(attributes) = &fact.facts.attributes_json {
        described["attributes"] = serde_json::from_str(attributes)?;
    }
    Ok(described)
}

/// The rendered body: JSON as it is, anything else as text.
fn body(target: &TargetSettings, fact: &NewFact, one: &NewMatch) -> anyhow::Result<Value> {
    let message = Message {
        id: DeliveryId::derive(&one.id, &target.name, 0),
        kind: MessageKind::Match,
        tenant: fact.tenant.clone(),
        target: target.name.clone(),
        monitor: MonitorName::clone(&one.monitor),
        match_id: one.id,
        deliver_at: one.deliver_at,
        // The block's own time: trying twice shows the same.
        created: fact.facts.block.time,
        attempt: 1,
        facts: fact.facts.clone(),
    };
    let rendered = target.settings.render(&message).with_context(|| format!("target {}", target.name))?;
    Ok(serde_json::from_slice(&rendered.body)
        .unwrap_or_else(|_not_json| String::from_utf8_lossy(&rendered.body).into_owned().into()))
}

fn print(matches: &[Value], range: HeightRange) -> anyhow::Result<()> {
    for one in matches {
        output::line(&format!(
            "{} matched {} at block {}, transaction {}",
            one["monitor"].as_str().unwrap_or_default(),
            one["name"].as_str().unwrap_or_default(),
            one["block"]["height"],
            one["transaction"]["hash"].as_str().unwrap_or_default()
        ))?;
        output::line(&format!("  arguments: {}", one["args"]))?;
        for (target, body) in one["bodies"].as_object().into_iter().flatten() {
            output::line(&format!("  {target} would get: {body}"))?;
        }
    }
    output::line(&format!("{} matches in {} blocks", matches.len(), range.len()))
}

/// Compares with what an earlier `try --json` printed: the same matches in the same order.
fn compare(matches: &[Value], expected: &str) -> anyhow::Result<()> {
    let expected: Vec<Value> = expected
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(number, line)| {
            serde_json::from_str(line)
                .with_context(|| format!("line {} of the expected result is not JSON", number + 1))
        })
        .collect::<anyhow::Result<_>>()?;
    let difference =
        (0..matches.len().max(expected.len())).find(|&index| matches.get(index) != expected.get(index));
    let Some(index) = difference else { return Ok(()) };
    let show = |side: Option<&Value>| side.map_or_else(|| "nothing".to_owned(), Value::to_string);
    let message = format!(
        "match {} differs\n  expected: {}\n  found:    {}",
        index + 1,
        show(expected.get(index)),
        show(matches.get(index))
    );
    Err(Failure { exit_code: NOT_AS_EXPECTED, message }.into())
}

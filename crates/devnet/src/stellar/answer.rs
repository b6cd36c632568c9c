//! Answers one call: every method that the simulated server knows.

use super::{
    chain::Chain,
    entries, events,
    json::{Fields as _, Object},
    ledgers,
    params::read,
    transactions,
    view::{Lies, View},
};
use crate::{
    endpoint::Endpoint,
    fault::{Fault, Stage},
    rpc::{Call, RpcError},
};

/// Appends the result of `call`, or an error, as Stellar RPC would, unless a fault strikes.
pub(crate) fn answer(endpoint: &Endpoint<Chain>, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), RpcError> {
    let lies = lies(endpoint, call)?;
    if lies.null {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    let chain = endpoint.network.chain.read();
    let view = View { chain: &chain, lies };
    match &*call.method {
        "getHealth" => health(&view, out),
        "getNetwork" => network(&view, out),
        "getVersionInfo" => version(&view, out),
        "getLatestLedger" => ledgers::latest(&view, out),
        "getLedgers" => ledgers::answer(&view, &read(call)?, out)?,
        "getTransactions" => transactions::page(&view, &read(call)?, out)?,
        "getTransaction" => transactions::one(&view, &read(call)?, out)?,
        "getEvents" => events::answer(&view, &read(call)?, out)?,
        "getLedgerEntries" => entries::answer(&view, &read(call)?, out)?,
        method => return Err(RpcError::no_such_method(method)),
    }
    Ok(())
}

fn lies(endpoint: &Endpoint<Chain>, call: &Call<'_>) -> Result<Lies, RpcError> {
    let mut lies = Lies::default();
    for fault in endpoint.port.strike(Stage::Answer, &[&call.method]) {
        match fault {
            Fault::Error { code, message } => return Err(RpcError::new(code, message)),
            Fault::Null => lies.null = true,
            Fault::Behind { blocks } => lies.behind = lies.behind.saturating_add(blocks),
            Fault::Pruned { below } => lies.first = lies.first.max(below),
            Fault::MovingRetention { ledgers } => {
                lies.kept = Some(lies.kept.unwrap_or(u64::MAX).min(ledgers));
            }
            Fault::DropEvents { count } => {
                let mut dice = endpoint.port.dice.lock();
                let most = endpoint.network.chain.read().config().max_events;
                lies.dropped.extend((0..count.min(most)).map(|_| dice.pick()));
            }
            Fault::RepeatPage => lies.repeats = true,
            Fault::EmptyPage => lies.empty = true,
            // The faults of other stages are never drawn here, those of other chains are without effect.
            _ => {}
        }
    }
    Ok(lies)
}

fn health(view: &View<'_>, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.plain("status", "healthy");
    if view.protocol() > 20 {
        object.number("latestLedger", view.head());
        object.number("oldestLedger", view.oldest());
        object.number("ledgerRetentionWindow", view.chain.config().retention);
    }
    object.end();
}

fn network(view: &View<'_>, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.text("passphrase", &view.chain.config().passphrase);
    if view.protocol() > 20 {
        object.number("protocolVersion", view.protocol());
    } else {
        object.plain("protocolVersion", view.protocol());
    }
    object.end();
}

fn version(view: &View<'_>, out: &mut Vec<u8>) {
    let protocol = view.protocol();
    let names = if protocol < 22 {
        ["commit_hash", "build_time_stamp", "captive_core_version", "protocol_version"]
    } else {
        ["commitHash", "buildTimestamp", "captiveCoreVersion", "protocolVersion"]
    };
    let mut object = Object::begin(out);
    object.plain("version", format_args!("{protocol}.0.0-devnet"));
    object.plain(names[0], "0000000000000000000000000000000000000000");
    object.plain(names[1], "2026-01-01T00:00:00");
    object.plain(names[2], format_args!("simulated {protocol}.0.0"));
    object.number(names[3], protocol);
    object.end();
}

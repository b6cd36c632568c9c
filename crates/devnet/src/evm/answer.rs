//! Answers one call: every method that the simulated node knows.

use serde_json::Value;

use super::{
    chain::Chain,
    json::{self, Transactions},
    logs,
    params::{HeightArg, parse_hash},
    view::View,
};
use crate::{
    endpoint::Endpoint,
    fault::{Fault, Stage},
    rpc::{Call, RpcError},
};

/// What an answer gets wrong.
#[derive(Default)]
struct Lies {
    null: bool,
    behind: u64,
    fork_depth: Option<u64>,
    no_logs: bool,
    lose_log: Option<u64>,
    lose_receipt: bool,
}

impl Endpoint<Chain> {
    /// Appends the result of `call`, or an error, as geth would, unless a fault strikes.
    pub(crate) fn answer(&self, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), RpcError> {
        if matches!(&*call.method, "eth_subscribe" | "eth_unsubscribe") {
            return Err(RpcError::new(-32601, "notifications not supported"));
        }
        let lies = self.lies(call)?;
        if lies.null {
            out.extend_from_slice(b"null");
            return Ok(());
        }
        let branch = lies.fork_depth.map(|depth| self.network.chain.write().branch(depth));
        let chain = self.network.chain.read();
        let view = View::new(&chain, lies.behind, branch);
        let config = chain.config();
        match &*call.method {
            "eth_chainId" => json::quantity(out, config.chain_id),
            "net_version" => out.extend_from_slice(format!("\"{}\"", config.chain_id).as_bytes()),
            "web3_clientVersion" => out.extend_from_slice(b"\"chainbell-devnet\""),
            "eth_syncing" => out.extend_from_slice(b"false"),
            "eth_blockNumber" => json::quantity(out, view.head()),
            "eth_gasPrice" => json::quantity(out, 2_000_000_000),
            "eth_getBlockByNumber" | "eth_getBlockByHash" => block(&view, call, out)?,
            "eth_getLogs" => self.logs(&view, call, &lies, out)?,
            "eth_getBlockReceipts" if config.block_receipts => receipts(&view, call, &lies, out)?,
            "eth_getTransactionReceipt" | "eth_getTransactionByHash" => transaction(&view, call, &lies, out)?,
            method => return Err(RpcError::unknown_method(method)),
        }
        Ok(())
    }

    fn lies(&self, call: &Call<'_>) -> Result<Lies, RpcError> {
        let mut lies = Lies::default();
        for fault in self.port.strike(Stage::Answer, &[&call.method]) {
            match fault {
                Fault::Error { code, message } => return Err(RpcError::new(code, message)),
                Fault::Null => lies.null = true,
                Fault::Behind { blocks } => lies.behind = lies.behind.saturating_add(blocks),
                Fault::OtherFork { depth } => lies.fork_depth = Some(depth),
                Fault::NoLogs => lies.no_logs = true,
                Fault::MissingLog => lies.lose_log = Some(self.port.dice.lock().pick()),
                Fault::MissingReceipt => lies.lose_receipt = true,
                // The faults of other stages are never drawn here.
                _ => {}
            }
        }
        Ok(lies)
    }

    fn logs(&self, view: &View<'_>, call: &Call<'_>, lies: &Lies, out: &mut Vec<u8>) -> Result<(), RpcError> {
        let filter = call.param(0).ok_or_else(|| RpcError::missing_argument(0))?;
        if lies.no_logs {
            out.extend_from_slice(b"[]");
            return Ok(());
        }
        let plan = self.port.dice.lock().plan().clone();
        let count = logs::query(view, &plan, filter, lies.lose_log, out)?;
        self.port.stats.lock().logs += count;
        Ok(())
    }
}

fn block(view: &View<'_>, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), RpcError> {
    let found = if call.method == "eth_getBlockByHash" {
        view.block(&call.hash(0)?)
    } else {
        view.block_at(view.height(call.height(0)?)?)
    };
    let detail = match call.param(1) {
        Some(Value::Bool(true)) => Transactions::Full,
        Some(Value::Bool(false)) => Transactions::Hashes,
        _ => return Err(RpcError::missing_argument(1)),
    };
    match found {
        Some(block) => json::block(out, view.chain().config(), &block, detail),
        None => out.extend_from_slice(b"null"),
    }
    Ok(())
}

fn receipts(view: &View<'_>, call: &Call<'_>, lies: &Lies, out: &mut Vec<u8>) -> Result<(), RpcError> {
    let which = call.param(0).ok_or_else(|| RpcError::missing_argument(0))?;
    let found = match parse_hash(which) {
        Some(hash) => view.block(&hash),
        None => {
            let height = HeightArg::parse(which).map_err(|reason| RpcError::invalid_argument(0, reason))?;
            view.block_at(view.height(height)?)
        }
    };
    let Some(block) = found else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    let logs: u64 = block.transactions.iter().map(|placed| placed.body.logs.len() as u64).sum();
    let skip_log = lies.lose_log.and_then(|pick| pick.checked_rem(logs));
    let count = block.transactions.len() - usize::from(lies.lose_receipt && !block.transactions.is_empty());
    let placed = (0..).zip(&block.transactions).take(count);
    json::array(out, placed, |out, placed| {
        json::receipt(out, view.chain().config(), &block, placed, skip_log);
    });
    Ok(())
}

fn transaction(view: &View<'_>, call: &Call<'_>, lies: &Lies, out: &mut Vec<u8>) -> Result<(), RpcError> {
    let found = view.including(&call.hash(0)?);
    let is_receipt = call.method == "eth_getTransactionReceipt";
    let Some((block, index)) = found.filter(|_| !(is_receipt && lies.lose_receipt)) else {
        out.extend_from_slice(b"null");
        return Ok(());
    };
    let placed = &block.transactions[index];
    let config = view.chain().config();
    if !is_receipt {
        json::transaction(out, config, &block, (index as u64, placed));
        return Ok(());
    }
    let logs = placed.body.logs.len() as u64;
    let skip_log = lies.lose_log.and_then(|pick| pick.checked_rem(logs)).map(|lost| placed.first_log + lost);
    json::receipt(out, config, &block, (index as u64, placed), skip_log);
    Ok(())
}

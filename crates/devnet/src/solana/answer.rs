//! Answers one call over HTTP: every method that the simulated node knows.

use super::{
    base58::Signature,
    chain::Chain,
    json::{self, Object, array},
    params::{Commitment, Details, Encoding, Options},
    view::{Lies, View},
};
use crate::{
    endpoint::Endpoint,
    fault::{Fault, Stage},
    rpc::{Call, RpcError},
};

/// The widest range of slots.
const MOST_SLOTS: u64 = 500_000;
const SLOTS_IN_EPOCH: u64 = 432_000;
/// So many slots behind, a node calls itself ill.
const ILL_BEHIND: u64 = 128;
/// So long a node remembers what became of transactions without looking into history.
const REMEMBERED_SLOTS: u64 = 150;
/// So many blocks long a transaction may refer to a block.
const VALID_BLOCKS: u64 = 150;
const MOST_STATUSES: usize = 256;

/// Appends the result of `call`, or an error, as Agave would, unless a fault strikes.
pub(crate) fn answer(endpoint: &Endpoint<Chain>, call: &Call<'_>, out: &mut Vec<u8>) -> Result<(), RpcError> {
    let lies = lies(endpoint, call)?;
    if lies.null {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    let chain = endpoint.network.chain.read();
    let answer = Answer { view: View::new(&chain, lies), call, out };
    match &*call.method {
        "getHealth" => answer.health(),
        "getVersion" => {
            answer.version();
            Ok(())
        }
        "getGenesisHash" => answer.genesis_hash(),
        "getSlot" => answer.slot(),
        "getBlockHeight" => answer.block_height(),
        "getTransactionCount" => answer.transaction_count(),
        "getSlotLeader" => answer.slot_leader(),
        "getEpochInfo" => answer.epoch_info(),
        "getLatestBlockhash" => answer.latest_blockhash(),
        "getFirstAvailableBlock" | "minimumLedgerSlot" => answer.first_available(),
        "getBlock" => answer.block(),
        "getBlocks" => answer.blocks(),
        "getBlocksWithLimit" => answer.blocks_with_limit(),
        "getBlockTime" => answer.block_time(),
        "getTransaction" => answer.transaction(),
        "getSignaturesForAddress" => answer.signatures(),
        "getSignatureStatuses" => answer.statuses(),
        "getBalance" => answer.balance(),
        "getAccountInfo" => answer.account(),
        "getMultipleAccounts" => answer.accounts(),
        _ => Err(RpcError::method_not_found()),
    }
}

fn lies(endpoint: &Endpoint<Chain>, call: &Call<'_>) -> Result<Lies, RpcError> {
    let mut lies = Lies::default();
    for fault in endpoint.port.strike(Stage::Answer, &[&call.method]) {
        match fault {
            Fault::Error { code, message } => return Err(RpcError::new(code, message)),
            Fault::Null => lies.null = true,
            Fault::Behind { blocks } => lies.behind = lies.behind.saturating_add(blocks),
            Fault::MissingSignatures { count } => lies.missing = lies.missing.max(count),
            Fault::SkippedLie => lies.skipped = true,
            Fault::Pruned { below } => lies.first = lies.first.max(below),
            Fault::Archived { below } => lies.first_local = lies.first_local.max(below),
            Fault::NoHistory => lies.no_history = true,
            // The faults of other stages are never drawn here, those of other chains are without effect.
            _ => {}
        }
    }
    Ok(lies)
}

/// `{"solana-core": …}`, the one call that WebSockets answer too.
pub(crate) fn version(chain: &Chain, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    object.text("solana-core", chain.config().version);
    object.raw("feature-set", "3294202862");
    object.end();
}

/// One call while it is answered.
pub(super) struct Answer<'a, 'b> {
    pub(super) view: View<'a>,
    pub(super) call: &'a Call<'b>,
    pub(super) out: &'a mut Vec<u8>,
}

impl Answer<'_, '_> {
    fn health(self) -> Result<(), RpcError> {
        if self.view.lies.behind > ILL_BEHIND {
            return Err(RpcError::behind(self.view.lies.behind));
        }
        json::text(self.out, "ok");
        Ok(())
    }

    fn version(self) {
        version(self.view.chain, self.out);
    }

    fn genesis_hash(self) -> Result<(), RpcError> {
        let genesis = self.view.chain.block_at_or_below(0).ok_or_else(|| RpcError::block_not_available(0))?;
        genesis.hash.write(self.out);
        Ok(())
    }

    fn slot(self) -> Result<(), RpcError> {
        let slot = self.view.context(&self.call.options(0)?)?;
        self.number(slot)
    }

    fn block_height(self) -> Result<(), RpcError> {
        let slot = self.view.context(&self.call.options(0)?)?;
        let height = self.height(slot);
        self.number(height)
    }

    fn transaction_count(self) -> Result<(), RpcError> {
        let slot = self.view.context(&self.call.options(0)?)?;
        let chain = self.view.chain;
        let later = chain.blocks(slot + 1, chain.head()).map(|block| block.transactions.len() as u64);
        let count = chain.transaction_count() - later.sum::<u64>();
        self.number(count)
    }

    fn slot_leader(self) -> Result<(), RpcError> {
        let slot = self.view.context(&self.call.options(0)?)?;
        let block = self.view.chain.block(slot).ok_or_else(|| RpcError::block_not_available(slot))?;
        block.header.leader.write(self.out);
        Ok(())
    }

    fn epoch_info(self) -> Result<(), RpcError> {
        let slot = self.view.context(&self.call.options(0)?)?;
        let height = self.height(slot);
        let mut object = Object::begin(self.out);
        object.number("absoluteSlot", slot);
        object.number("blockHeight", height);
        object.number("epoch", slot / SLOTS_IN_EPOCH);
        object.number("slotIndex", slot % SLOTS_IN_EPOCH);
        object.number("slotsInEpoch", SLOTS_IN_EPOCH);
        object.number("transactionCount", self.view.chain.transaction_count());
        object.end();
        Ok(())
    }

    fn latest_blockhash(self) -> Result<(), RpcError> {
        let slot = self.view.context(&self.call.options(0)?)?;
        let block = self.view.chain.block(slot).ok_or_else(|| RpcError::block_not_available(slot))?;
        self.with_context(slot, |_, out| {
            let mut object = Object::begin(out);
            object.base58("blockhash", &block.hash);
            object.number("lastValidBlockHeight", block.header.height + VALID_BLOCKS);
            object.end();
        });
        Ok(())
    }

    fn first_available(self) -> Result<(), RpcError> {
        let first = self.view.first_available();
        self.number(first)
    }

    fn block(self) -> Result<(), RpcError> {
        let slot = self.call.required(0)?;
        let options = self.call.options(1)?;
        self.history()?;
        let form = form(&options)?;
        let block = self.view.block(slot, options.commitment().at_least_confirmed()?)?;
        let shown = matches!(form.details, Details::Full | Details::Accounts);
        let versioned = |placed: &super::block::Placed| placed.body.message.is_versioned();
        if shown && !form.versions && block.transactions.iter().any(versioned) {
            return Err(RpcError::unsupported_version(0));
        }
        json::block(self.out, block, form);
        Ok(())
    }

    fn blocks(self) -> Result<(), RpcError> {
        let from: u64 = self.call.required(0)?;
        let to = self.call.param(1).filter(|value| !value.is_object());
        let to: Option<u64> = to.map(|_| self.call.required(1)).transpose()?;
        let options = self.call.options(if to.is_none() && self.call.param(1).is_some() { 1 } else { 2 })?;
        options.commitment().at_least_confirmed()?;
        let newest = self.view.context(&options)?;
        let to = to.unwrap_or_else(|| from.saturating_add(MOST_SLOTS)).min(newest);
        if to.saturating_sub(from) > MOST_SLOTS {
            return Err(RpcError::invalid_params(format!("Slot range too large; max {MOST_SLOTS}")));
        }
        let slots = self.view.slots(from, to, newest);
        array(self.out, slots, |out, slot| json::write(out, format_args!("{slot}")));
        Ok(())
    }

    fn blocks_with_limit(self) -> Result<(), RpcError> {
        let from: u64 = self.call.required(0)?;
        let limit: u64 = self.call.required(1)?;
        let options = self.call.options(2)?;
        options.commitment().at_least_confirmed()?;
        if limit > MOST_SLOTS {
            return Err(RpcError::invalid_params(format!("Limit too large; max {MOST_SLOTS}")));
        }
        let slots = self.view.slots(from, u64::MAX, self.view.context(&options)?);
        array(self.out, slots.take(limit as usize), |out, slot| json::write(out, format_args!("{slot}")));
        Ok(())
    }

    fn block_time(self) -> Result<(), RpcError> {
        let slot: u64 = self.call.required(0)?;
        if slot > self.view.slot(Commitment::Processed) {
            return Err(RpcError::block_not_available(slot));
        }
        let above = slot > self.view.slot(Commitment::Finalized);
        let block = if above {
            self.view.chain.block(slot).ok_or_else(|| RpcError::block_not_available(slot))?
        } else {
            self.view.block(slot, Commitment::Finalized)?
        };
        json::write(self.out, format_args!("{}", block.header.time));
        Ok(())
    }

    fn transaction(self) -> Result<(), RpcError> {
        let signature: Signature = self.call.base58(0)?;
        let options = self.call.options(1)?;
        self.history()?;
        let form = json::Form { details: Details::Full, rewards: true, ..form(&options)? };
        let newest = self.view.slot(options.commitment().at_least_confirmed()?);
        let Some((block, placed)) = self.view.transaction(&signature, newest) else {
            self.out.extend_from_slice(b"null");
            return Ok(());
        };
        if !form.versions && placed.body.message.is_versioned() {
            return Err(RpcError::unsupported_version(0));
        }
        json::transaction(self.out, block, placed, form);
        Ok(())
    }

    fn statuses(self) -> Result<(), RpcError> {
        let texts: Vec<String> = self.call.required(0)?;
        let options = self.call.options(1)?;
        if texts.len() > MOST_STATUSES {
            return Err(RpcError::invalid_params(format!("Too many inputs provided; max {MOST_STATUSES}")));
        }
        if options.search_transaction_history {
            self.history()?;
        }
        let parse = |text: &String| text.parse::<Signature>().map_err(RpcError::wrong_key);
        let signatures = texts.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let head = self.view.slot(Commitment::Processed);
        let oldest =
            if options.search_transaction_history { 0 } else { head.saturating_sub(REMEMBERED_SLOTS) };
        self.with_context(head, |view, out| {
            array(out, &signatures, |out, signature| match view.transaction(signature, head) {
                Some((block, placed)) if block.slot() >= oldest => {
                    let failure = placed.outcome.failure;
                    let status = view.status(block.slot());
                    let mut object = Object::begin(out);
                    object.number("slot", block.slot());
                    match status {
                        "finalized" => object.raw("confirmations", "null"),
                        _ => object.number("confirmations", head - block.slot()),
                    }
                    json::status(object.key("status"), failure);
                    json::failure(object.key("err"), failure);
                    object.text("confirmationStatus", status);
                    object.end();
                }
                _ => out.extend_from_slice(b"null"),
            });
        });
        Ok(())
    }

    /// Refuses what a node without history cannot know.
    pub(super) fn history(&self) -> Result<(), RpcError> {
        if self.view.lies.no_history { Err(RpcError::no_history()) } else { Ok(()) }
    }

    fn height(&self, slot: u64) -> u64 {
        self.view.chain.block(slot).map_or(0, |block| block.header.height)
    }

    fn number(self, number: u64) -> Result<(), RpcError> {
        json::write(self.out, format_args!("{number}"));
        Ok(())
    }

    pub(super) fn with_context(self, slot: u64, value: impl FnOnce(&View<'_>, &mut Vec<u8>)) {
        let mut object = Object::begin(self.out);
        let mut context = Object::begin(object.key("context"));
        context.number("slot", slot);
        context.text("apiVersion", self.view.chain.config().version);
        context.end();
        value(&self.view, object.key("value"));
        object.end();
    }
}

/// How a block or transaction is asked for.
fn form(options: &Options) -> Result<json::Form, RpcError> {
    let encoding = options.encoding.unwrap_or(Encoding::Json);
    if matches!(encoding, Encoding::JsonParsed | Encoding::Base64Zstd) {
        return Err(RpcError::wrong_param("this simulated node does not have this encoding"));
    }
    Ok(json::Form {
        encoding,
        details: options.transaction_details.unwrap_or_default(),
        rewards: options.rewards.unwrap_or(true),
        versions: options.max_supported_transaction_version.is_some(),
    })
}

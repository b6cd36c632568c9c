//! Answers `getSignaturesForAddress`.

use super::{
    answer::Answer,
    base58::Signature,
    block::{Block, Placed},
    chain::Location,
    json::{self, Object, array},
    params::{Commitment, MOST_SIGNATURES, signature},
};
use crate::rpc::RpcError;

impl Answer<'_, '_> {
    /// The transactions that name an address, newest first.
    pub(super) fn signatures(self) -> Result<(), RpcError> {
        let key = self.call.base58(0)?;
        let options = self.call.options(1)?;
        let (before, until) = (signature(options.before.as_ref())?, signature(options.until.as_ref())?);
        let limit = options.limit.unwrap_or(MOST_SIGNATURES);
        if limit == 0 || limit > MOST_SIGNATURES {
            return Err(RpcError::invalid_params(format!("Invalid limit; max {MOST_SIGNATURES}")));
        }
        self.history()?;
        let commitment = options.commitment().at_least_confirmed()?;
        let newest = self.view.context(&options)?;
        let Some(end) = self.end(before, newest) else {
            self.out.extend_from_slice(b"[]");
            return Ok(());
        };
        let chain = self.view.chain;
        // An end that is unknown is no end.
        let beyond = until.and_then(|until| self.location(&until, newest));
        let history = chain.history(&key);
        let known = &history[..history.partition_point(|location| *location < end)];
        let finalized = self.view.slot(Commitment::Finalized);
        let lagging = if commitment == Commitment::Confirmed { self.view.lies.missing } else { 0 };
        let fresh = known.iter().rev().take_while(|(slot, _)| *slot > finalized).count();
        let listed = known
            .iter()
            .rev()
            .skip(lagging.min(fresh))
            .take_while(|location| beyond.is_none_or(|beyond| **location > beyond))
            .take_while(|(slot, _)| *slot >= self.view.lies.first)
            .take(limit)
            .filter_map(|(slot, index)| {
                let block = chain.block(*slot)?;
                Some((block, block.transactions.get(*index as usize)?))
            });
        array(self.out, listed, |out, (block, placed)| {
            entry(out, block, placed, self.view.status(block.slot()));
        });
        Ok(())
    }

    /// What all listed transactions are below; `None` when the caller names a signature that is not known.
    fn end(&self, before: Option<Signature>, newest: u64) -> Option<Location> {
        match before {
            None => Some((newest.saturating_add(1), 0)),
            Some(before) => self.location(&before, newest),
        }
    }

    fn location(&self, signature: &Signature, newest: u64) -> Option<Location> {
        self.view.transaction(signature, newest)?;
        self.view.chain.locate(signature)
    }
}

fn entry(out: &mut Vec<u8>, block: &Block, placed: &Placed, status: &str) {
    let mut object = Object::begin(out);
    object.base58("signature", &placed.body.id());
    object.number("slot", block.slot());
    json::failure(object.key("err"), placed.outcome.failure);
    match placed.body.memo() {
        Some(memo) => object.text("memo", &memo),
        None => object.raw("memo", "null"),
    }
    object.number("blockTime", block.header.time);
    object.text("confirmationStatus", status);
    object.end();
}

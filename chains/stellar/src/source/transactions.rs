//! Reads whole transactions with `getTransactions`, page by page.

use chainbell_model::{Block, ChainError, HeightRange};
use chainbell_rpc::EndpointId;
use serde_json::json;
use tokio::time::Instant;

use super::{
    StellarChain,
    ask::{Question, Weight},
    patience::{Next, Patience, Trouble, unavailable},
    plan::Plan,
    refusal::Window,
    span::Answered,
};
use crate::{assemble::Builder, wire::TransactionsPage};

/// Whether a page was the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Done,
    /// Go on behind this cursor.
    On(Cursor),
}

/// A TOID with its ledger and application order.
type Cursor = (u64, u32, u32);

impl StellarChain {
    /// The blocks of `range` that have wanted transactions, with what is wanted of them.
    pub(super) async fn transactions(
        &self,
        plan: &Plan,
        range: HeightRange,
    ) -> Result<Vec<Block>, ChainError> {
        let asked = Instant::now();
        let mut builder = plan.builder(range);
        let (mut after, mut bytes) = (None, 0);
        loop {
            let (step, size) = self.transactions_page(&mut builder, range, after).await?;
            bytes += size;
            match step {
                Step::Done => break,
                Step::On(cursor) => after = Some(cursor),
            }
        }
        self.transaction_span.lock().answered(Answered {
            ledgers: range.len(),
            items: builder.items(),
            bytes,
            took: asked.elapsed(),
        });
        let mut blocks = builder.finish();
        blocks.retain(|block| !block.transactions.is_empty());
        Ok(blocks)
    }

    async fn transactions_page(
        &self,
        builder: &mut Builder,
        range: HeightRange,
        after: Option<Cursor>,
    ) -> Result<(Step, u64), ChainError> {
        let mut patience = Patience::default();
        let mark = builder.mark();
        loop {
            let limit = self.limits.transactions.get();
            let trouble =
                match self.transactions_page_once(builder, range, after, limit, patience.avoid()).await {
                    Ok(answer) => {
                        self.limits.transactions.answered(limit);
                        return Ok(answer);
                    }
                    Err(trouble) => trouble,
                };
            builder.go_back(&mark);
            self.report(&trouble);
            match patience.judge(trouble, range) {
                Next::Again | Next::WithoutTopics => tokio::time::sleep(self.config.retry_delay).await,
                Next::Less(allowed) if limit > 1 => self.limits.transactions.shrink(limit, allowed),
                Next::Less(_) => {
                    return Err(unavailable("the server refuses every request for transactions"));
                }
                Next::Fail(error) => return Err(error),
            }
        }
    }

    async fn transactions_page_once(
        &self,
        builder: &mut Builder,
        range: HeightRange,
        after: Option<Cursor>,
        limit: u32,
        avoid: Option<EndpointId>,
    ) -> Result<(Step, u64), Trouble> {
        let reply = self.ask(&question(range, after, limit), avoid).await?;
        let bytes = reply.bytes().len() as u64;
        let (page, endpoint) = self.build(reply, builder, TransactionsPage::read).await?;
        self.pool.note_head(endpoint, u64::from(page.latest));
        check(&page, endpoint, range, after, limit).map(|step| (step, bytes))
    }
}

fn question(range: HeightRange, after: Option<Cursor>, limit: u32) -> Question {
    let params = match after {
        None => json!({ "startLedger": range.from.0.max(1), "pagination": { "limit": limit } }),
        Some((toid, ..)) => json!({ "pagination": { "cursor": toid.to_string(), "limit": limit } }),
    };
    Question { method: "getTransactions", params, weight: Weight::Heavy }
}

/// Whether the page answers the question and how to go on. That no transaction is left out within a ledger was checked
/// when it was read.
fn check(
    page: &TransactionsPage,
    endpoint: EndpointId,
    range: HeightRange,
    after: Option<Cursor>,
    limit: u32,
) -> Result<Step, Trouble> {
    if u64::from(page.latest) < range.to.0 {
        return Err(Trouble::Behind { endpoint });
    }
    let start = after.map_or(range.from.0.max(1), |(_, ledger, _)| u64::from(ledger));
    if let Some(oldest) = page.oldest.filter(|&oldest| u64::from(oldest) > start && oldest <= page.latest) {
        return Err(Trouble::Outside(Window { oldest, latest: page.latest }));
    }
    let full = page.count >= usize::try_from(limit).unwrap_or(usize::MAX);
    let beyond = |ledger: u32| u64::from(ledger) > range.to.0;
    let at_end = page.cursor.is_none_or(|(_, ledger, _)| u64::from(ledger) >= range.to.0);
    if page.ends.is_some_and(|(_, (last, _))| beyond(last))
        || page.cursor.is_some_and(|(_, ledger, _)| beyond(ledger))
        || (!full && at_end)
    {
        return Ok(Step::Done);
    }
    let Some(cursor) = page.cursor else {
        return Err(Trouble::bad(endpoint, "a full page of transactions without a cursor"));
    };
    if after.is_some_and(|after| cursor <= after) || u64::from(cursor.1) < start {
        return Err(Trouble::bad(endpoint, "a page of transactions that does not go on"));
    }
    Ok(Step::On(cursor))
}

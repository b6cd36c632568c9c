//! Reads whole ledgers with `getLedgers`, and checks that each follows the one before.

use chainbell_model::{Block, ChainError, Height, HeightRange};
use chainbell_rpc::{EndpointId, Reply};
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
use crate::{
    assemble::Builder,
    wire::{Flaw, LedgersPage, WireLedger},
};

/// What was read of a range.
#[derive(Debug)]
pub(super) struct LedgersRead {
    /// All of them.
    pub(super) blocks: Vec<Block>,
    /// Who told of the last of them.
    pub(super) endpoint: Option<EndpointId>,
}

impl Plan {
    /// Builds what the plan wants of `range`, whose ends are sequences.
    pub(super) fn builder(&self, range: HeightRange) -> Builder {
        let sequence = |height: Height| u32::try_from(height.0).unwrap_or(u32::MAX);
        Builder::new(self.wanted.clone(), self.network.clone(), sequence(range.from), sequence(range.to))
    }
}

impl StellarChain {
    /// Every block of `range`, its hash chain checked, within and with what was verified before.
    pub(super) async fn ledgers(
        &self,
        plan: &Plan,
        range: HeightRange,
        avoid: Option<EndpointId>,
    ) -> Result<LedgersRead, ChainError> {
        let mut builder = plan.builder(range);
        let mut endpoint = None;
        // There is no ledger 0.
        let mut from = Height(range.from.0.max(1));
        while from <= range.to {
            let left = HeightRange { from, to: range.to };
            let (last, teller) = self.ledgers_page(&mut builder, left, avoid).await?;
            (from, endpoint) = (last.next(), Some(teller));
        }
        Ok(LedgersRead { blocks: builder.finish(), endpoint })
    }

    /// As many ledgers from the start of `range` as one answer holds. Says which was the last.
    async fn ledgers_page(
        &self,
        builder: &mut Builder,
        range: HeightRange,
        avoid: Option<EndpointId>,
    ) -> Result<(Height, EndpointId), ChainError> {
        let mut patience = Patience::avoiding(avoid);
        let mark = builder.mark();
        loop {
            let limit = range.len().min(self.ledger_span.lock().get());
            let trouble = match self.ledgers_page_once(builder, range, limit, patience.avoid()).await {
                Ok(answer) => return Ok(answer),
                Err(trouble) => trouble,
            };
            builder.go_back(&mark);
            self.report(&trouble);
            match patience.judge(trouble, range) {
                Next::Again | Next::WithoutTopics => tokio::time::sleep(self.config.retry_delay).await,
                Next::Less(allowed) if limit > 1 => {
                    let allowed = allowed.map_or(limit, |allowed| u64::from(allowed).saturating_mul(2));
                    self.ledger_span.lock().refused(limit.min(allowed));
                }
                Next::Less(_) => return Err(unavailable("the server refuses every request for ledgers")),
                Next::Fail(error) => return Err(error),
            }
        }
    }

    async fn ledgers_page_once(
        &self,
        builder: &mut Builder,
        range: HeightRange,
        limit: u64,
        avoid: Option<EndpointId>,
    ) -> Result<(Height, EndpointId), Trouble> {
        let asked = Instant::now();
        let params = json!({ "startLedger": range.from.0, "pagination": { "limit": limit } });
        let question = Question { method: "getLedgers", params, weight: Weight::Heavy };
        let reply = self.ask(&question, avoid).await?;
        let took = asked.elapsed();
        let bytes = reply.bytes().len() as u64;
        let items = builder.items();
        let (page, endpoint) = self.build(reply, builder, LedgersPage::read).await?;
        self.pool.note_head(endpoint, u64::from(page.latest));
        let last = check(&page, endpoint, range)?;
        self.link(&page.ledgers, endpoint)?;
        let ledgers = page.ledgers.len() as u64;
        let items = builder.items().saturating_sub(items);
        self.ledger_span.lock().answered(Answered { ledgers, items, bytes, took });
        Ok((last.min(range.to), endpoint))
    }

    /// Joins the ledgers with those that were verified before.
    fn link(&self, ledgers: &[WireLedger], endpoint: EndpointId) -> Result<(), Trouble> {
        self.links.lock().join(ledgers).map_err(|sequence| {
            Trouble::bad(endpoint, format!("ledger {sequence} has another hash than was told before"))
        })
    }

    /// Hands an answer to the builder, large ones aside.
    pub(super) async fn build<T: Send + 'static>(
        &self,
        reply: Reply,
        builder: &mut Builder,
        read: fn(&str, &mut Builder) -> Result<T, Flaw>,
    ) -> Result<(T, EndpointId), Trouble> {
        // The builder goes to another thread and back; without an answer what it held is lost, and the range read again.
        let mut taken = std::mem::replace(builder, builder.empty());
        let told = self
            .read(reply, move |text| {
                let page = read(text, &mut taken);
                Ok((page, taken))
            })
            .await?;
        let (page, taken) = told.value;
        *builder = taken;
        page.map(|page| (page, told.endpoint)).map_err(|flaw| Trouble::bad(told.endpoint, flaw.0))
    }
}

/// Whether the page answers the question; the last of its ledgers.
fn check(page: &LedgersPage, endpoint: EndpointId, range: HeightRange) -> Result<Height, Trouble> {
    if u64::from(page.latest) < range.to.0 {
        return Err(Trouble::Behind { endpoint });
    }
    let (Some(first), Some(last)) = (page.ledgers.first(), page.ledgers.last()) else {
        return Err(
            match page.oldest.filter(|&oldest| u64::from(oldest) > range.from.0 && oldest <= page.latest) {
                Some(oldest) => Trouble::Outside(Window { oldest, latest: page.latest }),
                None => Trouble::bad(endpoint, "no ledgers where there are some"),
            },
        );
    };
    if u64::from(first.sequence) != range.from.0 {
        return Err(Trouble::bad(endpoint, format!("ledger {} in place of {}", first.sequence, range.from)));
    }
    Ok(Height(u64::from(last.sequence)))
}

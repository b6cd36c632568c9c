//! Reads events with `getEvents`, page by page.

use std::sync::atomic::{AtomicBool, Ordering};

use chainbell_model::{Block, ChainError, HeightRange};
use chainbell_rpc::EndpointId;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    StellarChain,
    ask::{Question, Told, Weight},
    filter::{Query, Topics},
    patience::{Next, Patience, Trouble, unavailable},
    plan::Plan,
    refusal::Window,
    span::Answered,
};
use crate::{
    assemble::{Reading, events_blocks},
    toid::EventId,
    wire::{EventsPage, WireEvent},
};

/// So few ledgers are read at the tip.
const SHORT: u64 = 4;

/// What was read of a range.
#[derive(Debug)]
pub(super) struct EventsRead {
    /// The blocks that hold wanted events.
    pub(super) blocks: Vec<Block>,
    /// Who told of the last of them.
    pub(super) endpoint: Option<EndpointId>,
}

/// What is gathered on the way.
#[derive(Default)]
struct Gathered {
    events: Vec<WireEvent>,
    endpoint: Option<EndpointId>,
    bytes: u64,
}

/// Whether a page was the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Done,
    /// Everything up to there is read.
    On(EventId),
}

/// Which servers were found not to know the wildcard for any number of topics. All are then asked without.
#[derive(Debug, Default)]
pub(super) struct OpenTopics(AtomicBool);

impl OpenTopics {
    fn get(&self) -> Topics {
        if self.0.load(Ordering::Relaxed) { Topics::Unknown } else { Topics::Open }
    }
}

impl StellarChain {
    /// The blocks of `range` that hold wanted events, of other endpoints than `avoid` where there are any.
    pub(super) async fn events(
        &self,
        plan: &Plan,
        range: HeightRange,
        avoid: Option<EndpointId>,
    ) -> Result<EventsRead, ChainError> {
        if plan.queries.is_empty() {
            self.reference_at(range.to).await?;
        }
        let asked = Instant::now();
        let mut gathered = Gathered::default();
        for query in &plan.queries {
            self.events_of(plan, query, range, avoid, &mut gathered).await?;
        }
        let Gathered { mut events, endpoint, bytes } = gathered;
        if plan.queries.len() > 1 {
            events.sort_by_key(|event| event.id);
            events.dedup_by_key(|event| event.id);
        }
        self.event_span.lock().answered(Answered {
            ledgers: range.len(),
            items: events.len() as u64,
            bytes,
            took: asked.elapsed(),
        });
        let blocks = events_blocks(events)
            .map_err(|flaw| ChainError::Inconsistent { height: range.from, reason: flaw.0 })?;
        Ok(EventsRead { blocks, endpoint })
    }

    async fn events_of(
        &self,
        plan: &Plan,
        query: &Query,
        range: HeightRange,
        avoid: Option<EndpointId>,
        gathered: &mut Gathered,
    ) -> Result<(), ChainError> {
        let mut after = None;
        loop {
            let (page, step) = self.events_page(plan, query, range, after, avoid).await?;
            gathered.bytes += page.bytes;
            gathered.endpoint = Some(page.endpoint);
            gathered.events.extend(page.events);
            // A single ledger cannot be narrowed any more.
            let most = if range.len() > 1 {
                self.config.max_events
            } else {
                self.config.max_events.saturating_mul(8)
            };
            if gathered.events.len() > most {
                self.event_span.lock().refused(range.len());
                return Err(unavailable("more events than are taken at once"));
            }
            match step {
                Step::Done => return Ok(()),
                Step::On(cursor) => after = Some(cursor),
            }
        }
    }

    /// The page behind `after`, asked for until it comes and fits.
    async fn events_page(
        &self,
        plan: &Plan,
        query: &Query,
        range: HeightRange,
        after: Option<EventId>,
        avoid: Option<EndpointId>,
    ) -> Result<(Page, Step), ChainError> {
        let mut patience = Patience::avoiding(avoid);
        loop {
            let limit = self.limits.events.get();
            let topics = self.open_topics.get();
            let question = question(query, topics, range, after, limit);
            let trouble = match self.events_page_once(plan, &question, patience.avoid()).await {
                Ok((told, bytes)) => match check(&told, range, after, limit) {
                    Ok(step) => {
                        self.limits.events.answered(limit);
                        return Ok((Page::of(told, range, after, bytes), step));
                    }
                    Err(trouble) => trouble,
                },
                Err(trouble) => trouble,
            };
            self.report(&trouble);
            match patience.judge(trouble, range) {
                Next::Again => tokio::time::sleep(self.config.retry_delay).await,
                Next::Less(allowed) if limit > 1 => self.limits.events.shrink(limit, allowed),
                Next::WithoutTopics if topics == Topics::Open => {
                    tracing::info!("a server knows no open topics; events are filtered here");
                    self.open_topics.0.store(true, Ordering::Relaxed);
                }
                Next::Less(_) | Next::WithoutTopics => {
                    return Err(unavailable("the server refuses every request for events"));
                }
                Next::Fail(error) => return Err(error),
            }
        }
    }

    async fn events_page_once(
        &self,
        plan: &Plan,
        question: &Question,
        avoid: Option<EndpointId>,
    ) -> Result<(Told<EventsPage>, u64), Trouble> {
        let reply = self.ask(question, avoid).await?;
        let bytes = reply.bytes().len() as u64;
        let (wanted, network) = (plan.wanted.clone(), plan.network.clone());
        let read = move |text: &str| EventsPage::read(text, &Reading { wanted: &wanted, network: &network });
        let told = self.read(reply, read).await?;
        self.pool.note_head(told.endpoint, u64::from(told.value.latest));
        Ok((told, bytes))
    }
}

fn question(
    query: &Query,
    topics: Topics,
    range: HeightRange,
    after: Option<EventId>,
    limit: u32,
) -> Question {
    let filters = query.filters(topics);
    let params: Value = match after {
        None => json!({
            // There is no ledger 0.
            "startLedger": range.from.0.max(1),
            "endLedger": range.to.0.saturating_add(1),
            "filters": filters,
            "pagination": { "limit": limit },
        }),
        // With a cursor the server takes no end; what lies behind it is left out here.
        Some(after) => {
            json!({ "filters": filters, "pagination": { "cursor": after.to_string(), "limit": limit } })
        }
    };
    // At the tip a second server may be quicker; a backfill it would only burden.
    let weight = if range.len() <= SHORT { Weight::Light } else { Weight::Heavy };
    Question { method: "getEvents", params, weight }
}

/// The wanted events of a page that are new and in range.
struct Page {
    events: Vec<WireEvent>,
    endpoint: EndpointId,
    bytes: u64,
}

impl Page {
    fn of(told: Told<EventsPage>, range: HeightRange, after: Option<EventId>, bytes: u64) -> Self {
        let mut events = told.value.events;
        events.retain(|event| Some(event.id) > after && u64::from(event.id.ledger) <= range.to.0);
        Self { events, endpoint: told.endpoint, bytes }
    }
}

/// Whether the page answers the question and how to go on.
fn check(
    told: &Told<EventsPage>,
    range: HeightRange,
    after: Option<EventId>,
    limit: u32,
) -> Result<Step, Trouble> {
    let (page, endpoint) = (&told.value, told.endpoint);
    if u64::from(page.latest) < range.to.0 {
        return Err(Trouble::Behind { endpoint });
    }
    let start = after.map_or(range.from.0.max(1), |after| u64::from(after.ledger));
    if let Some(oldest) = page.oldest.filter(|&oldest| u64::from(oldest) > start && oldest <= page.latest) {
        // It was dropped while it was read.
        return Err(Trouble::Outside(Window { oldest, latest: page.latest }));
    }
    if page.ends.is_some_and(|(first, _)| u64::from(first.ledger) < range.from.0) {
        return Err(Trouble::bad(endpoint, "an event of a ledger before those asked for"));
    }
    let full = page.count >= usize::try_from(limit).unwrap_or(usize::MAX);
    let last = page.ends.map(|(_, last)| last);
    // The first servers tell no cursor: they looked at everything unless the page is full.
    let covered = match (page.cursor, last) {
        (Some(cursor), Some(last)) => cursor.max(last),
        (Some(cursor), None) => cursor,
        (None, Some(last)) if full => last,
        (None, _) => EventId::end_of(page.latest),
    };
    let ledger = u64::from(covered.ledger);
    if ledger > range.to.0 || (ledger == range.to.0 && covered.ends_its_ledger()) {
        return Ok(Step::Done);
    }
    if after.is_some_and(|after| covered <= after) || ledger < start {
        return Err(Trouble::bad(endpoint, "a page of events that does not go on"));
    }
    Ok(Step::On(covered))
}

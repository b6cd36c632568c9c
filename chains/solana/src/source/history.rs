//! Lists what happened to a program: `getSignaturesForAddress`, newest first, page by page.
//!
//! A list proves that it reaches far enough by the first entry below the range. Where there is none it ends at the
//! beginning of the program's history or of what the node keeps, and a second look has to tell which.

use chainbell_model::{Address, ChainError, Height, HeightRange, TxId};
use chainbell_rpc::{EndpointId, Reply};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::{
    SolanaChain,
    ask::{Question, Told, malformed, read},
    header::{bad, tx_id},
    level::Level,
    patience::{Trouble, unavailable},
};
use crate::{address, wire::SignatureInfo};

/// The most signatures in a page.
const PAGE: usize = 1_000;
/// A list that begins so many slots above the range is not worth being begun lower.
const NEAR: u64 = 64;
/// In how many of the blocks above a range a signature to begin with is looked for.
const ANCHOR_BLOCKS: usize = 8;
/// How many pages may pass before the range is reached.
const IDLE_PAGES: usize = 200;

/// One transaction of a program's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) slot: u64,
    pub(super) signature: TxId,
    pub(super) failed: bool,
}

/// What is listed: a program's history within a range, newest first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listing {
    pub(super) program: Address,
    pub(super) range: HeightRange,
    pub(super) level: Level,
    /// A signature above the range to begin below.
    pub(super) anchor: Option<TxId>,
}

/// A place in a list.
#[derive(Clone, Copy, Debug)]
struct Place {
    before: Option<TxId>,
    limit: usize,
}

impl SolanaChain {
    /// What `listing` asks for.
    pub(super) async fn history(&self, listing: &Listing) -> Result<Vec<Listed>, ChainError> {
        let range = listing.range;
        let top =
            if listing.anchor.is_some() { range.to.0 } else { self.newest(listing.level).max(range.to.0) };
        let expected = self.rates.expected(&listing.program, (top - range.from.0).saturating_add(1));
        let mut place = Place { before: listing.anchor, limit: expected.clamp(16, PAGE) };
        let mut listed: Vec<Listed> = Vec::new();
        for pages in 0.. {
            let page = self.patiently(range.to, |avoid| self.page(listing, place, avoid)).await?;
            let page = if page.value.is_empty() {
                match self.more_after_all(listing, place, page.endpoint).await? {
                    Some(page) => page,
                    None => break,
                }
            } else {
                page.value
            };
            let Some(&last) = page.last() else { break };
            listed
                .extend(page.into_iter().filter(|item| range.from.0 <= item.slot && item.slot <= range.to.0));
            if last.slot < range.from.0 {
                break;
            }
            self.not_too_many(listing, listed.len(), pages)?;
            place = Place { before: Some(last.signature), limit: PAGE };
        }
        self.rates.learn(&listing.program, range.len(), listed.len());
        Ok(listed)
    }

    fn not_too_many(&self, listing: &Listing, listed: usize, pages: usize) -> Result<(), ChainError> {
        let most = self.config.max_signatures.max(PAGE);
        if listed <= most && pages < most / PAGE + IDLE_PAGES {
            return Ok(());
        }
        self.program_span.lock().refused(listing.range.len());
        Err(unavailable(&format!(
            "slots {} to {} hold more than {most} transactions of one program: shorter pieces are read next",
            listing.range.from, listing.range.to
        )))
    }

    async fn page(
        &self,
        listing: &Listing,
        place: Place,
        avoid: Option<EndpointId>,
    ) -> Result<Told<Vec<Listed>>, Trouble> {
        let reply = self.ask(page_question(listing, place), avoid).await?;
        read(reply, move |reply| page_of(reply, place)).await
    }

    /// A node that is still indexing, that does not know where to begin, or that keeps less than the range, answers with
    /// nothing. Returns what there is after all; `None` when the history really ends there.
    async fn more_after_all(
        &self,
        listing: &Listing,
        place: Place,
        first: EndpointId,
    ) -> Result<Option<Vec<Listed>>, ChainError> {
        let from = listing.range.from;
        let mut avoid = Some(first);
        let mut doubt = unavailable("no endpoint tells where the history ends");
        // The first may be the one that keeps enough.
        for _ in 0..2 {
            let look = |again: Option<EndpointId>| self.look(listing, place, again.or(avoid));
            let Told { value: look, endpoint } = self.patiently(listing.range.to, look).await?;
            if !look.page.is_empty() {
                return Ok(Some(look.page));
            }
            doubt = match look {
                Look { first_available, .. } if first_available > from.0 => {
                    ChainError::Pruned { height: from, first: Some(Height(first_available)) }
                }
                Look { knows_place: false, .. } => ChainError::Inconsistent {
                    height: from,
                    reason: "a signature of the chain is not known to the node that lists from there"
                        .to_owned(),
                },
                _ => return Ok(None),
            };
            avoid = Some(endpoint);
        }
        Err(doubt)
    }

    async fn look(
        &self,
        listing: &Listing,
        place: Place,
        avoid: Option<EndpointId>,
    ) -> Result<Told<Look>, Trouble> {
        let mut questions =
            vec![page_question(listing, place), Question::light("getFirstAvailableBlock", json!([]))];
        questions.extend(place.before.map(|before| {
            let params = json!([[text_of(&before)], {"searchTransactionHistory": true}]);
            Question::light("getSignatureStatuses", params)
        }));
        let mut replies = self.ask_each(questions, avoid).await?.into_iter();
        let (Some(page), Some(first)) = (replies.next(), replies.next()) else {
            return Err(Trouble::Bad { endpoint: None, reason: "an answer is missing".to_owned() });
        };
        let page = page?;
        let endpoint = page.endpoint;
        let same = |reply: &Reply| reply.endpoint == endpoint;
        let first_available = match first {
            Ok(reply) if same(&reply) => reply.parse().map_err(|error| malformed(&reply, &error))?,
            // Nodes that do not tell are believed.
            Err(Trouble::MethodMissing { .. }) => 0,
            Ok(_) => {
                return Err(Trouble::Doubtful { endpoint: None, reason: "answers of two nodes".to_owned() });
            }
            Err(trouble) => return Err(trouble),
        };
        let knows_place = match replies.next() {
            Some(Ok(reply)) if same(&reply) => {
                let statuses: Statuses = reply.parse().map_err(|error| malformed(&reply, &error))?;
                statuses.value.first().is_some_and(Option::is_some)
            }
            Some(Ok(_)) => {
                return Err(Trouble::Doubtful { endpoint: None, reason: "answers of two nodes".to_owned() });
            }
            None | Some(Err(Trouble::MethodMissing { .. })) => true,
            Some(Err(trouble)) => return Err(trouble),
        };
        let page = page_of(&page, place)?;
        Ok(Told { value: Look { page, first_available, knows_place }, endpoint })
    }

    /// A signature from which a list of what is in `range` can begin, where beginning with the newest would be a long way.
    /// It is final: its place on the chain cannot change.
    pub(super) async fn anchor(&self, range: HeightRange, level: Level) -> Result<Option<TxId>, ChainError> {
        if level != Level::Finalized || self.newest(level).saturating_sub(range.to.0) <= NEAR {
            return Ok(None);
        }
        let slots =
            self.patiently(range.to, |avoid| self.slots_above(range.to.0, NEAR, level, avoid)).await?;
        for slot in slots.into_iter().take(ANCHOR_BLOCKS) {
            let block = self.patiently(Height(slot), |avoid| self.signatures_at(slot, level, avoid)).await?;
            if let Some(&first) = block.value.1.first() {
                return Ok(Some(first));
            }
        }
        Ok(None)
    }
}

/// The end of a list, looked at again.
struct Look {
    page: Vec<Listed>,
    first_available: u64,
    /// The node knows the signature from which it lists.
    knows_place: bool,
}

#[derive(Deserialize)]
struct Statuses {
    value: Vec<Option<IgnoredAny>>,
}

fn page_question(listing: &Listing, place: Place) -> Question {
    let mut settings = json!({
        "limit": place.limit,
        "commitment": listing.level.word(),
        "minContextSlot": listing.range.to.0,
    });
    if let Some(before) = &place.before {
        settings["before"] = text_of(before).into();
    }
    Question::light("getSignaturesForAddress", json!([text_of(&listing.program), settings]))
}

fn page_of(reply: &Reply, place: Place) -> Result<Vec<Listed>, Trouble> {
    let items: Vec<SignatureInfo<'_>> = reply.parse().map_err(|error| malformed(reply, &error))?;
    let listed = |item: &SignatureInfo<'_>| {
        Some(Listed { slot: item.slot, signature: tx_id(item.signature)?, failed: item.err.is_some() })
    };
    let Some(page) = items.iter().map(listed).collect::<Option<Vec<_>>>() else {
        return Err(bad(reply, "a signature that is none".to_owned()));
    };
    if page.windows(2).any(|pair| pair[0].slot < pair[1].slot) {
        return Err(bad(reply, "a list of signatures that is not newest first".to_owned()));
    }
    if place.before.is_some_and(|before| page.iter().any(|item| item.signature == before)) {
        return Err(bad(reply, "a list of signatures that does not begin where it was asked to".to_owned()));
    }
    Ok(page)
}

fn text_of(bytes: &[u8]) -> String {
    let mut text = String::new();
    address::push_text(bytes, &mut text);
    text
}

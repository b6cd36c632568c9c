//! What to ask `getEvents` for an interest.
//!
//! One request takes 5 filters of 5 contracts and 5 topic patterns each. What does not fit is asked more widely and filtered
//! here. Servers look only at the events of all contracts that the filters of a request name together, so filters with and
//! without contracts never share one: what the latter match of other contracts would be left out.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_model::EventKey;
use serde_json::{Value, json};

use crate::assemble::Wanted;

const MAX_FILTERS: usize = 5;
const MAX_CONTRACTS: usize = 5;
/// A key is asked for as a symbol and as a string, which makes two patterns.
const MAX_KEYS: usize = 2;
/// Contracts of which more keys are wanted are asked for all their events.
const MAX_KEYS_OF_CONTRACT: usize = 4;

/// The filters of one request; none asks for every event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<Filter>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Filter {
    /// Empty: any.
    contracts: Vec<[u8; 32]>,
    /// Empty: any.
    keys: Vec<EventKey>,
}

/// Whether the server knows the wildcard for any number of topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topics {
    Open,
    Unknown,
}

impl Query {
    /// The filters as the request writes them.
    pub(super) fn filters(&self, topics: Topics) -> Value {
        if topics == Topics::Unknown && self.0.iter().any(|filter| filter.contracts.is_empty()) {
            return json!([]);
        }
        self.0.iter().map(|filter| filter.json(topics)).collect()
    }
}

impl Filter {
    fn json(&self, topics: Topics) -> Value {
        let mut filter = json!({});
        if !self.contracts.is_empty() {
            let text = |id: &[u8; 32]| stellar_strkey::Contract(*id).to_string().to_string();
            filter["contractIds"] = self.contracts.iter().map(text).collect();
        }
        if !self.keys.is_empty() && topics == Topics::Open {
            let patterns = self.keys.iter().filter_map(name_of).flat_map(first_topics);
            filter["topics"] = patterns.map(|topic| json!([topic, "**"])).collect();
        }
        filter
    }
}

/// At most `max` queries whose answers together hold everything wanted, and perhaps more. None when no event is wanted.
pub(super) fn queries(wanted: &Wanted, max: usize) -> Vec<Query> {
    let everything = || vec![Query::default()];
    if wanted.is_everything() {
        return everything();
    }
    let narrow = split(with_contracts(wanted, true), of_any_contract(wanted, false));
    let wide = || split(with_contracts(wanted, false), of_any_contract(wanted, false));
    let by_key = || split(Some(of_any_key(wanted)), of_any_contract(wanted, true));
    let fits = |queries: &Vec<Query>| queries.len() <= max.max(1);
    narrow
        .filter(fits)
        .or_else(|| wide().filter(fits))
        .or_else(|| by_key().filter(fits))
        .unwrap_or_else(everything)
}

/// `None` when some of the filters cannot be asked.
fn split(with: Option<Vec<Filter>>, without: Option<Vec<Filter>>) -> Option<Vec<Query>> {
    let (with, without) = (with?, without?);
    let chunks = with.chunks(MAX_FILTERS).chain(without.chunks(MAX_FILTERS));
    Some(chunks.map(|filters| Query(filters.to_vec())).collect())
}

/// Filters for the contracts of which something is wanted.
fn with_contracts(wanted: &Wanted, by_keys: bool) -> Option<Vec<Filter>> {
    if !by_keys {
        let contracts = wanted.any_key().iter().chain(wanted.pairs().keys());
        return Some(of_contracts(sorted(contracts), &[]));
    }
    // Contracts of which the same keys are wanted share their filters.
    let mut groups = BTreeMap::<Vec<EventKey>, Vec<[u8; 32]>>::new();
    for (contract, keys) in wanted.pairs() {
        let mut keys = sorted(keys.iter());
        if keys.len() > MAX_KEYS_OF_CONTRACT || !keys.iter().all(|key| name_of(key).is_some()) {
            keys.clear();
        }
        groups.entry(keys).or_default().push(*contract);
    }
    if !wanted.any_key().is_empty() {
        groups.entry(Vec::new()).or_default().extend(wanted.any_key());
    }
    let filters =
        groups.into_iter().flat_map(|(keys, contracts)| of_contracts(sorted(contracts.iter()), &keys));
    Some(filters.collect())
}

fn of_any_key(wanted: &Wanted) -> Vec<Filter> {
    of_contracts(sorted(wanted.any_key().iter()), &[])
}

fn of_contracts(contracts: Vec<[u8; 32]>, keys: &[EventKey]) -> Vec<Filter> {
    let keys: Vec<&[EventKey]> = if keys.is_empty() { vec![&[]] } else { keys.chunks(MAX_KEYS).collect() };
    let filter = |contracts: &[[u8; 32]], keys: &[EventKey]| Filter {
        contracts: contracts.to_vec(),
        keys: keys.to_vec(),
    };
    contracts
        .chunks(MAX_CONTRACTS)
        .flat_map(|contracts| keys.iter().map(move |keys| filter(contracts, keys)))
        .collect()
}

/// Filters for what is wanted of any contract, or with `all` for what is wanted by key at all. `None` where a key is no name.
fn of_any_contract(wanted: &Wanted, all: bool) -> Option<Vec<Filter>> {
    let of_pairs = wanted.pairs().values().flatten().filter(|_| all);
    let keys = sorted(wanted.any_emitter().iter().chain(of_pairs));
    if !keys.iter().all(|key| name_of(key).is_some()) {
        return None;
    }
    Some(keys.chunks(MAX_KEYS).map(|keys| Filter { contracts: Vec::new(), keys: keys.to_vec() }).collect())
}

fn sorted<'a, const N: usize>(items: impl Iterator<Item = &'a [u8; N]>) -> Vec<[u8; N]> {
    let mut items: Vec<_> = items.copied().collect();
    items.sort_unstable();
    items.dedup();
    items
}

/// The name that a key was made of. `None` where it may be a hash: only the letters of symbols tell surely that it is not.
fn name_of(key: &EventKey) -> Option<&[u8]> {
    let end = key.iter().rposition(|byte| *byte != 0)? + 1;
    let name = key.get(..end)?;
    name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').then_some(name)
}

/// The symbol and the string of that name, as topics are written.
fn first_topics(name: &[u8]) -> [String; 2] {
    [15_u32, 14].map(|kind| {
        let mut xdr = kind.to_be_bytes().to_vec();
        xdr.extend(u32::try_from(name.len()).unwrap_or_default().to_be_bytes());
        xdr.extend_from_slice(name);
        xdr.resize(8 + name.len().next_multiple_of(4), 0);
        STANDARD.encode(xdr)
    })
}

#[cfg(test)]
mod tests {
    use chainbell_model::{Contracts, EventFilter, Interest};

    use super::*;
    use crate::{address::contract, assemble::Network, payload::call_key};

    fn filter(emitters: Option<&[u8]>, keys: Option<&[&str]>) -> EventFilter {
        EventFilter {
            emitters: emitters.map(|list| list.iter().map(|&n| contract(&[n; 32])).collect()),
            keys: keys.map(|list| list.iter().map(|name| call_key(name.as_bytes()).unwrap()).collect()),
        }
    }

    fn queries_of(interest: &Interest, max: usize) -> Vec<Value> {
        let wanted = Wanted::new(interest, &Network::new("Test"));
        queries(&wanted, max).iter().map(|query| query.filters(Topics::Open)).collect()
    }

    fn of_events(events: Vec<EventFilter>, max: usize) -> Vec<Value> {
        queries_of(&Interest { events, ..Interest::default() }, max)
    }

    fn id(n: u8) -> String {
        stellar_strkey::Contract([n; 32]).to_string().to_string()
    }

    #[test]
    fn contracts_and_names_are_pushed_down() {
        assert_eq!(
            of_events(vec![filter(Some(&[1, 2]), Some(&["transfer"]))], 4),
            [json!([{
                "contractIds": [id(1), id(2)],
                "topics": [["AAAADwAAAAh0cmFuc2Zlcg==", "**"], ["AAAADgAAAAh0cmFuc2Zlcg==", "**"]],
            }])]
        );
        assert_eq!(of_events(vec![filter(Some(&[1]), None)], 4), [json!([{ "contractIds": [id(1)] }])]);
        assert_eq!(of_events(vec![filter(None, None)], 4), [json!([])]);
        assert!(of_events(vec![], 4).is_empty());
    }

    #[test]
    fn filters_with_and_without_contracts_never_share_a_request() {
        let asked = of_events(vec![filter(Some(&[1]), None), filter(None, Some(&["swap"]))], 4);
        assert_eq!(asked.len(), 2);
        assert!(asked[0][0].get("contractIds").is_some() && asked[1][0].get("contractIds").is_none());
    }

    #[test]
    fn what_does_not_fit_is_asked_more_widely() {
        let many: Vec<u8> = (1..=26).collect();
        let asked = of_events(vec![filter(Some(&many), Some(&["a", "b", "c"]))], 4);
        assert_eq!(asked.iter().map(|query| query.as_array().unwrap().len()).collect::<Vec<_>>(), [5, 5, 2]);
        let asked = of_events(vec![filter(Some(&many), Some(&["a", "b", "c"]))], 2);
        assert_eq!(asked.iter().map(|query| query.as_array().unwrap().len()).collect::<Vec<_>>(), [5, 1]);
        assert!(asked[0][0].get("topics").is_none());
        let asked = of_events(vec![filter(Some(&many), Some(&["a", "b", "c"]))], 1);
        assert_eq!(asked.len(), 1);
        assert!(asked[0][0].get("contractIds").is_none() && asked[0][0].get("topics").is_some());
        assert_eq!(of_events(vec![filter(Some(&many), None)], 1), [json!([])]);
        let five = ["a", "b", "c", "d", "e"];
        assert!(of_events(vec![filter(Some(&[1]), Some(&five))], 4)[0][0].get("topics").is_none());
    }

    #[test]
    fn a_key_that_may_be_a_hash_is_filtered_here() {
        let hashed = |emitters: Option<&[u8]>| EventFilter {
            keys: Some([[0xee; 32]].into()),
            ..filter(emitters, None)
        };
        assert_eq!(of_events(vec![hashed(None)], 4), [json!([])]);
        assert_eq!(of_events(vec![hashed(Some(&[1]))], 4), [json!([{ "contractIds": [id(1)] }])]);
    }

    #[test]
    fn token_transfers_are_asked_by_their_four_names() {
        let any = queries_of(&Interest { token_transfers: Contracts::Any, ..Interest::default() }, 4);
        assert_eq!(any.len(), 1);
        assert_eq!(any[0].as_array().unwrap().len(), 2);
        let of = Contracts::Of([contract(&[7; 32])].into());
        let of = queries_of(&Interest { token_transfers: of, ..Interest::default() }, 4);
        assert_eq!(of[0][0]["contractIds"], json!([id(7)]));
    }

    #[test]
    fn servers_without_open_topics_are_asked_for_more() {
        let interest = Interest { events: vec![filter(Some(&[1]), Some(&["a"]))], ..Interest::default() };
        let wanted = Wanted::new(&interest, &Network::new("Test"));
        assert_eq!(queries(&wanted, 4)[0].filters(Topics::Unknown), json!([{ "contractIds": [id(1)] }]));
        let interest = Interest { events: vec![filter(None, Some(&["a"]))], ..Interest::default() };
        let wanted = Wanted::new(&interest, &Network::new("Test"));
        assert_eq!(queries(&wanted, 4)[0].filters(Topics::Unknown), json!([]));
    }
}

//! An interest worked out for reading: by what, and of which programs.

use std::{collections::BTreeSet, sync::Arc};

use chainbell_model::{Address, Contracts, Interest};
use parking_lot::Mutex;

use super::config::{ReadMode, SolanaConfig};

/// What reading needs of an interest.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) interest: Arc<Interest>,
    pub(super) way: Way,
}

/// By what the chain is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By the histories of these programs.
    Programs(Vec<Address>),
    /// By whole blocks.
    Blocks,
    /// As configured it cannot be read.
    Impossible(&'static str),
}

impl Plan {
    pub(super) fn new(interest: &Interest, config: &SolanaConfig) -> Self {
        Self { interest: Arc::new(interest.clone()), way: way(interest, config) }
    }

    /// Failed transactions hold something wanted.
    pub(super) fn wants_failed(&self) -> bool {
        self.interest.failed_events || self.interest.calls != Contracts::None
    }
}

fn way(interest: &Interest, config: &SolanaConfig) -> Way {
    match (config.mode, programs(interest)) {
        (ReadMode::Blocks, _) => Way::Blocks,
        (ReadMode::Auto, Some(programs)) if programs.len() <= config.max_programs => {
            Way::Programs(programs.into_iter().collect())
        }
        (ReadMode::Auto, _) => Way::Blocks,
        (ReadMode::Programs, Some(programs)) => Way::Programs(programs.into_iter().collect()),
        (ReadMode::Programs, None) => Way::Impossible(
            "mode = \"programs\" reads the events and calls of certain programs only; transactions, transfers, and events or \
             calls of any program need whole blocks: mode = \"auto\" or \"blocks\"",
        ),
    }
}

/// The programs whose histories hold everything asked for; `None` where no histories do. The history of a token does not
/// hold its transfers: a plain transfer does not mention the mint.
fn programs(interest: &Interest) -> Option<BTreeSet<Address>> {
    if interest.transactions || interest.native_transfers || interest.token_transfers != Contracts::None {
        return None;
    }
    let mut programs = match &interest.calls {
        Contracts::None => BTreeSet::new(),
        Contracts::Of(programs) => programs.clone(),
        Contracts::Any => return None,
    };
    for filter in &interest.events {
        programs.extend(filter.emitters.as_ref()?);
    }
    Some(programs)
}

/// The plan of the last interest: it stays the same for a long time.
#[derive(Debug, Default)]
pub(super) struct PlanCache(Mutex<Option<Arc<Plan>>>);

impl PlanCache {
    pub(super) fn get(&self, interest: &Interest, config: &SolanaConfig) -> Arc<Plan> {
        let mut last = self.0.lock();
        if let Some(plan) = last.as_ref().filter(|plan| *plan.interest == *interest) {
            return plan.clone();
        }
        last.insert(Arc::new(Plan::new(interest, config))).clone()
    }
}

#[cfg(test)]
mod tests {
    use chainbell_model::EventFilter;

    use super::*;

    fn program(byte: u8) -> Address {
        Address::from_slice(&[byte; 32]).unwrap()
    }

    fn events_of(programs: &[u8]) -> Interest {
        let emitters = Some(programs.iter().map(|byte| program(*byte)).collect());
        Interest { events: vec![EventFilter { emitters, keys: None }], ..Interest::default() }
    }

    fn way_of(interest: &Interest, mode: ReadMode) -> Way {
        let config = SolanaConfig { mode, max_programs: 2, ..SolanaConfig::default() };
        Plan::new(interest, &config).way
    }

    #[test]
    fn a_few_programs_are_read_by_their_histories_and_anything_else_by_blocks() {
        let calls = Interest {
            calls: Contracts::Of([program(1), program(2)].into()),
            details: true,
            ..events_of(&[1])
        };
        assert_eq!(way_of(&calls, ReadMode::Auto), Way::Programs(vec![program(1), program(2)]));
        assert_eq!(way_of(&Interest::default(), ReadMode::Auto), Way::Programs(Vec::new()));
        assert_eq!(way_of(&calls, ReadMode::Blocks), Way::Blocks);
        let wide = [
            events_of(&[1, 2, 3]),
            Interest { events: vec![EventFilter::default()], ..Interest::default() },
            Interest { calls: Contracts::Any, ..events_of(&[1]) },
            Interest { transactions: true, ..events_of(&[1]) },
            Interest { native_transfers: true, ..events_of(&[1]) },
            Interest { token_transfers: Contracts::Of([program(9)].into()), ..events_of(&[1]) },
        ];
        for interest in &wide {
            assert_eq!(way_of(interest, ReadMode::Auto), Way::Blocks, "{interest:?}");
        }
        assert!(
            matches!(way_of(&wide[0], ReadMode::Programs), Way::Programs(programs) if programs.len() == 3)
        );
        for interest in &wide[1..] {
            assert!(matches!(way_of(interest, ReadMode::Programs), Way::Impossible(_)));
        }
    }
}

//! What an interest asks for, prepared for looking up thousands of keys of a block.

use chainbell_model::{Address, Contracts, EventFilter, EventKey, Interest};

type Key = [u8; 32];

/// An interest, prepared.
#[derive(Debug)]
pub(crate) struct Wanted<'i> {
    /// What was asked for.
    pub(crate) interest: &'i Interest,
    emitters: Programs,
    callees: Programs,
    /// Sorted by emitter, with one entry for each filter that names it.
    by_emitter: Vec<(Key, &'i EventFilter)>,
    of_any_emitter: Vec<&'i EventFilter>,
}

/// A set of programs.
#[derive(Debug)]
enum Programs {
    /// Sorted.
    Of(Vec<Key>),
    Any,
}

impl Programs {
    fn of<'a>(addresses: impl IntoIterator<Item = &'a Address>) -> Self {
        // What is not 32 bytes long is no address of this chain and cannot turn up.
        let mut programs: Vec<Key> =
            addresses.into_iter().filter_map(|address| (**address).try_into().ok()).collect();
        programs.sort_unstable();
        programs.dedup();
        Self::Of(programs)
    }

    fn names(&self, program: &Key) -> bool {
        match self {
            Self::Of(programs) => programs.binary_search(program).is_ok(),
            Self::Any => false,
        }
    }

    fn holds(&self, program: &Key) -> bool {
        matches!(self, Self::Any) || self.names(program)
    }

    fn holds_any(&self, keys: &[Key]) -> bool {
        match self {
            Self::Of(programs) if programs.is_empty() => false,
            Self::Of(_) => keys.iter().any(|key| self.names(key)),
            Self::Any => true,
        }
    }
}

impl<'i> Wanted<'i> {
    /// Takes time in proportion to how many programs are named.
    pub(crate) fn new(interest: &'i Interest) -> Self {
        let of_any_emitter: Vec<_> =
            interest.events.iter().filter(|filter| filter.emitters.is_none()).collect();
        let named = || {
            let filters = interest.events.iter();
            filters.flat_map(|filter| filter.emitters.iter().flatten().map(move |emitter| (emitter, filter)))
        };
        let mut by_emitter: Vec<(Key, &EventFilter)> =
            named().filter_map(|(emitter, filter)| Some(((**emitter).try_into().ok()?, filter))).collect();
        by_emitter.sort_by_key(|(emitter, _)| *emitter);
        let emitters = if of_any_emitter.is_empty() {
            Programs::of(named().map(|(emitter, _)| emitter))
        } else {
            Programs::Any
        };
        let callees = match &interest.calls {
            Contracts::None => Programs::of([]),
            Contracts::Of(programs) => Programs::of(programs),
            Contracts::Any => Programs::Any,
        };
        Self { interest, emitters, callees, by_emitter, of_any_emitter }
    }

    /// Whether events of some program among `keys` are wanted.
    pub(crate) fn emitter_among(&self, keys: &[Key]) -> bool {
        self.emitters.holds_any(keys)
    }

    /// Whether events of `program` are wanted.
    pub(crate) fn emitter(&self, program: &Key) -> bool {
        self.emitters.holds(program)
    }

    /// Whether events of `program` are wanted by its name.
    pub(crate) fn names_emitter(&self, program: &Key) -> bool {
        self.emitters.names(program)
    }

    /// Whether calls of some program among `keys` are wanted.
    pub(crate) fn callee_among(&self, keys: &[Key]) -> bool {
        self.callees.holds_any(keys)
    }

    /// Whether calls of `program` are wanted.
    pub(crate) fn callee(&self, program: &Key) -> bool {
        self.callees.holds(program)
    }

    /// Whether an event of `program` with `key` is wanted.
    pub(crate) fn event(&self, program: &Key, key: Option<&EventKey>) -> bool {
        let fits = |filter: &EventFilter| {
            filter.keys.as_ref().is_none_or(|keys| key.is_some_and(|key| keys.contains(key)))
        };
        let first = self.by_emitter.partition_point(|(emitter, _)| emitter < program);
        let of_program = self.by_emitter[first..].iter().take_while(|(emitter, _)| emitter == program);
        self.of_any_emitter.iter().any(|filter| fits(filter))
            || of_program.into_iter().any(|(_, filter)| fits(filter))
    }

    /// Whether any transfer is wanted.
    pub(crate) fn transfers(&self) -> bool {
        self.interest.native_transfers || self.interest.token_transfers != Contracts::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble::address;

    fn filter(emitters: Option<&[u8]>, keys: Option<&[u8]>) -> EventFilter {
        EventFilter {
            emitters: emitters.map(|all| all.iter().map(|&byte| address([byte; 32])).collect()),
            keys: keys.map(|all| all.iter().map(|&byte| [byte; 32]).collect()),
        }
    }

    #[test]
    fn it_wants_what_the_filters_want() {
        let filters = [
            filter(Some(&[1, 2]), Some(&[7])),
            filter(Some(&[2, 3]), Some(&[8])),
            filter(Some(&[4]), None),
            filter(None, Some(&[9])),
        ];
        for last in [3, 4] {
            let interest = Interest { events: filters[..last].to_vec(), ..Interest::default() };
            let wanted = Wanted::new(&interest);
            for emitter in 0..6 {
                for key in [None, Some([7; 32]), Some([8; 32]), Some([9; 32])] {
                    let expected = interest
                        .events
                        .iter()
                        .any(|filter| filter.wants(&address([emitter; 32]), key.as_ref()));
                    assert_eq!(wanted.event(&[emitter; 32], key.as_ref()), expected);
                }
                assert_eq!(wanted.emitter(&[emitter; 32]), last == 4 || (1..5).contains(&emitter));
            }
        }
    }

    #[test]
    fn nothing_is_wanted_of_nobody() {
        let interest = Interest::default();
        let wanted = Wanted::new(&interest);
        assert!(!wanted.emitter_among(&[[1; 32]]) && !wanted.callee_among(&[[1; 32]]) && !wanted.transfers());
    }

    #[test]
    fn addresses_of_other_chains_are_no_matter() {
        let events = vec![EventFilter { emitters: Some([Address::from([1; 20])].into()), keys: None }];
        let calls = Contracts::Of([Address::from([1; 20])].into());
        let interest = Interest { events, calls, ..Interest::default() };
        assert!(!Wanted::new(&interest).emitter_among(&[[1; 32]]));
        assert!(!Wanted::new(&interest).callee(&[1; 32]));
    }
}

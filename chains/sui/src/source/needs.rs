//! What has to be read of a checkpoint for an interest, and how a node is told.

use chainbell_model::{Contracts, Interest};
use prost_types::FieldMask;

use super::config::SuiConfig;
use crate::{proof::Depth, transfers};

/// Which parts of a checkpoint are asked for. A checkpoint read for more answers an interest in less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Needs(u8);

const EVENTS: u8 = 1;
const RENDERED: u8 = 2;
const CALLS: u8 = 4;
const TRANSFERS: u8 = 8;
const DETAILS: u8 = 16;
const OBJECTS: u8 = 32;
const PROOF: u8 = 64;

/// What every checkpoint is read with: its place in the chain, the running total by which missing transactions show, and
/// the serialised summary by which the digest proves both.
const FRAME: [&str; 6] = [
    "sequence_number",
    "digest",
    "summary.bcs",
    "summary.previous_digest",
    "summary.timestamp",
    "summary.total_network_transactions",
];

const PARTS: [(u8, &[&str]); 6] = [
    (
        EVENTS,
        &[
            "transactions.effects.events_digest",
            "transactions.events.events.package_id",
            "transactions.events.events.module",
            "transactions.events.events.sender",
            "transactions.events.events.event_type",
            "transactions.events.events.contents",
        ],
    ),
    (RENDERED, &["transactions.events.events.json"]),
    (CALLS, &["transactions.transaction.kind"]),
    (
        TRANSFERS,
        &[
            "transactions.transaction.sender",
            "transactions.transaction.gas_payment",
            "transactions.effects.gas_used",
            "transactions.balance_changes",
        ],
    ),
    (DETAILS, &["transactions.effects.status", "transactions.effects.changed_objects"]),
    (
        OBJECTS,
        &[
            "transactions.effects.changed_objects",
            "transactions.effects.lamport_version",
            "objects.objects.object_id",
            "objects.objects.version",
            "objects.objects.owner",
            "objects.objects.object_type",
            "objects.objects.balance",
        ],
    ),
];

impl Needs {
    /// What `interest` asks for, with the extras that `config` asks for.
    pub(super) fn of(interest: &Interest, config: &SuiConfig) -> Self {
        let needs = Self::asked(interest, config.event_json);
        Self(needs.0 | if config.verify { PROOF } else { 0 })
    }

    fn asked(interest: &Interest, rendered: bool) -> Self {
        let mut needs = 0;
        if !interest.events.is_empty() {
            needs |= EVENTS | if rendered { RENDERED } else { 0 };
        }
        if interest.calls != Contracts::None {
            needs |= CALLS;
        }
        if transfers::are_wanted(interest) {
            needs |= TRANSFERS;
        }
        // Details alone are asked of nothing.
        if interest.transactions || (interest.details && needs != 0) {
            needs |= CALLS | TRANSFERS | DETAILS;
        }
        Self(needs)
    }

    /// Whether what was read for these serves `other`.
    pub(super) fn covers(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The same with the objects that show the balances which a node does not tell, where balances matter.
    pub(super) fn with_objects(self) -> Self {
        Self(self.0 | if self.0 & TRANSFERS != 0 { OBJECTS } else { 0 })
    }

    pub(super) fn without_objects(self) -> Self {
        Self(self.0 & !OBJECTS)
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether transactions are read at all.
    pub(super) fn transactions(self) -> bool {
        self.0 & !PROOF != 0
    }

    /// How far what was read has to be proven.
    pub(super) fn proof(self) -> Depth {
        if self.0 & PROOF == 0 || !self.transactions() {
            Depth::Summary
        } else if self.0 & EVENTS != 0 {
            Depth::Events
        } else {
            Depth::Transactions
        }
    }

    /// The read mask of a checkpoint.
    pub(super) fn mask(self) -> FieldMask {
        let parts = PARTS.iter().filter(|(part, _)| self.0 & part != 0).flat_map(|(_, paths)| *paths);
        let digest = self.transactions().then_some(&"transactions.digest");
        let proof: &[&str] = match self.proof() {
            Depth::Summary => &[],
            Depth::Transactions | Depth::Events => &["contents.bcs", "transactions.effects.bcs"],
        };
        let paths = FRAME.iter().chain(digest).chain(parts).chain(proof).map(|&path| path.to_owned());
        FieldMask { paths: paths.collect() }
    }

    /// The read mask of a checkpoint of which only the place in the chain is wanted.
    pub(super) fn frame() -> FieldMask {
        Self::default().mask()
    }
}

#[cfg(test)]
mod tests {
    use chainbell_model::EventFilter;
    use sui_rpc::{field::FieldMaskUtil as _, proto::sui::rpc::v2::Checkpoint};

    use super::*;

    fn events() -> Interest {
        Interest { events: vec![EventFilter::default()], ..Interest::default() }
    }

    fn of(interest: &Interest) -> Needs {
        Needs::of(interest, &SuiConfig::default())
    }

    #[test]
    fn a_proof_is_read_as_deep_as_the_facts() {
        let proven = |interest: &Interest| {
            let needs = Needs::of(interest, &SuiConfig { verify: true, ..SuiConfig::default() });
            assert_eq!(needs.mask().validate::<Checkpoint>(), Ok(()));
            needs.proof()
        };
        assert_eq!(proven(&Interest::default()), Depth::Summary);
        let calls = Interest { calls: Contracts::Any, ..Interest::default() };
        assert_eq!(proven(&calls), Depth::Transactions);
        assert_eq!(proven(&events()), Depth::Events);
        assert_eq!(of(&events()).proof(), Depth::Summary);
    }

    #[test]
    fn masks_name_only_fields_that_there_are() {
        let everything = Needs(u8::MAX).mask();
        assert_eq!(everything.validate::<Checkpoint>(), Ok(()));
        assert!(everything.paths.len() > 15);
        assert_eq!(Needs::default().mask().paths.len(), FRAME.len());
    }

    #[test]
    fn only_what_is_asked_for_is_read() {
        let paths = |interest: &Interest| of(interest).mask().paths.join(",");
        let of_events = paths(&events());
        assert!(of_events.contains("events.contents"));
        for absent in ["json", "kind", "balance_changes", "changed_objects", "status"] {
            assert!(!of_events.contains(absent), "{absent}");
        }
        assert!(Needs::asked(&events(), true).mask().paths.iter().any(|path| path.ends_with("json")));
        let calls = paths(&Interest { calls: Contracts::Any, ..Interest::default() });
        assert!(calls.contains("transaction.kind") && !calls.contains("events"));
        let details = paths(&Interest { details: true, ..events() });
        for present in ["kind", "balance_changes", "changed_objects", "status", "sender", "contents"] {
            assert!(details.contains(present), "{present}");
        }
        assert_eq!(Needs::asked(&Interest { details: true, ..Interest::default() }, true), Needs::default());
    }

    #[test]
    fn objects_are_read_only_for_balances() {
        assert_eq!(of(&events()).with_objects(), of(&events()));
        let transfers = of(&Interest { native_transfers: true, ..Interest::default() });
        let with = transfers.with_objects();
        assert!(with.covers(transfers) && !transfers.covers(with));
        assert!(with.mask().paths.iter().any(|path| path == "objects.objects.balance"));
    }

    #[test]
    fn more_covers_less() {
        let some = of(&events());
        let more = of(&Interest { transactions: true, ..events() });
        assert!(more.covers(some) && !some.covers(more));
        assert_eq!(some.and(more), more);
    }
}

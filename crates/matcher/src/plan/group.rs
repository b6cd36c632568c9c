//! Monitors that ask the same share a group: evaluated once, then fanned out.

use std::sync::Arc;

use chainbell_model::{Address, Standard};
use rapidhash::RapidHashMap;

use super::index::{AccessPath, Coordinates, Index};
use crate::subject::Subject;

/// Those who ask the same of the same facts.
#[derive(Debug)]
pub(super) struct Group {
    /// How the facts are read: index into the plan's forms.
    pub(super) form: u32,
    /// The condition: index into the plan's programs.
    pub(super) program: Option<u32>,
    /// What the access path does not prove: index into the plan's residues.
    pub(super) residue: Option<u32>,
    /// Events of failed transactions are asked for too.
    pub(super) failed: bool,
    /// Ascending.
    pub(super) monitors: Vec<u32>,
    /// Who stores the facts without a monitor: indexes into the plan's tenants.
    pub(super) stores: Vec<u32>,
}

/// What else has to hold of a fact that was found by its access path, before it is decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Residue {
    /// Sorted; `None` for any.
    pub(super) contracts: Option<Arc<[Address]>>,
    /// Sorted; `None` for any.
    pub(super) receivers: Option<Arc<[Address]>>,
    /// Kinds of transfers; any when empty.
    pub(super) standards: Vec<Standard>,
}

impl Residue {
    pub(super) fn admits(&self, at: &Coordinates<'_>, standard: Option<Standard>) -> bool {
        let among = |wanted: &Option<Arc<[Address]>>, address: Option<&Address>| {
            wanted
                .as_ref()
                .is_none_or(|wanted| address.is_some_and(|address| wanted.binary_search(address).is_ok()))
        };
        among(&self.contracts, at.contract)
            && among(&self.receivers, at.receiver)
            && (self.standards.is_empty()
                || standard.is_some_and(|standard| self.standards.contains(&standard)))
    }
}

/// What makes two monitors share a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct GroupKey {
    pub(super) subject: Subject,
    pub(super) path: AccessPath,
    pub(super) form: u32,
    pub(super) program: Option<u32>,
    pub(super) residue: Option<u32>,
    pub(super) failed: bool,
}

/// Who joins a group.
#[derive(Clone, Copy, Debug)]
pub(super) enum Member {
    Monitor(u32),
    Store(u32),
}

/// The groups and their indexes while they are built.
#[derive(Debug, Default)]
pub(super) struct Groups {
    known: RapidHashMap<GroupKey, u32>,
    residues_known: RapidHashMap<Residue, u32>,
    pub(super) groups: Vec<Group>,
    pub(super) residues: Vec<Residue>,
}

impl Groups {
    /// Puts `member` into the group of `key`.
    pub(super) fn join(&mut self, key: GroupKey, member: Member) {
        let (form, program, residue, failed) = (key.form, key.program, key.residue, key.failed);
        let next = self.groups.len() as u32;
        let group = *self.known.entry(key).or_insert(next);
        if group == next {
            self.groups.push(Group {
                form,
                program,
                residue,
                failed,
                monitors: Vec::new(),
                stores: Vec::new(),
            });
        }
        let group = &mut self.groups[group as usize];
        let (members, member) = match member {
            Member::Monitor(index) => (&mut group.monitors, index),
            Member::Store(index) => (&mut group.stores, index),
        };
        if members.last() != Some(&member) {
            members.push(member);
        }
    }

    /// The index of an equal residue; `None` for one that admits everything.
    pub(super) fn residue(&mut self, residue: Residue) -> Option<u32> {
        if residue == Residue::default() {
            return None;
        }
        let next = self.residues.len() as u32;
        let index = *self.residues_known.entry(residue.clone()).or_insert(next);
        if index == next {
            self.residues.push(residue);
        }
        Some(index)
    }

    /// The indexes over all groups. `is_raw` tells of a form whether it reads any key: those come last on each path, so
    /// that what a monitor with several readings gets does not depend on other monitors.
    pub(super) fn finish(self, is_raw: impl Fn(u32) -> bool) -> Built {
        let mut paths: Vec<(GroupKey, u32)> = self.known.into_iter().collect();
        paths.sort_unstable_by_key(|(key, group)| (is_raw(key.form), *group));
        let mut indexes = Indexes::default();
        for (key, group) in paths {
            indexes.of_mut(key.subject).insert(&key.path, group);
        }
        let (mut groups, residues) = (self.groups, self.residues);
        groups.shrink_to_fit();
        for group in &mut groups {
            group.monitors.shrink_to_fit();
            group.stores.shrink_to_fit();
        }
        Built { groups, residues, indexes }
    }
}

/// What building the groups gives.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) groups: Vec<Group>,
    pub(super) residues: Vec<Residue>,
    pub(super) indexes: Indexes,
}

/// An index for each kind of fact.
#[derive(Debug, Default)]
pub(super) struct Indexes {
    pub(super) events: Index,
    pub(super) calls: Index,
    pub(super) transfers: Index,
    pub(super) transactions: Index,
}

impl Indexes {
    fn of_mut(&mut self, subject: Subject) -> &mut Index {
        match subject {
            Subject::Event => &mut self.events,
            Subject::Call => &mut self.calls,
            Subject::Transfer => &mut self.transfers,
            Subject::Transaction => &mut self.transactions,
        }
    }
}

//! Walks a block: looks up each fact, decodes it where someone may want it, evaluates conditions, collects what matched.

use chainbell_model::{Block, TxId};

use super::{Plan, fact::Fact, index::Index, scratch::Scratch};
use crate::{
    found::{Evaluation, Found, SoftError, SoftReason},
    lang::Env,
};

/// A hostile contract can make every fact of a block fail.
const MAX_ERRORS: usize = 100;

/// One block being evaluated.
pub(super) struct Walk<'a> {
    plan: &'a Plan,
    block: &'a Block,
    scratch: &'a mut Scratch,
    out: Evaluation,
}

impl<'a> Walk<'a> {
    pub(super) fn new(plan: &'a Plan, block: &'a Block, scratch: &'a mut Scratch) -> Self {
        scratch.fit(plan.monitors.len(), plan.tenants.len());
        Self { plan, block, scratch, out: Evaluation::default() }
    }

    /// Everything found, in chain order.
    pub(super) fn run(mut self) -> Evaluation {
        let (block, parties) = (self.block, self.plan.parties);
        let indexes = &self.plan.indexes;
        self.facts(&indexes.events, block.events.len(), |place, index| {
            let event = Fact::event(block, place)?;
            Some(if index.looks_at_parties() { event.with_parties(block, parties) } else { event })
        });
        self.facts(&indexes.calls, block.calls.len(), |place, index| {
            let call = Fact::call(block, place)?;
            Some(if index.looks_at_parties() { call.with_parties(block, parties) } else { call })
        });
        self.facts(&indexes.transfers, block.transfers.len(), |place, _| Fact::transfer(block, place));
        self.facts(&indexes.transactions, block.transactions.len(), |place, _| {
            Fact::transaction(block, place, parties)
        });
        let chain_order = |found: &Found| (found.transaction, found.position);
        if !self.out.found.is_sorted_by_key(chain_order) {
            self.out.found.sort_by_key(chain_order);
        }
        self.out
    }

    fn facts(&mut self, index: &'a Index, count: usize, fact: impl Fn(usize, &Index) -> Option<Fact<'a>>) {
        if index.is_empty() {
            return;
        }
        for fact in (0..count).filter_map(|place| fact(place, index)) {
            self.scratch.candidates.clear();
            index.candidates(&fact.at, &mut self.scratch.candidates);
            if !self.scratch.candidates.is_empty() {
                self.fact(&fact);
            }
        }
    }

    fn fact(&mut self, fact: &Fact<'a>) {
        self.scratch.next_fact();
        for place in 0..self.scratch.candidates.len() {
            let group = self.scratch.candidates[place];
            self.consider(fact, group);
        }
        self.collect(fact);
    }

    /// Notes the members of a group if the fact is what they ask for.
    fn consider(&mut self, fact: &Fact<'a>, group: u32) {
        let plan = self.plan;
        let group = &plan.groups[group as usize];
        let form = &plan.forms[group.form as usize];
        if form.key.is_some() && form.key.as_ref() != fact.at.key {
            return;
        }
        if fact.failed && !group.failed {
            return;
        }
        let residue = group.residue.map(|residue| &plan.residues[residue as usize]);
        if residue.is_some_and(|residue| !residue.admits(&fact.at, fact.standard())) {
            return;
        }
        let Some(slot) = self.scratch.slot(group.form, form, fact.body) else { return };
        if let Some(program) = group.program {
            let program = &plan.programs[program as usize];
            let reading = &mut self.scratch.slots_mut()[slot];
            if let Err(error) = reading.decode(form.asked, form, fact.body) {
                return self.fail(fact, group.form, None, error.into());
            }
            let env =
                Env::new(self.block, fact.transaction, &reading.args, fact.at.contract, fact.position.index);
            match program.holds(&env) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    return self.fail(fact, group.form, group.monitors.first().copied(), error.into());
                }
            }
        }
        if let Err(error) = self.scratch.slots_mut()[slot].decode(form.all, form, fact.body) {
            return self.fail(fact, group.form, None, error.into());
        }
        self.scratch.note(slot, &group.monitors, &group.stores);
    }

    fn fail(&mut self, fact: &Fact<'a>, form: u32, monitor: Option<u32>, reason: SoftReason) {
        if self.out.errors.len() >= MAX_ERRORS {
            return;
        }
        let monitor = monitor.map(|index| {
            let monitor = self.plan.monitor(index);
            (monitor.tenant.clone(), monitor.name.clone())
        });
        let transaction = self.block.transactions.get(fact.transaction as usize);
        let unknown = || TxId::from([0; 32]);
        self.out.errors.push(SoftError {
            monitor,
            signature: self.plan.forms[form as usize].title().clone(),
            transaction: transaction.map_or_else(unknown, |transaction| transaction.id),
            position: fact.position,
            reason,
        });
    }

    /// Moves the readings that someone asked for out of the scratch.
    fn collect(&mut self, fact: &Fact<'a>) {
        let first = self.out.found.len();
        for slot in self.scratch.slots_mut() {
            if slot.monitors.is_empty() && slot.stores.is_empty() {
                continue;
            }
            let form = &self.plan.forms[slot.form as usize];
            let found = Found {
                place: fact.place,
                position: fact.position,
                transaction: fact.transaction,
                contract: contract_of(fact),
                name: form.name.clone(),
                signature: form.signature.clone(),
                schema: form.schema.clone(),
                attributes: form.attributes,
                args: std::mem::take(&mut slot.args),
                monitors: std::mem::take(&mut slot.monitors),
                stored_by: slot
                    .stores
                    .drain(..)
                    .map(|tenant| self.plan.tenants[tenant as usize].clone())
                    .collect(),
            };
            // Two descriptions of one contract may well be the same.
            match self.out.found[first..].iter_mut().find(|other| same_reading(other, &found)) {
                None => self.out.found.push(found),
                Some(other) => {
                    other.monitors.extend(found.monitors);
                    other.stored_by.extend(found.stored_by);
                }
            }
        }
        for found in &mut self.out.found[first..] {
            found.monitors.sort_unstable();
        }
    }
}

/// What a transaction was sent to is found in its details.
fn contract_of(fact: &Fact<'_>) -> Option<chainbell_model::Address> {
    match fact.body {
        super::form::Body::Transaction => None,
        _ => fact.at.contract.copied(),
    }
}

fn same_reading(one: &Found, other: &Found) -> bool {
    one.name == other.name
        && one.signature == other.signature
        && one.schema == other.schema
        && one.args == other.args
}

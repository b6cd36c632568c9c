//! What evaluating reuses from block to block, so that nothing is allocated while nothing matches.

use chainbell_model::{ArgMask, DecodeError, Value};

use super::form::{Body, Form};

/// Memory for [`crate::Plan::evaluate`], for one thread. Any scratch serves any plan.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) candidates: Vec<u32>,
    slots: Vec<Slot>,
    used: usize,
    /// The fact looked at now, counted from 1.
    fact: u64,
    /// By monitor: the last fact it matched.
    monitors: Vec<u64>,
    /// By tenant: the last fact it stores.
    tenants: Vec<u64>,
}

/// One reading of the fact looked at.
#[derive(Debug, Default)]
pub(super) struct Slot {
    pub(super) form: u32,
    state: State,
    /// What of `args` is decoded.
    decoded: ArgMask,
    pub(super) args: Vec<Option<Value>>,
    pub(super) monitors: Vec<u32>,
    pub(super) stores: Vec<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Not of this form, or not to be decoded as it.
    #[default]
    Unfit,
    Fit,
}

impl Scratch {
    /// Before the first fact of a block.
    pub(super) fn fit(&mut self, monitors: usize, tenants: usize) {
        self.monitors.resize(monitors, 0);
        self.tenants.resize(tenants, 0);
    }

    /// Before each fact.
    pub(super) fn next_fact(&mut self) {
        self.fact += 1;
        self.used = 0;
    }

    /// The slot of a form, which is looked for and, at first, tested whether it fits. `None` when it does not.
    pub(super) fn slot(&mut self, index: u32, form: &Form, body: Body<'_>) -> Option<usize> {
        let known = self.slots[..self.used].iter().position(|slot| slot.form == index);
        let place = known.unwrap_or_else(|| {
            if self.used == self.slots.len() {
                self.slots.push(Slot::default());
            }
            let slot = &mut self.slots[self.used];
            slot.form = index;
            slot.decoded = 0;
            slot.args.clear();
            slot.monitors.clear();
            slot.stores.clear();
            slot.state = if form.fits(body) { State::Fit } else { State::Unfit };
            self.used += 1;
            self.used - 1
        });
        (self.slots[place].state == State::Fit).then_some(place)
    }

    /// The slots of the fact looked at.
    pub(super) fn slots_mut(&mut self) -> &mut [Slot] {
        &mut self.slots[..self.used]
    }

    /// Notes who matched or stores by the reading in `slot`; who already did by another is left out.
    pub(super) fn note(&mut self, slot: usize, monitors: &[u32], stores: &[u32]) {
        let slot = &mut self.slots[slot];
        slot.monitors.extend(first_time(monitors, &mut self.monitors, self.fact));
        slot.stores.extend(first_time(stores, &mut self.tenants, self.fact));
    }
}

fn first_time(members: &[u32], last: &mut [u64], fact: u64) -> impl Iterator<Item = u32> {
    members.iter().copied().filter(move |&member| {
        last.get_mut(member as usize).is_some_and(|last| std::mem::replace(last, fact) != fact)
    })
}

impl Slot {
    /// Makes sure that the arguments of `wanted` are decoded. After a failure the slot does not fit any more, so each is
    /// told once.
    pub(super) fn decode(&mut self, wanted: ArgMask, form: &Form, body: Body<'_>) -> Result<(), DecodeError> {
        if self.decoded & wanted == wanted {
            return Ok(());
        }
        form.read(body, wanted, &mut self.args).inspect_err(|_| self.state = State::Unfit)?;
        self.decoded = wanted;
        Ok(())
    }
}

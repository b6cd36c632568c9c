//! The events of a transaction, from its log and from its instructions, in execution order and each once.
//!
//! The log and the list of instructions run side by side: every `invoke` line is the next instruction of the list, so log
//! events and CPI events interleave as they happened. Where the log does not tell (cut off, not kept), CPI events follow in
//! the order of the list, and count on as if nothing were missing. An event's index counts the transaction's events of all
//! programs, wanted or not, so that it does not depend on the interest.

mod twice;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_model::{Block, Event, EventKey, Payload};

use crate::{
    assemble::address,
    invocations::{Invocation, Invocations},
    logs::{Cut, Told, Walk},
    payload::{self, EventParts, Source},
    wanted::Wanted,
    wire::Lines,
};

/// Base64 of the first nine bytes, of which eight are the key.
const KEY_DIGITS: usize = 12;

/// What a transaction tells of events.
#[derive(Debug)]
pub(crate) struct Tale<'a> {
    told: Vec<Item<'a>>,
    /// Why wanted events may be missing.
    pub(crate) defect: Option<&'static str>,
}

#[derive(Debug)]
struct Item<'a> {
    program: [u8; 32],
    top: u16,
    depth: u8,
    body: Body<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Body<'a> {
    /// Parts in base64 with spaces between them.
    Log(&'a str),
    /// Discriminator and Borsh.
    Cpi(&'a [u8]),
}

/// Puts together what the log (`None`: not kept) and the instructions tell.
pub(crate) fn tell<'a>(
    invocations: &'a Invocations<'_>,
    lines: Option<&'a Lines<'_>>,
    failed: bool,
    wanted: &Wanted<'_>,
) -> Tale<'a> {
    let mut teller = Teller {
        invocations: &invocations.all,
        next: 0,
        aligned: false,
        top: 0,
        told: Vec::new(),
        walk: Walk::default(),
    };
    let end = lines.map(|lines| teller.walk(lines));
    let complete = failed || !teller.misses_named(wanted);
    let defect = teller.defect(end, invocations, wanted);
    let defect = defect.or((!complete).then_some("this transaction's log ends early"));
    teller.tell_until(invocations.all.len());
    let mut told = teller.told;
    twice::drop_told_twice(&mut told);
    Tale { told, defect }
}

struct Teller<'a, 'w> {
    invocations: &'a [Invocation<'w>],
    /// The first one that the log has not reached.
    next: usize,
    /// The inner instructions of the current top-level one follow the log.
    aligned: bool,
    top: u16,
    told: Vec<Item<'a>>,
    walk: Walk,
}

impl<'a> Teller<'a, '_> {
    fn walk(&mut self, lines: &'a Lines<'_>) -> Result<(), Cut> {
        for line in lines.iter() {
            match self.walk.line(line)? {
                Told::Entered { program, depth: 1 } => self.enter_top(program)?,
                Told::Entered { program, depth } => self.enter_inner(program, depth),
                Told::Data { program, depth, text } => {
                    self.told.push(Item { program, top: self.top, depth, body: Body::Log(text) });
                }
                Told::Nothing => {}
            }
        }
        // Whoever begins ends, and is said to, also when all fails.
        if self.walk.running().is_empty() { Ok(()) } else { Err(Cut::Contradiction) }
    }

    /// Signature checks run without a line in the log, so instructions may be passed over.
    fn enter_top(&mut self, program: [u8; 32]) -> Result<(), Cut> {
        let rest = self.invocations.get(self.next..).unwrap_or_default();
        let ahead = rest.iter().position(|invocation| invocation.depth == 1 && invocation.program == program);
        let place = self.next + ahead.ok_or(Cut::Contradiction)?;
        self.tell_until(place + 1);
        self.top = self.invocations[place].top;
        self.aligned = true;
        Ok(())
    }

    fn enter_inner(&mut self, program: [u8; 32], depth: u8) {
        let next = self.invocations.get(self.next);
        let fits = |next: &&Invocation<'_>| {
            next.top == self.top && next.program == program && (next.depth == depth || next.depth == 0)
        };
        self.aligned &= next.filter(fits).is_some();
        if self.aligned {
            self.tell_until(self.next + 1);
        }
    }

    /// Tells the events of the instructions before `end`.
    fn tell_until(&mut self, end: usize) {
        for invocation in &self.invocations[self.next..end] {
            let &Invocation { program, top, depth, .. } = invocation;
            if let Some(event) = &invocation.event {
                // The event is its caller's.
                self.told.push(Item { program, top, depth: depth.saturating_sub(1), body: Body::Cpi(event) });
            }
        }
        self.next = end;
    }

    /// Whether a top-level instruction of a program that is wanted by name was not reached by the log. (By name, since in
    /// the chain's first years built-in programs ran without a line in the log. Logs of its first year read otherwise
    /// altogether; nothing could be emitted then.)
    fn misses_named(&self, wanted: &Wanted<'_>) -> bool {
        let began = self.next > 0;
        let mut rest = self.invocations[self.next..].iter();
        began && rest.any(|invocation| invocation.depth == 1 && wanted.names_emitter(&invocation.program))
    }

    /// Why wanted events may be missing, now that the log has been walked to its `end`.
    fn defect(
        &self,
        end: Option<Result<(), Cut>>,
        invocations: &Invocations<'_>,
        wanted: &Wanted<'_>,
    ) -> Option<&'static str> {
        let mut all = self.invocations.iter().map(|invocation| &invocation.program);
        let rest = self.invocations[self.next..].iter().map(|invocation| &invocation.program);
        let concerned = match end {
            Some(Ok(())) => false,
            // Only of those that run or have not run yet something may be missing.
            Some(Err(Cut::Truncated)) if invocations.inner_known => {
                self.walk.running().iter().chain(rest).any(|program| wanted.emitter(program))
            }
            Some(Err(_)) | None => !invocations.inner_known || all.any(|program| wanted.emitter(program)),
        };
        if concerned {
            let reason = end.and_then(Result::err).map(Cut::reason);
            return Some(reason.unwrap_or("the node does not keep this transaction's log"));
        }
        if !invocations.inner_known {
            return Some("the node does not keep this transaction's inner instructions");
        }
        let doubtful = invocations.doubtful.filter(|program| wanted.emitter(program));
        doubtful.map(|_| "the node does not tell how deep this transaction's inner instructions are")
    }
}

impl Tale<'_> {
    /// Adds the wanted events to `into`, as those of the transaction in place `transaction`.
    pub(crate) fn push_events(
        &mut self,
        transaction: u32,
        failed: bool,
        wanted: &Wanted<'_>,
        into: &mut Block,
    ) {
        for (index, item) in (0..).zip(&self.told) {
            let event = match item.event(wanted) {
                Ok(Some((key, payload))) => {
                    Event { transaction, index, failed, emitter: address(item.program), key, payload }
                }
                Ok(None) => continue,
                Err(defect) => {
                    self.defect.get_or_insert(defect);
                    continue;
                }
            };
            into.events.push(event);
        }
    }
}

type KeyAndPayload = (Option<EventKey>, Payload);

impl Item<'_> {
    /// The event, when it is wanted. What is not wanted is not decoded beyond its key.
    fn event(&self, wanted: &Wanted<'_>) -> Result<Option<KeyAndPayload>, &'static str> {
        if !wanted.emitter(&self.program) {
            return Ok(None);
        }
        let mut buffer = Vec::new();
        let (source, data) = match self.body {
            Body::Cpi(event) => (Source::Cpi, event),
            Body::Log(text) => {
                const DAMAGED: &str = "this transaction's log holds data that is no base64";
                if let Some(key) = key_ahead(text).ok_or(DAMAGED)?
                    && !wanted.event(&self.program, Some(&key))
                {
                    return Ok(None);
                }
                decode(text, &mut buffer).ok_or(DAMAGED)?;
                (Source::Log, &buffer[..])
            }
        };
        let key = payload::key(data);
        if !wanted.event(&self.program, key.as_ref()) {
            return Ok(None);
        }
        let parts = EventParts { source, depth: self.depth, instruction: self.top, data };
        Ok(Some((key, payload::event(&parts))))
    }
}

/// The key of data whose first part holds it; the inner `None` where it does not, the outer where it is no base64.
fn key_ahead(text: &str) -> Option<Option<EventKey>> {
    let Some(digits) = text.as_bytes().first_chunk::<KEY_DIGITS>().filter(|digits| !digits.contains(&b' '))
    else {
        return Some(None);
    };
    let mut bytes = [0; KEY_DIGITS];
    let len = STANDARD.decode_slice(digits, &mut bytes).ok()?;
    Some(payload::key(&bytes[..len]))
}

/// Appends the bytes of all parts, one after the other: as one they were logged.
fn decode(text: &str, out: &mut Vec<u8>) -> Option<()> {
    text.split(' ').try_for_each(|part| STANDARD.decode_vec(part, out).ok())
}

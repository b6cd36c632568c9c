//! Counts an event once that a program told both by its log and by an instruction.
//!
//! An event of the log counts as told when an instruction of the same program tells the same bytes, and each instruction
//! stands for one such line, the last one before it or else the next one: the instruction stays, since a node never cuts it
//! off. Identical lines without such instructions are events of their own.

use super::{Body, Item, decode};

/// Removes from the log's events those that instructions tell, too.
pub(super) fn drop_told_twice(told: &mut Vec<Item<'_>>) {
    let cpi = |item: &Item<'_>| matches!(item.body, Body::Cpi(_));
    if told.iter().all(cpi) || !told.iter().any(cpi) {
        return;
    }
    let mut twins = Twins::of(told);
    let mut twice = vec![false; told.len()];
    let mut data = Vec::new();
    for (place, item) in told.iter().enumerate() {
        let line = match item.body {
            Body::Cpi(event) => twins.instruction(&item.program, event),
            Body::Log(text) => {
                data.clear();
                let decoded = twins.have(&item.program) && decode(text, &mut data).is_some();
                decoded.then(|| twins.line(&item.program, &data, place)).flatten()
            }
        };
        if let Some(twice) = line.and_then(|line| twice.get_mut(line)) {
            *twice = true;
        }
    }
    let mut twice = twice.into_iter();
    told.retain(|_| twice.next() != Some(true));
}

/// The events that instructions tell, sorted.
struct Twins<'a>(Vec<Twin<'a>>);

struct Twin<'a> {
    program: [u8; 32],
    event: &'a [u8],
    /// So many instructions were passed that no line stands for yet.
    instructions: u32,
    /// Lines passed that no instruction stands for yet.
    lines: Vec<usize>,
}

impl<'a> Twins<'a> {
    fn of(told: &[Item<'a>]) -> Self {
        let mut twins = Vec::new();
        for &Item { program, body, .. } in told {
            if let Body::Cpi(event) = body {
                twins.push(Twin { program, event, instructions: 0, lines: Vec::new() });
            }
        }
        twins.sort_unstable_by_key(|twin| (twin.program, twin.event));
        twins.dedup_by_key(|twin| (twin.program, twin.event));
        Self(twins)
    }

    /// Whether `program` tells of any.
    fn have(&self, program: &[u8; 32]) -> bool {
        let place = self.0.partition_point(|twin| twin.program < *program);
        self.0.get(place).is_some_and(|twin| twin.program == *program)
    }

    fn find(&mut self, program: &[u8; 32], event: &[u8]) -> Option<&mut Twin<'a>> {
        let found = self.0.binary_search_by(|twin| (&twin.program, twin.event).cmp(&(program, event)));
        self.0.get_mut(found.ok()?)
    }

    /// Passes an instruction; returns the line before that it stands for: the last one.
    fn instruction(&mut self, program: &[u8; 32], event: &[u8]) -> Option<usize> {
        let twin = self.find(program, event)?;
        let line = twin.lines.pop();
        twin.instructions += u32::from(line.is_none());
        line
    }

    /// Passes the line in `place`; returns it when an instruction before stands for it.
    fn line(&mut self, program: &[u8; 32], event: &[u8], place: usize) -> Option<usize> {
        let twin = self.find(program, event)?;
        if twin.instructions == 0 {
            twin.lines.push(place);
            return None;
        }
        twin.instructions -= 1;
        Some(place)
    }
}

//! One load under way: what it reads from, and what it found wrong so far.

use std::{borrow::Cow, cell::RefCell, ops::Range};

use toml::de::{DeTable, DeValue};

use super::{
    error::Problem,
    literal::raw_offset,
    source::{Place, Sources},
    variables::{Origins, substitute},
};

/// Looks up an environment variable.
pub type Env<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// One load under way. Problems are collected, so that one load tells them all.
pub(super) struct Reading<'a> {
    pub(super) sources: &'a Sources,
    env: &'a Env<'a>,
    problems: RefCell<Vec<Problem>>,
    /// Values that were read as something that is not secret. What nobody read may be anything, so it is not shown.
    plain: RefCell<Vec<Place>>,
    /// Secret parts of values that are plain otherwise.
    secret_parts: RefCell<Vec<Place>>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(sources: &'a Sources, env: &'a Env<'a>) -> Self {
        Self {
            sources,
            env,
            problems: RefCell::default(),
            plain: RefCell::default(),
            secret_parts: RefCell::default(),
        }
    }

    pub(super) fn report(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    /// Like [`Self::report`], unless the same was reported for the same place.
    pub(super) fn report_once(&self, problem: Problem) {
        let same = |known: &Problem| known.place == problem.place && known.message == problem.message;
        if !self.problems.borrow().iter().any(same) {
            self.report(problem);
        }
    }

    /// Lets errors show the value at `place`.
    pub(super) fn mark_plain(&self, place: Place) {
        self.plain.borrow_mut().push(place);
    }

    /// Keeps errors from showing these bytes of a plain value.
    pub(super) fn mark_secret(&self, place: Place) {
        self.secret_parts.borrow_mut().push(place);
    }

    pub(super) fn env(&self, name: &str) -> Option<String> {
        (self.env)(name)
    }

    /// Replaces the variables in `text`, the string at `place`; reports each that cannot be under `key`.
    pub(super) fn substitute<'t>(
        &self,
        text: &'t str,
        place: Place,
        key: impl Fn() -> String,
    ) -> Option<(Cow<'t, str>, Option<Origins>)> {
        match substitute(text, self.env) {
            Ok(None) => Some((text.into(), None)),
            Ok(Some((text, origins))) => Some((text.into(), Some(origins))),
            Err(errors) => {
                for (span, error) in errors {
                    self.report(Problem {
                        place: Some(within(self.sources, place, None, span)),
                        key: key(),
                        message: error.to_string(),
                        related: None,
                    });
                }
                None
            }
        }
    }

    /// The problems, and for each file the bytes that errors must not show.
    pub(super) fn finish(self, documents: &[DeTable<'_>]) -> (Vec<Problem>, Vec<Vec<Range<u32>>>) {
        let mut plain = self.plain.into_inner();
        plain.sort_unstable();
        let mut masks: Vec<Vec<Range<u32>>> = vec![Vec::new(); documents.len()];
        for (index, document) in documents.iter().enumerate() {
            let mut scalars = Vec::new();
            collect_scalars(document, &mut scalars);
            for span in scalars {
                let place = Place::new(index as u32, span);
                if plain.binary_search(&place).is_err() {
                    masks[index].push(place.start..place.end);
                }
            }
        }
        for part in self.secret_parts.into_inner() {
            if let Some(mask) = masks.get_mut(part.file as usize) {
                mask.push(part.start..part.end);
            }
        }
        (self.problems.into_inner(), masks)
    }
}

/// The place of bytes `span` of the value of the string at `place`, after substitution when `origins` are given.
pub(super) fn within(
    sources: &Sources,
    place: Place,
    origins: Option<&Origins>,
    span: Range<usize>,
) -> Place {
    let raw = sources.raw(place);
    let trace = |offset: usize| raw_offset(raw, origins.map_or(offset, |origins| origins.of(offset)));
    let start = place.start as usize + trace(span.start);
    let last = place.start as usize + trace(span.end.saturating_sub(1).max(span.start));
    // The end of the last byte's character: a caret covers whole characters.
    Place::new(place.file, start..(last + 1).max(start))
}

/// The spans of all values that are text or numbers, anywhere in `table`.
fn collect_scalars(table: &DeTable<'_>, out: &mut Vec<Range<usize>>) {
    let mut pending: Vec<&DeValue<'_>> = Vec::new();
    let mut visit = |value: &'_ toml::Spanned<DeValue<'_>>| match value.get_ref() {
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Float(_) => out.push(value.span()),
        _ => {}
    };
    for value in table.values() {
        visit(value);
        pending.push(value.get_ref());
    }
    while let Some(value) = pending.pop() {
        let inner: Vec<_> = match value {
            DeValue::Table(table) => table.values().collect(),
            DeValue::Array(items) => items.iter().collect(),
            _ => continue,
        };
        for value in inner {
            visit(value);
            pending.push(value.get_ref());
        }
    }
}

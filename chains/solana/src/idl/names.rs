//! The names of a description's types: to look them up, and to suggest one where there is none.

use std::{cell::Cell, collections::BTreeSet};

use chainbell_model::similar;

use super::{
    bounds::MAX_ITEMS,
    node::{Fault, Node},
};

/// Whoever made so many mistakes needs no more suggestions, each of which looks at every name.
const SUGGESTIONS: usize = 8;

/// The names of a description's types.
pub(super) struct Names<'j> {
    all: BTreeSet<&'j str>,
    suggestions: Cell<usize>,
}

impl<'j> Names<'j> {
    pub(super) fn new(all: BTreeSet<&'j str>) -> Self {
        Self { all, suggestions: Cell::new(SUGGESTIONS) }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.all.contains(name)
    }

    /// `node` names a type that is not here.
    pub(super) fn unknown(&self, node: &Node<'_, '_>, name: &str) -> Fault {
        self.unlike(node, name, self.all.iter().copied())
    }

    /// `node` names a type that is not among `known`.
    pub(super) fn unlike<'a>(
        &self,
        node: &Node<'_, '_>,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Fault {
        let left = self.suggestions.get();
        self.suggestions.set(left.saturating_sub(1));
        let near = if left > 0 { similar(name, known) } else { Vec::new() };
        match near.first() {
            Some(near) => node.fault(format_args!("there is no type {name:?}; {near:?} is the nearest")),
            None => node.fault(format_args!("there is no type {name:?}")),
        }
    }
}

/// The events and instructions under these keys are not too many.
pub(super) fn check_count(root: &Node<'_, '_>, keys: [&'static str; 2]) -> Result<(), Fault> {
    let len = |key| root.get(key).and_then(|list| list.value().as_array().map(Vec::len));
    if keys.into_iter().filter_map(len).sum::<usize>() > MAX_ITEMS {
        return Err(format!("the description has more than {MAX_ITEMS} events and instructions"));
    }
    Ok(())
}

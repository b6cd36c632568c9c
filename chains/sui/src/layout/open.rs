//! Type parameters that nobody fixed: what a payload gives for them is compiled when it is first seen.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;

use super::{
    catalogue::Catalogue,
    reader::Reason,
    shape::{Compiler, Layout},
    text::canonical_type,
};

/// How many combinations are kept. A pool's package is used with a few hundred coins.
const KEPT: usize = 256;
/// Only combinations up to this length and this many values are kept: who emits an event chooses them.
const KEPT_LEN: usize = 1024;
const KEPT_VALUES: usize = 256;

/// One for each type parameter.
pub(super) type Compiled = Arc<[Result<Arc<Layout>, Reason>]>;

/// What a payload gives for open type parameters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Given<'a>(pub(super) &'a [Result<Arc<Layout>, Reason>]);

impl<'a> Given<'a> {
    pub(super) fn layout(self, place: usize) -> Result<&'a Layout, Reason> {
        match self.0.get(place) {
            Some(Ok(layout)) => Ok(layout),
            Some(Err(reason)) => Err(reason),
            None => Err("its type is not given"),
        }
    }
}

/// Compiles what payloads give.
#[derive(Debug)]
pub(super) struct OpenTypes {
    catalogue: Arc<Catalogue>,
    compiled: Mutex<HashMap<Box<str>, Compiled>>,
}

impl OpenTypes {
    pub(super) fn new(catalogue: Arc<Catalogue>) -> Self {
        Self { catalogue, compiled: Mutex::default() }
    }

    /// The layouts of `arguments`, which `written` holds.
    pub(super) fn given<'a>(&self, written: &str, arguments: impl Iterator<Item = &'a str>) -> Compiled {
        if let Some(known) = self.compiled.lock().get(written) {
            return Arc::clone(known);
        }
        let compiled: Compiled = arguments.map(|argument| self.compile(argument)).collect();
        let values = compiled.iter().flatten().map(|layout| layout.values).sum::<usize>();
        if written.len() > KEPT_LEN || values > KEPT_VALUES {
            return compiled;
        }
        let mut all = self.compiled.lock();
        if all.len() >= KEPT {
            all.clear();
        }
        all.insert(written.into(), Arc::clone(&compiled));
        compiled
    }

    fn compile(&self, argument: &str) -> Result<Arc<Layout>, Reason> {
        let ty = canonical_type(argument).ok_or("its type is not written as the chain does")?;
        let layout = Compiler::new(&self.catalogue).layout(&ty);
        layout.map_err(|_| "its type, a type argument, is not described")
    }
}

//! Collects the fields of a record or a decoder under names that differ.

use std::{collections::HashSet, sync::Arc};

use chainbell_model::{Field, Schema, Type};

/// Fields under names that differ.
#[derive(Default)]
pub(super) struct Fields {
    schema: Schema,
    taken: HashSet<Arc<str>>,
}

impl Fields {
    pub(super) fn len(&self) -> usize {
        self.schema.fields.len()
    }

    /// Adds a field. Without a name, or with one that is taken, it is called by its place: `arg2`.
    pub(super) fn push(&mut self, name: &str, ty: Type) {
        let name = if name.is_empty() || self.taken.contains(name) {
            self.free(format!("arg{}", self.len()))
        } else {
            name.into()
        };
        self.add(name, ty);
    }

    /// Adds a field of that name, with `_` behind it where it is taken.
    pub(super) fn push_reserved(&mut self, name: &str, ty: Type) {
        let name = self.free(name.to_owned());
        self.add(name, ty);
    }

    /// Puts all fields from the one at `place` on into one of that name.
    pub(super) fn gather(&mut self, place: usize, name: &str) {
        let rest = Schema { fields: self.schema.fields.split_off(place) };
        for field in &rest.fields {
            self.taken.remove(&field.name);
        }
        self.push_reserved(name, Type::Record(Arc::new(rest)));
    }

    pub(super) fn finish(self) -> Arc<Schema> {
        Arc::new(self.schema)
    }

    fn free(&self, mut name: String) -> Arc<str> {
        while self.taken.contains(name.as_str()) {
            name.push('_');
        }
        name.into()
    }

    fn add(&mut self, name: Arc<str>, ty: Type) {
        self.taken.insert(Arc::clone(&name));
        self.schema.fields.push(Field::new(name, ty));
    }
}

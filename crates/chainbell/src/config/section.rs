//! One table of the configuration: its known keys, and what is said about the others.

use std::{rc::Rc, time::Duration};

use toml::de::DeTable;

use super::{
    error::Problem,
    item::{Item, Unsigned, join_path},
    reading::Reading,
    source::Place,
    suggest::nearest,
};

/// A table whose keys are read one by one; [`Section::finish`] then refuses those that nobody asked for.
pub(super) struct Section<'a> {
    pub(super) reading: &'a Reading<'a>,
    pub(super) place: Place,
    table: &'a DeTable<'a>,
    path: Rc<str>,
    asked: Vec<&'static str>,
}

impl<'a> Section<'a> {
    pub(super) fn new(
        reading: &'a Reading<'a>,
        place: Place,
        table: &'a DeTable<'a>,
        path: impl Into<Rc<str>>,
    ) -> Self {
        Self { reading, place, table, path: path.into(), asked: Vec::with_capacity(16) }
    }

    /// The value of `key` if it is there.
    pub(super) fn optional(&mut self, key: &'static str) -> Option<Item<'a>> {
        self.asked.push(key);
        self.table.get_key_value(key).map(|(key, value)| self.item(key.get_ref(), value))
    }

    /// The value of `key`; reported when it is not there.
    pub(super) fn required(&mut self, key: &'static str) -> Option<Item<'a>> {
        let item = self.optional(key);
        if item.is_none() {
            self.report(format!("the key {key} is missing"));
        }
        item
    }

    /// The value of one of two keys that mean the same; reported when both are there.
    pub(super) fn either(&mut self, key: &'static str, other: &'static str) -> Option<Item<'a>> {
        match (self.optional(key), self.optional(other)) {
            (Some(item), Some(second)) => {
                second.report(format!("means the same as {key}: give one of them"));
                Some(item)
            }
            (item, second) => item.or(second),
        }
    }

    pub(super) fn duration(&mut self, key: &'static str, default: Duration) -> Duration {
        self.optional(key).and_then(|item| item.duration()).unwrap_or(default)
    }

    pub(super) fn size_bytes(&mut self, key: &'static str, default: u64) -> u64 {
        self.optional(key).and_then(|item| item.size_bytes()).unwrap_or(default)
    }

    /// A whole number that is not below `least`.
    pub(super) fn unsigned<T: Unsigned>(&mut self, key: &'static str, least: T, default: T) -> T {
        self.optional(key).and_then(|item| item.unsigned(least)).unwrap_or(default)
    }

    pub(super) fn boolean(&mut self, key: &'static str, default: bool) -> bool {
        self.optional(key).and_then(|item| item.boolean()).unwrap_or(default)
    }

    /// Whether `key` is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The path of the table, for example `networks.ethereum`.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// All entries, for tables whose keys are names.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'a str, Place, Item<'a>)> + '_ {
        self.table.iter().map(|(key, value)| {
            (&**key.get_ref(), Place::new(self.place.file, key.span()), self.item(key.get_ref(), value))
        })
    }

    /// The entries that nobody asked for so far.
    pub(super) fn others(&self) -> impl Iterator<Item = (&'a str, Place, Item<'a>)> + '_ {
        self.entries().filter(|(key, _, _)| !self.asked.contains(key))
    }

    fn item(&self, key: &'a str, value: &'a toml::Spanned<toml::de::DeValue<'a>>) -> Item<'a> {
        let (reading, file, base) = (self.reading, self.place.file, Rc::clone(&self.path));
        Item { reading, file, value, base, key, index: None }
    }

    /// Reports a problem with the table as a whole.
    pub(super) fn report(&self, message: impl Into<String>) {
        let (place, key) = (Some(self.place), self.path.to_string());
        self.reading.report(Problem { place, key, message: message.into(), related: None });
    }

    /// Refuses the keys that nobody asked for.
    pub(super) fn finish(self) {
        for (key, place, _) in self.others() {
            let hint = match nearest(key, self.asked.iter().copied()) {
                Some(known) => format!("did you mean {known}?"),
                None => format!("known here: {}", self.asked.join(", ")),
            };
            self.reading.report(Problem {
                place: Some(place),
                key: join_path(&self.path, key),
                message: format!("unknown key; {hint}"),
                related: None,
            });
        }
    }
}

//! Takes a table of settings apart key by key and collects every mistake on the way.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{SettingError, parse_duration, suggest::did_you_mean};

/// The keys that every target has: a kind suggests them too when it meets an unknown key.
pub(crate) const COMMON: [&str; 4] = ["type", "concurrency", "rate_limit", "retry"];

/// A table being read. Asking for a key marks it as known; [`Keys::finish`] refuses those nobody asked for.
pub(crate) struct Keys<'a> {
    table: Option<&'a Map<String, Value>>,
    known: Vec<&'static str>,
    errors: Vec<SettingError>,
}

impl<'a> Keys<'a> {
    pub(crate) fn new(settings: &'a Value) -> Self {
        let table = settings.as_object();
        let mut keys = Self { table, known: Vec::new(), errors: Vec::new() };
        if table.is_none() {
            keys.refuse("", "must be a table");
        }
        keys
    }

    /// Records a mistake.
    pub(crate) fn refuse(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.errors.push(SettingError { key: key.into(), message: message.into() });
    }

    /// The value as it stands.
    pub(crate) fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.table?.get(key)
    }

    /// `None` when absent or not text, the latter being recorded.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<&'a str> {
        let value = self.value(key)?;
        self.typed(key, value.as_str(), "text")
    }

    /// Like [`Self::text`], and absence is recorded too.
    pub(crate) fn required_text(&mut self, key: &'static str) -> Option<&'a str> {
        let absent = self.table.is_some_and(|table| !table.contains_key(key));
        if absent {
            self.refuse(key, "is required");
        }
        self.text(key)
    }

    /// A duration above zero.
    pub(crate) fn duration(&mut self, key: &'static str) -> Option<Duration> {
        let text = self.text(key)?;
        match parse_duration(text) {
            Ok(Duration::ZERO) => self.refuse(key, "must be longer than nothing"),
            Ok(duration) => return Some(duration),
            Err(error) => self.refuse(key, error.to_string()),
        }
        None
    }

    pub(crate) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        self.typed(key, value.as_bool(), "true or false")
    }

    fn typed<T>(&mut self, key: &'static str, value: Option<T>, expected: &str) -> Option<T> {
        if value.is_none() {
            self.refuse(key, format!("must be {expected}"));
        }
        value
    }

    /// What was not asked for so far, as a table of its own, and the mistakes so far.
    pub(crate) fn rest(self) -> (Value, Vec<SettingError>) {
        let entries = self.table.into_iter().flatten();
        let rest = entries.filter(|(key, _)| !self.known.contains(&key.as_str()));
        (Value::Object(rest.map(|(key, value)| (key.clone(), value.clone())).collect()), self.errors)
    }

    /// What the caller made of the keys, unless there was a mistake or a key is unknown.
    pub(crate) fn finish<T>(mut self, made: Option<T>) -> Result<T, Vec<SettingError>> {
        let candidates: Vec<_> = self.known.iter().copied().chain(COMMON).collect();
        for key in self.table.into_iter().flat_map(Map::keys) {
            if !self.known.contains(&key.as_str()) {
                self.refuse(key, format!("unknown key{}", did_you_mean(key, &candidates)));
            }
        }
        match made {
            Some(made) if self.errors.is_empty() => Ok(made),
            _ => Err(self.errors),
        }
    }
}

//! The lines of a transaction's log.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use serde_json::value::RawValue;

use super::part;

/// Log lines, still in the answer's text where they have no escapes.
#[derive(Debug)]
pub struct Lines<'a>(Vec<Line<'a>>);

#[derive(Debug)]
struct Line<'a>(Cow<'a, str>);

impl<'a> Lines<'a> {
    /// Reads a JSON list of lines.
    pub fn read(raw: &'a RawValue) -> Result<Self, String> {
        part(raw, "logMessages").map(Self)
    }

    /// The lines in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|line| &*line.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Line<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(LineVisitor)
    }
}

struct LineVisitor;

impl<'de> Visitor<'de> for LineVisitor {
    type Value = Line<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line of text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Line<'de>, E> {
        Ok(Line(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Line<'de>, E> {
        Ok(Line(Cow::Owned(text.to_owned())))
    }
}

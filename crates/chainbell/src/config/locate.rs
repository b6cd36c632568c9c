//! Finds the place of a monitor's key again after the document was dropped: only errors pay for parsing it once more.

use std::{borrow::Cow, cell::OnceCell, ops::Range};

use toml::de::{DeTable, DeValue};

use super::{
    monitor::MonitorSettings,
    reading::within,
    source::{Place, Sources},
};

/// The files of a configuration, parsed again where something in them is looked for.
pub(super) struct Locator<'a> {
    sources: &'a Sources,
    tables: Vec<OnceCell<DeTable<'a>>>,
}

/// Which part of a monitor is looked for.
pub(super) struct Part<'a> {
    /// The key in one of its spellings, singular or plural.
    pub(super) key: &'a str,
    /// The item of its list.
    pub(super) index: Option<usize>,
    /// Bytes of the text.
    pub(super) span: Option<Range<usize>>,
}

impl<'a> Locator<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self { sources, tables: sources.files.iter().map(|_| OnceCell::new()).collect() }
    }

    /// The place of the part, or of what is nearest around it, and the path of its key.
    pub(super) fn find(&self, monitor: &MonitorSettings, part: &Part<'_>) -> (Place, String) {
        let (file, position) = monitor.written;
        let path = format!("monitors[{position}]");
        let Some(written) = self.monitor(file, position) else { return (Place::new(file, 0..0), path) };
        let whole = Place::new(file, written.span());
        let DeValue::Table(table) = written.get_ref() else { return (whole, path) };
        let Some((key, value)) = spellings(part.key).find_map(|key| table.get_key_value(&*key)) else {
            return (whole, path);
        };
        let path = format!("{path}.{}", key.get_ref());
        match (value.get_ref(), part.index) {
            (DeValue::Array(items), Some(index)) => match items.get(index) {
                Some(item) => (self.text_place(file, item, monitor, part), format!("{path}[{index}]")),
                None => (Place::new(file, value.span()), path),
            },
            _ => (self.text_place(file, value, monitor, part), path),
        }
    }

    fn monitor(&self, file: u32, position: u32) -> Option<&toml::Spanned<DeValue<'a>>> {
        let text = &self.sources.files.get(file as usize)?.text;
        let table = self.tables.get(file as usize)?;
        let table = table.get_or_init(|| DeTable::parse_recoverable(text).0.into_inner());
        table.get("monitors")?.get_ref().as_array()?.get(position as usize)
    }

    /// The place of `part.span` of a text, or of the whole value.
    fn text_place(
        &self,
        file: u32,
        value: &toml::Spanned<DeValue<'_>>,
        monitor: &MonitorSettings,
        part: &Part<'_>,
    ) -> Place {
        let place = Place::new(file, value.span());
        let (DeValue::String(text), Some(span)) = (value.get_ref(), part.span.clone()) else { return place };
        let origins = match &monitor.when {
            Some(when) if part.key == "when" => when.origins.as_ref(),
            // Where variables were replaced in it was not kept: the whole text is pointed at.
            _ if text.contains("${") => return place,
            _ => None,
        };
        within(self.sources, place, origins, span)
    }
}

/// The key as given, and in the other number: `events` and `event`, `addresses` and `address`.
fn spellings(key: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let singular = [key.strip_suffix('s'), key.strip_suffix("es")].into_iter().flatten().map(Cow::Borrowed);
    [Cow::Borrowed(key), Cow::Owned(format!("{key}s"))].into_iter().chain(singular)
}

#[cfg(test)]
mod tests {
    use chainbell_model::{Finality, MonitorName};

    use super::*;
    use crate::config::{
        monitor::{Expression, Subjects},
        source::SourceFile,
        variables::substitute,
    };

    fn monitor(position: u32, when: Option<Expression>) -> MonitorSettings {
        MonitorSettings {
            name: MonitorName::new("m"),
            networks: Vec::new(),
            contracts: Vec::new(),
            addresses: Vec::new(),
            subjects: Subjects::default(),
            from: Vec::new(),
            to: Vec::new(),
            include_failed: false,
            when,
            deliver_at: Finality::Seen,
            targets: Vec::new(),
            description: None,
            enabled: true,
            written: (0, position),
        }
    }

    /// The text found, and the path of its key.
    fn found(text: &str, monitor: &MonitorSettings, part: Part<'_>) -> (String, String) {
        let sources = Sources { files: vec![SourceFile::new("c.toml".into(), text.to_owned())] };
        let (place, path) = Locator::new(&sources).find(monitor, &part);
        (text[place.range()].to_owned(), path)
    }

    const TEXT: &str =
        "[[monitors]]\n[[monitors]]\nevents = ['A', \"B\"]\nwhen = \"\\t${X} > valu\"\ncall = 'c'\n";

    #[test]
    fn keys_are_found_in_either_spelling_and_by_item() {
        let part = |key, index, span| Part { key, index, span };
        let second = monitor(1, None);
        assert_eq!(found(TEXT, &second, part("event", Some(1), Some(0..1))).0, "B");
        assert_eq!(
            found(TEXT, &second, part("events", Some(0), None)),
            ("'A'".into(), "monitors[1].events[0]".into())
        );
        assert_eq!(
            found(TEXT, &second, part("calls", Some(0), None)),
            ("'c'".into(), "monitors[1].call".into())
        );
        assert_eq!(
            found(TEXT, &second, part("to", None, None)),
            ("[[monitors]]".into(), "monitors[1]".into())
        );
        assert_eq!(found(TEXT, &monitor(9, None), part("to", None, None)).0, "");
    }

    #[test]
    fn a_place_in_an_expression_is_traced_through_variables_and_escapes() {
        let (text, origins) = substitute("\t${X} > valu", &|_| Some("1000".to_owned())).unwrap().unwrap();
        assert_eq!(&text[8..12], "valu");
        let when = Expression { text: text.into(), origins: Some(origins) };
        let part = Part { key: "when", index: None, span: Some(8..12) };
        assert_eq!(found(TEXT, &monitor(1, Some(when)), part), ("valu".into(), "monitors[1].when".into()));
    }
}

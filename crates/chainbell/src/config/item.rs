//! One value of the configuration, with its place and the path of its key: read as text, number, list and so on.

use std::{borrow::Cow, ops::Range, path::PathBuf, rc::Rc, time::Duration};

use secrecy::SecretString;
use toml::{
    Spanned,
    de::{DeInteger, DeValue},
};

use super::{
    error::Problem,
    reading::{Reading, within},
    section::Section,
    size::size_bytes,
    source::Place,
    suggest::did_you_mean,
    variables::Origins,
};

/// A value that is there. The reading methods report what is wrong and return `None`.
#[derive(Clone)]
pub(super) struct Item<'a> {
    pub(super) reading: &'a Reading<'a>,
    pub(super) file: u32,
    pub(super) value: &'a Spanned<DeValue<'a>>,
    /// The path of the table it stands in.
    pub(super) base: Rc<str>,
    pub(super) key: &'a str,
    pub(super) index: Option<usize>,
}

/// Text with its variables replaced.
#[derive(Clone, Debug)]
pub(super) struct Text<'a> {
    pub(super) value: Cow<'a, str>,
    pub(super) place: Place,
    /// `None` when nothing was replaced.
    pub(super) origins: Option<Origins>,
}

impl<'a> Item<'a> {
    pub(super) fn place(&self) -> Place {
        Place::new(self.file, self.value.span())
    }

    /// The path of the key: `networks.ethereum.rpc[1]`.
    pub(super) fn key_path(&self) -> String {
        let key = join_path(&self.base, self.key);
        self.index.map_or(key.clone(), |index| format!("{key}[{index}]"))
    }

    /// Reports a problem with the value as a whole.
    pub(super) fn report(&self, message: impl Into<String>) {
        self.report_at(self.place(), message);
    }

    pub(super) fn report_at(&self, place: Place, message: impl Into<String>) {
        let message = message.into();
        self.reading.report(Problem { place: Some(place), key: self.key_path(), message, related: None });
    }

    /// Reports a problem with bytes `span` of `text`, which was read from this value.
    pub(super) fn report_within(&self, text: &Text<'_>, span: Range<usize>, message: impl Into<String>) {
        self.report_at(within(self.reading.sources, text.place, text.origins.as_ref(), span), message);
    }

    /// Reports that the value is of another type.
    pub(super) fn expected<T>(&self, what: &str) -> Option<T> {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.report(format!("expected {what}, found {found}"));
        None
    }

    /// Text that is not secret.
    pub(super) fn text(&self) -> Option<Text<'a>> {
        self.reading.mark_plain(self.place());
        let DeValue::String(text) = self.value.get_ref() else { return self.expected("text") };
        let (value, origins) = self.reading.substitute(text, self.place(), || self.key_path())?;
        Some(Text { value, place: self.place(), origins })
    }

    /// Text that no error may show: written here, or `{ env = "NAME" }`, or `{ file = "path" }`.
    pub(super) fn secret(&self) -> Option<SecretString> {
        match self.value.get_ref() {
            DeValue::String(text) => {
                let (value, _) = self.reading.substitute(text, self.place(), || self.key_path())?;
                Some(SecretString::from(value.into_owned()))
            }
            DeValue::Table(_) => super::secret::referenced(self.clone().section()?),
            _ => self.expected("text, { env = \"NAME\" } or { file = \"path\" }"),
        }
    }

    /// A path; a relative one starts from the folder of the file that names it.
    pub(super) fn path(&self) -> Option<PathBuf> {
        let text = self.text()?;
        let file = self.reading.sources.files.get(self.file as usize);
        Some(file.map_or_else(PathBuf::new, |file| file.folder().to_owned()).join(&*text.value))
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => self.expected("true or false"),
        }
    }

    /// A whole number within `range`.
    pub(super) fn integer(&self, range: Range<i128>) -> Option<i128> {
        self.reading.mark_plain(self.place());
        let DeValue::Integer(number) = self.value.get_ref() else { return self.expected("a whole number") };
        match read_integer(number) {
            Some(number) if range.contains(&number) => Some(number),
            _ if range.end > i128::from(i64::MAX) => {
                self.report(format!("must be a whole number of at least {}", range.start));
                None
            }
            _ => {
                self.report(format!("must be a whole number from {} to {}", range.start, range.end - 1));
                None
            }
        }
    }

    /// A whole number from `least` to the largest `T`.
    pub(super) fn unsigned<T: Unsigned>(&self, least: T) -> Option<T> {
        let range = i128::from(least.into())..i128::from(T::MOST.into()) + 1;
        self.integer(range).and_then(|number| T::try_from(number).ok())
    }

    /// A duration above zero.
    pub(super) fn duration(&self) -> Option<Duration> {
        let text = self.quantity("a duration such as \"30s\"")?;
        match chainbell_targets::parse_duration(&text.value) {
            Ok(Duration::ZERO) => self.report("must be longer than nothing"),
            Ok(duration) => return Some(duration),
            Err(error) => self.report(error.to_string()),
        }
        None
    }

    pub(super) fn size_bytes(&self) -> Option<u64> {
        let text = self.quantity("a size such as \"10MiB\"")?;
        size_bytes(&text.value).map_err(|error| self.report(error.to_string())).ok()
    }

    fn quantity(&self, expected: &str) -> Option<Text<'a>> {
        match self.value.get_ref() {
            DeValue::String(_) => self.text(),
            _ => {
                self.reading.mark_plain(self.place());
                self.expected(expected)
            }
        }
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = choices.iter().find(|(word, _)| *word == text.value).map(|(_, choice)| *choice);
        if found.is_none() {
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let suggestion = did_you_mean(&text.value, words.iter().copied());
            self.report(format!("{:?} is not one of {}{suggestion}", text.value, words.join(", ")));
        }
        found
    }

    /// The items of a list, or the value itself as the only one.
    pub(super) fn one_or_many(self) -> Vec<Self> {
        match self.value.get_ref() {
            DeValue::Array(_) => self.many().unwrap_or_default(),
            _ => vec![self],
        }
    }

    /// The items of a list.
    pub(super) fn many(self) -> Option<Vec<Self>> {
        let DeValue::Array(items) = self.value.get_ref() else { return self.expected("a list") };
        let item = |(index, value)| Self { value, index: Some(index), ..self.clone() };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// A table.
    pub(super) fn section(self) -> Option<Section<'a>> {
        let DeValue::Table(table) = self.value.get_ref() else { return self.expected("a table") };
        Some(Section::new(self.reading, self.place(), table, self.key_path()))
    }

    /// Whether it is a table.
    pub(super) fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }
}

/// The unsigned integers that settings use.
pub(super) trait Unsigned: TryFrom<i128> + Into<u64> {
    /// The largest value that TOML can write.
    const MOST: Self;
}

impl Unsigned for u16 {
    const MOST: Self = Self::MAX;
}
impl Unsigned for u32 {
    const MOST: Self = Self::MAX;
}
impl Unsigned for u64 {
    const MOST: Self = i64::MAX as u64;
}

pub(super) fn read_integer(number: &DeInteger<'_>) -> Option<i128> {
    i128::from_str_radix(number.as_str(), number.radix()).ok()
}

/// `base.key`, with the key quoted where TOML would.
pub(super) fn join_path(base: &str, key: &str) -> String {
    let bare = !key.is_empty()
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let dot = if base.is_empty() { "" } else { "." };
    if bare { format!("{base}{dot}{key}") } else { format!("{base}{dot}{key:?}") }
}

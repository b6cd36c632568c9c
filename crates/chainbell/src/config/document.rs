//! The files of a configuration read as one document: sections merged in the order of the files, names kept unique.

use std::{collections::HashMap, fmt, ops::Range};

use toml::de::DeTable;

use super::{
    error::Problem,
    item::{Item, join_path},
    reading::Reading,
    section::Section,
    source::{Place, Sources},
};

/// A name must be no longer than this.
const MAX_NAME: usize = 100;

/// All sections of all files.
#[derive(Default)]
pub(super) struct Document<'a> {
    pub(super) store: Option<Section<'a>>,
    pub(super) log: Option<Section<'a>>,
    pub(super) delivery: Option<Section<'a>>,
    pub(super) networks: Vec<Named<'a>>,
    pub(super) contracts: Vec<Named<'a>>,
    pub(super) sets: Vec<Named<'a>>,
    pub(super) targets: Vec<Named<'a>>,
    /// In the order of the files.
    pub(super) monitors: Vec<Section<'a>>,
}

/// An entry of a table whose keys are names.
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    pub(super) item: Item<'a>,
}

/// The tables of all files and every error of syntax in them; the tables are incomplete when there are errors.
pub(super) fn parse(sources: &Sources) -> (Vec<DeTable<'_>>, Vec<Problem>) {
    let (mut tables, mut problems) = (Vec::new(), Vec::new());
    for (index, file) in sources.files.iter().enumerate() {
        let mut report = |span: Range<usize>, message: String| {
            let place = Some(Place::new(index as u32, span));
            problems.push(Problem { place, key: String::new(), message, related: None });
        };
        let (table, errors) = DeTable::parse_recoverable(&file.text);
        for error in errors {
            report(error.span().unwrap_or(0..0), error.message().to_owned());
        }
        tables.push(table.into_inner());
    }
    (tables, problems)
}

impl<'a> Document<'a> {
    /// Merges the files. Reports sections and names that stand twice, and unknown sections.
    pub(super) fn merge(reading: &'a Reading<'a>, tables: &'a [DeTable<'a>]) -> Self {
        let mut document = Self::default();
        let mut names = HashMap::new();
        for (index, table) in tables.iter().enumerate() {
            let mut file = Section::new(reading, Place::new(index as u32, 0..0), table, "");
            for (key, place) in [
                ("store", &mut document.store),
                ("log", &mut document.log),
                ("delivery", &mut document.delivery),
            ] {
                let Some(item) = file.optional(key) else { continue };
                let item_place = item.place();
                if first_of(&mut names, (key, ""), item_place, reading) {
                    *place = item.section();
                }
            }
            for (key, list) in [
                ("networks", &mut document.networks),
                ("contracts", &mut document.contracts),
                ("sets", &mut document.sets),
                ("targets", &mut document.targets),
            ] {
                let Some(section) = file.optional(key).and_then(Item::section) else { continue };
                for (name, place, item) in section.entries() {
                    if first_of(&mut names, (key, name), place, reading) {
                        check_name(name, place, key, reading);
                        list.push(Named { name, item });
                    }
                }
            }
            let monitors = file.optional("monitors").and_then(Item::many).unwrap_or_default();
            document.monitors.extend(monitors.into_iter().filter_map(Item::section));
            file.finish();
        }
        document
    }
}

/// Whether a name is new in its section; reported with both places when it is not.
fn first_of<'a>(
    names: &mut HashMap<(&'static str, &'a str), Place>,
    name: (&'static str, &'a str),
    place: Place,
    reading: &Reading<'_>,
) -> bool {
    let Some(first) = names.insert(name, place) else { return true };
    names.insert(name, first);
    let (section, entry) = name;
    let key = if entry.is_empty() { section.to_owned() } else { join_path(section, entry) };
    let what = if entry.is_empty() { "section" } else { "name" };
    reading.report(Problem {
        place: Some(place),
        key,
        message: format!("this {what} is given twice"),
        related: Some((first, "first given at")),
    });
    false
}

/// Reports a name that could not stand in a URL, a log line or an expression as it is.
pub(super) fn check_name(name: &str, place: Place, section: &str, reading: &Reading<'_>) {
    if let Err(error) = name_fits(name) {
        let message = error.to_string();
        let key = if section == "monitors" { "name".to_owned() } else { join_path(section, name) };
        reading.report(Problem { place: Some(place), key, message, related: None });
    }
}

/// A name that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadName;

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a name starts with a letter or digit, goes on with letters, digits, spaces, '-', '_' and '.', and has at most {MAX_NAME} characters"
        )
    }
}

/// Names are ASCII letters, digits, spaces, `-`, `_` and `.`, starting with a letter or digit and not ending with a space.
pub(super) fn name_fits(name: &str) -> Result<(), BadName> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b' ');
    let fits = name.len() <= MAX_NAME
        && name.bytes().all(good)
        && !name.ends_with(' ')
        && name.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
    fits.then_some(()).ok_or(BadName)
}

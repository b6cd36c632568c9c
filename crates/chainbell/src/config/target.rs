//! `[targets.NAME]` and `[delivery]`: where matches go. The keys are checked by the targets themselves.

use std::collections::BTreeMap;

use chainbell_model::TargetName;
use chainbell_targets::{Kind, Limits, SettingError, Settings, Valid, validate};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use toml::de::DeValue;

use super::{
    document::Named,
    error::Problem,
    item::{Item, join_path, read_integer},
    section::Section,
    source::Place,
    suggest::did_you_mean,
};

/// The keys of `[delivery]` that stand in where a target does not say otherwise.
const DEFAULTS: [&str; 3] = ["concurrency", "rate_limit", "retry"];

/// Where matches are delivered.
#[derive(Debug)]
pub struct TargetSettings {
    /// Its name.
    pub name: TargetName,
    /// The word after `type =`.
    pub kind: &'static str,
    /// How fast, and how often again.
    pub limits: Limits,
    /// What the kind needs.
    pub settings: Box<dyn Settings>,
}

/// `[delivery]`: what holds for all targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeliverySettings {
    /// Whether targets may be at private addresses where they do not say themselves.
    pub allow_private: bool,
}

/// The keys of `[delivery]` as read: settings, and what targets inherit.
#[derive(Default)]
pub(super) struct Delivery<'a> {
    pub(super) settings: DeliverySettings,
    inherited: Vec<Item<'a>>,
}

impl<'a> Delivery<'a> {
    pub(super) fn read(mut section: Section<'a>) -> Self {
        let settings = DeliverySettings { allow_private: section.boolean("allow_private", false) };
        let inherited = DEFAULTS.into_iter().filter_map(|key| section.optional(key)).collect();
        section.finish();
        Self { settings, inherited }
    }
}

/// The targets that monitors may name: also those with mistakes in them, so that one mistake is told once.
pub(super) struct Targets<'a>(BTreeMap<&'a str, TargetName>);

impl<'a> Targets<'a> {
    /// Reads all targets.
    pub(super) fn read(
        entries: Vec<Named<'a>>,
        delivery: &Delivery<'a>,
        kinds: &[&'static dyn Kind],
    ) -> (Self, Vec<TargetSettings>) {
        let mut names = BTreeMap::new();
        let mut read = Vec::with_capacity(entries.len());
        for Named { name, item } in entries {
            let target_name = TargetName::new(name);
            names.insert(name, target_name.clone());
            read.extend(read_target(target_name, item, delivery, kinds));
        }
        (Self(names), read)
    }

    /// The target that `item` names; `None`, reported, when there is none.
    pub(super) fn find(&self, item: &Item<'_>) -> Option<TargetName> {
        let name = item.text()?;
        let found = self.0.get(&*name.value).cloned();
        if found.is_none() {
            let suggestion = did_you_mean(&name.value, self.0.keys().copied());
            item.report(format!("there is no target {:?}{suggestion}", name.value));
        }
        found
    }
}

fn read_target(
    name: TargetName,
    item: Item<'_>,
    delivery: &Delivery<'_>,
    kinds: &[&'static dyn Kind],
) -> Option<TargetSettings> {
    let section = item.section()?;
    let mut table = Map::new();
    let mut complete = true;
    for (key, _, item) in section.entries() {
        if key == "type" {
            item.reading.mark_plain(item.place());
        }
        match to_json(&item) {
            Some(value) => _ = table.insert(key.to_owned(), value),
            None => complete = false,
        }
    }
    for item in &delivery.inherited {
        if !table.contains_key(item.key) {
            table.extend(to_json(item).map(|value| (item.key.to_owned(), value)));
        }
    }
    // A value that could not be read was reported; without it the kind would report it as missing.
    if !complete {
        return None;
    }
    let table = Value::Object(table);
    match validate(kinds, &table) {
        Ok(Valid { limits, settings }) => {
            let word = table.get("type").and_then(Value::as_str).unwrap_or_default();
            let kind = kinds.iter().map(|kind| kind.name()).find(|kind| *kind == word)?;
            Some(TargetSettings { name, kind, limits, settings })
        }
        Err(errors) => {
            errors.iter().for_each(|error| report(&section, delivery, error));
            None
        }
    }
}

/// Reports a kind's error at the key it is about.
fn report(section: &Section<'_>, delivery: &Delivery<'_>, error: &SettingError) {
    let top =
        |key: &str| error.key.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let own = section.entries().filter(|(key, _, _)| top(key)).max_by_key(|(key, _, _)| key.len());
    let problem =
        |place, key| Problem { place: Some(place), key, message: error.message.clone(), related: None };
    let (place, path) = match own {
        Some((key, place, item)) => {
            let within = error.key[key.len()..].trim_start_matches('.');
            let path = join_path(section.path(), key);
            let path = if within.is_empty() { path } else { join_path(&path, within) };
            (nested_key(&item, within).unwrap_or(place), path)
        }
        None => match delivery.inherited.iter().find(|item| top(item.key)) {
            // Every target that inherits a bad default finds it bad.
            Some(item) => return section.reading.report_once(problem(item.place(), item.key_path())),
            None if error.key.is_empty() => (section.place, section.path().to_owned()),
            None => (section.place, join_path(section.path(), &error.key)),
        },
    };
    section.reading.report(problem(place, path));
}

/// The place of the key `within` of a table.
fn nested_key(item: &Item<'_>, within: &str) -> Option<Place> {
    let DeValue::Table(table) = item.value.get_ref() else { return None };
    let (key, _) = table.get_key_value(within)?;
    Some(Place::new(item.file, key.span()))
}

/// The value as JSON, with variables replaced and secrets fetched. `None`, reported, where that fails.
fn to_json(item: &Item<'_>) -> Option<Value> {
    match item.value.get_ref() {
        DeValue::Boolean(value) => Some(Value::Bool(*value)),
        DeValue::Integer(number) => {
            item.reading.mark_plain(item.place());
            let number = read_integer(number).and_then(|number| i64::try_from(number).ok());
            if number.is_none() {
                item.report("this number is too large");
            }
            number.map(Value::from)
        }
        DeValue::Float(number) => {
            item.reading.mark_plain(item.place());
            let number = number.as_str().parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            if number.is_none() {
                item.report("this is not a number that can be used here");
            }
            number.map(Value::Number)
        }
        DeValue::Datetime(date) => Some(Value::String(date.to_string())),
        // Any text may turn out to be secret: only the target knows.
        DeValue::String(_) => item.secret().map(|text| Value::String(text.expose_secret().to_owned())),
        DeValue::Array(_) => {
            item.clone().many()?.iter().map(to_json).collect::<Option<Vec<_>>>().map(Value::Array)
        }
        DeValue::Table(table) if is_reference(table) => {
            item.secret().map(|text| Value::String(text.expose_secret().to_owned()))
        }
        DeValue::Table(_) => {
            let section = item.clone().section()?;
            let entries = section.entries().map(|(key, _, item)| Some((key.to_owned(), to_json(&item)?)));
            entries.collect::<Option<Map<_, _>>>().map(Value::Object)
        }
    }
}

/// Whether a table stands for text: `{ env = "NAME" }` or `{ file = "path" }`.
fn is_reference(table: &toml::de::DeTable<'_>) -> bool {
    table.len() == 1 && (table.contains_key("env") || table.contains_key("file"))
}

pub(super) fn schema(kinds: &[&'static dyn Kind]) -> Value {
    let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    let mut properties = inherited_schema();
    properties.insert(
        "type".to_owned(),
        json!({ "enum": names, "description": "The kind of target; the other keys depend on it." }),
    );
    json!({
        "type": "object",
        "description": "Where matches are delivered, by name.",
        "additionalProperties": { "type": "object", "required": ["type"], "properties": properties }
    })
}

pub(super) fn delivery_schema() -> Value {
    let mut properties = inherited_schema();
    properties.insert(
        "allow_private".to_owned(),
        json!({
            "type": "boolean", "default": false,
            "description": "Whether targets may be at private addresses where they do not say themselves."
        }),
    );
    json!({
        "type": "object",
        "description": "What holds for all targets that do not say otherwise.",
        "additionalProperties": false,
        "properties": properties
    })
}

fn inherited_schema() -> Map<String, Value> {
    let default = Limits::default();
    let retry: Vec<_> = default.retry.iter().map(|pause| format!("{}s", pause.as_secs())).collect();
    let mut properties = Map::new();
    properties.insert(
        "concurrency".to_owned(),
        json!({
            "type": "integer", "minimum": 1, "maximum": 1024, "default": default.concurrency,
            "description": "How many sends run at a time."
        }),
    );
    properties.insert("rate_limit".to_owned(), json!({
        "type": "number", "exclusiveMinimum": 0, "description": "Messages per second at the most; no limit by default."
    }));
    properties.insert("retry".to_owned(), json!({
        "type": "array", "minItems": 1, "maxItems": 64, "items": { "$ref": "#/$defs/duration" }, "default": retry,
        "description": "The pause before each attempt, the first being before the first attempt; then dead letter."
    }));
    properties
}

//! `[store]`: where everything is kept.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::section::Section;

/// Where everything is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// The SQLite file, relative to the working directory; created when it is not there.
    pub path: PathBuf,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { path: PathBuf::from("chainbell.sqlite") }
    }
}

impl StoreSettings {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let path =
            section.optional("path").and_then(|item| item.text()).map(|path| PathBuf::from(&*path.value));
        section.finish();
        Self { path: path.unwrap_or(default.path) }
    }
}

pub(super) fn schema() -> Value {
    json!({
        "type": "object",
        "description": "Where everything is kept.",
        "additionalProperties": false,
        "properties": {
            "path": {
                "type": "string",
                "default": "chainbell.sqlite",
                "description": "The SQLite file, relative to the working directory; created when it is not there."
            }
        }
    })
}

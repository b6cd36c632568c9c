//! A file that messages are appended to: one line per message, NDJSON by default.

mod send;
mod settings;

use serde_json::Value;

use crate::{Kind, SettingError, Settings};

/// The kind `file`.
#[derive(Clone, Copy, Debug)]
pub struct File;

impl Kind for File {
    fn name(&self) -> &'static str {
        "file"
    }

    fn validate(&self, settings: &Value) -> Result<Box<dyn Settings>, Vec<SettingError>> {
        Ok(Box::new(settings::FileSettings::read(settings)?))
    }
}

//! Standard output: one line per message, NDJSON by default.

mod send;
mod settings;

use serde_json::Value;

use crate::{Kind, SettingError, Settings};

/// The kind `stdout`.
#[derive(Clone, Copy, Debug)]
pub struct Stdout;

impl Kind for Stdout {
    fn name(&self) -> &'static str {
        "stdout"
    }

    fn validate(&self, settings: &Value) -> Result<Box<dyn Settings>, Vec<SettingError>> {
        Ok(Box::new(settings::StdoutSettings::read(settings)?))
    }
}

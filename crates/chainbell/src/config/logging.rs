//! `[log]`: how much is logged, and in which form.

use serde_json::{Value, json};

use super::section::Section;

/// How much is logged, and in which form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSettings {
    /// The least urgent messages that are logged.
    pub level: LogLevel,
    /// Their form.
    pub format: LogFormat,
}

/// How urgent a message is, the most urgent first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Someone must act.
    Error,
    /// Something went wrong and was mended.
    Warn,
    /// The state changed.
    #[default]
    Info,
    /// For finding faults.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The word that log filters use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogSettings {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let levels = [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace]
            .map(|level| (level.as_str(), level));
        let level = section.optional("level").and_then(|item| item.choice(&levels));
        let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        let format = section.optional("format").and_then(|item| item.choice(&formats));
        section.finish();
        Self { level: level.unwrap_or_default(), format: format.unwrap_or_default() }
    }
}

pub(super) fn schema() -> Value {
    json!({
        "type": "object",
        "description": "What is logged, to the standard error stream.",
        "additionalProperties": false,
        "properties": {
            "level": {
                "enum": ["error", "warn", "info", "debug", "trace"],
                "default": "info",
                "description": "The least urgent messages that are logged."
            },
            "format": {
                "enum": ["text", "json"],
                "default": "text",
                "description": "Lines for people, or one JSON object a line."
            }
        }
    })
}

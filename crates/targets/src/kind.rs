//! What every target kind provides, and the way from configuration to a receiver.

use std::{fmt, path::PathBuf, sync::Arc};

use chainbell_model::{Message, Target};
use serde_json::Value;

use crate::{HttpClients, Limits, TemplateError, guard::Refused, keys::Keys, suggest::did_you_mean};

/// A kind of target, for example `webhook`.
pub trait Kind: Send + Sync {
    /// The word after `type =`.
    fn name(&self) -> &'static str;

    /// Checks the kind's own keys (an object without `type` and the keys of [`Limits`]), with the environment already
    /// substituted. Pure. Every mistake is reported, not only the first.
    fn validate(&self, settings: &Value) -> Result<Box<dyn Settings>, Vec<SettingError>>;
}

/// Settings that are known to be right. Their `Debug` shows no secret.
pub trait Settings: Send + Sync + fmt::Debug {
    /// Opens what has to be open before the first message (files, clients). Connects to nobody.
    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Target>, BuildError>;

    /// What would be sent for `message`. Pure.
    fn render(&self, message: &Message) -> Result<Rendered, TemplateError>;
}

/// A message as its target would get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Its media type.
    pub content_type: String,
    /// Its bytes: UTF-8 text.
    pub body: Vec<u8>,
}

/// One mistake in a target's configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct SettingError {
    /// The key, with dots into tables (`headers.x-api-key`); empty for the whole.
    pub key: String,
    /// What is wrong and what would be right. Never shows a secret's value.
    pub message: String,
}

/// What targets share when they are built.
#[derive(Debug)]
pub struct BuildContext {
    /// Whether private addresses may be reached where a target's own `allow_private` says nothing.
    pub allow_private_default: bool,
    /// The connection pools of all targets that speak HTTP.
    pub http: HttpClients,
}

impl BuildContext {
    /// With pools that open on first use.
    pub fn new(allow_private_default: bool) -> Self {
        Self { allow_private_default, http: HttpClients::default() }
    }
}

/// Valid settings that this machine cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The URL's host is an address that is not public.
    #[error("{0}; set allow_private = true if this is meant")]
    Private(#[from] Refused),
    /// The HTTP client cannot start, for example because the system has no root certificates.
    #[error("the HTTP client cannot start")]
    Http(#[source] reqwest::Error),
    /// The path names a directory.
    #[error("{} is a directory", .0.display())]
    Directory(PathBuf),
    /// The file or one of its directories cannot be opened for writing.
    #[error("cannot open {}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A target's configuration, checked.
#[derive(Debug)]
pub struct Valid {
    /// How fast, and how often again.
    pub limits: Limits,
    /// What the kind needs.
    pub settings: Box<dyn Settings>,
}

/// Checks one target's whole table: `type` picks from `kinds`, the keys of [`Limits`] are read here, the rest is the kind's.
/// Pure. Reports every mistake.
pub fn validate(kinds: &[&dyn Kind], table: &Value) -> Result<Valid, Vec<SettingError>> {
    let mut keys = Keys::new(table);
    let kind = keys.required_text("type").and_then(|name| {
        let found = kinds.iter().find(|kind| kind.name() == name);
        if found.is_none() {
            let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
            let hint = did_you_mean(name, &names);
            keys.refuse(
                "type",
                format!("there is no target type {name:?}{hint}; there are {}", names.join(", ")),
            );
        }
        found
    });
    let limits = Limits::read(&mut keys);
    let (own, mut errors) = keys.rest();
    let settings = kind.and_then(|kind| match kind.validate(&own) {
        Ok(settings) => Some(settings),
        Err(more) => {
            errors.extend(more);
            None
        }
    });
    match settings {
        Some(settings) if errors.is_empty() => Ok(Valid { limits, settings }),
        _ => Err(errors),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::kinds;

    #[test]
    fn every_mistake_is_named_by_its_key_with_a_suggestion() {
        let table = json!({"type": "webhook", "url": "ftp://x", "concurency": 3, "retry": ["0s", "soon"], "rate_limit": 0});
        let errors = validate(kinds(), &table).unwrap_err();
        let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "rate_limit: must be a number of messages per second above 0",
                "retry: \"soon\" is not a duration: write it like \"500ms\", \"30s\", \"5m\" or \"2h\"",
                "url: must start with http:// or https://",
                "concurency: unknown key; did you mean \"concurrency\"?",
            ]
        );
    }

    #[test]
    fn an_unknown_type_names_those_there_are() {
        let errors = validate(kinds(), &json!({"type": "webhok", "url": "https://x.example"})).unwrap_err();
        assert_eq!(
            errors[0].message,
            "there is no target type \"webhok\"; did you mean \"webhook\"?; there are webhook, stdout, file"
        );
        assert_eq!(validate(kinds(), &json!({})).unwrap_err()[0].to_string(), "type: is required");
        assert_eq!(validate(kinds(), &json!([])).unwrap_err()[0].message, "must be a table");
    }

    #[test]
    fn the_common_keys_are_read_for_every_kind() {
        let table = json!({"type": "stdout", "concurrency": 4, "rate_limit": 2.5, "retry": ["0s", "1m"]});
        let limits = validate(kinds(), &table).unwrap().limits;
        assert_eq!((limits.concurrency, limits.rate_limit), (4, Some(2.5)));
        assert_eq!(limits.retry, [Duration::ZERO, Duration::from_secs(60)]);
    }
}

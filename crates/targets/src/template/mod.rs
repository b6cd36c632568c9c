//! A tenant's own form for messages: Jinja syntax over the fields of the CloudEvent, bounded in every direction.
//!
//! Templates and chain data are hostile input. Time is bounded by fuel, output by [`MAX_OUTPUT_BYTES`], and everything in
//! between by the language itself: `language.rs` leaves out whatever could build a value larger than the message.

mod filters;
mod language;

use std::{collections::BTreeMap, fmt, io, sync::Arc};

use chainbell_model::{Message, MessageKind};
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value};

use crate::{cloudevent::render_cloudevent, suggest::did_you_mean};

/// The longest template.
pub const MAX_SOURCE_BYTES: usize = 16 * 1024;
/// The longest rendered message.
pub const MAX_OUTPUT_BYTES: usize = 256 * 1024;
/// Instructions per rendering; a message with a table of a hundred rows needs about two thousand.
const FUEL: u64 = 20_000;
const NAME: &str = "template";

/// What a template can name, the same for every message. The fields of the CloudEvent's `data` are `null` where a message
/// lacks them; `fact` is the event, call or transfer, whichever it is; `retraction` is true or false.
pub const VARIABLES: [&str; 20] = [
    "id",
    "type",
    "time",
    "cloudevent",
    "retraction",
    "fact",
    "match",
    "monitor",
    "tenant",
    "deliver_at",
    "retracts",
    "network",
    "chain",
    "block",
    "transaction",
    "kind",
    "contract",
    "event",
    "call",
    "transfer",
];

/// A template, parsed and checked.
#[derive(Clone)]
pub struct Template {
    environment: Arc<Environment<'static>>,
}

/// Why a template was refused or could not render.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It is longer than [`MAX_SOURCE_BYTES`].
    #[error("the template is longer than {MAX_SOURCE_BYTES} bytes")]
    TooLong,
    /// It is not in Jinja's syntax, or uses what is not part of the language here.
    #[error("line {line} of the template: {reason}")]
    Refused {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// It names a variable that no message has.
    #[error("the template names the unknown variable {name:?}{hint}")]
    UnknownVariable {
        /// The name.
        name: String,
        /// A similar one, or nothing.
        hint: String,
    },
    /// This message cannot be rendered with it, for example because a field is missing.
    #[error("line {line} of the template: {reason}")]
    Render {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The rendered text is longer than [`MAX_OUTPUT_BYTES`].
    #[error("the rendered text is longer than {MAX_OUTPUT_BYTES} bytes")]
    OutputTooLong,
    /// It takes too many steps to render.
    #[error("the template takes too many steps to render")]
    TooSlow,
}

impl Template {
    /// Parses `source` and refuses what could not work with any message. Pure.
    pub fn compile(source: &str) -> Result<Self, TemplateError> {
        if source.len() > MAX_SOURCE_BYTES {
            return Err(TemplateError::TooLong);
        }
        let mut environment = Environment::empty();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(FUEL));
        filters::install(&mut environment);
        // Before compiling: the compiler folds constants, and a constant can be made to fill the memory.
        language::check(source)?;
        environment.add_template_owned(NAME, source.to_owned()).map_err(|error| refused(&error))?;
        let template = Self { environment: Arc::new(environment) };
        template.check_variables()?;
        Ok(template)
    }

    /// The text for `message`.
    pub fn render(&self, message: &Message) -> Result<String, TemplateError> {
        let variables = variables(message)?;
        let mut output = Capped(Vec::new());
        let rendered = self.environment.get_template(NAME).and_then(|template| {
            template.render_captured_to(variables, &mut output)?;
            Ok(())
        });
        match rendered {
            Ok(()) => Ok(String::from_utf8_lossy(&output.0).into_owned()),
            Err(error) => Err(match error.kind() {
                ErrorKind::OutOfFuel => TemplateError::TooSlow,
                ErrorKind::WriteFailure => TemplateError::OutputTooLong,
                _ => TemplateError::Render { line: error.line().unwrap_or(1), reason: reason(&error) },
            }),
        }
    }

    fn check_variables(&self) -> Result<(), TemplateError> {
        let template = self.environment.get_template(NAME).map_err(|error| refused(&error))?;
        let mut unknown: Vec<_> = template
            .undeclared_variables(false)
            .into_iter()
            .filter(|name| !VARIABLES.contains(&name.as_str()))
            .collect();
        unknown.sort();
        let Some(name) = unknown.into_iter().next() else { return Ok(()) };
        let hint = did_you_mean(&name, &VARIABLES);
        Err(TemplateError::UnknownVariable { name, hint })
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Template(..)")
    }
}

fn refused(error: &minijinja::Error) -> TemplateError {
    TemplateError::Refused { line: error.line().unwrap_or(1), reason: reason(error) }
}

fn reason(error: &minijinja::Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned)
}

fn variables(message: &Message) -> Result<Value, TemplateError> {
    let whole: Value = serde_json::from_slice(&render_cloudevent(message)).map_err(|error| {
        TemplateError::Render { line: 1, reason: format!("the message is not JSON: {error}") }
    })?;
    let field = |of: &Value, name: &str| of.get_attr(name).ok().filter(|value| !value.is_undefined());
    let data = field(&whole, "data").unwrap_or_default();
    let named = VARIABLES.into_iter().map(|name| {
        let value = match name {
            "id" | "type" | "time" => field(&whole, name),
            "cloudevent" => Some(whole.clone()),
            "retraction" => Some(matches!(message.kind, MessageKind::Retraction { .. }).into()),
            "fact" => field(&data, message.facts.position.kind.as_str()),
            _ => field(&data, name),
        };
        (name, value.unwrap_or(Value::from(())))
    });
    Ok(Value::from(named.collect::<BTreeMap<_, _>>()))
}

/// Takes bytes up to the cap, then fails.
struct Capped(Vec<u8>);

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_OUTPUT_BYTES {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

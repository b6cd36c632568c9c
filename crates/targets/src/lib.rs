//! A folder per target, each with the same files: settings and send.
//!
//! A target's configuration goes one way: [`validate`] (pure; every mistake named by its key) → [`Settings`] →
//! [`Settings::build`] (the I/O step) → [`chainbell_model::Target`], which the pipeline drives. Adding a target is a new
//! folder and one line in [`kinds`].

pub mod cloudevent;
mod duration;
pub mod file;
pub mod guard;
pub mod http;
mod keys;
mod kind;
mod limits;
mod lines;
mod retry;
mod signature;
pub mod stdout;
mod suggest;
pub mod template;
pub mod webhook;

pub use cloudevent::render_cloudevent;
pub use duration::parse_duration;
pub use http::HttpClients;
pub use kind::{BuildContext, BuildError, Kind, Rendered, SettingError, Settings, Valid, validate};
pub use limits::Limits;
pub use suggest::closest;
pub use template::{Template, TemplateError};

/// Every target kind there is, by name.
pub fn kinds() -> &'static [&'static dyn Kind] {
    &[&webhook::Webhook, &stdout::Stdout, &file::File]
}

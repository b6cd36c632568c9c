//! The settings of a `webhook` target.

use std::{fmt, sync::Arc, time::Duration};

use chainbell_model::{Message, Target};
use reqwest::{
    Method, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::SecretString;
use serde_json::Value;

use super::send::WebhookTarget;
use crate::{
    BuildContext, BuildError, Rendered, SettingError, Settings, Template, TemplateError, cloudevent,
    guard::AddressPolicy, keys::Keys, render_cloudevent, signature::Signer,
};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_TIMEOUT: Duration = Duration::from_secs(300);
const MAX_SECRETS: usize = 8;
const MAX_HEADERS: usize = 32;
/// Headers that are ours or the connection's.
const RESERVED: [&str; 11] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "proxy-authorization",
];

#[derive(Clone)]
pub(super) struct WebhookSettings {
    /// `url`: where to send; `http://` or `https://`.
    pub(super) url: Url,
    /// `method`: `POST` by default, or `PUT` or `PATCH`.
    pub(super) method: Method,
    /// `secret`: text or a list of texts, all of which sign, for rotation. Without it messages go unsigned.
    pub(super) signer: Option<Signer>,
    /// `headers` and `content_type`.
    pub(super) headers: HeaderMap,
    /// `body`: a template instead of the CloudEvent.
    pub(super) body: Option<Template>,
    /// `timeout`: for the whole exchange, the answer's body included; 10 s by default.
    pub(super) timeout: Duration,
    /// `allow_private`: whether addresses that are not public may be reached.
    allow_private: Option<bool>,
}

impl WebhookSettings {
    pub(super) fn read(settings: &Value) -> Result<Self, Vec<SettingError>> {
        let mut keys = Keys::new(settings);
        let url = read_url(&mut keys);
        let method = read_method(&mut keys);
        let signer = read_secrets(&mut keys);
        let mut headers = read_headers(&mut keys);
        let body = keys.text("body").map(Template::compile).transpose();
        let body = body.unwrap_or_else(|error| {
            keys.refuse("body", error.to_string());
            None
        });
        let default_type = if body.is_some() { "application/json" } else { cloudevent::CONTENT_TYPE };
        match HeaderValue::from_str(keys.text("content_type").unwrap_or(default_type)) {
            Ok(value) => drop(headers.insert(CONTENT_TYPE, value)),
            Err(_) => keys.refuse("content_type", "must be a media type"),
        }
        let timeout = keys.duration("timeout").unwrap_or(DEFAULT_TIMEOUT);
        if timeout > MAX_TIMEOUT {
            keys.refuse("timeout", "must be at most 300s");
        }
        let allow_private = keys.flag("allow_private");
        keys.finish(url.map(|url| Self { url, method, signer, headers, body, timeout, allow_private }))
    }

    pub(super) fn render_body(&self, message: &Message) -> Result<Vec<u8>, TemplateError> {
        match &self.body {
            None => Ok(render_cloudevent(message)),
            Some(template) => template.render(message).map(String::into_bytes),
        }
    }
}

impl Settings for WebhookSettings {
    fn build(&self, context: &BuildContext) -> Result<Arc<dyn Target>, BuildError> {
        let policy = match self.allow_private.unwrap_or(context.allow_private_default) {
            true => AddressPolicy::Any,
            false => AddressPolicy::Public,
        };
        policy.check_literal(&self.url)?;
        Ok(Arc::new(WebhookTarget::new(self.clone(), context.http.client(policy)?)))
    }

    fn render(&self, message: &Message) -> Result<Rendered, TemplateError> {
        let content_type = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        Ok(Rendered { content_type, body: self.render_body(message)? })
    }
}

impl fmt::Debug for WebhookSettings {
    /// Of the URL only the origin is shown: paths and queries hold keys. Of headers only the names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSettings")
            .field("url", &self.url.origin().ascii_serialization())
            .field("method", &self.method)
            .field("signer", &self.signer)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body", &self.body)
            .field("timeout", &self.timeout)
            .field("allow_private", &self.allow_private)
            .finish()
    }
}

fn read_url(keys: &mut Keys<'_>) -> Option<Url> {
    let text = keys.required_text("url")?;
    // The text itself is not shown: it may hold a key.
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            keys.refuse("url", format!("is not a URL: {error}"));
            return None;
        }
    };
    if !matches!(url.scheme(), "http" | "https") {
        keys.refuse("url", "must start with http:// or https://");
        return None;
    }
    if !url.username().is_empty() || url.password().is_some() {
        keys.refuse("url", "must not hold credentials; set the header authorization instead");
        return None;
    }
    Some(url)
}

fn read_method(keys: &mut Keys<'_>) -> Method {
    match keys.text("method") {
        None | Some("POST") => Method::POST,
        Some("PUT") => Method::PUT,
        Some("PATCH") => Method::PATCH,
        Some(_) => {
            keys.refuse("method", "must be POST, PUT or PATCH");
            Method::POST
        }
    }
}

fn read_secrets(keys: &mut Keys<'_>) -> Option<Signer> {
    let texts: Option<Vec<_>> = match keys.value("secret")? {
        Value::String(text) => Some(vec![text.as_str()]),
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    };
    let Some(texts) = texts.filter(|texts| (1..=MAX_SECRETS).contains(&texts.len())) else {
        keys.refuse("secret", format!("must be text or a list of 1 to {MAX_SECRETS} texts"));
        return None;
    };
    let secrets: Vec<_> = texts.into_iter().map(SecretString::from).collect();
    Signer::new(&secrets).inspect_err(|error| keys.refuse("secret", error.to_string())).ok()
}

fn read_headers(keys: &mut Keys<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(value) = keys.value("headers") else { return headers };
    let Some(table) = value.as_object().filter(|table| table.len() <= MAX_HEADERS) else {
        keys.refuse("headers", format!("must be a table of at most {MAX_HEADERS} texts"));
        return headers;
    };
    for (name, value) in table {
        match read_header(name, value) {
            Ok((name, value)) => drop(headers.insert(name, value)),
            Err(message) => keys.refuse(format!("headers.{name}"), message),
        }
    }
    headers
}

fn read_header(name: &str, value: &Value) -> Result<(HeaderName, HeaderValue), &'static str> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "is not a header's name")?;
    if name.as_str() == CONTENT_TYPE.as_str() {
        return Err("is set with content_type");
    }
    if RESERVED.contains(&name.as_str()) || name.as_str().starts_with("webhook-") {
        return Err("cannot be set: it belongs to the message or the connection");
    }
    let value = value.as_str().ok_or("must be text")?;
    let mut value = HeaderValue::from_str(value).map_err(|_| "holds characters that a header cannot")?;
    value.set_sensitive(true);
    Ok((name, value))
}

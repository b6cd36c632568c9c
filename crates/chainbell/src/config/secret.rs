//! Secrets and URLs that hold them: where they come from, and that no output shows them.

use std::fmt;

use secrecy::SecretString;
use url::Url;

use super::{
    item::Item,
    section::Section,
    source::{Place, read_text},
};

/// The largest file a secret is read from, in bytes.
const MAX_SECRET_BYTES: u64 = 64 << 10;

/// A URL that may hold credentials in its user info, path or query. Shown as scheme, host and port only.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(Url);

impl SecretUrl {
    /// The whole URL, for connecting.
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.0.host_str().unwrap_or_default())?;
        self.0.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// Reads `{ env = "NAME" }` or `{ file = "path" }`.
pub(super) fn referenced(mut section: Section<'_>) -> Option<SecretString> {
    let (env, file) = (section.optional("env"), section.optional("file"));
    let value = match (env, file) {
        (Some(env), None) => from_env(&env),
        (None, Some(file)) => from_file(&file),
        _ => {
            section.report("expected text, { env = \"NAME\" } or { file = \"path\" }");
            None
        }
    };
    section.finish();
    value
}

fn from_env(item: &Item<'_>) -> Option<SecretString> {
    let name = item.text()?;
    let value = item.reading.env(&name.value);
    if value.is_none() {
        item.report(format!("the environment variable {} is not set", name.value));
    }
    value.map(SecretString::from)
}

fn from_file(item: &Item<'_>) -> Option<SecretString> {
    let path = item.path()?;
    match read_text(&path, MAX_SECRET_BYTES) {
        // An editor ends the file with a line break that is not part of the secret.
        Ok(text) => Some(SecretString::from(text.trim_end_matches(['\r', '\n']))),
        Err(error) => {
            item.report(format!("the file {} cannot be read: {error}", path.display()));
            None
        }
    }
}

/// Reads a URL of one of `schemes`.
pub(super) fn url(item: &Item<'_>, schemes: &[&str]) -> Option<SecretUrl> {
    use secrecy::ExposeSecret as _;

    let text = item.secret()?;
    let expected = schemes.iter().map(|scheme| format!("{scheme}://")).collect::<Vec<_>>().join(" or ");
    let url = match Url::parse(text.expose_secret()) {
        Ok(url) => url,
        Err(error) => {
            item.report(format!("expected a URL starting with {expected}: {error}"));
            return None;
        }
    };
    show_host_only(item);
    if !schemes.contains(&url.scheme()) || url.host_str().is_none_or(str::is_empty) {
        item.report(format!("expected a URL starting with {expected}"));
        return None;
    }
    Some(SecretUrl(url))
}

/// Lets errors show scheme and host of a URL that is written in the file; the rest may hold keys. Only where it parsed:
/// in a mistyped URL the host may be a password.
fn show_host_only(item: &Item<'_>) {
    let place = item.place();
    let raw = item.reading.sources.raw(place);
    let Some(authority) = raw.find("://").map(|at| at + 3) else { return };
    let end = raw[authority..].find(['/', '?', '#', '\\']).map_or(raw.len(), |at| at + authority);
    let host = raw[authority..end].rfind('@').map_or(authority, |at| at + authority + 1);
    let path = (end + 1).min(raw.len());
    item.reading.mark_plain(place);
    let start = place.start as usize;
    item.reading.mark_secret(Place::new(place.file, start + authority..start + host));
    item.reading.mark_secret(Place::new(place.file, start + path..start + raw.len()));
}

//! Keeps credentials out of what people read: URLs keep scheme, host and port, texts lose the secrets of their endpoint.

use reqwest::{Url, header::HeaderMap};

/// Texts from a node are cut to this many characters: enough for every known error text with its suggested range.
const MAX_TEXT_CHARS: usize = 600;
/// Shorter path segments (`v3`, `rpc`) are no keys, and words that error texts need.
const MIN_SECRET_SEGMENT: usize = 8;
/// Shorter values would blank out ordinary text.
const MIN_SECRET_VALUE: usize = 3;
const BLANK: &str = "***";

/// Scheme, host and port: paths, queries and user names hold keys.
pub(crate) fn public_url(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// A text of the outside world, made fit to be shown: bounded and on one line.
pub(crate) fn bounded(text: &str) -> String {
    let mut chars = text.chars();
    let mut short: String =
        chars.by_ref().take(MAX_TEXT_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

/// What must never be shown of one endpoint.
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// Collects what may be a key from the URL and the headers.
    pub(crate) fn of(url: &Url, headers: &HeaderMap) -> Self {
        let mut secrets: Vec<String> = Vec::new();
        let segments = url.path_segments().into_iter().flatten();
        secrets.extend(segments.filter(|part| part.len() >= MIN_SECRET_SEGMENT).map(str::to_owned));
        let values = url.query_pairs().map(|(_, value)| value.into_owned());
        let credentials = [Some(url.username().to_owned()), url.password().map(str::to_owned)];
        let header_texts = headers.values().filter_map(|value| value.to_str().ok());
        let header_words = header_texts.flat_map(|text| text.split_whitespace().map(str::to_owned));
        let short = values.chain(credentials.into_iter().flatten()).chain(header_words);
        secrets.extend(short.filter(|part| part.len() >= MIN_SECRET_VALUE));
        if let Some(query) = url.query().filter(|query| query.len() >= MIN_SECRET_SEGMENT) {
            secrets.push(query.to_owned());
        }
        // The longest first, so that a secret which contains another leaves nothing behind.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self(secrets)
    }

    /// The text without the secrets, bounded and on one line.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut clean = bounded(text);
        for secret in &self.0 {
            if clean.contains(secret.as_str()) {
                clean = clean.replace(secret.as_str(), BLANK);
            }
        }
        clean
    }
}

/// The value of an `Authorization` header for the user name and password of a URL; `None` where it has none.
pub(crate) fn basic_auth(url: &Url) -> Option<String> {
    use base64::Engine as _;
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair = percent_decode(url.username());
    pair.push(b':');
    pair.extend(percent_decode(url.password().unwrap_or_default()));
    Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair)))
}

fn percent_decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escape = (first == b'%').then(|| after.get(..2)).flatten();
        let byte = escape.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match byte {
            Some(byte) => {
                decoded.push(byte);
                rest = &after[2..];
            }
            None => {
                decoded.push(first);
                rest = after;
            }
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scheme_host_and_port_of_a_url_are_shown() {
        let url = Url::parse("https://me:pw@rpc.example:8443/v3/0123456789abcdef?key=topsecret#x").unwrap();
        assert_eq!(public_url(&url), "https://rpc.example:8443");
        assert_eq!(public_url(&Url::parse("ws://[::1]/KEY").unwrap()), "ws://[::1]");
    }

    #[test]
    fn a_text_that_echoes_the_url_loses_its_keys() {
        let url = Url::parse("https://me:hunter2@rpc.example/v3/0123456789abcdef?key=topsecret").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer tokentoken".parse().unwrap());
        let echo = format!("cannot reach {url} with tokentoken\nnow {}", "x".repeat(10_000));
        let clean = Secrets::of(&url, &headers).clean(&echo);
        for secret in ["hunter2", "0123456789abcdef", "topsecret", "tokentoken", "\n"] {
            assert!(!clean.contains(secret), "{clean}");
        }
        assert!(clean.chars().count() < 700);
    }

    #[test]
    fn user_and_password_become_basic_auth_after_decoding() {
        let url = Url::parse("http://us%40er:p%3Aw%@h/").unwrap();
        assert_eq!(basic_auth(&url).unwrap(), "Basic dXNAZXI6cDp3JQ==");
        assert_eq!(basic_auth(&Url::parse("http://h/").unwrap()), None);
    }
}

//! Contract specs: what they tell of events, functions and types, in every form in which they come.

pub(crate) mod builtin;
pub(crate) mod call;
pub(crate) mod event;
mod frame;
mod json;
pub(crate) mod layout;
pub(crate) mod raw;
pub(crate) mod text;
pub(crate) mod types;
mod wasm;
mod xdr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_model::{InterfaceError, description_text};

use self::{
    text::{Item, SyntaxError},
    types::Description,
};

/// Contracts have at most 128 KiB of code; JSON takes more, yet none comes near.
const MAX_LEN: usize = 16 << 20;
/// More would be no contract's.
const MAX_ENTRIES: usize = 10_000;

/// What the Base64 of every entry begins with: kinds are small numbers in four bytes.
const BASE64_START: &str = "AAAA";

/// Reads a description: a contract's code, its spec in XDR, the Base64 of that (at once, or an entry per line), its JSON,
/// or signatures, one per line.
pub(crate) fn read(source: &[u8]) -> Result<Description, InterfaceError> {
    if source.len() > MAX_LEN {
        return Err(malformed("the description is too long", None));
    }
    let description = if source.starts_with(wasm::MAGIC) {
        xdr::read(&wasm::spec(source)?)?
    } else if source.starts_with(&[0, 0, 0]) {
        xdr::read(source)?
    } else {
        read_text(description_text(source)?)?
    };
    if description.events.is_empty() && description.functions.is_empty() {
        return Err(malformed("the description has neither events nor functions", None));
    }
    Ok(description)
}

fn read_text(source: &str) -> Result<Description, InterfaceError> {
    let start = source.trim_start();
    if start.starts_with(['[', '{']) {
        return json::read(source);
    }
    if start.starts_with(BASE64_START) {
        return xdr::read(&base64(source)?);
    }
    lines(source)
}

/// Every line by itself may end in padding.
fn base64(source: &str) -> Result<Vec<u8>, InterfaceError> {
    let mut bytes = Vec::with_capacity(source.len() / 4 * 3);
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        let decoded = STANDARD.decode_vec(line.trim(), &mut bytes);
        decoded.map_err(|error| malformed(format!("this is no Base64: {error}"), Some(start)))?;
        start += line.len();
    }
    Ok(bytes)
}

/// Empty lines and comments (`//`, `#`) are passed over.
fn lines(source: &str) -> Result<Description, InterfaceError> {
    let mut description = Description::default();
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        let text = line.trim_start();
        if !text.is_empty() && !text.starts_with("//") && !text.starts_with('#') {
            if description.events.len() + description.functions.len() == MAX_ENTRIES {
                return Err(malformed("the description has too many lines", Some(start)));
            }
            match text::item(line, &description.types).map_err(|error| located(error, start))? {
                Item::Event(event) => description.events.push(event),
                Item::Function(function) => description.functions.push(function),
                Item::Struct(name, ty) => drop(description.types.insert(name, ty)),
            }
        }
        start += line.len();
    }
    Ok(description)
}

/// An error in a text that begins at `start` of the description.
pub(crate) fn located(error: SyntaxError, start: usize) -> InterfaceError {
    malformed(error.reason, Some(start + error.offset))
}

pub(crate) fn malformed(reason: impl Into<String>, offset: Option<usize>) -> InterfaceError {
    InterfaceError::Malformed { reason: reason.into(), offset }
}

//! Reads a package's description in any of its forms.
//!
//! As JSON: `{"packages": […]}`, the package described first and then those whose types it uses; one `Package` alone; or
//! the answer of `sui_getNormalizedMoveModulesByPackage`. As text: layouts ([`super::text`]).

use std::{borrow::Cow, collections::BTreeMap};

use chainbell_model::InterfaceError;
use serde_json::value::RawValue;

use super::{
    catalogue::Catalogue,
    normalized,
    package::{self, Packages},
    text,
};

/// Packages with their bytecode and all that they use are not near it.
const MAX_LEN: usize = 64 * 1024 * 1024;

/// Everything that a description tells.
pub(crate) fn read(source: &[u8]) -> Result<Catalogue, InterfaceError> {
    if source.len() > MAX_LEN {
        return Err(malformed("the description is too long", None));
    }
    let source = std::str::from_utf8(source)
        .map_err(|error| malformed("the description is neither JSON nor text", Some(error.valid_up_to())))?;
    let catalogue = match source.trim_start().starts_with('{') {
        true => json(source)?,
        false => text::read(source).map_err(|error| malformed(error.reason, Some(error.offset)))?,
    };
    if catalogue.is_empty() {
        return Err(malformed("the description has neither types nor functions", None));
    }
    Ok(catalogue)
}

fn json(source: &str) -> Result<Catalogue, InterfaceError> {
    let keys: BTreeMap<Cow<'_, str>, &RawValue> = parse(source, source)?;
    let has = |key| keys.contains_key(key);
    let catalogue = if has("packages") {
        parse::<Packages>(source, source)?.catalogue()
    } else if has("modules") {
        package::catalogue(&parse(source, source)?)
    } else if let Some(answer) = keys.get("package") {
        package::catalogue(&parse(source, answer.get())?)
    } else if has("structs") || has("exposedFunctions") {
        normalized::catalogue([&parse(source, source)?])
    } else {
        let modules = keys.get("result").map_or(source, |answer| answer.get());
        normalized::catalogue(parse::<BTreeMap<String, normalized::Module>>(source, modules)?.values())
    };
    catalogue.map_err(|reason| malformed(reason, None))
}

/// Reads `part` of `source`.
fn parse<'a, T: serde::Deserialize<'a>>(source: &'a str, part: &'a str) -> Result<T, InterfaceError> {
    serde_json::from_str(part).map_err(|error| {
        let offset =
            offset(part, &error).map(|offset| offset + part.as_ptr().addr() - source.as_ptr().addr());
        malformed(error.to_string(), offset)
    })
}

/// The byte that line and column of the error stand for.
fn offset(source: &str, error: &serde_json::Error) -> Option<usize> {
    let before: usize = source.split_inclusive('\n').take(error.line().checked_sub(1)?).map(str::len).sum();
    Some((before + error.column().saturating_sub(1)).min(source.len()))
}

pub(crate) fn malformed(reason: impl Into<String>, offset: Option<usize>) -> InterfaceError {
    InterfaceError::Malformed { reason: reason.into(), offset }
}

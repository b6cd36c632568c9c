//! `ScError`s as text: `contract:3`, `budget:exceeded_limit`.

use super::{Reader, Reason};

/// By the numbers of `ScErrorType`, from 1 on: 0 is a contract's own.
const KINDS: [&str; 9] =
    ["wasm_vm", "context", "storage", "object", "crypto", "events", "budget", "value", "auth"];
/// By the numbers of `ScErrorCode`.
const CODES: [&str; 10] = [
    "arith_domain",
    "index_bounds",
    "invalid_input",
    "missing_value",
    "existing_value",
    "exceeded_limit",
    "invalid_action",
    "internal_error",
    "unexpected_type",
    "unexpected_size",
];

/// The number of an error that the contract itself defines; the text of another.
pub(super) enum ScError {
    Contract(u32),
    Host(Box<str>),
}

impl ScError {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Reason> {
        let (kind, code) = (reader.u32()?, reader.u32()?);
        if kind == 0 {
            return Ok(Self::Contract(code));
        }
        let named = |names: &[&'static str], place: u32| {
            usize::try_from(place).ok().and_then(|place| names.get(place).copied())
        };
        let (Some(kind), Some(code)) = (named(&KINDS, kind - 1), named(&CODES, code)) else {
            return Err("the error is of no known kind");
        };
        Ok(Self::Host(format!("{kind}:{code}").into()))
    }

    pub(super) fn into_text(self) -> Box<str> {
        match self {
            Self::Contract(code) => format!("contract:{code}").into(),
            Self::Host(text) => text,
        }
    }
}

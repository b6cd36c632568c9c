//! Text, numbers and base64 as the answers write them.

use std::{borrow::Cow, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use stellar_xdr::{Limited, Limits, ReadXdr};

use super::xdr::Walk;

/// Why an answer cannot be read. The text names no more of the answer than numbers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Flaw(pub String);

impl Flaw {
    /// A flaw in words.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Text borrowed from the answer, unless it holds escapes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl Text<'_> {
    /// Appends the bytes that the base64 text stands for.
    pub(crate) fn decode_into(&self, out: &mut Vec<u8>) -> Result<(), Flaw> {
        STANDARD.decode_vec(self.0.as_bytes(), out).map_err(|_| Flaw::new("what should be base64 is not"))
    }

    /// The first of the bytes that the base64 text stands for, as many as there is room for.
    pub(crate) fn decode_head<'b>(&self, out: &'b mut [u8]) -> Option<&'b [u8]> {
        let text = self.0.as_bytes();
        let text = &text[..text.len().min(out.len() / 3 * 4)];
        let len = STANDARD.decode_slice(text, out).ok()?;
        out.get(..len)
    }

    /// The 32 bytes that the hexadecimal text stands for.
    pub(crate) fn hash(&self) -> Result<[u8; 32], Flaw> {
        let mut hash = [0; 32];
        const_hex::decode_to_slice(self.0.as_bytes(), &mut hash)
            .map_err(|_| Flaw::new("what should be a hash is not"))?;
        Ok(hash)
    }

    /// The value that the base64 text is the XDR of.
    pub(crate) fn xdr<T: ReadXdr>(&self) -> Result<T, Flaw> {
        let mut bytes = Vec::new();
        self.decode_into(&mut bytes)?;
        let mut walk = Walk::new(&bytes);
        let value = read(&mut walk)?;
        if walk.rest().is_empty() { Ok(value) } else { Err(Flaw::new("bytes behind the end of some XDR")) }
    }
}

/// Deeper than contracts can nest their values.
const MAX_DEPTH: u32 = 500;

/// The next value of type `T`.
pub(crate) fn read<T: ReadXdr>(walk: &mut Walk<'_>) -> Result<T, Flaw> {
    let bytes = walk.rest();
    let mut reader = Limited::new(bytes, Limits { depth: MAX_DEPTH, len: bytes.len() });
    let value = T::read_xdr(&mut reader).map_err(|error| Flaw(format!("XDR does not decode: {error}")))?;
    walk.take(bytes.len() - reader.inner.len());
    Ok(value)
}

/// A number not below zero, written as a number or as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Number(pub u64);

impl Number {
    /// As a ledger's sequence.
    pub(crate) fn sequence(self) -> Result<u32, Flaw> {
        u32::try_from(self.0).map_err(|_| Flaw(format!("{} is not a ledger's sequence", self.0)))
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or text with one")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
        Ok(Number(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
        u64::try_from(number).map(Number).map_err(|_| E::custom("a number below zero"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        text.parse().map(Number).map_err(|_| E::custom("text that is not a number"))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

/// Reads JSON; the error does not repeat the answer.
pub(crate) fn json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Flaw> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let reason: String = error.to_string().chars().filter(|c| !c.is_control()).take(160).collect();
        Flaw(if reason.is_empty() { format!("line {line}, column {column}") } else { reason })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_either_notation() {
        assert_eq!(json::<Number>("107").unwrap(), Number(107));
        assert_eq!(json::<Number>("\"107\"").unwrap(), Number(107));
        for bad in ["-1", "\"-1\"", "1.5", "null", "\"\"", "\"0x1\"", "18446744073709551616"] {
            assert!(json::<Number>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_head_of_base64_is_that_of_its_bytes() {
        let bytes: Vec<u8> = (0..=255).collect();
        for len in 0..bytes.len() {
            let text = Text(STANDARD.encode(&bytes[..len]).into());
            for room in [30, 33, 255] {
                let mut out = vec![0; room];
                let head = text.decode_head(&mut out).map(<[u8]>::to_vec);
                assert_eq!(head, Some(bytes[..len.min(room / 3 * 3)].to_vec()), "{len} {room}");
            }
        }
    }

    #[test]
    fn base64_with_escaped_slashes_is_read_and_what_is_none_is_refused() {
        let mut out = Vec::new();
        json::<Text<'_>>(r#""\/\/8=""#).unwrap().decode_into(&mut out).unwrap();
        assert_eq!(out, [0xff, 0xff]);
        for bad in ["\"====\"", "\"AA\"", "\"é\""] {
            assert!(json::<Text<'_>>(bad).unwrap().decode_into(&mut out).is_err(), "{bad}");
        }
    }
}

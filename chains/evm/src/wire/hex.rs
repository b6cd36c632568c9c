//! Reads `0x` text straight from the JSON buffer into numbers and byte arrays, without strings in between.

use std::{borrow::Cow, fmt};

use alloy_primitives::U256;
use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected, Visitor},
};

/// A block's or transaction's hash.
pub type Hash = [u8; 32];

/// Bytes of a fixed length, `0x` and two digits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HexBytes<const N: usize>(pub [u8; N]);

/// A number of at most 64 bits: `0x` digits, decimal digits, or a JSON number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantity(pub u64);

/// A number of at most 256 bits, written like a [`Quantity`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WideQuantity(pub U256);

/// The digits of `0x` text of any length, still in the JSON buffer where the text has no escapes.
#[derive(Debug)]
pub(super) struct HexText<'a>(Cow<'a, [u8]>);

impl HexText<'_> {
    /// How many bytes it stands for.
    pub(super) fn byte_len(&self) -> usize {
        self.0.len() / 2
    }

    /// Decodes into `out`, whose length is [`Self::byte_len`].
    pub(super) fn decode_into(&self, out: &mut [u8]) -> Result<(), const_hex::FromHexError> {
        const_hex::decode_to_slice(&self.0, out)
    }

    /// Decodes into a slice of its own.
    pub(super) fn decode(&self) -> Result<Box<[u8]>, const_hex::FromHexError> {
        let mut bytes = vec![0; self.byte_len()];
        self.decode_into(&mut bytes)?;
        Ok(bytes.into_boxed_slice())
    }
}

struct FixedVisitor<const N: usize>;

impl<const N: usize> FixedVisitor<N> {
    fn read<E: Error>(text: &[u8]) -> Result<HexBytes<N>, E> {
        let mut bytes = [0; N];
        let digits = without_prefix(text);
        if digits.len() != 2 * N || const_hex::decode_to_slice(digits, &mut bytes).is_err() {
            return Err(E::invalid_value(unexpected(text), &Self));
        }
        Ok(HexBytes(bytes))
    }
}

impl<const N: usize> Visitor<'_> for FixedVisitor<N> {
    type Value = HexBytes<N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x and {} hexadecimal digits", 2 * N)
    }

    fn visit_bytes<E: Error>(self, text: &[u8]) -> Result<Self::Value, E> {
        Self::read(text)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Self::read(text.as_bytes())
    }
}

impl<'de, const N: usize> Deserialize<'de> for HexBytes<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As bytes: hexadecimal digits need no UTF-8 validation.
        deserializer.deserialize_bytes(FixedVisitor)
    }
}

struct TextVisitor;

impl TextVisitor {
    fn check<E: Error>(text: &[u8]) -> Result<(), E> {
        if !text.starts_with(b"0x") || !text.len().is_multiple_of(2) {
            return Err(E::invalid_value(unexpected(text), &Self));
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for TextVisitor {
    type Value = HexText<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x and an even number of hexadecimal digits")
    }

    fn visit_borrowed_bytes<E: Error>(self, text: &'de [u8]) -> Result<Self::Value, E> {
        Self::check(text)?;
        Ok(HexText(Cow::Borrowed(without_prefix(text))))
    }

    fn visit_bytes<E: Error>(self, text: &[u8]) -> Result<Self::Value, E> {
        Self::check(text)?;
        Ok(HexText(Cow::Owned(without_prefix(text).to_vec())))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        self.visit_borrowed_bytes(text.as_bytes())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.visit_bytes(text.as_bytes())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for HexText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(TextVisitor)
    }
}

struct QuantityVisitor;

impl Visitor<'_> for QuantityVisitor {
    type Value = Quantity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of at most 64 bits")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Quantity(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let value = match text.strip_prefix("0x") {
            Some("") => Some(0),
            Some(digits) if digits.starts_with('+') => None,
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        };
        value.map(Quantity).ok_or_else(|| E::invalid_value(unexpected(text.as_bytes()), &self))
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(QuantityVisitor)
    }
}

struct WideVisitor;

impl Visitor<'_> for WideVisitor {
    type Value = WideQuantity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of at most 256 bits")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(WideQuantity(U256::from(value)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let digits = text.strip_prefix("0x");
        let plain = digits.unwrap_or(text);
        let value = if digits == Some("") {
            Some(U256::ZERO)
        } else if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            None
        } else {
            U256::from_str_radix(plain, if digits.is_some() { 16 } else { 10 }).ok()
        };
        value.map(WideQuantity).ok_or_else(|| E::invalid_value(unexpected(text.as_bytes()), &self))
    }
}

impl<'de> Deserialize<'de> for WideQuantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WideVisitor)
    }
}

fn without_prefix(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"0x").unwrap_or(text)
}

/// The text for an error, unless it is too long to be worth showing.
fn unexpected(text: &[u8]) -> Unexpected<'_> {
    match std::str::from_utf8(text) {
        Ok(text) if text.len() <= 100 => Unexpected::Str(text),
        _ => Unexpected::Other("long or unreadable text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_from_hexadecimal_decimal_and_json_numbers() {
        for (json, value) in [("\"0x10\"", 16), ("\"0x\"", 0), ("\"16\"", 16), ("16", 16), ("\"0x0010\"", 16)]
        {
            assert_eq!(serde_json::from_str::<Quantity>(json).unwrap(), Quantity(value), "{json}");
            assert_eq!(
                serde_json::from_str::<WideQuantity>(json).unwrap(),
                WideQuantity(U256::from(value)),
                "{json}"
            );
        }
        let wide = format!("\"0x{}\"", "f".repeat(64));
        assert_eq!(serde_json::from_str::<WideQuantity>(&wide).unwrap(), WideQuantity(U256::MAX));
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for json in ["\"\"", "\"0xg\"", "\"0x+1\"", "-1", "1.5", "\"-1\"", "null", "[]", "\"0x1_0\""] {
            assert!(serde_json::from_str::<WideQuantity>(json).is_err(), "{json}");
            assert!(serde_json::from_str::<Quantity>(json).is_err(), "{json}");
        }
        assert!(serde_json::from_str::<Quantity>("\"0x10000000000000000\"").is_err());
        assert!(serde_json::from_str::<WideQuantity>(&format!("\"0x1{}\"", "0".repeat(64))).is_err());
    }

    #[test]
    fn fixed_bytes_accept_escapes_and_refuse_other_lengths() {
        assert_eq!(serde_json::from_str::<HexBytes<2>>("\"0x\\u006100B\"").unwrap(), HexBytes([0xa0, 0x0b]));
        assert_eq!(serde_json::from_value::<HexBytes<2>>("0xa00b".into()).unwrap(), HexBytes([0xa0, 0x0b]));
        for json in ["\"0xa0\"", "\"0xa00b0c\"", "\"0xa00g\"", "\"\"", "\"0x0xa0\"", "12", "[160,11]"] {
            assert!(serde_json::from_str::<HexBytes<2>>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn text_of_any_length_is_decoded_where_it_stands() {
        let text: HexText<'_> = serde_json::from_str("\"0xa00b\"").unwrap();
        assert!(matches!(text.0, Cow::Borrowed(_)));
        assert_eq!(&*text.decode().unwrap(), [0xa0, 0x0b]);
        let escaped: HexText<'_> = serde_json::from_str("\"0\\u0078a00b\"").unwrap();
        assert_eq!(&*escaped.decode().unwrap(), [0xa0, 0x0b]);
        assert!(serde_json::from_str::<HexText<'_>>("\"0xa\"").is_err());
        assert!(serde_json::from_str::<HexText<'_>>("\"a0\"").is_err());
    }
}

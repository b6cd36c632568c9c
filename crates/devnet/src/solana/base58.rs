//! Keys, hashes and signatures, in base58 wherever they are text.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Bytes that are written in base58.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Base58<const N: usize>(pub [u8; N]);

/// An account's address.
pub type Pubkey = Base58<32>;
/// A block's id.
pub type Blockhash = Base58<32>;
/// A transaction's id.
pub type Signature = Base58<64>;

/// The longest text: that of a signature.
const MOST_DIGITS: usize = 88;

impl<const N: usize> Base58<N> {
    /// Appends the text in quotes.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut digits = [0; MOST_DIGITS];
        let len = bs58::encode(self.0).onto(&mut digits[..]).expect("no key or signature has more digits");
        out.push(b'"');
        out.extend_from_slice(&digits[..len]);
        out.push(b'"');
    }
}

impl<const N: usize> Default for Base58<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> fmt::Display for Base58<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&bs58::encode(self.0).into_string())
    }
}

impl<const N: usize> fmt::Debug for Base58<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// A character that base58 does not have.
    Invalid,
    /// Too few bytes, or too many.
    WrongSize,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "not base58",
            Self::WrongSize => "of another length",
        })
    }
}

impl std::error::Error for ParseError {}

impl<const N: usize> FromStr for Base58<N> {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.len() > MOST_DIGITS {
            return Err(ParseError::WrongSize);
        }
        let bytes = bs58::decode(text).into_vec().map_err(|_| ParseError::Invalid)?;
        bytes.try_into().map(Self).map_err(|_| ParseError::WrongSize)
    }
}

impl<const N: usize> Serialize for Base58<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Base58<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| D::Error::custom(format!("{text:?} is {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_bytes_are_the_same() {
        let text = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
        let key: Pubkey = text.parse().unwrap();
        let mut json = Vec::new();
        key.write(&mut json);
        assert_eq!(json, format!("\"{text}\"").as_bytes());
        assert_eq!(serde_json::from_slice::<Pubkey>(&json).unwrap(), key);
        assert_eq!(Pubkey::default().to_string(), "1".repeat(32));
        assert_eq!(Signature::default().to_string(), "1".repeat(64));
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        assert_eq!("0".parse::<Pubkey>(), Err(ParseError::Invalid));
        assert_eq!("1".parse::<Pubkey>(), Err(ParseError::WrongSize));
        assert_eq!("2".repeat(100).parse::<Signature>(), Err(ParseError::WrongSize));
    }
}

//! Transactions, as items of a block and from `getTransaction`.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use super::{Meta, bytes, message::JsonBody, message::Message};

/// A transaction with what became of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transaction<'a> {
    /// Where it landed; only `getTransaction` tells.
    pub slot: Option<u64>,
    /// In seconds; only `getTransaction` tells.
    pub block_time: Option<i64>,
    /// What was signed.
    #[serde(borrow, rename = "transaction")]
    pub body: Body<'a>,
    /// What became of it; `None` where the node does not keep it.
    #[serde(borrow)]
    pub meta: Option<Meta<'a>>,
    /// Its format.
    #[serde(default)]
    pub version: Version,
}

impl Transaction<'_> {
    /// Whether it failed; `None` where the node does not keep it.
    pub fn failed(&self) -> Option<bool> {
        self.meta.as_ref().map(|meta| meta.err.is_some())
    }
}

/// A transaction's format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// The first one; nodes also leave it out.
    #[default]
    Legacy,
    /// A numbered one; 0 loads addresses from tables.
    Number(u8),
}

/// What was signed, in the encoding that was asked for. A block in `base64` takes a quarter less time to read.
#[derive(Clone, Debug)]
pub enum Body<'a> {
    /// `json`; also `accounts`, which holds no message.
    Json(JsonBody<'a>),
    /// `base64`: the bytes as they travel between validators.
    Base64(&'a str),
}

impl<'a> Body<'a> {
    /// The signed message. `buffer` holds the bytes of an encoded one.
    pub fn message<'b>(&'b self, buffer: &'b mut Vec<u8>) -> Result<Message<'b>, String>
    where
        'a: 'b,
    {
        match self {
            Self::Json(body) => body.message(),
            Self::Base64(text) => bytes::message(text, buffer),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Body<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BodyVisitor)
    }
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a transaction in the encoding json or base64")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Body<'de>, A::Error> {
        JsonBody::deserialize(MapAccessDeserializer::new(map)).map(Body::Json)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Body<'de>, A::Error> {
        let text = items.next_element::<&str>()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
        match items.next_element::<&str>()? {
            Some("base64") => Ok(Body::Base64(text)),
            _ => Err(A::Error::custom("the encoding is not base64")),
        }
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VersionVisitor)
    }
}

struct VersionVisitor;

impl Visitor<'_> for VersionVisitor {
    type Value = Version;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"legacy\" or a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Version, E> {
        if text == "legacy" {
            Ok(Version::Legacy)
        } else {
            Err(E::custom("a version is \"legacy\" or a number"))
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Version, E> {
        u8::try_from(number).map(Version::Number).map_err(|_| E::custom("a version beyond 255"))
    }

    fn visit_unit<E: Error>(self) -> Result<Version, E> {
        Ok(Version::Legacy)
    }
}

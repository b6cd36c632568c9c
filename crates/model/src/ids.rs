//! Identifiers: what each names, how it is derived, and its text form where that does not depend on the chain.

use std::{fmt, ops::Deref, sync::Arc};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps a name that the caller has already validated.
            pub fn new(name: impl Into<Arc<str>>) -> Self {
                Self(name.into())
            }
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.into())
            }
        }
    };
}

name!(
    /// The slug of one configured network, for example `polygon`.
    NetworkSlug
);
name!(
    /// An isolated owner of monitors, targets and data.
    TenantId
);
name!(
    /// The name of a monitor, unique within its tenant.
    MonitorName
);
name!(
    /// The name of a target, unique within its tenant.
    TargetName
);

impl Default for TenantId {
    /// The only tenant of a single-tenant installation.
    fn default() -> Self {
        Self::new("default")
    }
}

/// Block number, slot, checkpoint or ledger sequence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Height(pub u64);

impl Height {
    /// The height after this one.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
    /// This height less `blocks`, not below zero.
    pub fn minus(self, blocks: u64) -> Self {
        Self(self.0.saturating_sub(blocks))
    }
    /// This height plus `blocks`.
    pub fn plus(self, blocks: u64) -> Self {
        Self(self.0.saturating_add(blocks))
    }
}

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A block's hash or digest: 32 bytes on every chain. Its text form is the chain's ([`crate::Dialect::block_id_text`]).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(pub [u8; 32]);

impl fmt::Debug for BlockId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&const_hex::encode_prefixed(self.0))
    }
}

macro_rules! inline_bytes {
    ($(#[$doc:meta])* $name:ident, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name {
            len: u8,
            bytes: [u8; $max],
        }
        impl $name {
            /// The most bytes it holds.
            pub const MAX_LEN: usize = $max;

            /// `None` when `bytes` is longer than [`Self::MAX_LEN`].
            pub fn from_slice(bytes: &[u8]) -> Option<Self> {
                let mut buffer = [0; $max];
                buffer.get_mut(..bytes.len())?.copy_from_slice(bytes);
                Some(Self { len: bytes.len() as u8, bytes: buffer })
            }
        }
        impl Deref for $name {
            type Target = [u8];
            fn deref(&self) -> &[u8] {
                &self.bytes[..usize::from(self.len)]
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&const_hex::encode_prefixed(&**self))
            }
        }
    };
}

inline_bytes!(
    /// An account or contract, in the chain's binary form. Its text form is the chain's ([`crate::Dialect::address_text`]).
    Address,
    43
);
inline_bytes!(
    /// A transaction's hash, signature or digest.
    TxId,
    64
);

impl From<[u8; 20]> for Address {
    fn from(bytes: [u8; 20]) -> Self {
        let mut buffer = [0; 43];
        buffer[..20].copy_from_slice(&bytes);
        Self { len: 20, bytes: buffer }
    }
}

impl From<[u8; 32]> for TxId {
    fn from(bytes: [u8; 32]) -> Self {
        let mut buffer = [0; 64];
        buffer[..32].copy_from_slice(&bytes);
        Self { len: 32, bytes: buffer }
    }
}

/// How far the chain stands behind a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finality {
    /// In the best chain as of now.
    #[default]
    Seen,
    /// Unlikely to be undone (the chain's `safe`/`confirmed` mark, or the configured number of blocks).
    Confirmed,
    /// Cannot be undone by the chain's own rules.
    Finalized,
}

impl Finality {
    /// The lower-case word used in config, API and the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seen => "seen",
            Self::Confirmed => "confirmed",
            Self::Finalized => "finalized",
        }
    }
}

/// What kind of fact a match is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionKind {
    /// A contract's event; the index is the chain's own event (log) index within the block.
    Event,
    /// A call; the index is its place within the transaction (0 = top level).
    Call,
    /// A transfer; the index is that of the event it came from, with [`Position::sub`] counted from 1. Index and `sub` 0
    /// are the transaction's own value.
    Transfer,
    /// The transaction itself.
    Transaction,
}

impl PositionKind {
    /// The lower-case word used in the store, API and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Call => "call",
            Self::Transfer => "transfer",
            Self::Transaction => "transaction",
        }
    }

    /// A stable number for storage: 0 event, 1 call, 2 transfer, 3 transaction.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The inverse of [`Self::code`].
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Event, Self::Call, Self::Transfer, Self::Transaction].get(usize::from(code)).copied()
    }
}

/// Where in its transaction a fact stands. Ordered as the chain ordered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// What it is.
    pub kind: PositionKind,
    /// Its index, see [`PositionKind`].
    pub index: u32,
    /// Distinguishes several facts of one index (ERC-1155 `TransferBatch` holds many transfers), else 0.
    pub sub: u32,
}

fn derive(prefix: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = Sha256::new_with_prefix(prefix);
    for part in parts {
        // Lengths go in too: no two different lists of parts hash alike.
        hasher.update((part.len() as u32).to_be_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    id
}

macro_rules! derived_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, const_hex::encode(self.0))
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = const_hex::FromHexError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let mut id = [0; 16];
                const_hex::decode_to_slice(text.strip_prefix($prefix).unwrap_or(text), &mut id)?;
                Ok(Self(id))
            }
        }
        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    };
}

derived_id!(
    /// One monitor's answer; text form `m_` and 32 hex digits. Equal for every replay of the same block.
    MatchId,
    "m_"
);
derived_id!(
    /// One match for one target, and the idempotency key its receiver sees; text form `d_` and 32 hex digits.
    DeliveryId,
    "d_"
);

impl MatchId {
    /// Promise 2: derived from (network, block id, transaction, position, tenant and monitor).
    pub fn derive(
        network: &NetworkSlug,
        block: &BlockId,
        transaction: &TxId,
        position: Position,
        monitor: (&TenantId, &MonitorName),
    ) -> Self {
        let mut place = [0; 9];
        place[0] = position.kind.code();
        place[1..5].copy_from_slice(&position.index.to_be_bytes());
        place[5..].copy_from_slice(&position.sub.to_be_bytes());
        Self(derive(
            b"chainbell match 1",
            &[
                network.as_str().as_bytes(),
                &block.0,
                transaction,
                &place,
                monitor.0.as_str().as_bytes(),
                monitor.1.as_str().as_bytes(),
            ],
        ))
    }
}

impl DeliveryId {
    /// `generation` counts how often the match was retracted and came back (a block that left the chain and returned):
    /// its receiver must not take the second delivery for a repetition of the first.
    pub fn derive(matched: &MatchId, target: &TargetName, generation: u32) -> Self {
        Self(derive(
            b"chainbell delivery 1",
            &[&matched.0, target.as_str().as_bytes(), &generation.to_be_bytes()],
        ))
    }

    /// The id of the retraction that takes this delivery back.
    pub fn retraction(&self) -> Self {
        Self(derive(b"chainbell retraction 1", &[&self.0]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_differ_by_every_part_and_parse_back() {
        let id = |network: &str, block: u8, index: u32, monitor: &str| {
            MatchId::derive(
                &network.into(),
                &BlockId([block; 32]),
                &TxId::from([7; 32]),
                Position { kind: PositionKind::Event, index, sub: 0 },
                (&TenantId::default(), &monitor.into()),
            )
        };
        let one = id("a", 1, 1, "m");
        assert_eq!(one, id("a", 1, 1, "m"));
        for other in [id("b", 1, 1, "m"), id("a", 2, 1, "m"), id("a", 1, 2, "m"), id("a", 1, 1, "n")] {
            assert_ne!(one, other);
        }
        assert_eq!(one.to_string().parse::<MatchId>().unwrap(), one);
        let delivery = DeliveryId::derive(&one, &"t".into(), 0);
        assert_ne!(delivery, DeliveryId::derive(&one, &"t".into(), 1));
        assert_ne!(delivery, delivery.retraction());
    }

    #[test]
    fn inline_bytes_refuse_what_does_not_fit() {
        assert!(Address::from_slice(&[1; 43]).is_some());
        assert!(Address::from_slice(&[1; 44]).is_none());
        assert_eq!(&*Address::from([9; 20]), &[9; 20]);
    }
}

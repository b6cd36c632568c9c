//! Who takes part in transactions: accounts, their numbered sub-addresses, and contracts.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use stellar_strkey::{Contract, Strkey, ed25519};
use stellar_xdr::{
    AccountId, ContractId, Hash, MuxedAccount, MuxedAccountMed25519, PublicKey, ScAddress, Uint256,
};

/// An address, written as SEP-23 says: `G…`, `M…` or `C…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// An account.
    Account([u8; 32]),
    /// An account, and a number that tells its customers apart.
    Muxed([u8; 32], u64),
    /// A contract.
    Contract([u8; 32]),
}

/// Text that is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError;

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the address of an account or a contract")
    }
}

impl std::error::Error for ParseError {}

impl Party {
    /// With a number that tells customers of the account apart; a contract stays what it is.
    pub fn numbered(self, number: u64) -> Self {
        match self {
            Self::Account(key) | Self::Muxed(key, _) => Self::Muxed(key, number),
            Self::Contract(_) => self,
        }
    }

    /// Without the number.
    pub fn plain(self) -> Self {
        match self {
            Self::Muxed(key, _) => Self::Account(key),
            other => other,
        }
    }

    pub(crate) fn number(self) -> Option<u64> {
        match self {
            Self::Muxed(_, number) => Some(number),
            Self::Account(_) | Self::Contract(_) => None,
        }
    }

    /// The 32 bytes of the key or of the contract's id.
    pub(crate) fn bytes(self) -> [u8; 32] {
        match self {
            Self::Account(bytes) | Self::Muxed(bytes, _) | Self::Contract(bytes) => bytes,
        }
    }

    /// As contracts see it.
    pub(crate) fn sc_address(self) -> ScAddress {
        match self {
            Self::Account(key) | Self::Muxed(key, _) => ScAddress::Account(account_id(key)),
            Self::Contract(id) => ScAddress::Contract(ContractId(Hash(id))),
        }
    }

    /// As classic operations name it.
    pub(crate) fn muxed_account(self) -> MuxedAccount {
        match self {
            Self::Account(bytes) | Self::Contract(bytes) => MuxedAccount::Ed25519(Uint256(bytes)),
            Self::Muxed(bytes, id) => {
                MuxedAccount::MuxedEd25519(MuxedAccountMed25519 { id, ed25519: Uint256(bytes) })
            }
        }
    }
}

/// The account with this key.
pub(crate) fn account_id(key: [u8; 32]) -> AccountId {
    AccountId(PublicKey::PublicKeyTypeEd25519(Uint256(key)))
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Account(key) => ed25519::PublicKey(key).fmt(f),
            Self::Muxed(ed25519, id) => ed25519::MuxedAccount { ed25519, id }.fmt(f),
            Self::Contract(id) => Contract(id).fmt(f),
        }
    }
}

impl FromStr for Party {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match Strkey::from_string(text) {
            Ok(Strkey::PublicKeyEd25519(key)) => Ok(Self::Account(key.0)),
            Ok(Strkey::MuxedAccountEd25519(muxed)) => Ok(Self::Muxed(muxed.ed25519, muxed.id)),
            Ok(Strkey::Contract(id)) => Ok(Self::Contract(id.0)),
            _ => Err(ParseError),
        }
    }
}

impl Serialize for Party {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Party {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_written() {
        for party in [Party::Account([7; 32]), Party::Account([7; 32]).numbered(9), Party::Contract([8; 32])]
        {
            assert_eq!(party.to_string().parse(), Ok(party));
            assert_eq!(serde_json::to_string(&party).unwrap(), format!("\"{party}\""));
        }
        assert!(Party::Account([1; 32]).to_string().starts_with('G'));
        assert_eq!("GAAA".parse::<Party>(), Err(ParseError));
    }
}

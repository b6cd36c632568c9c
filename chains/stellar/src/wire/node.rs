//! What a node says of itself and of single transactions: `getHealth`, `getNetwork`, `getLatestLedger`, `getTransaction`.

use serde::Deserialize;

use super::text::{Flaw, Number, Text, json};

/// The answer of `getHealth`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HealthAnswer {
    /// The newest ledger; `None` from nodes of protocol 20.
    pub latest_ledger: Option<Number>,
    /// The oldest ledger kept; `None` from nodes of protocol 20.
    pub oldest_ledger: Option<Number>,
}

impl HealthAnswer {
    /// From the JSON of a result.
    pub fn read(text: &str) -> Result<Self, Flaw> {
        json(text)
    }
}

/// The answer of `getNetwork`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkAnswer {
    /// What tells networks apart.
    pub passphrase: String,
    /// The protocol in force.
    pub protocol_version: Option<Number>,
}

impl NetworkAnswer {
    /// From the JSON of a result.
    pub fn read(text: &str) -> Result<Self, Flaw> {
        json(text)
    }
}

/// The answer of `getLatestLedger`, which from protocol 25 on carries the whole ledger; that is not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LatestAnswer {
    /// The newest ledger.
    pub sequence: Number,
}

impl LatestAnswer {
    /// From the JSON of a result.
    pub fn read(text: &str) -> Result<Self, Flaw> {
        json(text)
    }
}

/// The answer of `getTransaction`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionAnswer {
    /// The transaction's ledger; `None` when the node does not know it.
    pub ledger: Option<u32>,
}

impl TransactionAnswer {
    /// From the JSON of a result.
    pub fn read(text: &str) -> Result<Self, Flaw> {
        #[derive(Deserialize)]
        struct Raw<'a> {
            #[serde(borrow)]
            status: Text<'a>,
            ledger: Option<Number>,
        }
        let raw: Raw<'_> = json(text)?;
        if raw.status.0 == "NOT_FOUND" {
            return Ok(Self { ledger: None });
        }
        let ledger = raw.ledger.ok_or_else(|| Flaw::new("a transaction without its ledger"))?.sequence()?;
        Ok(Self { ledger: Some(ledger) })
    }
}

//! What `getLedgerEntries` answers.

use serde::Deserialize;
use stellar_xdr::LedgerEntryData;

use super::text::{Flaw, Text, json};

/// The entries found, in no certain order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntriesAnswer {
    /// What the ledger holds.
    pub entries: Vec<LedgerEntryData>,
}

impl EntriesAnswer {
    /// From the JSON of a result.
    pub fn read(text: &str) -> Result<Self, Flaw> {
        #[derive(Deserialize)]
        struct Raw<'a> {
            #[serde(borrow)]
            entries: Option<Vec<Entry<'a>>>,
        }
        #[derive(Deserialize)]
        struct Entry<'a> {
            #[serde(borrow)]
            xdr: Text<'a>,
        }
        let raw: Raw<'_> = json(text)?;
        let entries = raw.entries.unwrap_or_default();
        Ok(Self { entries: entries.iter().map(|entry| entry.xdr.xdr()).collect::<Result<_, _>>()? })
    }
}

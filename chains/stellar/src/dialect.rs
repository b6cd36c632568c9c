//! How Stellar networks write and read: strkeys, ledger numbers, XLM, contract specs.

use std::sync::Arc;

use chainbell_model::{Address, AddressError, BlockId, Dialect, Interface, InterfaceError, Schema, TxId};

use crate::{address, details, interface::StellarInterface};

/// The pure half of every Stellar network.
#[derive(Clone, Copy, Debug, Default)]
pub struct StellarDialect;

/// The id of a ledger: its number, because ledgers are final and the node tells events without their ledger's hash.
pub(crate) fn block_id(sequence: u32) -> BlockId {
    let mut id = [0; 32];
    id[28..].copy_from_slice(&sequence.to_be_bytes());
    BlockId(id)
}

impl Dialect for StellarDialect {
    fn chain(&self) -> &'static str {
        "stellar"
    }

    fn parse_address(&self, text: &str) -> Result<Address, AddressError> {
        address::parse(text)
    }

    fn address_text(&self, address: &Address, out: &mut String) {
        address::push_text(address, out);
    }

    fn block_id_text(&self, id: &BlockId, out: &mut String) {
        let (zeros, sequence) = id.0.split_at(24);
        match sequence.try_into().map(u64::from_be_bytes) {
            Ok(sequence) if zeros.iter().all(|byte| *byte == 0) => out.push_str(&sequence.to_string()),
            _ => out.push_str(&const_hex::encode(id.0)),
        }
    }

    fn tx_id_text(&self, id: &TxId, out: &mut String) {
        out.push_str(&const_hex::encode(&**id));
    }

    fn parse_tx_id(&self, text: &str) -> Option<TxId> {
        let mut hash = [0; 32];
        const_hex::decode_to_slice(text.strip_prefix("0x").unwrap_or(text), &mut hash).ok()?;
        Some(TxId::from(hash))
    }

    fn transaction_schema(&self) -> &Schema {
        details::schema()
    }

    fn units(&self) -> &'static [(&'static str, u32)] {
        &[("stroop", 0), ("xlm", 7)]
    }

    fn interface(&self, source: &[u8]) -> Result<Arc<dyn Interface>, InterfaceError> {
        Ok(StellarInterface::read(source)?)
    }

    fn empty_interface(&self) -> Arc<dyn Interface> {
        Arc::new(StellarInterface::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_is_written_as_its_number() {
        let text = |id: &BlockId| {
            let mut out = String::new();
            StellarDialect.block_id_text(id, &mut out);
            out
        };
        assert_eq!(text(&block_id(0)), "0");
        assert_eq!(text(&block_id(u32::MAX)), "4294967295");
        assert_eq!(text(&BlockId([1; 32])), "01".repeat(32));
    }

    #[test]
    fn transaction_ids_read_back_and_nothing_else_is_one() {
        let id = TxId::from([0xab; 32]);
        let mut text = String::new();
        StellarDialect.tx_id_text(&id, &mut text);
        assert_eq!(text, "ab".repeat(32));
        assert_eq!(StellarDialect.parse_tx_id(&text), Some(id));
        assert_eq!(StellarDialect.parse_tx_id(&format!("0x{text}")), Some(id));
        for bad in ["", "0x", "ab", &text[2..], &format!("{text}00")] {
            assert_eq!(StellarDialect.parse_tx_id(bad), None, "{bad}");
        }
    }
}

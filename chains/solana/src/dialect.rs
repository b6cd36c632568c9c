//! How Solana's networks write and read: base58, sol, IDLs.

use std::sync::Arc;

use chainbell_model::{Address, AddressError, BlockId, Dialect, Interface, InterfaceError, Schema, TxId};

use crate::{address, details, interface::SolanaInterface, wire::base58};

/// The pure half of every Solana network.
#[derive(Clone, Copy, Debug, Default)]
pub struct SolanaDialect;

impl Dialect for SolanaDialect {
    fn chain(&self) -> &'static str {
        "solana"
    }

    fn parse_address(&self, text: &str) -> Result<Address, AddressError> {
        let bytes = address::parse(text)?;
        Address::from_slice(&bytes).ok_or_else(|| AddressError::new("an address has 32 bytes"))
    }

    fn address_text(&self, address: &Address, out: &mut String) {
        address::push_text(address, out);
    }

    fn block_id_text(&self, id: &BlockId, out: &mut String) {
        address::push_text(&id.0, out);
    }

    fn tx_id_text(&self, id: &TxId, out: &mut String) {
        address::push_text(id, out);
    }

    fn parse_tx_id(&self, text: &str) -> Option<TxId> {
        TxId::from_slice(&base58::signature(text)?)
    }

    fn transaction_schema(&self) -> &Schema {
        details::schema()
    }

    fn units(&self) -> &'static [(&'static str, u32)] {
        &[("sol", 9)]
    }

    fn interface(&self, source: &[u8]) -> Result<Arc<dyn Interface>, InterfaceError> {
        Ok(SolanaInterface::read(source)?)
    }

    fn empty_interface(&self) -> Arc<dyn Interface> {
        Arc::new(SolanaInterface::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transaction_ids_read_back_and_nothing_else_is_one() {
        let id = TxId::from_slice(&[0xab; 64]).unwrap();
        let mut text = String::new();
        SolanaDialect.tx_id_text(&id, &mut text);
        assert_eq!(SolanaDialect.parse_tx_id(&text), Some(id));
        for bad in ["", "0", &text[3..], &format!("{text}1"), "11111111111111111111111111111111"] {
            assert_eq!(SolanaDialect.parse_tx_id(bad), None, "{bad}");
        }
    }

    #[test]
    fn block_ids_are_base58() {
        let mut text = String::new();
        SolanaDialect.block_id_text(&BlockId([1; 32]), &mut text);
        assert_eq!(text, bs58::encode([1; 32]).into_string());
    }
}

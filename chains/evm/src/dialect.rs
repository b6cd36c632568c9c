//! How EVM networks write and read: hexadecimal, checksummed addresses, ether, ABIs.

use std::sync::Arc;

use chainbell_model::{
    Address, AddressError, BlockId, Dialect, Interface, InterfaceError, Schema, TxId, description_text,
};

use crate::{address, details, interface::EvmInterface};

/// The pure half of every EVM network.
#[derive(Clone, Copy, Debug, Default)]
pub struct EvmDialect;

impl Dialect for EvmDialect {
    fn chain(&self) -> &'static str {
        "evm"
    }

    fn parse_address(&self, text: &str) -> Result<Address, AddressError> {
        address::parse(text).map(Address::from)
    }

    fn address_text(&self, address: &Address, out: &mut String) {
        address::push_text(address, out);
    }

    fn block_id_text(&self, id: &BlockId, out: &mut String) {
        push_hash(&id.0, out);
    }

    fn tx_id_text(&self, id: &TxId, out: &mut String) {
        push_hash(id, out);
    }

    fn parse_tx_id(&self, text: &str) -> Option<TxId> {
        let mut hash = [0; 32];
        const_hex::decode_to_slice(text.strip_prefix("0x")?, &mut hash).ok()?;
        Some(TxId::from(hash))
    }

    fn transaction_schema(&self) -> &Schema {
        details::schema()
    }

    fn units(&self) -> &'static [(&'static str, u32)] {
        &[("wei", 0), ("gwei", 9), ("ether", 18)]
    }

    fn interface(&self, source: &[u8]) -> Result<Arc<dyn Interface>, InterfaceError> {
        Ok(EvmInterface::read(description_text(source)?)?)
    }

    fn empty_interface(&self) -> Arc<dyn Interface> {
        Arc::new(EvmInterface::default())
    }
}

fn push_hash(hash: &[u8], out: &mut String) {
    let mut text = [0; 66];
    let known = <&[u8; 32]>::try_from(hash).ok().and_then(|hash| {
        text[..2].copy_from_slice(b"0x");
        const_hex::encode_to_slice(hash, &mut text[2..]).ok()?;
        std::str::from_utf8(&text).ok()
    });
    match known {
        Some(text) => out.push_str(text),
        None => out.push_str(&const_hex::encode_prefixed(hash)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transaction_ids_read_back_and_nothing_else_is_one() {
        let id = TxId::from([0xab; 32]);
        let mut text = String::new();
        EvmDialect.tx_id_text(&id, &mut text);
        assert_eq!(text, format!("0x{}", "ab".repeat(32)));
        assert_eq!(EvmDialect.parse_tx_id(&text), Some(id));
        for bad in ["", "0x", "0xab", &text[2..], &format!("{text}00"), &format!("0x{}", &text[..64])] {
            assert_eq!(EvmDialect.parse_tx_id(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_transaction_schema_keeps_its_order() {
        let names: Vec<_> = EvmDialect.transaction_schema().fields.iter().map(|field| &*field.name).collect();
        assert_eq!(
            names.join(" "),
            "hash index from to value nonce gas_limit gas_used gas_price fee type status success input selector contract_created"
        );
    }
}

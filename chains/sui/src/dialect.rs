//! How Sui writes and reads: hexadecimal addresses, digests in base 58, MIST, Move packages.

use std::sync::Arc;

use chainbell_model::{Address, AddressError, BlockId, Dialect, Interface, InterfaceError, Schema, TxId};
use sui_sdk_types::Digest;

use crate::{address, details, interface::SuiInterface};

/// 32 bytes have no more digits in base 58.
const MAX_DIGEST_LEN: usize = 44;

/// The pure half of every Sui network.
#[derive(Clone, Copy, Debug, Default)]
pub struct SuiDialect;

impl Dialect for SuiDialect {
    fn chain(&self) -> &'static str {
        "sui"
    }

    fn parse_address(&self, text: &str) -> Result<Address, AddressError> {
        let address = address::parse(text)?;
        let fits = Address::from_slice(&address);
        fits.ok_or_else(|| AddressError::new("an address has 32 bytes"))
    }

    fn address_text(&self, address: &Address, out: &mut String) {
        address::push_text(address, out);
    }

    fn block_id_text(&self, id: &BlockId, out: &mut String) {
        push_digest(&id.0, out);
    }

    fn tx_id_text(&self, id: &TxId, out: &mut String) {
        push_digest(id, out);
    }

    fn parse_tx_id(&self, text: &str) -> Option<TxId> {
        if text.len() > MAX_DIGEST_LEN {
            return None;
        }
        let digest = Digest::from_base58(text).ok()?;
        // Shorter text is taken for a digest with zeros in front.
        (digest.to_base58() == text).then(|| TxId::from(digest.into_inner()))
    }

    fn transaction_schema(&self) -> &Schema {
        details::schema()
    }

    fn units(&self) -> &'static [(&'static str, u32)] {
        &[("mist", 0), ("sui", 9)]
    }

    fn interface(&self, source: &[u8]) -> Result<Arc<dyn Interface>, InterfaceError> {
        Ok(Arc::new(SuiInterface::read(source)?))
    }

    fn empty_interface(&self) -> Arc<dyn Interface> {
        Arc::new(SuiInterface::default())
    }
}

/// A digest in base 58; anything that is none in hexadecimal.
fn push_digest(bytes: &[u8], out: &mut String) {
    match <[u8; 32]>::try_from(bytes) {
        Ok(digest) => out.push_str(&Digest::new(digest).to_base58()),
        Err(_) => out.push_str(&const_hex::encode_prefixed(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transaction_ids_read_back_and_nothing_else_is_one() {
        let known = "G5vNm6fofF2QJeNXXHQoXRx1pYD8mPA4RfCWZCbooxKP";
        let id = SuiDialect.parse_tx_id(known).unwrap();
        let mut text = String::new();
        SuiDialect.tx_id_text(&id, &mut text);
        assert_eq!(text, known);
        let mut block = String::new();
        SuiDialect.block_id_text(&BlockId((*id).try_into().unwrap()), &mut block);
        assert_eq!(block, known);
        for bad in ["", "0", "G5v", &known[2..], &format!("{known}1"), &"1".repeat(100_000), "é"] {
            assert_eq!(SuiDialect.parse_tx_id(bad), None, "{bad:.80}");
        }
    }

    #[test]
    fn addresses_are_canonical_in_text_whatever_way_they_were_written() {
        let address = SuiDialect.parse_address("0x2").unwrap();
        assert_eq!(address.len(), 32);
        let mut text = String::new();
        SuiDialect.address_text(&address, &mut text);
        assert_eq!(text, format!("0x{}2", "0".repeat(63)));
        assert!(SuiDialect.parse_address("2").is_err());
    }
}

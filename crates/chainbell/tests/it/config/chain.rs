//! A chain for these tests: addresses are `0x` and forty digits, descriptions know `erc20` and one signature a line.

use std::sync::Arc;

use chainbell_model::{
    Address, AddressError, BlockId, Decoder, Dialect, Interface, InterfaceError, Schema, TxId,
};

#[derive(Debug, Default)]
pub(crate) struct PlainDialect {
    transaction: Schema,
}

impl Dialect for PlainDialect {
    fn chain(&self) -> &'static str {
        "evm"
    }

    fn parse_address(&self, text: &str) -> Result<Address, AddressError> {
        let digits = text.strip_prefix("0x").unwrap_or_default();
        if digits.len() != 40 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(AddressError::new("an address is 0x and 40 hex digits"));
        }
        let byte =
            |index: usize| u8::from_str_radix(&digits[2 * index..2 * index + 2], 16).expect("hex digits");
        Ok(Address::from(std::array::from_fn::<u8, 20, _>(byte)))
    }

    fn address_text(&self, _: &Address, _: &mut String) {}
    fn block_id_text(&self, _: &BlockId, _: &mut String) {}
    fn tx_id_text(&self, _: &TxId, _: &mut String) {}

    fn parse_tx_id(&self, _: &str) -> Option<TxId> {
        None
    }

    fn transaction_schema(&self) -> &Schema {
        &self.transaction
    }

    fn units(&self) -> &'static [(&'static str, u32)] {
        &[("ether", 18)]
    }

    fn interface(&self, source: &[u8]) -> Result<Arc<dyn Interface>, InterfaceError> {
        let source = chainbell_model::description_text(source)?;
        let mut start = 0;
        for line in source.lines().filter(|_| source != "erc20") {
            if !line.ends_with(')') {
                let (reason, offset) =
                    ("this signature has no closing parenthesis".to_owned(), start + line.len());
                return Err(InterfaceError::Malformed { reason, offset: Some(offset.saturating_sub(1)) });
            }
            start += line.len() + 1;
        }
        Ok(Arc::new(NoInterface))
    }

    fn empty_interface(&self) -> Arc<dyn Interface> {
        Arc::new(NoInterface)
    }
}

#[derive(Debug)]
struct NoInterface;

impl Interface for NoInterface {
    fn events(&self, _: &str) -> Result<Vec<Arc<dyn Decoder>>, InterfaceError> {
        Ok(Vec::new())
    }

    fn calls(&self, _: &str) -> Result<Vec<Arc<dyn Decoder>>, InterfaceError> {
        Ok(Vec::new())
    }

    fn all_events(&self) -> Vec<Arc<dyn Decoder>> {
        Vec::new()
    }
}

//! Receipts, from before Byzantium to the latest L2.

use alloy_primitives::U256;
use serde::{Deserialize, Deserializer};

use super::{
    hex::{Hash, HexBytes, Quantity, WideQuantity},
    log::WireLog,
};

/// What became of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireReceipt {
    /// The transaction's hash.
    pub transaction_hash: Hash,
    /// The transaction's place in the block.
    pub transaction_index: u64,
    /// The block's hash; `None` where the node leaves it out.
    pub block_hash: Option<Hash>,
    /// The block's number; `None` where the node leaves it out.
    pub block_number: Option<u64>,
    /// 1 or 0; `None` before Byzantium (EIP-658), when receipts held a state root instead.
    pub status: Option<u64>,
    /// The gas it used by itself.
    pub gas_used: Option<u64>,
    /// What it paid per gas, in wei; `None` on nodes from before the fee market.
    pub effective_gas_price: Option<U256>,
    /// The contract it created.
    pub contract_address: Option<[u8; 20]>,
    /// What it paid for its data on the layer below, in wei (OP stack).
    pub l1_fee: Option<U256>,
    /// In block order.
    pub logs: Vec<WireLog>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawReceipt {
    transaction_hash: HexBytes<32>,
    transaction_index: Quantity,
    block_hash: Option<HexBytes<32>>,
    block_number: Option<Quantity>,
    status: Option<Quantity>,
    gas_used: Option<Quantity>,
    effective_gas_price: Option<WideQuantity>,
    contract_address: Option<HexBytes<20>>,
    l1_fee: Option<WideQuantity>,
    logs: Vec<WireLog>,
}

impl<'de> Deserialize<'de> for WireReceipt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawReceipt::deserialize(deserializer)?;
        Ok(Self {
            transaction_hash: raw.transaction_hash.0,
            transaction_index: raw.transaction_index.0,
            block_hash: raw.block_hash.map(|hash| hash.0),
            block_number: raw.block_number.map(|number| number.0),
            status: raw.status.map(|status| status.0),
            gas_used: raw.gas_used.map(|gas| gas.0),
            effective_gas_price: raw.effective_gas_price.map(|price| price.0),
            contract_address: raw.contract_address.map(|address| address.0),
            l1_fee: raw.l1_fee.map(|fee| fee.0),
            logs: raw.logs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receipt_from_before_byzantium_has_a_root_and_no_status() {
        let hash = format!("0x{}", "33".repeat(32));
        let json = format!(
            "{{\"transactionHash\":\"{hash}\",\"transactionIndex\":\"0x1\",\"root\":\"{hash}\",\"gasUsed\":\"0x5208\",\
             \"contractAddress\":null,\"logs\":[],\"l1FeeScalar\":\"0.684\",\"l1Fee\":\"0x10\"}}"
        );
        let receipt: WireReceipt = serde_json::from_str(&json).unwrap();
        assert_eq!(receipt.status, None);
        assert_eq!(receipt.gas_used, Some(21_000));
        assert_eq!(receipt.l1_fee, Some(U256::from(16)));
    }
}

//! A block header with its true hash, keccak256 of its RLP encoding.

use alloy_primitives::{Address, B256, Bloom, U256, b256, keccak256};

use super::rlp::RlpList;

/// Keccak of the RLP of an empty list: a block without uncles.
pub(crate) const NO_UNCLES: B256 = b256!("1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347");
/// The root of an empty trie.
pub(crate) const EMPTY_ROOT: B256 = b256!("56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");
/// SHA-256 of nothing: a block without execution requests (EIP-7685).
pub(crate) const NO_REQUESTS: B256 =
    b256!("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

/// The fields of a header in the order they are hashed. Each optional field exists from one fork on, and only together
/// with those before it.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) parent_hash: B256,
    pub(crate) uncles_hash: B256,
    pub(crate) miner: Address,
    pub(crate) state_root: B256,
    pub(crate) transactions_root: B256,
    pub(crate) receipts_root: B256,
    pub(crate) logs_bloom: Bloom,
    pub(crate) difficulty: U256,
    pub(crate) number: u64,
    pub(crate) gas_limit: u64,
    pub(crate) gas_used: u64,
    pub(crate) timestamp: u64,
    pub(crate) extra_data: Vec<u8>,
    pub(crate) mix_hash: B256,
    pub(crate) nonce: [u8; 8],
    pub(crate) base_fee: Option<u64>,
    pub(crate) withdrawals_root: Option<B256>,
    pub(crate) blob_gas_used: Option<u64>,
    pub(crate) excess_blob_gas: Option<u64>,
    pub(crate) parent_beacon_root: Option<B256>,
    pub(crate) requests_hash: Option<B256>,
}

impl Header {
    /// A header after the merge with nothing in it.
    pub(crate) fn empty(number: u64, parent_hash: B256, timestamp: u64) -> Self {
        Self {
            parent_hash,
            uncles_hash: NO_UNCLES,
            miner: Address::ZERO,
            state_root: EMPTY_ROOT,
            transactions_root: EMPTY_ROOT,
            receipts_root: EMPTY_ROOT,
            logs_bloom: Bloom::ZERO,
            difficulty: U256::ZERO,
            number,
            gas_limit: 100_000_000,
            gas_used: 0,
            timestamp,
            extra_data: Vec::new(),
            mix_hash: B256::ZERO,
            nonce: [0; 8],
            base_fee: Some(0),
            withdrawals_root: Some(EMPTY_ROOT),
            blob_gas_used: None,
            excess_blob_gas: None,
            parent_beacon_root: None,
            requests_hash: None,
        }
    }

    /// The block's hash.
    pub(crate) fn hash(&self) -> B256 {
        let mut list = RlpList::default();
        for root in [&self.parent_hash, &self.uncles_hash] {
            list.bytes(&root[..]);
        }
        list.bytes(&self.miner[..]);
        for root in [&self.state_root, &self.transactions_root, &self.receipts_root] {
            list.bytes(&root[..]);
        }
        list.bytes(&self.logs_bloom[..]);
        list.integer(&self.difficulty.to_be_bytes::<32>());
        for number in [self.number, self.gas_limit, self.gas_used, self.timestamp] {
            list.integer(&number.to_be_bytes());
        }
        list.bytes(&self.extra_data);
        list.bytes(&self.mix_hash[..]);
        list.bytes(&self.nonce);
        self.later_forks(&mut list);
        keccak256(list.finish())
    }

    fn later_forks(&self, list: &mut RlpList) {
        let integer = |list: &mut RlpList, value: Option<u64>| {
            if let Some(value) = value {
                list.integer(&value.to_be_bytes());
            }
        };
        let root = |list: &mut RlpList, value: &Option<B256>| {
            if let Some(value) = value {
                list.bytes(&value[..]);
            }
        };
        integer(list, self.base_fee);
        root(list, &self.withdrawals_root);
        integer(list, self.blob_gas_used);
        integer(list, self.excess_blob_gas);
        root(list, &self.parent_beacon_root);
        root(list, &self.requests_hash);
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use serde_json::Value;

    use super::*;

    #[test]
    fn mainnet_genesis_hashes_to_its_known_hash() {
        let header = Header {
            state_root: b256!("d7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544"),
            difficulty: U256::from(0x4_0000_0000_u64),
            gas_limit: 5000,
            extra_data: b256!("11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa").to_vec(),
            nonce: 0x42_u64.to_be_bytes(),
            base_fee: None,
            withdrawals_root: None,
            ..Header::empty(0, B256::ZERO, 0)
        };
        assert_eq!(header.hash(), b256!("d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"));
    }

    #[test]
    fn recorded_mainnet_headers_hash_to_their_own_hash() {
        let folder =
            Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/fixtures/evm/header-chain"));
        let Ok(files) = fs::read_dir(folder) else {
            println!("SKIPPED: no recorded headers at {}", folder.display());
            return;
        };
        let mut checked = 0;
        for file in files {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let value: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let block = value.get("result").unwrap_or(&value);
            let hash: B256 = text(block, "hash").unwrap().parse().unwrap();
            assert_eq!(read(block).hash(), hash, "{}", path.display());
            checked += 1;
        }
        assert!(checked > 0, "the folder of recorded headers is empty");
    }

    fn text<'a>(block: &'a Value, key: &str) -> Option<&'a str> {
        block.get(key).and_then(Value::as_str)
    }

    fn read(block: &Value) -> Header {
        let number = |key: &str| {
            text(block, key).map(|t| u64::from_str_radix(t.trim_start_matches("0x"), 16).unwrap())
        };
        let root = |key: &str| text(block, key).map(|t| t.parse::<B256>().unwrap());
        Header {
            parent_hash: root("parentHash").unwrap(),
            uncles_hash: root("sha3Uncles").unwrap(),
            miner: text(block, "miner").unwrap().parse().unwrap(),
            state_root: root("stateRoot").unwrap(),
            transactions_root: root("transactionsRoot").unwrap(),
            receipts_root: root("receiptsRoot").unwrap(),
            logs_bloom: text(block, "logsBloom").unwrap().parse().unwrap(),
            difficulty: text(block, "difficulty").unwrap().parse().unwrap(),
            number: number("number").unwrap(),
            gas_limit: number("gasLimit").unwrap(),
            gas_used: number("gasUsed").unwrap(),
            timestamp: number("timestamp").unwrap(),
            extra_data: const_hex::decode(text(block, "extraData").unwrap()).unwrap(),
            mix_hash: root("mixHash").unwrap(),
            nonce: const_hex::decode_to_array(text(block, "nonce").unwrap()).unwrap(),
            base_fee: number("baseFeePerGas"),
            withdrawals_root: root("withdrawalsRoot"),
            blob_gas_used: number("blobGasUsed"),
            excess_blob_gas: number("excessBlobGas"),
            parent_beacon_root: root("parentBeaconBlockRoot"),
            requests_hash: root("requestsHash"),
        }
    }
}

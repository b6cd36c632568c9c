//! Writes blocks, transactions, receipts and logs as JSON straight into a byte buffer, in geth's fields.

use alloy_primitives::{Address, B256, U256};

use super::{
    block::{Block, Body, Kind, Placed},
    config::EvmDevnetConfig,
    header::Header,
};
pub(crate) use crate::json::{Object, array, hex, quantity};

impl Object<'_> {
    fn wide_quantity(&mut self, key: &str, number: U256) {
        self.key(key).extend_from_slice(format!("\"{number:#x}\"").as_bytes());
    }

    fn optional_quantity(&mut self, key: &str, number: Option<u64>) {
        if let Some(number) = number {
            self.quantity(key, number);
        }
    }

    fn optional_hex(&mut self, key: &str, bytes: Option<B256>) {
        if let Some(bytes) = bytes {
            self.hex(key, &bytes[..]);
        }
    }

    fn address_or_null(&mut self, key: &str, address: Option<Address>) {
        match address {
            Some(address) => self.hex(key, &address[..]),
            None => self.raw(key, "null"),
        }
    }
}

/// Whether a block answer holds its transactions or their hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transactions {
    Full,
    Hashes,
}

/// The header as `newHeads` sends it.
pub(crate) fn header(out: &mut Vec<u8>, block: &Block) {
    let mut object = Object::begin(out);
    header_fields(&mut object, block.hash, &block.header);
    object.end();
}

/// The block as `eth_getBlockByNumber` answers it.
pub(crate) fn block(out: &mut Vec<u8>, config: &EvmDevnetConfig, block: &Block, detail: Transactions) {
    let mut object = Object::begin(out);
    header_fields(&mut object, block.hash, &block.header);
    object.quantity("size", 600 + 175 * block.transactions.len() as u64);
    let placed = (0..).zip(&block.transactions);
    array(object.key("transactions"), placed, |out, (index, placed)| match detail {
        Transactions::Full => transaction(out, config, block, (index, placed)),
        Transactions::Hashes => hex(out, &placed.body.hash[..]),
    });
    object.raw("uncles", "[]");
    object.raw("withdrawals", "[]");
    object.end();
}

fn header_fields(object: &mut Object<'_>, hash: B256, header: &Header) {
    object.optional_quantity("baseFeePerGas", header.base_fee);
    object.optional_quantity("blobGasUsed", header.blob_gas_used);
    object.wide_quantity("difficulty", header.difficulty);
    object.optional_quantity("excessBlobGas", header.excess_blob_gas);
    object.hex("extraData", &header.extra_data);
    object.quantity("gasLimit", header.gas_limit);
    object.quantity("gasUsed", header.gas_used);
    object.hex("hash", &hash[..]);
    object.hex("logsBloom", &header.logs_bloom[..]);
    object.hex("miner", &header.miner[..]);
    object.hex("mixHash", &header.mix_hash[..]);
    object.hex("nonce", &header.nonce);
    object.quantity("number", header.number);
    object.optional_hex("parentBeaconBlockRoot", header.parent_beacon_root);
    object.hex("parentHash", &header.parent_hash[..]);
    object.hex("receiptsRoot", &header.receipts_root[..]);
    object.optional_hex("requestsHash", header.requests_hash);
    object.hex("sha3Uncles", &header.uncles_hash[..]);
    object.hex("stateRoot", &header.state_root[..]);
    object.quantity("timestamp", header.timestamp);
    object.hex("transactionsRoot", &header.transactions_root[..]);
    object.optional_hex("withdrawalsRoot", header.withdrawals_root);
}

/// The transaction as `eth_getTransactionByHash` answers it.
pub(crate) fn transaction(
    out: &mut Vec<u8>,
    config: &EvmDevnetConfig,
    block: &Block,
    (index, placed): (u64, &Placed),
) {
    let body = &*placed.body;
    let mut object = Object::begin(out);
    object.hex("blockHash", &block.hash[..]);
    object.quantity("blockNumber", block.header.number);
    object.hex("from", &body.from[..]);
    object.quantity("gas", body.gas_limit);
    object.quantity("gasPrice", body.gas_price);
    object.hex("hash", &body.hash[..]);
    object.hex("input", &body.input);
    object.quantity("nonce", body.nonce);
    object.address_or_null("to", body.to);
    object.quantity("transactionIndex", index);
    object.wide_quantity("value", body.value);
    object.quantity("type", body.kind.code());
    match body.kind {
        Kind::Deposit => {
            object.hex("sourceHash", &body.hash[..]);
            object.raw("mint", "\"0x0\"");
            object.raw("isSystemTx", "false");
            for key in ["r", "s", "v"] {
                object.raw(key, "\"0x0\"");
            }
        }
        Kind::Legacy => {
            object.quantity("chainId", config.chain_id);
            let parity = u64::from(body.hash[31] & 1);
            object.quantity("v", config.chain_id.saturating_mul(2).saturating_add(35 + parity));
            signature(&mut object, body);
        }
        Kind::DynamicFee => {
            object.quantity("chainId", config.chain_id);
            object.quantity("maxFeePerGas", body.gas_price.saturating_mul(2));
            object.quantity("maxPriorityFeePerGas", 1_000_000_000);
            object.raw("accessList", "[]");
            let parity = u64::from(body.hash[31] & 1);
            object.quantity("v", parity);
            object.quantity("yParity", parity);
            signature(&mut object, body);
        }
    }
    object.end();
}

/// Nothing is signed: these are numbers of a signature's size.
fn signature(object: &mut Object<'_>, body: &Body) {
    object.wide_quantity("r", U256::from_be_bytes(body.hash.0));
    object.wide_quantity("s", U256::from_be_bytes(body.hash.0) >> 1);
}

/// The receipt as `eth_getBlockReceipts` and `eth_getTransactionReceipt` answer it. `skip_log` leaves out the log of that
/// index within the block, as a lying node does.
pub(crate) fn receipt(
    out: &mut Vec<u8>,
    config: &EvmDevnetConfig,
    block: &Block,
    (index, placed): (u64, &Placed),
    skip_log: Option<u64>,
) {
    let body = &*placed.body;
    let mut object = Object::begin(out);
    object.hex("blockHash", &block.hash[..]);
    object.quantity("blockNumber", block.header.number);
    object.address_or_null("contractAddress", body.created());
    object.quantity("cumulativeGasUsed", placed.cumulative_gas);
    object.quantity("effectiveGasPrice", body.gas_price);
    object.hex("from", &body.from[..]);
    object.quantity("gasUsed", body.gas_used);
    let logs = (placed.first_log..).zip(&body.logs).filter(|(log_index, _)| Some(*log_index) != skip_log);
    let place = LogPlace {
        timestamp: config.log_timestamps.then_some(block.header.timestamp),
        block: (block.header.number, block.hash),
        transaction: (index, body.hash),
    };
    array(object.key("logs"), logs, |out, (log_index, spec)| {
        log(out, &place, log_index, (spec.address, &spec.topics, &spec.data), Removed::No);
    });
    object.hex("logsBloom", &body.bloom()[..]);
    object.quantity("status", u64::from(body.success));
    object.address_or_null("to", body.to);
    object.hex("transactionHash", &body.hash[..]);
    object.quantity("transactionIndex", index);
    object.quantity("type", body.kind.code());
    if config.l2_fields {
        l2_receipt(&mut object, body);
    }
    object.end();
}

fn l2_receipt(object: &mut Object<'_>, body: &Body) {
    if body.kind == Kind::Deposit {
        object.quantity("depositNonce", body.nonce);
        object.quantity("depositReceiptVersion", 1);
        return;
    }
    object.quantity("l1Fee", 40_000 + body.input.len() as u64);
    object.raw("l1FeeScalar", "\"0.684\"");
    object.quantity("l1GasPrice", 18_000_000_000);
    object.quantity("l1GasUsed", 1600 + 16 * body.input.len() as u64);
}

/// What a log shares with the others of its transaction.
pub(crate) struct LogPlace {
    pub(crate) timestamp: Option<u64>,
    /// Number and hash.
    pub(crate) block: (u64, B256),
    /// Index and hash.
    pub(crate) transaction: (u64, B256),
}

/// Whether a log is announced because its block left the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removed {
    Yes,
    No,
}

/// The log as `eth_getLogs` answers it, from its address, topics and data.
pub(crate) fn log(
    out: &mut Vec<u8>,
    place: &LogPlace,
    index: u64,
    (address, topics, data): (Address, &[B256], &[u8]),
    removed: Removed,
) {
    let mut object = Object::begin(out);
    object.hex("address", &address[..]);
    array(object.key("topics"), topics, |out, topic| hex(out, &topic[..]));
    object.hex("data", data);
    object.quantity("blockNumber", place.block.0);
    object.hex("transactionHash", &place.transaction.1[..]);
    object.quantity("transactionIndex", place.transaction.0);
    object.hex("blockHash", &place.block.1[..]);
    object.optional_quantity("blockTimestamp", place.timestamp);
    object.quantity("logIndex", index);
    object.raw("removed", if removed == Removed::Yes { "true" } else { "false" });
    object.end();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_no_leading_zeros() {
        for (number, text) in
            [(0, "\"0x0\""), (15, "\"0xf\""), (16, "\"0x10\""), (u64::MAX, "\"0xffffffffffffffff\"")]
        {
            let mut out = Vec::new();
            quantity(&mut out, number);
            assert_eq!(out, text.as_bytes());
        }
    }
}

//! The fields of a transaction, which expressions see as `tx.<name>`.

use std::sync::LazyLock;

use alloy_primitives::U256;
use chainbell_model::{Address, Field, Int, Schema, Type, Value};

use crate::{
    payload::SELECTOR_LEN,
    wire::{WireReceipt, WireTransaction},
};

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema {
    fields: vec![
        Field::new("hash", Type::Bytes),
        Field::new("index", Type::Uint(32)),
        Field::new("from", Type::Address),
        Field::new("to", Type::Address),
        Field::new("value", Type::Uint(256)),
        Field::new("nonce", Type::Uint(64)),
        Field::new("gas_limit", Type::Uint(64)),
        Field::new("gas_used", Type::Uint(64)),
        Field::new("gas_price", Type::Uint(256)),
        Field::new("fee", Type::Uint(256)),
        Field::new("type", Type::Uint(8)),
        Field::new("status", Type::Uint(8)),
        Field::new("success", Type::Bool),
        Field::new("input", Type::Bytes),
        Field::new("selector", Type::Bytes),
        Field::new("contract_created", Type::Address),
    ],
});

/// The transaction schema.
pub(crate) fn schema() -> &'static Schema {
    &SCHEMA
}

/// The values of the schema for the transaction at `place` of its block.
pub(crate) fn of(place: u32, transaction: WireTransaction, receipt: &WireReceipt) -> Vec<Option<Value>> {
    let gas_price = receipt.effective_gas_price.or(transaction.gas_price);
    let selector = transaction.input.get(..SELECTOR_LEN).map(|selector| Value::Bytes(selector.into()));
    let status = receipt.status.and_then(|status| u8::try_from(status).ok());
    vec![
        Some(Value::Bytes(transaction.hash.into())),
        Some(int(u64::from(place))),
        Some(Value::Address(Address::from(transaction.from))),
        transaction.to.map(address),
        Some(Value::Int(Int::from(transaction.value))),
        transaction.nonce.map(int),
        transaction.gas.map(int),
        receipt.gas_used.map(int),
        gas_price.map(wide),
        fee(receipt, gas_price).map(wide),
        transaction.kind.and_then(|kind| u8::try_from(kind).ok()).map(|kind| int(u64::from(kind))),
        status.map(|status| int(u64::from(status))),
        receipt.status.map(|status| Value::Bool(status == 1)),
        Some(Value::Bytes(transaction.input)),
        selector,
        receipt.contract_address.map(address),
    ]
}

/// What the sender paid for execution and, on the OP stack, for the data on the layer below.
fn fee(receipt: &WireReceipt, gas_price: Option<U256>) -> Option<U256> {
    let execution = U256::from(receipt.gas_used?).checked_mul(gas_price?)?;
    execution.checked_add(receipt.l1_fee.unwrap_or_default())
}

fn int(value: u64) -> Value {
    Value::Int(Int::from(value))
}

fn wide(value: U256) -> Value {
    Value::Int(Int::from(value))
}

fn address(bytes: [u8; 20]) -> Value {
    Value::Address(Address::from(bytes))
}

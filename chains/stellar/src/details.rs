//! The fields of a transaction, which expressions see as `tx.<name>`.

use std::{fmt::Write as _, sync::LazyLock};

use chainbell_model::{Address, Field, Int, Schema, Type, Value};
use stellar_xdr::{
    FeeBumpTransactionInnerTx, HostFunction, Memo, MuxedAccount, Operation, OperationBody,
    SorobanTransactionData, TransactionEnvelope, TransactionExt, TransactionResultResult,
};

use crate::{address, assemble::TransactionHead, wire::Body};

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema {
    fields: vec![
        // In hexadecimal, without 0x.
        Field::new("hash", Type::Text),
        // The application order, from 1.
        Field::new("index", Type::Uint(32)),
        // The account whose transaction it is; of a fee bump that of the inner one.
        Field::new("from", Type::Address),
        Field::new("from_muxed_id", Type::Uint(64)),
        // Who paid for it, of a fee bump.
        Field::new("fee_account", Type::Address),
        // What was charged, refunds taken off.
        Field::new("fee", Type::Int(64)),
        Field::new("max_fee", Type::Int(64)),
        Field::new("success", Type::Bool),
        Field::new("sequence", Type::Int(64)),
        // `payment`, `invoke_host_function`, …
        Field::new("operations", Type::List(Type::Text.into())),
        Field::new("operation_count", Type::Uint(32)),
        // Those that its operations invoke.
        Field::new("contracts", Type::List(Type::Address.into())),
        Field::new("memo", Type::Text),
        // `text`, `id`, `hash` or `return`.
        Field::new("memo_type", Type::Text),
        Field::new("soroban", Type::Bool),
        // What it offered for resources.
        Field::new("resource_fee", Type::Int(64)),
        Field::new("inner_hash", Type::Text),
    ],
});

/// The transaction schema.
pub(crate) fn schema() -> &'static Schema {
    &SCHEMA
}

/// The values of the schema.
pub(crate) fn of(head: &TransactionHead, body: &Body) -> Vec<Option<Value>> {
    let parts = Parts::of(&body.envelope);
    let (memo, memo_type) = memo(parts.memo);
    let inner_hash = match &body.result.result {
        TransactionResultResult::TxFeeBumpInnerSuccess(inner)
        | TransactionResultResult::TxFeeBumpInnerFailed(inner) => Some(hex(&inner.transaction_hash.0)),
        _ => None,
    };
    let kinds = parts.operations.iter().map(|operation| text(snake(operation.body.name()))).collect();
    let count = u64::try_from(parts.operations.len()).unwrap_or(u64::MAX);
    vec![
        Some(hex(&head.hash)),
        Some(uint(u64::from(head.order))),
        Some(Value::Address(parts.source)),
        parts.source_id.map(uint),
        parts.fee_account.map(Value::Address),
        Some(int(body.result.fee_charged)),
        Some(int(parts.max_fee)),
        Some(Value::Bool(head.succeeded)),
        Some(int(parts.sequence)),
        Some(Value::List(kinds)),
        Some(uint(count)),
        Some(Value::List(contracts(parts.operations))),
        memo.map(text),
        memo_type.map(text),
        Some(Value::Bool(parts.operations.iter().any(is_soroban))),
        parts.soroban.map(|data| int(data.resource_fee)),
        inner_hash,
    ]
}

/// The operations of a transaction, of a fee bump those of the inner one.
pub(crate) fn operations(envelope: &TransactionEnvelope) -> &[Operation] {
    Parts::of(envelope).operations
}

/// The account whose transaction it is.
pub(crate) fn source(envelope: &TransactionEnvelope) -> Address {
    Parts::of(envelope).source
}

/// What the kinds of envelopes have in common.
struct Parts<'a> {
    source: Address,
    source_id: Option<u64>,
    fee_account: Option<Address>,
    max_fee: i64,
    sequence: i64,
    operations: &'a [Operation],
    memo: &'a Memo,
    soroban: Option<&'a SorobanTransactionData>,
}

impl<'a> Parts<'a> {
    fn of(envelope: &'a TransactionEnvelope) -> Self {
        match envelope {
            TransactionEnvelope::TxV0(envelope) => Self {
                source: address::account(&envelope.tx.source_account_ed25519.0),
                source_id: None,
                fee_account: None,
                max_fee: i64::from(envelope.tx.fee),
                sequence: envelope.tx.seq_num.0,
                operations: &envelope.tx.operations,
                memo: &envelope.tx.memo,
                soroban: None,
            },
            TransactionEnvelope::Tx(envelope) => Self::of_transaction(&envelope.tx),
            TransactionEnvelope::TxFeeBump(envelope) => {
                let FeeBumpTransactionInnerTx::Tx(inner) = &envelope.tx.inner_tx;
                let payer = address::of_muxed_account(&envelope.tx.fee_source);
                let fee_account = Some(address::without_number(&payer));
                Self { fee_account, max_fee: envelope.tx.fee, ..Self::of_transaction(&inner.tx) }
            }
        }
    }

    fn of_transaction(transaction: &'a stellar_xdr::Transaction) -> Self {
        let source_id = match &transaction.source_account {
            MuxedAccount::Ed25519(_) => None,
            MuxedAccount::MuxedEd25519(muxed) => Some(muxed.id),
        };
        let source = address::of_muxed_account(&transaction.source_account);
        Self {
            source: address::without_number(&source),
            source_id,
            fee_account: None,
            max_fee: i64::from(transaction.fee),
            sequence: transaction.seq_num.0,
            operations: &transaction.operations,
            memo: &transaction.memo,
            soroban: match &transaction.ext {
                TransactionExt::V0 => None,
                TransactionExt::V1(data) => Some(data),
            },
        }
    }
}

fn contracts(operations: &[Operation]) -> Vec<Value> {
    operations.iter().filter_map(invoked).map(Value::Address).collect()
}

/// The contract that the operation invokes.
pub(crate) fn invoked(operation: &Operation) -> Option<Address> {
    match &operation.body {
        OperationBody::InvokeHostFunction(invoked) => match &invoked.host_function {
            HostFunction::InvokeContract(invoked) => Some(address::of_sc_address(&invoked.contract_address)),
            _ => None,
        },
        _ => None,
    }
}

fn is_soroban(operation: &Operation) -> bool {
    matches!(
        operation.body,
        OperationBody::InvokeHostFunction(_)
            | OperationBody::ExtendFootprintTtl(_)
            | OperationBody::RestoreFootprint(_)
    )
}

/// The memo and its kind.
fn memo(memo: &Memo) -> (Option<String>, Option<&'static str>) {
    match memo {
        Memo::None => (None, None),
        Memo::Text(text) => {
            let bytes = text.as_slice();
            let text =
                std::str::from_utf8(bytes).map_or_else(|_| bytes.escape_ascii().to_string(), str::to_owned);
            (Some(text), Some("text"))
        }
        Memo::Id(id) => (Some(id.to_string()), Some("id")),
        Memo::Hash(hash) => (Some(const_hex::encode(hash.0)), Some("hash")),
        Memo::Return(hash) => (Some(const_hex::encode(hash.0)), Some("return")),
    }
}

/// `InvokeHostFunction` as `invoke_host_function`, the way Stellar's own tools write operations.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (place, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && place > 0 {
            out.push('_');
        }
        let _ = out.write_char(letter.to_ascii_lowercase());
    }
    out
}

fn hex(hash: &[u8; 32]) -> Value {
    text(const_hex::encode(hash))
}

fn text(text: impl Into<Box<str>>) -> Value {
    Value::Text(text.into())
}

fn uint(value: u64) -> Value {
    Value::Int(Int::from(value))
}

fn int(value: i64) -> Value {
    Value::Int(Int::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_named_as_elsewhere() {
        for (name, expected) in [
            ("Payment", "payment"),
            ("InvokeHostFunction", "invoke_host_function"),
            ("ExtendFootprintTtl", "extend_footprint_ttl"),
            ("PathPaymentStrictSend", "path_payment_strict_send"),
        ] {
            assert_eq!(snake(name), expected);
        }
    }

    #[test]
    fn memos_of_every_kind_are_text() {
        assert_eq!(memo(&Memo::Text("grüße".try_into().unwrap())), (Some("grüße".to_owned()), Some("text")));
        let broken = Memo::Text(vec![b'a', 0xff].try_into().unwrap());
        assert_eq!(memo(&broken).0.as_deref(), Some("a\\xff"));
        assert_eq!(memo(&Memo::Id(u64::MAX)).0, Some(u64::MAX.to_string()));
        assert_eq!(memo(&Memo::None), (None, None));
    }
}

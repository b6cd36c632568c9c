//! Writes blocks and transactions as JSON straight into a byte buffer, in Agave's fields and order.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    base58::{Base58, Pubkey},
    block::{Block, Placed},
    execute::{Failure, ProgramError},
    ledger::TokenAccount,
    message::{Compiled, Message, transaction_bytes},
    params::{Details, Encoding},
    spec::TxVersion,
};
pub(crate) use crate::json::{Object, array};

impl Object<'_> {
    pub(crate) fn number(&mut self, key: &str, number: impl std::fmt::Display) {
        write(self.key(key), format_args!("{number}"));
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) {
        text(self.key(key), value);
    }

    pub(crate) fn base58<const N: usize>(&mut self, key: &str, value: &Base58<N>) {
        value.write(self.key(key));
    }
}

/// A text, escaped.
pub(crate) fn text(out: &mut Vec<u8>, value: &str) {
    serde_json::to_writer(out, value).expect("every text is JSON");
}

/// Anything that is written as it is.
pub(crate) fn write(out: &mut Vec<u8>, value: std::fmt::Arguments<'_>) {
    use std::io::Write;
    out.write_fmt(value).expect("memory takes all bytes");
}

/// How a block or a transaction is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) encoding: Encoding,
    pub(crate) details: Details,
    pub(crate) rewards: bool,
    /// Whether the caller knows versions, and so is told of them.
    pub(crate) versions: bool,
}

/// A block.
pub(crate) fn block(out: &mut Vec<u8>, block: &Block, form: Form) {
    let header = &block.header;
    let mut object = Object::begin(out);
    object.base58("previousBlockhash", &header.parent_hash);
    object.base58("blockhash", &block.hash);
    object.number("parentSlot", header.parent_slot);
    match form.details {
        Details::None => {}
        Details::Signatures => {
            let ids = block.transactions.iter().map(|placed| placed.body.id());
            array(object.key("signatures"), ids, |out, id| id.write(out));
        }
        Details::Full | Details::Accounts => {
            array(object.key("transactions"), &block.transactions, |out, placed| {
                let mut entry = Object::begin(out);
                transaction_fields(&mut entry, placed, form);
                entry.end();
            });
        }
    }
    if form.rewards {
        rewards(object.key("rewards"), block);
    }
    object.number("blockTime", header.time);
    object.number("blockHeight", header.height);
    object.end();
}

/// A transaction by itself.
pub(crate) fn transaction(out: &mut Vec<u8>, block: &Block, placed: &Placed, form: Form) {
    let mut object = Object::begin(out);
    object.number("slot", block.slot());
    transaction_fields(&mut object, placed, form);
    object.number("blockTime", block.header.time);
    object.end();
}

fn rewards(out: &mut Vec<u8>, block: &Block) {
    let (lamports, held) = block.header.reward;
    let fee = (lamports > 0).then_some(());
    array(out, fee, |out, ()| {
        let mut reward = Object::begin(out);
        reward.base58("pubkey", &block.header.leader);
        reward.number("lamports", lamports);
        reward.number("postBalance", held);
        reward.raw("rewardType", "\"Fee\"");
        reward.raw("commission", "null");
        reward.end();
    });
}

fn transaction_fields(object: &mut Object<'_>, placed: &Placed, form: Form) {
    let body = &placed.body;
    if form.details == Details::Accounts {
        accounts(object.key("transaction"), placed);
    } else {
        let out = object.key("transaction");
        match form.encoding {
            Encoding::Base64 | Encoding::Base64Zstd => encoded(out, placed, "base64"),
            Encoding::Base58 => encoded(out, placed, "base58"),
            Encoding::Binary => bs58_text(out, &transaction_bytes(&body.signatures, &body.message)),
            Encoding::Json | Encoding::JsonParsed => {
                let mut transaction = Object::begin(out);
                array(transaction.key("signatures"), &body.signatures, |out, signature| signature.write(out));
                message(transaction.key("message"), &body.message);
                transaction.end();
            }
        }
    }
    meta(object.key("meta"), placed, form);
    if form.versions {
        let version = if body.message.version == TxVersion::V0 { "0" } else { "\"legacy\"" };
        object.raw("version", version);
    }
}

fn encoded(out: &mut Vec<u8>, placed: &Placed, name: &str) {
    let bytes = transaction_bytes(&placed.body.signatures, &placed.body.message);
    out.push(b'[');
    if name == "base58" {
        bs58_text(out, &bytes);
    } else {
        base64_text(out, &bytes);
    }
    write(out, format_args!(",\"{name}\"]"));
}

/// Bytes in base64, in quotes.
pub(crate) fn base64_text(out: &mut Vec<u8>, bytes: &[u8]) {
    write(out, format_args!("\"{}\"", STANDARD.encode(bytes)));
}

/// Bytes in base58, in quotes.
pub(crate) fn bs58_text(out: &mut Vec<u8>, bytes: &[u8]) {
    write(out, format_args!("\"{}\"", bs58::encode(bytes).into_string()));
}

fn accounts(out: &mut Vec<u8>, placed: &Placed) {
    let message = &placed.body.message;
    let mut object = Object::begin(out);
    array(object.key("signatures"), &placed.body.signatures, |out, signature| signature.write(out));
    array(object.key("accountKeys"), message.keys.iter().enumerate(), |out, (index, key)| {
        let (signer, writable) = message.role(index);
        let mut account = Object::begin(out);
        account.base58("pubkey", key);
        account.number("writable", writable);
        account.number("signer", signer);
        let loaded = index >= message.static_keys().len();
        account.raw("source", if loaded { "\"lookupTable\"" } else { "\"transaction\"" });
        account.end();
    });
    object.end();
}

fn message(out: &mut Vec<u8>, message: &Message) {
    let mut object = Object::begin(out);
    let mut header = Object::begin(object.key("header"));
    header.number("numRequiredSignatures", message.required_signatures);
    header.number("numReadonlySignedAccounts", message.read_only_signed);
    header.number("numReadonlyUnsignedAccounts", message.read_only_unsigned);
    header.end();
    keys(object.key("accountKeys"), message.static_keys());
    object.base58("recentBlockhash", &message.recent_blockhash);
    array(object.key("instructions"), &message.instructions, |out, compiled| instruction(out, compiled, 1));
    if message.version == TxVersion::V0 {
        array(object.key("addressTableLookups"), &message.lookup, |out, lookup| {
            let mut object = Object::begin(out);
            object.base58("accountKey", &lookup.table);
            numbers(object.key("writableIndexes"), &lookup.writable);
            numbers(object.key("readonlyIndexes"), &lookup.read_only);
            object.end();
        });
    }
    object.end();
}

fn instruction(out: &mut Vec<u8>, compiled: &Compiled, stack_height: u8) {
    let mut object = Object::begin(out);
    object.number("programIdIndex", compiled.program);
    numbers(object.key("accounts"), &compiled.accounts);
    bs58_text(object.key("data"), &compiled.data);
    object.number("stackHeight", stack_height);
    object.end();
}

fn keys(out: &mut Vec<u8>, keys: &[Pubkey]) {
    array(out, keys, |out, key| key.write(out));
}

fn numbers<T: std::fmt::Display>(out: &mut Vec<u8>, numbers: &[T]) {
    array(out, numbers, |out, number| write(out, format_args!("{number}")));
}

fn meta(out: &mut Vec<u8>, placed: &Placed, form: Form) {
    let outcome = &placed.outcome;
    let full = form.details == Details::Full;
    let mut object = Object::begin(out);
    failure(object.key("err"), outcome.failure);
    status(object.key("status"), outcome.failure);
    object.number("fee", placed.body.fee());
    numbers(object.key("preBalances"), &placed.before);
    numbers(object.key("postBalances"), &placed.after);
    if full {
        array(object.key("innerInstructions"), &outcome.inner, |out, (index, inner)| {
            let mut object = Object::begin(out);
            object.number("index", index);
            array(object.key("instructions"), inner, |out, inner| {
                instruction(out, &inner.compiled, inner.stack_height);
            });
            object.end();
        });
        logs(object.key("logMessages"), &outcome.logs);
    }
    let balances = |account: fn(&(u8, TokenAccount, TokenAccount)) -> (u8, TokenAccount)| {
        placed.tokens.iter().map(account).collect::<Vec<_>>()
    };
    let before = balances(|(index, before, _)| (*index, *before));
    let after = balances(|(index, _, after)| (*index, *after));
    array(object.key("preTokenBalances"), &before, |out, (index, account)| token(out, *index, account));
    array(object.key("postTokenBalances"), &after, |out, (index, account)| token(out, *index, account));
    object.raw("rewards", if form.rewards { "[]" } else { "null" });
    if full {
        let (writable, read_only) = placed.body.message.loaded_keys();
        let mut loaded = Object::begin(object.key("loadedAddresses"));
        keys(loaded.key("writable"), writable);
        keys(loaded.key("readonly"), read_only);
        loaded.end();
        if let Some((program, bytes)) = &outcome.returned {
            let mut returned = Object::begin(object.key("returnData"));
            returned.base58("programId", program);
            let data = returned.key("data");
            data.push(b'[');
            base64_text(data, bytes);
            data.extend_from_slice(b",\"base64\"]");
            returned.end();
        }
        object.number("computeUnitsConsumed", outcome.units);
        object.number("costUnits", outcome.units + 720 * u64::from(placed.body.message.required_signatures));
    }
    object.end();
}

/// The lines of a log.
pub(crate) fn logs(out: &mut Vec<u8>, lines: &[String]) {
    array(out, lines, |out, line| text(out, line));
}

fn token(out: &mut Vec<u8>, index: u8, account: &TokenAccount) {
    let mut object = Object::begin(out);
    object.number("accountIndex", index);
    object.base58("mint", &account.mint);
    let shown = decimal(account.amount, account.decimals);
    let mut amount = Object::begin(object.key("uiTokenAmount"));
    float(amount.key("uiAmount"), account.amount as f64 / 10_f64.powi(account.decimals.into()));
    amount.number("decimals", account.decimals);
    amount.text("amount", &account.amount.to_string());
    amount.text("uiAmountString", &shown);
    amount.end();
    object.base58("owner", &account.owner);
    object.base58("programId", &account.program);
    object.end();
}

/// Null for nothing, and for next to nothing.
fn float(out: &mut Vec<u8>, value: f64) {
    let shown = (value.abs() > f64::EPSILON).then_some(value);
    serde_json::to_writer(out, &shown).expect("a finite number is JSON");
}

/// An amount with its decimals, without zeros at the end.
fn decimal(amount: u64, decimals: u8) -> String {
    let places = usize::from(decimals);
    let digits = format!("{amount:0>width$}", width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    match part.trim_end_matches('0') {
        "" => whole.to_owned(),
        part => format!("{whole}.{part}"),
    }
}

/// Why a transaction failed, or null.
pub(crate) fn failure(out: &mut Vec<u8>, failure: Option<Failure>) {
    let Some(Failure { instruction, error }) = failure else {
        out.extend_from_slice(b"null");
        return;
    };
    match error {
        ProgramError::Custom(code) => {
            write(out, format_args!("{{\"InstructionError\":[{instruction},{{\"Custom\":{code}}}]}}"));
        }
        ProgramError::CallDepth => {
            write(out, format_args!("{{\"InstructionError\":[{instruction},\"CallDepth\"]}}"));
        }
    }
}

/// The same in the older form.
pub(crate) fn status(out: &mut Vec<u8>, result: Option<Failure>) {
    let mut object = Object::begin(out);
    failure(object.key(if result.is_some() { "Err" } else { "Ok" }), result);
    object.end();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_without_zeros_at_the_end() {
        assert_eq!(decimal(0, 6), "0");
        assert_eq!(decimal(1, 6), "0.000001");
        assert_eq!(decimal(1_500_000, 6), "1.5");
        assert_eq!(decimal(2_000_000, 6), "2");
        assert_eq!(decimal(u64::MAX, 0), "18446744073709551615");
    }

    #[test]
    fn failures_have_the_forms_that_clients_know() {
        let written = |error| {
            let mut out = Vec::new();
            status(&mut out, Some(Failure { instruction: 3, error }));
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            written(ProgramError::Custom(6001)),
            r#"{"Err":{"InstructionError":[3,{"Custom":6001}]}}"#
        );
        assert_eq!(written(ProgramError::CallDepth), r#"{"Err":{"InstructionError":[3,"CallDepth"]}}"#);
    }
}

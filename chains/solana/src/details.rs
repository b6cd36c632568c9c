//! The fields of a transaction, which expressions see as `tx.<name>`.

use std::sync::{Arc, LazyLock};

use chainbell_model::{Field, Int, Schema, Type, Value};

use crate::{
    assemble::address,
    invocations::Invocation,
    wire::{Meta, Version, base58},
};

/// At the most.
const SIGNATURE_DIGITS: usize = 88;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let addresses = || Type::List(Arc::new(Type::Address));
    Schema {
        fields: vec![
            Field::new("hash", Type::Text),
            Field::new("index", Type::Uint(32)),
            Field::new("from", Type::Address),
            Field::new("signers", addresses()),
            Field::new("fee", Type::Uint(64)),
            Field::new("compute_units", Type::Uint(64)),
            Field::new("success", Type::Bool),
            Field::new("error", Type::Text),
            Field::new("version", Type::Text),
            Field::new("programs", addresses()),
        ],
    }
});

/// The transaction schema.
pub(crate) fn schema() -> &'static Schema {
    &SCHEMA
}

/// What the details are made of.
pub(crate) struct Parts<'a> {
    pub(crate) signature: &'a [u8; 64],
    /// Its place in the block.
    pub(crate) index: u32,
    /// The keys that signed, the payer first.
    pub(crate) signers: &'a [[u8; 32]],
    pub(crate) version: Version,
    pub(crate) meta: Option<&'a Meta<'a>>,
    pub(crate) invocations: &'a [Invocation<'a>],
}

/// The values of the schema.
pub(crate) fn of(parts: &Parts<'_>) -> Vec<Option<Value>> {
    let Parts { signature, index, signers, version, meta, invocations } = *parts;
    let list = |keys: &[[u8; 32]]| Value::List(keys.iter().copied().map(key).collect());
    let err = meta.map(|meta| meta.err);
    let mut hash = String::with_capacity(SIGNATURE_DIGITS);
    base58::push_signature(signature, &mut hash);
    vec![
        Some(Value::Text(hash.into())),
        Some(int(u64::from(index))),
        signers.first().copied().map(key),
        Some(list(signers)),
        meta.map(|meta| int(meta.fee)),
        meta.and_then(|meta| meta.compute_units_consumed).map(int),
        err.map(|err| Value::Bool(err.is_none())),
        err.flatten().map(|err| Value::Text(compact(err.get()).into())),
        Some(Value::Text(version_text(version).into())),
        Some(list(&programs(invocations))),
    ]
}

/// Each program once, in the order of the first call.
fn programs(invocations: &[Invocation<'_>]) -> Vec<[u8; 32]> {
    let mut programs = Vec::new();
    for invocation in invocations {
        if !programs.contains(&invocation.program) {
            programs.push(invocation.program);
        }
    }
    programs
}

fn version_text(version: Version) -> String {
    match version {
        Version::Legacy => "legacy".to_owned(),
        Version::Number(number) => number.to_string(),
    }
}

/// JSON without the spaces between its parts, so that it reads the same from every node.
fn compact(json: &str) -> String {
    let (mut in_text, mut escaped) = (false, false);
    let keep = |letter: &char| {
        let kept = in_text || !letter.is_ascii_whitespace();
        match letter {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            _ => {}
        }
        kept
    };
    json.chars().filter(keep).collect()
}

fn int(value: u64) -> Value {
    Value::Int(Int::from(value))
}

fn key(key: [u8; 32]) -> Value {
    Value::Address(address(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_the_same_from_every_node() {
        let pretty = "{\n  \"InstructionError\": [ 3, { \"Custom\": 6001 } ]\n}";
        assert_eq!(compact(pretty), r#"{"InstructionError":[3,{"Custom":6001}]}"#);
        let text = r#"{"BorshIoError":"a \" b \\"}"#;
        assert_eq!(compact(text), text);
        assert_eq!(compact(r#" "a b" "#), r#""a b""#);
    }
}

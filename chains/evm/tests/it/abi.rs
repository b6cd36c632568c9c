//! Random types and values, encoded by alloy, decode to the same values; arbitrary bytes decode to little or nothing.

use std::sync::Arc;

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, B256, Function, I256, U256};
use chainbell_evm::EvmDialect;
use chainbell_model::{ArgMask, Decoder, Dialect, Int, Payload, Type, Value};
use proptest::{collection::vec, prelude::*};

fn types() -> impl Strategy<Value = DynSolType> {
    let word = prop_oneof![
        Just(DynSolType::Bool),
        Just(DynSolType::Address),
        Just(DynSolType::Function),
        (1..=32usize).prop_map(|bytes| DynSolType::Uint(bytes * 8)),
        (1..=32usize).prop_map(|bytes| DynSolType::Int(bytes * 8)),
        (1..=32usize).prop_map(DynSolType::FixedBytes),
    ];
    let leaf = prop_oneof![4 => word, 1 => Just(DynSolType::Bytes), 1 => Just(DynSolType::String)];
    leaf.prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|item| DynSolType::Array(Box::new(item))),
            (inner.clone(), 1..4usize).prop_map(|(item, len)| DynSolType::FixedArray(Box::new(item), len)),
            vec(inner, 1..4).prop_map(DynSolType::Tuple),
        ]
    })
}

fn value(ty: &DynSolType) -> BoxedStrategy<DynSolValue> {
    match ty.clone() {
        DynSolType::Bool => any::<bool>().prop_map(DynSolValue::Bool).boxed(),
        DynSolType::Address => {
            any::<[u8; 20]>().prop_map(|it| DynSolValue::Address(Address::from(it))).boxed()
        }
        DynSolType::Function => {
            any::<[u8; 24]>().prop_map(|it| DynSolValue::Function(Function::from(it))).boxed()
        }
        DynSolType::Uint(bits) => word()
            .prop_map(move |it| DynSolValue::Uint(U256::from_be_bytes(it) >> (256 - bits), bits))
            .boxed(),
        DynSolType::Int(bits) => {
            word().prop_map(move |it| DynSolValue::Int(I256::from_be_bytes(it).asr(256 - bits), bits)).boxed()
        }
        DynSolType::FixedBytes(size) => word()
            .prop_map(move |mut it| {
                it[size..].fill(0);
                DynSolValue::FixedBytes(B256::from(it), size)
            })
            .boxed(),
        DynSolType::Bytes => vec(any::<u8>(), 0..70).prop_map(DynSolValue::Bytes).boxed(),
        DynSolType::String => "\\PC{0,40}".prop_map(DynSolValue::String).boxed(),
        DynSolType::Array(item) => vec(value(&item), 0..4).prop_map(DynSolValue::Array).boxed(),
        DynSolType::FixedArray(item, len) => vec(value(&item), len).prop_map(DynSolValue::FixedArray).boxed(),
        DynSolType::Tuple(items) => {
            items.iter().map(value).collect::<Vec<_>>().prop_map(DynSolValue::Tuple).boxed()
        }
    }
}

fn word() -> impl Strategy<Value = [u8; 32]> {
    any::<[u8; 32]>()
}

fn arguments() -> impl Strategy<Value = (Vec<DynSolType>, Vec<DynSolValue>)> {
    vec(types(), 1..5).prop_flat_map(|types| {
        let values: Vec<_> = types.iter().map(value).collect();
        (Just(types), values)
    })
}

fn expected(value: &DynSolValue) -> Value {
    let list = |items: &[DynSolValue]| items.iter().map(expected).collect();
    match value {
        DynSolValue::Bool(value) => Value::Bool(*value),
        DynSolValue::Address(address) => Value::Address(address.into_array().into()),
        DynSolValue::Function(function) => Value::Bytes(function.as_slice().into()),
        DynSolValue::Uint(value, _) => Value::Int(Int::from(*value)),
        DynSolValue::Int(value, _) => Value::Int(Int::new(value.is_negative(), value.unsigned_abs())),
        DynSolValue::FixedBytes(word, size) => Value::Bytes(word[..*size].into()),
        DynSolValue::Bytes(bytes) => Value::Bytes(bytes.as_slice().into()),
        DynSolValue::String(text) => Value::Text(text.as_str().into()),
        DynSolValue::Array(items) | DynSolValue::FixedArray(items) => Value::List(list(items)),
        DynSolValue::Tuple(items) => Value::Record(list(items)),
    }
}

fn written(types: &[DynSolType], indexed: &[bool]) -> String {
    let argument = |(place, ty): (usize, &DynSolType)| {
        let mark = if indexed.get(place).is_some_and(|indexed| *indexed) { " indexed" } else { "" };
        // Alloy writes a tuple of one like Rust does.
        format!("{}{mark} a{place}", ty.sol_type_name().replace(",)", ")"))
    };
    types.iter().enumerate().map(argument).collect::<Vec<_>>().join(", ")
}

fn call(types: &[DynSolType]) -> Arc<dyn Decoder> {
    let reference = format!("function f({})", written(types, &[]));
    EvmDialect.empty_interface().calls(&reference).unwrap().remove(0)
}

fn input(data: &[u8]) -> Payload {
    Payload([&[1, 2, 3, 4], data].concat().into())
}

fn decode(decoder: &dyn Decoder, payload: &Payload, wanted: ArgMask) -> Option<Vec<Option<Value>>> {
    let mut out = Vec::new();
    decoder.decode(payload, wanted, &mut out).ok()?;
    Some(out)
}

fn count(value: &Value) -> usize {
    match value {
        Value::Bytes(bytes) => 1 + bytes.len() / 32,
        Value::Text(text) => 1 + text.len() / 96,
        Value::List(items) | Value::Record(items) => 1 + items.iter().map(count).sum::<usize>(),
        _ => 1,
    }
}

proptest! {
    #[test]
    fn calls_decode_as_alloy_encoded_them((types, values) in arguments(), wanted in any::<ArgMask>()) {
        let data = DynSolValue::Tuple(values.clone()).abi_encode_params();
        let decoder = call(&types);
        let some = |mask: ArgMask| -> Vec<_> {
            values.iter().enumerate().map(|(place, value)| (mask >> place & 1 == 1).then(|| expected(value))).collect()
        };
        prop_assert_eq!(decode(&*decoder, &input(&data), ArgMask::MAX), Some(some(ArgMask::MAX)));
        prop_assert_eq!(decode(&*decoder, &input(&data), wanted), Some(some(wanted)));
    }

    #[test]
    fn events_decode_from_topics_and_data((types, values) in arguments(), marks in vec(any::<bool>(), 5), hash in word()) {
        let mut left = 3;
        let indexed: Vec<_> = marks.iter().take(types.len()).map(|mark| {
            let indexed = *mark && left > 0;
            left -= usize::from(indexed);
            indexed
        }).collect();
        let (mut topics, mut data, mut want) = (vec![[0; 32]], Vec::new(), Vec::new());
        for (value, indexed) in values.iter().zip(&indexed) {
            match value.as_word() {
                Some(word) if *indexed => topics.push(word.0),
                _ if *indexed => {
                    topics.push(hash);
                    want.push(Some(Value::Bytes(hash.into())));
                    continue;
                }
                _ => data.push(value.clone()),
            }
            want.push(Some(expected(value)));
        }
        let reference = format!("event E({})", written(&types, &indexed));
        let decoder = EvmDialect.empty_interface().events(&reference).unwrap().remove(0);
        let mut payload = vec![topics.len() as u8];
        payload.extend_from_slice(topics.as_flattened());
        payload.extend(DynSolValue::Tuple(data).abi_encode_params());
        let payload = Payload(payload.into());
        if indexed.contains(&true) {
            prop_assert!(decoder.fits(&payload));
            prop_assert_eq!(decode(&*decoder, &payload, ArgMask::MAX), Some(want));
        }
        for (field, value) in decoder.schema().fields.iter().zip(&values).zip(&indexed).filter(|it| *it.1).map(|it| it.0) {
            prop_assert_eq!(field.ty == Type::Hash, value.as_word().is_none());
        }
    }

    #[test]
    fn arbitrary_data_decodes_to_no_more_than_its_size(types in vec(types(), 1..5), words in vec(prop_oneof![
        (0..40u8).prop_map(|small| { let mut word = [0; 32]; word[31] = small.wrapping_mul(32); word }),
        (0..8u8).prop_map(|small| { let mut word = [0; 32]; word[31] = small; word }),
        word(),
    ], 0..40), cut in 0..32usize) {
        let data = words.as_flattened();
        let data = &data[..data.len().saturating_sub(cut)];
        if let Some(values) = decode(&*call(&types), &input(data), ArgMask::MAX) {
            // Every byte may be read four times, and a type nests six deep at the most.
            let total: usize = values.iter().flatten().map(count).sum();
            prop_assert!(total <= 4 * 6 * (data.len() / 32 + 1), "{} values from {} bytes", total, data.len());
        }
        let _ = decode(&*call(&types), &Payload(data.into()), ArgMask::MAX);
    }
}

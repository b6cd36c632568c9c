//! Values of any kind read as the reference codec reads them, and nothing makes a decoder panic or take more than its
//! input deserves.

use std::sync::{Arc, LazyLock};

use chainbell_model::{ArgMask, Decoder, Dialect, Payload};
use chainbell_stellar::{
    StellarDialect,
    payload::{self, CallParts, EventKind},
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use stellar_xdr::{
    ClaimableBalanceId, ContractExecutable, Duration, Hash, Int256Parts, Limits, MuxedEd25519Account, PoolId,
    ReadXdr, ScAddress, ScContractInstance, ScError, ScMap, ScNonceKey, ScSpecEventDataFormat, ScSpecTypeDef,
    ScVal, TimePoint, UInt128Parts, UInt256Parts, Uint256,
};

use crate::{
    decode_spec::{described, function, spec_event},
    decode_support::{
        account, bytes, contract, decode, decode_some, entries, event, event_decoder, fault, i128, interface,
        list, string, strkey, symbol, xdr,
    },
};

fn muxed(byte: u8, id: u64) -> ScVal {
    ScVal::Address(ScAddress::MuxedAccount(MuxedEd25519Account { id, ed25519: Uint256([byte; 32]) }))
}

fn leaf() -> impl Strategy<Value = ScVal> {
    prop_oneof![
        any::<bool>().prop_map(ScVal::Bool),
        Just(ScVal::Void),
        any::<u32>().prop_map(|code| ScVal::Error(ScError::Contract(code))),
        any::<u32>().prop_map(ScVal::U32),
        any::<i32>().prop_map(ScVal::I32),
        any::<u64>().prop_map(ScVal::U64),
        any::<i64>().prop_map(ScVal::I64),
        any::<u64>().prop_map(|time| ScVal::Timepoint(TimePoint(time))),
        any::<u64>().prop_map(|time| ScVal::Duration(Duration(time))),
        any::<(u64, u64)>().prop_map(|(hi, lo)| ScVal::U128(UInt128Parts { hi, lo })),
        any::<i128>().prop_map(i128),
        any::<(u64, u64)>().prop_map(|(a, b)| ScVal::U256(UInt256Parts {
            hi_hi: a,
            hi_lo: b,
            lo_hi: 0,
            lo_lo: 0
        })),
        any::<(i64, u64)>().prop_map(|(a, b)| ScVal::I256(Int256Parts {
            hi_hi: 0,
            hi_lo: 0,
            lo_hi: a as u64 >> 1,
            lo_lo: b
        })),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(|it| bytes(&it)),
        "\\PC{0,6}".prop_map(|it| string(&it)),
        "[a-zA-Z0-9_]{0,9}".prop_map(|it| symbol(&it)),
        any::<u8>().prop_map(account),
        any::<u8>().prop_map(contract),
        any::<(u8, u64)>().prop_map(|(byte, id)| muxed(byte, id)),
        any::<i64>().prop_map(|nonce| ScVal::LedgerKeyNonce(ScNonceKey { nonce })),
    ]
}

fn value() -> impl Strategy<Value = ScVal> {
    leaf().prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(list),
            prop::collection::vec((inner.clone(), inner.clone()), 0..4).prop_map(entries),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|it| entries(it.into_iter().map(|(name, value)| (symbol(&name), value)))),
        ]
    })
}

/// What a value should read as, by its own fields.
fn expected(value: &ScVal) -> Json {
    match value {
        ScVal::Bool(value) => json!(value),
        ScVal::Void => json!(null),
        ScVal::Error(ScError::Contract(code)) => json!(format!("contract:{code}")),
        ScVal::U32(value) => json!(value),
        ScVal::I32(value) => json!(value),
        ScVal::U64(value) | ScVal::Timepoint(TimePoint(value)) | ScVal::Duration(Duration(value)) => {
            json!(value.to_string())
        }
        ScVal::I64(value) => json!(value.to_string()),
        ScVal::U128(parts) => json!((u128::from(parts.hi) << 64 | u128::from(parts.lo)).to_string()),
        ScVal::I128(parts) => json!((i128::from(parts.hi) << 64 | i128::from(parts.lo)).to_string()),
        ScVal::U256(parts) => json!(parts.to_string()),
        ScVal::I256(parts) => json!(parts.to_string()),
        ScVal::Bytes(value) => json!(const_hex::encode_prefixed(value.as_slice())),
        ScVal::String(value) => json!(value.to_utf8_string().unwrap().replace('\\', "\\\\")),
        ScVal::Symbol(value) => json!(value.to_utf8_string().unwrap()),
        ScVal::Vec(Some(items)) => items.iter().map(expected).collect(),
        ScVal::Map(Some(map)) => expected_map(map),
        ScVal::Address(ScAddress::MuxedAccount(it)) => {
            let muxed = stellar_strkey::ed25519::MuxedAccount { ed25519: it.ed25519.0, id: it.id };
            json!(muxed.to_string().as_str())
        }
        ScVal::Address(_) => json!(strkey(value)),
        ScVal::LedgerKeyNonce(key) => json!(key.nonce.to_string()),
        other => panic!("{other:?}"),
    }
}

fn expected_map(map: &ScMap) -> Json {
    let names: Option<Vec<_>> = map
        .iter()
        .map(|entry| match &entry.key {
            ScVal::Symbol(name) => Some(name.to_utf8_string().unwrap()),
            _ => None,
        })
        .collect();
    match names {
        Some(names) if names.is_sorted_by(|one, other| one < other) => {
            names.into_iter().zip(map.iter().map(|entry| expected(&entry.val))).collect()
        }
        _ => map
            .iter()
            .map(|entry| json!({"key": expected(&entry.key), "value": expected(&entry.val)}))
            .collect(),
    }
}

/// Decoders of every sort.
static DECODERS: LazyLock<Vec<Arc<dyn Decoder>>> = LazyLock::new(|| {
    let empty = StellarDialect.empty_interface();
    let token = interface("sac");
    let of_spec = described(&[
        spec_event(
            "E",
            &["e"],
            &[("a", ScSpecTypeDef::Address, true), ("b", ScSpecTypeDef::Val, false)],
            ScSpecEventDataFormat::Map,
        ),
        spec_event("F", &[], &[("a", ScSpecTypeDef::U32, true)], ScSpecEventDataFormat::Vec),
        function("f", &[("x", ScSpecTypeDef::Val)]),
    ]);
    let mut decoders = token.all_events();
    decoders.extend(of_spec.all_events());
    for reference in [
        "*",
        "e",
        "e(a: option<u32> @topic, b: option<address> @topic, c: {d: map<symbol, val>, e: option<(u32, vec<u32>)>}, f: memo)",
        "e(x: vec<vec<vec<option<{a: option<u32>, b: option<u32>, c: option<u32>}>>>>)",
    ] {
        decoders.extend(empty.events(reference).unwrap());
    }
    for reference in ["*", "f", "f(a: vec<u32>, b: result<u32, error>)"] {
        decoders.extend(empty.calls(reference).unwrap());
    }
    decoders.extend(token.calls("transfer").unwrap());
    decoders.extend(of_spec.calls("f").unwrap());
    decoders
});

fn try_all(payload: &Payload) {
    let mut values = Vec::new();
    for decoder in DECODERS.iter() {
        let fits = decoder.fits(payload);
        for wanted in [ArgMask::MAX, 1, 2, 0] {
            let read = decoder.decode(payload, wanted, &mut values);
            assert!(fits || read.is_err() || values.len() == decoder.schema().fields.len());
        }
    }
}

proptest! {
    #[test]
    fn values_of_any_kind_read_as_the_reference_codec_reads_them(value in value()) {
        let decoder = event_decoder("*");
        let json = decode(&*decoder, &event(&[symbol("x"), value.clone()], &value)).unwrap();
        prop_assert_eq!(&json["data"], &expected(&value));
        prop_assert_eq!(&json["topics"][1], &expected(&value));
        // Passing over it ends where it ends.
        let decoder = event_decoder("e(a: val, b: u32)");
        let payload = event(&[symbol("e")], &list([value, ScVal::U32(7)]));
        prop_assert_eq!(decode_some(&*decoder, &payload, 2).unwrap(), json!({"b": 7}));
    }

    #[test]
    fn what_the_reference_codec_reads_is_read(value in value(), place in 0usize..400, byte in any::<u8>()) {
        let mut mangled = xdr(&value);
        let place = place % mangled.len();
        mangled[place] = byte;
        let payload = payload::event(EventKind::Contract, &[&xdr(&symbol("e"))], &mangled);
        let ours = decode(&*event_decoder("*"), &payload);
        let theirs = ScVal::from_xdr(&mangled, Limits { depth: 500, len: mangled.len() });
        // It takes any number for the sign that something optional is there.
        if let Ok(theirs) = theirs.map_err(drop) && xdr(&theirs) == mangled {
            prop_assert!(ours.is_ok(), "{:?}: {:?}", theirs, ours);
        }
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        try_all(&Payload(bytes.clone().into()));
        try_all(&payload::event(EventKind::Contract, &[&xdr(&symbol("e")), &bytes], &bytes));
        try_all(&payload::call(&CallParts { depth: 0, operation: 0, function: b"f", arguments: &bytes }));
    }

    #[test]
    fn no_mangled_event_makes_a_decoder_panic(
        topics in prop::collection::vec(value(), 0..4),
        data in value(),
        name in prop::sample::select(vec!["e", "transfer", "mint", "approve"]),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let topics = [&[symbol(name)], &topics[..]].concat();
        let mut mangled = event(&topics, &data).0;
        try_all(&Payload(mangled.clone()));
        let place = place.index(mangled.len());
        mangled[place] = byte;
        try_all(&Payload(mangled));
    }

    #[test]
    fn no_description_makes_the_reader_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in "[(){}<>\\[\\]@:,\"a-z0-9 \n]{0,80}",
        start in prop::sample::select(vec!["event e(", "fn f(", "struct S {", "AAAA", "[{\"event_v0\":", ""]),
    ) {
        let _ = StellarDialect.interface(&bytes);
        let _ = StellarDialect.interface(&[&[0, 0, 0, bytes.len() as u8 % 6][..], &bytes].concat());
        let _ = StellarDialect.interface(&[b"\0asm\x01\0\0\0", &bytes[..]].concat());
        let text = format!("{start}{text}");
        let _ = StellarDialect.interface(text.as_bytes());
        let _ = StellarDialect.empty_interface().events(&text);
        let _ = StellarDialect.empty_interface().calls(&text);
    }
}

#[test]
fn rare_values_are_read_too() {
    let balance = ScAddress::ClaimableBalance(ClaimableBalanceId::ClaimableBalanceIdTypeV0(Hash([1; 32])));
    let every = event_decoder("*");
    let read = |value: &ScVal| decode(&*every, &event(&[], value)).unwrap()["data"].clone();
    assert!(read(&ScVal::Address(balance)).as_str().unwrap().starts_with('B'));
    let pool = ScVal::Address(ScAddress::LiquidityPool(PoolId(Hash([1; 32]))));
    assert!(read(&pool).as_str().unwrap().starts_with('L'));
    let instance = |executable| ScVal::ContractInstance(ScContractInstance { executable, storage: None });
    assert_eq!(
        read(&instance(ContractExecutable::StellarAsset)),
        json!({"executable": "stellar_asset", "storage": {}})
    );
    let wasm = read(&instance(ContractExecutable::Wasm(Hash([2; 32]))));
    assert_eq!(wasm["executable"], json!(format!("0x{}", "02".repeat(32))));
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| {
        // The XDR of a vector that holds a vector, written out: building it would recurse.
        let mut data = [0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1].repeat(depth);
        data.extend([0, 0, 0, 1]);
        payload::event(EventKind::Contract, &[&xdr(&symbol("e"))], &data)
    };
    let every = event_decoder("*");
    assert!(decode(&*every, &nested(60)).is_ok());
    assert!(fault(&*every, &nested(101)).contains("nested too deeply"));
    assert!(fault(&*every, &nested(100_000)).contains("nested too deeply"));
    // Passing over needs no stack.
    let decoder = event_decoder("e(a: option<val>, b: option<val>) as vec");
    assert!(decode_some(&*decoder, &nested(100_000), 2).is_ok());
}

#[test]
fn what_is_read_is_bounded_by_the_input() {
    // Each empty map of twelve bytes claims a record of many absent fields.
    let fields: Vec<_> = (0..250).map(|place| format!("f{place}: option<u32>")).collect();
    let decoder = event_decoder(&format!("e(x: vec<{{{}}}>)", fields.join(", ")));
    let many = list((0..50_000).map(|_| ScVal::Map(Some(ScMap(vec![].try_into().unwrap())))));
    assert!(fault(&*decoder, &event(&[symbol("e")], &many)).contains("more values than its length allows"));
    let claims = [&[0, 0, 0, 16, 0, 0, 0, 1][..], &u32::MAX.to_be_bytes()].concat();
    let payload = payload::event(EventKind::Contract, &[&xdr(&symbol("e"))], &claims);
    assert!(fault(&*decoder, &payload).contains("ends too early"));
}

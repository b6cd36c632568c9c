//! How many events a second are decoded, by the built-in description of tokens, by a written one, and without any.

#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::sync::Arc;

use chainbell_model::{ArgMask, Decoder, Dialect, Payload};
use chainbell_stellar::{
    StellarDialect,
    payload::{self, EventKind},
};
use divan::{Bencher, black_box, counter::ItemsCount};
use stellar_xdr::{
    AccountId, Int128Parts, Limits, PublicKey, ReadXdr, ScAddress, ScMap, ScMapEntry, ScString, ScSymbol,
    ScVal, ScVec, Uint256, WriteXdr,
};

const EVENTS: usize = 1000;

fn main() {
    divan::main();
}

fn symbol(text: &str) -> ScVal {
    ScVal::Symbol(ScSymbol(text.try_into().unwrap()))
}

fn account(number: usize) -> ScVal {
    let mut key = [7; 32];
    key[..8].copy_from_slice(&(number * 7919).to_be_bytes());
    ScVal::Address(ScAddress::Account(AccountId(PublicKey::PublicKeyTypeEd25519(Uint256(key)))))
}

fn amount(number: usize) -> ScVal {
    ScVal::I128(Int128Parts { hi: 0, lo: number as u64 * 1_000_003 })
}

fn fields(named: Vec<(&str, ScVal)>) -> ScVal {
    let entries: Vec<_> =
        named.into_iter().map(|(name, val)| ScMapEntry { key: symbol(name), val }).collect();
    ScVal::Map(Some(ScMap(entries.try_into().unwrap())))
}

fn xdr(value: &ScVal) -> Vec<u8> {
    value.to_xdr(Limits::none()).unwrap()
}

fn events(make: impl Fn(usize) -> (Vec<ScVal>, ScVal)) -> Vec<Payload> {
    let event = |number| {
        let (topics, data) = make(number);
        let topics: Vec<_> = topics.iter().map(xdr).collect();
        payload::event(EventKind::Contract, &topics, &xdr(&data))
    };
    (0..EVENTS).map(event).collect()
}

/// Transfers of an asset, every other one with whom it is for.
fn transfers() -> Vec<Payload> {
    let asset = "USDC:GA5ZSEJYB37JRC5AVCIA5MOP4RHTM335X2KGX3IHOJAPP5RE34K4KZVN";
    events(|number| {
        let asset = ScVal::String(ScString(asset.try_into().unwrap()));
        let topics = vec![symbol("transfer"), account(number), account(number + 1), asset];
        let data = match number % 2 {
            0 => amount(number),
            _ => fields(vec![("amount", amount(number)), ("to_muxed_id", ScVal::U64(number as u64))]),
        };
        (topics, data)
    })
}

/// Prices of ten assets, as oracles publish them.
fn prices() -> Vec<Payload> {
    events(|number| {
        let price = |of: usize| {
            let asset = ScVal::Vec(Some(ScVec(vec![symbol("Other"), symbol("EUR")].try_into().unwrap())));
            ScVal::Vec(Some(ScVec(vec![asset, amount(number + of)].try_into().unwrap())))
        };
        let list: Vec<_> = (0..10).map(price).collect();
        let topics = vec![symbol("reflector"), symbol("prices"), ScVal::U64(number as u64)];
        (topics, fields(vec![("prices", ScVal::Vec(Some(ScVec(list.try_into().unwrap()))))]))
    })
}

fn token(name: &str) -> Arc<dyn Decoder> {
    StellarDialect.interface(b"sac").unwrap().events(name).unwrap().remove(0)
}

fn written(reference: &str) -> Arc<dyn Decoder> {
    StellarDialect.empty_interface().events(reference).unwrap().remove(0)
}

fn run(bencher: Bencher<'_, '_>, decoder: &dyn Decoder, payloads: &[Payload], wanted: ArgMask) {
    let mut values = Vec::new();
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        for payload in payloads {
            if decoder.fits(payload) {
                decoder.decode(payload, wanted, &mut values).unwrap();
                black_box(&values);
            }
        }
    });
}

#[divan::bench(args = [0b111111, 0b1000, 0b1])]
fn asset_transfers(bencher: Bencher<'_, '_>, wanted: ArgMask) {
    run(bencher, &*token("transfer"), &transfers(), wanted);
}

#[divan::bench]
fn asset_transfers_that_do_not_fit(bencher: Bencher<'_, '_>) {
    run(bencher, &*token("mint"), &transfers(), ArgMask::MAX);
}

#[divan::bench]
fn asset_transfers_without_a_type(bencher: Bencher<'_, '_>) {
    run(bencher, &*written("*"), &transfers(), ArgMask::MAX);
}

#[divan::bench]
fn prices_with_types(bencher: Bencher<'_, '_>) {
    let signature =
        "p[\"reflector\", \"prices\"](at: u64 @topic, prices: vec<((symbol, symbol), i128)>) as map";
    run(bencher, &*written(signature), &prices(), ArgMask::MAX);
}

#[divan::bench]
fn prices_without_types(bencher: Bencher<'_, '_>) {
    run(bencher, &*written("*"), &prices(), ArgMask::MAX);
}

/// What the reference codec takes to read the same values, without making anything of them.
#[divan::bench]
fn asset_transfers_by_the_reference_codec(bencher: Bencher<'_, '_>) {
    let payloads = transfers();
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        for payload in &payloads {
            let parts = payload::event_parts(payload);
            for value in parts.topics.iter().chain([parts.value]) {
                black_box(ScVal::from_xdr(value, Limits { depth: 100, len: value.len() }).unwrap());
            }
        }
    });
}

#[divan::bench]
fn address_texts(bencher: Bencher<'_, '_>) {
    let addresses: Vec<_> = (0..EVENTS)
        .map(|number| {
            let mut bytes = [48; 33];
            bytes[1..9].copy_from_slice(&(number * 7919).to_be_bytes());
            chainbell_model::Address::from_slice(&bytes).unwrap()
        })
        .collect();
    let mut text = String::new();
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        for address in &addresses {
            text.clear();
            StellarDialect.address_text(address, &mut text);
            black_box(&text);
        }
    });
}

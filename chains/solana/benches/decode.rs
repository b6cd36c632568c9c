//! How many events and instructions a second are decoded, and how long reading an IDL takes.

#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::{fmt::Write as _, sync::Arc};

use chainbell_model::{ArgMask, Decoder, Dialect, Payload, value::write_json_record};
use chainbell_solana::{
    SolanaDialect,
    payload::{self, CallParts, EventParts, Source},
};
use divan::{Bencher, black_box, counter::ItemsCount};

const EVENTS: usize = 1000;
const TRADED: &str = "Traded(pubkey mint, u64 solAmount, u64 tokenAmount, bool isBuy, pubkey user, i64 timestamp, \
    u64 virtualSol, u64 virtualToken, u64 realSol, u64 realToken, pubkey feeRecipient, u64 feeBps, u128 price, \
    string name, option<pubkey> referrer)";
const ALL: ArgMask = (1 << 18) - 1;

fn main() {
    divan::main();
}

fn traded() -> Arc<dyn Decoder> {
    SolanaDialect.empty_interface().events(TRADED).unwrap().remove(0)
}

fn events(decoder: &dyn Decoder) -> Vec<Payload> {
    let key = decoder.key().unwrap();
    let event = |index: usize| {
        let mut data = key[..8].to_vec();
        let key = [index as u8 | 1; 32];
        let number = (index as u64 * 1_000_003).to_le_bytes();
        data.extend(key);
        data.extend([number, number].concat());
        data.push(1);
        data.extend(key);
        data.extend([number; 5].concat());
        data.extend(key);
        data.extend([number; 3].concat());
        data.extend(4u32.to_le_bytes());
        data.extend(b"sell");
        data.push(1);
        data.extend(key);
        payload::event(&EventParts { source: Source::Cpi, depth: 2, instruction: 1, data: &data })
    };
    (0..EVENTS).map(event).collect()
}

/// All fields, two of them, none.
#[divan::bench(args = [ALL, 0b110, 0])]
fn events_of_15_fields(bencher: Bencher<'_, '_>, wanted: ArgMask) {
    let decoder = traded();
    let events = events(&*decoder);
    let mut values = Vec::new();
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        for event in &events {
            if decoder.fits(event) {
                decoder.decode(event, wanted, &mut values).unwrap();
                black_box(&values);
            }
        }
    });
}

#[divan::bench]
fn events_of_15_fields_to_json(bencher: Bencher<'_, '_>) {
    let decoder = traded();
    let events = events(&*decoder);
    let (mut values, mut text) = (Vec::new(), String::new());
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        for event in &events {
            text.clear();
            decoder.decode(event, ALL, &mut values).unwrap();
            write_json_record(decoder.schema(), values.iter().map(Option::as_ref), &SolanaDialect, &mut text);
            black_box(&text);
        }
    });
}

#[divan::bench]
fn events_that_do_not_fit(bencher: Bencher<'_, '_>) {
    let events = events(&*traded());
    let other = SolanaDialect.empty_interface().events("Other(u64 x)").unwrap().remove(0);
    bencher
        .counter(ItemsCount::new(EVENTS))
        .bench_local(|| events.iter().filter(|event| black_box(&*other).fits(event)).count());
}

#[divan::bench]
fn token_transfers(bencher: Bencher<'_, '_>) {
    let decoder = SolanaDialect.interface(b"spl-token").unwrap().calls("transferChecked").unwrap().remove(0);
    let accounts = [[1; 32], [2; 32], [3; 32], [4; 32]];
    let data = [12, 7, 0, 0, 0, 0, 0, 0, 0, 6];
    let calls = vec![
        payload::call(&CallParts { depth: 2, instruction: 1, accounts: &accounts, data: &data });
        EVENTS
    ];
    let mut values = Vec::new();
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        for call in &calls {
            if decoder.fits(call) {
                decoder.decode(call, ArgMask::MAX, &mut values).unwrap();
                black_box(&values);
            }
        }
    });
}

/// An IDL of 100 instructions and 100 events of 20 fields each.
#[divan::bench]
fn idl_read(bencher: Bencher<'_, '_>) {
    let mut fields = String::new();
    for place in 0..20 {
        let comma = if place > 0 { "," } else { "" };
        let _ = write!(fields, "{comma}{{\"name\":\"field_{place}\",\"type\":{{\"option\":\"u64\"}}}}");
    }
    let list = |key: &str| {
        let items = (0..100).map(|place| format!("{{\"name\":\"item_{place}\",\"{key}\":[{fields}]}}"));
        items.collect::<Vec<_>>().join(",")
    };
    let idl = format!("{{\"instructions\":[{}],\"events\":[{}]}}", list("args"), list("fields"));
    bencher.bench(|| SolanaDialect.interface(black_box(idl.as_bytes())).unwrap());
}

//! How many events a second are decoded.

#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::{fmt::Write as _, sync::Arc};

use chainbell_model::{ArgMask, Decoder, Dialect, Payload};
use chainbell_sui::{
    SuiDialect,
    payload::{self, EventParts},
};
use divan::{Bencher, black_box, counter::ItemsCount};

const EVENTS: u64 = 1000;

const FILLED: &str = "order_info::OrderFilled { pool_id: ID, maker_order_id: u128, taker_order_id: u128, \
    maker_client_order_id: u64, taker_client_order_id: u64, price: u64, taker_is_bid: bool, taker_fee: u64, \
    taker_fee_is_deep: bool, maker_fee: u64, maker_fee_is_deep: bool, base_quantity: u64, quote_quantity: u64, \
    maker_balance_manager_id: ID, taker_balance_manager_id: ID, timestamp: u64 }";

const PACKAGE: &str = "0x2c8d603bc51326b8c13cef9dd07031a408a48dddb541963357661df5d3204809";

fn main() {
    divan::main();
}

fn decoder(layout: &str) -> Arc<dyn Decoder> {
    SuiDialect.empty_interface().events(layout).unwrap().remove(0)
}

fn payloads(name: &str, contents: impl Fn(u64) -> Vec<u8>, json: Option<&str>) -> Vec<Payload> {
    let payload = |place| {
        payload::event(&EventParts {
            package: [7; 32],
            module: "pool",
            sender: [8; 32],
            struct_tag: &format!("{PACKAGE}::{name}"),
            contents: &contents(place),
            json,
        })
    };
    (0..EVENTS).map(payload).collect()
}

fn filled(place: u64) -> Vec<u8> {
    let mut bytes = vec![1; 32];
    for number in [place, 1, place, 2, 3, 4, 5_081_000] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.push(1);
    bytes.extend([5; 8]);
    bytes.push(0);
    bytes.extend([6; 8]);
    bytes.push(1);
    bytes.extend([7; 16 + 64 + 8]);
    bytes
}

fn decode(bencher: Bencher<'_, '_>, decoder: &dyn Decoder, payloads: &[Payload], wanted: ArgMask) {
    let mut values = Vec::new();
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        for payload in payloads {
            if decoder.fits(payload) {
                decoder.decode(black_box(payload), wanted, &mut values).unwrap();
                black_box(&values);
            }
        }
    });
}

/// All fields, one field, fields with attributes, attributes alone.
#[divan::bench(args = [0xffff, 1 << 5, ArgMask::MAX, 1 << 16])]
fn order_filled(bencher: Bencher<'_, '_>, wanted: ArgMask) {
    decode(bencher, &*decoder(FILLED), &payloads("order_info::OrderFilled", filled, None), wanted);
}

#[divan::bench]
fn order_filled_rendered(bencher: Bencher<'_, '_>) {
    let mut json = String::from("{");
    for name in ["pool_id", "maker_balance_manager_id", "taker_balance_manager_id"] {
        let _ = write!(json, "\"{name}\":\"{PACKAGE}\",");
    }
    for name in ["taker_is_bid", "taker_fee_is_deep", "maker_fee_is_deep"] {
        let _ = write!(json, "\"{name}\":true,");
    }
    let numbers = "maker_order_id taker_order_id maker_client_order_id taker_client_order_id price taker_fee maker_fee \
        base_quantity quote_quantity timestamp";
    for name in numbers.split_whitespace() {
        let _ = write!(json, "\"{name}\":\"170141183460469231\",");
    }
    json.pop();
    json.push('}');
    let payloads = payloads("order_info::OrderFilled", |_| Vec::new(), Some(&json));
    decode(bencher, &*decoder(FILLED), &payloads, 0xffff);
}

#[divan::bench]
fn open_type_parameter(bencher: Bencher<'_, '_>) {
    let layout = "m::Changed<T> { by: address, value: T }";
    let name = format!("m::Changed<{PACKAGE}::m::Changed<u64>>");
    let payloads = payloads(&name, |_| [[1; 64].as_slice(), &[2; 8]].concat(), None);
    decode(bencher, &*decoder(layout), &payloads, 0b11);
}

#[divan::bench]
fn told_apart_by_type_arguments(bencher: Bencher<'_, '_>) {
    let description = "pool::Created<A, B> { fee: u64 }";
    let interface = SuiDialect.interface(description.as_bytes()).unwrap();
    let decoder = interface.events("pool::Created<*, 0x2::sui::SUI>").unwrap().remove(0);
    let name = format!("pool::Created<{PACKAGE}::usdc::USDC, {PACKAGE}::coin::COIN>");
    let payloads = payloads(&name, |_| vec![0; 8], None);
    decode(bencher, &*decoder, &payloads, 1);
}

#[divan::bench]
fn event_keys(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(1_u32))
        .bench(|| payload::event_key(black_box("order_info"), black_box("OrderFilled")));
}

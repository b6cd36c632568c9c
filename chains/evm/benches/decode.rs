//! How many logs a second are read from JSON, and how many events a second are decoded.

#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]

use std::{fmt::Write as _, sync::Arc};

use chainbell_evm::{
    EvmDialect,
    assemble::{self, Frame},
    bloom::Bloom,
    wire::WireLog,
};
use chainbell_model::{Address, ArgMask, Block, Contracts, Decoder, Dialect, Interest};
use divan::{Bencher, black_box, counter::ItemsCount};

const LOGS: usize = 1000;

fn main() {
    divan::main();
}

/// The answer of `eth_getLogs` for a block of ERC-20 transfers between accounts that seldom repeat.
fn answer() -> String {
    let mut json = String::from("[");
    for index in 0..LOGS {
        let comma = if index > 0 { "," } else { "" };
        let _ = write!(
            json,
            "{comma}{{\"address\":\"0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48\",\"topics\":[\
             \"0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef\",\
             \"0x000000000000000000000000{:040x}\",\"0x000000000000000000000000{:040x}\"],\
             \"data\":\"0x{:064x}\",\"blockNumber\":\"0x112a880\",\
             \"transactionHash\":\"0x{index:064x}\",\"transactionIndex\":\"0x{index:x}\",\
             \"blockHash\":\"0x{:064x}\",\"blockTimestamp\":\"0x64ed1f00\",\"logIndex\":\"0x{index:x}\",\"removed\":false}}",
            index * 7919,
            index * 104_729,
            index * 1_000_003,
            1,
        );
    }
    json + "]"
}

fn logs() -> Vec<WireLog> {
    serde_json::from_str(&answer()).unwrap()
}

fn block(logs: Vec<WireLog>, interest: &Interest) -> Block {
    let frame = Frame::of_log(&logs[0]).unwrap();
    assemble::events_block(frame, logs, interest).unwrap()
}

fn transfer() -> Arc<dyn Decoder> {
    EvmDialect.interface(b"erc20").unwrap().events("Transfer").unwrap().remove(0)
}

#[divan::bench]
fn logs_from_json(bencher: Bencher<'_, '_>) {
    let json = answer();
    bencher
        .counter(ItemsCount::new(LOGS))
        .bench(|| serde_json::from_str::<Vec<WireLog>>(black_box(&json)).unwrap());
}

#[divan::bench]
fn block_from_json(bencher: Bencher<'_, '_>) {
    let json = answer();
    let interest = Interest::default();
    bencher
        .counter(ItemsCount::new(LOGS))
        .bench(|| block(serde_json::from_str(black_box(&json)).unwrap(), &interest));
}

#[divan::bench]
fn block_with_token_transfers(bencher: Bencher<'_, '_>) {
    let interest = Interest { token_transfers: Contracts::Any, ..Interest::default() };
    bencher.counter(ItemsCount::new(LOGS)).with_inputs(logs).bench_values(|logs| block(logs, &interest));
}

#[divan::bench(args = [0b111, 0b100, 0b001])]
fn decoded_transfers(bencher: Bencher<'_, '_>, wanted: ArgMask) {
    let block = block(logs(), &Interest::default());
    let decoder = transfer();
    let mut values = Vec::new();
    bencher.counter(ItemsCount::new(LOGS)).bench_local(|| {
        for event in &block.events {
            if decoder.fits(&event.payload) {
                decoder.decode(&event.payload, wanted, &mut values).unwrap();
                black_box(&values);
            }
        }
    });
}

#[divan::bench]
fn bloom_of_logs(bencher: Bencher<'_, '_>) {
    let logs = logs();
    bencher.counter(ItemsCount::new(LOGS)).bench(|| Bloom::of(black_box(&logs)));
}

#[divan::bench(args = [1, LOGS])]
fn address_texts(bencher: Bencher<'_, '_>, distinct: usize) {
    let addresses: Vec<_> = (0..LOGS)
        .map(|index| {
            let mut bytes = [7; 20];
            bytes[..8].copy_from_slice(&((index % distinct) * 7919).to_be_bytes());
            bytes[19] = (index % distinct) as u8;
            Address::from(bytes)
        })
        .collect();
    let mut text = String::new();
    bencher.counter(ItemsCount::new(LOGS)).bench_local(|| {
        for address in &addresses {
            text.clear();
            EvmDialect.address_text(address, &mut text);
            black_box(&text);
        }
    });
}

//! What evaluating and compiling cost. One iteration of the block benches is 1,000 logs.

#[path = "../tests/it/fake.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "shared with the tests")]
mod fake;

use chainbell_matcher::{AddressSets, MonitorSpec, Plan, Scratch};
use chainbell_model::{Address, Block, Value};
use divan::{Bencher, counter::ItemsCount};
use fake::{address, block, contract, dialect, event, int, interface, monitor, payload};

const TRANSFER: &str = "Transfer(address indexed from, address indexed to, uint256 value)";
const LOGS: usize = 1_000;

fn main() {
    divan::main();
}

/// Each monitor on a contract of its own.
fn monitors(count: usize, condition: impl Fn(usize) -> String) -> Vec<MonitorSpec> {
    let erc20 = interface(TRANSFER);
    let spec = |index: usize| {
        let mut contract = (*contract(1, &erc20)).clone();
        contract.address = Some(own_address(index));
        MonitorSpec {
            contracts: vec![contract.into()],
            events: vec!["Transfer".into()],
            when: Some(condition(index)),
            ..monitor("m")
        }
    };
    (0..count).map(spec).collect()
}

fn own_address(index: usize) -> Address {
    let mut bytes = [0x77; 20];
    bytes[..8].copy_from_slice(&index.to_be_bytes());
    bytes.into()
}

fn compile(monitors: Vec<MonitorSpec>) -> Plan {
    Plan::compile(dialect(), monitors, Vec::new(), &AddressSets::new()).expect("monitors without mistakes")
}

/// Transfers of 50 tokens, in turn.
fn traffic(emitter: impl Fn(usize) -> Address) -> Block {
    let mut block = block();
    block.events = (0..LOGS)
        .map(|index| {
            let values = [Value::Address(address(1)), Value::Address(address(2)), int(500 + index as i64)];
            let mut event = event(index as u32, 1, "Transfer", payload(2, &values));
            event.emitter = emitter(index % 50);
            event
        })
        .collect();
    block
}

fn run(bencher: Bencher<'_, '_>, plan: &Plan, block: &Block) {
    let mut scratch = Scratch::default();
    bencher.counter(ItemsCount::new(LOGS)).bench_local(|| plan.evaluate(block, &mut scratch).found.len());
}

#[divan::bench(args = [1, 1_000, 10_000])]
fn nothing_matches(bencher: Bencher<'_, '_>, count: usize) {
    let plan = compile(monitors(count, |_| "value > 1000".to_owned()));
    run(bencher, &plan, &traffic(|index| own_address(1_000_000 + index)));
}

#[divan::bench]
fn decoded_and_evaluated_without_a_match(bencher: Bencher<'_, '_>) {
    let plan = compile(monitors(50, |_| format!("value > 1000000 && from == '0x{}'", "01".repeat(20))));
    run(bencher, &plan, &traffic(own_address));
}

#[divan::bench]
fn decoded_evaluated_and_half_of_it_matched(bencher: Bencher<'_, '_>) {
    let plan = compile(monitors(50, |_| format!("value > 1000 && from == '0x{}'", "01".repeat(20))));
    run(bencher, &plan, &traffic(own_address));
}

/// The same event under many conditions, which fail in the second part: the slope is what one evaluation costs.
#[divan::bench(args = [10, 110])]
fn conditions_on_one_token(bencher: Bencher<'_, '_>, count: usize) {
    let mut monitors = monitors(count, |index| format!("value > {index} && from == '0x{}'", "02".repeat(20)));
    let shared = monitors[0].contracts.clone();
    monitors.iter_mut().for_each(|monitor| monitor.contracts = shared.clone());
    run(bencher, &compile(monitors), &traffic(|_| own_address(0)));
}

#[divan::bench]
fn ten_thousand_monitors_match_each_log_of_one_token(bencher: Bencher<'_, '_>) {
    let mut monitors = monitors(10_000, |_| "value > 1".to_owned());
    let shared = monitors[0].contracts.clone();
    monitors.iter_mut().for_each(|monitor| monitor.contracts = shared.clone());
    let mut block = traffic(|_| own_address(0));
    block.events.truncate(10);
    let plan = compile(monitors);
    let mut scratch = Scratch::default();
    bencher
        .counter(ItemsCount::new(100_000u32))
        .bench_local(|| plan.evaluate(&block, &mut scratch).found.len());
}

#[divan::bench(args = [1_000, 10_000])]
fn compile_monitors_with_one_condition(bencher: Bencher<'_, '_>, count: usize) {
    let specs = monitors(count, |_| "value > 1000".to_owned());
    bencher.with_inputs(|| specs.clone()).bench_local_values(compile);
}

#[divan::bench(args = [1_000, 10_000])]
fn compile_monitors_with_a_condition_each(bencher: Bencher<'_, '_>, count: usize) {
    let specs = monitors(count, |index| format!("value > {index} && from != '0x{}'", "01".repeat(20)));
    bencher.with_inputs(|| specs.clone()).bench_local_values(compile);
}

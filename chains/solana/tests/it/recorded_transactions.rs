//! Transactions of the main network: who emitted what, as another decoder and the stack of invocations tell it.

use chainbell_model::{Block, Event, Standard};
use chainbell_solana::payload::{self, Source};
use serde_json::Value as Json;

use crate::{
    assemble_support::{address, events_of, everything},
    recorded::{self, Logged},
};

fn of(block: &Block, source: Source) -> Vec<&Event> {
    block.events.iter().filter(|event| payload::event_parts(&event.payload).source == source).collect()
}

fn hex(bytes: &[u8]) -> String {
    const_hex::encode(bytes)
}

/// The recorded transaction of that name, whole or rebuilt from its log and the instructions that were kept.
fn assembled(name: &str, recorded: &Json) -> Block {
    if recorded.get("result").is_some() {
        return recorded::transaction(recorded, &everything());
    }
    let log = recorded["logMessages"].as_array().unwrap();
    let mut logged = Logged::of(log.iter().map(|line| line.as_str().unwrap()));
    if name.starts_with("pump-fun-sell") {
        // Its log was not kept.
        for (program, depth) in [
            ("ComputeBudget111111111111111111111111111111", 1),
            ("ComputeBudget111111111111111111111111111111", 1),
            ("11111111111111111111111111111111", 1),
            ("6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P", 2),
            ("pfeeUxB6jkeY1Hxd7CsFCAjcbHA9rWtchMGdZ6VojVZ", 3),
            ("6EF8rrecthR5Dkzon8Nwu78hRvfCKubJ14M5uBEwF6P", 3),
        ] {
            logged.push(program, depth);
        }
    }
    for instruction in recorded["instructions"].as_array().unwrap() {
        logged.fill(instruction);
    }
    logged.read(&recorded["logMessages"], &Json::Null, &everything())
}

#[test]
fn events_are_attributed_as_expected() {
    let Some(folder) = recorded::folder() else { return };
    let expected = recorded::read(&folder.join("tx-events.expected.json"));
    let expected = expected.as_array().unwrap();
    assert_eq!(expected.len(), 6);
    for expected in expected {
        let name = expected["file"].as_str().unwrap();
        let block = assembled(name, &recorded::read(&folder.join("tx-events").join(name)));
        let by_log: Vec<_> = of(&block, Source::Log)
            .iter()
            .map(|event| {
                let parts = payload::event_parts(&event.payload);
                (event.emitter, u64::from(parts.depth), hex(&parts.data[..8]), parts.data.len() as u64)
            })
            .collect();
        let lines = expected["programDataAttribution"].as_array().unwrap();
        let expected_lines: Vec<_> = lines
            .iter()
            .map(|line| {
                let text = |field: &str| line[field].as_str().unwrap();
                let number = |field: &str| line[field].as_u64().unwrap();
                (address(text("program")), number("depth"), text("discriminator").to_owned(), number("bytes"))
            })
            .collect();
        assert_eq!(by_log, expected_lines, "{name}");
        let by_cpi: Vec<_> = of(&block, Source::Cpi).iter().map(|event| event.emitter).collect();
        let events = expected["events"].as_array().unwrap().iter();
        let expected_cpi: Vec<_> = events
            .filter(|event| event["via"] == "cpi")
            .map(|event| address(event["program"].as_str().unwrap()))
            .collect();
        assert_eq!(by_cpi, expected_cpi, "{name}");
        assert_eq!(by_cpi.len() as u64, expected["cpiEventInstructions"].as_u64().unwrap());
        assert!(block.defects.is_empty(), "{name}: {:?}", block.defects);
    }
}

#[test]
fn a_fill_told_by_instruction_holds_the_bytes_of_the_instruction() {
    let Some(folder) = recorded::folder() else { return };
    let name = "jup-limit-order-v2-fill.json";
    let recorded = recorded::read(&folder.join("tx-events").join(name));
    let block = assembled(name, &recorded);
    let order: Vec<_> = block.events.iter().map(|event| (event.index, event.emitter)).collect();
    let amm = address("pAMMBay6oceH9fJKBRHGP5D4bD4sWpmSwMn52FMfXEA");
    let orders = address("j1o2qRpjcyUwEvwtcfhEQefh773ZgjxcVRry7LDqg5X");
    assert_eq!(order, [(0, amm), (1, orders)], "the line came first");
    let parts = payload::event_parts(&block.events[1].payload);
    let instruction = recorded["instructions"][0]["inner"][0]["dataHex"].as_str().unwrap();
    assert_eq!(format!("e445a52e51cb9a1d{}", hex(parts.data)), instruction);
    assert_eq!((parts.depth, parts.instruction), (1, 3));
    let calls: Vec<_> = block.calls.iter().filter(|call| call.contract == orders).collect();
    assert_eq!(calls.len(), 1, "the event's instruction is no call");
    let accounts = payload::call_parts(&calls[0].payload).accounts;
    assert_eq!(accounts.len(), recorded["instructions"][0]["accounts"].as_array().unwrap().len());
}

#[test]
fn a_swap_moves_what_it_moved() {
    let Some(folder) = recorded::folder() else { return };
    let recorded = recorded::read(&folder.join("tx-events/getTransaction-raydium-clmm-swap-376411673.json"));
    let block = recorded::transaction(&recorded, &everything());
    let user = address("98QXkwe6DThTsTq7tukKF4g9Wc6WnRbZyTBZ1iBupY39");
    let pool = address("EM4Fvu4G3qLuSNdBeturuHzqh871hh1evxY7RLBoF6ZL");
    let moved: Vec<_> = block
        .transfers
        .iter()
        .map(|it| (it.index, it.standard, it.from, it.to, it.amount.to_u64().unwrap()))
        .collect();
    assert_eq!(moved[0].1, Standard::Native);
    let tokens: Vec<_> = moved.iter().filter(|it| it.1 == Standard::Fungible).collect();
    assert_eq!(tokens.len(), 2, "{moved:?}");
    assert!(tokens.iter().any(|it| (it.2, it.3, it.4) == (Some(pool), Some(user), 807_769_528_641)));
    // The user wrapped the SOL within the transaction, so the pool's gain has no giver.
    assert!(tokens.iter().any(|it| (it.2, it.3, it.4) == (None, Some(pool), 300_000_000)));
    assert_eq!(block.calls.len(), 8);
    assert!(
        recorded::transaction(&recorded, &events_of(Some(&["11111111111111111111111111111111"])))
            .transactions
            .is_empty()
    );
}

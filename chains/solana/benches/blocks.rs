//! What a full block costs: reading it off the wire, and putting together what an interest asks for.
//!
//! The block is made up in the shapes of recorded ones: 1,000 votes, and 500 transactions with eight instructions that lead
//! to twelve inner ones, logs and token balances.

#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up has nothing to measure")]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_model::{Address, Contracts, EventFilter, Interest};
use chainbell_solana::{assemble, wire};
use divan::{Bencher, black_box, counter::BytesCount};
use serde_json::{Value as Json, json};

const VOTES: u64 = 1000;
const OTHERS: u64 = 500;
const VOTE: &str = "Vote111111111111111111111111111111111111111";
const TOKEN: &str = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
const BUDGET: &str = "ComputeBudget111111111111111111111111111111";
/// As many programs are called by turns.
const PROGRAMS: u64 = 40;

fn main() {
    divan::main();
}

/// Numbers that look random and are the same every time.
fn bytes<const N: usize>(seed: u64) -> [u8; N] {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    std::array::from_fn(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
}

fn text(bytes: &[u8]) -> String {
    bs58::encode(bytes).into_string()
}

fn key(seed: u64) -> String {
    text(&bytes::<32>(seed))
}

/// Some keys recur in most transactions.
fn program(number: u64) -> u64 {
    1_000_000 + number % PROGRAMS
}

struct Instruction {
    program: u8,
    accounts: Vec<u8>,
    data: Vec<u8>,
    height: Option<u8>,
}

impl Instruction {
    fn json(&self) -> Json {
        json!({
            "programIdIndex": self.program, "accounts": self.accounts, "data": text(&self.data),
            "stackHeight": self.height,
        })
    }
}

fn count(value: usize, out: &mut Vec<u8>) {
    if value >= 0x80 {
        out.push(value as u8 | 0x80);
    }
    out.push((if value >= 0x80 { value >> 7 } else { value }) as u8);
}

fn body(seed: u64, keys: &[String], instructions: &[Instruction], encoding: Encoding) -> Json {
    let signature = bytes::<64>(seed ^ 0xff00);
    if encoding == Encoding::Json {
        let instructions: Vec<_> = instructions.iter().map(Instruction::json).collect();
        return json!({
            "message": {
                "accountKeys": keys,
                "addressTableLookups": [],
                "header": {
                    "numReadonlySignedAccounts": 0, "numReadonlyUnsignedAccounts": 3, "numRequiredSignatures": 1,
                },
                "instructions": instructions,
                "recentBlockhash": key(77),
            },
            "signatures": [text(&signature)],
        });
    }
    let mut out = vec![1];
    out.extend(signature);
    out.extend([0x80, 1, 0, 3]);
    count(keys.len(), &mut out);
    for key in keys {
        out.extend(bs58::decode(key).into_vec().unwrap());
    }
    out.extend([7; 32]);
    count(instructions.len(), &mut out);
    for instruction in instructions {
        out.push(instruction.program);
        count(instruction.accounts.len(), &mut out);
        out.extend(&instruction.accounts);
        count(instruction.data.len(), &mut out);
        out.extend(&instruction.data);
    }
    out.push(0);
    json!([STANDARD.encode(out), "base64"])
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Json,
    Base64,
}

fn vote(seed: u64, encoding: Encoding) -> Json {
    let keys = [key(seed), key(seed + 1), VOTE.to_owned()];
    let data = bytes::<148>(seed).to_vec();
    let instruction = Instruction { program: 2, accounts: vec![1, 0], data, height: Some(1) };
    json!({
        "meta": {
            "computeUnitsConsumed": 2100, "costUnits": 3428, "err": null, "fee": 5000, "innerInstructions": [],
            "loadedAddresses": { "readonly": [], "writable": [] },
            "logMessages": [format!("Program {VOTE} invoke [1]"), format!("Program {VOTE} success")],
            "postBalances": [39_999_995_000_u64, 27_074_400, 1], "postTokenBalances": [],
            "preBalances": [40_000_000_000_u64, 27_074_400, 1], "preTokenBalances": [], "rewards": null,
            "status": { "Ok": null },
        },
        "transaction": body(seed, &keys, &[instruction], encoding),
        "version": "legacy",
    })
}

fn swap(seed: u64, encoding: Encoding) -> Json {
    let mut keys: Vec<_> = (0..18).map(|place| key(seed * 100 + place)).collect();
    let (token, budget) = (keys.len() as u8, keys.len() as u8 + 1);
    keys.extend([TOKEN.to_owned(), BUDGET.to_owned()]);
    let loaded: Vec<_> = (0..5).map(|place| key(seed * 100 + 50 + place)).collect();
    let programs: Vec<_> = (0..3).map(|place| key(program(seed + place))).collect();
    let first_program = (keys.len() + loaded.len()) as u8;
    let instruction = |program: u8, accounts: u8, len: usize, height: u8| Instruction {
        program,
        accounts: (0..accounts).collect(),
        data: bytes::<300>(seed + u64::from(program) + len as u64)[..len].to_vec(),
        height: Some(height),
    };
    let mut top = vec![instruction(budget, 0, 5, 1), instruction(budget, 0, 9, 1)];
    let mut inner = Vec::new();
    let mut log = Vec::new();
    for _ in 0..2 {
        log.push(format!("Program {BUDGET} invoke [1]"));
        log.push(format!("Program {BUDGET} success"));
    }
    for place in 0..6_u8 {
        let number = usize::from(place % 3);
        let name = &programs[number];
        let this = first_program + number as u8;
        top.push(instruction(this, 14, 24, 1));
        log.push(format!("Program {name} invoke [1]"));
        log.push("Program log: Instruction: Swap".to_owned());
        let mut group = vec![instruction(token, 4, 9, 2)];
        log.push(format!("Program {TOKEN} invoke [2]"));
        log.push("Program log: Instruction: TransferChecked".to_owned());
        log.push(format!("Program {TOKEN} consumed 6238 of 169319 compute units"));
        log.push(format!("Program {TOKEN} success"));
        let mut event = bytes::<200>(seed + u64::from(place));
        event[..8].fill(number as u8);
        if place % 2 == 0 {
            log.push(format!("Program data: {}", STANDARD.encode(event)));
            group.push(instruction(token, 4, 9, 2));
            log.push(format!("Program {TOKEN} invoke [2]"));
            log.push(format!("Program {TOKEN} success"));
        } else {
            let data = [&[0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d], &event[..]].concat();
            group.push(Instruction { program: this, accounts: vec![3], data, height: Some(2) });
            log.push(format!("Program {name} invoke [2]"));
            log.push(format!("Program {name} consumed 2048 of 129047 compute units"));
            log.push(format!("Program {name} success"));
        }
        log.push(format!("Program log: ray_log: {}", STANDARD.encode(bytes::<60>(seed))));
        log.push(format!("Program {name} consumed 98147 of 223790 compute units"));
        log.push(format!("Program {name} success"));
        let group: Vec<_> = group.iter().map(Instruction::json).collect();
        inner.push(json!({ "index": place + 2, "instructions": group }));
    }
    let all = keys.len() + loaded.len() + programs.len();
    let balances: Vec<_> = (0..all as u64).map(|place| 2_039_280 + place * 1_000_003).collect();
    let mut after = balances.clone();
    after[0] -= 6000;
    after[5] += 1000;
    let held =
        |more: u64| -> Vec<_> { (1..6).map(|place| held(seed, place, place * 1_000_000 + more)).collect() };
    json!({
        "meta": {
            "computeUnitsConsumed": 109_498, "costUnits": 113_327, "err": null, "fee": 5000,
            "innerInstructions": inner,
            "loadedAddresses": { "readonly": programs, "writable": loaded },
            "logMessages": log,
            "postBalances": after, "postTokenBalances": held(seed % 7),
            "preBalances": balances, "preTokenBalances": held(0), "rewards": null,
            "status": { "Ok": null },
        },
        "transaction": body(seed, &keys, &top, encoding),
        "version": 0,
    })
}

fn held(seed: u64, place: u64, amount: u64) -> Json {
    json!({
        "accountIndex": place, "mint": key(program(seed + place)), "owner": key(seed * 100 + place % 3),
        "programId": TOKEN,
        "uiTokenAmount": {
            "amount": amount.to_string(), "decimals": 6, "uiAmount": amount as f64 / 1e6,
            "uiAmountString": (amount as f64 / 1e6).to_string(),
        },
    })
}

fn block(encoding: Encoding) -> String {
    let votes = (0..VOTES).map(|seed| vote(seed, encoding));
    let transactions: Vec<_> = votes.chain((0..OTHERS).map(|seed| swap(seed, encoding))).collect();
    json!({
        "blockHeight": 1, "blockTime": 1_761_676_473, "blockhash": key(1), "parentSlot": 41,
        "previousBlockhash": key(2), "transactions": transactions,
    })
    .to_string()
}

fn read(text: &str) -> wire::Block<'_> {
    serde_json::from_str(text).unwrap()
}

fn events_of(seed: u64) -> Interest {
    let emitters = Some([Address::from_slice(&bytes::<32>(seed)).unwrap()].into());
    Interest { events: vec![EventFilter { emitters, keys: None }], ..Interest::default() }
}

fn measure(bencher: Bencher<'_, '_>, encoding: Encoding, interest: &Interest, events: usize) {
    let text = block(encoding);
    let assembled = assemble::block(&read(&text), 42, interest).unwrap();
    assert_eq!(assembled.events.len(), events);
    assert!(assembled.defects.is_empty());
    bencher.counter(BytesCount::of_str(&*text)).bench(|| {
        let wire = read(black_box(&text));
        assemble::block(&wire, 42, interest).unwrap()
    });
}

#[divan::bench(args = [Encoding::Json, Encoding::Base64])]
fn parse_alone(bencher: Bencher<'_, '_>, encoding: Encoding) {
    let text = block(encoding);
    bencher.counter(BytesCount::of_str(&*text)).bench(|| read(black_box(&text)).transactions.unwrap().len());
}

/// The least that any reader does: the text's tokens, nothing kept.
#[divan::bench(args = [Encoding::Json, Encoding::Base64])]
fn skip_alone(bencher: Bencher<'_, '_>, encoding: Encoding) {
    let text = block(encoding);
    bencher
        .counter(BytesCount::of_str(&*text))
        .bench(|| serde_json::from_str::<serde::de::IgnoredAny>(black_box(&text)).unwrap());
}

#[divan::bench(args = [Encoding::Json, Encoding::Base64])]
fn nothing_matches(bencher: Bencher<'_, '_>, encoding: Encoding) {
    measure(bencher, encoding, &events_of(5), 0);
}

#[divan::bench(args = [Encoding::Json, Encoding::Base64])]
fn events_of_one_program(bencher: Bencher<'_, '_>, encoding: Encoding) {
    measure(bencher, encoding, &events_of(program(3)), 78);
}

#[divan::bench(args = [Encoding::Json, Encoding::Base64])]
fn transfers_of_one_token(bencher: Bencher<'_, '_>, encoding: Encoding) {
    let mint = Address::from_slice(&bytes::<32>(program(3))).unwrap();
    let interest = Interest { token_transfers: Contracts::Of([mint].into()), ..Interest::default() };
    measure(bencher, encoding, &interest, 0);
}

#[divan::bench(args = [Encoding::Json, Encoding::Base64])]
fn all_events(bencher: Bencher<'_, '_>, encoding: Encoding) {
    let interest = Interest { events: vec![EventFilter::default()], ..Interest::default() };
    measure(bencher, encoding, &interest, 3000);
}

#[divan::bench(args = [Encoding::Json, Encoding::Base64])]
fn everything(bencher: Bencher<'_, '_>, encoding: Encoding) {
    let interest = Interest {
        events: vec![EventFilter::default()],
        failed_events: true,
        calls: Contracts::Any,
        details: true,
        transactions: true,
        native_transfers: true,
        token_transfers: Contracts::Any,
    };
    measure(bencher, encoding, &interest, 3000);
}

//! Made-up transactions, written as a node writes them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chainbell_model::{Address, Block, Contracts, EventFilter, EventKey, Interest};
use chainbell_solana::{
    assemble,
    wire::{self, base58},
};
use serde_json::{Value as Json, json};

pub(crate) const VOTE: &str = "Vote111111111111111111111111111111111111111";
pub(crate) const SYSTEM: &str = "11111111111111111111111111111111";
pub(crate) const ED25519: &str = "Ed25519SigVerify111111111111111111111111111";
pub(crate) const TAG: [u8; 8] = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];

/// The key of 32 bytes `byte`, in base58.
pub(crate) fn name(byte: u8) -> String {
    bs58::encode([byte; 32]).into_string()
}

/// The key of 32 bytes `byte`, as an address.
pub(crate) fn key(byte: u8) -> Address {
    Address::from_slice(&[byte; 32]).unwrap()
}

pub(crate) fn address(text: &str) -> Address {
    Address::from_slice(&base58::key(text).unwrap()).unwrap()
}

/// The event or call key of data whose eight first bytes are `byte`.
pub(crate) fn event_key(byte: u8) -> EventKey {
    let mut key = [0; 32];
    key[..8].fill(byte);
    key
}

/// Event data: eight bytes `byte`, then `rest`.
pub(crate) fn event(byte: u8, rest: &[u8]) -> Vec<u8> {
    [&[byte; 8], rest].concat()
}

/// A `Program data:` line.
pub(crate) fn data_line(data: &[u8]) -> String {
    format!("Program data: {}", STANDARD.encode(data))
}

/// What a program does: the lines that it logs and the programs that it calls.
pub(crate) enum Act {
    Line(String),
    Call(Call),
}

/// A call of a program.
pub(crate) struct Call {
    pub(crate) program: String,
    pub(crate) data: Vec<u8>,
    pub(crate) accounts: Vec<u8>,
    pub(crate) acts: Vec<Act>,
    pub(crate) fails: bool,
}

pub(crate) fn call(program: &str, data: &[u8], acts: Vec<Act>) -> Call {
    Call { program: program.to_owned(), data: data.to_vec(), accounts: vec![0], acts, fails: false }
}

pub(crate) fn emit(data: &[u8]) -> Act {
    Act::Line(data_line(data))
}

pub(crate) fn emit_cpi(program: &str, data: &[u8]) -> Act {
    Act::Call(call(program, &[&TAG, data].concat(), vec![]))
}

/// A transaction in the making.
pub(crate) struct Sample {
    pub(crate) keys: Vec<String>,
    pub(crate) log: Vec<String>,
    top: Vec<Json>,
    inner: Vec<Json>,
    pub(crate) json: Json,
}

impl Sample {
    /// Runs `calls` one after the other, paid by the key of 32 bytes 1.
    pub(crate) fn of(calls: Vec<Call>) -> Self {
        let mut sample =
            Self { keys: vec![name(1)], log: vec![], top: vec![], inner: vec![], json: Json::Null };
        let mut failed = false;
        for call in &calls {
            let mut group = Vec::new();
            failed |= call.fails;
            sample.run(call, 1, &mut group);
            if !group.is_empty() {
                sample.inner.push(json!({ "index": sample.top.len() - 1, "instructions": group }));
            }
        }
        let err = if failed { json!({ "InstructionError": [0, { "Custom": 1 }] }) } else { Json::Null };
        let balances = vec![1_000_000; sample.keys.len()];
        let mut after = balances.clone();
        after[0] -= 5000;
        sample.json = json!({
            "transaction": {
                "signatures": [bs58::encode([7; 64]).into_string()],
                "message": {
                    "header": {
                        "numRequiredSignatures": 1,
                        "numReadonlySignedAccounts": 0,
                        "numReadonlyUnsignedAccounts": 0,
                    },
                    "accountKeys": sample.keys,
                    "recentBlockhash": name(9),
                    "instructions": sample.top,
                },
            },
            "meta": {
                "err": err,
                "fee": 5000,
                "computeUnitsConsumed": 150,
                "preBalances": balances,
                "postBalances": after,
                "preTokenBalances": [],
                "postTokenBalances": [],
                "innerInstructions": sample.inner,
                "logMessages": sample.log,
                "loadedAddresses": { "writable": [], "readonly": [] },
            },
            "version": "legacy",
        });
        sample
    }

    fn run(&mut self, call: &Call, depth: usize, group: &mut Vec<Json>) {
        let place = self.place(&call.program);
        let mut instruction = json!({
            "programIdIndex": place,
            "accounts": call.accounts,
            "data": bs58::encode(&call.data).into_string(),
        });
        if depth == 1 {
            self.top.push(instruction);
        } else {
            instruction["stackHeight"] = json!(depth);
            group.push(instruction);
        }
        let silent = call.program == ED25519;
        let program = &call.program;
        if !silent {
            self.log.push(format!("Program {program} invoke [{depth}]"));
        }
        for act in &call.acts {
            match act {
                Act::Line(line) => self.log.push(line.clone()),
                Act::Call(call) => self.run(call, depth + 1, group),
            }
        }
        if !silent {
            self.log.push(format!("Program {program} consumed 5 of 200000 compute units"));
            let end = if call.fails { "failed: custom program error: 0x1" } else { "success" };
            self.log.push(format!("Program {program} {end}"));
        }
    }

    fn place(&mut self, program: &str) -> usize {
        let known = self.keys.iter().position(|key| key == program);
        known.unwrap_or_else(|| {
            self.keys.push(program.to_owned());
            self.keys.len() - 1
        })
    }

    /// With the log replaced by what `change` makes of it.
    pub(crate) fn with_log(mut self, change: impl FnOnce(&mut Vec<String>)) -> Self {
        change(&mut self.log);
        self.json["meta"]["logMessages"] = json!(self.log);
        self
    }

    pub(crate) fn with_meta(mut self, field: &str, value: Json) -> Self {
        self.json["meta"][field] = value;
        self
    }

    pub(crate) fn read(&self, interest: &Interest) -> Block {
        self.try_read(interest).unwrap()
    }

    pub(crate) fn try_read(&self, interest: &Interest) -> Result<Block, String> {
        read_block(&[&self.json], interest)
    }
}

/// The answer of `getBlock` with these transactions.
pub(crate) fn block_json(transactions: &[&Json]) -> String {
    let block = json!({
        "blockhash": name(5), "previousBlockhash": name(4), "parentSlot": 41, "blockTime": 60, "blockHeight": 40,
        "transactions": transactions, "rewards": [],
    });
    block.to_string()
}

pub(crate) fn read_block(transactions: &[&Json], interest: &Interest) -> Result<Block, String> {
    let text = block_json(transactions);
    let wire: wire::Block<'_> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    assemble::block(&wire, 42, interest)
}

/// Events of these programs, of all for `None`.
pub(crate) fn events_of(programs: Option<&[&str]>) -> Interest {
    let emitters = programs.map(|programs| programs.iter().map(|program| address(program)).collect());
    Interest { events: vec![EventFilter { emitters, keys: None }], ..Interest::default() }
}

pub(crate) fn everything() -> Interest {
    Interest {
        events: vec![EventFilter::default()],
        failed_events: true,
        calls: Contracts::Any,
        details: true,
        transactions: true,
        native_transfers: true,
        token_transfers: Contracts::Any,
    }
}

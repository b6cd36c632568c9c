//! A ledger in memory that answers as Agave does, with the lies and gaps that a test wants.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// What a call comes to.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Result(Value),
    Error(i64, String),
}

/// A transaction of one program that emits one event.
#[derive(Clone, Debug)]
pub(crate) struct Tx {
    pub(crate) signature: String,
    pub(crate) program: u8,
    pub(crate) failed: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct SlotBlock {
    pub(crate) hash: String,
    pub(crate) parent_slot: u64,
    pub(crate) transactions: Vec<Tx>,
}

/// The ledger of one node.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub(crate) blocks: BTreeMap<u64, SlotBlock>,
    pub(crate) confirmed: u64,
    pub(crate) finalized: u64,
    pub(crate) first_available: u64,
    pub(crate) history: bool,
    /// The version of all transactions.
    pub(crate) version: u64,
    pub(crate) genesis: String,
}

pub(crate) fn program(byte: u8) -> String {
    bs58::encode([byte; 32]).into_string()
}

pub(crate) fn hash(slot: u64, fork: u8) -> String {
    let mut bytes = [fork + 1; 32];
    bytes[..8].copy_from_slice(&slot.to_be_bytes());
    bs58::encode(bytes).into_string()
}

pub(crate) fn signature(slot: u64, place: u64) -> String {
    let mut bytes = [7; 64];
    bytes[..8].copy_from_slice(&slot.to_be_bytes());
    bytes[8..16].copy_from_slice(&place.to_be_bytes());
    bs58::encode(bytes).into_string()
}

impl Ledger {
    /// Slots 0 to `head` without those in `skipped`, all final but the last eight; transactions as `programs` says for each
    /// slot: one for each program named.
    pub(crate) fn new(head: u64, skipped: &[u64], programs: impl Fn(u64) -> Vec<u8>) -> Self {
        let mut ledger = Self {
            blocks: BTreeMap::new(),
            confirmed: head,
            finalized: head.saturating_sub(8),
            first_available: 0,
            history: true,
            version: 0,
            genesis: bs58::encode([9; 32]).into_string(),
        };
        for slot in (0..=head).filter(|slot| !skipped.contains(slot)) {
            ledger.add(slot, 0, &programs(slot));
        }
        ledger
    }

    /// Appends a block, or replaces one.
    pub(crate) fn add(&mut self, slot: u64, fork: u8, programs: &[u8]) {
        let parent_slot = self.blocks.range(..slot).next_back().map_or(0, |(slot, _)| *slot);
        let tx = |(place, program): (u64, &u8)| Tx {
            signature: signature(slot, place),
            program: *program,
            failed: false,
        };
        let transactions = (0..).zip(programs).map(tx).collect();
        self.blocks.insert(slot, SlotBlock { hash: hash(slot, fork), parent_slot, transactions });
    }

    pub(crate) fn answer(&self, method: &str, params: &Value) -> Answer {
        match method {
            "getGenesisHash" => Answer::Result(json!(self.genesis)),
            "getSlot" => Answer::Result(json!(self.top(&params[0]))),
            "getFirstAvailableBlock" => Answer::Result(json!(self.first_available)),
            "getBlock" => self.block(params),
            "getBlocks" => self.block_list(params),
            "getTransaction" => self.transaction(params),
            "getSignaturesForAddress" => self.signatures(params),
            "getSignatureStatuses" => self.statuses(params),
            "getAccountInfo" => Answer::Result(json!({"context": {"slot": self.confirmed}, "value": null})),
            _ => Answer::Error(-32601, "Method not found".to_owned()),
        }
    }

    fn top(&self, settings: &Value) -> u64 {
        if settings["commitment"] == "finalized" { self.finalized } else { self.confirmed }
    }

    fn kept(&self, slot: u64) -> Option<&SlotBlock> {
        self.blocks.get(&slot).filter(|_| slot >= self.first_available)
    }

    fn block(&self, params: &Value) -> Answer {
        let (slot, settings) = (params[0].as_u64().unwrap(), &params[1]);
        if !self.history {
            return no_history();
        }
        if slot > self.top(settings) {
            return Answer::Error(-32004, format!("Block not available for slot {slot}"));
        }
        if slot < self.first_available {
            let first = self.first_available;
            let text =
                format!("Block {slot} cleaned up, does not exist on node. First available block: {first}");
            return Answer::Error(-32001, text);
        }
        let Some(block) = self.kept(slot) else {
            // Between the final and the confirmed slot a node knows of no skipping.
            return if slot > self.finalized {
                Answer::Error(-32004, format!("Block not available for slot {slot}"))
            } else {
                let text =
                    format!("Slot {slot} was skipped, or missing due to ledger jump to recent snapshot");
                Answer::Error(-32007, text)
            };
        };
        let parent = self.kept(block.parent_slot).map(|parent| parent.hash.clone());
        let mut answer = json!({
            "blockhash": block.hash,
            "previousBlockhash": parent.unwrap_or_else(|| "1".repeat(32)),
            "parentSlot": block.parent_slot,
            "blockTime": 1_700_000_000 + slot,
            "blockHeight": slot,
        });
        match settings["transactionDetails"].as_str() {
            Some("none") => {}
            Some("signatures") => {
                let signatures: Vec<&str> = block.transactions.iter().map(|tx| &*tx.signature).collect();
                answer["signatures"] = json!(signatures);
            }
            _ => {
                if settings["maxSupportedTransactionVersion"].as_u64().is_none_or(|max| max < self.version) {
                    return self.unsupported();
                }
                let transactions: Vec<Value> = block.transactions.iter().map(|tx| self.json(tx)).collect();
                answer["transactions"] = json!(transactions);
            }
        }
        Answer::Result(answer)
    }

    fn unsupported(&self) -> Answer {
        let version = self.version;
        let text = format!(
            "Transaction version ({version}) is not supported by the requesting client. Please try the request again \
             with the following configuration parameter: \"maxSupportedTransactionVersion\": {version}"
        );
        Answer::Error(-32015, text)
    }

    fn block_list(&self, params: &Value) -> Answer {
        let (first, last) = (params[0].as_u64().unwrap(), params[1].as_u64().unwrap());
        let top = self.top(&params[2]);
        if params[2]["minContextSlot"].as_u64().is_some_and(|least| least > top) {
            return behind();
        }
        assert!(last - first <= 500_000, "the range is too large for a node");
        let slots: Vec<u64> = (first..=last.min(top)).filter(|slot| self.kept(*slot).is_some()).collect();
        Answer::Result(json!(slots))
    }

    fn transaction(&self, params: &Value) -> Answer {
        if !self.history {
            return no_history();
        }
        let Some((slot, tx)) = self.find(params[0].as_str().unwrap()) else {
            return Answer::Result(Value::Null);
        };
        if params[1]["maxSupportedTransactionVersion"].as_u64().is_none_or(|max| max < self.version) {
            return self.unsupported();
        }
        let mut answer = self.json(tx);
        answer["slot"] = json!(slot);
        answer["blockTime"] = json!(1_700_000_000 + slot);
        Answer::Result(answer)
    }

    fn find(&self, signature: &str) -> Option<(u64, &Tx)> {
        let kept = self.blocks.range(self.first_available..=self.confirmed);
        kept.rev().find_map(|(slot, block)| {
            Some((*slot, block.transactions.iter().find(|tx| tx.signature == signature)?))
        })
    }

    fn signatures(&self, params: &Value) -> Answer {
        if !self.history {
            return no_history();
        }
        let settings = &params[1];
        let top = self.top(settings);
        if settings["minContextSlot"].as_u64().is_some_and(|least| least > top) {
            return behind();
        }
        let limit = settings["limit"].as_u64().unwrap_or(1_000);
        assert!((1..=1_000).contains(&limit));
        let all = self
            .blocks
            .range(self.first_available..=top)
            .rev()
            .flat_map(|(slot, block)| block.transactions.iter().rev().map(move |tx| (*slot, tx)));
        let before = settings["before"].as_str();
        if before.is_some_and(|before| self.find(before).is_none()) {
            return Answer::Result(json!([]));
        }
        let mut begun = before.is_none();
        let begin = |(_, tx): &(u64, &Tx)| {
            let now = begun;
            begun |= before == Some(&*tx.signature);
            now
        };
        let items: Vec<Value> = all
            .filter(begin)
            .filter(|(_, tx)| params[0] == program(tx.program))
            .take(limit as usize)
            .map(|(slot, tx)| {
                let err = tx.failed.then(|| json!({"InstructionError": [0, {"Custom": 1}]}));
                json!({"signature": tx.signature, "slot": slot, "err": err, "memo": null, "blockTime": null})
            })
            .collect();
        Answer::Result(json!(items))
    }

    fn statuses(&self, params: &Value) -> Answer {
        let status =
            |signature: &Value| self.find(signature.as_str().unwrap()).map(|(slot, _)| json!({"slot": slot}));
        let statuses: Vec<Option<Value>> = params[0].as_array().unwrap().iter().map(status).collect();
        Answer::Result(json!({"context": {"slot": self.confirmed}, "value": statuses}))
    }

    fn json(&self, tx: &Tx) -> Value {
        let (payer, program) = (bs58::encode([200; 32]).into_string(), program(tx.program));
        let data = BASE64_STANDARD.encode(tx.signature.as_bytes());
        let end = if tx.failed { "failed: custom program error: 0x1" } else { "success" };
        let err = tx.failed.then(|| json!({"InstructionError": [0, {"Custom": 1}]}));
        json!({
            "transaction": {
                "signatures": [tx.signature],
                "message": {
                    "header": {"numRequiredSignatures": 1, "numReadonlySignedAccounts": 0, "numReadonlyUnsignedAccounts": 1},
                    "accountKeys": [payer, program],
                    "recentBlockhash": payer,
                    "instructions": [{"programIdIndex": 1, "accounts": [0], "data": "3Bxs4Bc3VYuGVB19", "stackHeight": 1}],
                },
            },
            "meta": {
                "err": err,
                "fee": 5000,
                "computeUnitsConsumed": 100,
                "innerInstructions": [],
                "loadedAddresses": {"readonly": [], "writable": []},
                "logMessages": [
                    format!("Program {program} invoke [1]"),
                    format!("Program data: {data}"),
                    format!("Program {program} {end}"),
                ],
                "preBalances": [1_000_000, 1],
                "postBalances": [995_000, 1],
                "preTokenBalances": [],
                "postTokenBalances": [],
                "rewards": [],
            },
            "version": 0,
        })
    }
}

fn no_history() -> Answer {
    Answer::Error(-32011, "Transaction history is not available from this node".to_owned())
}

fn behind() -> Answer {
    Answer::Error(-32016, "Minimum context slot has not been reached".to_owned())
}

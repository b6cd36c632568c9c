//! Data recorded from real networks. It lies beside the repository, in `../shared`, or not at all.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use chainbell_model::{Block, Interest};
use chainbell_solana::{assemble, wire};
use serde_json::{Value as Json, json};

use crate::assemble_support::{block_json, read_block};

/// The fixtures of Solana networks.
pub(crate) fn folder() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/solana");
    if !path.is_dir() {
        // Straight to the terminal: the harness shows what is printed only when a test fails.
        let _ = writeln!(io::stderr(), "SKIPPED: the recorded data is absent ({})", path.display());
        return None;
    }
    Some(path)
}

pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn read(path: &Path) -> Json {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines of a recorded session.
pub(crate) fn lines(path: &Path) -> Vec<Json> {
    text(path).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// An answer of `getBlock`, assembled; with or without its envelope.
pub(crate) fn block(answer: &Json, slot: u64, interest: &Interest) -> Result<Block, String> {
    let text = answer.get("result").unwrap_or(answer).to_string();
    let wire: wire::Block<'_> = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    assemble::block(&wire, slot, interest)
}

/// An answer of `getTransaction`, put into a block of its own.
pub(crate) fn transaction(answer: &Json, interest: &Interest) -> Block {
    let text = answer.get("result").unwrap_or(answer).to_string();
    let wire: wire::Transaction<'_> = serde_json::from_str(&text).unwrap();
    let header = block_json(&[]);
    let mut block = assemble::header(&serde_json::from_str(&header).unwrap(), wire.slot.unwrap());
    assemble::transaction(&wire, 3, interest, &mut block).unwrap();
    block
}

/// A recorded log with the instructions that it tells of, and the data of some of them.
pub(crate) struct Logged {
    keys: Vec<String>,
    /// For each top-level instruction: itself, then the inner ones.
    groups: Vec<Vec<Json>>,
}

impl Logged {
    pub(crate) fn of<'a>(log: impl IntoIterator<Item = &'a str>) -> Self {
        let mut logged = Self { keys: vec![bs58::encode([1; 32]).into_string()], groups: vec![] };
        for line in log {
            let words: Vec<_> = line.split(' ').collect();
            if let ["Program", program, "invoke", depth] = words[..] {
                logged.push(program, depth.trim_matches(['[', ']']).parse().unwrap());
            }
        }
        logged
    }

    pub(crate) fn push(&mut self, program: &str, depth: usize) {
        let place = self.place(program);
        let instruction =
            json!({ "programIdIndex": place, "accounts": [], "data": "", "stackHeight": depth });
        if depth == 1 {
            self.groups.push(vec![instruction]);
        } else {
            self.groups.last_mut().unwrap().push(instruction);
        }
    }

    fn place(&mut self, key: &str) -> usize {
        let known = self.keys.iter().position(|known| known == key);
        known.unwrap_or_else(|| {
            self.keys.push(key.to_owned());
            self.keys.len() - 1
        })
    }

    /// Gives the instruction at `path` (place of the top-level one; 0 for itself, or the place among the inner ones) its
    /// content.
    pub(crate) fn fill(&mut self, recorded: &Json) {
        let path = |place: usize| recorded["path"][place].as_u64().unwrap() as usize;
        let program = self.place(recorded["programId"].as_str().unwrap());
        let accounts = recorded["accounts"].as_array().unwrap();
        let accounts: Vec<_> = accounts.iter().map(|account| self.place(account.as_str().unwrap())).collect();
        let group = &mut self.groups[path(0)];
        let itself = path(1) == 0 && group[0]["programIdIndex"] == json!(program);
        let instruction = &mut group[if itself { 0 } else { path(1) + 1 }];
        assert_eq!(instruction["programIdIndex"], json!(program));
        instruction["accounts"] = json!(accounts);
        instruction["data"] = recorded["dataBase58"].clone();
        for inner in recorded["inner"].as_array().unwrap() {
            self.fill(inner);
        }
    }

    /// The transaction, in a block.
    pub(crate) fn read(&self, log: &Json, err: &Json, interest: &Interest) -> Block {
        let inner = self
            .groups
            .iter()
            .enumerate()
            .map(|(index, group)| json!({ "index": index, "instructions": group[1..] }));
        let balances = vec![9000; self.keys.len()];
        let transaction = json!({
            "transaction": {
                "signatures": [bs58::encode([7; 64]).into_string()],
                "message": {
                    "header": { "numRequiredSignatures": 1 },
                    "accountKeys": self.keys,
                    "instructions": self.groups.iter().map(|group| &group[0]).collect::<Vec<_>>(),
                },
            },
            "meta": {
                "err": err, "fee": 0, "logMessages": log, "innerInstructions": inner.collect::<Vec<_>>(),
                "preBalances": balances, "postBalances": balances,
                "preTokenBalances": [], "postTokenBalances": [],
            },
        });
        read_block(&[&transaction], interest).unwrap()
    }
}

//! Data recorded from real networks. It lies beside the repository, in `../shared`, or not at all.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use chainbell_evm::{
    assemble,
    wire::{WireBlock, WireLog, WireReceipt},
};
use chainbell_model::{Block, Contracts, Interest};
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

/// The fixtures of EVM networks.
pub(crate) fn folder() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/fixtures/evm");
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

pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> T {
    serde_json::from_str(&text(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    assert!(!paths.is_empty(), "no *{ending} in {}", folder.display());
    paths
}

pub(crate) fn everything() -> Interest {
    Interest {
        calls: Contracts::Any,
        transactions: true,
        native_transfers: true,
        token_transfers: Contracts::Any,
        ..Interest::default()
    }
}

/// A block of `mainnet-blocks`, as read from the wire.
pub(crate) struct Recorded {
    pub(crate) facts: Json,
    pub(crate) block: WireBlock,
    pub(crate) receipts: Vec<WireReceipt>,
    pub(crate) decoded: Vec<Json>,
}

impl Recorded {
    pub(crate) fn all() -> Vec<Self> {
        let Some(folder) = folder().map(|path| path.join("mainnet-blocks")) else { return Vec::new() };
        let facts: Vec<Json> = read(&folder.join("facts.json"));
        assert_eq!(facts.len(), 6);
        let recorded = facts.into_iter().map(|facts| {
            let file = |ending: &str| folder.join(format!("{}.{ending}", facts["file"].as_str().unwrap()));
            let lines = text(&file("decoded.jsonl"));
            let lines = lines.lines().filter(|line| !line.trim().is_empty());
            Self {
                block: read(&file("block.json")),
                receipts: read(&file("receipts.json")),
                decoded: lines.map(|line| serde_json::from_str(line).unwrap()).collect(),
                facts,
            }
        });
        recorded.collect()
    }

    pub(crate) fn name(&self) -> &str {
        self.facts["file"].as_str().unwrap()
    }

    pub(crate) fn fact(&self, name: &str) -> usize {
        self.facts[name].as_u64().unwrap() as usize
    }

    pub(crate) fn assembled(&self) -> Block {
        assemble::full_block(self.block.clone(), self.receipts.clone(), &everything()).unwrap()
    }

    pub(crate) fn logs(&self) -> impl Iterator<Item = &WireLog> {
        self.receipts.iter().flat_map(|receipt| &receipt.logs)
    }
}

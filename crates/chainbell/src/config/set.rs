//! `[sets.NAME]`: named sets of addresses that expressions test with `in sets.NAME`.

use std::{collections::BTreeSet, sync::Arc};

use chainbell_model::{Address, Dialect};
use serde_json::{Value, json};

use super::{
    address::addresses, document::Named, item::Item, network::Networks, section::Section, source::read_text,
};

/// The largest file of addresses that is read, in bytes.
const MAX_SET_BYTES: u64 = 256 << 20;

/// A named set of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetSettings {
    /// Its name.
    pub name: Arc<str>,
    /// The chain its addresses belong to.
    pub chain: &'static str,
    /// Its addresses, each once, ascending.
    pub addresses: Vec<Address>,
}

/// Reads all sets.
pub(super) fn read(entries: Vec<Named<'_>>, networks: &Networks<'_>) -> Vec<SetSettings> {
    let read = |Named { name, item }: Named<'_>| read_set(name, item.clone(), item.section()?, networks);
    entries.into_iter().filter_map(read).collect()
}

fn read_set(
    name: &str,
    whole: Item<'_>,
    mut section: Section<'_>,
    networks: &Networks<'_>,
) -> Option<SetSettings> {
    if !name.starts_with(|first: char| first.is_ascii_alphabetic()) || name.contains(['-', '.']) {
        whole.report("expressions write sets.NAME: the name starts with a letter and goes on with letters, digits and '_'");
    }
    let chain = match section.optional("chain") {
        Some(item) => networks.chain_named(&item),
        None => {
            let chain = networks.only_chain();
            if chain.is_none() && !networks.is_empty() {
                section.report("the key chain is missing: the networks are not all of one chain");
            }
            chain
        }
    };
    let (inline, file) = (section.optional("addresses"), section.optional("file"));
    if inline.is_none() && file.is_none() {
        section.report("give addresses, or a file with one address on each line");
    }
    section.finish();

    let kind = networks.kind(chain?);
    let mut members: BTreeSet<Address> = BTreeSet::new();
    if let Some(item) = inline {
        members.extend(addresses(item, &*kind.dialect));
    }
    if let Some(item) = file {
        members.extend(read_file(&item, &*kind.dialect)?);
    }
    Some(SetSettings { name: name.into(), chain: kind.name, addresses: members.into_iter().collect() })
}

/// One address on each line; empty lines and what follows `#` are left out.
fn read_file(item: &Item<'_>, dialect: &dyn Dialect) -> Option<Vec<Address>> {
    let path = item.path()?;
    let text = match read_text(&path, MAX_SET_BYTES) {
        Ok(text) => text,
        Err(error) => {
            item.report(format!("the file {} cannot be read: {error}", path.display()));
            return None;
        }
    };
    let mut members = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.split_once('#').map_or(line, |(before, _)| before).trim();
        if line.is_empty() {
            continue;
        }
        match dialect.parse_address(line) {
            Ok(address) => members.push(address),
            Err(error) => item.report(format!("{}:{}: {error}", path.display(), index + 1)),
        }
    }
    Some(members)
}

pub(super) fn schema() -> Value {
    json!({
        "type": "object",
        "description": "Named sets of addresses that expressions test with `in sets.NAME`.",
        "additionalProperties": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "chain": { "type": "string", "description": "The chain of the addresses; needed when the networks are of several." },
                "addresses": {
                    "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }],
                    "description": "The addresses."
                },
                "file": { "type": "string", "description": "A file with one address on each line; `#` starts a comment." }
            }
        }
    })
}

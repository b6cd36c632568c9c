//! `[contracts.NAME]`: what monitors watch, with its description.

use std::{collections::HashMap, sync::Arc};

use chainbell_model::{Address, Interface, InterfaceError, NetworkSlug};
use serde_json::{Value, json};

use super::{
    address::some_addresses,
    document::Named,
    item::{Item, Text},
    network::{Chosen, Networks},
    section::Section,
    source::read_text,
    suggest::did_you_mean,
};

/// The largest contract description that is read, in bytes.
const MAX_ABI_BYTES: u64 = 16 << 20;

/// A contract, or all contracts that share a description.
#[derive(Clone, Debug)]
pub struct ContractSettings {
    /// Its name.
    pub name: Arc<str>,
    /// Where it is, all of one chain.
    pub networks: Vec<NetworkSlug>,
    /// Its addresses; `None` for every contract of the networks.
    pub addresses: Option<Vec<Address>>,
    /// Its events and calls.
    pub interface: Arc<dyn Interface>,
    /// Whether all its events are stored, also those that no monitor matches.
    pub stored: bool,
}

/// The contracts that monitors may name: also those with mistakes in them, so that one mistake is told once.
pub(super) struct Contracts<'a>(HashMap<&'a str, Option<usize>>);

impl<'a> Contracts<'a> {
    /// Reads all contracts, the description of equal ones once.
    pub(super) fn read(entries: Vec<Named<'a>>, networks: &Networks<'_>) -> (Self, Vec<ContractSettings>) {
        let mut names = HashMap::with_capacity(entries.len());
        let mut read = Vec::with_capacity(entries.len());
        let mut interfaces = Interfaces::default();
        for Named { name, item } in entries {
            let contract =
                item.section().and_then(|section| read_contract(name, section, networks, &mut interfaces));
            names.insert(name, contract.is_some().then_some(read.len()));
            read.extend(contract);
        }
        (Self(names), read)
    }

    /// The contract that `item` names: `None`, reported, when there is none; inside, `None` when it has mistakes.
    pub(super) fn find(&self, item: &Item<'_>) -> Option<Option<usize>> {
        let name = item.text()?;
        let found = self.0.get(&*name.value).copied();
        if found.is_none() {
            let suggestion = did_you_mean(&name.value, self.0.keys().copied());
            item.report(format!("there is no contract {:?}{suggestion}", name.value));
        }
        found
    }
}

fn read_contract(
    name: &str,
    mut section: Section<'_>,
    networks: &Networks<'_>,
    interfaces: &mut Interfaces,
) -> Option<ContractSettings> {
    let chosen = section.either("network", "networks");
    if chosen.is_none() {
        section.report("the key network is missing: say where the contract is");
    }
    let chosen = chosen.and_then(|item| networks.choose(item));
    let (address, abi) = (section.either("address", "addresses"), section.optional("abi"));
    let stored = section.boolean("store", false);
    section.finish();

    let Chosen { slugs, chain } = chosen?;
    let dialect = &networks.kind(chain).dialect;
    let addresses = address.map(|item| some_addresses(item, &**dialect));
    let interface = match abi {
        Some(abi) => interfaces.read(&abi, networks, chain)?,
        None => dialect.empty_interface(),
    };
    let networks = slugs.into_iter().map(NetworkSlug::new).collect();
    Some(ContractSettings { name: name.into(), networks, addresses, interface, stored })
}

/// The descriptions read so far, by chain and source: thousands of contracts may share one.
#[derive(Default)]
struct Interfaces(HashMap<(usize, String), Arc<dyn Interface>>);

impl Interfaces {
    /// A built-in description by name, a file, or signatures. Reports what is wrong with it.
    fn read(&mut self, item: &Item<'_>, networks: &Networks<'_>, chain: usize) -> Option<Arc<dyn Interface>> {
        let source = Source::read(item)?;
        let key = (chain, source.text());
        if let Some(known) = self.0.get(&key) {
            return Some(Arc::clone(known));
        }
        match networks.kind(chain).dialect.interface(&key.1) {
            Ok(interface) => {
                self.0.insert(key, Arc::clone(&interface));
                Some(interface)
            }
            Err(error) => {
                source.report(item, &error);
                None
            }
        }
    }
}

/// Where a description comes from.
enum Source<'a> {
    /// A built-in name, or signatures, in one text.
    Inline(Text<'a>),
    /// Signatures, one in each item of a list.
    List(Vec<(Item<'a>, Text<'a>)>),
    /// A file.
    File { shown: String, text: String },
}

impl<'a> Source<'a> {
    fn read(item: &Item<'a>) -> Option<Self> {
        if item.value.get_ref().is_array() {
            let items = item.clone().many()?;
            let read = |item: Item<'a>| item.text().map(|text| (item, text));
            return items.into_iter().map(read).collect::<Option<_>>().map(Self::List);
        }
        let text = item.text()?;
        if !text.value.trim_end().ends_with(".json") {
            return Some(Self::Inline(text));
        }
        let path = item.path()?;
        match read_text(&path, MAX_ABI_BYTES) {
            Ok(text) => Some(Self::File { shown: path.display().to_string(), text }),
            Err(error) => {
                item.report(format!("the file {} cannot be read: {error}", path.display()));
                None
            }
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Inline(text) => text.value.to_string(),
            Self::List(items) => items.iter().map(|(_, text)| &*text.value).collect::<Vec<_>>().join("\n"),
            Self::File { text, .. } => text.clone(),
        }
    }

    /// Reports an error of the description at its place: in the text, in one item of the list, or in the file.
    fn report(&self, item: &Item<'_>, error: &InterfaceError) {
        let offset = match error {
            InterfaceError::Malformed { offset, .. } => *offset,
            InterfaceError::Unknown { .. } => None,
        };
        let message = error.to_string();
        match (self, offset) {
            (Self::Inline(text), Some(offset)) => item.report_within(text, offset..offset + 1, message),
            (Self::List(items), Some(offset)) => {
                let mut start = 0;
                for (item, text) in items {
                    if offset <= start + text.value.len() {
                        let within = offset - start;
                        return item.report_within(text, within..within + 1, message);
                    }
                    start += text.value.len() + 1;
                }
                item.report(message);
            }
            (Self::File { shown, text }, Some(offset)) => {
                let before = &text[..text.floor_char_boundary(offset)];
                let line = before.matches('\n').count() + 1;
                let column = before.chars().rev().take_while(|char| *char != '\n').count() + 1;
                item.report(format!("{shown}:{line}:{column}: {message}"));
            }
            (Self::File { shown, .. }, None) => item.report(format!("{shown}: {message}")),
            (_, None) => item.report(message),
        }
    }
}

pub(super) fn schema() -> Value {
    let text_or_list = json!({ "anyOf": [{ "type": "string" }, { "type": "array", "minItems": 1, "items": { "type": "string" } }] });
    let described = |text: &str| {
        let mut schema = text_or_list.clone();
        schema["description"] = text.into();
        schema
    };
    json!({
        "type": "object",
        "description": "What monitors watch, by name.",
        "additionalProperties": {
            "type": "object",
            "additionalProperties": false,
            "properties": {
                "network": described("The network, or several of one chain, where it is."),
                "networks": described("The same as network."),
                "address": described("Its address or addresses; left out: every contract of the network."),
                "addresses": described("The same as address."),
                "abi": described("Its description: the name of a built-in one, the path of a .json file, or signatures."),
                "store": { "type": "boolean", "default": false, "description": "Store all its events, also those that no monitor matches." }
            }
        }
    })
}

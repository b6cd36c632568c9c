//! `[contracts.NAME]`: what monitors watch, with its description.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
};

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
pub(super) struct Contracts<'a>(BTreeMap<&'a str, Option<usize>>);

impl<'a> Contracts<'a> {
    /// Reads all contracts, the description of equal ones once.
    pub(super) fn read(entries: Vec<Named<'a>>, networks: &Networks<'_>) -> (Self, Vec<ContractSettings>) {
        let mut names = BTreeMap::new();
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

/// The descriptions read so far, by chain and origin: thousands of contracts may share one.
#[derive(Default)]
struct Interfaces(HashMap<(usize, OriginKey), Arc<dyn Interface>>);

impl Interfaces {
    /// A built-in description by name, a file, or signatures. Reports what is wrong with it.
    fn read(&mut self, item: &Item<'_>, networks: &Networks<'_>, chain: usize) -> Option<Arc<dyn Interface>> {
        let origin = Origin::read(item)?;
        let key = (chain, origin.key());
        if let Some(known) = self.0.get(&key) {
            return Some(Arc::clone(known));
        }
        let text = origin.description(item)?;
        match networks.kind(chain).dialect.interface(&text) {
            Ok(interface) => {
                self.0.insert(key, Arc::clone(&interface));
                Some(interface)
            }
            Err(error) => {
                origin.report(item, &text, &error);
                None
            }
        }
    }
}

#[derive(PartialEq, Eq, Hash)]
enum OriginKey {
    Text(String),
    File(PathBuf),
}

/// Where a description comes from.
enum Origin<'a> {
    /// A built-in name, or signatures, in one text.
    Inline(Text<'a>),
    /// Signatures, one in each item of a list.
    List(Vec<(Item<'a>, Text<'a>)>),
    File(PathBuf),
}

impl<'a> Origin<'a> {
    fn read(item: &Item<'a>) -> Option<Self> {
        if item.value.get_ref().is_array() {
            let items = item.clone().many()?;
            let read = |item: Item<'a>| item.text().map(|text| (item, text));
            return items.into_iter().map(read).collect::<Option<_>>().map(Self::List);
        }
        let text = item.text()?;
        if text.value.trim_end().ends_with(".json") {
            item.path().map(Self::File)
        } else {
            Some(Self::Inline(text))
        }
    }

    fn key(&self) -> OriginKey {
        match self {
            Self::Inline(text) => OriginKey::Text(text.value.to_string()),
            Self::List(items) => OriginKey::Text(joined(items)),
            Self::File(path) => OriginKey::File(path.clone()),
        }
    }

    /// The description itself, as a dialect reads it.
    fn description(&self, item: &Item<'_>) -> Option<String> {
        match self {
            Self::Inline(text) => Some(text.value.to_string()),
            Self::List(items) => Some(joined(items)),
            Self::File(path) => match read_text(path, MAX_ABI_BYTES) {
                Ok(text) => Some(text),
                Err(error) => {
                    item.report(format!("the file {} cannot be read: {error}", path.display()));
                    None
                }
            },
        }
    }

    /// Reports an error of the description at its place: in the text, in one item of the list, or in the file.
    fn report(&self, item: &Item<'_>, description: &str, error: &InterfaceError) {
        let offset = match error {
            InterfaceError::Malformed { offset, .. } => *offset,
            InterfaceError::Unknown { .. } => None,
        };
        match (self, offset) {
            (Self::Inline(text), Some(offset)) => {
                item.report_within(text, offset..offset + 1, error.to_string());
            }
            (Self::List(items), Some(offset)) => {
                // The items were joined with a line feed between two.
                let mut start = 0;
                for (item, text) in items {
                    if offset <= start + text.value.len() {
                        let within = offset - start;
                        return item.report_within(text, within..within + 1, error.to_string());
                    }
                    start += text.value.len() + 1;
                }
                item.report(error.to_string());
            }
            (Self::File(path), Some(offset)) => {
                let before = &description[..description.floor_char_boundary(offset)];
                let line = before.matches('\n').count() + 1;
                let column = before.chars().rev().take_while(|char| *char != '\n').count() + 1;
                item.report(format!("{}:{line}:{column}: {error}", path.display()));
            }
            (Self::File(path), None) => item.report(format!("{}: {error}", path.display())),
            (_, None) => item.report(error.to_string()),
        }
    }
}

fn joined(signatures: &[(Item<'_>, Text<'_>)]) -> String {
    signatures.iter().map(|(_, text)| &*text.value).collect::<Vec<_>>().join("\n")
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

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
    cache::{Descriptions, Missing},
    document::Named,
    item::{Item, Text},
    network::{ChainKind, Chosen, Networks},
    section::Section,
    source::read_bytes,
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
    /// The same of each address, where the chain keeps a description for each.
    pub of_address: Vec<Arc<dyn Interface>>,
    /// Whether all its events are stored, also those that no monitor matches.
    pub stored: bool,
}

/// The contracts that monitors may name: also those with mistakes in them, so that one mistake is told once.
pub(super) struct Contracts<'a>(BTreeMap<&'a str, Option<usize>>);

impl<'a> Contracts<'a> {
    /// Reads all contracts, the description of equal ones once.
    pub(super) fn read(
        entries: Vec<Named<'a>>,
        networks: &Networks<'_>,
        descriptions: &Descriptions,
    ) -> (Self, Vec<ContractSettings>, Vec<Missing>) {
        let mut names = BTreeMap::new();
        let mut read = Vec::with_capacity(entries.len());
        let mut interfaces = Interfaces { known: HashMap::new(), descriptions, missing: Vec::new() };
        for Named { name, item } in entries {
            let contract =
                item.section().and_then(|section| read_contract(name, section, networks, &mut interfaces));
            names.insert(name, contract.is_some().then_some(read.len()));
            read.extend(contract);
        }
        (Self(names), read, interfaces.missing)
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
    interfaces: &mut Interfaces<'_>,
) -> Option<ContractSettings> {
    let chosen = section.either("network", "networks");
    if chosen.is_none() {
        section.report("the key network is missing: say where the contract is");
    }
    let chosen = chosen.and_then(|item| networks.choose(item));
    let address = section.either("address", "addresses");
    let description = match &chosen {
        Some(chosen) => section.optional(networks.kind(chosen.chain).description),
        // Which of the keys is right, the network would tell.
        None => networks.kinds().iter().filter_map(|kind| section.optional(kind.description)).next(),
    };
    let stored = section.boolean("store", false);
    section.finish();

    let Chosen { slugs, chain } = chosen?;
    let kind = networks.kind(chain);
    let addresses = address.map(|item| some_addresses(item, &*kind.dialect));
    let place = (*slugs.first()?, chain);
    let at = addresses.as_deref().unwrap_or_default();
    let mut of_address = Vec::new();
    let interface = match description {
        Some(item) if is_on_chain(&item) => {
            if at.is_empty() {
                item.report("give the address of the contract whose description the chain keeps");
                return None;
            }
            for address in at {
                of_address.push(interfaces.on_chain(&item, networks, place, address)?);
            }
            kind.dialect.empty_interface()
        }
        Some(item) => interfaces.read(&item, networks, chain)?,
        None => {
            if kind.describes_itself {
                let described = |address| interfaces.on_chain_if_there(networks, place, address);
                of_address = at.iter().map(described).collect();
            }
            kind.dialect.empty_interface()
        }
    };
    let addresses = addresses.map(|addresses| with_others(addresses, &interface, &mut of_address));
    let networks = slugs.into_iter().map(NetworkSlug::new).collect();
    Some(ContractSettings { name: name.into(), networks, addresses, interface, of_address, stored })
}

/// The addresses, and the others under which the descriptions say that their contracts are.
fn with_others(
    mut addresses: Vec<Address>,
    shared: &Arc<dyn Interface>,
    of_address: &mut Vec<Arc<dyn Interface>>,
) -> Vec<Address> {
    if of_address.is_empty() {
        let others = shared.also_at().into_iter().filter(|other| !addresses.contains(other));
        addresses.extend(others.collect::<Vec<_>>());
        return addresses;
    }
    for interface in of_address.clone() {
        for other in interface.also_at() {
            if !addresses.contains(&other) {
                addresses.push(other);
                of_address.push(Arc::clone(&interface));
            }
        }
    }
    addresses
}

/// What stands for the description that the chain itself keeps.
const ON_CHAIN: &str = "chain";

fn is_on_chain(item: &Item<'_>) -> bool {
    matches!(item.value.get_ref(), toml::de::DeValue::String(text) if text.trim() == ON_CHAIN)
}

/// The descriptions read so far, by chain and origin: thousands of contracts may share one.
struct Interfaces<'a> {
    known: HashMap<(usize, OriginKey), Arc<dyn Interface>>,
    /// What was fetched from the chains.
    descriptions: &'a Descriptions,
    /// What has to be fetched from them.
    missing: Vec<Missing>,
}

impl Interfaces<'_> {
    /// The description that the chain keeps, fetched before or missing.
    fn on_chain(
        &mut self,
        item: &Item<'_>,
        networks: &Networks<'_>,
        place: (&str, usize),
        address: &Address,
    ) -> Option<Arc<dyn Interface>> {
        item.reading.mark_plain(item.place());
        match self.fetched(networks, place, address) {
            Ok(interface) => Some(interface),
            Err((path, error)) => {
                item.report(format!("{}: {error}; delete the file to fetch it again", path.display()));
                None
            }
        }
    }

    /// The same where nobody asked for it in words: a description that cannot be read is none.
    fn on_chain_if_there(
        &mut self,
        networks: &Networks<'_>,
        place: (&str, usize),
        address: &Address,
    ) -> Arc<dyn Interface> {
        let fetched = self.fetched(networks, place, address);
        fetched.unwrap_or_else(|_| networks.kind(place.1).dialect.empty_interface())
    }

    fn fetched(
        &mut self,
        networks: &Networks<'_>,
        (network, chain): (&str, usize),
        address: &Address,
    ) -> Result<Arc<dyn Interface>, (PathBuf, InterfaceError)> {
        let dialect = &networks.kind(chain).dialect;
        let path = self.descriptions.path(network, address, &**dialect);
        let key = (chain, OriginKey::File(path.clone()));
        if let Some(known) = self.known.get(&key) {
            return Ok(Arc::clone(known));
        }
        let Ok(description) = read_bytes(&path, MAX_ABI_BYTES) else {
            if !self.missing.iter().any(|missing| missing.path == path) {
                self.missing.push(Missing { network: NetworkSlug::new(network), address: *address, path });
            }
            return Ok(dialect.empty_interface());
        };
        // An empty file says that the chain keeps none.
        if description.is_empty() {
            return Ok(dialect.empty_interface());
        }
        let interface = dialect.interface(&description).map_err(|error| (path, error))?;
        self.known.insert(key, Arc::clone(&interface));
        Ok(interface)
    }

    /// A built-in description by name, a file, or signatures. Reports what is wrong with it.
    fn read(&mut self, item: &Item<'_>, networks: &Networks<'_>, chain: usize) -> Option<Arc<dyn Interface>> {
        let origin = Origin::read(item)?;
        let key = (chain, origin.key());
        if let Some(known) = self.known.get(&key) {
            return Some(Arc::clone(known));
        }
        let text = origin.description(item)?;
        match networks.kind(chain).dialect.interface(&text) {
            Ok(interface) => {
                self.known.insert(key, Arc::clone(&interface));
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

/// A description that ends like this is the path of a file.
const FILES: [&str; 3] = [".json", ".txt", ".wasm"];

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
        if FILES.iter().any(|extension| text.value.trim_end().ends_with(extension)) {
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
    fn description(&self, item: &Item<'_>) -> Option<Vec<u8>> {
        match self {
            Self::Inline(text) => Some(text.value.as_bytes().into()),
            Self::List(items) => Some(joined(items).into_bytes()),
            Self::File(path) => match read_bytes(path, MAX_ABI_BYTES) {
                Ok(content) => Some(content),
                Err(error) => {
                    item.report(format!("the file {} cannot be read: {error}", path.display()));
                    None
                }
            },
        }
    }

    /// Reports an error of the description at its place: in the text, in one item of the list, or in the file.
    fn report(&self, item: &Item<'_>, description: &[u8], error: &InterfaceError) {
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
                let before = String::from_utf8_lossy(&description[..offset.min(description.len())]);
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

pub(super) fn schema(kinds: &[ChainKind]) -> Value {
    let text_or_list = json!({ "anyOf": [{ "type": "string" }, { "type": "array", "minItems": 1, "items": { "type": "string" } }] });
    let described = |text: &str| {
        let mut schema = text_or_list.clone();
        schema["description"] = text.into();
        schema
    };
    let mut properties = json!({
        "network": described("The network, or several of one chain, where it is."),
        "networks": described("The same as network."),
        "address": described("Its address or addresses; left out: every contract of the network."),
        "addresses": described("The same as address."),
        "store": { "type": "boolean", "default": false, "description": "Store all its events, also those that no monitor matches." }
    });
    for kind in kinds {
        let text = format!(
            "Its description on chain {}: the name of a built-in one, the path of a .json, .txt or .wasm file, signatures, or \
             \"chain\" for the one that the chain keeps.",
            kind.name
        );
        properties[kind.description] = described(&text);
    }
    json!({
        "type": "object",
        "description": "What monitors watch, by name.",
        "additionalProperties": { "type": "object", "additionalProperties": false, "properties": properties }
    })
}

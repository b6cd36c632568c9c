//! `[[monitors]]`: what is looked for, and where it is delivered.

use std::collections::HashMap;

use chainbell_model::{Address, Finality, MonitorName, NetworkSlug, Standard, TargetName};
use serde_json::{Value, json};
use toml::de::DeValue;

use super::{
    address::some_addresses,
    contract::{ContractSettings, Contracts},
    document::name_fits,
    error::Problem,
    item::Item,
    network::{Chosen, Networks},
    section::Section,
    source::Place,
    target::Targets,
    variables::Origins,
};

/// What is looked for, and where it is delivered.
#[derive(Clone, Debug)]
pub struct MonitorSettings {
    /// Its name.
    pub name: MonitorName,
    /// Where it looks, all of one chain.
    pub networks: Vec<NetworkSlug>,
    /// The contracts it is limited to, by their index in [`super::Config::contracts`].
    pub contracts: Vec<u32>,
    /// Addresses it is limited to besides those contracts. Without either it looks at every contract.
    pub addresses: Vec<Address>,
    /// What it looks for.
    pub subjects: Subjects,
    /// The senders it is limited to, unless empty.
    pub from: Vec<Address>,
    /// The receivers it is limited to, unless empty.
    pub to: Vec<Address>,
    /// Whether events of failed transactions match too.
    pub include_failed: bool,
    /// What else has to hold.
    pub when: Option<Expression>,
    /// How final the block must be before it is delivered.
    pub deliver_at: Finality,
    /// Where it is delivered; nowhere when empty: it only stores.
    pub targets: Vec<TargetName>,
    /// For people.
    pub description: Option<Box<str>>,
    /// Whether it takes part.
    pub enabled: bool,
    /// Its file, and its place in the list of that file.
    pub(super) written: (u32, u32),
}

/// What a monitor looks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// References to events: names, signatures, or `*`.
    pub events: Vec<Box<str>>,
    /// References to calls.
    pub calls: Vec<Box<str>>,
    /// Transactions themselves.
    pub transactions: bool,
    /// Transfers of these assets.
    pub transfers: Vec<Standard>,
}

impl Subjects {
    fn is_empty(&self) -> bool {
        self.events.is_empty() && self.calls.is_empty() && !self.transactions && self.transfers.is_empty()
    }
}

/// The text of a condition.
#[derive(Clone, Debug)]
pub struct Expression {
    /// With variables replaced.
    pub text: Box<str>,
    /// For tracing errors back to what was written; `None` when nothing was replaced.
    pub(super) origins: Option<Origins>,
}

/// The sections that monitors refer to.
pub(super) struct Surroundings<'a> {
    pub(super) networks: &'a Networks<'a>,
    pub(super) contracts: &'a Contracts<'a>,
    pub(super) contract_settings: &'a [ContractSettings],
    pub(super) targets: &'a Targets<'a>,
}

/// Reads all monitors. Their names are unique.
pub(super) fn read(sections: Vec<Section<'_>>, surroundings: &Surroundings<'_>) -> Vec<MonitorSettings> {
    let mut names: HashMap<String, Place> = HashMap::with_capacity(sections.len());
    let mut read = Vec::with_capacity(sections.len());
    let mut written = (0, 0);
    for mut section in sections {
        written = match section.place.file {
            file if file == written.0 => written,
            file => (file, 0),
        };
        let name = read_name(&mut section, &mut names);
        read.extend(read_monitor(section, name, written, surroundings));
        written.1 += 1;
    }
    read
}

fn read_name(section: &mut Section<'_>, names: &mut HashMap<String, Place>) -> Option<MonitorName> {
    let item = section.required("name")?;
    let text = item.text()?;
    if let Err(error) = name_fits(&text.value) {
        item.report(error.to_string());
        return None;
    }
    if let Some(first) = names.get(&*text.value) {
        let related = Some((*first, "first given at"));
        let (place, key) = (Some(item.place()), item.key_path());
        let message = format!("there are two monitors named {:?}", text.value);
        item.reading.report(Problem { place, key, message, related });
        return None;
    }
    names.insert(text.value.to_string(), item.place());
    Some(MonitorName::new(&*text.value))
}

fn read_monitor(
    mut section: Section<'_>,
    name: Option<MonitorName>,
    written: (u32, u32),
    surroundings: &Surroundings<'_>,
) -> Option<MonitorSettings> {
    let subjects = read_subjects(&mut section);
    let when = section.optional("when").and_then(|item| item.text());
    let when = when.map(|text| Expression { text: text.value.into(), origins: text.origins });
    let levels =
        [Finality::Seen, Finality::Confirmed, Finality::Finalized].map(|level| (level.as_str(), level));
    let deliver_at = section.optional("deliver_at").and_then(|item| item.choice(&levels)).unwrap_or_default();
    let targets = section.either("targets", "target").map(Item::one_or_many).unwrap_or_default();
    let targets = targets.iter().filter_map(|item| surroundings.targets.find(item)).collect();
    let description = section.optional("description").and_then(|item| item.text());
    let enabled = section.boolean("enabled", true);
    let include_failed = section.boolean("include_failed", false);
    let contracts = read_contracts(&mut section, surroundings);
    let networks = read_networks(&mut section, contracts.as_deref(), surroundings);
    let [address, from, to] =
        [section.either("addresses", "address"), section.optional("from"), section.optional("to")].map(
            |item| {
                // Without a network nobody knows what an address looks like.
                let (item, chosen) = (item?, networks.as_ref()?);
                Some(some_addresses(item, &*surroundings.networks.kind(chosen.chain).dialect))
            },
        );
    section.finish();
    Some(MonitorSettings {
        name: name?,
        networks: networks?.slugs.into_iter().map(NetworkSlug::new).collect(),
        contracts: contracts?,
        addresses: address.unwrap_or_default(),
        subjects,
        from: from.unwrap_or_default(),
        to: to.unwrap_or_default(),
        include_failed,
        when,
        deliver_at,
        targets,
        description: description.map(|text| text.value.into()),
        enabled,
        written,
    })
}

fn read_subjects(section: &mut Section<'_>) -> Subjects {
    let mut references = |key, keys| {
        let items = section.either(key, keys).map(Item::one_or_many).unwrap_or_default();
        let texts = items.iter().filter_map(|item| item.text().map(|text| text.value.into()));
        (!items.is_empty(), texts.collect::<Vec<Box<str>>>())
    };
    let (asks_events, events) = references("event", "events");
    let (asks_calls, calls) = references("call", "calls");
    let transactions = section.either("transaction", "transactions");
    let transfers = section.either("transfer", "transfers");
    let asked = |item: &Item<'_>| item.value.get_ref().as_bool() != Some(false);
    let asks_more = [&transactions, &transfers].into_iter().flatten().any(asked);
    let subjects = Subjects {
        events,
        calls,
        transactions: transactions.and_then(|item| item.boolean()).unwrap_or(false),
        transfers: transfers.map(read_standards).unwrap_or_default(),
    };
    if subjects.is_empty() && !asks_events && !asks_calls && !asks_more {
        section.report("nothing is looked for: give event, call, transaction = true or transfer");
    }
    subjects
}

const STANDARDS: [Standard; 4] =
    [Standard::Native, Standard::Fungible, Standard::NonFungible, Standard::MultiToken];

/// `true` for every asset, or some of the words for them.
fn read_standards(item: Item<'_>) -> Vec<Standard> {
    if let DeValue::Boolean(all) = item.value.get_ref() {
        return if *all { STANDARDS.to_vec() } else { Vec::new() };
    }
    let words = STANDARDS.map(|standard| (standard.as_str(), standard));
    item.one_or_many().iter().filter_map(|item| item.choice(&words)).collect()
}

/// The contracts named, by index; `None` when some of them cannot be used, which is reported.
fn read_contracts(section: &mut Section<'_>, surroundings: &Surroundings<'_>) -> Option<Vec<u32>> {
    let items = section.either("contracts", "contract").map(Item::one_or_many).unwrap_or_default();
    // All are looked up before one missing ends the search: each is reported.
    let found: Vec<_> = items.iter().map(|item| surroundings.contracts.find(item).flatten()).collect();
    found.into_iter().map(|index| index.and_then(|index| u32::try_from(index).ok())).collect()
}

/// The networks named, or those of the contracts.
fn read_networks<'a>(
    section: &mut Section<'_>,
    contracts: Option<&[u32]>,
    surroundings: &Surroundings<'a>,
) -> Option<Chosen<'a>> {
    let named = section.either("networks", "network");
    let contracts: Vec<&ContractSettings> = contracts
        .unwrap_or_default()
        .iter()
        .filter_map(|index| surroundings.contract_settings.get(*index as usize))
        .collect();
    let Some(item) = named else {
        let has_contracts = section.has("contracts") || section.has("contract");
        if !has_contracts {
            section.report("say where to look: give contracts or networks");
        }
        let slugs = contracts.iter().flat_map(|contract| &contract.networks);
        return surroundings.networks.of_one_chain(slugs, section);
    };
    let chosen = surroundings.networks.choose(item.clone())?;
    for contract in contracts {
        if !contract.networks.iter().any(|network| chosen.slugs.contains(&network.as_str())) {
            item.report(format!("the contract {:?} is on none of these networks", contract.name));
        }
    }
    Some(chosen)
}

pub(super) fn schema() -> Value {
    let text_or_list = |description: &str| {
        json!({
            "anyOf": [{ "type": "string" }, { "type": "array", "minItems": 1, "items": { "type": "string" } }],
            "description": description
        })
    };
    let standard = json!({ "enum": STANDARDS.map(Standard::as_str) });
    let transfer = |description: &str| {
        json!({
            "anyOf": [{ "type": "boolean" }, standard.clone(), { "type": "array", "minItems": 1, "items": standard.clone() }],
            "description": description
        })
    };
    let levels = [Finality::Seen, Finality::Confirmed, Finality::Finalized].map(Finality::as_str);
    json!({
        "type": "array",
        "description": "What is looked for, and where it is delivered.",
        "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["name"],
            "properties": {
                "name": { "type": "string", "description": "Unique among all monitors." },
                "description": { "type": "string", "description": "For people." },
                "enabled": { "type": "boolean", "default": true, "description": "Whether it takes part; it is checked in either case." },
                "contracts": text_or_list("The contracts it looks at, by name."),
                "contract": text_or_list("The same as contracts."),
                "networks": text_or_list("The networks, of one chain, it looks at; those of its contracts by default."),
                "network": text_or_list("The same as networks."),
                "addresses": text_or_list("Contracts it looks at by address, besides those by name."),
                "address": text_or_list("The same as addresses."),
                "event": text_or_list("Events it looks for: names of the contract's description, whole signatures, or * for every event, undecoded."),
                "events": text_or_list("The same as event."),
                "call": text_or_list("Calls it looks for, written like events."),
                "calls": text_or_list("The same as call."),
                "transaction": { "type": "boolean", "description": "Look for transactions themselves." },
                "transactions": { "type": "boolean", "description": "The same as transaction." },
                "transfer": transfer("Look for transfers: true for all, or some of native, fungible, non_fungible, multi_token."),
                "transfers": transfer("The same as transfer."),
                "from": text_or_list("Only what these addresses sent."),
                "to": text_or_list("Only what these addresses received."),
                "include_failed": { "type": "boolean", "default": false, "description": "Whether events of failed transactions match too, on chains whose nodes tell them (Solana)." },
                "when": { "type": "string", "description": "An expression that has to hold." },
                "deliver_at": { "enum": levels, "default": Finality::default().as_str(), "description": "How final the block must be before it is delivered." },
                "targets": text_or_list("Where it is delivered, by name; without any it only stores."),
                "target": text_or_list("The same as targets.")
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_monitor_takes_little_memory() {
        assert!(size_of::<MonitorSettings>() <= 320, "{}", size_of::<MonitorSettings>());
    }
}

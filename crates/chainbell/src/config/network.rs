//! `[networks.SLUG]`: what every network has, whichever its chain; the chain reads its own keys.

use std::{any::Any, collections::BTreeMap, fmt, sync::Arc};

use chainbell_model::{Dialect, Height, NetworkSlug};
use chainbell_pipeline::{FollowSettings, Start};
use serde_json::{Map, Value, json};
use toml::de::DeValue;

use super::{
    document::Named,
    item::{Item, read_integer},
    section::Section,
    suggest::did_you_mean,
};

/// A chain that networks can be of, as configuration knows it.
pub struct ChainKind {
    /// The word after `chain =`.
    pub name: &'static str,
    /// Reads addresses and contract descriptions.
    pub dialect: Arc<dyn Dialect>,
    /// The key of a contract's description: `abi`, `idl`, `layout`, `spec`.
    pub(super) description: &'static str,
    /// Every contract's description can be had from the chain: it need not be given.
    pub(super) describes_itself: bool,
    pub(super) read: fn(&mut Section<'_>) -> Option<Arc<dyn ChainSettings>>,
    pub(super) schema: fn() -> Map<String, Value>,
}

impl fmt::Debug for ChainKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChainKind").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What one chain made of its own keys. Whoever wires the chain knows its type.
pub trait ChainSettings: fmt::Debug + Send + Sync + 'static {
    /// For downcasting to the chain's own type.
    fn as_any(&self) -> &dyn Any;
}

/// One network to follow.
#[derive(Clone)]
pub struct NetworkSettings {
    /// Its slug.
    pub slug: NetworkSlug,
    /// The name of its chain.
    pub chain: &'static str,
    /// How its chain writes addresses and reads contract descriptions.
    pub dialect: Arc<dyn Dialect>,
    /// The key of a contract's description.
    pub description: &'static str,
    /// Where to begin, how to go on.
    pub follow: FollowSettings,
    /// What the chain made of its own keys.
    pub settings: Arc<dyn ChainSettings>,
}

impl fmt::Debug for NetworkSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkSettings")
            .field("slug", &self.slug)
            .field("chain", &self.chain)
            .field("follow", &self.follow)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The networks that other sections may name: also those with mistakes in them, so that one mistake is told once.
pub(super) struct Networks<'a> {
    kinds: &'a [ChainKind],
    /// The index of the chain in `kinds`; `None` when the network's chain is unknown.
    chains: BTreeMap<&'a str, Option<usize>>,
}

/// Networks by name, of one chain.
pub(super) struct Chosen<'a> {
    pub(super) slugs: Vec<&'a str>,
    /// Index into the chain kinds.
    pub(super) chain: usize,
}

impl<'a> Networks<'a> {
    /// Reads all networks.
    pub(super) fn read(entries: Vec<Named<'a>>, kinds: &'a [ChainKind]) -> (Self, Vec<NetworkSettings>) {
        let mut networks = Self { kinds, chains: BTreeMap::new() };
        let mut read = Vec::with_capacity(entries.len());
        for Named { name, item } in entries {
            networks.chains.insert(name, None);
            let Some(mut section) = item.section() else { continue };
            let Some(chain) = section.required("chain").and_then(|item| choose_chain(&item, kinds)) else {
                continue;
            };
            networks.chains.insert(name, Some(chain));
            let follow = read_follow(&mut section);
            let settings = (kinds[chain].read)(&mut section);
            section.finish();
            read.extend(settings.map(|settings| NetworkSettings {
                slug: NetworkSlug::new(name),
                chain: kinds[chain].name,
                dialect: Arc::clone(&kinds[chain].dialect),
                description: kinds[chain].description,
                follow,
                settings,
            }));
        }
        (networks, read)
    }

    pub(super) fn kinds(&self) -> &'a [ChainKind] {
        self.kinds
    }

    pub(super) fn kind(&self, chain: usize) -> &'a ChainKind {
        &self.kinds[chain]
    }

    /// The chain that `item` names.
    pub(super) fn chain_named(&self, item: &Item<'_>) -> Option<usize> {
        choose_chain(item, self.kinds)
    }

    /// Whether no network has a chain that is known.
    pub(super) fn is_empty(&self) -> bool {
        self.chains.values().flatten().next().is_none()
    }

    /// The only chain that the networks are of.
    pub(super) fn only_chain(&self) -> Option<usize> {
        let mut chains = self.chains.values().flatten();
        let first = chains.next()?;
        chains.all(|chain| chain == first).then_some(*first)
    }

    /// The chain of `slugs`, each network once; reported in `section` when they are of several chains.
    pub(super) fn of_one_chain<'s>(
        &self,
        slugs: impl Iterator<Item = &'s NetworkSlug>,
        section: &Section<'_>,
    ) -> Option<Chosen<'a>> {
        let mut chosen: Option<Chosen<'a>> = None;
        for slug in slugs {
            let (slug, chain) = self.chains.get_key_value(slug.as_str())?;
            let chain = (*chain)?;
            let so_far = chosen.get_or_insert_with(|| Chosen { slugs: Vec::new(), chain });
            if so_far.chain != chain {
                section
                    .report("its contracts are on networks of several chains: make a monitor for each chain");
                return None;
            }
            if !so_far.slugs.contains(slug) {
                so_far.slugs.push(*slug);
            }
        }
        chosen
    }

    /// Reads the names of networks of one chain: one, or a list.
    pub(super) fn choose(&self, item: Item<'_>) -> Option<Chosen<'a>> {
        let (mut slugs, mut chain, mut complete) = (Vec::new(), None, true);
        let whole = item.clone();
        for item in item.one_or_many() {
            let Some(name) = item.text() else {
                complete = false;
                continue;
            };
            let Some((slug, of)) = self.chains.get_key_value(&*name.value) else {
                let suggestion = did_you_mean(&name.value, self.chains.keys().copied());
                item.report(format!("there is no network {:?}{suggestion}", name.value));
                complete = false;
                continue;
            };
            let of = (*of)?;
            if *chain.get_or_insert(of) != of {
                item.report("this network is of another chain than the ones before it");
                complete = false;
            }
            if !slugs.contains(slug) {
                slugs.push(*slug);
            }
        }
        match chain {
            Some(chain) if complete => Some(Chosen { slugs, chain }),
            None if complete => {
                whole.report("name at least one network");
                None
            }
            _ => None,
        }
    }
}

fn choose_chain(item: &Item<'_>, kinds: &[ChainKind]) -> Option<usize> {
    let names: Vec<(&str, usize)> =
        kinds.iter().enumerate().map(|(index, kind)| (kind.name, index)).collect();
    item.choice(&names)
}

fn read_follow(section: &mut Section<'_>) -> FollowSettings {
    let default = FollowSettings::default();
    let start = section.optional("start_height").and_then(|item| read_start(&item));
    let parallel = section.optional("backfill_parallel").and_then(|item| item.integer(1..65));
    let parallel = parallel.map_or(default.parallel, |pieces| pieces as usize);
    FollowSettings { start: start.unwrap_or_default(), parallel, ..default }
}

/// A height, a negative offset from the head, or `"latest"`.
fn read_start(item: &Item<'_>) -> Option<Start> {
    const EXPECTED: &str = "a height, a negative number of blocks before the head, or \"latest\"";
    item.reading.mark_plain(item.place());
    match item.value.get_ref() {
        DeValue::Integer(number) => match read_integer(number).map(i64::try_from) {
            Some(Ok(height)) if height >= 0 => Some(Start::At(Height(height.unsigned_abs()))),
            Some(Ok(offset)) => Some(Start::Before(offset.unsigned_abs())),
            _ => {
                item.report("this height is too large");
                None
            }
        },
        DeValue::String(_) => match &*item.text()?.value {
            "latest" => Some(Start::Latest),
            _ => {
                item.report(format!("expected {EXPECTED}"));
                None
            }
        },
        _ => item.expected(EXPECTED),
    }
}

pub(super) fn schema(kinds: &[ChainKind]) -> Value {
    let of_kind = |kind: &ChainKind| {
        let mut properties = (kind.schema)();
        properties
            .insert("chain".to_owned(), json!({ "const": kind.name, "description": "The chain it is of." }));
        properties.insert("start_height".to_owned(), json!({
            "anyOf": [{ "type": "integer" }, { "const": "latest" }],
            "default": "latest",
            "description": "Where to begin the first time: a height, a negative number of blocks before the head, or \"latest\"."
        }));
        properties.insert(
            "backfill_parallel".to_owned(),
            json!({
                "type": "integer", "minimum": 1, "maximum": 64, "default": FollowSettings::default().parallel,
                "description": "How many pieces of a backfill are read at once."
            }),
        );
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["chain"],
            "properties": properties
        })
    };
    json!({
        "type": "object",
        "description": "The networks to follow, by slug.",
        "additionalProperties": { "oneOf": kinds.iter().map(of_kind).collect::<Vec<_>>() }
    })
}

//! The configuration: TOML files read, checked and turned into settings, with every mistake shown at its place.
//!
//! [`load`] reads the files and everything they name (contract descriptions, address lists, secrets) and checks all of
//! it; [`Config::plans`] compiles the monitors. Neither connects to anything. `docs/configuration.md` is the reference.

mod address;
mod cache;
mod contract;
mod document;
pub mod endpoint;
mod error;
pub mod evm;
mod item;
mod literal;
mod locate;
mod logging;
mod monitor;
mod network;
mod plans;
mod reading;
mod sample;
mod schema;
mod secret;
mod section;
mod set;
mod size;
pub mod solana;
mod source;
pub mod stellar;
mod storage;
mod suggest;
pub mod sui;
mod target;
mod variables;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use chainbell_targets::Kind;

pub use cache::Missing;
pub use contract::ContractSettings;
pub use error::ConfigErrors;
pub use logging::{LogFormat, LogLevel, LogSettings};
pub use monitor::{Expression, MonitorSettings, Subjects};
pub use network::{ChainKind, ChainSettings, NetworkSettings};
pub use reading::Env;
pub use sample::sample;
pub use schema::json_schema;
pub use secret::SecretUrl;
pub use set::SetSettings;
pub use storage::StoreSettings;
pub use target::{DeliverySettings, TargetSettings};

use document::Document;
use error::Problem;
use network::Networks;
use reading::Reading;
use source::{MAX_FILE_BYTES, SourceFile, Sources, config_files, possible_values, read_text};

/// What a configuration may refer to outside of itself.
pub struct Known<'a> {
    /// Looks up environment variables.
    pub env: &'a Env<'a>,
    /// The chains there are.
    pub chains: &'a [ChainKind],
    /// The kinds of targets there are.
    pub targets: &'a [&'static dyn Kind],
}

/// A configuration without mistakes, except those that only compiling the monitors finds ([`Config::plans`]).
#[derive(Debug)]
pub struct Config {
    /// Where everything is kept.
    pub store: StoreSettings,
    /// What is logged.
    pub log: LogSettings,
    /// What holds for all targets.
    pub delivery: DeliverySettings,
    /// The networks, by slug.
    pub networks: Vec<NetworkSettings>,
    /// The contracts, by name.
    pub contracts: Vec<ContractSettings>,
    /// Descriptions that the chains keep and that were not fetched yet; until then their contracts have none.
    pub missing: Vec<Missing>,
    /// The address sets, by name.
    pub sets: Vec<SetSettings>,
    /// The targets, by name.
    pub targets: Vec<TargetSettings>,
    /// The monitors, as written.
    pub monitors: Vec<MonitorSettings>,
    sources: Arc<Sources>,
}

/// Reads a file, or all `*.toml` files of a folder by name.
///
/// # Errors
/// Everything that is wrong, each at its place.
pub fn load(path: &Path, known: &Known<'_>) -> Result<Config, ConfigErrors> {
    let paths = config_files(path).map_err(|error| ConfigErrors::unreadable(path.to_owned(), &error))?;
    if paths.is_empty() {
        let nothing = std::io::Error::new(std::io::ErrorKind::NotFound, "the folder holds no .toml file");
        return Err(ConfigErrors::unreadable(path.to_owned(), &nothing));
    }
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        match read_text(&path, MAX_FILE_BYTES) {
            Ok(text) => files.push((path, text)),
            Err(error) => return Err(ConfigErrors::unreadable(path, &error)),
        }
    }
    parse(files, known)
}

/// Like [`load`], of files already read: their paths, from which relative ones in them start, and texts.
///
/// # Errors
/// Everything that is wrong, each at its place.
pub fn parse(files: Vec<(PathBuf, String)>, known: &Known<'_>) -> Result<Config, ConfigErrors> {
    let mut sources =
        Sources { files: files.into_iter().map(|(path, text)| SourceFile::new(path, text)).collect() };
    let (config, problems, masks) = check(&sources, known);
    for (file, mask) in sources.files.iter_mut().zip(masks) {
        file.mask(mask);
    }
    let sources = Arc::new(sources);
    match config {
        Some(config) if problems.is_empty() => Ok(Config { sources, ..config }),
        _ => Err(ConfigErrors::new(sources, problems)),
    }
}

type Masks = Vec<Vec<std::ops::Range<u32>>>;

/// The settings, what is wrong, and what errors must not show. The settings have no sources yet.
fn check(sources: &Sources, known: &Known<'_>) -> (Option<Config>, Vec<Problem>, Masks) {
    let (tables, syntax) = document::parse(sources);
    if !syntax.is_empty() {
        let masks = sources.files.iter().map(|file| possible_values(&file.text)).collect();
        return (None, syntax, masks);
    }
    let reading = Reading::new(sources, known.env);
    let config = read(Document::merge(&reading, &tables), known);
    let (problems, masks) = reading.finish(&tables);
    (Some(config), problems, masks)
}

fn read(document: Document<'_>, known: &Known<'_>) -> Config {
    let delivery = document.delivery.map(target::Delivery::read).unwrap_or_default();
    let (networks, network_settings) = Networks::read(document.networks, known.chains);
    let store = document.store.map(StoreSettings::read).unwrap_or_default();
    let descriptions = cache::Descriptions::beside(&store.path);
    let (contracts, contract_settings, missing) =
        contract::Contracts::read(document.contracts, &networks, &descriptions);
    let sets = set::read(document.sets, &networks);
    let (targets, target_settings) = target::Targets::read(document.targets, &delivery, known.targets);
    let surroundings = monitor::Surroundings {
        networks: &networks,
        contracts: &contracts,
        contract_settings: &contract_settings,
        targets: &targets,
    };
    let monitors = monitor::read(document.monitors, &surroundings);
    Config {
        store,
        log: document.log.map(LogSettings::read).unwrap_or_default(),
        delivery: delivery.settings,
        networks: network_settings,
        contracts: contract_settings,
        missing,
        sets,
        targets: target_settings,
        monitors,
        sources: Arc::default(),
    }
}

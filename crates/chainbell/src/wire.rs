//! Names every chain, target and store: the one page to change when one is added.

use std::sync::Arc;

use anyhow::{Context, bail};
use chainbell_evm::{EvmChain, EvmConfig, EvmDialect};
use chainbell_model::{Chain, TenantId};
use chainbell_pipeline::{Lane, LaneSettings, RetrySchedule};
use chainbell_rpc::{EndpointConfig, GrpcPool, Pool, PoolConfig};
use chainbell_solana::{ReadMode, SolanaChain, SolanaConfig, SolanaDialect};
use chainbell_stellar::{StellarChain, StellarConfig, StellarDialect};
use chainbell_store::sqlite::SqliteStore;
use chainbell_sui::{SuiChain, SuiConfig, SuiDialect};
use chainbell_targets::{BuildContext, Kind};
use secrecy::ExposeSecret as _;

use crate::config::{
    ChainKind, Config, Known, NetworkSettings,
    endpoint::RpcSettings,
    evm::{self, EvmSettings},
    solana::{self, Mode, SolanaSettings},
    stellar::{self, StellarSettings},
    sui::{self, SuiSettings},
};

/// The chains there are.
pub fn chains() -> Vec<ChainKind> {
    vec![
        evm::chain_kind(Arc::new(EvmDialect)),
        solana::chain_kind(Arc::new(SolanaDialect)),
        sui::chain_kind(Arc::new(SuiDialect)),
        stellar::chain_kind(Arc::new(StellarDialect)),
    ]
}

/// The kinds of targets there are.
pub fn targets() -> &'static [&'static dyn Kind] {
    chainbell_targets::kinds()
}

/// The tenant of a single-tenant installation.
pub fn tenant() -> TenantId {
    TenantId::default()
}

/// Loads the configuration with the process's environment.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load_config(path: &std::path::Path) -> anyhow::Result<Config> {
    let chains = chains();
    let env = |name: &str| std::env::var(name).ok();
    Ok(crate::config::load(path, &Known { env: &env, chains: &chains, targets: targets() })?)
}

/// A connection to one network. Asks nothing yet.
///
/// # Errors
/// Settings that the chain cannot work with.
pub fn chain(network: &NetworkSettings) -> anyhow::Result<Arc<dyn Chain>> {
    let settings = network.settings.as_any();
    let chain = if let Some(settings) = settings.downcast_ref::<EvmSettings>() {
        evm_chain(settings)
    } else if let Some(settings) = settings.downcast_ref::<SolanaSettings>() {
        solana_chain(settings)
    } else if let Some(settings) = settings.downcast_ref::<SuiSettings>() {
        sui_chain(settings)
    } else if let Some(settings) = settings.downcast_ref::<StellarSettings>() {
        stellar_chain(settings)
    } else {
        bail!("network {}: there is no chain {:?} in this build", network.slug, network.chain)
    };
    chain.with_context(|| format!("network {}", network.slug))
}

fn evm_chain(settings: &EvmSettings) -> anyhow::Result<Arc<dyn Chain>> {
    let config = EvmConfig {
        chain_id: settings.chain_id,
        poll_interval: settings.poll_interval,
        confirmations: settings.confirmations,
        finality_depth: settings.finality_depth,
        ws: settings.ws.as_ref().map(|url| url.expose().clone()),
        backfill_proof: settings.backfill_proof,
        blocks_in_flight: settings.blocks_in_flight,
        max_filter_addresses: settings.max_filter_addresses,
        max_batch: settings.max_batch,
        max_span: settings.max_span,
        ..EvmConfig::default()
    };
    Ok(Arc::new(EvmChain::new(Pool::new(endpoints(&settings.rpc)?)?, config)?))
}

/// What another endpoint told half a minute ago is so many slots old.
const SOLANA_MAX_LAG: u64 = 100;

fn solana_chain(settings: &SolanaSettings) -> anyhow::Result<Arc<dyn Chain>> {
    let config = SolanaConfig {
        genesis: settings.genesis.clone(),
        mode: match settings.mode {
            Mode::Auto => ReadMode::Auto,
            Mode::Programs => ReadMode::Programs,
            Mode::Blocks => ReadMode::Blocks,
        },
        max_programs: settings.max_programs,
        poll_interval: settings.poll_interval,
        ws: settings.ws.as_ref().map(|url| url.expose().clone()),
        max_batch: settings.max_batch,
        blocks_in_flight: settings.blocks_in_flight,
        ..SolanaConfig::default()
    };
    let mut pool = endpoints(&settings.rpc)?;
    pool.max_lag = SOLANA_MAX_LAG;
    Ok(Arc::new(SolanaChain::new(Pool::new(pool)?, config)?))
}

fn sui_chain(settings: &SuiSettings) -> anyhow::Result<Arc<dyn Chain>> {
    let config = SuiConfig {
        chain_id: settings.chain_id.clone(),
        poll_interval: settings.poll_interval,
        subscribe: settings.subscribe,
        checkpoints_in_flight: settings.checkpoints_in_flight,
        ..SuiConfig::default()
    };
    let mut pool = endpoints(&settings.rpc)?;
    pool.max_lag = chainbell_sui::MAX_LAG;
    Ok(Arc::new(SuiChain::new(GrpcPool::new(pool)?, config)))
}

fn stellar_chain(settings: &StellarSettings) -> anyhow::Result<Arc<dyn Chain>> {
    let config = StellarConfig {
        passphrase: settings.passphrase.clone(),
        poll_interval: settings.poll_interval,
        verify: settings.verify,
        ..StellarConfig::default()
    };
    Ok(Arc::new(StellarChain::new(Pool::new(endpoints(&settings.rpc)?)?, config)))
}

/// The settings of an endpoint pool.
fn endpoints(rpc: &RpcSettings) -> anyhow::Result<PoolConfig> {
    let mut endpoints = Vec::with_capacity(rpc.endpoints.len());
    for endpoint in &rpc.endpoints {
        let mut config = EndpointConfig::new(endpoint.url.expose().clone());
        config.priority = u8::try_from(endpoint.priority).unwrap_or(u8::MAX);
        config.rate_limit = endpoint.rate_limit.and_then(std::num::NonZeroU32::new);
        for (name, value) in &endpoint.headers {
            config.add_header(name, value.expose_secret())?;
        }
        endpoints.push(config);
    }
    let mut pool = PoolConfig::new(endpoints);
    pool.timeout = rpc.request_timeout;
    pool.max_response_bytes = usize::try_from(rpc.max_response_bytes).unwrap_or(usize::MAX);
    Ok(pool)
}

/// A lane for every configured target.
///
/// # Errors
/// A target that cannot be built on this machine (a file that cannot be opened, a private address).
pub fn lanes(config: &Config) -> anyhow::Result<Vec<Lane>> {
    let context = BuildContext::new(config.delivery.allow_private);
    let mut lanes = Vec::with_capacity(config.targets.len());
    for target in &config.targets {
        let built = target.settings.build(&context).with_context(|| format!("target {}", target.name))?;
        lanes.push(Lane {
            tenant: tenant(),
            name: target.name.clone(),
            target: built,
            settings: LaneSettings {
                concurrency: target.limits.concurrency,
                rate_limit: target.limits.rate_limit,
                retry: RetrySchedule { delays: target.limits.retry.clone() },
                ..LaneSettings::default()
            },
        });
    }
    Ok(lanes)
}

/// Opens the store for writing and brings it up to date.
///
/// # Errors
/// The database cannot be opened, or was written by a newer program.
pub async fn open_store(config: &Config) -> anyhow::Result<SqliteStore> {
    let path = &config.store.path;
    SqliteStore::open(path, Default::default()).await.with_context(|| format!("store {}", path.display()))
}

/// Claims the store for this process, until the file is dropped or the process ends, however it ends. Two processes that
/// deliver from one database would deliver twice.
///
/// # Errors
/// Another process holds it, or the lock file cannot be made.
pub fn claim_store(config: &Config) -> anyhow::Result<std::fs::File> {
    let mut path = config.store.path.clone().into_os_string();
    path.push(".lock");
    let path = std::path::PathBuf::from(path);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let file = std::fs::File::create(&path).with_context(|| path.display().to_string())?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => {
            bail!(
                "another chainbell runs on {}: one database serves one process",
                config.store.path.display()
            )
        }
        Err(std::fs::TryLockError::Error(error)) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// Opens the store for reading, also while another process writes.
///
/// # Errors
/// There is no database yet, or it was written by a newer program.
pub async fn open_store_read_only(config: &Config) -> anyhow::Result<SqliteStore> {
    let path = &config.store.path;
    if !path.exists() {
        bail!("there is no database at {} yet: `chainbell run` makes it", path.display());
    }
    SqliteStore::open_read_only(path).await.with_context(|| format!("store {}", path.display()))
}

/// The network named, or the only one.
///
/// # Errors
/// There is no such network, or none was named and there are several.
pub fn one_network<'a>(config: &'a Config, name: Option<&str>) -> anyhow::Result<&'a NetworkSettings> {
    let names = || config.networks.iter().map(|network| network.slug.as_str()).collect::<Vec<_>>().join(", ");
    match (name, &*config.networks) {
        (None, [only]) => Ok(only),
        (None, []) => bail!("the configuration has no network"),
        (None, _) => bail!("name one of the networks with --network: {}", names()),
        (Some(name), networks) => networks
            .iter()
            .find(|network| network.slug.as_str() == name)
            .with_context(|| format!("there is no network {name:?}; there are {}", names())),
    }
}

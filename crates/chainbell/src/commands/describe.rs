//! Fetches the descriptions that chains keep of their contracts, each once, into files next to the database.

use std::{fs, time::Duration};

use anyhow::Context;
use chainbell_model::{Address, Chain, ChainError};

use crate::{
    config::{Config, Missing, NetworkSettings},
    wire,
};

/// How long one description may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause before an endpoint is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Fetches what the configuration misses. Where a chain keeps no description, an empty file says so.
///
/// # Errors
/// An endpoint does not answer, or the file cannot be written.
pub(super) async fn fetch(config: &Config) -> anyhow::Result<()> {
    for Missing { network, address, path } in &config.missing {
        let network = wire::one_network(config, Some(network.as_str()))?;
        let chain = wire::chain(network)?;
        let text = address_text(network, address);
        let described = description(&*chain, address)
            .await
            .with_context(|| format!("the description of {text} on {}", network.slug))?;
        match &described {
            Some(_) => tracing::info!(network = %network.slug, contract = %text, "description fetched"),
            None => {
                tracing::warn!(network = %network.slug, contract = %text, "the chain keeps no description of it")
            }
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        // Whole or not at all: half a description would be taken for one.
        let mut written = path.clone().into_os_string();
        written.push(".part");
        fs::write(&written, described.unwrap_or_default())
            .and_then(|()| fs::rename(&written, path))
            .with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// The description of one contract, asked for again while the endpoints fail.
///
/// # Errors
/// They keep failing, or repeating cannot help.
pub(super) async fn description(chain: &dyn Chain, address: &Address) -> Result<Option<Vec<u8>>, ChainError> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match chain.describe(address).await {
            Err(ChainError::Unavailable { .. }) if tokio::time::Instant::now() + PAUSE < deadline => {
                tokio::time::sleep(PAUSE).await;
            }
            other => return other,
        }
    }
}

pub(super) fn address_text(network: &NetworkSettings, address: &Address) -> String {
    let mut text = String::new();
    network.dialect.address_text(address, &mut text);
    text
}

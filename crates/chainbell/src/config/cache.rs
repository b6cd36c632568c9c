//! Contract descriptions fetched from the chains: files next to the database, each fetched once.

use std::path::{Path, PathBuf};

use chainbell_model::{Address, Dialect, NetworkSlug};

/// The folder of the fetched descriptions.
#[derive(Clone, Debug)]
pub(super) struct Descriptions {
    folder: PathBuf,
}

impl Descriptions {
    /// Next to the database at `store`.
    pub(super) fn beside(store: &Path) -> Self {
        let mut folder = store.as_os_str().to_owned();
        folder.push(".descriptions");
        Self { folder: folder.into() }
    }

    /// The file of one contract.
    pub(super) fn path(&self, network: &str, address: &Address, dialect: &dyn Dialect) -> PathBuf {
        let mut name = format!("{network}-");
        dialect.address_text(address, &mut name);
        self.folder.join(name)
    }
}

/// A description that has to be fetched from the chain.
#[derive(Clone, Debug)]
pub struct Missing {
    /// Where the contract is.
    pub network: NetworkSlug,
    /// The contract.
    pub address: Address,
    /// The file to write it to; an empty one where the chain keeps none.
    pub path: PathBuf,
}

//! Reads the description of a package from the chain, with the packages whose types it uses.

use std::collections::BTreeSet;

use chainbell_model::{Address, ChainError};
use serde::Serialize;
use sui_rpc::proto::sui::rpc::v2::Package;

use super::{SuiChain, ask::Trouble, tip::no_tip};
use crate::{address, layout};

/// No package needs the types of more; what is missing then shows where it is used.
const MAX_PACKAGES: usize = 64;

/// The form that [`chainbell_model::Dialect::interface`] reads; the package described comes first.
#[derive(Serialize)]
struct Description<'a> {
    packages: &'a [Package],
}

impl SuiChain {
    pub(super) async fn description(&self, contract: &Address) -> Result<Option<Vec<u8>>, ChainError> {
        let Ok(id) = <[u8; address::LEN]>::try_from(&**contract) else { return Ok(None) };
        let Some(package) = self.package(&id).await? else { return Ok(None) };
        let mut packages = vec![package];
        let mut asked = BTreeSet::from([id]);
        loop {
            let text = serde_json::to_vec(&Description { packages: &packages }).map_err(unreadable)?;
            let missing = layout::missing_packages(&text).map_err(unreadable)?;
            let missing: Vec<_> = missing.into_iter().filter(|id| !asked.contains(id)).collect();
            if missing.is_empty() || packages.len() >= MAX_PACKAGES {
                return Ok(Some(text));
            }
            for id in missing.into_iter().take(MAX_PACKAGES - packages.len()) {
                asked.insert(id);
                packages.extend(self.package(&id).await?);
            }
        }
    }

    /// `None` when no package lies there.
    async fn package(&self, id: &[u8; address::LEN]) -> Result<Option<Package>, ChainError> {
        match self.ask.package(&address::text(id)).await {
            Ok(mut package) => {
                // The bytecode says nothing that the description does not.
                package.modules.iter_mut().for_each(|module| module.contents = None);
                Ok(Some(package))
            }
            Err(Trouble::Absent) => Ok(None),
            Err(Trouble::MethodMissing) => {
                Err(ChainError::Misconfigured("no endpoint offers sui.rpc.v2.MovePackageService".to_owned()))
            }
            Err(trouble) => {
                self.ask.report(&trouble);
                Err(no_tip(trouble))
            }
        }
    }
}

fn unreadable(reason: impl ToString) -> ChainError {
    let reason = format!("the package's description cannot be read: {}", reason.to_string());
    ChainError::Unavailable { reason, retry_after: None }
}

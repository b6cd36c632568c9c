//! Targets with work, by name.

use std::collections::BTreeMap;

use chainbell_model::{TargetName, TenantId, Timestamp};
use sqlx::SqliteConnection;

use crate::{DueTarget, StoreError, sqlite::SqliteStore};

/// Each target of `due` (tenant's number, target's number, time) once, with its earliest time.
pub(super) async fn named(
    store: &SqliteStore,
    connection: &mut SqliteConnection,
    due: impl Iterator<Item = (i64, i64, Timestamp)>,
) -> Result<Vec<DueTarget>, StoreError> {
    let mut earliest = BTreeMap::new();
    for (tenant, target, at) in due {
        let known = earliest.entry((tenant, target)).or_insert(at);
        *known = at.min(*known);
    }
    if earliest.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = earliest.keys().flat_map(|(tenant, target)| [*tenant, *target]).collect();
    let (texts, _) = store.words.look_up(connection, ids.into_iter()).await?;
    let name = |((tenant, target), at)| {
        Ok(DueTarget {
            tenant: TenantId::new(texts.text(tenant)?),
            target: TargetName::new(texts.text(target)?),
            at,
        })
    };
    earliest.into_iter().map(name).collect()
}

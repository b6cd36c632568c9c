//! Records how far the chain stands, releases what waited for it, and drops blocks no longer needed.

use chainbell_model::{Finality, Height, NetworkSlug, Timestamp};
use sqlx::{Sqlite, SqliteConnection};

use crate::{
    Released, StoreError,
    sqlite::{
        SqliteStore,
        codec::{from_finality, from_height},
        due,
        networks::{self, Network},
    },
};

/// See [`crate::Ledger::finality`].
pub(super) async fn finality(
    store: &SqliteStore,
    slug: &NetworkSlug,
    marks: (Height, Height),
) -> Result<Released, StoreError> {
    let mut tx = store.write().await?;
    let network = networks::load(&mut tx, slug).await?;
    let released = advance(store, &mut tx, &network, marks, store.clock.now()).await?;
    tx.commit().await?;
    Ok(released)
}

/// The same within a transaction: `marks` are the confirmed and the finalized height.
pub(super) async fn advance(
    store: &SqliteStore,
    connection: &mut SqliteConnection,
    network: &Network,
    marks: (Height, Height),
    now: Timestamp,
) -> Result<Released, StoreError> {
    let confirmed = network.state.confirmed.max(marks.0);
    let finalized = network.state.finalized.max(marks.1);
    if confirmed == network.state.confirmed && finalized == network.state.finalized {
        return Ok(Released::default());
    }
    sqlx::query("UPDATE networks SET confirmed = $2, finalized = $3 WHERE id = $1")
        .bind(network.id)
        .bind(from_height(confirmed))
        .bind(from_height(finalized))
        .execute(&mut *connection)
        .await?;
    // What lay below the former mark went when that was set.
    sqlx::query("DELETE FROM blocks WHERE network = $1 AND height >= $2 AND height < $3 AND has_facts = 0")
        .bind(network.id)
        .bind(from_height(network.state.finalized))
        .bind(from_height(finalized))
        .execute(&mut *connection)
        .await?;
    let mut released = Vec::new();
    for (finality, mark, before) in [
        (Finality::Confirmed, confirmed, network.state.confirmed),
        (Finality::Finalized, finalized, network.state.finalized),
    ] {
        if mark > before {
            released.extend(release(connection, network.id, (finality, mark), now).await?);
        }
    }
    let deliveries = released.iter().map(|(.., count)| u64::try_from(*count).unwrap_or(0)).sum();
    let due = released.into_iter().map(|(tenant, target, _)| (tenant, target, now));
    Ok(Released { deliveries, waiting: due::named(store, connection, due).await? })
}

/// Makes due what waited for `finality` up to the height, and says how many for which tenant and target.
async fn release(
    connection: &mut SqliteConnection,
    network: i64,
    (finality, height): (Finality, Height),
    now: Timestamp,
) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    let (finality, height) = (from_finality(finality), from_height(height));
    let targets: Vec<(i64, i64, i64)> = sqlx::query_as::<Sqlite, _>(
        "SELECT tenant, target, count(*) FROM deliveries
         WHERE state = 0 AND network = $1 AND deliver_at = $2 AND height <= $3 GROUP BY tenant, target",
    )
    .bind(network)
    .bind(finality)
    .bind(height)
    .fetch_all(&mut *connection)
    .await?;
    if targets.is_empty() {
        return Ok(targets);
    }
    sqlx::query(
        "UPDATE deliveries SET state = 1, next_at = $4
         WHERE state = 0 AND network = $1 AND deliver_at = $2 AND height <= $3",
    )
    .bind(network)
    .bind(finality)
    .bind(height)
    .bind(now.0)
    .execute(&mut *connection)
    .await?;
    Ok(targets)
}

//! Records how far the chain stands, releases what waited for it, and drops blocks no longer needed.

use chainbell_model::{Height, NetworkSlug, Timestamp};
use sqlx::{Sqlite, SqliteConnection};

use crate::{
    Released, StoreError,
    sqlite::{
        SqliteStore,
        codec::from_height,
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
    release(store, connection, network.id, (confirmed, finalized), now).await
}

async fn release(
    store: &SqliteStore,
    connection: &mut SqliteConnection,
    network: i64,
    (confirmed, finalized): (Height, Height),
    now: Timestamp,
) -> Result<Released, StoreError> {
    let targets: Vec<(i64, i64, i64)> = sqlx::query_as::<Sqlite, _>(
        "SELECT tenant, target, count(*) FROM deliveries
         WHERE state = 0 AND network = $1
           AND ((deliver_at = 1 AND height <= $2) OR (deliver_at = 2 AND height <= $3))
         GROUP BY tenant, target",
    )
    .bind(network)
    .bind(from_height(confirmed))
    .bind(from_height(finalized))
    .fetch_all(&mut *connection)
    .await?;
    if targets.is_empty() {
        return Ok(Released::default());
    }
    sqlx::query(
        "UPDATE deliveries SET state = 1, next_at = $4
         WHERE state = 0 AND network = $1
           AND ((deliver_at = 1 AND height <= $2) OR (deliver_at = 2 AND height <= $3))",
    )
    .bind(network)
    .bind(from_height(confirmed))
    .bind(from_height(finalized))
    .bind(now.0)
    .execute(&mut *connection)
    .await?;
    let deliveries = targets.iter().map(|(.., count)| u64::try_from(*count).unwrap_or(0)).sum();
    let due = targets.into_iter().map(|(tenant, target, _)| (tenant, target, now));
    Ok(Released { deliveries, waiting: due::named(store, connection, due).await? })
}

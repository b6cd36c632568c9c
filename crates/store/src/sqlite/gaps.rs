//! Heights left out for good, on record.

use chainbell_model::{BlockRef, NetworkSlug, Timestamp};
use sqlx::Sqlite;

use crate::{
    Gap, StoreError,
    sqlite::{
        SqliteStore, begin,
        bulk::Script,
        codec::{from_height, to_height},
        networks,
    },
};

/// See [`crate::Ledger::record_gap`].
pub(super) async fn record(
    store: &SqliteStore,
    slug: &NetworkSlug,
    after: BlockRef,
    to: BlockRef,
) -> Result<(), StoreError> {
    let mut writer = store.writer.lock().await;
    let mut tx = begin(&mut writer).await?;
    let network = networks::load(&mut tx, slug).await?;
    if network.state.cursor == Some(to) {
        return Ok(());
    }
    if network.state.cursor != Some(after) {
        return Err(StoreError::CursorMoved { network: slug.to_string() });
    }
    sqlx::query("INSERT INTO gaps (network, first, last, at) VALUES ($1, $2, $3, $4)")
        .bind(network.id)
        .bind(from_height(after.height.next()))
        .bind(from_height(to.height))
        .bind(store.clock.now().0)
        .execute(&mut *tx)
        .await?;
    let mut script = Script::default();
    networks::set_cursor(&mut script, network.id, to);
    script.run(&mut tx).await?;
    tx.commit().await?;
    Ok(())
}

/// See [`crate::Ledger::gaps`].
pub(super) async fn all(store: &SqliteStore, slug: &NetworkSlug) -> Result<Vec<Gap>, StoreError> {
    let rows: Vec<(i64, i64, i64)> = sqlx::query_as::<Sqlite, _>(
        "SELECT g.first, g.last, g.at FROM gaps g JOIN networks n ON n.id = g.network
         WHERE n.slug = $1 ORDER BY g.first",
    )
    .bind(slug.as_str())
    .fetch_all(&store.reader)
    .await?;
    let gap = |(first, last, at)| Gap { first: to_height(first), last: to_height(last), at: Timestamp(at) };
    Ok(rows.into_iter().map(gap).collect())
}

//! Networks: their identity, cursor and marks, and the blocks that may still be reorganised.

use chainbell_model::{BlockRef, Height, NetworkSlug};
use sqlx::{Sqlite, SqliteConnection, sqlite::SqliteRow};

use crate::{
    NetworkState, StoreError,
    sqlite::{
        SqliteStore, begin as begin_writing,
        bulk::Script,
        codec::{block_id, column, corrupt, from_height, to_height},
    },
};

/// A network, with what a transaction that continues it has to know; read at once, because each statement costs a hop.
pub(super) struct Network {
    /// Its number in other tables.
    pub(super) id: i64,
    /// What is known of it.
    pub(super) state: NetworkState,
    /// The highest stored block: above it nothing is stored yet.
    pub(super) highest: Option<Height>,
    /// Whether some of its deliveries wait for finality.
    pub(super) any_waiting: bool,
    /// The number of the next new block of any network.
    pub(super) next_seq: i64,
    /// The number of the next delivery.
    pub(super) next_sequence: i64,
}

/// See [`crate::Ledger::open_network`].
pub(super) async fn open(
    store: &SqliteStore,
    slug: &NetworkSlug,
    chain: &str,
    identity: &str,
) -> Result<NetworkState, StoreError> {
    let mut writer = store.writer.lock().await;
    let mut tx = begin_writing(&mut writer).await?;
    sqlx::query(
        "INSERT INTO networks (slug, chain, identity) VALUES ($1, $2, $3) ON CONFLICT (slug) DO NOTHING",
    )
    .bind(slug.as_str())
    .bind(chain)
    .bind(identity)
    .execute(&mut *tx)
    .await?;
    let network = load(&mut tx, slug).await?;
    tx.commit().await?;
    let stored = format!("{} {}", network.state.chain, network.state.identity);
    let found = format!("{chain} {identity}");
    if stored != found {
        return Err(StoreError::OtherNetwork { network: slug.to_string(), stored, found });
    }
    Ok(network.state)
}

/// The network of that slug, which must have been opened.
pub(super) async fn load(
    connection: &mut SqliteConnection,
    slug: &NetworkSlug,
) -> Result<Network, StoreError> {
    let row = sqlx::query(
        "SELECT n.*, (SELECT max(height) FROM blocks WHERE network = n.id) AS highest,
           EXISTS (SELECT 1 FROM deliveries WHERE state = 0 AND network = n.id) AS any_waiting,
           (SELECT max(seq) FROM blocks) AS last_seq, (SELECT max(sequence) FROM deliveries) AS last_sequence
         FROM networks n WHERE n.slug = $1",
    )
    .bind(slug.as_str())
    .fetch_optional(connection)
    .await?
    .ok_or_else(|| corrupt("network", format!("{slug} was never opened")))?;
    Ok(Network {
        id: column(&row, "id")?,
        state: read(&row)?,
        highest: column::<Option<i64>>(&row, "highest")?.map(to_height),
        any_waiting: column(&row, "any_waiting")?,
        next_seq: column::<Option<i64>>(&row, "last_seq")?.unwrap_or(0) + 1,
        next_sequence: column::<Option<i64>>(&row, "last_sequence")?.unwrap_or(0) + 1,
    })
}

/// See [`crate::Ledger::networks`].
pub(super) async fn all(store: &SqliteStore) -> Result<Vec<NetworkState>, StoreError> {
    let rows = sqlx::query("SELECT * FROM networks ORDER BY slug").fetch_all(&store.reader).await?;
    rows.iter().map(read).collect()
}

fn read(row: &SqliteRow) -> Result<NetworkState, StoreError> {
    let height: Option<i64> = column(row, "cursor_height")?;
    let id: Option<&[u8]> = column(row, "cursor_id")?;
    let cursor = match height.zip(id) {
        Some((height, id)) => Some(BlockRef { height: to_height(height), id: block_id(id)? }),
        None => None,
    };
    Ok(NetworkState {
        network: column::<&str>(row, "slug")?.into(),
        chain: column(row, "chain")?,
        identity: column(row, "identity")?,
        cursor,
        confirmed: to_height(column(row, "confirmed")?),
        finalized: to_height(column(row, "finalized")?),
        first: column::<Option<i64>>(row, "first")?.map(to_height),
        halted: column(row, "halted")?,
    })
}

/// Moves the cursor.
pub(super) fn set_cursor(script: &mut Script, network: i64, cursor: BlockRef) {
    script.push("UPDATE networks SET cursor_height = ?, cursor_id = ? WHERE id = ?", |values| {
        values.push(from_height(cursor.height));
        values.push(cursor.id.0.to_vec());
        values.push(network);
    });
}

/// See [`crate::Ledger::begin`].
pub(super) async fn begin(store: &SqliteStore, slug: &NetworkSlug, at: Height) -> Result<(), StoreError> {
    let mut writer = store.writer.lock().await;
    sqlx::query("UPDATE networks SET first = $2 WHERE slug = $1 AND first IS NULL")
        .bind(slug.as_str())
        .bind(from_height(at))
        .execute(&mut *writer)
        .await?;
    Ok(())
}

/// See [`crate::Ledger::set_halted`].
pub(super) async fn set_halted(
    store: &SqliteStore,
    slug: &NetworkSlug,
    reason: Option<&str>,
) -> Result<(), StoreError> {
    let mut writer = store.writer.lock().await;
    sqlx::query("UPDATE networks SET halted = $2 WHERE slug = $1")
        .bind(slug.as_str())
        .bind(reason)
        .execute(&mut *writer)
        .await?;
    Ok(())
}

/// See [`crate::Ledger::window`].
pub(super) async fn window(store: &SqliteStore, slug: &NetworkSlug) -> Result<Vec<BlockRef>, StoreError> {
    let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as::<Sqlite, _>(
        "SELECT b.height, b.id FROM networks n
         JOIN blocks b ON b.network = n.id AND b.height >= n.finalized AND b.retracted = 0
         WHERE n.slug = $1 ORDER BY b.height",
    )
    .bind(slug.as_str())
    .fetch_all(&store.reader)
    .await?;
    rows.into_iter()
        .map(|(height, id)| Ok(BlockRef { height: to_height(height), id: block_id(&id)? }))
        .collect()
}

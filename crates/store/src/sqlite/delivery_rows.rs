//! Deliveries for people and the API, and their retry by hand.

use chainbell_model::{DeliveryId, MonitorName, NetworkSlug, TargetName, TenantId, Timestamp};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, sqlite::SqliteRow};

use crate::{
    AttemptRow, DeliveryDetail, DeliveryQuery, DeliveryRow, DeliveryState, RetrySelection, StoreError,
    sqlite::{
        SqliteStore, begin,
        codec::{column, corrupt, delivery_id, from_state, match_id, small, to_height, to_state},
        event_rows::MOST_ROWS,
        facts::{FactReader, fact_columns, fact_joins, word_ids},
        settle::OUTCOMES,
        words::Texts,
    },
};

/// What [`read`] reads of the deliveries that [`pick`] chose: only those are joined with what they are about.
const SELECT: &str = concat!(
    "SELECT d.sequence, d.id AS delivery, d.state, d.monitor, d.target, d.attempts, d.next_at, d.created,
     m.id AS match_id, o.id AS retracts,
     (SELECT a.detail FROM attempts a WHERE a.delivery = d.sequence ORDER BY a.attempt DESC LIMIT 1) AS last_detail, ",
    fact_columns!(),
    " FROM picked d
      JOIN facts f ON f.id = d.fact
      JOIN matches m ON m.fact = d.fact AND m.monitor = d.monitor
      LEFT JOIN deliveries o ON o.sequence = d.retracts",
    fact_joins!(),
    "ORDER BY d.sequence DESC"
);

/// Begins the choice of a tenant's deliveries; ends with `)` and [`SELECT`].
fn pick(tenant: i64) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new("WITH picked AS (SELECT * FROM deliveries d WHERE d.tenant = ");
    sql.push_bind(tenant);
    sql
}

/// See [`crate::Reader::deliveries`].
pub(super) async fn deliveries(
    store: &SqliteStore,
    tenant: &TenantId,
    query: &DeliveryQuery,
) -> Result<Vec<DeliveryRow>, StoreError> {
    let mut tx = store.read().await?;
    let Some(tenant) = store.words.find(&mut tx, tenant.as_str()).await? else { return Ok(Vec::new()) };
    let mut sql = pick(tenant);
    if let Some(state) = query.state {
        // Written out, because indexes of one state are chosen by the text.
        sql.push(" AND d.state = ").push(from_state(state));
    }
    if let Some(target) = &query.target {
        let Some(target) = store.words.find(&mut tx, target.as_str()).await? else { return Ok(Vec::new()) };
        sql.push(" AND d.target = ").push_bind(target);
    }
    if let Some(monitor) = &query.monitor {
        let Some(monitor) = store.words.find(&mut tx, monitor.as_str()).await? else { return Ok(Vec::new()) };
        sql.push(" AND d.monitor = ").push_bind(monitor);
    }
    if let Some(before) = query.before {
        sql.push(" AND d.sequence < ").push_bind(before);
    }
    sql.push(" ORDER BY d.sequence DESC LIMIT ")
        .push_bind(i64::from(query.limit.min(MOST_ROWS)))
        .push(") ")
        .push(SELECT);
    let rows = sql.build().fetch_all(&mut *tx).await?;
    let texts = texts(store, &mut tx, &rows).await?;
    rows.iter().map(|row| read(row, &texts)).collect()
}

/// See [`crate::Reader::delivery`].
pub(super) async fn delivery(
    store: &SqliteStore,
    tenant: &TenantId,
    id: &DeliveryId,
) -> Result<Option<DeliveryDetail>, StoreError> {
    let mut tx = store.read().await?;
    let Some(tenant) = store.words.find(&mut tx, tenant.as_str()).await? else { return Ok(None) };
    let mut sql = pick(tenant);
    sql.push(" AND d.id = ").push_bind(id.0.to_vec()).push(") ").push(SELECT);
    let Some(stored) = sql.build().fetch_optional(&mut *tx).await? else { return Ok(None) };
    let texts = texts(store, &mut tx, std::slice::from_ref(&stored)).await?;
    let row = read(&stored, &texts)?;
    let facts = FactReader::default().read(&stored, &texts)?;
    let attempts = attempts(&mut tx, row.sequence).await?;
    Ok(Some(DeliveryDetail { row, facts, attempts }))
}

async fn texts(
    store: &SqliteStore,
    connection: &mut SqliteConnection,
    rows: &[SqliteRow],
) -> Result<Texts, StoreError> {
    let mut words = Vec::with_capacity(rows.len() * 5);
    for row in rows {
        words.push(column(row, "monitor")?);
        words.push(column(row, "target")?);
        words.extend(word_ids(row)?);
    }
    store.words.texts(connection, words.into_iter()).await
}

fn read(row: &SqliteRow, texts: &Texts) -> Result<DeliveryRow, StoreError> {
    let state = to_state(column(row, "state")?)?;
    let retracts: Option<&[u8]> = column(row, "retracts")?;
    let next_at: i64 = column(row, "next_at")?;
    Ok(DeliveryRow {
        sequence: column(row, "sequence")?,
        id: delivery_id(column(row, "delivery")?)?,
        state,
        retracts: retracts.map(delivery_id).transpose()?,
        match_id: match_id(column(row, "match_id")?)?,
        monitor: MonitorName::new(texts.text(column(row, "monitor")?)?),
        target: TargetName::new(texts.text(column(row, "target")?)?),
        network: NetworkSlug::new(column::<&str>(row, "network_slug")?),
        height: to_height(column(row, "block_height")?),
        attempts: small(column(row, "attempts")?, "attempts")?,
        next_at: (state == DeliveryState::Pending).then_some(Timestamp(next_at)),
        created: Timestamp(column(row, "created")?),
        last_detail: column(row, "last_detail")?,
    })
}

async fn attempts(connection: &mut SqliteConnection, sequence: i64) -> Result<Vec<AttemptRow>, StoreError> {
    let rows: Vec<(i64, i64, i64, i64, String)> = sqlx::query_as::<Sqlite, _>(
        "SELECT attempt, started, took_ms, outcome, detail FROM attempts WHERE delivery = $1 ORDER BY attempt",
    )
    .bind(sequence)
    .fetch_all(connection)
    .await?;
    let read = |(attempt, started, took_ms, outcome, detail): (_, _, _, i64, _)| {
        let outcome = usize::try_from(outcome).ok().and_then(|outcome| OUTCOMES.get(outcome));
        Ok(AttemptRow {
            attempt: small(attempt, "attempt")?,
            started: Timestamp(started),
            took_ms: u64::try_from(took_ms).unwrap_or(0),
            outcome: (*outcome.ok_or_else(|| corrupt("attempt", "unknown outcome".to_owned()))?).to_owned(),
            detail,
        })
    };
    rows.into_iter().map(read).collect()
}

/// See [`crate::Reader::retry`]. What was taken back, or is being taken back, is not sent again.
pub(super) async fn retry(
    store: &SqliteStore,
    tenant: &TenantId,
    which: &RetrySelection,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut writer = store.writer.lock().await;
    let mut tx = begin(&mut writer).await?;
    let Some(tenant) = store.words.find(&mut tx, tenant.as_str()).await? else { return Ok(0) };
    let mut sql = QueryBuilder::<Sqlite>::new(
        "UPDATE deliveries SET maybe_received = CASE WHEN state = 3 THEN 1 ELSE maybe_received END,
         state = 1, next_at = ",
    );
    sql.push_bind(now.0).push(" WHERE taken_back = 0 AND tenant = ").push_bind(tenant);
    match which {
        RetrySelection::One(id) => {
            sql.push(" AND state IN (3, 4) AND id = ").push_bind(id.0.to_vec());
        }
        RetrySelection::Dead(target) => {
            sql.push(" AND state = 4");
            if let Some(target) = target {
                let Some(target) = store.words.find(&mut tx, target.as_str()).await? else { return Ok(0) };
                sql.push(" AND target = ").push_bind(target);
            }
        }
    }
    let retried = sql.build().execute(&mut *tx).await?.rows_affected();
    tx.commit().await?;
    Ok(retried)
}

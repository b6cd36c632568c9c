//! Hands due deliveries to the workers that send them.

use std::sync::Arc;

use chainbell_model::{Message, MessageKind, MonitorName, TargetName, TenantId, Timestamp};
use sqlx::{Sqlite, SqliteConnection, sqlite::SqliteRow};

use crate::{
    DueTarget, StoreError,
    sqlite::{
        SqliteStore, begin,
        bulk::Among,
        codec::{column, delivery_id, match_id, small, to_finality},
        due,
        facts::{FactReader, fact_columns, fact_joins, word_ids},
    },
};

/// The most deliveries of one claim.
const MOST_CLAIMED: usize = 4096;

const CLAIM: Among =
    Among { head: "UPDATE deliveries SET state = 2, attempts = attempts + 1 WHERE sequence IN ", tail: "" };

/// See [`crate::Outbox::due_targets`].
pub(super) async fn due_targets(store: &SqliteStore) -> Result<Vec<DueTarget>, StoreError> {
    let mut tx = store.read().await?;
    let due: Vec<(i64, i64, i64)> = sqlx::query_as::<Sqlite, _>(
        "SELECT tenant, target, min(next_at) FROM deliveries WHERE state = 1 GROUP BY tenant, target",
    )
    .fetch_all(&mut *tx)
    .await?;
    let due = due.into_iter().map(|(tenant, target, at)| (tenant, target, Timestamp(at)));
    due::named(store, &mut tx, due).await
}

/// See [`crate::Outbox::claim`]. The earliest due come first, so that a claim costs the same however many wait; within
/// a claim the order is that of the outbox.
pub(super) async fn claim(
    store: &SqliteStore,
    (tenant, target): (&TenantId, &TargetName),
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Message>, StoreError> {
    let mut writer = store.writer.lock().await;
    let mut tx = begin(&mut writer).await?;
    let (Some(tenant_id), Some(target_id)) = (
        store.words.find(&mut tx, tenant.as_str()).await?,
        store.words.find(&mut tx, target.as_str()).await?,
    ) else {
        return Ok(Vec::new());
    };
    let limit = i64::try_from(limit.min(MOST_CLAIMED)).unwrap_or(i64::MAX);
    let mut rows = sqlx::query(concat!(
        "SELECT d.sequence, d.id AS delivery, d.monitor, d.deliver_at, d.attempts, d.created, m.id AS match_id,
         o.id AS retracts, o.created AS first_created, ",
        fact_columns!(),
        " FROM deliveries d
          JOIN facts f ON f.id = d.fact
          JOIN matches m ON m.fact = d.fact AND m.monitor = d.monitor
          LEFT JOIN deliveries o ON o.sequence = d.retracts",
        fact_joins!(),
        "WHERE d.state = 1 AND d.tenant = $1 AND d.target = $2 AND d.next_at <= $3
         ORDER BY d.next_at, d.sequence LIMIT $4"
    ))
    .bind(tenant_id)
    .bind(target_id)
    .bind(now.0)
    .bind(limit)
    .fetch_all(&mut *tx)
    .await?
    .into_iter()
    .map(|row| Ok((column::<i64>(&row, "sequence")?, row)))
    .collect::<Result<Vec<_>, StoreError>>()?;
    rows.sort_unstable_by_key(|(sequence, _)| *sequence);
    let sequences: Vec<i64> = rows.iter().map(|(sequence, _)| *sequence).collect();
    CLAIM.run(&mut tx, &sequences).await?;
    let messages = messages(store, &mut tx, (tenant, target), &rows).await?;
    tx.commit().await?;
    Ok(messages)
}

async fn messages(
    store: &SqliteStore,
    connection: &mut SqliteConnection,
    (tenant, target): (&TenantId, &TargetName),
    rows: &[(i64, SqliteRow)],
) -> Result<Vec<Message>, StoreError> {
    let mut words = Vec::with_capacity(rows.len() * 4);
    for (_, row) in rows {
        words.push(column(row, "monitor")?);
        words.extend(word_ids(row)?);
    }
    let texts = store.words.texts(connection, words.into_iter()).await?;
    let mut facts = FactReader::default();
    let mut messages = Vec::with_capacity(rows.len());
    for (_, row) in rows {
        let kind = match column::<Option<&[u8]>>(row, "retracts")? {
            None => MessageKind::Match,
            Some(original) => MessageKind::Retraction { of: delivery_id(original)? },
        };
        let created = column::<Option<i64>>(row, "first_created")?;
        messages.push(Message {
            id: delivery_id(column(row, "delivery")?)?,
            kind,
            tenant: tenant.clone(),
            target: target.clone(),
            monitor: MonitorName::new(texts.text(column(row, "monitor")?)?),
            match_id: match_id(column(row, "match_id")?)?,
            deliver_at: to_finality(column(row, "deliver_at")?)?,
            created: Timestamp(created.map_or_else(|| column(row, "created"), Ok)?),
            attempt: small(column(row, "attempts")?, "attempts")?.saturating_add(1),
            facts: Arc::new(facts.read(row, &texts)?),
        });
    }
    Ok(messages)
}

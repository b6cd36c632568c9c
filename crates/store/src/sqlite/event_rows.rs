//! Stored facts for people and the API.

use chainbell_model::{MonitorName, TenantId};
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, sqlite::SqliteRow};

use crate::{
    Counts, EventQuery, EventRow, StoreError, finality_of,
    sqlite::{
        SqliteStore,
        bulk::Among,
        codec::{column, from_height, to_height, to_kind, to_state},
        facts::{FactReader, fact_columns, fact_joins, first_fact, word_ids},
        known::Map,
    },
};

/// The most rows of one answer.
pub(super) const MOST_ROWS: u32 = 1000;

const MATCHES: Among = Among {
    head: "SELECT fact, monitor, retracted FROM matches WHERE fact IN ",
    tail: " ORDER BY fact, monitor",
};

/// See [`crate::Reader::events`].
pub(super) async fn events(
    store: &SqliteStore,
    tenant: &TenantId,
    query: &EventQuery,
) -> Result<Vec<EventRow>, StoreError> {
    let mut tx = store.read().await?;
    let Some(sql) = select(store, &mut tx, tenant, query).await? else {
        return Ok(Vec::new());
    };
    let mut sql = sql;
    let rows = sql.build().fetch_all(&mut *tx).await?;
    let facts = rows.iter().map(|row| column(row, "fact")).collect::<Result<Vec<i64>, _>>()?;
    let mut monitors: Map<i64, Vec<i64>> = Map::default();
    let mut words = Vec::with_capacity(rows.len() * 4);
    for matched in MATCHES.rows(&mut tx, &facts).await? {
        if query.retracted || !column::<bool>(&matched, "retracted")? {
            let monitor = column(&matched, "monitor")?;
            monitors.entry(column(&matched, "fact")?).or_default().push(monitor);
            words.push(monitor);
        }
    }
    for row in &rows {
        words.extend(word_ids(row)?);
    }
    let texts = store.words.texts(&mut tx, words.into_iter()).await?;
    let mut reader = FactReader::default();
    let mut events = Vec::with_capacity(rows.len());
    for (row, id) in rows.iter().zip(facts) {
        let matched = monitors.remove(&id).unwrap_or_default();
        let monitors = matched.into_iter().map(|monitor| Ok(MonitorName::new(texts.text(monitor)?)));
        events.push(EventRow {
            id,
            facts: reader.read(row, &texts)?,
            finality: finality(row)?,
            monitors: monitors.collect::<Result<_, StoreError>>()?,
        });
    }
    Ok(events)
}

fn finality(row: &SqliteRow) -> Result<Option<chainbell_model::Finality>, StoreError> {
    if column::<bool>(row, "block_retracted")? {
        return Ok(None);
    }
    let [height, confirmed, finalized] =
        ["block_height", "confirmed", "finalized"].map(|name| column(row, name));
    Ok(Some(finality_of(to_height(height?), to_height(confirmed?), to_height(finalized?))))
}

/// The query; `None` when a name in it occurs nowhere, so that nothing can be found.
async fn select(
    store: &SqliteStore,
    connection: &mut SqliteConnection,
    tenant: &TenantId,
    query: &EventQuery,
) -> Result<Option<QueryBuilder<Sqlite>>, StoreError> {
    let mut sql = QueryBuilder::new(concat!(
        "SELECT ",
        fact_columns!(),
        ", b.retracted AS block_retracted, n.confirmed, n.finalized FROM facts f",
        fact_joins!(),
        "WHERE f.tenant = "
    ));
    let Some(tenant) = store.words.find(connection, tenant.as_str()).await? else { return Ok(None) };
    sql.push_bind(tenant);
    if let Some(name) = &query.name {
        let Some(name) = store.words.find(connection, name).await? else { return Ok(None) };
        sql.push(" AND f.name = ").push_bind(name);
    }
    if let Some(monitor) = &query.monitor {
        let Some(monitor) = store.words.find(connection, monitor.as_str()).await? else { return Ok(None) };
        sql.push(" AND EXISTS (SELECT 1 FROM matches m WHERE m.fact = f.id AND m.monitor = ")
            .push_bind(monitor);
        sql.push(if query.retracted { ")" } else { " AND m.retracted = 0)" });
    }
    if let Some(contract) = &query.contract {
        sql.push(" AND f.contract IN (SELECT id FROM words WHERE lower(text) = lower(");
        sql.push_bind(contract.clone()).push("))");
    }
    if let Some(network) = &query.network {
        sql.push(" AND n.slug = ").push_bind(network.as_str().to_owned());
    }
    if !query.retracted {
        sql.push(" AND b.retracted = 0");
    }
    if let Some(before) = query.before {
        sql.push(" AND f.id < ").push_bind(before);
    }
    if (query.from.is_some() || query.to.is_some()) && !push_heights(connection, query, &mut sql).await? {
        return Ok(None);
    }
    sql.push(" ORDER BY f.id DESC LIMIT ").push_bind(i64::from(query.limit.min(MOST_ROWS)));
    Ok(Some(sql))
}

/// Restricts to heights, and to the range of fact ids that their blocks have: facts have no index on heights.
async fn push_heights(
    connection: &mut SqliteConnection,
    query: &EventQuery,
    sql: &mut QueryBuilder<Sqlite>,
) -> Result<bool, StoreError> {
    let from = query.from.map_or(0, from_height);
    let to = query.to.map_or(i64::MAX, from_height);
    sql.push(" AND b.height >= ").push_bind(from).push(" AND b.height <= ").push_bind(to);
    let mut blocks = QueryBuilder::<Sqlite>::new(
        "SELECT min(b.seq), max(b.seq) FROM networks n JOIN blocks b ON b.network = n.id WHERE b.height >= ",
    );
    blocks.push_bind(from).push(" AND b.height <= ").push_bind(to);
    if let Some(network) = &query.network {
        blocks.push(" AND n.slug = ").push_bind(network.as_str().to_owned());
    }
    let range: (Option<i64>, Option<i64>) = blocks.build_query_as().fetch_one(connection).await?;
    let (Some(first), Some(last)) = range else { return Ok(false) };
    sql.push(" AND f.id >= ").push_bind(first_fact(first));
    sql.push(" AND f.id < ").push_bind(first_fact(last + 1));
    Ok(true)
}

/// See [`crate::Reader::counts`].
pub(super) async fn counts(store: &SqliteStore, tenant: &TenantId) -> Result<Counts, StoreError> {
    let mut tx = store.read().await?;
    let Some(tenant) = store.words.find(&mut tx, tenant.as_str()).await? else {
        return Ok(Counts::default());
    };
    let facts: Vec<(i64, i64)> = sqlx::query_as::<Sqlite, _>(
        "SELECT f.kind, count(*) FROM facts f JOIN blocks b ON b.seq = (f.id >> 24)
         WHERE f.tenant = $1 AND b.retracted = 0 GROUP BY f.kind ORDER BY f.kind",
    )
    .bind(tenant)
    .fetch_all(&mut *tx)
    .await?;
    let deliveries: Vec<(i64, i64)> = sqlx::query_as::<Sqlite, _>(
        "SELECT state, count(*) FROM deliveries WHERE tenant = $1 GROUP BY state ORDER BY state",
    )
    .bind(tenant)
    .fetch_all(&mut *tx)
    .await?;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    let facts = facts.into_iter().map(|(kind, number)| Ok((to_kind(kind)?, count(number))));
    let deliveries = deliveries.into_iter().map(|(state, number)| Ok((to_state(state)?, count(number))));
    Ok(Counts {
        facts: facts.collect::<Result<_, StoreError>>()?,
        deliveries: deliveries.collect::<Result<_, StoreError>>()?,
    })
}

//! Commits a batch: blocks, facts, matches, deliveries and the network's cursor, in one transaction.

use sqlx::{Sqlite, SqliteConnection};

use crate::{
    CommitBatch, Committed, DeliveryState, ReserveFn, StoreError,
    sqlite::{
        SqliteStore,
        bulk::{Among, ManyRows},
        codec::{compact, from_finality, from_height, from_state},
        facts, finality, known, networks,
        plan::{self, Ground, Plan},
    },
};

const BLOCKS: ManyRows = ManyRows {
    head: "INSERT INTO blocks (seq, network, height, id, text_id, time, has_facts) VALUES ",
    columns: 7,
    tail: "",
};

const RETURNED: Among =
    Among { head: "UPDATE blocks SET retracted = 0, has_facts = 1 WHERE seq IN ", tail: "" };

const MATCHES: ManyRows = ManyRows {
    head: "INSERT INTO matches (fact, monitor, id, generation) VALUES ",
    columns: 4,
    tail: " ON CONFLICT (fact, monitor) DO UPDATE SET generation = excluded.generation, retracted = 0",
};

const DELIVERIES: ManyRows = ManyRows {
    head: "INSERT INTO deliveries (sequence, id, tenant, target, monitor, fact, network, height, deliver_at,
           state, attempts, next_at, created) VALUES ",
    columns: 13,
    tail: "",
};

/// See [`crate::Ledger::commit`].
pub(super) async fn commit(
    store: &SqliteStore,
    batch: CommitBatch,
    reserve: &mut ReserveFn<'_>,
) -> Result<Committed, StoreError> {
    let mut tx = store.write().await?;
    let network = networks::load(&mut tx, &batch.network).await?;
    let cursor = network.state.cursor;
    // A batch whose first commit was not acknowledged may come again.
    if cursor != batch.after && cursor != Some(batch.through) {
        return Err(StoreError::CursorMoved { network: batch.network.to_string() });
    }
    let words = store.words.intern(&mut tx, plan::words_of(&batch)).await?;
    let known = known::load(&mut tx, network.id, &batch).await?;
    let (next_seq, next_sequence) = next_numbers(&mut tx).await?;
    let ground = Ground { network: &network, words: &words, known, next_seq, next_sequence };
    let mut plan = plan::draw(&batch, ground, reserve)?;
    write(&mut tx, network.id, &batch, &plan).await?;
    if cursor != Some(batch.through) {
        networks::set_cursor(&mut tx, network.id, batch.through).await?;
    }
    let marks = (batch.confirmed, batch.finalized);
    let released = finality::advance(store, &mut tx, &network, marks, batch.now).await?;
    tx.commit().await?;
    let mut committed = std::mem::take(&mut plan.committed);
    drop(plan);
    store.words.remember(words);
    for due in released.waiting {
        if !committed.waiting.contains(&due) {
            committed.waiting.push(due);
        }
    }
    Ok(committed)
}

async fn next_numbers(connection: &mut SqliteConnection) -> Result<(i64, i64), StoreError> {
    let (seq, sequence): (Option<i64>, Option<i64>) = sqlx::query_as::<Sqlite, _>(
        "SELECT (SELECT max(seq) FROM blocks), (SELECT max(sequence) FROM deliveries)",
    )
    .fetch_one(connection)
    .await?;
    Ok((seq.unwrap_or(0) + 1, sequence.unwrap_or(0) + 1))
}

async fn write(
    connection: &mut SqliteConnection,
    network: i64,
    batch: &CommitBatch,
    plan: &Plan<'_>,
) -> Result<(), StoreError> {
    BLOCKS
        .run(connection, &plan.blocks, |row, values| {
            values.push(row.seq);
            values.push(network);
            values.push(from_height(row.block.reference.height));
            values.push(row.block.reference.id.0.to_vec());
            values.push(compact(&row.block.facts.id));
            values.push(row.block.facts.time.0);
            values.push(!row.block.found.is_empty());
        })
        .await?;
    RETURNED.run(connection, &plan.returned).await?;
    facts::insert(connection, &plan.facts).await?;
    MATCHES
        .run(connection, &plan.matches, |row, values| {
            values.push(row.fact);
            values.push(row.monitor);
            values.push(row.id.to_vec());
            values.push(i64::from(row.generation));
        })
        .await?;
    DELIVERIES
        .run(connection, &plan.deliveries, |row, values| {
            values.push(row.sequence);
            values.push(row.id.0.to_vec());
            values.push(row.tenant);
            values.push(row.target);
            values.push(row.monitor);
            values.push(row.fact);
            values.push(network);
            values.push(from_height(row.height));
            values.push(from_finality(row.deliver_at));
            values.push(from_state(row.state));
            values.push(i64::from(row.state == DeliveryState::Sending));
            values.push(batch.now.0);
            values.push(batch.now.0);
        })
        .await
}

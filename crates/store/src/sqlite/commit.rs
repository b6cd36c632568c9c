//! Commits a batch: blocks, facts, matches, deliveries and the network's cursor, in one transaction.

use chainbell_model::Timestamp;
use sqlx::SqliteConnection;

use crate::{
    CommitBatch, Committed, DeliveryState, ReserveFn, StoreError,
    sqlite::{
        SqliteStore, begin,
        bulk::{Among, ManyRows, Script},
        codec::{compact, from_finality, from_height, from_state},
        facts,
        finality::Advance,
        known, networks,
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
    let mut writer = store.writer.lock().await;
    let mut tx = begin(&mut writer).await?;
    let network = networks::load(&mut tx, &batch.network).await?;
    let cursor = network.state.cursor;
    // A batch whose first commit was not acknowledged may come again.
    if cursor != batch.after && cursor != Some(batch.through) {
        return Err(StoreError::CursorMoved { network: batch.network.to_string() });
    }
    let words = store.words.intern(&mut tx, plan::words_of(&batch)).await?;
    let known = known::load(&mut tx, &network, &batch).await?;
    let mut plan = plan::draw(&batch, Ground { network: &network, words: &words, known }, reserve)?;
    let mut script = Script::default();
    write(&mut tx, &mut script, network.id, &plan, batch.now).await?;
    if cursor != Some(batch.through) {
        networks::set_cursor(&mut script, network.id, batch.through);
    }
    let advance = Advance::to(&network, (batch.confirmed, batch.finalized));
    advance.write(&mut script, &network);
    script.run(&mut tx).await?;
    let released = advance.release(store, &mut tx, &network, batch.now).await?;
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

async fn write(
    connection: &mut SqliteConnection,
    script: &mut Script,
    network: i64,
    plan: &Plan<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    BLOCKS
        .add(script, connection, &plan.blocks, |row, values| {
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
    facts::insert(script, connection, &plan.facts).await?;
    MATCHES
        .add(script, connection, &plan.matches, |row, values| {
            values.push(row.fact);
            values.push(row.monitor);
            values.push(row.id.to_vec());
            values.push(i64::from(row.generation));
        })
        .await?;
    DELIVERIES
        .add(script, connection, &plan.deliveries, |row, values| {
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
            values.push(now.0);
            values.push(now.0);
        })
        .await
}

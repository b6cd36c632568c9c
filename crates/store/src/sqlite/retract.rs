//! Queues what takes back deliveries whose block left the chain.

use chainbell_model::{DeliveryId, Timestamp};
use sqlx::{Sqlite, SqliteConnection, sqlite::SqliteRow};

use crate::{
    DeliveryState, StoreError,
    sqlite::{
        bulk::{Among, ManyRows},
        codec::{column, delivery_id, from_state, to_state},
    },
};

/// A delivery, as far as it matters for taking it back.
#[derive(Clone, Copy)]
pub(super) struct Outgoing {
    /// Its number.
    pub(super) sequence: i64,
    /// Its id.
    pub(super) id: DeliveryId,
    /// The tenant's number.
    pub(super) tenant: i64,
    /// The target's number.
    pub(super) target: i64,
    /// Where it stands.
    pub(super) state: DeliveryState,
    /// The receiver may have it.
    pub(super) maybe_received: bool,
    /// Its block left the chain while it was being sent, or it was taken back already.
    pub(super) taken_back: bool,
    monitor: i64,
    fact: i64,
    network: i64,
    height: i64,
    deliver_at: i64,
}

/// What [`Outgoing::read`] reads, of a delivery `d`.
macro_rules! outgoing_columns {
    () => {
        "d.sequence, d.id, d.tenant, d.target, d.monitor, d.fact, d.network, d.height, d.deliver_at, d.state, d.maybe_received, d.taken_back"
    };
}
pub(super) use outgoing_columns;

impl Outgoing {
    /// Reads a row that has [`outgoing_columns`].
    pub(super) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        Ok(Self {
            sequence: column(row, "sequence")?,
            id: delivery_id(column(row, "id")?)?,
            tenant: column(row, "tenant")?,
            target: column(row, "target")?,
            state: to_state(column(row, "state")?)?,
            maybe_received: column(row, "maybe_received")?,
            taken_back: column(row, "taken_back")?,
            monitor: column(row, "monitor")?,
            fact: column(row, "fact")?,
            network: column(row, "network")?,
            height: column(row, "height")?,
            deliver_at: column(row, "deliver_at")?,
        })
    }
}

const RETRACTIONS: ManyRows = ManyRows {
    head: "INSERT INTO deliveries (sequence, id, tenant, target, monitor, fact, network, height, deliver_at,
           retracts, state, attempts, next_at, created) VALUES ",
    columns: 14,
    tail: "",
};

const TAKEN_BACK: Among = Among { head: "UPDATE deliveries SET taken_back = 1 WHERE sequence IN ", tail: "" };

/// Queues a retraction for each of `originals`, in their order, and marks those as taken back.
pub(super) async fn queue(
    connection: &mut SqliteConnection,
    originals: &[Outgoing],
    now: Timestamp,
) -> Result<(), StoreError> {
    if originals.is_empty() {
        return Ok(());
    }
    let last: Option<i64> = sqlx::query_scalar::<Sqlite, Option<i64>>("SELECT max(sequence) FROM deliveries")
        .fetch_one(&mut *connection)
        .await?;
    let mut sequence = last.unwrap_or(0);
    RETRACTIONS
        .run(connection, originals, |original, values| {
            sequence += 1;
            values.push(sequence);
            values.push(original.id.retraction().0.to_vec());
            values.push(original.tenant);
            values.push(original.target);
            values.push(original.monitor);
            values.push(original.fact);
            values.push(original.network);
            values.push(original.height);
            values.push(original.deliver_at);
            values.push(original.sequence);
            values.push(from_state(DeliveryState::Pending));
            values.push(0_i64);
            values.push(now.0);
            values.push(now.0);
        })
        .await?;
    let sequences: Vec<i64> = originals.iter().map(|original| original.sequence).collect();
    TAKEN_BACK.run(connection, &sequences).await
}

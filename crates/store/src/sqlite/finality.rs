//! Records how far the chain stands, releases what waited for it, and drops blocks no longer needed.

use chainbell_model::{Finality, Height, NetworkSlug, Timestamp};
use sqlx::{Sqlite, SqliteConnection};

use crate::{
    Released, StoreError,
    sqlite::{
        SqliteStore, begin,
        bulk::Script,
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
    let mut writer = store.writer.lock().await;
    let mut tx = begin(&mut writer).await?;
    let network = networks::load(&mut tx, slug).await?;
    let mut script = Script::default();
    let advance = Advance::to(&network, marks);
    advance.write(&mut script, &network);
    script.run(&mut tx).await?;
    let released = advance.release(store, &mut tx, &network, store.clock.now()).await?;
    tx.commit().await?;
    Ok(released)
}

/// How a network's marks move.
#[derive(Clone, Copy)]
pub(super) struct Advance {
    confirmed: Height,
    finalized: Height,
}

impl Advance {
    /// To the confirmed and finalized height of `marks`, or nowhere where they are no higher.
    pub(super) fn to(network: &Network, marks: (Height, Height)) -> Self {
        let state = &network.state;
        Self { confirmed: state.confirmed.max(marks.0), finalized: state.finalized.max(marks.1) }
    }

    /// Records the marks and drops blocks that are needed no longer.
    pub(super) fn write(self, script: &mut Script, network: &Network) {
        let state = &network.state;
        if self.confirmed > state.confirmed || self.finalized > state.finalized {
            script.push("UPDATE networks SET confirmed = ?, finalized = ? WHERE id = ?", |values| {
                values.push(from_height(self.confirmed));
                values.push(from_height(self.finalized));
                values.push(network.id);
            });
        }
        if self.finalized > state.finalized {
            // What lay below the former mark went when that was set.
            script.push(
                "DELETE FROM blocks WHERE network = ? AND height >= ? AND height < ? AND has_facts = 0",
                |values| {
                    values.push(network.id);
                    values.push(from_height(state.finalized));
                    values.push(from_height(self.finalized));
                },
            );
        }
    }

    /// Makes due what waited for the marks.
    pub(super) async fn release(
        self,
        store: &SqliteStore,
        connection: &mut SqliteConnection,
        network: &Network,
        now: Timestamp,
    ) -> Result<Released, StoreError> {
        let mut released = Vec::new();
        for (finality, mark, before) in [
            (Finality::Confirmed, self.confirmed, network.state.confirmed),
            (Finality::Finalized, self.finalized, network.state.finalized),
        ] {
            if network.any_waiting && mark > before {
                released.extend(release(connection, network.id, (finality, mark), now).await?);
            }
        }
        let deliveries = released.iter().map(|(.., count)| u64::try_from(*count).unwrap_or(0)).sum();
        let due = released.into_iter().map(|(tenant, target, _)| (tenant, target, now));
        Ok(Released { deliveries, waiting: due::named(store, connection, due).await? })
    }
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

//! Undoes everything of a network above a block, in one transaction.

use chainbell_model::{BlockRef, NetworkSlug};
use sqlx::{Sqlite, SqliteConnection};

use crate::{
    DeliveryState, RolledBack, StoreError,
    sqlite::{
        SqliteStore, begin,
        bulk::{Among, Script},
        codec::from_height,
        due, networks,
        retract::{self, Outgoing, outgoing_columns},
    },
};

/// Blocks `b` with facts of network `$1` above height `$2` that are on the chain.
macro_rules! undone_blocks {
    () => {
        "b.network = $1 AND b.height > $2 AND b.has_facts = 1 AND b.retracted = 0"
    };
}

const CANCEL: Among = Among { head: "UPDATE deliveries SET state = 5 WHERE sequence IN ", tail: "" };

const TAKE_BACK_LATER: Among =
    Among { head: "UPDATE deliveries SET taken_back = 1 WHERE sequence IN ", tail: "" };

/// See [`crate::Ledger::rollback`].
pub(super) async fn rollback(
    store: &SqliteStore,
    slug: &NetworkSlug,
    to: BlockRef,
) -> Result<RolledBack, StoreError> {
    let mut writer = store.writer.lock().await;
    let mut tx = begin(&mut writer).await?;
    let network = networks::load(&mut tx, slug).await?;
    if network.state.cursor.is_none_or(|cursor| cursor.height < to.height) {
        return Err(StoreError::CursorMoved { network: slug.to_string() });
    }
    let place = (network.id, from_height(to.height));
    let now = store.clock.now();
    let fates = Fates::of(outgoing(&mut tx, place).await?);
    let facts = retract_blocks(&mut tx, place).await?;
    CANCEL.run(&mut tx, &fates.cancel).await?;
    TAKE_BACK_LATER.run(&mut tx, &fates.later).await?;
    retract::queue(&mut tx, &fates.retract, now).await?;
    let mut script = Script::default();
    networks::set_cursor(&mut script, network.id, to);
    script.run(&mut tx).await?;
    let targets = fates.retract.iter().map(|original| (original.tenant, original.target, now));
    let waiting = due::named(store, &mut tx, targets).await?;
    tx.commit().await?;
    Ok(RolledBack {
        facts,
        cancelled: count(fates.cancelled),
        retractions: count(fates.retract.len()),
        waiting,
    })
}

/// Deliveries that the rollback concerns, the newest block first.
async fn outgoing(
    connection: &mut SqliteConnection,
    (network, height): (i64, i64),
) -> Result<Vec<Outgoing>, StoreError> {
    let rows = sqlx::query(concat!(
        "SELECT ",
        outgoing_columns!(),
        " FROM blocks b JOIN deliveries d ON d.fact >= (b.seq << 24) AND d.fact < ((b.seq + 1) << 24)
          WHERE ",
        undone_blocks!(),
        " AND d.retracts IS NULL AND d.taken_back = 0 AND d.state <> 5
          ORDER BY b.height DESC, d.sequence DESC"
    ))
    .bind(network)
    .bind(height)
    .fetch_all(connection)
    .await?;
    rows.iter().map(Outgoing::read).collect()
}

/// Marks blocks and matches, drops blocks without facts, and says how many facts are concerned.
async fn retract_blocks(
    connection: &mut SqliteConnection,
    (network, height): (i64, i64),
) -> Result<u64, StoreError> {
    let facts: i64 = sqlx::query_scalar::<Sqlite, i64>(concat!(
        "SELECT count(*) FROM blocks b JOIN facts f ON f.id >= (b.seq << 24) AND f.id < ((b.seq + 1) << 24)
         WHERE ",
        undone_blocks!()
    ))
    .bind(network)
    .bind(height)
    .fetch_one(&mut *connection)
    .await?;
    for statement in [
        concat!(
            "UPDATE matches SET retracted = 1 FROM blocks b
             WHERE matches.fact >= (b.seq << 24) AND matches.fact < ((b.seq + 1) << 24) AND ",
            undone_blocks!()
        ),
        "UPDATE blocks SET retracted = 1 WHERE network = $1 AND height > $2 AND has_facts = 1",
        "DELETE FROM blocks WHERE network = $1 AND height > $2 AND has_facts = 0",
    ] {
        sqlx::query(statement).bind(network).bind(height).execute(&mut *connection).await?;
    }
    Ok(u64::try_from(facts).unwrap_or(0))
}

/// What becomes of the deliveries of undone blocks.
#[derive(Default)]
struct Fates {
    /// To be cancelled.
    cancel: Vec<i64>,
    /// Of those, how many nobody can have received.
    cancelled: usize,
    /// Being sent: taken back when their outcome is known.
    later: Vec<i64>,
    /// To be taken back now.
    retract: Vec<Outgoing>,
}

impl Fates {
    fn of(deliveries: Vec<Outgoing>) -> Self {
        let mut fates = Self::default();
        for delivery in deliveries {
            fates.decide(delivery);
        }
        fates
    }

    fn decide(&mut self, delivery: Outgoing) {
        let received = delivery.maybe_received || delivery.state == DeliveryState::Delivered;
        match delivery.state {
            DeliveryState::Sending => return self.later.push(delivery.sequence),
            DeliveryState::Delivered | DeliveryState::Cancelled => {}
            // A dead letter that was received stays on show as what it is.
            DeliveryState::Dead if received => {}
            DeliveryState::Waiting | DeliveryState::Pending | DeliveryState::Dead => {
                self.cancel.push(delivery.sequence);
                self.cancelled += usize::from(!received);
            }
        }
        if received {
            self.retract.push(delivery);
        }
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

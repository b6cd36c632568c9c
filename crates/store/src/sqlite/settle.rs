//! What became of deliveries that were being sent: settled, given back, or found again after a crash.

use chainbell_model::{DeliveryId, Timestamp};
use sqlx::{Sqlite, SqliteConnection};

use crate::{
    DeliveryState, DueTarget, Settlement, StoreError, Verdict,
    sqlite::{
        SqliteStore, begin,
        bulk::{Among, ManyRows, Script},
        codec::from_state,
        due,
        known::Map,
        retract::{self, Outgoing, outgoing_columns},
    },
};

const SENDING: Among = Among {
    head: concat!("SELECT ", outgoing_columns!(), " FROM deliveries d WHERE d.state = 2 AND d.id IN "),
    tail: "",
};

const NEXT: ManyRows = ManyRows {
    head: "WITH next (sequence, state, next_at, maybe_received) AS (VALUES ",
    columns: 4,
    tail: ") UPDATE deliveries SET state = next.state, next_at = next.next_at,
           maybe_received = next.maybe_received FROM next WHERE deliveries.sequence = next.sequence",
};

const ATTEMPTS: ManyRows = ManyRows {
    head: "INSERT INTO attempts (delivery, attempt, started, took_ms, outcome, detail) VALUES ",
    columns: 6,
    tail: " ON CONFLICT (delivery, attempt) DO NOTHING",
};

const GIVE_BACK: Among = Among {
    head: "UPDATE deliveries SET state = CASE WHEN taken_back = 1 THEN 5 ELSE 1 END, attempts = attempts - 1
           WHERE sequence IN ",
    tail: "",
};

/// The most bytes kept of an attempt's detail.
const MOST_DETAIL: usize = 500;

/// What attempts ended in, as `attempts.outcome` numbers it.
pub(super) const OUTCOMES: [&str; 3] = ["delivered", "retry", "dead"];

/// See [`crate::Outbox::settle`].
pub(super) async fn settle(
    store: &SqliteStore,
    settlements: Vec<Settlement>,
) -> Result<Vec<DueTarget>, StoreError> {
    if settlements.is_empty() {
        return Ok(Vec::new());
    }
    let now = store.clock.now();
    let mut writer = store.writer.lock().await;
    let mut tx = begin(&mut writer).await?;
    let ids: Vec<DeliveryId> = settlements.iter().map(|settlement| settlement.delivery).collect();
    let mut sending: Map<DeliveryId, Outgoing> =
        sending(&mut tx, &ids).await?.into_iter().map(|delivery| (delivery.id, delivery)).collect();
    // Whatever is no longer being sent was settled before.
    let settled: Vec<Settled> = settlements
        .into_iter()
        .filter_map(|settlement| {
            let delivery = sending.remove(&settlement.delivery)?;
            Some(Settled { next: Next::after(settlement.verdict, &delivery), delivery, settlement })
        })
        .collect();
    write(&mut tx, &settled).await?;
    let retract: Vec<Outgoing> =
        settled.iter().filter(|settled| settled.next.retract).map(|settled| settled.delivery).collect();
    retract::queue(&mut tx, &retract, now).await?;
    let retries = settled.iter().filter(|settled| settled.next.state == DeliveryState::Pending);
    let due = retries
        .map(|settled| (settled.delivery, settled.next.at))
        .chain(retract.iter().map(|original| (*original, now)))
        .map(|(delivery, at)| (delivery.tenant, delivery.target, at));
    let due = due::named(store, &mut tx, due).await?;
    tx.commit().await?;
    Ok(due)
}

struct Settled {
    delivery: Outgoing,
    next: Next,
    settlement: Settlement,
}

/// Where a delivery goes from being sent.
#[derive(Debug, PartialEq, Eq)]
struct Next {
    state: DeliveryState,
    at: Timestamp,
    maybe_received: bool,
    retract: bool,
}

impl Next {
    fn after(verdict: Verdict, delivery: &Outgoing) -> Self {
        let (state, at, maybe_now) = match verdict {
            Verdict::Delivered => (DeliveryState::Delivered, Timestamp(0), false),
            Verdict::RetryAt { at, maybe_received } => (DeliveryState::Pending, at, maybe_received),
            Verdict::Dead { maybe_received } => (DeliveryState::Dead, Timestamp(0), maybe_received),
        };
        let maybe_received = maybe_now || delivery.maybe_received;
        if !delivery.taken_back {
            return Self { state, at, maybe_received, retract: false };
        }
        let delivered = state == DeliveryState::Delivered;
        Self {
            state: if delivered { state } else { DeliveryState::Cancelled },
            at,
            maybe_received,
            retract: delivered || maybe_received,
        }
    }
}

async fn write(connection: &mut SqliteConnection, settled: &[Settled]) -> Result<(), StoreError> {
    let mut script = Script::default();
    NEXT.add(&mut script, connection, settled, |settled, values| {
        values.push(settled.delivery.sequence);
        values.push(from_state(settled.next.state));
        values.push(settled.next.at.0);
        values.push(settled.next.maybe_received);
    })
    .await?;
    ATTEMPTS
        .add(&mut script, connection, settled, |settled, values| {
            let settlement = &settled.settlement;
            let outcome = match settlement.verdict {
                Verdict::Delivered => 0_i64,
                Verdict::RetryAt { .. } => 1,
                Verdict::Dead { .. } => 2,
            };
            let end = settlement.detail.floor_char_boundary(MOST_DETAIL);
            values.push(settled.delivery.sequence);
            values.push(i64::from(settlement.attempt));
            values.push(settlement.started.0);
            values.push(i64::try_from(settlement.took.as_millis()).unwrap_or(i64::MAX));
            values.push(outcome);
            values.push(settlement.detail.get(..end).unwrap_or_default().to_owned());
        })
        .await?;
    script.run(connection).await
}

/// See [`crate::Outbox::release`].
pub(super) async fn release(store: &SqliteStore, deliveries: &[DeliveryId]) -> Result<(), StoreError> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let mut writer = store.writer.lock().await;
    let mut tx = begin(&mut writer).await?;
    let given_back = sending(&mut tx, deliveries).await?;
    let sequences: Vec<i64> = given_back.iter().map(|delivery| delivery.sequence).collect();
    GIVE_BACK.run(&mut tx, &sequences).await?;
    // An attempt before this one may have been received.
    let retract: Vec<Outgoing> =
        given_back.into_iter().filter(|delivery| delivery.taken_back && delivery.maybe_received).collect();
    retract::queue(&mut tx, &retract, store.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// See [`crate::Outbox::recover`].
pub(super) async fn recover(store: &SqliteStore) -> Result<u64, StoreError> {
    let now = store.clock.now();
    let mut writer = store.writer.lock().await;
    let mut tx = begin(&mut writer).await?;
    let rows = sqlx::query(concat!(
        "SELECT ",
        outgoing_columns!(),
        " FROM deliveries d WHERE d.state = 2 AND d.taken_back = 1 ORDER BY d.sequence DESC"
    ))
    .fetch_all(&mut *tx)
    .await?;
    let retract = rows.iter().map(Outgoing::read).collect::<Result<Vec<_>, _>>()?;
    let under_way = sqlx::query::<Sqlite>(
        "UPDATE deliveries SET state = CASE WHEN taken_back = 1 THEN 5 ELSE 1 END, maybe_received = 1,
         next_at = CASE WHEN next_at > $1 THEN $1 ELSE next_at END WHERE state = 2",
    )
    .bind(now.0)
    .execute(&mut *tx)
    .await?
    .rows_affected();
    retract::queue(&mut tx, &retract, now).await?;
    tx.commit().await?;
    Ok(under_way)
}

async fn sending(
    connection: &mut SqliteConnection,
    deliveries: &[DeliveryId],
) -> Result<Vec<Outgoing>, StoreError> {
    let ids: Vec<[u8; 16]> = deliveries.iter().map(|delivery| delivery.0).collect();
    SENDING.rows(connection, &ids).await?.iter().map(Outgoing::read).collect()
}

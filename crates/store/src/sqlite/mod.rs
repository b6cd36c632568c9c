//! SQLite: one writer, many readers, WAL.
//!
//! Each method of the traits is a function in the file of its name. Rows stay small: names are numbers of a dictionary
//! (`words`), ids are compacted (`codec`), and whatever is many is written in statements of many rows that go to SQLite's
//! thread together (`bulk`), because a hop to that thread costs more than most statements.

mod bulk;
mod claim;
mod clock;
mod codec;
mod commit;
mod delivery_rows;
mod due;
mod event_rows;
mod facts;
mod finality;
mod gaps;
mod known;
mod networks;
mod open;
mod plan;
mod retract;
mod rollback;
mod settle;
mod words;

use std::sync::Arc;

use async_trait::async_trait;
use chainbell_model::{BlockRef, DeliveryId, Height, Message, NetworkSlug, TargetName, TenantId, Timestamp};
use sqlx::{Connection as _, Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio::sync::Mutex;

pub use clock::Clock;
pub use open::SqliteOptions;

use crate::{
    CommitBatch, Committed, Counts, DeliveryDetail, DeliveryQuery, DeliveryRow, DueTarget, EventQuery,
    EventRow, Gap, Ledger, NetworkState, Outbox, Reader, Released, ReserveFn, RetrySelection, RolledBack,
    Settlement, StoreError,
};

/// A database file. Clones share its connections.
#[derive(Clone)]
pub struct SqliteStore {
    /// Not a pool of one: that would ping the connection and wake another thread each time it is given back.
    writer: Arc<Mutex<SqliteConnection>>,
    reader: SqlitePool,
    words: Arc<words::Words>,
    clock: Clock,
    /// Where a temporary database lives: removed with the last clone.
    _folder: Option<Arc<tempfile::TempDir>>,
}

/// A transaction that writes: it waits for its turn at the start, so that it cannot fail to get it half way.
async fn begin(writer: &mut SqliteConnection) -> Result<Transaction<'_, Sqlite>, StoreError> {
    Ok(writer.begin_with("BEGIN IMMEDIATE").await?)
}

impl SqliteStore {
    /// A transaction that reads: all its statements see the same state.
    async fn read(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.reader.begin().await?)
    }

    /// Ends the connections that read and merges the write-ahead log into the database file. Nothing is lost without it.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.reader.close().await;
        let mut writer = self.writer.lock().await;
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *writer).await?;
        Ok(())
    }
}

#[async_trait]
impl Ledger for SqliteStore {
    async fn open_network(
        &self,
        network: &NetworkSlug,
        chain: &str,
        identity: &str,
    ) -> Result<NetworkState, StoreError> {
        networks::open(self, network, chain, identity).await
    }

    async fn commit(&self, batch: CommitBatch, reserve: &mut ReserveFn<'_>) -> Result<Committed, StoreError> {
        commit::commit(self, batch, reserve).await
    }

    async fn rollback(&self, network: &NetworkSlug, to: BlockRef) -> Result<RolledBack, StoreError> {
        rollback::rollback(self, network, to).await
    }

    async fn finality(
        &self,
        network: &NetworkSlug,
        confirmed: Height,
        finalized: Height,
    ) -> Result<Released, StoreError> {
        finality::finality(self, network, (confirmed, finalized)).await
    }

    async fn window(&self, network: &NetworkSlug) -> Result<Vec<BlockRef>, StoreError> {
        networks::window(self, network).await
    }

    async fn set_halted(&self, network: &NetworkSlug, reason: Option<&str>) -> Result<(), StoreError> {
        networks::set_halted(self, network, reason).await
    }

    async fn begin(&self, network: &NetworkSlug, at: Height) -> Result<(), StoreError> {
        networks::begin(self, network, at).await
    }

    async fn record_gap(
        &self,
        network: &NetworkSlug,
        after: BlockRef,
        to: BlockRef,
    ) -> Result<(), StoreError> {
        gaps::record(self, network, after, to).await
    }

    async fn gaps(&self, network: &NetworkSlug) -> Result<Vec<Gap>, StoreError> {
        gaps::all(self, network).await
    }

    async fn networks(&self) -> Result<Vec<NetworkState>, StoreError> {
        networks::all(self).await
    }
}

#[async_trait]
impl Outbox for SqliteStore {
    async fn recover(&self) -> Result<u64, StoreError> {
        settle::recover(self).await
    }

    async fn due_targets(&self) -> Result<Vec<DueTarget>, StoreError> {
        claim::due_targets(self).await
    }

    async fn claim(
        &self,
        tenant: &TenantId,
        target: &TargetName,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        claim::claim(self, (tenant, target), now, limit).await
    }

    async fn settle(&self, settlements: Vec<Settlement>) -> Result<Vec<DueTarget>, StoreError> {
        settle::settle(self, settlements).await
    }

    async fn release(&self, deliveries: &[DeliveryId]) -> Result<(), StoreError> {
        settle::release(self, deliveries).await
    }
}

#[async_trait]
impl Reader for SqliteStore {
    async fn events(&self, tenant: &TenantId, query: &EventQuery) -> Result<Vec<EventRow>, StoreError> {
        event_rows::events(self, tenant, query).await
    }

    async fn deliveries(
        &self,
        tenant: &TenantId,
        query: &DeliveryQuery,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        delivery_rows::deliveries(self, tenant, query).await
    }

    async fn delivery(
        &self,
        tenant: &TenantId,
        id: &DeliveryId,
    ) -> Result<Option<DeliveryDetail>, StoreError> {
        delivery_rows::delivery(self, tenant, id).await
    }

    async fn retry(
        &self,
        tenant: &TenantId,
        which: &RetrySelection,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        delivery_rows::retry(self, tenant, which, now).await
    }

    async fn counts(&self, tenant: &TenantId) -> Result<Counts, StoreError> {
        event_rows::counts(self, tenant).await
    }
}

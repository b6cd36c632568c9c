//! What the store already holds of the blocks of a batch: nothing, except for repeated batches and blocks that return.

use chainbell_model::{BlockRef, Facts};
use hashbrown::HashMap;
use rapidhash::fast::RandomState;
use sqlx::{Sqlite, SqliteConnection};

use crate::{
    CommitBatch, StoreError,
    sqlite::{
        codec::{block_id, from_height, small, to_height},
        facts::{first_fact, place_of},
        networks::Network,
    },
};

/// A map keyed by small keys of our own making.
pub(super) type Map<K, V> = HashMap<K, V, RandomState>;

/// What tells a fact from the others of its block: tenant, transaction index, kind, index and sub-index.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FactKey {
    tenant: i64,
    transaction: u32,
    kind: u8,
    index: u32,
    sub: u32,
}

impl FactKey {
    /// The key of `facts` as found for the tenant of that number.
    pub(super) fn new(tenant: i64, facts: &Facts) -> Self {
        Self {
            tenant,
            transaction: facts.transaction_index,
            kind: facts.position.kind.code(),
            index: facts.position.index,
            sub: facts.position.sub,
        }
    }
}

/// A stored match.
#[derive(Clone, Copy)]
pub(super) struct KnownMatch {
    /// How often it was retracted and came back.
    pub(super) generation: u32,
    /// Whether its block left the chain.
    pub(super) retracted: bool,
}

/// A block on its way into the store, with what is already there.
#[derive(Default)]
pub(super) struct KnownBlock {
    /// Its number.
    pub(super) seq: i64,
    /// Whether its row says that it has facts.
    pub(super) has_facts: bool,
    /// Whether it left the chain.
    pub(super) retracted: bool,
    /// The place for its next fact.
    pub(super) next_place: i64,
    /// Fact ids.
    pub(super) facts: Map<FactKey, i64>,
    /// By fact id and monitor number.
    pub(super) matches: Map<(i64, i64), KnownMatch>,
}

/// The blocks of `batch` that are already stored.
pub(super) async fn load(
    connection: &mut SqliteConnection,
    network: &Network,
    batch: &CommitBatch,
) -> Result<Map<BlockRef, KnownBlock>, StoreError> {
    let mut known = Map::default();
    let (Some(first), Some(last)) = (batch.blocks.first(), batch.blocks.last()) else {
        return Ok(known);
    };
    if network.highest.is_none_or(|highest| highest < first.reference.height) {
        return Ok(known);
    }
    let rows: Vec<(i64, i64, Vec<u8>, bool, bool)> = sqlx::query_as::<Sqlite, _>(
        "SELECT seq, height, id, has_facts, retracted FROM blocks
         WHERE network = $1 AND height >= $2 AND height <= $3",
    )
    .bind(network.id)
    .bind(from_height(first.reference.height))
    .bind(from_height(last.reference.height))
    .fetch_all(&mut *connection)
    .await?;
    for (seq, height, id, has_facts, retracted) in rows {
        let reference = BlockRef { height: to_height(height), id: block_id(&id)? };
        let mut block = KnownBlock { seq, has_facts, retracted, ..KnownBlock::default() };
        let place = batch.blocks.binary_search_by_key(&reference.height, |new| new.reference.height);
        let listed = place.ok().and_then(|place| batch.blocks.get(place));
        if listed.is_none_or(|new| new.reference != reference) {
            continue;
        }
        if has_facts {
            load_facts(connection, &mut block).await?;
        }
        known.insert(reference, block);
    }
    Ok(known)
}

async fn load_facts(connection: &mut SqliteConnection, block: &mut KnownBlock) -> Result<(), StoreError> {
    let (first, end) = (first_fact(block.seq), first_fact(block.seq + 1));
    let facts: Vec<(i64, i64, i64, i64, i64, i64)> = sqlx::query_as::<Sqlite, _>(
        "SELECT id, tenant, transaction_index, kind, position, sub FROM facts WHERE id >= $1 AND id < $2",
    )
    .bind(first)
    .bind(end)
    .fetch_all(&mut *connection)
    .await?;
    for (id, tenant, transaction, kind, index, sub) in facts {
        let key = FactKey {
            tenant,
            transaction: small(transaction, "transaction index")?,
            kind: u8::try_from(kind).unwrap_or(u8::MAX),
            index: small(index, "position")?,
            sub: small(sub, "position")?,
        };
        block.facts.insert(key, id);
        block.next_place = block.next_place.max(place_of(id) + 1);
    }
    let matches: Vec<(i64, i64, i64, bool)> = sqlx::query_as::<Sqlite, _>(
        "SELECT fact, monitor, generation, retracted FROM matches WHERE fact >= $1 AND fact < $2",
    )
    .bind(first)
    .bind(end)
    .fetch_all(&mut *connection)
    .await?;
    for (fact, monitor, generation, retracted) in matches {
        let generation = small(generation, "generation")?;
        block.matches.insert((fact, monitor), KnownMatch { generation, retracted });
    }
    Ok(())
}

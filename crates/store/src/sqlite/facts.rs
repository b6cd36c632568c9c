//! Facts as rows, and rows as facts again.

use std::sync::Arc;

use chainbell_model::{BlockFacts, Facts, NetworkSlug, Position, Timestamp};
use sqlx::{SqliteConnection, sqlite::SqliteRow};

use crate::{
    StoreError,
    sqlite::{
        bulk::{ManyRows, Script},
        codec::{column, compact, expand, small, to_height, to_kind},
        plan::FactRow,
        words::Texts,
    },
};

const PLACE_BITS: u32 = 24;

/// The most facts of one block, over all tenants.
pub(super) const MOST_FACTS: i64 = 1 << PLACE_BITS;

/// The lowest fact id of the block of that number; its facts lie below that of the next block.
pub(super) fn first_fact(seq: i64) -> i64 {
    seq << PLACE_BITS
}

/// The place of a fact in its block.
pub(super) fn place_of(fact: i64) -> i64 {
    fact & (MOST_FACTS - 1)
}

const FACTS: ManyRows = ManyRows {
    head: "INSERT INTO facts (id, tenant, transaction_id, transaction_index, details, kind, position, sub,
           contract, name, signature, args, attributes) VALUES ",
    columns: 13,
    tail: "",
};

/// Writes new facts.
pub(super) async fn insert(
    script: &mut Script,
    connection: &mut SqliteConnection,
    rows: &[FactRow<'_>],
) -> Result<(), StoreError> {
    FACTS
        .add(script, connection, rows, |row, values| {
            let facts = row.facts;
            values.push(row.id);
            values.push(row.tenant);
            values.push(compact(&facts.transaction_id));
            values.push(i64::from(facts.transaction_index));
            values.push(facts.transaction_json.as_deref().map(Arc::<str>::from));
            values.push(i64::from(facts.position.kind.code()));
            values.push(i64::from(facts.position.index));
            values.push(i64::from(facts.position.sub));
            values.push(row.contract);
            values.push(row.name);
            values.push(row.signature);
            values.push(Arc::<str>::from(&*facts.args_json));
            values.push(facts.attributes_json.as_deref().map(Arc::<str>::from));
        })
        .await
}

/// What [`read`] reads, of a fact `f`, its block `b` and its network `n`.
macro_rules! fact_columns {
    () => {
        "f.id AS fact, f.transaction_id, f.transaction_index, f.details, f.kind, f.position, f.sub, f.contract,
         f.name, f.signature, f.args, f.attributes, b.seq, b.height AS block_height, b.text_id, b.time,
         n.slug AS network_slug, n.chain"
    };
}
pub(super) use fact_columns;

/// Joins block and network to a fact `f`.
macro_rules! fact_joins {
    () => {
        " JOIN blocks b ON b.seq = (f.id >> 24) JOIN networks n ON n.id = b.network "
    };
}
pub(super) use fact_joins;

/// The dictionary numbers that [`read`] needs of a row.
pub(super) fn word_ids(row: &SqliteRow) -> Result<[i64; 3], StoreError> {
    let name = column(row, "name")?;
    Ok([column::<Option<i64>>(row, "contract")?.unwrap_or(name), name, column(row, "signature")?])
}

/// Reads facts, sharing the block between those that follow each other.
#[derive(Default)]
pub(super) struct FactReader {
    last: Option<(i64, Arc<BlockFacts>)>,
}

impl FactReader {
    /// The facts of a row that has [`fact_columns`].
    pub(super) fn read(&mut self, row: &SqliteRow, texts: &Texts) -> Result<Facts, StoreError> {
        let contract: Option<i64> = column(row, "contract")?;
        let contract = match contract {
            Some(id) => Some(texts.text(id)?.as_ref().to_owned()),
            None => None,
        };
        Ok(Facts {
            block: self.block(row)?,
            transaction_id: expand(column(row, "transaction_id")?, "transaction id")?,
            transaction_index: small(column(row, "transaction_index")?, "transaction index")?,
            transaction_json: column::<Option<&str>>(row, "details")?.map(Box::from),
            position: Position {
                kind: to_kind(column(row, "kind")?)?,
                index: small(column(row, "position")?, "position")?,
                sub: small(column(row, "sub")?, "position")?,
            },
            contract,
            name: texts.text(column(row, "name")?)?,
            signature: texts.text(column(row, "signature")?)?,
            args_json: column::<&str>(row, "args")?.into(),
            attributes_json: column::<Option<&str>>(row, "attributes")?.map(Into::into),
        })
    }

    fn block(&mut self, row: &SqliteRow) -> Result<Arc<BlockFacts>, StoreError> {
        let seq: i64 = column(row, "seq")?;
        if let Some((last, block)) = &self.last
            && *last == seq
        {
            return Ok(Arc::clone(block));
        }
        let block = Arc::new(BlockFacts {
            network: NetworkSlug::new(column::<&str>(row, "network_slug")?),
            chain: column::<&str>(row, "chain")?.into(),
            height: to_height(column(row, "block_height")?),
            id: expand(column(row, "text_id")?, "block id")?,
            time: Timestamp(column(row, "time")?),
        });
        self.last = Some((seq, Arc::clone(&block)));
        Ok(block)
    }
}

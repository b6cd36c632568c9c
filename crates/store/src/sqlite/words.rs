//! The dictionary: names that repeat in every row are stored once and held in rows as a number.

use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::Mutex;
use rapidhash::fast::RandomState;
use sqlx::{Sqlite, SqliteConnection, sqlite::SqliteRow};

use crate::{
    StoreError,
    sqlite::{
        bulk::{Among, ManyRows},
        codec::{column, corrupt},
    },
};

/// How many words are remembered; beyond it the memory starts afresh (contracts come from the chain without end).
const MOST_REMEMBERED: usize = 20_000;

const INSERT: ManyRows =
    ManyRows { head: "INSERT INTO words (text) VALUES ", columns: 1, tail: " ON CONFLICT (text) DO NOTHING" };
const BY_TEXT: Among = Among { head: "SELECT id, text FROM words WHERE text IN ", tail: "" };
const BY_ID: Among = Among { head: "SELECT id, text FROM words WHERE id IN ", tail: "" };

/// Words already looked up. They are never deleted, so what is remembered stays true.
#[derive(Default)]
pub(super) struct Words {
    remembered: Mutex<Remembered>,
}

#[derive(Default)]
struct Remembered {
    ids: HashMap<Arc<str>, i64, RandomState>,
    texts: HashMap<i64, Arc<str>, RandomState>,
}

impl Remembered {
    fn add(&mut self, text: &Arc<str>, id: i64) {
        if self.ids.len() >= MOST_REMEMBERED {
            *self = Self::default();
        }
        self.ids.insert(Arc::clone(text), id);
        self.texts.insert(id, Arc::clone(text));
    }
}

/// The numbers of the words of one transaction.
#[derive(Default)]
pub(super) struct WordIds<'a> {
    ids: HashMap<&'a str, i64, RandomState>,
    fresh: Vec<(Arc<str>, i64)>,
}

impl WordIds<'_> {
    /// The number of a word that was asked for.
    pub(super) fn id(&self, text: &str) -> Result<i64, StoreError> {
        self.ids.get(text).copied().ok_or_else(|| corrupt("dictionary", "a word has no number".to_owned()))
    }
}

/// Words by their numbers.
#[derive(Default)]
pub(super) struct Texts(HashMap<i64, Arc<str>, RandomState>);

impl Texts {
    /// The word of a number that was asked for.
    pub(super) fn text(&self, id: i64) -> Result<Arc<str>, StoreError> {
        self.0.get(&id).cloned().ok_or_else(|| corrupt("dictionary", format!("there is no word number {id}")))
    }
}

impl Words {
    /// Numbers for `texts`, given to those that have none. Call [`Self::remember`] once the transaction is committed.
    pub(super) async fn intern<'a>(
        &self,
        connection: &mut SqliteConnection,
        texts: impl Iterator<Item = &'a str>,
    ) -> Result<WordIds<'a>, StoreError> {
        let mut words = WordIds::default();
        let missing = self.recall(texts, &mut words);
        if missing.is_empty() {
            return Ok(words);
        }
        INSERT.run(connection, &missing, |text, values| values.push((*text).to_owned())).await?;
        for row in BY_TEXT.rows(connection, &missing).await? {
            let (id, text) = read(&row)?;
            words.fresh.push((text, id));
        }
        let found: HashMap<&str, i64, RandomState> =
            words.fresh.iter().map(|(text, id)| (&**text, *id)).collect();
        for text in missing {
            if let Some(id) = found.get(text) {
                words.ids.insert(text, *id);
            }
        }
        drop(found);
        Ok(words)
    }

    fn recall<'a>(&self, texts: impl Iterator<Item = &'a str>, words: &mut WordIds<'a>) -> Vec<&'a str> {
        let remembered = self.remembered.lock();
        let mut missing = Vec::new();
        for text in texts {
            words.ids.entry(text).or_insert_with(|| {
                remembered.ids.get(text).copied().unwrap_or_else(|| {
                    missing.push(text);
                    0
                })
            });
        }
        missing
    }

    /// Keeps in memory what the transaction, now committed, has looked up.
    pub(super) fn remember(&self, words: WordIds<'_>) {
        if words.fresh.is_empty() {
            return;
        }
        let mut remembered = self.remembered.lock();
        for (text, id) in &words.fresh {
            remembered.add(text, *id);
        }
    }

    /// The number of `text`; `None` when no row mentions it.
    pub(super) async fn find(
        &self,
        connection: &mut SqliteConnection,
        text: &str,
    ) -> Result<Option<i64>, StoreError> {
        if let Some(id) = self.remembered.lock().ids.get(text) {
            return Ok(Some(*id));
        }
        let id: Option<i64> = sqlx::query_scalar::<Sqlite, i64>("SELECT id FROM words WHERE text = $1")
            .bind(text)
            .fetch_optional(connection)
            .await?;
        Ok(id)
    }

    /// The words of these numbers, which are remembered: not for transactions that gave out numbers of their own.
    pub(super) async fn texts(
        &self,
        connection: &mut SqliteConnection,
        ids: impl Iterator<Item = i64>,
    ) -> Result<Texts, StoreError> {
        let (texts, looked_up) = self.look_up(connection, ids).await?;
        if !looked_up.is_empty() {
            let mut remembered = self.remembered.lock();
            for (id, text) in looked_up {
                remembered.add(&text, id);
            }
        }
        Ok(texts)
    }

    /// As [`Self::texts`], within a transaction whose own words may come to nothing. Also says what was not remembered.
    pub(super) async fn look_up(
        &self,
        connection: &mut SqliteConnection,
        ids: impl Iterator<Item = i64>,
    ) -> Result<(Texts, Vec<(i64, Arc<str>)>), StoreError> {
        let mut texts = Texts::default();
        let mut missing = Vec::new();
        {
            let remembered = self.remembered.lock();
            for id in ids {
                if texts.0.contains_key(&id) {
                    continue;
                }
                match remembered.texts.get(&id) {
                    Some(text) => _ = texts.0.insert(id, Arc::clone(text)),
                    None => missing.push(id),
                }
            }
        }
        missing.sort_unstable();
        missing.dedup();
        let mut looked_up = Vec::new();
        for row in BY_ID.rows(connection, &missing).await? {
            let (id, text) = read(&row)?;
            texts.0.insert(id, Arc::clone(&text));
            looked_up.push((id, text));
        }
        Ok((texts, looked_up))
    }
}

fn read(row: &SqliteRow) -> Result<(i64, Arc<str>), StoreError> {
    Ok((column(row, "id")?, column::<&str>(row, "text")?.into()))
}

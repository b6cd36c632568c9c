//! Opens a database: looks at what the file is before touching it, then brings it up to date.

use std::{path::Path, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, Connection, SqlSafeStr, Sqlite, SqliteConnection,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{
    StoreError,
    sqlite::{Clock, SqliteStore, words::Words},
};

/// Every schema so far, oldest first. A released one is never edited.
const MIGRATIONS: [(i64, &str, &str); 1] =
    [(1, "start", include_str!("../../migrations/sqlite/0001_start.sql"))];

/// How long a statement waits for another process to finish writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Rows of one block or batch are appended together: larger pages mean fewer of them to write and to sum up.
const PAGE_BYTES: u32 = 8192;

/// The write-ahead log is merged into the file after so many pages (16 MiB).
const CHECKPOINT_PAGES: &str = "2048";

/// How a database is used.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// Tells the time of what the store dates itself: retractions and releases.
    pub clock: Clock,
    /// The most connections that read at once.
    pub readers: u32,
    /// Memory for pages, for the writer; each reader has a quarter of it.
    pub cache_kib: u32,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self { clock: Clock::default(), readers: 3, cache_kib: 8192 }
    }
}

impl SqliteStore {
    /// Opens or creates the database at `path`, with its folders. A database of a newer program is
    /// [`StoreError::NewerSchema`], any other file [`StoreError::Foreign`]; both are left as they are.
    pub async fn open(path: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        match path.metadata() {
            Ok(file) if file.len() > 0 => inspect(path).await?,
            _ => {
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder).map_err(sqlx::Error::Io)?;
                }
            }
        }
        let writing = tuned(path, options.cache_kib)
            .create_if_missing(true)
            .page_size(PAGE_BYTES)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .pragma("journal_size_limit", "67108864");
        let writer = lasting_pool(1).connect_with(writing).await?;
        migrations().run(&writer).await?;
        let reading = tuned(path, options.cache_kib / 4).read_only(true);
        let reader =
            pool(options.readers.max(1)).idle_timeout(Duration::from_secs(60)).connect_lazy_with(reading);
        Ok(Self { writer, reader, words: Arc::new(Words::default()), clock: options.clock })
    }

    /// Opens an existing database to read it, also while another process writes; whatever writes fails.
    pub async fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        inspect(path).await?;
        let reader = pool(1).connect_with(tuned(path, 2048).read_only(true)).await?;
        Ok(Self {
            writer: reader.clone(),
            reader,
            words: Arc::new(Words::default()),
            clock: Clock::default(),
        })
    }

    /// An empty database that lives as long as its clones: for tests and trials. Reads wait for writes.
    pub async fn in_memory(clock: Clock) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new().in_memory(true).disable_statement_logging();
        let writer = lasting_pool(1).connect_with(options).await?;
        migrations().run(&writer).await?;
        Ok(Self { reader: writer.clone(), writer, words: Arc::new(Words::default()), clock })
    }
}

fn tuned(path: &Path, cache_kib: u32) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(false)
        .pragma("cache_size", format!("-{cache_kib}"))
        .statement_cache_capacity(256)
        .disable_statement_logging()
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false).max_lifetime(None)
}

fn lasting_pool(connections: u32) -> SqlitePoolOptions {
    pool(connections).min_connections(1).idle_timeout(None)
}

fn migrations() -> Migrator {
    let migrations = MIGRATIONS.iter().map(|(version, name, text)| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, text.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// Reads without changing anything whether the file is a database of ours that this program can use.
async fn inspect(path: &Path) -> Result<(), StoreError> {
    let foreign = |reason: String| StoreError::Foreign { path: path.display().to_string(), reason };
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIMEOUT);
    let mut connection =
        options.disable_statement_logging().connect().await.map_err(|error| foreign(error.to_string()))?;
    let verdict = inspect_tables(&mut connection).await;
    connection.close().await?;
    match verdict {
        Ok(Tables::Ours(version)) => {
            let known = MIGRATIONS.map(|(version, ..)| version).into_iter().max().unwrap_or(0);
            if version > known {
                return Err(StoreError::NewerSchema { found: version, known });
            }
            Ok(())
        }
        Ok(Tables::Others) => Err(foreign("it holds another program's tables".to_owned())),
        Err(error) => Err(foreign(error.to_string())),
    }
}

enum Tables {
    /// Of that schema version; 0 before the first.
    Ours(i64),
    Others,
}

async fn inspect_tables(connection: &mut SqliteConnection) -> Result<Tables, sqlx::Error> {
    let names: Vec<String> =
        sqlx::query_scalar::<Sqlite, String>("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .fetch_all(&mut *connection)
            .await?;
    if names.is_empty() {
        return Ok(Tables::Ours(0));
    }
    if !names.iter().any(|name| name == "_sqlx_migrations") {
        return Ok(Tables::Others);
    }
    let version: Option<i64> =
        sqlx::query_scalar::<Sqlite, Option<i64>>("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(&mut *connection)
            .await?;
    let ours = names.iter().any(|name| name == "networks") || names.len() == 1;
    Ok(if ours { Tables::Ours(version.unwrap_or(0)) } else { Tables::Others })
}

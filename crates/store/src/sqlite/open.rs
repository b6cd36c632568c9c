//! Opens a database: looks at what the file is before touching it, then brings it up to date.

use std::{path::Path, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, Connection, SqlSafeStr, Sqlite, SqliteConnection, SqlitePool,
    migrate::{Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Mutex;

use crate::{
    StoreError,
    sqlite::{Clock, SqliteStore, words::Words},
};

/// Every schema so far, oldest first. A released one is never edited.
const MIGRATIONS: [(i64, &str, &str); 2] = [
    (1, "start", include_str!("../../migrations/sqlite/0001_start.sql")),
    (2, "four_chains", include_str!("../../migrations/sqlite/0002_four_chains.sql")),
];

/// How long a statement waits for another process to finish writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// The write-ahead log is merged into the file after so many pages (16 MiB).
const CHECKPOINT_PAGES: &str = "4096";

/// SQLite's result code for a file of another format.
const NOT_A_DATABASE: &str = "26";

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
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .pragma("journal_size_limit", "67108864");
        let mut writer = writing.connect().await?;
        migrations().run(&mut writer).await?;
        let reading = tuned(path, options.cache_kib / 4).read_only(true);
        Ok(Self::new(writer, pool(options.readers).connect_lazy_with(reading), options.clock))
    }

    /// Opens an existing database to read it, also while another process writes; whatever writes fails.
    pub async fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        inspect(path).await?;
        let reading = tuned(path, 2048).read_only(true);
        let writer = reading.connect().await?;
        Ok(Self::new(writer, pool(1).connect_lazy_with(reading), Clock::default()))
    }

    /// An empty database in a folder of its own, which goes with the last clone: for tests and trials.
    pub async fn temporary(options: SqliteOptions) -> Result<Self, StoreError> {
        let folder = tempfile::tempdir().map_err(sqlx::Error::Io)?;
        let store = Self::open(&folder.path().join("chainbell.db"), options).await?;
        Ok(Self { _folder: Some(Arc::new(folder)), ..store })
    }

    fn new(writer: SqliteConnection, reader: SqlitePool, clock: Clock) -> Self {
        let writer = Arc::new(Mutex::new(writer));
        Self { writer, reader, words: Arc::new(Words::default()), clock, _folder: None }
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
    SqlitePoolOptions::new()
        .max_connections(connections.max(1))
        .test_before_acquire(false)
        .max_lifetime(None)
        .idle_timeout(Duration::from_secs(60))
}

fn migrations() -> Migrator {
    let migrations = MIGRATIONS.iter().map(|(version, name, text)| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, text.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.collect())
}

/// Reads without changing anything whether the file is a database of ours that this program can use.
async fn inspect(path: &Path) -> Result<(), StoreError> {
    let foreign =
        |reason: &str| StoreError::Foreign { path: path.display().to_string(), reason: reason.to_owned() };
    let refuse = |error: sqlx::Error| {
        let code = error.as_database_error().and_then(|error| error.code());
        if code.as_deref() == Some(NOT_A_DATABASE) { foreign("it is no SQLite file") } else { error.into() }
    };
    let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(BUSY_TIMEOUT);
    let mut connection = options.disable_statement_logging().connect().await.map_err(refuse)?;
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
        Ok(Tables::Others) => Err(foreign("it holds another program's tables")),
        Err(error) => Err(refuse(error)),
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

//! Opening a database.

use chainbell_store::{
    EventQuery, Ledger, Reader, StoreError,
    sqlite::{SqliteOptions, SqliteStore},
};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use crate::world::{World, block, hit, network, tenant};

async fn run_sql(path: &std::path::Path, text: &'static str) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some/where/chainbell.db");
    World::at(&path).await.store.close().await.unwrap();
    run_sql(
        &path,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (99, 'later', 1, x'00', 0)",
    )
    .await;
    let before = std::fs::read(&path).unwrap();
    let error = SqliteStore::open(&path, SqliteOptions::default()).await.err().unwrap();
    assert!(matches!(error, StoreError::NewerSchema { found: 99, known: 2 }), "{error}");
    let error = SqliteStore::open_read_only(&path).await.err().unwrap();
    assert!(matches!(error, StoreError::NewerSchema { .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_file_of_another_kind_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to be looked at as if it were one".repeat(20))
        .unwrap();
    let other = folder.path().join("other.db");
    run_sql(&other, "CREATE TABLE cats (name TEXT)").await;
    for path in [text, other] {
        let before = std::fs::read(&path).unwrap();
        let error = SqliteStore::open(&path, SqliteOptions::default()).await.err().unwrap();
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
        assert!(error.to_string().contains("is not a Chainbell database"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_created_by_reading() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing.db");
    let error = SqliteStore::open_read_only(&path).await.err().unwrap();
    assert!(matches!(error, StoreError::Database(_)), "{error}");
    assert!(!path.exists());
}

#[tokio::test]
async fn another_network_under_a_known_name_is_refused() {
    let world = World::new().await;
    for (chain, identity) in [("evm", "2"), ("solana", "1")] {
        let error = world.store.open_network(&network(), chain, identity).await.unwrap_err();
        assert!(matches!(error, StoreError::OtherNetwork { .. }), "{error}");
    }
    assert_eq!(world.store.networks().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_read_only_store_sees_what_another_one_commits_and_cannot_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chainbell.db");
    let world = World::at(&path).await;
    let reader = SqliteStore::open_read_only(&path).await.unwrap();
    let all = EventQuery { limit: 10, ..EventQuery::default() };
    assert!(reader.events(&tenant(), &all).await.unwrap().is_empty());
    world.commit(vec![block(1, 0, &[hit(&["t"])])]).await;
    assert_eq!(reader.events(&tenant(), &all).await.unwrap().len(), 1);
    assert!(reader.set_halted(&network(), Some("no")).await.is_err());
}

#[tokio::test]
async fn readers_see_the_last_committed_state_while_a_transaction_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chainbell.db");
    let world = World::at(&path).await;
    world.commit(vec![block(1, 0, &[hit(&["t"])])]).await;
    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    let mut writing = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    sqlx::query("DELETE FROM facts").execute(&mut *writing).await.unwrap();
    let all = EventQuery { limit: 10, ..EventQuery::default() };
    assert_eq!(world.store.events(&tenant(), &all).await.unwrap().len(), 1);
    assert_eq!(world.states().await.len(), 1);
    writing.commit().await.unwrap();
    assert!(world.store.events(&tenant(), &all).await.unwrap().is_empty());
}

//! Why the store refused, by what the caller can do.

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database was written by a newer version of the program: nothing was changed.
    #[error("the database has schema version {found}, this program knows up to {known}: use a newer program")]
    NewerSchema {
        /// The database's version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The file is something else: nothing was changed.
    #[error("{path} is not a Chainbell database: {reason}")]
    Foreign {
        /// Where it is.
        path: String,
        /// What it looks like.
        reason: String,
    },
    /// The store holds data of another network under this slug.
    #[error(
        "network {network:?} was {stored:?} when it was first followed and is {found:?} now: give it another name or another database"
    )]
    OtherNetwork {
        /// The slug.
        network: String,
        /// The identity on record.
        stored: String,
        /// The identity of today.
        found: String,
    },
    /// The batch does not follow the cursor: another process writes here.
    #[error(
        "the cursor of {network:?} is not where this process left it: is another one running on the same database?"
    )]
    CursorMoved {
        /// The slug.
        network: String,
    },
    /// A stored row cannot be read back.
    #[error("the stored {what} cannot be read: {reason}")]
    Corrupt {
        /// Which row.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// The database failed; the transaction had no effect.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// A migration failed.
    #[error("the database could not be brought up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

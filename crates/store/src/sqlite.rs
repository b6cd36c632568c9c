//! SQLite: one writer, many readers, WAL.

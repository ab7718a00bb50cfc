//! A bare commit, to compare ours with.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::error::StoreError;

/// Single-row commits of the size of an event under the project's own durability settings, with nothing else
/// around them.
#[derive(Debug)]
pub struct BareCommits {
    conn: Connection,
    path: PathBuf,
    body: String,
}

impl BareCommits {
    /// Makes a file for them.
    pub fn new(path: &Path) -> Result<Self, StoreError> {
        let sql = |error| StoreError::sqlite(path, "measure", error);
        let conn = Connection::open(path).map_err(sql)?;
        conn.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE IF NOT EXISTS bare (n INTEGER PRIMARY KEY, body TEXT) STRICT;",
        )
        .map_err(sql)?;
        Ok(Self { conn, path: path.to_owned(), body: "x".repeat(700) })
    }

    /// How long one takes.
    pub fn once(&mut self) -> Result<Duration, StoreError> {
        let start = Instant::now();
        self.conn
            .prepare_cached("INSERT INTO bare (body) VALUES (?1)")
            .and_then(|mut insert| insert.execute([&self.body]))
            .map_err(|error| StoreError::sqlite(&self.path, "measure", error))?;
        Ok(start.elapsed())
    }
}

//! A bare commit, to compare ours with.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::error::StoreError;

/// Times single-row commits of the size of an event under the project's own durability settings,
/// with nothing else around them.
pub fn bare_commits(path: &Path, n: u32) -> Result<Vec<Duration>, StoreError> {
    let sql = |error| StoreError::sqlite(path, "measure", error);
    let conn = Connection::open(path).map_err(sql)?;
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE IF NOT EXISTS bare (n INTEGER PRIMARY KEY, body TEXT) STRICT;",
    )
    .map_err(sql)?;
    let body = "x".repeat(700);
    let mut times = Vec::new();
    for _ in 0..n {
        let start = Instant::now();
        conn.execute("INSERT INTO bare (body) VALUES (?1)", [&body]).map_err(sql)?;
        times.push(start.elapsed());
    }
    Ok(times)
}

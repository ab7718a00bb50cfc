//! Copies of a project: rolling ones beside it, one where asked, and what a damaged file still holds.

use std::path::{Path, PathBuf};

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use crate::clock::Clock;
use crate::error::StoreError;
use crate::files::{Temporary, beside, identify, publish};
use crate::project::check::{heads_of, quick_check};
use crate::project::projection::rebuild_all;
use crate::project::shape::{is_table, limit_values};
use crate::project::{OpenMode, Project};
use crate::schema::{APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION, migrate};

/// How many rolling backups are kept.
const KEPT: usize = 4;

/// Rows of a table that a rescue saved.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SavedTable {
    /// The table.
    pub table: String,
    /// Rows saved.
    pub rows: u64,
    /// Whether reading it ended in an error.
    pub cut_short: bool,
}

/// What a rescue saved.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RecoverReport {
    /// Whether everything was there.
    pub complete: bool,
    /// The tables, as they were read.
    pub tables: Vec<SavedTable>,
    /// What the chains of the rescued file say.
    pub verify: crate::VerifyReport,
}

impl Project {
    /// Copies the project, also while it is open, into a file that does not exist yet.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        copy(&self.conn, to)
    }
}

/// The rolling backups of a project, oldest first.
pub(crate) fn backups_of(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder(path)) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "overread"))
        .collect();
    found.sort();
    found
}

fn folder(path: &Path) -> PathBuf {
    beside(path, ".", ".backups")
}

/// Makes a rolling backup where events were added since the newest one.
pub(crate) fn keep_if_changed(
    conn: &Connection,
    path: &Path,
    clock: &Clock,
) -> Result<Option<PathBuf>, StoreError> {
    let now = heads_of(conn).map_err(|e| StoreError::sqlite(path, "read the chains", e))?;
    let newest = backups_of(path).pop();
    let same = newest.as_deref().and_then(heads_in).is_some_and(|then| then == now);
    if same { Ok(None) } else { keep_one(conn, path, clock).map(Some) }
}

/// As [`keep_if_changed`] beside the connection that is writing: what it has not committed is not seen.
pub(crate) fn keep_beside(path: &Path, clock: &Clock) -> Result<Option<PathBuf>, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)
        .map_err(|error| StoreError::sqlite(path, "make a backup of the project", error))?;
    keep_if_changed(&conn, path, clock)
}

fn heads_in(path: &Path) -> Option<Vec<crate::ChainSummary>> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    heads_of(&conn).ok()
}

/// Makes a rolling backup and lets go of the oldest.
pub(crate) fn keep_one(
    conn: &Connection,
    path: &Path,
    clock: &Clock,
) -> Result<PathBuf, StoreError> {
    let folder = folder(path);
    std::fs::create_dir_all(&folder).map_err(|e| StoreError::io(path, "make a backup of", e))?;
    // Numbers, not times, order them: a clock may go back.
    let before = backups_of(path);
    let next = before.last().and_then(|newest| number_of(newest)).map_or(1, |n| n + 1);
    let stamp: String =
        clock.now_text().chars().filter(char::is_ascii_alphanumeric).take(15).collect();
    let to = folder.join(format!("{next:06}-{stamp}.overread"));
    copy(conn, &to)?;
    for old in before.iter().take((before.len() + 1).saturating_sub(KEPT)) {
        std::fs::remove_file(old).map_err(|e| StoreError::io(old, "remove the backup", e))?;
    }
    Ok(to)
}

fn number_of(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.split('-').next()?.parse().ok()
}

/// Copies a database under a temporary name, makes one plain file of it, then names it.
fn copy(from: &Connection, to: &Path) -> Result<(), StoreError> {
    if to.symlink_metadata().is_ok() {
        return Err(StoreError::Exists { path: to.to_owned() });
    }
    let temporary = Temporary::beside(to);
    let probe = std::fs::OpenOptions::new().write(true).create_new(true).open(&temporary.0);
    probe.map_err(|error| StoreError::io(to, "make", error))?;
    copy_pages(from, &temporary.0).map_err(|e| StoreError::sqlite(to, "copy the project", e))?;
    publish(&temporary.0, to)
}

fn copy_pages(from: &Connection, to: &Path) -> rusqlite::Result<()> {
    let mut target = Connection::open(to)?;
    Backup::new(from, &mut target)?.run_to_completion(
        4_096,
        std::time::Duration::from_millis(1),
        None,
    )?;
    // The pages say "write-ahead log"; a copy is one plain file.
    target.pragma_update_and_check(None, "journal_mode", "DELETE", |_row| Ok(()))?;
    target.close().map_err(|(_, error)| error)
}

/// Saves what can be read of a damaged project into a new file. The damaged one is not changed.
pub fn recover(from: &Path, to: &Path) -> Result<RecoverReport, StoreError> {
    // Damage is what this is for; it only must be one of ours.
    identify(from)?;
    if to.symlink_metadata().is_ok() {
        return Err(StoreError::Exists { path: to.to_owned() });
    }
    let temporary = Temporary::beside(to);
    // Reading a copy keeps a left-over log beside the original untouched.
    let scratch = Temporary::beside(to);
    copy_with_log(from, &scratch.0).map_err(|error| StoreError::io(to, "write", error))?;
    let (complete, tables) = rescue(&scratch.0, &temporary.0)
        .map_err(|error| StoreError::sqlite(to, "save what can be read", error))?;
    publish(&temporary.0, to)?;
    let verify = Project::open(to, OpenMode::ReadOnly)?.project.verify()?;
    Ok(RecoverReport { complete: complete && verify.ok, tables, verify })
}

fn copy_with_log(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::copy(from, to)?;
    // What is half written is undone in the copy.
    for end in ["-wal", "-journal"] {
        let log = beside(from, "", end);
        if log.exists() {
            std::fs::copy(log, beside(to, "", end))?;
        }
    }
    Ok(())
}

/// What can be read of one file into another.
fn rescue(from: &Path, to: &Path) -> rusqlite::Result<(bool, Vec<SavedTable>)> {
    let source = Connection::open(from)?;
    limit_values(&source)?;
    // Without this SQLite reads nothing of a file that lacks its last page.
    source.pragma_update(None, "writable_schema", true)?;
    let sound = quick_check(&source).is_ok_and(|problems| problems.is_empty());
    let mut target = Connection::open(to)?;
    target.pragma_update(None, "application_id", APPLICATION_ID)?;
    target.pragma_update(None, "foreign_keys", false)?;
    // In the tables of its own version, which may lack columns that today's have.
    migrate(&mut target, migrations_to(&source))?;
    let names: Vec<String> = target
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let tx = target.transaction()?;
    let mut saved = Vec::new();
    for table in names {
        saved.push(save_table(&source, &tx, table)?);
    }
    tx.commit()?;
    migrate(&mut target, MIGRATIONS)?;
    let tx = target.transaction()?;
    // Reads are what the events say, whatever became of the tables.
    let folded = rebuild_all(&tx).is_ok();
    let kind: Option<String> = tx
        .query_row("SELECT value FROM meta WHERE name = 'kind'", [], |row| row.get(0))
        .optional()?;
    if kind.as_deref() == Some("packet") {
        // A packet holds no labels, and says so by having no view of them.
        tx.execute_batch("DROP VIEW v_dataset_labels")?;
    }
    tx.commit()?;
    target.close().map_err(|(_, error)| error)?;
    let whole = sound && folded && saved.iter().all(|table| !table.cut_short);
    Ok((whole, saved))
}

/// What leads to the version of a file; all of it where that cannot be told or is newer.
fn migrations_to(source: &Connection) -> &'static [(u32, &'static str)] {
    let version = source.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0));
    let version = version.ok().filter(|version| 0 < *version).unwrap_or(SCHEMA_VERSION);
    let known = MIGRATIONS.iter().take_while(|(known, _)| *known <= version).count();
    MIGRATIONS.get(..known).unwrap_or(MIGRATIONS)
}

/// Copies rows from the front until an error, then from the back until it is met again.
fn save_table(
    source: &Connection,
    target: &Connection,
    table: String,
) -> rusqlite::Result<SavedTable> {
    if !is_table(source, &table).unwrap_or(false) {
        // A view in its place may have rows without end.
        return Ok(SavedTable { table, rows: 0, cut_short: true });
    }
    let columns: Vec<String> = target
        .prepare("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?
        .query_map([&table], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let list = columns.join(", ");
    let marks = vec!["?"; columns.len()].join(", ");
    let mut insert =
        target.prepare(&format!("INSERT OR IGNORE INTO {table} ({list}) VALUES ({marks})"))?;
    let key: String = target.query_row(
        "SELECT coalesce(group_concat(name || ' DESC', ', '), '1')
         FROM (SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk)",
        [&table],
        |row| row.get(0),
    )?;
    let mut rows = 0;
    let front = format!("SELECT {list} FROM {table}");
    let mut cut_short = !pour(source, &front, columns.len(), &mut insert, &mut rows);
    if cut_short {
        let back = format!("SELECT {list} FROM {table} ORDER BY {key}");
        pour(source, &back, columns.len(), &mut insert, &mut rows);
        cut_short = true;
    }
    Ok(SavedTable { table, rows, cut_short })
}

/// Whether every row could be read and kept.
fn pour(
    source: &Connection,
    sql: &str,
    columns: usize,
    insert: &mut rusqlite::Statement<'_>,
    rows: &mut u64,
) -> bool {
    let Ok(mut statement) = source.prepare(sql) else { return false };
    let Ok(mut found) = statement.query([]) else { return false };
    let mut all = true;
    loop {
        match found.next() {
            Ok(None) => return all,
            Err(_) => return false,
            Ok(Some(row)) => {
                let values: Result<Vec<rusqlite::types::Value>, _> =
                    (0..columns).map(|column| row.get(column)).collect();
                let kept =
                    values.and_then(|values| insert.execute(rusqlite::params_from_iter(values)));
                match kept {
                    Ok(added) => *rows += added as u64,
                    Err(_) => all = false,
                }
            }
        }
    }
}

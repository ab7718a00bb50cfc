//! Opening: what the file is, who holds it, and which guarantees SQLite is asked for.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::{OpenMode, Opened, Project, shape};
use crate::clock::Clock;
use crate::error::{Notice, ReadOnlyReason, StoreError};
use crate::files::{Header, beside, place_notices, read_header};
use crate::lock::{Lock, NoLock};
use crate::schema::{MIGRATIONS, SCHEMA_VERSION, migrate};

impl Project {
    /// Opens a project with the device's clock.
    pub fn open(path: &Path, mode: OpenMode) -> Result<Opened, StoreError> {
        Self::open_with(path, mode, Clock::system())
    }

    /// Another connection to the file, to look at it beside this one; `None` where there is none to be had.
    pub(super) fn beside(&self) -> Option<Connection> {
        connect(&self.path, true, read_header(&self.path).ok()?).ok()
    }

    /// Opens a project. Never repairs, replaces or downgrades it.
    pub fn open_with(path: &Path, mode: OpenMode, clock: Clock) -> Result<Opened, StoreError> {
        let header = read_header(path)?;
        let mut notices = left_over_wal(path).into_iter().collect::<Vec<_>>();
        if header.user_version == 0 {
            // Every project has had a version since it was made: nothing is added to a file that has none.
            return Err(crate::files::damaged(path, "it says of no version what its tables are"));
        }
        let newer = SCHEMA_VERSION < header.user_version;
        let (lock, mut read_only) = match mode {
            OpenMode::ReadOnly => (None, Some(ReadOnlyReason::Asked)),
            OpenMode::ReadWrite if newer => (None, None),
            OpenMode::ReadWrite => take_lock(path, &clock)?,
        };
        if newer {
            let (found, known) = (header.user_version, SCHEMA_VERSION);
            read_only = Some(ReadOnlyReason::Newer { found, known });
        }
        if matches!(read_only, Some(ReadOnlyReason::Held(_))) {
            // The other window is using its log; nothing was left over.
            notices.clear();
        }
        notices.extend(place_notices(path));
        let fail = |error| StoreError::sqlite(path, "open the project", error);
        let mut conn = connect(path, read_only.is_some(), header).map_err(fail)?;
        shape::check(&conn, path, header.user_version, read_only.is_none())?;
        if read_only.is_none() {
            if header.user_version < SCHEMA_VERSION {
                crate::backup::keep_one(&conn, path, &clock)?;
                migrate(&mut conn, MIGRATIONS).map_err(fail)?;
            }
            notices.extend(set_durable(&conn, &notices).map_err(fail)?);
        } else if header.user_version < SCHEMA_VERSION {
            conn = up_to_date_copy(&conn).map_err(fail)?;
        }
        check_tables(&conn, path, header)?;
        let project = Self {
            conn,
            path: path.to_owned(),
            clock,
            read_only,
            node: crate::files::node_of(path),
            on_append: None,
            states: HashMap::new(),
            closed: false,
            lock,
        };
        Ok(Opened { project, notices })
    }
}

/// A copy in memory with today's tables: an older file that may not be written can still be read.
fn up_to_date_copy(conn: &Connection) -> rusqlite::Result<Connection> {
    const PAGES: std::ffi::c_int = 1_024;
    let mut copy = Connection::open_in_memory()?;
    Backup::new(conn, &mut copy)?.run_to_completion(PAGES, Duration::ZERO, None)?;
    migrate(&mut copy, MIGRATIONS)?;
    copy.pragma_update(None, "query_only", true)?;
    Ok(copy)
}

fn left_over_wal(path: &Path) -> Option<Notice> {
    let wal = beside(path, "", "-wal");
    let bytes = std::fs::metadata(&wal).ok()?.len();
    (0 < bytes).then_some(Notice::LeftOverWal { path: wal, bytes })
}

fn take_lock(
    path: &Path,
    clock: &Clock,
) -> Result<(Option<Lock>, Option<ReadOnlyReason>), StoreError> {
    if let Err(error) = std::fs::OpenOptions::new().write(true).open(path) {
        return match error.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                Ok((None, Some(ReadOnlyReason::File)))
            }
            _ => Err(StoreError::io(path, "open", error)),
        };
    }
    match Lock::take(path, clock) {
        Ok(lock) => Ok((Some(lock), None)),
        Err(NoLock::Held(holder)) => Ok((None, Some(ReadOnlyReason::Held(holder)))),
        Err(NoLock::Io(error)) => match StoreError::io(path, "lock", error) {
            StoreError::Folder { .. } => Ok((None, Some(ReadOnlyReason::Folder))),
            other => Err(other),
        },
    }
}

/// Opens the connection with every guard that a file from elsewhere needs.
fn connect(path: &Path, read_only: bool, header: Header) -> rusqlite::Result<Connection> {
    let base = OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = if read_only {
        let flags = base | OpenFlags::SQLITE_OPEN_READ_ONLY;
        let conn = Connection::open_with_flags(path, flags)?;
        match conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_row| Ok(())) {
            Err(_no_log_can_be_made) if header.wal && left_over_wal(path).is_none() => {
                // Nothing is in a log, so the file alone is all there is.
                let flags = flags | OpenFlags::SQLITE_OPEN_URI;
                Connection::open_with_flags(immutable_uri(path), flags)?
            }
            _ => conn,
        }
    } else {
        give_log_the_rights_of(path);
        Connection::open_with_flags(path, base | OpenFlags::SQLITE_OPEN_READ_WRITE)?
    };
    conn.busy_timeout(Duration::from_secs(5))?;
    shape::limit_values(&conn)?;
    // Events refer to nothing that is not there.
    conn.pragma_update(None, "foreign_keys", true)?;
    // A file from elsewhere may carry functions in its schema, and cells that lie.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    // The whole of ChestX-ray14 fits.
    conn.pragma_update(None, "cache_size", -65_536)?;
    if read_only {
        conn.pragma_update(None, "query_only", true)?;
    }
    Ok(conn)
}

/// Whoever looked at a write-protected project has write-protected the log beside it, as SQLite does. When
/// the project may be written again, so may its log.
fn give_log_the_rights_of(path: &Path) {
    let Ok(rights) = std::fs::metadata(path).map(|meta| meta.permissions()) else { return };
    for end in ["-wal", "-shm"] {
        let log = beside(path, "", end);
        let protected = std::fs::metadata(&log).is_ok_and(|meta| meta.permissions().readonly());
        if protected
            && !rights.readonly()
            && let Err(error) = std::fs::set_permissions(&log, rights.clone())
        {
            tracing::info!(%error, "a log beside the project stays write-protected");
        }
    }
}

fn immutable_uri(path: &Path) -> PathBuf {
    use std::fmt::Write as _;
    let mut uri = String::from("file:");
    for byte in path.to_string_lossy().replace('\\', "/").bytes() {
        match byte {
            b'/' | b':' | b'.' | b'-' | b'_' => uri.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            _ => {
                // Writing to a String cannot fail.
                write!(uri, "%{byte:02X}").ok();
            }
        }
    }
    uri.push_str("?immutable=1");
    uri.into()
}

/// Write-ahead logging with a sync at every commit; a rollback journal where that cannot be.
fn set_durable(conn: &Connection, notices: &[Notice]) -> rusqlite::Result<Option<Notice>> {
    let on_share = notices.iter().any(|n| matches!(n, Notice::NetworkShare { .. }));
    let wanted = if on_share { "DELETE" } else { "WAL" };
    let mode: String =
        conn.pragma_update_and_check(None, "journal_mode", wanted, |row| row.get(0))?;
    let wal = mode.eq_ignore_ascii_case("wal");
    // FULL syncs the log at every commit; EXTRA syncs the folder as well, which a journal needs.
    conn.pragma_update(None, "synchronous", if wal { "FULL" } else { "EXTRA" })?;
    Ok((!wal).then_some(Notice::NoWal))
}

/// Whether what must be there is there.
fn check_tables(conn: &Connection, path: &Path, header: Header) -> Result<(), StoreError> {
    let asked = conn
        .prepare("SELECT seq, id, chain, chain_seq, at, actor, device, kind, body, prev_hash, hash FROM event LIMIT 0")
        .and_then(|_| conn.prepare("SELECT identity, image_root FROM dataset LIMIT 0"))
        .map(|_| ());
    match asked {
        Ok(()) => Ok(()),
        Err(_) if SCHEMA_VERSION < header.user_version => Err(StoreError::Newer {
            path: path.to_owned(),
            found: header.user_version,
            known: SCHEMA_VERSION,
        }),
        Err(error) => match StoreError::sqlite(path, "open the project", error) {
            StoreError::Sqlite { source, .. } => {
                Err(crate::files::damaged(path, &source.to_string()))
            }
            other => Err(other),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::APPLICATION_ID;

    #[test]
    fn every_commit_of_an_open_project_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.overread");
        let mut conn = Connection::open(&path).unwrap();
        conn.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
        migrate(&mut conn, MIGRATIONS).unwrap();
        drop(conn);
        let project = Project::open(&path, OpenMode::ReadWrite).unwrap().project;
        let asked = |conn: &Connection| -> (String, i64) {
            let mode = conn.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
            (mode, conn.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap())
        };
        // FULL, by SQLite's number.
        assert_eq!(asked(&project.conn), ("wal".to_owned(), 2));
        // On a share there is no shared memory to keep a log by: EXTRA.
        let share = [Notice::NetworkShare { kind: "nfs".to_owned() }];
        set_durable(&project.conn, &share).unwrap();
        assert_eq!(asked(&project.conn), ("delete".to_owned(), 3));
    }
}

//! Whether the tables, views and triggers of a file are those that a project has. Asked before anything is read:
//! a view in the place of a table may have rows without end.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::limits::Limit;

use crate::error::StoreError;
use crate::files::damaged;
use crate::schema::{MIGRATIONS, SCHEMA_VERSION, migrate};

/// Bytes of one value. None of ours comes near; a file from elsewhere may hold one as large as memory.
const MOST_BYTES: i32 = 16 << 20;

/// What `sqlite_schema` says of an object.
#[derive(Debug, PartialEq, Eq)]
struct Object {
    kind: String,
    table: String,
    sql: Option<String>,
}

impl Object {
    /// A table with rows of its own.
    fn is_table(&self) -> bool {
        let made = self.sql.as_deref().unwrap_or_default().get(..14).unwrap_or_default();
        self.kind == "table" && !made.eq_ignore_ascii_case("create virtual")
    }
}

/// Objects by name, in lower case: to SQLite a name is the same in any.
type Objects = BTreeMap<String, Object>;

/// No value of this connection is larger than any of a project.
pub(crate) fn limit_values(conn: &Connection) -> rusqlite::Result<()> {
    conn.set_limit(Limit::SQLITE_LIMIT_LENGTH, MOST_BYTES).map(|_before| ())
}

/// Whether the file is laid out as one of its schema version. A trigger does nothing where nothing is written: of
/// a file that is only looked at those with our names may say what they like.
pub(super) fn check(
    conn: &Connection,
    path: &Path,
    version: u32,
    writing: bool,
) -> Result<(), StoreError> {
    let read = || -> rusqlite::Result<Option<String>> {
        let found = objects(conn)?;
        let newest = ours(SCHEMA_VERSION)?;
        if SCHEMA_VERSION < version {
            return Ok(of_newer(&found, &newest));
        }
        if version == 0 {
            return Ok(Some("it does not say which schema it has".to_owned()));
        }
        let own = if version == SCHEMA_VERSION { None } else { Some(ours(version)?) };
        Ok(stranger(&found, own.as_ref().unwrap_or(&newest), &newest, writing))
    };
    match read().map_err(|error| StoreError::sqlite(path, "open the project", error))? {
        None => Ok(()),
        Some(what) => Err(damaged(path, &what)),
    }
}

/// Whether a name stands for a table with rows of its own, not for a view.
pub(crate) fn is_table(conn: &Connection, name: &str) -> rusqlite::Result<bool> {
    Ok(objects(conn)?.get(name).is_some_and(Object::is_table))
}

fn objects(conn: &Connection) -> rusqlite::Result<Objects> {
    conn.prepare("SELECT lower(name), type, tbl_name, sql FROM sqlite_schema")?
        .query_map([], |row| {
            let sql: Option<String> = row.get(3)?;
            // How it is broken into lines is nothing to us.
            let sql = sql.map(|sql| sql.split_whitespace().collect::<Vec<_>>().join(" "));
            let object = Object { kind: row.get(1)?, table: row.get(2)?, sql };
            Ok((row.get(0)?, object))
        })?
        .collect()
}

/// The objects of a schema version, as the migrations make them.
fn ours(version: u32) -> rusqlite::Result<Objects> {
    let mut conn = Connection::open_in_memory()?;
    let count = MIGRATIONS.iter().take_while(|(of, _)| *of <= version).count();
    migrate(&mut conn, MIGRATIONS.get(..count).unwrap_or_default())?;
    objects(&conn)
}

/// The first object that is not as it is in a project of that version.
///
/// Tables and indexes of one's own may be added; views and triggers may not, nor what a later version will add.
/// What is missing is no danger: a packet has no view of labels.
fn stranger(found: &Objects, own: &Objects, newest: &Objects, writing: bool) -> Option<String> {
    found.iter().find_map(|(name, object)| {
        let told = name.escape_debug();
        match own.get(name) {
            Some(known) if known == object => None,
            Some(known) if !writing && known.kind == "trigger" && object.kind == "trigger" => None,
            Some(known) if known.kind == object.kind => {
                Some(format!("its {} `{told}` is not the one of a project", known.kind))
            }
            Some(known) => {
                let kind = object.kind.escape_debug();
                Some(format!("`{told}` is a {kind} in it, and a {} in a project", known.kind))
            }
            None if newest.contains_key(name) => {
                Some(format!("it holds `{told}`, which its schema version does not have"))
            }
            None if object.is_table() || object.kind == "index" => None,
            None => {
                let kind = object.kind.escape_debug();
                Some(format!("its {kind} `{told}` is none that a project has"))
            }
        }
    })
}

/// A newer file may have other columns and views; what is read of it must be tables all the same.
fn of_newer(found: &Objects, newest: &Objects) -> Option<String> {
    let tables = newest.iter().filter(|(_, object)| object.is_table()).map(|(name, _)| name);
    tables
        .filter_map(|name| Some((name, found.get(name)?)))
        .find(|(_, object)| !object.is_table())
        .map(|(name, _)| format!("`{name}` is no table in it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(version: u32, more: &str) -> Connection {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, &MIGRATIONS[..version as usize]).unwrap();
        conn.execute_batch(more).unwrap();
        conn
    }

    fn said(version: u32, of: u32, more: &str) -> Option<String> {
        let checked = check(&made(version, more), Path::new("a.overread"), of, true);
        checked.err().map(|error| error.to_string())
    }

    const ENDLESS: &str = "ALTER TABLE event RENAME TO event_2;
        CREATE VIEW event AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
        SELECT i AS seq, '' AS body FROM n;";

    #[test]
    fn every_version_is_laid_out_as_itself() {
        for version in 1..=SCHEMA_VERSION {
            assert_eq!(said(version, version, ""), None);
        }
    }

    #[test]
    fn what_a_project_may_lack_or_have_besides_is_no_fault() {
        for more in [
            "DROP VIEW v_dataset_labels",
            "DROP TRIGGER event_never_changes",
            "CREATE TABLE mine (a); CREATE INDEX of_mine ON mine (a);",
            "ANALYZE",
        ] {
            assert_eq!(said(SCHEMA_VERSION, SCHEMA_VERSION, more), None, "{more}");
        }
    }

    #[test]
    fn views_and_triggers_of_others_are_refused_and_so_is_a_view_in_place_of_a_table() {
        for (more, says) in [
            (ENDLESS, "`event`"),
            ("CREATE VIEW extra AS SELECT 1", "its view `extra`"),
            (
                "CREATE TRIGGER extra AFTER INSERT ON event BEGIN DELETE FROM answer; END",
                "its trigger `extra`",
            ),
            ("DROP VIEW v_reads; CREATE VIEW v_reads AS SELECT 1", "its view `v_reads` is not"),
            ("DROP VIEW v_reads; CREATE TABLE V_READS (a)", "`v_reads` is a table in it"),
            ("ALTER TABLE event ADD COLUMN x TEXT", "its table `event` is not"),
        ] {
            let said = said(SCHEMA_VERSION, SCHEMA_VERSION, more).unwrap_or_default();
            assert!(said.contains(says), "{more}: {said}");
            assert!(!said.contains("CREATE "), "{said}");
        }
    }

    #[test]
    fn a_trigger_that_was_changed_keeps_a_file_from_being_written_and_not_from_being_looked_at() {
        let changed = "DROP TRIGGER event_never_changes; CREATE TRIGGER event_never_changes
            BEFORE UPDATE ON event BEGIN SELECT 1; END";
        let conn = made(SCHEMA_VERSION, changed);
        let path = Path::new("a.overread");
        assert!(check(&conn, path, SCHEMA_VERSION, false).is_ok());
        assert!(check(&conn, path, SCHEMA_VERSION, true).is_err());
    }

    #[test]
    fn a_version_that_is_not_the_files_own_is_refused() {
        for of in [0, 1, SCHEMA_VERSION - 1] {
            let said = said(SCHEMA_VERSION, of, "").unwrap_or_default();
            assert!(said.contains("damaged") && !said.contains("CREATE "), "{of}: {said}");
        }
    }

    #[test]
    fn what_is_read_of_a_newer_file_are_tables() {
        let newer = SCHEMA_VERSION + 1;
        let more = "ALTER TABLE event ADD COLUMN x TEXT; CREATE VIEW v_new AS SELECT 1;";
        assert_eq!(said(SCHEMA_VERSION, newer, more), None);
        let said = said(SCHEMA_VERSION, newer, ENDLESS).unwrap_or_default();
        assert!(said.contains("`event` is no table"), "{said}");
    }

    #[test]
    fn a_value_without_measure_is_not_read() {
        let conn = made(SCHEMA_VERSION, "");
        limit_values(&conn).unwrap();
        let read = conn.query_row("SELECT zeroblob(16777217)", [], |row| row.get::<_, Vec<u8>>(0));
        assert_eq!(read.unwrap_err().sqlite_error_code(), Some(rusqlite::ErrorCode::TooBig));
    }
}

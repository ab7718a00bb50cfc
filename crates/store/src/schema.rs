//! The schema: an own `application_id`, and migrations that only ever grow at the end.

use rusqlite::{Connection, TransactionBehavior};

/// `OvRd`: what makes a SQLite file a project file.
pub const APPLICATION_ID: u32 = 0x4f76_5264;

/// SQL that reaches each version from the one before. A released entry never changes.
pub(crate) const MIGRATIONS: &[(u32, &str)] = &[
    (1, include_str!("schema/v1.sql")),
    (2, include_str!("schema/v2.sql")),
    (3, include_str!("schema/v3.sql")),
    (4, include_str!("schema/v4.sql")),
];

/// The newest version this program knows.
pub const SCHEMA_VERSION: u32 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// Brings the schema up to date in one transaction.
pub(crate) fn migrate(conn: &mut Connection, migrations: &[(u32, &str)]) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Read inside the transaction: nobody else can be migrating at the same time.
    let found: u32 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for (version, sql) in migrations.iter().filter(|(version, _)| found < *version) {
        tx.execute_batch(sql)?;
        tx.pragma_update(None, "user_version", version)?;
    }
    tx.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(conn: &Connection) -> Vec<String> {
        conn.prepare("SELECT sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY name")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    }

    #[test]
    fn every_released_version_migrates_to_the_same_schema() {
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh, MIGRATIONS).unwrap();
        for stop in 1..=MIGRATIONS.len() {
            let mut old = Connection::open_in_memory().unwrap();
            migrate(&mut old, &MIGRATIONS[..stop]).unwrap();
            migrate(&mut old, MIGRATIONS).unwrap();
            assert_eq!(schema(&old), schema(&fresh));
        }
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, MIGRATIONS).unwrap();
        let before = schema(&conn);
        let broken = [(SCHEMA_VERSION + 1, "CREATE TABLE extra (a) STRICT; nonsense;")];
        assert!(migrate(&mut conn, &broken).is_err());
        assert_eq!(schema(&conn), before);
        let version: u32 = conn.pragma_query_value(None, "user_version", |r| r.get(0)).unwrap();
        assert_eq!(version, SCHEMA_VERSION);
    }
}

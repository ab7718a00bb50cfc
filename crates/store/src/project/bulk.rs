//! Many rows into one table.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, ToSql};

/// Rows of one statement: SQLite looks for the end of the table once for all of them.
const AT_ONCE: usize = 64;

/// What stands in one column of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Null,
    Int(i64),
    Text(&'a str),
}

impl<'a> Cell<'a> {
    pub(super) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }

    pub(super) fn int(number: Option<impl Into<i64>>) -> Self {
        number.map_or(Self::Null, |number| Self::Int(number.into()))
    }

    /// Whether both are one value; texts only where they are one text in memory, which is told without reading them.
    fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => std::ptr::eq(a, b),
            (a, b) => a == b,
        }
    }

    fn is_stored(self, stored: ValueRef<'_>) -> bool {
        match (self, stored) {
            (Self::Null, ValueRef::Null) => true,
            (Self::Int(number), ValueRef::Integer(stored)) => number == stored,
            (Self::Text(text), ValueRef::Text(stored)) => text.as_bytes() == stored,
            _ => false,
        }
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match *self {
            Self::Null => ToSqlOutput::from(rusqlite::types::Null),
            Self::Int(number) => ToSqlOutput::from(number),
            Self::Text(text) => ToSqlOutput::from(text),
        })
    }
}

/// Inserts rows; `into` is the table and its `WIDTH` columns. Rows that come in the order of the table's key are
/// written one behind the other.
pub(super) fn insert<'a, const WIDTH: usize>(
    conn: &Connection,
    into: &str,
    mut rows: impl Iterator<Item = [Cell<'a>; WIDTH]>,
) -> rusqlite::Result<()> {
    let mut full = None;
    let mut waiting = Vec::with_capacity(AT_ONCE);
    loop {
        waiting.clear();
        waiting.extend(rows.by_ref().take(AT_ONCE));
        match waiting.len() {
            0 => return Ok(()),
            AT_ONCE => match &mut full {
                None => full.insert(Batch::prepare(conn, into, AT_ONCE)?).execute(&waiting)?,
                Some(full) => full.execute(&waiting)?,
            },
            _few => waiting.iter().try_for_each(|row| insert_one(conn, into, *row))?,
        }
    }
}

/// Inserts one row by a statement that is kept.
pub(super) fn insert_one<const WIDTH: usize>(
    conn: &Connection,
    into: &str,
    row: [Cell<'_>; WIDTH],
) -> rusqlite::Result<()> {
    one(conn, "INSERT", into, row)
}

/// Inserts one row in the place of the one with its key.
pub(super) fn replace_one<const WIDTH: usize>(
    conn: &Connection,
    into: &str,
    row: [Cell<'_>; WIDTH],
) -> rusqlite::Result<()> {
    one(conn, "INSERT OR REPLACE", into, row)
}

/// Whether the rows of one reader are exactly these, in the order of the first three columns, the first of which
/// is the reader; `of` as in [`insert`].
pub(super) fn holds<'a, const WIDTH: usize>(
    conn: &Connection,
    of: &str,
    reader: &str,
    mut rows: impl Iterator<Item = [Cell<'a>; WIDTH]>,
) -> rusqlite::Result<bool> {
    let Some((table, columns)) = of.trim_end_matches(')').split_once(" (") else {
        return Ok(false);
    };
    let sql = format!("SELECT {columns} FROM {table} WHERE reader = ?1 ORDER BY 1, 2, 3");
    let mut statement = conn.prepare_cached(&sql)?;
    let mut stored = statement.query([reader])?;
    while let Some(row) = stored.next()? {
        let Some(cells) = rows.next() else { return Ok(false) };
        for (place, cell) in cells.into_iter().enumerate() {
            if !cell.is_stored(row.get_ref(place)?) {
                return Ok(false);
            }
        }
    }
    Ok(rows.next().is_none())
}

fn one<const WIDTH: usize>(
    conn: &Connection,
    verb: &str,
    into: &str,
    row: [Cell<'_>; WIDTH],
) -> rusqlite::Result<()> {
    let marks = ["?"; WIDTH].join(", ");
    conn.prepare_cached(&format!("{verb} INTO {into} VALUES ({marks})"))?
        .execute(rusqlite::params_from_iter(row))
        .map(|_rows| ())
}

/// A statement for a number of rows, and what is bound to it.
struct Batch<'c, 'a, const WIDTH: usize> {
    statement: CachedStatement<'c>,
    bound: Vec<[Option<Cell<'a>>; WIDTH]>,
}

impl<'c, 'a, const WIDTH: usize> Batch<'c, 'a, WIDTH> {
    fn prepare(conn: &'c Connection, into: &str, rows: usize) -> rusqlite::Result<Self> {
        let row = format!("({})", ["?"; WIDTH].join(", "));
        let all = vec![row.as_str(); rows].join(", ");
        // What fails undoes all of its transaction: without a word on that, SQLite keeps what it needs to undo the statement.
        let sql = format!("INSERT OR ROLLBACK INTO {into} VALUES {all}");
        let statement = conn.prepare_cached(&sql)?;
        Ok(Self { statement, bound: vec![[None; WIDTH]; rows] })
    }

    fn execute(&mut self, rows: &[[Cell<'a>; WIDTH]]) -> rusqlite::Result<()> {
        let bound = self.bound.iter_mut().flatten();
        for (place, (bound, cell)) in (1..).zip(bound.zip(rows.iter().flatten())) {
            // What is bound stays bound, and most columns of a dataset hold few values.
            if !bound.is_some_and(|bound| bound.is(*cell)) {
                self.statement.raw_bind_parameter(place, cell)?;
                *bound = Some(*cell);
            }
        }
        self.statement.raw_execute().map(|_rows| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_arrives_once_whatever_their_number() {
        for n in [0, 1, 63, 64, 65, 128, 200] {
            let conn = Connection::open_in_memory().unwrap();
            conn.execute_batch("CREATE TABLE t (no INTEGER PRIMARY KEY, word TEXT) STRICT")
                .unwrap();
            let word =
                |no| Cell::text((no % 7 != 0).then_some(if no % 2 == 0 { "a" } else { "b" }));
            insert(&conn, "t (no, word)", (0..n).map(|no| [Cell::Int(no), word(no)])).unwrap();
            let count = |filter: &str| {
                let sql = format!("SELECT count(*) FROM t WHERE {filter}");
                conn.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap()
            };
            assert_eq!(count("true"), n);
            assert_eq!(count("word IS NULL AND no % 7 = 0"), (n + 6) / 7);
            assert_eq!(count("word = iif(no % 2, 'b', 'a')"), n - (n + 6) / 7);
        }
    }
}

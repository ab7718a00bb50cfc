//! The log: adding events, and reading them back.

use overread_core::event::{Event, EventBody, NO_HASH};
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};
use time::OffsetDateTime;

use super::Project;
use super::bulk::{self, Cell};
use super::projection::{Fold, FoldError};
use crate::clock::{Clock, text_of};
use crate::error::StoreError;

const COLUMNS: &str = "id, chain, chain_seq, at, actor, device, kind, body, prev_hash, hash";

impl Project {
    /// Adds events of one actor in one transaction. They are on disk when this returns; where it
    /// fails, none of them is.
    pub fn append(
        &mut self,
        actor: &str,
        device: &str,
        bodies: &[EventBody],
    ) -> Result<Vec<Event>, StoreError> {
        if bodies.is_empty() {
            // No event begins no chain, and so settles nothing.
            return self.writable().map(|()| Vec::new());
        }
        self.append_with(actor, device, bodies, |_conn, _events| Ok(()))
    }

    /// As [`Project::append`], with rows of other tables in the same transaction.
    pub(super) fn append_with(
        &mut self,
        actor: &str,
        device: &str,
        bodies: &[EventBody],
        rows: impl FnOnce(&Connection, &[Event]) -> rusqlite::Result<()>,
    ) -> Result<Vec<Event>, StoreError> {
        self.writable()?;
        check_name(actor)?;
        check_name(device)?;
        // A state that is folded further and then not committed must not be used again.
        let state = self.states.remove(actor);
        let mut fold = Fold::of_reader(&self.conn, actor, &chain_of(actor, device), state)
            .map_err(|error| error.into_store(&self.path, "read the log"))?;
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| StoreError::sqlite(&self.path, "write to the log", error))?;
        let write = || -> Result<Vec<Event>, FoldError> {
            let events = insert(&tx, actor, device, bodies, &self.clock)?;
            rows(&tx, &events)?;
            fold.take_in(&tx, &events, bodies)?;
            tx.commit()?;
            Ok(events)
        };
        let events = write().map_err(|error| error.into_store(&self.path, "write to the log"))?;
        // An answer is acknowledged only in the file that will be found.
        self.in_place()?;
        self.tell(&events);
        if let Some(state) = fold.into_state() {
            self.states.insert(actor.to_owned(), state);
        }
        Ok(events)
    }

    /// All events, or those of one actor: chain by chain, each in its order.
    pub fn events(&self, actor: Option<&str>) -> Result<Vec<Event>, StoreError> {
        self.load_events(actor).map_err(self.sql("read the log"))
    }

    fn load_events(&self, actor: Option<&str>) -> rusqlite::Result<Vec<Event>> {
        events_of(&self.conn, actor)
    }
}

pub(super) fn events_of(conn: &Connection, actor: Option<&str>) -> rusqlite::Result<Vec<Event>> {
    let sql = match actor {
        Some(_) => {
            format!("SELECT {COLUMNS} FROM event WHERE actor = ?1 ORDER BY actor, chain, chain_seq")
        }
        None => format!("SELECT {COLUMNS} FROM event ORDER BY chain, chain_seq"),
    };
    let mut statement = conn.prepare_cached(&sql)?;
    match actor {
        Some(actor) => statement.query_map([actor], event_from)?.collect(),
        None => statement.query_map([], event_from)?.collect(),
    }
}

/// An event as it passes by, without a copy of it.
pub(super) struct Passing<'a> {
    pub(super) chain: &'a str,
    pub(super) chain_seq: u64,
    pub(super) at: &'a str,
    pub(super) kind: &'a str,
    pub(super) body: &'a str,
}

/// Goes through the events of one actor, chain by chain, each in its order.
pub(super) fn pass_events(
    conn: &Connection,
    actor: &str,
    mut take: impl FnMut(&Passing<'_>) -> Result<(), FoldError>,
) -> Result<(), FoldError> {
    let mut statement = conn.prepare_cached(
        "SELECT chain, chain_seq, at, kind, body FROM event WHERE actor = ?1
         ORDER BY actor, chain, chain_seq",
    )?;
    let mut rows = statement.query([actor])?;
    while let Some(row) = rows.next()? {
        let text = |column| -> rusqlite::Result<&str> { Ok(row.get_ref(column)?.as_str()?) };
        take(&Passing {
            chain: text(0)?,
            chain_seq: row.get::<_, i64>(1)?.cast_unsigned(),
            at: text(2)?,
            kind: text(3)?,
            body: text(4)?,
        })?;
    }
    Ok(())
}

pub(crate) fn event_from(row: &Row<'_>) -> rusqlite::Result<Event> {
    Ok(Event {
        id: row.get(0)?,
        chain: row.get(1)?,
        chain_seq: row.get::<_, i64>(2)?.cast_unsigned(),
        at: row.get(3)?,
        actor: row.get(4)?,
        device: row.get(5)?,
        kind: row.get(6)?,
        body: row.get(7)?,
        prev_hash: row.get(8)?,
        hash: row.get(9)?,
    })
}

/// One chain per actor and device.
pub(super) fn chain_of(actor: &str, device: &str) -> String {
    format!("{actor}/{device}")
}

/// Names stand in hashed text that is joined by line feeds, and in lists.
pub(super) fn check_name(name: &str) -> Result<(), StoreError> {
    const MOST: usize = 64;
    let bad = |why| Err(StoreError::BadName { what: name.escape_debug().collect(), why });
    if name.trim().is_empty() {
        return bad("a name must not be empty");
    }
    if name.trim() != name {
        return bad("a name must not begin or end with a space");
    }
    if name.chars().any(|c| c.is_control() || c == '/') {
        return bad("a name must not hold `/` or control characters");
    }
    if MOST < name.chars().count() {
        return bad("a name has at most 64 characters");
    }
    Ok(())
}

/// Writes events behind the head of their chain.
pub(super) fn insert(
    conn: &Connection,
    actor: &str,
    device: &str,
    bodies: &[EventBody],
    clock: &Clock,
) -> rusqlite::Result<Vec<Event>> {
    let chain = chain_of(actor, device);
    let head = conn
        .prepare_cached(
            "SELECT chain_seq, hash FROM event WHERE chain = ?1 ORDER BY chain_seq DESC LIMIT 1",
        )?
        .query_row([&chain], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
        .optional()?;
    let (mut chain_seq, mut prev_hash) = head.unwrap_or_else(|| (0, NO_HASH.to_owned()));
    let mut row = conn.prepare_cached(
        "INSERT INTO event (id, chain, chain_seq, at, actor, device, kind, body, prev_hash, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let mut events = Vec::with_capacity(bodies.len());
    for body in bodies {
        let (kind, body) = body.to_parts();
        let now = clock.now();
        chain_seq += 1;
        let mut event = Event {
            id: id_at(now),
            chain: chain.clone(),
            chain_seq: chain_seq.cast_unsigned(),
            at: text_of(now),
            actor: actor.to_owned(),
            device: device.to_owned(),
            kind,
            body,
            prev_hash: prev_hash.clone(),
            hash: String::new(),
        };
        event.hash = event.expected_hash();
        row.execute(params![
            event.id,
            event.chain,
            chain_seq,
            event.at,
            event.actor,
            event.device,
            event.kind,
            event.body,
            event.prev_hash,
            event.hash
        ])?;
        prev_hash.clone_from(&event.hash);
        events.push(event);
    }
    Ok(events)
}

/// Writes events that were made elsewhere, exactly as they are.
pub(super) fn insert_as_they_are<'a>(
    conn: &Connection,
    events: impl Iterator<Item = &'a Event>,
) -> rusqlite::Result<()> {
    let rows = events.map(|event| {
        [
            Cell::Text(&event.id),
            Cell::Text(&event.chain),
            Cell::Int(event.chain_seq.cast_signed()),
            Cell::Text(&event.at),
            Cell::Text(&event.actor),
            Cell::Text(&event.device),
            Cell::Text(&event.kind),
            Cell::Text(&event.body),
            Cell::Text(&event.prev_hash),
            Cell::Text(&event.hash),
        ]
    });
    bulk::insert(
        conn,
        "event (id, chain, chain_seq, at, actor, device, kind, body, prev_hash, hash)",
        rows,
    )
}

/// A `UUIDv7` of that time; a clock that went back gives an earlier one, and nothing minds.
fn id_at(now: OffsetDateTime) -> String {
    let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
    let time = uuid::Timestamp::from_unix(uuid::NoContext, seconds, now.nanosecond());
    uuid::Uuid::new_v7(time).to_string()
}

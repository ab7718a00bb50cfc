//! The tables behind the views: the fold of the log, kept in step with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use overread_core::event::{Event, EventBody, EventBodyError};
use overread_core::{Answer, DeckId, ItemId, ItemState, NoAnswer, ReadingState};
use rusqlite::Connection;

use super::bulk::{self, Cell};
use super::events::pass_events;
use super::load;
use crate::error::StoreError;

/// Why a log could not be folded.
#[derive(Debug)]
pub(crate) enum FoldError {
    Sqlite(rusqlite::Error),
    Event(String, u64, EventBodyError),
}

impl From<rusqlite::Error> for FoldError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl FoldError {
    pub(super) fn into_store(self, path: &Path, doing: &'static str) -> StoreError {
        match self {
            Self::Sqlite(error) => StoreError::sqlite(path, doing, error),
            Self::Event(chain, chain_seq, source) => StoreError::Event { chain, chain_seq, source },
        }
    }
}

/// A reader's state on its way through new events.
pub(super) enum Fold {
    /// Not a reader, or one without a worklist and without events: nothing to keep.
    Incremental {
        /// The state so far.
        state: Box<ReadingState>,
        /// What another device left unsettled, and settles now.
        settled: Option<ItemId>,
    },
    /// The new events do not come last in fold order, so the whole log is folded again.
    Again,
}

impl Fold {
    /// The state before new events of that chain.
    pub(super) fn of_reader(
        conn: &Connection,
        actor: &str,
        chain: &str,
        state: Option<ReadingState>,
    ) -> Result<Self, FoldError> {
        let later: bool = conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM event WHERE actor = ?1 AND chain > ?2)")?
            .query_row([actor, chain], |row| row.get(0))?;
        if later {
            return Ok(Self::Again);
        }
        let mut state = match state {
            Some(state) => state,
            None => fold_reader(conn, actor)?,
        };
        let own: bool = conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM event WHERE actor = ?1 AND chain = ?2)")?
            .query_row([actor, chain], |row| row.get(0))?;
        let mut settled = None;
        if !own {
            // Another device begins: what was answered on the one before is settled.
            settled = state.unsettled();
            state.end_chain();
        }
        Ok(Self::Incremental { state: Box::new(state), settled })
    }

    /// Takes events in and brings the tables up to date.
    pub(super) fn take_in(
        &mut self,
        conn: &Connection,
        events: &[Event],
        bodies: &[EventBody],
    ) -> Result<(), FoldError> {
        let Some(actor) = events.first().map(|event| event.actor.as_str()) else { return Ok(()) };
        let Self::Incremental { state, settled } = self else {
            return rebuild_reader(conn, actor);
        };
        let mut touched: BTreeSet<ItemId> = settled.take().into_iter().collect();
        for (event, body) in events.iter().zip(bodies) {
            // Only what was unsettled can settle, and only the item of an event can change.
            touched.extend(state.unsettled());
            touched.extend(body.item());
            state.apply(&event.at, body);
        }
        for item in touched {
            if let Some(item_state) = state.item(item) {
                clear_item(conn, actor, item)?;
                write_item(conn, actor, item, item_state)?;
            }
        }
        Ok(())
    }

    /// The state to go on from.
    pub(super) fn into_state(self) -> Option<ReadingState> {
        match self {
            Self::Incremental { state, .. } => Some(*state),
            Self::Again => None,
        }
    }
}

/// The state of one reader, folded from the log: chain by chain, each in its own order.
///
/// Chains are taken in the order of their names, which no clock decides. Where one ends, what was
/// answered in it settles.
pub(super) fn fold_reader(conn: &Connection, reader: &str) -> Result<ReadingState, FoldError> {
    let mut state = empty_state(conn, &load::deck_ids(conn)?, reader)?;
    fold_into(conn, reader, &mut state)?;
    Ok(state)
}

/// The readers with a worklist or with rows of state, before anything was read.
pub(super) fn empty_states(conn: &Connection) -> rusqlite::Result<BTreeMap<String, ReadingState>> {
    let decks = load::deck_ids(conn)?;
    let mut readers = BTreeSet::new();
    for table in ["worklist", "item_state", "answer", "item_tag", "item_also"] {
        let first = format!("SELECT min(reader) FROM {table}");
        let mut found: Option<String> = conn.query_row(&first, [], |row| row.get(0))?;
        // From one reader to the next along the table's key, past all of their rows.
        let mut next = conn.prepare(&format!("{first} WHERE reader > ?1"))?;
        while let Some(reader) = found {
            found = next.query_row([&reader], |row| row.get(0))?;
            readers.insert(reader);
        }
    }
    readers
        .into_iter()
        .map(|reader| {
            let state = empty_state(conn, &decks, &reader)?;
            Ok((reader, state))
        })
        .collect()
}

fn empty_state(
    conn: &Connection,
    decks: &[DeckId],
    reader: &str,
) -> rusqlite::Result<ReadingState> {
    Ok(ReadingState::of_items(decks.to_vec(), load::listed(conn, reader)?))
}

fn fold_into(conn: &Connection, reader: &str, state: &mut ReadingState) -> Result<(), FoldError> {
    let mut folding = Folding { state, chain: String::new() };
    pass_events(conn, reader, |event| {
        let body = EventBody::from_parts(event.kind, event.body)
            .map_err(|source| FoldError::Event(event.chain.to_owned(), event.chain_seq, source))?;
        folding.take(event.chain, event.at, &body);
        Ok(())
    })
}

/// A state on its way through one reader's events, chain by chain.
struct Folding<'a> {
    state: &'a mut ReadingState,
    chain: String,
}

impl Folding<'_> {
    fn take(&mut self, chain: &str, at: &str, body: &EventBody) {
        if chain != self.chain {
            if !self.chain.is_empty() {
                self.state.end_chain();
            }
            chain.clone_into(&mut self.chain);
        }
        self.state.apply(at, body);
    }
}

/// Throws one reader's rows away and folds them again.
pub(crate) fn rebuild_reader(conn: &Connection, reader: &str) -> Result<(), FoldError> {
    rebuild_with(conn, &load::deck_ids(conn)?, reader)
}

/// As [`rebuild_reader`], where the decks were read for many of them.
pub(super) fn rebuild_with(
    conn: &Connection,
    decks: &[DeckId],
    reader: &str,
) -> Result<(), FoldError> {
    for sql in [
        "DELETE FROM item_state WHERE reader = ?1",
        "DELETE FROM answer WHERE reader = ?1",
        "DELETE FROM item_tag WHERE reader = ?1",
        "DELETE FROM item_also WHERE reader = ?1",
    ] {
        conn.prepare_cached(sql)?.execute([reader])?;
    }
    let mut state = empty_state(conn, decks, reader)?;
    fold_into(conn, reader, &mut state)?;
    write_all(conn, reader, &state)?;
    Ok(())
}

/// Folds all events of a reader of whom there were none before: chain by chain, each in its order.
pub(super) fn build_with<'a>(
    conn: &Connection,
    decks: &[DeckId],
    reader: &str,
    events: impl Iterator<Item = (&'a Event, &'a EventBody)>,
) -> Result<(), FoldError> {
    let mut state = empty_state(conn, decks, reader)?;
    let mut folding = Folding { state: &mut state, chain: String::new() };
    events.for_each(|(event, body)| folding.take(&event.chain, &event.at, body));
    write_all(conn, reader, &state)?;
    Ok(())
}

/// Folds every reader's log again.
pub(crate) fn rebuild_all(conn: &Connection) -> Result<(), FoldError> {
    let actors: Vec<String> = conn
        .prepare("SELECT DISTINCT actor FROM event ORDER BY actor")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let decks = load::deck_ids(conn)?;
    actors.iter().try_for_each(|actor| rebuild_with(conn, &decks, actor))
}

/// Whether the tables say of a reader's items what the state says, in every column, and nothing else.
pub(super) fn matches(
    conn: &Connection,
    reader: &str,
    state: &ReadingState,
) -> rusqlite::Result<bool> {
    let items = in_key_order(state);
    let each = || items.iter().map(|(id, state)| (id.as_str(), *state));
    let states = each().map(|(id, state)| state_cells(reader, id, state));
    let answers = each().flat_map(|(id, state)| answer_rows(reader, id, state));
    let tags = each().flat_map(|(id, state)| member_rows(reader, id, &state.tags));
    let also = each().flat_map(|(id, state)| member_rows(reader, id, &state.also));
    Ok(bulk::holds(conn, STATE, reader, states)?
        && bulk::holds(conn, ANSWER, reader, answers)?
        && bulk::holds(conn, TAG, reader, tags)?
        && bulk::holds(conn, ALSO, reader, also)?)
}

/// The items of a state in the order of the tables' keys.
fn in_key_order(state: &ReadingState) -> Vec<(String, &ItemState)> {
    let mut items: Vec<(String, &ItemState)> =
        state.items().map(|(id, item)| (id.to_string(), item)).collect();
    items.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    items
}

/// Takes away what a former state of an item left in the tables of which it may have several rows.
fn clear_item(conn: &Connection, reader: &str, item: ItemId) -> rusqlite::Result<()> {
    let id = item.to_string();
    for sql in [
        "DELETE FROM answer WHERE reader = ?1 AND item = ?2",
        "DELETE FROM item_tag WHERE reader = ?1 AND item = ?2",
        "DELETE FROM item_also WHERE reader = ?1 AND item = ?2",
    ] {
        conn.prepare_cached(sql)?.execute([reader, &id])?;
    }
    Ok(())
}

/// Writes an item of which nothing but its one row of state is there.
fn write_item(
    conn: &Connection,
    reader: &str,
    item: ItemId,
    state: &ItemState,
) -> rusqlite::Result<()> {
    let id = item.to_string();
    bulk::replace_one(conn, STATE, state_cells(reader, &id, state))?;
    for row in answer_rows(reader, &id, state) {
        bulk::insert_one(conn, ANSWER, row)?;
    }
    for (into, members) in [(TAG, &state.tags), (ALSO, &state.also)] {
        for row in member_rows(reader, &id, members) {
            bulk::insert_one(conn, into, row)?;
        }
    }
    Ok(())
}

/// Writes all items of a reader of whom no row is there.
fn write_all(conn: &Connection, reader: &str, state: &ReadingState) -> rusqlite::Result<()> {
    let items = in_key_order(state);
    let each = || items.iter().map(|(id, state)| (id.as_str(), *state));
    bulk::insert(conn, STATE, each().map(|(id, state)| state_cells(reader, id, state)))?;
    bulk::insert(conn, ANSWER, each().flat_map(|(id, state)| answer_rows(reader, id, state)))?;
    let tags = each().flat_map(|(id, state)| member_rows(reader, id, &state.tags));
    bulk::insert(conn, TAG, tags)?;
    bulk::insert(conn, ALSO, each().flat_map(|(id, state)| member_rows(reader, id, &state.also)))
}

const STATE: &str =
    "item_state (reader, item, locks, revisions, reopened, settled, skipped, flagged,
    comment, phase, version, locked_at, active_ms, after_release, outcome)";
const ANSWER: &str = "answer (reader, item, finding, level, no_answer, settled_level,
    settled_no_answer, settled_version)";
const TAG: &str = "item_tag (reader, item, tag)";
const ALSO: &str = "item_also (reader, item, finding)";

fn state_cells<'a>(reader: &'a str, id: &'a str, state: &'a ItemState) -> [Cell<'a>; 15] {
    let now = state.current();
    let count = |n: usize| Cell::Int(i64::try_from(n).unwrap_or(i64::MAX));
    let outcome = state.outcome.as_ref();
    let locked_at = now.map(|lock| lock.at.as_str()).or(outcome.map(|(_, at)| at.as_str()));
    [
        Cell::Text(reader),
        Cell::Text(id),
        count(state.locks.len()),
        count(state.revisions()),
        Cell::Int(state.reopened.into()),
        Cell::Int(state.settled.is_some().into()),
        Cell::Int(state.skipped.into()),
        Cell::Int(state.flagged.into()),
        Cell::Text(&state.comment),
        Cell::text(now.map(|lock| lock.phase.word())),
        Cell::int(now.map(|lock| lock.protocol_version)),
        Cell::text(locked_at),
        Cell::int(now.map(|lock| i64::try_from(lock.active_ms).unwrap_or(i64::MAX))),
        Cell::int(now.map(|lock| i64::from(lock.after_release))),
        Cell::text(outcome.map(|(outcome, _)| outcome.word())),
    ]
}

fn answer_rows<'a>(
    reader: &'a str,
    id: &'a str,
    state: &'a ItemState,
) -> impl Iterator<Item = [Cell<'a>; 8]> {
    let (now, settled) = (state.current(), state.settled_lock());
    let findings: BTreeSet<&str> = [now, settled]
        .into_iter()
        .flatten()
        .flat_map(|lock| lock.answers.iter().map(|answer| answer.finding.as_str()))
        .collect();
    let level = |answer: Option<Answer>| Cell::int(answer.and_then(Answer::level).map(|l| l.0));
    let word =
        |answer: Option<Answer>| Cell::text(answer.and_then(Answer::no_answer).map(NoAnswer::word));
    findings.into_iter().map(move |finding| {
        let [stands, first] = [now, settled].map(|lock| lock.and_then(|l| l.answer(finding)));
        [
            Cell::Text(reader),
            Cell::Text(id),
            Cell::Text(finding),
            level(stands),
            word(stands),
            level(first),
            word(first),
            Cell::int(settled.map(|lock| lock.protocol_version)),
        ]
    })
}

fn member_rows<'a>(
    reader: &'a str,
    id: &'a str,
    members: &'a BTreeSet<String>,
) -> impl Iterator<Item = [Cell<'a>; 3]> {
    members.iter().map(move |member| [Cell::Text(reader), Cell::Text(id), Cell::Text(member)])
}

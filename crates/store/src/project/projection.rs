//! The tables behind the views: the fold of the log, kept in step with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use overread_core::event::{Event, EventBody, EventBodyError};
use overread_core::{Answer, ItemId, ItemState, NoAnswer, ReadingState, Sample, Worklist};
use rusqlite::{Connection, params};

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
    let (sample, worklist) = match load::sample_of(conn)? {
        Some(sample) => {
            let worklist = load::worklist_of(conn, reader)?.unwrap_or_default();
            (sample, worklist)
        }
        None => (Sample::default(), Worklist::default()),
    };
    let mut state = ReadingState::new(&sample, &worklist);
    fold_into(conn, reader, &mut state, |_, _| {})?;
    Ok(state)
}

/// The readers with a worklist, before anything was read.
pub(super) fn empty_states(conn: &Connection) -> rusqlite::Result<BTreeMap<String, ReadingState>> {
    let Some(sample) = load::sample_of(conn)? else { return Ok(BTreeMap::new()) };
    let readers: Vec<String> = conn
        .prepare("SELECT reader FROM worklist ORDER BY reader")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    readers
        .into_iter()
        .map(|reader| {
            let list = load::worklist_of(conn, &reader)?.unwrap_or_default();
            let state = ReadingState::new(&sample, &list);
            Ok((reader, state))
        })
        .collect()
}

fn fold_into(
    conn: &Connection,
    reader: &str,
    state: &mut ReadingState,
    mut seen: impl FnMut(&ReadingState, &EventBody),
) -> Result<(), FoldError> {
    let mut chain = String::new();
    pass_events(conn, reader, |event| {
        if event.chain != chain {
            if !chain.is_empty() {
                state.end_chain();
            }
            event.chain.clone_into(&mut chain);
        }
        let body = EventBody::from_parts(event.kind, event.body)
            .map_err(|source| FoldError::Event(event.chain.to_owned(), event.chain_seq, source))?;
        state.apply(event.at, &body);
        seen(state, &body);
        Ok(())
    })
}

/// Throws one reader's rows away and folds them again.
pub(crate) fn rebuild_reader(conn: &Connection, reader: &str) -> Result<(), FoldError> {
    for sql in [
        "DELETE FROM item_state WHERE reader = ?1",
        "DELETE FROM answer WHERE reader = ?1",
        "DELETE FROM item_tag WHERE reader = ?1",
        "DELETE FROM item_also WHERE reader = ?1",
    ] {
        conn.execute(sql, [reader])?;
    }
    let (sample, worklist) = match load::sample_of(conn)? {
        Some(sample) => (sample, load::worklist_of(conn, reader)?.unwrap_or_default()),
        None => (Sample::default(), Worklist::default()),
    };
    let mut state = ReadingState::new(&sample, &worklist);
    let mut items = BTreeSet::new();
    fold_into(conn, reader, &mut state, |_, body| items.extend(body.item()))?;
    for item in items {
        if let Some(item_state) = state.item(item) {
            write_item(conn, reader, item, item_state)?;
        }
    }
    Ok(())
}

/// Folds every reader's log again.
pub(crate) fn rebuild_all(conn: &Connection) -> Result<(), FoldError> {
    let actors: Vec<String> = conn
        .prepare("SELECT DISTINCT actor FROM event ORDER BY actor")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    actors.iter().try_for_each(|actor| rebuild_reader(conn, actor))
}

/// Whether the tables say of a reader's items what the state says.
pub(super) fn matches(
    conn: &Connection,
    reader: &str,
    state: &ReadingState,
) -> rusqlite::Result<bool> {
    let mut statement = conn.prepare_cached(
        "SELECT a.item, a.finding, a.level, a.no_answer, a.settled_level, a.settled_no_answer
         FROM answer AS a WHERE a.reader = ?1",
    )?;
    let mut rows = statement.query([reader])?;
    let mut answers = 0_usize;
    while let Some(row) = rows.next()? {
        answers += 1;
        let item: Option<ItemId> = row.get_ref(0)?.as_str()?.parse().ok();
        let Some(item) = item.and_then(|item| state.item(item)) else { return Ok(false) };
        let finding = row.get_ref(1)?.as_str()?;
        let now = item.current().and_then(|lock| lock.answer(finding));
        let settled = item.settled_lock().and_then(|lock| lock.answer(finding));
        for (answer, column) in [(now, 2), (settled, 4)] {
            let level: Option<u8> = row.get(column)?;
            let word = row.get_ref(column + 1)?.as_str_or_null()?;
            let same = level == answer.and_then(Answer::level).map(|level| level.0)
                && word == answer.and_then(Answer::no_answer).map(NoAnswer::word);
            if !same {
                return Ok(false);
            }
        }
    }
    let (locked, tags, locked_items): (i64, i64, i64) = conn.query_row(
        "SELECT (SELECT count(*) FROM item_state
              WHERE reader = ?1 AND (locks > 0 OR outcome IS NOT NULL) AND NOT reopened),
             (SELECT count(*) FROM item_tag WHERE reader = ?1),
             (SELECT count(*) FROM item_state WHERE reader = ?1 AND locks > 0)",
        [reader],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let mut items = conn.prepare_cached("SELECT item FROM item_state WHERE reader = ?1")?;
    let mut rows = items.query([reader])?;
    let (mut tagged, mut answered) = (0_usize, 0_usize);
    while let Some(row) = rows.next()? {
        let item: Option<ItemId> = row.get_ref(0)?.as_str()?.parse().ok();
        let Some(item) = item.and_then(|item| state.item(item)) else { return Ok(false) };
        tagged += item.tags.len();
        answered += usize::from(item.current().is_some());
    }
    Ok(i64::try_from(state.locked_count()) == Ok(locked)
        && i64::try_from(tagged) == Ok(tags)
        && i64::try_from(answered) == Ok(locked_items)
        && answered <= answers)
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
    let now = state.current();
    conn.prepare_cached(
        "INSERT OR REPLACE INTO item_state (reader, item, locks, revisions, reopened, settled,
             skipped, flagged, comment, phase, version, locked_at, active_ms, after_release, outcome)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?
    .execute(params![
        reader,
        id,
        i64::try_from(state.locks.len()).unwrap_or(i64::MAX),
        i64::try_from(state.revisions()).unwrap_or(i64::MAX),
        state.reopened,
        state.settled.is_some(),
        state.skipped,
        state.flagged,
        state.comment,
        now.map(|lock| lock.phase.word()),
        now.map(|lock| lock.protocol_version),
        now.map(|lock| lock.at.as_str()).or(state.outcome.as_ref().map(|(_, at)| at.as_str())),
        now.map(|lock| i64::try_from(lock.active_ms).unwrap_or(i64::MAX)),
        now.map(|lock| lock.after_release),
        state.outcome.as_ref().map(|(outcome, _)| outcome.word())
    ])?;
    write_answers(conn, reader, &id, state)?;
    let sets = [
        ("INSERT INTO item_tag (reader, item, tag) VALUES (?1, ?2, ?3)", &state.tags),
        ("INSERT INTO item_also (reader, item, finding) VALUES (?1, ?2, ?3)", &state.also),
    ];
    for (insert, members) in sets {
        for member in members {
            conn.prepare_cached(insert)?.execute([reader, &id, member])?;
        }
    }
    Ok(())
}

fn write_answers(
    conn: &Connection,
    reader: &str,
    id: &str,
    state: &ItemState,
) -> rusqlite::Result<()> {
    let (now, settled) = (state.current(), state.settled_lock());
    let findings: BTreeSet<&str> = [now, settled]
        .into_iter()
        .flatten()
        .flat_map(|lock| lock.answers.iter().map(|answer| answer.finding.as_str()))
        .collect();
    let mut row = conn.prepare_cached(
        "INSERT INTO answer (reader, item, finding, level, no_answer, settled_level,
             settled_no_answer, settled_version)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for finding in findings {
        let [stands, first] = [now, settled].map(|lock| lock.and_then(|l| l.answer(finding)));
        let level = |answer: Option<Answer>| answer.and_then(Answer::level).map(|l| l.0);
        let word = |answer: Option<Answer>| answer.and_then(Answer::no_answer).map(NoAnswer::word);
        row.execute(params![
            reader,
            id,
            finding,
            level(stands),
            word(stands),
            level(first),
            word(first),
            settled.map(|lock| lock.protocol_version)
        ])?;
    }
    Ok(())
}

//! Whether a project is as it was written: its chains, its tables, its pages.

use std::collections::BTreeMap;

use overread_core::{Event, Protocol, ReadingState, Sample, Worklist};
use rusqlite::{Connection, OptionalExtension as _};

use super::Project;
use super::content::content_in;
use super::load::{sample_of, worklist_of};
use super::sample::sample_hash;
use super::walk::{TOLD, Told, Walked, walk, walk_through};
use crate::error::{ReadOnlyReason, StoreError};

/// One chain as it was walked.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ChainSummary {
    /// Actor and device.
    pub chain: String,
    /// How many events fit.
    pub events: u64,
    /// Hash of the last event that fits.
    pub head: String,
}

/// The first event that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BadEvent {
    /// Chain of the event.
    pub chain: String,
    /// Its place there.
    pub chain_seq: u64,
    /// Its id.
    pub id: String,
    /// What does not fit.
    pub what: String,
}

/// What a walk over all chains found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct VerifyReport {
    /// Whether everything fits.
    pub ok: bool,
    /// The chains, by name.
    pub chains: Vec<ChainSummary>,
    /// The first event that does not fit, in chain order.
    pub first_bad: Option<BadEvent>,
    /// Tables that do not say what the events say, and pages that SQLite cannot read.
    pub problems: Vec<String>,
}

/// What the check after opening found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// What is wrong, in words; empty where nothing is. The project is then opened for looking only.
    pub problems: Vec<String>,
    /// The backup made, where events had changed since the last.
    pub backup: Option<std::path::PathBuf>,
    /// Why no backup could be made. Reading goes on: answers need far less room.
    pub not_kept: Option<String>,
}

impl Project {
    /// Walks all chains and compares the tables with what the events say. The pages are checked meanwhile.
    pub fn verify(&self) -> Result<VerifyReport, StoreError> {
        let readers = super::projection::empty_states(&self.conn).unwrap_or_default();
        let (walked, pages) = std::thread::scope(|scope| {
            let beside = self.beside();
            let named = std::thread::Builder::new().name("verify-pages".to_owned());
            let pages =
                beside.and_then(|conn| named.spawn_scoped(scope, move || whole_check(&conn)).ok());
            let walked = walk(&self.conn, None, readers);
            let pages = pages.and_then(|thread| thread.join().ok());
            (walked, pages.unwrap_or_else(|| whole_check(&self.conn)))
        });
        let Walked { chains, bad: first_bad, told, folded } =
            walked.map_err(self.sql("walk the chains"))?;
        let mut problems = pages.map_err(self.sql("check the pages"))?;
        match table_problems(&self.conn, &told, &folded) {
            Ok(found) => problems.extend(found),
            Err(error) => problems.push(format!("a table cannot be read: {error}")),
        }
        let ok = first_bad.is_none() && problems.is_empty();
        Ok(VerifyReport { ok, chains, first_bad, problems })
    }

    /// What is wrong with pages or chains, in words, `None` where both are sound; and the events.
    pub(super) fn sound_events(&self) -> Result<(Option<String>, Vec<Event>), StoreError> {
        if let Some(first) = whole_check(&self.conn).map_err(self.sql("check the pages"))?.first() {
            return Ok((Some(format!("The file is damaged ({first})")), Vec::new()));
        }
        if let Some(fault) = self.too_large()? {
            return Ok((Some(fault), Vec::new()));
        }
        let (bad, events) = walk_through(&self.conn).map_err(self.sql("walk the chains"))?;
        let fault = bad.map(|bad| {
            format!("Event {} of chain {} does not fit: {}", bad.chain_seq, bad.chain, bad.what)
        });
        Ok((fault, events))
    }

    /// An event that is larger than any that is written, by its length alone.
    fn too_large(&self) -> Result<Option<String>, StoreError> {
        const MOST_BODY: u32 = 1 << 20;
        const MOST_FIELD: u32 = 1 << 10;
        self.conn
            .query_row(
                "SELECT seq, coalesce(octet_length(body), 0) FROM event WHERE octet_length(body) > ?1
                     OR max(octet_length(id), octet_length(chain), octet_length(at),
                         octet_length(actor), octet_length(device), octet_length(kind),
                         octet_length(prev_hash), octet_length(hash)) > ?2 LIMIT 1",
                [MOST_BODY, MOST_FIELD],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
            )
            .optional()
            .map(|found| {
                found.map(|(seq, bytes)| {
                    format!(
                        "Event number {seq} of its log is larger than any event ({bytes} bytes; {MOST_BODY} are allowed)"
                    )
                })
            })
            .map_err(self.sql("read the log"))
    }

    /// The hash of each chain's last event, by chain.
    pub fn heads(&self) -> Result<Vec<ChainSummary>, StoreError> {
        let read = || -> rusqlite::Result<Vec<ChainSummary>> { heads_of(&self.conn) };
        read().map_err(self.sql("read the chains"))
    }

    /// What is due after the first paint: pages, the tail of every chain, a backup where events
    /// changed. A damaged project can only be looked at from here on.
    pub fn check_after_open(&mut self) -> Result<CheckReport, StoreError> {
        let mut problems = quick_check(&self.conn).map_err(self.sql("check the pages"))?;
        problems.extend(self.chain_problem()?);
        let (mut backup, mut not_kept) = (None, None);
        if let Some(first) = problems.first() {
            self.read_only = Some(ReadOnlyReason::Damaged(first.clone()));
        } else if self.read_only.is_none() {
            match crate::backup::keep_if_changed(&self.conn, &self.path, &self.clock) {
                Ok(kept) => backup = kept,
                Err(error) => {
                    // The log says where; a reader's screen names no path.
                    tracing::info!(%error, "no backup was made");
                    let why = match error {
                        StoreError::DiskFull { .. } => "the disk is full",
                        _ => "the project's folder takes none",
                    };
                    not_kept =
                        Some(format!("No backup could be made ({why}); reading goes on without."));
                }
            }
        }
        Ok(CheckReport { problems, backup, not_kept })
    }

    /// What is wrong with the chains, in words; of a long log only the last events of each are walked. A project
    /// whose chains do not fit can only be looked at from here on.
    pub fn check_chains(&mut self) -> Result<Option<String>, StoreError> {
        let problem = match self.chain_problem() {
            // An event that cannot be read is one that does not fit.
            Err(StoreError::Damaged { detail, .. }) => Some(detail),
            other => other?,
        };
        if let Some(what) = &problem {
            self.read_only = Some(ReadOnlyReason::Damaged(what.clone()));
        }
        Ok(problem)
    }

    /// As [`Project::check_chains`], and before it the pages, where the file is small enough for that to go unnoticed:
    /// the whole of ChestX-ray14 is.
    pub fn check_to_look(&mut self) -> Result<Option<String>, StoreError> {
        const SMALL: u64 = 64 << 20;
        let small = std::fs::metadata(&self.path).is_ok_and(|meta| meta.len() <= SMALL);
        let pages = small.then(|| quick_check(&self.conn));
        let pages = pages.transpose().map_err(self.sql("check the pages"));
        let first = match pages {
            // SQLite breaks its lines.
            Ok(problems) => (problems.into_iter().flatten().next())
                .map(|first| first.split_whitespace().collect::<Vec<_>>().join(" ")),
            Err(StoreError::Damaged { detail, .. }) => Some(detail),
            Err(error) => return Err(error),
        };
        if let Some(what) = &first {
            self.read_only = Some(ReadOnlyReason::Damaged(what.clone()));
            return Ok(first);
        }
        self.check_chains()
    }

    /// How what can be read of a damaged project is saved, and which backups there are.
    pub fn rescue_words(&self) -> String {
        crate::error::backup_hint(&crate::backup::backups_of(&self.path))
    }

    fn chain_problem(&self) -> Result<Option<String>, StoreError> {
        /// Walked whole in less time than a window takes to open.
        const SHORT: i64 = 50_000;
        const TAIL: u32 = 1_000;
        let last: Option<i64> = self
            .conn
            .query_row("SELECT max(seq) FROM event", [], |row| row.get(0))
            .map_err(self.sql("read the log"))?;
        let tail = (SHORT < last.unwrap_or(0)).then_some(TAIL);
        let walked =
            walk(&self.conn, tail, BTreeMap::new()).map_err(self.sql("walk the chains"))?;
        Ok(walked.bad.map(|bad| {
            format!("event {} of chain {} does not fit: {}", bad.chain_seq, bad.chain, bad.what)
        }))
    }
}

/// What SQLite says of the pages.
pub(crate) fn quick_check(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    lines_of(conn, "PRAGMA quick_check(10)")
}

/// And whether every index says what its table says: events are found by one, and read from the other. In a log of
/// more events than projects have, that takes longer than all the rest and is left out.
fn whole_check(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    const MOST: i64 = 250_000;
    let last: Option<i64> = conn.query_row("SELECT max(seq) FROM event", [], |row| row.get(0))?;
    let all = last.unwrap_or(0) <= MOST;
    lines_of(conn, if all { "PRAGMA integrity_check(10)" } else { "PRAGMA quick_check(10)" })
}

fn lines_of(conn: &Connection, pragma: &str) -> rusqlite::Result<Vec<String>> {
    let lines: Vec<String> =
        conn.prepare(pragma)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

pub(crate) fn heads_of(conn: &Connection) -> rusqlite::Result<Vec<ChainSummary>> {
    conn.prepare(
        "SELECT h.chain, h.chain_seq, e.hash
         FROM (SELECT chain, max(chain_seq) AS chain_seq FROM event GROUP BY chain) AS h
         JOIN event AS e ON e.chain = h.chain AND e.chain_seq = h.chain_seq ORDER BY h.chain",
    )?
    .query_map([], |row| {
        Ok(ChainSummary {
            chain: row.get(0)?,
            events: row.get::<_, i64>(1)?.cast_unsigned(),
            head: row.get(2)?,
        })
    })?
    .collect()
}

/// Tables that do not say what the events say.
fn table_problems(
    conn: &Connection,
    told: &Told,
    folded: &BTreeMap<String, Option<ReadingState>>,
) -> rusqlite::Result<Vec<String>> {
    let mut problems = match super::packet::facts_of(conn)? {
        Some(facts) => super::packet::problems_of(conn, &facts, told)?,
        None => design_problems(conn, told)?,
    };
    problems.extend(scale_problems(conn)?);
    problems.extend(sample_problems(conn, told)?);
    problems.extend(view_problems(conn, folded)?);
    Ok(problems)
}

/// A project's dataset, protocols and readers that are not those of its events.
fn design_problems(conn: &Connection, told: &Told) -> rusqlite::Result<Vec<String>> {
    let mut problems = Vec::new();
    let mut compare = |what: &str, kind: &str, sql: &str| -> rusqlite::Result<()> {
        let wrong: bool =
            conn.query_row(&format!("{TOLD}{sql}"), [&told.0, kind], |row| row.get(0))?;
        if wrong {
            problems.push(format!("{what} is not what its `{kind}` event says"));
        }
        Ok(())
    };
    compare(
        "the dataset",
        "dataset.imported",
        "SELECT EXISTS (SELECT 1 FROM dataset AS d WHERE NOT EXISTS (SELECT 1 FROM told AS e
             WHERE e.kind = ?2 AND e.body ->> '$.sha256' = d.sha256
                 AND e.body ->> '$.identity' = d.identity AND e.body ->> '$.studies' = d.studies
                 AND e.body ->> '$.images' = d.images AND e.body ->> '$.patients' = d.patients
                 AND e.body ->> '$.format' = d.format
                 AND d.studies = (SELECT count(*) FROM study)))",
    )?;
    compare(
        "the list of label files",
        "dataset.imported",
        "SELECT EXISTS (SELECT 1 FROM told AS e WHERE e.kind = ?2 AND (
             json_array_length(e.body, '$.files') <> (SELECT count(*) FROM input_file)
             OR EXISTS (SELECT 1 FROM input_file AS f WHERE NOT EXISTS (
                 SELECT 1 FROM json_each(e.body, '$.files') AS told
                 WHERE told.value ->> '$.name' = f.name AND told.value ->> '$.sha256' = f.sha256
                     AND told.value ->> '$.bytes' = f.bytes))))",
    )?;
    compare(
        "a protocol",
        "protocol.set",
        "SELECT EXISTS (SELECT 1 FROM protocol AS p WHERE NOT EXISTS (SELECT 1 FROM told AS e
             WHERE e.kind = ?2 AND e.body ->> '$.version' = p.version
                 AND e.body ->> '$.hash' = p.hash AND e.body ->> '$.text' = p.text
                 AND e.body ->> '$.name' = p.name))
             OR EXISTS (SELECT 1 FROM told AS e WHERE e.kind = ?2
                 AND e.body ->> '$.version' NOT IN (SELECT version FROM protocol))",
    )?;
    compare(
        "a reader",
        "reader.added",
        "SELECT EXISTS (SELECT 1 FROM reader AS r WHERE NOT EXISTS (SELECT 1 FROM told AS e
             WHERE e.kind = ?2 AND e.body ->> '$.reader' = r.name AND e.body ->> '$.role' = r.role
                 AND e.body ->> '$.experience_years' IS r.experience_years))
             OR EXISTS (SELECT 1 FROM told AS e WHERE e.kind = ?2
                 AND e.body ->> '$.reader' NOT IN (SELECT name FROM reader))",
    )?;
    let content: Option<String> = conn
        .query_row(
            &format!("{TOLD}SELECT body ->> '$.content' FROM told WHERE kind = 'dataset.imported'"),
            [&told.0],
            |row| row.get(0),
        )
        .optional()?
        .flatten();
    // Projects that were made before it was told are not compared.
    if let Some(content) = content
        && content != content_in(conn)?
    {
        problems.push("labels, patients or images of the dataset are not what its `dataset.imported` event says".to_owned());
    }
    problems.extend(super::outside::problems_of(conn, told)?);
    Ok(problems)
}

/// Protocols whose levels and rules, as SQL has them, are not those of their text.
fn scale_problems(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let pairs = |sql: &str, version: u32| -> rusqlite::Result<Vec<(u8, String, String)>> {
        conn.prepare_cached(sql)?
            .query_map([version], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect()
    };
    let texts: Vec<(u32, String)> = conn
        .prepare("SELECT version, text FROM protocol ORDER BY version")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut problems = Vec::new();
    for (version, text) in texts {
        // A text that cannot be read is found where it is compared with its event.
        let Ok(protocol) = Protocol::from_toml(&text) else { continue };
        let levels = "SELECT no, name, '' FROM protocol_level WHERE version = ?1 ORDER BY no";
        let rules =
            "SELECT threshold, name, text FROM protocol_rule WHERE version = ?1 ORDER BY threshold";
        let named =
            (0_u8..).zip(&protocol.levels).map(|(no, name)| (no, name.clone(), String::new()));
        let mut ruled: Vec<(u8, String, String)> = protocol
            .rules
            .iter()
            .map(|r| (r.threshold.0, r.name.clone(), r.text.clone()))
            .collect();
        ruled.sort_unstable();
        if pairs(levels, version)? != named.collect::<Vec<_>>() || pairs(rules, version)? != ruled {
            problems.push(format!(
                "levels and rules of protocol version {version} are not those of its text"
            ));
        }
    }
    Ok(problems)
}

/// Decks and worklists that are not what the last event about them says.
fn sample_problems(conn: &Connection, told: &Told) -> rusqlite::Result<Vec<String>> {
    let kinds = match super::packet::facts_of(conn)? {
        Some(_) => "('packet.made')",
        None => "('sample.drawn', 'sample.extended', 'adjudication.drawn', 'review.drawn')",
    };
    let last: Option<String> = conn
        .query_row(
            &format!(
                "{TOLD}SELECT body ->> '$.hash' FROM told WHERE kind IN {kinds}
                 ORDER BY seq DESC LIMIT 1"
            ),
            [&told.0],
            |row| row.get(0),
        )
        .optional()?;
    let drawn = sample_of(conn)?.map(|sample| drawn_hash(conn, &sample)).transpose()?;
    let problem = (last != drawn).then_some("the sample is not what its `sample.drawn` event says");
    Ok(problem.map(str::to_owned).into_iter().collect())
}

fn drawn_hash(conn: &Connection, sample: &Sample) -> rusqlite::Result<String> {
    let readers: Vec<String> = conn
        .prepare("SELECT reader FROM worklist ORDER BY reader")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let lists = readers
        .iter()
        .map(|reader| worklist_of(conn, reader).map(Option::unwrap_or_default))
        .collect::<rusqlite::Result<Vec<Worklist>>>()?;
    Ok(sample_hash(sample, &lists))
}

/// Readers whose rows are not the fold of their events.
fn view_problems(
    conn: &Connection,
    folded: &BTreeMap<String, Option<ReadingState>>,
) -> rusqlite::Result<Vec<String>> {
    let mut problems = Vec::new();
    for (reader, state) in folded {
        let Some(state) = state else {
            problems.push(format!("the events of reader {reader} cannot be read"));
            continue;
        };
        if !super::projection::matches(conn, reader, state)? {
            problems.push(format!("the reads of reader {reader} are not what the events say"));
        }
    }
    Ok(problems)
}

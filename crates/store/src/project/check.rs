//! Walking the chains: which event is the first that does not fit, and why.

use overread_core::Worklist;
use overread_core::event::NO_HASH;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use sha2::{Digest as _, Sha256};

use super::Project;
use super::load::{sample_of, worklist_of};
use super::sample::sample_hash;
use crate::error::{ReadOnlyReason, StoreError};
use crate::hex::hex;

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
}

impl Project {
    /// Walks all chains and compares the tables with what the events say.
    pub fn verify(&self) -> Result<VerifyReport, StoreError> {
        let (chains, first_bad) = walk(&self.conn, None).map_err(self.sql("walk the chains"))?;
        let mut problems = quick_check(&self.conn).map_err(self.sql("check the pages"))?;
        match table_problems(&self.conn) {
            Ok(found) => problems.extend(found),
            Err(error) => problems.push(format!("a table cannot be read: {error}")),
        }
        let ok = first_bad.is_none() && problems.is_empty();
        Ok(VerifyReport { ok, chains, first_bad, problems })
    }

    /// What is wrong with pages or chains, in words; `None` where both are sound.
    pub(super) fn verify_chains(&self) -> Result<Option<String>, StoreError> {
        if let Some(first) = quick_check(&self.conn).map_err(self.sql("check the pages"))?.first() {
            return Ok(Some(format!("The file is damaged ({first})")));
        }
        let (_, bad) = walk(&self.conn, None).map_err(self.sql("walk the chains"))?;
        Ok(bad.map(|bad| {
            format!("Event {} of chain {} does not fit: {}", bad.chain_seq, bad.chain, bad.what)
        }))
    }

    /// The hash of each chain's last event, by chain.
    pub fn heads(&self) -> Result<Vec<ChainSummary>, StoreError> {
        let read = || -> rusqlite::Result<Vec<ChainSummary>> { heads_of(&self.conn) };
        read().map_err(self.sql("read the chains"))
    }

    /// What is due after the first paint: pages, the tail of every chain, a backup where events
    /// changed. A damaged project can only be looked at from here on.
    pub fn check_after_open(&mut self) -> Result<CheckReport, StoreError> {
        const TAIL: u32 = 1_000;
        let mut problems = quick_check(&self.conn).map_err(self.sql("check the pages"))?;
        let (_, bad) = walk(&self.conn, Some(TAIL)).map_err(self.sql("walk the chains"))?;
        if let Some(bad) = bad {
            problems.push(format!(
                "event {} of chain {} does not fit: {}",
                bad.chain_seq, bad.chain, bad.what
            ));
        }
        let mut backup = None;
        if let Some(first) = problems.first() {
            self.read_only = Some(ReadOnlyReason::Damaged(first.clone()));
        } else if self.read_only.is_none() {
            backup = crate::backup::keep_if_changed(&self.conn, &self.path, &self.clock)?;
        }
        Ok(CheckReport { problems, backup })
    }
}

pub(crate) fn quick_check(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let lines: Vec<String> = conn
        .prepare("PRAGMA quick_check(10)")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
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

type Walked = (Vec<ChainSummary>, Option<BadEvent>);

/// Walks the chains; with a tail, only the last events of each.
fn walk(conn: &Connection, tail: Option<u32>) -> rusqlite::Result<Walked> {
    let columns = "chain, chain_seq, id, at, actor, device, kind, body, prev_hash, hash";
    let sql = match tail {
        None => format!("SELECT {columns} FROM event ORDER BY chain, chain_seq"),
        Some(tail) => format!(
            "SELECT {columns} FROM event AS e
             WHERE chain_seq > (SELECT max(chain_seq) FROM event WHERE chain = e.chain) - {tail}
             ORDER BY chain, chain_seq"
        ),
    };
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut walk =
        Walk { whole: tail.is_none(), chains: Vec::new(), actor: String::new(), bad: None };
    while let Some(row) = rows.next()? {
        walk.step(row)?;
    }
    Ok((walk.chains, walk.bad))
}

struct Walk {
    whole: bool,
    chains: Vec<ChainSummary>,
    /// Actor and device of the chain under way.
    actor: String,
    bad: Option<BadEvent>,
}

impl Walk {
    fn step(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let chain = text(row, 0)?.unwrap_or_default();
        let first = self.chains.last().is_none_or(|last| last.chain != chain);
        if first {
            let (chain, head) = (chain.to_owned(), NO_HASH.to_owned());
            self.chains.push(ChainSummary { chain, events: 0, head });
        }
        let broken = |bad: &BadEvent| bad.chain == chain;
        if self.bad.as_ref().is_some_and(broken) {
            return Ok(());
        }
        let Some(last) = self.chains.last_mut() else { return Ok(()) };
        let seq = row.get_ref(1)?.as_i64_or_null()?.unwrap_or(0).cast_unsigned();
        if first && !self.whole {
            // A tail begins in the middle and takes its first link on trust.
            last.events = seq.saturating_sub(1);
            text(row, 8)?.unwrap_or_default().clone_into(&mut last.head);
        }
        let fault = fault(row, last, seq, first, &mut self.actor)?;
        match fault {
            None => {
                last.events = seq;
                text(row, 9)?.unwrap_or_default().clone_into(&mut last.head);
            }
            Some(what) if self.bad.is_none() => {
                self.bad = Some(BadEvent {
                    chain: chain.to_owned(),
                    chain_seq: seq,
                    id: text(row, 2)?.unwrap_or_default().to_owned(),
                    what,
                });
            }
            Some(_) => {}
        }
        Ok(())
    }
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<Option<&'a str>> {
    match row.get_ref(column)? {
        // Bytes that are no text cannot have been hashed as text.
        ValueRef::Text(bytes) => Ok(std::str::from_utf8(bytes).ok()),
        _ => Ok(None),
    }
}

/// What is wrong with one event behind the last that fits.
fn fault(
    row: &Row<'_>,
    last: &ChainSummary,
    seq: u64,
    first: bool,
    actor: &mut String,
) -> rusqlite::Result<Option<String>> {
    let say = |what: &str| Ok(Some(what.to_owned()));
    let mut fields = [""; 10];
    for (i, field) in fields.iter_mut().enumerate().filter(|(i, _)| *i != 1) {
        match text(row, i)? {
            Some(text) => *field = text,
            None => return say("a column is missing or is no text"),
        }
    }
    let [chain, _, id, at, who, device, kind, body, prev_hash, hash] = fields;
    if seq != last.events + 1 {
        return Ok(Some(format!("it is number {seq} where {} should follow", last.events + 1)));
    }
    if prev_hash != last.head {
        return say("its prev_hash is not the hash of the event before it");
    }
    let seq_text = seq.to_string();
    let mut hasher = Sha256::new();
    for field in [prev_hash, id, chain, &seq_text, at, who, device, kind] {
        hasher.update(field.as_bytes());
        hasher.update(b"\n");
    }
    hasher.update(body.as_bytes());
    if hash != hex(&hasher.finalize()) {
        return say("its hash is not that of its fields");
    }
    let same = actor.split_once('\n').is_some_and(|(a, d)| a == who && d == device);
    if first {
        *actor = format!("{who}\n{device}");
    } else if !same {
        return say("it is by another actor or device than its chain");
    }
    Ok(None)
}

/// Tables that do not say what the events say.
fn table_problems(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut problems = match super::packet::facts_of(conn)? {
        Some(facts) => super::packet::problems_of(conn, &facts)?,
        None => design_problems(conn)?,
    };
    problems.extend(sample_problems(conn)?);
    Ok(problems)
}

/// A project's dataset, protocols and readers that are not those of its events.
fn design_problems(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut problems = Vec::new();
    let mut compare = |what: &str, kind: &str, sql: &str| -> rusqlite::Result<()> {
        let wrong: bool = conn.query_row(sql, [kind], |row| row.get(0))?;
        if wrong {
            problems.push(format!("{what} is not what its `{kind}` event says"));
        }
        Ok(())
    };
    compare(
        "the dataset",
        "dataset.imported",
        "SELECT EXISTS (SELECT 1 FROM dataset AS d WHERE NOT EXISTS (SELECT 1 FROM event AS e
             WHERE e.kind = ?1 AND e.body ->> '$.sha256' = d.sha256
                 AND e.body ->> '$.identity' = d.identity AND e.body ->> '$.studies' = d.studies
                 AND d.studies = (SELECT count(*) FROM study)))",
    )?;
    compare(
        "a protocol",
        "protocol.set",
        "SELECT EXISTS (SELECT 1 FROM protocol AS p WHERE NOT EXISTS (SELECT 1 FROM event AS e
             WHERE e.kind = ?1 AND e.body ->> '$.version' = p.version
                 AND e.body ->> '$.hash' = p.hash AND e.body ->> '$.text' = p.text))",
    )?;
    compare(
        "a reader",
        "reader.added",
        "SELECT EXISTS (SELECT 1 FROM reader AS r WHERE NOT EXISTS (SELECT 1 FROM event AS e
             WHERE e.kind = ?1 AND e.body ->> '$.reader' = r.name AND e.body ->> '$.role' = r.role))",
    )?;
    problems.extend(super::outside::problems_of(conn)?);
    Ok(problems)
}

/// Decks, worklists and views that are not what the events say.
fn sample_problems(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut problems = Vec::new();
    if let Some(sample) = sample_of(conn)? {
        let readers: Vec<String> = conn
            .prepare("SELECT reader FROM worklist ORDER BY reader")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let lists = readers
            .iter()
            .map(|reader| worklist_of(conn, reader).map(Option::unwrap_or_default))
            .collect::<rusqlite::Result<Vec<Worklist>>>()?;
        let known: bool = conn.query_row(
            "SELECT EXISTS (SELECT 1 FROM event
                 WHERE kind IN ('sample.drawn', 'sample.extended', 'adjudication.drawn',
                     'review.drawn', 'packet.made') AND body ->> '$.hash' = ?1)",
            [sample_hash(&sample, &lists)],
            |row| row.get(0),
        )?;
        if !known {
            problems.push("the sample is not what its `sample.drawn` event says".to_owned());
        }
        problems.extend(view_problems(conn, &readers)?);
    }
    Ok(problems)
}

/// Readers whose rows are not the fold of their events.
fn view_problems(conn: &Connection, readers: &[String]) -> rusqlite::Result<Vec<String>> {
    let mut problems = Vec::new();
    for reader in readers {
        let Ok(state) = super::projection::fold_reader(conn, reader) else {
            problems.push(format!("the events of reader {reader} cannot be read"));
            continue;
        };
        if !super::projection::matches(conn, reader, &state)? {
            problems.push(format!("the reads of reader {reader} are not what the events say"));
        }
    }
    Ok(problems)
}

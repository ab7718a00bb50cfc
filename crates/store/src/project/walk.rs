//! Walking the chains: the log is read on one thread, hashed on another and folded on a third.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use overread_core::event::NO_HASH;
use overread_core::{Event, EventBody, ReadingState};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use sha2::{Digest as _, Sha256};

use super::check::{BadEvent, ChainSummary};
use crate::hex::hex;

/// Events that are handed over at once.
const BATCH: usize = 2_000;
/// Batches that may wait.
const WAITING: usize = 4;

/// What a walk found.
pub(super) struct Walked {
    /// The chains, by name.
    pub(super) chains: Vec<ChainSummary>,
    /// The first event that does not fit.
    pub(super) bad: Option<BadEvent>,
    /// The places of the events that are about the design.
    pub(super) told: Told,
    /// The states of readers, folded on the way; `None` where an event cannot be read.
    pub(super) folded: BTreeMap<String, Option<ReadingState>>,
}

/// Chain and number of each event about the design, as JSON for [`TOLD`]: there are few of them in a log that may
/// be long, and no index finds them.
#[derive(Debug)]
pub(super) struct Told(pub(super) String);

/// The events whose places are the statement's first parameter, as `told (kind, body, seq)`.
pub(super) const TOLD: &str = "WITH told (kind, body, seq) AS MATERIALIZED (
     SELECT e.kind, e.body, e.seq FROM json_each(?1) AS place CROSS JOIN event AS e
     ON e.chain = place.value ->> 0 AND e.chain_seq = place.value ->> 1) ";

/// What a reader does, of which a log has any number.
const READING: [&str; 11] = [
    "sitting.began",
    "sitting.ended",
    "read.locked",
    "read.reopened",
    "read.skipped",
    "tag.set",
    "comment.set",
    "flag.set",
    "also.set",
    "film.seen",
    "figures.released",
];

/// Walks the chains; with a tail, only the last events of each. Folds the readers whose empty states are given.
pub(super) fn walk(
    conn: &Connection,
    tail: Option<u32>,
    readers: BTreeMap<String, ReadingState>,
) -> rusqlite::Result<Walked> {
    let mut walk = Walk::new(tail.is_none());
    let mut folding = Folding::new(readers);
    std::thread::scope(|scope| {
        let (to_hash, hashes) = sync_channel::<Arc<Batch>>(WAITING);
        let (to_fold, folds) = sync_channel::<Arc<Batch>>(WAITING);
        let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let (walking, folding) = (&mut walk, &mut folding);
        let hasher = named("verify-hash").spawn_scoped(scope, move || walking.take_all(&hashes));
        let folder = named("verify-fold").spawn_scoped(scope, move || folding.take_all(&folds));
        match (&hasher, &folder) {
            (Ok(_), Ok(_)) => read_log(conn, tail, &[to_hash, to_fold]),
            _ => Err(rusqlite::Error::UnwindingPanic),
        }
    })?;
    let told = Told(serde_json::to_string(&walk.told).unwrap_or_default());
    Ok(Walked { chains: walk.chains, bad: walk.bad, told, folded: folding.finish() })
}

/// Walks the chains of a small log on this thread, up to the first event that does not fit; gives the events
/// that do.
pub(super) fn walk_through(conn: &Connection) -> rusqlite::Result<(Option<BadEvent>, Vec<Event>)> {
    let mut walk = Walk::new(true);
    let mut events = Vec::new();
    let mut statement = conn.prepare(&in_order())?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let seq = row.get_ref(1)?.as_i64_or_null()?.unwrap_or(0).cast_unsigned();
        let mut texts = [None; 10];
        for (i, text) in texts.iter_mut().enumerate() {
            if let ValueRef::Text(bytes) = row.get_ref(i)? {
                *text = std::str::from_utf8(bytes).ok();
            }
        }
        walk.step(seq, texts);
        if walk.bad.is_some() {
            break;
        }
        let [chain, _, id, at, actor, device, kind, body, prev_hash, hash] =
            texts.map(|text| text.unwrap_or_default().to_owned());
        let chain_seq = seq;
        events.push(Event { id, chain, chain_seq, at, actor, device, kind, body, prev_hash, hash });
    }
    Ok((walk.bad, events))
}

const COLUMNS: &str = "chain, chain_seq, id, at, actor, device, kind, body, prev_hash, hash";

fn in_order() -> String {
    format!("SELECT {COLUMNS} FROM event ORDER BY chain, chain_seq")
}

fn read_log(
    conn: &Connection,
    tail: Option<u32>,
    to: &[SyncSender<Arc<Batch>>],
) -> rusqlite::Result<()> {
    let sql = match tail {
        None => in_order(),
        Some(tail) => format!(
            "SELECT {COLUMNS} FROM event AS e
             WHERE chain_seq > (SELECT max(chain_seq) FROM event WHERE chain = e.chain) - {tail}
             ORDER BY chain, chain_seq"
        ),
    };
    let mut statement = conn.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut batch = Batch::default();
    let hand_over = |batch: Batch| {
        let batch = Arc::new(batch);
        for sender in to {
            // A thread that has gone has failed, and its result says so.
            sender.send(Arc::clone(&batch)).ok();
        }
    };
    while let Some(row) = rows.next()? {
        batch.push(row)?;
        if BATCH <= batch.rows.len() {
            // The next one is about as large.
            let next = Batch {
                bytes: Vec::with_capacity(batch.bytes.len() + batch.bytes.len() / 8),
                rows: Vec::with_capacity(BATCH),
            };
            hand_over(std::mem::replace(&mut batch, next));
        }
    }
    hand_over(batch);
    Ok(())
}

/// Rows of the log, their texts one after the other.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    rows: Vec<Entry>,
}

/// Number of an event in its chain, and where its texts end; the number has no text.
struct Entry {
    seq: i64,
    start: usize,
    ends: [Option<usize>; 10],
}

impl Batch {
    fn push(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let seq = row.get_ref(1)?.as_i64_or_null()?.unwrap_or(0);
        let mut entry = Entry { seq, start: self.bytes.len(), ends: [None; 10] };
        for (i, end) in entry.ends.iter_mut().enumerate() {
            if let ValueRef::Text(text) = row.get_ref(i)? {
                self.bytes.extend_from_slice(text);
                *end = Some(self.bytes.len());
            }
        }
        self.rows.push(entry);
        Ok(())
    }

    fn iter(&self) -> impl Iterator<Item = (u64, [Option<&str>; 10])> {
        self.rows.iter().map(|entry| {
            let mut texts = [None; 10];
            let mut at = entry.start;
            for (text, end) in texts.iter_mut().zip(entry.ends) {
                let Some(end) = end else { continue };
                // Bytes that are no text cannot have been hashed as text.
                *text = self.bytes.get(at..end).and_then(|b| std::str::from_utf8(b).ok());
                at = end;
            }
            (entry.seq.cast_unsigned(), texts)
        })
    }
}

/// Folds readers' events as they pass by.
struct Folding {
    states: BTreeMap<String, (ReadingState, String)>,
    broken: BTreeSet<String>,
}

impl Folding {
    fn new(readers: BTreeMap<String, ReadingState>) -> Self {
        let states = readers.into_iter().map(|(name, s)| (name, (s, String::new()))).collect();
        Self { states, broken: BTreeSet::new() }
    }

    fn take_all(&mut self, batches: &Receiver<Arc<Batch>>) {
        while let Ok(batch) = batches.recv() {
            for (_, texts) in batch.iter() {
                let [chain, _, _, at, actor, _, kind, body, ..] = texts;
                let actor = actor.unwrap_or_default();
                let Some((state, last)) = self.states.get_mut(actor) else { continue };
                let chain = chain.unwrap_or_default();
                if last != chain {
                    if !last.is_empty() {
                        state.end_chain();
                    }
                    chain.clone_into(last);
                }
                match EventBody::from_parts(kind.unwrap_or_default(), body.unwrap_or_default()) {
                    Ok(body) => state.apply(at.unwrap_or_default(), &body),
                    Err(_) => {
                        self.broken.insert(actor.to_owned());
                    }
                }
            }
        }
    }

    fn finish(self) -> BTreeMap<String, Option<ReadingState>> {
        let broken = self.broken;
        self.states
            .into_iter()
            .map(|(name, (state, _))| {
                let state = (!broken.contains(&name)).then_some(state);
                (name, state)
            })
            .collect()
    }
}

struct Walk {
    whole: bool,
    chains: Vec<ChainSummary>,
    /// Actor and device of the chain under way.
    actor: String,
    bad: Option<BadEvent>,
    told: Vec<(String, u64)>,
}

impl Walk {
    fn new(whole: bool) -> Self {
        Self { whole, chains: Vec::new(), actor: String::new(), bad: None, told: Vec::new() }
    }

    fn take_all(&mut self, batches: &Receiver<Arc<Batch>>) {
        while let Ok(batch) = batches.recv() {
            for (seq, texts) in batch.iter() {
                self.step(seq, texts);
            }
        }
    }

    fn step(&mut self, seq: u64, texts: [Option<&str>; 10]) {
        let [chain, _, id, _, _, _, kind, _, prev_hash, hash] = texts;
        let chain = chain.unwrap_or_default();
        if !READING.contains(&kind.unwrap_or_default()) {
            self.told.push((chain.to_owned(), seq));
        }
        let first = self.chains.last().is_none_or(|last| last.chain != chain);
        if first {
            let (chain, head) = (chain.to_owned(), NO_HASH.to_owned());
            self.chains.push(ChainSummary { chain, events: 0, head });
        }
        if self.bad.as_ref().is_some_and(|bad| bad.chain == chain) {
            return;
        }
        let Some(last) = self.chains.last_mut() else { return };
        if first && !self.whole {
            // A tail begins in the middle and takes its first link on trust.
            last.events = seq.saturating_sub(1);
            prev_hash.unwrap_or_default().clone_into(&mut last.head);
        }
        match fault(texts, last, seq, first, &mut self.actor) {
            None => {
                last.events = seq;
                hash.unwrap_or_default().clone_into(&mut last.head);
            }
            Some(what) if self.bad.is_none() => {
                self.bad = Some(BadEvent {
                    chain: chain.to_owned(),
                    chain_seq: seq,
                    id: id.unwrap_or_default().to_owned(),
                    what,
                });
            }
            Some(_) => {}
        }
    }
}

/// What is wrong with one event behind the last that fits.
fn fault(
    texts: [Option<&str>; 10],
    last: &ChainSummary,
    seq: u64,
    first: bool,
    actor: &mut String,
) -> Option<String> {
    let say = |what: &str| Some(what.to_owned());
    if texts.iter().enumerate().any(|(i, text)| i != 1 && text.is_none()) {
        return say("a column is missing or is no text");
    }
    let [chain, _, id, at, who, device, kind, body, prev_hash, hash] =
        texts.map(Option::unwrap_or_default);
    if seq != last.events + 1 {
        return Some(format!("it is number {seq} where {} should follow", last.events + 1));
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
    None
}

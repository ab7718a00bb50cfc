//! Reads back in: the union of events by id.

mod admit;
mod conflicts;
mod form;
mod known;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use overread_core::event::{Event, EventBody};
use rusqlite::{Connection, TransactionBehavior};

use self::admit::{Origin, admit};
use self::conflicts::conflicts_of;
pub use self::conflicts::{Conflict, ConflictAnswer};
use self::form::{in_form, shown};
use self::known::Known;
use super::events::{insert, insert_as_they_are};
use super::load::deck_ids;
use super::packet::PacketFacts;
use super::projection::{FoldError, build_with, rebuild_with};
use super::{OpenMode, Project};
use crate::error::StoreError;
use crate::files::name_of;

/// What became of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct MergedFile {
    /// Name of the file, without folders.
    pub file: String,
    /// The packet's id; `None` for a copy of the project, or where it could not be told.
    pub packet: Option<String>,
    /// Whose packet it is.
    pub reader: Option<String>,
    /// Events that came in.
    pub came_in: u64,
    /// Items whose answers are among them.
    pub reads: u64,
    /// Events that were there already.
    pub was_there: u64,
    /// Items whose answers came in under a version of the protocol that is not in force.
    pub other_protocol: u64,
    /// Why nothing of it was taken in.
    pub refused: Option<String>,
}

/// What a merge did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct MergeReport {
    /// The files, as they were named.
    pub files: Vec<MergedFile>,
    /// Items that one reader answered on more than one device, with all files taken in.
    pub conflicts: Vec<Conflict>,
}

impl MergeReport {
    fn conflicts_of_its_readers(&mut self) {
        let readers: BTreeSet<&str> =
            self.files.iter().filter_map(|file| file.reader.as_deref()).collect();
        self.conflicts.retain(|conflict| readers.contains(conflict.reader.as_str()));
    }
}

/// What a merge would do.
#[derive(Debug)]
pub struct MergePlan {
    files: Vec<PathBuf>,
    heads: Vec<crate::ChainSummary>,
    accepted: Vec<Incoming>,
    report: MergeReport,
}

impl MergePlan {
    /// Whether anything would come in.
    pub fn changes(&self) -> bool {
        !self.accepted.is_empty()
    }

    /// What became of the files where nothing comes in.
    pub fn into_report(self) -> MergeReport {
        self.report
    }
}

/// A file's events that are not there yet, ready to come in.
#[derive(Debug)]
struct Incoming {
    place: usize,
    events: Vec<(Event, EventBody)>,
}

impl Project {
    /// Takes in what the files hold and this project does not: all of a file, or nothing of it.
    ///
    /// A file is refused, and says why, where it cannot be read whole, where a chain does not fit, where it
    /// belongs to another project, where it says other things than this project at one place of a
    /// chain, and where it says anything that its reader could not have said. Taking files in twice, in another order or in several goes gives the same events.
    pub fn merge(
        &mut self,
        files: &[PathBuf],
        actor: &str,
        device: &str,
    ) -> Result<MergeReport, StoreError> {
        let plan = self.plan_merge(files)?;
        self.merge_planned(plan, actor, device)
    }

    /// Looks into the files and changes nothing: what would come in, and what is refused.
    pub fn plan_merge(&self, files: &[PathBuf]) -> Result<MergePlan, StoreError> {
        let heads = self.heads()?;
        let mut known = self.known()?;
        let mut report = MergeReport::default();
        let mut accepted = Vec::new();
        for (place, (path, loaded)) in files.iter().zip(load_all(files)).enumerate() {
            let mut row = MergedFile { file: name_of(path), ..MergedFile::default() };
            let looked = if crate::files::is_same_file(path, &self.path) {
                Err("It is the project itself: name the packets, or copies of the project, that came back.".to_owned())
            } else {
                look_into(loaded, place, &mut known, &mut row)
            };
            match looked {
                Ok(incoming) => accepted.push(incoming),
                Err(why) => row.refused = Some(why),
            }
            report.files.push(row);
        }
        accepted.retain(|incoming| !incoming.events.is_empty());
        report.conflicts = self.conflicts()?;
        report.conflicts_of_its_readers();
        Ok(MergePlan { files: files.to_vec(), heads, accepted, report })
    }

    /// Does what was planned; plans again where events were added since.
    pub fn merge_planned(
        &mut self,
        plan: MergePlan,
        actor: &str,
        device: &str,
    ) -> Result<MergeReport, StoreError> {
        self.writable()?;
        let plan = if self.heads()? == plan.heads { plan } else { self.plan_merge(&plan.files)? };
        let MergePlan { accepted, mut report, .. } = plan;
        if !accepted.is_empty() {
            report.conflicts = self.take_in(&accepted, &report, actor, device)?;
            report.conflicts_of_its_readers();
        }
        Ok(report)
    }

    /// Items that one reader answered on more than one device, with every answer.
    pub fn conflicts(&self) -> Result<Vec<Conflict>, StoreError> {
        conflicts_of(&self.conn)
            .map_err(|error| error.into_store(&self.path, "look for conflicting answers"))
    }

    /// Writes all accepted events and folds the readers they are of, in one transaction; gives the conflicts
    /// there are then. Nothing is committed before the file as it was is in a backup.
    fn take_in(
        &mut self,
        accepted: &[Incoming],
        report: &MergeReport,
        actor: &str,
        device: &str,
    ) -> Result<Vec<Conflict>, StoreError> {
        let in_packet = self.packet()?.is_some();
        let wal: String = self
            .conn
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .map_err(self.sql("merge"))?;
        // Beside a write-ahead log the backup can be made while rows are written; it sees none of them.
        let beside = wal.eq_ignore_ascii_case("wal");
        if !beside {
            crate::backup::keep_if_changed(&self.conn, &self.path, &self.clock)?;
        }
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| StoreError::sqlite(&self.path, "merge", error))?;
        let (path, clock) = (self.path.as_path(), &self.clock);
        let write = |tx: &Connection| -> Result<(Vec<Conflict>, Vec<Event>), FoldError> {
            insert_and_fold(tx, accepted)?;
            let conflicts = conflicts_of(tx)?;
            // Who merges two packets of one reader notes nothing that the lead would have to know.
            let notes = if in_packet { Vec::new() } else { merged(accepted, report, &conflicts) };
            let notes = insert(tx, actor, device, &notes, clock)?;
            Ok((conflicts, notes))
        };
        let done = std::thread::scope(|scope| {
            let keep = || crate::backup::keep_beside(path, clock);
            let named = std::thread::Builder::new().name("merge-backup".to_owned());
            let keeping = beside.then(|| named.spawn_scoped(scope, keep).ok());
            let written = write(&tx);
            match keeping {
                None => {}
                Some(thread) => match thread.and_then(|thread| thread.join().ok()) {
                    Some(kept) => kept.map(|_path| ())?,
                    None => keep().map(|_path| ())?,
                },
            }
            written
                .and_then(|written| {
                    tx.commit()?;
                    Ok(written)
                })
                .map_err(|error| error.into_store(path, "merge"))
        });
        self.states.clear();
        let (conflicts, notes) = done?;
        self.tell(&notes);
        Ok(conflicts)
    }
}

/// Writes events that were made elsewhere, and what they make of their readers' items.
fn insert_and_fold(conn: &Connection, accepted: &[Incoming]) -> Result<(), FoldError> {
    let mut of_readers: BTreeMap<&str, Vec<(&Event, &EventBody)>> = BTreeMap::new();
    for (event, body) in accepted.iter().flat_map(|incoming| &incoming.events) {
        of_readers.entry(&event.actor).or_default().push((event, body));
    }
    let mut new = BTreeSet::new();
    for reader in of_readers.keys().copied() {
        let known: bool = conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM event WHERE actor = ?1)")?
            .query_row([reader], |row| row.get(0))?;
        if !known {
            new.insert(reader);
        }
    }
    insert_as_they_are(
        conn,
        accepted.iter().flat_map(|incoming| incoming.events.iter().map(|(event, _)| event)),
    )?;
    let decks = deck_ids(conn)?;
    for (reader, mut events) in of_readers {
        if new.contains(reader) {
            events.sort_by_key(|(event, _)| (event.chain.as_str(), event.chain_seq));
            build_with(conn, &decks, reader, events.into_iter())?;
        } else {
            rebuild_with(conn, &decks, reader)?;
        }
    }
    Ok(())
}

/// What is noted of each file that brought something.
fn merged(accepted: &[Incoming], report: &MergeReport, conflicts: &[Conflict]) -> Vec<EventBody> {
    let note = |incoming: &Incoming| {
        let row = report.files.get(incoming.place)?;
        let reader = row.reader.clone().unwrap_or_default();
        let of_reader = conflicts.iter().filter(|conflict| conflict.reader == reader).count();
        Some(EventBody::PacketMerged {
            packet: row.packet.clone().unwrap_or_default(),
            reader,
            events: row.came_in,
            reads: row.reads,
            conflicts: of_reader as u64,
        })
    };
    accepted.iter().filter_map(note).collect()
}

/// A file as it was read, before it is held against the project.
struct Loaded {
    facts: Option<PacketFacts>,
    /// Its events in the order of its chains, or why nothing of it can be taken in.
    events: Result<Vec<Read>, String>,
}

/// An event, and what it says where it is in form.
type Read = (Event, Result<EventBody, String>);

/// Reads files on as many threads as there are processors: each is by itself.
fn load_all(files: &[PathBuf]) -> Vec<Result<Loaded, String>> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = files.len().div_ceil(threads).max(1);
    let load_some = |files: &[PathBuf]| files.iter().map(|path| load(path)).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        let begun: Vec<_> = files
            .chunks(share)
            .map(|some| {
                let named = std::thread::Builder::new().name("merge-read".to_owned());
                (some, named.spawn_scoped(scope, move || load_some(some)))
            })
            .collect();
        begun
            .into_iter()
            .flat_map(|(some, thread)| {
                let done = thread.ok().and_then(|thread| thread.join().ok());
                done.unwrap_or_else(|| load_some(some))
            })
            .collect()
    })
}

fn load(path: &Path) -> Result<Loaded, String> {
    let sentence = |error: StoreError| error.to_string();
    let file = Project::open(path, OpenMode::ReadOnly).map_err(sentence)?.project;
    let facts = file.packet().map_err(sentence)?;
    let (fault, events) = file.sound_events().map_err(sentence)?;
    let events = match fault {
        Some(what) => Err(format!(
            "{what}. Nothing of it was taken in. Ask the reader for the file again, or save what can be read with `overread recover` and merge that."
        )),
        None => Ok(events
            .into_iter()
            .map(|event| {
                let body = in_form(&event);
                (event, body)
            })
            .collect()),
    };
    Ok(Loaded { facts, events })
}

/// Everything that must hold before anything of a file comes in. The error is a sentence for the lead.
fn look_into(
    loaded: Result<Loaded, String>,
    place: usize,
    known: &mut Known,
    row: &mut MergedFile,
) -> Result<Incoming, String> {
    let Loaded { facts, events } = loaded?;
    let events = events?;
    let origin = origin_of(&events, known, facts.as_ref())?;
    if let Origin::Packet { id, reader } = &origin {
        row.packet = Some(id.clone());
        row.reader = Some(reader.clone());
    }
    let there = forks(&events, known)?;
    let mut fresh = Vec::with_capacity(events.len());
    for ((event, body), is_there) in events.into_iter().zip(there) {
        if is_there {
            row.was_there += 1;
            continue;
        }
        let body = body.map_err(|what| {
            format!(
                "Event {} of chain {} {what}. Nothing of it was taken in.",
                event.chain_seq,
                shown(&event.chain)
            )
        })?;
        admit(&event, &body, known, &origin)?;
        fresh.push((event, body));
    }
    let (mut read, mut other) = (BTreeSet::new(), BTreeSet::new());
    for (event, body) in &fresh {
        row.came_in += 1;
        row.reader.get_or_insert_with(|| event.actor.clone());
        if let EventBody::ReadLocked { item, protocol_version, .. } = body {
            read.insert((&event.actor, *item));
            if *protocol_version != known.version {
                other.insert((&event.actor, *item));
            }
        }
        known.take(&event.id, &event.chain, &event.hash);
    }
    (row.reads, row.other_protocol) = (read.len() as u64, other.len() as u64);
    Ok(Incoming { place, events: fresh })
}

/// A packet belongs where the event of its making stands, a copy where that of the import does. What a packet
/// says of itself outside its chains is worth nothing: only that it agrees is asked.
fn origin_of(
    events: &[Read],
    known: &Known,
    facts: Option<&PacketFacts>,
) -> Result<Origin, String> {
    let kind = if facts.is_some() { "packet.made" } else { "dataset.imported" };
    let mut of_kind = events.iter().filter(|(event, _)| event.kind == kind);
    let Some((origin, body)) = of_kind.next() else {
        return Err("Its log does not say where it comes from.".to_owned());
    };
    // A hash covers every byte of an event, so that one of the same hash is the same.
    if known.ids.get(&origin.id) != Some(&origin.hash) {
        return Err(if facts.is_some() {
            "This packet was not made from this project. Merge it into the project it was made from; if this one was restored from an older backup, use a newer one.".to_owned()
        } else {
            "This is another project, not a packet of this one.".to_owned()
        });
    }
    let Some(facts) = facts else { return Ok(Origin::Copy) };
    let said = (facts.id.as_str(), facts.reader.as_str());
    match body {
        Ok(EventBody::PacketMade { packet, reader, .. })
            if (packet.as_str(), reader.as_str()) == said && of_kind.next().is_none() =>
        {
            Ok(Origin::Packet { id: packet.clone(), reader: reader.clone() })
        }
        _ => Err("It is not the packet that its `packet.made` event says: somebody changed whose it is. Nothing of it was taken in.".to_owned()),
    }
}

/// Which of the events are there already. At one place of a chain stands one event: two files that say
/// different things there were copied apart.
fn forks(events: &[Read], known: &Known) -> Result<Vec<bool>, String> {
    let mut there = Vec::with_capacity(events.len());
    let mut chain: Option<(&str, &[String])> = None;
    for (event, _) in events {
        let here = match chain {
            Some((name, hashes)) if name == event.chain => hashes,
            _ => known.chains.get(&event.chain).map(Vec::as_slice).unwrap_or_default(),
        };
        chain = Some((&event.chain, here));
        let at = usize::try_from(event.chain_seq).unwrap_or(0).saturating_sub(1);
        if here.get(at).is_some_and(|hash| *hash != event.hash) {
            return Err(format!(
                "Event {} of chain {} is not the one that is here: the file was copied, and both copies were written on one device. Nothing of it was taken in; keep the file.",
                event.chain_seq,
                shown(&event.chain)
            ));
        }
        let of_id = known.ids.get(&event.id);
        if of_id.is_some_and(|hash| *hash != event.hash) {
            return Err(format!(
                "Event {} of chain {} has the id of another event that is here.",
                event.chain_seq,
                shown(&event.chain)
            ));
        }
        there.push(of_id.is_some());
    }
    Ok(there)
}

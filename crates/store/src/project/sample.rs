//! Readers join, studies are drawn, the protocol changes: each as an event and as rows.

use std::collections::{BTreeMap, HashMap};

use overread_core::event::{Event, EventBody, canonical_json};
use overread_core::{Protocol, Sample, StudyId, Worklist};
use rusqlite::{Connection, params};

use super::Project;
use super::create::{insert_protocol, protocol_set};
use super::events::check_name;
use super::load::study_ids;
use super::projection::rebuild_all;
use crate::error::StoreError;
use crate::hex::sha256;

/// Which row a study is.
pub(super) type Numbers = HashMap<StudyId, i64>;

impl Project {
    /// Adds a reader: `reader`, `lead` or `adjudicator`.
    pub fn add_reader(
        &mut self,
        name: &str,
        role: &str,
        experience_years: Option<u32>,
        actor: &str,
        device: &str,
    ) -> Result<Event, StoreError> {
        self.writable()?;
        self.not_a_packet()?;
        check_name(name)?;
        if !["reader", "lead", "adjudicator"].contains(&role) {
            let why = "a role is `reader`, `lead` or `adjudicator`";
            return Err(StoreError::BadName { what: role.to_owned(), why });
        }
        if self.readers()?.iter().any(|reader| reader.name == name) {
            let (path, name) = (self.path.clone(), name.to_owned());
            return Err(StoreError::ReaderExists { path, name });
        }
        let body = EventBody::ReaderAdded {
            reader: name.to_owned(),
            role: role.to_owned(),
            experience_years,
        };
        let added_at = self.clock.now_text();
        let row = |conn: &Connection| {
            conn.execute(
                "INSERT INTO reader (name, role, experience_years, added_at) VALUES (?1, ?2, ?3, ?4)",
                params![name, role, experience_years, added_at],
            )
            .map(|_rows| ())
        };
        self.one_event(actor, device, body, row)
    }

    /// Puts a new version of the protocol in force.
    pub fn set_protocol(
        &mut self,
        protocol: &Protocol,
        actor: &str,
        device: &str,
    ) -> Result<Event, StoreError> {
        self.writable()?;
        self.not_a_packet()?;
        if protocol.version <= self.protocol()?.version {
            let why = "a changed protocol carries a higher version number than the one in force";
            return Err(StoreError::BadName { what: protocol.version.to_string(), why });
        }
        let set_at = self.clock.now_text();
        self.one_event(actor, device, protocol_set(protocol), |conn| {
            insert_protocol(conn, protocol, &set_at)
        })
    }

    /// Stores what was drawn and who reads what. Refuses to run twice.
    ///
    /// The bytes of every drawn image that can be reached are hashed first.
    pub fn save_sample(
        &mut self,
        sample: &Sample,
        worklists: &[Worklist],
        actor: &str,
        device: &str,
    ) -> Result<Event, StoreError> {
        self.writable()?;
        self.not_a_packet()?;
        if self.sample()?.is_some() {
            return Err(StoreError::AlreadySampled { path: self.path.clone() });
        }
        let known = self.readers()?;
        for list in worklists {
            if !known.iter().any(|reader| reader.name == list.reader) {
                let (path, name) = (self.path.clone(), list.reader.clone());
                return Err(StoreError::NoReader { path, name });
            }
        }
        self.hash_drawn(sample)?;
        let number = self.rows_of(sample, worklists)?;
        let version = self.protocol()?.version;
        let hash = sample_hash(sample, worklists);
        let body = EventBody::SampleDrawn {
            seed: sample.seed.to_string(),
            protocol_version: version,
            hash: hash.clone(),
            decks: deck_sizes(sample),
            readers: worklists.iter().map(|list| list.reader.clone()).collect(),
            gold: sample.gold.clone(),
        };
        let drawn_at = self.clock.now_text();
        let event = self.one_event(actor, device, body, |conn| {
            conn.execute(
                "INSERT INTO sample (only, seed, limited_to_available, frame_studies,
                     protocol_version, hash, drawn_at, frame) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    sample.seed.to_string(),
                    sample.limited_to_available,
                    sample.frame_studies,
                    version,
                    hash,
                    drawn_at,
                    sample.frame.as_ref().map(|set| &set.0)
                ],
            )?;
            insert_decks(conn, sample, &number)?;
            worklists.iter().try_for_each(|list| insert_worklist(conn, list, &number))?;
            Ok(())
        })?;
        // What was folded before knew no decks.
        self.states.clear();
        Ok(event)
    }

    /// Adds the worklist of a reader who joined after the draw. The event tells the whole draw again.
    pub fn save_worklist(
        &mut self,
        list: &Worklist,
        actor: &str,
        device: &str,
    ) -> Result<Event, StoreError> {
        self.writable()?;
        self.not_a_packet()?;
        let path = self.path.clone();
        let readers = self.readers()?;
        if !readers.iter().any(|reader| reader.name == list.reader) {
            let (path, name) = (self.path.clone(), list.reader.clone());
            return Err(StoreError::NoReader { path, name });
        }
        let Some(sample) = self.sample()? else {
            let what = "a worklist needs a sample, and nothing was drawn".to_owned();
            return Err(StoreError::Content { path, what });
        };
        let mut lists = vec![list.clone()];
        for reader in readers.iter().filter(|reader| reader.name != list.reader) {
            lists.extend(self.worklist(&reader.name)?);
        }
        lists.sort_by(|a, b| a.reader.cmp(&b.reader));
        let body = EventBody::SampleDrawn {
            seed: sample.seed.to_string(),
            protocol_version: self.protocol()?.version,
            hash: sample_hash(&sample, &lists),
            decks: deck_sizes(&sample),
            readers: lists.iter().map(|list| list.reader.clone()).collect(),
            gold: sample.gold.clone(),
        };
        let number = self.rows_of(&sample, &lists)?;
        let event =
            self.one_event(actor, device, body, |conn| insert_worklist(conn, list, &number))?;
        self.states.clear();
        Ok(event)
    }

    /// Folds the log into the tables behind the views again, from nothing.
    pub fn rebuild_views(&mut self) -> Result<(), StoreError> {
        self.writable()?;
        self.states.clear();
        let tx = self
            .conn
            .transaction()
            .map_err(|error| StoreError::sqlite(&self.path, "fold the log", error))?;
        let done = rebuild_all(&tx).and_then(|()| Ok(tx.commit()?));
        done.map_err(|error| error.into_store(&self.path, "fold the log"))
    }

    /// Rows of the studies that were drawn.
    pub(super) fn rows_of(
        &self,
        sample: &Sample,
        worklists: &[Worklist],
    ) -> Result<Numbers, StoreError> {
        let ids = study_ids(&self.conn).map_err(self.sql("read the dataset"))?;
        let listed = worklists.iter().flat_map(|list| list.items.iter().map(|item| item.study));
        let explored = sample.explore.values().flatten().copied();
        let drawn = sample.studies().into_iter().chain(listed).chain(explored);
        drawn
            .map(|study| match ids.binary_search(&study) {
                Ok(no) => Ok((study, i64::try_from(no).unwrap_or(i64::MAX))),
                Err(_) => Err(StoreError::Content {
                    path: self.path.clone(),
                    what: format!("study {study} was drawn and is not in the dataset"),
                }),
            })
            .collect()
    }

    pub(super) fn one_event(
        &mut self,
        actor: &str,
        device: &str,
        body: EventBody,
        rows: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<Event, StoreError> {
        let written = self.append_with(actor, device, &[body], |conn, _events| rows(conn))?;
        written.into_iter().next().ok_or_else(|| StoreError::Content {
            path: self.path.clone(),
            what: "a written event is not there".to_owned(),
        })
    }
}

/// Studies per deck, by finding; `all` where every finding is asked.
pub(super) fn deck_sizes(sample: &Sample) -> BTreeMap<String, u64> {
    sample
        .decks
        .iter()
        .map(|deck| {
            let name = deck.finding.clone().unwrap_or_else(|| "all".to_owned());
            (name, deck.members.len() as u64)
        })
        .collect()
}

/// SHA-256 of decks, members and worklists in canonical JSON.
pub(super) fn sample_hash(sample: &Sample, worklists: &[Worklist]) -> String {
    let mut lists: Vec<&Worklist> = worklists.iter().collect();
    lists.sort_by(|a, b| a.reader.cmp(&b.reader));
    let value = serde_json::json!({ "sample": sample, "worklists": lists });
    sha256(canonical_json(&value).as_bytes())
}

pub(super) fn insert_decks(
    conn: &Connection,
    sample: &Sample,
    number: &Numbers,
) -> rusqlite::Result<()> {
    let mut deck_row =
        conn.prepare("INSERT INTO deck (no, id, finding, planned) VALUES (?1, ?2, ?3, ?4)")?;
    let mut member_row = conn.prepare(
        "INSERT INTO deck_member (deck, place, study, label_positive, drawn, frame, of_studies,
             stratum, repeated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for (deck, no) in sample.decks.iter().zip(0_i64..) {
        deck_row.execute(params![no, deck.id.to_string(), deck.finding, deck.planned])?;
        for (m, place) in deck.members.iter().zip(1_i64..) {
            let study = number.get(&m.study);
            member_row.execute(params![
                no,
                place,
                study,
                m.label_positive,
                m.drawn,
                m.frame,
                m.of,
                m.stratum,
                m.repeated
            ])?;
        }
    }
    let mut explore_row =
        conn.prepare("INSERT INTO explore (finding, place, study) VALUES (?1, ?2, ?3)")?;
    for (finding, studies) in &sample.explore {
        explore_row.execute(params![finding, 0, None::<i64>])?;
        for (study, place) in studies.iter().zip(1_i64..) {
            explore_row.execute(params![finding, place, number.get(study)])?;
        }
    }
    let mut shortfall_row = conn.prepare(
        "INSERT INTO shortfall (place, finding, arm, planned, drawn) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (s, place) in sample.shortfall.iter().zip(1_i64..) {
        shortfall_row.execute(params![place, s.finding, s.arm, s.planned, s.drawn])?;
    }
    let mut gold_row = conn.prepare("INSERT INTO gold (reader) VALUES (?1)")?;
    for reader in &sample.gold {
        gold_row.execute([reader])?;
    }
    Ok(())
}

pub(super) fn insert_worklist(
    conn: &Connection,
    list: &Worklist,
    number: &Numbers,
) -> rusqlite::Result<()> {
    conn.execute(
        "INSERT INTO worklist (reader, gap_violations) VALUES (?1, ?2)",
        params![list.reader, list.gap_violations],
    )?;
    let mut row = conn.prepare(
        "INSERT INTO item (reader, place, id, study, deck, phase, pass, batch, finding)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    for (item, place) in list.items.iter().zip(1_i64..) {
        row.execute(params![
            list.reader,
            place,
            item.id.to_string(),
            number.get(&item.study),
            item.deck,
            item.phase.word(),
            item.pass,
            item.batch,
            item.finding
        ])?;
    }
    Ok(())
}

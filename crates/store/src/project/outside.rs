//! Reads and scores that were made elsewhere, as rows of the project.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use overread_core::event::{Event, EventBody, FindingAnswer, InputFile, Via};
use overread_core::{
    Answer, Item, ItemId, Level, NoAnswer, OutsideSource, Phase, ReaderRecord, ReadingState,
    Sample, StudyId, Worklist,
};
use rusqlite::{Connection, params};

use super::Project;
use super::load::study_ids;
use super::walk::{TOLD, Told};
use crate::error::StoreError;
use crate::import::outside::{Known, OutsideReads, OutsideScore, OutsideScores, hash_lines};

/// A file that came from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct OutsideFile {
    /// `reads` or `scores`.
    pub kind: String,
    /// File name without folders.
    pub name: String,
    /// Lower-case hexadecimal SHA-256 of the bytes.
    pub sha256: String,
    /// Readers or models.
    pub who: Vec<String>,
    /// Studies.
    pub studies: u64,
    /// Whether the readers were declared not to have known the labels.
    pub declared_blinded: bool,
    /// Version of the protocol that was in force.
    pub protocol_version: u32,
}

impl Project {
    /// What rows of a table from elsewhere may refer to.
    pub fn known_studies(&self) -> Result<Known, StoreError> {
        let mut known = Known::default();
        for name in self.study_names()? {
            known.ids.insert(name.id);
            known.keys.insert(name.key, name.id);
        }
        for list in self.worklists()? {
            known.items.extend(list.items.iter().map(|item| (item.id, item.study)));
        }
        Ok(known)
    }

    /// Takes in reads that were made elsewhere. Refuses to take in one file twice.
    pub fn save_outside_reads(
        &mut self,
        reads: &OutsideReads,
        declared_blinded: bool,
        actor: &str,
        device: &str,
    ) -> Result<Event, StoreError> {
        self.writable()?;
        self.not_a_packet()?;
        self.not_yet_imported("reads", &reads.file.name, &reads.file.sha256)?;
        let protocol_version = self.protocol()?.version;
        let numbers = self.study_rows()?;
        let hash = hash_lines(reads.reads.iter().map(|read| {
            read_line(&read.reader, read.study, &read.finding, read.read_no, read.answer)
        }));
        let body = EventBody::ReadsImported {
            file: reads.file.clone(),
            readers: reads.readers(),
            studies: reads.studies() as u64,
            reads: reads.reads.len() as u64,
            declared_blinded,
            protocol_version,
            hash,
        };
        let imported_at = self.clock.now_text();
        self.one_event(actor, device, body, |conn| {
            let file = insert_file(
                conn,
                "reads",
                &reads.file,
                declared_blinded,
                protocol_version,
                &imported_at,
            )?;
            let mut row = conn.prepare(
                "INSERT INTO outside_read (file, reader, study, finding, read_no, place, level, no_answer)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            for read in &reads.reads {
                row.execute(params![
                    file,
                    read.reader,
                    numbers.get(&read.study),
                    read.finding,
                    read.read_no,
                    read.place,
                    read.answer.level().map(|level| level.0),
                    read.answer.no_answer().map(NoAnswer::word)
                ])?;
            }
            let mut row = conn.prepare(
                "INSERT INTO outside_tag (file, reader, study, tag) VALUES (?1, ?2, ?3, ?4)",
            )?;
            for (reader, study, tag) in &reads.tags {
                row.execute(params![file, reader, numbers.get(study), tag])?;
            }
            Ok(())
        })
    }

    /// Declares of a file of reads that came in before, by the hash of its bytes, that its readers did not know the
    /// labels. `None` where no such file came in, or where that was declared already. The event is that of an
    /// import, of the rows as they are stored, with the declaration.
    pub fn declare_outside_blinded(
        &mut self,
        sha256: &str,
        actor: &str,
        device: &str,
    ) -> Result<Option<(OutsideFile, Event)>, StoreError> {
        self.writable()?;
        self.not_a_packet()?;
        let Some(file) = self.imported("reads", sha256)?.filter(|file| !file.declared_blinded)
        else {
            return Ok(None);
        };
        let stored = || -> rusqlite::Result<(i64, i64, Vec<Row>)> {
            let (no, bytes) = self.conn.query_row(
                "SELECT no, bytes FROM outside_file WHERE kind = 'reads' AND sha256 = ?1",
                [sha256],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            Ok((no, bytes, read_rows(&self.conn, no)?))
        };
        let (no, bytes, rows) = stored().map_err(self.sql("read what came from elsewhere"))?;
        let (name, bytes) = (file.name.clone(), bytes.cast_unsigned());
        let body = EventBody::ReadsImported {
            file: InputFile { name, bytes, sha256: sha256.to_owned() },
            readers: file.who.clone(),
            studies: file.studies,
            reads: rows.len() as u64,
            declared_blinded: true,
            protocol_version: file.protocol_version,
            hash: hash_of(&rows),
        };
        let event = self.one_event(actor, device, body, |conn| {
            conn.execute("UPDATE outside_file SET blinded = 1 WHERE no = ?1", [no]).map(|_rows| ())
        })?;
        Ok(Some((OutsideFile { declared_blinded: true, ..file }, event)))
    }

    /// Takes in scores of models. Refuses to take in one file twice.
    pub fn save_outside_scores(
        &mut self,
        scores: &OutsideScores,
        actor: &str,
        device: &str,
    ) -> Result<Event, StoreError> {
        self.writable()?;
        self.not_a_packet()?;
        self.not_yet_imported("scores", &scores.file.name, &scores.file.sha256)?;
        for file in self.outside_files()?.iter().filter(|file| file.kind == "scores") {
            let models = scores.scores.iter().map(|score| score.model.as_str());
            if let Some(model) = models.into_iter().find(|m| file.who.iter().any(|w| w == m)) {
                let what = format!("{model} of {}", scores.file.name);
                return Err(StoreError::AlreadyImported { what, name: file.name.clone() });
            }
        }
        let version = self.protocol()?.version;
        let numbers = self.study_rows()?;
        let models: BTreeSet<&str> = scores.scores.iter().map(|s| s.model.as_str()).collect();
        let studies: BTreeSet<StudyId> = scores.scores.iter().map(|s| s.study).collect();
        let body = EventBody::ScoresImported {
            file: scores.file.clone(),
            models: models.into_iter().map(str::to_owned).collect(),
            studies: studies.len() as u64,
            scores: scores.scores.len() as u64,
            hash: hash_lines(scores.scores.iter().map(score_line)),
        };
        let imported_at = self.clock.now_text();
        self.one_event(actor, device, body, |conn| {
            let file = insert_file(conn, "scores", &scores.file, false, version, &imported_at)?;
            let mut row = conn.prepare(
                "INSERT INTO outside_score (file, model, finding, study, view, score)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            for score in &scores.scores {
                let study = numbers.get(&score.study);
                row.execute(params![
                    file,
                    score.model,
                    score.finding,
                    study,
                    score.view,
                    score.score
                ])?;
            }
            Ok(())
        })
    }

    /// The files that came from elsewhere, in the order in which they came.
    pub fn outside_files(&self) -> Result<Vec<OutsideFile>, StoreError> {
        outside_files(&self.conn).map_err(self.sql("read what came from elsewhere"))
    }

    /// Scores of models, by model, finding, study and view.
    pub fn outside_scores(&self) -> Result<Vec<OutsideScore>, StoreError> {
        outside_scores(&self.conn, None).map_err(self.sql("read the scores"))
    }

    /// The studies that were read elsewhere, whether they were drawn or not.
    pub fn outside_studies(&self) -> Result<Vec<StudyId>, StoreError> {
        let read = || -> rusqlite::Result<Vec<StudyId>> {
            self.conn
                .prepare(
                    "SELECT DISTINCT s.no, s.id FROM outside_read AS r
                     JOIN study AS s ON s.no = r.study ORDER BY s.no",
                )?
                .query_map([], |row| Ok(StudyId(row.get::<_, i64>(1)?.cast_unsigned())))?
                .collect()
        };
        read().map_err(self.sql("read what came from elsewhere"))
    }

    /// Readers whose answers came from elsewhere, with an item for each drawn study that they read,
    /// as if they had read here. Their names are those of the file; where a reader of the project
    /// has the same name, the file's name is added.
    pub fn outside_records(&self, sample: &Sample) -> Result<Vec<ReaderRecord>, StoreError> {
        let taken: BTreeSet<String> = self.readers()?.into_iter().map(|r| r.name).collect();
        let read = || -> rusqlite::Result<Vec<ReaderRecord>> {
            let mut records = Vec::new();
            for (no, file) in file_rows(&self.conn)? {
                if file.kind == "reads" {
                    records.extend(records_of(&self.conn, no, &file, sample)?);
                }
            }
            let mut names = taken.clone();
            for record in &mut records {
                if !names.insert(record.name.clone()) {
                    let source = record.source.as_ref().map_or("", |source| source.name.as_str());
                    record.name = format!("{} ({source})", record.name);
                    names.insert(record.name.clone());
                }
            }
            Ok(records)
        };
        read().map_err(self.sql("read what came from elsewhere"))
    }

    fn study_rows(&self) -> Result<HashMap<StudyId, i64>, StoreError> {
        let ids = study_ids(&self.conn).map_err(self.sql("read the dataset"))?;
        Ok(ids.into_iter().zip(0..).collect())
    }

    /// The file of these bytes, where it came in before.
    fn imported(&self, kind: &str, sha256: &str) -> Result<Option<OutsideFile>, StoreError> {
        let files = self.outside_files()?;
        Ok(files.into_iter().find(|file| file.kind == kind && file.sha256 == sha256))
    }

    fn not_yet_imported(&self, kind: &str, name: &str, sha256: &str) -> Result<(), StoreError> {
        match self.imported(kind, sha256)? {
            None => Ok(()),
            Some(file) => {
                Err(StoreError::AlreadyImported { what: name.to_owned(), name: file.name })
            }
        }
    }
}

fn insert_file(
    conn: &Connection,
    kind: &str,
    file: &InputFile,
    blinded: bool,
    version: u32,
    imported_at: &str,
) -> rusqlite::Result<i64> {
    conn.execute(
        "INSERT INTO outside_file (kind, name, bytes, sha256, blinded, version, imported_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            kind,
            file.name,
            file.bytes.cast_signed(),
            file.sha256,
            blinded,
            version,
            imported_at
        ],
    )?;
    Ok(conn.last_insert_rowid())
}

fn file_rows(conn: &Connection) -> rusqlite::Result<Vec<(i64, OutsideFile)>> {
    conn.prepare(
        "SELECT f.no, f.kind, f.name, f.sha256, f.blinded, f.version,
             CASE f.kind
                 WHEN 'reads' THEN (SELECT count(DISTINCT study) FROM outside_read WHERE file = f.no)
                 ELSE (SELECT count(DISTINCT study) FROM outside_score WHERE file = f.no)
             END
         FROM outside_file AS f ORDER BY f.no",
    )?
    .query_map([], |row| {
        let file = OutsideFile {
            kind: row.get(1)?,
            name: row.get(2)?,
            sha256: row.get(3)?,
            who: Vec::new(),
            studies: row.get::<_, i64>(6)?.cast_unsigned(),
            declared_blinded: row.get(4)?,
            protocol_version: row.get(5)?,
        };
        Ok((row.get(0)?, file))
    })?
    .collect()
}

fn outside_files(conn: &Connection) -> rusqlite::Result<Vec<OutsideFile>> {
    let mut who = conn.prepare(
        "SELECT reader FROM outside_read WHERE file = ?1
         UNION SELECT model FROM outside_score WHERE file = ?1 ORDER BY 1",
    )?;
    let mut files = Vec::new();
    for (no, mut file) in file_rows(conn)? {
        file.who = who.query_map([no], |row| row.get(0))?.collect::<Result<_, _>>()?;
        files.push(file);
    }
    Ok(files)
}

fn outside_scores(conn: &Connection, file: Option<i64>) -> rusqlite::Result<Vec<OutsideScore>> {
    conn.prepare(
        "SELECT o.model, o.finding, s.id, o.view, o.score FROM outside_score AS o
         JOIN study AS s ON s.no = o.study WHERE ?1 IS NULL OR o.file = ?1
         ORDER BY o.model, o.finding, printf('%016x', s.id), o.view",
    )?
    .query_map([file], |row| {
        Ok(OutsideScore {
            model: row.get(0)?,
            finding: row.get(1)?,
            study: StudyId(row.get::<_, i64>(2)?.cast_unsigned()),
            view: row.get(3)?,
            score: row.get(4)?,
        })
    })?
    .collect()
}

/// One stored answer.
struct Row {
    reader: String,
    study: StudyId,
    finding: String,
    read_no: u32,
    place: u32,
    answer: Answer,
}

fn read_rows(conn: &Connection, file: i64) -> rusqlite::Result<Vec<Row>> {
    conn.prepare(
        "SELECT r.reader, s.id, r.finding, r.read_no, r.place, r.level, r.no_answer
         FROM outside_read AS r JOIN study AS s ON s.no = r.study WHERE r.file = ?1
         ORDER BY r.reader, printf('%016x', s.id), r.finding, r.read_no",
    )?
    .query_map([file], |row| {
        let level: Option<u8> = row.get(5)?;
        let answer = match (level, row.get_ref(6)?.as_str_or_null()?) {
            (Some(level), _) => Answer::Level(Level(level)),
            (None, Some("inadequate")) => Answer::NoAnswer(NoAnswer::Inadequate),
            (None, _) => Answer::NoAnswer(NoAnswer::Unsure),
        };
        Ok(Row {
            reader: row.get(0)?,
            study: StudyId(row.get::<_, i64>(1)?.cast_unsigned()),
            finding: row.get(2)?,
            read_no: row.get(3)?,
            place: row.get(4)?,
            answer,
        })
    })?
    .collect()
}

/// Whether the rows of every file are those that its event speaks of.
pub(super) fn problems_of(conn: &Connection, told: &Told) -> rusqlite::Result<Vec<String>> {
    let mut problems = Vec::new();
    let lost: bool = conn.query_row(
        &format!(
            "{TOLD}SELECT count(DISTINCT kind || (body ->> '$.file.sha256') || (body ->> '$.hash'))
             <> (SELECT count(*) FROM outside_file)
             FROM told WHERE kind IN ('reads.imported', 'scores.imported')"
        ),
        [&told.0],
        |row| row.get(0),
    )?;
    if lost {
        problems
            .push("reads or scores from elsewhere are not all there, or too many are".to_owned());
    }
    for (no, file) in file_rows(conn)? {
        let (kind, hash) = if file.kind == "reads" {
            ("reads.imported", hash_of(&read_rows(conn, no)?))
        } else {
            ("scores.imported", hash_lines(outside_scores(conn, Some(no))?.iter().map(score_line)))
        };
        // What was declared once, with the import or later, stays so.
        let declared: Option<bool> = conn.query_row(
            &format!(
                "{TOLD}SELECT max(coalesce(body ->> '$.declared_blinded', 0)) FROM told
                 WHERE kind = ?2 AND body ->> '$.hash' = ?3 AND body ->> '$.file.sha256' = ?4"
            ),
            params![told.0, kind, hash, file.sha256],
            |row| row.get(0),
        )?;
        if declared != Some(file.declared_blinded) {
            problems.push(format!(
                "the {} from {} are not what the `{kind}` event says",
                file.kind, file.name
            ));
        }
    }
    Ok(problems)
}

fn hash_of(rows: &[Row]) -> String {
    hash_lines(rows.iter().map(|r| read_line(&r.reader, r.study, &r.finding, r.read_no, r.answer)))
}

fn read_line(reader: &str, study: StudyId, finding: &str, read_no: u32, answer: Answer) -> String {
    let answer = match answer {
        Answer::Level(level) => level.0.to_string(),
        Answer::NoAnswer(reason) => reason.word().to_owned(),
    };
    format!("{reader}\t{study}\t{finding}\t{read_no}\t{answer}")
}

fn score_line(score: &OutsideScore) -> String {
    let number = score.score.map_or_else(String::new, |score| score.to_string());
    format!("{}\t{}\t{}\t{}\t{number}", score.model, score.finding, score.study, score.view)
}

/// Reader, deck, study and reading.
type ItemKey = (String, u32, StudyId, u32);

/// The readers of one file, each with a worklist and locked answers.
fn records_of(
    conn: &Connection,
    no: i64,
    file: &OutsideFile,
    sample: &Sample,
) -> rusqlite::Result<Vec<ReaderRecord>> {
    let mut decks_of: HashMap<StudyId, Vec<u32>> = HashMap::new();
    for (index, deck) in (0_u32..).zip(&sample.decks) {
        for member in &deck.members {
            decks_of.entry(member.study).or_default().push(index);
        }
    }
    // By reader, deck, study and reading: the answers that one item would have had.
    let mut items: BTreeMap<ItemKey, (u32, Vec<FindingAnswer>)> = BTreeMap::new();
    for row in read_rows(conn, no)? {
        for &deck in decks_of.get(&row.study).into_iter().flatten() {
            let asks = sample.decks.get(deck as usize).and_then(|deck| deck.finding.as_deref());
            if asks.is_some_and(|asked| asked != row.finding) {
                continue;
            }
            let key = (row.reader.clone(), deck, row.study, row.read_no);
            let entry = items.entry(key).or_insert((row.place, Vec::new()));
            let finding = row.finding.clone();
            entry.1.push(FindingAnswer { finding, answer: row.answer });
        }
    }
    let mut by_reader: BTreeMap<String, Vec<(u32, Item, Vec<FindingAnswer>)>> = BTreeMap::new();
    for ((reader, deck, study, read_no), (place, answers)) in items {
        let id = ItemId::derive(&[
            "outside",
            &file.sha256,
            &reader,
            &deck.to_string(),
            &study.to_string(),
            &read_no.to_string(),
        ]);
        let phase = if read_no == 1 { Phase::Read } else { Phase::Repeat };
        let item = Item { id, study, deck, phase, pass: read_no, batch: 0, finding: None };
        by_reader.entry(reader).or_default().push((place, item, answers));
    }
    let tags = tags_of(conn, no)?;
    Ok(by_reader
        .into_iter()
        .map(|(reader, mut rows)| {
            rows.sort_by_key(|(place, item, _)| (item.deck, *place, item.pass, item.study));
            let list = rows.iter().map(|(_, item, _)| item.clone()).collect();
            let worklist = Worklist { reader: reader.clone(), items: list, gap_violations: 0 };
            let mut state = ReadingState::new(sample, &worklist);
            for (_, item, answers) in rows {
                let locked = EventBody::ReadLocked {
                    item: item.id,
                    answers,
                    phase: item.phase,
                    active_ms: 0,
                    protocol_version: file.protocol_version,
                    via: Via::Key,
                    last: false,
                };
                state.apply("", &locked);
                for tag in tags.get(&(reader.clone(), item.study)).into_iter().flatten() {
                    let tag = tag.clone();
                    let set = EventBody::TagSet { item: item.id, tag, on: true, via: Via::Key };
                    state.apply("", &set);
                }
            }
            state.settle_last();
            ReaderRecord {
                name: reader,
                role: "reader".to_owned(),
                experience_years: None,
                worklist,
                state,
                source: Some(OutsideSource {
                    name: file.name.clone(),
                    sha256: file.sha256.clone(),
                    declared_blinded: file.declared_blinded,
                }),
            }
        })
        .collect())
}

type Tags = HashMap<(String, StudyId), Vec<String>>;

fn tags_of(conn: &Connection, file: i64) -> rusqlite::Result<Tags> {
    let mut tags = Tags::new();
    let mut statement = conn.prepare(
        "SELECT t.reader, s.id, t.tag FROM outside_tag AS t JOIN study AS s ON s.no = t.study
         WHERE t.file = ?1 ORDER BY t.reader, s.no, t.tag",
    )?;
    let mut rows = statement.query([file])?;
    while let Some(row) = rows.next()? {
        let study = StudyId(row.get::<_, i64>(1)?.cast_unsigned());
        tags.entry((row.get(0)?, study)).or_default().push(row.get(2)?);
    }
    Ok(tags)
}

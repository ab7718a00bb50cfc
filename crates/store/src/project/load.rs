//! Reading the project into the domain's own types.

use std::collections::BTreeMap;

use overread_core::event::InputFile;
use overread_core::sampling::{Shortfall, StudySet};
use overread_core::{
    Dataset, Deck, DeckId, ImageId, ImageRef, Item, Labels, Listed, Member, Phase, Protocol,
    ReaderRecord, Sample, Sex, Study, StudyId, Words, Worklist,
};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, OptionalExtension as _};

use super::Project;
use super::projection::fold_reader;
use crate::error::StoreError;

/// A reader of the project.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ReaderRow {
    /// Pseudonym.
    pub name: String,
    /// `reader`, `lead` or `adjudicator`.
    pub role: String,
    /// Years of experience, if stated.
    pub experience_years: Option<u32>,
    /// When added, RFC 3339.
    pub added_at: String,
}

/// A version of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ProtocolVersion {
    /// Version.
    pub version: u32,
    /// Short name.
    pub name: String,
    /// SHA-256 of the document.
    pub hash: String,
    /// Since when it holds, RFC 3339.
    pub set_at: String,
}

/// The dataset's key figures, without its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetFacts {
    /// Layout of the label files.
    pub format: String,
    /// SHA-256 over the label files' bytes.
    pub sha256: String,
    /// SHA-256 over the sorted study keys.
    pub identity: String,
    /// Number of studies.
    pub studies: u64,
    /// Number of images.
    pub images: u64,
    /// Number of images found below the image folder.
    pub images_available: u64,
    /// Number of patients.
    pub patients: u64,
    /// The label files.
    pub files: Vec<InputFile>,
}

/// How a study is named in the dataset. For leads only: a key may carry label and patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StudyName {
    /// The opaque id.
    pub id: StudyId,
    /// The dataset's own key.
    pub key: String,
    /// The dataset's own patient id.
    pub patient: String,
}

/// An id stored as text.
struct Text<T>(T);

impl<T: std::str::FromStr> FromSql for Text<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str()?.parse().map(Self).map_err(|_bad| FromSqlError::InvalidType)
    }
}

impl Project {
    /// The dataset, studies sorted by id.
    pub fn dataset(&self) -> Result<Dataset, StoreError> {
        dataset_of(&self.conn).map_err(self.sql("read the dataset"))
    }

    /// The dataset's key figures, without reading its rows.
    pub fn dataset_facts(&self) -> Result<DatasetFacts, StoreError> {
        facts_of(&self.conn).map_err(self.sql("read the dataset"))
    }

    /// How the dataset itself names its studies, sorted by id. Not for a reader's screen.
    pub fn study_names(&self) -> Result<Vec<StudyName>, StoreError> {
        let read = || -> rusqlite::Result<Vec<StudyName>> {
            self.conn
                .prepare(
                    "SELECT s.id, s.key, p.key FROM study AS s JOIN patient AS p ON p.no = s.patient
                     ORDER BY s.no",
                )?
                .query_map([], |row| {
                    let id = StudyId(row.get::<_, i64>(0)?.cast_unsigned());
                    Ok(StudyName { id, key: row.get(1)?, patient: row.get(2)? })
                })?
                .collect()
        };
        read().map_err(self.sql("read the dataset"))
    }

    /// The newest version of the protocol.
    pub fn protocol(&self) -> Result<Protocol, StoreError> {
        let text: String = self
            .conn
            .query_row("SELECT text FROM protocol ORDER BY version DESC LIMIT 1", [], |r| r.get(0))
            .map_err(self.sql("read the protocol"))?;
        Protocol::from_toml(&text)
            .map_err(|source| StoreError::Protocol { path: self.path.clone(), source })
    }

    /// The versions of the protocol that held before the newest, oldest first, as far as this program can read them.
    pub fn earlier_protocols(&self) -> Result<Vec<Protocol>, StoreError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            self.conn
                .prepare("SELECT text FROM protocol ORDER BY version")?
                .query_map([], |row| row.get(0))?
                .collect()
        };
        let mut texts = read().map_err(self.sql("read the protocol"))?;
        texts.pop();
        Ok(texts.iter().filter_map(|text| Protocol::from_toml(text).ok()).collect())
    }

    /// The versions of the protocol that held, oldest first, with their hashes.
    pub fn protocol_versions(&self) -> Result<Vec<ProtocolVersion>, StoreError> {
        let read = || -> rusqlite::Result<Vec<ProtocolVersion>> {
            self.conn
                .prepare("SELECT version, name, hash, set_at FROM protocol ORDER BY version")?
                .query_map([], |row| {
                    Ok(ProtocolVersion {
                        version: row.get(0)?,
                        name: row.get(1)?,
                        hash: row.get(2)?,
                        set_at: row.get(3)?,
                    })
                })?
                .collect()
        };
        read().map_err(self.sql("read the protocol"))
    }

    /// What was drawn; `None` before drawing.
    pub fn sample(&self) -> Result<Option<Sample>, StoreError> {
        sample_of(&self.conn).map_err(self.sql("read the sample"))
    }

    /// What a reader reads; `None` before drawing or for a reader without a worklist.
    pub fn worklist(&self, reader: &str) -> Result<Option<Worklist>, StoreError> {
        worklist_of(&self.conn, reader).map_err(self.sql("read the worklist"))
    }

    /// The readers, by name.
    pub fn readers(&self) -> Result<Vec<ReaderRow>, StoreError> {
        let read = || -> rusqlite::Result<Vec<ReaderRow>> {
            self.conn
                .prepare("SELECT name, role, experience_years, added_at FROM reader ORDER BY name")?
                .query_map([], |row| {
                    Ok(ReaderRow {
                        name: row.get(0)?,
                        role: row.get(1)?,
                        experience_years: row.get(2)?,
                        added_at: row.get(3)?,
                    })
                })?
                .collect()
        };
        read().map_err(self.sql("read the readers"))
    }

    /// A reader with worklist and folded state.
    pub fn reader_record(&self, name: &str) -> Result<ReaderRecord, StoreError> {
        let Some(reader) = self.readers()?.into_iter().find(|reader| reader.name == name) else {
            return Err(StoreError::NoReader { path: self.path.clone(), name: name.to_owned() });
        };
        let state = match self.states.get(name) {
            Some(state) => state.clone(),
            None => fold_reader(&self.conn, name)
                .map_err(|error| error.into_store(&self.path, "read the log"))?,
        };
        Ok(ReaderRecord {
            name: reader.name,
            role: reader.role,
            experience_years: reader.experience_years,
            worklist: self.worklist(name)?.unwrap_or_default(),
            state,
            source: None,
        })
    }
}

fn facts_of(conn: &Connection) -> rusqlite::Result<DatasetFacts> {
    let files = conn
        .prepare("SELECT name, bytes, sha256 FROM input_file ORDER BY place")?
        .query_map([], |row| {
            Ok(InputFile {
                name: row.get(0)?,
                bytes: row.get::<_, i64>(1)?.cast_unsigned(),
                sha256: row.get(2)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    let available: i64 =
        conn.query_row("SELECT count(*) FROM image WHERE path IS NOT NULL", [], |r| r.get(0))?;
    conn.query_row(
        "SELECT format, sha256, identity, studies, images, patients FROM dataset",
        [],
        |row| {
            Ok(DatasetFacts {
                format: row.get(0)?,
                sha256: row.get(1)?,
                identity: row.get(2)?,
                studies: row.get::<_, i64>(3)?.cast_unsigned(),
                images: row.get::<_, i64>(4)?.cast_unsigned(),
                images_available: available.cast_unsigned(),
                patients: row.get::<_, i64>(5)?.cast_unsigned(),
                files,
            })
        },
    )
}

fn dataset_of(conn: &Connection) -> rusqlite::Result<Dataset> {
    let findings = conn
        .prepare("SELECT name FROM dataset_finding ORDER BY no")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut dataset = conn.query_row(
        "SELECT format, sha256, identity, patients, studies FROM dataset",
        [],
        |row| {
            let studies = usize::try_from(row.get::<_, i64>(4)?).unwrap_or(0);
            Ok(Dataset {
                format: row.get(0)?,
                sha256: row.get(1)?,
                identity: row.get(2)?,
                findings,
                patients: row.get(3)?,
                // A damaged count must not make us ask for all memory.
                studies: Vec::with_capacity(studies.min(1 << 20)),
            })
        },
    )?;
    let mut statement = conn.prepare(
        "SELECT id, patient, positive, negative, uncertain, sex, age_years, region, split
         FROM study ORDER BY no",
    )?;
    let mut words = Words::default();
    let mut word = |text: Option<&str>| text.map(|text| words.share(text));
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = StudyId(row.get::<_, i64>(0)?.cast_unsigned());
        let sex = match row.get_ref(5)?.as_str_or_null()? {
            Some("F") => Some(Sex::Female),
            Some("M") => Some(Sex::Male),
            _ => None,
        };
        dataset.studies.push(Study {
            id,
            patient: row.get(1)?,
            labels: Labels {
                positive: row.get::<_, i64>(2)?.cast_unsigned(),
                negative: row.get::<_, i64>(3)?.cast_unsigned(),
                uncertain: row.get::<_, i64>(4)?.cast_unsigned(),
            },
            images: Vec::with_capacity(1),
            available: true,
            sex,
            age_years: row.get(6)?,
            region: word(row.get_ref(7)?.as_str_or_null()?),
            split: word(row.get_ref(8)?.as_str_or_null()?),
        });
    }
    attach_images(conn, &mut dataset)?;
    Ok(dataset)
}

fn attach_images(conn: &Connection, dataset: &mut Dataset) -> rusqlite::Result<()> {
    let classes = super::adequacy::classes(conn)?;
    let mut statement =
        conn.prepare("SELECT study, id, view, path IS NOT NULL, place FROM image")?;
    let mut rows = statement.query([])?;
    let mut later = Vec::new();
    let mut words = Words::default();
    while let Some(row) = rows.next()? {
        let no = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX);
        let Some(study) = dataset.studies.get_mut(no) else { continue };
        study.available &= row.get::<_, bool>(3)?;
        let id: i64 = row.get(1)?;
        let grey_levels = classes.get(&id).copied();
        let view = row.get_ref(2)?.as_str_or_null()?.map(|view| words.share(view));
        let image = ImageRef { id: ImageId(id.cast_unsigned()), view, grey_levels };
        match row.get::<_, i64>(4)? {
            0 => study.images.insert(0, image),
            place => later.push((no, place, image)),
        }
    }
    // Rows come by id; the views of a study go in reading order.
    later.sort_unstable_by_key(|(no, place, _)| (*no, *place));
    for (no, _, image) in later {
        if let Some(study) = dataset.studies.get_mut(no) {
            study.images.push(image);
        }
    }
    for study in &mut dataset.studies {
        study.available &= !study.images.is_empty();
    }
    Ok(())
}

/// Ids of all studies, by their number.
pub(super) fn study_ids(conn: &Connection) -> rusqlite::Result<Vec<StudyId>> {
    conn.prepare("SELECT id FROM study ORDER BY no")?
        .query_map([], |row| Ok(StudyId(row.get::<_, i64>(0)?.cast_unsigned())))?
        .collect()
}

/// The sample as stored.
pub(super) fn sample_of(conn: &Connection) -> rusqlite::Result<Option<Sample>> {
    let head = conn
        .query_row(
            "SELECT seed, limited_to_available, frame_studies, frame FROM sample",
            [],
            |row| {
                let Text(seed) = row.get(0)?;
                Ok(Sample {
                    seed,
                    limited_to_available: row.get(1)?,
                    frame_studies: row.get(2)?,
                    frame: row.get::<_, Option<Vec<u8>>>(3)?.map(StudySet),
                    ..Sample::default()
                })
            },
        )
        .optional()?;
    let Some(mut sample) = head else { return Ok(None) };
    sample.decks = conn
        .prepare("SELECT id, finding, planned FROM deck ORDER BY no")?
        .query_map([], |row| {
            let Text(id) = row.get(0)?;
            Ok(Deck { id, finding: row.get(1)?, planned: row.get(2)?, members: Vec::new() })
        })?
        .collect::<Result<_, _>>()?;
    let mut statement = conn.prepare(
        "SELECT m.deck, s.id, m.label_positive, m.drawn, m.frame, m.of_studies, m.stratum, m.repeated
         FROM deck_member AS m JOIN study AS s ON s.no = m.study ORDER BY m.deck, m.place",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let study = StudyId(row.get::<_, i64>(1)?.cast_unsigned());
        let member = Member {
            study,
            label_positive: row.get(2)?,
            drawn: row.get(3)?,
            frame: row.get(4)?,
            of: row.get(5)?,
            stratum: row.get(6)?,
            repeated: row.get(7)?,
        };
        if let Some(deck) = sample.decks.get_mut(row.get::<_, u32>(0)? as usize) {
            deck.members.push(member);
        }
    }
    sample.explore = explore_of(conn)?;
    sample.gold = conn
        .prepare("SELECT reader FROM gold ORDER BY reader")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    sample.shortfall = conn
        .prepare("SELECT finding, arm, planned, drawn FROM shortfall ORDER BY place")?
        .query_map([], |row| {
            Ok(Shortfall {
                finding: row.get(0)?,
                arm: row.get(1)?,
                planned: row.get(2)?,
                drawn: row.get(3)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(Some(sample))
}

/// Place 0 names a finding whose exploration set may be empty.
fn explore_of(conn: &Connection) -> rusqlite::Result<BTreeMap<String, Vec<StudyId>>> {
    let mut explore: BTreeMap<String, Vec<StudyId>> = BTreeMap::new();
    let mut statement = conn.prepare(
        "SELECT e.finding, s.id FROM explore AS e LEFT JOIN study AS s ON s.no = e.study
         ORDER BY e.finding, e.place",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let studies = explore.entry(row.get(0)?).or_default();
        if let Some(study) = row.get::<_, Option<i64>>(1)? {
            studies.push(StudyId(study.cast_unsigned()));
        }
    }
    Ok(explore)
}

/// The decks, by number.
pub(super) fn deck_ids(conn: &Connection) -> rusqlite::Result<Vec<DeckId>> {
    conn.prepare_cached("SELECT id FROM deck ORDER BY no")?
        .query_map([], |row| {
            let Text(id) = row.get(0)?;
            Ok(id)
        })?
        .collect()
}

/// What folding must know of a reader's items, in no order.
pub(super) fn listed(conn: &Connection, reader: &str) -> rusqlite::Result<Vec<Listed>> {
    let mut statement =
        conn.prepare_cached("SELECT id, deck, phase, batch FROM item WHERE reader = ?1")?;
    let mut rows = statement.query([reader])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        let Text(id) = row.get(0)?;
        let phase = phase_at(row, 2)?;
        items.push(Listed { id, deck: row.get(1)?, phase, batch: row.get(3)? });
    }
    Ok(items)
}

pub(super) fn phase_at(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Phase> {
    let word = row.get_ref(column)?.as_str()?;
    phase_from(word).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Text,
            format!("`{word}` is no phase").into(),
        )
    })
}

/// A reader's worklist as stored.
pub(super) fn worklist_of(conn: &Connection, reader: &str) -> rusqlite::Result<Option<Worklist>> {
    let gaps = conn
        .query_row("SELECT gap_violations FROM worklist WHERE reader = ?1", [reader], |r| r.get(0))
        .optional()?;
    let Some(gap_violations) = gaps else { return Ok(None) };
    let items = conn
        .prepare(
            "SELECT i.id, s.id, i.deck, i.phase, i.pass, i.batch, i.finding FROM item AS i
             JOIN study AS s ON s.no = i.study WHERE i.reader = ?1 ORDER BY i.place",
        )?
        .query_map([reader], |row| {
            let Text(id) = row.get(0)?;
            let study = StudyId(row.get::<_, i64>(1)?.cast_unsigned());
            let phase = phase_at(row, 3)?;
            Ok(Item {
                id,
                study,
                deck: row.get(2)?,
                phase,
                pass: row.get(4)?,
                batch: row.get(5)?,
                finding: row.get(6)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(Some(Worklist { reader: reader.to_owned(), items, gap_violations }))
}

fn phase_from(word: &str) -> Option<Phase> {
    [Phase::Practice, Phase::Explore, Phase::Read, Phase::Repeat, Phase::Adjudicate, Phase::Review]
        .into_iter()
        .find(|phase| phase.word() == word)
}

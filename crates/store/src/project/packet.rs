//! A reader's packet: a new file, built from nothing, with what that reader needs and nothing else.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use overread_core::event::{Event, EventBody};
use overread_core::{
    Deck, ImageId, Item, ItemState, Member, Phase, Protocol, Sample, Sex, StudyId, Word, Worklist,
};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::Project;
use super::create::insert_protocol;
use super::events::insert_as_they_are;
use super::sample::{insert_decks, insert_worklist, sample_hash};
use super::walk::{TOLD, Told};
use crate::clock::{Clock, text_of};
use crate::error::StoreError;
use crate::files::{Temporary, beside, publish};
use crate::hex::sha256;
use crate::schema::{APPLICATION_ID, MIGRATIONS, migrate};

/// Whether a packet's images go along with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketImages {
    /// In a folder beside it, under random names.
    Copy,
    /// The reader has them and names their folder; they are known by size and hash.
    Match,
}

impl PacketImages {
    /// The word on the command line, in events and in the packet.
    pub fn word(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Match => "match",
        }
    }
}

/// Random names for everything that goes into one packet. Nobody keeps what they come from.
#[derive(Debug)]
pub struct PacketKey(String);

impl PacketKey {
    /// A new key.
    pub fn random() -> Self {
        // Random alone: an id with a time in it asks the clock, which may stand anywhere.
        let random = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()].map(|id| id.to_string());
        Self(sha256(random.concat().as_bytes()))
    }

    /// The packet's id, which names its chain too.
    pub fn packet_id(&self) -> String {
        format!("p-{}", self.word("packet", "", 0).get(..16).unwrap_or_default())
    }

    /// The name of an image file, without ending.
    pub fn file_name(&self, item: &Item, place: usize) -> String {
        let name = self.word("file", &item.id.to_string(), place);
        name.get(..24).unwrap_or_default().to_owned()
    }

    /// What tells one copy of a film from another: it follows from the item alone, so that projects which
    /// differ only in labels give the same files.
    pub fn copy_number(item: &Item, place: usize) -> u128 {
        let hash = sha256(format!("copy\n{}\n{place}", item.id).as_bytes());
        hash.get(..32).and_then(|hex| u128::from_str_radix(hex, 16).ok()).unwrap_or(1)
    }

    fn study(&self, item: &Item) -> StudyId {
        StudyId::derive(&[&self.0, &item.id.to_string()])
    }

    fn image(&self, item: &Item, place: usize) -> ImageId {
        ImageId::derive(&[&self.0, &item.id.to_string(), &place.to_string()])
    }

    fn word(&self, what: &str, item: &str, place: usize) -> String {
        sha256(format!("{}\n{what}\n{item}\n{place}", self.0).as_bytes())
    }
}

/// An image as a packet has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PacketImage {
    /// View position.
    pub view: Option<Word>,
    /// Name in the packet's folder; `None` where it is not copied or could not be had.
    pub name: Option<String>,
    /// Size and SHA-256 of the file the reader will have; `None` where it could not be had.
    pub file: Option<(u64, String)>,
}

/// What the reader may know of a study.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PacketStudy {
    /// Body region.
    pub region: Option<Word>,
    /// Stated sex, only where the protocol shows it.
    pub sex: Option<Sex>,
    /// Stated age, only where the protocol shows it.
    pub age_years: Option<u16>,
    /// Its images in reading order.
    pub images: Vec<PacketImage>,
}

/// What a packet is made of.
#[derive(Debug)]
pub struct PacketOrder<'a> {
    /// Pseudonym of the reader.
    pub reader: &'a str,
    /// Whether the images go along.
    pub images: PacketImages,
    /// Name of the folder they are in, without its path; empty where they do not go along.
    pub folder: &'a str,
    /// The random names.
    pub key: &'a PacketKey,
    /// Whether items that are locked in the project go along as well.
    pub all: bool,
    /// One study for each item that goes along, in their order.
    pub studies: &'a [PacketStudy],
}

/// A packet that was made and of which nothing has been merged.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PacketOut {
    /// Its random id.
    pub id: String,
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// How many items went along.
    pub items: u64,
}

impl Project {
    /// A reader's packets of which nothing has come back, oldest first.
    pub fn packets_out(&self, reader: &str) -> Result<Vec<PacketOut>, StoreError> {
        let read = || -> rusqlite::Result<Vec<PacketOut>> {
            self.conn
                .prepare(
                    "SELECT m.body ->> '$.packet', m.at, m.body ->> '$.items' FROM event AS m
                     WHERE m.kind = 'packet.made' AND m.body ->> '$.reader' = ?1
                         AND NOT EXISTS (SELECT 1 FROM event AS b WHERE b.kind = 'packet.merged'
                             AND b.body ->> '$.packet' = m.body ->> '$.packet')
                     ORDER BY m.at, m.id",
                )?
                .query_map([reader], |row| {
                    let items: i64 = row.get(2)?;
                    Ok(PacketOut {
                        id: row.get(0)?,
                        made_at: row.get(1)?,
                        items: items.cast_unsigned(),
                    })
                })?
                .collect()
        };
        read().map_err(self.sql("look for packets"))
    }
}

/// The items of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketItems {
    /// Those that go along, in reading order.
    pub list: Worklist,
    /// How many of the reader's items are locked in the project.
    pub locked: usize,
}

/// What a packet says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketFacts {
    /// Its random id.
    pub id: String,
    /// Pseudonym of the one who reads it.
    pub reader: String,
    /// `copy` or `match`.
    pub images: String,
    /// The folder of images that was made with it; empty where none was.
    pub folder: String,
}

/// Decks and worklist as the reader may see them.
struct Blinded {
    sample: Sample,
    list: Worklist,
}

impl Project {
    /// Makes a reader's packet under a name that does not exist yet, and notes it in this project.
    ///
    /// The packet holds no label, no other reader, no path, no name of the dataset's own and nothing that
    /// tells label-positives from controls: neither arm nor inclusion probability, nor an order that
    /// depends on them.
    pub fn make_packet(
        &mut self,
        to: &Path,
        order: &PacketOrder<'_>,
        actor: &str,
    ) -> Result<Event, StoreError> {
        self.writable()?;
        self.not_a_packet()?;
        if to.symlink_metadata().is_ok() {
            return Err(StoreError::Exists { path: to.to_owned() });
        }
        let content =
            |what: &str| StoreError::Content { path: self.path.clone(), what: what.to_owned() };
        let sample = self.sample()?.ok_or_else(|| content("nothing was drawn"))?;
        let PacketItems { list, .. } = self
            .packet_items(order.reader, order.all)?
            .ok_or_else(|| content("the reader has no worklist yet"))?;
        if list.items.len() != order.studies.len() {
            return Err(content("the packet's studies are not those of the worklist"));
        }
        let reader = self.readers()?.into_iter().find(|reader| reader.name == order.reader);
        let Some(reader) = reader else {
            let (path, name) = (self.path.clone(), order.reader.to_owned());
            return Err(StoreError::NoReader { path, name });
        };
        let protocol = self.packet_protocol()?;
        let blinded = blind(&sample, &list, order.key);
        let body = EventBody::PacketMade {
            packet: order.key.packet_id(),
            reader: order.reader.to_owned(),
            protocol_version: protocol.version,
            protocol_hash: protocol.hash(),
            items: list.items.len() as u64,
            images: order.images.word().to_owned(),
            hash: sample_hash(&blinded.sample, std::slice::from_ref(&blinded.list)),
            turn: self.next_turn()?,
        };
        let temporary = Temporary::beside(to);
        let sql = |error| StoreError::sqlite(to, "make the packet", error);
        let probe = std::fs::OpenOptions::new().write(true).create_new(true).open(&temporary.0);
        probe.map_err(|error| StoreError::io(to, "make", error))?;
        let conn = start(&temporary.0).map_err(sql)?;
        let reader = (order.reader, reader.role.as_str(), reader.experience_years);
        let clock = self.clock.clone();
        // Noted in the project before it has its name: a packet that nobody knows of could not be merged. And
        // noted only when it is whole: nobody waits for one that was never made.
        let event = self.note_packet(actor, &order.key.packet_id(), &body, |event| {
            fill(conn, &blinded, order, &protocol, reader, event, &clock).map_err(sql)?;
            sync(&temporary.0, to)
        })?;
        publish(&temporary.0, to).map_err(unnamed)?;
        Ok(event)
    }

    /// What goes into a reader's packet: what is open, or all of it. `None` for a reader without a worklist.
    ///
    /// What is locked is answered; in a packet nothing tells, and it would be answered once more, in conflict.
    pub fn packet_items(&self, reader: &str, all: bool) -> Result<Option<PacketItems>, StoreError> {
        let Some(mut list) = self.worklist(reader)? else { return Ok(None) };
        // A second look is at the label, which no packet holds.
        list.items.retain(|item| item.phase != Phase::Review);
        let state = self.reader_record(reader)?.state;
        let is_locked = |item: &Item| state.item(item.id).is_some_and(ItemState::is_locked);
        let locked = list.items.iter().filter(|item| is_locked(item)).count();
        list.items.retain(|item| all || !is_locked(item));
        Ok(Some(PacketItems { list, locked }))
    }

    /// What this file says of itself where it is a packet; `None` for a project.
    pub fn packet(&self) -> Result<Option<PacketFacts>, StoreError> {
        facts_of(&self.conn).map_err(self.sql("read what the file is"))
    }

    /// A packet's design is its lead's.
    pub(super) fn not_a_packet(&self) -> Result<(), StoreError> {
        match self.packet()? {
            None => Ok(()),
            Some(facts) => {
                Err(StoreError::Packet { path: self.path.clone(), reader: facts.reader })
            }
        }
    }

    fn packet_protocol(&self) -> Result<Protocol, StoreError> {
        let text = self.protocol()?.packet_text();
        Protocol::from_toml(&text)
            .map_err(|source| StoreError::Protocol { path: self.path.clone(), source })
    }

    /// Notes a packet that is made meanwhile; nothing is noted where that fails.
    fn note_packet(
        &mut self,
        actor: &str,
        device: &str,
        body: &EventBody,
        make: impl FnOnce(&Event) -> Result<(), StoreError>,
    ) -> Result<Event, StoreError> {
        let mut fault = None;
        let missing = StoreError::Content {
            path: self.path.clone(),
            what: "a written event is not there".to_owned(),
        };
        let written =
            self.append_with(actor, device, std::slice::from_ref(body), |_conn, events| {
                let Some(event) = events.first() else { return Ok(()) };
                make(event).map_err(|error| {
                    fault = Some(error);
                    rusqlite::Error::InvalidQuery
                })
            });
        match fault {
            Some(error) => Err(error),
            None => written?.into_iter().next().ok_or(missing),
        }
    }
}

/// The folder of images that goes along with a packet: `r1.images` for `r1.overread`. Any other ending is a part
/// of the name, so that `dr.smith` and `dr.jones` have one each.
pub fn packet_images(packet: &Path) -> PathBuf {
    if packet.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("overread")) {
        return packet.with_extension("images");
    }
    beside(packet, "", ".images")
}

fn sync(file: &Path, to: &Path) -> Result<(), StoreError> {
    std::fs::File::open(file)
        .and_then(|file| file.sync_all())
        .map_err(|error| StoreError::io(to, "write", error))
}

/// The packet is noted and has no name: more was written than nothing.
fn unnamed(error: StoreError) -> StoreError {
    match error {
        StoreError::DiskFull { path } => StoreError::Io {
            path,
            doing: "give the packet its name",
            source: std::io::ErrorKind::StorageFull.into(),
        },
        other => other,
    }
}

/// What a file says of itself.
pub(crate) fn facts_of(conn: &Connection) -> rusqlite::Result<Option<PacketFacts>> {
    let value = |name: &str| -> rusqlite::Result<Option<String>> {
        conn.prepare_cached("SELECT value FROM meta WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()
    };
    if value("kind")?.as_deref() != Some("packet") {
        return Ok(None);
    }
    Ok(Some(PacketFacts {
        id: value("packet")?.unwrap_or_default(),
        reader: value("reader")?.unwrap_or_default(),
        images: value("images")?.unwrap_or_default(),
        folder: value("images_folder")?.unwrap_or_default(),
    }))
}

/// Every item becomes a study of its own, so that neither a repeat nor a study of two decks shows.
fn blind(sample: &Sample, list: &Worklist, key: &PacketKey) -> Blinded {
    let items: Vec<Item> = list
        .items
        .iter()
        .map(|item| Item {
            study: key.study(item),
            phase: if item.phase == Phase::Repeat { Phase::Read } else { item.phase },
            pass: 1,
            ..item.clone()
        })
        .collect();
    let decks = (0..)
        .zip(&sample.decks)
        .map(|(no, deck): (u32, &Deck)| {
            // Without controls the question tells the label; with them nothing may.
            let known = deck.label_known();
            let mut members: Vec<Member> = items
                .iter()
                .filter(|item| item.deck == no)
                .map(|item| Member {
                    study: item.study,
                    label_positive: known,
                    drawn: 0,
                    frame: 0,
                    of: 1,
                    stratum: None,
                    repeated: false,
                })
                .collect();
            members.sort_unstable_by_key(|member| member.study);
            let planned = u32::try_from(members.len()).unwrap_or(u32::MAX);
            Deck { id: deck.id, finding: deck.finding.clone(), planned, members }
        })
        .collect();
    let sample = Sample { decks, ..Sample::default() };
    let list = Worklist { reader: list.reader.clone(), items, gap_violations: 0 };
    Blinded { sample, list }
}

/// An empty file of the project's schema, without the view of labels.
fn start(path: &Path) -> rusqlite::Result<Connection> {
    let mut conn = Connection::open(path)?;
    // Nobody else sees this file: a crash leaves a temporary one, and it is synced before its name.
    conn.pragma_update(None, "journal_mode", "OFF")?;
    conn.pragma_update(None, "synchronous", "OFF")?;
    conn.pragma_update(None, "foreign_keys", false)?;
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrate(&mut conn, MIGRATIONS)?;
    conn.execute_batch("DROP VIEW v_dataset_labels")?;
    Ok(conn)
}

fn fill(
    mut conn: Connection,
    blinded: &Blinded,
    order: &PacketOrder<'_>,
    protocol: &Protocol,
    (reader, role, years): (&str, &str, Option<u32>),
    event: &Event,
    clock: &Clock,
) -> rusqlite::Result<()> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let now = text_of(clock.now());
    let mut meta = tx.prepare("INSERT INTO meta (name, value) VALUES (?1, ?2)")?;
    for (name, value) in [
        ("kind", "packet"),
        ("packet", &order.key.packet_id()),
        ("reader", reader),
        ("images", order.images.word()),
        ("images_folder", order.folder),
        ("made_at", &now),
        ("made_by", concat!("overread ", env!("CARGO_PKG_VERSION"))),
    ] {
        meta.execute([name, value])?;
    }
    drop(meta);
    insert_protocol(&tx, protocol, &now)?;
    tx.execute(
        "INSERT INTO reader (name, role, experience_years, added_at) VALUES (?1, ?2, ?3, ?4)",
        params![reader, role, years, now],
    )?;
    let numbers = insert_studies(&tx, blinded, order)?;
    tx.execute(
        "INSERT INTO sample (only, seed, limited_to_available, frame_studies, protocol_version, hash, drawn_at)
         VALUES (1, '0', 0, 0, ?1, ?2, ?3)",
        params![
            protocol.version,
            sample_hash(&blinded.sample, std::slice::from_ref(&blinded.list)),
            now
        ],
    )?;
    insert_decks(&tx, &blinded.sample, &numbers)?;
    insert_worklist(&tx, &blinded.list, &numbers)?;
    insert_as_they_are(&tx, std::iter::once(event))?;
    tx.commit()?;
    conn.close().map_err(|(_, error)| error)
}

/// Studies in the order of their random ids, so that no row's place says anything.
fn insert_studies(
    conn: &Connection,
    blinded: &Blinded,
    order: &PacketOrder<'_>,
) -> rusqlite::Result<HashMap<StudyId, i64>> {
    let mut rows: Vec<(usize, &Item, &PacketStudy)> = blinded
        .list
        .items
        .iter()
        .zip(order.studies)
        .zip(1..)
        .map(|((item, study), number)| (number, item, study))
        .collect();
    rows.sort_unstable_by_key(|(_, item, _)| item.study);
    let images: usize = rows.iter().map(|(_, _, study)| study.images.len()).sum();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    conn.execute(
        "INSERT INTO dataset (only, format, sha256, identity, studies, images, patients, image_root)
         VALUES (1, 'packet', '', '', ?1, ?2, 0, NULL)",
        params![count(rows.len()), count(images)],
    )?;
    // Whose studies they are is not for the reader.
    conn.execute("INSERT INTO patient (no, key) VALUES (0, '')", [])?;
    let mut study_row = conn.prepare(
        "INSERT INTO study (no, id, key, patient, positive, negative, uncertain, sex, age_years, region, split)
         VALUES (?1, ?2, ?3, 0, 0, 0, 0, ?4, ?5, ?6, NULL)",
    )?;
    let mut pictures = Vec::with_capacity(images);
    let mut numbers = HashMap::with_capacity(rows.len());
    for (no, (number, item, study)) in (0_i64..).zip(rows) {
        study_row.execute(params![
            no,
            item.study.0.cast_signed(),
            number.to_string(),
            study.sex.map(Sex::letter),
            study.age_years,
            study.region
        ])?;
        numbers.insert(item.study, no);
        for (place, image) in study.images.iter().enumerate() {
            pictures.push((order.key.image(item, place).0.cast_signed(), no, count(place), image));
        }
    }
    pictures.sort_unstable_by_key(|(id, ..)| *id);
    let mut row = conn.prepare(
        "INSERT INTO image (id, study, place, view, key, path, bytes, sha256)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for (id, no, place, image) in pictures {
        let key = image.name.clone().unwrap_or_default();
        let (bytes, hash) = match &image.file {
            Some((bytes, hash)) => (Some(bytes.cast_signed()), Some(hash)),
            None => (None, None),
        };
        row.execute(params![id, no, place, image.view, key, image.name, bytes, hash])?;
    }
    Ok(numbers)
}

/// The number by which each study of a packet is named: its item's place in the worklist.
pub(super) fn numbers_of(conn: &Connection) -> rusqlite::Result<HashMap<StudyId, u32>> {
    conn.prepare("SELECT id, key FROM study")?
        .query_map([], |row| {
            let id = StudyId(row.get::<_, i64>(0)?.cast_unsigned());
            let number: String = row.get(1)?;
            Ok((id, number.parse().unwrap_or(0)))
        })?
        .collect()
}

/// Whether the tables of a packet say what its first event says.
pub(super) fn problems_of(
    conn: &Connection,
    facts: &PacketFacts,
    told: &Told,
) -> rusqlite::Result<Vec<String>> {
    let mut problems = Vec::new();
    let made: bool = conn.query_row(
        &format!(
            "{TOLD}SELECT EXISTS (SELECT 1 FROM told AS e, protocol AS p, sample AS s
             WHERE e.kind = 'packet.made' AND e.body ->> '$.packet' = ?2
                 AND e.body ->> '$.reader' = ?3 AND e.body ->> '$.protocol_version' = p.version
                 AND e.body ->> '$.protocol_hash' = p.hash AND e.body ->> '$.hash' = s.hash)"
        ),
        [&told.0, &facts.id, &facts.reader],
        |row| row.get(0),
    )?;
    if !made {
        problems.push("the packet is not what its `packet.made` event says".to_owned());
    }
    let protocol: Option<(String, String)> = conn
        .query_row("SELECT text, hash FROM protocol", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if protocol.is_none_or(|(text, hash)| sha256(text.as_bytes()) != hash) {
        problems.push("the protocol is not what its `packet.made` event says".to_owned());
    }
    Ok(problems)
}

impl Project {
    /// The number by which each drawn study is named on screen, at its first and second reading.
    pub fn study_numbers(
        &self,
        sample: &Sample,
    ) -> Result<HashMap<(StudyId, u32), u32>, StoreError> {
        if self.packet()?.is_none() {
            return Ok(sample.numbers());
        }
        let numbers = numbers_of(&self.conn).map_err(self.sql("read the worklist"))?;
        // A packet does not tell a second reading from a first one.
        Ok(numbers.into_iter().map(|(study, number)| ((study, 1), number)).collect())
    }
}

//! Making a project: all of it or nothing, and never over something that is there.

use std::path::Path;

use overread_core::event::EventBody;
use overread_core::{Dataset, Labels, Protocol};
use rayon::slice::ParallelSliceMut as _;
use rusqlite::{Connection, params};

use super::bulk::{self, Cell};
use super::content::content_of;
use super::{OpenMode, Project};
use crate::clock::{Clock, text_of};
use crate::error::StoreError;
use crate::files::{Temporary, publish};
use crate::import::{ImageFile, Import};
use crate::schema::{APPLICATION_ID, MIGRATIONS, migrate};

impl Project {
    /// Makes a project from an import and a protocol, and opens it.
    ///
    /// It is built under a temporary name beside `path` and gets its own when it is whole.
    pub fn create(
        path: &Path,
        import: &Import,
        protocol: &Protocol,
        actor: &str,
        device: &str,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        Self::make(path, import, protocol, (actor, device), &clock)?;
        Ok(Self::open_with(path, OpenMode::ReadWrite, clock)?.project)
    }

    /// As [`Self::create`], without opening it: for whoever has nothing more to do with it. The pair is actor and device.
    pub fn make(
        path: &Path,
        import: &Import,
        protocol: &Protocol,
        (actor, device): (&str, &str),
        clock: &Clock,
    ) -> Result<(), StoreError> {
        super::events::check_name(actor)?;
        super::events::check_name(device)?;
        if path.symlink_metadata().is_ok() {
            return Err(StoreError::Exists { path: path.to_owned() });
        }
        let temporary = Temporary::beside(path);
        let probe = std::fs::OpenOptions::new().write(true).create_new(true).open(&temporary.0);
        probe.map_err(|error| StoreError::io(path, "make", error))?;
        build(&temporary.0, import, protocol, actor, device, clock)
            .map_err(|error| StoreError::sqlite(path, "make the project", error))?;
        publish(&temporary.0, path)
    }
}

fn build(
    path: &Path,
    import: &Import,
    protocol: &Protocol,
    actor: &str,
    device: &str,
    clock: &Clock,
) -> rusqlite::Result<()> {
    let mut conn = Connection::open(path)?;
    // Nobody else sees this file: a crash leaves a temporary one, and it is synced before its name.
    conn.pragma_update(None, "journal_mode", "OFF")?;
    conn.pragma_update(None, "synchronous", "OFF")?;
    conn.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    conn.pragma_update(None, "cache_size", -262_144)?;
    // Rows are numbered here, so that every reference holds by construction.
    conn.pragma_update(None, "foreign_keys", false)?;
    // And what the rows hold comes from types that have nothing else.
    conn.pragma_update(None, "ignore_check_constraints", true)?;
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    migrate(&mut conn, MIGRATIONS)?;
    let tx = conn.transaction()?;
    insert_meta(&tx, clock)?;
    // A copy of the project begins a chain of its own, also one that is made before anybody writes to either.
    super::seat::insert_seat(&tx, path, super::seat::computer_of(device), device)?;
    let content = insert_dataset(&tx, import)?;
    let set_at = text_of(clock.now());
    insert_protocol(&tx, protocol, &set_at)?;
    let facts = [imported(import, content), protocol_set(protocol)];
    super::events::insert(&tx, actor, device, &facts, clock)?;
    tx.commit()?;
    conn.close().map_err(|(_, error)| error)
}

fn insert_meta(conn: &Connection, clock: &Clock) -> rusqlite::Result<()> {
    let mut insert = conn.prepare("INSERT INTO meta (name, value) VALUES (?1, ?2)")?;
    for (name, value) in [
        ("kind", "project"),
        ("made_at", &text_of(clock.now())),
        ("made_by", concat!("overread ", env!("CARGO_PKG_VERSION"))),
    ] {
        insert.execute([name, value])?;
    }
    Ok(())
}

fn imported(import: &Import, content: String) -> EventBody {
    let dataset = &import.dataset;
    EventBody::DatasetImported {
        format: dataset.format.clone(),
        sha256: dataset.sha256.clone(),
        identity: dataset.identity.clone(),
        studies: dataset.studies.len() as u64,
        images: dataset.image_count() as u64,
        patients: u64::from(dataset.patients),
        files: import.files.clone(),
        content,
    }
}

pub(super) fn protocol_set(protocol: &Protocol) -> EventBody {
    EventBody::ProtocolSet {
        name: protocol.name.clone(),
        version: protocol.version,
        hash: protocol.hash(),
        text: protocol.source.clone(),
    }
}

pub(super) fn insert_protocol(
    conn: &Connection,
    protocol: &Protocol,
    set_at: &str,
) -> rusqlite::Result<()> {
    let version = protocol.version;
    conn.execute(
        "INSERT INTO protocol (version, name, hash, text, set_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![version, protocol.name, protocol.hash(), protocol.source, set_at],
    )?;
    let mut level =
        conn.prepare("INSERT INTO protocol_level (version, no, name) VALUES (?1, ?2, ?3)")?;
    for (name, no) in protocol.levels.iter().zip(0_u8..) {
        level.execute(params![version, no, name])?;
    }
    let mut rule = conn.prepare(
        "INSERT INTO protocol_rule (version, threshold, name, text) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for r in &protocol.rules {
        rule.execute(params![version, r.threshold.0, r.name, r.text])?;
    }
    Ok(())
}

/// Gives the hash of what it wrote.
fn insert_dataset(conn: &Connection, import: &Import) -> rusqlite::Result<String> {
    let dataset = &import.dataset;
    let root = import.image_root.as_ref().map(|root| root.to_string_lossy().into_owned());
    conn.execute(
        "INSERT INTO dataset (only, format, sha256, identity, studies, images, patients, image_root)
         VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            dataset.format,
            dataset.sha256,
            dataset.identity,
            count(dataset.studies.len()),
            count(dataset.image_count()),
            dataset.patients,
            root
        ],
    )?;
    let mut insert = conn
        .prepare("INSERT INTO input_file (place, name, bytes, sha256) VALUES (?1, ?2, ?3, ?4)")?;
    for (file, place) in import.files.iter().zip(0_i64..) {
        insert.execute(params![place, file.name, file.bytes.cast_signed(), file.sha256])?;
    }
    let mut insert =
        conn.prepare("INSERT INTO import_note (file, line, reason) VALUES (?1, ?2, ?3)")?;
    for note in &import.notes {
        insert.execute(params![note.file, note.line.cast_signed(), note.text])?;
    }
    let mut insert = conn.prepare("INSERT INTO dataset_finding (no, name) VALUES (?1, ?2)")?;
    for (name, no) in dataset.findings.iter().zip(0_i64..) {
        insert.execute(params![no, name])?;
    }
    insert_patients(conn, import)?;
    let beside = || {
        let lines = image_lines(dataset, import);
        (content_of(import, &lines), lines)
    };
    let content = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("image-rows".to_owned());
        let thread = thread.spawn_scoped(scope, beside);
        insert_studies(conn, dataset, import)?;
        let done = thread.ok().and_then(|thread| thread.join().ok());
        let (content, lines) = done.unwrap_or_else(beside);
        insert_images(conn, &lines)?;
        Ok::<_, rusqlite::Error>(content)
    })?;
    insert_boxes(conn, import)?;
    Ok(content)
}

fn insert_patients(conn: &Connection, import: &Import) -> rusqlite::Result<()> {
    let mut keys = import.patient_keys.iter().map(|key| Cell::Text(key));
    let Some(first) = keys.next() else { return Ok(()) };
    bulk::insert_one(conn, "patient (no, key)", [Cell::Int(0), first])?;
    // SQLite gives each row the number behind the last one's, and need not look whether it is taken.
    bulk::insert(conn, "patient (key)", keys.map(|key| [key]))
}

fn insert_boxes(conn: &Connection, import: &Import) -> rusqlite::Result<()> {
    let mut row = conn.prepare(
        "INSERT INTO image_box (image, place, finding, x, y, width, height)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for (b, place) in import.boxes.iter().zip(0_i64..) {
        let [x, y, width, height] = b.edges;
        let image = b.image.0.cast_signed();
        row.execute(params![image, place, count(b.finding), x, y, width, height])?;
    }
    Ok(())
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn insert_studies(conn: &Connection, dataset: &Dataset, import: &Import) -> rusqlite::Result<()> {
    const COLUMNS: &str =
        "id, key, patient, positive, negative, uncertain, sex, age_years, region, split";
    let studies = dataset.studies.iter().zip(&import.sources);
    let mut rows = studies.map(|(study, source)| {
        let Labels { positive, negative, uncertain } = study.labels;
        [
            Cell::Int(study.id.0.cast_signed()),
            Cell::Text(&source.key),
            Cell::Int(study.patient.into()),
            Cell::Int(positive.cast_signed()),
            Cell::Int(negative.cast_signed()),
            Cell::Int(uncertain.cast_signed()),
            Cell::text(study.sex.map(overread_core::Sex::letter)),
            Cell::int(study.age_years),
            Cell::text(study.region.as_deref()),
            Cell::text(study.split.as_deref()),
        ]
    });
    let Some([id, key, patient, positive, negative, uncertain, sex, age, region, split]) =
        rows.next()
    else {
        return Ok(());
    };
    let first =
        [Cell::Int(0), id, key, patient, positive, negative, uncertain, sex, age, region, split];
    bulk::insert_one(conn, &format!("study (no, {COLUMNS})"), first)?;
    // Numbered on by SQLite, as patients are.
    bulk::insert(conn, &format!("study ({COLUMNS})"), rows)
}

/// An image with what its row holds.
pub(super) struct ImageLine<'a> {
    id: i64,
    study: i64,
    place: i64,
    view: Option<&'a str>,
    /// Its file, where that has a key of its own or was found, and the study's key.
    file: Option<(&'a ImageFile, &'a str)>,
}

impl<'a> ImageLine<'a> {
    /// Id, study and place.
    pub(super) fn numbers(&self) -> [i64; 3] {
        [self.id, self.study, self.place]
    }

    /// View position.
    pub(super) fn view(&self) -> Option<&'a str> {
        self.view
    }

    /// Its own key, where that is not the study's.
    pub(super) fn key(&self) -> Option<&'a str> {
        let own = self.file.map(|(file, study)| (file.key.as_str(), study));
        own.filter(|(key, study)| !key.is_empty() && key != study).map(|(key, _)| key)
    }

    fn cells(&self) -> [Cell<'a>; 7] {
        let bytes = self.file.and_then(|(file, _)| file.bytes).map(u64::cast_signed);
        let [id, study, place] = self.numbers().map(Cell::Int);
        let path = self.file.and_then(|(file, _)| file.path.as_deref());
        [
            id,
            study,
            place,
            Cell::text(self.view),
            Cell::text(self.key()),
            Cell::text(path),
            Cell::int(bytes),
        ]
    }
}

/// In the order of their ids, so that every row goes to the end of the table.
fn image_lines<'a>(dataset: &'a Dataset, import: &'a Import) -> Vec<ImageLine<'a>> {
    let mut images = Vec::with_capacity(dataset.studies.len());
    for (study, (of, source)) in (0..).zip(dataset.studies.iter().zip(&import.sources)) {
        let mut files = source.images.iter();
        for (place, image) in (0..).zip(&of.images) {
            images.push(ImageLine {
                id: image.id.0.cast_signed(),
                study,
                place,
                view: image.view.as_deref(),
                file: files.next().map(|file| (file, source.key.as_str())),
            });
        }
    }
    images.par_sort_unstable_by_key(|image| image.id);
    images
}

fn insert_images(conn: &Connection, images: &[ImageLine<'_>]) -> rusqlite::Result<()> {
    let into = "image (id, study, place, view, key, path, bytes)";
    bulk::insert(conn, into, images.iter().map(ImageLine::cells))
}

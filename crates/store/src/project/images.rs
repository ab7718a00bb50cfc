//! From an opaque image id to the bytes of its file, without a path ever leaving this module.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use overread_core::{ImageId, Sample, StudyId};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Project;
use super::load::study_ids;
use super::packet::packet_images;
use crate::error::{ImageError, StoreError};
use crate::hex::sha256;
use crate::import::ImageBox;
use crate::import::scan::{Found, ImageFolder};

/// More than any radiograph, as a file.
const MOST_BYTES: u64 = 1 << 30;

#[derive(Clone)]
struct Place {
    path: Option<String>,
    sha256: Option<String>,
}

/// Images that any thread can read without the project file. Cheap to clone.
#[derive(Clone)]
pub struct ImageShelf {
    root: Option<Arc<Path>>,
    places: Arc<HashMap<ImageId, Place>>,
}

impl fmt::Debug for ImageShelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No path, not even in a log.
        write!(f, "ImageShelf({} images)", self.places.len())
    }
}

impl ImageShelf {
    /// The bytes of an image, checked against the hash taken when it was drawn.
    pub fn bytes(&self, id: ImageId) -> Result<Vec<u8>, ImageError> {
        let place = self.places.get(&id).ok_or(ImageError::Unknown)?;
        let bytes = read_below(self.root.as_deref(), place.path.as_deref())?;
        match &place.sha256 {
            Some(known) if *known != sha256(&bytes) => Err(ImageError::Changed),
            _ => Ok(bytes),
        }
    }

    /// Whether the image's bytes are held to a hash.
    pub fn is_hashed(&self, id: ImageId) -> bool {
        self.places.get(&id).is_some_and(|place| place.sha256.is_some())
    }

    /// Whether a file lies now where the image is looked for. What is in it is not looked at.
    pub fn is_there(&self, id: ImageId) -> bool {
        let path = self.places.get(&id).and_then(|place| place.path.as_deref()).map(Path::new);
        let plain = path.filter(|path| is_below(path));
        plain.zip(self.root.as_deref()).is_some_and(|(path, root)| root.join(path).is_file())
    }

    /// Whether the file was there when the project last looked.
    pub fn is_available(&self, id: ImageId) -> bool {
        self.places.get(&id).is_some_and(|place| place.path.is_some())
    }
}

/// What was found below a new image folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct RootReport {
    /// Images of the dataset.
    pub images: u64,
    /// Images found.
    pub found: u64,
    /// Images whose bytes are not those that were drawn; they are not used.
    pub changed: u64,
}

impl Project {
    /// The bytes of an image. A first reading leaves their hash in the project.
    pub fn image_bytes(&self, id: ImageId) -> Result<Vec<u8>, ImageError> {
        let place = place_of(&self.conn, id).map_err(|_sql| ImageError::Store)?;
        let place = place.ok_or(ImageError::Unknown)?;
        let root = self.image_root().map_err(|_sql| ImageError::Store)?;
        let bytes = read_below(root.as_deref(), place.path.as_deref())?;
        let hash = sha256(&bytes);
        match place.sha256 {
            Some(known) if known != hash => return Err(ImageError::Changed),
            // Where the hash cannot be kept now, the next reading keeps it.
            None if self.read_only.is_none() => {
                set_sha(&self.conn, id, &hash).ok();
            }
            _ => {}
        }
        Ok(bytes)
    }

    /// SHA-256 of an image's bytes, where it was taken.
    pub fn image_sha(&self, id: ImageId) -> Result<Option<String>, StoreError> {
        let place = place_of(&self.conn, id).map_err(self.sql("look up an image"))?;
        Ok(place.and_then(|place| place.sha256))
    }

    /// A handle on these images for other threads.
    pub fn image_shelf(&self, ids: &[ImageId]) -> Result<ImageShelf, StoreError> {
        let mut places = HashMap::with_capacity(ids.len());
        for &id in ids {
            if let Some(place) = place_of(&self.conn, id).map_err(self.sql("look up an image"))? {
                places.insert(id, place);
            }
        }
        let root = self.image_root()?.map(Arc::from);
        Ok(ImageShelf { root, places: Arc::new(places) })
    }

    /// Boxes that the dataset draws on an image. For the review screen only: a box tells the label.
    pub fn boxes(&self, id: ImageId) -> Result<Vec<ImageBox>, StoreError> {
        let read = || -> rusqlite::Result<Vec<ImageBox>> {
            self.conn
                .prepare_cached(
                    "SELECT finding, x, y, width, height FROM image_box WHERE image = ?1 ORDER BY place",
                )?
                .query_map([id.0.cast_signed()], |row| {
                    let finding = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX);
                    let edges = [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?];
                    Ok(ImageBox { image: id, finding, edges })
                })?
                .collect()
        };
        read().map_err(self.sql("read the boxes"))
    }

    /// The folder below which images are looked for. For leads' eyes only.
    pub fn image_root(&self) -> Result<Option<PathBuf>, StoreError> {
        let root: Option<String> = self
            .conn
            .prepare_cached("SELECT image_root FROM dataset")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(self.sql("read the image folder"))?;
        match root {
            Some(root) => Ok(Some(PathBuf::from(root))),
            None => self.packet_folder(),
        }
    }

    /// The folder of images that was made with a packet: beside it, under its name or the one it had.
    fn packet_folder(&self) -> Result<Option<PathBuf>, StoreError> {
        let Some(facts) = self.packet()?.filter(|facts| !facts.folder.is_empty()) else {
            return Ok(None);
        };
        let own = packet_images(&self.path);
        let mut parts = Path::new(&facts.folder).components();
        let plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
        let made = self.path.with_file_name(&facts.folder);
        Ok(Some(if own.is_dir() || !plain { own } else { made }))
    }

    /// Looks for the dataset's images below another folder. Images whose hash is known must match it.
    /// A folder with none of them is refused, and the one before is kept.
    pub fn set_image_root(&mut self, root: &Path) -> Result<RootReport, StoreError> {
        self.writable()?;
        let folder =
            ImageFolder::scan(root).map_err(|error| StoreError::io(root, "look through", error))?;
        let full = std::fs::canonicalize(root)
            .map_err(|error| StoreError::io(root, "look through", error))?;
        let sql = |error| StoreError::sqlite(&self.path, "set the image folder", error);
        let tx = self.conn.transaction().map_err(sql)?;
        let report = move_root(&tx, &folder, &full).map_err(sql)?;
        if report.found == 0 && 0 < report.images {
            let others = match report.changed {
                0 => String::new(),
                n => format!("; {n} files have the name of one and are not those that were drawn"),
            };
            let why = format!(
                "none of the project's {} images is there{others}. The folder before is kept",
                report.images
            );
            return Err(StoreError::io(root, "take as image folder", io::Error::other(why)));
        }
        tx.commit().map_err(sql)?;
        Ok(report)
    }

    /// Hashes the images of everything drawn that has no hash yet.
    pub(super) fn hash_drawn(&mut self, sample: &Sample) -> Result<(), StoreError> {
        let studies: BTreeSet<_> = sample
            .studies()
            .into_iter()
            .chain(sample.explore.values().flatten().copied())
            .collect();
        let sql = |error| StoreError::sqlite(&self.path, "note the images' hashes", error);
        let root = self.image_root()?;
        let tx = self.conn.transaction().map_err(sql)?;
        let mut update =
            tx.prepare("UPDATE image SET sha256 = ?2, bytes = ?3 WHERE id = ?1").map_err(sql)?;
        for (id, path) in unhashed(&tx, &studies).map_err(sql)? {
            // An image that cannot be read now is hashed when it is first opened.
            let Ok(bytes) = read_below(root.as_deref(), Some(&path)) else { continue };
            let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
            update.execute(params![id, sha256(&bytes), size]).map_err(sql)?;
        }
        drop(update);
        tx.commit().map_err(sql)
    }
}

/// Images of these studies that were found and have no hash yet.
fn unhashed(
    conn: &Connection,
    studies: &BTreeSet<StudyId>,
) -> rusqlite::Result<Vec<(i64, String)>> {
    let ids = study_ids(conn)?;
    let mut statement = conn
        .prepare("SELECT id, study, path FROM image WHERE path IS NOT NULL AND sha256 IS NULL")?;
    let mut rows = statement.query([])?;
    let mut images = Vec::new();
    while let Some(row) = rows.next()? {
        let study = usize::try_from(row.get::<_, i64>(1)?).ok().and_then(|no| ids.get(no));
        if study.is_some_and(|study| studies.contains(study)) {
            images.push((row.get(0)?, row.get(2)?));
        }
    }
    Ok(images)
}

fn place_of(conn: &Connection, id: ImageId) -> rusqlite::Result<Option<Place>> {
    conn.prepare_cached("SELECT path, sha256 FROM image WHERE id = ?1")?
        .query_row([id.0.cast_signed()], |row| Ok(Place { path: row.get(0)?, sha256: row.get(1)? }))
        .optional()
}

fn set_sha(conn: &Connection, id: ImageId, hash: &str) -> rusqlite::Result<usize> {
    conn.prepare_cached("UPDATE image SET sha256 = ?2 WHERE id = ?1 AND sha256 IS NULL")?
        .execute(params![id.0.cast_signed(), hash])
}

fn move_root(conn: &Connection, folder: &ImageFolder, root: &Path) -> rusqlite::Result<RootReport> {
    let mut report = RootReport::default();
    let mut images = conn.prepare(
        "SELECT i.id, coalesce(i.key, s.key), i.sha256, i.bytes
         FROM image AS i JOIN study AS s ON s.no = i.study ORDER BY i.id",
    )?;
    let mut by_hash = ByHash::default();
    let mut update = conn.prepare("UPDATE image SET path = ?2, bytes = ?3 WHERE id = ?1")?;
    let mut rows = images.query([])?;
    while let Some(row) = rows.next()? {
        report.images += 1;
        let id: i64 = row.get(0)?;
        let key = row.get_ref(1)?.as_str()?;
        let known = row.get_ref(2)?.as_str_or_null()?;
        let found = match (key, known, row.get::<_, Option<i64>>(3)?) {
            // A packet without images does not know what they are called.
            ("", Some(known), Some(bytes)) => by_hash.find(folder, root, bytes, known),
            ("", ..) => None,
            _ => folder.find(key),
        };
        let usable = found.filter(|found| {
            let same = known.is_none_or(|known| has_hash(root, found, known));
            report.changed += u64::from(!same);
            same
        });
        report.found += u64::from(usable.is_some());
        let path = usable.map(|found| found.path.as_str());
        let bytes = usable.map(|found| found.bytes.cast_signed());
        update.execute(params![id, path, bytes.or(row.get(3)?)])?;
    }
    conn.execute("UPDATE dataset SET image_root = ?1", [root.to_string_lossy()])?;
    Ok(report)
}

/// Finds images by size, then by hash; no file is hashed twice.
#[derive(Default)]
struct ByHash {
    hashes: HashMap<String, String>,
}

impl ByHash {
    fn find<'a>(
        &mut self,
        folder: &'a ImageFolder,
        root: &Path,
        bytes: i64,
        known: &str,
    ) -> Option<&'a Found> {
        folder.of_size(bytes.cast_unsigned()).find(|found| {
            let hash = self.hashes.entry(found.path.clone()).or_insert_with(|| {
                read_below(Some(root), Some(&found.path))
                    .map_or_else(|_| String::new(), |b| sha256(&b))
            });
            hash == known
        })
    }
}

fn has_hash(root: &Path, found: &Found, known: &str) -> bool {
    read_below(Some(root), Some(&found.path)).is_ok_and(|bytes| sha256(&bytes) == known)
}

/// Reads a file below the image folder and nowhere else.
/// Whether a stored path stays below its folder.
fn is_below(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_)))
}

fn read_below(root: Option<&Path>, path: Option<&str>) -> Result<Vec<u8>, ImageError> {
    let path = Path::new(path.ok_or(ImageError::Missing)?);
    let root = root.ok_or(ImageError::NoRoot)?;
    if !is_below(path) {
        return Err(ImageError::Outside);
    }
    let fail = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound if root.is_dir() => ImageError::Missing,
        io::ErrorKind::NotFound => ImageError::NoRoot,
        kind => ImageError::Io(kind),
    };
    let file = std::fs::File::open(root.join(path)).map_err(fail)?;
    let size = file.metadata().map_err(fail)?.len();
    if MOST_BYTES < size {
        return Err(ImageError::TooLarge(size));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(fail)?;
    Ok(bytes)
}

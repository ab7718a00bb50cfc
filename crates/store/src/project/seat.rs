//! Which copy of a file this is, so that two copies never go on with one chain.

use std::fs::Metadata;
use std::path::Path;
use std::time::UNIX_EPOCH;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Project;
use crate::error::StoreError;
use crate::hex::sha256;

/// The device under which a computer writes to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// As in the events.
    pub device: String,
    /// Whether it was taken in this very file. In a copy, the device is the original's.
    pub here: bool,
    /// How many devices this computer has had in the file.
    pub count: u32,
}

impl Project {
    /// The device that this computer took last, in this file or in the one it was copied from.
    pub fn seat(&self, computer: &str) -> Result<Option<Seat>, StoreError> {
        let read = || {
            self.conn
                .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
                .query_row([seat_name(computer)], |row| row.get::<_, String>(0))
                .optional()
        };
        let Some(text) = read().map_err(self.sql("read what the file is"))? else {
            return Ok(None);
        };
        let mut words = text.split(' ');
        let (Some(device), Some(place), Some(count)) = (words.next(), words.next(), words.next())
        else {
            return Ok(None);
        };
        let here = place_of(&self.path).is_some_and(|here| here == place);
        Ok(Some(Seat { device: device.to_owned(), here, count: count.parse().unwrap_or(1) }))
    }

    /// Takes a device for this computer in this file.
    pub fn take_seat(&self, computer: &str, device: &str, count: u32) -> Result<(), StoreError> {
        self.writable()?;
        insert_seat(&self.conn, &self.path, (computer, device, count))
            .map_err(self.sql("write to the log"))
    }
}

/// Notes under which device a computer writes to the file at this path.
pub(super) fn insert_seat(
    conn: &Connection,
    path: &Path,
    (computer, device, count): (&str, &str, u32),
) -> rusqlite::Result<()> {
    // Where a place has no name of its own, every sitting is a device.
    let place = place_of(path).unwrap_or_else(|| "-".to_owned());
    conn.execute(
        "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)",
        params![seat_name(computer), format!("{device} {place} {count}")],
    )
    .map(|_rows| ())
}

fn seat_name(computer: &str) -> String {
    format!("seat {computer}")
}

/// What tells a file from every copy of it, without telling where it lies.
fn place_of(path: &Path) -> Option<String> {
    let meta = std::fs::metadata(path).ok()?;
    let born = meta.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    let place = format!("{}\n{}", number_of(path, &meta), born.map_or(0, |born| born.as_nanos()));
    sha256(place.as_bytes()).get(..16).map(str::to_owned)
}

/// The number under which the file system keeps the file.
#[cfg(unix)]
fn number_of(_path: &Path, meta: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt as _;
    meta.ino().to_string()
}

/// Where there is none, the path stands for it: a file that was moved counts as a copy.
#[cfg(not(unix))]
fn number_of(path: &Path, _meta: &Metadata) -> String {
    let full = std::fs::canonicalize(path).unwrap_or_else(|_gone| path.to_owned());
    full.to_string_lossy().into_owned()
}

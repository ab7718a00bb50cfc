//! Which copy of a file this is, so that two copies never go on with one chain; and in which order chains count.

use std::fs::Metadata;
use std::path::Path;
use std::time::UNIX_EPOCH;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::Project;
use super::events::chain_of;
use crate::error::StoreError;
use crate::hex::sha256;

/// The device under which a computer writes to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// As in the events.
    pub device: String,
    /// Whether it was taken in this very file. In a copy, the device is the original's.
    pub here: bool,
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
        let text = read().map_err(self.sql("read what the file is"))?.unwrap_or_default();
        let mut words = text.split(' ');
        let (Some(device), Some(place)) = (words.next(), words.next()) else { return Ok(None) };
        let here = place_of(&self.path).is_some_and(|here| here == place);
        Ok(Some(Seat { device: device.to_owned(), here }))
    }

    /// Takes a device for this computer in this file.
    pub fn take_seat(&self, computer: &str, device: &str) -> Result<(), StoreError> {
        self.writable()?;
        insert_seat(&self.conn, &self.path, computer, device).map_err(self.sql("write to the log"))
    }

    /// One more than the last turn of any chain or packet that this file knows of.
    ///
    /// A chain that begins has it in front of its device's name, so that it counts behind all those whose
    /// answers could be seen when it began. No clock is asked.
    pub fn next_turn(&self) -> Result<u32, StoreError> {
        let last = last_turn(&self.conn).map_err(self.sql("read the chains"))?;
        Ok(last.saturating_add(1).min(LAST_TURN))
    }

    /// Whether no chain of this actor stands behind that of this device.
    pub fn is_last_chain(&self, actor: &str, device: &str) -> Result<bool, StoreError> {
        let last = || -> rusqlite::Result<Option<String>> {
            self.conn
                .prepare_cached("SELECT max(chain) FROM event WHERE actor = ?1")?
                .query_row([actor], |row| row.get(0))
        };
        let last = last().map_err(self.sql("read the chains"))?;
        Ok(last.is_none_or(|last| last <= chain_of(actor, device)))
    }

    /// Everybody of whom there are events.
    pub fn actors(&self) -> Result<Vec<String>, StoreError> {
        let read = || -> rusqlite::Result<Vec<String>> {
            let mut actors = Vec::new();
            let mut next =
                self.conn.prepare_cached("SELECT min(actor) FROM event WHERE actor > ?1")?;
            let mut last = String::new();
            while let Some(actor) =
                next.query_row([&last], |row| row.get::<_, Option<String>>(0))?
            {
                last.clone_from(&actor);
                actors.push(actor);
            }
            Ok(actors)
        };
        read().map_err(self.sql("read the chains"))
    }

    /// The hash of one event; `None` where the chain has none at that place.
    pub fn hash_at(&self, chain: &str, chain_seq: u64) -> Result<Option<String>, StoreError> {
        self.conn
            .prepare_cached("SELECT hash FROM event WHERE chain = ?1 AND chain_seq = ?2")
            .and_then(|mut read| {
                read.query_row(params![chain, chain_seq.cast_signed()], |row| row.get(0)).optional()
            })
            .map_err(self.sql("read the chains"))
    }
}

/// As many as five digits tell.
const LAST_TURN: u32 = 99_999;

fn last_turn(conn: &Connection) -> rusqlite::Result<u32> {
    let mut last = 0;
    let mut chains = conn.prepare("SELECT DISTINCT chain FROM event")?;
    let mut rows = chains.query([])?;
    while let Some(row) = rows.next()? {
        let chain = row.get_ref(0)?.as_str()?;
        let device = chain.split_once('/').map_or(chain, |(_actor, device)| device);
        last = last.max(turn_of(device));
    }
    let packets: Option<u32> = conn.query_row(
        "SELECT max(body ->> '$.turn') FROM event WHERE kind = 'packet.made'",
        [],
        |row| row.get(0),
    )?;
    Ok(last.max(packets.unwrap_or(0)))
}

/// The turn in front of a device's name, as in `t00012-COMPUTER-RANDOM`; 0 for names without.
pub(super) fn turn_of(device: &str) -> u32 {
    let turn = device.strip_prefix('t').and_then(|rest| rest.split_once('-')).map(|(turn, _)| turn);
    let digits = turn.filter(|turn| turn.len() == 5 && turn.bytes().all(|b| b.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// The computer in a device's name; the whole of a name without turn.
pub(super) fn computer_of(device: &str) -> &str {
    if turn_of(device) == 0 {
        return device;
    }
    let rest = device.split_once('-').map_or(device, |(_turn, rest)| rest);
    rest.rsplit_once('-').map_or(rest, |(computer, _random)| computer)
}

/// Notes under which device a computer writes to the file at this path.
pub(super) fn insert_seat(
    conn: &Connection,
    path: &Path,
    computer: &str,
    device: &str,
) -> rusqlite::Result<()> {
    // Where a place has no name of its own, every sitting is a device.
    let place = place_of(path).unwrap_or_else(|| "-".to_owned());
    conn.execute(
        "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)",
        params![seat_name(computer), format!("{device} {place}")],
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

//! Openings, reports and copies: noted outside the chains, so that two reports of one state are the same.

use std::path::Path;

use rusqlite::params;

use super::{OpenMode, Project};
use crate::error::StoreError;
use crate::files::read_header;
use crate::schema::SCHEMA_VERSION;

/// A line of the access log.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AccessEntry {
    /// When, RFC 3339.
    pub at: String,
    /// Pseudonym of who.
    pub actor: String,
    /// Random id of the device.
    pub device: String,
    /// `open`, `report`, `backup`, `packet`.
    pub what: String,
    /// More about it.
    pub detail: String,
}

impl Project {
    /// Notes what was done with a project that is not open; in a packet, as done by its reader. Gives `false`, and notes nothing, where
    /// that would take more than a row: where another program holds it, where it cannot be written,
    /// and where it is of another schema.
    pub fn note_access(
        path: &Path,
        actor: &str,
        device: &str,
        what: &str,
        detail: &str,
    ) -> Result<bool, StoreError> {
        if read_header(path)?.user_version != SCHEMA_VERSION {
            return Ok(false);
        }
        let project = Self::open(path, OpenMode::ReadWrite)?.project;
        if project.read_only().is_some() {
            return Ok(false);
        }
        let reader = project.packet()?.map(|packet| packet.reader);
        project.log_access(reader.as_deref().unwrap_or(actor), device, what, detail)?;
        project.close().map(|_closed| true)
    }

    /// Notes an opening, a report, an export or a backup, outside the chains.
    pub fn log_access(
        &self,
        actor: &str,
        device: &str,
        what: &str,
        detail: &str,
    ) -> Result<(), StoreError> {
        self.writable()?;
        self.conn
            .execute(
                "INSERT INTO access_log (at, actor, device, what, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![self.clock.now_text(), actor, device, what, detail],
            )
            .map(|_rows| ())
            .map_err(self.sql("write to the access log"))
    }

    /// The access log, oldest first.
    pub fn access_log(&self) -> Result<Vec<AccessEntry>, StoreError> {
        let read = || -> rusqlite::Result<Vec<AccessEntry>> {
            self.conn
                .prepare("SELECT at, actor, device, what, detail FROM access_log ORDER BY seq")?
                .query_map([], |row| {
                    Ok(AccessEntry {
                        at: row.get(0)?,
                        actor: row.get(1)?,
                        device: row.get(2)?,
                        what: row.get(3)?,
                        detail: row.get(4)?,
                    })
                })?
                .collect()
        };
        read().map_err(self.sql("read the access log"))
    }
}

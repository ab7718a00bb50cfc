//! One open project.

pub(crate) mod access;
pub(crate) mod adequacy;
mod bulk;
pub(crate) mod check;
mod content;
mod create;
mod events;
pub(crate) mod images;
pub(crate) mod load;
pub(crate) mod merge;
mod open;
pub(crate) mod outside;
pub(crate) mod packet;
pub(crate) mod projection;
pub(crate) mod redraw;
mod sample;
pub(crate) mod seat;
pub(crate) mod shape;
mod walk;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use overread_core::ReadingState;
use overread_core::event::Event;
use rusqlite::Connection;

use crate::clock::Clock;
use crate::error::{Notice, ReadOnlyReason, StoreError};
use crate::lock::Lock;

/// What a project is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Reading and writing; falls back to looking only, and says why.
    ReadWrite,
    /// Looking only. Takes no lock.
    ReadOnly,
}

/// A project that opened, and what is worth knowing about that.
#[derive(Debug)]
pub struct Opened {
    /// The project.
    pub project: Project,
    /// Things to tell the person at the screen; [`Project::read_only`] is another.
    pub notices: Vec<Notice>,
}

/// How a project was left behind. It is no single file where another window reads it, or where the disk has no
/// room to fold the log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Whether the one file now is the whole project.
    pub one_file: bool,
}

/// One project file, open. [`Project::close`] leaves it as a single file; dropping it tries to.
#[derive(Debug)]
pub struct Project {
    pub(crate) conn: Connection,
    path: PathBuf,
    clock: Clock,
    read_only: Option<ReadOnlyReason>,
    /// Which file was opened; `None` where the system does not tell one from another.
    node: Option<(u64, u64)>,
    /// Told of the last event of whatever is written.
    on_append: Option<fn(&Event)>,
    /// Folded states of readers that wrote since the project was opened.
    states: HashMap<String, ReadingState>,
    closed: bool,
    // Last, so that it is let go of after the connection.
    lock: Option<Lock>,
}

impl Project {
    /// Where the project lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why the project can only be looked at; `None` where it can be written.
    pub fn read_only(&self) -> Option<&ReadOnlyReason> {
        self.read_only.as_ref()
    }

    /// Replaces the clock, for tests and for journeys that must repeat.
    pub fn set_clock(&mut self, clock: Clock) {
        self.clock = clock;
    }

    /// The clock that events are stamped with.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Tells of the last event of each writing, once it is on disk.
    pub fn on_append(&mut self, tell: fn(&Event)) {
        self.on_append = Some(tell);
    }

    fn tell(&self, events: &[Event]) {
        if let (Some(tell), Some(last)) = (self.on_append, events.last()) {
            tell(last);
        }
    }

    /// The most pages the file may have: a disk that fills up, for tests.
    #[doc(hidden)]
    pub fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        self.conn
            .pragma_update_and_check(None, "max_page_count", pages, |_row| Ok(()))
            .map_err(self.sql("limit the size"))
    }

    /// Folds the log into the open file, so that the one file is the whole project.
    pub fn close(mut self) -> Result<Closed, StoreError> {
        self.finish()
    }

    fn finish(&mut self) -> Result<Closed, StoreError> {
        if self.closed {
            return Ok(Closed { one_file: true });
        }
        self.closed = true;
        if self.lock.is_none() {
            return Ok(Closed { one_file: true });
        }
        self.conn.flush_prepared_statement_cache();
        // A window that only looks keeps its snapshot; then the log stays for the next opening.
        let truncated =
            self.conn.pragma_update_and_check(None, "wal_checkpoint", "TRUNCATE", |row| {
                row.get::<_, i64>(0)
            });
        if let Err(error) = truncated {
            return match StoreError::sqlite(&self.path, "fold the log into the file", error) {
                // Every commit stands in the log; it is folded in by whoever opens the project next.
                StoreError::DiskFull { .. } => {
                    tracing::warn!(
                        "the disk is full: everything is saved, and the log stays beside the project; keep both together"
                    );
                    Ok(Closed { one_file: false })
                }
                other => Err(other),
            };
        }
        // Nobody new can be waiting: the lock is ours. So do not wait for readers either.
        self.conn.busy_timeout(std::time::Duration::ZERO).map_err(self.sql("close"))?;
        let mode = self
            .conn
            .pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get::<_, String>(0));
        Ok(Closed { one_file: mode.is_ok_and(|mode| mode == "delete") })
    }

    /// Turns what SQLite says into an error that names the file and what was tried.
    fn sql(&self, doing: &'static str) -> impl Fn(rusqlite::Error) -> StoreError + '_ {
        move |error| StoreError::sqlite(&self.path, doing, error)
    }

    fn writable(&self) -> Result<(), StoreError> {
        match &self.read_only {
            None => self.in_place(),
            Some(why) => Err(StoreError::ReadOnly { path: self.path.clone(), why: why.clone() }),
        }
    }

    /// Whether the path still leads to the file that is written to.
    fn in_place(&self) -> Result<(), StoreError> {
        if self.node.is_some() && crate::files::node_of(&self.path) != self.node {
            return Err(StoreError::Moved { path: self.path.clone() });
        }
        Ok(())
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if let Err(error) = self.finish() {
            tracing::info!(%error, "the project was not folded into one file");
        }
    }
}

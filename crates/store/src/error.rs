//! What can go wrong with a project file, in words a reader can act on.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use overread_core::event::EventBodyError;
use overread_core::protocol::ProtocolError;
use rusqlite::ErrorCode;

/// Who has a project open for writing.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Holder {
    /// Process id.
    pub process: u32,
    /// Name of the computer.
    pub host: String,
    /// Since when, RFC 3339.
    pub since: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.process == 0 {
            return f.write_str("another window");
        }
        write!(
            f,
            "another window (process {} on {}, since {})",
            self.process, self.host, self.since
        )
    }
}

/// Why a project can only be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadOnlyReason {
    /// It was opened that way.
    Asked,
    /// Somebody else is writing.
    Held(Holder),
    /// The file may not be written.
    File,
    /// The folder may not be written, and SQLite needs to write beside the file.
    Folder,
    /// A newer program wrote it.
    Newer {
        /// Schema version of the file.
        found: u32,
        /// Newest version this program knows.
        known: u32,
    },
    /// A check found it damaged.
    Damaged(String),
}

impl fmt::Display for ReadOnlyReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("it was opened for looking only"),
            Self::Held(holder) => {
                write!(f, "{holder} has it open; close that one to write here")
            }
            Self::File => {
                f.write_str("the file is write-protected; change its permissions or save a copy")
            }
            Self::Folder => f.write_str(
                "its folder is write-protected; copy the project to a folder of your own",
            ),
            Self::Newer { found, known } => write!(
                f,
                "a newer Overread wrote it (schema {found}, this program knows {known}); update Overread to write"
            ),
            Self::Damaged(what) => {
                write!(f, "it is damaged ({what}); see `overread verify` and `overread recover`")
            }
        }
    }
}

/// Something worth knowing about a project that opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// The last writer did not close the file.
    LeftOverWal {
        /// The write-ahead log found.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The folder is on a network share.
    NetworkShare {
        /// File system type.
        kind: String,
    },
    /// A service copies the folder while it is being written.
    CloudFolder {
        /// The service.
        service: String,
    },
    /// Write-ahead logging does not work here; a slower, equally safe mode is used.
    NoWal,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftOverWal { path, bytes } => write!(
                f,
                "The program ended without closing the project last time. Every answer is here: {} ({bytes} bytes), which was left over, has been taken in. Leave it where it is while the project is open.",
                path.display()
            ),
            Self::NetworkShare { kind } => write!(
                f,
                "The project lies on a network share ({kind}). File locks may not work there: let one person write at a time, or copy it to a local disk."
            ),
            Self::CloudFolder { service } => write!(
                f,
                "The project lies in a folder that {service} copies while it is written. Pause the copying while reading, or move the project to a local folder."
            ),
            Self::NoWal => f.write_str(
                "Write-ahead logging does not work in this folder; every answer is still on disk before it is shown as saved.",
            ),
        }
    }
}

/// What the system says, in words without a number; its own text where there are none.
pub fn words_of(error: &io::Error) -> String {
    let words = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder",
        io::ErrorKind::PermissionDenied => "the system does not allow it",
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full",
        io::ErrorKind::AlreadyExists => "something else of that name is there",
        io::ErrorKind::IsADirectory => "it is a folder, not a file",
        io::ErrorKind::NotADirectory => "a part of the path is a file, not a folder",
        io::ErrorKind::InvalidData => "it is not text in UTF-8",
        io::ErrorKind::InvalidFilename => "no file can have that name",
        _ => return error.to_string(),
    };
    words.to_owned()
}

/// What SQLite says without the statement that it says it of: nobody acts on that.
fn without_sql(error: rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqlInputError { error, msg, .. } => {
            rusqlite::Error::SqliteFailure(error, Some(msg))
        }
        other => other,
    }
}

pub(crate) fn backup_hint(backups: &[PathBuf]) -> String {
    backups.last().map_or_else(
        || "There is no backup beside it; `overread recover` saves what can be read.".to_owned(),
        |newest| {
            format!(
                "`overread recover` saves what can be read; the newest of {} backups is {}.",
                backups.len(),
                newest.display()
            )
        },
    )
}

/// Why a project file could not be made, opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// No such file.
    #[error("There is no project at {}. Check the path, or make a project with `overread new`.", path.display())]
    NotFound {
        /// Where.
        path: PathBuf,
    },
    /// Something is there already.
    #[error("{} exists already and is never overwritten. Choose another name.", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// Some other file.
    #[error("{} is not an Overread project: {why}. Open a file that `overread new` made.", path.display())]
    NotAProject {
        /// Where.
        path: PathBuf,
        /// What it is instead.
        why: String,
    },
    /// A newer project whose tables this program cannot read.
    #[error("{} was written by a newer Overread (schema {found}, this program knows {known}) and cannot be read by this one. Update Overread.", path.display())]
    Newer {
        /// Where.
        path: PathBuf,
        /// Schema version of the file.
        found: u32,
        /// Newest version this program knows.
        known: u32,
    },
    /// A project file that SQLite cannot read.
    #[error("{} is damaged: {detail}. Nothing was changed. {}", path.display(), backup_hint(backups))]
    Damaged {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        detail: String,
        /// Backups beside it, oldest first.
        backups: Vec<PathBuf>,
    },
    /// A project whose last change was not finished and cannot be undone here.
    #[error("{} was being written when a program or the computer was stopped, and what is half written cannot be undone here: its folder or the file is write-protected. Nothing is lost: copy it together with {}-journal into a folder of your own, and open it there.", path.display(), path.display())]
    HalfWritten {
        /// Where.
        path: PathBuf,
    },
    /// Another file, or none, has come to lie where the project was opened.
    #[error("{} is no longer the file that was opened: another program deleted, moved or replaced it, as services do that synchronise folders. Nothing more is written, since it would be lost. Save a copy elsewhere, or put the file back; then open it again.", path.display())]
    Moved {
        /// Where it was.
        path: PathBuf,
    },
    /// A project that can only be looked at.
    #[error("{} cannot be written: {why}.", path.display())]
    ReadOnly {
        /// Where.
        path: PathBuf,
        /// Why.
        why: ReadOnlyReason,
    },
    /// A folder that cannot be written.
    #[error("{} cannot be written in its folder: {}. Choose a folder of your own.", path.display(), words_of(source))]
    Folder {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The disk is full.
    #[error("The disk that holds {} is full: this was not written, and all that was saved before is there. Free some space and try again, or save a copy elsewhere.", path.display())]
    DiskFull {
        /// Where.
        path: PathBuf,
    },
    /// Another program keeps the file locked.
    #[error("{} is locked by another program. Close it there and try again.", path.display())]
    Busy {
        /// Where.
        path: PathBuf,
    },
    /// SQLite said no.
    #[error("Could not {doing} in {}: {source}. Try again; if it stays, save a copy with `overread backup`.", path.display())]
    Sqlite {
        /// Where.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The system said no.
    #[error("Could not {doing} {}: {}. Check the path, the disk and its permissions, then try again.", path.display(), words_of(source))]
    Io {
        /// Where.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// An event that cannot be understood.
    #[error(
        "Event {chain_seq} of chain {chain} cannot be read: {source}. Run `overread verify`; if a newer Overread wrote it, update."
    )]
    Event {
        /// Chain of the event.
        chain: String,
        /// Its place there.
        chain_seq: u64,
        /// What is wrong.
        source: EventBodyError,
    },
    /// A stored protocol that cannot be understood.
    #[error("The protocol stored in {} cannot be read: {source}. Run `overread verify`; if a newer Overread wrote it, update.", path.display())]
    Protocol {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        source: ProtocolError,
    },
    /// A stored value that makes no sense.
    #[error("{} holds something that does not fit: {what}. Run `overread verify`.", path.display())]
    Content {
        /// Where.
        path: PathBuf,
        /// What.
        what: String,
    },
    /// Drawing twice.
    #[error("{} has its sample already, and readers may have begun: it is never drawn again. Make a new project to start over; where drawing was stopped while grey levels were measured, `overread adequacy` goes on with that.", path.display())]
    AlreadySampled {
        /// Where.
        path: PathBuf,
    },
    /// A reader nobody added.
    #[error("There is no reader `{name}` in {}. Add one with `overread readers {} add {name}`.", path.display(), path.display())]
    NoReader {
        /// Where.
        path: PathBuf,
        /// Who.
        name: String,
    },
    /// A packet where a lead's project is needed.
    #[error("{} is {reader}'s packet, and its design is the lead's. Do this in the project that the packet was made from.", path.display())]
    Packet {
        /// Where.
        path: PathBuf,
        /// Whose packet it is.
        reader: String,
    },
    /// A reader of that name is there.
    #[error("There is a reader `{name}` in {} already. Choose another pseudonym.", path.display())]
    ReaderExists {
        /// Where.
        path: PathBuf,
        /// Who.
        name: String,
    },
    /// Reads or scores that are there already.
    #[error("{what} was imported before, from {name}; nothing was imported again.")]
    AlreadyImported {
        /// What was to be imported.
        what: String,
        /// The file it came from then.
        name: String,
    },
    /// A name, role or text that cannot be stored.
    #[error("`{what}` cannot be used: {why}.")]
    BadName {
        /// The text.
        what: String,
        /// What is wrong.
        why: &'static str,
    },
}

impl StoreError {
    pub(crate) fn sqlite(path: &Path, doing: &'static str, source: rusqlite::Error) -> Self {
        let path = path.to_owned();
        let code = source.sqlite_error_code();
        match code {
            Some(ErrorCode::DiskFull) => Self::DiskFull { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::ReadOnly) => Self::ReadOnly { path, why: ReadOnlyReason::File },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                let backups = crate::backup::backups_of(&path);
                Self::Damaged { path, detail: source.to_string(), backups }
            }
            Some(ErrorCode::TooBig) => {
                let detail = "a value is larger than any that a project has".to_owned();
                let backups = crate::backup::backups_of(&path);
                Self::Damaged { path, detail, backups }
            }
            _ => Self::Sqlite { path, doing, source: without_sql(source) },
        }
    }

    pub(crate) fn io(path: &Path, doing: &'static str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Folder { path, source }
            }
            _ => Self::Io { path, doing, source },
        }
    }

    /// Whether the same call may work later: a full disk, a lock held elsewhere, a fault of the system.
    pub fn worth_retrying(&self) -> bool {
        matches!(
            self,
            Self::DiskFull { .. }
                | Self::Busy { .. }
                | Self::Moved { .. }
                | Self::Sqlite { .. }
                | Self::Io { .. }
        )
    }
}

/// Why an image's bytes cannot be had. Names no path: a path may carry the label.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The project has no such image.
    #[error("The project has no such image.")]
    Unknown,
    /// The file was not there when the project last looked.
    #[error(
        "The image file is not in the image folder. If that was moved, the lead names it anew: overread images."
    )]
    Missing,
    /// The image folder is gone, perhaps a drive that was unplugged.
    #[error(
        "The image folder cannot be reached. Connect its drive; if it was moved, the lead names it anew: overread images."
    )]
    NoRoot,
    /// The bytes are not those that were drawn.
    #[error("The image file has changed since it was drawn into the worklist; it is not shown.")]
    Changed,
    /// The stored path leaves the image folder.
    #[error("The image's stored place lies outside the image folder; it is not opened.")]
    Outside,
    /// Larger than any radiograph.
    #[error("The image file has {0} bytes, more than an image may have.")]
    TooLarge(u64),
    /// The system said no.
    #[error("The image file cannot be read ({0}).")]
    Io(io::ErrorKind),
    /// The project file could not be asked.
    #[error("The project file cannot be read just now.")]
    Store,
}

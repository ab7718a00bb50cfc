//! What a project file and its folder look like from outside SQLite.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::error::{Notice, StoreError};
use crate::schema::APPLICATION_ID;

const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// The first hundred bytes, read before SQLite touches anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) user_version: u32,
    pub(crate) wal: bool,
}

/// Whether two paths lead to one file.
pub(crate) fn is_same_file(a: &Path, b: &Path) -> bool {
    match (std::fs::canonicalize(a), std::fs::canonicalize(b)) {
        // A hard link is a second name of one file.
        (Ok(a), Ok(b)) => a == b || node_of(&a).is_some_and(|node| node_of(&b) == Some(node)),
        _ => false,
    }
}

/// A file beside the project: its name with something before and behind.
pub(crate) fn beside(path: &Path, before: &str, after: &str) -> PathBuf {
    let mut name = OsString::from(before);
    name.push(path.file_name().unwrap_or_default());
    name.push(after);
    path.with_file_name(name)
}

/// The last part of a path, for telling files apart in a report.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The folder of a path; `.` for a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn not_a_project(path: &Path, why: &str) -> StoreError {
    StoreError::NotAProject { path: path.to_owned(), why: why.to_owned() }
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).unwrap_or([0; 4]);
    u32::from_be_bytes(word)
}

/// Says what the file is before it is read. What a program left half written is undone first, as SQLite does it.
pub(crate) fn read_header(path: &Path) -> Result<Header, StoreError> {
    let bytes = identify(path)?;
    let bytes = if roll_back_left_over(path)? { identify(path)? } else { bytes };
    let bytes = bytes.as_slice();
    if bytes.len() < HEADER {
        return Err(damaged(path, "it ends within its header"));
    }
    let page = match be32(bytes, 14) & 0xffff {
        1 => 65_536,
        size => u64::from(size),
    };
    let whole = page * u64::from(be32(bytes, 28));
    let left_over = std::fs::metadata(beside(path, "", "-wal")).is_ok_and(|wal| 0 < wal.len());
    let length = std::fs::metadata(path).map_err(|e| StoreError::io(path, "look at", e))?.len();
    // With a write-ahead log the file itself may rightly lag behind.
    if !left_over && length < whole {
        return Err(damaged(path, &format!("it has {length} of {whole} bytes")));
    }
    Ok(Header { user_version: be32(bytes, 60), wal: bytes.get(18) == Some(&2) })
}

const HEADER: usize = 100;

/// The header of a project file, or as much of it as there is. Only looks.
pub(crate) fn identify(path: &Path) -> Result<Vec<u8>, StoreError> {
    let meta = std::fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => StoreError::NotFound { path: path.to_owned() },
        _ => StoreError::io(path, "look at", error),
    })?;
    if meta.is_dir() {
        return Err(not_a_project(path, "it is a folder"));
    }
    let mut bytes = Vec::with_capacity(HEADER);
    File::open(path)
        .and_then(|file| file.take(HEADER as u64).read_to_end(&mut bytes))
        .map_err(|error| StoreError::io(path, "read", error))?;
    if bytes.is_empty() {
        return Err(not_a_project(path, "it is empty"));
    }
    if !bytes.starts_with(MAGIC) {
        return Err(not_a_project(path, "it is not a SQLite file"));
    }
    if bytes.len() == HEADER && be32(&bytes, 68) != APPLICATION_ID {
        return Err(not_a_project(path, "it is a SQLite file of another program"));
    }
    Ok(bytes)
}

/// Has SQLite undo what a program that was stopped left half written; `true` where there was something. The journal
/// of a program that is still writing is left alone: SQLite knows one from the other by its locks.
fn roll_back_left_over(path: &Path) -> Result<bool, StoreError> {
    let journal = beside(path, "", "-journal");
    if !std::fs::metadata(&journal).is_ok_and(|journal| 0 < journal.len()) {
        return Ok(false);
    }
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_READ_WRITE;
    let read = Connection::open_with_flags(path, flags).and_then(|conn| {
        conn.busy_timeout(std::time::Duration::from_secs(5))?;
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_row| Ok(()))
    });
    match read.map_err(|error| StoreError::sqlite(path, "undo what was half written", error)) {
        Ok(()) => Ok(true),
        Err(busy @ StoreError::Busy { .. }) => Err(busy),
        Err(error) => {
            tracing::info!(%error, "a left-over journal was not rolled back");
            Err(StoreError::HalfWritten { path: path.to_owned() })
        }
    }
}

/// What tells the file at a path from every other that is there now, where the system says.
#[cfg(unix)]
pub(crate) fn node_of(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()))
}

/// What tells the file at a path from every other that is there now, where the system says.
#[cfg(not(unix))]
pub(crate) fn node_of(_path: &Path) -> Option<(u64, u64)> {
    None
}

pub(crate) fn damaged(path: &Path, detail: &str) -> StoreError {
    let backups = crate::backup::backups_of(path);
    StoreError::Damaged { path: path.to_owned(), detail: detail.to_owned(), backups }
}

/// Makes a new name durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder_of(path))?.sync_all() } else { Ok(()) }
}

/// Gives a finished temporary file its name, unless that name is taken.
pub(crate) fn publish(temporary: &Path, path: &Path) -> Result<(), StoreError> {
    let exists = || StoreError::Exists { path: path.to_owned() };
    File::open(temporary)
        .and_then(|file| file.sync_all())
        .map_err(|error| StoreError::io(path, "write", error))?;
    // A hard link never replaces; a rename would.
    match std::fs::hard_link(temporary, path) {
        Ok(()) => {
            std::fs::remove_file(temporary).map_err(|e| StoreError::io(path, "finish", e))?;
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(exists()),
        Err(_no_links_here) if path.exists() => return Err(exists()),
        Err(_no_links_here) => std::fs::rename(temporary, path)
            .map_err(|error| StoreError::io(path, "write", error))?,
    }
    sync_folder(path).map_err(|error| StoreError::io(path, "write", error))
}

/// A temporary file beside a path that is removed, with what SQLite puts beside it, when dropped.
pub(crate) struct Temporary(pub(crate) PathBuf);

impl Temporary {
    pub(crate) fn beside(path: &Path) -> Self {
        clear_abandoned(path);
        let tag = uuid::Uuid::new_v4().simple().to_string();
        Self(beside(path, ".", &format!(".{tag}.part")))
    }
}

/// Removes what programs that were stopped left under temporary names for this file. Who still writes has written
/// within the hour.
fn clear_abandoned(path: &Path) {
    const HOUR: std::time::Duration = std::time::Duration::from_hours(1);
    let begin = beside(path, ".", ".");
    let Some(begin) = begin.file_name().and_then(|name| name.to_str()) else { return };
    let Ok(entries) = std::fs::read_dir(folder_of(path)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let tag = name.to_str().and_then(|name| name.strip_prefix(begin)?.split_once(".part"));
        let ours = tag.is_some_and(|(tag, end)| {
            let ends = matches!(end, "" | "-journal" | "-wal" | "-shm");
            ends && tag.len() == 32 && tag.bytes().all(|byte| byte.is_ascii_hexdigit())
        });
        let old = entry
            .metadata()
            .and_then(|meta| meta.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| HOUR < age));
        if ours && old {
            std::fs::remove_file(entry.path()).ok();
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        for end in ["", "-journal", "-wal", "-shm"] {
            // It is gone already when all went well.
            std::fs::remove_file(beside(&self.0, "", end)).ok();
        }
    }
}

/// Bytes that may still be written to the disk of a folder; `None` where the system does not say.
#[cfg(unix)]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

/// Bytes that may still be written to the disk of a folder; `None` where the system does not say.
#[cfg(not(unix))]
pub fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

/// Warnings about the place where a project lies.
pub fn place_notices(path: &Path) -> Vec<Notice> {
    let full = std::fs::canonicalize(path).unwrap_or_else(|_gone| path.to_owned());
    let mut notices = Vec::new();
    if let Some(kind) = network_share(&full) {
        notices.push(Notice::NetworkShare { kind });
    }
    if let Some(service) = cloud_service(&full) {
        notices.push(Notice::CloudFolder { service: service.to_owned() });
    }
    notices
}

fn cloud_service(full: &Path) -> Option<&'static str> {
    full.iter().find_map(|part| {
        let part = part.to_string_lossy().to_lowercase();
        [
            ("onedrive", "OneDrive"),
            ("dropbox", "Dropbox"),
            ("mobile documents", "iCloud Drive"),
            ("icloud", "iCloud Drive"),
            ("google drive", "Google Drive"),
            ("nextcloud", "Nextcloud"),
        ]
        .into_iter()
        .find(|(sign, _)| part.starts_with(sign))
        .map(|(_, name)| name)
    })
}

fn network_share(full: &Path) -> Option<String> {
    let text = full.to_string_lossy();
    if text.starts_with(r"\\?\UNC\") || (text.starts_with(r"\\") && !text.starts_with(r"\\?\")) {
        return Some("Windows share".to_owned());
    }
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    share_in(&mounts, full)
}

/// The type of the innermost mount that holds the path, where it is a network file system.
fn share_in(mounts: &str, full: &Path) -> Option<String> {
    const SHARES: &[&str] = &[
        "nfs",
        "nfs4",
        "cifs",
        "smb2",
        "smb3",
        "smbfs",
        "fuse.sshfs",
        "9p",
        "afs",
        "ncpfs",
        "davfs",
        "fuse.davfs",
        "fuse.rclone",
        "fuse.gvfsd-fuse",
        "fuse.s3fs",
        "ceph",
        "fuse.ceph",
        "glusterfs",
        "fuse.glusterfs",
        "lustre",
        "beegfs",
        "gfs2",
        "ocfs2",
        "vboxsf",
        "prl_fs",
    ];
    let (_, kind) = mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let at = words.nth(1)?.replace("\\040", " ");
            let kind = words.next()?;
            full.starts_with(&at).then_some((at.len(), kind))
        })
        .max_by_key(|(length, _)| *length)?;
    SHARES.contains(&kind).then(|| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_decides_whether_a_folder_is_a_share() {
        let mounts = "/dev/sda1 / ext4 rw 0 0\nserver:/x /srv/my\\040share nfs4 rw 0 0\n\
                      /dev/sdb1 /srv/my\\040share/local xfs rw 0 0\n";
        let kind = |path: &str| share_in(mounts, Path::new(path));
        assert_eq!(kind("/srv/my share/a.overread").as_deref(), Some("nfs4"));
        assert_eq!(kind("/srv/my share/local/a.overread"), None);
        assert_eq!(kind("/home/a.overread"), None);
    }

    #[test]
    fn a_synchronised_folder_is_named() {
        assert_eq!(cloud_service(Path::new("/home/a/OneDrive - Clinic/x")), Some("OneDrive"));
        assert_eq!(cloud_service(Path::new("/home/a/studies/x")), None);
    }
}

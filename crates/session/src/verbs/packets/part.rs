//! The folder of images that goes along with a packet: whole, or known for what a run that ended early left.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use overread_store::StoreError;

use crate::verbs::VerbError;

/// Lies in the folder until the packet is made. Its run keeps it locked, so that nobody takes it for dead.
const MARKER: &str = ".overread-unfinished";

/// The folder, first under a hidden name; it goes away unless it is kept.
pub(super) struct Part {
    /// Where it is now.
    pub(super) path: PathBuf,
    /// The name that it gets, and under which it is spoken of.
    folder: PathBuf,
    marker: Option<File>,
    kept: bool,
}

impl Part {
    /// An empty folder.
    pub(super) fn new(folder: &Path) -> Result<Self, VerbError> {
        let path = beside(folder, &crate::recent::random_tail());
        std::fs::create_dir(&path).map_err(|error| not_written(folder, error))?;
        let mut part = Self { path, folder: folder.to_owned(), marker: None, kept: false };
        let marker = File::create_new(part.path.join(MARKER));
        part.hold(marker.map_err(|error| not_written(folder, error))?);
        Ok(part)
    }

    /// A disk without locks has no second run to keep away either: the project could not be locked.
    fn hold(&mut self, marker: File) {
        if let Err(error) = marker.try_lock() {
            tracing::info!(%error, "the folder of images is not locked");
        }
        self.marker = Some(marker);
    }

    /// Gives the folder its name. It is still marked as unfinished.
    pub(super) fn publish(mut self) -> Result<Self, VerbError> {
        let fail = |error| not_written(&self.folder, error);
        settle(&self.path).map_err(fail)?;
        // Elsewhere a folder with an open file keeps its name.
        self.marker = None;
        std::fs::rename(&self.path, &self.folder).map_err(fail)?;
        self.path.clone_from(&self.folder);
        let marker = File::options().write(true).open(self.path.join(MARKER)).map_err(fail)?;
        self.hold(marker);
        Ok(self)
    }

    /// The packet is made: what tells the folder from a finished one goes last.
    pub(super) fn keep(mut self) {
        self.kept = true;
        self.marker = None;
        finish(&self.path);
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.marker = None;
        if !self.kept {
            std::fs::remove_dir_all(&self.path).ok();
        }
    }
}

/// One time for the folder as for its files, on disk.
fn settle(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let open = File::open(path)?;
        open.set_modified(SystemTime::UNIX_EPOCH)?;
        open.sync_all()?;
    }
    Ok(())
}

fn finish(folder: &Path) {
    if let Err(error) = std::fs::remove_file(folder.join(MARKER)).and_then(|()| settle(folder)) {
        tracing::info!(%error, "the mark of an unfinished folder stays in it");
    }
}

fn beside(folder: &Path, tag: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(folder.file_name().unwrap_or_default());
    name.push(format!(".{tag}.part"));
    folder.with_file_name(name)
}

/// Why nothing was written, by the name that the person at the screen knows.
pub(super) fn not_written(folder: &Path, error: io::Error) -> VerbError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            StoreError::DiskFull { path: folder.to_owned() }.into()
        }
        _ => VerbError::io("write", folder)(error),
    }
}

/// Takes away what runs that ended early left of a packet of this name.
///
/// Where its file is there, the packet was made, and its folder is finished here. Nothing else is touched: a
/// folder without the mark is somebody's.
pub(super) fn clear_left_overs(packet: &Path, folder: &Path) {
    if is_left_over(folder) {
        if packet.symlink_metadata().is_ok() {
            finish(folder);
        } else {
            std::fs::remove_dir_all(folder).ok();
        }
    }
    let parent = packet.parent().filter(|parent| !parent.as_os_str().is_empty());
    let Ok(entries) = std::fs::read_dir(parent.unwrap_or(Path::new("."))) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = crate::access::name_of(&path);
        if is_part_of(&name, folder) && path.is_dir() {
            // One that was made a moment ago has no mark yet, and nothing else either.
            let gone = if is_left_over(&path) {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_dir(&path)
            };
            gone.ok();
        } else if is_part_of(&name, packet) && path.is_file() {
            std::fs::remove_file(&path).ok();
        }
    }
}

/// Whether a name is `.NAME.TAG.part`, the tag as the program makes them.
fn is_part_of(name: &str, of: &Path) -> bool {
    let of = of.file_name().unwrap_or_default().to_string_lossy();
    let tag = name
        .strip_prefix('.')
        .and_then(|name| name.strip_prefix(&*of))
        .and_then(|name| name.strip_prefix('.'))
        .and_then(|name| name.strip_suffix(".part"));
    tag.is_some_and(|tag| {
        matches!(tag.len(), 12 | 32) && tag.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Whether a folder is marked, and nobody is at work on it.
fn is_left_over(folder: &Path) -> bool {
    let is_dir = folder.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    let marker = File::options().write(true).open(folder.join(MARKER));
    is_dir && marker.is_ok_and(|marker| marker.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// What a killed run leaves: nothing is dropped.
    fn killed(part: Part) {
        let mut part = std::mem::ManuallyDrop::new(part);
        part.marker = None;
    }

    #[test]
    fn a_folder_is_whole_or_gone() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("r1.images");
        drop(Part::new(&folder).unwrap());
        drop(Part::new(&folder).unwrap().publish().unwrap());
        assert_eq!(names(place.path()), Vec::<String>::new());
        let part = Part::new(&folder).unwrap();
        std::fs::write(part.path.join("film.png"), "film").unwrap();
        part.publish().unwrap().keep();
        assert_eq!(names(&folder), ["film.png"]);
    }

    #[test]
    fn what_a_killed_run_left_does_not_stand_in_the_way() {
        let place = tempfile::tempdir().unwrap();
        let (packet, folder) = (place.path().join("r1.overread"), place.path().join("r1.images"));
        killed(Part::new(&folder).unwrap());
        killed(Part::new(&folder).unwrap().publish().unwrap());
        std::fs::create_dir(place.path().join(".r1.images.00aa11bb22cc.part")).unwrap();
        std::fs::write(
            place.path().join(".r1.overread.0123456789abcdef0123456789abcdef.part"),
            "half a packet",
        )
        .unwrap();
        clear_left_overs(&packet, &folder);
        assert_eq!(names(place.path()), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_a_left_over_stays() {
        let place = tempfile::tempdir().unwrap();
        let (packet, folder) = (place.path().join("r1.overread"), place.path().join("r1.images"));
        for name in ["r1.images", ".r1.images.mine.part", ".r2.images.00aa11bb22cc.part"] {
            std::fs::create_dir(place.path().join(name)).unwrap();
            std::fs::write(place.path().join(name).join("film.png"), "film").unwrap();
        }
        // A run that is at work.
        let part = Part::new(&folder).unwrap();
        let before = names(place.path());
        clear_left_overs(&packet, &folder);
        assert_eq!(names(place.path()), before);
        drop(part);
        // Of a packet that was made only the mark goes.
        std::fs::write(&packet, "a packet").unwrap();
        std::fs::write(folder.join(MARKER), "").unwrap();
        clear_left_overs(&packet, &folder);
        assert_eq!(names(&folder), ["film.png"]);
    }
}

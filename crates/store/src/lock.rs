//! One writer at a time: a lock that the system lets go of when the process ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::clock::Clock;
use crate::error::Holder;
use crate::files::beside;

/// The lock, held until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
    holder: PathBuf,
}

/// Why it could not be had.
#[derive(Debug)]
pub(crate) enum NoLock {
    Held(Holder),
    Io(io::Error),
}

impl Lock {
    /// Takes the lock of a project, or says who has it.
    pub(crate) fn take(project: &Path, clock: &Clock) -> Result<Self, NoLock> {
        // Two names for one file must meet at one lock.
        let project = std::fs::canonicalize(project).map_err(NoLock::Io)?;
        let path = beside(&project, ".", ".lock");
        let holder = beside(&project, ".", ".holder");
        for _ in 0..100 {
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .read(true)
                .write(true)
                .open(&path)
                .map_err(NoLock::Io)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(NoLock::Held(read_holder(&holder))),
                Err(TryLockError::Error(error)) => return Err(NoLock::Io(error)),
            }
            // The one before may have removed the file between our opening and locking it.
            if still_there(&file, &path) {
                let me = Holder {
                    process: std::process::id(),
                    host: host_name(),
                    since: clock.now_text(),
                };
                let text = serde_json::to_string(&me).unwrap_or_default();
                std::fs::write(&holder, text).map_err(NoLock::Io)?;
                return Ok(Self { file, path, holder });
            }
        }
        Err(NoLock::Held(Holder::default()))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Left-over files do no harm: the lock itself goes with the process.
        std::fs::remove_file(&self.holder).ok();
        std::fs::remove_file(&self.path).ok();
        self.file.unlock().ok();
    }
}

fn read_holder(path: &Path) -> Holder {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn host_name() -> String {
    std::env::var("COMPUTERNAME")
        .ok()
        .or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok())
        .or_else(|| std::env::var("HOSTNAME").ok())
        .map_or_else(|| "this computer".to_owned(), |name| name.trim().to_owned())
}

#[cfg(unix)]
fn still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(ours) = file.metadata() else { return false };
    std::fs::metadata(path)
        .is_ok_and(|theirs| theirs.ino() == ours.ino() && theirs.dev() == ours.dev())
}

#[cfg(not(unix))]
fn still_there(_file: &File, path: &Path) -> bool {
    path.exists()
}

//! The application without a window: commands, keymap, undo, jobs, view models.

mod access;
pub mod bench;
mod chains;
pub mod command;
pub mod desk;
mod display;
pub mod films;
mod hanging;
mod later_view;
mod layer;
pub mod machine;
pub mod manual;
mod panel;
pub mod progress;
mod read_view;
mod reading;
pub mod recent;
pub mod release;
pub mod room;
pub mod script;
pub mod settings;
pub mod shell;
pub mod verbs;
pub mod view;
mod viewer;
pub mod writer;

use std::path::Path;

pub use overread_store::words_of;

/// Writes a file whole or not at all; over another only where that was asked for.
///
/// It gets the permissions of any new file.
pub fn write_file(path: &Path, bytes: &[u8], replace: bool) -> std::io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = new_file().tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    let kept = if replace { file.persist(path) } else { file.persist_noclobber(path) };
    kept.map(drop).map_err(|error| error.error)
}

#[cfg(unix)]
fn new_file() -> tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut builder = tempfile::Builder::new();
    // A temporary file is for its owner alone; the system's mask says who may read a picture.
    builder.permissions(std::fs::Permissions::from_mode(0o666));
    builder
}

#[cfg(not(unix))]
fn new_file() -> tempfile::Builder<'static, 'static> {
    tempfile::Builder::new()
}

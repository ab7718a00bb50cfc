//! The application without a window: commands, keymap, undo, jobs, view models.

pub mod bench;
mod chains;
pub mod command;
pub mod desk;
mod display;
pub mod films;
mod hanging;
mod later_view;
mod layer;
pub mod manual;
mod panel;
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

/// Writes a file whole or not at all, and never over another.
pub fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map(drop).map_err(|error| error.error)
}

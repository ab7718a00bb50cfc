//! Projects opened before, remembered outside of any project.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

const KEPT: usize = 8;

/// A project opened before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// Where it lies; never shown.
    pub path: PathBuf,
    /// Title of its protocol.
    pub name: String,
    /// Deck and design, such as "Pneumothorax deck, verify".
    pub detail: String,
    /// Pseudonym of the reader.
    pub reader: String,
    /// Items locked in the deck.
    pub done: usize,
    /// Items in the deck.
    pub total: usize,
    /// Date and time of the last opening, ISO, UTC.
    pub when: String,
}

/// The folder for settings, or `None` where the system names none.
pub fn settings_folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("OVERREAD_SETTINGS") {
        return Some(PathBuf::from(folder));
    }
    let home = || std::env::var_os("HOME").map(PathBuf::from);
    let base = if cfg!(windows) {
        std::env::var_os("APPDATA").map(PathBuf::from)
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Application Support"))
    } else {
        let set = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        set.filter(|p| p.is_absolute()).or_else(|| home().map(|home| home.join(".config")))
    };
    base.map(|base| base.join("overread"))
}

fn list_file() -> Option<PathBuf> {
    settings_folder().map(|folder| folder.join("recent.json"))
}

/// The list, newest first, without projects that are gone.
pub fn load() -> Vec<Recent> {
    let Some(text) = list_file().and_then(|file| std::fs::read_to_string(file).ok()) else {
        return Vec::new();
    };
    let list: Vec<Recent> = serde_json::from_str(&text).unwrap_or_default();
    list.into_iter().filter(|recent| recent.path.is_file()).collect()
}

/// Puts a project at the top of the list. A list that cannot be written is no reason to stop.
pub fn remember(recent: Recent) {
    static WRITING: parking_lot::Mutex<()> = parking_lot::Mutex::new(());
    let Some(file) = list_file() else { return };
    let _one_at_a_time = WRITING.lock();
    let mut list = load();
    let mut recent = recent;
    // Found again from whatever folder the program starts in.
    if let Ok(path) = std::fs::canonicalize(&recent.path) {
        recent.path = path;
    }
    list.retain(|known| known.path != recent.path);
    list.insert(0, recent);
    list.truncate(KEPT);
    if let Err(error) = write(&file, &list) {
        tracing::warn!(%error, "the list of recent projects was not written");
    }
}

fn write(file: &Path, list: &[Recent]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let temporary = file.with_extension("json.new");
    std::fs::write(&temporary, serde_json::to_vec_pretty(list)?)?;
    std::fs::rename(temporary, file)
}

/// Twelve random hexadecimal digits.
pub(crate) fn random_tail() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    // The version and variant stand before.
    id.get(20..).unwrap_or(&id).to_owned()
}

/// A stable random id for this computer, for the device field of events.
pub fn device_id() -> String {
    let file = settings_folder().map(|folder| folder.join("device"));
    if let Some(known) = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok()) {
        let known = known.trim();
        if !known.is_empty() && known.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return known.to_owned();
        }
    }
    let id = format!("d-{}", random_tail());
    if let Some(file) = file {
        let written = file.parent().map_or(Ok(()), std::fs::create_dir_all);
        if let Err(error) = written.and_then(|()| std::fs::write(&file, &id)) {
            tracing::warn!(%error, "the device id was not written; events get a new one next time");
        }
    }
    id
}

//! What a reader sets once for a workstation; kept outside of any project.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::recent::settings_folder;
use crate::view::{DragTool, MouseMap};

/// Bytes in a mebibyte.
const MIB: usize = 1 << 20;

/// Which button windows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MousePreset {
    /// Left windows, middle pans, right zooms.
    #[default]
    WindowLeft,
    /// As many archives have it: right windows, left pans, middle zooms.
    WindowRight,
}

/// Settings of films and hands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Which button windows.
    pub mouse: MousePreset,
    /// Dragging up raises the level, down lowers it.
    pub invert_vertical: bool,
    /// Factor on how far a drag takes the window; 1 is a 400th of the width for each pixel.
    pub sensitivity: f64,
    /// Window and zoom stay from one item to the next.
    pub keep_view: bool,
    /// Films are dithered to the 8 bits of the screen.
    pub dither: bool,
    /// Mebibytes for films that are decoded ahead.
    pub film_memory: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mouse: MousePreset::default(),
            invert_vertical: false,
            sensitivity: 1.0,
            keep_view: false,
            dither: true,
            film_memory: 256,
        }
    }
}

impl Settings {
    /// What the buttons do on films.
    pub fn mouse_map(&self) -> MouseMap {
        match self.mouse {
            MousePreset::WindowLeft => MouseMap::default(),
            MousePreset::WindowRight => MouseMap {
                left: DragTool::Pan,
                middle: DragTool::Zoom,
                right: DragTool::Window,
                track: false,
            },
        }
    }

    /// Bytes for films that are decoded ahead.
    pub fn budget(&self) -> usize {
        self.film_memory.clamp(64, 1 << 16) * MIB
    }

    /// The settings of this workstation; the defaults where there are none that can be read.
    pub fn load() -> Self {
        read(file().as_deref())
    }

    /// Writes the settings. A folder that cannot be written is no reason to stop.
    pub fn store(&self) {
        let Some(file) = file() else { return };
        if let Err(error) = write_json(&file, self) {
            tracing::warn!(%error, "the settings were not written");
        }
    }
}

fn file() -> Option<PathBuf> {
    settings_folder().map(|folder| folder.join("settings.json"))
}

fn read(file: Option<&Path>) -> Settings {
    let text = file.and_then(|file| std::fs::read_to_string(file).ok());
    let mut settings: Settings =
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    if !(0.1..=10.0).contains(&settings.sensitivity) {
        settings.sensitivity = 1.0;
    }
    settings
}

/// Writes a file whole or not at all.
pub(crate) fn write_json(file: &Path, value: &impl Serialize) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let temporary = file.with_extension("json.new");
    std::fs::write(&temporary, serde_json::to_vec_pretty(value)?)?;
    std::fs::rename(temporary, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_another_version_and_broken_ones_still_open() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.json");
        std::fs::write(&file, r#"{"invert_vertical": true, "from_the_future": 3}"#).unwrap();
        let read_back = read(Some(&file));
        assert!(read_back.invert_vertical && read_back.dither);
        std::fs::write(&file, "{\"sensitivity\": -4}").unwrap();
        assert_eq!(read(Some(&file)), Settings::default());
        std::fs::write(&file, "not json").unwrap();
        assert_eq!(read(Some(&file)), Settings::default());
        write_json(&file, &read_back).unwrap();
        assert_eq!(read(Some(&file)), read_back);
    }
}

//! What support would ask about this computer.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::recent::settings_folder;
use crate::settings::write_json;
use crate::verbs::Said;

/// What the last window of this program found, kept beside the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LastWindow {
    /// When, ISO date.
    pub(crate) date: String,
    /// The graphics system's own words: `llvmpipe (LLVM 15.0.6, 256 bits)`.
    pub(crate) renderer: Option<String>,
    /// Size of the monitor in pixels.
    pub(crate) monitor: Option<[u32; 2]>,
    /// Scale of the system in hundredths.
    pub(crate) scale: Option<u32>,
}

/// The name of the program's own painter, which needs no graphics system.
pub const PROCESSOR: &str = "the processor, no OpenGL (software)";

/// What draws the window in this process, once it is known.
static RENDERER: Mutex<Option<String>> = Mutex::new(None);

/// Notes what draws the window.
pub fn note_renderer(words: &str) {
    *RENDERER.lock() = Some(words.to_owned());
}

/// What draws the window, in the graphics system's own words.
pub(crate) fn renderer() -> Option<String> {
    RENDERER.lock().clone()
}

/// Whether a renderer of that name works on the processor.
pub(crate) fn is_software(renderer: &str) -> bool {
    const NAMES: [&str; 8] = [
        "llvmpipe",
        "softpipe",
        "swrast",
        "swiftshader",
        "software",
        "gdi generic",
        "microsoft basic render",
        "lavapipe",
    ];
    let lower = renderer.to_lowercase();
    NAMES.iter().any(|name| lower.contains(name))
}

impl LastWindow {
    fn load() -> Option<Self> {
        let text = std::fs::read_to_string(settings_folder()?.join("window.json")).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Writes it; does I/O, so never on the window's thread.
    pub(crate) fn store(&self) {
        let Some(folder) = settings_folder() else { return };
        if let Err(error) = write_json(&folder.join("window.json"), self) {
            tracing::warn!(%error, "what the window found was not written");
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Facts about program, display, graphics, settings and the disk of a folder.
pub fn doctor(folder: &Path) -> Said {
    let window = LastWindow::load();
    let json = json!({
        "program": format!("overread {}", env!("CARGO_PKG_VERSION")),
        "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "display": display(),
        "last_window": window,
        "graphics": graphics(window.as_ref()),
        "file_dialogs": portal(),
        "settings": settings(),
        "disk": disk(folder),
        "network": "not used",
    });
    let text = words(&json);
    Said::new(json, text)
}

fn display() -> Value {
    let found = variable("WAYLAND_DISPLAY")
        .map(|name| ("Wayland", name))
        .or_else(|| variable("DISPLAY").map(|name| ("X11", name)));
    match found {
        _ if cfg!(any(windows, target_os = "macos")) => json!({ "kind": "the system's own" }),
        Some((kind, name)) => json!({ "kind": kind, "name": name, "scale_set_by": scales() }),
        None => json!({ "kind": Value::Null }),
    }
}

/// Settings of the session that change the scale: `GDK_SCALE=2`.
fn scales() -> Vec<String> {
    ["GDK_SCALE", "QT_SCALE_FACTOR", "WINIT_X11_SCALE_FACTOR"]
        .into_iter()
        .filter_map(|name| variable(name).map(|value| format!("{name}={value}")))
        .collect()
}

/// The adapter, and whether drawing is done without it. The last window knows for certain.
fn graphics(window: Option<&LastWindow>) -> Value {
    let adapters = adapters();
    let forced = variable("LIBGL_ALWAYS_SOFTWARE").is_some_and(|value| value != "0");
    let renderer = window.and_then(|window| window.renderer.clone());
    let (software, known_by) = match &renderer {
        _ if forced => (Some(true), "LIBGL_ALWAYS_SOFTWARE is set"),
        Some(renderer) => (Some(is_software(renderer)), "the last window"),
        None if cfg!(target_os = "linux") && adapters.is_empty() => {
            (Some(true), "there is no graphics device")
        }
        None => (None, "known once a window was opened"),
    };
    json!({
        "adapters": adapters,
        "renderer": renderer,
        "software_rendering": software,
        "known_by": known_by,
        "films_are_drawn_by": "the processor, the same pixels with an adapter and without",
    })
}

/// Graphics devices with their drivers: `i915 8086:46A6`.
fn adapters() -> Vec<String> {
    let Ok(cards) = std::fs::read_dir("/sys/class/drm") else { return Vec::new() };
    let mut found: Vec<String> = cards
        .flatten()
        .filter(|card| {
            let name = card.file_name();
            let name = name.to_string_lossy();
            name.strip_prefix("card").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
        })
        .filter_map(|card| {
            let facts = std::fs::read_to_string(card.path().join("device/uevent")).ok()?;
            let value = |key: &str| {
                facts.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("unknown")
            };
            Some(format!("{} {}", value("DRIVER="), value("PCI_ID=")))
        })
        .collect();
    found.sort();
    found
}

fn portal() -> Value {
    if !cfg!(target_os = "linux") {
        return json!({ "by": "the system" });
    }
    let bus = variable("DBUS_SESSION_BUS_ADDRESS").is_some()
        || variable("XDG_RUNTIME_DIR").is_some_and(|at| Path::new(&at).join("bus").exists());
    let folders = variable("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let service = folders.split(':').any(|folder| {
        Path::new(folder).join("dbus-1/services/org.freedesktop.portal.Desktop.service").is_file()
    });
    json!({
        "by": "the desktop's portal",
        "session_bus": bus,
        "portal_installed": service,
        "dialogs_appear": bus && service,
    })
}

fn settings() -> Value {
    let folder = settings_folder();
    let writable = folder.as_ref().is_some_and(|folder| {
        std::fs::create_dir_all(folder).is_ok() && tempfile::tempfile_in(folder).is_ok()
    });
    json!({ "folder": folder.map(|folder| folder.display().to_string()), "writable": writable })
}

/// Commits that are timed.
const COMMITS: u32 = 30;

fn disk(folder: &Path) -> Value {
    let full = std::fs::canonicalize(folder).unwrap_or_else(|_gone| folder.to_owned());
    let notices = overread_store::place_notices(&full);
    let notices: Vec<String> = notices.iter().map(ToString::to_string).collect();
    let mut json = json!({
        "folder": full.display().to_string(),
        "free_bytes": overread_store::free_bytes(&full),
        "notices": notices,
        "writable": false,
        "locks": Value::Null,
        "sync_ms": Value::Null,
        "commit_ms": Value::Null,
    });
    // Probes go into a folder of their own, which goes away with all they left.
    let Ok(probe) = tempfile::Builder::new().prefix(".overread-probe-").tempdir_in(&full) else {
        return json;
    };
    json["writable"] = true.into();
    json["locks"] = locks(&probe.path().join("lock")).map_or(Value::Null, Value::from);
    json["sync_ms"] = syncs(&probe.path().join("sync")).map_or(Value::Null, Value::from);
    let commits = overread_store::BareCommits::new(&probe.path().join("commits.sqlite"))
        .and_then(|mut bare| (0..COMMITS).map(|_| bare.once()).collect::<Result<Vec<_>, _>>());
    json["commit_ms"] = commits.ok().and_then(median).map_or(Value::Null, Value::from);
    json
}

/// Whether a lock that one holds is refused to another.
fn locks(path: &Path) -> Option<bool> {
    let open = || std::fs::OpenOptions::new().create(true).append(true).open(path);
    let (first, second) = (open().ok()?, open().ok()?);
    Some(first.try_lock().is_ok() && second.try_lock().is_err())
}

/// Milliseconds that writing and syncing one page takes: the middle of several.
fn syncs(path: &Path) -> Option<f64> {
    let mut file = std::fs::File::create(path).ok()?;
    let mut times = Vec::new();
    for _ in 0..COMMITS {
        let start = Instant::now();
        file.write_all(&[0; 4096]).ok()?;
        file.sync_data().ok()?;
        times.push(start.elapsed());
    }
    median(times)
}

fn median(mut times: Vec<Duration>) -> Option<f64> {
    times.sort_unstable();
    let middle = times.get(times.len() / 2)?;
    Some((middle.as_secs_f64() * 1e5).round() / 100.0)
}

/// The facts in lines, with advice where something stands in the way.
fn words(facts: &Value) -> String {
    let text = |value: &Value| match value {
        Value::String(word) => word.clone(),
        Value::Null => "not known".to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Array(list) if list.is_empty() => "none".to_owned(),
        Value::Array(list) => list
            .iter()
            .map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    };
    let mut lines = Vec::new();
    let mut line = |name: &str, what: String| lines.push(format!("{name:<20}{what}"));
    for key in ["program", "system", "cores"] {
        line(key, text(&facts[key]));
    }
    let display = &facts["display"];
    line(
        "display",
        match (display["kind"].as_str(), display["name"].as_str()) {
            (Some(kind), Some(name)) => format!("{kind} {name}"),
            (Some(kind), None) => kind.to_owned(),
            (None, _) => {
                "none: the window cannot be opened here, every other command works".to_owned()
            }
        },
    );
    let window = &facts["last_window"];
    line(
        "monitor and scale",
        match (window["monitor"].as_array(), window["scale"].as_f64()) {
            (Some(size), Some(scale)) => format!(
                "{} pixels, scale {:.2}, as the window of {} found",
                size.iter().map(text).collect::<Vec<_>>().join(" × "),
                scale / 100.0,
                text(&window["date"])
            ),
            _ => "known once a window was opened".to_owned(),
        },
    );
    let graphics = &facts["graphics"];
    line("graphics adapter", text(&graphics["adapters"]));
    line("drawn by", text(&graphics["renderer"]));
    line(
        "software rendering",
        format!("{} ({})", text(&graphics["software_rendering"]), text(&graphics["known_by"])),
    );
    let dialogs = &facts["file_dialogs"];
    line(
        "file dialogs",
        match dialogs["dialogs_appear"].as_bool() {
            Some(false) => "do not appear: there is no desktop portal here; type the path, or drop the file on the window".to_owned(),
            _ => format!("by {}", text(&dialogs["by"])),
        },
    );
    let settings = &facts["settings"];
    let kept = if settings["writable"] == true {
        ""
    } else {
        ", which cannot be written: nothing is remembered"
    };
    line("settings", format!("{}{kept}", text(&settings["folder"])));
    let disk = &facts["disk"];
    line("folder", text(&disk["folder"]));
    line("  can be written", text(&disk["writable"]));
    line(
        "  free",
        disk["free_bytes"]
            .as_f64()
            .map_or_else(|| "not known".to_owned(), |bytes| format!("{:.1} GB", bytes / 1e9)),
    );
    line(
        "  kind",
        if disk["notices"].as_array().is_some_and(|list| !list.is_empty()) {
            text(&disk["notices"])
        } else {
            "a disk of this computer".to_owned()
        },
    );
    line(
        "  file locks",
        match disk["locks"].as_bool() {
            Some(true) => "work".to_owned(),
            Some(false) => {
                "do not work: keep projects elsewhere, two windows could write one file".to_owned()
            }
            None => "not tried".to_owned(),
        },
    );
    for (name, key) in [("  sync", "sync_ms"), ("  commit", "commit_ms")] {
        line(
            name,
            disk[key].as_f64().map_or_else(|| "not tried".to_owned(), |ms| format!("{ms:.2} ms")),
        );
    }
    line("network", text(&facts["network"]));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renderers_on_the_processor_are_told_from_adapters() {
        for name in ["llvmpipe (LLVM 15.0.6, 256 bits)", "GDI Generic", "Google SwiftShader"] {
            assert!(is_software(name), "{name}");
        }
        for name in ["Mesa Intel(R) UHD Graphics 620", "NVIDIA T400/PCIe/SSE2", "AMD Radeon Pro"] {
            assert!(!is_software(name), "{name}");
        }
    }

    #[test]
    fn probes_leave_nothing_behind_and_say_what_they_found() {
        let folder = tempfile::tempdir().unwrap();
        let said = doctor(folder.path());
        let disk = &said.json["disk"];
        assert_eq!((&disk["writable"], &disk["locks"]), (&Value::Bool(true), &Value::Bool(true)));
        assert!(disk["sync_ms"].as_f64().is_some() && disk["commit_ms"].as_f64().is_some());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let gone = doctor(&folder.path().join("not there"));
        assert_eq!(gone.json["disk"]["writable"], false);
        assert!(gone.text.contains("not tried"), "{}", gone.text);
    }
}

//! What support would ask.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// Facts about program, display, settings and disk.
pub(crate) fn doctor() -> (Value, String) {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let settings = overread_session::recent::settings_folder();
    let writable = settings.as_ref().is_some_and(|folder| {
        let probe = folder.join(".probe");
        let made = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&probe, b"ok"));
        made.and_then(|()| std::fs::remove_file(&probe)).is_ok()
    });
    let json = json!({
        "program": format!("overread {}", env!("CARGO_PKG_VERSION")),
        "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "display": variable("WAYLAND_DISPLAY").or_else(|| variable("DISPLAY")),
        "desktop_portal": variable("DBUS_SESSION_BUS_ADDRESS").is_some(),
        "settings_writable": writable,
        "network": "not used",
    });
    let mut text = String::new();
    for (key, value) in json.as_object().into_iter().flatten() {
        writeln!(text, "{}: {value}", key.replace('_', " ")).ok();
    }
    (json, text.trim_end().to_owned())
}

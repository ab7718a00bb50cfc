//! A virtual display of our own, so that tests and the headless demo never touch a real one.

use anyhow::{Context as _, Result, ensure};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A running Xvfb; it ends when this value is dropped.
pub(crate) struct Display {
    server: Child,
    name: String,
    frame_buffer: PathBuf,
}

impl Display {
    /// Starts Xvfb on a free number; its frame buffer lies as a file in `folder`.
    pub(crate) fn start(width: u32, height: u32, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).context("could not make the display's folder")?;
        let screen = format!("{width}x{height}x24");
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-noreset",
                "-screen",
                "0",
                &screen,
                "-nolisten",
                "tcp",
                "-fbdir",
            ])
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("could not start Xvfb (package xvfb)")?;
        let pipe = server.stdout.take().context("Xvfb without output")?;
        let mut number = String::new();
        let read = BufReader::new(pipe).read_line(&mut number);
        let frame_buffer = folder.join("Xvfb_screen0");
        let display = Self { server, name: format!(":{}", number.trim()), frame_buffer };
        read.context("could not read Xvfb's display number")?;
        ensure!(!number.trim().is_empty(), "Xvfb ended before it had a display");
        Ok(display)
    }

    /// Points a program at this display, whatever else there is.
    pub(crate) fn attach<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("DISPLAY", &self.name)
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WAYLAND_SOCKET")
            .env_remove("XAUTHORITY")
    }

    /// The raw screen as it is now, in the XWD format.
    pub(crate) fn snapshot(&self) -> Result<Vec<u8>> {
        std::fs::read(&self.frame_buffer).context("could not read the virtual screen")
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // Asked politely it removes its lock, socket and frame buffer. It may have gone already.
        let ask = format!("kill {}", self.server.id());
        Command::new("sh").args(["-c", &ask]).stderr(Stdio::null()).status().ok();
        for _ in 0..50 {
            if matches!(self.server.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

/// Whether the user has a display that a window could open on.
pub(crate) fn user_has_one() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

//! A virtual display, the program's window on it, and hands on its keyboard.

use crate::{Picture, Place, poll, program};
use anyhow::{Context as _, Result, bail, ensure};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long anything on the window may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// An Xvfb of one test's own: the keyboard of a display has one focus, so windows of tests that run
/// side by side would take each other's keys on a shared one.
pub struct Screen {
    server: Child,
    name: String,
    folder: tempfile::TempDir,
    renderer: Option<&'static str>,
}

impl Screen {
    /// Starts a display of this size; an error says what to install.
    pub fn start(width: u32, height: u32) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("screen").tempdir()?;
        let mut server = Command::new("Xvfb")
            // Without `-noreset` it refuses whoever comes while it starts anew after its last client has left.
            .args(["-displayfd", "1", "-noreset", "-nolisten", "tcp", "-screen", "0"])
            .arg(format!("{width}x{height}x24"))
            .arg("-fbdir")
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("tests of the window need Xvfb: install the package `xvfb`")?;
        let pipe = server.stdout.take().context("Xvfb without output")?;
        let mut number = String::new();
        BufReader::new(pipe).read_line(&mut number)?;
        let screen = Self { server, name: format!(":{}", number.trim()), folder, renderer: None };
        ensure!(!number.trim().is_empty(), "Xvfb ended before it had a display");
        screen.xdotool(&["version"])?;
        Ok(screen)
    }

    /// Windows on it are painted by this (`gl` or `cpu`) and not by what the program chooses.
    #[must_use]
    pub fn painted_by(mut self, renderer: &'static str) -> Self {
        self.renderer = Some(renderer);
        self
    }

    /// Points a program at this display.
    pub fn attach<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if let Some(renderer) = self.renderer {
            command.env("OVERREAD_RENDERER", renderer);
        }
        command
            .env("DISPLAY", &self.name)
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("WAYLAND_SOCKET")
            .env_remove("XAUTHORITY")
    }

    /// What stands on the screen now.
    pub fn picture(&self) -> Result<Picture> {
        Picture::from_xwd(&std::fs::read(self.folder.path().join("Xvfb_screen0"))?)
    }

    fn xdotool(&self, words: &[&str]) -> Result<String> {
        let output = self
            .attach(Command::new("xdotool").args(words))
            .output()
            .context("tests of the window need xdotool: install the package `xdotool`")?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Asked politely it removes its lock and socket.
        let ask = format!("kill {}", self.server.id());
        Command::new("sh").args(["-c", &ask]).stderr(Stdio::null()).status().ok();
        for _ in 0..100 {
            if matches!(self.server.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

/// The program's window.
pub struct Window<'a> {
    screen: &'a Screen,
    program: Child,
    log: PathBuf,
    id: String,
}

impl<'a> Window<'a> {
    /// Opens a project for a reader and gives the window this size.
    pub fn open(
        screen: &'a Screen,
        place: &Place,
        project: &Path,
        reader: &str,
        size: [u32; 2],
    ) -> Result<Self> {
        let window = Self::launch(screen, place, project, reader)?;
        let [width, height] = size.map(|length| length.to_string());
        // No window manager here would place it.
        let id = &window.id;
        screen.xdotool(&["windowsize", id, &width, &height, "windowmove", id, "0", "0"])?;
        Ok(window)
    }

    /// Opens a project for a reader; returns when the window is there and has the keyboard.
    pub fn launch(screen: &'a Screen, place: &Place, project: &Path, reader: &str) -> Result<Self> {
        let log = place.at("window.log");
        let mut command = Command::new(program()?);
        place.settle(&mut command).arg(project).args(["--reader", reader]);
        let program = screen
            .attach(&mut command)
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(place.at("window.out"))?)
            .stderr(std::fs::File::create(&log)?)
            .spawn()?;
        let mut window = Self { screen, program, log, id: String::new() };
        window.id = poll("the window opens", PATIENCE, || {
            window.check()?;
            let found =
                window.screen.xdotool(&["search", "--onlyvisible", "--name", "Overread"])?;
            Ok(found.lines().next().map(str::to_owned))
        })?;
        // No window manager here would give it the keyboard.
        screen.xdotool(&["windowfocus", &window.id])?;
        Ok(window)
    }

    /// Fails with what the program has said if it has ended by itself.
    pub fn check(&mut self) -> Result<()> {
        match self.program.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the program ended with {status}: {}", self.log_text()),
        }
    }

    /// What the program has written to standard error.
    pub fn log_text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Presses and releases a key or chord by its X name, such as `1`, `BackSpace`, `ctrl+q`.
    pub fn key(&self, name: &str) -> Result<()> {
        self.screen.xdotool(&["key", name]).map(drop)
    }

    /// Types letters and digits, one key after another.
    pub fn type_keys(&self, text: &str) -> Result<()> {
        for letter in text.chars() {
            let name = if letter == ' ' { "space".to_owned() } else { letter.to_string() };
            self.key(&name)?;
        }
        Ok(())
    }

    /// Drags with a mouse button from one point of the screen to another, in steps.
    pub fn drag(&self, button: &str, from: [u32; 2], to: [u32; 2]) -> Result<()> {
        let place = |at: [u32; 2]| at.map(|v| v.to_string());
        let [x, y] = place(from);
        self.screen.xdotool(&["mousemove", &x, &y])?;
        std::thread::sleep(Duration::from_millis(60));
        self.screen.xdotool(&["mousedown", button])?;
        for step in 1..=8_u32 {
            let part = |a: u32, b: u32| (a * (8 - step) + b * step) / 8;
            let [x, y] = place([part(from[0], to[0]), part(from[1], to[1])]);
            std::thread::sleep(Duration::from_millis(40));
            self.screen.xdotool(&["mousemove", &x, &y])?;
        }
        std::thread::sleep(Duration::from_millis(60));
        self.screen.xdotool(&["mouseup", button]).map(drop)
    }

    /// Holds a key down for so long; the display repeats it by itself.
    pub fn hold(&self, name: &str, span: Duration) -> Result<()> {
        self.screen.xdotool(&["keydown", name])?;
        std::thread::sleep(span);
        self.screen.xdotool(&["keyup", name]).map(drop)
    }

    /// Stops the program where it is; the display goes on and keeps its keys.
    pub fn freeze(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Lets the program go on.
    pub fn thaw(&self) -> Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> Result<()> {
        let words = format!("kill -{name} {}", self.program.id());
        let status = Command::new("sh").args(["-c", &words]).status()?;
        ensure!(status.success(), "could not send {name}");
        Ok(())
    }

    /// The middle of the film, without panel, status line and most overlays.
    pub fn film(&self) -> Result<Picture> {
        Ok(self.screen.picture()?.part([0.2, 0.55], [0.15, 0.8]))
    }

    /// Waits until a film is on screen, other than the one before, and has stood for longer than
    /// the dwell in which keys do not count yet.
    pub fn new_film(&mut self, before: Option<&Picture>) -> Result<Picture> {
        const STILL: Duration = Duration::from_millis(500);
        let mut last: Option<(Picture, Instant)> = None;
        let shown = poll("a new film is on screen", PATIENCE, || {
            self.check()?;
            let now = self.film()?;
            let new = now.is_film() && before.is_none_or(|old| 0.2 < now.differs_from(old));
            match &last {
                Some((seen, since)) if new && *seen == now => {
                    return Ok((STILL < since.elapsed()).then(|| now.clone()));
                }
                _ => last = new.then(|| (now, Instant::now())),
            }
            Ok(None)
        });
        if shown.is_err() {
            self.keep_picture();
        }
        shown
    }

    /// Keeps what stands on the screen in the folder that `OVERREAD_PICTURES` names.
    pub fn keep_picture(&self) {
        let folder = std::env::var_os("OVERREAD_PICTURES").map(PathBuf::from);
        if let (Ok(picture), Some(folder)) = (self.screen.picture(), folder) {
            picture.save(&folder.join(format!("failed{}.png", self.program.id()))).ok();
        }
    }

    /// Closes the window by its key and waits for the program's end.
    pub fn quit(mut self) -> Result<ExitStatus> {
        self.key("ctrl+q")?;
        poll("the window closes", PATIENCE, || Ok(self.program.try_wait()?))
    }

    /// Ends the program at once, as a loss of power would.
    pub fn kill(mut self) -> Result<()> {
        self.program.kill()?;
        self.program.wait()?;
        Ok(())
    }
}

impl Drop for Window<'_> {
    fn drop(&mut self) {
        self.program.kill().ok();
        self.program.wait().ok();
    }
}

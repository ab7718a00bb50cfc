//! The program under test and a folder of its own to work in.

use anyhow::{Context as _, Result, ensure};
use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The program: `OVERREAD_BIN`, or what a build left beside the tests.
pub fn program() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("OVERREAD_BIN") {
        let path = PathBuf::from(named);
        ensure!(path.is_file(), "OVERREAD_BIN names {}, which is no file", path.display());
        return Ok(path);
    }
    let name = format!("overread{}", std::env::consts::EXE_SUFFIX);
    let mut tried = Vec::new();
    if let Some(target) = std::env::var_os("CARGO_TARGET_DIR") {
        tried.push(Path::new(&target).join("debug").join(&name));
    }
    let own = std::env::current_exe().context("where this test lies")?;
    tried.extend(own.ancestors().skip(1).take(2).map(|folder| folder.join(&name)));
    let found = tried.iter().find(|path| path.is_file());
    found.cloned().with_context(|| {
        format!("no program to test: build it with `cargo build -p overread` (tried {tried:?})")
    })
}

/// What a run of the program left.
#[derive(Debug)]
pub struct Said {
    /// Exit status; −1 when a signal ended it.
    pub status: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A folder that goes away with the test, and settings of its own.
#[derive(Debug)]
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// An empty folder.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("journey").tempdir()?;
        std::fs::create_dir(folder.path().join("settings"))?;
        Ok(Self { folder })
    }

    /// A path in the folder.
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Points a program at this folder's settings.
    pub fn settle<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("OVERREAD_SETTINGS", self.at("settings")).env_remove("OVERREAD_LOG")
    }

    /// The program with these words, not yet started, without a display.
    pub fn command<I: AsRef<OsStr>>(&self, words: &[I]) -> Result<Command> {
        let mut command = Command::new(program()?);
        self.settle(&mut command).args(words).current_dir(self.folder.path());
        command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").stdin(Stdio::null());
        Ok(command)
    }

    /// Runs the program to its end.
    pub fn run<I: AsRef<OsStr>>(&self, words: &[I]) -> Result<Said> {
        Ok(self.command(words)?.output()?.into())
    }

    /// Runs the program, which must succeed, and gives its standard output.
    pub fn ok<I: AsRef<OsStr> + std::fmt::Debug>(&self, words: &[I]) -> Result<String> {
        let said = self.run(words)?;
        ensure!(said.status == 0, "{words:?} ended with {}: {}", said.status, said.err);
        Ok(said.out)
    }

    /// Runs the program with `--json` among the words, and reads what it prints.
    pub fn json<I: AsRef<OsStr> + std::fmt::Debug>(
        &self,
        words: &[I],
    ) -> Result<serde_json::Value> {
        Ok(serde_json::from_str(&self.ok(words)?)?)
    }

    /// Unpacks the demo study; gives its project.
    pub fn demo(&self, name: &str) -> Result<PathBuf> {
        let folder = self.at(name);
        self.ok(&[
            OsStr::new("demo"),
            OsStr::new("--dir"),
            folder.as_os_str(),
            OsStr::new("--no-window"),
        ])?;
        let project = folder.join("demo.overread");
        ensure!(project.is_file(), "the demo has no project");
        Ok(project)
    }

    /// Writes a text file.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.at(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::File::create(&path)?.write_all(text.as_ref())?;
        Ok(path)
    }

    /// Writes a grey film of 8 bits; `seed` makes it differ from others.
    pub fn film(&self, name: &str, seed: u32) -> Result<PathBuf> {
        const SIZE: u32 = 96;
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, SIZE, SIZE);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let grey = |n: u32| ((n % SIZE) * 2 + (n / SIZE * 7 + seed * 13) % 60).to_le_bytes()[0];
        let pixels: Vec<u8> = (0..SIZE * SIZE).map(grey).collect();
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels)?;
        writer.finish()?;
        self.write(name, bytes)
    }
}

/// Item and event of every whole `ack` line.
pub fn ack_lines(out: &str) -> Vec<(String, String)> {
    // A line cut short by a kill has not been printed, so it promises nothing.
    let whole = out.rsplit_once('\n').map_or("", |(lines, _)| lines);
    whole
        .lines()
        .filter_map(|line| {
            let mut words = line.strip_prefix("ack ")?.split(' ');
            Some((words.next()?.to_owned(), words.next()?.to_owned()))
        })
        .collect()
}

/// The same run as a user without any rights, for whom file modes count. Root has no such limits,
/// so that a test of a read-only folder must not run as root.
#[cfg(unix)]
pub fn as_nobody(command: &mut Command) -> &mut Command {
    use std::os::unix::fs::MetadataExt as _;
    use std::os::unix::process::CommandExt as _;
    let root = std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    if root { command.uid(65534).gid(65534) } else { command }
}

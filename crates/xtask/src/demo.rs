//! `cargo xtask demo`: from a fresh machine to a film on screen.

use crate::display::{self, Display};
use crate::screen::Picture;
use crate::{run, say, system, tidy};
use anyhow::{Context as _, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The one reader of the demo project.
const READER: &str = "demo";
/// So many films are read by script, if that leaves at least one for the picture.
const READS: u64 = 12;
/// A slow machine draws its first film in software within this time.
const PATIENCE: Duration = Duration::from_secs(90);

/// What was asked for on the command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    dir: Option<PathBuf>,
    program: Option<PathBuf>,
    headless: Headless,
    consent: system::Consent,
}

/// Whether to prove the demo without a window on the user's display.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Headless {
    /// Also where there is a display.
    Always,
    /// Only where there is none.
    Needed,
}

impl Options {
    /// Reads the words after `cargo xtask demo`.
    pub(crate) fn parse(words: &[String]) -> Result<Self> {
        let mut options = Self {
            dir: None,
            program: None,
            headless: Headless::Needed,
            consent: system::Consent::from_environment(),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut path =
                || words.next().map(PathBuf::from).context(format!("{word} needs a path"));
            match word.as_str() {
                "--dir" => options.dir = Some(std::path::absolute(path()?)?),
                "--program" => options.program = Some(std::path::absolute(path()?)?),
                "--headless" => options.headless = Headless::Always,
                "--yes" => options.consent = system::Consent::Given,
                other => bail!("`{other}` is not an option of demo"),
            }
        }
        Ok(options)
    }
}

/// Installs, builds, unpacks, and opens the window; or does all of it without a display.
pub(crate) fn demo(options: &Options) -> Result<()> {
    let headless = options.headless == Headless::Always || !display::user_has_one();
    let mut groups = vec![system::BUILD, system::RUN];
    if headless {
        groups.push(system::DISPLAY);
    }
    system::install(&groups, options.consent)?;
    let target = tidy::target_dir(&tidy::metadata()?)?;
    let program = match &options.program {
        Some(program) => program.clone(),
        None => build(&target)?,
    };
    // In the window reading goes on where it was left; the proof starts afresh each time.
    let dir = match &options.dir {
        Some(dir) => dir.clone(),
        None if headless => unused(&target.join("demo"))?,
        None => target.join("demo"),
    };
    if headless {
        return without_display(&program, &dir, &target.join("xtask/demo-screen"));
    }
    say!("Opening the demo study in {}", dir.display());
    run::visibly(Command::new(&program).arg("demo").arg("--dir").arg(&dir))
}

fn build(target: &Path) -> Result<PathBuf> {
    say!("Building Overread; the first time takes some minutes.");
    run::visibly(&mut run::cargo(&["build", "--release", "--locked", "--package", "overread"])?)?;
    Ok(target.join("release").join(format!("overread{}", std::env::consts::EXE_SUFFIX)))
}

/// A folder that is not there yet: nothing that somebody has read is ever overwritten.
fn unused(wanted: &Path) -> Result<PathBuf> {
    let mut candidates = (1..1000).map(|n| match n {
        1 => wanted.to_path_buf(),
        n => wanted.with_file_name(format!("demo-{n}")),
    });
    candidates.find(|path| !path.exists()).context("there are too many demo folders already")
}

/// Reads a deck by script, photographs the reading screen and writes the report.
fn without_display(program: &Path, dir: &Path, scratch: &Path) -> Result<()> {
    say!("There is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is used).");
    say!("Overread is shown at work all the same, on a virtual one.\n");
    let project = unpack(program, dir)?;
    let reads = read_by_script(program, &project, dir)?;
    let picture = dir.join("reading-screen.png");
    photograph(program, &project, &picture, scratch)?;
    let report = dir.join("report");
    run::visibly(Command::new(program).arg("report").arg(&project).arg("--out").arg(&report))?;
    let written = tidy::files_below(&report)?;
    ensure!(!written.is_empty(), "no report was written to {}", report.display());
    say!("\nThe demo study was unpacked and {reads} films were read by script.");
    say!("  project  {}", project.display());
    say!("  picture  {}", picture.display());
    for path in written {
        say!("  report   {}", path.display());
    }
    say!("On a machine with a display, `cargo xtask demo` opens the window instead.");
    Ok(())
}

fn unpack(program: &Path, dir: &Path) -> Result<PathBuf> {
    let mut command = Command::new(program);
    let mut project = None;
    command.arg("demo").arg("--dir").arg(dir).arg("--no-window");
    run::watched(&mut command, |line| {
        let named = Path::new(line.trim()).extension().is_some_and(|kind| kind == "overread");
        if named {
            project = Some(PathBuf::from(line.trim()));
        }
    })?;
    let project =
        project.context("`overread demo --no-window` did not say where the project is")?;
    ensure!(project.is_file(), "there is no project at {}", project.display());
    Ok(project)
}

/// How many items the demo reader has, and how many of them are locked.
fn progress(program: &Path, project: &Path) -> Result<(u64, u64)> {
    let text = run::captured(Command::new(program).arg("info").arg(project).arg("--json"))?;
    let info: serde_json::Value =
        serde_json::from_str(&text).context("could not read what `overread info` says")?;
    let readers = info["readers"].as_array().context("`overread info` lists no readers")?;
    let reader = readers
        .iter()
        .find(|reader| reader["name"] == READER)
        .with_context(|| format!("the demo project has no reader `{READER}`"))?;
    let number = |key: &str| {
        reader[key].as_u64().with_context(|| format!("`overread info` gives no `{key}`"))
    };
    Ok((number("items")?, number("locked")?))
}

fn read_by_script(program: &Path, project: &Path, dir: &Path) -> Result<u64> {
    let (items, before) = progress(program, project)?;
    let reads = READS.min((items - before.min(items)).saturating_sub(1));
    ensure!(reads > 0, "the demo reader has {items} items, {before} of them read: none to read");
    let script = dir.join("keys.txt");
    std::fs::write(&script, script_of(reads)).context("could not write the script of keys")?;
    let mut command = Command::new(program);
    command.arg("read").arg(project).args(["--reader", READER, "--script"]).arg(&script);
    run::visibly(&mut command)?;
    let (_, after) = progress(program, project)?;
    ensure!(after == before + reads, "{reads} answers were given, {} locked", after - before);
    Ok(reads)
}

/// One answer a film, in a pattern that has every level; a wait stands for the dwell.
fn script_of(reads: u64) -> String {
    let answers = ["3", "1", "3", "2", "3", "1", "2", "3"];
    let keys = answers.into_iter().cycle().zip(0..reads);
    keys.flat_map(|(key, _)| ["WAIT 400\n", key, "\n"]).collect()
}

/// Ends the window however the photograph went.
struct Window(Child);

impl Drop for Window {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn photograph(program: &Path, project: &Path, picture: &Path, folder: &Path) -> Result<()> {
    let screen = Display::start(1600, 900, folder)?;
    let mut command = Command::new(program);
    command.arg(project).args(["--reader", READER]).stdin(Stdio::null());
    let mut window = Window(screen.attach(&mut command).spawn().context("could not start it")?);
    say!("$ overread {} --reader {READER}", project.display());
    let start = Instant::now();
    let mut last: Option<Picture> = None;
    let mut films = 0;
    loop {
        std::thread::sleep(Duration::from_millis(500));
        let now = Picture::from_xwd(&screen.snapshot()?)?;
        films = if now.shows_film() { films + 1 } else { 0 };
        // The same picture twice is drawn to the end; something may blink beside it for ever.
        if films > 6 || films > 1 && last.as_ref() == Some(&now) {
            return now.save(picture);
        }
        let ended = window.0.try_wait().context("could not ask after the window")?;
        if ended.is_some() || start.elapsed() > PATIENCE {
            now.save(picture)?;
            let why = ended.map_or("showed no film in time".to_owned(), |s| format!("ended ({s})"));
            bail!("the window {why}; what it showed is in {}", picture.display());
        }
        last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Options> {
        Options::parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read_and_unknown_ones_refused() {
        let options = parse(&["--dir", "/x/y", "--headless", "--yes"]).unwrap();
        assert_eq!(options.dir, Some(PathBuf::from("/x/y")));
        assert_eq!(options.headless, Headless::Always);
        assert_eq!(options.consent, system::Consent::Given);
        assert!(parse(&["--dir"]).is_err());
        assert!(parse(&["--fast"]).is_err());
    }

    #[test]
    fn a_script_gives_exactly_as_many_answers_as_asked_for() {
        let script = script_of(11);
        let answers = script.lines().filter(|line| matches!(*line, "1" | "2" | "3")).count();
        let waits = script.lines().filter(|line| line.starts_with("WAIT ")).count();
        assert_eq!((answers, waits), (11, 11));
    }

    #[test]
    fn an_existing_demo_folder_is_left_alone() {
        let folder = crate::root().unwrap();
        assert_eq!(unused(&folder.join("crates")).unwrap(), folder.join("demo-2"));
    }
}

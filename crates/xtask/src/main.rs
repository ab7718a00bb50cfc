//! What a newcomer and CI type: `cargo xtask demo`, `cargo xtask test` and their helpers.

mod bench;
mod demo;
mod display;
mod docs;
mod phantoms;
mod run;
mod screen;
mod suite;
mod system;
mod tidy;

use anyhow::{Context as _, Result, bail};
use std::path::PathBuf;
use std::process::ExitCode;

/// Prints one line to standard output; a reader that went away is no error.
macro_rules! say {
    ($($part:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout(), $($part)*).ok();
    }};
}
pub(crate) use say;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  demo [--dir DIR] [--yes] [--headless] [--program FILE]
            install what is missing, build Overread, unpack the demo study, open it;
            without a display: read by script, and leave a picture and a report
  test      everything CI checks: format, lints, tests, documentation, house rules, licences
  setup [--yes]
            only install the system libraries
  tidy      only the house rules
  docs      write docs/generated anew
  phantoms  write the synthetic radiographs of the demo study anew
  bench [NAME…]
            whole-program figures as JSON, in release

--yes installs without asking first (so does CI=true).";

/// The repository's root.
pub(crate) fn root() -> Result<PathBuf> {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).context("xtask is not where it was built")?;
    Ok(root.to_path_buf())
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&words) {
        Ok(code) => code,
        Err(error) => {
            use std::io::Write as _;
            writeln!(std::io::stderr(), "\nxtask: {error:#}").ok();
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[String]) -> Result<ExitCode> {
    let Some((command, rest)) = words.split_first() else {
        say!("{USAGE}");
        return Ok(ExitCode::from(2));
    };
    match command.as_str() {
        "demo" => demo::demo(&demo::Options::parse(rest)?)?,
        "test" | "ci" => return Ok(suite::test(consent(rest)?)),
        "setup" => system::install(&[system::BUILD, system::RUN, system::TEST], consent(rest)?)?,
        "tidy" => tidy::tidy(None)?,
        "docs" => docs::write()?,
        "phantoms" => phantoms::write(&root()?)?,
        "bench" => bench::bench(rest)?,
        "help" | "-h" | "--help" => say!("{USAGE}"),
        unknown => bail!("there is no command `{unknown}`\n\n{USAGE}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn consent(rest: &[String]) -> Result<system::Consent> {
    match rest {
        [] => Ok(system::Consent::from_environment()),
        [only] if only == "--yes" => Ok(system::Consent::Given),
        [other, ..] => bail!("`{other}` is not understood here\n\n{USAGE}"),
    }
}

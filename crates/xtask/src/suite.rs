//! `cargo xtask test`: everything that must hold, in one run, each step timed.

use crate::display::Display;
use crate::{run, say, system, tidy};
use anyhow::Result;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// The licence checker's version, installed only where there is none.
const DENY: &str = "0.20.2";

/// Tests that were run, by cargo's own closing lines.
#[derive(Default, Debug, PartialEq, Eq)]
struct Count {
    passed: usize,
    failed: usize,
}

impl Count {
    /// Adds what a line like `test result: ok. 12 passed; 0 failed; …` says.
    fn see(&mut self, line: &str) {
        let Some((_, rest)) = line.split_once("test result: ") else {
            return;
        };
        let number = |what: &str| {
            let before = rest.split(what).next().filter(|part| part.len() < rest.len())?;
            before.split_whitespace().next_back()?.parse::<usize>().ok()
        };
        self.passed += number(" passed").unwrap_or(0);
        self.failed += number(" failed").unwrap_or(0);
    }
}

/// One finished step.
struct Step {
    name: &'static str,
    seconds: f64,
    error: Option<String>,
}

/// Runs all steps, also after one has failed, and says at the end what failed.
pub(crate) fn test(consent: system::Consent) -> ExitCode {
    let mut steps = Vec::new();
    let mut count = Count::default();
    let mut step = |name: &'static str, action: &mut dyn FnMut() -> Result<()>| {
        say!("\n== {name}");
        let start = Instant::now();
        let error = action().err().map(|error| format!("{error:#}"));
        if let Some(text) = &error {
            say!("{name} FAILED: {text}");
        }
        steps.push(Step { name, seconds: start.elapsed().as_secs_f64(), error });
    };
    step("system packages", &mut || {
        system::install(&[system::BUILD, system::RUN, system::TEST], consent)
    });
    step("format", &mut || cargo(&["fmt", "--all", "--check"]));
    step("lints", &mut || {
        cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
    });
    step("build", &mut || {
        // The same selection as the tests, so that their features are the same and nothing is
        // built twice; unlike them it leaves the program behind, which journeys start.
        cargo(&["build", "--workspace", "--lib", "--bins", "--tests", "--locked"])
    });
    step("tests", &mut || tests(&mut count));
    step("tests in documents", &mut || {
        run::watched(
            &mut run::cargo(&["test", "--workspace", "--doc", "--locked", "--no-fail-fast"])?,
            |line| count.see(line),
        )
    });
    step("documentation", &mut || {
        let words = ["doc", "--workspace", "--no-deps", "--locked"];
        run::visibly(run::cargo(&words)?.env("RUSTDOCFLAGS", "-D warnings"))
    });
    step("house rules", &mut || tidy::tidy(Some(&program()?)));
    step("licences and sources", &mut deny);
    conclude(&steps, &count)
}

fn cargo(words: &[&str]) -> Result<()> {
    run::visibly(&mut run::cargo(words)?)
}

/// The program as the step before the tests has built it.
fn program() -> Result<PathBuf> {
    let name = format!("overread{}", std::env::consts::EXE_SUFFIX);
    Ok(tidy::target_dir(&tidy::metadata()?)?.join("debug").join(name))
}

/// Unit, property and journey tests, on a display of their own where there is Xvfb.
fn tests(count: &mut Count) -> Result<()> {
    let words = ["test", "--workspace", "--lib", "--bins", "--tests", "--locked", "--no-fail-fast"];
    let mut command = run::cargo(&words)?;
    command.env("OVERREAD_BIN", program()?);
    let display = if run::on_path("Xvfb") {
        let folder = tidy::target_dir(&tidy::metadata()?)?.join("xtask/screen");
        Some(Display::start(1920, 1200, &folder)?)
    } else {
        say!("There is no Xvfb here: tests of the window use the display of the user.");
        None
    };
    if let Some(display) = &display {
        display.attach(&mut command);
    }
    run::watched(&mut command, |line| count.see(line))
}

/// Advisories are left out: their database cannot be reached from everywhere.
fn deny() -> Result<()> {
    let there = run::cargo(&["deny", "--version"])?.output().is_ok_and(|o| o.status.success());
    if !there {
        cargo(&["install", "cargo-deny", "--version", DENY, "--locked"])?;
    }
    cargo(&["deny", "--workspace", "check", "bans", "licenses", "sources"])
}

fn conclude(steps: &[Step], count: &Count) -> ExitCode {
    say!("\n== steps");
    for step in steps {
        let verdict = if step.error.is_some() { "FAILED" } else { "ok" };
        say!("{:>8.1} s  {:<22} {verdict}", step.seconds, step.name);
    }
    let total: f64 = steps.iter().map(|step| step.seconds).sum();
    say!("{total:>8.1} s  in all\n");
    for step in steps {
        if let Some(error) = &step.error {
            say!("{} failed: {error}", step.name);
        }
    }
    say!("{} passed, {} failed", count.passed, count.failed);
    if all_well(steps, count) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A run that executed no test has shown nothing.
fn all_well(steps: &[Step], count: &Count) -> bool {
    steps.iter().all(|step| step.error.is_none()) && count.failed == 0 && count.passed > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_summed_and_other_lines_are_not() {
        let mut count = Count::default();
        for line in [
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out",
            "test tests::about_3_passed ... ok",
            "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
            "\u{1b}[32mtest result: ok. 1 passed; 0 failed; 0 ignored\u{1b}[0m",
        ] {
            count.see(line);
        }
        assert_eq!(count, Count { passed: 20, failed: 2 });
    }

    fn step(error: Option<&str>) -> Step {
        Step { name: "step", seconds: 0.0, error: error.map(str::to_owned) }
    }

    #[test]
    fn a_failed_step_a_failed_test_or_no_test_at_all_fails_the_run() {
        let verdict =
            |error, passed, failed| all_well(&[step(None), step(error)], &Count { passed, failed });
        assert!(verdict(None, 3, 0));
        assert!(!verdict(Some("clippy"), 3, 0));
        assert!(!verdict(None, 3, 1));
        assert!(!verdict(None, 0, 0));
    }
}

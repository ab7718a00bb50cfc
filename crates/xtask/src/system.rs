//! The system's packages: what Overread needs to be built, to run and to be tested.

use crate::{run, say};
use anyhow::{Result, bail, ensure};
use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};
use std::process::{Command, Stdio};

/// Packages for one purpose, by their Debian names.
#[derive(Clone, Copy)]
pub(crate) struct Packages {
    purpose: &'static str,
    debian: &'static [&'static str],
}

/// A C and C++ compiler, and cmake for the JPEG-LS decoder.
pub(crate) const BUILD: Packages =
    Packages { purpose: "to build", debian: &["gcc", "g++", "libc6-dev", "make", "cmake"] };

/// What the window loads at run time under X11, with OpenGL (in software where need be).
pub(crate) const RUN: Packages = Packages {
    purpose: "to open a window",
    debian: &[
        "libx11-6",
        "libx11-xcb1",
        "libxcursor1",
        "libxi6",
        "libxkbcommon-x11-0",
        "libegl1",
        "libgl1",
        "libstdc++6",
    ],
};

/// A virtual display, hands and eyes for the tests that drive the window, and a second language that reads the
/// project file.
pub(crate) const TEST: Packages = Packages {
    purpose: "for tests",
    debian: &["git", "xvfb", "xauth", "xdotool", "scrot", "python3"],
};

/// A virtual display alone.
pub(crate) const DISPLAY: Packages =
    Packages { purpose: "for a virtual display", debian: &["xvfb"] };

/// Whether the user has agreed to packages being installed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Consent {
    /// By `--yes` or `CI`.
    Given,
    /// Ask on the terminal.
    ToBeAsked,
}

impl Consent {
    /// Given on a CI machine.
    pub(crate) fn from_environment() -> Self {
        let ci = std::env::var_os("CI").is_some_and(|value| value != "false" && value != "0");
        if ci { Self::Given } else { Self::ToBeAsked }
    }
}

/// Installs what is missing on Debian and Ubuntu; elsewhere says what is needed.
pub(crate) fn install(groups: &[Packages], consent: Consent) -> Result<()> {
    if !cfg!(target_os = "linux") {
        say!("A C and C++ compiler and cmake must be there; nothing else is needed.");
        return Ok(());
    }
    if !run::on_path("dpkg-query") || !run::on_path("apt-get") {
        return advise(groups);
    }
    let installed = installed_packages()?;
    let missing = missing(groups, &installed);
    if missing.is_empty() {
        return Ok(());
    }
    say!("Missing system packages: {}", missing.join(" "));
    let prefix = privilege(&missing, consent)?;
    apt(prefix, &["update"])?;
    let mut words = vec!["install", "--yes", "--no-install-recommends"];
    words.extend(&missing);
    apt(prefix, &words)
}

/// Packages that are fully installed, by name without architecture.
fn installed_packages() -> Result<BTreeSet<String>> {
    let format = "--showformat=${db:Status-Status} ${Package}\n";
    let listing = run::captured(Command::new("dpkg-query").args(["--show", format]))?;
    Ok(parse_installed(&listing))
}

fn parse_installed(listing: &str) -> BTreeSet<String> {
    listing.lines().filter_map(|line| line.strip_prefix("installed ")).map(str::to_owned).collect()
}

fn missing<'a>(groups: &[Packages], installed: &'a BTreeSet<String>) -> Vec<&'static str> {
    let absent = |name: &&'static str| !installed.contains(&**name as &'a str);
    let names: BTreeSet<&str> =
        groups.iter().flat_map(|group| group.debian.iter().copied()).filter(absent).collect();
    names.into_iter().collect()
}

/// How to become root: not at all, or by sudo after the user agreed.
#[derive(Clone, Copy)]
enum Privilege {
    Root,
    Sudo,
}

fn privilege(missing: &[&str], consent: Consent) -> Result<Privilege> {
    if run::captured(Command::new("id").arg("-u"))?.trim() == "0" {
        return Ok(Privilege::Root);
    }
    let by_hand =
        format!("please install them yourself:\n\n  apt-get install {}", missing.join(" "));
    ensure!(run::on_path("sudo"), "there is no sudo here; {by_hand}");
    if consent == Consent::Given {
        return Ok(Privilege::Sudo);
    }
    if std::io::stdin().is_terminal() {
        write!(std::io::stdout(), "Install them with sudo apt-get? [Y/n] ")?;
        std::io::stdout().flush()?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        if !matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes") {
            bail!("nothing was installed; {by_hand}");
        }
        return Ok(Privilege::Sudo);
    }
    let silent = Command::new("sudo")
        .args(["--non-interactive", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    ensure!(silent, "there is no terminal to ask on; {by_hand}");
    Ok(Privilege::Sudo)
}

fn apt(privilege: Privilege, words: &[&str]) -> Result<()> {
    // `env` hands the variable through sudo, which would drop it.
    let quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet"];
    let mut command = match privilege {
        Privilege::Root => Command::new("env"),
        Privilege::Sudo => Command::new("sudo"),
    };
    let skip = match privilege {
        Privilege::Root => 1,
        Privilege::Sudo => 0,
    };
    run::visibly(command.args(&quiet[skip..]).args(words).stdin(Stdio::null()))
}

/// Other Linux systems: the list, and a stop only where a build cannot succeed.
fn advise(groups: &[Packages]) -> Result<()> {
    let tools = ["cc", "c++", "cmake"];
    let absent: Vec<&str> = tools.into_iter().filter(|tool| !run::on_path(tool)).collect();
    say!("This system has no apt-get. Overread needs, by their Debian names:");
    for group in groups {
        say!("  {}: {}", group.purpose, group.debian.join(" "));
    }
    say!("On Fedora: gcc-c++ cmake libX11 libX11-xcb libXcursor libXi libxkbcommon-x11");
    say!("           mesa-dri-drivers libglvnd-egl libglvnd-glx; for tests also");
    say!("           xorg-x11-server-Xvfb xdotool scrot");
    say!("On Arch:   gcc cmake make libx11 libxcursor libxi libxkbcommon-x11 mesa libglvnd;");
    say!("           for tests also xorg-server-xvfb xdotool scrot");
    ensure!(absent.is_empty(), "not found on the path: {}", absent.join(", "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fully_installed_packages_count() {
        let listing =
            "installed libx11-6\nconfig-files libxi6\nhalf-installed xvfb\ninstalled gcc\n";
        let installed = parse_installed(listing);
        assert_eq!(installed.iter().collect::<Vec<_>>(), ["gcc", "libx11-6"]);
    }

    #[test]
    fn what_is_missing_is_named_once_and_sorted() {
        let one = Packages { purpose: "", debian: &["xvfb", "cmake"] };
        let two = Packages { purpose: "", debian: &["xvfb", "gcc"] };
        let installed = BTreeSet::from(["gcc".to_owned()]);
        assert_eq!(missing(&[one, two], &installed), ["cmake", "xvfb"]);
    }
}

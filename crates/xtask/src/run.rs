//! Running other programs so that a newcomer sees what is run.

use anyhow::{Context as _, Result, ensure};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

/// The cargo that started us, in the repository's root.
pub(crate) fn cargo(words: &[&str]) -> Result<Command> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(words).current_dir(crate::root()?);
    // What `cargo run` tells us about ourselves would make other crates build anew.
    for (name, _) in std::env::vars_os().filter(|(name, _)| about_xtask(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    Ok(command)
}

fn about_xtask(name: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// Whether a program of this name is on the path.
pub(crate) fn on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// Runs to the end with our own input and output.
pub(crate) fn visibly(command: &mut Command) -> Result<()> {
    crate::say!("$ {}", spelled(command));
    let status = command.status().with_context(|| not_started(command))?;
    ensure!(status.success(), "`{}` failed ({status})", spelled(command));
    Ok(())
}

/// Runs to the end and returns what was printed; errors go to our own error output.
pub(crate) fn captured(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| not_started(command))?;
    ensure!(output.status.success(), "`{}` failed ({})", spelled(command), output.status);
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` printed something that is no text", spelled(command)))
}

/// Runs to the end, shows every line as it comes, and hands it to `see` as well.
pub(crate) fn watched(command: &mut Command, mut see: impl FnMut(&str)) -> Result<()> {
    crate::say!("$ {}", spelled(command));
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| not_started(command))?;
    let pipe = child.stdout.take().context("a child without output")?;
    for line in BufReader::new(pipe).split(b'\n') {
        let line = line.context("could not read what the child prints")?;
        let line = String::from_utf8_lossy(&line);
        crate::say!("{line}");
        see(&line);
    }
    let status = child.wait().context("could not wait for the child")?;
    ensure!(status.success(), "`{}` failed ({status})", spelled(command));
    Ok(())
}

fn not_started(command: &Command) -> String {
    format!("could not start `{}`", command.get_program().display())
}

/// The command as one would type it.
fn spelled(command: &Command) -> String {
    let name = std::path::Path::new(command.get_program()).file_name().unwrap_or_default();
    let mut words = vec![name.to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

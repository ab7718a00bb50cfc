//! The house rules that no compiler checks.

mod assets;
mod dependencies;
mod edges;
mod guarantees;
mod png_file;
mod words;

use crate::{docs, run, say};
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The largest file that may stand in the repository.
const LARGEST_FILE: u64 = 3_000_000;

/// Checks every rule and lists all that is wrong at once. `program` is a build of Overread of
/// today, if there is one.
pub(crate) fn tidy(program: Option<&Path>) -> Result<()> {
    let root = crate::root()?;
    let metadata = metadata()?;
    let files = tracked(&root)?;
    let scratch = target_dir(&metadata)?.join("xtask/docs");
    let mut found = Vec::new();
    found.extend(edges::check(&metadata)?);
    found.extend(edges::check_document(&read_text(&root.join("docs/architecture.md"))?));
    found.extend(edges::check_manifests(&metadata)?);
    let (manifest, record) = (root.join("Cargo.toml"), root.join(dependencies::RECORD));
    found.extend(dependencies::check(&read_text(&manifest)?, &read_text(&record)?)?);
    found.extend(guarantees::check(&metadata, &read_text(&root.join(guarantees::PAGE))?)?);
    found.extend(assets::check(&root.join("assets"))?);
    found.extend(words::check(&root, &files)?);
    found.extend(too_large(&root, &files)?);
    found.extend(docs::stale(&root, &scratch, program)?);
    if found.is_empty() {
        say!("tidy: {} files, nothing to complain of", files.len());
        return Ok(());
    }
    for line in &found {
        say!("tidy: {line}");
    }
    bail!("{} house rules are broken", found.len());
}

/// What `cargo metadata` says of this workspace, without its dependencies.
pub(crate) fn metadata() -> Result<serde_json::Value> {
    let words = ["metadata", "--no-deps", "--format-version", "1", "--locked"];
    let text = run::captured(&mut run::cargo(&words)?)?;
    serde_json::from_str(&text).context("could not read what cargo metadata says")
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir(metadata: &serde_json::Value) -> Result<PathBuf> {
    let folder = metadata["target_directory"].as_str();
    Ok(PathBuf::from(folder.context("cargo metadata names no target directory")?))
}

/// Files that git knows or would take, as paths below the root.
fn tracked(root: &Path) -> Result<Vec<String>> {
    let words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let listing = run::captured(Command::new("git").args(words).current_dir(root))?;
    let there = |name: &&str| !name.is_empty() && root.join(name).is_file();
    Ok(listing.split('\0').filter(there).map(str::to_owned).collect())
}

fn too_large(root: &Path, files: &[String]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for name in files {
        let bytes = std::fs::metadata(root.join(name))?.len();
        if bytes > LARGEST_FILE {
            found.push(format!("{name} has {bytes} bytes; {LARGEST_FILE} are the most"));
        }
    }
    Ok(found)
}

/// All files below a folder, in the order of their paths.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        let entries = std::fs::read_dir(&next)
            .with_context(|| format!("could not list {}", next.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_in_this_repository_is_too_large() {
        let root = crate::root().unwrap();
        let files = tracked(&root).unwrap();
        assert!(files.iter().any(|name| name == "Cargo.toml"));
        assert_eq!(too_large(&root, &files).unwrap(), Vec::<String>::new());
    }
}

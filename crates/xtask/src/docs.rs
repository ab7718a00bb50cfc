//! Documents that the program writes about itself: commands, keys, statistics.

use crate::run;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where they stand in the repository.
pub(crate) const FOLDER: &str = "docs/generated";

/// A generated page that stands beside the hand-written ones, in `docs/`.
const AUDIT: &str = "audit-of-the-papers.md";

/// Writes them anew.
pub(crate) fn write() -> Result<()> {
    let folder = crate::root()?.join(FOLDER);
    std::fs::create_dir_all(&folder).context("could not make docs/generated")?;
    generate(&folder, None)?;
    let audit = folder.with_file_name(AUDIT);
    std::fs::rename(folder.join(AUDIT), audit).context("could not move the audit of the papers")
}

/// Asks `program` for its documents, or a build of today where there is none yet. The tests hand
/// in theirs: building one crate alone picks other features and compiles the window again.
fn generate(folder: &Path, program: Option<&Path>) -> Result<()> {
    let mut command = match program {
        Some(program) => Command::new(program),
        None => run::cargo(&["run", "--quiet", "--locked", "--package", "overread", "--"])?,
    };
    run::visibly(command.arg("__docs").arg(folder))
}

/// What differs between the stored documents and what the program writes today. Nothing is
/// compared in a repository without such documents.
pub(crate) fn stale(root: &Path, scratch: &Path, program: Option<&Path>) -> Result<Vec<String>> {
    let folder = root.join(FOLDER);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    if scratch.exists() {
        std::fs::remove_dir_all(scratch).context("could not empty the scratch folder")?;
    }
    std::fs::create_dir_all(scratch).context("could not make the scratch folder")?;
    generate(scratch, program)?;
    let mut stored = contents(&folder)?;
    if let Ok(audit) = std::fs::read(folder.with_file_name(AUDIT)) {
        stored.insert(AUDIT.into(), audit);
    }
    Ok(differences(&stored, &contents(scratch)?))
}

type Contents = BTreeMap<PathBuf, Vec<u8>>;

fn contents(folder: &Path) -> Result<Contents> {
    let mut found = Contents::new();
    for path in crate::tidy::files_below(folder)? {
        let bytes = std::fs::read(&path).with_context(|| format!("{}", path.display()))?;
        found.insert(path.strip_prefix(folder)?.to_path_buf(), bytes);
    }
    Ok(found)
}

fn differences(stored: &Contents, fresh: &Contents) -> Vec<String> {
    let mut found = Vec::new();
    for (path, bytes) in fresh {
        match stored.get(path) {
            None => found.push(format!("{FOLDER}/{} is missing", path.display())),
            Some(old) if old != bytes => {
                found.push(format!("{FOLDER}/{} is out of date", path.display()));
            }
            Some(_) => {}
        }
    }
    for path in stored.keys().filter(|path| !fresh.contains_key(*path)) {
        found.push(format!("{FOLDER}/{} is no longer generated", path.display()));
    }
    if !found.is_empty() {
        found.push("run `cargo xtask docs`".to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents_of(files: &[(&str, &str)]) -> Contents {
        files.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect()
    }

    #[test]
    fn missing_stale_and_left_over_documents_are_each_named() {
        let stored = contents_of(&[("same.md", "1"), ("old.md", "2"), ("left.md", "3")]);
        let fresh = contents_of(&[("same.md", "1"), ("old.md", "4"), ("new.md", "5")]);
        let found = differences(&stored, &fresh).join("\n");
        assert!(found.contains("new.md is missing"));
        assert!(found.contains("old.md is out of date"));
        assert!(found.contains("left.md is no longer generated"));
        assert!(!found.contains("same.md"));
    }

    #[test]
    fn equal_documents_are_no_finding() {
        let stored = contents_of(&[("same.md", "1")]);
        assert_eq!(differences(&stored, &stored), Vec::<String>::new());
    }
}

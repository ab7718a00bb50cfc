//! The files below an image folder, found by relative path or by name.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

/// Folders nested deeper than this are not an image collection.
const MOST_DEPTH: usize = 32;

/// A file below the image folder.
#[derive(Debug)]
pub(crate) struct Found {
    /// Path below the image folder, with `/` between its parts.
    pub(crate) path: String,
    pub(crate) bytes: u64,
}

/// What lies below an image folder.
#[derive(Debug, Default)]
pub(crate) struct ImageFolder {
    files: Vec<Found>,
    by_path: HashMap<String, usize>,
    /// First file of that name, and whether there are more.
    by_name: HashMap<String, (usize, bool)>,
}

impl ImageFolder {
    /// Looks through a folder and everything below it.
    pub(crate) fn scan(root: &Path) -> io::Result<Self> {
        let mut folder = Self::default();
        let mut seen = HashSet::from([std::fs::canonicalize(root)?]);
        // An unreadable root is an error; an unreadable folder below it is only not there.
        std::fs::read_dir(root)?;
        folder.enter(root, "", 0, &mut seen);
        // The order of a folder's entries is the file system's own; ours must not be.
        folder.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        for (i, file) in folder.files.iter().enumerate() {
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            folder
                .by_name
                .entry(name.to_owned())
                .and_modify(|(_, several)| *several = true)
                .or_insert((i, false));
            folder.by_path.insert(file.path.clone(), i);
        }
        Ok(folder)
    }

    fn enter(&mut self, folder: &Path, below: &str, depth: usize, seen: &mut HashSet<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') {
                continue;
            }
            // Follows links: image folders are often linked in.
            let Ok(meta) = std::fs::metadata(entry.path()) else { continue };
            if meta.is_file() {
                self.files.push(Found { path: format!("{below}{name}"), bytes: meta.len() });
            } else if meta.is_dir()
                && depth < MOST_DEPTH
                && std::fs::canonicalize(entry.path()).is_ok_and(|full| seen.insert(full))
            {
                self.enter(&entry.path(), &format!("{below}{name}/"), depth + 1, seen);
            }
        }
    }

    /// Files of that many bytes, in the order of their paths.
    pub(crate) fn of_size(&self, bytes: u64) -> impl Iterator<Item = &Found> {
        self.files.iter().filter(move |file| file.bytes == bytes)
    }

    /// Every file, by path.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Found> {
        self.files.iter()
    }

    /// The file that a label table means: by path below the folder, by the end of that path, or by
    /// name. A key with folders is never matched to one of several files of its name.
    pub(crate) fn find(&self, key: &str) -> Option<&Found> {
        let slashes = key.replace('\\', "/");
        let key = slashes.trim_start_matches("./");
        let mut rest = key;
        loop {
            if let Some(&i) = self.by_path.get(rest) {
                return self.files.get(i);
            }
            match rest.split_once('/') {
                Some((_, tail)) => rest = tail,
                None => break,
            }
        }
        let bare = !key.contains('/');
        let (i, several) = self.by_name.get(rest)?;
        (bare || !several).then(|| self.files.get(*i)).flatten()
    }
}

//! The synthetic radiographs of the demo study, always the same bytes.

mod bench;
mod chest;
mod dicom;
mod plane;
mod rle;

use anyhow::{Context as _, Result};
use std::path::Path;

/// Where they stand in the repository.
pub(crate) const FOLDER: &str = "assets/demo/phantoms";

/// Every phantom as file name and contents.
pub(crate) fn all() -> Result<Vec<(&'static str, Vec<u8>)>> {
    Ok(vec![
        ("wedge.dcm", bench::wedge().to_bytes()?),
        ("chest-pneumothorax.dcm", chest::pneumothorax().to_bytes()?),
        ("chest-lut.dcm", chest::with_lut().to_bytes()?),
        ("geometry.dcm", bench::geometry().to_bytes()?),
    ])
}

/// Writes them below the root of the repository.
pub(crate) fn write(root: &Path) -> Result<()> {
    let folder = root.join(FOLDER);
    std::fs::create_dir_all(&folder).context("could not make the phantoms' folder")?;
    for (name, bytes) in all()? {
        let path = folder.join(name);
        std::fs::write(&path, &bytes).with_context(|| format!("could not write {name}"))?;
        crate::say!("{} {} bytes", path.display(), bytes.len());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phantoms_in_the_repository_are_what_the_generator_makes() {
        let folder = crate::root().unwrap().join(FOLDER);
        let phantoms = all().unwrap();
        for (name, bytes) in &phantoms {
            let stored = std::fs::read(folder.join(name)).unwrap();
            assert!(stored == *bytes, "{name} differs: run `cargo xtask phantoms`");
        }
        let stored = std::fs::read_dir(&folder).unwrap().count();
        assert_eq!(stored, phantoms.len(), "a file in {FOLDER} that no generator makes");
    }

    #[test]
    fn a_phantom_stays_below_one_megabyte() {
        for (name, bytes) in all().unwrap() {
            assert!(bytes.len() < 1_000_000, "{name}: {}", bytes.len());
        }
    }
}

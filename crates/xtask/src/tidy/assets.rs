//! Every file in `assets/` must load.

use super::{files_below, png_file};
use anyhow::{Context as _, Result, bail, ensure};
use std::path::Path;

/// Files that do not load, or whose kind nobody has a rule for.
pub(super) fn check(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for path in files_below(folder)? {
        let bytes =
            std::fs::read(&path).with_context(|| format!("could not read {}", path.display()))?;
        if let Err(error) = check_file(&path, &bytes) {
            let name = path.strip_prefix(folder).unwrap_or(&path);
            found.push(format!("assets/{}: {error:#}", name.display()));
        }
    }
    Ok(found)
}

fn check_file(path: &Path, bytes: &[u8]) -> Result<()> {
    ensure!(!bytes.is_empty(), "it is empty");
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    match &*extension {
        "png" => png_file::check(bytes),
        "toml" => check_toml(bytes),
        "csv" => check_csv(bytes),
        "ttf" => check_font(bytes),
        "woff2" => check_web_font(bytes),
        "json" => {
            serde_json::from_slice::<serde_json::Value>(bytes).map(|_| ()).context("it is no JSON")
        }
        "dcm" => check_dicom(bytes),
        "md" | "txt" | "svg" | "css" | "html" | "js" => {
            std::str::from_utf8(bytes).map(|_| ()).context("it is no text in UTF-8")
        }
        other => bail!("nobody has said how a file of kind `{other}` is checked"),
    }
}

fn check_toml(bytes: &[u8]) -> Result<()> {
    let text = std::str::from_utf8(bytes).context("it is no text in UTF-8")?;
    text.parse::<toml::Table>().map(|_| ()).context("it is no TOML")
}

fn check_csv(bytes: &[u8]) -> Result<()> {
    let mut reader = csv::Reader::from_reader(bytes);
    let mut rows = 0_usize;
    for record in reader.byte_records() {
        record.with_context(|| format!("row {} does not read", rows + 1))?;
        rows += 1;
    }
    ensure!(rows > 0, "it has no rows");
    Ok(())
}

/// The table directory of a TrueType font: kind, bounds, and the checksum of each table.
fn check_font(bytes: &[u8]) -> Result<()> {
    let word = |at: usize| -> Result<u32> {
        let part = bytes.get(at..at + 4).context("it is cut short")?;
        Ok(u32::from_be_bytes(part.try_into()?))
    };
    ensure!(matches!(word(0)?, 0x0001_0000 | 0x4F54_544F), "it has no font's header");
    let tables = usize::try_from(word(4)? >> 16)?;
    ensure!(tables > 0, "it has no tables");
    for row in (0..tables).map(|n| 12 + n * 16) {
        let (tag, sum) = (word(row)?, word(row + 4)?);
        let (start, length) = (usize::try_from(word(row + 8)?)?, usize::try_from(word(row + 12)?)?);
        let table =
            bytes.get(start..start.saturating_add(length)).context("a table is cut short")?;
        // The head table's sum leaves out the sum of the whole file, which stands inside it.
        if tag != u32::from_be_bytes(*b"head") {
            ensure!(checksum(table) == sum, "a table's checksum is wrong");
        }
    }
    Ok(())
}

/// A compressed font says its own length; the tables in it are for a browser to unpack.
fn check_web_font(bytes: &[u8]) -> Result<()> {
    ensure!(bytes.starts_with(b"wOF2"), "it has no web font's header");
    let length = bytes.get(8..12).context("it is cut short")?;
    let length = usize::try_from(u32::from_be_bytes(length.try_into()?))?;
    ensure!(length == bytes.len(), "it has {} bytes and says {length}", bytes.len());
    let tables = bytes.get(12..14).context("it is cut short")?;
    ensure!(tables != [0, 0], "it has no tables");
    Ok(())
}

fn checksum(table: &[u8]) -> u32 {
    table.chunks(4).fold(0, |sum: u32, chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        sum.wrapping_add(u32::from_be_bytes(word))
    })
}

fn check_dicom(bytes: &[u8]) -> Result<()> {
    ensure!(bytes.get(128..132) == Some(b"DICM"), "it has no DICM after 128 bytes");
    ensure!(bytes.len() > 1024, "it is cut short");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(name: &str, bytes: &[u8]) -> bool {
        check_file(Path::new(name), bytes).is_ok()
    }

    #[test]
    fn every_kind_is_told_from_its_broken_form() {
        assert!(verdict("a.toml", b"a = 1\n"));
        assert!(!verdict("a.toml", b"a = \n"));
        assert!(verdict("a.csv", b"x,y\n1,2\n"));
        assert!(!verdict("a.csv", b"x,y\n1,2,3\n"));
        assert!(!verdict("a.csv", b"x,y\n"));
        assert!(verdict("a.woff2", b"wOF2\0\x01\0\0\0\0\0\x10\0\x01\0\0"));
        assert!(!verdict("a.woff2", b"wOF2\0\x01\0\0\0\0\0\x10\0\x01\0"));
        assert!(verdict("a.json", b"{}"));
        assert!(!verdict("a.json", b"{"));
        assert!(!verdict("a.md", &[0xFF, 0xFE]));
        assert!(!verdict("a.dcm", &[0; 2000]));
        assert!(!verdict("a.png", b"not a picture"));
        assert!(!verdict("a.bin", b"?"));
        assert!(!verdict("a.txt", b""));
    }

    #[test]
    fn a_font_with_one_changed_byte_is_found() {
        let mut font = Vec::new();
        font.extend([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
        font.extend(b"cmap");
        font.extend(checksum(b"table words!").to_be_bytes());
        font.extend(28_u32.to_be_bytes());
        font.extend(12_u32.to_be_bytes());
        font.extend(b"table words!");
        assert!(verdict("a.ttf", &font));
        *font.last_mut().unwrap() ^= 1;
        assert!(!verdict("a.ttf", &font));
    }

    #[test]
    fn the_assets_of_this_repository_load() {
        let found = check(&crate::root().unwrap().join("assets")).unwrap();
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn the_demo_study_is_whole_and_fits_its_table() {
        let demo = crate::root().unwrap().join("assets/demo");
        let mut reader = csv::Reader::from_path(demo.join("labels.csv")).unwrap();
        let mut named = Vec::new();
        let mut pneumothorax = 0;
        for row in reader.records().map(Result::unwrap) {
            pneumothorax += usize::from(row[1].split('|').any(|label| label == "Pneumothorax"));
            named.push(row[0].to_owned());
        }
        let images = files_below(&demo.join("images")).unwrap();
        let stored: Vec<String> = images
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        assert_eq!(named, stored);
        assert!((24..=30).contains(&stored.len()));
        assert!(pneumothorax >= 10, "decks of ten must be readable");
        let notice = std::fs::read_to_string(demo.join("NOTICE.md")).unwrap();
        for part in ["NIH Clinical Center", "nihcc.app.box.com/v/ChestXray-NIHCC", "CVPR"] {
            assert!(notice.contains(part), "the notice lacks {part}");
        }
        let bytes: u64 =
            files_below(&demo).unwrap().iter().map(|path| path.metadata().unwrap().len()).sum();
        assert!(bytes < 15_000_000, "{bytes}");
    }
}

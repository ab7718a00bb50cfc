//! Everything that is done with a file from elsewhere, for the fuzz targets and for the test that runs their corpora.
#![allow(unreachable_pub, reason = "the fuzz targets are crates of their own")]

use std::path::{Path, PathBuf};

use overread_core::Protocol;
use overread_store::Project;
use overread_store::import::outside::{Known, read_reads, read_scores};
use overread_store::import::{Format, Request, drift, preview, read};

const FORMATS: [Format; 5] =
    [Format::Cxr14, Format::Mura, Format::Chexpert, Format::Mimic, Format::Table];

const MAP: &str = "study = \"study\"\npatient = \"patient\"\nimage = \"image\"\nage = \"age\"\nsex = \"sex\"\n\
                   [listed]\ncolumn = \"listed\"\nseparator = \";\"\nfindings = [\"a\", \"b\"]\nnone = \"none\"\n";

/// Divides the label files of one input.
const BETWEEN: u8 = 0x1e;

/// A byte that chooses the format, then label files.
pub fn labels(folder: &Path, bytes: &[u8]) {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let Some(&format) = FORMATS.get(usize::from(first) % FORMATS.len()) else { return };
    let map = folder.join("map.toml");
    let mut files = vec![];
    for (n, part) in rest.split(|&byte| byte == BETWEEN).take(4).enumerate() {
        let file = folder.join(format!("labels-{n}.csv"));
        if std::fs::write(&file, part).is_err() || std::fs::write(&map, MAP).is_err() {
            return;
        }
        preview(&file, 5).ok();
        files.push(file);
    }
    let map = (format == Format::Table).then_some(map.as_path());
    let read = |files: &[PathBuf]| read(&Request { format, labels: files, map, images: None });
    match read(&files) {
        Ok(import) => {
            assert_eq!(import.dataset.studies.len(), import.sources.len());
            assert!(import.dataset.studies.is_sorted_by(|a, b| a.id < b.id), "sorted and unique");
            drift(&import, &import);
        }
        // Every place that is named is one: lines and columns count from 1.
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A protocol.
pub fn protocol(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match Protocol::from_toml(text) {
        Ok(protocol) => {
            let again = Protocol::from_toml(&protocol.source);
            assert_eq!(again.map(|again| again.hash()).ok(), Some(protocol.hash()));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A table of reads, or of scores.
pub fn outside(folder: &Path, bytes: &[u8], known: &Known, protocol: &Protocol, scores: bool) {
    let file = folder.join("outside.csv");
    if std::fs::write(&file, bytes).is_err() {
        return;
    }
    if scores {
        read_scores(&file, known, protocol).ok();
    } else {
        read_reads(&file, None, known, protocol).ok();
    }
}

/// A packet that comes back.
pub fn packet(folder: &Path, bytes: &[u8], project: &Project) {
    let file = folder.join("packet.overread");
    if std::fs::write(&file, bytes).is_err() {
        return;
    }
    if let Ok(plan) = project.plan_merge(std::slice::from_ref(&file)) {
        plan.into_report();
    }
}

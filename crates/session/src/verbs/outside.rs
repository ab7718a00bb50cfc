//! Reads and scores made elsewhere.

use std::fmt::Write as _;
use std::path::Path;

use overread_store::import::outside::{read_reads, read_scores};
use serde_json::json;

use super::project::{LEAD, open_writable};
use super::{Said, VerbError};

/// Takes in a table of reads.
pub fn import_reads(
    path: &Path,
    file: &Path,
    map: Option<&Path>,
    declared_blinded: bool,
) -> Result<Said, VerbError> {
    let mut project = open_writable(path)?;
    let (known, protocol) = (project.known_studies()?, project.protocol()?);
    let reads = read_reads(file, map, &known, &protocol)?;
    let device = crate::chains::device_for(&mut project, LEAD)?;
    let event = project.save_outside_reads(&reads, declared_blinded, LEAD, &device)?;
    let drawn = project.sample()?.map(|sample| sample.studies());
    project.close()?;
    let in_sample = drawn.as_ref().map(|drawn| {
        let read: std::collections::BTreeSet<_> = reads.reads.iter().map(|r| r.study).collect();
        read.intersection(drawn).count()
    });
    let readers = reads.readers();
    let mut text = format!(
        "Imported {} answers of {} to {} studies from {}.",
        reads.reads.len(),
        readers.join(", "),
        reads.studies(),
        reads.file.name
    );
    if let Some(count) = in_sample {
        write!(text, " {count} of the studies were drawn; the others enter no figure.").ok();
    }
    if !declared_blinded {
        text.push_str(" They were not declared blinded (`--declared-blinded`), so they are kept and stay out of every primary figure.");
    }
    if !reads.ignored.is_empty() {
        write!(text, "\nIgnored columns: {}.", reads.ignored.join(", ")).ok();
    }
    for note in reads.notes.iter().take(20) {
        write!(text, "\nNote: {note}").ok();
    }
    let json = json!({
        "file": reads.file,
        "readers": readers,
        "studies": reads.studies(),
        "studies_drawn": in_sample,
        "reads": reads.reads.len(),
        "declared_blinded": declared_blinded,
        "ignored_columns": reads.ignored,
        "notes": reads.notes,
        "event": event.id,
    });
    Ok(Said::new(json, text))
}

/// Takes in a table of scores.
pub fn import_scores(path: &Path, file: &Path) -> Result<Said, VerbError> {
    let mut project = open_writable(path)?;
    let (known, protocol) = (project.known_studies()?, project.protocol()?);
    let scores = read_scores(file, &known, &protocol)?;
    let device = crate::chains::device_for(&mut project, LEAD)?;
    let event = project.save_outside_scores(&scores, LEAD, &device)?;
    project.close()?;
    let names = |pick: fn(&overread_store::import::outside::OutsideScore) -> String| {
        let all: std::collections::BTreeSet<String> = scores.scores.iter().map(pick).collect();
        all.into_iter().filter(|name| !name.is_empty()).collect::<Vec<String>>()
    };
    let (models, findings) = (names(|s| s.model.clone()), names(|s| s.finding.clone()));
    let studies = names(|s| s.study.to_string()).len();
    let mut text = format!(
        "Imported {} scores of {} for {studies} studies from {}.",
        scores.scores.len(),
        models.join(", "),
        scores.file.name
    );
    if !scores.ignored.is_empty() {
        write!(text, "\nIgnored columns: {}.", scores.ignored.join(", ")).ok();
    }
    let json = json!({
        "file": scores.file,
        "models": models,
        "findings": findings,
        "studies": studies,
        "scores": scores.scores.len(),
        "ignored_columns": scores.ignored,
        "event": event.id,
    });
    Ok(Said::new(json, text))
}

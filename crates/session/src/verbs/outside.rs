//! Reads and scores made elsewhere.

use std::fmt::Write as _;
use std::path::Path;

use overread_store::import::outside::{read_reads, read_scores, table_sha256};
use overread_store::{Project, StoreError};
use serde_json::json;

use super::project::{LEAD, open_writable};
use super::{Said, VerbError};

/// Takes in a table of reads; of one that came in undeclared, takes the declaration.
pub fn import_reads(
    path: &Path,
    file: &Path,
    map: Option<&Path>,
    declared_blinded: bool,
) -> Result<Said, VerbError> {
    let mut project = open_writable(path)?;
    let sha256 = table_sha256(file)?;
    if declared_blinded && let Some(said) = declare(&mut project, &sha256)? {
        project.close()?;
        return Ok(said);
    }
    let (known, protocol) = (project.known_studies()?, project.protocol()?);
    let reads = read_reads(file, map, &known, &protocol)?;
    let device = crate::chains::device_for(&mut project, LEAD)?;
    let event = project
        .save_outside_reads(&reads, declared_blinded, LEAD, &device)
        .map_err(|error| already(error, &project, &sha256))?;
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
        text.push_str(" They were not declared blinded (`--declared-blinded`), so they are kept and stay out of every primary figure; the same command with it declares them later.");
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

/// Declares the readers of a table blinded that came in before without it; `None` where there is none.
fn declare(project: &mut Project, sha256: &str) -> Result<Option<Said>, VerbError> {
    let device = crate::chains::device_for(project, LEAD)?;
    let Some((file, event)) = project.declare_outside_blinded(sha256, LEAD, &device)? else {
        return Ok(None);
    };
    let text = format!(
        "{} was imported before; its readers ({}) are now declared blinded, and their answers to drawn studies enter the figures. Nothing was imported again.",
        file.name,
        file.who.join(", ")
    );
    let json = json!({
        "file": { "name": file.name, "sha256": file.sha256 },
        "readers": file.who,
        "studies": file.studies,
        "declared_blinded": true,
        "imported_before": true,
        "event": event.id,
    });
    Ok(Some(Said::new(json, text)))
}

/// That a table is there already, and what is left to do with it.
fn already(error: StoreError, project: &Project, sha256: &str) -> VerbError {
    let undeclared = project.outside_files().is_ok_and(|files| {
        files.iter().any(|file| file.sha256 == sha256 && !file.declared_blinded)
    });
    match error {
        StoreError::AlreadyImported { .. } if undeclared => VerbError::Other(format!(
            "{error} To declare that its readers did not know the labels, add `--declared-blinded`."
        )),
        other => other.into(),
    }
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

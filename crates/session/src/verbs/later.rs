//! Disagreements for an adjudicator, and discordances with the label to look at again.

use std::collections::BTreeMap;
use std::path::Path;

use overread_core::later::{self, Open};
use overread_core::{Phase, ReaderRecord, Worklist};
use overread_store::{Later, OpenMode, Project};
use serde_json::{Value, json};

use super::project::{LEAD, open_writable};
use super::{Said, VerbError};

/// Puts studies on which locked reads disagree before an adjudicator.
pub fn adjudicate(path: &Path, name: Option<&str>, dry_run: bool) -> Result<Said, VerbError> {
    let mut project = open(path, dry_run)?;
    let Some(sample) = project.sample()? else { return Err(not_drawn(path)) };
    let protocol = project.protocol()?;
    let rows = project.readers()?;
    let adjudicators: Vec<&str> =
        rows.iter().filter(|r| r.role == "adjudicator").map(|r| r.name.as_str()).collect();
    let adjudicator = match (name, adjudicators.as_slice()) {
        (Some(name), list) if list.contains(&name) => name.to_owned(),
        (None, [one]) => (*one).to_owned(),
        (Some(name), _) => {
            return Err(VerbError::Other(format!(
                "`{name}` is no adjudicator of this project. Add one with `overread readers {} add {name} --role adjudicator`.",
                path.display()
            )));
        }
        (None, []) => {
            return Err(VerbError::Other(format!(
                "There is no adjudicator in {} yet. Add one with `overread readers {} add NAME --role adjudicator`.",
                path.display(),
                path.display()
            )));
        }
        (None, several) => {
            return Err(VerbError::Other(format!(
                "There are several adjudicators: {}. Say who with `--reader NAME`.",
                several.join(", ")
            )));
        }
    };
    let mut records = Vec::new();
    for reader in rows.iter().filter(|row| row.role != "adjudicator") {
        records.push(project.reader_record(&reader.name)?);
    }
    records.extend(declared_blinded(&project, &sample)?);
    let open = later::disagreements(&protocol, &sample, &records);
    let mut list = project
        .worklist(&adjudicator)?
        .unwrap_or_else(|| Worklist { reader: adjudicator.clone(), ..Worklist::default() });
    let added = later::append(&sample, &mut list, &open, Phase::Adjudicate);
    if 0 < added && !dry_run {
        let device = crate::chains::device_for(&project, LEAD)?;
        project.save_later_items(&list, Later::Adjudication, LEAD, &device)?;
    }
    project.close()?;
    let said = describe(&open, added, &list, Phase::Adjudicate, dry_run);
    let json = json!({ "adjudicator": adjudicator, "disagreements": said.1, "added": added,
        "items": said.2, "dry_run": dry_run });
    Ok(Said::new(json, format!("{}, for {adjudicator}.\n{}", said.0, rows_text(&open))))
}

/// Puts studies on which a reader and the dataset's label differ before that reader again.
pub fn review(
    path: &Path,
    reader: &str,
    finding: Option<&str>,
    dry_run: bool,
) -> Result<Said, VerbError> {
    let mut project = open(path, dry_run)?;
    let Some(sample) = project.sample()? else { return Err(not_drawn(path)) };
    let (dataset, protocol) = (project.dataset()?, project.protocol()?);
    let record = project.reader_record(reader)?;
    let closed = |deck: u32| {
        let progress = crate::release::progress(&record, deck);
        0 < progress.items && progress.locked == progress.items
    };
    let decks = u32::try_from(sample.decks.len()).unwrap_or(u32::MAX);
    if !(0..decks).any(closed) {
        return Err(VerbError::Other(format!(
            "{reader} has finished no deck yet: the label is shown for review only when a deck is closed."
        )));
    }
    let open = later::discordances(&dataset, &protocol, &sample, &record, finding);
    let mut list = record.worklist.clone();
    let added = later::append(&sample, &mut list, &open, Phase::Review);
    if 0 < added && !dry_run {
        let device = crate::chains::device_for(&project, LEAD)?;
        project.save_later_items(&list, Later::Review, LEAD, &device)?;
    }
    project.close()?;
    let said = describe(&open, added, &list, Phase::Review, dry_run);
    let json = json!({ "reader": reader, "discordances": said.1, "added": added,
        "items": said.2, "dry_run": dry_run });
    Ok(Said::new(json, format!("{}, for {reader}.\n{}", said.0, rows_text(&open))))
}

/// Readers from elsewhere whose answers count.
pub(super) fn declared_blinded(
    project: &Project,
    sample: &overread_core::Sample,
) -> Result<Vec<ReaderRecord>, VerbError> {
    let mut records = project.outside_records(sample)?;
    records.retain(|record| record.source.as_ref().is_some_and(|source| source.declared_blinded));
    Ok(records)
}

fn open(path: &Path, dry_run: bool) -> Result<Project, VerbError> {
    if dry_run {
        return Ok(Project::open(path, OpenMode::ReadOnly)?.project);
    }
    open_writable(path)
}

fn not_drawn(path: &Path) -> VerbError {
    VerbError::Other(format!(
        "Nothing has been drawn in {} yet. Run `overread sample` first.",
        path.display()
    ))
}

/// How many there are in words, the counts as JSON, and how many items stand in the worklist.
fn describe(
    open: &[Open],
    added: usize,
    list: &Worklist,
    phase: Phase,
    dry_run: bool,
) -> (String, Value, usize) {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for row in open {
        for rule in &row.rules {
            *counts.entry((&row.finding, rule)).or_default() += 1;
        }
    }
    let rows: Vec<Value> = counts
        .iter()
        .map(|((finding, rule), n)| json!({ "finding": finding, "rule": rule, "studies": n }))
        .collect();
    let items = list.items.iter().filter(|item| item.phase == phase).count();
    let verb = if dry_run { "would be added" } else { "added" };
    (format!("{} questions differ, {added} {verb}", open.len()), json!(rows), items)
}

fn rows_text(open: &[Open]) -> String {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for row in open {
        for rule in &row.rules {
            *counts.entry((&row.finding, rule)).or_default() += 1;
        }
    }
    let lines: Vec<String> =
        counts.iter().map(|((finding, rule), n)| format!("{finding}, {rule}: {n}")).collect();
    lines.join("\n")
}

//! Disagreements for an adjudicator, and discordances with the label to look at again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use overread_core::later::{self, Open};
use overread_core::protocol::nearest;
use overread_core::{Phase, Protocol, ReaderRecord, Worklist};
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
        (Some(name), list) => {
            let known = match list {
                [] => "there is none yet".to_owned(),
                list => format!("known are {}", list.join(", ")),
            };
            return Err(VerbError::Other(format!(
                "`{name}` is no adjudicator of this project; {known}. `overread readers {} add NAME --role adjudicator` adds one.",
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
    let new: Vec<Open> =
        later::missing(&sample, &list, &open, Phase::Adjudicate).into_iter().cloned().collect();
    let added = later::append(&sample, &mut list, &new, Phase::Adjudicate);
    if 0 < added && !dry_run {
        let device = crate::chains::device_for(&mut project, LEAD)?;
        project.save_later_items(&list, Later::Adjudication, LEAD, &device)?;
    }
    project.close()?;
    let items = list.items.iter().filter(|item| item.phase == Phase::Adjudicate).count();
    let json = json!({ "adjudicator": adjudicator, "disagreements": counts_json(&open),
        "added": added, "items": items, "dry_run": dry_run });
    let differ = open.len();
    Ok(Said::new(json, words(&new, (differ, items), (&adjudicator, dry_run))))
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
    if !project.readers()?.iter().any(|known| known.name == reader) {
        return Err(super::no_reader(&project, reader));
    }
    let record = project.reader_record(reader)?;
    if let Some(name) = finding
        && protocol.finding_index(name).is_none()
    {
        return Err(no_finding(&protocol, name));
    }
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
    let new: Vec<Open> =
        later::missing(&sample, &list, &open, Phase::Review).into_iter().cloned().collect();
    let added = later::append(&sample, &mut list, &new, Phase::Review);
    if 0 < added && !dry_run {
        let device = crate::chains::device_for(&mut project, LEAD)?;
        project.save_later_items(&list, Later::Review, LEAD, &device)?;
    }
    project.close()?;
    let items = list.items.iter().filter(|item| item.phase == Phase::Review).count();
    let json = json!({ "reader": reader, "discordances": counts_json(&open), "added": added,
        "items": items, "dry_run": dry_run });
    Ok(Said::new(json, words(&new, (open.len(), items), (reader, dry_run))))
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

/// Which finding was meant, and which there are.
fn no_finding(protocol: &Protocol, name: &str) -> VerbError {
    let known: Vec<&str> = protocol.findings.iter().map(|finding| finding.id.as_str()).collect();
    let meant = nearest(name, known.iter().copied())
        .map_or_else(String::new, |meant| format!(" Did you mean `{meant}`?"));
    VerbError::Other(format!(
        "The protocol has no finding `{name}`.{meant} It has {}.",
        known.join(", ")
    ))
}

fn not_drawn(path: &Path) -> VerbError {
    VerbError::Other(format!(
        "Nothing has been drawn in {} yet. Run `overread sample` first.",
        path.display()
    ))
}

/// How many differ under each rule; a level against no answer counts by itself.
fn counts<'o>(open: impl Iterator<Item = &'o Open>) -> BTreeMap<(&'o str, &'o str), u64> {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for row in open {
        let undecided = row.undecided.then_some("no answer");
        for under in row.rules.iter().map(String::as_str).chain(undecided) {
            *counts.entry((&row.finding, under)).or_default() += 1;
        }
    }
    counts
}

fn counts_json(open: &[Open]) -> Value {
    let rows: Vec<Value> = counts(open.iter())
        .iter()
        .map(|((finding, rule), n)| json!({ "finding": finding, "rule": rule, "studies": n }))
        .collect();
    json!(rows)
}

/// What was added, by finding and rule; of what stands in the worklist already only the number.
fn words(new: &[Open], (differ, items): (usize, usize), (whose, dry_run): (&str, bool)) -> String {
    let verb = if dry_run { "would be added" } else { "added" };
    if new.is_empty() {
        return match differ {
            0 => format!("No questions differ; nothing {verb} for {whose}."),
            _ => format!(
                "{differ} questions differ, none of them new: nothing {verb} for {whose}, whose worklist has {items} of them. Studies that {whose} has read are left out."
            ),
        };
    }
    let mut text = format!("{differ} questions differ, {} {verb}, for {whose}.", new.len());
    for ((finding, rule), n) in counts(new.iter()) {
        write!(text, "\n{finding}, {rule}: {n}").ok();
    }
    text
}

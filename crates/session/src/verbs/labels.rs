//! Looking at label files before a project is made of them, and comparing two of them.

use std::fmt::Write as _;
use std::path::PathBuf;

use overread_store::import::{self, Format, Import, ImportError, Request};
use serde_json::{Value, json};

use super::project::{NewProject, found_words, note_lines};
use super::{Said, VerbError};

/// Rows of a file shown in a preview.
const SHOWN_ROWS: usize = 5;
/// Cells of a row shown in a preview.
const SHOWN_CELLS: usize = 12;
/// Changed studies printed before the rest is only counted.
const SHOWN_STUDIES: usize = 40;

/// What a new project would be made of: files as found, counts, and every row that is rejected.
pub(super) fn preview(
    what: &NewProject,
    imported: Result<Import, VerbError>,
) -> Result<Said, VerbError> {
    let files = what
        .labels
        .iter()
        .map(|path| import::preview(path, SHOWN_ROWS))
        .collect::<Result<Vec<_>, _>>()?;
    let mut text = String::new();
    for file in &files {
        writeln!(
            text,
            "{}: {} bytes{}, {}, columns divided by {:?}, lines by {}, {} rows, a header counted\n  SHA-256 {}",
            file.name,
            file.bytes,
            if file.gzipped { ", gzipped" } else { "" },
            file.encoding,
            file.delimiter,
            file.line_ends,
            file.rows,
            file.sha256
        )
        .ok();
        writeln!(text, "  {}", cells(&file.columns)).ok();
        for row in &file.first_rows {
            writeln!(text, "  {}", cells(row)).ok();
        }
    }
    let (result, rejected, found) = match imported {
        Ok(import) => {
            let dataset = &import.dataset;
            writeln!(
                text,
                "{} studies of {} patients, {} images{}.",
                dataset.studies.len(),
                dataset.patients,
                dataset.image_count(),
                found_words(what.images.is_some(), import.images_available())
            )
            .ok();
            for (label, count) in dataset.positives() {
                writeln!(text, "  {label}: {count} positive").ok();
            }
            note_lines(&mut text, &import.notes);
            text.push_str("Nothing was made: this was a dry run.");
            let result = json!({
                "studies": dataset.studies.len(),
                "patients": dataset.patients,
                "images": dataset.image_count(),
                "images_available": import.images_available(),
                "labels": dataset.positives(),
                "sha256": dataset.sha256,
                "boxes": import.boxes.len(),
                "notes": import.notes,
            });
            (result, Vec::new(), false)
        }
        Err(VerbError::Import(ImportError::Rows(faults))) => {
            writeln!(text, "{} rows are rejected, so nothing would be imported:", faults.len())
                .ok();
            for fault in &faults {
                writeln!(text, "  {fault}").ok();
            }
            text.push_str("Columns are counted in characters.");
            (Value::Null, faults, true)
        }
        Err(other) => return Err(other),
    };
    let json = json!({
        "dry_run": true,
        "format": what.format,
        "files": files,
        "result": result,
        "rejected": rejected,
    });
    Ok(Said { found, ..Said::new(json, text.trim_end().to_owned()) })
}

fn cells(row: &[String]) -> String {
    let shown: Vec<String> =
        row.iter().take(SHOWN_CELLS).map(|cell| cell.escape_debug().to_string()).collect();
    let more = if SHOWN_CELLS < row.len() { " | …" } else { "" };
    format!("{}{more}", shown.join(" | "))
}

/// How the labels of one dataset changed between two of its files.
pub fn drift(
    first: &[PathBuf],
    second: &[PathBuf],
    format: &str,
    map: Option<&std::path::Path>,
) -> Result<Said, VerbError> {
    let format: Format = format.parse()?;
    let read = |labels: &[PathBuf]| import::read(&Request { format, labels, map, images: None });
    let (a, b) = (read(first)?, read(second)?);
    let drift = import::drift(&a, &b);
    let mut text = format!(
        "{} studies in both files, {} in the first alone, {} in the second alone. Labels of {} studies differ.\n",
        drift.common,
        drift.only_first.len(),
        drift.only_second.len(),
        drift.changed
    );
    writeln!(
        text,
        "{:<24}{:>10}{:>10}{:>8}{:>9}{:>7}",
        "finding", "first", "second", "added", "removed", "other"
    )
    .ok();
    for row in &drift.findings {
        writeln!(
            text,
            "{:<24}{:>10}{:>10}{:>8}{:>9}{:>7}",
            row.finding, row.before, row.after, row.added, row.removed, row.other
        )
        .ok();
    }
    for study in drift.studies.iter().take(SHOWN_STUDIES) {
        let signed = |sign: &str, list: &[String]| {
            list.iter().map(|name| format!("{sign}{name}")).collect::<Vec<_>>()
        };
        let mut changes = signed("+", &study.added);
        changes.extend(signed("-", &study.removed));
        changes.extend(signed("~", &study.other));
        writeln!(text, "{}: {}", study.study, changes.join(" ")).ok();
    }
    if SHOWN_STUDIES < drift.studies.len() {
        writeln!(text, "and {} more; `--json` lists all", drift.studies.len() - SHOWN_STUDIES).ok();
    }
    let mut json = serde_json::to_value(&drift).unwrap_or_default();
    json["first"] = json!(a.files);
    json["second"] = json!(b.files);
    Ok(Said::new(json, text.trim_end().to_owned()))
}

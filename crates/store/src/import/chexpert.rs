//! `CheXpert`: one row per image, 1 positive, 0 negative, -1 uncertain, blank not mentioned.

use overread_core::dataset::{DatasetLabel, Labels, MAX_FINDINGS, Words};

use super::assemble::{ImageRow, Table};
use super::merge::{Blame, Gather, Part, sex_of, years_of};
use super::rows::Rows;
use super::source::Source;
use super::{Fault, ImportError};

const HEADER: [&str; 5] = ["Path", "Sex", "Age", "Frontal/Lateral", "AP/PA"];

pub(super) fn read(files: &[Source]) -> Result<Table, ImportError> {
    let mut findings: Vec<String> = Vec::new();
    let mut gather = Gather::default();
    let mut notes = Vec::new();
    let mut words = Words::default();
    for source in files {
        let (text, latin1) = source.text();
        if latin1 {
            notes.push(source.fault(1, 1, "the file is not UTF-8 and was read as Latin-1"));
        }
        let mut rows = Rows::new(source, text, b',')?;
        let here = header(source, &mut rows)?;
        if findings.is_empty() {
            findings = here;
        } else if findings != here {
            let fault = source.fault(1, 1, "the header is not that of the first file");
            return Err(ImportError::Rows(vec![fault]));
        }
        while rows.advance() {
            if let Some(part) = part_of(&mut rows, &mut words, &findings, &mut notes) {
                gather.add(&mut rows, part, Blame::default());
            }
        }
        rows.finish()?;
    }
    Ok(Table { findings, studies: gather.studies, notes, ..Table::default() })
}

fn header(source: &Source, rows: &mut Rows<'_>) -> Result<Vec<String>, ImportError> {
    let one = |fault| Err(ImportError::Rows(vec![fault]));
    if !rows.advance() {
        return one(source.fault(1, 1, "the file is empty"));
    }
    for (i, name) in HEADER.iter().enumerate() {
        if rows.cell(i).trim() != *name {
            let text = format!("the header has `{}` where CheXpert has `{name}`", rows.cell(i));
            return one(rows.at(i, text));
        }
    }
    let findings: Vec<String> =
        rows.row().iter().skip(HEADER.len()).map(|name| name.trim().to_owned()).collect();
    if findings.is_empty() || MAX_FINDINGS < findings.len() {
        return one(rows.at(HEADER.len(), "1 to 64 observations are needed behind `AP/PA`"));
    }
    for (i, name) in findings.iter().enumerate() {
        let twice = findings.iter().take(i).any(|other| other == name);
        if name.is_empty() || twice {
            return one(rows.at(HEADER.len() + i, "every observation needs a name of its own"));
        }
    }
    Ok(findings)
}

/// What is wrong with the cell of an observation.
pub(super) fn no_label(cell: &str, finding: Option<&String>) -> String {
    let finding = finding.map_or("", String::as_str);
    format!("`{cell}` in the column `{finding}` is no label: 1, 0, -1 or nothing is needed")
}

fn part_of(
    rows: &mut Rows<'_>,
    words: &mut Words,
    findings: &[String],
    notes: &mut Vec<Fault>,
) -> Option<Part> {
    let wanted = HEADER.len() + findings.len();
    if rows.row().len() != wanted {
        rows.reject_width(wanted);
        return None;
    }
    let before = rows.faults.len();
    let path = rows.cell(0).trim().to_owned();
    // `…/train/patient00001/study1/view1_frontal.jpg`
    let parts: Vec<&str> = path.split('/').collect();
    let (mut patient, mut split) = ("", None);
    if let [.., group, who, _study, _file] = parts.as_slice() {
        patient = *who;
        split = matches!(*group, "train" | "valid" | "test").then(|| words.share(group));
    }
    if patient.is_empty() {
        rows.reject(0, "a path such as train/patient00001/study1/view1_frontal.jpg is needed");
    }
    let patient = words.share(patient);
    let key = path.rsplit_once('/').map_or("", |(study, _)| study).to_owned();
    let sex = sex_of(rows.cell(1)).unwrap_or_else(|why| {
        notes.push(rows.at(1, format!("column `Sex`: {why}")));
        None
    });
    let age_years = years_of(rows.cell(2)).unwrap_or_else(|why| {
        rows.reject(2, format!("column `Age`: {why}"));
        None
    });
    let view = match (rows.cell(3).trim(), rows.cell(4).trim()) {
        ("Frontal", "") => Some(words.share("FRONTAL")),
        ("Frontal", side) => Some(words.share(side)),
        ("Lateral", _) => Some(words.share("LATERAL")),
        (other, _) => {
            let text = format!(
                "`{other}` in the column `Frontal/Lateral`: `Frontal` or `Lateral` is needed"
            );
            rows.reject(3, text);
            None
        }
    };
    let mut labels = Labels::default();
    for i in 0..findings.len() {
        let column = HEADER.len() + i;
        match rows.cell(column).trim() {
            "1" | "1.0" => labels.set(i, DatasetLabel::Positive),
            "0" | "0.0" => labels.set(i, DatasetLabel::Negative),
            "-1" | "-1.0" => labels.set(i, DatasetLabel::Uncertain),
            "" => {}
            other => {
                let text = no_label(other, findings.get(i));
                rows.reject(column, text);
            }
        }
    }
    let image = Some(ImageRow { key: Some(path), view });
    let region = Some(words.share("CHEST"));
    (rows.faults.len() == before).then_some(Part {
        key,
        patient,
        labels,
        image,
        sex,
        age_years,
        region,
        split,
    })
}

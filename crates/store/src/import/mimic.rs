//! MIMIC-CXR: one row of labels per study; images, views and splits come in tables of their own.

use std::collections::HashMap;

use overread_core::dataset::{DatasetLabel, Labels, MAX_FINDINGS, Words};

use super::ImportError;
use super::assemble::{ImageRow, StudyRow, Table};
use super::chexpert::no_label;
use super::rows::Rows;
use super::source::Source;

/// What a file holds, by its header.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `subject_id,study_id` and the observations.
    Labels,
    /// `dicom_id,subject_id,study_id,…,ViewPosition,…`
    Metadata,
    /// `dicom_id,study_id,subject_id,split`
    Split,
}

pub(super) fn read(files: &[Source]) -> Result<Table, ImportError> {
    let mut of_kind: HashMap<&str, Vec<&Source>> = HashMap::new();
    for source in files {
        let name = match kind_of(source)? {
            Kind::Labels => "labels",
            Kind::Metadata => "metadata",
            Kind::Split => "split",
        };
        of_kind.entry(name).or_default().push(source);
    }
    let mut of = |name: &str| of_kind.remove(name).unwrap_or_default();
    let (labels, metadata, splits) = (of("labels"), of("metadata"), of("split"));
    let [labels] = labels.as_slice() else {
        return Err(ImportError::Files(format!(
            "MIMIC-CXR has one table of labels (mimic-cxr-2.0.0-chexpert.csv), perhaps with metadata and split; {} tables of labels were given. Nothing was imported.",
            labels.len()
        )));
    };
    let (findings, mut studies) = read_labels(labels)?;
    let number: HashMap<String, usize> =
        studies.iter().enumerate().map(|(i, study)| (study.key.clone(), i)).collect();
    let mut notes = Vec::new();
    for source in metadata {
        notes.extend(read_metadata(source, &number, &mut studies)?);
    }
    for source in splits {
        read_split(source, &number, &mut studies)?;
    }
    Ok(Table { findings, studies, notes, ..Table::default() })
}

fn kind_of(source: &Source) -> Result<Kind, ImportError> {
    let (text, _) = source.text();
    let header = text.lines().next().unwrap_or("").trim();
    let columns: Vec<&str> = header.split(',').map(str::trim).collect();
    let has = |name: &str| columns.contains(&name);
    if has("dicom_id") && has("study_id") && has("split") {
        Ok(Kind::Split)
    } else if has("dicom_id") && has("study_id") {
        Ok(Kind::Metadata)
    } else if matches!(columns.as_slice(), ["subject_id", "study_id", _, ..]) {
        Ok(Kind::Labels)
    } else {
        let text = "the header is not that of a table of MIMIC-CXR: `subject_id,study_id` and observations, or `dicom_id` and more";
        Err(ImportError::Rows(vec![source.fault(1, 1, text)]))
    }
}

fn whole(cell: &str) -> bool {
    !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit())
}

fn read_labels(source: &Source) -> Result<(Vec<String>, Vec<StudyRow>), ImportError> {
    let (text, _) = source.text();
    let mut rows = Rows::new(source, text, b',')?;
    rows.advance();
    let findings: Vec<String> =
        rows.row().iter().skip(2).map(|name| name.trim().to_owned()).collect();
    for (i, name) in findings.iter().enumerate() {
        if name.is_empty() || findings.iter().take(i).any(|other| other == name) {
            let fault = rows.at(2 + i, "every observation needs a name of its own");
            return Err(ImportError::Rows(vec![fault]));
        }
    }
    if MAX_FINDINGS < findings.len() {
        let fault = rows.at(2 + MAX_FINDINGS, "1 to 64 observations are possible");
        return Err(ImportError::Rows(vec![fault]));
    }
    let mut studies: Vec<StudyRow> = Vec::new();
    let mut words = Words::default();
    let mut seen: HashMap<String, u64> = HashMap::new();
    while rows.advance() {
        let wanted = 2 + findings.len();
        if rows.row().len() != wanted {
            rows.reject_width(wanted);
            continue;
        }
        let before = rows.faults.len();
        let [subject, study] = [0, 1].map(|i| rows.cell(i).trim().to_owned());
        for (i, cell, what) in [(0, &subject, "subject"), (1, &study, "study")] {
            if !whole(cell) {
                rows.reject(i, format!("the {what} is a whole number"));
            }
        }
        let mut labels = Labels::default();
        for i in 0..findings.len() {
            match rows.cell(2 + i).trim() {
                "1" | "1.0" => labels.set(i, DatasetLabel::Positive),
                "0" | "0.0" => labels.set(i, DatasetLabel::Negative),
                "-1" | "-1.0" => labels.set(i, DatasetLabel::Uncertain),
                "" => {}
                other => {
                    let text = no_label(other, findings.get(i));
                    rows.reject(2 + i, text);
                }
            }
        }
        if before < rows.faults.len() {
            continue;
        }
        if let Some(first) = seen.insert(study.clone(), rows.line()) {
            rows.reject(1, format!("the study of line {first} stands here again"));
            continue;
        }
        studies.push(StudyRow {
            key: study,
            patient: words.share(&subject),
            labels,
            images: Vec::new(),
            sex: None,
            age_years: None,
            region: Some(words.share("CHEST")),
            split: None,
        });
    }
    rows.finish()?;
    Ok((findings, studies))
}

/// Columns of a table with `dicom_id`, by name.
fn columns<const N: usize>(
    source: &Source,
    rows: &mut Rows<'_>,
    names: [&str; N],
) -> Result<[usize; N], ImportError> {
    rows.advance();
    let header: Vec<String> = rows.row().iter().map(|name| name.trim().to_owned()).collect();
    let mut found = [0; N];
    for (place, name) in found.iter_mut().zip(names) {
        let Some(i) = header.iter().position(|column| column == name) else {
            let text = format!("the column `{name}` is missing");
            return Err(ImportError::Rows(vec![source.fault(1, 1, text)]));
        };
        *place = i;
    }
    Ok(found)
}

/// Images and their views. Images of studies that have no labels are noted, not taken.
fn read_metadata(
    source: &Source,
    number: &HashMap<String, usize>,
    studies: &mut [StudyRow],
) -> Result<Vec<super::Fault>, ImportError> {
    let (text, _) = source.text();
    let mut rows = Rows::new(source, text, b',')?;
    let names = ["dicom_id", "subject_id", "study_id", "ViewPosition"];
    let [dicom, subject, study, view] = columns(source, &mut rows, names)?;
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut without = 0_u64;
    let mut words = Words::default();
    while rows.advance() {
        let id = rows.cell(dicom).trim().to_owned();
        if id.is_empty() || id.contains(['/', '\\']) {
            rows.reject(dicom, "a plain file name without its ending is needed");
            continue;
        }
        let Some(row) = number.get(rows.cell(study).trim()).and_then(|&i| studies.get_mut(i))
        else {
            without += 1;
            continue;
        };
        let patient = rows.cell(subject).trim().to_owned();
        if *row.patient != *patient {
            rows.reject(subject, "the table of labels gives this study to another subject");
            continue;
        }
        if let Some(first) = seen.insert(id.clone(), rows.line()) {
            rows.reject(dicom, format!("the image of line {first} stands here again"));
            continue;
        }
        let view = Some(rows.cell(view).trim()).filter(|view| !view.is_empty());
        let view = view.map(|view| words.share(view));
        let group = patient.get(..2).unwrap_or(&patient);
        let key = format!("files/p{group}/p{patient}/s{}/{id}.jpg", row.key);
        row.images.push(ImageRow { key: Some(key), view });
    }
    rows.finish()?;
    let mut notes = Vec::new();
    if 0 < without {
        let text = format!("{without} images belong to studies without labels and were left out");
        notes.push(source.fault(0, 0, text));
    }
    Ok(notes)
}

fn read_split(
    source: &Source,
    number: &HashMap<String, usize>,
    studies: &mut [StudyRow],
) -> Result<(), ImportError> {
    let (text, _) = source.text();
    let mut rows = Rows::new(source, text, b',')?;
    let [study, split] = columns(source, &mut rows, ["study_id", "split"])?;
    let mut words = Words::default();
    while rows.advance() {
        let word = rows.cell(split).trim().to_owned();
        let Some(row) = number.get(rows.cell(study).trim()).and_then(|&i| studies.get_mut(i))
        else {
            continue;
        };
        match &row.split {
            Some(other) if **other != *word => {
                rows.reject(split, "another image of the same study stands in another split");
            }
            _ if word.is_empty() => rows.reject(split, "a split such as train is needed"),
            _ => row.split = Some(words.share(&word)),
        }
    }
    rows.finish()
}

//! MURA: a list of image paths and a list of labelled studies, for training and for validation.

use std::collections::HashMap;

use overread_core::dataset::{DatasetLabel, Labels, Words};

use super::ImportError;
use super::assemble::{ImageRow, StudyRow, Table};
use super::rows::Rows;
use super::source::Source;

/// The one label: a study is normal or abnormal.
const FINDING: &str = "abnormal";

pub(super) fn read(files: &[Source]) -> Result<Table, ImportError> {
    let (labels, paths): (Vec<&Source>, Vec<&Source>) =
        files.iter().partition(|file| has_labels(file));
    if labels.is_empty() || paths.is_empty() {
        let missing = if labels.is_empty() { "labeled_studies" } else { "image_paths" };
        return Err(ImportError::Files(format!(
            "MURA comes as pairs of files, such as train_image_paths.csv and train_labeled_studies.csv; no {missing} file was given. Nothing was imported."
        )));
    }
    let mut studies: Vec<StudyRow> = Vec::new();
    let mut number: HashMap<String, usize> = HashMap::new();
    let mut words = Words::default();
    for source in labels {
        read_labels(source, &mut words, &mut studies, &mut number)?;
    }
    for source in paths {
        read_paths(source, &mut studies, &number)?;
    }
    for study in &mut studies {
        study.images.sort_by_key(|image| natural(image.key.as_deref()));
    }
    Ok(Table { findings: vec![FINDING.to_owned()], studies, ..Table::default() })
}

fn has_labels(source: &Source) -> bool {
    let (text, _) = source.text();
    text.lines().next().is_some_and(|line| line.contains(','))
}

/// Parts of `MURA-v1.1/train/XR_ELBOW/patient00001/study1_positive`.
struct StudyPath {
    key: String,
    split: String,
    region: String,
    patient: String,
}

fn study_path(path: &str) -> Option<StudyPath> {
    let key = path.trim().trim_end_matches('/');
    let parts: Vec<&str> = key.split('/').collect();
    let [.., split, region, patient, study] = parts.as_slice() else { return None };
    let fits =
        region.starts_with("XR_") && patient.starts_with("patient") && study.starts_with("study");
    fits.then(|| StudyPath {
        key: key.to_owned(),
        split: (*split).to_owned(),
        region: (*region).to_owned(),
        patient: (*patient).to_owned(),
    })
}

fn read_labels(
    source: &Source,
    words: &mut Words,
    studies: &mut Vec<StudyRow>,
    number: &mut HashMap<String, usize>,
) -> Result<(), ImportError> {
    let (text, _) = source.text();
    let mut rows = Rows::new(source, text, b',')?;
    while rows.advance() {
        let cells = rows.row().len();
        if cells != 2 {
            rows.reject_width(2);
            continue;
        }
        let Some(path) = study_path(rows.cell(0)) else {
            rows.reject(0, "a path such as train/XR_ELBOW/patient00001/study1_positive/ is needed");
            continue;
        };
        let mut labels = Labels::default();
        match rows.cell(1).trim() {
            "1" => labels.set(0, DatasetLabel::Positive),
            "0" => labels.set(0, DatasetLabel::Negative),
            _ => {
                rows.reject(1, "1 (abnormal) or 0 (normal) is needed");
                continue;
            }
        }
        if number.insert(path.key.clone(), studies.len()).is_some() {
            rows.reject(0, "the study stands here a second time");
            continue;
        }
        studies.push(StudyRow {
            key: path.key,
            patient: words.share(&path.patient),
            labels,
            images: Vec::new(),
            sex: None,
            age_years: None,
            region: Some(words.share(&path.region)),
            split: Some(words.share(&path.split)),
        });
    }
    rows.finish()
}

fn read_paths(
    source: &Source,
    studies: &mut [StudyRow],
    number: &HashMap<String, usize>,
) -> Result<(), ImportError> {
    let (text, _) = source.text();
    let mut rows = Rows::new(source, text, b',')?;
    let mut seen: HashMap<String, u64> = HashMap::new();
    while rows.advance() {
        let path = rows.cell(0).trim().to_owned();
        let study = path.rsplit_once('/').and_then(|(study, _)| number.get(study));
        let Some(study) = study.and_then(|&i| studies.get_mut(i)) else {
            rows.reject(0, "no labelled study holds this image");
            continue;
        };
        if let Some(first) = seen.insert(path.clone(), rows.line()) {
            rows.reject(0, format!("the image of line {first} stands here again"));
            continue;
        }
        study.images.push(ImageRow { key: Some(path), view: None });
    }
    rows.finish()
}

/// `image10.png` comes after `image2.png`.
fn natural(key: Option<&str>) -> (usize, String) {
    let key = key.unwrap_or_default();
    (key.len(), key.to_owned())
}

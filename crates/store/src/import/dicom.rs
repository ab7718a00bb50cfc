//! DICOM files by their headers, with labels from a table where there is one.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use overread_core::dataset::{Labels, Words};
use overread_core::event::InputFile;
use overread_core::{Sex, Word};

use super::assemble::{ImageRow, StudyRow, Table, assemble_listed};
use super::scan::{Found, ImageFolder};
use super::source::Source;
use super::{Fault, Import, ImportError};
use crate::hex::sha256;

/// What a header says of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DicomFile {
    /// Path below the folder, with `/` between its parts.
    pub path: String,
    /// Size of the file.
    pub bytes: u64,
    /// Study Instance UID.
    pub study: String,
    /// SOP Instance UID.
    pub image: String,
    /// Patient ID.
    pub patient: Option<String>,
    /// Body part examined.
    pub region: Option<String>,
    /// View position, perhaps with the side.
    pub view: Option<String>,
    /// Stated sex.
    pub sex: Option<Sex>,
    /// Stated age in years.
    pub age_years: Option<u16>,
    /// Place among the images of its study.
    pub order: (i64, i64, i64),
}

/// A file of the folder that is no image, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Path below the folder.
    pub path: String,
    /// What is wrong with it.
    pub why: String,
}

/// A folder of DICOM files on its way into a project.
#[derive(Clone, Debug)]
pub struct DicomFolder<'a> {
    /// The folder.
    pub root: &'a Path,
    /// Its images.
    pub files: Vec<DicomFile>,
    /// Files that are none.
    pub left_out: Vec<LeftOut>,
    /// Whether patient ids are kept as they are. Otherwise a hash stands for each.
    pub keep_patient_ids: bool,
}

/// The files below a folder, by path. A DICOM file needs no ending, so all of them are listed.
pub fn list_files(root: &Path) -> Result<Vec<(String, u64)>, ImportError> {
    let fail = |source| ImportError::Io { path: root.to_owned(), source };
    let folder = ImageFolder::scan(root).map_err(fail)?;
    Ok(folder.all().map(|found: &Found| (found.path.clone(), found.bytes)).collect())
}

/// Files into a dataset: one study for each Study Instance UID, labels joined by study, image or patient.
pub(super) fn assemble(
    folder: &DicomFolder<'_>,
    labels: Option<(Table, &[Source])>,
) -> Result<Import, ImportError> {
    if folder.files.is_empty() {
        return Err(ImportError::Files(format!(
            "No DICOM image was found below {}{}. Nothing was imported.",
            folder.root.display(),
            left_out_words(&folder.left_out)
        )));
    }
    let mut notes: Vec<Fault> = folder
        .left_out
        .iter()
        .map(|file| Fault { file: file.path.clone(), line: 0, column: 0, text: file.why.clone() })
        .collect();
    let listing = listing_of(&folder.files);
    let mut studies = studies_of(folder, &mut notes)?;
    let mut findings = Vec::new();
    let mut inputs = vec![listing];
    if let Some((table, sources)) = labels {
        findings.clone_from(&table.findings);
        notes.extend(table.notes.iter().cloned());
        join(folder, &mut studies, &table, &mut notes)?;
        inputs.extend(sources.iter().map(|source| InputFile {
            name: source.name.clone(),
            bytes: source.bytes,
            sha256: source.sha256.clone(),
        }));
    }
    if !folder.keep_patient_ids {
        hash_patients(&mut studies);
    }
    let table = Table { findings, studies, notes, ..Table::default() };
    let mut paths = HashMap::new();
    for file in &folder.files {
        // Of an image that stands there twice, the first file is the one that was kept.
        paths.entry(file.image.clone()).or_insert_with(|| (file.path.clone(), file.bytes));
    }
    let root = std::fs::canonicalize(folder.root)
        .map_err(|source| ImportError::Io { path: folder.root.to_owned(), source })?;
    assemble_listed("dicom", table, inputs, &paths, root)
}

/// What the files of a folder without images are.
fn left_out_words(files: &[LeftOut]) -> String {
    const NAMED: usize = 3;
    let named: Vec<String> =
        files.iter().take(NAMED).map(|file| format!("{}: {}", file.path, file.why)).collect();
    match files.len().saturating_sub(NAMED) {
        _ if files.is_empty() => String::new(),
        0 => format!(" ({})", named.join("; ")),
        more => format!(" ({}; and {more} more)", named.join("; ")),
    }
}

/// What stands for the folder among the input files: the list of its images.
fn listing_of(files: &[DicomFile]) -> InputFile {
    let mut lines: Vec<String> =
        files.iter().map(|f| format!("{}\t{}\t{}\n", f.study, f.image, f.bytes)).collect();
    lines.sort_unstable();
    let text = lines.concat();
    InputFile {
        name: "DICOM headers".to_owned(),
        bytes: text.len() as u64,
        sha256: sha256(text.as_bytes()),
    }
}

fn studies_of(
    folder: &DicomFolder<'_>,
    notes: &mut Vec<Fault>,
) -> Result<Vec<StudyRow>, ImportError> {
    let mut by_study: BTreeMap<&str, Vec<&DicomFile>> = BTreeMap::new();
    let mut images: HashMap<&str, &str> = HashMap::new();
    let mut faults = Vec::new();
    for file in &folder.files {
        if let Some(first) = images.insert(&file.image, &file.path) {
            let text = format!("the image of {first} stands here again; it was left out");
            notes.push(Fault { file: file.path.clone(), line: 0, column: 0, text });
            images.insert(&file.image, first);
            continue;
        }
        by_study.entry(&file.study).or_default().push(file);
    }
    let mut studies = Vec::with_capacity(by_study.len());
    let mut words = Words::default();
    for (key, mut files) in by_study {
        files.sort_by(|a, b| (a.order, &a.image).cmp(&(b.order, &b.image)));
        let Some(first) = files.first() else { continue };
        if let Some(other) = files.iter().find(|file| file.patient != first.patient) {
            let text = format!("the study of {} belongs to another patient there", first.path);
            faults.push(Fault { file: other.path.clone(), line: 0, column: 0, text });
        }
        studies.push(StudyRow {
            key: key.to_owned(),
            // Without a patient id every study is its own patient.
            patient: match &first.patient {
                Some(patient) => words.share(patient),
                None => Word::from(format!("study {key}")),
            },
            labels: Labels::default(),
            images: files
                .iter()
                .map(|file| ImageRow {
                    key: Some(file.image.clone()),
                    view: file.view.as_deref().map(|view| words.share(view)),
                })
                .collect(),
            sex: files.iter().find_map(|file| file.sex),
            age_years: files.iter().find_map(|file| file.age_years),
            region: files
                .iter()
                .find_map(|f| f.region.as_deref())
                .map(|region| words.share(region)),
            split: None,
        });
    }
    if faults.is_empty() { Ok(studies) } else { Err(ImportError::Rows(faults)) }
}

/// Gives every study the labels of its row: the table's studies are study UIDs, image UIDs or patients.
fn join(
    folder: &DicomFolder<'_>,
    studies: &mut [StudyRow],
    table: &Table,
    notes: &mut Vec<Fault>,
) -> Result<(), ImportError> {
    let mut of_image: HashMap<&str, &str> = HashMap::new();
    let mut of_patient: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut of_study: HashMap<&str, &str> = HashMap::new();
    for file in &folder.files {
        of_image.insert(&file.image, &file.study);
        of_study.insert(&file.study, &file.study);
        if let Some(patient) = &file.patient {
            let list = of_patient.entry(patient).or_default();
            if !list.contains(&file.study.as_str()) {
                list.push(&file.study);
            }
        }
    }
    let by = |key: &str, how: usize| -> Vec<String> {
        match how {
            0 => of_study.get(key).map(|study| (*study).to_owned()).into_iter().collect(),
            1 => of_image.get(key).map(|study| (*study).to_owned()).into_iter().collect(),
            _ => of_patient.get(key).into_iter().flatten().map(|s| (*s).to_owned()).collect(),
        }
    };
    let hits =
        |how: usize| table.studies.iter().filter(|row| !by(&row.key, how).is_empty()).count();
    let how = (0..3).rev().max_by_key(|&how| hits(how)).unwrap_or(0);
    if hits(how) == 0 {
        return Err(ImportError::Files(
            "No row of the label table names a Study Instance UID, a SOP Instance UID or a Patient ID of the folder. Nothing was imported.".to_owned(),
        ));
    }
    let number: HashMap<String, usize> =
        studies.iter().enumerate().map(|(i, study)| (study.key.clone(), i)).collect();
    let mut given: HashMap<usize, Labels> = HashMap::new();
    let mut faults = Vec::new();
    let mut without = 0_u64;
    for row in &table.studies {
        let meant = by(&row.key, how);
        without += u64::from(meant.is_empty());
        for study in meant.iter().filter_map(|key| number.get(key).copied()) {
            if given.insert(study, row.labels).is_some_and(|before| before != row.labels) {
                let text = "two rows of the label table label one study differently".to_owned();
                faults.push(Fault { file: row.key.clone(), line: 0, column: 0, text });
            }
            if let Some(target) = studies.get_mut(study) {
                target.labels = row.labels;
                target.sex = target.sex.or(row.sex);
                target.age_years = target.age_years.or(row.age_years);
                target.split = target.split.take().or_else(|| row.split.clone());
                if target.region.is_none() {
                    target.region.clone_from(&row.region);
                }
            }
        }
    }
    if 0 < without {
        let text = format!("{without} rows of labels are about nothing in the folder");
        notes.push(Fault { file: "labels".to_owned(), line: 0, column: 0, text });
    }
    if faults.is_empty() { Ok(()) } else { Err(ImportError::Rows(faults)) }
}

/// A hash stands for each patient: studies of one stay together, and the id does not enter. Salted by
/// the dataset's own identity, so that the same patient in another dataset has another one.
fn hash_patients(studies: &mut [StudyRow]) {
    let mut keys: Vec<&str> = studies.iter().map(|study| study.key.as_str()).collect();
    keys.sort_unstable();
    let salt = sha256(keys.join("\n").as_bytes());
    for study in studies {
        let hash = sha256(format!("{salt}\npatient\n{}", study.patient).as_bytes());
        study.patient = Word::from(format!("p-{}", hash.get(..16).unwrap_or_default()));
    }
}

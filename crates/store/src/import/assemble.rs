//! Rows of any layout into a dataset: derived ids, sorted studies, images found.

use std::collections::HashMap;
use std::path::PathBuf;

use overread_core::dataset::{ImageRef, Labels};
use overread_core::event::InputFile;
use overread_core::{Dataset, ImageId, Sex, Study, StudyId};
use sha2::{Digest as _, Sha256};

use super::scan::ImageFolder;
use super::source::Source;
use super::{Fault, ImageBox, ImageFile, Import, ImportError, StudySource};
use crate::hex::hex;

/// An image of a row.
pub(super) struct ImageRow {
    /// File name or path as the label file has it; `None` where that is the study's own key.
    pub(super) key: Option<String>,
    pub(super) view: Option<String>,
}

/// A study as some layout has it.
pub(super) struct StudyRow {
    pub(super) key: String,
    pub(super) patient: String,
    pub(super) labels: Labels,
    pub(super) images: Vec<ImageRow>,
    pub(super) sex: Option<Sex>,
    pub(super) age_years: Option<u16>,
    pub(super) region: Option<String>,
    pub(super) split: Option<String>,
}

/// A box that the dataset draws on an image.
pub(super) struct BoxRow {
    /// What the label file calls the image.
    pub(super) image: String,
    pub(super) finding: usize,
    /// Left, top, width and height in pixels.
    pub(super) edges: [f64; 4],
}

/// What a layout makes of its files. Keys are unique.
#[derive(Default)]
pub(super) struct Table {
    pub(super) findings: Vec<String>,
    pub(super) studies: Vec<StudyRow>,
    pub(super) boxes: Vec<BoxRow>,
    pub(super) notes: Vec<Fault>,
}

pub(super) fn assemble(
    format: &str,
    table: Table,
    files: &[Source],
    folder: Option<(ImageFolder, PathBuf)>,
) -> Result<Import, ImportError> {
    let inputs = files
        .iter()
        .map(|f| InputFile { name: f.name.clone(), bytes: f.bytes, sha256: f.sha256.clone() })
        .collect();
    let found = folder.as_ref().map(|(folder, _)| folder);
    let find = |key: &str| {
        let folder = found?;
        let other = || folder.find(&format!("{}.dcm", key.strip_suffix(".jpg")?));
        let found = folder.find(key).or_else(other)?;
        Some((found.path.clone(), found.bytes))
    };
    let sha256 = hash_of(files);
    let mut import = build(format, table, &sha256, find)?;
    import.files = inputs;
    import.image_root = folder.map(|(_, root)| root);
    Ok(import)
}

/// As [`assemble`], where it is known already which file holds which image.
pub(super) fn assemble_listed(
    format: &str,
    table: Table,
    inputs: Vec<InputFile>,
    paths: &HashMap<String, (String, u64)>,
    root: PathBuf,
) -> Result<Import, ImportError> {
    let sha256 = match inputs.as_slice() {
        [one] => one.sha256.clone(),
        several => {
            let hashes: Vec<&str> = several.iter().map(|file| file.sha256.as_str()).collect();
            crate::hex::sha256(hashes.join("\n").as_bytes())
        }
    };
    let mut import = build(format, table, &sha256, |key| paths.get(key).cloned())?;
    import.files = inputs;
    import.image_root = Some(root);
    Ok(import)
}

/// Where a file lies below the image folder, and its size.
type Place = (String, u64);

fn build(
    format: &str,
    table: Table,
    sha256: &str,
    find: impl Fn(&str) -> Option<Place>,
) -> Result<Import, ImportError> {
    if table.studies.is_empty() {
        return Err(ImportError::Files(
            "The label file has no rows. Nothing was imported.".to_owned(),
        ));
    }
    let too_many = |_| ImportError::Files("The table has too many patients.".to_owned());
    let identity = identity_of(&table.studies);
    let boxes = table
        .boxes
        .iter()
        .map(|row| ImageBox {
            image: ImageId::derive(&[&identity, &row.image]),
            finding: row.finding,
            edges: row.edges,
        })
        .collect();
    let patient_keys = sorted_patients(&table.studies);
    let number: HashMap<&str, usize> =
        patient_keys.iter().enumerate().map(|(i, key)| (key.as_str(), i)).collect();
    let number = |row: &StudyRow| {
        let patient = number.get(row.patient.as_str()).copied().unwrap_or(0);
        u32::try_from(patient).unwrap_or(u32::MAX)
    };
    // Sorting what is small: ids with the row they belong to.
    let mut ids: Vec<(Ids, usize)> =
        derive_all(&table.studies, &identity).into_iter().zip(0..).collect();
    ids.sort_unstable_by_key(|((id, _), _)| *id);
    if ids.windows(2).any(|pair| matches!(pair, [((a, _), _), ((b, _), _)] if a == b)) {
        let text = "Two studies got one id. Please report this file to the makers of Overread.";
        return Err(ImportError::Files(text.to_owned()));
    }
    let numbers: Vec<u32> = table.studies.iter().map(number).collect();
    let mut rows: Vec<Option<StudyRow>> = table.studies.into_iter().map(Some).collect();
    let mut studies = Vec::with_capacity(rows.len());
    let mut sources = Vec::with_capacity(rows.len());
    for (ids, i) in ids {
        if let Some(row) = rows.get_mut(i).and_then(Option::take) {
            let patient = numbers.get(i).copied().unwrap_or(0);
            let (study, source) = study(row, patient, ids, &find);
            studies.push(study);
            sources.push(source);
        }
    }
    let dataset = Dataset {
        format: format.to_owned(),
        sha256: sha256.to_owned(),
        identity,
        findings: table.findings,
        patients: u32::try_from(patient_keys.len()).map_err(too_many)?,
        studies,
    };
    Ok(Import {
        dataset,
        sources,
        patient_keys,
        files: Vec::new(),
        image_root: None,
        boxes,
        notes: table.notes,
    })
}

type Ids = (StudyId, Vec<ImageId>);

/// Derives ids on two threads: hashing is most of the work.
fn derive_all(rows: &[StudyRow], identity: &str) -> Vec<Ids> {
    let (front, back) = rows.split_at(rows.len() / 2);
    std::thread::scope(|scope| {
        let other = std::thread::Builder::new().name("import".to_owned());
        let other = other.spawn_scoped(scope, || derive(back, identity));
        let mut ids = derive(front, identity);
        let rest = other.ok().and_then(|other| other.join().ok());
        ids.extend(rest.unwrap_or_else(|| derive(back, identity)));
        ids
    })
}

fn derive(rows: &[StudyRow], identity: &str) -> Vec<Ids> {
    rows.iter()
        .map(|row| {
            let images = row.images.iter().map(|image| {
                let key = image.key.as_deref().unwrap_or(&row.key);
                ImageId::derive(&[identity, key])
            });
            (StudyId::derive(&[identity, &row.key]), images.collect())
        })
        .collect()
}

/// SHA-256 over the files' bytes, one after the other.
fn hash_of(files: &[Source]) -> String {
    if let [one] = files {
        return one.sha256.clone();
    }
    let mut hasher = Sha256::new();
    for file in files {
        hasher.update(&file.raw);
    }
    hex(&hasher.finalize())
}

/// SHA-256 over the sorted keys, joined by line feeds.
fn identity_of(studies: &[StudyRow]) -> String {
    let mut keys: Vec<&str> = studies.iter().map(|study| study.key.as_str()).collect();
    keys.sort_unstable();
    let mut hasher = Sha256::new();
    for (i, key) in keys.iter().enumerate() {
        if 0 < i {
            hasher.update(b"\n");
        }
        hasher.update(key.as_bytes());
    }
    hex(&hasher.finalize())
}

fn sorted_patients(studies: &[StudyRow]) -> Vec<String> {
    let mut keys: Vec<&str> = studies.iter().map(|study| study.patient.as_str()).collect();
    // Tables often stand in order of patients: most go before the sort.
    keys.dedup();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().map(str::to_owned).collect()
}

fn study(
    row: StudyRow,
    patient: u32,
    (id, image_ids): Ids,
    find: &impl Fn(&str) -> Option<Place>,
) -> (Study, StudySource) {
    let mut images = Vec::with_capacity(row.images.len());
    let mut files = Vec::with_capacity(row.images.len());
    for (image, id) in row.images.into_iter().zip(image_ids) {
        let key = image.key.as_deref().unwrap_or(&row.key);
        let (path, bytes) = find(key).unzip();
        images.push(ImageRef { id, view: image.view, grey_levels: None });
        files.push(ImageFile { path, bytes, key: image.key.unwrap_or_default() });
    }
    let available = !files.is_empty() && files.iter().all(|file| file.path.is_some());
    let study = Study {
        id,
        patient,
        labels: row.labels,
        images,
        available,
        sex: row.sex,
        age_years: row.age_years,
        region: row.region,
        split: row.split,
    };
    (study, StudySource { key: row.key, images: files })
}

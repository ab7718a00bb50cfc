//! Rows of any layout into a dataset: derived ids, sorted studies, images found.

use std::collections::HashMap;
use std::path::PathBuf;

use overread_core::dataset::{ImageRef, Labels};
use overread_core::event::InputFile;
use overread_core::{Dataset, ImageId, Sex, Study, StudyId, Word};
use rayon::slice::ParallelSliceMut as _;
use sha2::{Digest as _, Sha256};

use super::scan::ImageFolder;
use super::source::Source;
use super::{Fault, ImageBox, ImageFile, Import, ImportError, StudySource};
use crate::hex::hex;

/// An image of a row.
pub(super) struct ImageRow {
    /// File name or path as the label file has it; `None` where that is the study's own key.
    pub(super) key: Option<String>,
    pub(super) view: Option<Word>,
}

/// A study as some layout has it.
pub(super) struct StudyRow {
    pub(super) key: String,
    pub(super) patient: Word,
    pub(super) labels: Labels,
    pub(super) images: Vec<ImageRow>,
    pub(super) sex: Option<Sex>,
    pub(super) age_years: Option<u16>,
    pub(super) region: Option<Word>,
    pub(super) split: Option<Word>,
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
    /// The studies in the order of their keys, where the layout had to find that out; else empty.
    pub(super) by_key: Vec<usize>,
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
    find: impl Fn(&str) -> Option<Place> + Sync,
) -> Result<Import, ImportError> {
    if table.studies.is_empty() {
        return Err(ImportError::Files(
            "The label file has no rows. Nothing was imported.".to_owned(),
        ));
    }
    let too_many = |_| ImportError::Files("The table has too many patients.".to_owned());
    let order = if table.by_key.len() == table.studies.len() {
        table.by_key
    } else {
        order_of_keys(&table.studies)
    };
    let identity = identity_of(&table.studies, &order);
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
    let numbers = patient_numbers(&table.studies, &patient_keys);
    let made = make_all(table.studies, &numbers, &identity, &find);
    let (studies, sources) = sort_by_id(made)?;
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

type Made = (Study, StudySource);

/// Derives ids and finds images, half of the rows beside the other half.
fn make_all(
    mut front: Vec<StudyRow>,
    numbers: &[u32],
    identity: &str,
    find: &(impl Fn(&str) -> Option<Place> + Sync),
) -> Vec<Made> {
    let back = front.split_off(front.len() / 2);
    let (front_numbers, back_numbers) = numbers.split_at(front.len().min(numbers.len()));
    let make = |rows: Vec<StudyRow>, numbers: &[u32]| -> Vec<Made> {
        let ids = (StudyId::deriver(&[identity]), ImageId::deriver(&[identity]));
        rows.into_iter().zip(numbers).map(|(row, &no)| study(row, no, &ids, find)).collect()
    };
    let (mut made, rest) = rayon::join(|| make(front, front_numbers), || make(back, back_numbers));
    made.extend(rest);
    made
}

/// Puts the studies into the order of their ids.
fn sort_by_id(made: Vec<Made>) -> Result<(Vec<Study>, Vec<StudySource>), ImportError> {
    // Sorting what is small: ids with the row they belong to.
    let mut ids: Vec<(StudyId, usize)> =
        made.iter().enumerate().map(|(i, (study, _))| (study.id, i)).collect();
    ids.par_sort_unstable();
    if ids.windows(2).any(|pair| matches!(pair, [(a, _), (b, _)] if a == b)) {
        let text = "Two studies got one id. Please report this file to the makers of Overread.";
        return Err(ImportError::Files(text.to_owned()));
    }
    let mut made: Vec<Option<Made>> = made.into_iter().map(Some).collect();
    let (mut studies, mut sources) = (Vec::with_capacity(ids.len()), Vec::with_capacity(ids.len()));
    for (_, i) in ids {
        if let Some((study, source)) = made.get_mut(i).and_then(Option::take) {
            studies.push(study);
            sources.push(source);
        }
    }
    Ok((studies, sources))
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

/// The numbers of the rows in the order of their keys, rows of one key in their own.
pub(super) fn order_of_keys(studies: &[StudyRow]) -> Vec<usize> {
    // Most keys differ in their first bytes, which compare as a number; the rest of them decides ties.
    let mut keys: Vec<(u128, usize)> =
        studies.iter().map(|study| first_bytes(&study.key)).zip(0..).collect();
    let key = |i: usize| studies.get(i).map_or("", |study| study.key.as_str());
    keys.par_sort_unstable_by(|&(a, i), &(b, j)| {
        a.cmp(&b).then_with(|| key(i).cmp(key(j))).then(i.cmp(&j))
    });
    keys.into_iter().map(|(_, i)| i).collect()
}

fn first_bytes(key: &str) -> u128 {
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(key.bytes()).for_each(|(into, byte)| *into = byte);
    u128::from_be_bytes(bytes)
}

/// SHA-256 over the sorted keys, joined by line feeds.
fn identity_of(studies: &[StudyRow], order: &[usize]) -> String {
    let mut hasher = Sha256::new();
    for (place, study) in order.iter().filter_map(|&i| studies.get(i)).enumerate() {
        if 0 < place {
            hasher.update(b"\n");
        }
        hasher.update(study.key.as_bytes());
    }
    hex(&hasher.finalize())
}

fn sorted_patients(studies: &[StudyRow]) -> Vec<String> {
    let mut keys: Vec<&str> = studies.iter().map(|study| &*study.patient).collect();
    // Tables often stand in order of patients: most go before the sort.
    keys.dedup();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().map(str::to_owned).collect()
}

/// The number of each study's patient.
fn patient_numbers(studies: &[StudyRow], keys: &[String]) -> Vec<u32> {
    let known: HashMap<&str, u32> = keys.iter().map(String::as_str).zip(0..).collect();
    let mut last: Option<(&Word, u32)> = None;
    let mut numbers = Vec::with_capacity(studies.len());
    for StudyRow { patient, .. } in studies {
        let no = match last {
            Some((other, no)) if Word::ptr_eq(other, patient) => no,
            _ => known.get(&**patient).copied().unwrap_or(0),
        };
        last = Some((patient, no));
        numbers.push(no);
    }
    numbers
}

fn study(
    row: StudyRow,
    patient: u32,
    (study_id, image_id): &(impl Fn(&str) -> StudyId, impl Fn(&str) -> ImageId),
    find: &impl Fn(&str) -> Option<Place>,
) -> Made {
    let mut images = Vec::with_capacity(row.images.len());
    let mut files = Vec::new();
    let mut found = 0;
    for (place, image) in row.images.into_iter().enumerate() {
        let key = image.key.as_deref().unwrap_or(&row.key);
        let (path, bytes) = find(key).unzip();
        images.push(ImageRef { id: image_id(key), view: image.view, grey_levels: None });
        if image.key.is_some() || path.is_some() {
            files.resize_with(place, ImageFile::default);
            found += usize::from(path.is_some());
            files.push(ImageFile { path, bytes, key: image.key.unwrap_or_default() });
        }
    }
    let available = 0 < found && found == images.len();
    let study = Study {
        id: study_id(&row.key),
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

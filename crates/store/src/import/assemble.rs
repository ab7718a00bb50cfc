//! Rows of any layout into a dataset: derived ids, sorted studies, images found.

use std::collections::HashMap;
use std::path::PathBuf;

use overread_core::dataset::{ImageRef, Labels};
use overread_core::event::InputFile;
use overread_core::{Dataset, ImageId, Sex, Study, StudyId, Word};
use rayon::iter::{
    IndexedParallelIterator as _, IntoParallelRefMutIterator as _, ParallelIterator as _,
};
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
    let (identity, (patient_keys, numbers)) =
        rayon::join(|| identity_of(&table.studies, &order), || number_patients(&table.studies));
    let boxes = table
        .boxes
        .iter()
        .map(|row| ImageBox {
            image: ImageId::derive(&[&identity, &row.image]),
            finding: row.finding,
            edges: row.edges,
        })
        .collect();
    let (studies, sources) = make_all(table.studies, &numbers, &identity, &find)?;
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

/// Ids are sorted in so many parts, by their first bits, each of which fits a processor's cache.
const PARTS: usize = 256;

/// Derives ids and finds images; the studies come in the order of their ids.
fn make_all(
    mut front: Vec<StudyRow>,
    numbers: &[u32],
    identity: &str,
    find: &(impl Fn(&str) -> Option<Place> + Sync),
) -> Result<(Vec<Study>, Vec<StudySource>), ImportError> {
    let n = front.len();
    let back = front.split_off(n / 2);
    let (front_numbers, back_numbers) = numbers.split_at(front.len().min(numbers.len()));
    let make = |rows, numbers| make_parts(rows, numbers, identity, find);
    let (mut parts, rest) = rayon::join(|| make(front, front_numbers), || make(back, back_numbers));
    parts.par_iter_mut().zip(rest).for_each(|(part, mut rest)| {
        part.append(&mut rest);
        part.sort_unstable_by_key(|(study, _)| study.id);
    });
    let (mut studies, mut sources) = (Vec::with_capacity(n), Vec::with_capacity(n));
    for (study, source) in parts.into_iter().flatten() {
        studies.push(study);
        sources.push(source);
    }
    if studies.windows(2).any(|pair| matches!(pair, [a, b] if a.id == b.id)) {
        let text = "Two studies got one id. Please report this file to the makers of Overread.";
        return Err(ImportError::Files(text.to_owned()));
    }
    Ok((studies, sources))
}

/// Studies in the order of the first bits of their ids, a part for each.
fn make_parts(
    rows: Vec<StudyRow>,
    numbers: &[u32],
    identity: &str,
    find: &impl Fn(&str) -> Option<Place>,
) -> Vec<Vec<Made>> {
    let ids = (StudyId::deriver(&[identity]), ImageId::deriver(&[identity]));
    // Both halves of a part, and somewhat more: they differ by chance.
    let room = 5 * rows.len() / (2 * PARTS);
    let mut parts: Vec<Vec<Made>> = (0..PARTS).map(|_| Vec::with_capacity(room)).collect();
    for (row, &no) in rows.into_iter().zip(numbers) {
        let made = study(row, no, &ids, find);
        let [first, ..] = made.0.id.0.to_be_bytes();
        if let Some(part) = parts.get_mut(usize::from(first)) {
            part.push(made);
        }
    }
    parts
}

/// SHA-256 over the files' bytes, one after the other.
fn hash_of(files: &[Source]) -> String {
    if let [one] = files {
        return one.sha256.clone();
    }
    let mut hasher = Sha256::new();
    for file in files {
        hasher.update(file.raw());
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

/// The sorted ids of the patients, and for each study the number of its own.
fn number_patients(studies: &[StudyRow]) -> (Vec<String>, Vec<u32>) {
    // Tables often stand in order of patients: one entry for studies that follow each other.
    let runs: Vec<&[StudyRow]> = studies
        .chunk_by(|a, b| Word::ptr_eq(&a.patient, &b.patient) || a.patient == b.patient)
        .collect();
    let id = |run: &[StudyRow]| -> Word {
        run.first().map(|row| Word::clone(&row.patient)).unwrap_or_default()
    };
    let mut sorted: Vec<(u128, Word, usize)> =
        runs.iter().zip(0..).map(|(run, i)| (first_bytes(&id(run)), id(run), i)).collect();
    sorted.par_sort_unstable();
    let mut keys: Vec<String> = Vec::new();
    let mut number_of_run = vec![0; runs.len()];
    for (_, id, i) in &sorted {
        if keys.last().is_none_or(|last| **last != **id) {
            keys.push(id.as_ref().to_owned());
        }
        if let Some(number) = number_of_run.get_mut(*i) {
            *number = u32::try_from(keys.len() - 1).unwrap_or(u32::MAX);
        }
    }
    let numbers = runs.iter().zip(number_of_run);
    let numbers = numbers.flat_map(|(run, no)| std::iter::repeat_n(no, run.len())).collect();
    (keys, numbers)
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

//! Layouts with several rows to a study: gathers them, and finds rows that contradict each other.

use std::collections::HashMap;

use overread_core::dataset::Labels;
use overread_core::{Sex, Word};

use super::assemble::{ImageRow, StudyRow};
use super::rows::Rows;

/// One row: a study, or one image of it.
pub(super) struct Part {
    pub(super) key: String,
    pub(super) patient: Word,
    pub(super) labels: Labels,
    pub(super) image: Option<ImageRow>,
    pub(super) sex: Option<Sex>,
    pub(super) age_years: Option<u16>,
    pub(super) region: Option<Word>,
    pub(super) split: Option<Word>,
}

/// Columns to blame, where rows contradict each other.
#[derive(Clone, Copy, Default)]
pub(super) struct Blame {
    pub(super) key: usize,
    pub(super) patient: usize,
    pub(super) image: usize,
}

/// Studies on their way together.
#[derive(Default)]
pub(super) struct Gather {
    pub(super) studies: Vec<StudyRow>,
    /// Line of each study's first row.
    lines: Vec<u64>,
    number: HashMap<String, usize>,
    images: HashMap<String, u64>,
}

impl Gather {
    /// Takes in a row, or says why not.
    pub(super) fn add(&mut self, rows: &mut Rows<'_>, part: Part, blame: Blame) {
        let line = rows.line();
        let image = part.image.as_ref().and_then(|image| image.key.clone());
        if let Some(image) = image
            && let Some(first) = self.images.insert(image, line)
        {
            rows.reject(blame.image, format!("the image of line {first} stands here again"));
            return;
        }
        let known = self.number.get(&part.key).copied();
        let Some(study) = known.and_then(|i| self.studies.get_mut(i)) else {
            self.number.insert(part.key.clone(), self.studies.len());
            self.lines.push(line);
            self.studies.push(StudyRow {
                key: part.key,
                patient: part.patient,
                labels: part.labels,
                images: part.image.into_iter().collect(),
                sex: part.sex,
                age_years: part.age_years,
                region: part.region,
                split: part.split,
            });
            return;
        };
        let first = known.and_then(|i| self.lines.get(i)).copied().unwrap_or(0);
        if study.patient != part.patient {
            let text = format!("the study of line {first} belongs to another patient there");
            rows.reject(blame.patient, text);
        } else if study.labels != part.labels {
            rows.reject(
                blame.key,
                format!("the study of line {first} is labelled otherwise there"),
            );
        } else if let Some(image) = part.image {
            study.images.push(image);
        } else {
            rows.reject(blame.key, format!("the study of line {first} stands here again"));
        }
    }
}

/// Sex as tables write it; `None` where it is not stated. Any other word is no reason to refuse a row: it is noted.
pub(super) fn sex_of(cell: &str) -> Result<Option<Sex>, String> {
    match cell.trim().to_ascii_lowercase().as_str() {
        "f" | "female" => Ok(Some(Sex::Female)),
        "m" | "male" => Ok(Some(Sex::Male)),
        "" | "unknown" => Ok(None),
        word => Err(format!(
            "`{word}` is neither M or male nor F or female; the sex counts as not stated"
        )),
    }
}

/// Age in whole years; `None` where it is not stated.
pub(super) fn years_of(cell: &str) -> Result<Option<u16>, String> {
    let text = cell.trim();
    if text.is_empty() {
        return Ok(None);
    }
    // Tables made by statistics programs write 58 as 58.0.
    let digits = text.trim_end_matches('Y');
    let whole = digits.split_once('.').map_or(digits, |(whole, _)| whole);
    let fraction = digits.split_once('.').map_or("0", |(_, fraction)| fraction);
    match whole.parse::<u16>() {
        Ok(years) if fraction.bytes().all(|b| b.is_ascii_digit()) => Ok(Some(years)),
        _ => Err(format!("`{text}` is no age in years")),
    }
}

//! The dataset itself: what can be counted without any read.

use std::collections::BTreeMap;

use overread_core::{AdequacyClass, Dataset, DatasetLabel, Study};
use overread_stats::balance::standardised_difference;
use serde::Serialize;

use crate::composition::{Composition, composition};

/// Patients with more than so many studies, and the studies they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RepeatStudies {
    /// More than this many studies.
    pub more_than: u32,
    /// Patients.
    pub patients: u64,
    /// Their studies.
    pub studies: u64,
}

/// How often a finding carries each label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LabelCounts {
    /// The dataset's name of the finding.
    pub finding: String,
    /// Studies claimed positive.
    pub positive: u64,
    /// Studies claimed negative.
    pub negative: u64,
    /// Studies claimed uncertain.
    pub uncertain: u64,
    /// Studies without a statement.
    pub blank: u64,
}

/// Studies with one value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueCount {
    /// The value, in words; `not stated` where the dataset says nothing.
    pub value: String,
    /// Studies.
    pub studies: u64,
}

/// One attribute over the dataset and over the studies that were drawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AttributeRow {
    /// The attribute.
    pub attribute: &'static str,
    /// The value.
    pub value: String,
    /// Drawn studies with it.
    pub drawn: u64,
    /// Drawn studies.
    pub drawn_of: u64,
    /// Studies of the dataset with it.
    pub dataset: u64,
    /// Studies of the dataset.
    pub dataset_of: u64,
    /// Standardised difference of the two shares.
    pub standardised_difference: Option<f64>,
}

/// A distribution of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Distribution {
    /// The attribute.
    pub attribute: &'static str,
    /// Values in order.
    pub values: Vec<ValueCount>,
}

/// Images with one judgement on their grey levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// The judgement.
    pub class: AdequacyClass,
    /// Images.
    pub images: u64,
}

/// Grey-level adequacy over the dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GreyLevels {
    /// Images that were measured: those of drawn studies, or all that were found.
    pub measured: u64,
    /// Images of the dataset.
    pub images: u64,
    /// By judgement, the best first; judgements that no image has are left out.
    pub classes: Vec<ClassCount>,
}

impl GreyLevels {
    fn of(dataset: &Dataset) -> Self {
        let mut counts: BTreeMap<AdequacyClass, u64> = BTreeMap::new();
        for image in dataset.studies.iter().flat_map(|study| &study.images) {
            if let Some(class) = image.grey_levels {
                *counts.entry(class).or_default() += 1;
            }
        }
        Self {
            measured: counts.values().sum(),
            images: dataset.image_count() as u64,
            classes: counts
                .into_iter()
                .map(|(class, images)| ClassCount { class, images })
                .collect(),
        }
    }

    /// Whether half of the measured images have the judgement anyway.
    pub(crate) fn is_usual(&self, words: &str) -> bool {
        let of_class = self.classes.iter().find(|count| count.class.words() == words);
        of_class.is_some_and(|count| self.measured < 2 * count.images)
    }
}

/// Everything the dataset section needs; computed once per dataset.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DatasetSummary {
    /// Layout of the label files.
    pub format: String,
    /// SHA-256 over the label files' bytes.
    pub sha256: String,
    /// SHA-256 over the sorted study keys.
    pub identity: String,
    /// Studies.
    pub studies: u64,
    /// Patients.
    pub patients: u64,
    /// Images.
    pub images: u64,
    /// Studies whose images were found.
    pub available: u64,
    /// Patients by number of studies.
    pub repeat_studies: Vec<RepeatStudies>,
    /// Labels by finding.
    pub labels: Vec<LabelCounts>,
    /// View position, sex, age, region, as far as stated.
    pub attributes: Vec<Distribution>,
    /// The judgement on the images' grey levels, as far as they were measured.
    pub grey_levels: GreyLevels,
    /// Labels by region and split, images, studies, labels that occur together.
    pub composition: Composition,
    /// Studies of each patient.
    #[serde(skip)]
    pub(crate) per_patient: Vec<u32>,
}

/// The steps of the repeat-study table.
const STEPS: [u32; 5] = [1, 5, 10, 50, 100];
pub(crate) const NOT_STATED: &str = "not stated";

impl DatasetSummary {
    /// Counts the dataset.
    pub fn new(dataset: &Dataset) -> Self {
        let mut per_patient = vec![0_u32; dataset.patients as usize];
        let mut labels = vec![[0_u64; 4]; dataset.findings.len()];
        let mut attributes: BTreeMap<(usize, &str), u64> = BTreeMap::new();
        for study in &dataset.studies {
            let patient = study.patient as usize;
            if patient >= per_patient.len() {
                per_patient.resize(patient + 1, 0);
            }
            if let Some(count) = per_patient.get_mut(patient) {
                *count += 1;
            }
            for (column, counts) in labels.iter_mut().enumerate() {
                let [positive, negative, uncertain, blank] = counts;
                match study.labels.get(column) {
                    DatasetLabel::Positive => *positive += 1,
                    DatasetLabel::Negative => *negative += 1,
                    DatasetLabel::Uncertain => *uncertain += 1,
                    DatasetLabel::Blank => *blank += 1,
                }
            }
            for (index, attribute) in Attribute::DESCRIBED.into_iter().enumerate() {
                *attributes.entry((index, attribute.value(study, &[]))).or_insert(0) += 1;
            }
        }
        Self {
            format: dataset.format.clone(),
            sha256: dataset.sha256.clone(),
            identity: dataset.identity.clone(),
            studies: dataset.studies.len() as u64,
            patients: per_patient.iter().filter(|&&n| n > 0).count() as u64,
            images: dataset.image_count() as u64,
            available: dataset.studies.iter().filter(|s| s.available).count() as u64,
            repeat_studies: STEPS.map(|step| repeat_studies(&per_patient, step)).to_vec(),
            labels: dataset
                .findings
                .iter()
                .zip(labels)
                .map(|(finding, [positive, negative, uncertain, blank])| LabelCounts {
                    finding: finding.clone(),
                    positive,
                    negative,
                    uncertain,
                    blank,
                })
                .collect(),
            attributes: distributions(attributes),
            grey_levels: GreyLevels::of(dataset),
            composition: composition(dataset, &per_patient),
            per_patient,
        }
    }
}

fn repeat_studies(per_patient: &[u32], more_than: u32) -> RepeatStudies {
    let many = || per_patient.iter().filter(|&&n| n > more_than);
    RepeatStudies {
        more_than,
        patients: many().count() as u64,
        studies: many().map(|&n| u64::from(n)).sum(),
    }
}

/// Attributes that say nothing for this dataset are left out.
fn distributions(counts: BTreeMap<(usize, &str), u64>) -> Vec<Distribution> {
    let mut out: Vec<Distribution> = Attribute::DESCRIBED
        .into_iter()
        .map(|a| Distribution { attribute: a.name(), values: Vec::new() })
        .collect();
    for ((index, value), studies) in counts {
        if let Some(distribution) = out.get_mut(index) {
            distribution.values.push(ValueCount { value: value.to_owned(), studies });
        }
    }
    out.retain(|d| d.values.iter().any(|v| v.value != NOT_STATED));
    out
}

/// A stratum that is known from data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    View,
    Sex,
    Age,
    Region,
    Repeats,
    GreyLevels,
}

impl Attribute {
    const DESCRIBED: [Self; 4] = [Self::View, Self::Sex, Self::Age, Self::Region];
    pub(crate) const STRATA: [Self; 6] =
        [Self::View, Self::Sex, Self::Age, Self::Region, Self::Repeats, Self::GreyLevels];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::View => "view position",
            Self::Sex => "sex",
            Self::Age => "age",
            Self::Region => "region",
            Self::Repeats => "studies of the patient",
            Self::GreyLevels => "grey levels",
        }
    }

    /// The study's value; `per_patient` is needed for the number of studies only.
    pub(crate) fn value<'s>(self, study: &'s Study, per_patient: &[u32]) -> &'s str {
        let value = match self {
            Self::View => study.images.first().and_then(|image| image.view.as_deref()),
            Self::Sex => study.sex.map(overread_core::Sex::letter),
            Self::Age => study.age_years.map(age_band),
            Self::Region => study.region.as_deref(),
            Self::Repeats => per_patient.get(study.patient as usize).map(|&n| repeat_band(n)),
            Self::GreyLevels => study.grey_levels().map(AdequacyClass::words),
        };
        value.unwrap_or(NOT_STATED)
    }
}

/// Ages above 120 are entry errors of the dataset and say nothing.
fn age_band(years: u16) -> &'static str {
    match years {
        0..=17 => "0–17 years",
        18..=39 => "18–39 years",
        40..=59 => "40–59 years",
        60..=79 => "60–79 years",
        80..=120 => "80 years or more",
        _ => "impossible age",
    }
}

fn repeat_band(studies: u32) -> &'static str {
    match studies {
        0 | 1 => "1",
        2..=5 => "2–5",
        6..=10 => "6–10",
        _ => "more than 10",
    }
}

/// The drawn studies beside the dataset.
pub(crate) fn sample_against_dataset(
    drawn: &[&Study],
    summary: &DatasetSummary,
) -> Vec<AttributeRow> {
    let mut rows = Vec::new();
    for distribution in &summary.attributes {
        let Some(attribute) =
            Attribute::DESCRIBED.into_iter().find(|a| a.name() == distribution.attribute)
        else {
            continue;
        };
        let values: Vec<&str> = drawn.iter().map(|s| attribute.value(s, &[])).collect();
        for value in &distribution.values {
            let found = values.iter().filter(|v| **v == value.value).count() as u64;
            let share = |x: u64, n: u64| x as f64 / n.max(1) as f64;
            rows.push(AttributeRow {
                attribute: distribution.attribute,
                value: value.value.clone(),
                drawn: found,
                drawn_of: drawn.len() as u64,
                dataset: value.studies,
                dataset_of: summary.studies,
                standardised_difference: standardised_difference(
                    share(found, drawn.len() as u64),
                    share(value.studies, summary.studies),
                ),
            });
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeat_studies_count_patients_above_each_step_and_all_their_studies() {
        let counts = [1, 2, 6, 6, 51, 101];
        let at = |step| {
            let row = repeat_studies(&counts, step);
            (row.patients, row.studies)
        };
        assert_eq!(at(1), (5, 166));
        assert_eq!(at(5), (4, 164));
        assert_eq!(at(50), (2, 152));
        assert_eq!(at(100), (1, 101));
    }

    #[test]
    fn impossible_ages_have_a_band_of_their_own() {
        assert_eq!(age_band(414), "impossible age");
        assert_eq!(age_band(58), "40–59 years");
    }
}

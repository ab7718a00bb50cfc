//! The dataset's own shape: labels by region and split, images of a study, studies of a patient, labels that occur together.

use std::collections::BTreeMap;

use overread_core::{Dataset, DatasetLabel, Study};
use serde::Serialize;

use crate::dataset::NOT_STATED;

/// Studies of one region and split by label: a row of the layout of MURA's Table 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegionSplitLabel {
    /// The dataset's name of the finding.
    pub finding: String,
    /// Region; `not stated` where the dataset says nothing.
    pub region: String,
    /// Split; `not stated` where the dataset says nothing.
    pub split: String,
    /// Studies claimed negative.
    pub negative: u64,
    /// Studies claimed positive.
    pub positive: u64,
    /// Studies claimed uncertain or without a statement.
    pub not_stated: u64,
}

/// How many of something have how many of something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Multiplicity {
    /// Images of a study, or studies of a patient.
    pub number: u32,
    /// Studies, or patients, that have that many.
    pub count: u64,
}

/// Two labels of one study.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CoOccurrence {
    /// First label.
    pub first: String,
    /// Second label.
    pub second: String,
    /// Studies with both.
    pub both: u64,
    /// Studies with the first.
    pub of_first: u64,
    /// Studies with the second.
    pub of_second: u64,
    /// Both ÷ what independent labels would give; `None` where that is 0.
    pub ratio: Option<f64>,
}

/// Everything about the shape of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Composition {
    /// Region × split × label, where the dataset states a region or a split.
    pub region_split_label: Vec<RegionSplitLabel>,
    /// Studies by number of images.
    pub images_per_study: Vec<Multiplicity>,
    /// Patients by number of studies; above 10 together under 11.
    pub studies_per_patient: Vec<Multiplicity>,
    /// Pairs of labels that occur together at all.
    pub co_occurrence: Vec<CoOccurrence>,
    /// Studies by number of positive labels.
    pub labels_per_study: Vec<Multiplicity>,
}

/// Patients with more studies than this are counted together.
const MANY: u32 = 10;

/// Counts a dataset's shape in one pass.
pub(crate) fn composition(dataset: &Dataset, per_patient: &[u32]) -> Composition {
    let columns = dataset.findings.len();
    let mut regions: BTreeMap<(&str, &str), Vec<[u64; 3]>> = BTreeMap::new();
    let mut images: BTreeMap<u32, u64> = BTreeMap::new();
    let mut labels: BTreeMap<u32, u64> = BTreeMap::new();
    let mut pairs = vec![0_u64; columns * columns];
    for study in &dataset.studies {
        count(&mut images, study.images.len());
        let positive = positives(study, columns);
        count(&mut labels, positive.len());
        for &a in &positive {
            for &b in &positive {
                if let Some(cell) = pairs.get_mut(a * columns + b) {
                    *cell += 1;
                }
            }
        }
        if study.region.is_some() || study.split.is_some() {
            let region = study.region.as_deref().unwrap_or(NOT_STATED);
            let split = study.split.as_deref().unwrap_or(NOT_STATED);
            let counts = regions.entry((region, split)).or_insert_with(|| vec![[0; 3]; columns]);
            for (column, [negative, positive, neither]) in counts.iter_mut().enumerate() {
                match study.labels.get(column) {
                    DatasetLabel::Negative => *negative += 1,
                    DatasetLabel::Positive => *positive += 1,
                    DatasetLabel::Uncertain | DatasetLabel::Blank => *neither += 1,
                }
            }
        }
    }
    let mut patients: BTreeMap<u32, u64> = BTreeMap::new();
    for &studies in per_patient.iter().filter(|n| 0 < **n) {
        *patients.entry(studies.min(MANY + 1)).or_default() += 1;
    }
    let mut table = Vec::new();
    for (column, finding) in dataset.findings.iter().enumerate() {
        for ((region, split), counts) in &regions {
            let Some(&[negative, positive, not_stated]) = counts.get(column) else { continue };
            table.push(RegionSplitLabel {
                finding: finding.clone(),
                region: (*region).to_owned(),
                split: (*split).to_owned(),
                negative,
                positive,
                not_stated,
            });
        }
    }
    Composition {
        region_split_label: table,
        images_per_study: listed(images),
        studies_per_patient: listed(patients),
        co_occurrence: together(dataset, &pairs),
        labels_per_study: listed(labels),
    }
}

fn positives(study: &Study, columns: usize) -> Vec<usize> {
    (0..columns).filter(|c| study.labels.get(*c) == DatasetLabel::Positive).collect()
}

fn count(counts: &mut BTreeMap<u32, u64>, number: usize) {
    *counts.entry(u32::try_from(number).unwrap_or(u32::MAX)).or_default() += 1;
}

fn listed(counts: BTreeMap<u32, u64>) -> Vec<Multiplicity> {
    counts.into_iter().map(|(number, count)| Multiplicity { number, count }).collect()
}

fn together(dataset: &Dataset, pairs: &[u64]) -> Vec<CoOccurrence> {
    let columns = dataset.findings.len();
    let studies = dataset.studies.len() as f64;
    let at = |a: usize, b: usize| pairs.get(a * columns + b).copied().unwrap_or(0);
    let mut out = Vec::new();
    for (a, first) in dataset.findings.iter().enumerate() {
        for (b, second) in dataset.findings.iter().enumerate().skip(a + 1) {
            let both = at(a, b);
            if both == 0 {
                continue;
            }
            let expected = at(a, a) as f64 * at(b, b) as f64 / studies;
            out.push(CoOccurrence {
                first: first.clone(),
                second: second.clone(),
                both,
                of_first: at(a, a),
                of_second: at(b, b),
                ratio: (0.0 < expected).then(|| both as f64 / expected),
            });
        }
    }
    out
}

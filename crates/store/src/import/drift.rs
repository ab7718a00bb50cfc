//! How the labels of one dataset changed between two of its files.

use std::collections::BTreeMap;

use overread_core::dataset::DatasetLabel;

use super::Import;

/// How often one finding's label changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct FindingDrift {
    /// The dataset's name of the finding.
    pub finding: String,
    /// Studies labelled positive in the first file.
    pub before: u64,
    /// Studies labelled positive in the second.
    pub after: u64,
    /// Studies that became positive.
    pub added: u64,
    /// Studies that were positive and are not any more.
    pub removed: u64,
    /// Other changes, such as from negative to uncertain.
    pub other: u64,
}

/// A study whose labels changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct DriftedStudy {
    /// The dataset's own key.
    pub study: String,
    /// Findings that became positive.
    pub added: Vec<String>,
    /// Findings that are positive no more.
    pub removed: Vec<String>,
    /// Findings that changed otherwise.
    pub other: Vec<String>,
}

/// What differs between two label files of one dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Drift {
    /// Studies that both have.
    pub common: u64,
    /// Studies of the first file alone.
    pub only_first: Vec<String>,
    /// Studies of the second file alone.
    pub only_second: Vec<String>,
    /// Studies whose labels changed.
    pub changed: u64,
    /// Studies whose patient is another.
    pub other_patient: u64,
    /// Findings of one of the files alone.
    pub only_findings: Vec<String>,
    /// Counts by finding, for findings that both have.
    pub findings: Vec<FindingDrift>,
    /// The studies that changed.
    pub studies: Vec<DriftedStudy>,
}

/// Compares two imports study by study.
pub fn drift(first: &Import, second: &Import) -> Drift {
    let names: Vec<&String> = first
        .dataset
        .findings
        .iter()
        .filter(|name| second.dataset.finding_index(name).is_some())
        .collect();
    let mut out = Drift {
        only_findings: only(&first.dataset.findings, &second.dataset.findings),
        findings: names
            .iter()
            .map(|name| FindingDrift { finding: (*name).clone(), ..FindingDrift::default() })
            .collect(),
        ..Drift::default()
    };
    let columns: Vec<(usize, usize)> = names
        .iter()
        .filter_map(|n| Some((first.dataset.finding_index(n)?, second.dataset.finding_index(n)?)))
        .collect();
    let by_key = |import: &Import| -> BTreeMap<String, usize> {
        import.sources.iter().enumerate().map(|(i, source)| (source.key.clone(), i)).collect()
    };
    let (before, after) = (by_key(first), by_key(second));
    out.only_second = after.keys().filter(|key| !before.contains_key(*key)).cloned().collect();
    for (key, &i) in &before {
        let Some(&j) = after.get(key) else {
            out.only_first.push(key.clone());
            continue;
        };
        let (Some(a), Some(b)) = (first.dataset.studies.get(i), second.dataset.studies.get(j))
        else {
            continue;
        };
        out.common += 1;
        let patient = |import: &Import, no: u32| import.patient_keys.get(no as usize).cloned();
        out.other_patient += u64::from(patient(first, a.patient) != patient(second, b.patient));
        let mut study = DriftedStudy { study: key.clone(), ..DriftedStudy::default() };
        for ((from, to), row) in columns.iter().zip(&mut out.findings) {
            let (from, to) = (a.labels.get(*from), b.labels.get(*to));
            let positive = |label| label == DatasetLabel::Positive;
            row.before += u64::from(positive(from));
            row.after += u64::from(positive(to));
            let (list, count) = match (positive(from), positive(to)) {
                (false, true) => (&mut study.added, &mut row.added),
                (true, false) => (&mut study.removed, &mut row.removed),
                _ if from != to => (&mut study.other, &mut row.other),
                _ => continue,
            };
            list.push(row.finding.clone());
            *count += 1;
        }
        if !(study.added.is_empty() && study.removed.is_empty() && study.other.is_empty()) {
            out.changed += 1;
            out.studies.push(study);
        }
    }
    out
}

fn only(first: &[String], second: &[String]) -> Vec<String> {
    let missing = |a: &[String], b: &[String]| -> Vec<String> {
        a.iter().filter(|name| !b.contains(name)).cloned().collect()
    };
    let mut names = missing(first, second);
    names.extend(missing(second, first));
    names
}

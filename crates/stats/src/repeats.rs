//! How studies gather on patients.

use serde::Serialize;

/// Patients with more than a number of studies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RepeatRow {
    /// The number.
    pub more_than: u64,
    /// Patients with more.
    pub patients: u64,
    /// Their share of all patients.
    pub patients_frac: Option<f64>,
    /// Studies of those patients.
    pub studies: u64,
    /// Their share of all studies.
    pub studies_frac: Option<f64>,
}

/// Studies per patient of a dataset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RepeatStudies {
    /// Patients with at least one study.
    pub patients: u64,
    /// Studies.
    pub studies: u64,
    /// The rows.
    pub rows: Vec<RepeatRow>,
}

/// The numbers of studies that the table asks about.
pub const MORE_THAN: [u64; 5] = [1, 5, 10, 50, 100];

/// Counts patients and their studies above each of [`MORE_THAN`]; a patient without studies does not count.
pub fn repeat_studies(per_patient: &[u64]) -> RepeatStudies {
    let patients = per_patient.iter().filter(|n| **n > 0).count() as u64;
    let studies: u64 = per_patient.iter().sum();
    let share = |k: u64, n: u64| (n > 0).then(|| k as f64 / n as f64);
    let rows = MORE_THAN
        .iter()
        .map(|&more_than| {
            let above = || per_patient.iter().filter(move |n| **n > more_than);
            let (count, sum) = (above().count() as u64, above().sum());
            RepeatRow {
                more_than,
                patients: count,
                patients_frac: share(count, patients),
                studies: sum,
                studies_frac: share(sum, studies),
            }
        })
        .collect();
    RepeatStudies { patients, studies, rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_is_strict() {
        let out = repeat_studies(&[1, 1, 5, 6]);
        assert_eq!((out.rows[0].patients, out.rows[1].patients, out.rows[1].studies), (2, 1, 6));
    }
}

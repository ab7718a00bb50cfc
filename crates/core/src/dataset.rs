//! The dataset that is audited: patients, studies, images and the labels it claims.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::grey_levels::AdequacyClass;
use crate::ids::{ImageId, StudyId};

/// The most findings a dataset may have: labels are kept as bit sets.
pub const MAX_FINDINGS: usize = 64;

/// A text that many studies share, such as a region: stored once, counted where it is used.
pub type Word = Arc<str>;

/// Gives equal texts one place in memory.
#[derive(Debug, Default)]
pub struct Words {
    known: HashSet<Word>,
    last: Option<Word>,
}

impl Words {
    /// The shared form of a text.
    pub fn share(&mut self, text: &str) -> Word {
        // Neighbouring rows tend to say the same.
        if let Some(last) = self.last.as_ref().filter(|last| ***last == *text) {
            return Word::clone(last);
        }
        let word = self.known.get(text).map_or_else(|| Word::from(text), Word::clone);
        self.known.insert(Word::clone(&word));
        self.last = Some(Word::clone(&word));
        word
    }
}

/// What the dataset claims for one study and finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatasetLabel {
    /// Claimed present.
    Positive,
    /// Claimed absent.
    Negative,
    /// Claimed uncertain.
    Uncertain,
    /// Not stated.
    Blank,
}

/// All labels of one study; bit `i` belongs to finding `i` of [`Dataset::findings`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// Findings labelled positive.
    pub positive: u64,
    /// Findings labelled negative.
    pub negative: u64,
    /// Findings labelled uncertain.
    pub uncertain: u64,
}

impl Labels {
    /// The label of the finding with that index.
    pub fn get(self, finding: usize) -> DatasetLabel {
        let bit = 1_u64 << finding;
        if self.positive & bit != 0 {
            DatasetLabel::Positive
        } else if self.negative & bit != 0 {
            DatasetLabel::Negative
        } else if self.uncertain & bit != 0 {
            DatasetLabel::Uncertain
        } else {
            DatasetLabel::Blank
        }
    }

    /// Sets the label of the finding with that index.
    pub fn set(&mut self, finding: usize, label: DatasetLabel) {
        let bit = 1_u64 << finding;
        self.positive &= !bit;
        self.negative &= !bit;
        self.uncertain &= !bit;
        match label {
            DatasetLabel::Positive => self.positive |= bit,
            DatasetLabel::Negative => self.negative |= bit,
            DatasetLabel::Uncertain => self.uncertain |= bit,
            DatasetLabel::Blank => {}
        }
    }
}

/// The sex that the dataset states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Sex {
    /// Female.
    #[serde(rename = "F")]
    Female,
    /// Male.
    #[serde(rename = "M")]
    Male,
}

impl Sex {
    /// `F` or `M`.
    pub fn letter(self) -> &'static str {
        match self {
            Self::Female => "F",
            Self::Male => "M",
        }
    }
}

/// One image of a study, by opaque id. Where its file lies is the store's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRef {
    /// The opaque id.
    pub id: ImageId,
    /// View position such as `PA`, `AP` or `LATERAL`.
    pub view: Option<Word>,
    /// What its grey levels are fit for; `None` before they were measured.
    pub grey_levels: Option<AdequacyClass>,
}

/// What is read as one: one patient, one examination, one or more images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Study {
    /// The opaque id; studies of a dataset are sorted by it.
    pub id: StudyId,
    /// Index into the patients of the dataset.
    pub patient: u32,
    /// The labels under audit.
    pub labels: Labels,
    /// The images, in reading order.
    pub images: Vec<ImageRef>,
    /// Whether every image of the study was found below the image root.
    pub available: bool,
    /// Stated sex.
    pub sex: Option<Sex>,
    /// Stated age in years.
    pub age_years: Option<u16>,
    /// Body region, such as `CHEST` or `XR_WRIST`.
    pub region: Option<Word>,
    /// The dataset's own split, such as `train` or `valid`.
    pub split: Option<Word>,
}

impl Study {
    /// The judgement on its grey levels: the worst of its images, once all were measured.
    pub fn grey_levels(&self) -> Option<AdequacyClass> {
        AdequacyClass::of_study(self.images.iter().map(|image| image.grey_levels))
    }
}

/// An image collection published with labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dataset {
    /// The layout it was read from: `cxr14`, `mura`, `chexpert` or `table`.
    pub format: String,
    /// SHA-256 over the label files' bytes, lower-case hexadecimal.
    pub sha256: String,
    /// SHA-256 over the sorted study keys: the same for two label versions of one collection.
    pub identity: String,
    /// The dataset's own finding names.
    pub findings: Vec<String>,
    /// Number of patients.
    pub patients: u32,
    /// Studies, sorted by id.
    pub studies: Vec<Study>,
}

impl Dataset {
    /// Index of a finding by the dataset's own name.
    pub fn finding_index(&self, name: &str) -> Option<usize> {
        self.findings.iter().position(|finding| finding == name)
    }

    /// Index of a study, by binary search.
    pub fn study_index(&self, id: StudyId) -> Option<usize> {
        self.studies.binary_search_by_key(&id, |study| study.id).ok()
    }

    /// How many studies are labelled positive, per finding.
    pub fn positives(&self) -> BTreeMap<&str, u64> {
        let mut counts = vec![0_u64; self.findings.len()];
        for study in &self.studies {
            let mut bits = study.labels.positive;
            while bits != 0 {
                if let Some(count) = counts.get_mut(bits.trailing_zeros() as usize) {
                    *count += 1;
                }
                bits &= bits - 1;
            }
        }
        self.findings.iter().map(String::as_str).zip(counts).collect()
    }

    /// Number of images.
    pub fn image_count(&self) -> usize {
        self.studies.iter().map(|study| study.images.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_of_four_and_setting_it_again_replaces_it() {
        let mut labels = Labels::default();
        assert_eq!(labels.get(3), DatasetLabel::Blank);
        labels.set(3, DatasetLabel::Uncertain);
        labels.set(3, DatasetLabel::Positive);
        labels.set(63, DatasetLabel::Negative);
        assert_eq!(labels.get(3), DatasetLabel::Positive);
        assert_eq!(labels.uncertain, 0);
        assert_eq!(labels.get(63), DatasetLabel::Negative);
    }
}

//! The protocol: findings, rules, scale, tags, keys, blinding and sampling as one versioned document.

mod check;
mod file;
mod packet;
#[cfg(test)]
mod tests;

pub use check::nearest;
pub use file::{ProtocolError, builtin, builtin_names};

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::answer::Level;

/// Which studies are drawn and what is asked of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Design {
    /// One finding per deck: is it there?
    Verify,
    /// Every finding of the scheme on a sample at dataset prevalence.
    Relabel,
    /// The same studies read by several readers.
    Panel,
}

impl Design {
    /// The word in protocol files, JSON and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Relabel => "relabel",
            Self::Panel => "panel",
        }
    }
}

/// A threshold on the scale, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// `permissive`, `clinical`.
    pub name: String,
    /// A study is positive when its level is at least this.
    pub threshold: Level,
    /// The rule in a few words, for the line between two answers.
    pub short: String,
    /// The full wording.
    pub text: String,
}

/// What the levels of a finding mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Polarity {
    /// The finding is there.
    Presence,
    /// The study is normal; never makes a study abnormal.
    Absence,
}

/// A finding that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable id used in events and tables.
    pub id: String,
    /// Name on screen and in reports.
    pub name: String,
    /// The question, such as "Pneumothorax?".
    pub question: String,
    /// The dataset's name of the label under audit, where there is one.
    pub label: Option<String>,
    /// Presence or absence.
    pub polarity: Polarity,
    /// Ids of the findings a composite is made of; empty for a plain finding.
    pub any_of: Vec<String>,
    /// Whether it is put to readers, or follows from its parts.
    pub asked: bool,
    /// Key that focuses the finding while relabelling.
    pub key: Option<char>,
    /// Its deck is for practice: learning keys and rules, never in a figure.
    pub practice: bool,
}

/// A stratum mark that the reader sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tag {
    /// Stable id.
    pub id: String,
    /// Name on screen.
    pub name: String,
    /// One free letter.
    pub key: char,
    /// Ids of the findings in whose decks it is offered; empty means all.
    pub findings: Vec<String>,
}

impl Tag {
    /// Whether the tag is offered where that finding is asked; `None` stands for all findings.
    pub fn offered_for(&self, finding: Option<&str>) -> bool {
        finding.is_none_or(|id| self.findings.is_empty() || self.findings.iter().any(|f| f == id))
    }
}

/// How several studies of one patient are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PerPatient {
    /// A simple random sample of studies.
    Any,
    /// Patients are drawn, then one study of each.
    One,
    /// As `Any`, with items of one patient kept apart in reading order.
    Spaced,
}

/// Which studies may be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Frame {
    /// Studies whose images were found, where any were; the report says so.
    Available,
    /// Every study of the dataset.
    All,
}

/// A share between 0 and 1 in millionths, so that protocols can be compared exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Share(pub u32);

impl Share {
    /// The whole.
    pub const ONE: Self = Self(1_000_000);

    /// The share as a number from 0 to 1.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 1e6
    }

    /// That share of a count, rounded up.
    pub fn of(self, count: usize) -> usize {
        let millionths = (count as u128) * u128::from(self.0);
        usize::try_from(millionths.div_ceil(1_000_000)).unwrap_or(count).min(count)
    }
}

/// What divides the frame of a stratified draw.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StratumKey {
    /// Body region.
    Region,
    /// View position of the first image.
    View,
    /// Stated sex.
    Sex,
    /// Stated age, by decades.
    Age,
    /// The dataset's own split.
    Split,
    /// The judgement on the images' grey levels, as far as they were measured before the draw.
    #[serde(rename = "grey_levels")]
    GreyLevels,
    /// The dataset's label of that name.
    Label(String),
}

/// How a sample is divided among its strata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Allocation {
    /// As the frame is.
    Proportional,
    /// The same number for each.
    Equal,
    /// By size and expected spread, so that the whole is estimated most precisely.
    Neyman,
}

/// What exploration and reading must not share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Apart {
    /// No study.
    Study,
    /// No patient.
    Patient,
}

/// The sampling plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sampling {
    /// Label-positive studies per deck (verify), or studies in all (relabel, panel). With Neyman
    /// allocation in verify, studies per deck in all.
    pub size: u32,
    /// Label-negative studies mixed into each deck.
    pub controls: u32,
    /// Studies per class for exploration, never overlapping with reading.
    pub explore: u32,
    /// Studies that every reader answers first, to learn keys and rules; never in a figure. In `verify` a
    /// finding is for practice instead.
    pub practice: u32,
    /// What exploration and reading must not share.
    pub explore_apart: Apart,
    /// What divides the frame; empty for a simple random sample.
    pub stratify: Vec<StratumKey>,
    /// How the sample is divided among strata, or among label-positives and controls.
    pub allocation: Allocation,
    /// Expected share of positives by stratum, for Neyman allocation; one half where not named.
    pub expected: BTreeMap<String, Share>,
    /// Studies of each deck that are read twice by each reader, unnoticed.
    pub repeats: u32,
    /// Least distance in reading order of a study and its hidden repeat.
    pub repeat_gap: u32,
    /// Several studies of one patient.
    pub per_patient: PerPatient,
    /// Least distance in reading order of two items of one study, or of one patient where spaced.
    pub gap: u32,
    /// Which studies may be drawn.
    pub frame: Frame,
}

/// When figures that depend on a label the reader does not know are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "policy", content = "reads")]
pub enum Release {
    /// Nothing until the worklist is locked.
    Sealed,
    /// After each further block of that many locked reads.
    Blocks(u32),
    /// Always; reads after it are not blinded.
    Open,
}

impl Release {
    /// The policy in a word, for JSON and reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sealed => "sealed",
            Self::Blocks(_) => "blocks",
            Self::Open => "open",
        }
    }
}

/// How far back a reader may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Back {
    /// Not at all.
    Never,
    /// To the most recently locked item.
    Last,
    /// To any locked item.
    Any,
}

/// How reading goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// How far back a reader may go.
    pub back: Back,
    /// Whether an answer locks the item and moves on.
    pub auto_advance: bool,
    /// How long a film must have been on screen before a key answers.
    pub dwell_ms: u32,
    /// Whether the reader sees the patient's stated sex and age.
    pub show_sex_age: bool,
}

/// Who reads what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Assignment {
    /// Every reader reads every study.
    All,
    /// Each study has one reader, but for a share that all of them read.
    Split {
        /// The share that everyone reads.
        overlap: Share,
    },
}

/// The readers whose majority is the reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Gold {
    /// Everybody.
    All,
    /// These, an odd number of them.
    Named(Vec<String>),
    /// So many, an odd number, drawn by the seed when the sample is drawn.
    Draw(u32),
}

/// What metrics take as truth where several read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// Majority of the gold panel.
    Majority,
    /// The adjudicated level where there is one, else the majority.
    Adjudicated,
    /// A latent-class estimate.
    LatentClass,
}

/// The readers of a project and what becomes of their answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Panel {
    /// Who reads what.
    pub assignment: Assignment,
    /// The readers whose majority is the reference.
    pub gold: Gold,
    /// What metrics take as truth.
    pub reference: Reference,
}

/// The whole document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Protocol {
    /// Short name, such as `cxr14-verify`.
    pub name: String,
    /// Raised with every change; reads carry theirs.
    pub version: u32,
    /// Title on screen and in reports.
    pub title: String,
    /// The study design.
    pub design: Design,
    /// Names of the levels, lowest first; one more than rules.
    pub levels: Vec<String>,
    /// The rules, most permissive first.
    pub rules: Vec<Rule>,
    /// The findings.
    pub findings: Vec<Finding>,
    /// The tags.
    pub tags: Vec<Tag>,
    /// The sampling plan.
    pub sampling: Sampling,
    /// Who reads what, and whose answers are the reference.
    pub panel: Panel,
    /// Release policy for label-dependent figures.
    pub release: Release,
    /// Reading conduct.
    pub reading: Reading,
    /// Whether reports may name studies by the dataset's own ids.
    pub publish_ids: bool,
    /// Whether patient ids of DICOM headers enter the project as they are; else a hash stands for each.
    pub keep_patient_ids: bool,
    /// The document as written.
    pub source: String,
}

impl Protocol {
    /// Reads a protocol from TOML.
    pub fn from_toml(text: &str) -> Result<Self, ProtocolError> {
        file::parse(text)
    }

    /// SHA-256 of the document as written, lower-case hexadecimal.
    pub fn hash(&self) -> String {
        use std::fmt::Write as _;
        Sha256::digest(self.source.as_bytes()).iter().fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            write!(text, "{byte:02x}").ok();
            text
        })
    }

    /// Index of a finding by id.
    pub fn finding_index(&self, id: &str) -> Option<usize> {
        self.findings.iter().position(|finding| finding.id == id)
    }

    /// What a question puts to readers: one finding, or, for `None`, all that are asked.
    pub fn asked<'p>(&'p self, question: Option<&'p str>) -> impl Iterator<Item = &'p Finding> {
        self.findings.iter().filter(move |f| question.map_or(f.asked, |id| f.id == id))
    }

    /// Findings that a reader may mark as also present beside a question: plain ones, none of them what is asked, a
    /// part of it, or another name of the same label.
    pub fn beside<'p>(&'p self, question: Option<&'p str>) -> impl Iterator<Item = &'p Finding> {
        let asked: Vec<&Finding> = self.asked(question).collect();
        self.findings.iter().filter(move |f| {
            let plain = f.any_of.is_empty() && f.polarity == Polarity::Presence && !f.practice;
            let same = |a: &&Finding| {
                a.id == f.id
                    || a.any_of.contains(&f.id)
                    || (a.label.is_some() && a.label == f.label)
            };
            plain && !asked.iter().any(same)
        })
    }

    /// Index of a tag by id.
    pub fn tag_index(&self, id: &str) -> Option<usize> {
        self.tags.iter().position(|tag| tag.id == id)
    }

    /// The labels of the dataset that stand for a finding: its own, or those of its parts.
    pub fn labels_of<'a>(&'a self, finding: &'a Finding) -> Vec<&'a str> {
        if finding.any_of.is_empty() || finding.label.is_some() {
            return vec![finding.label.as_deref().unwrap_or(&finding.id)];
        }
        let parts =
            finding.any_of.iter().filter_map(|id| self.findings.get(self.finding_index(id)?));
        parts.map(|part| part.label.as_deref().unwrap_or(&part.id)).collect()
    }

    /// The highest level of the scale.
    pub fn top_level(&self) -> Level {
        Level(u8::try_from(self.rules.len()).unwrap_or(u8::MAX))
    }

    /// The name of a level, or its number where the scale has no such level.
    pub fn level_name(&self, level: Level) -> String {
        self.levels.get(usize::from(level.0)).cloned().unwrap_or_else(|| level.0.to_string())
    }
}

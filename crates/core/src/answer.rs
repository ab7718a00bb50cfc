//! Levels, rules and answers.

use serde::{Deserialize, Serialize};

/// The reader's answer on the ordered scale: 0 is absent, the highest meets every rule.
///
/// Names of the levels belong to the protocol; the default scale is absent, plausible, reportable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Level(pub u8);

impl Level {
    /// Nothing there.
    pub const ABSENT: Self = Self(0);

    /// Whether a study with this level is positive under a rule with that threshold.
    pub fn meets(self, threshold: Self) -> bool {
        threshold <= self
    }
}

/// Why there is no level. Kept and counted, never in a denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoAnswer {
    /// The reader cannot decide.
    Unsure,
    /// These pixels cannot answer it.
    Inadequate,
}

impl NoAnswer {
    /// The word stored in the project file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unsure => "unsure",
            Self::Inadequate => "inadequate",
        }
    }
}

/// What a reader says of one finding in one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A place on the scale.
    Level(Level),
    /// No answer, and why.
    NoAnswer(NoAnswer),
}

impl Answer {
    /// The level, if there is one.
    pub fn level(self) -> Option<Level> {
        match self {
            Self::Level(level) => Some(level),
            Self::NoAnswer(_) => None,
        }
    }

    /// Why there is no level.
    pub fn no_answer(self) -> Option<NoAnswer> {
        match self {
            Self::Level(_) => None,
            Self::NoAnswer(reason) => Some(reason),
        }
    }
}

/// What an item is read for. Only [`Phase::Read`] feeds primary metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Learning keys and rules.
    Practice,
    /// Looking, tagging, taking notes.
    Explore,
    /// The reading that counts.
    Read,
    /// A hidden second reading of the same study.
    Repeat,
    /// Settling a disagreement between readers.
    Adjudicate,
    /// Looking again at studies where reader and label disagree.
    Review,
}

impl Phase {
    /// The word stored in the project file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Practice => "practice",
            Self::Explore => "explore",
            Self::Read => "read",
            Self::Repeat => "repeat",
            Self::Adjudicate => "adjudicate",
            Self::Review => "review",
        }
    }
}

/// What a second look led to, with the dataset's label shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewOutcome {
    /// The label is right and the answer was not.
    LabelRight,
    /// The answer stands against the label.
    MineStands,
    /// The film does not tell.
    CannotTell,
}

impl ReviewOutcome {
    /// All of them, in the order of the keys.
    pub const ALL: [Self; 3] = [Self::LabelRight, Self::MineStands, Self::CannotTell];

    /// The word stored in the project file.
    pub fn word(self) -> &'static str {
        match self {
            Self::LabelRight => "label_right",
            Self::MineStands => "mine_stands",
            Self::CannotTell => "cannot_tell",
        }
    }

    /// The words on screen.
    pub fn words(self) -> &'static str {
        match self {
            Self::LabelRight => "Label right",
            Self::MineStands => "Mine stands",
            Self::CannotTell => "Cannot tell",
        }
    }
}

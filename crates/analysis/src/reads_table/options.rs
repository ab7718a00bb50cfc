//! The options of an analysis, as `--config` gives them.

use std::collections::BTreeMap;

use overread_stats::Level;
use overread_stats::bootstrap::Resampling;
use overread_stats::consensus::Tie;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Options that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// Not the JSON that was expected.
    #[error("{0}")]
    Json(String),
    /// A value of the wrong type or outside its range.
    #[error("{name}: {reason}")]
    Value {
        /// The option.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

/// Where the reference comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferencePolicy {
    /// Plurality of the readers.
    #[default]
    Majority,
    /// Latent classes.
    DawidSkene,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TieRule {
    #[default]
    Undecided,
    Positive,
    Negative,
    First,
}

/// A stratum of the population a sample was drawn from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PopulationStratum {
    /// Name, as in the column `stratum`.
    pub stratum: String,
    /// 1 for label-positive, 0 for label-negative.
    pub label: u8,
    /// Studies in the population.
    #[serde(rename = "N")]
    pub size: u64,
}

/// Options of an analysis of a reads table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadsOptions {
    /// Declared categories, ascending; the highest is the positive one.
    pub categories: Vec<f64>,
    /// Where the reference comes from.
    pub reference: ReferencePolicy,
    pub(super) tie: TieRule,
    /// Least number of reads for a reference.
    pub quorum: usize,
    /// Readers who make the reference; all when absent.
    pub gold_readers: Option<Vec<String>>,
    /// Readers compared with it; all others when absent.
    pub test_readers: Option<Vec<String>>,
    /// A score above it is positive.
    pub threshold: f64,
    /// Confidence level.
    pub level: f64,
    /// Bootstrap replicates; 0 for none.
    pub bootstrap_reps: u64,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Populations of label-stratified samples, by finding.
    pub population: Option<BTreeMap<String, Vec<PopulationStratum>>>,
    /// Blocks of the drift table.
    pub blocks: usize,
    /// Whether the categories are ordered.
    pub ordinal: bool,
    /// Rules from the loosest to the strictest; the first two are compared.
    pub rules: Vec<String>,
    /// Whether latent-class posteriors are listed by study.
    pub posterior: bool,
    /// Whether latent classes are fitted.
    pub dawid_skene: bool,
}

impl Default for ReadsOptions {
    fn default() -> Self {
        let resampling = Resampling::default();
        Self {
            categories: vec![0.0, 1.0],
            reference: ReferencePolicy::Majority,
            tie: TieRule::Undecided,
            quorum: 1,
            gold_readers: None,
            test_readers: None,
            threshold: 0.5,
            level: Level::P95.level(),
            bootstrap_reps: 0,
            seed: resampling.seed,
            population: None,
            blocks: 5,
            ordinal: false,
            rules: vec!["permissive".to_owned(), "clinical".to_owned()],
            posterior: true,
            dawid_skene: true,
        }
    }
}

impl ReadsOptions {
    /// Options from JSON; what is left out keeps its default, unknown names are errors.
    pub fn from_json(text: &str) -> Result<Self, OptionsError> {
        let wrong = |e: serde_json::Error| OptionsError::Json(e.to_string());
        let given: Map<String, Value> = serde_json::from_str(text).map_err(wrong)?;
        // One by one, so that a wrong value is named with its option.
        for (name, value) in &given {
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            if let Err(error) = serde_json::from_value::<Self>(Value::Object(alone)) {
                let (name, reason) = (name.clone(), error.to_string());
                return Err(OptionsError::Value { name, reason });
            }
        }
        serde_json::from_value::<Self>(Value::Object(given)).map_err(wrong)?.checked()
    }

    fn checked(mut self) -> Result<Self, OptionsError> {
        let wrong = |name: &str, reason: &str| OptionsError::Value {
            name: name.to_owned(),
            reason: reason.to_owned(),
        };
        self.categories.sort_by(f64::total_cmp);
        if self.categories.len() < 2 || self.categories.windows(2).any(|w| w[0] == w[1]) {
            return Err(wrong("categories", "needs at least two different values"));
        }
        if self.categories.len() > usize::from(u16::MAX) {
            return Err(wrong("categories", "has more values than can be told apart"));
        }
        if self.blocks == 0 {
            return Err(wrong("blocks", "must be at least 1"));
        }
        Level::new(self.level).map_err(|e| wrong("level", &e.to_string()))?;
        for stratum in self.population.iter().flat_map(BTreeMap::values).flatten() {
            if stratum.label > 1 {
                return Err(wrong("population", "label must be 0 or 1"));
            }
        }
        Ok(self)
    }

    pub(super) fn stats_level(&self) -> Level {
        Level::new(self.level).unwrap_or_default()
    }

    pub(super) fn tie_rule(&self) -> Tie {
        match self.tie {
            TieRule::Undecided => Tie::Undecided,
            TieRule::Positive => Tie::Positive,
            TieRule::Negative => Tie::Negative,
            TieRule::First => Tie::First,
        }
    }

    pub(super) fn resampling(&self) -> Option<Resampling> {
        (self.bootstrap_reps > 0)
            .then_some(Resampling { reps: self.bootstrap_reps, seed: self.seed })
    }

    pub(super) fn is_binary(&self) -> bool {
        self.categories.len() == 2
    }

    /// The index of a value among the categories.
    pub(super) fn category(&self, value: f64) -> Option<usize> {
        self.categories.iter().position(|c| *c == value)
    }

    /// A category as a key: `1`, `2.5`.
    pub(super) fn category_name(&self, index: usize) -> String {
        self.categories.get(index).map_or_else(String::new, ToString::to_string)
    }
}

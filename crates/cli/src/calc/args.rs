//! What the functions take: one small type each, unknown names refused.

use overread_stats::alpha::Metric;
use overread_stats::bootstrap::Resampling;
use overread_stats::consensus::Tie;
use overread_stats::kappa::Weights;
use overread_stats::{Level, stratified};
use serde::Deserialize;

/// The confidence level, optional everywhere.
pub(super) fn level(given: Option<f64>) -> Result<Level, String> {
    given.map_or(Ok(Level::P95), |l| Level::new(l).map_err(|e| e.to_string()))
}

/// Replicates and seed with their defaults.
pub(super) fn resampling(reps: Option<u64>, seed: Option<u64>) -> Resampling {
    let default = Resampling::default();
    Resampling { reps: reps.unwrap_or(default.reps), seed: seed.unwrap_or(default.seed) }
}

/// Names of agreement weights.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum WeightName {
    #[default]
    #[serde(alias = "nominal", alias = "unweighted", alias = "none")]
    Identity,
    Linear,
    Quadratic,
}

impl From<WeightName> for Weights {
    fn from(name: WeightName) -> Self {
        match name {
            WeightName::Identity => Self::Identity,
            WeightName::Linear => Self::Linear,
            WeightName::Quadratic => Self::Quadratic,
        }
    }
}

/// Names of distance metrics.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum MetricName {
    #[default]
    Nominal,
    Ordinal,
    Interval,
    Ratio,
}

impl From<MetricName> for Metric {
    fn from(name: MetricName) -> Self {
        match name {
            MetricName::Nominal => Self::Nominal,
            MetricName::Ordinal => Self::Ordinal,
            MetricName::Interval => Self::Interval,
            MetricName::Ratio => Self::Ratio,
        }
    }
}

/// Names of tie rules.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TieName {
    #[default]
    Undecided,
    Positive,
    Negative,
    First,
}

impl From<TieName> for Tie {
    fn from(name: TieName) -> Self {
        match name {
            TieName::Undecided => Self::Undecided,
            TieName::Positive => Self::Positive,
            TieName::Negative => Self::Negative,
            TieName::First => Self::First,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Proportion {
    pub(super) k: u64,
    pub(super) n: u64,
    pub(super) level: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confusion {
    pub(super) tp: u64,
    pub(super) fp: u64,
    #[serde(rename = "fn")]
    pub(super) fn_: u64,
    pub(super) tn: u64,
    pub(super) level: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Clusters {
    pub(super) y: Vec<u64>,
    pub(super) m: Vec<u64>,
    pub(super) reps: Option<u64>,
    pub(super) seed: Option<u64>,
    pub(super) level: Option<f64>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StratumArg {
    #[serde(default)]
    pub(super) name: String,
    pub(super) label: u8,
    #[serde(rename = "N")]
    pub(super) population: u64,
    pub(super) n: u64,
    pub(super) k: u64,
}

impl StratumArg {
    pub(super) fn checked(&self) -> Result<stratified::Stratum, String> {
        let Self { name, label, population, n, k } = self.clone();
        if label > 1 {
            return Err(format!("stratum `{name}`: label must be 0 or 1"));
        }
        if k > n || n > population {
            return Err(format!("stratum `{name}`: needs k ≤ n ≤ N"));
        }
        Ok(stratified::Stratum { name, label: label == 1, population, sampled: n, positive: k })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stratified {
    pub(super) strata: Vec<StratumArg>,
    pub(super) reps: Option<u64>,
    pub(super) seed: Option<u64>,
    pub(super) level: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct McNemar {
    pub(super) a: Option<u64>,
    pub(super) b: u64,
    pub(super) c: u64,
    pub(super) d: Option<u64>,
    pub(super) level: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TwoProportions {
    pub(super) k1: u64,
    pub(super) n1: u64,
    pub(super) k2: u64,
    pub(super) n2: u64,
    pub(super) level: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Adjust {
    pub(super) p: Vec<Option<f64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Square {
    pub(super) table: Vec<Vec<u64>>,
    pub(super) weights: Option<WeightName>,
    pub(super) ordinal: Option<bool>,
    pub(super) level: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Panel {
    pub(super) counts: Vec<Vec<u64>>,
    pub(super) weights: Option<WeightName>,
    pub(super) level: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alpha {
    pub(super) counts: Vec<Vec<u64>>,
    #[serde(default)]
    pub(super) metric: MetricName,
    pub(super) reps: Option<u64>,
    pub(super) seed: Option<u64>,
    #[serde(alias = "values")]
    pub(super) categories: Option<Vec<f64>>,
    pub(super) level: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeLong {
    pub(super) y: Vec<u8>,
    pub(super) scores: Vec<Vec<f64>>,
    pub(super) level: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Roc {
    pub(super) y: Vec<u8>,
    pub(super) score: Vec<f64>,
    pub(super) threshold: Option<f64>,
    pub(super) max_fpr: Option<f64>,
    pub(super) level: Option<f64>,
}

/// One answer, or several of the same rater.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Answers {
    One(Option<f64>),
    Many(Vec<Option<f64>>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DawidSkene {
    pub(super) ratings: Vec<Vec<Answers>>,
    pub(super) categories: Option<Vec<f64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trend {
    pub(super) k: Vec<u64>,
    pub(super) n: Vec<u64>,
    pub(super) w: Option<Vec<f64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Logistic {
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Drift {
    pub(super) pos: Vec<f64>,
    pub(super) y: Vec<u8>,
    pub(super) blocks: Option<usize>,
    pub(super) level: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanProportion {
    pub(super) p: f64,
    pub(super) half_width: f64,
    #[serde(rename = "N")]
    pub(super) population: Option<f64>,
    pub(super) deff: Option<f64>,
    pub(super) level: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanKappaPrecision {
    pub(super) kappa: f64,
    pub(super) prevalence: f64,
    pub(super) half_width: f64,
    pub(super) level: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanKappaTest {
    pub(super) kappa0: f64,
    pub(super) kappa1: f64,
    pub(super) prevalence: f64,
    pub(super) power: Option<f64>,
    pub(super) alpha: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BootstrapKappa {
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) reps: Option<u64>,
    pub(super) seed: Option<u64>,
    pub(super) categories: Option<Vec<f64>>,
    pub(super) weights: Option<WeightName>,
    pub(super) level: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rng {
    pub(super) seed: u64,
    pub(super) count: u64,
    pub(super) n: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Majority {
    pub(super) ratings: Vec<Vec<Option<f64>>>,
    #[serde(default)]
    pub(super) tie: TieName,
    pub(super) quorum: Option<usize>,
    pub(super) categories: Option<Vec<f64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sequence {
    pub(super) k: u64,
    pub(super) n: u64,
    pub(super) alpha: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RepeatStudies {
    pub(super) per_patient: Vec<u64>,
}

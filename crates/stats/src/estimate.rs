//! What every statistic hands back: a value with its interval, or the reason why there is none.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeTuple as _};

/// A two-sided interval; serialised as `[low, high]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// The interval from `low` to `high`.
    pub const fn new(low: f64, high: f64) -> Self {
        Self { low, high }
    }

    /// The same interval cut to `[low, high]`.
    pub fn clipped(self, low: f64, high: f64) -> Self {
        Self { low: self.low.clamp(low, high), high: self.high.clamp(low, high) }
    }

    /// Both ends through an increasing function.
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { low: f(self.low), high: f(self.high) }
    }

    /// Whether `x` lies inside, ends included.
    pub fn contains(self, x: f64) -> bool {
        self.low <= x && x <= self.high
    }

    /// Whether the two intervals have a point in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.low <= other.high && other.low <= self.high
    }

    /// Half of the width.
    pub fn half_width(self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// `centre ± half`.
    pub fn around(centre: f64, half: f64) -> Self {
        Self { low: centre - half, high: centre + half }
    }
}

impl Serialize for Interval {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pair = serializer.serialize_tuple(2)?;
        pair.serialize_element(&self.low)?;
        pair.serialize_element(&self.high)?;
        pair.end()
    }
}

/// Why a statistic has no value. Serialised as the sentence it displays.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotEstimable {
    /// Nothing was observed (a denominator is 0).
    NoObservations,
    /// Only label-positive studies were sampled.
    NoLabelNegatives,
    /// Only label-negative studies were sampled.
    NoLabelPositives,
    /// The reference has no positive or no negative study.
    OneReferenceClass,
    /// Both raters put everything into the same category: chance agreement is 1.
    ChanceAgreementIsOne,
    /// Nothing was rated at least twice.
    NothingRatedTwice,
    /// The value would be infinite.
    Infinite,
    /// Numerator and denominator are both 0.
    ZeroOverZero,
    /// Fewer than two patients: no variance between patients.
    TooFewClusters,
    /// Strata that were never sampled but are needed.
    UnsampledStrata,
    /// Fewer units than the method needs (needed, have).
    TooFew {
        /// How many the method needs.
        needed: usize,
        /// How many there are.
        have: usize,
    },
    /// The likelihood has no maximum (the classes separate).
    Separation,
    /// Any other reason, in words.
    Other(String),
}

impl fmt::Display for NotEstimable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoObservations => f.write_str("n=0"),
            Self::NoLabelNegatives => f.write_str("no label-negative studies in sample"),
            Self::NoLabelPositives => f.write_str("no label-positive studies in sample"),
            Self::OneReferenceClass => f.write_str("the reference has only one class"),
            Self::ChanceAgreementIsOne => {
                f.write_str("pe=1 (both raters constant in one category)")
            }
            Self::NothingRatedTwice => f.write_str("no subject was rated at least twice"),
            Self::Infinite => f.write_str("infinite"),
            Self::ZeroOverZero => f.write_str("0/0"),
            Self::TooFewClusters => f.write_str("fewer than two patients"),
            Self::UnsampledStrata => f.write_str("a stratum of the population was not sampled"),
            Self::TooFew { needed, have } => write!(f, "needs at least {needed}, there are {have}"),
            Self::Separation => f.write_str("the classes separate completely"),
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for NotEstimable {}

impl Serialize for NotEstimable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A value with what is needed to judge it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The point estimate.
    pub value: f64,
    /// Its interval; `None` where the method gives a value but no interval.
    pub interval: Option<Interval>,
    /// How many units (studies, unless the statistic says otherwise) it rests on.
    pub n: u64,
    /// How the interval was made, in words for a table foot.
    pub method: &'static str,
}

/// An estimate, or the reason why there is none.
pub type Estimated = Result<Estimate, NotEstimable>;

/// The confidence level of an interval with its normal quantile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    level: f64,
    z: f64,
}

/// `confidence level must lie strictly between 0 and 1`.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a confidence level must lie strictly between 0 and 1, not {0}")]
pub struct BadLevel(pub f64);

impl Level {
    /// 95 %.
    pub const P95: Self = Self { level: 0.95, z: 1.959_963_984_540_054 };

    /// A level strictly between 0 and 1.
    pub fn new(level: f64) -> Result<Self, BadLevel> {
        if (level - Self::P95.level).abs() < f64::EPSILON {
            return Ok(Self::P95);
        }
        if level > 0.0 && level < 1.0 {
            Ok(Self { level, z: crate::dist::normal_quantile(1.0 - (1.0 - level) / 2.0) })
        } else {
            Err(BadLevel(level))
        }
    }

    /// The level itself, such as 0.95.
    pub const fn level(self) -> f64 {
        self.level
    }

    /// 1 − level.
    pub fn alpha(self) -> f64 {
        1.0 - self.level
    }

    /// The two-sided standard normal quantile.
    pub const fn z(self) -> f64 {
        self.z
    }
}

impl Default for Level {
    fn default() -> Self {
        Self::P95
    }
}

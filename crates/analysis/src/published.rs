//! Values that others have published for the labels of known datasets.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use overread_stats::Interval;
use overread_stats::compare::two_proportions;
use serde::{Deserialize, Serialize};

use crate::figure::{Count, Figure};

/// Where a published value comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Stable id.
    pub id: String,
    /// A name for legends: `label makers`.
    pub name: String,
    /// The reference.
    pub citation: String,
    /// Why its values have no interval, where they have none.
    #[serde(default)]
    pub no_interval: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Values {
    source: String,
    #[serde(default)]
    rule: Option<String>,
    #[serde(default)]
    n: Option<u64>,
    percent: BTreeMap<String, u64>,
}

#[derive(Debug, Deserialize)]
struct Collection {
    format: String,
    source: Vec<Source>,
    value: Vec<Values>,
    #[serde(default)]
    quality: Vec<Quality>,
}

/// Published sensitivities or specificities by the values of an attribute.
#[derive(Debug, Deserialize)]
struct Quality {
    source: String,
    label: String,
    attribute: String,
    estimand: String,
    percent: BTreeMap<String, u64>,
}

/// One published sensitivity or specificity.
pub(crate) struct QualityValue<'a> {
    pub(crate) source: &'a Source,
    pub(crate) label: &'a str,
    pub(crate) attribute: &'a str,
    pub(crate) value: &'a str,
    pub(crate) estimand: &'a str,
    pub(crate) share: f64,
}

/// Every published sensitivity and specificity of the labels of that format.
pub(crate) fn quality_values(format: &str) -> Vec<QualityValue<'static>> {
    let mut out = Vec::new();
    for collection in of_format(format) {
        for quality in &collection.quality {
            let Some(source) = collection.source.iter().find(|s| s.id == quality.source) else {
                continue;
            };
            for (value, percent) in &quality.percent {
                out.push(QualityValue {
                    source,
                    label: &quality.label,
                    attribute: &quality.attribute,
                    value,
                    estimand: &quality.estimand,
                    share: *percent as f64 / 100.0,
                });
            }
        }
    }
    out
}

/// A file that does not read as one counts as empty; a test reads each.
static COLLECTIONS: LazyLock<Vec<Collection>> = LazyLock::new(|| {
    [
        include_str!("../../../assets/published/cxr14.toml"),
        include_str!("../../../assets/published/mura.toml"),
    ]
    .into_iter()
    .filter_map(|text| toml::from_str(text).ok())
    .collect()
});

/// A published value beside one of ours.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Published {
    /// Id of the source.
    pub source: String,
    /// Its name for legends.
    pub name: String,
    /// The value, 0 to 1.
    pub value: f64,
    /// Its counts, where they are known.
    pub count: Option<Count>,
    /// Ours minus the published one.
    pub difference: Option<f64>,
    /// Newcombe's interval of the difference of two independent samples.
    pub interval: Option<Interval>,
    /// Why there is no interval.
    pub reason: Option<String>,
}

/// The sources that speak about datasets of that format.
pub(crate) fn sources(format: &str) -> Vec<Source> {
    of_format(format).flat_map(|c| c.source.iter().cloned()).collect()
}

fn of_format(format: &str) -> impl Iterator<Item = &'static Collection> {
    COLLECTIONS.iter().filter(move |c| c.format == format)
}

/// The published PPVs of one label under one rule, each against our figure.
pub(crate) fn beside(
    format: &str,
    label: &str,
    rule: &str,
    figure: &Figure,
    level: overread_stats::Level,
) -> Vec<Published> {
    let mut out = Vec::new();
    for collection in of_format(format) {
        for values in &collection.value {
            if values.rule.as_deref().is_some_and(|named| named != rule) {
                continue;
            }
            let Some(&percent) = values.percent.get(label) else { continue };
            let Some(source) = collection.source.iter().find(|s| s.id == values.source) else {
                continue;
            };
            out.push(compare(source, percent, values.n, figure, level));
        }
    }
    out
}

fn compare(
    source: &Source,
    percent: u64,
    n: Option<u64>,
    figure: &Figure,
    level: overread_stats::Level,
) -> Published {
    let value = percent as f64 / 100.0;
    // Printed percentages of n = 50 are exact counts; anything else is not rebuilt.
    let count =
        n.filter(|n| (percent * n).is_multiple_of(100)).map(|n| Count { x: percent * n / 100, n });
    let mut out = Published {
        source: source.id.clone(),
        name: source.name.clone(),
        value,
        count,
        difference: figure.value.map(|ours| ours - value),
        interval: None,
        reason: source.no_interval.clone(),
    };
    if figure.n == 0 {
        out.reason = Some("no study that counts was read".to_owned());
    } else if figure.kind == crate::figure::IntervalKind::Running {
        out.reason = Some("the deck is unfinished".to_owned());
    } else if let (None, Some(why)) = (figure.value, &figure.reason) {
        out.reason = Some(why.clone());
    } else if figure.kind == crate::figure::IntervalKind::Weighted {
        out.reason = Some("our value is weighted to the dataset; its counts alone give no interval of the difference".to_owned());
    } else if let Some(count) = count {
        out.interval = two_proportions(figure.x, figure.n, count.x, count.n, level).newcombe;
        out.reason = None;
    } else if out.reason.is_none() {
        out.reason =
            Some("the number of studies behind the published value is not known".to_owned());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_collection_reads_and_names_its_sources() {
        assert_eq!(COLLECTIONS.len(), 2);
        for collection in COLLECTIONS.iter() {
            for values in &collection.value {
                assert!(collection.source.iter().any(|s| s.id == values.source));
            }
        }
        assert_eq!(sources("cxr14").len(), 2);
        assert_eq!(sources("mura").len(), 1);
        assert_eq!(quality_values("mura").len(), 20);
        assert!(sources("chexpert").is_empty());
    }

    #[test]
    fn without_the_published_n_the_difference_has_no_interval() {
        let mut figure = Figure::refused("ppv", None, "");
        (figure.x, figure.n, figure.value) = (40, 50, Some(0.8));
        let beside =
            beside("cxr14", "Atelectasis", "clinical", &figure, overread_stats::Level::P95);
        assert_eq!(beside.len(), 2);
        assert!((beside[0].difference.unwrap() + 0.19).abs() < 1e-12);
        assert!(beside[0].interval.is_none() && beside[0].reason.is_some());
        assert!(beside[1].interval.is_some() && beside[1].reason.is_none());
        assert_eq!(beside[1].count, Some(Count { x: 25, n: 50 }));
    }
}

//! Published sensitivities and specificities, by region and pathology, beside ours.

use serde::Serialize;

use crate::by_stratum::{PathologyQuality, StratumQuality};
use crate::figure::Figure;
use crate::published::{QualityValue, quality_values};
use crate::quality::FindingQuality;

/// A published value beside one of ours.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PublishedQuality {
    /// Id of the source.
    pub source: String,
    /// Its name.
    pub source_name: String,
    /// Id of the finding that has the label.
    pub finding: String,
    /// `overall`, `region` or `pathology`.
    pub attribute: String,
    /// Which region or pathology.
    pub value: String,
    /// `sensitivity` or `specificity`.
    pub estimand: String,
    /// As published, 0 to 1.
    pub published: f64,
    /// Name of our rule.
    pub rule: String,
    /// Ours.
    pub ours: Figure,
    /// Ours minus the published one; without interval, since the source prints no denominators.
    pub difference: Option<f64>,
    /// Why there is no interval.
    pub reason: String,
}

/// What the analysis has to be held against published values.
pub(crate) struct Ours<'a> {
    pub(crate) format: &'a str,
    pub(crate) findings: &'a [FindingQuality],
    pub(crate) strata: &'a [StratumQuality],
    pub(crate) pathologies: &'a [PathologyQuality],
}

/// Every published value of the dataset's labels that has a counterpart.
pub(crate) fn published_quality(ours: &Ours<'_>) -> Vec<PublishedQuality> {
    let mut out = Vec::new();
    for value in quality_values(ours.format) {
        let labelled = ours.findings.iter().filter(|f| f.label.as_deref() == Some(value.label));
        for finding in labelled {
            out.extend(counterparts(ours, finding, &value));
        }
    }
    out
}

fn counterparts(
    ours: &Ours<'_>,
    finding: &FindingQuality,
    value: &QualityValue<'_>,
) -> Vec<PublishedQuality> {
    let sensitivity = value.estimand == "sensitivity";
    let figures: Vec<(&str, &Figure)> = match value.attribute {
        "overall" => finding
            .rules
            .iter()
            .map(|r| (r.rule.as_str(), if sensitivity { &r.sensitivity } else { &r.specificity }))
            .collect(),
        "pathology" => ours
            .pathologies
            .iter()
            .filter(|p| p.composite == finding.finding && p.finding == value.value)
            .map(|p| (p.rule.name.as_str(), &p.sensitivity))
            .collect(),
        attribute => ours
            .strata
            .iter()
            .filter(|s| s.finding == finding.finding && s.attribute == attribute)
            .filter(|s| {
                // MURA names its folders `XR_ELBOW`.
                s.value.trim_start_matches("XR_").eq_ignore_ascii_case(value.value)
            })
            .map(|s| {
                (s.rule.name.as_str(), if sensitivity { &s.sensitivity } else { &s.specificity })
            })
            .collect(),
    };
    figures
        .into_iter()
        .map(|(rule, figure)| PublishedQuality {
            source: value.source.id.clone(),
            source_name: value.source.name.clone(),
            finding: finding.finding.clone(),
            attribute: value.attribute.to_owned(),
            value: value.value.to_owned(),
            estimand: value.estimand.to_owned(),
            published: value.share,
            rule: rule.to_owned(),
            ours: figure.clone(),
            difference: figure.value.map(|ours| ours - value.share),
            reason: value.source.no_interval.clone().unwrap_or_default(),
        })
        .collect()
}

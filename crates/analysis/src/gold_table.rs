//! Raters against the gold panel, region by region: the layout of MURA's Table 2.

use overread_core::Level;
use overread_stats::Interval;
use overread_stats::kappa::{Weights, kappa};
use serde::Serialize;

use crate::collect::{Collected, Question, Unit};
use crate::dataset::{Attribute, DatasetSummary};
use crate::figure::{Count, RuleRef, with_width};
use crate::ground::Ground;
use crate::input::Options;
use crate::splits::{Rater, raters};

/// One rater against the gold standard within one value of an attribute, or overall.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GoldRow {
    /// Id of the finding.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// The rule.
    pub rule: RuleRef,
    /// The attribute; `overall` for all studies.
    pub attribute: &'static str,
    /// Its value; `overall` for all studies.
    pub value: String,
    /// Who: a reader, a model, or `dataset`.
    pub rater: String,
    /// `reader`, `model` or `dataset`.
    pub kind: &'static str,
    /// The panel whose majority is the standard; empty where it is all other readers.
    pub gold: Vec<String>,
    /// Studies on which they agree.
    pub agreed: Count,
    /// Cohen's kappa.
    pub kappa: Option<f64>,
    /// Fleiss–Cohen–Everitt interval; none where the standard error is 0.
    pub interval: Option<Interval>,
    /// `McHugh`'s interval, for comparison with published tables.
    pub mchugh: Option<Interval>,
    /// Whether the studies were drawn by label or with unequal probabilities: then the figures describe the sample, not the dataset.
    pub sample_value: bool,
    /// Why there is no kappa.
    pub reason: Option<String>,
}

/// Attributes that divide a table of agreement.
const DIVIDES: [Attribute; 2] = [Attribute::Region, Attribute::View];

/// Every rater against the declared panel, or against all other readers, by region and view and overall.
pub(crate) fn gold_table(
    input: &Ground<'_>,
    options: &Options,
    summary: &DatasetSummary,
    collected: &Collected<'_>,
) -> Vec<GoldRow> {
    if collected.readers.len() < 2 {
        return Vec::new();
    }
    let panel = collected.gold.as_deref();
    let mut out = Vec::new();
    for question in &collected.questions {
        let groups = groups(question, summary);
        for rule in &input.protocol.rules {
            let id = RuleRef { name: rule.name.clone(), version: input.protocol.version };
            let standard = Standard {
                input,
                options,
                collected,
                question,
                panel,
                threshold: rule.threshold,
                rule: &id,
            };
            for (attribute, value, units) in &groups {
                for rater in raters(input, collected, question) {
                    out.extend(standard.row(attribute, value, units, &rater));
                }
            }
        }
    }
    out
}

/// Attribute, value, and the units that have it.
type Group<'q, 'a> = (&'static str, &'a str, Vec<&'q Unit<'a>>);

fn groups<'q, 'a>(question: &'q Question<'a>, summary: &DatasetSummary) -> Vec<Group<'q, 'a>> {
    let read = || question.units.iter().filter(|unit| !unit.marks.is_empty());
    let mut out = Vec::new();
    for attribute in DIVIDES {
        let valued: Vec<(&str, &Unit<'_>)> =
            read().map(|unit| (attribute.value(unit.study, &summary.per_patient), unit)).collect();
        let mut values: Vec<&str> = valued.iter().map(|(value, _)| *value).collect();
        values.sort_unstable();
        values.dedup();
        if values.len() < 2 {
            continue;
        }
        for value in values {
            let same = valued.iter().filter(|(of, _)| *of == value);
            let units = same.map(|(_, unit)| *unit).collect();
            out.push((attribute.name(), value, units));
        }
    }
    out.push(("overall", "overall", read().collect()));
    out
}

/// What a rater is compared with.
struct Standard<'a> {
    input: &'a Ground<'a>,
    options: &'a Options,
    collected: &'a Collected<'a>,
    question: &'a Question<'a>,
    panel: Option<&'a [usize]>,
    threshold: Level,
    rule: &'a RuleRef,
}

impl Standard<'_> {
    /// As the question does, unless the studies with one value of the attribute had equal chances.
    fn describes_sample(&self, attribute: &str, units: &[&Unit<'_>]) -> bool {
        let chances = &self.question.chances;
        self.question.describes_sample(self.input)
            && (self.input.by_label()
                || self.input.elsewhere()
                || chances.unequal_among(self.input, attribute, units).is_some())
    }

    fn truth(&self, unit: &Unit<'_>, rater: &Rater<'_>) -> Option<bool> {
        match (self.panel, rater) {
            (None, Rater::Reader(index, _)) => unit.majority_without(*index, self.threshold),
            _ => unit.majority(self.threshold),
        }
    }

    fn row(
        &self,
        attribute: &'static str,
        value: &str,
        units: &[&Unit<'_>],
        rater: &Rater<'_>,
    ) -> Option<GoldRow> {
        if let (Some(panel), Rater::Reader(index, _)) = (self.panel, rater)
            && panel.contains(index)
        {
            return None;
        }
        let mut table = vec![vec![0_u64; 2]; 2];
        let mut agreed = Count::default();
        for unit in units {
            if let (Some(truth), Some(own)) =
                (self.truth(unit, rater), rater.says(unit, self.threshold))
            {
                table[usize::from(own)][usize::from(truth)] += 1;
                agreed.add(own == truth);
            }
        }
        if agreed.n == 0 {
            return None;
        }
        let found = kappa(&table, Weights::Identity, self.options.stats_level());
        let names = |panel: &[usize]| {
            panel
                .iter()
                .filter_map(|i| self.collected.readers.get(*i))
                .map(|name| (*name).to_owned())
                .collect()
        };
        Some(GoldRow {
            finding: self.question.finding.id.clone(),
            name: self.question.finding.name.clone(),
            rule: self.rule.clone(),
            attribute,
            value: value.to_owned(),
            rater: rater.name().to_owned(),
            kind: rater.kind(),
            gold: self.panel.map(names).unwrap_or_default(),
            agreed,
            kappa: found.kappa,
            interval: with_width(found.ci_fce),
            mchugh: with_width(found.ci_mchugh),
            sample_value: self.describes_sample(attribute, units),
            reason: found.reason.map(|reason| reason.to_string()),
        })
    }
}

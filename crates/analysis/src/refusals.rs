//! What this design or these data cannot give, why, and what would.

use serde::Serialize;

use crate::Analysis;
use crate::figure::Figure;
use crate::quality::ONE_ARM;

/// A figure that is absent, not zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The figure.
    pub figure: String,
    /// Names of the findings it is about; empty for all, or for none in particular.
    pub findings: Vec<String>,
    /// Why.
    pub reason: String,
    /// What would make it estimable.
    pub remedy: String,
}

/// Gathers every refusal, equal reasons together.
pub(crate) fn refusals(analysis: &Analysis) -> Vec<Refusal> {
    let mut out: Vec<Refusal> = Vec::new();
    let all = analysis.statistics.label_quality.len();
    for finding in &analysis.statistics.label_quality {
        for rule in &finding.rules {
            let figures = [
                ("PPV", &rule.ppv),
                ("NPV", &rule.npv),
                ("Sensitivity", &rule.sensitivity),
                ("Specificity", &rule.specificity),
                ("Prevalence", &rule.prevalence),
                ("Accuracy", &rule.accuracy),
            ];
            for (name, figure) in figures {
                note_figure(&mut out, name, &finding.name, figure);
            }
            for ratio in &rule.ratios {
                if let (None, Some(reason)) = (ratio.value, &ratio.reason) {
                    let name = match ratio.estimand {
                        "f1" => "F1",
                        "lr_positive" => "Likelihood ratio of a positive label",
                        _ => "Likelihood ratio of a negative label",
                    };
                    note(&mut out, name, &finding.name, reason);
                }
            }
            for published in &rule.published {
                if let (None, Some(reason)) = (published.interval, &published.reason) {
                    let figure =
                        format!("Interval of PPV minus published value ({})", published.name);
                    note(&mut out, &figure, &finding.name, reason);
                }
            }
        }
    }
    for refusal in &mut out {
        if refusal.findings.len() == all {
            refusal.findings.clear();
        }
    }
    let mut out = merge(out);
    whole_study(analysis, &mut out);
    out
}

fn note_figure(out: &mut Vec<Refusal>, name: &str, finding: &str, figure: &Figure) {
    if let (None, Some(reason)) = (figure.value, &figure.reason) {
        note(out, name, finding, reason);
    }
}

fn note(out: &mut Vec<Refusal>, figure: &str, finding: &str, reason: &str) {
    let place = out.iter().position(|r| r.figure == figure && r.reason == reason);
    let place = place.unwrap_or_else(|| {
        out.push(Refusal {
            figure: figure.to_owned(),
            findings: Vec::new(),
            reason: reason.to_owned(),
            remedy: remedy(reason).to_owned(),
        });
        out.len() - 1
    });
    let Some(refusal) = out.get_mut(place) else { return };
    if refusal.findings.last().is_none_or(|last| last != finding) {
        refusal.findings.push(finding.to_owned());
    }
}

/// Figures with the same reason and findings become one row.
fn merge(rows: Vec<Refusal>) -> Vec<Refusal> {
    let mut out: Vec<Refusal> = Vec::new();
    for row in rows {
        let same = |o: &&mut Refusal| o.reason == row.reason && o.findings == row.findings;
        match out.iter_mut().find(same) {
            Some(known) => {
                known.figure.push_str(", ");
                known.figure.push_str(&lower_first(&row.figure));
            }
            None => out.push(row),
        }
    }
    out
}

/// `Sensitivity` becomes `sensitivity`; `NPV` and `F1` stay.
fn lower_first(text: &str) -> String {
    let second_is_lower = text.chars().nth(1).is_some_and(char::is_lowercase);
    let mut characters = text.chars();
    match characters.next() {
        Some(first) if second_is_lower => first.to_lowercase().chain(characters).collect(),
        _ => text.to_owned(),
    }
}

fn remedy(reason: &str) -> &'static str {
    if reason == ONE_ARM {
        "label-negative studies mixed into the deck; weights by frame size then apply"
    } else if reason.contains("unfinished") {
        "reading the deck to its planned number"
    } else if reason.contains("no label for") {
        "a label of the dataset for this finding"
    } else if reason.contains("no study that counts") {
        "reads"
    } else if reason.contains("enriched") {
        "a simple random sample of the dataset"
    } else if reason.contains("patients were drawn") {
        "a plan that draws studies"
    } else if reason.contains("unequal probabilities") {
        "a sample in proportion to the strata, or more studies of each"
    } else if reason.contains("number of studies") {
        "the number of studies behind the published value"
    } else {
        "more studies of both kinds"
    }
}

fn whole_study(analysis: &Analysis, out: &mut Vec<Refusal>) {
    let mut add = |figure: &str, reason: &str, remedy: &str| {
        out.push(Refusal {
            figure: figure.to_owned(),
            findings: Vec::new(),
            reason: reason.to_owned(),
            remedy: remedy.to_owned(),
        });
    };
    let verify = analysis.design.design == "verify";
    if verify && 1 < analysis.design.decks.len() {
        add(
            "One PPV for the dataset",
            "decks of equal size do not represent how often each label occurs",
            "weights by label frequency and by joint labels",
        );
    }
    if analysis.design.readers.len() < 2 {
        add(
            "Agreement between readers (kappa, AC1)",
            "fewer than two readers have a worklist",
            "a second reader on the same studies",
        );
    } else if analysis.statistics.agreement.is_empty() {
        add(
            "Agreement between readers (kappa, AC1)",
            "no study was decided by two readers",
            "reads of the same studies by two readers",
        );
    }
    if analysis.statistics.repeatability.is_empty() {
        add(
            "Repeatability of a reader",
            "no study was read twice by the same reader",
            "hidden repeats",
        );
    }
    if 1 < analysis.design.readers.len() && analysis.statistics.splits.is_empty() {
        add(
            "Spread over gold panels",
            "fewer than four readers: no odd panel of three leaves anyone to compare",
            "more readers of the same studies",
        );
    }
    if analysis.statistics.scores.models.is_empty() {
        add(
            "ROC curves and operating points of models",
            "no scores of a model came in for studies with a reference",
            "a table of scores",
        );
    }
    let strata = &analysis.statistics.strata;
    if let (false, Some(reason)) = (strata.rows.is_empty(), &strata.shrunken_reason) {
        add("Shrunken gap of the worst stratum", reason, "more strata, tested on new reads");
    }
}

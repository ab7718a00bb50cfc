//! The statistics of a reads table as plain text.
//!
//! Reads the JSON of `analyse --reads` and leaves nothing out but curves and single posteriors: every share with x/n and
//! interval, every refusal with its reason.

mod agreement;
mod quality;
mod scores;

use std::fmt::Write as _;

use overread_analysis::Count;
use serde_json::{Map, Value};

use crate::numbers::{self, count};
use crate::plain::{Plain, at, number, p_value, share, whole, word};

/// The text of `{"schema": …, "statistics": {…}}`.
pub fn text(result: &Value) -> String {
    let none = Value::Null;
    let statistics = result.get("statistics").unwrap_or(&none);
    let mut out = Plain::new();
    input(statistics, &mut out);
    repeat_studies(statistics, &mut out);
    for (key, cell) in entries(statistics, "by_rule_finding") {
        let (rule, finding) = key.split_once('|').unwrap_or(("", key));
        out.heading(&format!("{finding}, {rule}"));
        reference(cell, &mut out);
        quality::sections(cell, &mut out);
        scores::sections(cell, &mut out);
        agreement::sections(cell, &mut out);
        drift(cell, &mut out);
    }
    rules(statistics, &mut out);
    multiplicity(statistics, &mut out);
    out.line("");
    out.line(&closing(statistics));
    out.finish()
}

/// The entries of the object under `key`.
fn entries<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn names(value: &Value, path: &[&str]) -> String {
    let list = at(value, path).and_then(Value::as_array);
    let list: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
    if list.is_empty() { numbers::NONE.to_owned() } else { list.join(", ") }
}

fn counted(value: &Value, path: &[&str]) -> String {
    whole(value, path).map_or_else(|| numbers::NONE.to_owned(), count)
}

/// A decimal, or the sign that there is none.
fn decimal(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| numbers::NONE.to_owned(), |value| numbers::decimal(value, decimals))
}

/// Why a value is missing: its `reason`, in brackets.
fn why(value: &Value) -> String {
    word(value, &["reason"]).map_or_else(String::new, |reason| format!("not estimable: {reason}"))
}

fn input(statistics: &Value, out: &mut Plain) {
    let of = |key: &str| counted(statistics, &["input", key]);
    out.heading("Reads table");
    let mut rows = vec![
        vec!["rows".to_owned(), of("rows")],
        vec!["without an answer".to_owned(), of("blank_values")],
        vec!["studies".to_owned(), of("studies")],
    ];
    for (name, key) in [("said unsure", "unsure"), ("said inadequate", "inadequate")] {
        if whole(statistics, &["input", "no_answer", key]).is_some_and(|n| n > 0) {
            rows.push(vec![name.to_owned(), counted(statistics, &["input", "no_answer", key])]);
        }
    }
    if at(statistics, &["input", "dataset_label_conflicts"]).is_some() {
        rows.push(vec!["conflicting dataset labels".to_owned(), of("dataset_label_conflicts")]);
    }
    if at(statistics, &["input", "scores"]).is_some() {
        let scored = counted(statistics, &["input", "scores", "studies"]);
        rows.push(vec!["studies with a score".to_owned(), scored]);
    }
    out.table(&[], &rows);
    for (name, key) in [("Readers", "readers"), ("Rules", "rules"), ("Findings", "findings")] {
        out.line(&format!("  {name}: {}", names(statistics, &["input", key])));
    }
    for path in [["input", "ignored_columns"].as_slice(), &["input", "scores", "ignored_columns"]] {
        if at(statistics, path).and_then(Value::as_array).is_some_and(|list| !list.is_empty()) {
            out.line(&format!("  Ignored columns: {}", names(statistics, path)));
        }
    }
}

fn repeat_studies(statistics: &Value, out: &mut Plain) {
    let Some(repeats) = at(statistics, &["repeat_studies"]) else { return };
    let (patients, studies) = (counted(repeats, &["patients"]), counted(repeats, &["studies"]));
    out.part(&format!("Studies per patient ({patients} patients, {studies} studies)"));
    let rows: Vec<Vec<String>> = at(repeats, &["rows"])
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|row| {
            let of = |key: &str, all: &str| {
                let x = whole(row, &[key]).unwrap_or(0);
                let n = whole(repeats, &[all]).unwrap_or(0);
                [count(x), numbers::percent(Count { x, n })]
            };
            let [p, p_share] = of("patients", "patients");
            let [s, s_share] = of("studies", "studies");
            vec![format!("more than {}", counted(row, &["more_than"])), p, p_share, s, s_share]
        })
        .collect();
    out.table(&["", "patients", "", "their studies", ""], &rows);
}

fn reference(cell: &Value, out: &mut Plain) {
    let of = |key: &str| counted(cell, &["reference", key]);
    let policy = match word(cell, &["reference", "policy"]) {
        Some("dawid_skene") => "latent classes (Dawid–Skene)",
        _ => "majority",
    };
    let readers = names(cell, &["reference", "readers"]);
    out.line(&format!("Reference: {policy} of {readers}."));
    let reference = cell.get("reference").unwrap_or(&Value::Null);
    let categories: Vec<String> = entries(reference, "counts")
        .map(|(category, n)| format!("{category}: {}", count(n.as_u64().unwrap_or(0))))
        .collect();
    out.line(&format!(
        "Decided {}/{} ({}); tied {}, with too few reads {}.",
        of("decided"),
        of("studies"),
        categories.join(", "),
        of("tied"),
        of("insufficient"),
    ));
}

fn drift(cell: &Value, out: &mut Plain) {
    let series = |section: &Value, key: &str, reader: &str, rows: &mut Vec<Vec<String>>| {
        let Some(series) = at(section, &[key]) else { return };
        let blocks: Vec<String> = at(series, &["blocks"])
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|block| share(block, "wilson")[0].clone())
            .collect();
        let what = if key == "positive_rate" { "positive answers" } else { "agreement with label" };
        rows.push(vec![
            format!("{reader}: {what}"),
            blocks.join(" "),
            decimal(number(series, &["trend", "z"]), 2),
            p_value(number(series, &["trend", "p"])),
            decimal(number(series, &["logistic", "slope"]), 2),
            p_value(number(series, &["logistic", "p"])),
        ]);
    };
    let mut rows = Vec::new();
    for (reader, section) in entries(cell, "drift") {
        series(section, "positive_rate", reader, &mut rows);
        series(section, "label_agreement", reader, &mut rows);
    }
    if !rows.is_empty() {
        out.part(
            "Along the reading order (a list sorted by class shows drift where there is none)",
        );
        out.table(&["", "blocks", "trend z", "p", "logistic slope", "p"], &rows);
    }
}

fn rules(statistics: &Value, out: &mut Plain) {
    let rows: Vec<Vec<String>> = entries(statistics, "rule_comparison")
        .map(|(finding, section)| {
            let only: Vec<String> = section
                .as_object()
                .into_iter()
                .flat_map(Map::iter)
                .filter_map(|(key, n)| {
                    let rule = key.strip_suffix("_only")?;
                    Some(format!("{rule} {}", count(n.as_u64().unwrap_or(0))))
                })
                .collect();
            let ends = crate::plain::interval(section, &["paired_diff", "newcombe"]);
            let (difference, ends) = number(section, &["paired_diff", "diff"]).map_or_else(
                || (numbers::NOT_ESTIMABLE.to_owned(), None),
                |d| numbers::points(d, ends),
            );
            let kappa = crate::plain::coefficient(
                number(section, &["kappa", "kappa"]),
                crate::plain::interval(section, &["kappa", "ci_fce"]),
            );
            vec![
                finding.clone(),
                counted(section, &["n"]),
                counted(section, &["both"]),
                only.join(", "),
                counted(section, &["neither"]),
                difference,
                ends.unwrap_or_default(),
                p_value(number(section, &["mcnemar", "exact_p"])),
                p_value(number(section, &["mcnemar", "mid_p"])),
                kappa.join(" "),
                counted(section, &["order_violations"]),
            ]
        })
        .collect();
    if !rows.is_empty() {
        out.heading("One rule against the other, studies decided under both");
        let head = [
            "",
            "n",
            "both",
            "only",
            "neither",
            "points",
            "Newcombe",
            "McNemar p",
            "mid-p",
            "kappa",
            "order violations",
        ];
        out.table(&head, &rows);
    }
}

fn multiplicity(statistics: &Value, out: &mut Plain) {
    let rows: Vec<Vec<String>> = entries(statistics, "multiplicity")
        .map(|(name, test)| {
            let of = |key: &str| p_value(number(test, &[key]));
            vec![name.clone(), of("p"), of("holm"), of("bh")]
        })
        .collect();
    if !rows.is_empty() {
        out.heading(&format!("Tests of the family ({})", rows.len()));
        out.table(&["", "p", "Holm", "Benjamini–Hochberg"], &rows);
    }
}

fn closing(statistics: &Value) -> String {
    let level = number(statistics, &["config", "level"]).unwrap_or(0.95);
    let mut text = format!(
        "Intervals at {}%. Shares: Wilson; kappa: Fleiss–Cohen–Everitt. n.e.: not estimable.",
        numbers::decimal(100.0 * level, usize::from((100.0 * level).fract() > 1e-9))
    );
    let reps = whole(statistics, &["config", "bootstrap_reps"]).unwrap_or(0);
    if reps > 0 {
        let seed = counted(statistics, &["config", "seed"]).replace(',', "");
        write!(text, " Bootstrap: {} resamples, seed {seed}.", count(reps)).ok();
    }
    text
}

#[cfg(test)]
mod tests;

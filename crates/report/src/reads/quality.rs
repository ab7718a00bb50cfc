//! The dataset label against the reference.

use serde_json::Value;

use super::{counted, decimal, entries, why};
use crate::numbers;
use crate::plain::{
    Plain, at, coefficient, interval, number, p_value, percentage, share, whole, word,
};

const SHARES: [(&str, &str); 7] = [
    ("PPV", "ppv"),
    ("NPV", "npv"),
    ("sensitivity", "sensitivity"),
    ("specificity", "specificity"),
    ("accuracy", "accuracy"),
    ("prevalence (reference)", "prevalence"),
    ("prevalence (label)", "label_prevalence"),
];

pub(super) fn sections(cell: &Value, out: &mut Plain) {
    if let Some(quality) = at(cell, &["label_quality"]) {
        let n = counted(quality, &["n"]);
        out.part(&format!("Dataset label against the reference ({n} studies, {})", cells(quality)));
        figures(quality, out);
    }
    clustered(cell, out);
    weighted(cell, out);
    many(cell, "label_quality_by_reader", "Dataset label against each reader", out);
    many(cell, "by_stratum", "Dataset label against the reference, by stratum", out);
    tags(cell, out);
}

/// `tp 43, fp 7, fn 17, tn 54`.
fn cells(quality: &Value) -> String {
    let cells = ["tp", "fp", "fn", "tn"].map(|key| format!("{key} {}", counted(quality, &[key])));
    cells.join(", ")
}

fn figures(quality: &Value, out: &mut Plain) {
    let mut rows: Vec<Vec<String>> = SHARES
        .iter()
        .filter_map(|(name, key)| {
            let value = at(quality, &[key])?;
            let [x, percent, ends] = share(value, "wilson");
            let exact = share(value, "clopper_pearson")[2].clone();
            Some(vec![(*name).to_owned(), x, percent, ends, exact])
        })
        .collect();
    let n = whole(quality, &["n"]).unwrap_or(0);
    for (name, key) in [("F1", "f1"), ("balanced accuracy", "balanced_accuracy")] {
        if let Some(value) = at(quality, &[key]) {
            let [percent, ends] = percentage(number(value, &["est"]), interval(value, &["ci"]), n);
            rows.push(vec![name.to_owned(), String::new(), percent, ends, why_of(value)]);
        }
    }
    for (name, key) in
        [("Youden’s J", "youden"), ("LR+", "lr_pos"), ("LR−", "lr_neg"), ("kappa", "kappa")]
    {
        if let Some(value) = at(quality, &[key]) {
            let (estimate, ends) = if key == "kappa" { ("kappa", "ci_fce") } else { ("est", "ci") };
            let [text, ends] = coefficient(number(value, &[estimate]), interval(value, &[ends]));
            rows.push(vec![name.to_owned(), String::new(), text, ends, why_of(value)]);
        }
    }
    out.table(&["", "x/n", "", "Wilson", "Clopper–Pearson"], &rows);
    if let Some(reason) = word(quality, &["not_identified_reason"]) {
        out.line(&format!("  Everything else is not identified: {reason}."));
    }
}

/// The reason of a value that is missing; a defined one needs none.
fn why_of(value: &Value) -> String {
    let defined = at(value, &["est"]).or_else(|| at(value, &["kappa"])).is_some();
    if defined { String::new() } else { why(value) }
}

fn clustered(cell: &Value, out: &mut Plain) {
    let Some(section) = at(cell, &["label_quality_clustered"]) else { return };
    let booted = SHARES.iter().any(|(_, key)| at(section, &[key, "bootstrap"]).is_some());
    let rows: Vec<Vec<String>> = SHARES
        .iter()
        .filter_map(|(name, key)| {
            let value = at(section, &[key])?;
            let n = whole(value, &["n"]).unwrap_or(0);
            let [x, percent, ends] = share(value, "ci_wilson_neff");
            let linear = percentage(number(value, &["est"]), interval(value, &["ci_linear_t"]), n);
            let mut row = vec![
                (*name).to_owned(),
                x,
                counted(value, &["clusters"]),
                percent,
                ends,
                decimal(number(value, &["deff"]), 2),
                decimal(number(value, &["n_eff"]), 1),
                decimal(number(value, &["icc"]), 2),
                linear[1].clone(),
            ];
            if booted {
                let ends = interval(value, &["bootstrap", "ci"]);
                row.push(percentage(number(value, &["est"]), ends, n)[1].clone());
            }
            Some(row)
        })
        .collect();
    let mut head = vec![
        "",
        "x/n",
        "patients",
        "",
        "Wilson at n eff.",
        "design effect",
        "n eff.",
        "ICC",
        "t interval",
    ];
    if booted {
        head.push("patient bootstrap");
    }
    out.part("With patients as the sampling unit");
    out.table(&head, &rows);
}

fn weighted(cell: &Value, out: &mut Plain) {
    let Some(section) = at(cell, &["label_quality_weighted"]) else { return };
    let size = counted(section, &["N"]);
    out.part(&format!("Weighted to the dataset ({size} studies)"));
    let strata: Vec<Vec<String>> = at(section, &["strata"])
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|row| {
            let label = if whole(row, &["label"]) == Some(1) { "positive" } else { "negative" };
            vec![
                word(row, &["name"]).unwrap_or_default().to_owned(),
                label.to_owned(),
                counted(row, &["N"]),
                counted(row, &["n"]),
                counted(row, &["k"]),
                decimal(number(row, &["weight"]), 2),
            ]
        })
        .collect();
    out.table(&["stratum", "label", "N", "read", "positive", "weight"], &strata);
    let expected = |key: &str| decimal(number(section, &["expected_table", key]), 1);
    out.line(&format!(
        "  Expected in the dataset: tp {}, fp {}, fn {}, tn {}.",
        expected("tp"),
        expected("fp"),
        expected("fn"),
        expected("tn")
    ));
    let mut rows = Vec::new();
    for (name, key) in SHARES.iter().filter(|(_, key)| *key != "label_prevalence") {
        if let Some(value) = at(section, &["design", key]) {
            let ends = interval(value, &["ci"]);
            let [percent, ends] = percentage(number(value, &["est"]), ends, 1000);
            let method = word(value, &["ci_method"]).unwrap_or_default().to_owned();
            rows.push(vec![(*name).to_owned(), percent, ends, method]);
        }
        if let Some(value) = at(section, &["begg_greenes", key]) {
            let ends = interval(value, &["ci"]);
            let [percent, ends] = percentage(number(value, &["est"]), ends, 1000);
            rows.push(vec![format!("{name}, Begg–Greenes"), percent, ends, "logit".to_owned()]);
        }
        if let Some(ends) = interval(section, &["bootstrap", key, "ci"]) {
            let estimate = number(section, &["design", key, "est"]);
            let [percent, ends] = percentage(estimate, Some(ends), 1000);
            rows.push(vec![format!("{name}, bootstrap"), percent, ends, "percentile".to_owned()]);
        }
        if let Some(naive) = number(section, &["naive", key]) {
            let [percent, _] = percentage(Some(naive), None, 1000);
            let row = vec![format!("{name}, unweighted"), percent, String::new()];
            rows.push([row, vec!["of the sample, biased for the dataset".to_owned()]].concat());
        }
    }
    out.table(&["", "", "interval", "method"], &rows);
    let unsampled = super::names(section, &["unsampled_strata"]);
    if unsampled != numbers::NONE {
        out.line(&format!("  Not sampled, so that what needs them is refused: {unsampled}."));
    }
}

/// A line for each of several tables.
fn many(cell: &Value, key: &str, title: &str, out: &mut Plain) {
    let rows: Vec<Vec<String>> =
        entries(cell, key).map(|(name, quality)| one_line(name, quality)).collect();
    if !rows.is_empty() {
        out.part(title);
        out.table(&LINE, &rows);
    }
}

const LINE: [&str; 9] = ["", "n", "PPV", "", "NPV", "", "sensitivity", "specificity", "kappa"];

fn one_line(name: &str, quality: &Value) -> Vec<String> {
    let mut row = vec![name.to_owned(), counted(quality, &["n"])];
    for key in ["ppv", "npv"] {
        let value = quality.get(key).unwrap_or(&Value::Null);
        let [x, percent, ends] = share(value, "wilson");
        row.extend([x, [percent, ends].join(" ")]);
    }
    for key in ["sensitivity", "specificity"] {
        row.push(at(quality, &[key]).map_or_else(
            || numbers::NOT_ESTIMABLE.to_owned(),
            |value| share(value, "wilson").join(" "),
        ));
    }
    let kappa =
        coefficient(number(quality, &["kappa", "kappa"]), interval(quality, &["kappa", "ci_fce"]));
    row.push(kappa.join(" "));
    row
}

fn tags(cell: &Value, out: &mut Plain) {
    let mut rows = Vec::new();
    for (tag, split) in entries(cell, "by_tag") {
        let of = |key: &str| split.get(key).unwrap_or(&Value::Null);
        let held = share(of("label_pos_with_tag"), "wilson");
        let side = |key: &str| {
            let value = of(key).get("ppv").unwrap_or(&Value::Null);
            share(value, "wilson").join(" ")
        };
        let test = of("ppv_with_vs_without");
        let (points, ends) = number(test, &["diff"]).map_or_else(
            || (numbers::NOT_ESTIMABLE.to_owned(), None),
            |d| numbers::points(d, interval(test, &["newcombe"])),
        );
        let fisher = p_value(number(test, &["fisher_p"]));
        rows.push(vec![
            tag.clone(),
            held.join(" "),
            side("with"),
            side("without"),
            points,
            ends.unwrap_or_default(),
            fisher,
        ]);
    }
    if !rows.is_empty() {
        out.part("By tag, among label-positives");
        let head =
            ["", "share with the tag", "PPV with", "PPV without", "points", "Newcombe", "Fisher p"];
        out.table(&head, &rows);
    }
}

//! Readers among each other, against a gold panel, against themselves, and latent classes.

use serde_json::Value;

use super::{counted, decimal, entries, why};
use crate::numbers;
use crate::plain::{Plain, at, coefficient, interval, number, p_value, percentage, share, whole};

pub(super) fn sections(cell: &Value, out: &mut Plain) {
    if let Some(section) = at(cell, &["agreement"]) {
        panel(section, out);
    }
    compared(cell, "vs_gold", "Readers against the gold panel (first: the reader)", out);
    compared(cell, "repeatability", "First against second read of the same studies", out);
    latent(cell, out);
}

fn panel(section: &Value, out: &mut Plain) {
    let n = counted(section, &["n_subjects"]);
    out.part(&format!("Agreement of the panel ({n} studies)"));
    let mut rows = Vec::new();
    for (name, key) in [
        ("Fleiss’ kappa", "fleiss"),
        ("Gwet’s AC1", "gwet_ac1"),
        ("Gwet’s AC2, linear", "gwet_ac2_linear"),
        ("Gwet’s AC2, quadratic", "gwet_ac2_quadratic"),
        ("Brennan–Prediger", "brennan_prediger"),
        ("Conger’s kappa", "conger"),
    ] {
        let Some(value) = at(section, &[key]) else { continue };
        let [text, ends] = coefficient(number(value, &["est"]), interval(value, &["ci_t"]));
        let observed = decimal(number(value, &["pa"]), 2);
        rows.push(vec![
            name.to_owned(),
            counted(value, &["n_ge2"]),
            observed,
            text,
            ends,
            why(value),
        ]);
    }
    for (name, key) in [
        ("Krippendorff’s alpha, nominal", "krippendorff_nominal"),
        ("Krippendorff’s alpha, ordinal", "krippendorff_ordinal"),
        ("Krippendorff’s alpha, interval", "krippendorff_interval"),
    ] {
        let Some(value) = at(section, &[key]) else { continue };
        let ends = interval(value, &["bootstrap", "ci"]);
        let [text, ends] = coefficient(number(value, &["alpha"]), ends);
        let n = counted(value, &["units_pairable"]);
        rows.push(vec![name.to_owned(), n, String::new(), text, ends, why(value)]);
    }
    let light = section.get("light_kappa").unwrap_or(&Value::Null);
    let [text, _] = coefficient(number(light, &["est"]), None);
    let pairs = format!(
        "mean of {} pairs, {} undefined",
        counted(light, &["pairs_defined"]),
        counted(light, &["pairs_undefined"])
    );
    rows.push(vec![
        "Light’s kappa".into(),
        String::new(),
        String::new(),
        text,
        String::new(),
        pairs,
    ]);
    out.table(&["", "n", "observed", "", "interval", ""], &rows);
    if let Some(z) = number(section, &["fleiss", "z"]) {
        let p = p_value(number(section, &["fleiss", "p"]));
        out.line(&format!("  Fleiss’ kappa of 0: z = {}, p = {p}.", numbers::decimal(z, 2)));
    }
    let specific: Vec<String> = entries(section, "specific_agreement")
        .map(|(category, value)| {
            format!("{category}: {}", percentage(value.as_f64(), None, 1000)[0])
        })
        .collect();
    out.line(&format!("  Agreement by category: {}.", specific.join(", ")));
    if let Some(unanimous) = at(section, &["unanimous"]) {
        let text = share(unanimous, "wilson").join(" ");
        out.line(&format!("  Unanimous among studies read by all: {}.", text.trim_end()));
    }
    compared(section, "pairs", "Pairs of readers", out);
}

/// A line for each pair.
fn compared(section: &Value, key: &str, title: &str, out: &mut Plain) {
    let binary = entries(section, key).any(|(_, pair)| at(pair, &["mcnemar"]).is_some());
    let rows: Vec<Vec<String>> =
        entries(section, key).map(|(name, pair)| pair_line(name, pair, binary)).collect();
    if rows.is_empty() {
        return;
    }
    out.part(title);
    let mut head = vec!["", "agree", "", "", "kappa", "", "AC1", "PABAK"];
    if binary {
        head.extend(["positive agreement", "negative agreement", "only one/other", "McNemar p"]);
    } else if entries(section, key).any(|(_, pair)| at(pair, &["kappa_linear"]).is_some()) {
        head.extend(["linear", "quadratic"]);
    }
    out.table(&head, &rows);
    for (name, pair) in entries(section, key) {
        let reason = pair.get("kappa").map(why).unwrap_or_default();
        if !reason.is_empty() {
            out.line(&format!("  {name}: kappa {reason}."));
        }
    }
}

/// The scores of two raters on one line.
pub(super) fn pair_line(name: &str, pair: &Value, binary: bool) -> Vec<String> {
    let of = |key: &str| pair.get(key).unwrap_or(&Value::Null);
    let [x, percent, ends] = share(of("percent_agreement"), "wilson");
    let [kappa, kappa_ends] =
        coefficient(number(pair, &["kappa", "kappa"]), interval(pair, &["kappa", "ci_fce"]));
    let single = |path: [&str; 2]| coefficient(number(pair, &path), None)[0].clone();
    let mut row = vec![name.to_owned(), x, percent, ends, kappa, kappa_ends];
    row.extend([single(["gwet_ac1", "est"]), single(["pabak", "est"])]);
    if binary {
        let n = whole(pair, &["n"]).unwrap_or(0);
        for key in ["positive_agreement", "negative_agreement"] {
            let value = of(key);
            row.push(percentage(number(value, &["est"]), interval(value, &["ci"]), n).join(" "));
        }
        let test = of("mcnemar");
        row.push(format!("{}/{}", counted(test, &["b"]), counted(test, &["c"])));
        row.push(p_value(number(test, &["exact_p"])));
    } else {
        for key in ["kappa_linear", "kappa_quadratic"] {
            if at(pair, &[key]).is_some() {
                row.push(single([key, "kappa"]));
            }
        }
    }
    row
}

fn latent(cell: &Value, out: &mut Plain) {
    let Some(section) = at(cell, &["dawid_skene"]) else { return };
    let n = counted(section, &["n"]);
    out.part(&format!(
        "Latent classes (Dawid–Skene, {n} studies; no reader is taken as the truth)"
    ));
    if let Some(prevalence) = number(section, &["prevalence"]) {
        out.line(&format!("  Prevalence {}.", percentage(Some(prevalence), None, 1000)[0]));
    }
    let rows: Vec<Vec<String>> = entries(section, "readers")
        .map(|(reader, rates)| {
            let of = |key: &str| percentage(number(rates, &[key]), None, 1000)[0].clone();
            vec![reader.clone(), of("sensitivity"), of("specificity")]
        })
        .collect();
    if !rows.is_empty() {
        out.table(&["", "sensitivity", "specificity"], &rows);
    }
    if section.get("converged") == Some(&Value::Bool(false)) {
        out.line("  The fit did not settle.");
    }
}

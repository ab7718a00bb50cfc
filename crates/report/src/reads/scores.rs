//! Model scores against the reference.

use serde_json::Value;

use super::agreement::pair_line;
use super::{counted, decimal, entries};
use crate::numbers;
use crate::plain::{Plain, at, coefficient, interval, number, p_value, share};

pub(super) fn sections(cell: &Value, out: &mut Plain) {
    if let Some(section) = at(cell, &["roc"]) {
        one("Score against the reference", section, out);
    }
    for (model, section) in entries(cell, "roc_by_model") {
        one(&format!("Score of {model} against the reference"), section, out);
    }
    let rows: Vec<Vec<String>> = entries(cell, "roc_paired")
        .map(|(pair, test)| {
            let [diff, ends] = coefficient(number(test, &["diff"]), interval(test, &["ci"]));
            let z = decimal(number(test, &["z"]), 2);
            vec![pair.clone(), diff, ends, z, p_value(number(test, &["p"]))]
        })
        .collect();
    if !rows.is_empty() {
        out.part("Difference of areas, studies that both scored");
        out.table(&["", "difference", "interval", "z", "p"], &rows);
    }
}

fn one(title: &str, section: &Value, out: &mut Plain) {
    let area = section.get("delong").unwrap_or(&Value::Null);
    let (pos, neg) = (counted(area, &["n_pos"]), counted(area, &["n_neg"]));
    out.part(&format!("{title} ({pos} positive, {neg} negative studies)"));
    let [auc, ends] = coefficient(number(area, &["auc"]), interval(area, &["ci"]));
    let logit = interval(area, &["ci_logit"]).map(numbers::coefficient_interval);
    let rows = vec![vec!["AUC, DeLong".to_owned(), auc, ends, logit.unwrap_or_default()]];
    out.table(&["", "", "interval", "on the logit"], &rows);
    let point = section.get("operating_point").unwrap_or(&Value::Null);
    let of = |key: &str| {
        let text = share(point.get(key).unwrap_or(&Value::Null), "wilson").join(" ");
        text.trim_end().to_owned()
    };
    out.line(&format!(
        "  Above {} (strictly): sensitivity {}, specificity {}.",
        decimal(number(point, &["threshold"]), 3),
        of("sensitivity"),
        of("specificity")
    ));
    if let Some(best) = at(section, &["youden"]) {
        let from = number(best, &["threshold_ge"]);
        out.line(&format!(
            "  Largest Youden’s J {} {}; chosen on these studies, so too good.",
            decimal(number(best, &["j"]), 2),
            from.map_or("with nothing called positive".to_owned(), |t| format!(
                "from {} on",
                numbers::decimal(t, 3)
            ))
        ));
    }
    if let Some(pair) = at(section, &["kappa_at_threshold"]) {
        let head = ["", "agree", "", "", "kappa", "", "AC1", "PABAK"];
        let more = ["positive agreement", "negative agreement", "only one/other", "McNemar p"];
        let line = pair_line("at the threshold", pair, true);
        out.table(&[head.as_slice(), &more].concat(), &[line]);
    }
}

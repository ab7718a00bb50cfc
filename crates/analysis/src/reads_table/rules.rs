//! One rule against the other, and the family of all tests.

use overread_stats::kappa::{Weights, kappa};
use overread_stats::multiplicity::adjust;
use overread_stats::paired::{mcnemar, paired_difference};
use serde_json::{Map, Value, json};

use super::cells::Cell;
use super::{ReadsOptions, printed};

/// Tests by name.
type Family = Vec<(String, Option<f64>)>;

/// The first two rules on the studies decided under both; `None` when no finding has both.
pub(super) fn comparison(cells: &[Cell], options: &ReadsOptions) -> Option<(Value, Family)> {
    let [loose, strict, ..] = options.rules.as_slice() else { return None };
    if !options.is_binary() {
        return None;
    }
    let (mut out, mut family) = (Map::new(), Vec::new());
    for first in cells.iter().filter(|c| c.rule == *loose) {
        let Some(second) = cells.iter().find(|c| c.rule == *strict && c.finding == first.finding)
        else {
            continue;
        };
        let (section, p) = compare(first, second, options);
        family.push((format!("rules|{}|mcnemar_exact", first.finding), Some(p)));
        out.insert(first.finding.clone(), section);
    }
    (!out.is_empty()).then_some((Value::Object(out), family))
}

fn compare(loose: &Cell, strict: &Cell, options: &ReadsOptions) -> (Value, f64) {
    let level = options.stats_level();
    let mut table = vec![vec![0_u64; 2]; 2];
    for study in &loose.studies {
        let at = strict.studies.binary_search_by(|s| s.id.cmp(&study.id));
        let other = at.ok().and_then(|at| strict.studies[at].reference);
        if let (Some(i), Some(j)) = (study.reference, other) {
            table[i][j] += 1;
        }
    }
    let (both, only_loose) = (table[1][1], table[1][0]);
    let (only_strict, neither) = (table[0][1], table[0][0]);
    let test = mcnemar(only_loose, only_strict);
    let mut out = json!({
        "both": both,
        "neither": neither,
        "n": both + only_loose + only_strict + neither,
        "mcnemar": test,
        "paired_diff": paired_difference(both, only_loose, only_strict, neither, level),
        "kappa": kappa(&table, Weights::Identity, level),
        // A study positive under the strict rule only: the rules should nest.
        "order_violations": only_strict,
    });
    out[format!("{}_only", loose.rule)] = only_loose.into();
    out[format!("{}_only", strict.rule)] = only_strict.into();
    (out, test.exact_p)
}

/// Raw, Holm and Benjamini–Hochberg p-values over the whole family.
pub(super) fn multiplicity(mut family: Family) -> Value {
    family.sort_by(|a, b| a.0.cmp(&b.0));
    let p: Vec<Option<f64>> = family.iter().map(|(_, p)| *p).collect();
    let adjusted = adjust(&p);
    let rows = family.into_iter().enumerate().map(|(i, (name, p))| {
        (name, json!({ "p": p, "holm": adjusted.holm[i], "bh": adjusted.bh[i] }))
    });
    printed(rows.collect::<Map<String, Value>>())
}

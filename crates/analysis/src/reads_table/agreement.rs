//! Agreement of the readers of one cell.

use overread_stats::alpha::{Metric, alpha_of_panel};
use overread_stats::dawid_skene::dawid_skene;
use overread_stats::kappa::Weights;
use overread_stats::panel::Panel;
use overread_stats::raters::{self, Chance, conger, fleiss_of_panel, of_panel};
use overread_stats::two_rater::{TwoRater, two_rater};
use overread_stats::{Level, proportion};
use serde_json::{Map, Value, json};

use super::cells::Cell;
use super::{ReadsOptions, printed};

/// The square table of the pairs that both sides have.
pub(super) fn table_of(
    pairs: impl Iterator<Item = (Option<usize>, Option<usize>)>,
    q: usize,
) -> Vec<Vec<u64>> {
    let mut table = vec![vec![0; q]; q];
    for (first, second) in pairs {
        if let (Some(i), Some(j)) = (first, second) {
            table[i][j] += 1;
        }
    }
    table
}

/// Two raters compared with the options of the analysis.
pub(super) fn compared(
    pairs: impl Iterator<Item = (Option<usize>, Option<usize>)>,
    options: &ReadsOptions,
) -> TwoRater {
    let table = table_of(pairs, options.categories.len());
    two_rater(&table, options.ordinal, options.stats_level())
}

/// Every pair of readers, and the whole panel.
pub(super) fn panel(cell: &Cell, options: &ReadsOptions) -> Value {
    let level = options.stats_level();
    let q = options.categories.len();
    let panel = Panel::of_ratings(cell.studies.iter().map(|s| s.first.as_slice()), q);
    let mut pairs = Map::new();
    let mut kappas = Vec::new();
    for (i, a) in cell.readers.iter().enumerate() {
        for (j, b) in cell.readers.iter().enumerate().skip(i + 1) {
            let both = cell.studies.iter().map(|s| (s.first[i], s.first[j]));
            let compared = compared(both, options);
            kappas.push(compared.kappa.kappa);
            pairs.insert(format!("{a}|{b}"), printed(compared));
        }
    }
    let plain = fleiss_of_panel(&panel, Weights::Identity, level);
    let mut out = json!({
        "readers": cell.readers,
        "n_subjects": cell.studies.len(),
        "pairs": pairs,
        "light_kappa": raters::light_kappa(&kappas),
        "mean_pairwise_agreement": plain.coefficient.pa,
        "fleiss": plain,
        "gwet_ac1": of_panel(&panel, Chance::Gwet, Weights::Identity, level),
        "brennan_prediger": of_panel(&panel, Chance::BrennanPrediger, Weights::Identity, level),
        "conger": conger_value(cell, q),
        "specific_agreement": specific(&panel, options),
    });
    unanimity(cell, level, &mut out);
    let alpha = |metric| {
        printed(alpha_of_panel(&panel, &options.categories, metric, options.resampling(), level))
    };
    out["krippendorff_nominal"] = alpha(Metric::Nominal);
    if options.ordinal {
        out["krippendorff_ordinal"] = alpha(Metric::Ordinal);
        out["krippendorff_interval"] = alpha(Metric::Interval);
        out["gwet_ac2_linear"] = printed(of_panel(&panel, Chance::Gwet, Weights::Linear, level));
        out["gwet_ac2_quadratic"] =
            printed(of_panel(&panel, Chance::Gwet, Weights::Quadratic, level));
    }
    out
}

fn conger_value(cell: &Cell, q: usize) -> Value {
    let rows: Vec<Vec<Option<usize>>> = cell.studies.iter().map(|s| s.first.clone()).collect();
    match conger(&rows, q, Weights::Identity) {
        Ok(estimate) => json!({ "est": estimate.value, "n_ge2": estimate.n, "reason": null }),
        Err(reason) => json!({ "est": null, "reason": reason }),
    }
}

fn specific(panel: &Panel, options: &ReadsOptions) -> Map<String, Value> {
    (0..options.categories.len())
        .map(|k| (options.category_name(k), raters::specific_of_panel(panel, k).into()))
        .collect()
}

/// Over the studies that every reader read.
fn unanimity(cell: &Cell, level: Level, out: &mut Value) {
    let complete: Vec<&Vec<Option<usize>>> = cell
        .studies
        .iter()
        .map(|s| &s.first)
        .filter(|first| first.iter().all(Option::is_some))
        .collect();
    let same = complete.iter().filter(|first| first.windows(2).all(|w| w[0] == w[1])).count();
    out["complete_subjects"] = complete.len().into();
    out["unanimous"] = printed(proportion(same as u64, complete.len() as u64, level));
}

/// Readers outside the gold panel against it; rows are the reader.
pub(super) fn against_gold(cell: &Cell, options: &ReadsOptions) -> Option<Value> {
    let gold = options.gold_readers.as_ref()?;
    let tested = |reader: &String| match &options.test_readers {
        Some(test) => test.contains(reader),
        None => !gold.contains(reader),
    };
    let mut out = Map::new();
    for (i, reader) in cell.readers.iter().enumerate().filter(|(_, r)| tested(r)) {
        let both = cell.studies.iter().map(|s| (s.first[i], s.reference));
        out.insert(reader.clone(), printed(compared(both, options)));
    }
    Some(Value::Object(out))
}

/// Latent classes over all readers.
pub(super) fn latent(cell: &Cell, options: &ReadsOptions) -> Option<Value> {
    let q = options.categories.len();
    let ratings: Vec<Vec<Vec<usize>>> = cell
        .studies
        .iter()
        .map(|s| s.first.iter().map(|v| v.iter().copied().collect()).collect())
        .collect();
    let fit = dawid_skene(&ratings, q)?;
    let mut out = json!({
        "n": fit.n,
        "iterations": fit.iterations,
        "converged": fit.converged,
        "loglik": fit.loglik,
    });
    if options.is_binary() {
        out["prevalence"] = fit.prevalence[1].into();
        let readers = cell.readers.iter().zip(&fit.confusion).map(|(reader, m)| {
            (reader.clone(), json!({ "sensitivity": m[1][1], "specificity": m[0][0] }))
        });
        out["readers"] = Value::Object(readers.collect());
    } else {
        out["prevalence"] = printed(&fit.prevalence);
        let readers = cell.readers.iter().zip(&fit.confusion);
        out["confusion"] = Value::Object(readers.map(|(r, m)| (r.clone(), printed(m))).collect());
    }
    if options.posterior {
        let by_study = cell.studies.iter().zip(&fit.posterior);
        let listed = by_study.filter_map(|(study, p)| {
            let p = p.as_ref()?;
            let value = if options.is_binary() { printed(p[1]) } else { printed(p) };
            Some((study.id.clone(), value))
        });
        let name = if options.is_binary() { "posterior_positive" } else { "posterior" };
        out[name] = Value::Object(listed.collect());
    }
    Some(out)
}

//! From checked arguments to the statistics and back to JSON.

use overread_stats::bootstrap::{self, kappa_bootstrap};
use overread_stats::cluster::{Cluster, clustered_proportion};
use overread_stats::kappa::Weights;
use overread_stats::rng::SplitMix64;
use overread_stats::{
    Level, alpha, compare, confidence_sequence, consensus, label_quality, multiplicity, paired,
    planning, raters, repeats, roc, stratified as strata_of, two_rater as raters_of_two,
};
use serde::Serialize;
use serde_json::{Value, json};

use super::args::{self, level, resampling};

type Outcome = Result<Value, String>;

fn printed(value: impl Serialize) -> Outcome {
    serde_json::to_value(value).map_err(|e| e.to_string())
}

fn at_most(k: u64, n: u64, names: &str) -> Result<(), String> {
    if k <= n { Ok(()) } else { Err(format!("{names}: {k} of {n} is impossible")) }
}

fn same_length(a: usize, b: usize, names: &str) -> Result<(), String> {
    if a == b { Ok(()) } else { Err(format!("{names} must be equally long, not {a} and {b}")) }
}

fn square(table: &[Vec<u64>]) -> Result<(), String> {
    if table.len() < 2 || table.iter().any(|row| row.len() != table.len()) {
        return Err("table must be square with at least two categories".to_owned());
    }
    Ok(())
}

fn rectangular(counts: &[Vec<u64>]) -> Result<usize, String> {
    let q = counts.first().map_or(2, Vec::len);
    if q < 2 || counts.iter().any(|row| row.len() != q) {
        return Err("counts needs one row per subject, each with every category".to_owned());
    }
    Ok(q)
}

fn booleans(y: &[u8]) -> Result<Vec<bool>, String> {
    y.iter()
        .map(|y| match y {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(format!("y holds {other}; it must be 0 or 1")),
        })
        .collect()
}

/// The declared categories, `[0, 1]` unless given, and the index of a value among them.
fn categories(given: Option<&Vec<f64>>) -> Result<Vec<f64>, String> {
    let categories = given.cloned().unwrap_or_else(|| vec![0.0, 1.0]);
    if categories.len() < 2 {
        return Err("categories needs at least two values".to_owned());
    }
    let twice = categories.iter().enumerate().find(|(i, c)| categories[..*i].contains(c));
    if let Some((_, twice)) = twice {
        return Err(format!("categories holds {twice} twice"));
    }
    Ok(categories)
}

fn index_of(value: f64, categories: &[f64]) -> Result<usize, String> {
    categories
        .iter()
        .position(|c| *c == value)
        .ok_or_else(|| format!("{value} is none of the declared categories {categories:?}"))
}

pub(super) fn proportion(a: &args::Proportion) -> Outcome {
    at_most(a.k, a.n, "k, n")?;
    printed(overread_stats::proportion(a.k, a.n, level(a.level)?))
}

pub(super) fn confusion(a: &args::Confusion) -> Outcome {
    let table = label_quality::Confusion { tp: a.tp, fp: a.fp, fn_: a.fn_, tn: a.tn };
    printed(label_quality::label_quality(table, level(a.level)?))
}

fn clusters(y: &[u64], m: &[u64]) -> Result<Vec<Cluster>, String> {
    same_length(y.len(), m.len(), "y and m")?;
    y.iter()
        .zip(m)
        .map(|(&successes, &size)| {
            at_most(successes, size, "y, m")?;
            Ok(Cluster { successes, size })
        })
        .collect()
}

pub(super) fn cluster(a: &args::Clusters) -> Outcome {
    printed(clustered_proportion(&clusters(&a.y, &a.m)?, level(a.level)?))
}

pub(super) fn cluster_bootstrap(a: &args::Clusters) -> Outcome {
    let clusters = clusters(&a.y, &a.m)?;
    let plan = resampling(a.reps, a.seed);
    printed(bootstrap::cluster_bootstrap(&clusters, plan, level(a.level)?))
}

pub(super) fn stratified(a: &args::Stratified) -> Outcome {
    let level = level(a.level)?;
    let strata = a.strata.iter().map(args::StratumArg::checked).collect::<Result<Vec<_>, _>>()?;
    let mut out = printed(strata_of::stratified(&strata, level))?;
    if let (Some(reps), Some(object)) = (a.reps.filter(|r| *r > 0), out.as_object_mut()) {
        let plan = resampling(Some(reps), a.seed);
        let replicates = strata_of::stratified_bootstrap(&strata, plan, level);
        object.insert("bootstrap".to_owned(), printed(replicates)?);
    }
    Ok(out)
}

pub(super) fn mcnemar(a: &args::McNemar) -> Outcome {
    let level = level(a.level)?;
    let mut out = printed(paired::mcnemar(a.b, a.c))?;
    if let (Some(both), Some(neither), Some(object)) = (a.a, a.d, out.as_object_mut()) {
        let difference = paired::paired_difference(both, a.b, a.c, neither, level);
        object.insert("paired".to_owned(), printed(difference)?);
    }
    Ok(out)
}

pub(super) fn two_proportions(a: &args::TwoProportions) -> Outcome {
    at_most(a.k1, a.n1, "k1, n1")?;
    at_most(a.k2, a.n2, "k2, n2")?;
    printed(compare::two_proportions(a.k1, a.n1, a.k2, a.n2, level(a.level)?))
}

pub(super) fn adjust(a: &args::Adjust) -> Outcome {
    if let Some(bad) = a.p.iter().flatten().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(format!("p holds {bad}; it must lie between 0 and 1"));
    }
    printed(multiplicity::adjust(&a.p))
}

pub(super) fn kappa(a: &args::Square) -> Outcome {
    square(&a.table)?;
    let weights = a.weights.unwrap_or_default().into();
    printed(overread_stats::kappa::kappa(&a.table, weights, level(a.level)?))
}

pub(super) fn two_rater(a: &args::Square) -> Outcome {
    square(&a.table)?;
    printed(raters_of_two::two_rater(&a.table, a.ordinal.unwrap_or(false), level(a.level)?))
}

fn panel(a: &args::Panel) -> Result<(&[Vec<u64>], Weights, Level), String> {
    rectangular(&a.counts)?;
    Ok((&a.counts, a.weights.unwrap_or_default().into(), level(a.level)?))
}

pub(super) fn fleiss(a: &args::Panel) -> Outcome {
    let (counts, weights, level) = panel(a)?;
    printed(raters::fleiss(counts, weights, level))
}

pub(super) fn gwet(a: &args::Panel) -> Outcome {
    let (counts, weights, level) = panel(a)?;
    printed(raters::gwet(counts, weights, level))
}

pub(super) fn brennan_prediger(a: &args::Panel) -> Outcome {
    let (counts, weights, level) = panel(a)?;
    printed(raters::brennan_prediger(counts, weights, level))
}

pub(super) fn krippendorff(a: &args::Alpha) -> Outcome {
    let q = rectangular(&a.counts)?;
    let indices = || (0..q).map(|k| k as f64).collect();
    let values: Vec<f64> = a.categories.clone().unwrap_or_else(indices);
    same_length(values.len(), q, "categories and the rows of counts")?;
    let plan = a.reps.map(|reps| resampling(Some(reps), a.seed));
    let level = level(a.level)?;
    printed(alpha::krippendorff_alpha(&a.counts, &values, a.metric.into(), plan, level))
}

pub(super) fn delong(a: &args::DeLong) -> Outcome {
    let y = booleans(&a.y)?;
    for score in &a.scores {
        same_length(y.len(), score.len(), "y and each of scores")?;
    }
    let scores: Vec<&[f64]> = a.scores.iter().map(Vec::as_slice).collect();
    printed(roc::delong(&y, &scores, level(a.level)?))
}

pub(super) fn roc(a: &args::Roc) -> Outcome {
    let y = booleans(&a.y)?;
    same_length(y.len(), a.score.len(), "y and score")?;
    let threshold = a.threshold.unwrap_or(0.5);
    let found = roc::roc(&y, &a.score, threshold, level(a.level)?);
    let partial = a.max_fpr.map(|most| partial_area(&found.points, most)).transpose()?;
    let mut out = printed(found)?;
    if let (Some(partial), Some(object)) = (partial, out.as_object_mut()) {
        object.insert("partial".to_owned(), partial);
    }
    Ok(out)
}

fn partial_area(points: &[roc::RocPoint], max_fpr: f64) -> Outcome {
    if !(max_fpr > 0.0 && max_fpr <= 1.0) {
        return Err("max_fpr must be greater than 0 and at most 1".to_owned());
    }
    let area = roc::partial_auc(points, max_fpr);
    let standardised = area.map(|area| roc::standardised_partial_auc(area, max_fpr));
    let reason = area.is_none().then_some("the reference has only one class");
    Ok(json!({
        "max_fpr": max_fpr,
        "auc": area,
        "auc_standardised": standardised,
        "reason": reason,
    }))
}

pub(super) fn dawid_skene(a: &args::DawidSkene) -> Outcome {
    let categories = categories(a.categories.as_ref())?;
    let mut ratings = Vec::with_capacity(a.ratings.len());
    for subject in &a.ratings {
        let mut row = Vec::with_capacity(subject.len());
        for answers in subject {
            let given = match answers {
                args::Answers::One(one) => vec![*one],
                args::Answers::Many(many) => many.clone(),
            };
            let indices = given.into_iter().flatten().map(|v| index_of(v, &categories));
            row.push(indices.collect::<Result<Vec<_>, _>>()?);
        }
        ratings.push(row);
    }
    match overread_stats::dawid_skene::dawid_skene(&ratings, categories.len()) {
        Some(fit) => printed(fit),
        None => Ok(json!({ "n": 0, "reason": "nothing was rated" })),
    }
}

pub(super) fn trend(a: &args::Trend) -> Outcome {
    same_length(a.k.len(), a.n.len(), "k and n")?;
    if let Some(w) = &a.w {
        same_length(w.len(), a.n.len(), "w and n")?;
    }
    for (k, n) in a.k.iter().zip(&a.n) {
        at_most(*k, *n, "k, n")?;
    }
    printed(overread_stats::drift::trend(&a.k, &a.n, a.w.as_deref()))
}

pub(super) fn logistic(a: &args::Logistic) -> Outcome {
    let y = booleans(&a.y)?;
    same_length(a.x.len(), y.len(), "x and y")?;
    printed(overread_stats::drift::logistic(&a.x, &y))
}

pub(super) fn drift(a: &args::Drift) -> Outcome {
    let y = booleans(&a.y)?;
    same_length(a.pos.len(), y.len(), "pos and y")?;
    printed(overread_stats::drift::drift(&a.pos, &y, a.blocks.unwrap_or(5), level(a.level)?))
}

pub(super) fn n_proportion(a: &args::PlanProportion) -> Outcome {
    let level = level(a.level)?;
    let deff = a.deff.unwrap_or(1.0);
    planning::plan_proportion(a.p, a.half_width, deff, a.population, level)
        .map_err(|e| e.to_string())
        .and_then(printed)
}

pub(super) fn n_kappa_precision(a: &args::PlanKappaPrecision) -> Outcome {
    planning::plan_kappa_precision(a.kappa, a.prevalence, a.half_width, level(a.level)?)
        .map_err(|e| e.to_string())
        .and_then(printed)
}

pub(super) fn n_kappa_test(a: &args::PlanKappaTest) -> Outcome {
    let level = level(a.alpha.map(|alpha| 1.0 - alpha))?;
    planning::plan_kappa_test(a.kappa0, a.kappa1, a.prevalence, a.power.unwrap_or(0.8), level)
        .map_err(|e| e.to_string())
        .and_then(printed)
}

pub(super) fn bootstrap_kappa(a: &args::BootstrapKappa) -> Outcome {
    same_length(a.x.len(), a.y.len(), "x and y")?;
    let categories = categories(a.categories.as_ref())?;
    let pairs =
        a.x.iter()
            .zip(&a.y)
            .map(|(x, y)| Ok((index_of(*x, &categories)?, index_of(*y, &categories)?)))
            .collect::<Result<Vec<_>, String>>()?;
    let weights = a.weights.unwrap_or_default().into();
    let plan = resampling(a.reps, a.seed);
    printed(kappa_bootstrap(&pairs, categories.len(), weights, plan, level(a.level)?))
}

pub(super) fn rng(a: &args::Rng) -> Outcome {
    const MOST: u64 = 1_000_000;
    if a.count > MOST {
        return Err(format!("count must not exceed {MOST}"));
    }
    let stream = SplitMix64::new(a.seed);
    // As text: a JSON number above 2⁵³ does not survive every reader.
    let outputs: Vec<String> = (0..a.count).map(|i| stream.at(i).to_string()).collect();
    let indices: Option<Vec<u64>> = a.n.map(|n| (0..a.count).map(|i| stream.index(i, n)).collect());
    Ok(json!({ "u64": outputs, "indices": indices }))
}

pub(super) fn majority(a: &args::Majority) -> Outcome {
    let categories = categories(a.categories.as_ref())?;
    let quorum = a.quorum.unwrap_or(1);
    let (mut values, mut tied, mut insufficient) = (Vec::new(), 0_u64, 0_u64);
    for row in &a.ratings {
        let answers = row
            .iter()
            .map(|v| v.map(|v| index_of(v, &categories)).transpose())
            .collect::<Result<Vec<_>, _>>()?;
        let decision = consensus::plurality(&answers, categories.len(), a.tie.into(), quorum);
        values.push(decision.value.and_then(|k| categories.get(k).copied()));
        tied += u64::from(decision.tied);
        insufficient += u64::from(decision.insufficient);
    }
    let undecided = values.iter().any(Option::is_none);
    let reason = undecided.then_some("tied, or fewer answers than the quorum");
    Ok(json!({ "values": values, "tied": tied, "insufficient": insufficient, "reason": reason }))
}

pub(super) fn sequence(a: &args::Sequence) -> Outcome {
    at_most(a.k, a.n, "k, n")?;
    let alpha = a.alpha.unwrap_or(0.05);
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err("alpha must lie strictly between 0 and 1".to_owned());
    }
    printed(confidence_sequence(a.k, a.n, alpha))
}

pub(super) fn repeat_studies(a: &args::RepeatStudies) -> Outcome {
    printed(repeats::repeat_studies(&a.per_patient))
}

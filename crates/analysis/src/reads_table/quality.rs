//! The dataset label against the reference.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use overread_stats::bootstrap::cluster_bootstrap;
use overread_stats::cluster::{Cluster, clustered_proportion};
use overread_stats::compare::{TwoProportions, two_proportions};
use overread_stats::label_quality::{Confusion, LabelQuality, label_quality};
use overread_stats::proportion;
use overread_stats::stratified::{Stratum, stratified, stratified_bootstrap};
use serde_json::{Map, Value, json};

use super::cells::{Cell, Study};
use super::{ReadsOptions, printed};

/// Label and reference as yes or no, where both are there.
fn decided(study: &Study) -> Option<(bool, bool)> {
    Some((study.label? > 0, study.reference? > 0))
}

fn quality<'s>(studies: impl Iterator<Item = &'s Study>, options: &ReadsOptions) -> LabelQuality {
    let mut table = Confusion::default();
    for (label, reference) in studies.filter_map(decided) {
        table.add(label, reference);
    }
    label_quality(table, options.stats_level())
}

/// Over all studies of the cell.
pub(super) fn overall(cell: &Cell, options: &ReadsOptions) -> Value {
    printed(quality(cell.studies.iter(), options))
}

/// Against each single reader.
pub(super) fn by_reader(cell: &Cell, options: &ReadsOptions) -> Value {
    let mut out = Map::new();
    for (i, reader) in cell.readers.iter().enumerate() {
        let mut table = Confusion::default();
        for study in &cell.studies {
            if let (Some(label), Some(value)) = (study.label, study.first[i]) {
                table.add(label > 0, value > 0);
            }
        }
        out.insert(reader.clone(), printed(label_quality(table, options.stats_level())));
    }
    Value::Object(out)
}

/// With the patients taken into account.
pub(super) fn clustered(cell: &Cell, options: &ReadsOptions) -> Value {
    let mut patients: BTreeMap<String, Confusion> = BTreeMap::new();
    let mut all = Confusion::default();
    for study in &cell.studies {
        if let Some((label, reference)) = decided(study) {
            patients.entry(study.cluster()).or_default().add(label, reference);
            all.add(label, reference);
        }
    }
    let share = |of: fn(&Confusion) -> (u64, u64)| {
        let clusters: Vec<Cluster> = patients
            .values()
            .map(|t| {
                let (successes, size) = of(t);
                Cluster { successes, size }
            })
            .collect();
        let level = options.stats_level();
        let mut value = printed(clustered_proportion(&clusters, level));
        if let Some(plan) = options.resampling() {
            value["bootstrap"] = printed(cluster_bootstrap(&clusters, plan, level));
        }
        value
    };
    let two_arms = all.tp + all.fp > 0 && all.fn_ + all.tn > 0;
    let identified = |value: Value| if two_arms { value } else { Value::Null };
    json!({
        "ppv": share(|t| (t.tp, t.tp + t.fp)),
        "npv": share(|t| (t.tn, t.tn + t.fn_)),
        "sensitivity": identified(share(|t| (t.tp, t.tp + t.fn_))),
        "specificity": identified(share(|t| (t.tn, t.tn + t.fp))),
        "accuracy": identified(share(|t| (t.tp + t.tn, t.n()))),
    })
}

/// By the stratum of the study.
pub(super) fn by_stratum(cell: &Cell, options: &ReadsOptions) -> Value {
    let names: BTreeSet<&Arc<str>> =
        cell.studies.iter().filter_map(|s| s.stratum.as_ref()).collect();
    let sections = names.into_iter().map(|name| {
        let inside = cell.studies.iter().filter(|s| s.stratum.as_ref() == Some(name));
        (name.to_string(), printed(quality(inside, options)))
    });
    Value::Object(sections.collect())
}

/// The label inside and outside one tag.
struct TagSplit {
    with: LabelQuality,
    without: LabelQuality,
    predictive_value: TwoProportions,
}

fn tags(cell: &Cell) -> BTreeSet<&String> {
    cell.studies.iter().filter_map(|s| s.tags.as_ref()).flatten().collect()
}

fn tag_split(cell: &Cell, tag: &str, options: &ReadsOptions) -> TagSplit {
    let side =
        |inside: bool| quality(cell.studies.iter().filter(|s| s.has_tag(tag) == inside), options);
    let (with, without) = (side(true), side(false));
    let predictive_value = two_proportions(
        with.table.tp,
        with.n_label_pos,
        without.table.tp,
        without.n_label_pos,
        options.stats_level(),
    );
    TagSplit { with, without, predictive_value }
}

/// By the tags of the study.
pub(super) fn by_tag(cell: &Cell, options: &ReadsOptions) -> Value {
    let mut out = Map::new();
    for tag in tags(cell) {
        let split = tag_split(cell, tag, options);
        let inside = split.with.n_label_pos;
        let positives = inside + split.without.n_label_pos;
        let share = proportion(inside, positives, options.stats_level());
        out.insert(
            tag.clone(),
            json!({
                "with": split.with,
                "without": split.without,
                "ppv_with_vs_without": split.predictive_value,
                "label_pos_with_tag": share,
            }),
        );
    }
    Value::Object(out)
}

/// The tag tests of all cells, with their names.
pub(super) fn family(cells: &[Cell], options: &ReadsOptions) -> Vec<(String, Option<f64>)> {
    let mut out = Vec::new();
    for cell in cells {
        for tag in tags(cell) {
            let p = tag_split(cell, tag, options).predictive_value.fisher_p;
            out.push((format!("{}|tag:{tag}|ppv", cell.key()), p));
        }
    }
    out
}

/// Weighted to the population of the finding, where one is declared.
pub(super) fn weighted(cell: &Cell, options: &ReadsOptions) -> Option<Value> {
    let population = options.population.as_ref()?.get(&cell.finding)?;
    let strata: Vec<Stratum> = population
        .iter()
        .map(|stratum| {
            let inside = || {
                cell.studies
                    .iter()
                    .filter(|s| s.stratum.as_deref() == Some(stratum.stratum.as_str()))
                    .filter_map(|s| s.reference)
            };
            Stratum {
                name: stratum.stratum.clone(),
                label: stratum.label == 1,
                population: stratum.size,
                sampled: inside().count() as u64,
                positive: inside().filter(|r| *r > 0).count() as u64,
            }
        })
        .collect();
    let level = options.stats_level();
    let mut out = printed(stratified(&strata, level));
    if let Some(plan) = options.resampling() {
        out["bootstrap"] = printed(stratified_bootstrap(&strata, plan, level));
    }
    Some(out)
}

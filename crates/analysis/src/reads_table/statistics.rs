//! Puts the sections together.

use std::collections::BTreeMap;

use overread_stats::repeats::repeat_studies;
use serde_json::{Map, Value, json};

use super::cells::{Cell, cells};
use super::{
    ReadsOptions, ReadsTable, ReadsTableError, ReferencePolicy, ScoresTable, agreement, course,
    printed, quality, rules, scores,
};

/// Everything a reads table says.
pub(super) fn statistics(
    table: &ReadsTable,
    scores: Option<&ScoresTable>,
    options: &ReadsOptions,
) -> Result<Value, ReadsTableError> {
    let cells = cells(table, options)?;
    let mut out = Map::new();
    out.insert("config".to_owned(), printed(options));
    out.insert("input".to_owned(), input(table, scores));
    if let Some(repeats) = repeats(table) {
        out.insert("repeat_studies".to_owned(), repeats);
    }
    let by_cell: Map<String, Value> =
        cells.iter().map(|cell| (cell.key(), section(table, cell, scores, options))).collect();
    let tested = options.is_binary() && table.has("dataset_label") && table.has("tag");
    let mut family = if tested { quality::family(&cells, options) } else { Vec::new() };
    if let Some((comparison, tests)) = rules::comparison(&cells, options) {
        out.insert("rule_comparison".to_owned(), comparison);
        family.extend(tests);
    }
    if !family.is_empty() {
        out.insert("multiplicity".to_owned(), rules::multiplicity(family));
    }
    out.insert("by_rule_finding".to_owned(), Value::Object(by_cell));
    Ok(Value::Object(out))
}

fn input(table: &ReadsTable, scores: Option<&ScoresTable>) -> Value {
    let mut out = json!({
        "rows": table.rows,
        "blank_values": table.blank_values,
        "studies": table.studies.len(),
        "readers": table.readers,
        "rules": table.rules,
        "findings": table.findings,
        "no_answer": { "unsure": table.unsure, "inadequate": table.inadequate },
        "ignored_columns": table.ignored,
    });
    if table.has("dataset_label") && table.rows > 0 {
        out["dataset_label_conflicts"] = label_conflicts(table).into();
    }
    if let Some(scores) = scores {
        out["scores"] = scores.summary();
    }
    out
}

/// (study, finding) pairs with two different labels.
fn label_conflicts(table: &ReadsTable) -> usize {
    let mut labels: Vec<(u32, u32, u16)> = table
        .reads
        .iter()
        .filter_map(|read| Some((read.study, read.finding, read.label?)))
        .collect();
    labels.sort_unstable();
    labels.dedup();
    let pairs = labels.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
    pairs.filter(|different| different.len() > 1).count()
}

/// Studies per patient, over the studies whose patient is known; `None` without a column of patients.
fn repeats(table: &ReadsTable) -> Option<Value> {
    if !table.has("patient_id") {
        return None;
    }
    let mut patient_of: Vec<Option<u32>> = vec![None; table.studies.len()];
    for read in &table.reads {
        let patient = &mut patient_of[read.study as usize];
        *patient = patient.or(read.patient);
    }
    let mut sizes: BTreeMap<u32, u64> = BTreeMap::new();
    for patient in patient_of.into_iter().flatten() {
        *sizes.entry(patient).or_default() += 1;
    }
    let sizes: Vec<u64> = sizes.into_values().collect();
    Some(printed(repeat_studies(&sizes)))
}

fn section(
    table: &ReadsTable,
    cell: &Cell,
    scores: Option<&ScoresTable>,
    options: &ReadsOptions,
) -> Value {
    let mut out = Map::new();
    out.insert("reference".to_owned(), reference(cell, options));
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            out.insert(name.to_owned(), value);
        }
    };
    if options.is_binary() && table.has("dataset_label") {
        put("label_quality", Some(quality::overall(cell, options)));
        put("label_quality_by_reader", Some(quality::by_reader(cell, options)));
        put(
            "label_quality_clustered",
            table.has("patient_id").then(|| quality::clustered(cell, options)),
        );
        put("by_stratum", table.has("stratum").then(|| quality::by_stratum(cell, options)));
        put("by_tag", table.has("tag").then(|| quality::by_tag(cell, options)));
    }
    if options.is_binary() {
        put("label_quality_weighted", quality::weighted(cell, options));
        for (name, value) in scores::sections(cell, scores, options) {
            put(name, Some(value));
        }
        put("drift", course::drifts(cell, options));
    }
    put("repeatability", course::repeatability(cell, options));
    put("vs_gold", agreement::against_gold(cell, options));
    if cell.readers.len() > 1 {
        put("agreement", Some(agreement::panel(cell, options)));
        if options.dawid_skene {
            put("dawid_skene", agreement::latent(cell, options));
        }
    }
    Value::Object(out)
}

fn reference(cell: &Cell, options: &ReadsOptions) -> Value {
    let mut counts = Map::new();
    for k in 0..options.categories.len() {
        let count = cell.studies.iter().filter(|s| s.reference == Some(k)).count();
        counts.insert(options.category_name(k), count.into());
    }
    let policy = match options.reference {
        ReferencePolicy::Majority => "majority",
        ReferencePolicy::DawidSkene => "dawid_skene",
    };
    json!({
        "policy": policy,
        "readers": cell.reference.readers,
        "studies": cell.studies.len(),
        "decided": cell.reference.decided,
        "tied": cell.reference.tied,
        "insufficient": cell.reference.insufficient,
        "counts": counts,
    })
}

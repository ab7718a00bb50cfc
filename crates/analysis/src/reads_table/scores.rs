//! Model scores against the reference.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use overread_stats::roc::{delong, roc};
use serde_json::{Map, Value, json};

use super::agreement::compared;
use super::cells::{Cell, Study};
use super::columns::{self, Columns};
use super::typed::ScoreRow;
use super::{ReadsOptions, ReadsTableError, printed};

/// Sum and number of the view scores of a study.
type Mean = (f64, u64);

/// A scores table: the mean over the views of each study, by model.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoresTable {
    /// By model, finding (blank for any) and study.
    means: BTreeMap<String, BTreeMap<(String, String), Mean>>,
    rows: u64,
    blank: u64,
    ignored: Vec<String>,
}

impl ScoresTable {
    /// Reads `study_id, score` with optional `view_id, model, finding`; a blank score is a view left out.
    pub fn parse(text: &[u8]) -> Result<Self, ReadsTableError> {
        columns::check_encoding("scores", text)?;
        let mut reader = columns::reader(text);
        let known = ["study_id", "score", "view_id", "model", "finding"];
        let columns = Columns::new("scores", &mut reader, &known)?;
        columns.require("study_id")?;
        columns.require("score")?;
        let mut out =
            Self { means: BTreeMap::new(), rows: 0, blank: 0, ignored: columns.ignored.clone() };
        let mut views = HashSet::new();
        for record in reader.records() {
            let record = record.map_err(|e| columns.broken(text, &e))?;
            let line = columns::line_of(text, &record);
            columns.check(&record, line)?;
            let study = columns.needed(&record, line, "study_id")?.to_owned();
            let text = |column: &str| columns.cell(&record, column).unwrap_or("").to_owned();
            let (model, finding) = (text("model"), text("finding"));
            if let Some(view) = columns.cell(&record, "view_id") {
                let key = (model.clone(), finding.clone(), study.clone(), view.to_owned());
                if !views.insert(key) {
                    let reason = format!("view `{view}` of study `{study}` occurs twice");
                    return Err(columns.wrong(line, "view_id", reason));
                }
            }
            let score = columns.number(&record, line, "score")?;
            out.add(&model, &finding, &study, score);
        }
        Ok(out)
    }

    /// The scores of a project's models.
    pub(super) fn of_rows(rows: &[ScoreRow<'_>]) -> Self {
        let mut out = Self { means: BTreeMap::new(), rows: 0, blank: 0, ignored: Vec::new() };
        for row in rows {
            out.add(row.model, row.finding, &row.study.to_string(), row.score);
        }
        out
    }

    /// Counts a row, and its score towards the mean of its study.
    fn add(&mut self, model: &str, finding: &str, study: &str, score: Option<f64>) {
        self.rows += 1;
        let Some(score) = score else {
            self.blank += 1;
            return;
        };
        let means = self.means.entry(model.to_owned()).or_default();
        let (sum, count) = means.entry((finding.to_owned(), study.to_owned())).or_insert((0.0, 0));
        *sum += score;
        *count += 1;
    }

    pub(super) fn summary(&self) -> Value {
        let studies: BTreeSet<&String> =
            self.means.values().flat_map(|m| m.keys().map(|(_, study)| study)).collect();
        let models: Vec<&String> = self.means.keys().filter(|m| !m.is_empty()).collect();
        json!({
            "rows": self.rows,
            "blank_scores": self.blank,
            "studies": studies.len(),
            "models": models,
            "ignored_columns": self.ignored,
        })
    }

    fn score(&self, model: &str, finding: &str, study: &str) -> Option<f64> {
        let means = self.means.get(model)?;
        let find = |finding: &str| means.get(&(finding.to_owned(), study.to_owned()));
        let (sum, count) = find(finding).or_else(|| find(""))?;
        Some(sum / *count as f64)
    }
}

/// A scored study with a reference: score, predicted class, reference class.
struct Scored {
    y: Vec<bool>,
    score: Vec<f64>,
}

fn scored(cell: &Cell, score: impl Fn(&Study) -> Option<f64>) -> Scored {
    let mut out = Scored { y: Vec::new(), score: Vec::new() };
    for study in &cell.studies {
        if let (Some(reference), Some(score)) = (study.reference, score(study)) {
            out.y.push(reference > 0);
            out.score.push(score);
        }
    }
    out
}

fn section(scored: &Scored, options: &ReadsOptions) -> Value {
    let level = options.stats_level();
    let mut out = printed(roc(&scored.y, &scored.score, options.threshold, level));
    let pairs =
        scored.y.iter().zip(&scored.score).map(|(y, score)| {
            (Some(usize::from(*score > options.threshold)), Some(usize::from(*y)))
        });
    out["kappa_at_threshold"] = printed(compared(pairs, options));
    out
}

/// `roc` for one score; with several models one section each and their paired comparisons.
pub(super) fn sections(
    cell: &Cell,
    scores: Option<&ScoresTable>,
    options: &ReadsOptions,
) -> Vec<(&'static str, Value)> {
    let Some(table) = scores else {
        let from_reads = scored(cell, |s| s.score);
        if from_reads.y.is_empty() {
            return Vec::new();
        }
        return vec![("roc", section(&from_reads, options))];
    };
    let models: Vec<&String> = table.means.keys().collect();
    let of = |model: &str| scored(cell, |s| table.score(model, &cell.finding, &s.id));
    if let [only] = models.as_slice() {
        let scored = of(only);
        if scored.y.is_empty() {
            return Vec::new();
        }
        return vec![("roc", section(&scored, options))];
    }
    let (mut by_model, mut paired) = (Map::new(), Map::new());
    for (i, a) in models.iter().enumerate() {
        let scored = of(a);
        if scored.y.is_empty() {
            continue;
        }
        by_model.insert((*a).clone(), section(&scored, options));
        for b in models.iter().skip(i + 1) {
            if let Some(value) = pair(cell, table, a, b, options) {
                paired.insert(format!("{a}|{b}"), value);
            }
        }
    }
    if by_model.is_empty() {
        return Vec::new();
    }
    vec![("roc_by_model", Value::Object(by_model)), ("roc_paired", Value::Object(paired))]
}

/// Two models on the studies that both scored.
fn pair(
    cell: &Cell,
    table: &ScoresTable,
    a: &str,
    b: &str,
    options: &ReadsOptions,
) -> Option<Value> {
    let (mut y, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
    for study in &cell.studies {
        let of = |model| table.score(model, &cell.finding, &study.id);
        if let (Some(reference), Some(s), Some(t)) = (study.reference, of(a), of(b)) {
            y.push(reference > 0);
            first.push(s);
            second.push(t);
        }
    }
    (!y.is_empty()).then(|| printed(delong(&y, &[&first, &second], options.stats_level())))
}

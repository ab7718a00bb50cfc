//! The table of scores.

use std::collections::BTreeMap;
use std::path::Path;

use overread_core::Protocol;

use super::{Header, Known, OutsideScore, OutsideScores, finding_id, input_file, open};
use crate::import::ImportError;
use crate::import::rows::{Rows, detect_delimiter};

/// Reads a table of scores: per study, or per view.
pub fn read_scores(
    path: &Path,
    known: &Known,
    protocol: &Protocol,
) -> Result<OutsideScores, ImportError> {
    let source = open(path)?;
    let (text, _latin1) = source.text();
    let mut rows = Rows::new(&source, text, detect_delimiter(text))?;
    let columns = ["study_id", "item", "score", "view_id", "model", "finding"];
    let header = Header::read(&source, &mut rows, &columns)?;
    let by_item = header.column("study_id").is_none() && header.column("item").is_some();
    let named = if by_item { "item" } else { "study_id" };
    header.need(&source, &[named, "score"])?;
    let at = |name: &str| header.column(name).unwrap_or(0);
    let mut scores: Vec<OutsideScore> = Vec::new();
    let mut seen = BTreeMap::new();
    while rows.advance() {
        if !header.fits(&mut rows) {
            continue;
        }
        let before = rows.faults.len();
        let cell = header.cell(&rows, named).unwrap_or_default();
        let study = known.study(&cell, by_item).map_err(|why| rows.reject(at(named), why)).ok();
        let finding = match header.cell(&rows, "finding") {
            None => Some(String::new()),
            Some(cell) => {
                finding_id(protocol, &cell).map_err(|why| rows.reject(at("finding"), why)).ok()
            }
        };
        let score = match header.cell(&rows, "score") {
            None => None,
            Some(cell) => match cell.parse::<f64>() {
                Ok(score) if score.is_finite() => Some(score),
                _ => {
                    rows.reject(at("score"), format!("`{cell}` is no finite number"));
                    None
                }
            },
        };
        let (Some(study), Some(finding)) = (study, finding) else { continue };
        if before < rows.faults.len() {
            continue;
        }
        let model = header.cell(&rows, "model").unwrap_or_else(|| "model".to_owned());
        let view = header.cell(&rows, "view_id").unwrap_or_default();
        let key = (model.clone(), finding.clone(), study, view.clone());
        if let Some(first) = seen.insert(key, rows.line()) {
            rows.reject(at("score"), format!("the score of line {first} stands here again"));
            continue;
        }
        scores.push(OutsideScore { model, finding, study, view, score });
    }
    rows.finish()?;
    if scores.is_empty() {
        let text = format!("{} holds no score. Nothing was imported.", source.name);
        return Err(ImportError::Files(text));
    }
    scores.sort_by(|a, b| {
        (&a.model, &a.finding, a.study, &a.view).cmp(&(&b.model, &b.finding, b.study, &b.view))
    });
    Ok(OutsideScores { file: input_file(&source), scores, ignored: header.ignored })
}

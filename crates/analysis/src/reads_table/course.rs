//! Readers against themselves: drift along the reading order, and repeated reads.

use overread_stats::drift::drift;
use serde_json::{Map, Value};

use super::agreement::compared;
use super::cells::{Cell, Study};
use super::{ReadsOptions, printed};

/// Drift of each reader with a reading order; `None` when nobody has one.
pub(super) fn drifts(cell: &Cell, options: &ReadsOptions) -> Option<Value> {
    let mut out = Map::new();
    for (i, reader) in cell.readers.iter().enumerate() {
        let mut reads: Vec<(f64, usize, usize, &Study)> = cell
            .studies
            .iter()
            .filter_map(|s| {
                let (seq, place) = s.seq(i)?;
                Some((seq, place, s.first[i]?, s))
            })
            .collect();
        if reads.is_empty() {
            continue;
        }
        // Equal sequence numbers keep the order of the file.
        reads.sort_by_key(|(_, place, ..)| *place);
        let series = |outcomes: Vec<(f64, bool)>| {
            let (pos, y): (Vec<f64>, Vec<bool>) = outcomes.into_iter().unzip();
            printed(drift(&pos, &y, options.blocks, options.stats_level()))
        };
        let positive = reads.iter().map(|(seq, _, value, _)| (*seq, *value > 0)).collect();
        let agrees: Vec<(f64, bool)> = reads
            .iter()
            .filter_map(|(seq, _, value, study)| Some((*seq, study.label? == *value)))
            .collect();
        let mut section = Map::new();
        section.insert("positive_rate".to_owned(), series(positive));
        if !agrees.is_empty() {
            section.insert("label_agreement".to_owned(), series(agrees));
        }
        out.insert(reader.clone(), Value::Object(section));
    }
    (!out.is_empty()).then_some(Value::Object(out))
}

/// First read against second read of the same studies; `None` when nothing was read twice.
pub(super) fn repeatability(cell: &Cell, options: &ReadsOptions) -> Option<Value> {
    let mut out = Map::new();
    for (i, reader) in cell.readers.iter().enumerate() {
        let both = || cell.studies.iter().map(move |s| (s.first[i], s.second(i)));
        if both().any(|(a, b)| a.is_some() && b.is_some()) {
            out.insert(reader.clone(), printed(compared(both(), options)));
        }
    }
    (!out.is_empty()).then_some(Value::Object(out))
}

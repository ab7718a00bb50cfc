//! From an analysis to the report's sections.

mod agreement;
mod course;
mod front;
mod panel;
mod quality;
mod record;
mod regions;
mod scores;
mod strata;

use overread_analysis::Analysis;

use crate::model::{Cell, Column, Document, Kind, Part, Row, Section};
use crate::numbers;

/// The whole report as values.
pub fn document(analysis: &Analysis) -> Document {
    let mut sections =
        vec![front::question(analysis), front::flow(analysis), quality::ppv(analysis)];
    sections.extend(quality::published(analysis));
    sections.extend(quality::dataset_level(analysis));
    sections.extend(regions::by_stratum(analysis));
    sections.extend(regions::by_pathology(analysis));
    sections.extend(regions::published(analysis));
    sections.extend(quality::rules(analysis));
    sections.extend(strata::strata(analysis));
    sections.extend(agreement::agreement(analysis));
    sections.extend(panel::panel(analysis));
    sections.extend(panel::gold(analysis));
    sections.extend(panel::splits(analysis));
    sections.extend(course::course(analysis));
    sections.extend(scores::scores(analysis));
    sections.extend(panel::consensus(analysis));
    sections.extend(course::review(analysis));
    sections.push(front::repeat_studies(analysis));
    sections.extend(regions::composition(analysis));
    sections.extend(front::sample(analysis));
    sections.extend(quality::running(analysis));
    sections.push(record::not_estimable(analysis));
    let audit =
        Part { id: "part-audit", kicker: "Audit", title: front::part_title(analysis), sections };
    let record = Part {
        id: "part-record",
        kicker: "Record",
        title: "Blinding, conduct, methods, provenance".to_owned(),
        sections: record::sections(analysis),
    };
    Document {
        title: analysis.design.title.clone(),
        subtitle: front::subtitle(analysis),
        facts: front::facts(analysis),
        key_results: front::key_results(analysis),
        parts: vec![audit, record],
        references: record::references(analysis),
        running_head: format!(
            "{} · protocol {} · data cut {}",
            analysis.design.title,
            analysis.design.version,
            date_only(&analysis.provenance.data_cut)
        ),
        id: analysis.id(),
    }
}

pub(crate) fn date_only(at: &str) -> &str {
    at.split_whitespace().next().unwrap_or(at)
}

/// `95% CI`.
pub(crate) fn ci(analysis: &Analysis) -> String {
    format!("{}% CI", numbers::decimal(100.0 * analysis.options.level, 0))
}

/// `1 study`, `2 studies` and their like.
pub(crate) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", numbers::count(n), if n == 1 { one } else { many })
}

/// Figures of one kind that a report prints; the tables and the data files have all.
pub(crate) const MOST_FIGURES: usize = 6;

/// Whether every reader's answers were given elsewhere.
pub(crate) fn all_elsewhere(analysis: &Analysis) -> bool {
    let readers = &analysis.design.readers;
    !readers.is_empty() && readers.iter().all(|reader| reader.elsewhere.is_some())
}

/// Of which studies the sample is one: `the dataset`, or those of it that could be drawn.
pub(crate) fn frame(analysis: &Analysis) -> String {
    let sampling = &analysis.design.sampling;
    if sampling.limited_to_available {
        format!(
            "the {} of the dataset whose images were found",
            counted(sampling.frame_studies, "study", "studies")
        )
    } else {
        "the dataset".to_owned()
    }
}

/// What has to stand wherever figures of decks are printed whose label the reader knew; nothing where there are none.
pub(crate) fn label_known(analysis: &Analysis) -> Option<String> {
    let release = &analysis.release;
    let known = "Label known to the reader (deck without controls)";
    match release.label_known_decks {
        0 => None,
        n if n == release.decks => Some(format!("{known}.")),
        _ => {
            let findings = analysis.statistics.label_quality.iter().filter(|f| f.label_known);
            let names: Vec<&str> = findings.map(|f| f.name.as_str()).collect();
            Some(format!("{known}: {}.", names.join(", ")))
        }
    }
}

/// The same with a space behind it, to stand before other notes.
pub(crate) fn known_note(analysis: &Analysis) -> String {
    label_known(analysis).map_or_else(String::new, |note| note + " ")
}

/// What stands beside intervals that do not hold at every look, where decks are unfinished.
pub(crate) fn one_look(analysis: &Analysis) -> &'static str {
    if analysis.statistics.label_quality.iter().all(|finding| finding.complete) {
        ""
    } else {
        "Decks are unfinished: intervals of κ are made for one look, at the planned number. "
    }
}

/// What stands before the notes of a table whose figures are not those of the dataset; nothing where they are.
pub(crate) fn sample_note(analysis: &Analysis, sample_value: bool) -> String {
    if !sample_value {
        return String::new();
    }
    let sampling = &analysis.design.sampling;
    let why = if sampling.elsewhere {
        "how the studies were chosen is not recorded here"
    } else if sampling.unequal.is_some() {
        "the studies were drawn with unequal probabilities"
    } else {
        "the studies were drawn by label"
    };
    format!("Unweighted: describes the studies read, not the dataset, since {why}. ")
}

pub(crate) fn column(head: impl Into<String>, kind: Kind) -> Column {
    Column { head: head.into(), group: None, kind }
}

pub(crate) fn grouped(group: &str, head: impl Into<String>, kind: Kind) -> Column {
    Column { head: head.into(), group: Some(group.to_owned()), kind }
}

pub(crate) fn row(cells: Vec<Cell>) -> Row {
    Row { cells, total: false }
}

pub(crate) fn section(id: &'static str, title: impl Into<String>) -> Section {
    Section { id, title: title.into(), prose: Vec::new(), blocks: Vec::new() }
}

/// First letter upper case.
pub(crate) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map(|first| first.to_uppercase().chain(characters).collect())
        .unwrap_or_default()
}

/// `Chest drain` becomes `chest drain`; abbreviations stay.
pub(crate) fn small(text: &str) -> String {
    let second_is_lower = text.chars().nth(1).is_some_and(char::is_lowercase);
    let mut characters = text.chars();
    match characters.next() {
        Some(first) if second_is_lower => first.to_lowercase().chain(characters).collect(),
        _ => text.to_owned(),
    }
}

/// `a, b and c`.
pub(crate) fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

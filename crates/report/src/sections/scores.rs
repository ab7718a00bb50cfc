//! Models as readers: areas, operating points, paired comparisons.

use overread_analysis::{Analysis, Interval};

use super::panel::{of, with_interval};
use super::{ci, column, grouped, row, section};
use crate::model::{Block, Cell, Kind, Prose, Section, Table, Width};
use crate::numbers;
use crate::panel_figures;

fn area(value: Option<f64>, interval: Option<Interval>) -> Cell {
    match (value, interval) {
        (None, _) => Cell::Refused(None),
        (Some(v), None) => Cell::Estimate(numbers::decimal(v, 3), String::new()),
        (Some(v), Some(i)) => Cell::Estimate(
            numbers::decimal(v, 3),
            format!(
                "({})",
                numbers::range(&numbers::decimal(i.low, 3), &numbers::decimal(i.high, 3))
            ),
        ),
    }
}

pub(super) fn scores(analysis: &Analysis) -> Option<Section> {
    let scores = &analysis.statistics.scores;
    if scores.models.is_empty() {
        return None;
    }
    let mut out = section("s-scores", "Scores of models");
    out.prose.push(Prose::Paragraph(
        "Models as readers. A study’s score is the mean over its views; above the stated threshold the model calls it positive. Readers stand beside it as points.".into(),
    ));
    out.blocks.push(Block::Table(models(analysis)));
    let drawn = scores.models.iter().filter(|m| m.auroc.is_some()).take(super::MOST_FIGURES);
    for model in drawn {
        out.blocks.push(Block::Figure {
            id: format!("f-roc-{}-{}-{}", model.finding, model.rule.name, model.model),
            caption: format!("{}, {}: receiver operating characteristic of {}, with raters as points.", model.name, model.rule.name, model.model),
            notes: format!(
                "{}The curve goes through every observed score. Diamond: the stated threshold. Circles: readers, {}; square: the dataset label. Crosses: Wilson intervals on the effective sample. Dashed: chance.",
                super::sample_note(analysis, model.sample_value),
                if analysis.design.gold.is_empty() {
                    "each against the majority of the others"
                } else {
                    "against the reference, and those who have a vote in it against the majority of all others"
                }
            ),
            drawing: panel_figures::roc(analysis, model),
        });
    }
    out.blocks.extend(points(analysis).map(Block::Table));
    out.blocks.extend(paired(analysis).map(Block::Table));
    Some(out)
}

fn models(analysis: &Analysis) -> Table {
    let rows = analysis.statistics.scores.models.iter().map(|m| {
        row(vec![
            Cell::text(&m.name),
            Cell::text(&m.rule.name),
            Cell::text(&m.model),
            Cell::text(numbers::ratio(overread_analysis::Count { x: m.positives, n: m.n })),
            area(m.auroc, m.interval),
            Cell::text(m.threshold.to_string()),
            of(m.sensitivity),
            of(m.specificity),
            with_interval(m.kappa, m.kappa_interval),
        ])
    });
    Table {
        id: "t-scores".to_owned(),
        caption: "Scores against the reference.".to_owned(),
        columns: vec![
            column("Finding", Kind::Words),
            column("Rule", Kind::Words),
            column("Model", Kind::Words),
            column("Positives", Kind::Number),
            column(format!("AUROC ({})", ci(analysis)), Kind::Estimate),
            column("Threshold", Kind::Number),
            column("Sensitivity", Kind::Number),
            column("Specificity", Kind::Number),
            column(format!("κ ({})", ci(analysis)), Kind::Estimate),
        ],
        rows: rows.collect(),
        notes: vec![format!(
            "{}AUROC: DeLong. Threshold: positive above it. n.e. = not estimable: the reference has only one class. κ: Fleiss–Cohen–Everitt.",
            super::sample_note(
                analysis,
                analysis.statistics.scores.models.iter().any(|m| m.sample_value)
            )
        )],
        width: Width::Full,
    }
}

fn points(analysis: &Analysis) -> Option<Table> {
    let points = &analysis.statistics.scores.points;
    if points.is_empty() {
        return None;
    }
    Some(Table {
        id: "t-points".to_owned(),
        caption: "Readers and the dataset label as operating points.".to_owned(),
        columns: vec![
            column("Finding", Kind::Words),
            column("Rule", Kind::Words),
            column("Rater", Kind::Words),
            column("Sensitivity", Kind::Number),
            column("Specificity", Kind::Number),
        ],
        rows: points
            .iter()
            .map(|p| {
                row(vec![
                    Cell::text(finding_name(analysis, &p.finding)),
                    Cell::text(&p.rule),
                    Cell::text(marked(analysis, &p.rater, p.against)),
                    of(p.sensitivity),
                    of(p.specificity),
                ])
            })
            .collect(),
        notes: vec![
            match analysis.design.gold.as_slice() {
                [] => "A reader against the majority of the others; “dataset”, the label, against the reference of all.".to_owned(),
                panel => format!("Against the reference, which is the majority of {}{}; each of these, who has a vote in it, against the majority of all others (marked *).", super::list(panel), if analysis.design.adjudicators.is_empty() { "" } else { ", and the adjudicator where one decided" }),
            },
        ],
        width: Width::Full,
    })
}

fn finding_name(analysis: &Analysis, id: &str) -> String {
    let finding = analysis.design.findings.iter().find(|finding| finding.id == id);
    finding.map_or_else(|| id.to_owned(), |finding| finding.name.clone())
}

/// A member of the gold panel is not held against itself.
fn marked(analysis: &Analysis, rater: &str, against: &str) -> String {
    let apart = !analysis.design.gold.is_empty() && against != "reference";
    format!("{rater}{}", if apart { "*" } else { "" })
}

fn paired(analysis: &Analysis) -> Option<Table> {
    let pairs = &analysis.statistics.scores.paired;
    if pairs.is_empty() {
        return None;
    }
    let sides = |(first, second): (u64, u64)| format!("{first} : {second}");
    Some(Table {
        id: "t-paired".to_owned(),
        caption: "Paired comparisons on the same studies.".to_owned(),
        columns: vec![
            column("Finding", Kind::Words),
            column("Rule", Kind::Words),
            column("First, second", Kind::Words),
            column("n", Kind::Number),
            column("AUROC difference", Kind::Estimate),
            grouped("Right alone, positives", "1st : 2nd", Kind::Number),
            grouped("Right alone, positives", "p", Kind::Number),
            grouped("Right alone, negatives", "1st : 2nd", Kind::Number),
            grouped("Right alone, negatives", "p", Kind::Number),
            column("Δκ", Kind::Estimate),
        ],
        rows: pairs
            .iter()
            .map(|p| {
                let difference = match p.auroc_difference {
                    None => Cell::text(numbers::NONE),
                    Some(_) => area(p.auroc_difference, p.auroc_interval),
                };
                row(vec![
                    Cell::text(finding_name(analysis, &p.finding)),
                    Cell::text(&p.rule),
                    Cell::text(format!("{}, {}", p.first, marked(analysis, &p.second, p.against))),
                    Cell::text(numbers::count(p.n)),
                    difference,
                    Cell::text(sides(p.sensitivity_discordant)),
                    Cell::text(numbers::p_value(p.sensitivity_p)),
                    Cell::text(sides(p.specificity_discordant)),
                    Cell::text(numbers::p_value(p.specificity_p)),
                    with_interval(p.kappa_difference, p.kappa_interval),
                ])
            })
            .collect(),
        notes: vec![format!(
            "AUROC: DeLong, paired, two models only. p: exact McNemar on the studies that one alone has right. Δκ: first minus second, bootstrap over patients. {}",
            match analysis.design.gold.as_slice() {
                [] => "Against a reader the reference is the majority of the other readers."
                    .to_owned(),
                panel => format!(
                    "Against {} (marked *), who have a vote in the reference, the majority of all others stands in its place.",
                    super::list(panel)
                ),
            }
        )],
        width: Width::Full,
    })
}

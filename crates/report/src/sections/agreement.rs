//! Agreement between readers.

use overread_analysis::Analysis;

use super::{ci, column, grouped, row, section};
use crate::model::{Block, Cell, Kind, Prose, Section, Table, Width};
use crate::numbers;

pub(super) fn agreement(analysis: &Analysis) -> Option<Section> {
    let pairs = &analysis.statistics.agreement;
    if pairs.is_empty() {
        return None;
    }
    let mut out = section("s-agree", "Agreement of readers");
    out.prose.push(Prose::Paragraph(
        "Two readers on the same studies. κ is never printed alone: beside it stand the observed agreement, the agreement on positives and on negatives, and AC1. A κ depends on how common the finding is among the studies read.".into(),
    ));
    let optional = |value: Option<f64>| {
        value.map_or(Cell::Refused(None), |v| Cell::text(numbers::coefficient(v)))
    };
    let rows = pairs
        .iter()
        .map(|p| {
            let kappa = match (p.kappa, p.interval) {
                (None, _) => Cell::Refused(Some('a')),
                (Some(k), _) if p.degenerate => {
                    Cell::Estimate(numbers::coefficient(k), "b".to_owned())
                }
                (Some(k), Some(i)) => Cell::Estimate(
                    numbers::coefficient(k),
                    format!("({})", numbers::coefficient_interval(i)),
                ),
                (Some(k), None) => Cell::Estimate(numbers::coefficient(k), String::new()),
            };
            row(vec![
                Cell::text(&p.name),
                Cell::text(&p.rule.name),
                Cell::text(format!("{}, {}", p.first, p.second)),
                Cell::text(numbers::ratio(p.agreed)),
                Cell::text(numbers::percent_bare(p.agreed)),
                kappa,
                optional(p.ac1),
                optional(p.positive_agreement),
                optional(p.negative_agreement),
            ])
        })
        .collect();
    out.blocks.push(Block::Table(Table {
        id: "t-agree".to_owned(),
        caption: "Pairs of readers by finding and rule.".to_owned(),
        columns: vec![
            column("Finding", Kind::Words),
            column("Rule", Kind::Words),
            column("Readers", Kind::Words),
            grouped("Agreed", "x/n", Kind::Number),
            grouped("Agreed", "%", Kind::Number),
            column(format!("κ ({})", ci(analysis)), Kind::Estimate),
            column("AC1", Kind::Number),
            grouped("Agreement on", "positives", Kind::Number),
            grouped("Agreement on", "negatives", Kind::Number),
        ],
        rows,
        notes: vec![
            "a: n.e. = not estimable: both readers gave one and the same answer throughout, so that chance agreement is 1. b: no interval: perfect agreement. CI: Fleiss–Cohen–Everitt.".to_owned(),
        ],
        width: Width::Full,
    }));
    Some(out)
}

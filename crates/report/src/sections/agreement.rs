//! Agreement between readers.

use overread_analysis::{Analysis, PairAgreement};

use super::{ci, column, grouped, row, section};
use crate::model::{Block, Cell, Kind, Prose, Section, Table, Width};
use crate::numbers;
use crate::panel_figures::Matrix;

/// The share agreed with its interval.
fn observed(pair: &PairAgreement) -> Cell {
    let Some(share) = pair.observed else { return Cell::Refused(None) };
    let decimals = numbers::percent_decimals([pair.agreed.n]);
    let (value, interval) = numbers::share_parts(share, pair.observed_interval, decimals);
    Cell::Estimate(value, interval.map_or_else(String::new, |ends| format!("({ends})")))
}

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
                    Cell::Estimate(numbers::coefficient(k), "(b)".to_owned())
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
                observed(p),
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
            grouped("Agreed", format!("% ({})", ci(analysis)), Kind::Estimate),
            column(format!("κ ({})", ci(analysis)), Kind::Estimate),
            column("AC1", Kind::Number),
            grouped("Agreement on", "positives", Kind::Number),
            grouped("Agreement on", "negatives", Kind::Number),
        ],
        rows,
        notes: notes(analysis),
        width: Width::Full,
    }));
    out.blocks.extend(matrices(analysis));
    Some(out)
}

fn notes(analysis: &Analysis) -> Vec<String> {
    let pairs = &analysis.statistics.agreement;
    let mut out: Vec<String> = super::label_known(analysis).into_iter().collect();
    if pairs.iter().any(|pair| pair.kappa.is_none()) {
        out.push("a: n.e. = not estimable: both readers gave one and the same answer throughout, so that chance agreement is 1.".to_owned());
    }
    if pairs.iter().any(|pair| pair.degenerate) {
        out.push("b: no interval: all agree, all disagree, or one reader is constant, so that the standard error is 0 and says nothing; see the interval of the observed agreement.".to_owned());
    }
    let sample = super::sample_note(analysis, pairs.iter().any(|pair| pair.sample_value));
    out.push(format!(
        "{sample}{}CI: Wilson for the share agreed, Fleiss–Cohen–Everitt for κ.",
        super::one_look(analysis)
    ));
    out
}

/// A figure for each finding and rule that enough readers read, the first of them in the order of the protocol.
fn matrices(analysis: &Analysis) -> Vec<Block> {
    let pairs = &analysis.statistics.agreement;
    let key = |p: &PairAgreement| (p.finding.clone(), p.rule.name.clone());
    let groups = pairs.chunk_by(|a, b| key(a) == key(b));
    let figures = groups.filter_map(|group| {
        let first = group.first()?;
        let matrix = Matrix::of(group.iter().collect())?;
        Some(Block::Figure {
            id: format!("f-matrix-{}-{}", first.finding, first.rule.name),
            caption: format!("{}, {}: agreement of each pair of readers.", first.name, first.rule.name),
            notes: format!(
                "{}Below the diagonal κ and its interval, above it the share agreed with x/n, on it the positive reads of each reader.",
                super::sample_note(analysis, first.sample_value)
            ),
            drawing: matrix.draw(),
        })
    });
    figures.take(super::MOST_FIGURES).collect()
}

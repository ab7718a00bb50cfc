//! Readers against themselves: hidden repeats and drift.

use overread_analysis::Analysis;

use super::panel::{of, with_interval};
use super::{ci, column, row, section};
use crate::model::{Block, Cell, Kind, Prose, Section, Table, Width};
use crate::numbers;

pub(super) fn course(analysis: &Analysis) -> Option<Section> {
    let repeats = repeats(analysis);
    let drift = drift(analysis);
    if repeats.is_none() && drift.is_none() {
        return None;
    }
    let mut out = section("s-course", "Repeatability and drift");
    let order = if super::all_elsewhere(analysis) {
        "The reads were made elsewhere: their order is that of the table they came in, and whether it is the order of reading is not recorded."
    } else {
        "In a deck that was read in another order than a random one, drift cannot be told from the order of the studies."
    };
    out.prose.push(Prose::Paragraph(
        format!("Each reader against themselves: the same study read twice unnoticed, and the rate of positive answers along the reading. {order}").into(),
    ));
    out.blocks.extend(repeats.into_iter().chain(drift).map(Block::Table));
    Some(out)
}

fn repeats(analysis: &Analysis) -> Option<Table> {
    let rows = &analysis.statistics.repeatability;
    if rows.is_empty() {
        return None;
    }
    Some(Table {
        id: "t-repeats".to_owned(),
        caption: "First and second reading of the same studies by the same reader.".to_owned(),
        columns: vec![
            column("Reader", Kind::Words),
            column("Finding", Kind::Words),
            column("Rule", Kind::Words),
            column("Same answer", Kind::Number),
            column("First only", Kind::Number),
            column("Second only", Kind::Number),
            column(format!("κ ({})", ci(analysis)), Kind::Estimate),
            column("AC1", Kind::Number),
            column("p of direction", Kind::Number),
        ],
        rows: rows
            .iter()
            .map(|r| {
                row(vec![
                    Cell::text(&r.reader),
                    Cell::text(&r.name),
                    Cell::text(&r.rule.name),
                    of(r.agreed),
                    Cell::text(numbers::count(r.first_only)),
                    Cell::text(numbers::count(r.second_only)),
                    with_interval(r.kappa, r.interval),
                    r.ac1.map_or(Cell::Refused(None), |v| Cell::text(numbers::coefficient(v))),
                    Cell::text(numbers::p_value(r.direction_p)),
                ])
            })
            .collect(),
        notes: vec![
            "First only, second only: positive in that reading alone. p of direction: exact McNemar. n.e. = not estimable.".to_owned(),
        ],
        width: Width::Full,
    })
}

fn drift(analysis: &Analysis) -> Option<Table> {
    let rows = &analysis.statistics.drift;
    if rows.is_empty() {
        return None;
    }
    let p =
        |value: Option<f64>| value.map_or(Cell::Refused(None), |p| Cell::text(numbers::p_value(p)));
    Some(Table {
        id: "t-drift".to_owned(),
        caption:
            "Rates along the reading, in five blocks of reading order, and by hour of the day."
                .to_owned(),
        columns: vec![
            column("Reader", Kind::Words),
            column("Deck", Kind::Words),
            column("Series", Kind::Words),
            column("Blocks, x/n", Kind::Words),
            column("Trend p", Kind::Number),
            column("Slope p", Kind::Number),
            column("Hour p", Kind::Number),
        ],
        rows: rows
            .iter()
            .map(|r| {
                let blocks: Vec<String> = r.blocks.iter().map(|b| numbers::ratio(*b)).collect();
                row(vec![
                    Cell::text(&r.reader),
                    Cell::text(&r.name),
                    Cell::text(if r.series == "positive_rate" {
                        "positive"
                    } else {
                        "agrees with the label"
                    }),
                    Cell::text(blocks.join(" · ")),
                    p(r.trend_p),
                    p(r.slope_p),
                    p(r.hours_p),
                ])
            })
            .collect(),
        notes: vec![format!(
            "{}Positive: at or above the first rule{}. Trend: Cochran–Armitage over the blocks. Slope: logistic, from the first to the last read. Hour: Cochran–Armitage over hours of the day, by the clock of the device. n.e. = not estimable: all answers are the same, or all were given in one hour.",
            super::sample_note(analysis, rows.iter().any(|r| r.sample_value)),
            if rows.iter().any(|r| r.name == "all findings") {
                "; where all findings are asked a study counts once: as positive if it is in any finding, as agreeing if it is in every finding that has a label"
            } else {
                ""
            }
        )],
        width: Width::Full,
    })
}

/// Second looks at disagreements with the label.
pub(super) fn review(analysis: &Analysis) -> Option<Section> {
    let rows = &analysis.statistics.review;
    if rows.is_empty() {
        return None;
    }
    let mut out = section("s-review", "Review of disagreements with the label");
    out.prose.push(Prose::Paragraph(
        "After a deck was closed, studies on which reader and label disagree were looked at again with the label shown. These outcomes are in no other figure.".into(),
    ));
    out.blocks.push(Block::Table(Table {
        id: "t-review".to_owned(),
        caption: "Outcomes of review by reader, finding and label.".to_owned(),
        columns: vec![
            column("Reader", Kind::Words),
            column("Finding", Kind::Words),
            column("Label", Kind::Words),
            column("Disagreements", Kind::Number),
            column("Reviewed", Kind::Number),
            column("Label right", Kind::Number),
            column("Answer stands", Kind::Number),
            column("Cannot tell", Kind::Number),
        ],
        rows: rows
            .iter()
            .map(|r| {
                let mut cells =
                    vec![Cell::text(&r.reader), Cell::text(&r.name), Cell::text(r.label)];
                let counts =
                    [r.discordant, r.reviewed, r.label_right, r.mine_stands, r.cannot_tell];
                cells.extend(counts.map(|n| Cell::text(numbers::count(n))));
                row(cells)
            })
            .collect(),
        notes: Vec::new(),
        width: Width::Full,
    }));
    Some(out)
}

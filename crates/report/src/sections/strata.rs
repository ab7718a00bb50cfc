//! Hidden strata.

use overread_analysis::{Alarm, AlarmStage, Analysis, StratumRow};

use super::{ci, column, grouped, row, section};
use crate::figures;
use crate::model::{Block, Cell, Kind, Prose, Section, Table, Text, Width};
use crate::numbers;

/// Rows of the printed table, more where there are more alarms; every row is in the data file.
const PRINTED: usize = 24;

pub(super) fn strata(analysis: &Analysis) -> Option<Section> {
    let strata = &analysis.statistics.strata;
    let rule = &analysis.design.rules.first()?.name;
    let mut tried: Vec<&StratumRow> = strata
        .rows
        .iter()
        .filter(|r| r.rule == *rule && r.inside.n > 0 && r.outside.n > 0)
        .collect();
    if strata.rows.iter().all(|r| r.share.n == 0) {
        return None;
    }
    let mut out = section("s-strata", "Hidden strata");
    let family = strata.families.iter().find(|f| f.rule == *rule).map_or(0, |f| f.tests);
    out.prose.push(Prose::Paragraph(
        Text::default()
            .plain("A stratum is a tag that the reader set, or an attribute that the dataset states. ")
            .italic("Quality gap")
            .plain(format!(": the PPV differs inside and outside the stratum (BH q < 0.05 over the {family} pairs of finding and stratum tested under the {rule} rule). "))
            .italic("Dominant stratum")
            .plain(format!(": the lower limit of its share exceeds one half, so that the label may mean the stratum; not called for a value that half of the dataset has anyway. An alarm needs at least {} studies inside, a gap as many outside. In an unfinished deck an alarm is a candidate, on confidence sequences alone.", strata.minimum_support)),
    ));
    let mut alarms: Vec<&StratumRow> =
        analysis.alarms().into_iter().filter(|r| r.rule == *rule).collect();
    alarms.truncate(8);
    if !alarms.is_empty() {
        out.blocks.push(Block::Figure {
            id: "f-strata".to_owned(),
            caption: format!("Composition of classes with an alarm, {rule} rule."),
            notes: format!("{}Bar length is the number of studies: it shows the share of the stratum and, inside it, the confirmed part.", super::known_note(analysis)),
            drawing: figures::strata_bars(&alarms),
        });
    }
    if tried.is_empty() {
        out.prose.push(Prose::Small(
            "No stratum had studies both inside and outside; nothing was compared.".into(),
        ));
        return Some(out);
    }
    let total = tried.len();
    tried.sort_by(|a, b| {
        let key = |r: &StratumRow| {
            (
                r.alarms.is_empty(),
                r.bh_q.unwrap_or(f64::INFINITY),
                r.fisher_p.unwrap_or(f64::INFINITY),
            )
        };
        let (a, b) = (key(a), key(b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2))
    });
    let alarmed = tried.iter().filter(|r| !r.alarms.is_empty()).count();
    tried.truncate(PRINTED.max(alarmed));
    out.blocks.push(Block::Table(table(analysis, &tried, rule, total)));
    Some(out)
}

fn table(analysis: &Analysis, rows: &[&StratumRow], rule: &str, total: usize) -> Table {
    let places = numbers::percent_decimals(rows.iter().map(|r| r.share.n));
    let cells = rows
        .iter()
        .map(|r| {
            let share = numbers::figure(&r.share, places);
            let difference = match (r.difference, r.interval) {
                (Some(d), Some(i)) => {
                    let (value, interval) = numbers::points(d, Some(i));
                    Cell::Estimate(value, format!("({})", interval.unwrap_or_default()))
                }
                _ => Cell::Refused(Some('a')),
            };
            let p = |p: Option<f64>| {
                p.map_or(Cell::Refused(Some('a')), |p| Cell::text(numbers::p_value(p)))
            };
            row(vec![
                Cell::text(&r.name),
                Cell::text(super::small(&r.stratum)),
                Cell::text(share.count),
                Cell::Estimate(share.value, format!("({})", share.interval)),
                Cell::text(numbers::ratio(r.inside.count())),
                Cell::text(numbers::ratio(r.outside.count())),
                difference,
                Cell::text(
                    r.shrunken.map_or(numbers::NONE.to_owned(), |s| numbers::points(s, None).0),
                ),
                p(r.fisher_p),
                p(r.bh_q),
                Cell::text(alarm_words(r)),
            ])
        })
        .collect();
    let mut notes = vec![format!(
        "{}Difference: Newcombe’s interval (method 10). Shrunken: empirical-Bayes estimate of the gap among all strata tested; – = {}. Sorted by alarm and q: the first {} of {} pairs with studies on both sides; all are in the data files.",
        super::known_note(analysis),
        analysis.statistics.strata.shrunken_reason.as_deref().unwrap_or("not tested"),
        rows.len(),
        total
    )];
    if rows.iter().any(|r| r.fisher_p.is_none()) {
        notes.push(
            "a: n.e. = not estimable before the planned number: interval and test are made once."
                .to_owned(),
        );
    }
    Table {
        id: "t-strata".to_owned(),
        caption: format!("Strata within the label-positive studies, {rule} rule."),
        columns: vec![
            column("Label", Kind::Words),
            column("Stratum", Kind::Words),
            grouped("Share of the class", "x/n", Kind::Number),
            grouped("Share of the class", format!("% ({})", ci(analysis)), Kind::Estimate),
            grouped("Confirmed, x/n", "inside", Kind::Number),
            grouped("Confirmed, x/n", "outside", Kind::Number),
            grouped("Difference, points", format!("({})", ci(analysis)), Kind::Estimate),
            grouped("Difference, points", "shrunken", Kind::Number),
            column("Fisher p", Kind::Number),
            column("BH q", Kind::Number),
            column("Alarm", Kind::Words),
        ],
        rows: cells,
        notes,
        width: Width::Full,
    }
}

fn alarm_words(row: &StratumRow) -> String {
    let words: Vec<&str> = row
        .alarms
        .iter()
        .map(|alarm| match alarm {
            Alarm::QualityGap => "gap",
            Alarm::DominantStratum => "dominant",
        })
        .collect();
    match (words.is_empty(), row.stage) {
        (true, _) => numbers::NONE.to_owned(),
        (false, AlarmStage::Candidate) => format!("{} (candidate)", words.join(", ")),
        (false, AlarmStage::Final) => words.join(", "),
    }
}

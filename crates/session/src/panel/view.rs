//! The live panel ready to draw.

use overread_analysis::{
    Alarm, AlarmStage, Analysis, Figure, FindingQuality, Interval, IntervalKind, OwnAnswers,
    Published, Running, StratumKind, StratumRow,
};
use overread_core::Level;
use overread_report::numbers;

use super::Computed;
use super::decided::Decided;
use crate::read_view::{capital, level_mark};
use crate::release::{Progress, Visible};
use crate::room::Material;
use crate::view::{
    AlarmRow, AlarmView, AlarmsView, Cell, CountView, DotKind, EstimateView, ForestRow, ForestView,
    Mark, OwnAnswersView, PanelBody, PanelFigures, PanelView, ReleaseView, RunningPoint,
    RunningView, Span,
};

const NBSP: char = '\u{a0}';

/// What the panel needs to know beside the figures.
pub(crate) struct Frame<'a> {
    pub material: &'a Material,
    pub finding: Option<&'a str>,
    pub deck: u32,
    pub visible: &'a Visible,
    pub label_known: bool,
    pub progress: Progress,
    /// Decisions, where the reader adjudicates.
    pub decided: Option<Decided>,
    /// Reads in a block of the release policy.
    pub block: u64,
}

/// The panel ready to draw.
pub(crate) fn panel_view(computed: Option<&Computed>, frame: &Frame<'_>) -> PanelView {
    let analysis = computed.filter(|c| c.deck == frame.deck).map(|c| c.analysis.as_ref());
    let quality = analysis.and_then(|a| match frame.finding {
        Some(finding) => a.finding(finding),
        None => a.statistics.label_quality.first(),
    });
    let own =
        analysis.and_then(|a| a.statistics.own_answers.iter().find(|own| own.deck == frame.deck));
    let (body, own) = match &frame.decided {
        Some(decided) => (Decided::body(), decided.own(&frame.material.protocol)),
        None => (body(analysis, quality, frame), own_view(own, frame)),
    };
    PanelView { title: "Live panel".to_owned(), close_key: "F8".to_owned(), body, own }
}

fn body(
    analysis: Option<&Analysis>,
    quality: Option<&FindingQuality>,
    frame: &Frame<'_>,
) -> PanelBody {
    let left = frame.progress.items.saturating_sub(frame.progress.locked);
    if frame.material.packet {
        return PanelBody::Sealed {
            title: "Sealed: this is a packet".to_owned(),
            text: "It holds no labels, so that nothing here can give one away. Your lead sees the figures when it is merged.".to_owned(),
            note: format!("{left} items to go."),
        };
    }
    if frame.material.sample.is_practice(&frame.material.protocol, frame.deck) {
        let text = "Practice never enters a figure.".to_owned();
        return PanelBody::NothingYet { text, release: None };
    }
    if *frame.visible == Visible::Sealed {
        return PanelBody::Sealed {
            title: format!("Sealed until you lock item {}", frame.progress.items),
            text: "Figures that could give a label away stay closed. The protocol says so; it is the same for every reader.".to_owned(),
            note: format!("{left} items to go."),
        };
    }
    let none = frame.visible.reads() == 0 || frame.progress.settled == 0;
    let (Some(analysis), Some(quality), false) = (analysis, quality, none) else {
        let text = if frame.label_known {
            "No figures yet. The first come when the first answer has settled: with the next one."
                .to_owned()
        } else {
            format!("No figures yet. The first come after {} reads.", frame.block)
        };
        return PanelBody::NothingYet { text, release: Some(release_view(frame)) };
    };
    PanelBody::Open(Box::new(PanelFigures {
        release: release_view(frame),
        quality: quality_view(quality),
        running: running_view(analysis, quality),
        alarms: alarms_view(analysis, quality, frame),
        strata: strata_view(analysis, quality),
    }))
}

fn release_view(frame: &Frame<'_>) -> ReleaseView {
    let settled = frame.progress.settled;
    let shown = settled.min(frame.visible.reads());
    let basis = match shown {
        0 => "no figures yet".to_owned(),
        n => format!("figures from reads 1–{n}"),
    };
    if *frame.visible == Visible::Live {
        let next = if settled == frame.progress.items {
            "Deck locked".to_owned()
        } else if frame.label_known {
            "Live, label known".to_owned()
        } else {
            "Live: this study is not blinded".to_owned()
        };
        return ReleaseView { of: 0, filled: 0, next, basis };
    }
    let held = settled - shown.min(settled);
    let filled = held % frame.block.max(1);
    let to_go = frame.block - filled;
    let waits = if frame.block <= held { ", or when no label could be inferred" } else { "" };
    ReleaseView {
        of: usize::try_from(frame.block).unwrap_or(10),
        filled: usize::try_from(filled).unwrap_or(0),
        next: format!(
            "Next update in {to_go} {}{waits}",
            if to_go == 1 { "read" } else { "reads" }
        ),
        basis,
    }
}

fn estimate(figure: &Figure) -> Cell {
    let Some(value) = figure.value else {
        let reason = figure.reason.clone().unwrap_or_else(|| "no studies".to_owned());
        return Cell::Refused(format!("Not estimable: {reason}"));
    };
    Cell::Estimate(estimate_view(figure, value))
}

/// Estimates in whole per cent and limits with one decimal, so that columns align.
fn estimate_view(figure: &Figure, value: f64) -> EstimateView {
    let interval = figure.interval.unwrap_or(Interval { low: value, high: value });
    let limits = numbers::share_parts(value, figure.interval, 1).1;
    EstimateView {
        place: [interval.low, value, interval.high],
        count: numbers::ratio(figure.count()),
        value: format!("{}{NBSP}%", numbers::share_parts(value, None, 0).0),
        interval: limits.unwrap_or_else(|| "none".to_owned()),
    }
}

fn kind_words(kind: IntervalKind) -> &'static str {
    match kind {
        IntervalKind::Final => "Wilson on the effective sample",
        IntervalKind::Running => "confidence sequence, valid at every look",
        IntervalKind::Weighted => "weighted to the dataset",
        IntervalKind::None => "no interval",
    }
}

fn tooltip(figure: &Figure) -> Vec<(String, String)> {
    let mut lines = vec![
        ("x/n".to_owned(), format!("{}/{}", figure.x, figure.n)),
        ("Patients".to_owned(), figure.patients.to_string()),
        ("Interval".to_owned(), kind_words(figure.kind).to_owned()),
    ];
    if let Some(first) = figure.first_studies {
        let basis = format!("{}/{}, first study of each patient", first.x, first.n);
        lines.push(("Interval rests on".to_owned(), basis));
    }
    if let Some(rule) = &figure.rule {
        lines.push(("Rule".to_owned(), format!("{}, version {}", rule.name, rule.version)));
    }
    lines
}

/// PPV per rule, then published values where they are known.
pub(crate) fn quality_view(quality: &FindingQuality) -> ForestView {
    let mut rows = Vec::new();
    let mut kinds = Vec::new();
    for rule in &quality.rules {
        rows.push(ForestRow {
            name: capital(&rule.rule),
            value: estimate(&rule.ppv),
            kind: DotKind::Filled,
            tooltip: tooltip(&rule.ppv),
        });
        kinds.push(rule.ppv.kind);
    }
    let mut notes: Vec<String> = kinds
        .first()
        .map(|kind| format!("PPV interval: {}.", kind_words(*kind)))
        .into_iter()
        .collect();
    rows.extend(published_rows(quality));
    if rows.iter().any(|row| row.kind == DotKind::Published) {
        notes.push("Hollow squares: published values; their sources on hover.".to_owned());
    }
    let kind = kinds.first().map_or("", |kind| kind_words(*kind));
    ForestView {
        title: "Label quality".to_owned(),
        note: "PPV, label-positive studies".to_owned(),
        heads: ["x/n".to_owned(), "PPV".to_owned(), format!("95{NBSP}% interval")],
        rows,
        notes,
        short_note: format!("PPV, {}", kind.split(',').next().unwrap_or(kind)),
    }
}

/// Each published value once: a source that has one value under every rule stands in one row.
fn published_rows(quality: &FindingQuality) -> Vec<ForestRow> {
    let mut rows: Vec<(String, ForestRow)> = Vec::new();
    for rule in &quality.rules {
        for published in &rule.published {
            let same = |p: &Published| {
                p.source == published.source && p.value.to_bits() == published.value.to_bits()
            };
            let everywhere = quality.rules.iter().all(|rule| rule.published.iter().any(same));
            let key = if everywhere {
                published.source.clone()
            } else {
                format!("{} {}", published.source, rule.rule)
            };
            if rows.iter().any(|(known, _)| *known == key) {
                continue;
            }
            let short = if published.source == "text-mining" { "Makers" } else { "Earlier" };
            let name = if everywhere {
                short.to_owned()
            } else {
                let initial: String = rule.rule.chars().take(1).collect();
                format!("{short} {}", initial.to_uppercase())
            };
            rows.push((key, published_row(name, published)));
        }
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

fn published_row(name: String, published: &Published) -> ForestRow {
    let share = numbers::share_parts(published.value, None, 0).0;
    let count = published.count.map(numbers::ratio);
    ForestRow {
        name,
        value: Cell::Estimate(EstimateView {
            place: [published.value; 3],
            count: count.clone().unwrap_or_else(|| "–".to_owned()),
            value: format!("{share}{NBSP}%"),
            interval: "–".to_owned(),
        }),
        kind: DotKind::Published,
        tooltip: vec![
            ("Source".to_owned(), published.name.clone()),
            ("x/n".to_owned(), count.unwrap_or_else(|| "n not stated".to_owned())),
        ],
    }
}

fn running_view(analysis: &Analysis, quality: &FindingQuality) -> Option<RunningView> {
    let of_finding = |running: &&Running| running.finding == quality.finding;
    let running = analysis.statistics.running.iter().find(of_finding)?;
    if running.points.is_empty() {
        return None;
    }
    let narrow = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let points = running.points.iter().filter_map(|point| {
        let value = point.ppv.value?;
        let estimate = estimate_view(&point.ppv, value);
        let [low, _, high] = estimate.place;
        let end = |share: f64| numbers::share_parts(share, None, 1).0;
        Some(RunningPoint { reads: narrow(point.reads), low: end(low), high: end(high), estimate })
    });
    Some(RunningView {
        title: format!("Running PPV, {}", running.rule),
        note: "interval valid at every look".to_owned(),
        points: points.collect(),
        planned: narrow(running.planned),
        planned_label: format!("planned {}", running.planned),
        reads: narrow(running.reads + running.held_back),
        held_back: match running.held_back {
            0 => String::new(),
            n => format!("{n} reads held back"),
        },
    })
}

fn strata_view(analysis: &Analysis, quality: &FindingQuality) -> Option<ForestView> {
    let first_rule = quality.rules.first().map(|rule| rule.rule.as_str())?;
    let rows: Vec<&StratumRow> = analysis
        .statistics
        .strata
        .rows
        .iter()
        .filter(|row| row.finding == quality.finding && row.rule == first_rule)
        .filter(|row| row.kind == StratumKind::Tag && 0 < row.share.x)
        .collect();
    if rows.is_empty() {
        return None;
    }
    let mut forest = Vec::new();
    for row in rows {
        let name = row.stratum.to_lowercase();
        for (label, figure, kind) in [
            (format!("with {name}"), &row.inside, DotKind::Filled),
            ("without".to_owned(), &row.outside, DotKind::Hollow),
        ] {
            forest.push(ForestRow {
                name: label,
                value: estimate(figure),
                kind,
                tooltip: tooltip(figure),
            });
        }
    }
    let kind =
        forest.first().map(|_| "Inside and outside each tag, intervals as above.".to_owned());
    Some(ForestView {
        title: "Tags".to_owned(),
        note: format!("PPV, {first_rule}"),
        heads: ["x/n".to_owned(), "PPV".to_owned(), format!("95{NBSP}% interval")],
        rows: forest,
        notes: kind.into_iter().collect(),
        short_note: format!("PPV by tag, {first_rule}"),
    })
}

fn alarms_view(analysis: &Analysis, quality: &FindingQuality, frame: &Frame<'_>) -> AlarmsView {
    let strata = &analysis.statistics.strata;
    let tried = strata
        .rows
        .iter()
        .filter(|row| row.finding == quality.finding && row.kind == StratumKind::Tag)
        .filter(|row| quality.rules.first().is_some_and(|rule| rule.rule == row.rule))
        .count();
    let rows = analysis.alarms().into_iter().filter(|row| row.finding == quality.finding);
    let rows = alarm_views(rows);
    let count = match rows.len() {
        0 => "no alarm".to_owned(),
        1 => "1 alarm".to_owned(),
        n => format!("{n} alarms"),
    };
    let none = rows.is_empty().then(|| {
        let unit = if tried == 1 { "tag" } else { "tags" };
        let least = strata.minimum_support;
        if frame.label_known || *frame.visible == Visible::Live {
            format!(
                "No alarm. {tried} {unit} tried; an alarm needs {least} inside and {least} outside."
            )
        } else {
            "Tags are held against labels when the deck is locked.".to_owned()
        }
    });
    AlarmsView { title: "Hidden strata".to_owned(), count, rows, none }
}

/// Every alarm of these rows. A dominant share does not depend on the rule: it is said once.
pub(crate) fn alarm_views<'a>(rows: impl IntoIterator<Item = &'a StratumRow>) -> Vec<AlarmView> {
    let mut said = std::collections::BTreeSet::new();
    let mut out = Vec::new();
    for row in rows {
        for &alarm in &row.alarms {
            if alarm == Alarm::QualityGap || said.insert((&row.finding, &row.stratum)) {
                out.push(alarm_view(row, alarm));
            }
        }
    }
    out
}

/// `Chest drain` within a sentence is `chest drain`; the letters of `sex F` stay as the report writes them.
fn within(stratum: &str) -> String {
    let second_is_lower = stratum.chars().nth(1).is_some_and(char::is_lowercase);
    let mut characters = stratum.chars();
    match characters.next() {
        Some(first) if second_is_lower => first.to_lowercase().chain(characters).collect(),
        _ => stratum.to_owned(),
    }
}

fn alarm_view(row: &StratumRow, alarm: Alarm) -> AlarmView {
    let name = within(&row.stratum);
    let candidate = if row.stage == AlarmStage::Candidate { " (candidate)" } else { "" };
    let share = numbers::figure(&row.share, 0);
    match alarm {
        Alarm::DominantStratum => AlarmView {
            title: format!("Dominant stratum: {name}{candidate}"),
            kind: "Dominant stratum".to_owned(),
            short: format!("{name} {}{NBSP}% ({}), {}", share.value, share.interval, share.count),
            figure: share.count.clone(),
            rows: row
                .share
                .value
                .map(|value| AlarmRow {
                    name: String::new(),
                    kind: DotKind::Filled,
                    estimate: estimate_view(&row.share, value),
                })
                .into_iter()
                .collect(),
            half: Some("half".to_owned()),
            text: vec![
                Span::strong(format!("{}{NBSP}%", share.value)),
                Span::plain(format!(
                    " ({}) of label-positives carry “{name}”. The label may mean the stratum.",
                    share.interval
                )),
            ],
        },
        Alarm::QualityGap => {
            let (inside, outside) =
                (numbers::figure(&row.inside, 0), numbers::figure(&row.outside, 0));
            let figure = row.bh_q.map_or_else(
                || "sequences apart".to_owned(),
                |q| format!("q {}", numbers::p_value(q)),
            );
            AlarmView {
                title: format!("Quality gap, {} rule: {name}{candidate}", row.rule),
                kind: "Quality gap".to_owned(),
                short: format!("{name}: {} with, {} without", inside.count, outside.count),
                figure,
                rows: [
                    ("with", &row.inside, DotKind::Filled),
                    ("without", &row.outside, DotKind::Hollow),
                ]
                .into_iter()
                .filter_map(|(word, figure, kind)| {
                    let estimate = estimate_view(figure, figure.value?);
                    Some(AlarmRow { name: word.to_owned(), kind, estimate })
                })
                .collect(),
                half: None,
                text: gap_text(row),
            }
        }
    }
}

fn gap_text(row: &StratumRow) -> Vec<Span> {
    let mut text = Vec::new();
    if let Some(difference) = row.difference {
        let (points, interval) = numbers::points(difference, row.interval);
        text.push(Span::plain("Difference "));
        text.push(Span::strong(points));
        let between = interval.map(|i| format!(" ({i})")).unwrap_or_default();
        text.push(Span::plain(format!(" points{between}, {} rule.", row.rule)));
    }
    if let Some(p) = row.fisher_p {
        text.push(Span::plain(format!(" Fisher p {}.", numbers::p_value(p))));
    }
    if row.stage == AlarmStage::Candidate {
        text.push(Span::plain(" A candidate until the planned n."));
    }
    text
}

/// The reader's own counts, which depend on no label.
pub(crate) fn own_view(own: Option<&OwnAnswers>, frame: &Frame<'_>) -> OwnAnswersView {
    let mut view = OwnAnswersView {
        title: "Your answers".to_owned(),
        note: format!("{} locked, always live", frame.progress.locked),
        ..OwnAnswersView::default()
    };
    let Some(own) = own else { return view };
    let top = frame.material.protocol.top_level();
    let count = |mark: Mark, n: u64, name: &str| CountView {
        mark,
        count: numbers::count(n),
        name: name.to_owned(),
    };
    for (level, at) in own.levels.iter().zip(0_u8..) {
        view.counts.push(count(level_mark(Level(at), top), level.answers, &level.name));
    }
    view.counts.push(count(Mark::Unsure, own.unsure, "unsure"));
    view.counts.push(count(Mark::Inadequate, own.inadequate, "inadequate"));
    for tag in own.tags.iter().filter(|tag| 0 < tag.items) {
        view.lines.push((tag.name.clone(), format!("{}/{}", tag.items, own.locked)));
    }
    view
}

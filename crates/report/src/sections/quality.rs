//! Label quality, dataset-level figures, rules, running view.

use overread_analysis::{Analysis, Count, Figure, FindingQuality, IntervalKind};

use super::{capital, ci, column, counted, grouped, row, section};
use crate::figures;
use crate::model::{Block, Cell, Column, Kind, Prose, Row, Section, Table, Width};
use crate::numbers;

fn estimate(figure: &Figure, decimals: usize) -> Cell {
    let text = numbers::figure(figure, decimals);
    match figure.value {
        None => Cell::Refused(None),
        Some(_) if text.interval.is_empty() => Cell::Estimate(text.value, String::new()),
        Some(_) => Cell::Estimate(text.value, format!("({})", text.interval)),
    }
}

fn count_cell(figure: &Figure) -> Cell {
    Cell::text(numbers::figure(figure, 0).count)
}

fn number_or_none(n: Option<u64>) -> Cell {
    Cell::text(n.map_or(numbers::NONE.to_owned(), numbers::count))
}

/// Decimals of a table: none as soon as one n is below 100.
fn decimals<'a>(figures: impl IntoIterator<Item = &'a Figure>) -> usize {
    numbers::percent_decimals(figures.into_iter().filter(|f| f.n > 0).map(|f| f.n))
}

fn findings(analysis: &Analysis) -> &[FindingQuality] {
    &analysis.statistics.label_quality
}

pub(super) fn ppv(analysis: &Analysis) -> Section {
    let mut out = section("s-ppv", "Label quality by finding");
    let who = if analysis.design.readers.len() == 1 {
        "the reader finds it"
    } else {
        "the reference finds it"
    };
    let by_label = by_label(analysis);
    let holds = match &analysis.design.sampling.unequal {
        None if by_label && analysis.design.sampling.limited_to_available => format!("It holds for the label-positive studies among {}, because each deck’s are a simple random sample of these.", super::frame(analysis)),
        None if by_label => "It holds for the label-positive frame of each finding, because the deck’s label-positive studies are a simple random sample of that frame.".to_owned(),
        None if analysis.design.sampling.elsewhere => "It describes the studies that were read; how they were chosen is not recorded here.".to_owned(),
        None => format!("It holds for the label-positive studies of {}, because the studies were drawn without looking at labels.", super::frame(analysis)),
        Some(why) => format!("Note that {why}: a figure is weighted by the size of each stratum and label in the frame, or not given; x/n are counts of the sample and do not give it by division."),
    };
    let missed = if by_label && !controls(analysis) {
        " Nothing here says how often the finding is missed."
    } else {
        ""
    };
    let merit = if by_label { "The figure of merit is the" } else { "The first figure is the" };
    out.prose.push(Prose::Paragraph(
        format!("{merit} positive predictive value (PPV): of the studies that carry the label, the share in which {who}. {holds}{missed}").into(),
    ));
    out.blocks.push(Block::Table(ppv_table(analysis)));
    out.blocks.extend(by_reader(analysis).map(Block::Table));
    out.blocks.extend(left_out(analysis).map(Block::Table));
    let drawings = figures::forests(analysis);
    let several = drawings.len() > 1;
    for (place, drawing) in drawings.into_iter().enumerate() {
        out.blocks.push(Block::Figure {
            id: if place == 0 { "f-ppv".to_owned() } else { format!("f-ppv-{}", place + 1) },
            caption: format!(
                "Positive predictive value by finding, sorted by the first rule{}.",
                if several { format!(", part {}", place + 1) } else { String::new() }
            ),
            notes: format!("{}Intervals as in the table of the same section. A published value has no interval where its n is not known.", super::known_note(analysis)),
            drawing,
        });
    }
    out
}

fn text_mining(finding: &FindingQuality) -> Option<&overread_analysis::Published> {
    finding.rules.first()?.published.iter().find(|p| p.count.is_none())
}

/// The works that published values beside ours were taken from, each once.
fn cited<'a>(analysis: &Analysis, ids: impl Iterator<Item = &'a str>) -> Vec<String> {
    let ids: std::collections::BTreeSet<&str> = ids.collect();
    let sources = analysis.sources.iter().filter(|source| ids.contains(source.id.as_str()));
    sources.map(|source| format!("Published ({}): {}", source.name, source.citation)).collect()
}

fn ppv_table(analysis: &Analysis) -> Table {
    let rules = &analysis.design.rules;
    let rows = findings(analysis);
    let figures = || rows.iter().flat_map(|f| f.rules.iter().map(|r| &r.ppv));
    let places = decimals(figures());
    let source = rows.iter().find_map(|f| text_mining(f).map(|p| p.name.clone()));
    // Only a draw by label has a frame of label-positives for each finding.
    let framed = rows.iter().any(|finding| finding.frame_positive.is_some());
    let mut columns = vec![column("Finding", Kind::Words)];
    if framed {
        columns.push(column("Frame, studies", Kind::Number));
    }
    let patients = match by_label(analysis) {
        true if controls(analysis) => "Patients in deck, controls’ included",
        true => "Patients in deck",
        false if analysis.design.sampling.elsewhere => "Patients read",
        false => "Patients drawn",
    };
    columns.push(column(patients, Kind::Number));
    for rule in rules {
        let group = format!("{} rule", capital(&rule.name));
        columns.push(grouped(&group, "x/n", Kind::Number));
        columns.push(grouped(&group, format!("PPV, % ({})", ci(analysis)), Kind::Estimate));
    }
    if let Some(name) = &source {
        let group = format!("Published ({name})");
        columns.push(grouped(&group, "PPV, %", Kind::Number));
        columns.push(grouped(&group, "Diff., points", Kind::Number));
    }
    let mut table = Table {
        id: "t-ppv".to_owned(),
        caption: "Positive predictive value of each dataset label, by rule.".to_owned(),
        columns,
        rows: rows
            .iter()
            .map(|finding| {
                let mut cells = vec![Cell::text(&finding.name)];
                if framed {
                    cells.push(number_or_none(finding.frame_positive));
                }
                cells.push(Cell::text(numbers::count(finding.deck_patients)));
                for rule in &finding.rules {
                    cells.push(count_cell(&rule.ppv));
                    cells.push(estimate(&rule.ppv, places));
                }
                if source.is_some() {
                    let published = text_mining(finding);
                    cells.push(Cell::text(published.map_or(numbers::NONE.to_owned(), |p| {
                        numbers::decimal(100.0 * p.value, 0)
                    })));
                    cells.push(Cell::text(
                        published
                            .and_then(|p| p.difference)
                            .map_or(numbers::NONE.to_owned(), |d| numbers::points(d, None).0),
                    ));
                }
                row(cells)
            })
            .collect(),
        notes: Vec::new(),
        width: Width::Full,
    };
    if by_label(analysis) && framed && rows.len() > 1 {
        table.rows.push(total_row(analysis, table.columns.len()));
        table.notes.push("a: n.e. = not estimable: decks of equal size do not represent how often each label occurs.".to_owned());
    }
    table.notes.extend(ppv_notes(analysis, source.is_some()));
    table
}

/// Whether label-negative studies were mixed into a deck.
fn controls(analysis: &Analysis) -> bool {
    analysis.design.decks.iter().any(|deck| 0 < deck.controls)
}

/// Whether each deck was drawn for one label.
fn by_label(analysis: &Analysis) -> bool {
    analysis.design.design == "verify" && !analysis.design.sampling.elsewhere
}

/// Counts only: equal decks pooled over classes represent no quantity of the dataset.
fn total_row(analysis: &Analysis, columns: usize) -> Row {
    let mut cells = vec![
        Cell::text("All decks"),
        Cell::text(""),
        Cell::text(numbers::count(analysis.exclusions.drawn_patients)),
    ];
    for index in 0..analysis.design.rules.len() {
        let total = findings(analysis).iter().filter_map(|f| f.rules.get(index)).fold(
            Count::default(),
            |sum, rule| Count { x: sum.x + rule.ppv.x, n: sum.n + rule.ppv.n },
        );
        cells.push(Cell::text(if total.n == 0 {
            numbers::NONE.to_owned()
        } else {
            numbers::ratio(total)
        }));
        cells.push(Cell::Refused(Some('a')));
    }
    while cells.len() < columns {
        cells.push(Cell::text(""));
    }
    Row { cells, total: true }
}

fn ppv_notes(analysis: &Analysis, published: bool) -> Vec<String> {
    let mut notes: Vec<String> = super::label_known(analysis).into_iter().collect();
    if findings(analysis).iter().flat_map(|f| &f.rules).any(|r| r.ppv.value.is_none()) {
        notes.push(
            "n.e. = not estimable; reasons in the section on what is not estimable.".to_owned(),
        );
    }
    let all = || findings(analysis).iter().flat_map(|f| &f.rules).map(|r| &r.ppv);
    if all().any(|f| f.kind == IntervalKind::Final) {
        notes.push("CI: Wilson score interval on the effective sample (patients as clusters, design effect at least 1; at 0/n and n/n the number of patients); no finite-population correction.".to_owned());
    }
    if all().any(|f| f.kind == IntervalKind::Weighted) {
        notes.push("CI of weighted figures: on the logit scale from the design variance, or with Clopper–Pearson limits plugged in where no stratum shows variation.".to_owned());
    }
    if all().any(|f| f.kind == IntervalKind::Running) {
        let open: Vec<String> = findings(analysis)
            .iter()
            .filter(|f| !f.complete && f.rules.iter().any(|r| r.ppv.n > 0))
            .map(|f| f.name.clone())
            .collect();
        notes.push(format!(
            "Unfinished decks ({}): the interval is a confidence sequence over each patient’s first study, which holds at every look.",
            open.join(", ")
        ));
    }
    notes.extend(no_interval(all()));
    if published {
        notes.push(format!(
            "Difference: {} minus published; no interval, since the published n is not known. – = none published.",
            analysis.design.rules.first().map_or("ours", |r| r.name.as_str())
        ));
        let sources = findings(analysis).iter().filter_map(text_mining).map(|p| p.source.as_str());
        notes.extend(cited(analysis, sources));
    }
    if findings(analysis).iter().any(|f| f.tied > 0) {
        notes.push(
            "Studies on which readers are evenly divided are undecided and left out.".to_owned(),
        );
    }
    let before: Vec<String> = findings(analysis)
        .iter()
        .flat_map(|f| f.rules.iter().map(move |r| (f, r)))
        .filter_map(|(f, r)| {
            let count = r.ppv_before_release?;
            Some(format!("{}, {}: {}", f.name, r.rule, numbers::ratio(count)))
        })
        .collect();
    if !before.is_empty() {
        notes.push(format!(
            "Without reads made after label-dependent figures had been shown: {}.",
            before.join("; ")
        ));
    }
    notes
}

/// How the intervals of these figures were made.
pub(super) fn methods<'a>(figures: impl Iterator<Item = &'a Figure>) -> Option<String> {
    let kinds: Vec<IntervalKind> = figures.map(|figure| figure.kind).collect();
    let all = [
        (IntervalKind::Final, "Wilson on the effective sample (patients as clusters)"),
        (
            IntervalKind::Running,
            "a confidence sequence over each patient’s first study, while unfinished",
        ),
        (
            IntervalKind::Weighted,
            "of weighted figures on the logit scale from the design variance, or with Clopper–Pearson limits plugged in",
        ),
    ];
    let made = all.into_iter().filter(|(kind, _)| kinds.contains(kind));
    let words: Vec<&str> = made.map(|(_, words)| words).collect();
    (!words.is_empty()).then(|| format!("CI: {}.", words.join("; ")))
}

/// Why figures are not there, where some are not.
pub(super) fn refused<'a>(figures: impl Iterator<Item = &'a Figure>) -> Option<String> {
    let absent = figures.filter(|f| f.value.is_none());
    let mut reasons: Vec<&str> = absent.filter_map(|f| f.reason.as_deref()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    (!reasons.is_empty()).then(|| format!("n.e. = not estimable: {}.", reasons.join("; ")))
}

/// Why figures stand without an interval, where some do.
pub(super) fn no_interval<'a>(figures: impl Iterator<Item = &'a Figure>) -> Option<String> {
    let bare = figures.filter(|f| f.value.is_some() && f.interval.is_none());
    let mut reasons: Vec<&str> = bare.filter_map(|f| f.reason.as_deref()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    let reasons: Vec<&str> =
        reasons.into_iter().map(|reason| reason.trim_start_matches("no interval: ")).collect();
    (!reasons.is_empty()).then(|| format!("Without interval: {}.", reasons.join("; ")))
}

/// Each reader's own PPV beside the reference's, where several read.
fn by_reader(analysis: &Analysis) -> Option<Table> {
    let all = || findings(analysis).iter().flat_map(|f| f.rules.iter().map(move |r| (f, r)));
    let own = all().flat_map(|(_, r)| r.by_reader.iter().map(|own| &own.ppv));
    let places = decimals(own.chain(all().map(|(_, r)| &r.ppv)));
    let mut rows = Vec::new();
    for (finding, rule) in all().filter(|(_, r)| r.by_reader.iter().any(|own| 0 < own.ppv.n)) {
        let reference = [("reference", &rule.ppv)].into_iter();
        let own = rule.by_reader.iter().map(|own| (own.reader.as_str(), &own.ppv));
        rows.extend(reference.chain(own).map(|(who, ppv)| {
            row(vec![
                Cell::text(&finding.name),
                Cell::text(&rule.rule),
                Cell::text(who),
                count_cell(ppv),
                estimate(ppv, places),
                Cell::text(numbers::count(ppv.patients)),
            ])
        }));
    }
    (!rows.is_empty()).then(|| Table {
        id: "t-ppv-readers".to_owned(),
        caption: "Positive predictive value by reader, beside that of the reference.".to_owned(),
        columns: vec![
            column("Finding", Kind::Words),
            column("Rule", Kind::Words),
            column("Who decides", Kind::Words),
            column("x/n", Kind::Number),
            column(format!("PPV, % ({})", ci(analysis)), Kind::Estimate),
            column("Patients", Kind::Number),
        ],
        rows,
        notes: vec![
            format!("{}Each reader over all label-positives to which that reader gave a level; the reference over those that it decides. CI as in the table above.", super::known_note(analysis)),
        ],
        width: Width::Full,
    })
}

/// What studies without a majority could change, where several read.
fn left_out(analysis: &Analysis) -> Option<Table> {
    if analysis.design.readers.len() < 2 {
        return None;
    }
    let all = || findings(analysis).iter().flat_map(|f| f.rules.iter().map(move |r| (f, r)));
    let places = decimals(all().map(|(_, r)| &r.ppv));
    let percent = |share: Option<f64>| {
        share.map_or(Cell::Refused(None), |share| {
            Cell::text(numbers::share_parts(share, None, places).0)
        })
    };
    let rows: Vec<Row> = all()
        .filter(|(_, r)| 0 < r.without_reference.label_positive())
        .map(|(finding, rule)| {
            let left = &rule.without_reference;
            row(vec![
                Cell::text(&finding.name),
                Cell::text(&rule.rule),
                Cell::text(numbers::count(left.divided)),
                Cell::text(numbers::count(left.unanswered)),
                count_cell(&rule.ppv),
                percent(rule.ppv.value),
                percent(left.ppv_if_none),
                percent(left.ppv_if_all),
            ])
        })
        .collect();
    (!rows.is_empty()).then(|| Table {
        id: "t-ppv-bounds".to_owned(),
        caption: "Label-positive studies without a reference, and how far they could move the PPV."
            .to_owned(),
        columns: vec![
            column("Finding", Kind::Words),
            column("Rule", Kind::Words),
            grouped("Left out", "divided", Kind::Number),
            grouped("Left out", "no answer", Kind::Number),
            grouped("PPV of the rest", "x/n", Kind::Number),
            grouped("PPV of the rest", "%", Kind::Number),
            grouped("PPV, %, if of those left out", "none", Kind::Number),
            grouped("PPV, %, if of those left out", "all", Kind::Number),
        ],
        rows,
        notes: vec![
            "Divided: no majority among those who gave a level. No answer: nobody with a vote gave a level. The last two columns are bounds, not an interval: none, or all, of the studies left out truly positive.".to_owned(),
        ],
        width: Width::Full,
    })
}

/// Published values whose counts are known, with an interval of the difference.
pub(super) fn published(analysis: &Analysis) -> Option<Section> {
    let places = decimals(findings(analysis).iter().flat_map(|f| f.rules.iter().map(|r| &r.ppv)));
    let mut rows = Vec::new();
    let (mut name, mut sources) = (None, Vec::new());
    for finding in findings(analysis) {
        for rule in &finding.rules {
            let Some(published) = rule.published.iter().find(|p| p.count.is_some()) else {
                continue;
            };
            let (Some(count), true) = (published.count, rule.ppv.n > 0) else { continue };
            name = Some(published.name.clone());
            sources.push(published.source.as_str());
            let difference = match (published.difference, published.interval) {
                (Some(d), Some(i)) => {
                    let (value, interval) = numbers::points(d, Some(i));
                    Cell::Estimate(value, format!("({})", interval.unwrap_or_default()))
                }
                (Some(d), None) => Cell::Estimate(numbers::points(d, None).0, "(n.e.)".to_owned()),
                (None, _) => Cell::Refused(None),
            };
            rows.push(row(vec![
                Cell::text(&finding.name),
                Cell::text(&rule.rule),
                count_cell(&rule.ppv),
                estimate(&rule.ppv, places),
                Cell::text(numbers::ratio(count)),
                Cell::text(numbers::percent_bare(count)),
                difference,
            ]));
        }
    }
    let name = name?;
    let mut notes: Vec<String> = super::label_known(analysis).into_iter().collect();
    notes.extend(no_interval(
        findings(analysis).iter().flat_map(|f| f.rules.iter().map(|r| &r.ppv)),
    ));
    notes.push("Difference: here minus published, Newcombe’s interval for independent samples; n.e. = not estimable while the deck is unfinished.".to_owned());
    notes.extend(cited(analysis, sources.into_iter()));
    let mut out = section("s-published", "Against a published audit");
    out.prose.push(Prose::Paragraph(
        format!("The {name} is an independent sample of labels of the same name and layout, read by another reader under rules of the same names in words of its own. A difference holds the difference between readers, rules and samples.").into(),
    ));
    out.blocks.push(Block::Table(Table {
        id: "t-published".to_owned(),
        caption: format!("PPV here and in the {name}."),
        columns: vec![
            column("Finding", Kind::Words),
            column("Rule", Kind::Words),
            grouped("Here", "x/n", Kind::Number),
            grouped("Here", format!("PPV, % ({})", ci(analysis)), Kind::Estimate),
            grouped("Published", "x/n", Kind::Number),
            grouped("Published", "PPV, %", Kind::Number),
            column(format!("Difference, points ({})", ci(analysis)), Kind::Estimate),
        ],
        rows,
        notes,
        width: Width::Full,
    }));
    Some(out)
}

/// NPV, sensitivity, specificity, prevalence and accuracy, where both label arms were read.
pub(super) fn dataset_level(analysis: &Analysis) -> Option<Section> {
    let defined = |f: &FindingQuality| f.rules.iter().any(|r| r.npv.value.is_some());
    let shown: Vec<&FindingQuality> = findings(analysis).iter().filter(|f| defined(f)).collect();
    if shown.is_empty() {
        return None;
    }
    let by_label = by_label(analysis);
    let unequal = analysis.design.sampling.unequal.is_some();
    let weighted = by_label || unequal;
    let mut out = section("s-dataset-level", "What the labels miss, and the dataset as a whole");
    let about = if by_label {
        "Label-negative studies were read among the label-positive ones. Sensitivity, specificity, prevalence and accuracy are weighted by the size of each arm’s frame, so that they speak for %FRAME%; x/n beside them are counts of the sample and do not give the weighted value by division."
    } else if unequal {
        "Studies were drawn with unequal probabilities. Every figure is weighted by the number of studies of each stratum and label in the frame, so that it speaks for %FRAME%; x/n beside it are counts of the sample and do not give the weighted value by division."
    } else if analysis.design.sampling.elsewhere {
        "How the studies that were read were chosen is not recorded here. The shares describe these studies; they estimate the dataset’s only if the studies were chosen without looking at labels."
    } else {
        "The studies were drawn without looking at labels, so that shares among those read estimate those of %FRAME%."
    };
    out.prose.push(Prose::Paragraph(about.replace("%FRAME%", &super::frame(analysis)).into()));
    let all = shown.iter().flat_map(|f| &f.rules);
    let places = decimals(all.flat_map(|r| [&r.npv, &r.sensitivity, &r.specificity]));
    let mut columns: Vec<Column> =
        vec![column("Finding", Kind::Words), column("Rule", Kind::Words)];
    for name in ["NPV", "Sensitivity", "Specificity", "Prevalence"] {
        let head = if weighted && (unequal || name != "NPV") {
            format!("{name}, weighted")
        } else {
            name.to_owned()
        };
        columns.push(grouped(&head, "x/n", Kind::Number));
        columns.push(grouped(&head, format!("% ({})", ci(analysis)), Kind::Estimate));
    }
    let rows = shown
        .iter()
        .flat_map(|f| f.rules.iter().map(move |r| (f, r)))
        .map(|(f, r)| {
            let mut cells = vec![Cell::text(&f.name), Cell::text(&r.rule)];
            for figure in [&r.npv, &r.sensitivity, &r.specificity, &r.prevalence] {
                cells.push(count_cell(figure));
                cells.push(estimate(figure, places));
            }
            row(cells)
        })
        .collect();
    let methods = if unequal {
        "CI: on the logit scale from the design variance, or with Clopper–Pearson limits plugged in where no stratum shows variation."
    } else if weighted {
        "CI: NPV as in the table of PPVs; weighted figures on the logit scale from the design variance, or with Clopper–Pearson limits plugged in where an arm shows no variation."
    } else {
        "CI: Wilson score interval on the effective sample (patients as clusters), a confidence sequence while unfinished."
    };
    out.blocks.push(Block::Table(Table {
        id: "t-dataset-level".to_owned(),
        caption: "Figures that need label-negative studies.".to_owned(),
        columns,
        rows,
        notes: [
            methods.to_owned(),
            "n.e. = not estimable; reasons in the section on what is not estimable.".to_owned(),
        ]
        .into_iter()
        .chain(no_interval(
            shown
                .iter()
                .flat_map(|f| &f.rules)
                .flat_map(|r| [&r.npv, &r.sensitivity, &r.specificity, &r.prevalence]),
        ))
        .chain(missing_at_random(&shown))
        .collect(),
        width: Width::Full,
    }));
    Some(out)
}

/// What weighted figures take for granted of studies without a reference.
fn missing_at_random(shown: &[&FindingQuality]) -> Option<String> {
    let each: Vec<String> = shown
        .iter()
        .flat_map(|f| f.rules.iter().map(move |r| (f, r)))
        .filter(|(_, r)| r.without_reference.assumption.is_some())
        .map(|(f, r)| {
            let left = &r.without_reference;
            let n = left.label_positive() + left.label_negative;
            format!("{}, {} {}", f.name, r.rule, numbers::count(n))
        })
        .collect();
    (!each.is_empty()).then(|| {
        format!(
            "Studies that were read and have no reference ({}) are taken as missing at random within their arm: weights and finite-population correction treat the others as a random sample of it. If they are not, the intervals are too narrow, also where every study of an arm was read.",
            each.join("; ")
        )
    })
}

pub(super) fn rules(analysis: &Analysis) -> Option<Section> {
    let comparison = &analysis.statistics.rules;
    let read: Vec<_> = comparison.rows.iter().filter(|r| r.first_count.n > 0).collect();
    if read.is_empty() {
        return None;
    }
    let names: Vec<String> = analysis.design.rules.iter().map(|r| r.name.clone()).collect();
    let title = match names.as_slice() {
        [first, second] => format!("{} against {second} rule", capital(first)),
        _ => "Rules against each other".to_owned(),
    };
    let mut out = section("s-rules", title);
    out.prose.push(Prose::Paragraph(
        "Both rules are applied to the same answer, so the comparison is paired within study. Studies that are positive under the more permissive rule only are those the reader placed between the two thresholds.".into(),
    ));
    let several = names.len() > 2;
    let rows = read
        .iter()
        .map(|r| {
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
            let name = if several {
                format!("{}: {} – {}", r.name, r.first, r.second)
            } else {
                r.name.clone()
            };
            row(vec![
                Cell::text(name),
                Cell::text(numbers::ratio(r.first_count)),
                Cell::text(numbers::ratio(r.second_count)),
                Cell::text(numbers::count(r.first_only)),
                Cell::text(numbers::count(r.second_only)),
                difference,
                p(r.p),
                p(r.holm_p),
            ])
        })
        .collect();
    let (first, second) = match names.as_slice() {
        [first, second] => (first.clone(), second.clone()),
        _ => ("first".to_owned(), "second".to_owned()),
    };
    let only = |name: &str| format!("{} only", figures::abbreviated(name));
    let mut notes = vec![format!(
        "{}Among {}. Difference: first minus second rule’s PPV, Newcombe’s paired score interval (method 10). Holm’s correction is over the {} of this table. The scale makes “{}” impossible; it is printed as a check. A score interval and an exact test are different procedures: for a few discordant studies the interval may exclude 0 where p exceeds 0.05.",
        super::known_note(analysis),
        comparison.basis,
        counted(comparison.family, "test", "tests"),
        only(&second)
    )];
    if read.iter().any(|r| r.p.is_none()) {
        notes.push(
            "a: n.e. = not estimable before the planned number: interval and test are made once."
                .to_owned(),
        );
    }
    out.blocks.push(Block::Table(Table {
        id: "t-rules".to_owned(),
        caption: "Difference between the rules on the same studies.".to_owned(),
        columns: vec![
            column("Finding", Kind::Words),
            grouped("Positive, x/n", &first, Kind::Number),
            grouped("Positive, x/n", &second, Kind::Number),
            grouped("Discordant studies", only(&first), Kind::Number),
            grouped("Discordant studies", only(&second), Kind::Number),
            column(format!("Difference, points ({})", ci(analysis)), Kind::Estimate),
            column("Exact McNemar p", Kind::Number),
            column("Holm p", Kind::Number),
        ],
        rows,
        notes,
        width: Width::Full,
    }));
    Some(out)
}

/// The running view of unfinished decks that were begun, at most four, first rule.
pub(super) fn running(analysis: &Analysis) -> Option<Section> {
    let first = &analysis.design.rules.first()?.name;
    let open: Vec<_> = analysis
        .statistics
        .running
        .iter()
        .filter(|r| !r.complete && !r.points.is_empty() && r.rule == *first)
        .collect();
    if open.is_empty() {
        return None;
    }
    let mut out = section("s-running", "While a deck is unfinished");
    out.prose.push(Prose::Paragraph(
        "An ordinary interval that is looked at after every few reads misses the truth at some look far more often than it says. The intervals here are confidence sequences, which hold at all looks together; a final interval is made once, at the planned number.".into(),
    ));
    for run in open.into_iter().take(4) {
        let last = run.points.last().map(|p| numbers::sentence(&p.ppv)).unwrap_or_default();
        out.blocks.push(Block::Figure {
            id: format!("f-run-{}", run.deck),
            caption: format!(
                "“{}”, {} rule: running, {} of {} read, {last}.",
                run.name, run.rule, run.reads, run.planned
            ),
            notes: format!(
                "{}Bars: confidence sequence over each patient’s first study.",
                super::known_note(analysis)
            ),
            drawing: figures::running(run, None),
        });
    }
    Some(out)
}

//! The report's figures, drawn from an analysis.

use overread_analysis::{Analysis, Figure, FindingQuality, IntervalKind, Running, StratumRow};

use crate::draw::{
    Anchor, BLUE, Drawing, Face, GREY, HAIR, INK, Shape, TINT, VERMILION, WIDTH, measure,
};
use crate::numbers;

/// Rows that a forest figure can hold.
const FOREST_ROWS: usize = 24;
const ROW: f64 = 16.4;

/// How a series is marked.
#[derive(Clone, Copy)]
enum Mark {
    Circle,
    Square,
    Triangle,
    Diamond,
}

const SERIES: [(Mark, &str); 3] =
    [(Mark::Circle, BLUE), (Mark::Square, VERMILION), (Mark::Triangle, INK)];

fn series(index: usize) -> (Mark, &'static str) {
    SERIES.get(index).copied().unwrap_or((Mark::Triangle, INK))
}

fn mark(drawing: &mut Drawing, kind: Mark, colour: &'static str, x: f64, y: f64) {
    let shape = match kind {
        Mark::Circle => Shape::Circle([x, y, 2.6], colour, colour, 0.0),
        Mark::Square => Shape::Rect([x - 2.4, y - 2.4, 4.8, 4.8], "#fff", colour, 1.0),
        Mark::Triangle => Shape::Path(
            vec![[x, y - 3.0], [x + 2.8, y + 2.2], [x - 2.8, y + 2.2]],
            true,
            "#fff",
            colour,
            1.0,
        ),
        Mark::Diamond => Shape::Path(
            vec![[x, y - 2.9], [x + 2.9, y], [x, y + 2.9], [x - 2.9, y]],
            true,
            "#fff",
            colour,
            0.9,
        ),
    };
    drawing.shapes.push(shape);
}

/// Axis of percentages from `left` to `right` at `y`, with grid lines up to `top`.
fn percent_axis(drawing: &mut Drawing, left: f64, right: f64, top: f64, y: f64, title: &str) {
    for tick in [0_u32, 25, 50, 75, 100] {
        let x = left + (right - left) * f64::from(tick) / 100.0;
        drawing.line([x, top, x, y], HAIR, 0.5);
    }
    drawing.line([left, y, right, y], INK, 0.7);
    for tick in [0_u32, 25, 50, 75, 100] {
        let x = left + (right - left) * f64::from(tick) / 100.0;
        drawing.line([x, y, x, y + 2.5], INK, 0.7);
        drawing.text(x, y + 11.0, Anchor::Middle, Face::Plain, tick.to_string());
    }
    drawing.text(f64::midpoint(left, right), y + 23.0, Anchor::Middle, Face::Plain, title);
}

/// PPV by finding, rule by rule, sorted; several drawings above 24 findings.
pub fn forests(analysis: &Analysis) -> Vec<Drawing> {
    let mut findings: Vec<&FindingQuality> = analysis
        .statistics
        .label_quality
        .iter()
        .filter(|f| f.rules.iter().any(|r| r.ppv.value.is_some()))
        .collect();
    let key = |f: &FindingQuality, rule: usize| {
        f.rules.get(rule).and_then(|r| r.ppv.value).unwrap_or(-1.0)
    };
    findings.sort_by(|a, b| key(b, 0).total_cmp(&key(a, 0)).then(key(b, 1).total_cmp(&key(a, 1))));
    findings.chunks(FOREST_ROWS).map(|rows| forest(analysis, rows)).collect()
}

fn forest(analysis: &Analysis, findings: &[&FindingQuality]) -> Drawing {
    let (left, right) = (112.0, 386.0);
    let rules = &analysis.design.rules;
    let mut drawing = Drawing::new("Positive predictive value by finding");
    let top = 19.5;
    let bottom = top + 4.0 + ROW * findings.len() as f64;
    let offsets: &[f64] = match rules.len() {
        1 => &[0.0],
        2 => &[-4.3, 4.3],
        _ => &[-4.8, 0.0, 4.8],
    };
    let published_name = first_published(findings).map(|(name, _)| name);
    forest_head(&mut drawing, analysis, published_name);
    drawing.text(0.0, 14.0, Anchor::Start, Face::Bold, "Finding");
    drawing.line([0.0, top, WIDTH, top], INK, 0.5);
    percent_axis(&mut drawing, left, right, top, bottom, "Positive predictive value, %");
    let mut marks: Vec<(Mark, &'static str, f64, f64)> = Vec::new();
    let mut words = Vec::new();
    for (place, finding) in findings.iter().enumerate() {
        let y = top + 4.0 + ROW * (place as f64 + 0.5);
        drawing.label(0.0, y, Anchor::Start, Face::Plain, left - 6.0, &finding.name);
        if place % 5 == 4 && place + 1 < findings.len() {
            drawing.line([0.0, y + ROW / 2.0, WIDTH, y + ROW / 2.0], HAIR, 0.5);
        }
        let x_of = |share: f64| left + (right - left) * share;
        for (index, rule) in finding.rules.iter().enumerate() {
            let ppv = &rule.ppv;
            let (kind, colour) = series(index);
            let y = y + offsets.get(index).copied().unwrap_or(0.0);
            count_label(&mut drawing, rules.len(), index, y_text(place, top), ppv);
            if let Some(ci) = ppv.interval {
                drawing.line([x_of(ci.low), y, x_of(ci.high), y], colour, 1.1);
            }
            if let Some(value) = ppv.value {
                marks.push((kind, colour, x_of(value), y));
                words.push(format!("{} {} {}", finding.name, rule.rule, numbers::sentence(ppv)));
            }
        }
        if let Some((_, value)) = first_published(&[finding]) {
            if rules.len() < 3 {
                marks.push((Mark::Diamond, INK, x_of(value), y));
            } else {
                drawing.line([x_of(value), y - 3.5, x_of(value), y + 3.5], INK, 0.9);
            }
        }
    }
    for (kind, colour, x, y) in marks {
        mark(&mut drawing, kind, colour, x, y);
    }
    drawing.height = bottom + 27.0;
    drawing.description = format!("{}.", words.join("; "));
    drawing
}

fn y_text(place: usize, top: f64) -> f64 {
    top + 4.0 + ROW * (place as f64 + 0.5) + 2.7
}

fn count_x(rules: usize, index: usize) -> f64 {
    let step = if rules < 3 { 48.0 } else { 33.0 };
    WIDTH - step * (rules.saturating_sub(1 + index)) as f64
}

fn count_label(drawing: &mut Drawing, rules: usize, index: usize, y: f64, ppv: &Figure) {
    let text = if ppv.n == 0 { numbers::NONE.to_owned() } else { numbers::ratio(ppv.count()) };
    drawing.text(count_x(rules, index), y, Anchor::End, Face::Plain, text);
}

/// The first source whose value holds whatever the rule, and its value.
fn first_published<'a>(findings: &[&'a FindingQuality]) -> Option<(&'a str, f64)> {
    let rules = findings.iter().filter_map(|f| f.rules.first());
    let mut all = rules.flat_map(|rule| &rule.published);
    all.find(|p| p.count.is_none()).map(|p| (p.name.as_str(), p.value))
}

fn forest_head(drawing: &mut Drawing, analysis: &Analysis, published: Option<&str>) {
    let rules = &analysis.design.rules;
    let mut x = 112.0;
    for (index, rule) in rules.iter().enumerate() {
        let (kind, colour) = series(index);
        mark(drawing, kind, colour, x + 3.0, 4.6);
        drawing.text(x + 9.0, 7.3, Anchor::Start, Face::Plain, &rule.name);
        x += 22.0 + measure(&rule.name, Face::Plain);
        let head = format!("{} x/n", abbreviated(&rule.name));
        drawing.text(count_x(rules.len(), index), 14.0, Anchor::End, Face::Quiet, head);
    }
    if let Some(name) = published {
        mark(drawing, Mark::Diamond, INK, x + 3.0, 4.6);
        let text = format!("published ({name})");
        x += 22.0 + measure(&text, Face::Plain);
        drawing.text(x - 13.0 - measure(&text, Face::Plain), 7.3, Anchor::Start, Face::Plain, text);
    }
    drawing.line([x, 4.6, x + 12.0, 4.6], INK, 1.1);
    let level = numbers::decimal(100.0 * analysis.options.level, 0);
    drawing.text(x + 15.0, 7.3, Anchor::Start, Face::Plain, format!("{level}% CI"));
}

/// `perm.` for a long name of a rule.
pub(crate) fn abbreviated(rule: &str) -> String {
    let short: String = rule.chars().take(4).collect();
    if rule.chars().count() <= 6 { rule.to_owned() } else { format!("{short}.") }
}

/// One box of the flow with its exclusion.
struct FlowBox {
    title: &'static str,
    count: String,
    detail: String,
    out: Option<(String, Vec<String>)>,
}

/// The flow of studies.
pub fn flow(analysis: &Analysis) -> Drawing {
    let boxes = flow_boxes(analysis);
    let mut drawing = Drawing::new("Flow of studies");
    let (height, gap) = (41.0, 23.0);
    let last = boxes.len().saturating_sub(1);
    let mut words = Vec::new();
    for (place, item) in boxes.iter().enumerate() {
        let y = 2.0 + (height + gap) * place as f64;
        let (fill, stroke) = if place == last { (TINT, 1.0) } else { ("#fff", 0.7) };
        drawing.shapes.push(Shape::Rect([0.5, y, 212.0, height], fill, INK, stroke));
        drawing.text(9.0, y + 12.5, Anchor::Start, Face::Bold, item.title);
        drawing.text(9.0, y + 23.5, Anchor::Start, Face::Plain, &item.count);
        drawing.text(9.0, y + 34.0, Anchor::Start, Face::Quiet, &item.detail);
        words.push(format!("{}: {}", item.title, item.count));
        if place < last {
            let end = y + height + gap - 0.5;
            drawing.line([106.0, y + height, 106.0, end], INK, 0.7);
            let head = vec![[103.6, end - 4.4], [106.0, end], [108.4, end - 4.4]];
            drawing.shapes.push(Shape::Path(head, false, "none", INK, 0.7));
        }
        if let Some((title, lines)) = &item.out {
            let middle = y + height + gap / 2.0;
            drawing.line([106.0, middle, 259.5, middle], INK, 0.7);
            let head = vec![[255.6, middle - 2.4], [260.0, middle], [255.6, middle + 2.4]];
            drawing.shapes.push(Shape::Path(head, false, "none", INK, 0.7));
            let box_height = 10.0 * (lines.len() + 1) as f64 + 7.0;
            let top = middle - box_height / 2.0;
            drawing.shapes.push(Shape::Rect([262.0, top, 230.5, box_height], "#fff", GREY, 0.6));
            drawing.text(270.0, top + 11.0, Anchor::Start, Face::Bold, title);
            for (line, text) in lines.iter().enumerate() {
                drawing.text(
                    270.0,
                    top + 21.0 + 10.0 * line as f64,
                    Anchor::Start,
                    Face::Small,
                    text,
                );
            }
            words.push(format!("{title} ({})", lines.join("; ")));
        }
    }
    drawing.height = 4.0 + height * boxes.len() as f64 + gap * last as f64;
    drawing.description = format!("{}.", words.join(". "));
    drawing
}

fn flow_boxes(analysis: &Analysis) -> Vec<FlowBox> {
    let e = &analysis.exclusions;
    let f = e.total;
    let n = numbers::count;
    let readers = analysis.design.readers.len();
    let decks = analysis.design.decks.len();
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let negatives: u64 = analysis.design.decks.iter().map(|d| d.controls).sum();
    let mut boxes = vec![
        FlowBox {
            title: "Dataset",
            count: format!(
                "{} studies, {} patients",
                n(e.dataset_studies),
                n(analysis.dataset.summary.patients)
            ),
            detail: plural(analysis.dataset.summary.labels.len(), "label"),
            out: Some((
                format!("Outside the frame: {} studies", n(e.without_images)),
                vec![format!("image not found {}", n(e.without_images))],
            )),
        },
        FlowBox {
            title: "Sampling frame",
            count: format!("{} studies", n(e.frame_studies)),
            detail: format!(
                "set aside for exploration after the draw: {}",
                n(e.exploration_studies)
            ),
            out: Some((
                format!("Not drawn: {} studies", n(e.not_drawn)),
                vec![format!("not chosen by the draw {}", n(e.not_drawn))],
            )),
        },
        FlowBox {
            title: "Drawn",
            count: format!("{} studies, {} items on worklists", n(e.drawn_studies), n(f.items)),
            detail: format!(
                "{}, {} places{}; {} patients; seed {}",
                plural(decks, "deck"),
                n(e.deck_places),
                match negatives {
                    0 => String::new(),
                    negatives => format!(" ({} controls)", n(negatives)),
                },
                n(e.drawn_patients),
                analysis.design.sampling.seed.as_deref().unwrap_or(numbers::NONE)
            ),
            out: Some((
                format!("Not read: {} items", n(f.not_read())),
                vec![format!(
                    "not reached {}; skipped {}; not settled {}",
                    n(f.unread),
                    n(f.skipped),
                    n(f.unsettled)
                )],
            )),
        },
        FlowBox {
            title: "Read",
            count: format!("{} items, {}", n(f.read), plural(readers, "reader")),
            detail: "first settled answer".to_owned(),
            out: Some((
                format!("Read but not analysed: {} items", n(f.not_analysed())),
                vec![
                    format!(
                        "unsure {}; inadequate pixels {}; other phase {}",
                        n(f.unsure),
                        n(f.inadequate),
                        n(f.other_phase)
                    ),
                    format!(
                        "other protocol version {}; after unblinding {}; held back {}",
                        n(f.other_protocol),
                        n(f.after_unblinding),
                        n(f.held_back)
                    ),
                ],
            )),
        },
        FlowBox {
            title: "Analysed",
            count: format!("{} items", n(f.analysed)),
            detail: "phase read, with a level".to_owned(),
            out: None,
        },
    ];
    if analysis.design.sampling.elsewhere {
        taken_as_read(analysis, &mut boxes);
    }
    with_a_reference(analysis, &mut boxes);
    boxes
}

/// Where several read, what they do not decide together is left out of every figure that rests on the reference.
fn with_a_reference(analysis: &Analysis, boxes: &mut Vec<FlowBox>) {
    let n = numbers::count;
    let rules = analysis.design.rules.iter().map(|rule| rule.name.as_str());
    let counts: Vec<(&str, (u64, u64))> =
        rules.map(|rule| (rule, crate::tables::questions(analysis, rule))).collect();
    let Some(&(_, (read, undecided))) = counts.first().filter(|(_, (read, _))| 0 < *read) else {
        return;
    };
    let all = counts.iter().map(|(rule, (_, undecided))| format!("{rule} {}", n(*undecided)));
    if let Some(analysed) = boxes.last_mut() {
        analysed.out = Some((
            format!("No majority: {}", n(undecided)),
            vec![format!("questions on studies, by rule: {}", all.collect::<Vec<_>>().join("; "))],
        ));
    }
    let decided: Vec<String> = counts
        .iter()
        .map(|(rule, (read, undecided))| format!("{} {rule}", n(read.saturating_sub(*undecided))))
        .collect();
    boxes.push(FlowBox {
        title: "With a reference",
        count: format!("of {} questions on studies", n(read)),
        detail: decided.join(", "),
        out: None,
    });
}

/// Where nothing was drawn there is no frame, and what is known of the reads begins with their table.
fn taken_as_read(analysis: &Analysis, boxes: &mut Vec<FlowBox>) {
    let e = &analysis.exclusions;
    let n = numbers::count;
    boxes.retain(|of| of.title != "Sampling frame");
    for of in boxes {
        match of.title {
            "Dataset" => {
                of.out = Some((
                    format!("Not read elsewhere: {} studies", n(e.not_drawn)),
                    vec!["how they were left out is not recorded".to_owned()],
                ));
            }
            "Drawn" => {
                of.title = "Read elsewhere";
                of.count = format!("{} studies, {} items", n(e.drawn_studies), n(e.total.items));
                of.detail = format!("{} patients", n(e.drawn_patients));
            }
            "Read" => "first answer of each reader".clone_into(&mut of.detail),
            "Analysed" => "with a level".clone_into(&mut of.detail),
            _ => {}
        }
    }
}

/// Composition of classes by stratum, for the rows given (one rule).
pub fn strata_bars(rows: &[&StratumRow]) -> Drawing {
    let mut drawing = Drawing::new("Composition of classes by stratum");
    let (left, right) = (150.0, 350.0);
    let most = rows.iter().map(|row| row.share.n).max().unwrap_or(1).max(1);
    let x_of = |n: f64| left + (right - left) * n / most as f64;
    drawing.shapes.push(Shape::Rect([left, 1.0, 9.0, 8.0], BLUE, BLUE, 0.6));
    drawing.text(left + 13.0, 7.8, Anchor::Start, Face::Plain, "label confirmed");
    drawing.shapes.push(Shape::Rect([left + 88.0, 1.0, 9.0, 8.0], "#fff", INK, 0.6));
    drawing.text(left + 101.0, 7.8, Anchor::Start, Face::Plain, "not confirmed");
    drawing.text(408.0, 7.8, Anchor::End, Face::Bold, "x/n");
    drawing.text(WIDTH, 7.8, Anchor::End, Face::Bold, "PPV, % (CI)");
    let mut y = 18.0;
    let mut words = Vec::new();
    for row in rows {
        let label = format!("“{}”", row.name);
        let inside = crate::sections::small(&row.stratum);
        let sides = [(inside, &row.inside), ("without".to_owned(), &row.outside)];
        drawing.label(0.0, y + 6.0, Anchor::Start, Face::Bold, 72.0, &label);
        for (name, side) in sides {
            drawing.label(left - 5.0, y + 6.0, Anchor::End, Face::Plain, 70.0, &name);
            let full = x_of(side.n as f64) - left;
            drawing.shapes.push(Shape::Rect(
                [left, y, x_of(side.x as f64) - left, 12.0],
                BLUE,
                BLUE,
                0.0,
            ));
            drawing.shapes.push(Shape::Rect([left, y, full, 12.0], "none", INK, 0.6));
            drawing.text(
                left + full + 4.0,
                y + 8.7,
                Anchor::Start,
                Face::Quiet,
                numbers::count(side.n),
            );
            let text = numbers::figure(side, numbers::percent_decimals([row.share.n]));
            drawing.text(408.0, y + 8.7, Anchor::End, Face::Plain, &text.count);
            let ppv = if text.interval.is_empty() {
                text.value
            } else {
                format!("{} ({})", text.value, text.interval)
            };
            drawing.text(WIDTH, y + 8.7, Anchor::End, Face::Plain, &ppv);
            words.push(format!("{} {name}: {} confirmed", row.name, text.count));
            y += 16.0;
        }
        y += 5.0;
    }
    let axis = y - 3.0;
    drawing.line([left, axis, right, axis], INK, 0.7);
    for tick in ticks(most) {
        let x = x_of(tick as f64);
        drawing.line([x, axis, x, axis + 2.5], INK, 0.7);
        drawing.text(x, axis + 11.0, Anchor::Middle, Face::Plain, tick.to_string());
    }
    drawing.text(
        f64::midpoint(left, right),
        axis + 23.0,
        Anchor::Middle,
        Face::Plain,
        "Label-positive studies read",
    );
    drawing.height = axis + 27.0;
    drawing.description = format!("{}.", words.join("; "));
    drawing
}

/// Whole numbers from 0, about five steps.
fn ticks(most: u64) -> Vec<u64> {
    let step = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 5000, 10_000]
        .into_iter()
        .find(|step| most <= step * 6)
        .unwrap_or(most.max(1));
    (0..=most / step).map(|i| i * step).collect()
}

/// A running PPV with its confidence sequence at each release.
pub fn running(run: &Running, last: Option<&Figure>) -> Drawing {
    let mut drawing = Drawing::new(format!("Running positive predictive value, {}", run.name));
    let (left, right, top, bottom) = (34.0, 470.0, 16.0, 132.0);
    let x_of = |reads: u64| left + (right - left) * reads as f64 / run.planned.max(1) as f64;
    let y_of = |share: f64| bottom - (bottom - top) * share;
    for tick in [0_u32, 25, 50, 75, 100] {
        let y = y_of(f64::from(tick) / 100.0);
        drawing.line([left, y, right, y], HAIR, 0.5);
        drawing.text(left - 5.0, y + 2.7, Anchor::End, Face::Plain, tick.to_string());
    }
    drawing.line([left, bottom, right, bottom], INK, 0.7);
    for tick in ticks(run.planned) {
        drawing.line([x_of(tick), bottom, x_of(tick), bottom + 2.5], INK, 0.7);
        drawing.text(x_of(tick), bottom + 11.0, Anchor::Middle, Face::Plain, tick.to_string());
    }
    drawing.text(0.0, 7.0, Anchor::Start, Face::Plain, "PPV, %");
    let axis = "Settled reads of the deck";
    drawing.text(f64::midpoint(left, right), bottom + 23.0, Anchor::Middle, Face::Plain, axis);
    let mut words = Vec::new();
    for point in &run.points {
        let (Some(value), Some(ci)) = (point.ppv.value, point.ppv.interval) else { continue };
        let (x, low, high) = (x_of(point.reads), y_of(ci.low), y_of(ci.high));
        drawing.line([x, low, x, high], GREY, 0.9);
        drawing.line([x - 2.2, low, x + 2.2, low], GREY, 0.9);
        drawing.line([x - 2.2, high, x + 2.2, high], GREY, 0.9);
        drawing.shapes.push(Shape::Circle([x, y_of(value), 2.2], "#fff", GREY, 0.9));
        words.push(format!("after {} reads {}", point.reads, numbers::sentence(&point.ppv)));
    }
    if let Some(figure) = last.filter(|f| f.kind == IntervalKind::Final)
        && let (Some(value), Some(ci)) = (figure.value, figure.interval)
    {
        let x = x_of(run.planned) + 3.0;
        drawing.line([x, y_of(ci.low), x, y_of(ci.high)], BLUE, 2.0);
        drawing.shapes.push(Shape::Circle([x, y_of(value), 2.6], BLUE, BLUE, 0.0));
        words.push(format!("final interval {}", numbers::sentence(figure)));
    }
    drawing.height = bottom + 27.0;
    drawing.description = format!("{}.", words.join("; "));
    drawing
}

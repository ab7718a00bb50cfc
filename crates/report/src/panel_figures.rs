//! Figures of several raters: the matrix of agreement, every split, the ROC plot.

use overread_analysis::{
    Analysis, Count, LeaveOneOut, ModelFigures, PairAgreement, SplitAgreement,
};

use crate::draw::{Anchor, BLUE, Drawing, Face, GREY, HAIR, INK, Shape, VERMILION, WIDTH, measure};
use crate::numbers;

/// White to blue in equal steps, for κ from 0 to 1.
const FILLS: [&str; 21] = [
    "#ffffff", "#f3f6f9", "#e7edf3", "#dae5ed", "#cedce8", "#c2d3e2", "#b6cadc", "#aac1d6",
    "#9db9d0", "#91b0ca", "#85a7c4", "#799ebf", "#6d95b9", "#608db3", "#5484ad", "#487ba7",
    "#3c72a1", "#30699c", "#236196", "#175890", "#0b4f8a",
];
/// From this step on text on it is white: its relative luminance is below 0.179.
const DARK: usize = 16;

/// The step of a κ; negative ones are white.
fn fill(kappa: f64) -> usize {
    let last = FILLS.len() - 1;
    (1..=last).take_while(|step| (*step as f64 - 0.5) / last as f64 <= kappa).count()
}

/// Pairs of one finding under one rule, as the matrix needs them.
pub struct Matrix<'a> {
    readers: Vec<&'a str>,
    pairs: Vec<&'a PairAgreement>,
}

impl<'a> Matrix<'a> {
    /// Three to twelve readers make a matrix; fewer are a line, more are a table.
    pub fn of(pairs: Vec<&'a PairAgreement>) -> Option<Self> {
        let mut readers: Vec<&str> = Vec::new();
        for name in pairs.iter().flat_map(|pair| [&pair.first, &pair.second]) {
            if !readers.contains(&name.as_str()) {
                readers.push(name);
            }
        }
        (3..=12).contains(&readers.len()).then_some(Self { readers, pairs })
    }

    fn pair(&self, first: &str, second: &str) -> Option<&PairAgreement> {
        let same = |p: &&&PairAgreement| {
            (p.first == first && p.second == second) || (p.first == second && p.second == first)
        };
        self.pairs.iter().find(same).copied()
    }

    /// Positive reads of a reader, from the pair with the most studies.
    fn positives(&self, reader: &str) -> Option<Count> {
        let of = |p: &&'a PairAgreement| {
            let alone = if p.first == reader { p.first_only } else { p.second_only };
            let takes_part = p.first == reader || p.second == reader;
            takes_part.then_some(Count { x: p.both_positive + alone, n: p.agreed.n })
        };
        self.pairs.iter().filter_map(of).max_by_key(|count| count.n)
    }

    /// Below the diagonal κ and its interval, on it the positive reads, above it the share agreed.
    pub fn draw(&self) -> Drawing {
        let first = self.pairs.first();
        let (name, rule) = first.map_or(("", ""), |p| (p.name.as_str(), p.rule.name.as_str()));
        let mut drawing =
            Drawing::new(format!("Agreement of each pair of readers, {name}, {rule}"));
        let count = self.readers.len() as f64;
        let small = 6 < self.readers.len();
        let (width, height) = if small { (400.0 / count, 28.0) } else { (66.0, 37.0) };
        let (left, top) = (64.0, 18.0);
        let mut words = Vec::new();
        for (row, reader) in self.readers.iter().enumerate() {
            let y = top + height * row as f64;
            let x = left + width * row as f64;
            drawing.label(left - 6.0, y + height / 2.0, Anchor::End, Face::Plain, 58.0, reader);
            drawing.text(x + width / 2.0, top - 5.0, Anchor::Middle, Face::Plain, *reader);
            for (column, other) in self.readers.iter().enumerate() {
                let x = left + width * column as f64;
                let cell = [x, y, width, height];
                self.cell(&mut drawing, cell, (row, reader), (column, other), small);
                if column < row
                    && let Some(pair) = self.pair(reader, other)
                {
                    let kappa =
                        pair.kappa.map_or(numbers::NOT_ESTIMABLE.to_owned(), numbers::coefficient);
                    words.push(format!(
                        "{reader} and {other}: κ {kappa}, agreed {}",
                        numbers::ratio(pair.agreed)
                    ));
                }
            }
        }
        let bottom = top + height * count;
        legend(&mut drawing, left, bottom + 10.0);
        drawing.height = bottom + 36.0;
        drawing.description = format!("{}.", words.join("; "));
        drawing
    }

    fn cell(
        &self,
        drawing: &mut Drawing,
        [x, y, width, height]: [f64; 4],
        (row, reader): (usize, &str),
        (column, other): (usize, &str),
        small: bool,
    ) {
        let middle = x + width / 2.0;
        let first = y + height * 0.43;
        let second = y + height * 0.73;
        let pair = self.pair(reader, other);
        let kappa = pair.and_then(|pair| pair.kappa).filter(|_| column < row);
        let step = kappa.map_or(0, fill);
        let background = FILLS.get(step).copied().unwrap_or("#fff");
        drawing.shapes.push(Shape::Rect([x, y, width, height], background, HAIR, 0.5));
        if row == column {
            if let Some(count) = self.positives(reader) {
                drawing.text(middle, first, Anchor::Middle, Face::Plain, numbers::ratio(count));
                if !small {
                    drawing.text(middle, second, Anchor::Middle, Face::Quiet, "positive");
                }
            }
            return;
        }
        let Some(pair) = pair else { return };
        if column < row {
            let (bold, quiet) = if DARK <= step {
                (Face::Inverse, Face::InverseSmall)
            } else {
                (Face::Bold, Face::Small)
            };
            let value = kappa.map_or(numbers::NOT_ESTIMABLE.to_owned(), numbers::coefficient);
            drawing.text(middle, first, Anchor::Middle, bold, value);
            if let (Some(interval), false) = (pair.interval, small) {
                let text = numbers::coefficient_interval(interval);
                drawing.text(middle, second, Anchor::Middle, quiet, text);
            }
        } else {
            let text = format!("{}%", numbers::percent_bare(pair.agreed));
            drawing.text(middle, first, Anchor::Middle, Face::Plain, text);
            if !small {
                let text = numbers::ratio(pair.agreed);
                drawing.text(middle, second, Anchor::Middle, Face::Quiet, text);
            }
        }
    }
}

/// The fixed scale of κ.
fn legend(drawing: &mut Drawing, left: f64, y: f64) {
    let width = 100.0 / (FILLS.len() - 1) as f64;
    for (step, colour) in FILLS.iter().copied().skip(1).enumerate() {
        drawing.shapes.push(Shape::Rect(
            [left + width * step as f64, y, width, 11.0],
            colour,
            colour,
            0.0,
        ));
    }
    drawing.shapes.push(Shape::Rect([left, y, 100.0, 11.0], "none", HAIR, 0.5));
    for (share, text) in [(0.0, "≤ 0"), (0.5, "0.5"), (1.0, "1")] {
        drawing.text(left + 100.0 * share, y + 20.0, Anchor::Middle, Face::Small, text);
    }
    drawing.text(left + 110.0, y + 8.5, Anchor::Start, Face::Plain, "κ, fixed scale");
}

/// A κ axis that ends at whole fifths around the values.
struct KappaAxis {
    low: f64,
    high: f64,
    left: f64,
    right: f64,
}

impl KappaAxis {
    fn around(values: &[f64], (left, right): (f64, f64)) -> Self {
        let least = values.iter().copied().fold(1.0, f64::min);
        let most = values.iter().copied().fold(-1.0, f64::max);
        let low = ((least * 5.0 + 1e-9).floor() / 5.0).min(0.8);
        let high = ((most * 5.0 - 1e-9).ceil() / 5.0).max(low + 0.2);
        Self { low, high, left, right }
    }

    fn x(&self, kappa: f64) -> f64 {
        self.left + (self.right - self.left) * (kappa - self.low) / (self.high - self.low)
    }

    fn draw(&self, drawing: &mut Drawing, top: f64, y: f64) {
        let ticks = (0_u32..=10).map(|step| self.low + 0.2 * f64::from(step));
        for kappa in ticks.take_while(|kappa| *kappa <= self.high + 1e-9) {
            let x = self.x(kappa);
            drawing.line([x, top, x, y], HAIR, 0.5);
            drawing.line([x, y, x, y + 2.5], INK, 0.7);
            drawing.text(x, y + 11.0, Anchor::Middle, Face::Plain, numbers::decimal(kappa, 1));
        }
        drawing.line([self.left, y, self.right, y], INK, 0.7);
        let middle = f64::midpoint(self.left, self.right);
        drawing.text(middle, y + 23.0, Anchor::Middle, Face::Plain, "κ against a gold panel");
    }
}

/// A row a rater, a circle a panel; the declared panel is filled. `None` where no κ has a value.
pub fn splits(rows: &[&SplitAgreement], rest: &[LeaveOneOut]) -> Option<Drawing> {
    const ROW: f64 = 21.0;
    let values: Vec<f64> =
        rows.iter().flat_map(|s| s.panels.iter().filter_map(|p| p.kappa)).collect();
    let first = rows.first().filter(|_| !values.is_empty())?;
    let mut drawing = Drawing::new(format!(
        "κ against every gold panel of {} readers, {}, {}",
        first.gold_size, first.name, first.rule.name
    ));
    let axis = KappaAxis::around(&values, (112.0, 340.0));
    let top = 14.0;
    let bottom = top + 4.0 + ROW * rows.len() as f64;
    drawing.text(0.0, 8.0, Anchor::Start, Face::Bold, "Rater");
    for (x, head) in [(372.0, "median"), (432.0, "range"), (WIDTH, "the rest")] {
        drawing.text(x, 8.0, Anchor::End, Face::Bold, head);
    }
    drawing.line([0.0, top, WIDTH, top], INK, 0.5);
    axis.draw(&mut drawing, top, bottom);
    let mut words = Vec::new();
    for (place, split) in rows.iter().enumerate() {
        let y = top + 4.0 + ROW * (place as f64 + 0.5);
        drawing.label(0.0, y, Anchor::Start, Face::Plain, 106.0, &split.rater);
        if let Some(range) = split.range {
            drawing.line([axis.x(range.low), y, axis.x(range.high), y], GREY, 0.9);
        }
        for kappa in split.panels.iter().filter_map(|panel| panel.kappa) {
            drawing.shapes.push(Shape::Circle([axis.x(kappa), y, 2.2], "#fff", BLUE, 0.8));
        }
        if let Some(median) = split.median {
            let x = axis.x(median);
            drawing.line([x, y - 5.0, x, y + 5.0], INK, 1.2);
        }
        if let Some(kappa) = split.declared.as_ref().and_then(|declared| declared.kappa) {
            diamond(&mut drawing, axis.x(kappa), y, VERMILION, VERMILION, 3.4);
        }
        let text = |value: Option<f64>| {
            value.map_or_else(|| numbers::NONE.to_owned(), numbers::coefficient)
        };
        let range =
            split.range.map_or_else(|| numbers::NONE.to_owned(), numbers::coefficient_interval);
        let others = rest.iter().find(|r| {
            (&r.finding, &r.rule.name, &r.rater) == (&split.finding, &split.rule.name, &split.rater)
        });
        let others = text(others.and_then(|r| r.kappa));
        for (x, cell) in [(372.0, &text(split.median)), (432.0, &range), (WIDTH, &others)] {
            drawing.text(x, y + 2.7, Anchor::End, Face::Plain, cell);
        }
        words.push(format!("{}: median {}, range {range}", split.rater, text(split.median)));
    }
    drawing.height = bottom + 27.0;
    drawing.description = format!("{}.", words.join("; "));
    Some(drawing)
}

fn diamond(
    drawing: &mut Drawing,
    x: f64,
    y: f64,
    fill: &'static str,
    stroke: &'static str,
    r: f64,
) {
    let points = vec![[x, y - r], [x + r, y], [x, y + r], [x - r, y]];
    drawing.shapes.push(Shape::Path(points, true, fill, stroke, 0.9));
}

/// The curve of one model, readers and the label as numbered points with their intervals, values beside it.
pub fn roc(analysis: &Analysis, model: &ModelFigures) -> Drawing {
    let (left, top, side) = (34.0, 16.0, 200.0);
    let (right, bottom) = (left + side, top + side);
    let place = |false_positive: f64, true_positive: f64| {
        [left + side * false_positive, bottom - side * true_positive]
    };
    let mut drawing = Drawing::new(format!(
        "Receiver operating characteristic of {}, {}, {}",
        model.model, model.name, model.rule.name
    ));
    drawing.text(0.0, 7.0, Anchor::Start, Face::Plain, "Sensitivity, %");
    for tick in [0_u32, 25, 50, 75, 100] {
        let [x, y] = place(f64::from(tick) / 100.0, f64::from(tick) / 100.0);
        drawing.line([left, y, right, y], HAIR, 0.5);
        drawing.line([x, top, x, bottom], HAIR, 0.5);
        drawing.text(left - 5.0, y + 2.7, Anchor::End, Face::Plain, tick.to_string());
        drawing.text(x, bottom + 11.0, Anchor::Middle, Face::Plain, tick.to_string());
    }
    let title = "1 − specificity, %";
    drawing.text(left + side / 2.0, bottom + 23.0, Anchor::Middle, Face::Plain, title);
    drawing.shapes.push(Shape::Rect([left, top, side, side], "none", INK, 0.7));
    for dash in (0_u32..70).step_by(2) {
        let [x, y] = place(f64::from(dash) / 70.0, f64::from(dash) / 70.0);
        let [to_x, to_y] = place(f64::from(dash + 1) / 70.0, f64::from(dash + 1) / 70.0);
        drawing.line([x, y, to_x, to_y], GREY, 0.6);
    }
    let curve = model.curve.iter().map(|p| place(p.false_positive, p.true_positive)).collect();
    drawing.shapes.push(Shape::Path(curve, false, "none", INK, 1.2));
    let words = points(&mut drawing, analysis, model, &place);
    drawing.height = bottom + 27.0;
    drawing.description = format!("{}.", words.join("; "));
    drawing
}

/// One line of the values beside the curve.
struct Point<'a> {
    name: &'a str,
    sensitivity: Count,
    specificity: Count,
}

fn points(
    drawing: &mut Drawing,
    analysis: &Analysis,
    model: &ModelFigures,
    place: &dyn Fn(f64, f64) -> [f64; 2],
) -> Vec<String> {
    let heads = [(394.0, "Sensitivity"), (WIDTH, "Specificity")];
    let left = 258.0;
    drawing.text(left, 22.0, Anchor::Start, Face::Bold, "Point");
    for (x, head) in heads {
        drawing.text(x, 22.0, Anchor::End, Face::Bold, head);
    }
    drawing.line([left, 26.0, WIDTH, 26.0], INK, 0.5);
    let share = |count: Count| (0 < count.n).then(|| count.x as f64 / count.n as f64);
    let mut words = Vec::new();
    let mut y = 38.0;
    let mut line = |drawing: &mut Drawing, point: &Point<'_>| {
        drawing.label(left + 12.0, y - 2.7, Anchor::Start, Face::Plain, 70.0, point.name);
        for ((x, _), count) in heads.iter().zip([point.sensitivity, point.specificity]) {
            let text = if count.n == 0 {
                numbers::NONE.to_owned()
            } else {
                format!("{} ({}%)", numbers::ratio(count), numbers::percent_bare(count))
            };
            drawing.text(*x, y, Anchor::End, Face::Plain, text);
        }
        words.push(format!(
            "{}: sensitivity {}, specificity {}",
            point.name,
            numbers::ratio(point.sensitivity),
            numbers::ratio(point.specificity)
        ));
        y += 14.0;
        y - 16.7
    };
    let own = Point {
        name: &format!("{} > {}", model.model, model.threshold),
        sensitivity: model.sensitivity,
        specificity: model.specificity,
    };
    let at = line(drawing, &own);
    diamond(drawing, left + 5.0, at, "#fff", INK, 3.4);
    let marks = analysis.statistics.scores.points.iter();
    let marks = marks.filter(|m| m.finding == model.finding && m.rule == model.rule.name);
    for (number, mark) in (1_u32..).zip(marks) {
        let label = mark.rater == "dataset";
        let name = if label { "dataset label" } else { mark.rater.as_str() };
        let point = Point { name, sensitivity: mark.sensitivity, specificity: mark.specificity };
        let at = line(drawing, &point);
        let colour = if label { VERMILION } else { BLUE };
        symbol(drawing, label, colour, [left + 5.0, at]);
        drawing.text(left - 2.0, at + 2.7, Anchor::End, Face::Small, number.to_string());
        let (Some(sensitivity), Some(specificity)) =
            (share(mark.sensitivity), share(mark.specificity))
        else {
            continue;
        };
        let [x, y] = place(1.0 - specificity, sensitivity);
        if let Some(ci) = mark.sensitivity_interval {
            let ([_, low], [_, high]) = (place(0.0, ci.low), place(0.0, ci.high));
            drawing.line([x, low, x, high], colour, 0.9);
        }
        if let Some(ci) = mark.specificity_interval {
            let ([low, _], [high, _]) = (place(1.0 - ci.low, 0.0), place(1.0 - ci.high, 0.0));
            drawing.line([low, y, high, y], colour, 0.9);
        }
        symbol(drawing, label, colour, [x, y]);
        drawing.text(x + 4.0, y - 4.0, Anchor::Start, Face::Small, number.to_string());
    }
    if let (Some(sensitivity), Some(specificity)) =
        (share(model.sensitivity), share(model.specificity))
    {
        let [x, y] = place(1.0 - specificity, sensitivity);
        diamond(drawing, x, y, "#fff", INK, 4.0);
    }
    if let Some(area) = model.auroc {
        let head = format!("Area under the curve {}", numbers::decimal(area, 3));
        let width = measure(&head, Face::Bold);
        drawing.text(left, 208.0, Anchor::Start, Face::Bold, &head);
        if let Some(ci) = model.interval {
            let level = numbers::decimal(100.0 * analysis.options.level, 0);
            let ends = numbers::range(&numbers::decimal(ci.low, 3), &numbers::decimal(ci.high, 3));
            let text = format!("{level}% CI {ends} (DeLong)");
            drawing.text(left + width + 8.0, 208.0, Anchor::Start, Face::Plain, text);
        }
        words.push(head);
    }
    words
}

/// A filled circle for a reader, a hollow square for the label.
fn symbol(drawing: &mut Drawing, hollow: bool, colour: &'static str, [x, y]: [f64; 2]) {
    drawing.shapes.push(if hollow {
        Shape::Rect([x - 2.4, y - 2.4, 4.8, 4.8], "#fff", colour, 1.0)
    } else {
        Shape::Circle([x, y, 2.6], colour, colour, 0.0)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_of_the_matrix_is_fixed_and_white_below_zero() {
        assert_eq!([fill(-0.5), fill(0.0), fill(0.5), fill(1.0)], [0, 0, 10, 20]);
    }

    #[test]
    fn an_axis_holds_all_its_values_between_whole_fifths() {
        for values in [&[0.41, 0.79][..], &[-0.3, 0.1], &[1.0], &[0.6]] {
            let axis = KappaAxis::around(values, (0.0, 100.0));
            assert!(values.iter().all(|v| (0.0..=100.0).contains(&axis.x(*v))), "{values:?}");
            assert!(((axis.low * 5.0).round() - axis.low * 5.0).abs() < 1e-9);
            assert!(axis.low < axis.high && axis.high <= 1.0 + 1e-9, "{values:?}");
        }
    }
}

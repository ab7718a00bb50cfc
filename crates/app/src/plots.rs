//! One mark for an estimate: dot and interval, with its numbers beside it.

use crate::{layout::at, pen::Pen, shapes, theme};
use egui::{Color32, Rect, Shape, Stroke, pos2, vec2};
use overread_session::view::{
    AlarmRow, AlarmView, Cell, CountView, DotKind, EstimateView, ForestRow, ForestView, Mark,
    ReleaseView, RunningView,
};

/// A fraction of a horizontal scale as a place.
fn place(scale: [f32; 2], fraction: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "a place on screen")]
    let fraction = fraction.clamp(0.0, 1.0) as f32;
    scale[0] + (scale[1] - scale[0]) * fraction
}

/// Dot and interval on a scale.
pub(crate) fn interval_ui(
    pen: &Pen<'_>,
    scale: [f32; 2],
    y: f32,
    estimate: &EstimateView,
    (kind, ends): (DotKind, bool),
    back: Color32,
) {
    let [low, value, high] = estimate.place.map(|fraction| place(scale, fraction));
    let color = if kind == DotKind::Published { theme::T3 } else { theme::T1 };
    pen.fill(Rect::from_x_y_ranges(low..=high, y - 1.0..=y + 1.0), 0.0, color);
    if ends {
        for x in [low, high] {
            pen.segment([pos2(x, y - 4.0), pos2(x, y + 4.0)], 1.5, color);
        }
    }
    let painter = pen.ui.painter();
    let centre = pos2(value, y);
    match kind {
        DotKind::Filled => {
            painter.circle_filled(centre, 4.5, color);
        }
        DotKind::Hollow => {
            painter.circle(centre, 4.0, back, Stroke::new(2.0, color));
        }
        DotKind::Published => {
            let square = Rect::from_center_size(centre, vec2(9.0, 9.0));
            pen.fill(square, 0.0, back);
            pen.frame(square, 0.0, Stroke::new(1.5, color));
        }
        DotKind::Model => shapes::filled_diamond(pen, centre, 5.5, color),
    }
}

/// Columns of a forest plot.
#[derive(Clone, Copy)]
pub(crate) struct Columns {
    pub scale: [f32; 2],
    /// Right ends of count, value and interval; `None` leaves the count out.
    pub count: Option<f32>,
    pub value: f32,
    pub interval: f32,
}

impl Columns {
    /// Columns for a width, numbers at the right, the scale between them and the names.
    pub(crate) fn of(x: f32, right: f32) -> Self {
        let width = right - x;
        if width >= 340.0 {
            let count = right - 136.0;
            let name = if width >= 420.0 { 96.0 } else { 76.0 };
            Self {
                scale: [x + name, count - 60.0],
                count: Some(count),
                value: right - 88.0,
                interval: right,
            }
        } else {
            Self {
                scale: [x + 74.0, right - 128.0],
                count: None,
                value: right - 84.0,
                interval: right,
            }
        }
    }
}

/// Title, heads, rows with axis, and the notes that name the intervals; returns the bottom.
pub(crate) fn forest_ui(pen: &mut Pen<'_>, x: f32, right: f32, top: f32, view: &ForestView) -> f32 {
    let y = heading_ui(pen, x, right, top, &view.title, &view.note);
    forest_body_ui(pen, (x, right), y, view, theme::S0)
}

/// A forest plot without its title; returns the bottom.
pub(crate) fn forest_body_ui(
    pen: &mut Pen<'_>,
    (x, right): (f32, f32),
    top: f32,
    view: &ForestView,
    back: Color32,
) -> f32 {
    let columns = Columns::of(x, right);
    let heads_y = top + 8.0;
    if let Some(count) = columns.count {
        pen.right(count, heads_y, &view.heads[0], theme::TINY, theme::T3);
    }
    pen.right(columns.value, heads_y, &view.heads[1], theme::TINY, theme::T3);
    pen.right(columns.interval, heads_y, &view.heads[2], theme::TINY, theme::T3);
    let rows_top = top + 20.0;
    let bottom = rows_top + 32.0 * view.rows.len() as f32;
    for quarter in 0..=4_u8 {
        let gx = place(columns.scale, f64::from(quarter) / 4.0);
        pen.vline(gx, [rows_top, bottom + 4.0], theme::LINE);
    }
    for (i, row) in view.rows.iter().enumerate() {
        let rect = at(x, rows_top + 32.0 * i as f32, right - x, 32.0);
        forest_row_ui(pen, rect, (&view.title, i), row, columns, back);
    }
    let axis_y = bottom + 5.0;
    pen.hline(columns.scale, axis_y, theme::EDGE);
    for (fraction, label) in [(0.0, "0"), (0.5, "50"), (1.0, "100\u{a0}%")] {
        let ax = place(columns.scale, fraction);
        pen.vline(ax, [axis_y, axis_y + 4.0], theme::EDGE);
        pen.centre(pos2(ax, axis_y + 13.0), label, theme::TINY, theme::T3);
    }
    let mut y = axis_y + 32.0;
    for note in &view.notes {
        y = pen.wrapped(pos2(x, y), right - x, note, (theme::TINY, 16.0), theme::T3);
    }
    y
}

/// One row of a forest plot.
pub(crate) fn forest_row_ui(
    pen: &mut Pen<'_>,
    rect: Rect,
    key: (&str, usize),
    row: &ForestRow,
    columns: Columns,
    back: Color32,
) {
    let y = rect.center().y;
    let quiet = row.kind == DotKind::Published;
    let spoken = match &row.value {
        Cell::Estimate(e) => format!("{}: {}, {}, {}", row.name, e.count, e.value, e.interval),
        Cell::Refused(reason) => format!("{}: {reason}", row.name),
    };
    let response = pen.say(rect, ("forest", key), &spoken);
    let mut back = back;
    if response.hovered() && !row.tooltip.is_empty() {
        pen.fill(rect, 0.0, theme::S3);
        back = theme::S3;
    }
    let (name, ty) = if quiet { (theme::T3, theme::SMALL_M) } else { (theme::T1, theme::SMALL_M) };
    let room = columns.scale[0] - 8.0 - rect.min.x;
    pen.left_within(rect.min.x, y, room, &row.name, ty, name);
    match &row.value {
        Cell::Estimate(estimate) => {
            if columns.scale[1] - columns.scale[0] >= 40.0 {
                interval_ui(pen, columns.scale, y, estimate, (row.kind, true), back);
            }
            let (body, strong) =
                if quiet { (theme::T3, theme::T3) } else { (theme::T2, theme::T1) };
            if let Some(count) = columns.count {
                pen.right(count, y, &estimate.count, theme::SMALL, body);
            }
            pen.right(columns.value, y, &estimate.value, theme::SMALL_S, strong);
            pen.right(columns.interval, y, &estimate.interval, theme::SMALL, body);
        }
        Cell::Refused(reason) => {
            let room = rect.max.x - columns.scale[0];
            let width = pen.width(reason, theme::SMALL).min(room);
            let from = rect.max.x - width;
            pen.fill(at(from - 8.0, y - 12.0, width + 8.0, 24.0), 0.0, back);
            pen.left_within(from, y, room, reason, theme::SMALL, theme::T3);
        }
    }
    Pen::tooltip(&response, &row.name, &row.tooltip);
}

/// Title at the left, aside at the right; returns where the contents begin.
pub(crate) fn heading_ui(
    pen: &mut Pen<'_>,
    x: f32,
    right: f32,
    top: f32,
    title: &str,
    note: &str,
) -> f32 {
    let y = top + 12.0;
    let row = at(x, top, right - x, 24.0);
    let response = pen.ui.interact(row, crate::pen::id(("heading", title)), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Heading, true, title));
    let end = pen.left_within(x, y, right - x, title, theme::BODY_S, theme::T1);
    if end + 16.0 + pen.width(note, theme::SMALL) <= right {
        pen.right(right, y, note, theme::SMALL, theme::T3);
    }
    top + 32.0
}

/// The proportion at each release, with its band; returns the bottom.
pub(crate) fn running_ui(
    pen: &mut Pen<'_>,
    (x, right): (f32, f32),
    top: f32,
    height: f32,
    view: &RunningView,
) -> f32 {
    let top = heading_ui(pen, x, right, top, &view.title, &view.note) + 6.0;
    let plot = Rect::from_min_max(pos2(x + 36.0, top), pos2(right - 8.0, top + height));
    let spoken = view.points.last().map_or_else(
        || view.title.clone(),
        |last| {
            let e = &last.estimate;
            format!(
                "{}: {} after {} reads, {}. {}",
                view.title, e.value, last.reads, e.interval, view.held_back
            )
        },
    );
    pen.say(plot, ("running", &view.title), &spoken);
    for (share, label) in [(0.0, "0"), (0.25, ""), (0.5, "50"), (0.75, ""), (1.0, "100")] {
        let y = place([plot.max.y, plot.min.y], share);
        pen.hline([plot.min.x, plot.max.x], y, theme::LINE);
        pen.right(plot.min.x - 8.0, y, label, theme::TINY, theme::T3);
    }
    let planned = f64::from(view.planned.max(1));
    let px = |reads: u32| place([plot.min.x, plot.max.x], f64::from(reads) / planned);
    let py = |fraction: f64| place([plot.max.y, plot.min.y], fraction);
    pen.fill(
        Rect::from_x_y_ranges(plot.max.x - 1.5..=plot.max.x, plot.y_range()),
        0.0,
        theme::EDGE,
    );
    for pair in view.points.windows(2) {
        let [a, b] = [&pair[0], &pair[1]];
        let quad = vec![
            pos2(px(a.reads), py(a.estimate.place[2])),
            pos2(px(b.reads), py(b.estimate.place[2])),
            pos2(px(b.reads), py(b.estimate.place[0])),
            pos2(px(a.reads), py(a.estimate.place[0])),
        ];
        pen.add(Shape::mesh(quad_mesh(&quad, theme::band())));
    }
    let line: Vec<_> =
        view.points.iter().map(|p| pos2(px(p.reads), py(p.estimate.place[1]))).collect();
    if let Some(last) = view.points.last() {
        let lx = px(last.reads);
        let held = Rect::from_x_y_ranges(lx..=px(view.reads.max(last.reads)), plot.y_range());
        pen.fill(held, 0.0, theme::S3);
        let [low, value, high] = last.estimate.place.map(py);
        pen.dashed([pos2(lx, low), pos2(lx, plot.max.y)], 1.0, theme::T3);
        pen.segment([pos2(lx, high), pos2(lx, low)], 2.0, theme::ABSENT);
        let label_x = held.max.x.max(lx) + 8.0;
        // Labels keep at least 14 apart, the value in its own place.
        let on_left = label_x + 64.0 > plot.max.x;
        let put = |y: f32, text: &str, ty, color| {
            if on_left {
                pen.right(lx - 8.0, y, text, ty, color);
            } else {
                pen.left(label_x, y, text, ty, color);
            }
        };
        // All three stay below the title.
        let value = value.max(plot.min.y + 20.0);
        put(value, &last.estimate.value, theme::SMALL_S, theme::T1);
        put(high.min(value - 14.0), &last.high, theme::TINY, theme::T2);
        put(low.max(value + 14.0).min(plot.max.y - 24.0), &last.low, theme::TINY, theme::T2);
        if !on_left && !view.held_back.is_empty() {
            let room = plot.max.x - label_x - 4.0;
            pen.left_within(
                label_x,
                plot.max.y - 12.0,
                room,
                &view.held_back,
                theme::TINY,
                theme::T3,
            );
        }
        let text = last.reads.to_string();
        if lx - plot.min.x > 20.0 && plot.max.x - lx > 90.0 {
            pen.centre(pos2(lx, plot.max.y + 14.0), &text, theme::TINY, theme::T3);
        }
    }
    pen.add(Shape::line(line.clone(), Stroke::new(2.0, theme::T1)));
    for (i, point) in line.iter().enumerate() {
        let r = if i + 1 == line.len() { 4.5 } else { 3.0 };
        pen.ui.painter().circle_filled(*point, r, theme::T1);
    }
    pen.centre(pos2(plot.min.x, plot.max.y + 14.0), "0", theme::TINY, theme::T3);
    pen.right(plot.max.x, plot.max.y + 14.0, &view.planned_label, theme::TINY, theme::T3);
    plot.max.y + 24.0
}

/// A quad without anti-aliased edges, so that neighbours show no seam.
fn quad_mesh(points: &[egui::Pos2], color: Color32) -> egui::Mesh {
    let mut mesh = egui::Mesh::default();
    for point in points {
        mesh.colored_vertex(*point, color);
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(0, 2, 3);
    mesh
}

/// Height of a full alarm row.
pub(crate) fn alarm_height(pen: &Pen<'_>, width: f32, alarm: &AlarmView) -> f32 {
    let text = pen.span_galley(width - 32.0, &alarm.text, (theme::SMALL, 16.0), theme::T2);
    alarm_head(alarm) + text.size().y + 12.0
}

fn alarm_head(alarm: &AlarmView) -> f32 {
    if alarm.rows.iter().all(|row| row.name.is_empty()) {
        64.0
    } else {
        40.0 + 24.0 * alarm.rows.len() as f32 + 4.0
    }
}

/// Bar, diamond, name first, a dot-and-interval scale, one sentence; returns the bottom.
pub(crate) fn alarm_ui(pen: &mut Pen<'_>, x: f32, right: f32, top: f32, alarm: &AlarmView) -> f32 {
    let rect = at(x, top, right - x, alarm_height(pen, right - x, alarm));
    alarm_back(pen, rect, alarm);
    let (inner, end) = (x + 16.0, right - 16.0);
    let y = top + 20.0;
    shapes::mark(pen, pos2(inner + 8.0, y), 16.0, Mark::Alarm);
    let figure = pen.right(end, y, &alarm.figure, theme::SMALL, theme::T2);
    pen.left_within(inner + 24.0, y, figure - inner - 32.0, &alarm.title, theme::BODY_S, theme::T1);
    for (i, row) in alarm.rows.iter().enumerate() {
        alarm_row_ui(pen, inner, end, (top, top + 48.0 + 24.0 * i as f32), row, alarm);
    }
    let text = (theme::SMALL, 16.0);
    pen.spans(
        pos2(inner, top + alarm_head(alarm)),
        rect.width() - 32.0,
        &alarm.text,
        text,
        theme::T2,
    );
    rect.max.y
}

fn alarm_row_ui(
    pen: &Pen<'_>,
    x: f32,
    end: f32,
    (top, y): (f32, f32),
    row: &AlarmRow,
    alarm: &AlarmView,
) {
    if row.name.is_empty() {
        let (scale, y) = ([x + 4.0, end - 4.0], top + 48.0);
        pen.hline(scale, y, theme::TRACK);
        for fraction in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let tick = if fraction == 0.0 || fraction == 1.0 { 6.0 } else { 3.0 };
            pen.vline(place(scale, fraction), [y - tick, y + tick], theme::TRACK);
        }
        interval_ui(pen, scale, y, &row.estimate, (row.kind, false), theme::S2);
        if let Some(half) = &alarm.half {
            let hx = place(scale, 0.5);
            pen.fill(at(hx - 1.0, y - 10.0, 2.0, 20.0), 0.0, theme::ALARM);
            pen.right(hx - 8.0, y - 7.0, half, theme::TINY, theme::T2);
        }
        return;
    }
    let wide = end - x >= 320.0;
    let (value, count) = (end, end - 60.0);
    let scale_end = if wide { count - 64.0 } else { count - 52.0 };
    let scale = [x + if wide { 120.0 } else { 88.0 }, scale_end];
    for fraction in [0.0, 0.5, 1.0] {
        pen.vline(place(scale, fraction), [y - 12.0, y + 12.0], theme::LINE);
    }
    pen.left_within(x, y, scale[0] - x - 8.0, &row.name, theme::SMALL, theme::T2);
    interval_ui(pen, scale, y, &row.estimate, (row.kind, false), theme::S2);
    pen.right(count, y, &row.estimate.count, theme::SMALL, theme::T2);
    pen.right(value, y, &row.estimate.value, theme::SMALL_S, theme::T1);
}

/// An alarm in one line of 32.
pub(crate) fn alarm_line_ui(pen: &mut Pen<'_>, rect: Rect, alarm: &AlarmView) {
    alarm_back(pen, rect, alarm);
    let y = rect.center().y;
    shapes::mark(pen, pos2(rect.min.x + 24.0, y), 14.0, Mark::Alarm);
    let x = rect.min.x + 40.0;
    let end = pen.left_within(x, y, rect.max.x - x - 8.0, &alarm.kind, theme::SMALL_S, theme::T1);
    let room = rect.max.x - 12.0 - end - 8.0;
    pen.left_within(end + 8.0, y, room, &alarm.short, theme::SMALL, theme::T2);
}

fn alarm_back(pen: &mut Pen<'_>, rect: Rect, alarm: &AlarmView) {
    let text: String = alarm.text.iter().map(|span| span.text.as_str()).collect();
    let spoken = format!("Alarm. {}. {}. {text}", alarm.title, alarm.figure);
    pen.say(rect, ("alarm", &alarm.title), &spoken);
    pen.fill(rect, theme::R_CONTROL, theme::S2);
    pen.left_bar(rect, theme::R_CONTROL, theme::ALARM);
}

/// Boxes filled by reads since the last update; returns their right end.
pub(crate) fn boxes_ui(pen: &Pen<'_>, x: f32, y: f32, release: &ReleaseView) -> f32 {
    let step = (120.0 / release.of.max(1) as f32).clamp(3.0, 12.0);
    let width = (step - 3.0).max(2.0);
    for i in 0..release.of {
        let rect = at(x + step * i as f32, y - 5.5, width, 11.0);
        if i < release.filled {
            pen.fill(rect, 1.0, theme::T2);
        } else {
            pen.frame(rect, 1.0, theme::border());
        }
    }
    x + step * release.of as f32
}

/// Own answers: shape and number, and the word where there is room.
pub(crate) fn counts_ui(
    pen: &mut Pen<'_>,
    x: f32,
    right: f32,
    y: f32,
    counts: &[CountView],
    words: bool,
) {
    let n = counts.len().max(1) as f32;
    let spoken: Vec<_> = counts.iter().map(|c| format!("{} {}", c.count, c.name)).collect();
    pen.say(at(x, y - 12.0, right - x, 24.0), "counts", &spoken.join(", "));
    if words {
        let mut x = x;
        for count in counts {
            shapes::mark(pen, pos2(x + 8.0, y), 16.0, count.mark);
            let end = pen.left(x + 22.0, y, &count.count, theme::SMALL_S, theme::T1);
            x = pen.left(end + 6.0, y, &count.name, theme::SMALL, theme::T2) + 20.0;
        }
        return;
    }
    for (i, count) in counts.iter().enumerate() {
        let last = i + 1 == counts.len() && i > 0;
        let number = pen.width(&count.count, theme::SMALL_M);
        let x = if last {
            right - number - 22.0
        } else {
            x + (right - x - 24.0) / (n - 1.0).max(1.0) * i as f32
        };
        shapes::mark(pen, pos2(x + 8.0, y), 16.0, count.mark);
        pen.left(x + 22.0, y, &count.count, theme::SMALL_M, theme::T1);
    }
}

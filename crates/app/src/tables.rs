//! Tables, the matrix of pairs, and ROC space.

use crate::{layout::at, pen::Pen, plots, shapes, theme};
use egui::{Rect, Role, Shape, Stroke, pos2, vec2};
use overread_session::view::{MatrixView, RocView, TableCell, TableRow, TableView, UiAction};

/// Left edges and widths of the columns.
struct Columns {
    from: Vec<f32>,
    to: Vec<f32>,
}

/// A table in its card; returns the bottom.
pub(crate) fn table_ui(pen: &mut Pen<'_>, x: f32, right: f32, top: f32, view: &TableView) -> f32 {
    let row_height = |row: &TableRow| if row.cells.iter().any(two_lines) { 44.0 } else { 32.0 };
    let rows: f32 = view.rows.iter().map(row_height).sum();
    let head = if view.title.is_empty() && view.copy.is_empty() { 8.0 } else { 48.0 };
    let card = at(x, top, right - x, head + 32.0 + rows.max(32.0) + 8.0);
    pen.panel(card, theme::R_CARD, theme::S1, theme::hair());
    title_ui(pen, card, view);
    let columns = columns(pen, view, x + 16.0, right - 16.0);
    let mut y = top + head;
    for (i, name) in view.heads.iter().enumerate() {
        let (Some(from), Some(to)) = (columns.from.get(i), columns.to.get(i)) else { continue };
        if view.text_columns.contains(&i) || i == 0 {
            pen.left_within(*from, y + 16.0, to - from, name, theme::TINY, theme::T3);
        } else {
            pen.right(*to, y + 16.0, name, theme::TINY, theme::T3);
        }
    }
    y += 32.0;
    if view.rows.is_empty() {
        pen.hline([x + 16.0, right - 16.0], y, theme::LINE);
        pen.left_within(x + 16.0, y + 16.0, right - x - 32.0, &view.empty, theme::SMALL, theme::T3);
        pen.say(at(x, y, right - x, 32.0), ("table empty", &view.id), &view.empty);
    }
    for (i, row) in view.rows.iter().enumerate() {
        let height = row_height(row);
        let rect = at(x + 1.0, y, right - x - 2.0, height);
        // Only rows in sight are painted; the others keep their room.
        if pen.ui.is_rect_visible(rect) {
            row_ui(pen, rect, i, row, view, &columns);
        }
        y += height;
    }
    card.max.y
}

fn two_lines(cell: &TableCell) -> bool {
    match cell {
        TableCell::Text { second, .. } => second.is_some(),
        TableCell::Interval(lines) => lines.len() > 1,
        TableCell::Mark(..) => false,
    }
}

fn title_ui(pen: &mut Pen<'_>, card: Rect, view: &TableView) {
    if view.title.is_empty() && view.copy.is_empty() {
        return;
    }
    let y = card.min.y + 26.0;
    let mut end = card.max.x - 16.0;
    for format in view.copy.iter().rev() {
        let width = pen.width(format, theme::SMALL_M);
        let rect = at(end - width - 8.0, y - 16.0, width + 16.0, 32.0);
        let name = format!("Copy {} as {format}", view.title);
        let response = pen.hit(rect, ("copy", &view.id, format), Role::Button, &name);
        let color = if response.hovered() { theme::T1 } else { theme::T2 };
        pen.left(end - width, y, format, theme::SMALL_M, color);
        pen.ring(&response, rect.shrink(4.0), theme::R_CONTROL);
        if response.clicked() {
            pen.out.push(UiAction::CopyTable { id: view.id.clone(), format: format.clone() });
        }
        end -= width + 16.0;
    }
    if !view.copy.is_empty() {
        end = pen.right(end, y, "Copy", theme::SMALL, theme::T3) - 16.0;
    }
    let from = pen.left(card.min.x + 16.0, y, &view.title, theme::BODY_S, theme::T1);
    pen.left_within(from + 12.0, y, end - from - 12.0, &view.note, theme::SMALL, theme::T3);
}

/// Columns as wide as their contents want, stretched or squeezed to the card.
fn columns(pen: &Pen<'_>, view: &TableView, x: f32, right: f32) -> Columns {
    let n = view.heads.len().max(1);
    let mut wants = vec![40.0_f32; n];
    for (i, head) in view.heads.iter().enumerate() {
        wants[i] = wants[i].max(pen.width(head, theme::TINY));
    }
    // The first rows decide: a long table must not be measured whole every frame.
    for row in view.rows.iter().take(64) {
        for (cell, want) in row.cells.iter().zip(&mut wants) {
            *want = want.max(match cell {
                TableCell::Text { text, second, .. } => {
                    let second = second.as_ref().map_or(0.0, |text| pen.width(text, theme::SMALL));
                    pen.width(text, theme::SMALL_S).max(second)
                }
                TableCell::Mark(_, text) => pen.width(text, theme::SMALL) + 22.0,
                TableCell::Interval(_) => 120.0,
            });
        }
    }
    let gap = 24.0;
    let total: f32 = wants.iter().sum::<f32>() + gap * (n - 1) as f32;
    let room = right - x;
    let extra = (room - total) / n as f32;
    let (mut from, mut to, mut cursor) = (Vec::new(), Vec::new(), x);
    for want in wants {
        let width = (want + extra).max(24.0);
        from.push(cursor);
        to.push(cursor + width);
        cursor += width + gap;
    }
    Columns { from, to }
}

fn row_ui(
    pen: &mut Pen<'_>,
    rect: Rect,
    i: usize,
    row: &TableRow,
    view: &TableView,
    columns: &Columns,
) {
    let spoken = spoken(row, view);
    let state = (Role::Row, true, row.selected);
    let response = pen.hit_on(rect, ("row", &view.id, i), state, &spoken);
    pen.hline([rect.min.x + 15.0, rect.max.x - 15.0], rect.min.y, theme::LINE);
    if row.selected || response.hovered() {
        pen.fill(rect, 0.0, theme::S3);
    }
    if row.selected {
        pen.fill(rect.with_max_x(rect.min.x + 4.0), 0.0, theme::T1);
    }
    let back = if row.selected || response.hovered() { theme::S3 } else { theme::S1 };
    let y = rect.center().y;
    for (c, cell) in row.cells.iter().enumerate() {
        let (Some(&from), Some(&to)) = (columns.from.get(c), columns.to.get(c)) else { continue };
        let left = c == 0 || view.text_columns.contains(&c);
        let put = |pen: &Pen<'_>, y: f32, text: &str, ty, color| {
            if left {
                pen.left_within(from, y, to - from, text, ty, color);
            } else {
                pen.right(to, y, text, ty, color);
            }
        };
        match cell {
            TableCell::Text { text, second, strong } => {
                let (ty, color) = if *strong {
                    (theme::SMALL_S, theme::T1)
                } else if c == 0 {
                    (theme::SMALL_M, theme::T1)
                } else {
                    (theme::SMALL, theme::T2)
                };
                let first_y = if second.is_some() { y - 8.0 } else { y };
                put(pen, first_y, text, ty, color);
                if let Some(second) = second {
                    put(pen, y + 9.0, second, theme::SMALL, theme::T3);
                }
            }
            TableCell::Mark(mark, text) => {
                shapes::mark(pen, pos2(from + 7.0, y), 14.0, *mark);
                pen.left_within(from + 22.0, y, to - from - 22.0, text, theme::SMALL, theme::T1);
            }
            TableCell::Interval(lines) => {
                let shift = if lines.len() > 1 { -8.0 } else { 0.0 };
                for (l, (kind, estimate)) in lines.iter().enumerate() {
                    let y = y + shift + 16.0 * l as f32;
                    plots::interval_ui(pen, [from, to], y, estimate, (*kind, false), back);
                }
            }
        }
    }
    if let Some(reason) = &row.refused {
        let from = columns.from.get(row.cells.len()).copied().unwrap_or(rect.min.x + 15.0);
        let end = rect.max.x - 15.0;
        let text = pen.galley(reason, theme::SMALL, theme::T3, end - from);
        pen.put(pos2(end - text.size().x, y - text.size().y / 2.0), text, theme::T3);
    }
    pen.ring(&response, rect.shrink(3.0), 0.0);
    if response.clicked() {
        pen.out.push(UiAction::SelectRow { id: view.id.clone(), row: i });
    }
}

fn spoken(row: &TableRow, view: &TableView) -> String {
    let mut parts = Vec::new();
    for (cell, head) in row.cells.iter().zip(&view.heads) {
        match cell {
            TableCell::Text { text, second, .. } => {
                let second = second.as_ref().map(|s| format!(" ({s})")).unwrap_or_default();
                parts.push(if parts.is_empty() {
                    text.clone()
                } else {
                    format!("{head} {text}{second}")
                });
            }
            TableCell::Mark(_, text) => parts.push(text.clone()),
            TableCell::Interval(_) => {}
        }
    }
    parts.extend(row.refused.clone());
    parts.join(", ")
}

/// Kappa for every pair; returns the bottom.
pub(crate) fn matrix_ui(pen: &mut Pen<'_>, x: f32, right: f32, top: f32, view: &MatrixView) -> f32 {
    let n = view.names.len();
    let (cell, gap) = (vec2(52.0, 34.0), 2.0);
    let height = 48.0 + 24.0 + (cell.y + gap) * n as f32 + 48.0;
    let card = at(x, top, right - x, height);
    pen.panel(card, theme::R_CARD, theme::S1, theme::hair());
    plots::heading_ui(pen, x + 16.0, right - 16.0, top + 14.0, &view.title, &view.note);
    let origin = pos2(x + 104.0, top + 72.0);
    let place = |row: usize, column: usize| {
        let step = vec2((cell.x + gap) * column as f32, (cell.y + gap) * row as f32);
        Rect::from_min_size(origin + step, cell)
    };
    for (i, name) in view.names.iter().enumerate() {
        let here = place(i, i);
        pen.right(origin.x - 12.0, here.center().y, name, theme::SMALL, theme::T2);
        if i + 1 < n {
            pen.centre(pos2(here.center().x, origin.y - 12.0), name, theme::TINY, theme::T3);
        }
    }
    for (r, row) in view.cells.iter().enumerate() {
        for (c, value) in row.iter().enumerate().take(r) {
            let rect = place(r, c);
            let names = [view.names.get(r), view.names.get(c)];
            let [a, b] = names.map(|name| name.map_or("", String::as_str));
            let on = view.selected == Some([r, c]);
            let text = match value {
                Ok((_, number)) => number,
                Err(reason) => reason,
            };
            let state = (Role::Cell, true, on);
            let spoken = format!("{a} with {b}: {text}");
            let response = pen.hit_on(rect, ("cell", r, c), state, &spoken);
            match value {
                Ok((kappa, number)) => {
                    let (fill, color) = theme::heat(*kappa);
                    pen.fill(rect, 0.0, fill);
                    pen.centre(rect.center(), number, theme::SMALL_S, color);
                }
                Err(reason) => {
                    pen.fill(rect, 0.0, theme::S2);
                    pen.centre(rect.center(), "–", theme::SMALL, theme::T3);
                    response.clone().on_hover_text(reason);
                }
            }
            if on {
                pen.frame(rect, 0.0, Stroke::new(2.0, theme::T1));
            }
            pen.ring(&response, rect, 0.0);
            if response.clicked() {
                pen.out.push(UiAction::SelectCell([r, c]));
            }
        }
    }
    let y = card.max.y - 36.0;
    pen.spans(pos2(x + 16.0, y), right - x - 32.0, &view.line, (theme::SMALL, 16.0), theme::T2);
    card.max.y
}

/// ROC curve, readers with crosses, and the lines beside it; returns the bottom.
pub(crate) fn roc_ui(pen: &mut Pen<'_>, x: f32, right: f32, top: f32, view: &RocView) -> f32 {
    let side = (right - x - 380.0).clamp(220.0, 420.0);
    let card = at(x, top, right - x, 64.0 + side + 64.0);
    pen.panel(card, theme::R_CARD, theme::S1, theme::hair());
    plots::heading_ui(pen, x + 16.0, right - 16.0, top + 14.0, &view.title, &view.note);
    let plot = at(x + 72.0, top + 72.0, side, side);
    pen.say(plot, ("roc", &view.title), &format!("{}. {}", view.title, view.note));
    #[expect(clippy::cast_possible_truncation, reason = "a place on screen")]
    let place =
        |p: [f64; 2]| pos2(plot.min.x + side * p[0] as f32, plot.max.y - side * p[1] as f32);
    for quarter in 0..=4_u8 {
        let share = f64::from(quarter) / 4.0;
        let (a, b) = (place([share, 0.0]), place([0.0, share]));
        pen.vline(a.x, [plot.min.y, plot.max.y], theme::LINE);
        pen.hline([plot.min.x, plot.max.x], b.y, theme::LINE);
        if quarter % 2 == 0 {
            let label = format!("{}", u32::from(quarter) * 25);
            pen.centre(pos2(a.x, plot.max.y + 14.0), &label, theme::TINY, theme::T3);
            pen.right(plot.min.x - 8.0, b.y, &label, theme::TINY, theme::T3);
        }
    }
    pen.dashed([place([0.0, 0.0]), place([1.0, 1.0])], 1.0, theme::EDGE);
    let below = pos2(plot.center().x, plot.max.y + 36.0);
    pen.centre(below, &view.axes[0], theme::TINY, theme::T3);
    pen.left(x + 16.0, plot.min.y - 20.0, &view.axes[1], theme::TINY, theme::T3);
    let curve: Vec<_> = view.curve.iter().map(|p| place(*p)).collect();
    pen.add(Shape::line(curve, Stroke::new(2.0, theme::ABSENT)));
    for reader in &view.readers {
        let centre = place([reader.x[1], reader.y[1]]);
        pen.segment(
            [place([reader.x[0], reader.y[1]]), place([reader.x[2], reader.y[1]])],
            1.0,
            theme::T3,
        );
        pen.segment(
            [place([reader.x[1], reader.y[0]]), place([reader.x[1], reader.y[2]])],
            1.0,
            theme::T3,
        );
        pen.ui.painter().circle(centre, 4.5, theme::S1, Stroke::new(2.0, theme::T1));
        pen.left(centre.x + 8.0, centre.y - 10.0, &reader.name, theme::SMALL_S, theme::T1);
    }
    if let Some((point, label)) = &view.model {
        let centre = place(*point);
        shapes::filled_diamond(pen, centre, 6.0, theme::ABSENT);
        pen.left(centre.x + 12.0, centre.y + 14.0, label, theme::SMALL_S, theme::ABSENT);
    }
    let mut y = plot.min.y;
    let from = plot.max.x + 48.0;
    for line in &view.lines {
        y = pen.spans(
            pos2(from, y),
            (right - 16.0 - from).max(80.0),
            line,
            (theme::SMALL, 20.0),
            theme::T2,
        );
    }
    card.max.y
}

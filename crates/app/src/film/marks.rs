//! Measurements, magnifier and histogram over a film.

use super::{FilmLook, FilmSlot, notes::outlined, size_of, upload};
use crate::{pen::Pen, shapes, theme};
use egui::{Pos2, Rect, Role, Sense, Shape, Stroke, pos2, vec2};
use overread_session::view::{
    DrawnMark, FilmPicture, HistogramPart, HistogramView, MarkShape, Phase, UiAction,
};

pub(super) fn lens_ui(
    pen: &Pen<'_>,
    origin: Pos2,
    slot: &mut FilmSlot,
    picture: &FilmPicture,
    centre: [f32; 2],
) {
    let ppp = pen.ui.pixels_per_point();
    let texture = upload(pen.ui.ctx(), &mut slot.lens, picture);
    let size = size_of(picture) / ppp;
    let min = origin + vec2(centre[0], centre[1]) / ppp - size / 2.0;
    let rect = Rect::from_min_size(pos2(pen.snap(min.x), pen.snap(min.y)), size);
    shapes::picture(pen, texture, rect);
    pen.ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, theme::T2), egui::StrokeKind::Outside);
}

pub(super) fn marks_ui(pen: &Pen<'_>, (film, origin): (usize, Pos2), marks: &[DrawnMark]) {
    let ppp = pen.ui.pixels_per_point();
    let local = |p: [f32; 2]| origin + vec2(p[0], p[1]) / ppp;
    for (i, mark) in marks.iter().enumerate() {
        let points: Vec<Pos2> = mark.points.iter().copied().map(local).collect();
        let color = if mark.active { theme::T1 } else { theme::T2 };
        // Dark beneath light: seen on bone and on lung.
        for (width, color) in [(3.5, theme::FILM), (1.5, color)] {
            outline_ui(pen, mark, &points, Stroke::new(width, color));
        }
        if !mark.label.is_empty() {
            label_ui(pen, (film, i), local(mark.label_at), &mark.label);
        }
    }
}

fn outline_ui(pen: &Pen<'_>, mark: &DrawnMark, points: &[Pos2], stroke: Stroke) {
    match (mark.shape, points) {
        (MarkShape::Ellipse, [a, b]) => {
            let rect = Rect::from_two_pos(*a, *b);
            pen.add(Shape::ellipse_stroke(rect.center(), rect.size() / 2.0, stroke));
        }
        (MarkShape::Box, [a, b]) => pen.dashed_frame(Rect::from_two_pos(*a, *b), 0.0, stroke),
        (MarkShape::Pairs, _) => {
            for pair in points.chunks(2) {
                pen.add(Shape::line(pair.to_vec(), stroke));
            }
        }
        _ => pen.add(Shape::line(points.to_vec(), stroke)),
    }
    // An ellipse shows its corners only while they matter; a box of the dataset's cannot be moved.
    let corners = !matches!(mark.shape, MarkShape::Ellipse | MarkShape::Box);
    if corners || mark.active {
        for point in points {
            pen.ui.painter().circle_stroke(*point, 3.5, stroke);
        }
    }
}

fn label_ui(pen: &Pen<'_>, key: (usize, usize), at: Pos2, lines: &[String]) {
    let width = lines.iter().map(|line| pen.width(line, theme::SMALL_M)).fold(0.0, f32::max);
    let rect = Rect::from_min_size(at, vec2(width, 16.0 * lines.len() as f32));
    pen.say(rect, ("measurement", key), &lines.join(", "));
    for (i, line) in lines.iter().enumerate() {
        let ty = if i == 0 { theme::SMALL_M } else { theme::SMALL };
        outlined(pen, at + vec2(0.0, 16.0 * i as f32), false, line, ty, f32::INFINITY);
    }
}

/// The histogram in the lower left of the film, with the window to take hold of.
pub(super) fn histogram_ui(pen: &mut Pen<'_>, rect: Rect, look: FilmLook, view: &HistogramView) {
    let size = vec2((rect.width() * 0.45).clamp(200.0, 400.0), 128.0);
    let place = Rect::from_min_size(pos2(rect.min.x + 16.0, rect.max.y - 80.0 - size.y), size);
    let name = format!(
        "Histogram from {} to {}, window from {} to {}, {}, {}",
        view.ends[0], view.ends[1], view.edges[0], view.edges[1], view.clipped[0], view.clipped[1]
    );
    pen.panel(place, theme::R_CONTROL, theme::FILM, Stroke::new(1.0, theme::HINT));
    let plot = place.shrink2(vec2(12.0, 8.0)).with_max_y(place.max.y - 42.0);
    let response = pen.ui.interact(
        plot.expand(8.0),
        crate::pen::id(("histogram", look.index)),
        Sense::click_and_drag(),
    );
    response.widget_info(|| egui::WidgetInfo::labeled(Role::Image, true, &name));
    bars_ui(pen, plot, view);
    let place_of = |share: f32| plot.min.x + plot.width() * share.clamp(0.0, 1.0);
    let [from, to] = view.window.map(place_of);
    // Where the window goes beyond the axis, so does its slope.
    let [low, high] = view.window;
    let height = |share: f32| {
        let part = (share.clamp(0.0, 1.0) - low) / (high - low).max(1e-6);
        plot.max.y - plot.height() * part.clamp(0.0, 1.0)
    };
    pen.segment([pos2(from, height(low)), pos2(to, height(high))], 1.5, theme::T1);
    for x in [from, to] {
        pen.segment([pos2(x, plot.min.y - 4.0), pos2(x, plot.max.y)], 1.5, theme::T1);
        let grip = Rect::from_center_size(pos2(x, plot.min.y - 2.0), vec2(7.0, 7.0));
        pen.fill(grip, 1.0, theme::T1);
    }
    let y = plot.max.y + 11.0;
    pen.hline([plot.min.x, plot.max.x], plot.max.y, theme::EDGE);
    pen.left(plot.min.x, y, &view.ends[0], theme::TINY, theme::T3);
    pen.right(plot.max.x, y, &view.ends[1], theme::TINY, theme::T3);
    let window = format!("{}–{}", view.edges[0], view.edges[1]);
    pen.centre(pos2(plot.center().x, y), &window, theme::TINY, theme::T1);
    pen.left(plot.min.x, y + 18.0, &view.clipped[0], theme::TINY, theme::T2);
    pen.right(plot.max.x, y + 18.0, &view.clipped[1], theme::TINY, theme::T2);
    drag_ui(pen, &response, plot, look.index, view);
}

/// Bars outside the window are darker; a level that lost its detail is hatched in colour.
fn bars_ui(pen: &Pen<'_>, plot: Rect, view: &HistogramView) {
    let n = view.bars.len().max(1);
    for (i, bar) in view.bars.iter().enumerate() {
        let share = |i: usize| i as f32 / n as f32;
        let [x, to] = [share(i), share(i + 1)].map(|s| plot.min.x + plot.width() * s);
        let top = plot.max.y - plot.height() * bar.clamp(0.0, 1.0);
        let inside = view.window[0] <= share(i + 1) && share(i) <= view.window[1];
        let lost = (i == 0 && view.lost[0]) || (i + 1 == n && view.lost[1]);
        let color = match (lost, i == 0) {
            (true, true) => theme::ABSENT,
            (true, false) => theme::POSITIVE,
            _ if inside => theme::T3,
            _ => theme::HINT,
        };
        let (x, to) =
            if lost { (x.min(plot.max.x - 4.0), to.max(plot.min.x + 4.0)) } else { (x, to) };
        pen.ui.painter().rect_filled(Rect::from_x_y_ranges(x..=to, top..=plot.max.y), 0.0, color);
    }
}

fn drag_ui(
    pen: &mut Pen<'_>,
    response: &egui::Response,
    plot: Rect,
    film: usize,
    view: &HistogramView,
) {
    let memory = crate::pen::id(("histogram part", film));
    let share = |x: f32| (x - plot.min.x) / plot.width();
    let begun = response.drag_started();
    if begun {
        let press = pen.ui.input(|input| input.pointer.press_origin()).unwrap_or(plot.center());
        let far =
            view.window.map(|edge| (share(press.x) - edge.clamp(0.0, 1.0)).abs() * plot.width());
        let part = match far {
            [low, high] if low.min(high) > 10.0 => HistogramPart::Body,
            [low, high] if low < high => HistogramPart::Low,
            _ => HistogramPart::High,
        };
        pen.ui.ctx().data_mut(|data| data.insert_temp(memory, part));
    }
    let part = pen.ui.ctx().data(|data| data.get_temp::<HistogramPart>(memory));
    let (Some(part), true) = (part, response.dragged() || response.drag_stopped()) else {
        return;
    };
    let phase = match (response.drag_stopped(), begun) {
        (true, _) => Phase::End,
        (_, true) => Phase::Start,
        _ => Phase::Move,
    };
    let at = match part {
        HistogramPart::Body => response.drag_delta().x / plot.width(),
        HistogramPart::Low | HistogramPart::High => {
            share(response.interact_pointer_pos().unwrap_or(plot.center()).x)
        }
    };
    pen.out.push(UiAction::DragHistogram { film, part, phase, at });
}

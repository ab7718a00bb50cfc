//! The marks, painted as vectors in a 16-point box: no font can lack one.

use crate::{pen::Pen, theme};
use egui::{Color32, Mesh, Pos2, Rect, Shape, Stroke, pos2, vec2};
use overread_session::view::Mark;

/// The colour that goes with a mark.
pub(crate) fn color(mark: Mark) -> Color32 {
    match mark {
        Mark::Absent => theme::ABSENT,
        Mark::Plausible | Mark::Reportable => theme::POSITIVE,
        Mark::Unsure | Mark::Warning => theme::UNSURE,
        Mark::Inadequate => theme::INADEQUATE,
        Mark::Alarm => theme::ALARM,
        Mark::Check | Mark::Flag => theme::T2,
        Mark::Lock | Mark::Waiting => theme::T3,
        Mark::Dot => theme::T1,
    }
}

/// Paints a mark centred in its own colour.
pub(crate) fn mark(pen: &Pen<'_>, at: Pos2, size: f32, mark: Mark) {
    mark_in(pen, at, size, mark, color(mark));
}

/// Paints a mark centred in a given colour.
pub(crate) fn mark_in(pen: &Pen<'_>, at: Pos2, size: f32, mark: Mark, color: Color32) {
    let unit = size / 16.0;
    let p = |x: f32, y: f32| at + unit * vec2(x - 8.0, y - 8.0);
    let stroke = Stroke::new(2.0 * unit.max(0.75), color);
    let painter = pen.ui.painter();
    match mark {
        Mark::Absent => {
            painter.circle_stroke(at, 5.2 * unit, stroke);
        }
        Mark::Plausible => {
            let points = vec![p(8.0, 2.6), p(14.0, 13.2), p(2.0, 13.2)];
            pen.add(Shape::closed_line(points, stroke));
        }
        Mark::Reportable => {
            let points = vec![p(8.0, 1.4), p(15.2, 14.0), p(0.8, 14.0)];
            pen.add(Shape::convex_polygon(points, color, Stroke::NONE));
        }
        Mark::Unsure => {
            let ty = theme::Type { size: 16.5 * unit, weight: theme::Weight::SemiBold };
            pen.centre(at, "?", ty, color);
        }
        Mark::Inadequate => hatched(pen, at, unit, color),
        Mark::Check => {
            let points = vec![p(3.0, 8.6), p(6.6, 12.0), p(13.0, 4.6)];
            pen.add(Shape::line(points, stroke));
        }
        Mark::Warning => {
            diamond(pen, at, 6.0 * unit, CLEAR, Stroke::new(1.5 * unit, color));
            bang(pen, at, unit, color);
        }
        Mark::Alarm => {
            diamond(pen, at, 7.0 * unit, color, Stroke::NONE);
            bang(pen, at, unit, theme::FILM);
        }
        Mark::Lock => {
            let body = Rect::from_min_max(p(3.0, 7.0), p(13.0, 14.0));
            painter.rect_filled(body, 1.0, color);
            let mut shackle = vec![p(5.0, 7.5), p(5.0, 5.0)];
            for step in 0..=6_u8 {
                let angle = std::f32::consts::PI * (1.0 + f32::from(step) / 6.0);
                shackle.push(p(8.0 + 3.0 * angle.cos(), 5.0 + 3.0 * angle.sin()));
            }
            shackle.push(p(11.0, 7.5));
            pen.add(Shape::line(shackle, Stroke::new(1.75 * unit, color)));
        }
        Mark::Flag => {
            let thin = Stroke::new(1.75 * unit, color);
            pen.add(Shape::line(vec![p(4.0, 14.0), p(4.0, 3.0)], thin));
            let cloth = [p(4.0, 3.0), p(13.0, 3.0), p(10.8, 6.0), p(13.0, 9.0), p(4.0, 9.0)];
            pen.add(Shape::line(cloth.to_vec(), thin));
        }
        Mark::Dot => {
            painter.circle_filled(at, 4.5 * unit, color);
        }
        Mark::Waiting => dashed_ring(pen, at, 5.6 * unit, Stroke::new(1.75 * unit, color)),
    }
}

const CLEAR: Color32 = theme::CLEAR;

fn diamond(pen: &Pen<'_>, at: Pos2, r: f32, fill: Color32, stroke: Stroke) {
    let points = vec![at - vec2(0.0, r), at + vec2(r, 0.0), at + vec2(0.0, r), at - vec2(r, 0.0)];
    pen.add(Shape::convex_polygon(points, fill, stroke));
}

fn bang(pen: &Pen<'_>, at: Pos2, unit: f32, color: Color32) {
    let p = |y: f32| at + vec2(0.0, unit * (y - 8.0));
    pen.segment([p(4.9), p(8.7)], 1.75 * unit, color);
    pen.ui.painter().circle_filled(p(10.8), 1.05 * unit, color);
}

/// A filled diamond, hollow square or dot for an estimate.
pub(crate) fn filled_diamond(pen: &Pen<'_>, at: Pos2, r: f32, color: Color32) {
    diamond(pen, at, r, color, Stroke::NONE);
}

fn hatched(pen: &Pen<'_>, at: Pos2, unit: f32, color: Color32) {
    let rect = Rect::from_center_size(at, 12.5 * unit * vec2(1.0, 1.0));
    let width = 1.5 * unit.max(0.75);
    pen.ui.painter().rect_stroke(rect, 0.0, Stroke::new(width, color), egui::StrokeKind::Inside);
    let painter = pen.ui.painter().with_clip_rect(rect.intersect(pen.ui.clip_rect()));
    let side = rect.width();
    for share in [-0.36_f32, 0.0, 0.36] {
        let shift = share * side;
        let from = pos2(rect.min.x + shift.max(0.0), rect.max.y + shift.min(0.0));
        let to = pos2(rect.max.x + shift.min(0.0), rect.min.y + shift.max(0.0));
        painter.line_segment([from, to], Stroke::new(width, color));
    }
}

fn dashed_ring(pen: &Pen<'_>, at: Pos2, r: f32, stroke: Stroke) {
    for dash in 0..8_u8 {
        let from = std::f32::consts::TAU * (f32::from(dash) / 8.0);
        let points = (0..=4_u8).map(|step| {
            let angle = from + std::f32::consts::TAU * 0.07 * f32::from(step) / 4.0;
            at + r * vec2(angle.cos(), angle.sin())
        });
        pen.add(Shape::line(points.collect(), stroke));
    }
}

/// Three lines: the menu.
pub(crate) fn menu(pen: &Pen<'_>, at: Pos2, color: Color32) {
    for dy in [-4.0, 0.0, 4.0] {
        let rect = Rect::from_center_size(at + vec2(0.0, dy), vec2(12.0, 1.5));
        pen.fill(rect, 0.0, color);
    }
}

/// A magnifying glass: the palette's field.
pub(crate) fn glass(pen: &Pen<'_>, at: Pos2, color: Color32) {
    let stroke = Stroke::new(1.75, color);
    pen.ui.painter().circle_stroke(at - vec2(1.5, 1.5), 4.5, stroke);
    pen.segment([at + vec2(2.0, 2.0), at + vec2(6.0, 6.0)], 1.75, color);
}

/// A tick box, filled with a tick when on.
pub(crate) fn tick_box(pen: &Pen<'_>, at: Pos2, on: bool, color: Color32) {
    let rect = Rect::from_center_size(at, vec2(14.0, 14.0));
    if on {
        pen.fill(rect, 2.0, theme::T2);
        let p = |x: f32, y: f32| at + 0.75 * vec2(x - 8.0, y - 8.0);
        let points = vec![p(3.0, 8.6), p(6.6, 12.0), p(13.0, 4.6)];
        pen.add(Shape::line(points, Stroke::new(2.0, theme::S0)));
    } else {
        pen.frame(rect, 2.0, Stroke::new(1.0, color));
    }
}

/// A picture, one texel to one physical pixel: a bare mesh has no feathered edge.
pub(crate) fn picture(pen: &Pen<'_>, texture: egui::TextureId, rect: Rect) {
    let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    let mut mesh = Mesh::with_texture(texture);
    mesh.add_rect_with_uv(rect, uv, theme::UNTINTED);
    pen.add(Shape::mesh(mesh));
}

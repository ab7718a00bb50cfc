//! What is written over a film.

use super::{FilmLook, Words};
use crate::{layout::at, pen::Pen, shapes, theme};
use egui::{Pos2, Rect, Role, Stroke, pos2, vec2};
use overread_session::view::{BadgeView, Mark, OverlayView, UiAction};

/// Text over a film: legible on white by a black outline of one pixel.
pub(super) fn outlined(
    pen: &Pen<'_>,
    at: Pos2,
    anchor_right: bool,
    text: &str,
    ty: theme::Type,
    width: f32,
) {
    let galley = pen.galley(text, ty, theme::T1, width);
    let x = if anchor_right { at.x - galley.size().x } else { at.x };
    let min = pos2(pen.snap(x), pen.snap(at.y));
    let step = 1.0 / pen.ui.pixels_per_point();
    let painter = pen.ui.painter();
    for dx in [-step, 0.0, step] {
        for dy in [-step, 0.0, step] {
            if dx != 0.0 || dy != 0.0 {
                let at = min + vec2(dx, dy);
                painter.galley_with_override_text_color(at, galley.clone(), theme::FILM);
            }
        }
    }
    painter.galley(min, galley, theme::T1);
}

pub(super) fn overlay_ui(pen: &mut Pen<'_>, rect: Rect, overlay: &OverlayView, look: FilmLook) {
    let margin = if look.words == Words::Short { 8.0 } else { 16.0 };
    let line = 16.0;
    let width = rect.width() / 2.0 - margin;
    let style = |i: usize| if i == 0 { theme::SMALL_M } else { theme::SMALL };
    for (i, text) in overlay.top_left.iter().enumerate() {
        let y = rect.min.y + margin - 1.0 + line * i as f32;
        outlined(pen, pos2(rect.min.x + margin, y), false, text, style(i), width);
    }
    let low = |n: usize, i: usize| rect.max.y - margin + 1.0 - line * (n - i) as f32;
    for (i, text) in overlay.bottom_left.iter().enumerate() {
        let y = low(overlay.bottom_left.len(), i);
        outlined(pen, pos2(rect.min.x + margin, y), false, text, style(i), width);
    }
    for (i, text) in overlay.bottom_right.iter().enumerate() {
        let y = low(overlay.bottom_right.len(), i);
        outlined(pen, pos2(rect.max.x - margin, y), true, text, style(i), width);
    }
    if let Some(seen) = &overlay.seen {
        let at = pos2(rect.max.x - margin, rect.min.y + margin - 1.0);
        outlined(pen, at, true, seen, theme::SMALL, width);
        let x = at.x - pen.width(seen, theme::SMALL) - 14.0;
        let at = pos2(x, at.y + 9.0);
        shapes::mark_in(pen, at, 16.0, Mark::Check, theme::FILM);
        shapes::mark_in(pen, at, 13.0, Mark::Check, theme::T1);
    }
    if let Some([left, right, top, bottom]) = &overlay.sides {
        let (c, half) = (rect.center(), pen.width(top, theme::BODY_S) / 2.0);
        outlined(pen, pos2(rect.min.x + margin, c.y - 10.0), false, left, theme::BODY_S, width);
        outlined(pen, pos2(rect.max.x - margin, c.y - 10.0), true, right, theme::BODY_S, width);
        outlined(pen, pos2(c.x - half, rect.min.y + margin), false, top, theme::BODY_S, width);
        outlined(
            pen,
            pos2(c.x - half, rect.max.y - margin - 20.0),
            false,
            bottom,
            theme::BODY_S,
            width,
        );
    }
}

pub(super) fn badge_ui(pen: &mut Pen<'_>, rect: Rect, badge: &BadgeView, look: FilmLook) {
    let tiny = look.words == Words::Short && rect.width() < 700.0;
    let text = match (look.words != Words::Full, tiny && badge.mark == Mark::Check) {
        (_, true) => "",
        (true, false) => &badge.short,
        (false, false) => &badge.text,
    };
    let margin = if look.words == Words::Short { 8.0 } else { 16.0 };
    let wanted = if text.is_empty() { 24.0 } else { pen.width(text, theme::SMALL) + 38.0 };
    let width = wanted.ceil();
    let place = at(rect.max.x - margin - width, rect.min.y + margin - 4.0, width, 24.0);
    let name = format!("{}. {} draws where", badge.text, badge.key);
    let response = pen.hit(place.expand(4.0), ("badge", look.index), Role::Button, &name);
    let edge = match badge.mark {
        Mark::Warning | Mark::Alarm => shapes::color(badge.mark),
        _ => theme::HINT,
    };
    if text.is_empty() {
        shapes::mark(pen, place.center(), 14.0, badge.mark);
    } else {
        pen.panel(place, theme::R_CONTROL, theme::FILM, Stroke::new(1.0, edge));
        shapes::mark(pen, pos2(place.min.x + 16.0, place.center().y), 14.0, badge.mark);
        pen.left(place.min.x + 30.0, place.center().y, text, theme::SMALL, theme::T2);
    }
    pen.ring(&response, place, theme::R_CONTROL);
    if response.clicked() {
        pen.out.push(UiAction::ClickBadge(look.index));
    }
}

/// One line on black at the top of a film: a standing warning with its shape, or what the tool at
/// hand waits for. Returns where the next may begin.
pub(super) fn pill_ui(
    pen: &mut Pen<'_>,
    (rect, top): (Rect, f32),
    text: &str,
    mark: Option<Mark>,
    index: usize,
) -> f32 {
    let before = if mark.is_some() { 32.0 } else { 12.0 };
    let width = (pen.width(text, theme::SMALL_M) + before + 12.0).min(rect.width() - 16.0);
    let place = at(rect.center().x - width / 2.0, top, width, 24.0);
    pen.say(place, ("film note", mark.is_some(), index), text);
    let edge = mark.map_or(theme::EDGE, shapes::color);
    pen.panel(place, theme::R_CONTROL, theme::FILM, Stroke::new(1.0, edge));
    if let Some(mark) = mark {
        shapes::mark(pen, pos2(place.min.x + 16.0, place.center().y), 14.0, mark);
    }
    let x = place.min.x + before;
    pen.left_within(x, place.center().y, place.max.x - x - 8.0, text, theme::SMALL_M, theme::T1);
    place.max.y + 8.0
}

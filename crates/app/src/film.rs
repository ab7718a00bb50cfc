//! The viewports: finished pictures on black, overlay texts, and the mouse.

use crate::{layout::at, pen::Pen, shapes, theme};
use egui::{
    Event, MouseWheelUnit, PointerButton, Pos2, Rect, Response, Role, Sense, Shape, Stroke,
    TextureHandle, Vec2, pos2, vec2,
};
use overread_session::view::{
    BadgeView, DragTool, DrawnMark, FilmPicture, FilmState, FilmView, HistogramView, Mark,
    MouseMap, OverlayView, Painted, Phase, UiAction,
};
use std::time::Instant;

/// The texture of one viewport and what is known to be on screen.
#[derive(Default)]
pub(crate) struct FilmSlot {
    texture: Option<(u64, TextureHandle)>,
    lens: Option<(u64, TextureHandle)>,
    pub painted: Option<Painted>,
}

/// How much is written over a film.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// Everything in full.
    Full,
    /// The badge in short.
    ShortBadge,
    /// Small margins too, and an adequate film has only a tick.
    Short,
}

/// How a viewport is drawn.
#[derive(Clone, Copy)]
pub(crate) struct FilmLook {
    pub index: usize,
    pub count: usize,
    pub focused: bool,
    pub words: Words,
    /// A layer lies over the room: the film is black.
    pub covered: bool,
}

/// One viewport.
pub(crate) fn film_ui(
    pen: &mut Pen<'_>,
    rect: Rect,
    slot: &mut FilmSlot,
    view: &FilmView,
    (look, mouse): (FilmLook, MouseMap),
) {
    let rect = pen.snap_rect(rect);
    pen.fill(rect, 0.0, theme::FILM);
    let response =
        pen.ui.interact(rect, crate::pen::id(("film", look.index)), Sense::click_and_drag());
    let name = spoken(view);
    response.widget_info(|| egui::WidgetInfo::labeled(Role::Image, true, &name));
    if look.covered {
        slot.painted = None;
        return;
    }
    match &view.state {
        FilmState::Picture(picture) => {
            let place = centred(pen, rect, picture);
            let texture = upload(pen.ui.ctx(), &mut slot.texture, picture);
            let clipped = pen.ui.painter().clip_rect();
            pen.ui.set_clip_rect(rect.intersect(clipped));
            shapes::picture(pen, texture, place);
            marks_ui(pen, place.min, &view.marks);
            if let Some(lens) = &view.magnifier {
                lens_ui(pen, place.min, slot, &lens.picture, lens.centre);
            }
            pen.ui.set_clip_rect(clipped);
            if slot.painted.is_none_or(|painted| painted.generation != picture.generation) {
                slot.painted = Some(Painted { generation: picture.generation, at: Instant::now() });
                // One more frame, so that what waits for the film learns that it is there.
                pen.ui.ctx().request_repaint();
            }
            gestures(pen, &response, place.min, (look, mouse));
        }
        FilmState::Loading { text, elapsed } => {
            slot.painted = None;
            loading_ui(pen, rect, text.as_deref(), elapsed.as_deref());
        }
        FilmState::Failed { title, reason, note } => {
            slot.painted = None;
            failed_ui(pen, rect, title, reason, note.as_deref());
        }
        FilmState::Blank => slot.painted = None,
    }
    overlay_ui(pen, rect, &view.overlay, look);
    if let Some(badge) = &view.badge {
        badge_ui(pen, rect, badge, look);
    }
    if let Some(warning) = &view.warning {
        warning_ui(pen, rect, warning, look.index);
    }
    if let Some(histogram) = &view.histogram {
        histogram_ui(pen, rect, histogram);
    }
    if look.focused && look.count > 1 {
        pen.frame(rect, 0.0, Stroke::new(2.0, theme::T1));
    }
}

fn spoken(view: &FilmView) -> String {
    let mut name = view.name.clone();
    match &view.state {
        FilmState::Picture(_) | FilmState::Blank => {}
        FilmState::Loading { .. } => name.push_str(", loading"),
        FilmState::Failed { title, reason, .. } => {
            name.push_str(". ");
            name.push_str(title);
            name.push(' ');
            name.push_str(reason);
        }
    }
    name
}

/// Where a picture stands: one to one on physical pixels, in the middle when sizes differ.
fn centred(pen: &Pen<'_>, rect: Rect, picture: &FilmPicture) -> Rect {
    let ppp = pen.ui.pixels_per_point();
    let size = vec2(picture.size[0] as f32, picture.size[1] as f32) / ppp;
    let min = rect.center() - size / 2.0;
    Rect::from_min_size(pos2(pen.snap(min.x), pen.snap(min.y)), size)
}

/// The texture that holds this picture; only new pixels are uploaded.
fn upload(
    ctx: &egui::Context,
    slot: &mut Option<(u64, TextureHandle)>,
    picture: &FilmPicture,
) -> egui::TextureId {
    if let Some((generation, texture)) = slot
        && *generation == picture.generation
    {
        return texture.id();
    }
    let [w, h] = picture.size;
    let wanted = w * h * 4;
    let image = if picture.rgba.len() == wanted {
        egui::ColorImage::from_rgba_premultiplied(picture.size, &picture.rgba)
    } else {
        tracing::error!(
            ?picture,
            bytes = picture.rgba.len(),
            "a film picture has the wrong length"
        );
        egui::ColorImage::filled(picture.size, theme::FILM)
    };
    let options = egui::TextureOptions::NEAREST;
    if let Some((generation, texture)) = slot {
        texture.set(image, options);
        *generation = picture.generation;
        return texture.id();
    }
    let texture = ctx.load_texture("film", image, options);
    let id = texture.id();
    *slot = Some((picture.generation, texture));
    id
}

fn lens_ui(
    pen: &Pen<'_>,
    origin: Pos2,
    slot: &mut FilmSlot,
    picture: &FilmPicture,
    centre: [f32; 2],
) {
    let ppp = pen.ui.pixels_per_point();
    let texture = upload(pen.ui.ctx(), &mut slot.lens, picture);
    let size = vec2(picture.size[0] as f32, picture.size[1] as f32) / ppp;
    let min = origin + vec2(centre[0], centre[1]) / ppp - size / 2.0;
    let rect = Rect::from_min_size(pos2(pen.snap(min.x), pen.snap(min.y)), size);
    shapes::picture(pen, texture, rect);
    pen.ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, theme::T2), egui::StrokeKind::Outside);
}

fn gestures(
    pen: &mut Pen<'_>,
    response: &Response,
    origin: Pos2,
    (look, mouse): (FilmLook, MouseMap),
) {
    let film = look.index;
    let ppp = pen.ui.pixels_per_point();
    let local = |at: Pos2| <[f32; 2]>::from((at - origin) * ppp);
    for (button, tool) in [
        (PointerButton::Primary, mouse.left),
        (PointerButton::Middle, mouse.middle),
        (PointerButton::Secondary, mouse.right),
    ] {
        if !response.dragged_by(button) && !response.drag_stopped_by(button) {
            continue;
        }
        let phase = if response.drag_stopped_by(button) {
            Phase::End
        } else if response.drag_started_by(button) {
            Phase::Start
        } else {
            Phase::Move
        };
        let moved = if phase == Phase::End { Vec2::ZERO } else { response.drag_delta() * ppp };
        if phase == Phase::Move && moved == Vec2::ZERO {
            continue;
        }
        let delta = <[f32; 2]>::from(moved);
        let pointer = response.interact_pointer_pos().unwrap_or(response.rect.center());
        let press = pen.ui.input(|input| input.pointer.press_origin()).unwrap_or(pointer);
        pen.out.push(match tool {
            DragTool::Window => UiAction::DragWindow { film, phase, delta },
            DragTool::Pan => UiAction::Pan { film, phase, delta },
            DragTool::Zoom => {
                UiAction::DragZoom { film, phase, anchor: local(press), dy: delta[1] }
            }
            DragTool::Draw => {
                let at = if phase == Phase::Start { press } else { pointer };
                UiAction::Draw { film, phase, at: local(at) }
            }
        });
    }
    if let Some(pointer) = response.interact_pointer_pos() {
        if response.double_clicked() {
            pen.out.push(UiAction::DoubleClickFilm(film));
        } else if response.clicked() {
            pen.out.push(UiAction::ClickFilm { film, at: local(pointer) });
        }
    }
    if let Some(pointer) = response.hover_pos() {
        wheel(pen, film, local(pointer), look.count);
        if mouse.track && pen.ui.input(|input| input.pointer.is_moving()) {
            pen.out.push(UiAction::Pointer(Some((film, local(pointer)))));
        }
    } else if mouse.track
        && pen.ui.input(|input| input.pointer.hover_pos().is_none() && input.pointer.is_moving())
    {
        pen.out.push(UiAction::Pointer(None));
    }
}

/// The wheel zooms a single view; among several it steps, and `Ctrl` always zooms.
fn wheel(pen: &mut Pen<'_>, film: usize, at: [f32; 2], films: usize) {
    let notches: Vec<(f32, bool)> = pen.ui.input(|input| {
        let turned = input.raw.events.iter().filter_map(|event| match event {
            Event::MouseWheel { unit, delta, modifiers, .. } => {
                let notches = match unit {
                    MouseWheelUnit::Line => delta.y,
                    MouseWheelUnit::Point => delta.y / 50.0,
                    MouseWheelUnit::Page => delta.y * 3.0,
                };
                Some((notches, modifiers.command || modifiers.ctrl))
            }
            _ => None,
        });
        turned.filter(|(notches, _)| *notches != 0.0).collect()
    });
    for (steps, ctrl) in notches {
        pen.out.push(if films == 1 || ctrl {
            UiAction::ZoomAt { film, at, steps }
        } else {
            UiAction::StepView(if steps > 0.0 { -1 } else { 1 })
        });
    }
}

fn loading_ui(pen: &mut Pen<'_>, rect: Rect, text: Option<&str>, elapsed: Option<&str>) {
    let Some(text) = text else { return };
    let centre = rect.center();
    shapes::mark_in(pen, centre - vec2(0.0, 32.0), 24.0, Mark::Waiting, theme::T3);
    pen.centre(centre, text, theme::BODY, theme::T2);
    if let Some(elapsed) = elapsed {
        pen.centre(centre + vec2(0.0, 24.0), elapsed, theme::SMALL, theme::T3);
    }
}

fn failed_ui(pen: &mut Pen<'_>, rect: Rect, title: &str, reason: &str, note: Option<&str>) {
    let width = (rect.width() - 48.0).clamp(80.0, 480.0);
    let x = rect.center().x - width / 2.0;
    let y = rect.center().y - 72.0;
    shapes::mark(pen, pos2(x + 12.0, y), 24.0, Mark::Alarm);
    pen.left_within(x, y + 34.0, width, title, theme::LEVEL, theme::T1);
    let y = pen.wrapped(pos2(x, y + 52.0), width, reason, (theme::BODY, 24.0), theme::T2);
    if let Some(note) = note {
        pen.wrapped(pos2(x, y + 8.0), width, note, (theme::SMALL, 16.0), theme::T3);
    }
}

/// Text over a film: legible on white by a black outline of one pixel.
fn outlined(pen: &Pen<'_>, at: Pos2, anchor_right: bool, text: &str, ty: theme::Type, width: f32) {
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

fn overlay_ui(pen: &mut Pen<'_>, rect: Rect, overlay: &OverlayView, look: FilmLook) {
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

fn badge_ui(pen: &mut Pen<'_>, rect: Rect, badge: &BadgeView, look: FilmLook) {
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

fn warning_ui(pen: &mut Pen<'_>, rect: Rect, text: &str, index: usize) {
    let width = pen.width(text, theme::SMALL_M) + 44.0;
    let place = at(rect.center().x - width / 2.0, rect.min.y + 12.0, width, 24.0);
    pen.say(place, ("film warning", index), text);
    pen.panel(place, theme::R_CONTROL, theme::FILM, Stroke::new(1.0, theme::UNSURE));
    shapes::mark(pen, pos2(place.min.x + 16.0, place.center().y), 14.0, Mark::Warning);
    pen.left(place.min.x + 32.0, place.center().y, text, theme::SMALL_M, theme::T1);
}

fn marks_ui(pen: &Pen<'_>, origin: Pos2, marks: &[DrawnMark]) {
    let ppp = pen.ui.pixels_per_point();
    let local = |p: [f32; 2]| origin + vec2(p[0], p[1]) / ppp;
    for mark in marks {
        let points: Vec<Pos2> = mark.points.iter().copied().map(local).collect();
        let color = if mark.active { theme::T1 } else { theme::T2 };
        for (width, color) in [(3.5, theme::FILM), (1.5, color)] {
            let stroke = Stroke::new(width, color);
            match (mark.ellipse, points.as_slice()) {
                (true, [a, b]) => {
                    let rect = Rect::from_two_pos(*a, *b);
                    pen.add(Shape::ellipse_stroke(rect.center(), rect.size() / 2.0, stroke));
                }
                _ => pen.add(Shape::line(points.clone(), stroke)),
            }
            for point in &points {
                if !mark.ellipse {
                    pen.ui.painter().circle_stroke(*point, 3.0, stroke);
                }
            }
        }
        for (i, line) in mark.label.iter().enumerate() {
            let at = local(mark.label_at) + vec2(0.0, 16.0 * i as f32);
            outlined(pen, at, false, line, theme::SMALL_M, f32::INFINITY);
        }
    }
}

fn histogram_ui(pen: &mut Pen<'_>, rect: Rect, view: &HistogramView) {
    let size = vec2((rect.width() * 0.4).min(320.0), 96.0);
    let place = Rect::from_min_size(pos2(rect.min.x + 16.0, rect.max.y - 56.0 - size.y), size);
    let name = format!("Histogram from {} to {}", view.ends[0], view.ends[1]);
    pen.say(place, "histogram", &name);
    pen.panel(place, theme::R_CONTROL, theme::FILM, Stroke::new(1.0, theme::HINT));
    let plot = place.shrink2(vec2(8.0, 8.0)).with_max_y(place.max.y - 24.0);
    let n = view.bars.len().max(1) as f32;
    for (i, bar) in view.bars.iter().enumerate() {
        let x = plot.min.x + plot.width() * i as f32 / n;
        let to = plot.min.x + plot.width() * (i + 1) as f32 / n;
        let top = plot.max.y - plot.height() * bar.clamp(0.0, 1.0);
        pen.fill(Rect::from_x_y_ranges(x..=to, top..=plot.max.y), 0.0, theme::T4);
    }
    let place_of = |share: f32| plot.min.x + plot.width() * share.clamp(0.0, 1.0);
    let [from, to] = view.window.map(place_of);
    pen.segment([pos2(from, plot.max.y), pos2(to, plot.min.y)], 1.5, theme::T1);
    for x in [from, to] {
        pen.vline(x, [plot.min.y, plot.max.y], theme::T2);
    }
    let y = place.max.y - 12.0;
    pen.left(plot.min.x, y, &view.ends[0], theme::TINY, theme::T3);
    pen.right(plot.max.x, y, &view.ends[1], theme::TINY, theme::T3);
}

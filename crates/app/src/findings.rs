//! Every finding of the scheme, each with its letter and its level.

use crate::{
    controls::{self, CapLook},
    layout::{Room, at},
    pen::Pen,
    shapes, theme,
};
use egui::{Rect, Role, Stroke, pos2, vec2};
use overread_session::view::{ActionRow, FindingView, FindingsView, UiAction};

/// Paints the list and what stands beneath it; returns where that ends.
pub(crate) fn findings_ui(
    pen: &mut Pen<'_>,
    area: Rect,
    (view, detail): (&FindingsView, Option<&str>),
    room: Room,
) -> f32 {
    let wide = room == Room::Wide;
    let row = if wide { 48.0 } else { 36.0 };
    let (x, right) = (area.min.x, area.max.x);
    let cell = 32.0;
    let grid_x = right - cell * view.levels.len() as f32;
    let mut y = area.min.y;
    let (caption, color) = detail.map_or((view.caption.as_str(), theme::T3), |d| (d, theme::T2));
    pen.left_within(x, y + 8.0, grid_x - x - 8.0, caption, theme::TINY, color);
    for (i, level) in view.levels.iter().enumerate() {
        let at = pos2(grid_x + cell * (i as f32 + 0.5), y + 8.0);
        shapes::mark(pen, at, 13.0, *level);
    }
    y += 20.0;
    let below = if wide { 168.0 } else { 112.0 };
    let wanted = row * view.rows.len() as f32;
    let list = at(x, y, right - x, wanted.min((area.max.y - below - y).max(row)));
    let add = |pen: &mut Pen<'_>, rect: Rect| {
        for (i, finding) in view.rows.iter().enumerate() {
            let rect = at(rect.min.x, rect.min.y + row * i as f32, rect.width(), row);
            finding_ui(pen, rect, i, finding, view);
        }
    };
    if wanted <= list.height() {
        add(pen, list);
    } else {
        crate::rail::scroll_ui(pen, list, "findings", wanted, add);
    }
    y = list.max.y + 8.0;
    pen.hline([x, right], y, theme::LINE);
    study_ui(pen, at(x, y, right - x, if wide { 48.0 } else { 32.0 }), view);
    y += if wide { 44.0 } else { 30.0 };
    let action = if wide { 48.0 } else { 40.0 };
    action_ui(pen, at(x, y, right - x, action), &view.lock);
    y += action;
    if let Some(normal) = &view.normal {
        action_ui(pen, at(x, y, right - x, action), normal);
        y += action;
    }
    y
}

/// The list in two columns, for the strip under a portrait film.
pub(crate) fn findings_strip_ui(pen: &mut Pen<'_>, list: Rect, side: Rect, view: &FindingsView) {
    let row = 36.0;
    let width = (list.width() - 24.0) / 2.0;
    pen.left(list.min.x, list.min.y + 8.0, &view.caption, theme::TINY, theme::T3);
    let rows = view.rows.len().div_ceil(2);
    let body = at(list.min.x, list.min.y + 20.0, list.width(), list.height() - 52.0);
    let wanted = row * rows as f32;
    let add = |pen: &mut Pen<'_>, rect: Rect| {
        for (i, finding) in view.rows.iter().enumerate() {
            let x = rect.min.x + if i < rows { 0.0 } else { width + 24.0 };
            let place = at(x, rect.min.y + row * (i % rows) as f32, width, row);
            finding_ui(pen, place, i, finding, view);
        }
    };
    if wanted <= body.height() {
        add(pen, body);
    } else {
        crate::rail::scroll_ui(pen, body, "findings", wanted, add);
    }
    study_ui(pen, at(list.min.x, list.max.y - 28.0, list.width(), 28.0), view);
    action_ui(pen, at(side.min.x, side.min.y, side.width(), 40.0), &view.lock);
    if let Some(normal) = &view.normal {
        action_ui(pen, at(side.min.x, side.min.y + 44.0, side.width(), 40.0), normal);
    }
}

fn study_ui(pen: &mut Pen<'_>, rect: Rect, view: &FindingsView) {
    let y = rect.center().y;
    pen.left(rect.min.x, y, &view.study, theme::SMALL, theme::T3);
    if let Some((mark, word)) = &view.derived {
        let x = pen.right(rect.max.x, y, word, theme::SMALL_S, theme::T1);
        shapes::mark(pen, pos2(x - 16.0, y), 14.0, *mark);
        pen.say(rect, "study", &format!("{}: {word}", view.study));
    }
}

fn finding_ui(pen: &mut Pen<'_>, rect: Rect, i: usize, finding: &FindingView, view: &FindingsView) {
    let back = rect.expand2(vec2(6.0, 0.0));
    let cell = 32.0;
    let grid_x = rect.max.x - cell * view.levels.len() as f32;
    let name = format!("{}, {}: {}", finding.key, finding.name, finding.answer);
    let left = rect.with_max_x(grid_x - 8.0);
    let state = (Role::Button, true, finding.focused);
    let response = pen.hit_on(left, ("finding", i), state, &name);
    if finding.focused {
        pen.fill(back, theme::R_CONTROL, theme::S3);
        pen.left_bar(back, theme::R_CONTROL, theme::T1);
    }
    let y = rect.center().y;
    let cap =
        Rect::from_center_size(pos2(rect.min.x + 16.0, y), vec2(controls::CAP, controls::CAP));
    controls::cap_ui(pen, cap, &finding.key, CapLook::Rest);
    let set = finding.level.is_some();
    let (x, width) = (rect.min.x + 44.0, grid_x - 8.0 - rect.min.x - 44.0);
    let (name, answer) = if set { (theme::T1, theme::T2) } else { (theme::T3, theme::T3) };
    let ty = if set { theme::BODY_M } else { theme::BODY };
    pen.left_within(x, y - 8.0, width, &finding.name, ty, name);
    pen.left_within(x, y + 10.0, width, &finding.answer, theme::TINY, answer);
    let boxes = at(grid_x, y - 16.0, rect.max.x - grid_x, 32.0);
    let edge = if set { theme::EDGE } else { theme::HINT };
    for (level, mark) in view.levels.iter().enumerate() {
        let slot = at(grid_x + cell * level as f32, boxes.min.y, cell, 32.0);
        let here = finding.level == Some(level);
        let spoken = format!("{}, level {}", finding.name, level + 1);
        let hit = pen.hit_on(slot, ("level", i, level), (Role::RadioButton, true, here), &spoken);
        if hit.clicked() {
            pen.out.push(UiAction::SetFinding { finding: i, level });
        }
        if here || hit.hovered() {
            pen.fill(slot, 0.0, theme::S3);
        }
        if here {
            shapes::mark(pen, slot.center(), 18.0, *mark);
        } else {
            pen.ui.painter().circle_filled(slot.center(), 1.0, theme::EDGE);
        }
        if level > 0 {
            pen.vline(slot.min.x, [slot.min.y, slot.max.y], edge);
        }
        pen.ring(&hit, slot, theme::R_CONTROL);
    }
    pen.frame(boxes, theme::R_CONTROL, Stroke::new(1.0, edge));
    pen.ring(&response, left, theme::R_CONTROL);
    if response.clicked() {
        pen.out.push(UiAction::ClickFinding(i));
    }
}

fn action_ui(pen: &mut Pen<'_>, rect: Rect, action: &ActionRow) {
    let name = format!("{}, {}. {}", action.key, action.text, action.note);
    let response = pen.hit_if(rect, ("action", &action.id), action.enabled, Role::Button, &name);
    let y = rect.center().y;
    let width = (pen.width(&action.key, theme::BODY_S) + 20.0).max(controls::CAP);
    let cap = at(rect.min.x, y - 16.0, width, controls::CAP);
    controls::cap_ui(
        pen,
        cap,
        &action.key,
        if action.enabled { CapLook::Rest } else { CapLook::Dashed },
    );
    let x = cap.max.x + 12.0;
    let color = if action.enabled { theme::T1 } else { theme::T4 };
    let ty = if action.enabled { theme::BODY_M } else { theme::BODY };
    pen.left_within(x, y - 8.0, rect.max.x - x, &action.text, ty, color);
    pen.left_within(x, y + 9.0, rect.max.x - x, &action.note, theme::TINY, theme::T2);
    pen.ring(&response, cap, theme::R_CONTROL);
    if response.clicked() {
        pen.out.push(UiAction::Run(action.id.clone()));
    }
}

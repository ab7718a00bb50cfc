//! The rail of the smallest window: keys with names in two columns, rules in the tooltip.

use crate::{controls, layout::at, pen::Pen, rail, rows, theme};
use egui::{Rect, Role, pos2, vec2};
use overread_session::view::{ReadView, RowState, UiAction};

/// One key of the grid.
struct Slot<'a> {
    key: &'a str,
    pressed: &'a str,
    name: &'a str,
    spoken: String,
    state: RowState,
    action: UiAction,
}

/// The whole rail. There is no room for shapes beside the keys, so no level has a colour here.
pub(crate) fn least_ui(pen: &mut Pen<'_>, rail: Rect, view: &ReadView) {
    pen.fill(rail, 0.0, theme::S1);
    pen.vline(rail.min.x, [rail.min.y, rail.max.y], theme::LINE);
    let (x, right, top) = (rail.min.x + 12.0, rail.max.x - 8.0, rail.min.y);
    rail::item_ui(pen, at(x, top + 6.0, right - x, 24.0), view, true);
    rows::progress_ui(pen, at(x, top + 34.0, right - x, 4.0), &view.progress);
    let bar = at(rail.min.x, top + 46.0, 4.0, 56.0);
    pen.fill(bar, 0.0, rows::bar_color(view.state.kind));
    let heights = (top + 60.0, top + 88.0);
    rows::question_ui(pen, (x, right), heights, &view.question, &view.state, theme::KEY);
    let mut y = top + 108.0;
    if let Some(findings) = &view.findings {
        let area = at(x, y, right - x, rail.max.y - 44.0 - y);
        y = crate::findings::findings_ui(
            pen,
            area,
            (findings, view.state.detail.as_deref()),
            crate::layout::Room::Least,
        );
    }
    let width = (right - x - 8.0) / 2.0;
    let slots = slots(view);
    for (i, slot) in slots.iter().enumerate() {
        let (column, row) = ((i % 2) as f32, (i / 2) as f32);
        slot_ui(pen, at(x + (width + 8.0) * column, y + 36.0 * row, width, 36.0), slot);
    }
    y += 36.0 * slots.len().div_ceil(2) as f32 + 4.0;
    pen.hline([x, right], y, theme::LINE);
    let area = Rect::from_min_max(pos2(x, y + 6.0), pos2(right, rail.max.y));
    if let Some(panel) = &view.panel {
        crate::panel::panel_small_ui(pen, area, panel);
    } else {
        rail::chips_ui(pen, area, view);
    }
}

fn slots(view: &ReadView) -> Vec<Slot<'_>> {
    let answers = view.answers.iter().enumerate().map(|(i, answer)| Slot {
        key: &answer.key,
        pressed: rows::pressed(view),
        name: &answer.name,
        spoken: format!("{}, {}, {}", answer.key, answer.name.to_lowercase(), answer.spoken),
        state: answer.state,
        action: UiAction::ClickAnswer(i),
    });
    let others = view.no_answers.iter().enumerate().map(|(i, row)| Slot {
        key: &row.key,
        pressed: rows::pressed(view),
        name: &row.short,
        spoken: format!("{}, {}, no answer under either rule", row.key, row.name.to_lowercase()),
        state: row.state,
        action: UiAction::ClickNoAnswer(i),
    });
    answers.chain(others).collect()
}

fn slot_ui(pen: &mut Pen<'_>, rect: Rect, slot: &Slot<'_>) {
    let enabled = !matches!(slot.state, RowState::Waiting | RowState::TooEarly);
    let chosen = matches!(slot.state, RowState::Chosen | RowState::Unsaved);
    let role = (Role::RadioButton, enabled, chosen);
    let response = pen.hit_on(rect, ("slot", slot.key), role, &slot.spoken);
    response.clone().on_hover_text(&slot.spoken);
    let cap = Rect::from_center_size(pos2(rect.min.x + 14.0, rect.center().y), vec2(28.0, 28.0));
    let look = rows::cap_look(slot.key, slot.state, slot.pressed);
    controls::cap_ui(pen, cap, slot.key, look);
    let text = if enabled { theme::T1 } else { theme::T4 };
    let x = cap.max.x + 5.0;
    let room = rect.max.x - x + 5.0;
    let ty =
        if pen.width(slot.name, theme::SMALL_M) <= room { theme::SMALL_M } else { theme::TINY };
    pen.left_within(x, cap.center().y, room, slot.name, ty, text);
    pen.ring(&response, cap, theme::R_CONTROL);
    if response.clicked() {
        pen.out.push(slot.action.clone());
    }
}

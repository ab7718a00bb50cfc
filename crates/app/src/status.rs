//! The bottom line: what is open, whether the display is calibrated, whether answers are saved.

use crate::{
    layout::{Room, at},
    pen::Pen,
    shapes, theme,
};
use egui::{Rect, Role, pos2};
use overread_session::view::{Mark, StatusItem, StatusKeep, StatusView, Tone, UiAction};

/// The whole line.
pub(crate) fn status_ui(pen: &mut Pen<'_>, rect: Rect, view: &StatusView) {
    pen.fill(rect, 0.0, theme::S0);
    pen.hline([rect.min.x, rect.max.x], rect.min.y, theme::LINE);
    let room = Room::of(pen.ui.ctx().content_rect().size());
    let y = rect.center().y;
    let menu = at(rect.min.x + 8.0, rect.min.y, 32.0, rect.height());
    let response = pen.hit(menu, "menu", Role::Button, "Menu");
    if response.hovered() {
        pen.fill(menu.shrink2(egui::vec2(0.0, 2.0)), theme::R_CONTROL, theme::S3);
    }
    shapes::menu(pen, menu.center(), theme::T2);
    pen.ring(&response, menu.shrink(4.0), theme::R_CONTROL);
    if response.clicked() {
        pen.out.push(UiAction::Menu);
    }
    let kept = |item: &&StatusItem| match room {
        Room::Least => item.keep == StatusKeep::Least,
        Room::Tight => item.keep <= StatusKeep::Tight,
        _ => true,
    };
    let short = matches!(room, Room::Tight | Room::Least);
    let mut right = rect.max.x - 16.0;
    for (i, item) in view.right.iter().enumerate().rev().filter(|(_, item)| kept(item)) {
        let width = item_width(pen, item, short);
        right -= width;
        item_ui(pen, at(right, y - 12.0, width, 24.0), ("right", i), item, short);
        right -= 24.0;
    }
    let mut x = rect.min.x + 56.0;
    for (i, item) in view.left.iter().enumerate().filter(|(_, item)| kept(item)) {
        let width = item_width(pen, item, short);
        if x + width > right {
            break;
        }
        item_ui(pen, at(x, y - 12.0, width, 24.0), ("left", i), item, short);
        x += width + 24.0;
    }
}

fn text(item: &StatusItem, short: bool) -> &str {
    item.short.as_deref().filter(|_| short).unwrap_or(&item.text)
}

fn mark_width(mark: Option<Mark>) -> f32 {
    mark.map_or(0.0, |_| 23.0)
}

fn item_width(pen: &Pen<'_>, item: &StatusItem, short: bool) -> f32 {
    (mark_width(item.mark) + pen.width(text(item, short), theme::SMALL)).ceil()
}

fn item_ui(pen: &mut Pen<'_>, rect: Rect, key: (&str, usize), item: &StatusItem, short: bool) {
    pen.say(rect, ("status", key), &item.text);
    if let Some(mark) = item.mark {
        let at = pos2(rect.min.x + 7.0, rect.center().y);
        shapes::mark(pen, at, if mark == Mark::Lock { 13.0 } else { 16.0 }, mark);
    }
    let color = match item.tone {
        Tone::Strong => theme::T1,
        Tone::Body => theme::T2,
        Tone::Quiet => theme::T3,
    };
    let x = rect.min.x + mark_width(item.mark);
    pen.left(x, rect.center().y, text(item, short), theme::SMALL, color);
}

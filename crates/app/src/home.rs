//! Home: recent projects, ways to start, the display warning; and the finished deck.

use crate::{controls, layout::at, pen::Pen, plots, rail::scroll_ui, shapes, theme};
use egui::{CornerRadius, Rect, Role, Stroke, pos2};
use overread_session::view::{
    ButtonKind, ButtonView, CardView, DeckDoneView, HomeView, Mark, RecentView, UiAction,
};

/// A centred column that scrolls when the window is lower than its contents.
pub(crate) fn column_ui(
    pen: &mut Pen<'_>,
    page: Rect,
    key: &'static str,
    max_width: f32,
    add: impl Fn(&mut Pen<'_>, f32, f32, f32) -> f32,
) {
    pen.fill(page, 0.0, theme::S0);
    let margin = if page.width() < 1000.0 { 16.0 } else { 24.0 };
    let width = max_width.min(page.width() - 2.0 * margin);
    let memory = egui::Id::unique(("column", key));
    let height = pen.ui.ctx().data(|data| data.get_temp::<f32>(memory)).unwrap_or(0.0);
    let x = pen.snap(page.center().x - width / 2.0);
    let mut end = 0.0;
    let mut draw = |pen: &mut Pen<'_>, rect: Rect| {
        end = add(pen, rect.min.x, rect.max.x, rect.min.y) - rect.min.y;
    };
    let column = at(x, page.min.y, width, page.height());
    if height <= page.height() {
        draw(pen, column);
    } else {
        scroll_ui(pen, column, key, height, draw);
    }
    if (end - height).abs() > 0.5 {
        pen.ui.ctx().data_mut(|data| data.insert_temp(memory, end));
        pen.ui.ctx().request_repaint();
    }
}

/// Home.
pub(crate) fn home_ui(pen: &mut Pen<'_>, page: Rect, view: &HomeView) {
    let low = page.height() < 800.0;
    let top_gap = if low { 24.0 } else { 96.0 };
    column_ui(pen, page, "home", 1280.0, |pen, x, right, top| {
        let y = head_ui(pen, x, right, top + top_gap, view, low);
        let y = recents_ui(pen, x, right, y, view, low);
        let y = cards_ui(pen, x, right, y + if low { 16.0 } else { 40.0 }, &view.cards, low);
        tail_ui(pen, x, right, y + if low { 16.0 } else { 40.0 }, view)
    });
}

fn head_ui(pen: &mut Pen<'_>, x: f32, right: f32, top: f32, view: &HomeView, low: bool) -> f32 {
    let title = at(x, top, right - x, 40.0);
    let heading = pen.ui.interact(title, crate::pen::id("home title"), egui::Sense::hover());
    heading.widget_info(|| egui::WidgetInfo::labeled(Role::Heading, true, &view.title));
    pen.left(x, top + 20.0, &view.title, theme::TITLE, theme::T1);
    pen.left_within(x, top + 60.0, right - x, &view.lead, theme::BODY, theme::T3);
    let mut hint_x = right;
    for hint in view.hints.iter().rev() {
        hint_x -= controls::hint_width(pen, hint);
        controls::hint_ui(pen, hint_x, top + 20.0, hint);
        hint_x -= 24.0;
    }
    let y = top + if low { 76.0 } else { 104.0 };
    pen.left(x, y + 20.0, &view.recent_title, theme::BODY_S, theme::T1);
    y + if low { 36.0 } else { 48.0 }
}

fn recents_ui(pen: &mut Pen<'_>, x: f32, right: f32, top: f32, view: &HomeView, low: bool) -> f32 {
    if view.recent.is_empty() {
        let card = at(x, top, right - x, 88.0);
        pen.panel(card, theme::R_CARD, theme::S1, theme::hair());
        pen.say(card, "no recents", &view.empty);
        pen.left_within(
            x + 24.0,
            top + 44.0,
            right - x - 48.0,
            &view.empty,
            theme::BODY,
            theme::T2,
        );
        return card.max.y;
    }
    let row = if low { 64.0 } else { 88.0 };
    let card = at(x, top, right - x, row * view.recent.len() as f32);
    pen.panel(card, theme::R_CARD, theme::S1, theme::hair());
    for (i, recent) in view.recent.iter().enumerate() {
        let rect = at(x, top + row * i as f32, right - x, row);
        recent_ui(pen, rect, i, recent, view.recent.len());
    }
    card.max.y
}

fn recent_ui(pen: &mut Pen<'_>, rect: Rect, i: usize, recent: &RecentView, n: usize) {
    let name = format!(
        "{}, {}, {}, {} {}, {}. {}",
        recent.name,
        recent.detail,
        recent.reader,
        recent.done,
        recent.done_of,
        recent.when,
        recent.action
    );
    let response = pen.hit(rect, ("recent", i), Role::Button, &name);
    let inside = rect.shrink(1.0);
    if recent.selected || response.hovered() {
        let r = |here: bool| if here { 5 } else { 0 };
        let corners =
            CornerRadius { nw: r(i == 0), ne: r(i == 0), sw: r(i + 1 == n), se: r(i + 1 == n) };
        let fill = if recent.selected && !response.hovered() { theme::S2 } else { theme::S3 };
        pen.ui.painter().rect_filled(pen.snap_rect(inside), corners, fill);
        if recent.selected {
            let corners = CornerRadius { ne: 0, se: 0, ..corners };
            let bar = pen.snap_rect(inside.with_max_x(inside.min.x + 4.0));
            pen.ui.painter().rect_filled(bar, corners, theme::T1);
        }
    }
    if i > 0 {
        pen.hline([inside.min.x, inside.max.x], rect.min.y, theme::LINE);
    }
    let y = rect.center().y;
    let w = rect.width();
    let (left, right) = (rect.min.x + 24.0, rect.max.x - 24.0);
    let action = (pen.width(&recent.action, theme::BODY_M) + 32.0).max(if w >= 1100.0 {
        208.0
    } else {
        160.0
    });
    let button = at(right - action, y - 16.0, action, 32.0);
    let primary = recent.selected;
    if primary {
        pen.fill(button, theme::R_CONTROL, theme::T2);
    } else {
        pen.panel(button, theme::R_CONTROL, theme::S2, theme::border());
    }
    let (ty, color) = if primary { (theme::BODY_S, theme::S0) } else { (theme::BODY_M, theme::T2) };
    pen.centre(button.center(), &recent.action, ty, color);
    let bar_x = rect.min.x + w * 0.395;
    let reader_x = rect.min.x + w * 0.307;
    let wide = w >= 900.0;
    let name_end = if wide { reader_x } else { bar_x };
    pen.left_within(left, y - 8.0, name_end - left - 12.0, &recent.name, theme::LEVEL, theme::T1);
    pen.left_within(
        left,
        y + 13.0,
        name_end - left - 12.0,
        &recent.detail,
        theme::SMALL,
        theme::T3,
    );
    if wide {
        pen.left_within(
            reader_x,
            y,
            bar_x - reader_x - 12.0,
            &recent.reader,
            theme::SMALL,
            theme::T2,
        );
    }
    let when_x = bar_x + w * 0.169 + 24.0;
    let bar_end = if wide { bar_x + w * 0.169 } else { button.min.x - 24.0 };
    let bar = Rect::from_x_y_ranges(bar_x..=bar_end, y - 15.0..=y - 9.0);
    pen.fill(bar, 0.0, theme::TRACK);
    #[expect(clippy::cast_possible_truncation, reason = "a place on screen")]
    let share = recent.fraction.clamp(0.0, 1.0) as f32;
    pen.fill(bar.with_max_x(bar.min.x + bar.width() * share), 0.0, theme::T3);
    let end = pen.left(bar_x, y + 8.0, &recent.done, theme::SMALL_S, theme::T1);
    pen.left_within(end + 4.0, y + 8.0, bar_end - end, &recent.done_of, theme::SMALL, theme::T2);
    if wide {
        pen.left_within(
            when_x,
            y,
            button.min.x - when_x - 12.0,
            &recent.when,
            theme::SMALL,
            theme::T3,
        );
    }
    pen.ring(&response, rect, theme::R_CARD);
    if response.clicked() {
        pen.out.push(UiAction::OpenRecent(i));
    }
}

fn cards_ui(pen: &mut Pen<'_>, x: f32, right: f32, top: f32, cards: &[CardView], low: bool) -> f32 {
    let per_row = if right - x >= 840.0 { cards.len().clamp(1, 3) } else { 1 };
    let width = (right - x - 24.0 * (per_row as f32 - 1.0)) / per_row as f32;
    let height = if low { 148.0 } else { 176.0 };
    let mut bottom = top;
    for (i, card) in cards.iter().enumerate() {
        let (column, row) = ((i % per_row) as f32, (i / per_row) as f32);
        let rect = at(x + (width + 24.0) * column, top + (height + 16.0) * row, width, height);
        card_ui(pen, rect, card, low);
        bottom = rect.max.y;
    }
    bottom
}

fn card_ui(pen: &mut Pen<'_>, rect: Rect, card: &CardView, low: bool) {
    let name = format!("{}, {}. {} {}", card.key, card.title, card.text, card.note);
    let response = pen.hit(rect, ("card", &card.id), Role::Button, &name);
    let fill = if response.hovered() { theme::S3 } else { theme::S1 };
    pen.panel(rect, theme::R_CARD, fill, theme::hair());
    let pad = if low { 16.0 } else { 24.0 };
    let x = rect.min.x + pad;
    let cap = at(x, rect.min.y + pad, 32.0, 32.0);
    controls::cap_ui(pen, cap, &card.key, controls::CapLook::Rest);
    let room = rect.max.x - pad - cap.max.x - 12.0;
    pen.left_within(cap.max.x + 12.0, cap.center().y, room, &card.title, theme::KEY, theme::T1);
    let text = if low { (theme::SMALL, 16.0) } else { (theme::BODY, 24.0) };
    let y = cap.max.y + 8.0;
    pen.wrapped(pos2(x, y), rect.width() - 2.0 * pad, &card.text, text, theme::T2);
    let note_y = rect.max.y - if low { 20.0 } else { 32.0 };
    pen.left_within(x, note_y, rect.width() - 2.0 * pad, &card.note, theme::SMALL, theme::T3);
    pen.ring(&response, rect, theme::R_CARD);
    if response.clicked() {
        pen.out.push(UiAction::Run(card.id.clone()));
    }
}

fn tail_ui(pen: &mut Pen<'_>, x: f32, right: f32, top: f32, view: &HomeView) -> f32 {
    let mut y = top;
    if let Some(banner) = &view.banner {
        let height = if right - x < 900.0 { 88.0 } else { 48.0 };
        let rect = at(x, y, right - x, height);
        controls::banner_ui(pen, rect, banner, theme::S1);
        let edge = Stroke::new(1.0, theme::LINE);
        pen.frame(rect.with_min_x(rect.min.x + 4.0), 0.0, edge);
        y = rect.max.y + 16.0;
    }
    pen.left_within(x, y + 8.0, right - x, &view.note, theme::SMALL, theme::T3);
    y + 32.0
}

/// The last item is locked.
pub(crate) fn deck_done_ui(pen: &mut Pen<'_>, page: Rect, view: &DeckDoneView) {
    let low = page.height() < 800.0;
    column_ui(pen, page, "done", 880.0, |pen, x, right, top| {
        let mut y = top + if low { 24.0 } else { 96.0 };
        let title = at(x, y, right - x, 40.0);
        let heading = pen.ui.interact(title, crate::pen::id("done title"), egui::Sense::hover());
        heading.widget_info(|| egui::WidgetInfo::labeled(Role::Heading, true, &view.title));
        shapes::mark(pen, pos2(x + 10.0, y + 20.0), 22.0, Mark::Check);
        pen.left(x + 32.0, y + 20.0, &view.title, theme::TITLE, theme::T1);
        y = pen.wrapped(pos2(x, y + 44.0), right - x, &view.text, (theme::BODY, 24.0), theme::T3)
            + 24.0;
        if let Some(quality) = &view.quality {
            y = plots::forest_ui(pen, x, right, y, quality) + 16.0;
        }
        if let Some(refused) = &view.refused {
            shapes::mark_in(pen, pos2(x + 8.0, y + 12.0), 16.0, Mark::Lock, theme::T2);
            pen.say(at(x, y, right - x, 24.0), "done refused", refused);
            y = pen.wrapped(
                pos2(x + 28.0, y),
                right - x - 28.0,
                refused,
                (theme::BODY, 24.0),
                theme::T2,
            ) + 16.0;
        }
        plots::counts_ui(pen, x, right, y + 12.0, &view.counts, true);
        y += 48.0;
        for alarm in &view.alarms {
            y = plots::alarm_ui(pen, x, right, y, alarm) + 8.0;
        }
        y += 24.0;
        let mut first = view.buttons.clone();
        if let Some(button) = first.first_mut() {
            button.kind = ButtonKind::Primary;
        }
        done_buttons_ui(pen, x, y, &first);
        y + 56.0
    });
}

fn done_buttons_ui(pen: &mut Pen<'_>, x: f32, y: f32, buttons: &[ButtonView]) {
    controls::buttons_ui(pen, x, y, "done", buttons);
}

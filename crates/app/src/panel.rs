//! The live panel: what the release policy lets the reader see, and the reader's own counts.

use crate::{
    controls,
    layout::{Room, at},
    pen::Pen,
    plots,
    rail::scroll_ui,
    shapes, theme,
};
use egui::{Rect, Role, pos2};
use overread_session::view::{
    AlarmsView, KeyHint, Mark, OwnAnswersView, PanelBody, PanelFigures, PanelView, ReleaseView,
    UiAction,
};

/// The panel between film and rail.
pub(crate) fn panel_ui(pen: &mut Pen<'_>, rect: Rect, room: Room, view: &PanelView) {
    pen.fill(rect, 0.0, theme::S0);
    pen.vline(rect.min.x, [rect.min.y, rect.max.y], theme::LINE);
    let gutter = room.gutter();
    let (x, right, top) = (rect.min.x + gutter, rect.max.x - gutter, rect.min.y);
    let wide = room == Room::Wide;
    let head_y = top + if wide { 36.0 } else { 28.0 };
    pen.left(x, head_y, &view.title, theme::BODY_S, theme::T1);
    close_ui(pen, right, head_y, &view.close_key);

    let own_lines = view.own.lines.len() as f32;
    let own = 76.0 + 28.0 * own_lines;
    let body = Rect::from_min_max(pos2(x, head_y + 16.0), pos2(right, rect.max.y - own - 8.0));
    match &view.body {
        PanelBody::Open(figures) => figures_ui(pen, body, room, figures),
        PanelBody::Sealed { title, text, note } => sealed_ui(pen, body, [title, text, note]),
        PanelBody::NothingYet { text, release } => {
            let mut y = body.min.y + 24.0;
            if let Some(release) = release {
                release_ui(pen, x, right, y, release);
                y += 32.0;
            }
            pen.wrapped(pos2(x, y), right - x, text, (theme::BODY, 24.0), theme::T2);
            pen.say(body, "nothing yet", text);
        }
    }
    own_ui(pen, at(x, rect.max.y - own, right - x, own), &view.own);
}

fn close_ui(pen: &mut Pen<'_>, right: f32, y: f32, key: &str) {
    let hint = KeyHint::new(&[key], "close");
    let width = controls::hint_width(pen, &hint);
    let rect = at(right - width - 8.0, y - 16.0, width + 16.0, 32.0);
    let response =
        pen.hit(rect, "close panel", Role::Button, &format!("Close the live panel, {key}"));
    controls::hint_ui(pen, right - width, y, &hint);
    pen.ring(&response, rect, theme::R_CONTROL);
    if response.clicked() {
        pen.out.push(UiAction::ClosePanel);
    }
}

fn figures_ui(pen: &mut Pen<'_>, body: Rect, room: Room, figures: &PanelFigures) {
    let key = egui::Id::unique("panel height");
    let height = pen.ui.ctx().data(|data| data.get_temp::<f32>(key)).unwrap_or(body.height());
    let mut end = 0.0;
    let mut draw = |pen: &mut Pen<'_>, rect: Rect| {
        end = figures_body_ui(pen, rect, room, figures) - rect.min.y;
    };
    if height <= body.height() {
        draw(pen, body);
    } else {
        scroll_ui(pen, body, "figures", height, draw);
    }
    if (end - height).abs() > 0.5 {
        pen.ui.ctx().data_mut(|data| data.insert_temp(key, end));
        pen.ui.ctx().request_repaint();
    }
}

fn figures_body_ui(pen: &mut Pen<'_>, rect: Rect, room: Room, figures: &PanelFigures) -> f32 {
    let (x, right) = (rect.min.x, rect.max.x);
    let wide = room == Room::Wide;
    let gap = if wide { 16.0 } else { 8.0 };
    let mut y = rect.min.y + if wide { 15.0 } else { 12.0 };
    release_ui(pen, x, right, y, &figures.release);
    y += if wide { 29.0 } else { 20.0 };
    pen.hline([x, right], y, theme::LINE);
    y = plots::forest_ui(pen, x, right, y + gap, &figures.quality) + gap;
    if let Some(running) = &figures.running {
        pen.hline([x, right], y, theme::LINE);
        let height = if wide { 168.0 } else { 96.0 };
        y = plots::running_ui(pen, (x, right), y + gap, height, running) + gap - 4.0;
    }
    pen.hline([x, right], y, theme::LINE);
    y = alarms_ui(pen, x, right, y + gap, &figures.alarms, wide);
    if let Some(strata) = &figures.strata {
        y += gap;
        pen.hline([x, right], y, theme::LINE);
        y = plots::forest_ui(pen, x, right, y + gap, strata);
    }
    y + 8.0
}

fn alarms_ui(
    pen: &mut Pen<'_>,
    x: f32,
    right: f32,
    top: f32,
    alarms: &AlarmsView,
    full: bool,
) -> f32 {
    let mut y = plots::heading_ui(pen, x, right, top, &alarms.title, &alarms.count) + 2.0;
    if let Some(none) = &alarms.none {
        pen.say(at(x, y, right - x, 24.0), "no alarms", none);
        return pen.wrapped(pos2(x, y), right - x, none, (theme::SMALL, 16.0), theme::T2);
    }
    for alarm in &alarms.rows {
        if full {
            y = plots::alarm_ui(pen, x, right, y, alarm) + 8.0;
        } else {
            plots::alarm_line_ui(pen, at(x, y, right - x, 32.0), alarm);
            y += 40.0;
        }
    }
    y
}

fn release_ui(pen: &mut Pen<'_>, x: f32, right: f32, y: f32, release: &ReleaseView) {
    let spoken = format!("{}, {}", release.next, release.basis);
    pen.say(at(x, y - 12.0, right - x, 24.0), "release", &spoken);
    let end = plots::boxes_ui(pen, x, y, release) + 12.0;
    let end = pen.left_within(end, y, right - end, &release.next, theme::SMALL_M, theme::T1);
    let basis = format!(" · {}", release.basis);
    pen.left_within(end, y, right - end, &basis, theme::SMALL, theme::T3);
}

fn sealed_ui(pen: &mut Pen<'_>, body: Rect, [title, text, note]: [&String; 3]) {
    let width = body.width();
    let words = pen.span_galley(
        width - 88.0,
        &[overread_session::view::Span::plain(text.as_str())],
        (theme::SMALL, 18.0),
        theme::T2,
    );
    let card = at(body.min.x, body.min.y + 8.0, width, words.size().y + 80.0);
    pen.say(card, "sealed", &format!("{title}. {text} {note}"));
    pen.panel(card, theme::R_CARD, theme::S1, theme::hair());
    shapes::mark_in(pen, pos2(card.min.x + 32.0, card.min.y + 38.0), 22.0, Mark::Lock, theme::T2);
    let x = card.min.x + 64.0;
    pen.left_within(x, card.min.y + 28.0, card.max.x - x - 8.0, title, theme::BODY_S, theme::T1);
    let bottom = card.min.y + 44.0 + words.size().y;
    pen.put(pos2(x, card.min.y + 44.0), words, theme::T2);
    pen.left_within(x, bottom + 12.0, card.max.x - x - 8.0, note, theme::SMALL, theme::T3);
}

fn own_ui(pen: &mut Pen<'_>, rect: Rect, own: &OwnAnswersView) {
    let (x, right, top) = (rect.min.x, rect.max.x, rect.min.y);
    pen.hline([x, right], top, theme::LINE);
    pen.left(x, top + 28.0, &own.title, theme::BODY_S, theme::T1);
    pen.right(right, top + 28.0, &own.note, theme::SMALL, theme::T3);
    plots::counts_ui(pen, x, right, top + 52.0, &own.counts, false);
    for (i, (name, value)) in own.lines.iter().enumerate() {
        let y = top + 82.0 + 28.0 * i as f32;
        pen.hline([x, right], y - 14.0, theme::LINE);
        pen.left(x, y, name, theme::SMALL, theme::T2);
        pen.right(right, y, value, theme::SMALL_M, theme::T1);
    }
}

/// The panel in the rail's lower part: figures in short, alarms in lines.
pub(crate) fn panel_small_ui(pen: &mut Pen<'_>, area: Rect, view: &PanelView) {
    let key = egui::Id::unique("small panel height");
    let height = pen.ui.ctx().data(|data| data.get_temp::<f32>(key)).unwrap_or(area.height());
    let mut end = 0.0;
    let mut draw = |pen: &mut Pen<'_>, rect: Rect| {
        end = small_body_ui(pen, rect, view) - rect.min.y;
    };
    if height <= area.height() {
        draw(pen, area);
    } else {
        scroll_ui(pen, area, "small panel", height, draw);
    }
    if (end - height).abs() > 0.5 {
        pen.ui.ctx().data_mut(|data| data.insert_temp(key, end));
        pen.ui.ctx().request_repaint();
    }
}

fn small_body_ui(pen: &mut Pen<'_>, area: Rect, view: &PanelView) -> f32 {
    let (x, right) = (area.min.x, area.max.x);
    let mut y = area.min.y + 12.0;
    let caption = |pen: &mut Pen<'_>, y: f32, text: &str| {
        pen.wrapped(pos2(x, y), right - x, text, (theme::SMALL, 16.0), theme::T2)
    };
    match &view.body {
        PanelBody::Open(figures) => {
            let release = &figures.release;
            let end = plots::boxes_ui(pen, x, y, release) + 8.0;
            if right - end > 60.0 {
                pen.left_within(end, y, right - end, &release.next, theme::TINY_M, theme::T1);
            }
            y += 12.0;
            let columns = plots::Columns::of(x, right);
            for (i, row) in figures.quality.rows.iter().enumerate() {
                let rect = at(x, y, right - x, 24.0);
                plots::forest_row_ui(pen, rect, ("small", i), row, columns, theme::S1);
                y += 24.0;
            }
            y = pen.wrapped(
                pos2(x, y + 2.0),
                right - x,
                &figures.quality.short_note,
                (theme::TINY, 16.0),
                theme::T3,
            );
            for alarm in &figures.alarms.rows {
                y += 4.0;
                plots::alarm_line_ui(pen, at(x, y, right - x, 32.0), alarm);
                y += 32.0;
            }
            if let Some(none) = &figures.alarms.none {
                y = caption(pen, y + 4.0, none);
            }
        }
        PanelBody::Sealed { title, note, .. } => {
            shapes::mark_in(pen, pos2(x + 8.0, y), 16.0, Mark::Lock, theme::T2);
            pen.left_within(x + 24.0, y, right - x - 24.0, title, theme::SMALL_M, theme::T1);
            y = caption(pen, y + 12.0, note);
        }
        PanelBody::NothingYet { text, .. } => y = caption(pen, y - 8.0, text),
    }
    plots::counts_ui(pen, x, right, y + 18.0, &view.own.counts, false);
    y + 36.0
}

/// The panel as a strip under a portrait film.
pub(crate) fn panel_strip_ui(pen: &mut Pen<'_>, rect: Rect, view: &PanelView) {
    pen.fill(rect, 0.0, theme::S0);
    pen.hline([rect.min.x, rect.max.x], rect.min.y, theme::LINE);
    let (x, right, top) = (rect.min.x + 24.0, rect.max.x - 24.0, rect.min.y);
    let figures = match &view.body {
        PanelBody::Open(figures) => figures,
        PanelBody::Sealed { title, text, note } => {
            sealed_ui(pen, at(x, top + 4.0, right - x, rect.height()), [title, text, note]);
            return;
        }
        PanelBody::NothingYet { text, .. } => {
            pen.say(rect, "nothing yet", text);
            pen.wrapped(pos2(x, top + 16.0), right - x, text, (theme::BODY, 24.0), theme::T2);
            let y = top + 97.0;
            let end = pen.left(x, y, &view.own.title, theme::SMALL_S, theme::T1) + 24.0;
            plots::counts_ui(pen, end, (end + 420.0).min(right), y, &view.own.counts, false);
            return;
        }
    };
    let middle = x + ((right - x) * 0.42).floor();
    let quality = &figures.quality;
    let end = pen.left(x, top + 21.0, &quality.title, theme::SMALL_S, theme::T1);
    pen.left_within(
        end + 8.0,
        top + 21.0,
        middle - end - 8.0,
        &quality.short_note,
        theme::SMALL,
        theme::T3,
    );
    let counted = middle - x >= 400.0;
    let columns = plots::Columns {
        scale: [x + 112.0, middle - if counted { 206.0 } else { 150.0 }],
        count: counted.then_some(middle - 144.0),
        value: middle - 88.0,
        interval: middle,
    };
    for (i, row) in quality.rows.iter().enumerate() {
        let row_rect = at(x, top + 36.0 + 24.0 * i as f32, middle - x, 24.0);
        pen.hline(columns.scale, row_rect.center().y, theme::TRACK);
        plots::forest_row_ui(pen, row_rect, ("strip", i), row, columns, theme::S0);
    }
    let from = middle + 48.0;
    let release = &figures.release;
    let words =
        pen.width(&release.next, theme::SMALL_M) + pen.width(&release.basis, theme::SMALL) + 144.0;
    let close = KeyHint::new(&[&view.close_key], "close");
    let close_x = right - controls::hint_width(pen, &close) - 24.0;
    close_ui(pen, right, top + 21.0, &view.close_key);
    let release_x = (close_x - words - 8.0).max(from);
    let end = plots::boxes_ui(pen, release_x, top + 21.0, release) + 12.0;
    let room = close_x - end;
    let end = pen.left_within(end, top + 21.0, room, &release.next, theme::SMALL_M, theme::T1);
    let room = close_x - end - 8.0;
    pen.left_within(end + 8.0, top + 21.0, room, &release.basis, theme::SMALL, theme::T3);
    let roomy = rect.height() >= 300.0;
    let mut y = top + 37.0;
    for alarm in figures.alarms.rows.iter().take(if roomy { 8 } else { 2 }) {
        plots::alarm_line_ui(pen, at(from, y, right - from, 32.0), alarm);
        y += 40.0;
    }
    if let Some(none) = &figures.alarms.none {
        pen.wrapped(pos2(from, y), right - from, none, (theme::SMALL, 16.0), theme::T2);
    }
    if roomy {
        if let Some(running) = &figures.running {
            plots::running_ui(pen, (x, middle), top + 132.0, 180.0, running);
        }
        own_ui(pen, at(from, rect.max.y - 84.0, right - from, 76.0), &view.own);
    } else if figures.alarms.rows.len() < 2 {
        let y = top + 97.0;
        let end = pen.left(from, y, &view.own.title, theme::SMALL_S, theme::T1) + 24.0;
        plots::counts_ui(pen, end, right, y, &view.own.counts, false);
    }
}

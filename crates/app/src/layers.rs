//! Palette, key sheet, dialog and toast.

use crate::{controls, layout::at, pen::Pen, shapes, theme};
use egui::{Id, Order, Rect, Role, Sense, pos2, vec2};
use overread_session::view::{
    ButtonKind, DialogView, KeyGroup, KeySheetView, LayerView, Mark, PaletteRow, PaletteView, Span,
    ToastView, UiAction,
};

const ROW: f32 = 40.0;

/// What lies over the screen. `veiled` pages show through; in the reading room it is black.
pub(crate) fn layer_ui(
    ui: &mut egui::Ui,
    out: &mut Vec<UiAction>,
    (window, films): (Rect, Rect),
    layer: &LayerView,
    veiled: bool,
) {
    let id = Id::unique("layer");
    let area = egui::Area::new(id)
        .order(Order::Foreground)
        .fixed_pos(window.min)
        .constrain(false)
        .fade_in(false)
        .interactable(true);
    let shown = area.show(ui.ctx(), |ui| {
        ui.set_clip_rect(window);
        let (back, response) = ui.allocate_exact_size(window.size(), Sense::click());
        response.widget_info(|| egui::WidgetInfo::labeled(Role::Pane, true, "Close"));
        if veiled {
            ui.painter().rect_filled(back, 0.0, theme::veil());
        }
        if response.clicked() || ui.input(|input| input.key_pressed(egui::Key::Escape)) {
            out.push(UiAction::CloseLayer);
        }
        let mut pen = Pen { ui, out };
        match layer {
            LayerView::Palette(view) => palette_ui(&mut pen, (window, films), view),
            LayerView::Keys(view) => key_sheet_ui(&mut pen, (window, films), view),
            LayerView::Dialog(view) => dialog_ui(&mut pen, window, view),
        }
    });
    ui.ctx().memory_mut(|memory| memory.set_modal_layer(shown.response.layer_id));
}

/// The middle of a layer: over the films while it fits there, so that the rail stays in sight.
fn over_films(window: Rect, films: Rect, width: f32) -> f32 {
    let region = if films.width() >= width + 32.0 { films } else { window };
    region.center().x
}

fn block_clicks(pen: &Pen<'_>, rect: Rect, name: &str) {
    let response = pen.ui.interact(rect, crate::pen::id(("layer body", name)), Sense::CLICK);
    response.widget_info(|| egui::WidgetInfo::labeled(Role::Dialog, true, name));
}

fn palette_ui(pen: &mut Pen<'_>, (window, films): (Rect, Rect), view: &PaletteView) {
    let widest = if view.beside_films { 360.0_f32 } else { 560.0 };
    let width = widest.min(window.width() - 32.0);
    let top = if window.height() < 600.0 { 16.0 } else { 96.0 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few rows")]
    let fit = (((window.height() - top - 160.0) / ROW).floor().max(3.0) as usize).min(12);
    let shown = view.rows.len().min(fit);
    let height = 48.0 + ROW * shown.max(1) as f32 + 40.0;
    let centre = if view.beside_films {
        (films.max.x - 16.0 - width / 2.0).max(window.min.x + 16.0 + width / 2.0)
    } else {
        over_films(window, films, width)
    };
    let rect = at(centre - width / 2.0, window.min.y + top, width, height);
    block_clicks(pen, rect, &view.name);
    pen.panel(rect, theme::R_CARD, theme::S2, theme::border());
    query_ui(pen, rect.with_max_y(rect.min.y + 48.0), view);
    let first = view.selected.saturating_sub(shown / 2).min(view.rows.len() - shown);
    let mut y = rect.min.y + 48.0;
    if view.rows.is_empty() {
        pen.left(rect.min.x + 16.0, y + ROW / 2.0, &view.empty, theme::BODY, theme::T3);
        pen.say(at(rect.min.x, y, width, ROW), "palette empty", &view.empty);
    }
    for (i, row) in view.rows.iter().enumerate().skip(first).take(shown) {
        let row_rect = at(rect.min.x + 1.0, y, width - 2.0, ROW);
        palette_row_ui(pen, row_rect, i, row, i == view.selected);
        y += ROW;
    }
    let foot = rect.max.y - 40.0;
    pen.hline([rect.min.x + 1.0, rect.max.x - 1.0], foot, theme::LINE);
    let mut x = rect.min.x + 16.0;
    for hint in &view.hints {
        x = controls::hint_ui(pen, x, foot + 20.0, hint) + 12.0;
    }
}

fn query_ui(pen: &mut Pen<'_>, row: Rect, view: &PaletteView) {
    let y = row.center().y;
    shapes::glass(pen, pos2(row.min.x + 24.0, y), theme::T3);
    let end = pen.right(row.max.x - 16.0, y, &view.count, theme::SMALL, theme::T3);
    let mut text = view.query.clone();
    let edit = egui::TextEdit::singleline(&mut text)
        .id(crate::pen::id("palette"))
        .font(theme::BODY.font())
        .hint_text(view.field.as_str())
        .frame(egui::Frame::NONE)
        .margin(egui::Margin::ZERO);
    let place = Rect::from_x_y_ranges(row.min.x + 44.0..=end - 12.0, y - 10.0..=y + 12.0);
    let response = pen.ui.put(place, edit.desired_width(place.width()));
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, "", &view.query, "");
        info.label = Some(view.field.clone());
        info
    });
    if !response.has_focus() {
        response.request_focus();
    }
    if response.changed() {
        pen.out.push(UiAction::PaletteQuery(text));
    }
    pen.hline([row.min.x + 1.0, row.max.x - 1.0], row.max.y - 1.0, theme::LINE);
}

fn palette_row_ui(pen: &mut Pen<'_>, rect: Rect, i: usize, row: &PaletteRow, selected: bool) {
    let keys = row.caps.join("+");
    let reason = row.refused.as_deref().unwrap_or_default();
    let marked = if row.on == Some(true) { "marked" } else { "" };
    let name = [row.title.as_str(), marked, &keys, reason].into_iter().filter(|s| !s.is_empty());
    let name = name.collect::<Vec<_>>().join(", ");
    let state = (Role::ListBoxOption, row.refused.is_none(), selected);
    let response = pen.hit_on(rect, ("palette row", i), state, &name);
    if selected {
        pen.fill(rect, 0.0, theme::S3);
        pen.fill(rect.with_max_x(rect.min.x + 4.0), 0.0, theme::T1);
    } else if response.hovered() {
        pen.fill(rect, 0.0, theme::S3);
    }
    let y = rect.center().y;
    let caps: f32 = row.caps.iter().map(|cap| pen.width(cap, theme::TINY_M).max(6.0) + 18.0).sum();
    let caps_x = rect.max.x - 8.0 - caps;
    controls::hint_caps_ui(pen, caps_x, y, &row.caps);
    let color = if row.refused.is_some() { theme::T4 } else { theme::T2 };
    let mut x = rect.min.x + 16.0;
    if let Some(on) = row.on {
        shapes::tick_box(pen, pos2(x + 8.0, y), on, theme::EDGE);
        x += 32.0;
    }
    let spans = matched_spans(row);
    let galley = pen.span_galley(caps_x - x - 8.0, &spans, (theme::BODY, 24.0), color);
    let end = x + galley.size().x;
    pen.put(pos2(x, y - 12.0), galley, color);
    if !reason.is_empty() {
        pen.left_within(end + 12.0, y, caps_x - end - 24.0, reason, theme::SMALL, theme::T3);
    }
    if response.clicked() {
        pen.out.push(UiAction::PaletteRun(i));
    }
}

fn matched_spans(row: &PaletteRow) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut from = 0;
    for range in &row.matched {
        let (Some(before), Some(hit)) =
            (row.title.get(from..range.start), row.title.get(range.clone()))
        else {
            return vec![Span::plain(row.title.as_str())];
        };
        spans.push(Span::plain(before));
        spans.push(Span { text: hit.to_owned(), strong: row.refused.is_none() });
        from = range.end;
    }
    spans.push(Span::plain(row.title.get(from..).unwrap_or_default()));
    spans
}

fn group_height(group: &KeyGroup, row: f32) -> f32 {
    row * (1 + group.rows.len()) as f32 + 8.0
}

fn key_sheet_ui(pen: &mut Pen<'_>, (window, films): (Rect, Rect), view: &KeySheetView) {
    let row = 22.0;
    let width = (window.width() - 32.0).min(1200.0);
    let column = 240.0_f32;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few columns")]
    let columns = ((width - 32.0) / column).floor().max(1.0) as usize;
    let total: f32 = view.groups.iter().map(|group| group_height(group, row)).sum();
    let tallest = view.groups.iter().map(|g| group_height(g, row)).fold(0.0, f32::max);
    let mut depth = (total / columns as f32).max(tallest);
    // The least depth at which the groups, in order, fit the columns.
    while columns_used(view, row, depth) > columns {
        depth += row;
    }
    let height = (depth + 72.0).min(window.height() - 32.0);
    let columns = columns_used(view, row, depth).max(2);
    let width = width.min(column * columns as f32 + 48.0);
    let centre = pos2(over_films(window, films, width), window.center().y);
    let rect = Rect::from_center_size(centre, vec2(width, height));
    block_clicks(pen, rect, &view.title);
    pen.panel(rect, theme::R_CARD, theme::S2, theme::border());
    let (x, right, top) = (rect.min.x + 24.0, rect.max.x - 24.0, rect.min.y);
    pen.left(x, top + 28.0, &view.title, theme::LEVEL, theme::T1);
    close_hint_ui(pen, right, top + 28.0, view);
    let body = Rect::from_min_max(pos2(x, top + 56.0), pos2(right, rect.max.y - 8.0));
    let step = body.width() / columns as f32;
    let draw = |pen: &mut Pen<'_>, body: Rect| {
        let (mut cx, mut y) = (body.min.x, body.min.y);
        for group in &view.groups {
            let height = group_height(group, row);
            if y > body.min.y && y + height > body.min.y + depth + 0.5 {
                cx += step;
                y = body.min.y;
            }
            group_ui(pen, pos2(cx, y), step - 16.0, row, group);
            y += height;
        }
    };
    if depth <= body.height() + 1.0 {
        draw(pen, body);
    } else {
        crate::rail::scroll_ui(pen, body, "key sheet", depth, draw);
    }
}

fn columns_used(view: &KeySheetView, row: f32, depth: f32) -> usize {
    let (mut used, mut y) = (1, 0.0);
    for group in &view.groups {
        let height = group_height(group, row);
        if y > 0.0 && y + height > depth + 0.5 {
            used += 1;
            y = 0.0;
        }
        y += height;
    }
    used
}

fn close_hint_ui(pen: &mut Pen<'_>, right: f32, y: f32, view: &KeySheetView) {
    let width = controls::hint_width(pen, &view.close);
    let place = at(right - width - 8.0, y - 16.0, width + 16.0, 32.0);
    let response = pen.hit(place, "close sheet", Role::Button, "Close the key sheet");
    controls::hint_ui(pen, right - width, y, &view.close);
    pen.ring(&response, place, theme::R_CONTROL);
    if response.clicked() {
        pen.out.push(UiAction::CloseLayer);
    }
}

fn group_ui(pen: &mut Pen<'_>, at_: egui::Pos2, width: f32, row: f32, group: &KeyGroup) {
    pen.left(at_.x, at_.y + row / 2.0, &group.title, theme::SMALL_S, theme::T1);
    for (i, hint) in group.rows.iter().enumerate() {
        let y = at_.y + row * (i as f32 + 1.5);
        let spoken = format!("{}: {}", hint.caps.join("+"), hint.text);
        pen.say(at(at_.x, y - row / 2.0, width, row), ("key", &group.title, i), &spoken);
        let end = controls::hint_caps_ui(pen, at_.x, y, &hint.caps);
        // A long name begins earlier rather than be cut.
        let last = at_.x + width - pen.width(&hint.text, theme::SMALL);
        let x = (at_.x + 96.0).min(last).max(end + 4.0);
        pen.left_within(x, y, at_.x + width - x, &hint.text, theme::SMALL, theme::T2);
    }
}

fn dialog_ui(pen: &mut Pen<'_>, window: Rect, view: &DialogView) {
    let width = 528.0_f32.min(window.width() - 32.0);
    let text = pen.span_galley(
        width - 48.0,
        &[Span::plain(view.text.as_str())],
        (theme::BODY, 24.0),
        theme::T2,
    );
    let height = 64.0 + text.size().y + 88.0;
    let rect = Rect::from_center_size(window.center(), vec2(width, height));
    block_clicks(pen, rect, &view.title);
    pen.panel(rect, theme::R_CARD, theme::S2, theme::border());
    pen.left(rect.min.x + 24.0, rect.min.y + 36.0, &view.title, theme::KEY, theme::T1);
    pen.say(
        at(rect.min.x + 24.0, rect.min.y + 56.0, width - 48.0, text.size().y),
        "dialog text",
        &view.text,
    );
    pen.put(pos2(rect.min.x + 24.0, rect.min.y + 56.0), text, theme::T2);
    let widths: f32 = view.buttons.iter().map(|b| controls::button_width(pen, b) + 16.0).sum();
    let mut x = rect.max.x - 24.0 + 16.0 - widths;
    let opened = Id::unique("dialog opened");
    let fresh =
        pen.ui.ctx().data(|data| data.get_temp::<String>(opened)) != Some(view.title.clone());
    for button in &view.buttons {
        let place = at(x, rect.max.y - 56.0, controls::button_width(pen, button), 32.0);
        let response = controls::button_in(pen, place, ("dialog", &button.id), button);
        if fresh && button.kind == ButtonKind::Primary {
            response.request_focus();
            pen.ui.ctx().request_repaint();
        }
        if response.clicked() {
            pen.out.push(UiAction::Run(button.id.clone()));
        }
        x = place.max.x + 16.0;
    }
    pen.ui.ctx().data_mut(|data| data.insert_temp(opened, view.title.clone()));
}

/// Forgets which dialog was open, so that the next one gets its first focus again.
pub(crate) fn no_dialog(ctx: &egui::Context) {
    ctx.data_mut(|data| data.remove::<String>(Id::unique("dialog opened")));
}

/// A short-lived message, bottom centre of the rail or page; as many lines as it needs.
pub(crate) fn toast_ui(pen: &mut Pen<'_>, region: Rect, view: &ToastView) {
    let hint = view.hint.as_ref().map_or(0.0, |hint| controls::hint_width(pen, hint) + 16.0);
    let widest = (region.width() - 16.0).clamp(0.0, 560.0);
    let room = widest - 60.0 - hint;
    let one_line = pen.width(&view.text, theme::BODY) <= room;
    let style = if one_line { (theme::BODY, 24.0) } else { (theme::SMALL, 18.0) };
    let text = pen.span_galley(room, &[Span::plain(view.text.as_str())], style, theme::T1);
    let width = (text.size().x + 60.0 + hint).min(widest).ceil();
    let height = (text.size().y + 16.0).max(40.0);
    let rect = at(region.center().x - width / 2.0, region.max.y - 16.0 - height, width, height);
    let response = pen.say(rect, "toast", &view.text);
    pen.ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_live(egui::accesskit::Live::Polite);
    });
    pen.panel(rect, theme::R_CONTROL, theme::S2, theme::border());
    let y = rect.center().y;
    let color = match view.mark {
        Mark::Warning | Mark::Alarm => shapes::color(view.mark),
        _ => theme::T2,
    };
    shapes::mark_in(pen, pos2(rect.min.x + 24.0, y), 16.0, view.mark, color);
    let top = y - text.size().y / 2.0;
    pen.put(pos2(rect.min.x + 44.0, top), text, theme::T1);
    if let Some(hint) = &view.hint {
        controls::hint_ui(pen, rect.max.x - controls::hint_width(pen, hint) - 12.0, y, hint);
    }
}

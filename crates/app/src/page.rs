//! Pages made of blocks: wizard, analysis, settings.

use crate::{controls, home::column_ui, layout::at, pen::Pen, plots, shapes, tables, theme};
use egui::{Rect, Role, pos2, vec2};
use overread_session::view::{
    Block, ButtonView, ChoiceView, FieldView, LinkView, PageView, ToggleView, UiAction, WorkView,
};

/// Top bar, sections at the left, blocks in one column.
pub(crate) fn page_ui(pen: &mut Pen<'_>, page: Rect, view: &PageView) {
    pen.fill(page, 0.0, theme::S0);
    let bar = page.with_max_y(page.min.y + 48.0);
    bar_ui(pen, bar, view);
    let mut body = page.with_min_y(bar.max.y + 1.0);
    if !view.sections.is_empty() && page.width() >= 880.0 {
        sections_ui(pen, body.with_max_x(body.min.x + 208.0), &view.sections);
        body = body.with_min_x(body.min.x + 209.0);
    }
    let wide =
        view.blocks.iter().any(|b| matches!(b, Block::Table(_) | Block::Matrix(_) | Block::Roc(_)));
    let max_width = if wide { 1160.0 } else { 760.0 };
    column_ui(pen, body, "page", max_width, |pen, x, right, top| {
        let mut y = top + 24.0;
        if page.width() < 880.0 && !view.sections.is_empty() {
            y = section_row_ui(pen, x, right, y, &view.sections) + 16.0;
        }
        for (i, block) in view.blocks.iter().enumerate() {
            y = block_ui(pen, (x, right), y, i, block);
        }
        y + 24.0
    });
}

fn bar_ui(pen: &mut Pen<'_>, rect: Rect, view: &PageView) {
    pen.hline([rect.min.x, rect.max.x], rect.max.y, theme::LINE);
    let y = rect.center().y;
    let mut x = pen.left(rect.min.x + 24.0, y, &view.name, theme::BODY_S, theme::T1) + 40.0;
    let mut end = rect.max.x - 24.0;
    if let Some(action) = &view.action {
        let width = controls::button_width(pen, action);
        controls::buttons_ui(pen, end - width, y - 16.0, "bar", std::slice::from_ref(action));
        end -= width + 16.0;
    }
    for link in &view.tabs {
        let width = pen.width(&link.text, theme::BODY_M);
        if x + width > end {
            break;
        }
        let tab = Rect::from_x_y_ranges(x - 12.0..=x + width + 12.0, rect.y_range());
        let response = link_hit(pen, tab, "tab", Role::Tab, link);
        if link.selected {
            pen.fill(tab.with_min_y(rect.max.y - 2.0), 0.0, theme::T1);
        }
        let color = link_color(link, response.hovered());
        let ty = if link.selected { theme::BODY_M } else { theme::BODY };
        pen.left(x, y, &link.text, ty, color);
        pen.ring(&response, tab.shrink(6.0), theme::R_CONTROL);
        x += width + 32.0;
    }
}

fn link_color(link: &LinkView, hovered: bool) -> egui::Color32 {
    match (link.refused.is_some(), link.selected || hovered) {
        (true, _) => theme::T4,
        (false, true) => theme::T1,
        (false, false) => theme::T3,
    }
}

fn link_hit(
    pen: &mut Pen<'_>,
    rect: Rect,
    scope: &str,
    role: Role,
    link: &LinkView,
) -> egui::Response {
    let mut name = link.text.clone();
    if let Some((_, count)) = &link.mark {
        name.push_str(", ");
        name.push_str(count);
    }
    if let Some(reason) = &link.refused {
        name.push_str(". ");
        name.push_str(reason);
    }
    let state = (role, link.refused.is_none(), link.selected);
    let response = pen.hit_on(rect, (scope, &link.id), state, &name);
    if let Some(reason) = &link.refused {
        response.clone().on_hover_text(reason);
    }
    if response.clicked() {
        pen.out.push(UiAction::Run(link.id.clone()));
    }
    response
}

fn sections_ui(pen: &mut Pen<'_>, rect: Rect, sections: &[LinkView]) {
    pen.vline(rect.max.x, [rect.min.y, rect.max.y], theme::LINE);
    let mut y = rect.min.y + 16.0;
    for link in sections {
        let row = at(rect.min.x, y, rect.width(), 40.0);
        let response = link_hit(pen, row, "section", Role::Button, link);
        if link.selected || response.hovered() {
            pen.fill(row, 0.0, if link.selected { theme::S2 } else { theme::S1 });
        }
        if link.selected {
            pen.fill(row.with_max_x(row.min.x + 4.0), 0.0, theme::T1);
        }
        let ty = if link.selected { theme::BODY_S } else { theme::BODY };
        let mut end = row.max.x - 16.0;
        if let Some((mark, count)) = &link.mark {
            end = pen.right(end, row.center().y, count, theme::SMALL_M, theme::T1) - 20.0;
            shapes::mark(pen, pos2(end + 8.0, row.center().y), 14.0, *mark);
        }
        let room = end - row.min.x - 24.0;
        let color = link_color(link, response.hovered());
        pen.left_within(row.min.x + 24.0, row.center().y, room, &link.text, ty, color);
        pen.ring(&response, row.shrink(4.0), theme::R_CONTROL);
        y += 40.0;
    }
}

fn section_row_ui(pen: &mut Pen<'_>, x: f32, right: f32, top: f32, sections: &[LinkView]) -> f32 {
    let (mut at_x, mut y) = (x, top);
    for link in sections {
        let width = pen.width(&link.text, theme::SMALL_M) + 24.0;
        if at_x + width > right && at_x > x {
            at_x = x;
            y += 40.0;
        }
        let chip = at(at_x, y, width, 32.0);
        let response = link_hit(pen, chip, "section", Role::Button, link);
        let fill = if link.selected { theme::S3 } else { theme::S1 };
        pen.panel(chip, theme::R_CONTROL, fill, theme::border());
        pen.centre(chip.center(), &link.text, theme::SMALL_M, link_color(link, response.hovered()));
        pen.ring(&response, chip, theme::R_CONTROL);
        at_x += width + 8.0;
    }
    y + 32.0
}

fn block_ui(pen: &mut Pen<'_>, (x, right): (f32, f32), y: f32, i: usize, block: &Block) -> f32 {
    match block {
        Block::Title { title, note } => {
            let rect = at(x, y, right - x, 40.0);
            let heading = pen.ui.interact(rect, crate::pen::id(("title", i)), egui::Sense::hover());
            heading.widget_info(|| egui::WidgetInfo::labeled(Role::Heading, true, title));
            pen.left_within(x, y + 20.0, right - x, title, theme::TITLE, theme::T1);
            if note.is_empty() {
                return y + 56.0;
            }
            pen.wrapped(pos2(x, y + 44.0), right - x, note, (theme::BODY, 24.0), theme::T3) + 16.0
        }
        Block::Heading { title, note } => plots::heading_ui(pen, x, right, y + 8.0, title, note),
        Block::Text(spans) => {
            let text: String = spans.iter().map(|span| span.text.as_str()).collect();
            let bottom = pen.spans(pos2(x, y), right - x, spans, (theme::BODY, 24.0), theme::T2);
            pen.say(Rect::from_min_max(pos2(x, y), pos2(right, bottom)), ("text", i), &text);
            bottom + 16.0
        }
        Block::Banner(banner) => {
            let one_line = banner.buttons.is_empty()
                && pen.width(&banner.text, theme::SMALL) <= right - x - 72.0;
            let height = match (900.0 <= right - x, one_line) {
                (true, _) => 48.0,
                (false, true) => 68.0,
                (false, false) => 88.0,
            };
            controls::banner_ui(pen, at(x, y, right - x, height), banner, theme::S1);
            y + height + 16.0
        }
        Block::Forest(view) => plots::forest_ui(pen, x, right, y, view) + 24.0,
        Block::Running(view) => plots::running_ui(pen, (x, right), y, 240.0, view) + 24.0,
        Block::Alarm(view) => plots::alarm_ui(pen, x, right, y, view) + 8.0,
        Block::Table(view) => tables::table_ui(pen, x, right, y, view) + 24.0,
        Block::Matrix(view) => tables::matrix_ui(pen, x, right, y, view) + 24.0,
        Block::Roc(view) => tables::roc_ui(pen, x, right, y, view) + 24.0,
        Block::Field(view) => field_ui(pen, x, right, y, view) + 12.0,
        Block::Choice(view) => choice_ui(pen, x, right, y, view) + 12.0,
        Block::Toggle(view) => toggle_ui(pen, x, right, y, view) + 8.0,
        Block::Buttons(buttons) => buttons_row_ui(pen, x, right, y + 8.0, i, buttons) + 16.0,
        Block::Work(view) => work_ui(pen, x, right, y, i, view) + 16.0,
        Block::Counts(view) => {
            plots::counts_ui(pen, x, right, y + 12.0, view, true);
            y + 40.0
        }
    }
}

fn buttons_row_ui(
    pen: &mut Pen<'_>,
    x: f32,
    right: f32,
    y: f32,
    i: usize,
    buttons: &[ButtonView],
) -> f32 {
    let (mut at_x, mut y) = (x, y);
    let scope = format!("row {i}");
    for button in buttons {
        let reason = button.refused.as_ref().map_or(0.0, |r| pen.width(r, theme::SMALL) + 20.0);
        let width = controls::button_width(pen, button) + reason;
        if at_x > x && at_x + width > right {
            at_x = x;
            y += 40.0;
        }
        at_x = controls::buttons_ui(pen, at_x, y, &scope, std::slice::from_ref(button));
    }
    y + 32.0
}

const LABEL: f32 = 216.0;

fn label_ui(pen: &Pen<'_>, x: f32, y: f32, right: f32, text: &str) -> (f32, f32) {
    if right - x < 560.0 {
        pen.left_within(x, y + 12.0, right - x, text, theme::SMALL, theme::T3);
        (x, y + 24.0)
    } else {
        pen.left_within(x, y + 16.0, LABEL - 16.0, text, theme::BODY, theme::T2);
        (x + LABEL, y)
    }
}

fn field_ui(pen: &mut Pen<'_>, x: f32, right: f32, top: f32, view: &FieldView) -> f32 {
    let (field_x, y) = label_ui(pen, x, top, right, &view.label);
    let mut end = right;
    if let Some(button) = &view.button {
        let width = controls::button_width(pen, button);
        controls::buttons_ui(pen, right - width, y, &view.id, std::slice::from_ref(button));
        end -= width + 8.0;
    }
    let rect = at(field_x, y, end - field_x, 32.0);
    let edge = if view.problem.is_some() { theme::ALARM } else { theme::EDGE };
    pen.panel(rect, theme::R_CONTROL, theme::S0, egui::Stroke::new(1.0, edge));
    let mut text = view.text.clone();
    let edit = egui::TextEdit::singleline(&mut text)
        .id(crate::pen::id(("field", &view.id)))
        .font(theme::BODY.font())
        .hint_text(view.placeholder.as_str())
        .frame(egui::Frame::NONE)
        .margin(egui::Margin::ZERO)
        .desired_width(rect.width() - 20.0);
    let response = pen.ui.put(rect.shrink2(vec2(10.0, 5.0)), edit);
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, "", &view.text, "");
        info.label = Some(view.label.clone());
        info
    });
    pen.ring(&response, rect, theme::R_CONTROL);
    if response.changed() {
        pen.out.push(UiAction::Field { id: view.id.clone(), text });
    }
    let mut y = rect.max.y;
    if let Some(problem) = &view.problem {
        shapes::mark(pen, pos2(field_x + 8.0, y + 14.0), 14.0, overread_session::view::Mark::Alarm);
        pen.say(at(field_x, y + 4.0, right - field_x, 20.0), ("problem", &view.id), problem);
        y = pen.wrapped(
            pos2(field_x + 24.0, y + 6.0),
            right - field_x - 24.0,
            problem,
            (theme::SMALL, 16.0),
            theme::T1,
        );
    }
    if !view.note.is_empty() {
        y = pen.wrapped(
            pos2(field_x, y + 4.0),
            right - field_x,
            &view.note,
            (theme::SMALL, 16.0),
            theme::T3,
        );
    }
    y
}

fn choice_ui(pen: &mut Pen<'_>, x: f32, right: f32, top: f32, view: &ChoiceView) -> f32 {
    let (field_x, y) = label_ui(pen, x, top, right, &view.label);
    let (mut at_x, mut y) = (field_x, y);
    for (i, option) in view.options.iter().enumerate() {
        let on = i == view.selected;
        let width = pen.width(option, theme::BODY_M) + if on { 48.0 } else { 28.0 };
        if at_x > field_x && at_x + width > right {
            at_x = field_x;
            y += 40.0;
        }
        let rect = at(at_x, y, width, 32.0);
        let name = format!("{}: {option}", view.label);
        let response =
            pen.hit_on(rect, ("choice", &view.id, i), (Role::RadioButton, true, on), &name);
        let color = if on {
            pen.fill(rect, theme::R_CONTROL, theme::T2);
            let mark = overread_session::view::Mark::Check;
            shapes::mark_in(pen, pos2(rect.min.x + 18.0, rect.center().y), 14.0, mark, theme::S0);
            theme::S0
        } else {
            let fill = if response.hovered() { theme::S3 } else { theme::S2 };
            pen.panel(rect, theme::R_CONTROL, fill, theme::border());
            theme::T2
        };
        let text_x = rect.min.x + if on { 32.0 } else { 14.0 };
        pen.left(text_x, rect.center().y, option, theme::BODY_M, color);
        pen.ring(&response, rect, theme::R_CONTROL);
        if response.clicked() {
            pen.out.push(UiAction::Choose { id: view.id.clone(), index: i });
        }
        at_x += width + 8.0;
    }
    y += 32.0;
    if !view.note.is_empty() {
        y = pen.wrapped(
            pos2(field_x, y + 4.0),
            right - field_x,
            &view.note,
            (theme::SMALL, 16.0),
            theme::T3,
        );
    }
    y
}

fn toggle_ui(pen: &mut Pen<'_>, x: f32, right: f32, y: f32, view: &ToggleView) -> f32 {
    let row = at(x, y, right - x, 32.0);
    let response =
        pen.hit_on(row, ("toggle", &view.id), (Role::CheckBox, true, view.on), &view.label);
    let edge = if response.hovered() { theme::T1 } else { theme::EDGE };
    shapes::tick_box(pen, pos2(x + 8.0, y + 16.0), view.on, edge);
    let end =
        pen.left_within(x + 28.0, y + 16.0, right - x - 28.0, &view.label, theme::BODY, theme::T2);
    pen.left_within(end + 16.0, y + 16.0, right - end - 16.0, &view.note, theme::SMALL, theme::T3);
    pen.ring(&response, at(x, y + 8.0, 16.0, 16.0), theme::R_CONTROL);
    if response.clicked() {
        pen.out.push(UiAction::Run(view.id.clone()));
    }
    row.max.y
}

fn work_ui(pen: &mut Pen<'_>, x: f32, right: f32, y: f32, i: usize, view: &WorkView) -> f32 {
    let card = at(x, y, right - x, 72.0);
    pen.panel(card, theme::R_CARD, theme::S1, theme::hair());
    let mut end = right - 16.0;
    if let Some(cancel) = &view.cancel {
        let width = controls::button_width(pen, cancel);
        let scope = format!("work {i}");
        controls::buttons_ui(pen, end - width, y + 20.0, &scope, std::slice::from_ref(cancel));
        end -= width + 24.0;
    }
    let name = format!("{}, {}", view.title, view.text);
    let response =
        pen.ui.interact(card.with_max_x(end), crate::pen::id(("work", i)), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(Role::ProgressIndicator, true, &name));
    pen.left_within(x + 16.0, y + 24.0, end - x - 16.0, &view.title, theme::BODY_M, theme::T1);
    pen.right(end, y + 24.0, &view.text, theme::SMALL, theme::T2);
    let bar = Rect::from_x_y_ranges(x + 16.0..=end, y + 46.0..=y + 52.0);
    pen.fill(bar, 0.0, theme::TRACK);
    if let Some(fraction) = view.fraction {
        #[expect(clippy::cast_possible_truncation, reason = "a place on screen")]
        let share = fraction.clamp(0.0, 1.0) as f32;
        pen.fill(bar.with_max_x(bar.min.x + bar.width() * share), 0.0, theme::T3);
    }
    card.max.y
}

//! The rows of the rail.

use crate::{
    controls::{CAP, CapLook, cap_ui},
    layout::at,
    pen::Pen,
    shapes, theme,
};
use egui::{Color32, Rect, Response, Role, Stroke, pos2, vec2};
use overread_session::view::{
    AnswerView, EchoView, Mark, NoAnswerView, ProgressView, ReadView, RowState, StateKind,
    StateView, TagView, ThresholdView, UiAction,
};

/// Metrics of an answer row.
#[derive(Clone, Copy)]
pub(crate) struct AnswerLook<'a> {
    /// Key just pressed, while its echo is fresh.
    pub pressed: &'a str,
    pub bleed: f32,
    pub rules: bool,
    pub shape: f32,
    pub name_x: f32,
}

/// One level: cap, shape, name, and what it means under the rules.
pub(crate) fn answer_ui(
    pen: &mut Pen<'_>,
    rect: Rect,
    i: usize,
    row: &AnswerView,
    look: AnswerLook<'_>,
) {
    let enabled = row.state != RowState::Waiting && row.state != RowState::TooEarly;
    let chosen = matches!(row.state, RowState::Chosen | RowState::Unsaved);
    let name = spoken(&row.key, &row.name, &row.spoken, row.state);
    let response = pen.hit_on(rect, ("answer", i), (Role::RadioButton, enabled, chosen), &name);
    let back = rect
        .expand2(vec2(look.bleed, 0.0))
        .shrink2(vec2(0.0, (rect.height() - 48.0).max(0.0) / 2.0));
    row_back(pen, &response, back, row.state);
    let cap = Rect::from_center_size(pos2(rect.min.x + CAP / 2.0, rect.center().y), vec2(CAP, CAP));
    cap_ui(pen, cap, &row.key, cap_look(&row.key, row.state, look.pressed));
    let shape_at = pos2(rect.min.x + shape_x(look.name_x), rect.center().y);
    let (shape, text) = row_colors(row.mark, row.state, theme::T1);
    shapes::mark_in(pen, shape_at, look.shape, row.mark, shape);
    let y = rect.center().y;
    let right = rect.max.x;
    let rules_at = if row.state == RowState::Unsaved {
        let x = pen.right(right, y, "not saved", theme::SMALL, theme::T1);
        shapes::mark(pen, pos2(x - 14.0, y), 14.0, Mark::Alarm);
        x - 24.0
    } else if look.rules {
        pen.right(right, y, &row.rules, theme::TINY, if enabled { theme::T3 } else { theme::T4 })
    } else {
        right
    };
    let x = rect.min.x + look.name_x;
    pen.left_within(x, y, rules_at - 8.0 - x, &row.name, theme::LEVEL, text);
    pen.ring(&response, back, theme::R_CONTROL);
    if response.clicked() {
        pen.out.push(UiAction::ClickAnswer(i));
    }
}

/// The key just pressed while its echo is fresh; empty otherwise.
pub(crate) fn pressed(view: &ReadView) -> &str {
    view.echo.as_ref().filter(|echo| echo.fresh).map_or("", |echo| &echo.key)
}

/// The cap just pressed is filled while its echo is fresh, whatever the next item waits for.
pub(crate) fn cap_look(key: &str, state: RowState, pressed: &str) -> CapLook {
    if key == pressed { CapLook::Filled } else { CapLook::of(state) }
}

/// A shape stands midway between cap and name.
fn shape_x(name_x: f32) -> f32 {
    f32::midpoint(CAP, name_x)
}

/// Background of a row that can be chosen.
fn row_back(pen: &Pen<'_>, response: &Response, rect: Rect, state: RowState) {
    match state {
        RowState::Chosen | RowState::Unsaved => {
            pen.fill(rect, theme::R_CONTROL, theme::S3);
            let unsaved = state == RowState::Unsaved;
            pen.left_bar(rect, theme::R_CONTROL, if unsaved { theme::ALARM } else { theme::T1 });
        }
        RowState::Ready if response.hovered() => pen.fill(rect, theme::R_CONTROL, theme::S3),
        _ => {}
    }
}

fn row_colors(mark: Mark, state: RowState, text: Color32) -> (Color32, Color32) {
    match state {
        RowState::Waiting | RowState::TooEarly => (theme::T4, theme::T4),
        _ => (shapes::color(mark), text),
    }
}

/// "1, absent, permissive no, clinical no", and how the row stands.
fn spoken(key: &str, name: &str, rules: &str, state: RowState) -> String {
    let mut text = format!("{key}, {}", lower_first(name));
    if !rules.is_empty() {
        text.push_str(", ");
        text.push_str(rules);
    }
    text.push_str(match state {
        RowState::Ready => "",
        RowState::Waiting => ", waiting",
        RowState::TooEarly => ", came too early, not counted",
        RowState::Chosen => ", chosen",
        RowState::Unsaved => ", chosen, not saved",
    });
    text
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// A rule as the line a level must reach.
pub(crate) fn threshold_ui(pen: &mut Pen<'_>, rect: Rect, i: usize, row: &ThresholdView) {
    let y = rect.center().y;
    pen.say(
        rect,
        ("threshold", i),
        &format!("Below this line the {} rule is met: {}", row.name, row.wording),
    );
    let x = pen.left(rect.min.x, y, &row.name, theme::SMALL_M, theme::T1);
    let room = rect.max.x - x - 4.0;
    let x = pen.left_within(x + 4.0, y, room, &row.wording, theme::SMALL, theme::T2);
    if x + 16.0 < rect.max.x {
        pen.dashed([pos2(x + 8.0, y), pos2(rect.max.x, y)], 1.0, theme::EDGE);
    }
}

/// Unsure or inadequate.
pub(crate) fn no_answer_ui(
    pen: &mut Pen<'_>,
    rect: Rect,
    i: usize,
    row: &NoAnswerView,
    (name_x, pressed): (f32, &str),
) {
    let enabled = row.state != RowState::Waiting && row.state != RowState::TooEarly;
    let chosen = matches!(row.state, RowState::Chosen | RowState::Unsaved);
    let spoken = spoken(&row.key, &row.name, "no answer under either rule", row.state);
    let response =
        pen.hit_on(rect, ("no answer", i), (Role::RadioButton, enabled, chosen), &spoken);
    row_back(pen, &response, rect.expand2(vec2(4.0, 0.0)), row.state);
    let y = rect.center().y;
    let cap = Rect::from_center_size(pos2(rect.min.x + CAP / 2.0, y), vec2(CAP, CAP));
    cap_ui(pen, cap, &row.key, cap_look(&row.key, row.state, pressed));
    let tight = name_x < 70.0;
    let (shape, text) = row_colors(row.mark, row.state, if chosen { theme::T1 } else { theme::T2 });
    let shape_x = rect.min.x + if tight { 48.0 } else { shape_x(name_x) };
    shapes::mark_in(pen, pos2(shape_x, y), if tight { 16.0 } else { 19.0 }, row.mark, shape);
    let (name, ty) = if tight { (&row.short, theme::SMALL) } else { (&row.name, theme::BODY) };
    let x = rect.min.x + name_x;
    pen.left_within(x, y, rect.max.x - x + 4.0, name, ty, text);
    pen.ring(&response, cap, theme::R_CONTROL);
    if response.clicked() {
        pen.out.push(UiAction::ClickNoAnswer(i));
    }
}

/// A tag as a row: cap, box, name.
pub(crate) fn tag_ui(pen: &mut Pen<'_>, rect: Rect, i: usize, tag: &TagView, name_x: f32) {
    let y = rect.center().y;
    let response = tag_hit(pen, rect, i, tag);
    // Where rows stand close, caps keep apart.
    let side = CAP.min(rect.height() - 4.0);
    let cap = Rect::from_center_size(pos2(rect.min.x + CAP / 2.0, y), vec2(side, side));
    let look = tag_look(tag);
    cap_ui(pen, cap, &tag.key, look);
    let dim = tag.refused.is_some();
    let edge = if dim { theme::T4 } else { theme::EDGE };
    shapes::tick_box(pen, pos2(rect.min.x + shape_x(name_x), y), tag.on, edge);
    let x = rect.min.x + name_x;
    let room = rect.max.x - x + 4.0;
    let (ty, color) = match (tag.on, dim) {
        (_, true) => (theme::BODY, theme::T4),
        (true, false) => (theme::BODY_M, theme::T1),
        (false, false) => (theme::BODY, theme::T2),
    };
    let whole = pen.width(&tag.name, ty) <= room;
    let name = if whole { &tag.name } else { &tag.short };
    pen.left_within(x, y, room, name, ty, color);
    pen.ring(&response, cap, theme::R_CONTROL);
    if !whole && tag.refused.is_none() {
        response.on_hover_text(&tag.name);
    }
}

/// A tag as a chip at a corner; returns its width.
pub(crate) fn chip_ui(
    pen: &mut Pen<'_>,
    x: f32,
    y: f32,
    max_width: f32,
    i: usize,
    tag: &TagView,
) -> f32 {
    let ty = if tag.on { theme::SMALL_M } else { theme::SMALL };
    let check = if tag.on { 22.0 } else { 0.0 };
    let room = max_width - 38.0 - check - 9.0;
    let name = if pen.width(&tag.name, ty) <= room { &tag.name } else { &tag.short };
    let width = (38.0 + check + pen.width(name, ty).min(room) + 9.0).ceil();
    let rect = at(x, y, width, 32.0);
    let response = tag_hit(pen, rect, i, tag);
    let stroke = if tag.on { Stroke::new(1.0, theme::T2) } else { theme::border() };
    let fill = if response.hovered() && tag.refused.is_none() { theme::S3 } else { theme::S2 };
    if tag.refused.is_some() {
        pen.dashed_frame(rect, theme::R_CONTROL, Stroke::new(1.0, theme::T4));
    } else {
        pen.panel(rect, theme::R_CONTROL, fill, stroke);
    }
    cap_ui(pen, at(x + 5.0, y + 4.0, 24.0, 24.0), &tag.key, tag_look(tag));
    let mid = y + 16.0;
    if tag.on {
        shapes::mark_in(pen, pos2(x + 44.0, mid), 14.0, Mark::Check, theme::T2);
    }
    let color = match (tag.refused.is_some(), tag.on) {
        (true, _) => theme::T4,
        (false, true) => theme::T1,
        (false, false) => theme::T2,
    };
    pen.left_within(x + 38.0 + check, mid, room, name, ty, color);
    pen.ring(&response, rect, theme::R_CONTROL);
    width
}

fn tag_look(tag: &TagView) -> CapLook {
    match (tag.refused.is_some(), tag.on) {
        (true, _) => CapLook::Dashed,
        (false, true) => CapLook::Filled,
        (false, false) => CapLook::Rest,
    }
}

fn tag_hit(pen: &mut Pen<'_>, rect: Rect, i: usize, tag: &TagView) -> Response {
    let mut name = format!("{}, {}{}", tag.key, tag.spoken, tag.name);
    if let Some(reason) = &tag.refused {
        name.push_str(". ");
        name.push_str(reason);
    }
    let enabled = tag.refused.is_none();
    let response = pen.hit_on(rect, ("tag", i), (Role::CheckBox, enabled, tag.on), &name);
    if let Some(reason) = &tag.refused {
        response.clone().on_hover_text(reason);
    }
    if response.clicked() {
        pen.out.push(UiAction::ToggleTag(i));
    }
    response
}

/// Room that a cap takes before its word.
pub(crate) const CAP_GAP: f32 = CAP + 6.0;

/// Cap and word: comment, flag.
pub(crate) fn cap_word_ui(
    pen: &mut Pen<'_>,
    rect: Rect,
    (key, text, on): (&str, &str, bool),
    gap: f32,
    action: UiAction,
) -> Response {
    let name = format!("{key}, {}", lower_first(text));
    let response = pen.hit_on(rect, ("cap word", key), (Role::Button, true, on), &name);
    let y = rect.center().y;
    let cap = Rect::from_center_size(pos2(rect.min.x + CAP / 2.0, y), vec2(CAP, CAP));
    cap_ui(pen, cap, key, if on { CapLook::Filled } else { CapLook::Rest });
    let (ty, color) = if on { (theme::BODY_M, theme::T1) } else { (theme::BODY, theme::T2) };
    let x = rect.min.x + CAP + gap;
    pen.left_within(x, y, rect.max.x - x + 4.0, text, ty, color);
    pen.ring(&response, cap, theme::R_CONTROL);
    if response.clicked() {
        pen.out.push(action);
    }
    response
}

/// The echo of the answer before. Its place stays when there is none.
pub(crate) fn echo_ui(pen: &mut Pen<'_>, rect: Rect, echo: Option<&EchoView>, short: bool) {
    let Some(echo) = echo else { return };
    let spoken = format!("{}: {}, {}", echo.text, echo.answer, echo.saved);
    pen.say(rect, "echo", &spoken);
    pen.fill(rect, theme::R_CONTROL, if echo.fresh { theme::S3 } else { theme::S2 });
    let y = rect.center().y;
    let quiet = if echo.fresh { theme::T1 } else { theme::T3 };
    let lead = if short { &echo.short } else { &echo.text };
    let x = pen.left(rect.min.x + 12.0, y, lead, theme::SMALL, quiet);
    shapes::mark(pen, pos2(x + 16.0, y), 16.0, echo.mark);
    let saved = pen.right(rect.max.x - 12.0, y, &echo.saved, theme::SMALL, quiet);
    shapes::mark_in(pen, pos2(saved - 11.0, y), 14.0, Mark::Check, quiet);
    let room = saved - 22.0 - (x + 32.0);
    pen.left_within(x + 32.0, y, room, &echo.answer, theme::SMALL_M, theme::T1);
}

/// The echo inside the item row of small windows: number, shape, answer, tick.
pub(crate) fn echo_short_ui(
    pen: &mut Pen<'_>,
    right: f32,
    y: f32,
    echo: Option<&EchoView>,
    word: bool,
) {
    let Some(echo) = echo else { return };
    let spoken = format!("{}: {}, {}", echo.text, echo.answer, echo.saved);
    let color = if echo.fresh { theme::T1 } else { theme::T3 };
    shapes::mark_in(pen, pos2(right - 7.0, y), 14.0, Mark::Check, color);
    let mut x = right - 18.0;
    if word {
        x = pen.right(x, y, &echo.answer, theme::SMALL_M, theme::T1) - 6.0;
    }
    shapes::mark(pen, pos2(x - 8.0, y), 16.0, echo.mark);
    let x = pen.right(x - 20.0, y, &echo.number, theme::SMALL, color);
    pen.say(Rect::from_x_y_ranges(x..=right, y - 8.0..=y + 8.0), "echo", &spoken);
}

/// One segment an item up to 100, a plain bar above.
pub(crate) fn progress_ui(pen: &mut Pen<'_>, rect: Rect, progress: &ProgressView) {
    let ProgressView { total, done, current, ref flagged } = *progress;
    let spoken = format!("Item {} of {total}, {} flagged", current + 1, flagged.len());
    let response = pen.ui.interact(rect, crate::pen::id("progress"), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(Role::ProgressIndicator, true, &spoken));
    if total == 0 {
        return;
    }
    let edge = |i: usize| rect.min.x + (rect.width() + 1.0) * (i as f32 / total as f32);
    let bar = |from: f32, to: f32, grow: f32, color: Color32| {
        let row = Rect::from_x_y_ranges(from..=to, rect.min.y - grow..=rect.max.y + grow);
        pen.fill(row, 0.0, color);
    };
    if total <= 100 {
        for i in 0..total {
            if i != current {
                bar(
                    edge(i),
                    edge(i + 1) - 1.0,
                    0.0,
                    if i < done { theme::T3 } else { theme::TRACK },
                );
            }
        }
    } else {
        bar(rect.min.x, rect.max.x, 0.0, theme::TRACK);
        bar(rect.min.x, edge(done), 0.0, theme::T3);
    }
    if current < total {
        let from = edge(current);
        bar(from, (edge(current + 1) - 1.0).max(from + 2.0), 2.0, theme::T1);
    }
    for &i in flagged.iter().filter(|i| **i < total) {
        let x = (edge(i) + edge(i + 1) - 1.0) / 2.0;
        pen.ui.painter().circle_filled(pos2(x, rect.max.y + 6.0), 1.5, theme::T2);
    }
}

/// Shape and colour of the bar beside the question.
pub(crate) fn bar_color(kind: StateKind) -> Color32 {
    match kind {
        StateKind::Ready | StateKind::Reopened | StateKind::Undecodable => theme::T1,
        StateKind::Waiting | StateKind::TooEarly | StateKind::Closed => theme::T4,
        StateKind::Unsaved => theme::ALARM,
    }
}

/// Question and state line, centred on the given heights.
pub(crate) fn question_ui(
    pen: &mut Pen<'_>,
    (x, right): (f32, f32),
    (question_y, state_y): (f32, f32),
    question: &str,
    state: &StateView,
    ty: theme::Type,
) {
    let row = Rect::from_x_y_ranges(x..=right, question_y - 16.0..=question_y + 16.0);
    pen.ui
        .interact(row, crate::pen::id("question"), egui::Sense::hover())
        .widget_info(|| egui::WidgetInfo::labeled(Role::Heading, true, question));
    let wanted = pen.width(question, ty);
    let size = (ty.size * (right - x) / wanted.max(1.0)).floor().clamp(17.0, ty.size);
    let ty = theme::Type { size, ..ty };
    pen.left_within(x, question_y, right - x, question, ty, theme::T1);

    let mark = match state.kind {
        StateKind::Ready => Mark::Dot,
        StateKind::Waiting | StateKind::TooEarly => Mark::Waiting,
        StateKind::Unsaved | StateKind::Undecodable => Mark::Alarm,
        StateKind::Reopened => Mark::Warning,
        StateKind::Closed => Mark::Lock,
    };
    shapes::mark(pen, pos2(x + 8.0, state_y), 16.0, mark);
    let text_x = x + if right - x < 220.0 { 20.0 } else { 24.0 };
    let room = right - text_x + 8.0;
    let fits = |ty: &theme::Type| pen.width(&state.text, *ty) <= room;
    let ty = [theme::BODY_M, theme::SMALL_M].into_iter().find(fits).unwrap_or(theme::TINY_M);
    pen.left_within(text_x, state_y, room, &state.text, ty, theme::T1);
    let spoken = state
        .detail
        .as_ref()
        .map_or_else(|| state.text.clone(), |detail| format!("{} {detail}", state.text));
    let line = Rect::from_x_y_ranges(x..=right, state_y - 10.0..=state_y + 10.0);
    let response = pen.say(line, "state", &spoken);
    pen.ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_live(egui::accesskit::Live::Polite);
    });
}

//! The rail beside the film. Every row has its place, also while it is empty.

use crate::{
    controls,
    findings::findings_ui,
    layout::{Room, at},
    pen::Pen,
    rows::{self, AnswerLook},
    theme::{self, Type},
};
use egui::{Rect, pos2};
use overread_session::view::{KeyHint, ReadView, TagView, UiAction};

/// Vertical places of one kind of rail.
pub(crate) struct Grid {
    item: f32,
    progress: f32,
    echo: Option<(f32, f32)>,
    bar: (f32, f32),
    question: f32,
    state: f32,
    answers: f32,
    answer: f32,
    threshold: f32,
    no_answer: NoAnswer,
    name_x: f32,
    shape: f32,
    ty: Type,
}

/// How unsure and inadequate stand.
#[derive(Clone, Copy)]
enum NoAnswer {
    Rows,
    OneRow(f32),
}

const WIDE: Grid = Grid {
    item: 36.0,
    progress: 58.0,
    echo: Some((80.0, 40.0)),
    bar: (152.0, 240.0),
    question: 181.0,
    state: 220.0,
    answers: 256.0,
    answer: 56.0,
    threshold: 32.0,
    no_answer: NoAnswer::Rows,
    name_x: 84.0,
    shape: 20.0,
    ty: theme::QUESTION,
};

const COMPACT: Grid = Grid {
    item: 28.0,
    progress: 46.0,
    echo: Some((64.0, 32.0)),
    bar: (112.0, 184.0),
    question: 136.0,
    state: 164.0,
    answers: 192.0,
    answer: 48.0,
    threshold: 24.0,
    no_answer: NoAnswer::OneRow(57.0),
    name_x: 84.0,
    shape: 20.0,
    ty: theme::TITLE,
};

const TIGHT: Grid = Grid {
    item: 20.0,
    progress: 34.0,
    echo: None,
    bar: (48.0, 120.0),
    question: 73.0,
    state: 100.0,
    answers: 124.0,
    answer: 40.0,
    threshold: 24.0,
    no_answer: NoAnswer::OneRow(50.0),
    name_x: 84.0,
    shape: 18.0,
    ty: theme::TITLE,
};

fn grid(room: Room) -> &'static Grid {
    match room {
        Room::Wide | Room::Portrait => &WIDE,
        Room::Compact => &COMPACT,
        Room::Tight | Room::Least => &TIGHT,
    }
}

/// The whole rail. What stands below the answers begins at the height returned, which small
/// windows give to the live panel.
pub(crate) fn rail_ui(pen: &mut Pen<'_>, rail: Rect, room: Room, view: &ReadView) {
    pen.fill(rail, 0.0, theme::S1);
    pen.vline(rail.min.x, [rail.min.y, rail.max.y], theme::LINE);
    let grid = grid(room);
    let gutter = room.gutter();
    let (x, right, top) = (rail.min.x + gutter, rail.max.x - gutter, rail.min.y);
    let inside = |y: f32, h: f32| at(x, top + y, right - x, h);

    item_ui(pen, inside(grid.item - 12.0, 24.0), view, grid.echo.is_none());
    rows::progress_ui(pen, inside(grid.progress, 6.0), &view.progress);
    if let Some((y, h)) = grid.echo {
        rows::echo_ui(pen, inside(y, h), view.echo.as_ref(), room != Room::Wide);
    }
    let bar =
        Rect::from_x_y_ranges(rail.min.x..=rail.min.x + 4.0, top + grid.bar.0..=top + grid.bar.1);
    pen.fill(bar, 0.0, rows::bar_color(view.state.kind));
    let heights = (top + grid.question, top + grid.state);
    rows::question_ui(pen, (x, right), heights, &view.question, &view.state, grid.ty);

    // The detail of the state has a place of its own: the free strip above the answers.
    let mut y = grid.answers;
    if let (Some(detail), None) = (&view.state.detail, &view.findings) {
        let middle =
            top + f32::midpoint(grid.bar.1, grid.answers + (grid.answer - controls::CAP) / 2.0);
        if view.second_look {
            // What the item is about. A second look has no thresholds, so that there is room for it.
            let more = if view.thresholds.is_empty() { grid.threshold } else { 0.0 };
            y += more;
            let fits = |ty: &Type| pen.width(detail, *ty) <= right - x;
            let (largest, lift) =
                if more > 0.0 { (theme::BODY_M, 2.0) } else { (theme::SMALL_M, 5.0) };
            let ty = [largest, theme::SMALL_M].into_iter().find(fits).unwrap_or(theme::TINY_M);
            pen.left_within(x, middle - lift + more / 2.0, right - x, detail, ty, theme::T1);
        } else {
            pen.left_within(x, middle - 2.0, right - x, detail, theme::TINY, theme::T2);
        }
    }
    if let Some(findings) = &view.findings {
        let area =
            inside(y - 8.0, rail.height() - y - if room == Room::Wide { 120.0 } else { 92.0 });
        // The list begins where the detail would stand: it takes the place of the caption.
        let detail = view.state.detail.as_deref();
        y = findings_ui(pen, area, (findings, detail), room) - top;
        y = no_answers_ui(pen, (x, right, top), y, NoAnswer::OneRow(48.0), view);
    } else {
        let look = AnswerLook {
            pressed: rows::pressed(view),
            bleed: 4.0,
            rules: true,
            shape: grid.shape,
            name_x: grid.name_x,
        };
        for (i, answer) in view.answers.iter().enumerate() {
            rows::answer_ui(pen, inside(y, grid.answer), i, answer, look);
            y += grid.answer;
            if let Some(threshold) = view.thresholds.get(i) {
                rows::threshold_ui(pen, inside(y, grid.threshold), i, threshold);
                y += grid.threshold;
            }
        }
        y += match room {
            Room::Wide => 16.0,
            Room::Compact | Room::Portrait => 8.0,
            Room::Tight | Room::Least => 4.0,
        };
        pen.hline([x, right], top + y, theme::LINE);
        y = no_answers_ui(pen, (x, right, top), y, grid.no_answer, view);
    }
    lower_ui(pen, at(x, top + y, right - x, rail.height() - y), room, view);
}

/// Item, number, flagged; in small windows the echo in place of "flagged".
pub(crate) fn item_ui(pen: &mut Pen<'_>, rect: Rect, view: &ReadView, with_echo: bool) {
    let y = rect.center().y;
    let end = pen.left(rect.min.x, y, "Item", theme::BODY, theme::T3);
    let end = pen.left(end + 8.0, y, &view.item, theme::KEY, theme::T1);
    pen.left(end + 8.0, y, &view.item_of, theme::BODY, theme::T3);
    if with_echo {
        rows::echo_short_ui(pen, rect.max.x, y, view.echo.as_ref(), rect.width() > 220.0);
    } else if let Some(flagged) = &view.flagged {
        pen.right(rect.max.x, y, flagged, theme::SMALL, theme::T3);
    }
}

fn no_answers_ui(
    pen: &mut Pen<'_>,
    (x, right, top): (f32, f32, f32),
    mut y: f32,
    style: NoAnswer,
    view: &ReadView,
) -> f32 {
    match style {
        NoAnswer::Rows => {
            pen.left(x, top + y + 25.0, "No answer", theme::SMALL_M, theme::T3);
            y += 41.0;
            for (i, row) in view.no_answers.iter().enumerate() {
                rows::no_answer_ui(
                    pen,
                    at(x, top + y, right - x, 40.0),
                    i,
                    row,
                    (84.0, rows::pressed(view)),
                );
                y += 40.0;
            }
            if let Some(skip) = &view.skip {
                controls::buttons_ui(pen, x, top + y + 4.0, "skip", std::slice::from_ref(skip));
                y += 40.0;
            }
            y + 15.0
        }
        NoAnswer::OneRow(height) => {
            let shares = [0.0, if right - x < 260.0 { 0.485 } else { 0.515 }, 1.0];
            for (i, row) in view.no_answers.iter().take(2).enumerate() {
                let from = x + (right - x) * shares[i];
                let to = x + (right - x) * shares[i + 1] - if i == 0 { 8.0 } else { 0.0 };
                let rect = at(from, top + y + height / 2.0 - 20.0, to - from, 40.0);
                let name_x = if i == 0 { 64.0 } else { 62.0 };
                rows::no_answer_ui(pen, rect, i, row, (name_x, rows::pressed(view)));
            }
            y + height
        }
    }
}

/// Tags, comment, flag, hints; or, in small windows, the live panel.
fn lower_ui(pen: &mut Pen<'_>, area: Rect, room: Room, view: &ReadView) {
    pen.hline([area.min.x, area.max.x], area.min.y, theme::LINE);
    if !room.panel_apart() && view.panel.is_some() {
        if let Some(panel) = &view.panel {
            crate::panel::panel_small_ui(pen, area.with_min_y(area.min.y + 1.0), panel);
        }
        return;
    }
    match room {
        Room::Tight | Room::Least => chips_ui(pen, area.with_min_y(area.min.y + 9.0), view),
        Room::Wide => tags_wide_ui(pen, area, view),
        Room::Compact | Room::Portrait => tags_compact_ui(pen, area, view),
    }
}

fn tags_wide_ui(pen: &mut Pen<'_>, area: Rect, view: &ReadView) {
    let (x, right) = (area.min.x, area.max.x);
    pen.left(x, area.min.y + 25.0, "Tags", theme::SMALL_M, theme::T3);
    let rows = view.hints.len().div_ceil(2);
    let hints_top = area.max.y - 20.0 - 24.0 * rows as f32;
    let y = area.min.y + 41.0;
    let step = tag_step(view, hints_top - 64.0 - y);
    let mut height = whole_rows(step, view, hints_top - 64.0 - y);
    tag_list_ui(pen, at(x, y, right - x, height), step, view);
    height += beside_ui(pen, at(x, y + height, right - x, step), view);
    notes_ui(pen, at(x, y + height + 8.0, right - x, 40.0), view);
    for (i, hint) in view.hints.iter().enumerate() {
        let column = x + if i % 2 == 0 { 0.0 } else { 144.0 };
        controls::hint_ui(pen, column, hints_top + 12.0 + 24.0 * (i / 2) as f32, hint);
    }
}

fn tags_compact_ui(pen: &mut Pen<'_>, area: Rect, view: &ReadView) {
    let (x, right) = (area.min.x, area.max.x);
    let hints_y = area.max.y - 24.0;
    let y = area.min.y + 9.0;
    let room = hints_y - 14.0 - y;
    let step = tag_step(view, room);
    let editing = view.comment.editing;
    let extra = if editing || view.skip.is_some() { 48.0 } else { 0.0 };
    let mut height = whole_rows(step, view, room - extra);
    tag_list_ui(pen, at(x, y, right - x, height), step, view);
    height += beside_ui(pen, at(x, y + height, right - x, step), view);
    if editing {
        notes_ui(pen, at(x, y + height + 4.0, right - x, 40.0), view);
    } else if let Some(skip) = &view.skip {
        controls::buttons_ui(pen, x, hints_y - 56.0, "skip", std::slice::from_ref(skip));
    }
    note_hints_ui(pen, at(x, hints_y - 16.0, right - x, 32.0), view);
}

/// Comment, flag and the other keys in one row, as far as there is room.
pub(crate) fn note_hints_ui(pen: &mut Pen<'_>, row: Rect, view: &ReadView) {
    hints_ui(pen, row, view.hints_short.iter(), view);
}

/// The same with what else is present before them, where that has no row of its own.
pub(crate) fn all_note_hints_ui(pen: &mut Pen<'_>, row: Rect, view: &ReadView) {
    let beside = view.beside.as_ref().map(|beside| KeyHint::new(&[&beside.key], "also"));
    hints_ui(pen, row, beside.iter().chain(&view.hints_short), view);
}

fn hints_ui<'v>(
    pen: &mut Pen<'_>,
    row: Rect,
    hints: impl Iterator<Item = &'v KeyHint>,
    view: &ReadView,
) {
    let mut x = row.min.x;
    for hint in hints {
        let width = controls::hint_width(pen, hint);
        if x + width > row.max.x + 1.0 {
            break;
        }
        note_hint_ui(pen, at(x, row.center().y - 16.0, width, 32.0), hint, view);
        x += width + 10.0;
    }
}

/// Tags, and behind them what else is present.
fn marks(view: &ReadView) -> impl Iterator<Item = &TagView> {
    view.tags.iter().chain(&view.beside)
}

/// Height of a tag's row: 40, or less where that lets all of them stand without scrolling.
fn tag_step(view: &ReadView, room: f32) -> f32 {
    let fits = |step: &f32| step * marks(view).count() as f32 <= room;
    [40.0, 36.0].into_iter().find(fits).unwrap_or(32.0)
}

/// The height of a list of tag rows that shows no row in part, with room left for what else is present.
fn whole_rows(step: f32, view: &ReadView, room: f32) -> f32 {
    let below = if view.beside.is_some() { step } else { 0.0 };
    let wanted = step * view.tags.len() as f32;
    wanted.min(((room - below) / step).floor() * step).max(0.0)
}

/// What else is present, in a row that stays in sight however many tags there are; returns its height.
fn beside_ui(pen: &mut Pen<'_>, row: Rect, view: &ReadView) -> f32 {
    let Some(beside) = &view.beside else { return 0.0 };
    rows::tag_ui(pen, row, view.tags.len(), beside, 84.0);
    row.height()
}

/// A hint; those of comment and flag can be clicked and are lit while there is one, since
/// nothing else here shows them.
fn note_hint_ui(pen: &mut Pen<'_>, rect: Rect, hint: &KeyHint, view: &ReadView) {
    let is = |key: &str| hint.caps.len() == 1 && hint.caps[0] == key;
    let (action, on) = if is(&view.comment.key) {
        (UiAction::OpenComment, !view.comment.text.is_empty())
    } else if is(&view.flag.key) {
        (UiAction::ToggleFlag, view.flag.on)
    } else if let Some(beside) = view.beside.as_ref().filter(|beside| is(&beside.key)) {
        (UiAction::ToggleTag(view.tags.len()), beside.on)
    } else {
        controls::hint_ui(pen, rect.min.x, rect.center().y, hint);
        return;
    };
    let name = format!("{}, {}", hint.caps[0], hint.text);
    let response = pen.hit_on(rect, ("hint", &hint.caps), (egui::Role::Button, true, on), &name);
    if on {
        controls::hint_lit_ui(pen, rect.min.x, rect.center().y, hint);
    } else {
        controls::hint_ui(pen, rect.min.x, rect.center().y, hint);
    }
    pen.ring(&response, rect.shrink2(egui::vec2(0.0, 6.0)), theme::R_HINT);
    if matches!(action, UiAction::OpenComment) {
        told_ui(&response, &view.comment.text);
    }
    if response.clicked() {
        pen.out.push(action);
    }
}

/// The comment in full where the pointer rests on its place.
pub(crate) fn told_ui(response: &egui::Response, comment: &str) {
    if !comment.is_empty() {
        response.clone().on_hover_text(comment);
    }
}

/// Tags in rows; scrolls when there are more than fit.
fn tag_list_ui(pen: &mut Pen<'_>, area: Rect, step: f32, view: &ReadView) {
    let wanted = step * view.tags.len() as f32;
    let list = |pen: &mut Pen<'_>, origin: egui::Pos2, width: f32| {
        for (i, tag) in view.tags.iter().enumerate() {
            let rect = at(origin.x, origin.y + step * i as f32, width, step);
            rows::tag_ui(pen, rect, i, tag, 84.0);
        }
    };
    if area.height() < step {
        // No room at all: tags are still set by key and from the palette.
    } else if wanted <= area.height() {
        list(pen, area.min, area.width());
    } else {
        scroll_ui(pen, area, "tags", wanted, |pen, rect| list(pen, rect.min, rect.width()));
    }
}

/// A region that scrolls when its contents are higher.
pub(crate) fn scroll_ui(
    pen: &mut Pen<'_>,
    area: Rect,
    key: &str,
    height: f32,
    add: impl FnOnce(&mut Pen<'_>, Rect),
) {
    let Pen { ui, out } = pen;
    // Caps and rings reach a few points outside their rows.
    let builder = egui::UiBuilder::new().id_salt(key).max_rect(area.expand2(egui::vec2(6.0, 0.0)));
    let mut child = ui.new_child(builder);
    egui::ScrollArea::vertical().id_salt(key).auto_shrink([false, false]).show(&mut child, |ui| {
        let (_, rect) = ui.allocate_space(egui::vec2(area.width() + 12.0, height));
        add(&mut Pen { ui, out }, rect.shrink2(egui::vec2(6.0, 0.0)));
    });
}

pub(crate) fn chips_ui(pen: &mut Pen<'_>, area: Rect, view: &ReadView) {
    if view.comment.editing {
        notes_ui(pen, at(area.min.x, area.min.y, area.width(), 40.0), view);
        return;
    }
    // Chips flow; their places depend on the names only, so switching one moves none: each is
    // given the room of its checked form.
    let place = |pen: &Pen<'_>| {
        let (mut x, mut y) = (0.0, 0.0);
        let mut places = Vec::new();
        for tag in marks(view) {
            let width = 38.0 + 22.0 + pen.width(&tag.name, theme::SMALL_M) + 9.0;
            if x > 0.0 && x + width > area.width() {
                x = 0.0;
                y += 40.0;
            }
            places.push(pos2(x, y));
            x += width + 8.0;
        }
        (places, y + 40.0)
    };
    let (places, wanted) = place(pen);
    let add = |pen: &mut Pen<'_>, rect: Rect| {
        for (i, (tag, place)) in marks(view).zip(&places).enumerate() {
            let (x, y) = (rect.min.x + place.x, rect.min.y + place.y);
            rows::chip_ui(pen, x, y, area.width(), i, tag);
        }
    };
    let mut area = area.with_max_y(area.max.y.max(area.min.y));
    if let Some(skip) = &view.skip {
        controls::buttons_ui(
            pen,
            area.min.x,
            area.max.y - 40.0,
            "skip",
            std::slice::from_ref(skip),
        );
        area.max.y -= 48.0;
    }
    if wanted - 8.0 <= area.height() {
        add(pen, area);
    } else {
        scroll_ui(pen, area, "chips", wanted, add);
    }
}

/// Comment and flag, or the box being typed into.
pub(crate) fn notes_ui(pen: &mut Pen<'_>, row: Rect, view: &ReadView) {
    let comment = &view.comment;
    if comment.editing {
        comment_ui(pen, row, view);
        return;
    }
    let half = row.width() / 2.0;
    let has_text = !comment.text.is_empty();
    let caption = if has_text { "Commented" } else { "Comment" };
    // In a narrow rail the first word needs more than half.
    let half = half.max(rows::CAP_GAP + pen.width(caption, theme::BODY) + 18.0);
    let left = row.with_max_x(row.min.x + half - 8.0);
    let response =
        rows::cap_word_ui(pen, left, (&comment.key, caption, has_text), 8.0, UiAction::OpenComment);
    told_ui(&response, &comment.text);
    let right = row.with_min_x(row.min.x + half - 6.0);
    let flag = &view.flag;
    let room = right.width() - rows::CAP_GAP;
    let name = if pen.width(&flag.name, theme::BODY) <= room { &flag.name } else { &flag.short };
    rows::cap_word_ui(pen, right, (&flag.key, name, flag.on), 8.0, UiAction::ToggleFlag);
}

/// The open text box; while it has the focus it swallows every reading key.
fn comment_ui(pen: &mut Pen<'_>, row: Rect, view: &ReadView) {
    let field = at(row.min.x, row.min.y + 4.0, row.width(), 32.0);
    pen.panel(field, theme::R_CONTROL, theme::S0, theme::border());
    pen.ring_at(field, theme::R_CONTROL);
    let mut text = view.comment.text.clone();
    let id = crate::pen::id("comment");
    let edit = egui::TextEdit::singleline(&mut text)
        .id(id)
        .font(theme::BODY.font())
        .hint_text("Tag or comment, Enter keeps it")
        .frame(egui::Frame::NONE)
        .desired_width(f32::INFINITY);
    let response = pen.ui.put(field.shrink2(egui::vec2(8.0, 4.0)), edit);
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(true, "", &view.comment.text, "");
        info.label = Some("Tag or comment".to_owned());
        info
    });
    if !response.has_focus() && !response.lost_focus() {
        response.request_focus();
    }
    if response.changed() {
        pen.out.push(UiAction::CommentText(text));
    }
    if response.lost_focus() {
        let escaped = pen.ui.input(|input| input.key_pressed(egui::Key::Escape));
        pen.out.push(UiAction::CommentDone(!escaped));
    }
    let mut x = row.min.x;
    for name in &view.comment.matches {
        let width = pen.width(name, theme::TINY);
        if x + width > row.max.x {
            break;
        }
        pen.left(x, field.max.y + 14.0, name, theme::TINY, theme::T3);
        x += width + 12.0;
    }
}

//! The strip under a portrait film: the rail laid on its side.

use crate::{
    controls,
    findings::findings_strip_ui,
    layout::at,
    pen::Pen,
    rail::{all_note_hints_ui, item_ui, notes_ui, scroll_ui},
    rows::{self, AnswerLook},
    theme,
};
use egui::{Rect, pos2};
use overread_session::view::{KeyHint, ReadView, UiAction};
use std::ops::Range;

/// Rows below the answers.
const ROWS: usize = 3;
/// From one of them to the next.
const STEP: f32 = 44.0;

/// Question and progress at the left; answers, no answer, tags and notes in three columns.
pub(crate) fn strip_ui(pen: &mut Pen<'_>, strip: Rect, view: &ReadView) {
    pen.fill(strip, 0.0, theme::S1);
    pen.hline([strip.min.x, strip.max.x], strip.min.y, theme::LINE);
    pen.fill(strip.with_max_x(strip.min.x + 4.0), 0.0, rows::bar_color(view.state.kind));
    let (x, top) = (strip.min.x + 24.0, strip.min.y);
    let left_end = strip.min.x + 272.0;
    let heights = (top + 42.0, top + 73.0);
    rows::question_ui(pen, (x, left_end), heights, &view.question, &view.state, theme::QUESTION);
    if let Some(detail) = &view.state.detail {
        let at = pos2(x, top + 90.0);
        pen.wrapped(at, left_end - x, detail, (theme::TINY, 16.0), theme::T2);
    }
    item_ui(pen, at(x, top + 145.0, left_end - x, 24.0), view, false);
    rows::progress_ui(pen, at(x, top + 179.0, left_end - x, 6.0), &view.progress);
    rows::echo_ui(pen, at(x, top + 201.0, left_end - x, 32.0), view.echo.as_ref(), true);
    pen.vline(strip.min.x + 296.0, [top + 17.0, top + 233.0], theme::LINE);

    let area =
        Rect::from_min_max(pos2(strip.min.x + 320.0, top), strip.max - egui::vec2(24.0, 0.0));
    let columns = 3.0_f32;
    let width = (area.width() - 24.0 * (columns - 1.0)) / columns;
    let column = |i: usize| area.min.x + (width + 24.0) * i as f32;
    if let Some(findings) = &view.findings {
        let list = at(area.min.x, top + 14.0, width * 2.0 + 24.0, 222.0);
        let side = at(column(2), top + 14.0, width, 88.0);
        findings_strip_ui(pen, list, side, findings);
        let half = width / 2.0;
        for (i, row) in view.no_answers.iter().take(2).enumerate() {
            let rect = at(column(2) + half * i as f32, top + 106.0, half - 4.0, 40.0);
            rows::no_answer_ui(pen, rect, i, row, (60.0, rows::pressed(view)));
        }
        notes_ui(pen, at(column(2), top + 150.0, width, 40.0), view);
        return;
    }
    answers_ui(pen, area, view);
    pen.hline([area.min.x, area.max.x], top + 94.0, theme::LINE);
    let rows_y = |i: usize| top + 106.0 + STEP * i as f32;
    for (i, row) in view.no_answers.iter().enumerate() {
        rows::no_answer_ui(
            pen,
            at(column(0), rows_y(i), width, 40.0),
            i,
            row,
            (76.0, rows::pressed(view)),
        );
    }
    let cells =
        [column(0), column(1), column(2)].map(|x| at(x, rows_y(0), width, STEP * ROWS as f32));
    if view.tags.len() <= ROWS {
        notes_column_ui(pen, cells, view);
    } else {
        tags_columns_ui(pen, cells, view);
    }
}

/// Few tags: comment and flag have a column of their own beside them.
fn notes_column_ui(pen: &mut Pen<'_>, [first, tags, notes]: [Rect; 3], view: &ReadView) {
    let row = |n: usize| row_of(notes, n);
    tags_ui(pen, tags, view, 0..ROWS);
    let own = |hint: &&KeyHint| {
        hint.caps != [view.comment.key.as_str()] && hint.caps != [view.flag.key.as_str()]
    };
    let hints: Vec<_> = view.hints_short.iter().filter(own).collect();
    let y = row(2).center().y;
    let mut x = first.min.x;
    for hint in hints.iter().take(hints.len().saturating_sub(1)) {
        x = controls::hint_ui(pen, x, y, hint) + 14.0;
    }
    if view.comment.editing {
        notes_ui(pen, row(0), view);
    } else {
        let comment = &view.comment;
        let caption = if comment.text.is_empty() { "Comment" } else { "Commented" };
        let state = (comment.key.as_str(), caption, !comment.text.is_empty());
        let response = rows::cap_word_ui(pen, row(0), state, 20.0, UiAction::OpenComment);
        crate::rail::told_ui(&response, &comment.text);
    }
    let flag = &view.flag;
    rows::cap_word_ui(pen, row(1), (&flag.key, &flag.name, flag.on), 20.0, UiAction::ToggleFlag);
    if let Some(skip) = &view.skip {
        controls::buttons_ui(pen, notes.min.x, y - 16.0, "skip", std::slice::from_ref(skip));
    } else if let Some(beside) = &view.beside {
        let state = (beside.key.as_str(), beside.name.as_str(), beside.on);
        let action = UiAction::ToggleTag(view.tags.len());
        rows::cap_word_ui(pen, row(2), state, 20.0, action);
    } else if let Some(hint) = hints.last() {
        controls::hint_ui(pen, notes.min.x, y, hint);
    }
}

/// More tags than rows: they take both columns, and comment and flag stand with the other keys.
fn tags_columns_ui(pen: &mut Pen<'_>, [first, left, right]: [Rect; 3], view: &ReadView) {
    let last = row_of(first, ROWS - 1);
    if let Some(skip) = &view.skip {
        let top = last.center().y - 16.0;
        controls::buttons_ui(pen, first.min.x, top, "skip", std::slice::from_ref(skip));
    } else {
        all_note_hints_ui(pen, last, view);
    }
    if view.comment.editing {
        let count = view.tags.len();
        scroll_ui(pen, left, "tags", STEP * count as f32, |pen, rect| {
            tags_ui(pen, rect, view, 0..count);
        });
        notes_ui(pen, row_of(right, 0), view);
        return;
    }
    let rows = view.tags.len().div_ceil(2).max(ROWS);
    let both = left.union(right);
    let add = |pen: &mut Pen<'_>, rect: Rect| {
        tags_ui(pen, rect.with_max_x(rect.min.x + left.width()), view, 0..rows);
        tags_ui(pen, rect.with_min_x(rect.max.x - right.width()), view, rows..view.tags.len());
    };
    if rows <= ROWS {
        add(pen, both);
    } else {
        scroll_ui(pen, both, "tags", STEP * rows as f32, add);
    }
}

fn tags_ui(pen: &mut Pen<'_>, area: Rect, view: &ReadView, which: Range<usize>) {
    let start = which.start;
    for (i, tag) in view.tags.iter().enumerate().take(which.end).skip(start) {
        rows::tag_ui(pen, row_of(area, i - start), i, tag, 84.0);
    }
}

fn row_of(area: Rect, n: usize) -> Rect {
    at(area.min.x, area.min.y + STEP * n as f32, area.width(), STEP - 4.0)
}

/// Answers in one row; what each newly meets stands beneath it.
fn answers_ui(pen: &mut Pen<'_>, area: Rect, view: &ReadView) {
    let n = view.answers.len().max(1) as f32;
    let width = (area.width() - 24.0 * (n - 1.0)) / n;
    for (i, answer) in view.answers.iter().enumerate() {
        let x = area.min.x + (width + 24.0) * i as f32;
        let look = AnswerLook {
            pressed: rows::pressed(view),
            bleed: 6.0,
            rules: false,
            shape: 18.0,
            name_x: 76.0,
        };
        rows::answer_ui(pen, at(x, area.min.y + 21.0, width, 40.0), i, answer, look);
        let y = area.min.y + 73.0;
        match i.checked_sub(1).and_then(|i| view.thresholds.get(i)) {
            None => {
                pen.left_within(x, y, width, &answer.meets, theme::SMALL, theme::T3);
            }
            Some(rule) => {
                let end = pen.left_within(x, y, width, &rule.name, theme::SMALL_M, theme::T1);
                let room = x + width - end - 4.0;
                pen.left_within(end + 4.0, y, room, &rule.wording, theme::SMALL, theme::T2);
            }
        }
    }
}

//! Key caps, key hints, buttons and banners.

use crate::{layout::at, pen::Pen, shapes, theme};
use egui::{Color32, Rect, Response, Role, Stroke, pos2, vec2};
use overread_session::view::{BannerView, ButtonKind, ButtonView, KeyHint, RowState, UiAction};

/// Side of a key cap.
pub(crate) const CAP: f32 = 32.0;

/// How a key cap looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CapLook {
    Rest,
    Filled,
    Dashed,
    Early,
}

impl CapLook {
    pub(crate) fn of(state: RowState) -> Self {
        match state {
            RowState::Ready => Self::Rest,
            RowState::Waiting => Self::Dashed,
            RowState::TooEarly => Self::Early,
            RowState::Chosen | RowState::Unsaved => Self::Filled,
        }
    }
}

/// A key cap.
pub(crate) fn cap_ui(pen: &Pen<'_>, rect: Rect, text: &str, look: CapLook) {
    let r = theme::R_CONTROL;
    let color = match look {
        CapLook::Rest => {
            pen.panel(rect, r, theme::S2, theme::border());
            theme::T1
        }
        CapLook::Filled => {
            pen.fill(rect, r, theme::T2);
            theme::S0
        }
        CapLook::Dashed => {
            pen.dashed_frame(rect, r, Stroke::new(1.0, theme::T4));
            theme::T4
        }
        CapLook::Early => {
            pen.fill(rect, r, theme::S2);
            pen.dashed_frame(rect, r, Stroke::new(2.0, theme::T1));
            theme::T1
        }
    };
    let size = (rect.height() * 0.47).clamp(12.0, 15.0);
    let ty = theme::Type { size, weight: theme::Weight::SemiBold };
    pen.centre(rect.center(), text, ty, color);
}

/// Small caps and what they do; returns where it ends.
pub(crate) fn hint_ui(pen: &Pen<'_>, x: f32, y: f32, hint: &KeyHint) -> f32 {
    let x = hint_caps_ui(pen, x, y, &hint.caps);
    pen.left(x, y, &hint.text, theme::TINY, theme::T3)
}

/// A hint of something that is set: caps filled, words bright.
pub(crate) fn hint_lit_ui(pen: &Pen<'_>, x: f32, y: f32, hint: &KeyHint) {
    let x = small_caps_ui(pen, x, y, &hint.caps, true);
    pen.left(x, y, &hint.text, theme::TINY, theme::T1);
}

/// Width of [`hint_ui`].
pub(crate) fn hint_width(pen: &Pen<'_>, hint: &KeyHint) -> f32 {
    let caps: f32 = hint.caps.iter().map(|cap| cap_width(pen, cap) + 8.0).sum();
    caps + pen.width(&hint.text, theme::TINY)
}

fn cap_width(pen: &Pen<'_>, cap: &str) -> f32 {
    (pen.width(cap, theme::TINY_M) + 10.0).max(16.0).round()
}

/// Small caps; returns where they end.
pub(crate) fn hint_caps_ui(pen: &Pen<'_>, x: f32, y: f32, caps: &[String]) -> f32 {
    small_caps_ui(pen, x, y, caps, false)
}

fn small_caps_ui(pen: &Pen<'_>, mut x: f32, y: f32, caps: &[String], lit: bool) -> f32 {
    for cap in caps {
        let rect = at(x, y - 8.0, cap_width(pen, cap), 16.0);
        if lit {
            pen.fill(rect, theme::R_HINT, theme::T1);
        } else {
            pen.frame(rect, theme::R_HINT, Stroke::new(1.0, theme::HINT));
        }
        let color = if lit { theme::S0 } else { theme::T2 };
        pen.centre(rect.center(), cap, theme::TINY_M, color);
        x = rect.max.x + 8.0;
    }
    x
}

/// Width of a button.
pub(crate) fn button_width(pen: &Pen<'_>, button: &ButtonView) -> f32 {
    let key = button.key.as_ref().map_or(0.0, |key| cap_width(pen, key) + 8.0);
    (pen.width(&button.text, theme::BODY_M) + key + 32.0).ceil()
}

/// A button in a place; true when pressed.
pub(crate) fn button_in(
    pen: &mut Pen<'_>,
    rect: Rect,
    key: impl std::hash::Hash + std::fmt::Debug,
    button: &ButtonView,
) -> Response {
    let enabled = button.refused.is_none();
    let response = pen.hit_if(rect, key, enabled, Role::Button, &button.text);
    let primary = button.kind == ButtonKind::Primary && enabled;
    let color = if !enabled {
        pen.dashed_frame(rect, theme::R_CONTROL, Stroke::new(1.0, theme::T4));
        theme::T4
    } else if primary {
        pen.fill(rect, theme::R_CONTROL, if response.hovered() { theme::T1 } else { theme::T2 });
        theme::S0
    } else if button.kind == ButtonKind::Quiet {
        if response.hovered() {
            pen.fill(rect, theme::R_CONTROL, theme::S3);
        }
        theme::T2
    } else {
        let pressed = response.is_pointer_button_down_on();
        let fill = if response.hovered() || pressed { theme::S3 } else { theme::S2 };
        let stroke = if pressed { Stroke::new(1.0, theme::T1) } else { theme::border() };
        pen.panel(rect, theme::R_CONTROL, fill, stroke);
        theme::T2
    };
    let ty = if primary { theme::BODY_S } else { theme::BODY_M };
    let mut centre = rect.center();
    if let Some(cap) = &button.key {
        let width = cap_width(pen, cap);
        centre.x -= width / 2.0 + 4.0;
        let x = centre.x + pen.width(&button.text, ty) / 2.0 + 8.0;
        let hint =
            Rect::from_center_size(pos2(x + width / 2.0, rect.center().y), vec2(width, 16.0));
        pen.frame(
            hint,
            theme::R_HINT,
            Stroke::new(1.0, if primary { theme::T4 } else { theme::HINT }),
        );
        pen.centre(hint.center(), cap, theme::TINY_M, color);
    }
    pen.centre(centre, &button.text, ty, color);
    pen.ring(&response, rect, theme::R_CONTROL);
    response
}

/// Buttons from left to right, each with its reason when refused; returns the right end.
pub(crate) fn buttons_ui(
    pen: &mut Pen<'_>,
    x: f32,
    y: f32,
    scope: &str,
    buttons: &[ButtonView],
) -> f32 {
    let mut x = x;
    for button in buttons {
        let rect = at(x, y, button_width(pen, button), 32.0);
        if button_in(pen, rect, ("button", scope, &button.id), button).clicked() {
            pen.out.push(UiAction::Run(button.id.clone()));
        }
        x = rect.max.x + 8.0;
        if let Some(reason) = &button.refused {
            x = pen.left(x + 4.0, y + 16.0, reason, theme::SMALL, theme::T3) + 16.0;
        }
    }
    x
}

/// A standing message with a bar, a shape and at most two buttons.
pub(crate) fn banner_ui(pen: &mut Pen<'_>, rect: Rect, banner: &BannerView, fill: Color32) {
    pen.fill(rect, 0.0, fill);
    pen.fill(rect.with_max_x(rect.min.x + 4.0), 0.0, shapes::color(banner.mark));
    let spoken = format!("{} {}", banner.title, banner.text);
    let response = pen.say(rect, "banner", &spoken);
    pen.ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_live(egui::accesskit::Live::Assertive);
    });
    let two_lines = rect.height() > 60.0;
    let y = if two_lines { rect.min.y + 22.0 } else { rect.center().y };
    shapes::mark(pen, pos2(rect.min.x + 35.0, y), 16.0, banner.mark);
    let x = rect.min.x + 55.0;
    let widths: f32 = banner.buttons.iter().map(|button| button_width(pen, button) + 8.0).sum();
    let buttons_x = rect.max.x - 24.0 + 8.0 - widths;
    if two_lines {
        let room = rect.max.x - 16.0 - x;
        pen.left_within(x, y, room, &banner.title, theme::BODY_S, theme::T1);
        let (room, line) = if widths > 0.0 && buttons_x > x + 200.0 {
            (buttons_x - 16.0 - x, rect.min.y + 36.0)
        } else {
            (room, rect.min.y + 36.0)
        };
        pen.wrapped(pos2(x, line), room, &banner.text, (theme::SMALL, 16.0), theme::T2);
        buttons_ui(pen, buttons_x, rect.max.y - 42.0, "banner", &banner.buttons);
    } else {
        let end =
            pen.left_within(x, y, buttons_x - x - 8.0, &banner.title, theme::BODY_S, theme::T1);
        let room = buttons_x - end - 24.0;
        let ty =
            if pen.width(&banner.text, theme::BODY) <= room { theme::BODY } else { theme::SMALL };
        pen.left_within(end + 12.0, y, room, &banner.text, ty, theme::T2);
        buttons_ui(pen, buttons_x, y - 16.0, "banner", &banner.buttons);
    }
}

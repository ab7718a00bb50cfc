//! The mouse on a film.

use super::FilmLook;
use crate::pen::Pen;
use egui::{CursorIcon, Event, MouseWheelUnit, PointerButton, Pos2, Response, Vec2};
use overread_session::view::{DragPace, DragTool, DrawnMark, MarkShape, MouseMap, Phase, UiAction};

/// A point this near the cursor, in points, is meant by it.
const REACH: f32 = 9.0;

/// A point of a measurement.
#[derive(Clone, Copy)]
pub(super) struct Held {
    mark: usize,
    point: usize,
}

/// What lies under the hand.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub look: FilmLook,
    pub mouse: MouseMap,
    /// Where the picture begins.
    pub origin: Pos2,
    pub marks: &'a [DrawnMark],
}

/// The measurement's point that is meant; the one drawn last wins.
fn point_at(marks: &[DrawnMark], at: [f32; 2], ppp: f32) -> Option<Held> {
    let near = |p: &[f32; 2]| (p[0] - at[0]).hypot(p[1] - at[1]) < REACH * ppp;
    let own = marks.iter().enumerate().filter(|(_, drawn)| drawn.shape != MarkShape::Box);
    own.rev().find_map(|(mark, drawn)| {
        let point = drawn.points.iter().position(near)?;
        Some(Held { mark, point })
    })
}

fn pace(pen: &Pen<'_>) -> DragPace {
    pen.ui.input(|input| match (input.modifiers.shift, input.modifiers.command) {
        (true, _) => DragPace::Fine,
        (_, true) => DragPace::Coarse,
        _ => DragPace::Normal,
    })
}

pub(super) fn gestures(
    pen: &mut Pen<'_>,
    response: &Response,
    (held, known): (&mut Option<Held>, &mut Option<[f32; 2]>),
    target: &Target<'_>,
) {
    let Target { look, mouse, origin, marks } = *target;
    let film = look.index;
    let ppp = pen.ui.pixels_per_point();
    let local = |at: Pos2| <[f32; 2]>::from((at - origin) * ppp);
    for (button, tool) in [
        (PointerButton::Primary, mouse.left),
        (PointerButton::Middle, mouse.middle),
        (PointerButton::Secondary, mouse.right),
    ] {
        if !response.dragged_by(button) && !response.drag_stopped_by(button) {
            continue;
        }
        let phase = if response.drag_stopped_by(button) {
            Phase::End
        } else if response.drag_started_by(button) {
            Phase::Start
        } else {
            Phase::Move
        };
        let moved = if phase == Phase::End { Vec2::ZERO } else { response.drag_delta() * ppp };
        if phase == Phase::Move && moved == Vec2::ZERO {
            continue;
        }
        let delta = <[f32; 2]>::from(moved);
        let pointer = response.interact_pointer_pos().unwrap_or(response.rect.center());
        let press = pen.ui.input(|input| input.pointer.press_origin()).unwrap_or(pointer);
        // The left button takes hold of a measurement's point, whatever else it does.
        if phase == Phase::Start {
            let hit = button == PointerButton::Primary && tool != DragTool::Draw;
            *held = hit.then(|| point_at(marks, local(press), ppp)).flatten();
        }
        if let Some(Held { mark, point }) = *held {
            pen.out.push(UiAction::DragMark { film, mark, point, phase, at: local(pointer) });
            continue;
        }
        pen.out.push(match tool {
            DragTool::Window => UiAction::DragWindow { film, phase, delta, pace: pace(pen) },
            DragTool::Pan => UiAction::Pan { film, phase, delta },
            DragTool::Zoom => {
                UiAction::DragZoom { film, phase, anchor: local(press), dy: delta[1] }
            }
            DragTool::Draw => {
                let at = if phase == Phase::Start { press } else { pointer };
                UiAction::Draw { film, phase, at: local(at) }
            }
        });
    }
    if let Some(pointer) = response.interact_pointer_pos() {
        if response.double_clicked() {
            pen.out.push(UiAction::DoubleClickFilm(film));
        } else if response.clicked() {
            pen.out.push(UiAction::ClickFilm { film, at: local(pointer) });
        }
    }
    if let Some(pointer) = response.hover_pos() {
        wheel(pen, film, local(pointer), look.count);
        let over_point = point_at(marks, local(pointer), ppp).is_some();
        if mouse.left == DragTool::Draw || over_point {
            pen.ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
        }
    }
    // A tool taken in hand over a resting pointer is told where that is.
    let now = response.hover_pos().filter(|_| mouse.track).map(local);
    if *known != now {
        *known = now;
        match now {
            Some(at) => pen.out.push(UiAction::Pointer(Some((film, at)))),
            // Gone from here, perhaps to a film that has said so already.
            None => pen.out.insert(0, UiAction::Pointer(None)),
        }
    }
}

/// The wheel zooms a single view; among several it steps, and `Ctrl` always zooms.
fn wheel(pen: &mut Pen<'_>, film: usize, at: [f32; 2], films: usize) {
    let notches: Vec<(f32, bool)> = pen.ui.input(|input| {
        let turned = input.raw.events.iter().filter_map(|event| match event {
            Event::MouseWheel { unit, delta, modifiers, .. } => {
                let notches = match unit {
                    MouseWheelUnit::Line => delta.y,
                    MouseWheelUnit::Point => delta.y / 50.0,
                    MouseWheelUnit::Page => delta.y * 3.0,
                };
                Some((notches, modifiers.command || modifiers.ctrl))
            }
            _ => None,
        });
        turned.filter(|(notches, _)| *notches != 0.0).collect()
    });
    for (steps, ctrl) in notches {
        pen.out.push(if films == 1 || ctrl {
            UiAction::ZoomAt { film, at, steps }
        } else {
            UiAction::StepView(if steps > 0.0 { -1 } else { 1 })
        });
    }
}

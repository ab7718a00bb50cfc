//! The viewports: finished pictures on black, overlay texts, and the mouse.

mod hands;
mod marks;
mod notes;

use crate::{pen::Pen, shapes, theme};
use egui::{ColorImage, Rect, Role, Sense, Stroke, TextureHandle, pos2, vec2};
use overread_session::view::{FilmPicture, FilmState, FilmView, Mark, MouseMap, Painted};
use std::{sync::Arc, time::Instant};

/// The texture of one viewport and what is known to be on screen.
#[derive(Default)]
pub(crate) struct FilmSlot {
    texture: Option<Texture>,
    lens: Option<Texture>,
    /// The point of a measurement that is being dragged.
    held: Option<hands::Held>,
    /// Where the pointer was when the session last learnt of it.
    pointer: Option<[f32; 2]>,
    pub painted: Option<Painted>,
}

/// A picture on the graphics side, and the buffers it is handed over in.
struct Texture {
    generation: u64,
    handle: TextureHandle,
    /// What is on screen. OpenGL has a copy of it; the processor paints from it.
    buffer: Arc<ColorImage>,
    /// The one before, into which the next picture is written once nobody else holds it.
    spare: Option<Arc<ColorImage>>,
}

/// How much is written over a film.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words {
    /// Everything in full.
    Full,
    /// The badge in short.
    ShortBadge,
    /// Small margins too, and an adequate film has only a tick.
    Short,
}

/// How a viewport is drawn.
#[derive(Clone, Copy)]
pub(crate) struct FilmLook {
    pub index: usize,
    pub count: usize,
    pub focused: bool,
    pub words: Words,
    /// A layer lies over the room: the film is black.
    pub covered: bool,
}

/// One viewport.
pub(crate) fn film_ui(
    pen: &mut Pen<'_>,
    rect: Rect,
    slot: &mut FilmSlot,
    view: &FilmView,
    (look, mouse): (FilmLook, MouseMap),
) {
    let rect = pen.snap_rect(rect);
    pen.fill(rect, 0.0, theme::FILM);
    let response =
        pen.ui.interact(rect, crate::pen::id(("film", look.index)), Sense::click_and_drag());
    let name = spoken(view);
    response.widget_info(|| egui::WidgetInfo::labeled(Role::Image, true, &name));
    if look.covered {
        slot.painted = None;
        return;
    }
    match &view.state {
        FilmState::Picture(picture) => {
            let place = centred(pen, rect, picture);
            let texture = upload(pen.ui.ctx(), &mut slot.texture, picture);
            let clipped = pen.ui.painter().clip_rect();
            pen.ui.set_clip_rect(rect.intersect(clipped));
            shapes::picture(pen, texture, place);
            marks::marks_ui(pen, (look.index, place.min), &view.marks);
            if let Some(lens) = &view.magnifier {
                marks::lens_ui(pen, place.min, slot, &lens.picture, lens.centre);
            }
            pen.ui.set_clip_rect(clipped);
            if slot.painted.is_none_or(|painted| painted.generation != picture.generation) {
                slot.painted = Some(Painted { generation: picture.generation, at: Instant::now() });
                // One more frame, so that what waits for the film learns that it is there.
                pen.ui.ctx().request_repaint();
            }
            let target = hands::Target { look, mouse, origin: place.min, marks: &view.marks };
            hands::gestures(pen, &response, (&mut slot.held, &mut slot.pointer), &target);
        }
        FilmState::Loading { text, elapsed } => {
            slot.painted = None;
            loading_ui(pen, rect, text.as_deref(), elapsed.as_deref());
        }
        FilmState::Failed { title, reason, note } => {
            slot.painted = None;
            failed_ui(pen, rect, title, reason, note.as_deref());
        }
        FilmState::Blank => slot.painted = None,
    }
    notes::overlay_ui(pen, rect, &view.overlay, look);
    if let Some(badge) = &view.badge {
        notes::badge_ui(pen, rect, badge, look);
    }
    let mut top = rect.min.y + 12.0;
    if let Some(warning) = &view.warning {
        top = notes::pill_ui(pen, (rect, top), warning, Some(Mark::Warning), look.index);
    }
    if let Some(hint) = &view.hint {
        notes::pill_ui(pen, (rect, top), hint, None, look.index);
    }
    if let Some(histogram) = &view.histogram {
        marks::histogram_ui(pen, rect, look, histogram);
    }
    if look.focused && look.count > 1 {
        pen.frame(rect, 0.0, Stroke::new(2.0, theme::T1));
    }
}

/// A picture and nothing else.
pub(crate) fn plain_ui(pen: &mut Pen<'_>, rect: Rect, slot: &mut FilmSlot, picture: &FilmPicture) {
    let place = centred(pen, rect, picture);
    let texture = upload(pen.ui.ctx(), &mut slot.texture, picture);
    shapes::picture(pen, texture, place);
}

fn spoken(view: &FilmView) -> String {
    let mut name = view.name.clone();
    match &view.state {
        FilmState::Picture(_) | FilmState::Blank => {}
        FilmState::Loading { .. } => name.push_str(", loading"),
        FilmState::Failed { title, reason, .. } => {
            name.push_str(". ");
            name.push_str(title);
            name.push(' ');
            name.push_str(reason);
        }
    }
    name
}

/// Where a picture stands: one to one on physical pixels, in the middle when sizes differ.
fn centred(pen: &Pen<'_>, rect: Rect, picture: &FilmPicture) -> Rect {
    let ppp = pen.ui.pixels_per_point();
    let size = size_of(picture) / ppp;
    let min = rect.center() - size / 2.0;
    let whole = Rect::from_min_size(pos2(pen.snap(min.x), pen.snap(min.y)), size);
    // Half a picture's odd pixel would shift it: a coarse one begins where the whole one does.
    if picture.coarse > 1 { Rect::from_min_size(rect.min, size) } else { whole }
}

/// Size on the screen in physical pixels.
fn size_of(picture: &FilmPicture) -> egui::Vec2 {
    let side = |n: usize| (n * picture.coarse) as f32;
    vec2(side(picture.size[0]), side(picture.size[1]))
}

/// The texture that holds this picture; only new pixels are uploaded.
fn upload(
    ctx: &egui::Context,
    slot: &mut Option<Texture>,
    picture: &FilmPicture,
) -> egui::TextureId {
    if let Some(texture) = slot
        && texture.generation == picture.generation
    {
        return texture.handle.id();
    }
    let (handle, before, spare) = match slot.take() {
        Some(Texture { handle, buffer, spare, .. }) => (Some(handle), Some(buffer), spare),
        None => (None, None, None),
    };
    // Where the one before is free already, one is enough.
    let mut free = [before, spare];
    let reused = free.iter_mut().find_map(|buffer| {
        buffer.take().and_then(|arc| Arc::try_unwrap(arc).map_err(|arc| *buffer = Some(arc)).ok())
    });
    let spare = free.into_iter().flatten().next();
    let buffer = Arc::new(fill(reused, picture));
    let options = egui::TextureOptions::NEAREST;
    let image = egui::ImageData::Color(Arc::clone(&buffer));
    let handle = match handle {
        Some(mut handle) => {
            handle.set(image, options);
            handle
        }
        None => ctx.load_texture("film", image, options),
    };
    let id = handle.id();
    *slot = Some(Texture { generation: picture.generation, handle, buffer, spare });
    id
}

/// The picture as egui wants it, in the buffer of the one before where that is free.
fn fill(buffer: Option<ColorImage>, picture: &FilmPicture) -> ColorImage {
    let [w, h] = picture.size;
    if picture.rgba.len() != w * h * 4 {
        tracing::error!(
            ?picture,
            bytes = picture.rgba.len(),
            "a film picture has the wrong length"
        );
        return ColorImage::filled(picture.size, theme::FILM);
    }
    match buffer {
        Some(mut image) if image.size == picture.size => {
            let new = picture.rgba.as_chunks::<4>().0;
            for (pixel, [r, g, b, a]) in image.pixels.iter_mut().zip(new) {
                *pixel = egui::Color32::from_rgba_premultiplied(*r, *g, *b, *a);
            }
            image
        }
        _ => ColorImage::from_rgba_premultiplied(picture.size, &picture.rgba),
    }
}

fn loading_ui(pen: &mut Pen<'_>, rect: Rect, text: Option<&str>, elapsed: Option<&str>) {
    let Some(text) = text else { return };
    let centre = rect.center();
    shapes::mark_in(pen, centre - vec2(0.0, 32.0), 24.0, Mark::Waiting, theme::T3);
    pen.centre(centre, text, theme::BODY, theme::T2);
    if let Some(elapsed) = elapsed {
        pen.centre(centre + vec2(0.0, 24.0), elapsed, theme::SMALL, theme::T3);
    }
}

fn failed_ui(pen: &mut Pen<'_>, rect: Rect, title: &str, reason: &str, note: Option<&str>) {
    let width = (rect.width() - 48.0).clamp(80.0, 480.0);
    let x = rect.center().x - width / 2.0;
    let y = rect.center().y - 72.0;
    shapes::mark(pen, pos2(x + 12.0, y), 24.0, Mark::Alarm);
    pen.left_within(x, y + 34.0, width, title, theme::LEVEL, theme::T1);
    let y = pen.wrapped(pos2(x, y + 52.0), width, reason, (theme::BODY, 24.0), theme::T2);
    if let Some(note) = note {
        pen.wrapped(pos2(x, y + 8.0), width, note, (theme::SMALL, 16.0), theme::T3);
    }
}

//! The reading room put together.

use crate::{
    controls,
    film::{FilmLook, FilmSlot, Words, film_ui},
    layout::{Regions, Room, viewports},
    least::least_ui,
    panel::{panel_strip_ui, panel_ui},
    pen::Pen,
    rail::rail_ui,
    strip::strip_ui,
    theme,
};
use egui::Rect;
use overread_session::view::{BareView, FilmLayout, ReadView};

/// Films, rail or strip, panel and banner in their regions.
pub(crate) fn read_ui(
    pen: &mut Pen<'_>,
    regions: &Regions,
    layout: FilmLayout,
    slots: &mut Vec<FilmSlot>,
    (view, covered): (&ReadView, bool),
) {
    pen.fill(regions.film, 0.0, theme::FILM);
    let rail = |pen: &mut Pen<'_>| match regions.room {
        Room::Portrait => strip_ui(pen, regions.rail, view),
        Room::Least => least_ui(pen, regions.rail, view),
        room => rail_ui(pen, regions.rail, room, view),
    };
    // The rail comes first in reading order: question, answers, tags, then films.
    rail(pen);
    if let (Some(rect), Some(panel)) = (regions.panel, &view.panel) {
        match regions.room {
            Room::Portrait => panel_strip_ui(pen, rect, panel),
            room => panel_ui(pen, rect, room, panel),
        }
    }
    films_ui(pen, regions, layout, slots, (view, covered));
    if let (Some(rect), Some(banner)) = (regions.banner, &view.banner) {
        controls::banner_ui(pen, rect, banner, theme::S2);
    }
}

/// A picture that fills the window, with its caption at the foot.
pub(crate) fn bare_ui(pen: &mut Pen<'_>, window: Rect, slot: &mut FilmSlot, view: &BareView) {
    pen.fill(window, 0.0, theme::FILM);
    pen.say(window, "bare", &view.name);
    if let Some(picture) = &view.picture {
        crate::film::plain_ui(pen, window, slot, picture);
    }
    if view.caption.is_empty() {
        return;
    }
    let widths = view.caption.iter().map(|line| pen.width(line, theme::SMALL));
    let width = (widths.fold(0.0, f32::max) + 24.0).min(window.width() - 16.0);
    let height = 16.0 + 20.0 * view.caption.len() as f32;
    let x = window.center().x - width / 2.0;
    let rect = crate::layout::at(x, window.max.y - height - 8.0, width, height);
    pen.say(rect, "bare caption", &view.caption.join(" "));
    pen.panel(rect, theme::R_CONTROL, theme::FILM, theme::border());
    for (i, line) in view.caption.iter().enumerate() {
        let y = rect.min.y + 18.0 + 20.0 * i as f32;
        let (ty, color) =
            if i == 0 { (theme::SMALL_M, theme::T1) } else { (theme::SMALL, theme::T2) };
        pen.left_within(rect.min.x + 12.0, y, width - 24.0, line, ty, color);
    }
}

fn films_ui(
    pen: &mut Pen<'_>,
    regions: &Regions,
    layout: FilmLayout,
    slots: &mut Vec<FilmSlot>,
    (view, covered): (&ReadView, bool),
) {
    slots.resize_with(view.films.len(), FilmSlot::default);
    let places: Vec<Option<Rect>> = viewports(regions.film, layout, view.films.len());
    let count = view.films.len();
    let words = match regions.room {
        Room::Tight | Room::Least => Words::Short,
        Room::Compact => Words::ShortBadge,
        Room::Wide | Room::Portrait if count > 2 => Words::ShortBadge,
        Room::Wide | Room::Portrait => Words::Full,
    };
    for (index, (film, slot)) in view.films.iter().zip(slots.iter_mut()).enumerate() {
        let Some(rect) = places.get(index).copied().flatten() else {
            slot.painted = None;
            continue;
        };
        let focused = index == view.focused_film;
        let look = FilmLook { index, count, focused, words, covered };
        film_ui(pen, rect, slot, film, (look, view.mouse));
    }
}

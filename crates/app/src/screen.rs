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
use overread_session::view::{FilmLayout, ReadView};

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

//! Where things stand: breakpoints, regions and viewports, as pure arithmetic on points.

use egui::{Rect, Vec2, pos2, vec2};
use overread_session::view::{FilmLayout, GRID, ScreenShape};

/// Height of the status line.
pub(crate) const STATUS: f32 = 32.0;
/// Gap between viewports.
const FILM_GAP: f32 = 4.0;

/// The kind of window, from its size in points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Wide,
    Compact,
    Tight,
    Least,
    Portrait,
}

impl Room {
    pub(crate) fn of(window: Vec2) -> Self {
        if window.y > window.x {
            Self::Portrait
        } else if window.x >= 1600.0 && window.y >= 1000.0 {
            Self::Wide
        } else if window.x >= 1200.0 && window.y >= 680.0 {
            Self::Compact
        } else if window.x >= 880.0 && window.y >= 500.0 {
            Self::Tight
        } else {
            Self::Least
        }
    }

    fn rail(self) -> f32 {
        match self {
            Self::Wide => 320.0,
            Self::Compact => 304.0,
            Self::Tight => 288.0,
            Self::Least => 208.0,
            Self::Portrait => 0.0,
        }
    }

    fn panel(self) -> f32 {
        match self {
            Self::Wide => 480.0,
            Self::Compact => 400.0,
            Self::Tight | Self::Least | Self::Portrait => 0.0,
        }
    }

    /// Gutter of rail and panel.
    pub(crate) fn gutter(self) -> f32 {
        match self {
            Self::Wide | Self::Portrait => 24.0,
            Self::Compact | Self::Tight => 16.0,
            Self::Least => 12.0,
        }
    }

    /// The panel has a place of its own beside or beneath; otherwise it takes the rail's lower part.
    pub(crate) fn panel_apart(self) -> bool {
        matches!(self, Self::Wide | Self::Compact | Self::Portrait)
    }
}

/// The regions of the reading room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Regions {
    pub room: Room,
    pub film: Rect,
    pub rail: Rect,
    pub panel: Option<Rect>,
    pub banner: Option<Rect>,
    pub status: Rect,
}

/// Height of a banner under the film.
pub(crate) fn banner_height(width: f32) -> f32 {
    if width < 1200.0 { 88.0 } else { 56.0 }
}

/// Cuts the window into regions. The rail, and with it every answer, has the same place with and
/// without panel and banner.
pub(crate) fn regions(window: Rect, shape: &ScreenShape) -> Regions {
    let room = Room::of(window.size());
    let (rest, status) = split_bottom(window, STATUS);
    let (mut film, rail, mut panel) = if room == Room::Portrait {
        let roomy = window.width() >= 1500.0 && window.height() >= 2000.0;
        let figures = if roomy { 400.0 } else { 128.0 };
        let (rest, panel) = split_bottom(rest, if shape.panel { figures } else { 0.0 });
        let (film, rail) = split_bottom(rest, 248.0);
        (film, rail, panel)
    } else {
        let (rest, rail) = split_right(rest, room.rail());
        let (film, panel) = split_right(rest, if shape.panel { room.panel() } else { 0.0 });
        (film, rail, panel)
    };
    if !shape.panel || !room.panel_apart() {
        panel = Rect::NOTHING;
    }
    let mut banner = None;
    if shape.banner {
        let (above, below) = split_bottom(film, banner_height(film.width()));
        film = above;
        banner = Some(below);
    }
    Regions { room, film, rail, panel: panel.is_positive().then_some(panel), banner, status }
}

/// The viewports inside the film region, in the order of the films; `None` for one not shown.
pub(crate) fn viewports(film: Rect, layout: FilmLayout, count: usize) -> Vec<Option<Rect>> {
    let upright = film.height() > film.width() * 1.15;
    match layout {
        FilmLayout::One => vec![Some(film)],
        FilmLayout::Two if upright => cells(film, 1, 2).into_iter().map(Some).collect(),
        FilmLayout::Two => cells(film, 2, 1).into_iter().map(Some).collect(),
        FilmLayout::ThreeFocused(large) => {
            let (big, small) = if upright { large_above(film) } else { large_beside(film) };
            let mut small = small.into_iter();
            (0..3).map(|i| if i == large { Some(big) } else { small.next() }).collect()
        }
        FilmLayout::Four(filled) => cells(film, 2, 2).into_iter().take(filled).map(Some).collect(),
        FilmLayout::Grid { first, of } => {
            let (across, down) = if upright { (2, 3) } else { (3, 2) };
            let mut page = cells(film, across, down).into_iter();
            let on_page = |i: usize| (first..first + GRID).contains(&i);
            (0..of).map(|i| if on_page(i) { page.next() } else { None }).collect()
        }
        FilmLayout::Only(shown) => (0..count).map(|i| (i == shown).then_some(film)).collect(),
    }
}

/// Equal cells with gaps, row by row, on whole points.
fn cells(film: Rect, across: u8, down: u8) -> Vec<Rect> {
    let side = |length: f32, n: u8| ((length - FILM_GAP * f32::from(n - 1)) / f32::from(n)).floor();
    let (w, h) = (side(film.width(), across), side(film.height(), down));
    let place = |from: f32, to: f32, length: f32, i: u8, n: u8| {
        // The last cell ends where the region does.
        if i + 1 == n { to - length } else { from + (length + FILM_GAP) * f32::from(i) }
    };
    let of = |row: u8, column: u8| {
        let x = place(film.min.x, film.max.x, w, column, across);
        let y = place(film.min.y, film.max.y, h, row, down);
        at(x, y, w, h)
    };
    (0..down).flat_map(|row| (0..across).map(move |column| of(row, column))).collect()
}

fn large_beside(film: Rect) -> (Rect, [Rect; 2]) {
    let stack = ((film.width() - FILM_GAP) * 0.328).floor();
    let h = ((film.height() - FILM_GAP) / 2.0).floor();
    let side = film.with_min_x(film.max.x - stack);
    let small = [side.with_max_y(side.min.y + h), side.with_min_y(side.max.y - h)];
    (film.with_max_x(film.max.x - stack - FILM_GAP), small)
}

fn large_above(film: Rect) -> (Rect, [Rect; 2]) {
    let row = ((film.height() - FILM_GAP) * 0.328).floor();
    let w = ((film.width() - FILM_GAP) / 2.0).floor();
    let side = film.with_min_y(film.max.y - row);
    let small = [side.with_max_x(side.min.x + w), side.with_min_x(side.max.x - w)];
    (film.with_max_y(film.max.y - row - FILM_GAP), small)
}

/// How many films a layout holds.
pub(crate) fn film_count(layout: FilmLayout) -> usize {
    match layout {
        FilmLayout::One => 1,
        FilmLayout::Two => 2,
        FilmLayout::ThreeFocused(_) => 3,
        FilmLayout::Four(filled) => filled,
        FilmLayout::Grid { of, .. } => of,
        FilmLayout::Only(shown) => shown + 1,
    }
}

/// Size of a viewport in physical pixels.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "screen sizes")]
pub(crate) fn pixels(rect: Option<Rect>, pixels_per_point: f32) -> [usize; 2] {
    rect.map_or([0, 0], |rect| {
        let edge = |points: f32| (points * pixels_per_point).round();
        let side = |from: f32, to: f32| (edge(to) - edge(from)).max(0.0) as usize;
        [side(rect.min.x, rect.max.x), side(rect.min.y, rect.max.y)]
    })
}

fn split_right(rect: Rect, width: f32) -> (Rect, Rect) {
    let x = (rect.max.x - width).max(rect.min.x);
    (rect.with_max_x(x), rect.with_min_x(x))
}

fn split_bottom(rect: Rect, height: f32) -> (Rect, Rect) {
    let y = (rect.max.y - height).max(rect.min.y);
    (rect.with_max_y(y), rect.with_min_y(y))
}

/// A rectangle from a corner and a size.
pub(crate) fn at(x: f32, y: f32, w: f32, h: f32) -> Rect {
    Rect::from_min_size(pos2(x, y), vec2(w, h))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(w: f32, h: f32, [panel, banner]: [bool; 2]) -> Regions {
        let shape = ScreenShape { reading: true, panel, banner, ..ScreenShape::default() };
        regions(at(0.0, 0.0, w, h), &shape)
    }

    #[test]
    fn the_film_keeps_its_height_when_the_panel_opens() {
        let closed = cut(1920.0, 1080.0, [false, false]);
        let open = cut(1920.0, 1080.0, [true, false]);
        assert_eq!(closed.film.size(), vec2(1600.0, 1048.0));
        assert_eq!(open.film.size(), vec2(1120.0, 1048.0));
        assert_eq!(closed.rail, open.rail);
    }

    #[test]
    fn neither_panel_nor_banner_moves_the_rail() {
        for (w, h) in [(1920.0, 1080.0), (1280.0, 720.0), (960.0, 540.0), (640.0, 360.0)] {
            let rail = cut(w, h, [false, false]).rail;
            for (panel, banner) in [(true, false), (false, true), (true, true)] {
                assert_eq!(cut(w, h, [panel, banner]).rail, rail, "{w}×{h}");
            }
        }
    }

    #[test]
    fn the_film_is_the_largest_region_in_every_room() {
        for (w, h) in
            [(1920.0, 1080.0), (1280.0, 720.0), (960.0, 540.0), (640.0, 360.0), (1080.0, 1440.0)]
        {
            let cut = cut(w, h, [true, false]);
            assert!(cut.film.area() > cut.rail.area(), "{w}×{h}");
            assert!(cut.film.area() > cut.panel.map_or(0.0, |p| p.area()), "{w}×{h}");
        }
    }

    #[test]
    fn three_views_are_one_large_and_two_stacked_with_gaps_of_four() {
        let film = at(0.0, 0.0, 1600.0, 1048.0);
        let three: Vec<Rect> =
            viewports(film, FilmLayout::ThreeFocused(0), 3).into_iter().flatten().collect();
        assert_eq!(three[0].size(), vec2(1073.0, 1048.0));
        assert_eq!(three[1].size(), vec2(523.0, 522.0));
        assert_eq!(three[2].min.y - three[1].max.y, 4.0);
        let swapped = viewports(film, FilmLayout::ThreeFocused(2), 3);
        assert_eq!(swapped[2], Some(three[0]));
    }

    #[test]
    fn every_layout_fills_the_region_without_overlap_lying_and_standing() {
        for film in [at(0.0, 0.0, 1600.0, 1048.0), at(0.0, 0.0, 1080.0, 1500.0)] {
            for layout in [
                FilmLayout::One,
                FilmLayout::Two,
                FilmLayout::ThreeFocused(1),
                FilmLayout::Four(4),
                FilmLayout::Grid { first: 6, of: 10 },
                FilmLayout::Grid { first: 0, of: 6 },
                FilmLayout::Only(0),
            ] {
                let count = film_count(layout);
                let all = viewports(film, layout, count);
                assert_eq!(all.len(), count, "{layout:?}");
                let shown: Vec<Rect> = all.into_iter().flatten().collect();
                for (i, one) in shown.iter().enumerate() {
                    assert!(film.contains_rect(*one), "{layout:?}: {one:?}");
                    for other in &shown[i + 1..] {
                        assert!(!one.intersects(*other), "{layout:?}: {one:?} and {other:?}");
                    }
                }
                let partly = matches!(layout, FilmLayout::Grid { of: 10, .. });
                let covered: f32 = shown.iter().map(Rect::area).sum();
                assert!(partly || covered > 0.985 * film.area(), "{layout:?}");
            }
        }
    }

    #[test]
    fn only_the_films_of_the_page_have_a_viewport() {
        let film = at(0.0, 0.0, 1600.0, 1048.0);
        let places = viewports(film, FilmLayout::Grid { first: 6, of: 10 }, 10);
        let shown: Vec<usize> =
            places.iter().enumerate().filter(|(_, p)| p.is_some()).map(|(i, _)| i).collect();
        assert_eq!(shown, [6, 7, 8, 9]);
        assert_eq!(places[6].map(|rect| rect.min), Some(film.min));
    }

    #[test]
    fn viewports_are_whole_physical_pixels_at_any_scale() {
        for scale in [1.0, 1.25, 1.5, 1.75, 2.0] {
            let window = at(0.0, 0.0, 1920.0 / scale, 1080.0 / scale);
            let cut = regions(window, &ScreenShape { reading: true, ..Default::default() });
            let [w, h] = pixels(Some(cut.film), scale);
            assert_eq!(h, 1080 - pixels(Some(cut.status), scale)[1]);
            assert_eq!(w, 1920 - pixels(Some(cut.rail), scale)[0]);
        }
    }
}

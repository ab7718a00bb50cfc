//! What a film's picture costs, and when it is coarse.

use overread_imaging::{Pattern, pattern};

use super::*;
use crate::view::{DragPace, Phase};

const SIZE: [usize; 2] = [401, 301];

fn viewer() -> Viewer {
    let mut viewer = Viewer::default();
    viewer.open(Arc::new(pattern(Pattern::Readback, 1024, 768).unwrap()), None);
    draw(&mut viewer);
    viewer
}

fn draw(viewer: &mut Viewer) -> FilmPicture {
    let caption = Caption {
        view: None,
        number: 1,
        of: 1,
        study: 1,
        loading_for: None,
        narrow: false,
        boxes: &[],
    };
    match viewer.film(SIZE, &caption, &Aids { texts: true, ..Aids::default() }).state {
        FilmState::Picture(picture) => picture,
        other => panic!("{other:?}"),
    }
}

fn drag(viewer: &mut Viewer, phase: Phase) -> FilmPicture {
    viewer.drag_window((3.0, 1.0), (phase, DragPace::Normal), 1.0);
    draw(viewer)
}

#[test]
fn a_window_drag_maps_greys_and_resamples_nothing() {
    let mut viewer = viewer();
    let before = viewer.renderer.counters();
    for phase in [Phase::Start, Phase::Move, Phase::Move, Phase::End] {
        // Resampling is slow here, and no reason for a coarse picture.
        (viewer.cost, viewer.table_cost) = (HURRY * 2, Duration::ZERO);
        assert_eq!(drag(&mut viewer, phase).coarse, 1);
    }
    let after = viewer.renderer.counters();
    assert_eq!(after.stage1, before.stage1);
    assert!(before.stage2 < after.stage2);
}

#[test]
fn a_slow_picture_is_coarse_while_the_hand_moves_and_whole_when_it_rests() {
    let mut viewer = viewer();
    (viewer.cost, viewer.table_cost) = (HURRY * 2, HURRY * 2);
    let moving = drag(&mut viewer, Phase::Start);
    assert_eq!((moving.coarse, moving.size), (2, [201, 151]));
    assert_eq!(moving.rgba.len(), 201 * 151 * 4);
    viewer.pan(5.0, 0.0);
    assert_eq!(draw(&mut viewer).coarse, 2, "the same for a pan under way");
    let rest = drag(&mut viewer, Phase::End);
    assert_eq!((rest.coarse, rest.size), (1, SIZE));
}

#[test]
fn nothing_is_drawn_while_nothing_changes_and_each_picture_has_its_own_number() {
    let mut viewer = viewer();
    let (first, second) = (draw(&mut viewer), draw(&mut viewer));
    assert_eq!(first.generation, second.generation);
    assert!(first.generation < drag(&mut viewer, Phase::Start).generation);
}

#[test]
fn a_picture_made_ready_is_the_one_that_would_have_been_drawn() {
    let image = Arc::new(pattern(Pattern::SixteenPatches, 1024, 768).unwrap());
    let ready = Prepared::new(&image, (401, 301), &Output::default());
    let mut quick = Viewer::default();
    quick.open(Arc::clone(&image), Some(ready));
    let before = quick.renderer.counters();
    let shown = draw(&mut quick);
    assert_eq!(quick.renderer.counters(), before, "nothing is left to do");
    let mut slow = Viewer::default();
    slow.open(image, None);
    assert!(shown.rgba == draw(&mut slow).rgba);
}

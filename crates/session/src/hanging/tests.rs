//! How films hang, what is restored and what is forgotten, and the view history.

use std::time::Duration;

use overread_imaging::{Pattern, pattern};

use super::*;
use crate::later_view::FilmBox;
use crate::view::{DragPace, FilmState, FilmView, MarkShape, Phase, UiAction};
use crate::viewer::Caption;

const SIZE: [usize; 2] = [600, 400];

fn film() -> Arc<DecodedImage> {
    Arc::new(pattern(Pattern::Readback, 512, 384).unwrap())
}

fn hang(films: usize) -> Hanging {
    let mut hanging = Hanging::new(Settings::default(), Output::default());
    hanging.hang(films);
    for i in 0..films {
        hanging.open(i, film(), None);
    }
    draw(&mut hanging);
    hanging
}

fn draw(hanging: &mut Hanging) -> Vec<FilmView> {
    let shown = hanging.on_page();
    (0..hanging.count()).filter(|i| shown.contains(i)).map(|i| draw_one(hanging, i)).collect()
}

fn draw_one(hanging: &mut Hanging, film: usize) -> FilmView {
    let caption = Caption {
        view: Some("PA"),
        number: film + 1,
        of: hanging.count(),
        study: 7,
        loading_for: Some(0.0),
        narrow: false,
        boxes: &[],
    };
    hanging.film(film, SIZE, &caption)
}

fn now() -> Instant {
    Instant::now()
}

fn press(hanging: &mut Hanging, command: Command) {
    assert_eq!(hanging.command(command, now()), Some(true), "{command:?}");
    draw(hanging);
}

fn drag_window(hanging: &mut Hanging, film: usize, by: [f32; 2]) {
    for (phase, delta) in [(Phase::Start, by), (Phase::Move, by), (Phase::End, [0.0, 0.0])] {
        let pace = DragPace::Normal;
        hanging.mouse_action(&UiAction::DragWindow { film, phase, delta, pace }, now());
    }
    draw(hanging);
}

fn measure(hanging: &mut Hanging, tool: Command, from: [f32; 2], to: [f32; 2]) {
    press(hanging, tool);
    for (phase, at) in [(Phase::Start, from), (Phase::Move, to), (Phase::End, to)] {
        hanging.mouse_action(&UiAction::Draw { film: hanging.focus(), phase, at }, now());
    }
}

fn width(hanging: &Hanging, film: usize) -> f64 {
    hanging.viewers()[film].look().grey.as_ref().unwrap().pres.voi.center_width().1
}

#[test]
fn layouts_follow_the_number_of_views() {
    let layouts: Vec<FilmLayout> = [1, 2, 3, 4, 5, 10].map(|n| hang(n).layout()).into();
    assert_eq!(
        layouts,
        [
            FilmLayout::One,
            FilmLayout::Two,
            FilmLayout::ThreeFocused(0),
            FilmLayout::Four(4),
            FilmLayout::Grid { first: 0, of: 5 },
            FilmLayout::Grid { first: 0, of: 10 },
        ]
    );
    let mut three = hang(3);
    press(&mut three, Command::EqualViews);
    assert_eq!(three.layout(), FilmLayout::Four(3));
}

#[test]
fn the_page_follows_the_focus_and_pages_turn_by_key() {
    let mut ten = hang(10);
    for _ in 0..6 {
        press(&mut ten, Command::NextView);
    }
    assert_eq!(ten.layout(), FilmLayout::Grid { first: 6, of: 10 });
    assert_eq!(ten.page_words().as_deref(), Some("Page 2 of 2"));
    press(&mut ten, Command::PreviousPage);
    assert_eq!((ten.focus(), ten.on_page().len(), ten.off_page()), (0, 6, vec![6, 7, 8, 9]));
    assert_eq!(ten.command(Command::PreviousPage, now()), Some(false), "there is none");
}

#[test]
fn coming_back_to_a_view_of_the_study_finds_it_as_it_was_left() {
    let mut ten = hang(10);
    press(&mut ten, Command::Invert);
    press(&mut ten, Command::ZoomIn);
    measure(&mut ten, Command::Length, [100.0, 100.0], [200.0, 150.0]);
    let left = ten.viewers()[0].look().clone();
    press(&mut ten, Command::NextPage);
    ten.park_others();
    assert!(!ten.viewers()[0].is_open(), "its pixels may go");
    press(&mut ten, Command::PreviousPage);
    ten.open(0, film(), None);
    assert_eq!(*ten.viewers()[0].look(), left);
}

#[test]
fn a_new_item_forgets_everything_and_shows_no_pixel_of_the_one_before() {
    let mut hanging = hang(2);
    press(&mut hanging, Command::Invert);
    press(&mut hanging, Command::RotateRight);
    press(&mut hanging, Command::Clipped);
    press(&mut hanging, Command::Magnifier);
    press(&mut hanging, Command::OneView);
    measure(&mut hanging, Command::Ellipse, [100.0, 100.0], [200.0, 150.0]);
    press(&mut hanging, Command::Length);
    hanging.hang(2);
    let fresh = Look::default();
    assert!(hanging.viewers().iter().all(|viewer| *viewer.look() == fresh && !viewer.is_open()));
    for film in draw(&mut hanging) {
        assert!(matches!(film.state, FilmState::Loading { .. }), "nothing of the film before");
        assert!(film.marks.is_empty() && film.magnifier.is_none() && film.hint.is_none());
    }
    assert_eq!(hanging.mouse(), MouseMap::default(), "no tool is at hand");
    assert_eq!(hanging.layout(), FilmLayout::Two);
    assert_eq!(hanging.command(Command::UndoView, now()), Some(false), "nor can it be called back");
}

#[test]
fn window_and_zoom_stay_between_items_where_that_is_set_and_turning_never_does() {
    let mut hanging = hang(1);
    hanging.set_settings(Settings { keep_view: true, ..Settings::default() });
    drag_window(&mut hanging, 0, [-60.0, 0.0]);
    press(&mut hanging, Command::OneToOne);
    press(&mut hanging, Command::FlipHorizontal);
    let narrow = width(&hanging, 0);
    hanging.hang(1);
    hanging.open(0, film(), None);
    let look = hanging.viewers()[0].look();
    assert!((width(&hanging, 0) / narrow - 1.0).abs() < 0.03, "the same share of the greys");
    assert_eq!(look.view.zoom, overread_imaging::Zoom::Scale(1.0));
    assert!(!look.view.orientation.is_mirrored());
}

#[test]
fn the_view_history_takes_back_one_gesture_at_a_time() {
    let mut hanging = hang(1);
    let opened = hanging.viewers()[0].look().clone();
    drag_window(&mut hanging, 0, [10.0, 5.0]);
    let windowed = hanging.viewers()[0].look().clone();
    measure(&mut hanging, Command::Length, [100.0, 100.0], [200.0, 150.0]);
    press(&mut hanging, Command::UndoView);
    assert_eq!(*hanging.viewers()[0].look(), windowed, "the measurement is gone");
    press(&mut hanging, Command::UndoView);
    assert_eq!(*hanging.viewers()[0].look(), opened, "the whole drag was one step");
    press(&mut hanging, Command::RedoView);
    assert_eq!(*hanging.viewers()[0].look(), windowed);
    press(&mut hanging, Command::Invert);
    assert_eq!(hanging.command(Command::RedoView, now()), Some(false), "another way was taken");
}

#[test]
fn presses_of_one_key_in_a_row_are_one_step_and_later_ones_another() {
    let mut hanging = hang(1);
    let (start, later) = (now(), now() + Duration::from_secs(5));
    for _ in 0..5 {
        hanging.command(Command::Wider, start);
    }
    let five = width(&hanging, 0);
    hanging.command(Command::Wider, later);
    press(&mut hanging, Command::UndoView);
    assert_eq!(width(&hanging, 0), five);
    press(&mut hanging, Command::UndoView);
    assert_eq!(hanging.command(Command::UndoView, now()), Some(false));
}

#[test]
fn there_are_two_levels_of_reset() {
    let mut hanging = hang(1);
    let opened = hanging.viewers()[0].look().clone();
    press(&mut hanging, Command::RotateLeft);
    press(&mut hanging, Command::Wider);
    measure(&mut hanging, Command::Length, [100.0, 100.0], [200.0, 150.0]);
    press(&mut hanging, Command::ResetView);
    let look = hanging.viewers()[0].look();
    assert_eq!(look.view, opened.view);
    assert!(look.grey != opened.grey && look.marks.len() == 1, "greys and marks stay");
    press(&mut hanging, Command::ResetAll);
    assert_eq!(*hanging.viewers()[0].look(), opened);
}

#[test]
fn a_measurement_is_selected_dragged_and_deleted() {
    let mut hanging = hang(1);
    measure(&mut hanging, Command::Length, [100.0, 100.0], [200.0, 100.0]);
    measure(&mut hanging, Command::Length, [100.0, 200.0], [300.0, 200.0]);
    assert_eq!(hanging.mouse(), MouseMap::default(), "after a mark the hand windows again");
    hanging.mouse_action(&UiAction::ClickFilm { film: 0, at: [150.0, 103.0] }, now());
    let drawn = draw_one(&mut hanging, 0).marks;
    assert_eq!(drawn.iter().map(|mark| mark.active).collect::<Vec<_>>(), [true, false]);
    let before = drawn[0].label.clone();
    for (phase, at) in [(Phase::Start, [200.0, 100.0]), (Phase::End, [250.0, 100.0])] {
        let drag = UiAction::DragMark { film: 0, mark: 0, point: 1, phase, at };
        hanging.mouse_action(&drag, now());
    }
    let after = draw_one(&mut hanging, 0).marks;
    assert_ne!(after[0].label, before);
    assert!((after[0].points[1][0] - 250.0).abs() < 0.1);
    press(&mut hanging, Command::DeleteMark);
    let left = draw_one(&mut hanging, 0).marks;
    assert_eq!((left.len(), left[0].points[1][1]), (1, after[1].points[1][1]), "the other stays");
    press(&mut hanging, Command::DeleteMark);
    assert_eq!(hanging.command(Command::DeleteMark, now()), Some(false), "nothing is left");
    press(&mut hanging, Command::UndoView);
    assert_eq!(draw_one(&mut hanging, 0).marks.len(), 1);
}

#[test]
fn escape_puts_the_tool_down_and_leaves_nothing_half_drawn() {
    let mut hanging = hang(1);
    press(&mut hanging, Command::Cobb);
    assert!(draw_one(&mut hanging, 0).hint.is_some(), "what the next drag does is said");
    for (phase, at) in [(Phase::Start, [100.0, 100.0]), (Phase::End, [200.0, 110.0])] {
        hanging.mouse_action(&UiAction::Draw { film: 0, phase, at }, now());
    }
    let half = draw_one(&mut hanging, 0).marks;
    assert_eq!((half.len(), half[0].shape), (1, MarkShape::Pairs));
    press(&mut hanging, Command::PutDown);
    let film = draw_one(&mut hanging, 0);
    assert!(film.marks.is_empty() && film.hint.is_none());
}

#[test]
fn views_are_linked_by_choice() {
    let mut two = hang(2);
    let pan = |phase| UiAction::Pan { film: 0, phase, delta: [30.0, -10.0] };
    drag_window(&mut two, 0, [40.0, 0.0]);
    two.mouse_action(&pan(Phase::End), now());
    assert_eq!(*two.viewers()[1].look(), *hang(1).viewers()[0].look(), "each by itself");
    let mut two = hang(2);
    press(&mut two, Command::LinkViews);
    press(&mut two, Command::LinkWindows);
    drag_window(&mut two, 0, [40.0, 0.0]);
    two.mouse_action(&pan(Phase::End), now());
    two.mouse_action(&UiAction::ZoomAt { film: 0, at: [50.0, 50.0], steps: 2.0 }, now());
    press(&mut two, Command::Invert);
    assert_eq!(two.viewers()[0].look(), two.viewers()[1].look());
}

#[test]
fn texts_and_letters_go_and_come_back_with_one_key() {
    let mut hanging = hang(1);
    assert!(!draw_one(&mut hanging, 0).overlay.top_left.is_empty());
    press(&mut hanging, Command::Overlays);
    let film = draw_one(&mut hanging, 0);
    assert!(film.overlay.top_left.is_empty() && film.badge.is_none());
}

#[test]
fn the_magnifier_shows_what_is_under_the_cursor() {
    let mut hanging = hang(1);
    press(&mut hanging, Command::Magnifier);
    assert!(hanging.mouse().track);
    hanging.mouse_action(&UiAction::Pointer(Some((0, [300.0, 200.0]))), now());
    let shown = draw_one(&mut hanging, 0);
    let lens = shown.magnifier.unwrap();
    assert_eq!(lens.centre, [300.0, 200.0]);
    let FilmState::Picture(film) = shown.state else { panic!("no film") };
    // The ramp rises by less than a level a pixel: the middle of the lens is the film's own grey.
    let grey = |rgba: &[u8], width: usize, x: usize, y: usize| i32::from(rgba[(y * width + x) * 4]);
    let side = lens.picture.size[0];
    let inside = grey(&lens.picture.rgba, side, side / 2, side / 2);
    assert!((inside - grey(&film.rgba, film.size[0], 300, 200)).abs() <= 1);
    let (left, right) = (
        grey(&lens.picture.rgba, side, 0, side / 2),
        grey(&lens.picture.rgba, side, side - 1, side / 2),
    );
    let spread = grey(&film.rgba, film.size[0], 300 + side / 4, 200)
        - grey(&film.rgba, film.size[0], 300 - side / 4, 200);
    assert!((right - left - spread).abs() <= 3, "{left}..{right} is not twice as large");
}

#[test]
fn the_histogram_carries_the_window_and_its_edges_can_be_dragged() {
    let mut hanging = hang(1);
    press(&mut hanging, Command::Histogram);
    let shown = draw_one(&mut hanging, 0).histogram.unwrap();
    assert_eq!(shown.bars.len(), 256);
    assert!(shown.window[0] < 0.01 && 0.99 < shown.window[1], "{:?}", shown.window);
    for (phase, at) in [(Phase::Start, 0.3), (Phase::Move, 0.25), (Phase::End, 0.25)] {
        let part = crate::view::HistogramPart::Low;
        hanging.mouse_action(&UiAction::DragHistogram { film: 0, part, phase, at }, now());
    }
    let shown = draw_one(&mut hanging, 0).histogram.unwrap();
    assert!((shown.window[0] - 0.25).abs() < 0.01, "{:?}", shown.window);
    assert_eq!(shown.clipped[0], "25.0\u{a0}% black");
}

#[test]
fn the_clipped_map_says_how_much_is_lost_in_film_and_window() {
    let mut hanging = hang(1);
    press(&mut hanging, Command::Clipped);
    let words = draw_one(&mut hanging, 0).overlay.bottom_left;
    assert!(words[0].starts_with("Film: 0.4\u{a0}% lowest, 0.4\u{a0}% highest"), "{words:?}");
    assert!(words[1].starts_with("Window: "), "{words:?}");
}

#[test]
fn a_preset_puts_the_window_on_the_right_button() {
    let mut hanging = hang(1);
    let mouse = crate::settings::MousePreset::WindowRight;
    hanging.set_settings(Settings { mouse, ..Settings::default() });
    assert_eq!(hanging.mouse().right, DragTool::Window);
    press(&mut hanging, Command::Length);
    assert_eq!(hanging.mouse().left, DragTool::Draw, "a tool is always on the left");
}

#[test]
fn dragging_down_darkens_unless_the_vertical_is_turned_round() {
    let level = |settings: Settings| {
        let mut hanging = hang(1);
        hanging.set_settings(settings);
        drag_window(&mut hanging, 0, [0.0, 20.0]);
        hanging.viewers()[0].look().grey.as_ref().unwrap().pres.voi.center_width().0
    };
    let start = hang(1).viewers()[0].look().grey.as_ref().unwrap().pres.voi.center_width().0;
    assert!(start < level(Settings::default()));
    assert!(level(Settings { invert_vertical: true, ..Settings::default() }) < start);
}

#[test]
fn a_box_of_the_dataset_lies_where_it_was_drawn_and_cannot_be_taken_hold_of() {
    let mut hanging = hang(1);
    press(&mut hanging, Command::OneToOne);
    let one = FilmBox { name: "Mass".to_owned(), edges: [100.0, 60.0, 80.0, 40.0] };
    let show = |hanging: &mut Hanging| {
        let boxes = [one.clone()];
        let caption = Caption {
            view: Some("PA"),
            number: 1,
            of: 1,
            study: 7,
            loading_for: None,
            narrow: false,
            boxes: &boxes,
        };
        hanging.film(0, SIZE, &caption).marks
    };
    let marks = show(&mut hanging);
    let [mark] = marks.as_slice() else { panic!("{marks:?}") };
    assert_eq!(mark.shape, MarkShape::Box);
    let [a, b] = mark.points.as_slice() else { panic!("{mark:?}") };
    assert_eq!((b[0] - a[0], b[1] - a[1]), (80.0, 40.0), "one image pixel is one screen pixel");
    assert!(mark.label[0].starts_with("Mass"), "{mark:?}");
    press(&mut hanging, Command::FlipHorizontal);
    let marks = show(&mut hanging);
    let [a, b] = marks[0].points.as_slice() else { panic!("{marks:?}") };
    assert_eq!((b[0] - a[0], b[1] - a[1]), (-80.0, 40.0), "it turns with the film");
    press(&mut hanging, Command::Overlays);
    assert!(show(&mut hanging).is_empty(), "O hides it like everything written over the film");
}

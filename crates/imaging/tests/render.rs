//! The viewport renderer: stages, geometry, padding, dither, colour.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::naive_bytecount,
    clippy::type_complexity,
    clippy::trivially_copy_pass_by_ref,
    reason = "tests fail by panicking and make their data by casts"
)]

mod common;

use common::{Dicom, image};
use overread_imaging::{
    DragSpeed, Filter, Layers, Orientation, Output, Pattern, Presentation, Renderer, ViewGeometry,
    ViewState, Voi, Window, WindowDrag, Zoom, edge_letters, pattern,
};
use proptest::prelude::*;

fn plain() -> Renderer {
    let mut renderer = Renderer::new();
    renderer.set_output(Output { no_dither: true, ..Output::default() });
    renderer
}

fn native() -> ViewState {
    ViewState { zoom: Zoom::Scale(1.0), ..ViewState::default() }
}

fn greys(rgba: &[u8]) -> Vec<u8> {
    rgba.as_chunks::<4>()
        .0
        .iter()
        .map(|p| {
            assert!(p[0] == p[1] && p[1] == p[2] && p[3] == 255);
            p[0]
        })
        .collect()
}

#[test]
fn a_ramp_of_256_levels_is_read_back_exactly() {
    let ramp = image(256, 2, 8, (0..512).map(|i| i % 256).collect());
    let pres = Presentation::default_for(&ramp);
    for mut renderer in [plain(), Renderer::new()] {
        let out = greys(renderer.render(&ramp, &native(), &pres, (256, 2)));
        assert_eq!(out[..256], (0..=255).collect::<Vec<u8>>());
    }
    let pattern = pattern(Pattern::Readback, 256, 192).unwrap();
    let pres = Presentation::default_for(&pattern);
    let out = greys(Renderer::new().render(&pattern, &native(), &pres, (256, 192)));
    assert_eq!(out[..256], (0..=255).collect::<Vec<u8>>());
}

#[test]
fn a_window_drag_runs_stage_two_only() {
    let film = image(300, 200, 12, (0..60_000_u32).map(|i| (i % 4096) as u16).collect());
    let mut pres = Presentation::default_for(&film);
    let mut renderer = Renderer::new();
    let view = ViewState::default();
    renderer.render(&film, &view, &pres, (640, 480));
    let mut drag = WindowDrag::new(&film, pres.voi, 1.0);
    for _ in 0..10 {
        pres.voi = drag.by(3.0, -2.0, DragSpeed::Normal);
        renderer.render(&film, &view, &pres, (640, 480));
    }
    assert_eq!((renderer.counters().stage1, renderer.counters().stage2), (1, 11));
    renderer.render(&film, &view, &pres, (640, 480));
    assert_eq!(renderer.counters().stage2, 11, "nothing changed, nothing ran");
    renderer.render(&film, &view.panned(1.0, 0.0), &pres, (640, 480));
    assert_eq!((renderer.counters().stage1, renderer.counters().stage2), (2, 12));
}

#[test]
fn another_image_never_shows_the_first_ones_pixels() {
    let (dark, bright) = (image(4, 4, 8, vec![10; 16]), image(4, 4, 8, vec![200; 16]));
    let pres = Presentation::new(Voi::Window(Window::linear(128.0, 256.0)));
    let mut renderer = plain();
    assert_eq!(greys(renderer.render(&dark, &native(), &pres, (4, 4))), vec![10; 16]);
    assert_eq!(greys(renderer.render(&bright, &native(), &pres, (4, 4))), vec![200; 16]);
}

#[test]
fn padding_is_black_under_inversion_and_leaves_no_fringe() {
    let words: Vec<u16> = (0..64).map(|i| if i % 8 < 4 { 4095 } else { 1000 }).collect();
    let film = Dicom::grey16(8, 8, 12, false, &words).us(0x0028_0120, &[4095]).decode();
    let window = Voi::Window(Window::linear(2048.0, 4096.0));
    for zoom in [1.0, 2.5, 3.0, 0.6] {
        for invert in [false, true] {
            let pres = Presentation { invert, ..Presentation::new(window) };
            let view = ViewState { zoom: Zoom::Scale(zoom), ..ViewState::default() };
            let out = greys(plain().render(&film, &view, &pres, (24, 24)));
            let anatomy = if invert { 193 } else { 62 };
            assert!(out.iter().all(|v| *v == 0 || *v == anatomy), "zoom {zoom}, invert {invert}");
            assert!(out.contains(&anatomy));
        }
    }
}

#[test]
fn native_resolution_moves_by_whole_pixels() {
    let film = image(5, 1, 8, vec![10, 20, 30, 40, 50]);
    let pres = Presentation::default_for(&film);
    let out = greys(plain().render(&film, &native().panned(0.4, 0.0), &pres, (7, 1)));
    assert_eq!(out, vec![0, 10, 20, 30, 40, 50, 0]);
    let twice = ViewState { zoom: Zoom::Scale(2.0), ..ViewState::default() };
    let out = greys(plain().render(&film, &twice, &pres, (10, 1)));
    assert_eq!(out, vec![10, 10, 20, 20, 30, 30, 40, 40, 50, 50]);
}

#[test]
fn shrinking_averages_areas() {
    let film = image(4, 2, 8, vec![0, 100, 50, 50, 100, 0, 200, 100]);
    let pres = Presentation::default_for(&film);
    let out = greys(plain().render(&film, &ViewState::default(), &pres, (2, 1)));
    assert_eq!(out, vec![50, 100]);
}

#[test]
fn enlarging_interpolates_before_the_window() {
    // A threshold between two values: interpolated modality values give one edge,
    // interpolated greys would give a blur.
    let film = image(2, 1, 12, vec![0, 4000]);
    let pres = Presentation::new(Voi::Window(Window::linear(1000.5, 1.0)));
    let view = ViewState { zoom: Zoom::Scale(16.5), ..ViewState::default() };
    let out = greys(plain().render(&film, &view, &pres, (33, 1)));
    assert!(out.iter().all(|v| *v == 0 || *v == 255));
    assert!(out.windows(2).filter(|w| w[0] != w[1]).count() == 1);
    for filter in [Filter::Bilinear, Filter::Bicubic] {
        let flat = image(9, 9, 12, vec![777; 81]);
        let view = ViewState { filter, ..view };
        let pres = Presentation::new(Voi::Window(Window::linear(777.0, 3.0)));
        let out = greys(plain().render(&flat, &view, &pres, (40, 40)));
        assert!(out.iter().all(|v| *v == out[0]), "{filter:?}");
    }
}

#[test]
fn dither_is_fair_and_keeps_the_ends_flat() {
    let film = image(64, 64, 12, vec![2000; 4096]);
    // 2000 of 4095 is 124.5421 levels.
    let pres = Presentation::new(Voi::Window(Window::linear(2048.0, 4096.0)));
    let out = greys(Renderer::new().render(&film, &native(), &pres, (64, 64)));
    let mean = out.iter().map(|v| f64::from(*v)).sum::<f64>() / 4096.0;
    let wanted = 2000.0 / 4095.0 * 255.0;
    assert!((mean - wanted).abs() < 0.01, "{mean} for {wanted}");
    assert!(out.iter().all(|v| [124, 125].contains(v)));
    for (value, level) in [(0, 0), (4095, 255)] {
        let flat = image(64, 64, 12, vec![value; 4096]);
        let out = greys(Renderer::new().render(&flat, &native(), &pres, (64, 64)));
        assert!(out.iter().all(|v| *v == level));
    }
}

#[test]
fn colour_is_shown_as_it_is() {
    let film = Dicom::new(1, 2, 8, 8, false)
        .us(0x0028_0002, &[3])
        .text(0x0028_0004, b"CS", "RGB")
        .bytes(&[1, 2, 3, 250, 128, 0])
        .decode();
    let pres = Presentation { invert: true, ..Presentation::default_for(&film) };
    let mut renderer = Renderer::new();
    let out = renderer.render(&film, &native(), &pres, (2, 1));
    assert_eq!(out, [1, 2, 3, 255, 250, 128, 0, 255]);
}

#[test]
fn unequal_pixels_are_drawn_square_in_millimetres() {
    let tall =
        Dicom::grey16(10, 10, 12, false, &[0; 100]).text(0x0028_0030, b"DS", "0.4\\0.2").decode();
    let g = ViewGeometry::new(&tall, &ViewState::default(), (100, 100));
    assert_eq!(g.scale, (5.0, 10.0));
    let turned =
        ViewState { orientation: Orientation::default().rotated_right(), ..ViewState::default() };
    assert_eq!(ViewGeometry::new(&tall, &turned, (100, 100)).scale, (10.0, 5.0));
}

#[test]
fn shutters_and_overlays_can_be_switched() {
    let film = Dicom::grey16(4, 4, 12, false, &[4095; 16])
        .window("2048", "4096")
        .text(0x0018_1600, b"CS", "RECTANGULAR")
        .text(0x0018_1602, b"IS", "2")
        .text(0x0018_1604, b"IS", "3")
        .text(0x0018_1606, b"IS", "2")
        .text(0x0018_1608, b"IS", "3")
        .decode();
    let pres = Presentation::default_for(&film);
    let count = |layers: Layers| {
        let view = ViewState { layers, ..native() };
        greys(plain().render(&film, &view, &pres, (4, 4))).iter().filter(|v| **v == 255).count()
    };
    assert_eq!(count(Layers::default()), 4);
    assert_eq!(count(Layers { shutter: false, ..Layers::default() }), 16);
}

#[test]
fn letters_follow_all_eight_ways_to_lay_a_film_down() {
    let film = ["L".to_owned(), "F".to_owned()];
    let at = |turns, mirrored| {
        let e = edge_letters(&film, Orientation::new(turns, mirrored)).unwrap();
        format!("{}{}{}{}", e.left, e.right, e.top, e.bottom)
    };
    let plain: Vec<String> = (0..4).map(|t| at(t, false)).collect();
    assert_eq!(plain, ["RLHF", "FHRL", "LRFH", "HFLR"]);
    let mirrored: Vec<String> = (0..4).map(|t| at(t, true)).collect();
    assert_eq!(mirrored, ["LRHF", "FHLR", "RLFH", "HFRL"]);
    assert_eq!(edge_letters(&["X".into(), "F".into()], Orientation::default()), None);
}

#[test]
fn four_turns_and_two_flips_are_nothing() {
    let start = Orientation::new(1, true);
    let turned = start.rotated_right().rotated_right().rotated_right().rotated_right();
    assert_eq!(turned, start);
    assert_eq!(start.flipped_horizontally().flipped_horizontally(), start);
    assert_eq!(start.flipped_vertically().flipped_vertically(), start);
    assert_eq!(start.rotated_right().rotated_left(), start);
}

#[test]
fn flips_act_on_the_screen_whatever_the_rotation() {
    let film = image(3, 2, 8, vec![1, 2, 3, 4, 5, 6]);
    let pres = Presentation::default_for(&film);
    let lay = |orientation| {
        let size = if orientation == Orientation::default() { (3, 2) } else { (2, 3) };
        let view = ViewState { orientation, ..native() };
        greys(plain().render(&film, &view, &pres, size))
    };
    let right = Orientation::default().rotated_right();
    assert_eq!(lay(right), vec![4, 1, 5, 2, 6, 3]);
    assert_eq!(lay(right.flipped_horizontally()), vec![1, 4, 2, 5, 3, 6]);
    assert_eq!(lay(right.flipped_vertically()), vec![6, 3, 5, 2, 4, 1]);
}

#[test]
fn an_empty_viewport_is_no_fault() {
    let film = image(3, 2, 8, vec![0; 6]);
    let pres = Presentation::default_for(&film);
    assert!(Renderer::new().render(&film, &native(), &pres, (0, 5)).is_empty());
    let far = native().panned(1e9, -1e9);
    assert!(greys(Renderer::new().render(&film, &far, &pres, (8, 8))).iter().all(|v| *v == 0));
}

proptest! {
    #[test]
    fn a_picture_turned_and_turned_back_is_itself(
        seed: u64, width in 1_u32..9, height in 1_u32..9, turns in 0_u8..4,
    ) {
        let mut noise = common::Noise(seed);
        let words: Vec<u16> = (0..width * height).map(|_| noise.next() as u16 & 0xFF).collect();
        let film = image(width, height, 8, words.clone());
        let pres = Presentation::default_for(&film);
        let turned = |film: &overread_imaging::DecodedImage, turns: u8| {
            let (w, h) = (film.width, film.height);
            let size = if turns.is_multiple_of(2) { (w, h) } else { (h, w) };
            let view = ViewState { orientation: Orientation::new(turns % 4, false), ..native() };
            let out = greys(plain().render(film, &view, &pres, size));
            image(size.0, size.1, 8, out.into_iter().map(u16::from).collect())
        };
        let back = turned(&turned(&film, turns), 4 - turns);
        prop_assert_eq!(common::stored(&back), words.iter().map(|v| i64::from(*v)).collect::<Vec<_>>());
        let mut four = film;
        for _ in 0..4 {
            four = turned(&four, 1);
        }
        prop_assert_eq!(common::stored(&four), common::stored(&back));
    }

    #[test]
    fn screen_and_image_coordinates_are_inverses(
        turns in 0_u8..4, mirrored: bool, zoom in 0.05..20.0, x in 0.0..500.0, y in 0.0..300.0,
        pan in (-400.0..400.0, -400.0..400.0), aspect in 0.5..2.0,
    ) {
        let view = ViewState {
            zoom: Zoom::Scale(zoom), pan, orientation: Orientation::new(turns, mirrored),
            ..ViewState::default()
        };
        let g = ViewGeometry::of((500, 300), aspect, &view, (800, 600));
        let (bx, by) = g.to_image(g.to_screen((x, y)));
        prop_assert!((bx - x).abs() < 1e-6 && (by - y).abs() < 1e-6);
    }

    #[test]
    fn zooming_keeps_what_is_under_the_cursor(
        turns in 0_u8..4, factor in 0.3..3.0, cx in 0.0..800.0, cy in 0.0..600.0,
    ) {
        let view = ViewState { orientation: Orientation::new(turns, false), ..ViewState::default() };
        let before = ViewGeometry::of((500, 300), 1.0, &view, (800, 600));
        let zoomed = view.zoomed_at(&before, (cx, cy), factor);
        let after = ViewGeometry::of((500, 300), 1.0, &zoomed, (800, 600));
        let (a, b) = (before.to_image((cx, cy)), after.to_image((cx, cy)));
        // Whole-number zooms snap to the pixel grid: half a screen pixel.
        let slack = 0.51 / after.zoom + 1e-6;
        prop_assert!((a.0 - b.0).abs() < slack && (a.1 - b.1).abs() < slack);
    }

    #[test]
    fn the_fast_path_is_the_reference_within_half_a_level(
        bits in 2_u16..=16, signed: bool, seed: u64, slope in -3.0..3.0_f64, intercept in -2000.0..2000.0,
        center in 0.0..1.0_f64, width in 0.05..1.5_f64, function in 0..3_usize, invert: bool,
    ) {
        prop_assume!(slope.abs() > 0.01);
        let mut noise = common::Noise(seed);
        let words: Vec<u16> = (0..64).map(|_| noise.next() as u16).collect();
        let film = Dicom::grey16(8, 8, bits, signed, &words)
            .rescale(&format!("{slope:.6}"), &format!("{intercept:.3}"))
            .decode();
        let span = f64::from(1_u32 << bits) * slope.abs();
        let (low, high) = film.stored_range();
        let base = film.modality_of(low).min(film.modality_of(high));
        let function = [
            overread_imaging::VoiFunction::Linear,
            overread_imaging::VoiFunction::LinearExact,
            overread_imaging::VoiFunction::Sigmoid,
        ][function];
        let window = Window { center: base + center * span, width: (width * span).max(1.5), function };
        let pres = Presentation { invert, ..Presentation::new(Voi::Window(window)) };
        let out = greys(plain().render(&film, &native(), &pres, (8, 8)));
        for (i, got) in out.into_iter().enumerate() {
            // The chain in double precision, written out once more.
            let stored = film.stored(i).unwrap();
            let y = window.apply(slope_of(slope) * stored as f64 + intercept_of(intercept));
            let p = if invert { 1.0 - y } else { y };
            prop_assert!((f64::from(got) - p * 255.0).abs() <= 0.5 + 0.01, "{got} for {}", p * 255.0);
        }
    }
}

/// The slope as the file's text has it.
fn slope_of(v: f64) -> f64 {
    format!("{v:.6}").parse().unwrap()
}

fn intercept_of(v: f64) -> f64 {
    format!("{v:.3}").parse().unwrap()
}

#[test]
fn clipped_levels_are_hatched_in_two_colours() {
    let film = image(
        16,
        16,
        8,
        (0..256)
            .map(|i| {
                if i < 100 {
                    255
                } else if i < 180 {
                    0
                } else {
                    i
                }
            })
            .collect(),
    );
    let pres = Presentation::default_for(&film);
    let view = ViewState { layers: Layers { clipped: true, ..Layers::default() }, ..native() };
    let mut renderer = plain();
    let out = renderer.render(&film, &view, &pres, (16, 16)).to_vec();
    let coloured = |from: usize, to: usize| {
        let pixels: std::collections::BTreeSet<[u8; 4]> =
            out.as_chunks::<4>().0[from..to].iter().filter(|p| p[0] != p[2]).copied().collect();
        assert_eq!(pixels.len(), 1);
        pixels.into_iter().next()
    };
    assert_ne!(coloured(0, 100), coloured(100, 180));
    assert!(out.as_chunks::<4>().0[180..].iter().all(|p| p[0] == p[2]));
    renderer.render(&film, &native(), &pres, (16, 16));
    assert_eq!(renderer.counters().stage1, 2);
}

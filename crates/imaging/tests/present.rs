//! Drags, keys, presets, patterns.
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
    AutoWindow, DragSpeed, Pattern, Preset, Renderer, ViewState, Voi, Window, WindowDrag,
    WindowStep, auto_voi, default_voi, pattern, percentile_mapped, preset_voi, presets, stepped,
};

/// A ramp over all 12 bits.
fn ramp() -> overread_imaging::DecodedImage {
    Dicom::grey16(64, 64, 12, false, &(0..4096).collect::<Vec<u16>>()).decode()
}

fn window(voi: Voi) -> Window {
    let Voi::Window(w) = voi else { panic!("a window") };
    w
}

#[test]
fn a_drag_is_relative_to_the_window_it_began_with() {
    let film = ramp();
    let start = Voi::Window(Window::linear(2048.0, 800.0));
    let drag = || WindowDrag::new(&film, start, 1.0);
    // 800 / 400 = 2 for each screen pixel.
    assert_eq!(drag().by(10.0, 5.0, DragSpeed::Normal).center_width(), (2058.0, 820.0));
    assert_eq!(drag().by(10.0, 5.0, DragSpeed::Coarse).center_width(), (2088.0, 880.0));
    assert_eq!(drag().by(10.0, 5.0, DragSpeed::Fine).center_width(), (2050.0, 804.0));
    // Narrow windows still move: by 1/4096 of the range at least.
    let narrow = Voi::Window(Window::linear(2048.0, 2.0));
    let moved = WindowDrag::new(&film, narrow, 1.0).by(0.0, 1.0, DragSpeed::Normal);
    assert!((moved.center_width().0 - 2048.0 - 4095.0 / 4096.0).abs() < 1e-9);
}

#[test]
fn a_drag_adds_up_and_stops_at_sense() {
    let film = ramp();
    let mut drag = WindowDrag::new(&film, Voi::Window(Window::linear(2048.0, 800.0)), 1.0);
    for _ in 0..10 {
        drag.by(0.1, 0.0, DragSpeed::Normal);
    }
    assert!((drag.by(0.0, 0.0, DragSpeed::Normal).center_width().1 - 802.0).abs() < 1e-9);
    assert_eq!(drag.by(-1e6, 0.0, DragSpeed::Normal).center_width().1, 1.0);
    let (center, width) = drag.by(0.0, 1e6, DragSpeed::Normal).center_width();
    assert_eq!(center, 4095.0 + width);
}

#[test]
fn keys_move_by_a_twentieth_or_a_hundredth() {
    let film = ramp();
    let start = Voi::Window(Window::linear(2048.0, 1000.0));
    let after = |step, fine| stepped(&film, &start, step, fine).center_width();
    assert_eq!(after(WindowStep::LevelUp, false), (2098.0, 1000.0));
    assert_eq!(after(WindowStep::LevelDown, true), (2038.0, 1000.0));
    assert_eq!(after(WindowStep::Wider, false), (2048.0, 1050.0));
    assert_eq!(after(WindowStep::Narrower, true), (2048.0, 990.0));
}

#[test]
fn automatic_windows_go_round() {
    let film = ramp();
    let mut auto = AutoWindow::Percentile;
    let mut edges = Vec::new();
    for _ in 0..3 {
        edges.push(window(auto_voi(&film, auto).voi).edges());
        auto = auto.next();
    }
    assert_eq!(auto, AutoWindow::Percentile);
    assert_eq!(edges[0], (20.0, 4075.0));
    assert_eq!(edges[1], (0.0, 4095.0));
    assert_eq!(edges[2], (0.0, 4095.0));
    assert_eq!(default_voi(&film).text, "auto window (p0.5–99.5)");
}

#[test]
fn presets_are_relative_and_ct_windows_are_not_among_them() {
    let film = ramp();
    assert_eq!(presets(&film), [Preset::Dense, Preset::Lucent, Preset::Narrow]);
    let current = default_voi(&film).voi;
    let of = |p| window(preset_voi(&film, p, &current).unwrap());
    assert_eq!(of(Preset::Dense).edges(), (2047.0, 4091.0));
    assert_eq!(of(Preset::Lucent).edges(), (20.0, 2457.0));
    assert_eq!(of(Preset::Narrow).width, current.center_width().1 / 2.0);
    assert!(preset_voi(&film, Preset::Retrocardiac, &current).is_none());
    let eight = image(16, 16, 8, (0..256).collect());
    let w = window(preset_voi(&eight, Preset::Retrocardiac, &current).unwrap());
    assert_eq!(w.edges(), (180.0, 254.0));
}

#[test]
fn the_same_relative_window_follows_the_exposure() {
    let film = ramp();
    let darker =
        Dicom::grey16(64, 64, 12, false, &(0..4096).map(|v| v / 2).collect::<Vec<u16>>()).decode();
    let voi = Voi::Window(Window::over_integers(1024.0, 3071.0));
    let (low, high) = window(percentile_mapped(&film, &voi, &darker).unwrap()).edges();
    assert!((low - 512.0).abs() <= 1.0 && (high - 1535.0).abs() <= 1.0, "{low} {high}");
}

#[test]
fn a_lut_is_dragged_along_its_input_axis() {
    let words: Vec<u16> = (0..4096).map(|i| i * 16).collect();
    let film = Dicom::grey16(64, 64, 12, false, &(0..4096).collect::<Vec<u16>>())
        .sequence(0x0028_3010, &[Dicom::lut_item([4096, 0, 16], &words)])
        .decode();
    let voi = default_voi(&film).voi;
    assert_eq!(voi.center_width(), (2048.0, 4096.0));
    let half = voi.with(1024.0, 2048.0);
    assert_eq!(half.apply(&film, 512.0), voi.apply(&film, 1024.0));
    assert_eq!(half.apply(&film, 2047.0), voi.apply(&film, 4094.0));
    assert_eq!(half.apply(&film, 4000.0), voi.apply(&film, 4095.0));
}

#[test]
fn every_pattern_draws_at_every_size_that_is_not_too_small() {
    let all = [
        Pattern::EighteenSquares,
        Pattern::SixteenPatches,
        Pattern::ElevenSteps,
        Pattern::BitDepth,
        Pattern::ThousandSteps,
        Pattern::Readback,
    ];
    for which in all {
        assert!(pattern(which, 255, 192).is_none());
        for (w, h) in [(256, 192), (1536, 2048), (1920, 1080)] {
            let drawn = pattern(which, w, h).unwrap();
            assert!(drawn.stats().max > drawn.stats().min, "{which:?}");
            let pres = overread_imaging::Presentation::default_for(&drawn);
            let out = Renderer::new().render(&drawn, &ViewState::default(), &pres, (w, h)).len();
            assert_eq!(out, w as usize * h as usize * 4);
        }
    }
    // The squares: level 15·i between the bars of the i-th.
    let squares = pattern(Pattern::EighteenSquares, 700, 700).unwrap();
    let levels: std::collections::BTreeSet<u32> = (0..490_000)
        .map(|i| squares.stored(i).unwrap() as u32)
        .filter(|v| v % 257 == 0)
        .map(|v| v / 257)
        .collect();
    assert!((0..18).all(|i| levels.contains(&(i * 15))));
    assert!(levels.contains(&10) && levels.contains(&20) && levels.contains(&252));
}

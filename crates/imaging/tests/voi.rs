//! Windows against the independent vectors, in the reference and in the fast path.
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

use overread_imaging::{
    Depth, Presentation, RenderOptions, RenderedPixels, Voi, VoiChoice, VoiFunction, Window,
    render_pvalues,
};
use proptest::prelude::*;

struct Vector {
    window: Window,
    x: f64,
    y: f64,
}

fn vectors() -> Vec<Vector> {
    let path =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/display/voi_vectors.json");
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    json.as_array()
        .unwrap()
        .iter()
        .map(|v| {
            let number = |key: &str| v[key].as_f64().unwrap();
            Vector {
                window: Window {
                    center: number("c"),
                    width: number("w"),
                    function: VoiFunction::parse(v["function"].as_str().unwrap()).unwrap(),
                },
                x: number("x"),
                y: number("y01"),
            }
        })
        .collect()
}

#[test]
fn all_183_vectors_agree_to_a_billionth() {
    let all = vectors();
    assert_eq!(all.len(), 183);
    for v in all {
        let y = v.window.apply(v.x);
        assert!((y - v.y).abs() < 1e-9, "{:?} at {}: {y} for {}", v.window, v.x, v.y);
    }
}

/// One pixel of stored value `x`, when that can be stored in 16 bits.
fn one_pixel(x: f64) -> Option<overread_imaging::DecodedImage> {
    let stored = x as i64;
    if stored as f64 != x || !(-32_768..32_768).contains(&stored) {
        return None;
    }
    let word = (stored as i16).cast_unsigned();
    Some(common::Dicom::grey16(1, 1, 16, true, &[word]).decode())
}

#[test]
fn sixteen_bit_output_of_the_vectors_is_rounded_once() {
    let mut checked = 0;
    for v in vectors() {
        let Some(image) = one_pixel(v.x) else { continue };
        let options = RenderOptions {
            window: Some((v.window.center, v.window.width)),
            voi: VoiChoice::Function(v.window.function),
            depth: Depth::Sixteen,
            ..RenderOptions::default()
        };
        let rendered = render_pvalues(&image, &options).unwrap();
        let RenderedPixels::Grey16(pixels) = rendered.pixels else { panic!("grey") };
        let error = (f64::from(pixels[0]) / 65_535.0 - v.y).abs();
        assert!(error <= 0.5 / 65_535.0 + 1e-12, "{:?} at {}", v.window, v.x);
        checked += 1;
    }
    assert!(checked > 100, "only {checked} vectors were whole numbers");
}

#[test]
fn round_half_up_gives_both_ends_the_same_share() {
    let image = common::image(4096, 1, 12, (0..4096).collect());
    let options = RenderOptions { window: Some((2048.0, 4096.0)), ..RenderOptions::default() };
    let RenderedPixels::Grey8(p) = render_pvalues(&image, &options).unwrap().pixels else {
        panic!("grey")
    };
    assert_eq!(p.iter().filter(|v| **v == 0).count(), 9);
    assert_eq!(p.iter().filter(|v| **v == 255).count(), 9);
    assert_eq!((p[0], p[1], p[500], p[2047], p[2048], p[4095]), (0, 0, 31, 127, 128, 255));
}

#[test]
fn rescale_then_window_follows_the_worked_chain() {
    let words = [133, 134, 800, 1465, 1466];
    let image = common::Dicom::grey16(1, 5, 12, false, &words)
        .rescale("1.5", "-200")
        .window("1000", "2000")
        .decode();
    let pres = Presentation::default_for(&image);
    let expected = [0.0, 0.127_564, 127.563_782, 254.808_654, 255.0];
    for (x, want) in words.iter().zip(expected) {
        let got = pres.p_value(&image, image.modality_of(i64::from(*x))) * 255.0;
        assert!((got - want).abs() < 1e-5, "{x}: {got} for {want}");
    }
}

#[test]
fn width_below_one_is_read_as_exact_and_said() {
    let image = common::Dicom::grey16(1, 1, 16, false, &[1000])
        .rescale("0.0002442002589", "-0.0002442002587")
        .window("0.4565323565", "0.9130647131")
        .decode();
    let pres = Presentation::default_for(&image);
    for (stored, want) in
        [(2, 0.0682), (1000, 68.1319), (1870, 127.4659), (3739, 254.9318), (3741, 255.0)]
    {
        let got = pres.p_value(&image, image.modality_of(stored)) * 255.0;
        assert!((got - want).abs() < 1e-3, "{stored}: {got}");
    }
    assert!(image.meta.warnings.iter().any(|w| w.contains("LINEAR_EXACT")));
}

#[test]
fn odd_spellings_of_the_function_are_understood() {
    assert_eq!(VoiFunction::parse(" sigmoid\0"), Some(VoiFunction::Sigmoid));
    assert_eq!(VoiFunction::parse("Linear_Exact "), Some(VoiFunction::LinearExact));
    assert_eq!(VoiFunction::parse("S"), None);
    let image = common::Dicom::grey16(1, 2, 12, false, &[0, 9])
        .window("5", "10")
        .text(0x0028_1056, b"CS", "WHATEVER")
        .decode();
    assert_eq!(image.meta.windows[0].window.function, VoiFunction::Linear);
    assert!(image.meta.warnings.iter().any(|w| w.contains("VOI LUT Function")));
}

fn any_window() -> impl Strategy<Value = Window> {
    let function = prop_oneof![
        Just(VoiFunction::Linear),
        Just(VoiFunction::LinearExact),
        Just(VoiFunction::Sigmoid)
    ];
    (function, -5000.0..5000.0, 1.0..9000.0).prop_map(|(function, center, width)| Window {
        center,
        width,
        function,
    })
}

proptest! {
    #[test]
    fn windows_never_fall(w in any_window(), a in -9000.0..9000.0, b in -9000.0..9000.0) {
        let (low, high) = if a < b { (a, b) } else { (b, a) };
        let (y0, y1) = (w.apply(low), w.apply(high));
        prop_assert!(y0 <= y1);
        prop_assert!((0.0..=1.0).contains(&y0) && (0.0..=1.0).contains(&y1));
    }

    #[test]
    fn inversion_is_the_complement(w in any_window(), stored in 0_u16..4096) {
        let image = common::image(1, 1, 12, vec![stored]);
        let plain = Presentation::new(Voi::Window(w));
        let inverted = Presentation { invert: true, ..plain };
        let x = f64::from(stored);
        prop_assert!((plain.p_value(&image, x) + inverted.p_value(&image, x) - 1.0).abs() < 1e-12);
    }
}

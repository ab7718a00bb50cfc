//! A whole film at three windows: what is written to a file and what stands on the screen, against pictures that
//! were computed without this program.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_precision_loss,
    reason = "tests fail by panicking"
)]

use std::fmt::Write as _;

use overread_imaging::{
    DecodeLimits, DecodedImage, Depth, Output, Presentation, RenderOptions, RenderedPixels,
    Renderer, Samples, ViewState, Voi, VoiChoice, VoiFunction, Window, Zoom, decode,
    render_pvalues,
};
use sha2::{Digest as _, Sha256};

/// By `tests/peers/film.py`.
const REFERENCE: &str = include_str!("../../../tests/reference/display/film_windows.json");

#[derive(serde::Deserialize)]
struct Case {
    film: String,
    function: String,
    center: f64,
    width: f64,
    rows: u32,
    cols: u32,
    sha256_8_bit: String,
    sha256_16_bit_little_endian: String,
}

fn cases() -> Vec<(Case, DecodedImage)> {
    let cases: Vec<Case> = serde_json::from_str(REFERENCE).unwrap();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let open = |case: Case| {
        let bytes = std::fs::read(root.join(&case.film)).unwrap();
        let image = decode(&bytes, &DecodeLimits::default()).unwrap();
        assert_eq!((image.width, image.height), (case.cols, case.rows));
        (case, image)
    };
    cases.into_iter().map(open).collect()
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

fn rendered(image: &DecodedImage, case: &Case, depth: Depth) -> Vec<u8> {
    let options = RenderOptions {
        window: Some((case.center, case.width)),
        voi: VoiChoice::Function(VoiFunction::parse(&case.function).unwrap()),
        depth,
        ..RenderOptions::default()
    };
    match render_pvalues(image, &options).unwrap().pixels {
        RenderedPixels::Grey8(samples) => samples,
        RenderedPixels::Grey16(samples) => samples.iter().flat_map(|s| s.to_le_bytes()).collect(),
        other => panic!("no grey: {other:?}"),
    }
}

#[test]
fn a_film_at_three_windows_is_the_picture_that_was_computed_elsewhere() {
    let cases = cases();
    assert_eq!(cases.len(), 6);
    for (case, image) in cases {
        let name = format!("{} {} {}/{}", case.film, case.function, case.center, case.width);
        assert_eq!(digest(&rendered(&image, &case, Depth::Eight)), case.sha256_8_bit, "{name}");
        let deep = digest(&rendered(&image, &case, Depth::Sixteen));
        assert_eq!(deep, case.sha256_16_bit_little_endian, "{name}");
        // A level more in one pixel is another picture.
        let mut bent = rendered(&image, &case, Depth::Eight);
        let middle = bent.len() / 2;
        bent[middle] ^= 1;
        assert_ne!(digest(&bent), case.sha256_8_bit, "{name}");
    }
}

/// The standard's three formulas, written down once more.
fn p_value(function: &str, x: f64, c: f64, w: f64) -> f64 {
    match function {
        "LINEAR" => ((x - (c - 0.5)) / (w - 1.0) + 0.5).clamp(0.0, 1.0),
        "LINEAR_EXACT" => ((x - c) / w + 0.5).clamp(0.0, 1.0),
        _ => 1.0 / (1.0 + (-4.0 * (x - c) / w).exp()),
    }
}

/// The display table holds 1/256 of a level.
const TABLE_STEP: f64 = 1.0 / 256.0;

#[test]
fn the_viewport_at_one_to_one_shows_that_picture_within_half_a_level() {
    for (case, image) in cases() {
        let Samples::Grey16 { data, offset } = &image.samples else { panic!("no 16-bit grey") };
        let function = VoiFunction::parse(&case.function).unwrap();
        let window = Window { center: case.center, width: case.width, function };
        let pres = Presentation::new(Voi::Window(window));
        let view = ViewState { zoom: Zoom::Scale(1.0), ..ViewState::default() };
        let mut renderer = Renderer::new();
        renderer.set_output(Output { no_dither: true, ..Output::default() });
        let rgba = renderer.render(&image, &view, &pres, (case.cols, case.rows));
        let pixels = rgba.as_chunks::<4>().0;
        assert_eq!(pixels.len(), data.len());
        let mut exact = 0_usize;
        let file = rendered(&image, &case, Depth::Eight);
        for ((pixel, &code), &in_file) in pixels.iter().zip(data).zip(&file) {
            let x = f64::from(code) + f64::from(*offset);
            let p = p_value(&case.function, x, case.center, case.width);
            let level = 255.0 * if image.inverted() { 1.0 - p } else { p };
            let shown = f64::from(pixel[0]);
            assert!((shown - level).abs() <= 0.5 + TABLE_STEP, "{}: {shown} {level}", case.film);
            assert_eq!((pixel[0], pixel[0], 255), (pixel[1], pixel[2], pixel[3]));
            exact += usize::from(pixel[0] == in_file);
        }
        // The two differ only where a level lies on the edge between two.
        assert!(exact as f64 > 0.99 * data.len() as f64, "{}: {exact}", case.film);
    }
}

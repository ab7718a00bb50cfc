//! Decoding, the two stages of the display, whole renderings and the index.
//!
//! ```text
//! cargo bench -p overread-imaging --bench pixels
//! OVERREAD_BENCH_FILES="a.dcm b.dcm" cargo bench -p overread-imaging --bench pixels
//! ```
//!
//! Prints one JSON object a line: milliseconds at p50, p95 and the largest. Makes its own films;
//! files named in the variable are decoded and rendered besides.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::hint::black_box;
use std::time::Instant;

use overread_imaging::{
    DecodeLimits, DecodedImage, Metadata, Presentation, RenderOptions, Renderer, Samples,
    ViewState, body_distribution, decode, default_voi, index, render_pvalues,
};

fn timed(work: impl FnOnce()) -> f64 {
    let clock = Instant::now();
    work();
    clock.elapsed().as_secs_f64() * 1000.0
}

fn report(name: &str, runs: usize, mut work: impl FnMut()) {
    work();
    print(name, (0..runs).map(|_| timed(&mut work)).collect());
}

fn print(name: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get((times.len() - 1) * share / 100).copied().unwrap_or(0.0);
    println!(
        "{{\"name\":\"{name}\",\"p50_ms\":{:.3},\"p95_ms\":{:.3},\"max_ms\":{:.3},\"n\":{}}}",
        at(50),
        at(95),
        at(100),
        times.len()
    );
}

/// Values of a film: smooth anatomy, fine grain, no two rows alike.
fn film(width: u32, height: u32, bits: u32) -> Vec<u16> {
    let mut state = 1_u64;
    let top = (1_u64 << bits) - 1;
    (0..u64::from(width) * u64::from(height))
        .map(|i| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (x, y) = (i % u64::from(width), i / u64::from(width));
            let ramp = (x + y) * top / u64::from(width + height);
            u16::try_from((ramp + (state >> 60)).min(top)).unwrap_or(0)
        })
        .collect()
}

fn element(out: &mut Vec<u8>, group: u16, number: u16, vr: [u8; 2], value: &[u8]) {
    out.extend(group.to_le_bytes());
    out.extend(number.to_le_bytes());
    out.extend(vr);
    out.extend(u16::try_from(value.len()).unwrap_or(0).to_le_bytes());
    out.extend(value);
}

/// An uncompressed radiograph of 12 bits.
fn dicom(width: u16, height: u16) -> Vec<u8> {
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    element(&mut out, 2, 0x10, *b"UI", b"1.2.840.10008.1.2.1\0");
    element(&mut out, 8, 0x60, *b"CS", b"DX");
    element(&mut out, 0x20, 0x0D, *b"UI", b"1.2.3\0");
    element(&mut out, 0x28, 2, *b"US", &[1, 0]);
    element(&mut out, 0x28, 4, *b"CS", b"MONOCHROME2 ");
    element(&mut out, 0x28, 0x10, *b"US", &height.to_le_bytes());
    element(&mut out, 0x28, 0x11, *b"US", &width.to_le_bytes());
    for (number, value) in [(0x100, 16), (0x101, 12), (0x102, 11), (0x103, 0)] {
        element(&mut out, 0x28, number, *b"US", &[value, 0]);
    }
    element(&mut out, 0x28, 0x1050, *b"DS", b"2048");
    element(&mut out, 0x28, 0x1051, *b"DS", b"4096");
    let pixels = film(width.into(), height.into(), 12);
    out.extend([0xE0, 0x7F, 0x10, 0, b'O', b'W', 0, 0]);
    out.extend(u32::try_from(pixels.len() * 2).unwrap_or(0).to_le_bytes());
    out.extend(pixels.iter().flat_map(|v| v.to_le_bytes()));
    out
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let values: Vec<u8> =
        film(width, height, 8).iter().map(|&v| u8::try_from(v).unwrap_or(0)).collect();
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut w| {
        w.write_image_data(&values)?;
        w.finish()
    });
    if written.is_err() {
        out.clear();
    }
    out
}

fn bench_file(name: &str, bytes: &[u8]) {
    let limits = DecodeLimits::default();
    // A cold item waits for decoding and for the window it opens with: taken in turns
    // with decoding alone, for the machine is not the same from one second to the next.
    let (mut alone, mut cold) = (Vec::new(), Vec::new());
    for _ in 0..21 {
        alone.push(timed(|| drop(black_box(decode(black_box(bytes), &limits)))));
        cold.push(timed(|| {
            if let Ok(image) = decode(black_box(bytes), &limits) {
                black_box(default_voi(&image));
            }
        }));
    }
    print(&format!("decode {name}"), alone);
    print(&format!("cold item {name}"), cold);
    // What the worker measures afterwards, while the film is on screen.
    report(&format!("decode and grey levels judged {name}"), 20, || {
        if let Ok(image) = decode(black_box(bytes), &limits) {
            black_box(image.adequacy());
            black_box(body_distribution(&image));
        }
    });
    report(&format!("render {name}"), 20, || {
        let options = RenderOptions::default();
        let png = decode(black_box(bytes), &limits)
            .ok()
            .and_then(|image| render_pvalues(&image, &options).ok())
            .and_then(|rendered| rendered.to_png().ok());
        black_box(png);
    });
}

fn image(width: u32, height: u32, meta: Metadata) -> DecodedImage {
    let data = film(width, height, 16);
    DecodedImage::new(width, height, Samples::Grey16 { data, offset: 0 }, meta)
}

/// A window-level drag: only the table stage, over `size` screen pixels.
fn drag(name: &str, image: &DecodedImage, size: (u32, u32)) {
    let mut renderer = Renderer::new();
    let mut shown = Presentation::default_for(image);
    let view = ViewState::default();
    renderer.render(image, &view, &shown, size);
    report(name, 100, || {
        let (center, width) = shown.voi.center_width();
        shown.voi = shown.voi.with(center + 1.0, width);
        black_box(renderer.render(image, &view, &shown, size));
    });
    let mut step = 0.0;
    report(&format!("{name}, panned as well"), 20, || {
        step += 0.3;
        black_box(renderer.render(image, &view.panned(step, 0.0), &shown, size));
    });
}

fn main() {
    let radiograph = dicom(2048, 2500);
    bench_file("2500x2048 uncompressed", &radiograph);
    bench_file("1024x1024 png", &png(1024, 1024));
    for path in std::env::var("OVERREAD_BENCH_FILES").unwrap_or_default().split_whitespace() {
        match std::fs::read(path) {
            Ok(bytes) => {
                let name = path.rsplit('/').next().unwrap_or(path);
                bench_file(name, &bytes);
            }
            Err(error) => println!("{{\"name\":\"{path}\",\"error\":\"{error}\"}}"),
        }
    }
    if let Ok(plain) = decode(&radiograph, &DecodeLimits::default()) {
        let mut meta = plain.meta.clone();
        (meta.bits_stored, meta.high_bit) = (16, 15);
        meta.windows.clear();
        let wide = image(3000, 2500, meta);
        drag("drag 3000x2500 in 1600x1200", &wide, (1600, 1200));
        drag("drag 3000x2500 in 2000x1500 (3 MP of screen)", &wide, (2000, 1500));
    }
    report("index of one header", 1000, || {
        black_box(index::read_bytes(black_box(&radiograph))).ok();
    });
}

//! The clip detector on made films, each spoilt in a known way.
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

use common::{Noise, image};
use overread_imaging::{AdequacyClass, DecodedImage};

const SIZE: usize = 512;

/// A made chest: dark lungs, bright mediastinum, noise; 12 bits.
fn chest() -> Vec<f64> {
    let mut noise = Noise(11);
    let blob = |x: f64, y: f64, cx: f64, cy: f64, rx: f64, ry: f64| {
        let d = ((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2);
        1.0 / (1.0 + ((d - 1.0) * 6.0).exp())
    };
    (0..SIZE * SIZE)
        .map(|i| {
            let (x, y) = ((i % SIZE) as f64 / SIZE as f64, (i / SIZE) as f64 / SIZE as f64);
            let body = 700.0 + 1500.0 * blob(x, y, 0.5, 0.55, 0.47, 0.6);
            let lungs = blob(x, y, 0.28, 0.45, 0.17, 0.3) + blob(x, y, 0.72, 0.45, 0.17, 0.3);
            let heart = blob(x, y, 0.55, 0.6, 0.18, 0.22);
            let v = body - 1100.0 * lungs * (1.0 - heart) + 1300.0 * heart + 300.0 * (y - 0.5);
            (v + noise.gauss() * 25.0).clamp(0.0, 4095.0)
        })
        .collect()
}

fn windowed(film: &[f64], low: f64, high: f64) -> Vec<u16> {
    film.iter().map(|v| (((v - low) / (high - low)).clamp(0.0, 1.0) * 255.0 + 0.5) as u16).collect()
}

fn eight_bit(data: Vec<u16>) -> DecodedImage {
    let side = (data.len() as f64).sqrt() as u32;
    image(side, side, 8, data)
}

fn stretched(data: &[u16], factor: f64) -> Vec<u16> {
    data.iter().map(|&v| ((f64::from(v) * factor) + 0.5).min(255.0) as u16).collect()
}

fn halved(data: &[u16]) -> Vec<u16> {
    let half = SIZE / 2;
    (0..half * half)
        .map(|i| {
            let at = (i / half) * 2 * SIZE + (i % half) * 2;
            (data[at] + data[at + 1] + data[at + SIZE] + data[at + SIZE + 1] + 2) / 4
        })
        .collect()
}

fn class(data: Vec<u16>) -> AdequacyClass {
    eight_bit(data).adequacy().class
}

#[test]
fn a_full_range_film_is_adequate() {
    let film = eight_bit(windowed(&chest(), 0.0, 4095.0));
    let a = film.adequacy();
    assert_eq!(a.class, AdequacyClass::Adequate, "{a:?}");
    assert!(a.high.saturated < 0.01 && a.gap_fraction < 0.01);
}

#[test]
fn a_white_heart_is_severely_clipped_before_and_after_downsampling() {
    let film = windowed(&chest(), 200.0, 2600.0);
    let full = eight_bit(film.clone());
    let a = full.adequacy();
    assert_eq!(a.class, AdequacyClass::SeverelyClipped, "{a:?}");
    assert!(a.high.plateau >= 0.05 && a.high.level == 255);
    assert!(a.text.contains("no window can bring back"));
    let area = a.high.area.unwrap();
    assert!(area.central_share > 0.5, "{area:?}");
    assert_eq!(class(halved(&film)), AdequacyClass::SeverelyClipped);
}

#[test]
fn an_inverted_film_is_named_by_level_not_by_white() {
    let inverted: Vec<u16> = windowed(&chest(), 200.0, 2600.0).iter().map(|v| 255 - v).collect();
    let film = eight_bit(inverted);
    let a = film.adequacy();
    assert_eq!(a.class, AdequacyClass::SeverelyClipped);
    assert_eq!(a.low.level, 0);
    assert!(a.text.contains("lowest level (0)"), "{}", a.text);
}

#[test]
fn a_black_surround_is_not_clipping() {
    let mut film = windowed(&chest(), 0.0, 4095.0);
    for (i, v) in film.iter_mut().enumerate() {
        let (x, y) = (i % SIZE, i / SIZE);
        if !(60..SIZE - 60).contains(&x) || !(40..SIZE - 40).contains(&y) {
            *v = 0;
        }
    }
    let film = eight_bit(film);
    let a = film.adequacy();
    assert_eq!(a.class, AdequacyClass::Adequate, "{a:?}");
    assert!(a.low.saturated < 0.001);
}

#[test]
fn dark_air_behind_the_bright_edge_of_a_scan_is_surround() {
    let spoilt = |edge: usize| {
        let mut film = windowed(&chest(), 0.0, 4095.0);
        for (i, v) in film.iter_mut().enumerate() {
            let (x, y) = (i % SIZE, i / SIZE);
            let inside = (edge..SIZE - edge).contains(&x) && (edge..SIZE - edge).contains(&y);
            if !inside {
                *v = 200;
            } else if y < edge + SIZE / 8 && !(SIZE / 3..SIZE * 2 / 3).contains(&x) {
                *v = 0;
            }
        }
        eight_bit(film)
    };
    let scanned = spoilt(SIZE / 80);
    assert!(
        !scanned.adequacy().findings.contains(&AdequacyClass::Clipped),
        "{:?}",
        scanned.adequacy()
    );
    assert!(!scanned.adequacy().findings.contains(&AdequacyClass::SeverelyClipped));
    // The same area further in is not surround.
    let inward = spoilt(SIZE / 10);
    assert!(matches!(
        inward.adequacy().class,
        AdequacyClass::Clipped | AdequacyClass::SeverelyClipped
    ));
    assert!(inward.adequacy().low.plateau > 0.01);
}

#[test]
fn a_stretch_leaves_gaps_until_downsampling_hides_them() {
    let film = windowed(&chest(), -200.0, 6000.0);
    let wide = stretched(&film, 1.42);
    assert!(eight_bit(wide.clone()).adequacy().findings.contains(&AdequacyClass::Stretched));
    assert!(!eight_bit(halved(&wide)).adequacy().findings.contains(&AdequacyClass::Stretched));
}

#[test]
fn a_compression_of_levels_leaves_spikes() {
    let squeezed: Vec<u16> = windowed(&chest(), 0.0, 4095.0)
        .iter()
        .map(|&v| (f64::from(v) * 0.7 + 0.5) as u16)
        .collect();
    let film = eight_bit(squeezed);
    let a = film.adequacy();
    assert!(a.findings.contains(&AdequacyClass::Requantised), "{a:?}");
}

#[test]
fn sixty_four_levels_are_posterised_and_few() {
    let film: Vec<u16> = windowed(&chest(), 0.0, 4095.0).iter().map(|v| v / 4 * 4).collect();
    let film = eight_bit(film);
    let found = &film.adequacy().findings;
    assert!(
        found.contains(&AdequacyClass::Posterised) && found.contains(&AdequacyClass::FewLevels)
    );
}

#[test]
fn letters_and_metal_at_the_top_are_not_clipping() {
    let mut film = windowed(&chest(), 0.0, 4095.0);
    for y in 20..60 {
        for x in (20..60).filter(|x| x % 10 < 4) {
            film[y * SIZE + x] = 255;
        }
    }
    assert_eq!(class(film), AdequacyClass::Adequate);
}

#[test]
fn colour_is_not_judged() {
    let film = common::Dicom::new(1, 1, 8, 8, false)
        .us(0x0028_0002, &[3])
        .text(0x0028_0004, b"CS", "RGB")
        .bytes(&[1, 2, 3])
        .decode();
    assert_eq!(film.adequacy().class, AdequacyClass::NotApplicable);
}

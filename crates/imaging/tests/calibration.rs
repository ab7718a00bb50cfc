//! The standard display function and calibration.
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

use overread_imaging::{
    CalibrationError, CalibrationLut, Measurement, jnd, jnd_exact, luminance, verify_18,
};

#[test]
fn luminance_agrees_with_the_standards_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference/display/gsdf_table.csv");
    let table = std::fs::read_to_string(path).unwrap();
    let mut rows = 0;
    for line in table.lines().skip(1) {
        let (j, l) = line.split_once(',').unwrap();
        let (j, l): (f64, f64) = (j.parse().unwrap(), l.parse().unwrap());
        assert!(((luminance(j) - l) / l).abs() < 1e-4, "j {j}");
        rows += 1;
    }
    assert_eq!(rows, 1023);
}

#[test]
fn the_inverse_comes_back() {
    for (l, j) in [(0.05, 1.0304), (1.0, 71.4981), (100.0, 476.3638), (350.0, 653.1152)] {
        assert!((jnd(l) - j).abs() < 1e-3, "{l}");
    }
    for j in [1.0, 10.0, 255.0, 512.0, 900.0, 1023.0] {
        assert!((jnd(luminance(j)) - j).abs() <= 0.1);
        assert!((jnd_exact(luminance(j)) - j).abs() < 1e-6);
    }
}

/// A display of gamma 2.2 between two luminances.
fn gamma_display(low: f64, high: f64, step: usize) -> Vec<Measurement> {
    (0..=255)
        .step_by(step)
        .map(f64::from)
        .map(|ddl| Measurement { ddl, luminance: low + (high - low) * (ddl / 255.0).powf(2.2) })
        .collect()
}

#[test]
fn a_calibrated_gamma_display_follows_the_standard_within_one_percent() {
    let patches = gamma_display(0.3, 300.0, 5);
    let uncalibrated: Vec<f64> = patches.iter().step_by(3).map(|m| m.luminance).collect();
    let before = verify_18(&uncalibrated).unwrap();
    assert!((before.max_deviation - 0.486).abs() < 0.01, "{before:?}");
    assert!(!before.passes);
    let after = CalibrationLut::new(&patches, 0.0).unwrap().verify();
    assert!(after.max_deviation < 0.01, "{after:?}");
    assert!(after.passes);
}

#[test]
fn calibration_levels_agree_with_the_worked_table() {
    let lut = CalibrationLut::new(&gamma_display(0.3, 300.0, 1), 0.0).unwrap();
    for (p, level) in
        [(8, 10.57), (32, 25.08), (64, 44.09), (128, 91.07), (192, 158.0), (254, 253.14)]
    {
        assert!((lut.level(p * 257) - level).abs() < 0.05, "{p}: {}", lut.level(p * 257));
    }
    assert_eq!((lut.level(0), lut.level(u16::MAX)), (0.0, 255.0));
}

#[test]
fn ambient_light_is_part_of_what_the_eye_sees() {
    let dark = CalibrationLut::new(&gamma_display(0.3, 300.0, 5), 0.0).unwrap();
    let lit = CalibrationLut::new(&gamma_display(0.3, 300.0, 5), 1.0).unwrap();
    assert!(lit.level(8000) > dark.level(8000));
    assert!(lit.verify().max_deviation < 0.01);
    assert!((lit.verify().min - 1.3).abs() < 1e-6);
}

#[test]
fn measurements_that_cannot_be_are_refused() {
    let good = gamma_display(0.3, 300.0, 15);
    let mut flat = good.clone();
    flat[3].luminance = flat[2].luminance;
    assert_eq!(
        CalibrationLut::new(&flat, 0.0).unwrap_err(),
        CalibrationError::NotRising { from: 30.0, to: 45.0 }
    );
    assert_eq!(CalibrationLut::new(&good[1..], 0.0).unwrap_err(), CalibrationError::Ends);
    assert_eq!(CalibrationLut::new(&good[..3], 0.0).unwrap_err(), CalibrationError::TooFew(3));
    let mut negative = good.clone();
    negative[0].luminance = -1.0;
    assert_eq!(
        CalibrationLut::new(&negative, 0.0).unwrap_err(),
        CalibrationError::BadLuminance(0.0)
    );
}

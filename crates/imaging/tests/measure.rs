//! Distances, angles, regions.
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

use overread_imaging::{Roi, Spacing, SpacingKind, angle, cobb, length, length_text, roi_stats};

const FILM: Spacing = Spacing { row: 0.139, col: 0.143, kind: SpacingKind::Detector };

/// Points written (row, column), as the worked figures have them.
fn rc(row: f64, column: f64) -> (f64, f64) {
    (column, row)
}

#[test]
fn lengths_use_the_spacing_of_their_own_axis() {
    let (a, b) = (rc(100.0, 200.0), rc(1300.0, 900.0));
    assert!((length(&FILM, a, b) - 194.5308).abs() < 1e-4);
    assert!((length(&Spacing::PIXELS, a, b) - 1389.2444).abs() < 1e-4);
    assert_eq!(length_text(&FILM, a, b), "194.5 mm at detector, uncalibrated");
    assert_eq!(length_text(&Spacing::PIXELS, a, b), "1389.2 px");
}

#[test]
fn angles_are_measured_on_square_pixels() {
    let points = [rc(0.0, 150.0), rc(100.0, 100.0), rc(60.0, 250.0)];
    let at = |row, col| {
        let s = Spacing { row, col, kind: SpacingKind::Nominal };
        angle(&s, points[0], points[1], points[2])
    };
    assert!((at(1.0, 1.0) - 48.5035).abs() < 1e-4, "{}", at(1.0, 1.0));
    let unequal = [at(1.0, 1.2), at(1.2, 1.0)];
    assert!(unequal.iter().any(|a| (a - 46.5074).abs() < 1e-4), "{unequal:?}");
}

#[test]
fn cobbs_angle_is_the_acute_one() {
    let first = (rc(100.0, 100.0), rc(130.0, 300.0));
    let second = (rc(500.0, 100.0), rc(420.0, 300.0));
    assert!((cobb(&Spacing::PIXELS, first, second) - 30.3322).abs() < 1e-4);
    let reversed = (second.1, second.0);
    assert!((cobb(&Spacing::PIXELS, first, reversed) - 30.3322).abs() < 1e-4);
}

#[test]
fn regions_count_pixel_centres_and_leave_padding_out() {
    let film = common::Dicom::grey16(2, 4, 12, false, &[1, 2, 3, 4, 5, 6, 7, 4095])
        .us(0x0028_0120, &[4095])
        .rescale("2", "-1")
        .decode();
    let all = roi_stats(&film, &Roi::Rectangle((0.0, 0.0), (4.0, 2.0))).unwrap();
    assert_eq!((all.count, all.min, all.max, all.levels), (7, 1.0, 13.0, 7));
    assert_eq!((all.mean, all.at_max, all.at_min), (7.0, 1.0 / 7.0, 1.0 / 7.0));
    assert!((all.sd - (112.0_f64 / 6.0).sqrt()).abs() < 1e-12);
    let small = Roi::Polygon(vec![(0.0, 0.0), (2.0, 0.0), (2.0, 1.0), (0.0, 1.0)]);
    assert_eq!(roi_stats(&film, &small).unwrap().count, 2);
    assert!(roi_stats(&film, &Roi::Ellipse((3.0, 1.0), (4.0, 2.0))).is_none());
}

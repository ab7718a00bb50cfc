//! What is met in the field: gaps in lists, lower case, burnt-in marks, odd palettes.
#![allow(
    clippy::cast_possible_truncation,
    clippy::type_complexity,
    clippy::trivially_copy_pass_by_ref,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking and make their data by casts"
)]

mod common;

use common::{Dicom, RLE, pack_bits, stored};
use overread_imaging::{
    DecodeLimits, RenderOptions, RenderedPixels, Samples, StoredBits, VoiChoice, VoiFunction,
    decode_with, inspect, render_pvalues,
};

fn ramp(bits: u16) -> Dicom {
    let words: Vec<u16> = (0..256).map(|i| i << (bits - 8)).collect();
    Dicom::grey16(16, 16, bits, false, &words)
}

fn grey(dicom: &Dicom, options: &RenderOptions) -> Vec<u8> {
    match render_pvalues(&dicom.decode(), options).unwrap().pixels {
        RenderedPixels::Grey8(values) => values,
        _ => panic!("grey of 8 bits"),
    }
}

#[test]
fn windows_keep_their_number_when_one_before_them_is_unusable() {
    let film = ramp(12).window("100\\2048", "0\\4096");
    let second = RenderOptions { voi: VoiChoice::Window(2), ..RenderOptions::default() };
    let asked = RenderOptions { window: Some((2048.0, 4096.0)), ..RenderOptions::default() };
    assert_eq!(grey(&film, &second), grey(&film, &asked));
    let first = RenderOptions { voi: VoiChoice::Window(1), ..RenderOptions::default() };
    assert!(render_pvalues(&film.decode(), &first).is_err());
    assert_eq!(inspect(&film.decode()).windows[0].number, 2);
}

#[test]
fn a_width_below_one_is_taken_for_linear_exact() {
    let narrow = RenderOptions { window: Some((2048.0, 0.5)), ..RenderOptions::default() };
    let exact = RenderOptions { voi: VoiChoice::Function(VoiFunction::LinearExact), ..narrow };
    assert_eq!(grey(&ramp(12), &narrow), grey(&ramp(12), &exact));
}

#[test]
fn codes_count_in_lower_case_too() {
    let film = ramp(12).window("2048", "4096");
    let options = RenderOptions::default();
    let lower = film.clone().text(0x0028_0004, b"CS", "monochrome1");
    let upper = film.clone().text(0x0028_0004, b"CS", "MONOCHROME1");
    assert_eq!(grey(&lower, &options), grey(&upper, &options));
    let shaped = lower.text(0x2050_0020, b"CS", "identity");
    assert_eq!(grey(&shaped, &options), grey(&film, &options));
}

#[test]
fn marks_burnt_into_undeclared_bits_can_be_read_as_value() {
    let words: Vec<u16> = (0..256).map(|i| if i == 7 { 0x7123 } else { i }).collect();
    let bytes = Dicom::grey16(16, 16, 12, false, &words).build();
    let limits = DecodeLimits::default();
    let image = |bits| decode_with(&bytes, 0, &limits, bits).unwrap();
    let declared = image(StoredBits::Declared);
    assert_eq!(declared.stored(7), Some(0x123));
    assert!(declared.meta.warnings.iter().any(|w| w.contains("outside the 12")));
    let all = image(StoredBits::Allocated);
    assert_eq!((all.stored(7), all.stored(8)), (Some(0x7123), Some(8)));
    assert_eq!((all.meta.bits_stored, all.stats().max), (16, 0x7123));
    assert!(all.meta.warnings.is_empty(), "{:?}", all.meta.warnings);
}

#[test]
fn left_aligned_values_keep_their_lowest_bit_when_widened() {
    let words: Vec<u16> = (0..256).map(|i| i << 4).collect();
    let bytes = Dicom::grey16(16, 16, 8, false, &words).us(0x0028_0102, &[11]).build();
    let image = decode_with(&bytes, 0, &DecodeLimits::default(), StoredBits::Allocated).unwrap();
    assert_eq!(stored(&image), (0..256).collect::<Vec<i64>>());
}

#[test]
fn colour_of_thirty_two_bits_shows_its_upper_sixteen() {
    let values: Vec<u32> = (0..12).map(|i| i * 0x1111_1111).collect();
    let mut planes = Vec::new();
    for channel in 0..3 {
        for byte in 0..4 {
            let plane: Vec<u8> =
                (0..4).map(|p| values[p * 3 + channel].to_be_bytes()[byte]).collect();
            planes.push(pack_bits(&plane));
        }
    }
    let mut header = [0_u32; 16];
    header[0] = 12;
    let mut at = 64;
    for (slot, plane) in header[1..].iter_mut().zip(&planes) {
        *slot = at;
        at += plane.len() as u32;
    }
    let mut frame: Vec<u8> = header.iter().flat_map(|v| v.to_le_bytes()).collect();
    frame.extend(planes.concat());
    let image = Dicom::new(2, 2, 32, 32, false)
        .us(0x0028_0002, &[3])
        .text(0x0028_0004, b"CS", "RGB")
        .encapsulated(RLE, vec![frame])
        .decode();
    let wanted: Vec<u16> = values.iter().map(|v| (v >> 16) as u16).collect();
    assert_eq!(image.samples, Samples::Rgb { data: wanted, max: 65_535 });
}

#[test]
fn segmented_palettes_expand_discrete_linear_and_indirect_segments() {
    // Two values, a line of two to 100, then both once more, then one value.
    let segments = [0, 2, 10, 20, 1, 2, 100, 2, 2, 0, 0, 0, 1, 7];
    let words = |w: &[u16]| w.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let mut film = Dicom::new(3, 3, 8, 8, false)
        .text(0x0028_0004, b"CS", "PALETTE COLOR")
        .bytes(&[0, 1, 2, 3, 4, 5, 6, 7, 8]);
    for channel in 0..3 {
        film = film.us(0x0028_1101 + channel, &[9, 0, 16]).raw(
            0x0028_1221 + channel,
            b"OW",
            words(&segments),
        );
    }
    let image = film.decode();
    let Samples::Rgb { data, .. } = &image.samples else { panic!("colour") };
    let red: Vec<u16> = data.iter().step_by(3).copied().collect();
    assert_eq!(red, [10, 20, 60, 100, 10, 20, 60, 100, 7]);
}

#[test]
fn sequences_of_unknown_vr_and_undefined_length_are_stepped_over() {
    let plain = ramp(12).window("1000", "2000");
    let expected = grey(&plain, &RenderOptions::default());
    // A private one, as archives write it that do not know its dictionary.
    let private = plain.clone().unknown_sequence(0x0009_1010, "1.2.840.10008.5.1.4.1.1.2");
    assert_eq!(grey(&private, &RenderOptions::default()), expected);
    assert!(private.decode().meta.warnings.is_empty());
    // One of the standard's own goes as a whole, and that is said.
    let item = Dicom::item().unknown_sequence(0x0008_1140, "1.2.3");
    let standard = plain.clone().sequence(0x0008_1115, &[item]);
    assert_eq!(grey(&standard, &RenderOptions::default()), expected);
    assert_eq!(standard.decode().meta.warnings, ["a sequence of unknown content left out"]);
    // Elements behind it are read.
    let before = plain.unknown_sequence(0x0028_0303, "1.2").window("500", "100");
    assert_eq!(before.decode().meta.windows.len(), 1);
}

#[test]
fn a_fragment_of_odd_length_may_be_followed_by_a_byte_that_is_not_counted() {
    let words: Vec<u16> = (0..256).collect();
    let mut frame = common::rle_frame(&words);
    if frame.len().is_multiple_of(2) {
        frame.push(0);
    }
    let odd = frame.len() as u32;
    let whole = Dicom::new(16, 16, 16, 12, false).encapsulated(RLE, vec![frame]);
    let expected = stored(&whole.decode());
    let mut bytes = whole.build();
    let counted = [[0xFE, 0xFF, 0x00, 0xE0], (odd + 1).to_le_bytes()].concat();
    let at = bytes.windows(8).position(|w| w == counted).unwrap() + 4;
    bytes[at..at + 4].copy_from_slice(&odd.to_le_bytes());
    let image = decode_with(&bytes, 0, &DecodeLimits::default(), StoredBits::Declared).unwrap();
    assert_eq!(stored(&image), expected);
}

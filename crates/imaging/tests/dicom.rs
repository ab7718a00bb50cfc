//! Stored values, LUTs and header rules of DICOM objects.
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

use common::{Dicom, stored};
use overread_imaging::decode::dicom::BitField;
use overread_imaging::{
    LutDescriptor, ModalityMap, PaddingRange, Presentation, Samples, SpacingKind, Voi, VoiSource,
    default_voi, effective_bits, file_vois,
};

#[test]
fn unpacking_follows_the_table() {
    let field = |stored, high, signed| BitField { allocated: 16, stored, high, signed };
    for (raw, f, x) in [
        (0xFFFF, field(12, 11, false), 4095),
        (0x0800, field(12, 11, true), -2048),
        (0xF800, field(12, 11, true), -2048),
        (0x07FF, field(12, 11, true), 2047),
        (0xABC0, field(12, 15, false), 2748),
        (0x8000, field(16, 15, true), -32_768),
    ] {
        assert_eq!(f.unpack(raw), x, "{raw:04X}");
    }
}

#[test]
fn whole_frames_unpack_as_single_words_do() {
    for (bits, high, signed) in [
        (12, 11, false),
        (12, 11, true),
        (12, 15, false),
        (12, 15, true),
        (9, 8, true),
        (16, 15, true),
    ] {
        let words: Vec<u16> = (0..=255_u16).map(|i| i.wrapping_mul(7919)).collect();
        let image = Dicom::grey16(16, 16, bits, signed, &words).us(0x0028_0102, &[high]).decode();
        let field = BitField { allocated: 16, stored: bits, high, signed };
        let expected: Vec<i64> = words.iter().map(|&w| field.unpack(w.into())).collect();
        assert_eq!(stored(&image), expected, "{bits} {high} {signed}");
    }
}

#[test]
fn thirty_two_bit_samples_keep_every_bit() {
    let values: [u32; 4] = [0, 1, 0x7FFF_FFFF, 0xFFFF_FFFE];
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let image = Dicom::new(2, 2, 32, 32, false).bytes(&bytes).decode();
    assert_eq!(stored(&image), vec![0, 1, 0x7FFF_FFFF, 0xFFFF_FFFE]);
    let image = Dicom::new(2, 2, 32, 32, true).bytes(&bytes).decode();
    assert_eq!(stored(&image), vec![0, 1, 0x7FFF_FFFF, -2]);
}

#[test]
fn one_bit_samples_start_at_the_lowest_bit() {
    let image = Dicom::new(2, 5, 1, 1, false).bytes(&[0b1010_0001, 0b10]).decode();
    assert_eq!(stored(&image), vec![1, 0, 0, 0, 0, 1, 0, 1, 0, 1]);
}

#[test]
fn bits_outside_the_value_are_masked_and_mentioned() {
    let image = Dicom::grey16(1, 2, 12, false, &[0x0FFF, 0x1001]).decode();
    assert_eq!(stored(&image), vec![4095, 1]);
    assert!(image.meta.warnings.iter().any(|w| w.contains("outside the 12")));
    let quiet = Dicom::grey16(1, 2, 12, true, &[0xF800, 0x07FF]).decode();
    assert!(quiet.meta.warnings.is_empty(), "{:?}", quiet.meta.warnings);
}

#[test]
fn embedded_overlays_claim_their_bit() {
    let image = Dicom::grey16(1, 3, 12, false, &[0x1FFF, 0x0001, 0x1000])
        .us(0x6000_0010, &[1])
        .us(0x6000_0011, &[3])
        .ss(0x6000_0050, &[1, 1])
        .us(0x6000_0100, &[16])
        .us(0x6000_0102, &[12])
        .decode();
    assert_eq!(stored(&image), vec![4095, 1, 0]);
    let overlay = &image.meta.overlays[0];
    assert_eq!([0, 1, 2].map(|x| overlay.is_set(x, 0)), [true, false, true]);
    assert!(image.meta.warnings.is_empty());
}

#[test]
fn separate_overlays_have_an_origin_counted_from_one() {
    let make = |origin: [i16; 2]| {
        Dicom::grey16(4, 4, 12, false, &[0; 16])
            .us(0x6000_0010, &[2])
            .us(0x6000_0011, &[3])
            .ss(0x6000_0050, &origin)
            .text(0x6000_0040, b"CS", "G")
            .raw(0x6000_3000, b"OW", vec![0b0010_0001, 0])
            .decode()
    };
    let image = make([2, 3]);
    let overlay = &image.meta.overlays[0];
    let set: Vec<(i64, i64)> = (0..4)
        .flat_map(|y| (0..6).map(move |x| (x, y)))
        .filter(|&(x, y)| overlay.is_set(x, y))
        .collect();
    assert_eq!(set, vec![(2, 1), (4, 2)]);
    assert_eq!(make([0, -1]).meta.overlays[0].row, -1);
    assert_eq!(make([0, -1]).meta.overlays[0].column, -2);
}

#[test]
fn lut_descriptors_decode_by_the_table() {
    for (raw, signed, want) in [
        ([0, 0, 16], false, (65_536, 0, 16)),
        ([0, 0x8000, 16], true, (65_536, -32_768, 16)),
        ([4096, 0xF800, 16], true, (4096, -2048, 16)),
        ([4096, 0xF800, 16], false, (4096, 63_488, 16)),
        ([-25_536, 100, 16], false, (40_000, 100, 16)),
    ] {
        let d = LutDescriptor::decode(raw, signed);
        assert_eq!((d.entries, d.first, d.bits), want, "{raw:?}");
    }
}

#[test]
fn a_voi_lut_with_a_negative_start_looks_up_signed_values() {
    let words: Vec<u16> = (0..4096).map(|i| i * 16).collect();
    let image = Dicom::grey16(1, 1, 16, true, &[0])
        .sequence(0x0028_3010, &[Dicom::lut_item([4096, 0xF800, 16], &words)])
        .decode();
    let lut = &image.meta.luts[0].lut;
    for (x, y) in [
        (-3000, 0),
        (-2048, 0),
        (-2047, 16),
        (-1, 32_752),
        (0, 32_768),
        (2046, 65_504),
        (2047, 65_520),
        (5000, 65_520),
    ] {
        assert_eq!(lut.lookup(x), y, "{x}");
    }
}

#[test]
fn eight_bit_entries_may_be_packed_two_to_a_word() {
    let entries: Vec<u8> = (0..4096).map(|i| (i >> 4) as u8).collect();
    let packed: Vec<u16> =
        entries.as_chunks::<2>().0.iter().map(|c| u16::from_le_bytes(*c)).collect();
    let spread: Vec<u16> = entries.iter().map(|&e| e.into()).collect();
    for words in [packed, spread] {
        let image = Dicom::grey16(1, 1, 12, false, &[0])
            .sequence(0x0028_3010, &[Dicom::lut_item([4096, 0, 8], &words)])
            .decode();
        let lut = &image.meta.luts[0].lut;
        let got = [0, 15, 16, 255, 256, 1000, 2048, 4095, 9999].map(|x| lut.lookup(x));
        assert_eq!(got, [0, 0, 1, 15, 16, 62, 128, 255, 255]);
    }
}

#[test]
fn a_lut_that_fills_less_than_half_of_its_depth_is_read_at_its_own() {
    assert_eq!(effective_bits(16, 4095), 12);
    assert_eq!(effective_bits(16, 32_768), 16);
    assert_eq!(effective_bits(16, 40_000), 16);
    assert_eq!(effective_bits(16, 100), 8);
    assert_eq!(effective_bits(12, 2048), 12);
    assert_eq!(effective_bits(8, 100), 8);
    let words: Vec<u16> = (0..4096).collect();
    let image = Dicom::grey16(1, 1, 12, false, &[4095])
        .sequence(0x0028_3010, &[Dicom::lut_item([4096, 0, 16], &words)])
        .decode();
    let pres = Presentation::default_for(&image);
    assert_eq!(pres.p_value(&image, 4095.0), 1.0);
    assert!(image.meta.warnings.iter().any(|w| w.contains("narrower than declared")));
}

#[test]
fn a_modality_lut_wins_over_rescale_and_gives_unsigned_values() {
    let words: Vec<u16> = (0..256).map(|i| 65_535 - i * 100).collect();
    let image = Dicom::grey16(1, 2, 8, true, &[0x80, 0x7F])
        .rescale("2", "5")
        .sequence(0x0028_3000, &[Dicom::lut_item([256, 0xFF80, 16], &words)])
        .decode();
    assert!(matches!(image.meta.map, ModalityMap::Lut(_)));
    assert_eq!(image.probe(0, 0), Some(65_535.0));
    assert_eq!(image.probe(1, 0), Some(65_535.0 - 25_500.0));
}

#[test]
fn a_negative_slope_keeps_larger_values_brighter() {
    let image = Dicom::grey16(1, 2, 12, false, &[0, 4095])
        .rescale("-1", "0")
        .window("-2047", "4096")
        .decode();
    let pres = Presentation::default_for(&image);
    let p = |stored| pres.p_value(&image, image.modality_of(stored));
    assert!(p(0) > 0.99 && p(4095) < 0.01);
}

#[test]
fn luts_come_first_for_projection_radiographs_only() {
    let words: Vec<u16> = (0..4096).map(|i| i * 16).collect();
    let both = |modality: &str| {
        Dicom::grey16(1, 2, 12, false, &[0, 4095])
            .text(0x0008_0060, b"CS", modality)
            .window("2048\\1000", "4096\\500")
            .text(0x0028_1055, b"LO", "NORMAL\\HARD")
            .sequence(0x0028_3010, &[Dicom::lut_item([4096, 0, 16], &words)])
            .decode()
    };
    for modality in ["CR", "DX", "MG"] {
        assert_eq!(default_voi(&both(modality)).source, VoiSource::FileLut(0));
    }
    let ct = both("CT");
    assert_eq!(default_voi(&ct).source, VoiSource::FileWindow(0));
    let texts: Vec<String> = file_vois(&ct).into_iter().map(|c| c.text).collect();
    assert_eq!(texts, ["window 1: NORMAL", "window 2: HARD", "LUT 1"]);
}

#[test]
fn a_window_that_shows_nothing_is_passed_over() {
    let words: Vec<u16> = (0..4096).collect();
    let image = Dicom::grey16(64, 64, 12, false, &words).window("50000", "100").decode();
    let chosen = default_voi(&image);
    assert!(matches!(chosen.source, VoiSource::Auto(_)));
    assert!(chosen.text.contains("shows next to nothing"), "{}", chosen.text);
}

/// Wherever the few pixels lie that the window does show.
#[test]
fn a_window_is_passed_over_from_ninety_eight_percent_at_one_end_on() {
    for (shown, kept) in [(200, true), (199, false)] {
        for from in [0, 4900, 10_000 - shown] {
            for (common, rare) in [(4000, 10), (10, 4000)] {
                let mut words = vec![common; 10_000];
                words[from..from + shown].fill(rare);
                let image = Dicom::grey16(100, 100, 12, false, &words).window("500", "900");
                let chosen = default_voi(&image.decode());
                let passed_over = matches!(chosen.source, VoiSource::Auto(_));
                assert_eq!(passed_over, !kept, "{shown} pixels of {rare} from {from}");
            }
        }
    }
}

#[test]
fn eight_bit_images_open_as_they_are() {
    let image = Dicom::new(1, 4, 8, 8, false).bytes(&[10, 20, 30, 40]).decode();
    let chosen = default_voi(&image);
    assert_eq!(chosen.source, VoiSource::Identity);
    assert_eq!(chosen.voi.center_width(), (128.0, 256.0));
}

#[test]
fn the_automatic_window_leaves_out_collimation() {
    // A black collimated frame around a ramp of 1000..2000.
    let words: Vec<u16> = (0..100_u16)
        .flat_map(|y| {
            (0..100_u16).map(move |x| {
                if (20..80).contains(&x) && (20..80).contains(&y) {
                    1000 + (x - 20) * 16
                } else {
                    3
                }
            })
        })
        .collect();
    let image = Dicom::grey16(100, 100, 12, false, &words).decode();
    let Voi::Window(w) = default_voi(&image).voi else { panic!("window") };
    let (low, high) = w.edges();
    assert!((1000.0..1020.0).contains(&low) && (1920.0..1950.0).contains(&high), "{w:?}");
}

#[test]
fn inversion_is_said_once() {
    let base = || Dicom::grey16(1, 2, 12, false, &[0, 4095]);
    let shape = |d: Dicom, s: &str| d.text(0x2050_0020, b"CS", s);
    let mono1 = || base().text(0x0028_0004, b"CS", "MONOCHROME1");
    assert!(mono1().decode().inverted());
    assert!(shape(mono1(), "INVERSE").decode().inverted());
    assert!(shape(base(), "INVERSE").decode().inverted());
    let contradiction = shape(mono1(), "IDENTITY").decode();
    assert!(!contradiction.inverted());
    assert!(contradiction.meta.warnings.iter().any(|w| w.contains("contradicts")));
    assert!(!base().decode().inverted());
}

#[test]
fn padding_takes_its_sign_from_pixel_representation() {
    let pad = |d: Dicom| d.decode().meta.padding.unwrap();
    let signed = Dicom::grey16(1, 1, 16, true, &[0]);
    assert_eq!(
        pad(signed.clone().us(0x0028_0120, &[0xF830])),
        PaddingRange { low: -2000, high: -2000 }
    );
    assert_eq!(pad(signed.ss(0x0028_0120, &[-2000])), PaddingRange { low: -2000, high: -2000 });
    let range =
        Dicom::grey16(1, 1, 16, false, &[0]).us(0x0028_0120, &[4095]).us(0x0028_0121, &[4000]);
    assert_eq!(pad(range), PaddingRange { low: 4000, high: 4095 });
}

#[test]
fn padding_counts_nowhere() {
    let image =
        Dicom::grey16(1, 4, 12, false, &[0, 100, 200, 4095]).us(0x0028_0120, &[4095]).decode();
    assert_eq!((image.stats().min, image.stats().max, image.stats().padding), (0, 200, 1));
    assert_eq!(image.probe(3, 0), None);
}

#[test]
fn spacing_says_what_it_is_worth() {
    let base = || Dicom::grey16(1, 1, 12, false, &[0]);
    let ds = |d: Dicom, tag, v: &str| d.text(tag, b"DS", v);
    let kind = |d: Dicom| {
        let s = d.decode().meta.spacing;
        (s.kind, s.row, s.col)
    };
    let pixel = || ds(base(), 0x0028_0030, "0.139\\0.143");
    assert_eq!(kind(pixel()), (SpacingKind::Detector, 0.139, 0.143));
    let calibrated = pixel().text(0x0028_0A02, b"CS", "FIDUCIAL");
    assert_eq!(kind(calibrated).0, SpacingKind::Calibrated);
    let imager = || ds(base(), 0x0018_1164, "0.139\\0.139");
    assert_eq!(kind(imager()), (SpacingKind::Detector, 0.139, 0.139));
    let (k, row, _) = kind(ds(imager(), 0x0018_1114, "1.10024"));
    assert_eq!(k, SpacingKind::Estimated);
    assert!((row - 0.126_336).abs() < 1e-5);
    assert_eq!(kind(ds(base(), 0x0018_2010, "0.2\\0.2")).0, SpacingKind::Nominal);
    assert_eq!(kind(base()).0, SpacingKind::None);
}

#[test]
fn aspect_ratio_counts_only_without_a_spacing() {
    let ratio = Dicom::grey16(1, 1, 12, false, &[0]).text(0x0028_0034, b"IS", "2\\1");
    assert_eq!(ratio.decode().meta.pixel_aspect, 2.0);
    let both = ratio.text(0x0028_0030, b"DS", "0.3\\0.2");
    assert!((both.decode().meta.pixel_aspect - 1.5).abs() < 1e-12);
}

#[test]
fn rle_equals_uncompressed() {
    let mut noise = common::Noise(7);
    let words: Vec<u16> = (0..60 * 41)
        .map(|i| if i % 5 == 0 { (noise.next() & 0xFFF) as u16 } else { (i / 97) as u16 })
        .collect();
    let plain = Dicom::grey16(60, 41, 12, false, &words);
    let rle = plain.clone().encapsulated(common::RLE, vec![common::rle_frame(&words)]);
    assert_eq!(stored(&plain.decode()), stored(&rle.decode()));
}

#[test]
fn frames_of_a_native_multi_frame_object_are_cut_at_their_bits() {
    let object =
        Dicom::new(1, 3, 1, 1, false).text(0x0028_0008, b"IS", "3").bytes(&[0b0101_0110, 1]);
    let bytes = object.build();
    let limits = overread_imaging::DecodeLimits::default();
    let frame = |i| stored(&overread_imaging::decode_frame(&bytes, i, &limits).unwrap());
    assert_eq!([frame(0), frame(1), frame(2)], [vec![0, 1, 1], vec![0, 1, 0], vec![1, 0, 1]]);
    assert_eq!(overread_imaging::frame_count(&bytes, &limits), Ok(3));
    let error = overread_imaging::decode_frame(&bytes, 3, &limits).unwrap_err();
    assert_eq!(error.to_string(), "frame 4 was asked for, the image has 3");
}

#[test]
fn per_frame_groups_come_before_shared_ones() {
    let voi = |c: &str| Dicom::item().sequence(0x0028_9132, &[Dicom::item().window(c, "100")]);
    let rescale = Dicom::item().sequence(0x0028_9145, &[Dicom::item().rescale("2", "10")]);
    let bytes = Dicom::grey16(1, 1, 12, false, &[5, 6])
        .text(0x0028_0008, b"IS", "2")
        .sequence(0x5200_9229, &[rescale])
        .sequence(0x5200_9230, &[voi("40"), voi("50")])
        .words(&[5, 6])
        .build();
    let limits = overread_imaging::DecodeLimits::default();
    let second = overread_imaging::decode_frame(&bytes, 1, &limits).unwrap();
    assert_eq!(second.meta.windows[0].window.center, 50.0);
    assert_eq!(second.probe(0, 0), Some(22.0));
}

#[test]
fn palettes_are_applied_and_shown_as_colour() {
    let ramp = |k: u16| -> Vec<u8> { (0..4_u16).flat_map(|i| (i * k).to_le_bytes()).collect() };
    let mut d = Dicom::new(1, 4, 8, 8, false).bytes(&[0, 1, 2, 9]).text(
        0x0028_0004,
        b"CS",
        "PALETTE COLOR",
    );
    for (i, k) in [10, 20, 30].into_iter().enumerate() {
        d = d.us(0x0028_1101 + i as u32, &[4, 0, 8]).raw(0x0028_1201 + i as u32, b"OW", ramp(k));
    }
    let image = d.decode();
    let Samples::Rgb { data, max } = &image.samples else { panic!("colour") };
    assert_eq!(*max, 255);
    assert_eq!(data, &[0, 0, 0, 10, 20, 30, 20, 40, 60, 30, 60, 90]);
    assert!(image.is_colour());
}

#[test]
fn planar_and_interleaved_colour_are_the_same_picture() {
    let colour = |planar: u16, bytes: &[u8]| {
        Dicom::new(1, 2, 8, 8, false)
            .us(0x0028_0002, &[3])
            .us(0x0028_0006, &[planar])
            .text(0x0028_0004, b"CS", "RGB")
            .bytes(bytes)
            .decode()
            .samples
    };
    assert_eq!(colour(0, &[1, 2, 3, 4, 5, 6]), colour(1, &[1, 4, 2, 5, 3, 6]));
}

#[test]
fn an_object_without_preamble_is_read() {
    let bytes = Dicom::grey16(1, 2, 12, false, &[7, 8]).text(0x0008_0060, b"CS", "CR").build();
    // Cut the preamble, the mark and the file meta group away.
    let bare = &bytes[132 + 8 + 20..];
    let image = overread_imaging::decode(bare, &overread_imaging::DecodeLimits::default()).unwrap();
    assert_eq!(stored(&image), vec![7, 8]);
    assert!(image.meta.warnings.iter().any(|w| w.contains("preamble")));
}

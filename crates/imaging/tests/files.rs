//! Whole files: lossless pairs, 12-bit JPEG, PNG of every kind, broken ones.
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

use std::path::{Path, PathBuf};

use common::{Dicom, stored};
use overread_imaging::{
    DecodeError, DecodeLimits, DecodedImage, Presentation, RenderOptions, Renderer, Samples,
    SourceKind, ViewState, decode, decode_frame, inspect, render_pvalues,
};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(data(name)).unwrap()
}

fn open(name: &str) -> DecodedImage {
    decode(&read(name), &DecodeLimits::default()).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn every_lossless_encoding_gives_the_same_pixels() {
    let original = stored(&open("pydicom/MR_small.dcm"));
    assert_eq!((original.len(), original[0], original[2080]), (4096, 905, 182));
    for other in
        ["RLE", "bigendian", "implicit", "jp2klossless", "jpeg_ls_lossless", "jpeg_lossless"]
    {
        let image = open(&format!("pydicom/MR_small_{other}.dcm"));
        assert_eq!(stored(&image), original, "{other}");
        assert!(image.meta.signed);
    }
}

#[test]
fn high_throughput_jpeg_2000_of_another_encoder_is_read() {
    let plain = stored(&open("own/htj2k_none.dcm"));
    assert_eq!(plain.len(), 96 * 80);
    let lossless = read("own/htj2k_201.dcm");
    assert_eq!(stored(&open("own/htj2k_201.dcm")), plain);
    // The same under the UID of the progression by resolution.
    let uid = b"1.2.840.10008.1.2.4.201";
    let at = lossless.windows(uid.len()).position(|w| w == uid).unwrap() + uid.len() - 1;
    let mut renamed = lossless;
    renamed[at] = b'2';
    let renamed = decode(&renamed, &DecodeLimits::default()).unwrap();
    assert!(renamed.meta.transfer_syntax.ends_with(".202"));
    assert_eq!(stored(&renamed), plain);
    // The lossy one is off by what it was coded to, of 4,096.
    let lossy = stored(&open("own/htj2k_203.dcm"));
    let worst = lossy.iter().zip(&plain).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    assert!((1..=2).contains(&worst), "{worst}");
}

#[test]
fn deflated_datasets_are_inflated_within_the_budget() {
    let bytes = read("pydicom/image_dfl.dcm");
    let image = decode(&bytes, &DecodeLimits::default()).unwrap();
    assert_eq!((image.width, image.height), (512, 512));
    let error = decode(&bytes, &DecodeLimits { max_bytes: 100_000 }).unwrap_err();
    assert!(matches!(error, DecodeError::TooLarge { .. }), "{error}");
}

#[test]
fn twelve_bit_jpeg_is_decoded_at_twelve_bits() {
    let image = open("pydicom/JPGExtended.dcm");
    assert_eq!((image.width, image.height), (256, 1024));
    // Figures of libjpeg by way of pydicom; the transforms may round differently.
    for (row, column, value) in [(420, 140, 244), (500, 100, 31), (421, 135, 247), (300, 128, 57)] {
        let got = image.probe(column, row).unwrap();
        assert!((got - f64::from(value)).abs() <= 1.0, "({row},{column}): {got} for {value}");
    }
    let max = image.stats().max;
    assert!((263..=265).contains(&max), "{max}");
}

#[test]
fn second_frames_of_compressed_files_are_found() {
    let bytes = read("pydicom/SC_rgb_rle_2frame.dcm");
    let limits = DecodeLimits::default();
    let frames: Vec<_> = (0..2).map(|i| decode_frame(&bytes, i, &limits).unwrap()).collect();
    assert!(frames.iter().all(DecodedImage::is_colour));
    let Samples::Rgb { data: first, .. } = &frames[0].samples else { panic!("colour") };
    let Samples::Rgb { data: second, .. } = &frames[1].samples else { panic!("colour") };
    // The second frame is the complement of the first.
    assert!(first.iter().zip(second).all(|(a, b)| a + b == 255));
}

#[test]
fn png_of_every_depth_keeps_its_samples() {
    for (name, bits) in
        [("basn0g01", 1), ("basn0g02", 2), ("basn0g04", 4), ("basn0g08", 8), ("basn0g16", 16)]
    {
        let plain = open(&format!("png-suite/{name}.png"));
        assert_eq!((plain.meta.bits_stored, plain.meta.source), (bits, SourceKind::Png), "{name}");
        assert!(!plain.is_colour());
        let interlaced = open(&format!("png-suite/{}.png", name.replace("basn", "basi")));
        assert_eq!(stored(&plain), stored(&interlaced), "{name}");
        assert_eq!(plain.stats().max, i64::from((1_u32 << bits) - 1).min(plain.stats().max));
    }
    assert!(
        open("png-suite/basn4a16.png").meta.warnings.iter().any(|w| w.contains("transparency"))
    );
    assert!(open("png-suite/basn2c16.png").is_colour());
    assert!(open("png-suite/basn3p08.png").is_colour());
    assert!(open("png-suite/basn6a08.png").is_colour());
}

fn png(
    colour: png::ColorType,
    depth: png::BitDepth,
    size: (u32, u32),
    rows: &[u8],
    sbit: Option<&[u8]>,
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut info = png::Info::with_size(size.0, size.1);
    info.color_type = colour;
    info.bit_depth = depth;
    info.sbit = sbit.map(|s| s.to_vec().into());
    let encoder = png::Encoder::with_info(&mut out, info).unwrap();
    let mut writer = encoder.write_header().unwrap();
    if let Some(s) = sbit {
        writer.write_chunk(png::chunk::sBIT, s).unwrap();
    }
    writer.write_image_data(rows).unwrap();
    writer.finish().unwrap();
    out
}

#[test]
fn significant_bits_are_the_stored_bits() {
    let rows: Vec<u8> = [0x0000_u16, 0x8000, 0xFFF0].iter().flat_map(|v| v.to_be_bytes()).collect();
    let bytes = png(png::ColorType::Grayscale, png::BitDepth::Sixteen, (3, 1), &rows, Some(&[12]));
    let image = decode(&bytes, &DecodeLimits::default()).unwrap();
    assert_eq!(image.meta.bits_stored, 12);
    assert_eq!(stored(&image), vec![0, 2048, 4095]);
}

#[test]
fn colour_files_with_equal_channels_are_grey() {
    let rgba = [7, 7, 7, 255, 9, 9, 9, 255];
    let bytes = png(png::ColorType::Rgba, png::BitDepth::Eight, (2, 1), &rgba, None);
    let image = decode(&bytes, &DecodeLimits::default()).unwrap();
    assert_eq!(stored(&image), vec![7, 9]);
    assert_eq!(image.meta.photometric, "MONOCHROME2");
}

#[test]
fn sixteen_bit_tiff_and_bmp_and_jpeg_are_read_by_content() {
    let grey: image::ImageBuffer<image::Luma<u16>, Vec<u16>> =
        image::ImageBuffer::from_raw(2, 1, vec![1, 65_535]).unwrap();
    let mut tiff = std::io::Cursor::new(Vec::new());
    grey.write_to(&mut tiff, image::ImageFormat::Tiff).unwrap();
    let read = decode(tiff.get_ref(), &DecodeLimits::default()).unwrap();
    assert_eq!((stored(&read), read.meta.bits_stored), (vec![1, 65_535], 16));
    for format in [image::ImageFormat::Bmp, image::ImageFormat::Jpeg] {
        let flat = image::GrayImage::from_pixel(8, 8, image::Luma([90]));
        let mut out = std::io::Cursor::new(Vec::new());
        flat.write_to(&mut out, format).unwrap();
        let read = decode(out.get_ref(), &DecodeLimits::default()).unwrap();
        assert!(stored(&read).iter().all(|v| (89..=91).contains(v)), "{format:?}");
    }
}

#[test]
fn rendering_stored_values_says_what_was_added() {
    let film = Dicom::grey16(1, 2, 12, true, &[0xF800, 5]).decode();
    let raw = RenderOptions { raw: true, ..RenderOptions::default() };
    let bytes = render_pvalues(&film, &raw).unwrap().to_png().unwrap();
    let back = decode(&bytes, &DecodeLimits::default()).unwrap();
    assert_eq!(stored(&back), vec![32_768 - 2048, 32_773]);
    let text = b"tEXtoverread:offset\x0032768";
    assert!(bytes.windows(text.len()).any(|w| w == text));
    let unsigned = Dicom::grey16(1, 2, 12, false, &[7, 9]).decode();
    let bytes = render_pvalues(&unsigned, &raw).unwrap().to_png().unwrap();
    assert_eq!(stored(&decode(&bytes, &DecodeLimits::default()).unwrap()), vec![7, 9]);
    assert!(!bytes.windows(4).any(|w| w == b"tEXt"));
}

#[test]
fn rendering_inside_a_box_keeps_the_shape() {
    let film = Dicom::grey16(20, 10, 12, false, &[2048; 200]).window("2048", "4096").decode();
    for (bounds, size) in [((5, 5), (3, 5)), ((40, 40), (20, 40)), ((7, 1000), (7, 14))] {
        let options = RenderOptions { size: Some(bounds), ..RenderOptions::default() };
        let out = render_pvalues(&film, &options).unwrap();
        assert_eq!((out.width, out.height), size);
        let overread_imaging::RenderedPixels::Grey8(p) = out.pixels else { panic!("grey") };
        assert!(p.iter().all(|v| *v == 128));
    }
}

#[test]
fn headers_are_inspected_under_the_documented_keys() {
    let film = Dicom::grey16(2, 1, 12, false, &[0, 4095])
        .window("2048", "4096")
        .text(0x0018_1164, b"DS", "0.139\\0.139")
        .decode();
    let json = serde_json::to_value(inspect(&film)).unwrap();
    for key in [
        "rows",
        "cols",
        "frames",
        "bits_allocated",
        "bits_stored",
        "high_bit",
        "signed",
        "photometric",
        "transfer_syntax",
        "windows",
        "luts",
        "spacing",
        "adequacy",
        "warnings",
    ] {
        assert!(!json[key].is_null(), "{key}");
    }
    assert_eq!((json["rows"].as_u64(), json["cols"].as_u64()), (Some(2), Some(1)));
    assert_eq!(json["windows"][0]["center"], 2048.0);
    assert_eq!(json["windows"][0]["function"], "LINEAR");
    assert_eq!(
        (&json["spacing"]["kind"], &json["spacing"]["row"]),
        (&"mm at detector, uncalibrated".into(), &0.139.into())
    );
}

/// Whatever a file holds: an error with words in it, or an image that can be used.
fn survives(bytes: &[u8], name: &str) {
    let limits = DecodeLimits { max_bytes: 64 << 20 };
    match decode(bytes, &limits) {
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty() && !text.contains(".dcm") && !text.contains(".png"), "{name}");
        }
        Ok(image) => {
            let pres = Presentation::default_for(&image);
            let view = ViewState::default();
            assert_eq!(Renderer::new().render(&image, &view, &pres, (40, 30)).len(), 4800);
            serde_json::to_string(&inspect(&image)).unwrap();
            render_pvalues(&image, &RenderOptions::default()).unwrap();
        }
    }
}

#[test]
fn broken_files_end_in_words() {
    let mut seen = 0;
    for folder in ["malformed/dicom", "malformed/png", "pydicom", "png-suite"] {
        for entry in std::fs::read_dir(data(folder)).unwrap() {
            let path = entry.unwrap().path();
            survives(&std::fs::read(&path).unwrap(), &path.display().to_string());
            seen += 1;
        }
    }
    assert!(seen > 60);
    for name in ["xs1n0g01", "xd9n2c08", "xcsn0g01", "xdtn0g01"] {
        let bytes = read(&format!("malformed/png/{name}.png"));
        assert!(decode(&bytes, &DecodeLimits::default()).is_err(), "{name}");
    }
}

#[test]
fn files_cut_short_or_bent_never_panic() {
    let mut noise = common::Noise(3);
    for name in [
        "MR_small.dcm",
        "MR_small_RLE.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_lossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "JPGExtended.dcm",
        "image_dfl.dcm",
    ] {
        let bytes = read(&format!("pydicom/{name}"));
        for _ in 0..12 {
            let cut = (noise.next() as usize) % bytes.len();
            survives(&bytes[..cut], name);
            let mut bent = bytes.clone();
            for _ in 0..4 {
                let at = (noise.next() as usize) % bent.len();
                bent[at] = noise.next() as u8;
            }
            survives(&bent, name);
        }
    }
}

#[test]
fn gigantic_claims_are_refused_before_memory_is_taken() {
    let native = Dicom::grey16(65_535, 65_535, 16, false, &[0; 8]).try_decode().unwrap_err();
    assert!(matches!(native, DecodeError::TooLarge { .. }), "{native}");
    let frame = common::rle_frame(&[0; 64]);
    let rle = Dicom::new(65_535, 65_535, 16, 12, false)
        .encapsulated(common::RLE, vec![frame])
        .try_decode()
        .unwrap_err();
    assert!(matches!(rle, DecodeError::TooLarge { .. }), "{rle}");
    // A codestream that is larger than its header says.
    let mut stream = vec![0xFF, 0xD8, 0xFF, 0xC3, 0, 11, 16, 0xFF, 0xFF, 0xFF, 0xFF, 1, 1, 0x11, 0];
    stream.resize(64, 0);
    let lying = Dicom::grey16(8, 8, 16, false, &[])
        .encapsulated("1.2.840.10008.1.2.4.70", vec![stream])
        .try_decode()
        .unwrap_err();
    assert!(matches!(lying, DecodeError::TooLarge { .. }), "{lying}");
    let png = decode(&gigantic_png(), &DecodeLimits::default()).unwrap_err();
    assert!(matches!(png, DecodeError::TooLarge { .. }), "{png}");
}

/// A film of one pixel whose header claims 65,535 rows and columns of 16 bits, and is otherwise in order.
fn gigantic_png() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Sixteen);
    encoder.write_header().unwrap().write_image_data(&[0; 2]).unwrap();
    assert_eq!(&bytes[12..16], b"IHDR");
    bytes[16..24].copy_from_slice(&[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]);
    let mut crc = u32::MAX;
    for byte in &bytes[12..29] {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    bytes[29..33].copy_from_slice(&(!crc).to_be_bytes());
    bytes
}

#[test]
fn sequences_without_a_bottom_are_refused() {
    let mut item = Dicom::item();
    for _ in 0..200 {
        item = Dicom::item().sequence(0x0040_A730, &[item]);
    }
    let error = Dicom::grey16(1, 1, 12, false, &[0]).sequence(0x0040_A730, &[item]).try_decode();
    assert!(error.unwrap_err().to_string().contains("nested"));
}

#[test]
fn windows_of_nan_or_zero_width_are_left_out() {
    let film =
        Dicom::grey16(1, 2, 12, false, &[0, 4095]).window("NaN\\100\\50", "10\\0\\20").decode();
    assert_eq!(film.meta.windows.len(), 1);
    assert_eq!(film.meta.windows[0].window.center, 50.0);
    assert_eq!(film.meta.warnings.iter().filter(|w| w.contains("left out")).count(), 2);
}

#[test]
fn nothing_and_nonsense_are_told_apart() {
    let limits = DecodeLimits::default();
    assert_eq!(decode(&[], &limits).unwrap_err(), DecodeError::Empty);
    assert_eq!(
        decode(b"hello, world, how are you", &limits).unwrap_err(),
        DecodeError::UnknownFormat
    );
}

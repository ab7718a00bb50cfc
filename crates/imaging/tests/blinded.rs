//! Files for a reader's packet: the same pixels, and nothing that names anybody.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    clippy::type_complexity,
    clippy::trivially_copy_pass_by_ref,
    reason = "test data"
)]

mod common;

use common::{Dicom, RLE, rle_frame, stored};
use overread_imaging::{DecodeLimits, DecodedImage, Samples, blinded_image, decode};

const SECRETS: [&str; 5] = ["Tamsin", "00012345", "Pneumothorax", "20260301", "St Elsewhere"];

fn open(bytes: &[u8]) -> DecodedImage {
    decode(bytes, &DecodeLimits::default()).unwrap()
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|part| part == secret.as_bytes())
}

/// Blinds the file; nothing secret may be left, and the samples are the same.
fn blind(bytes: &[u8]) -> (Vec<u8>, &'static str) {
    assert!(
        SECRETS.iter().any(|secret| holds(bytes, secret)),
        "nothing to hide: nothing is tested"
    );
    let blinded = blinded_image(bytes, 42, &DecodeLimits::default()).unwrap();
    for secret in SECRETS {
        assert!(!holds(&blinded.bytes, secret), "{secret} is still there");
    }
    let (before, after) = (open(bytes), open(&blinded.bytes));
    assert_eq!(before.samples, after.samples);
    assert_eq!(
        (before.meta.bits_stored, &before.meta.photometric),
        (after.meta.bits_stored, &after.meta.photometric)
    );
    let again = blinded_image(&blinded.bytes, 42, &DecodeLimits::default()).unwrap();
    assert!(again.bytes == blinded.bytes, "what is blinded stays as it is");
    let twin = blinded_image(bytes, 1043, &DecodeLimits::default()).unwrap();
    assert_eq!(open(&twin.bytes).samples, after.samples);
    assert!(twin.bytes != blinded.bytes, "two copies of one film are not equal files");
    if blinded.ending != "dcm" {
        assert_ne!(twin.bytes.len(), blinded.bytes.len(), "nor of one length");
    }
    (blinded.bytes, blinded.ending)
}

fn ramp(n: usize) -> Vec<u16> {
    (0..n).map(|i| (i * 37 % 4096) as u16).collect()
}

/// A radiograph with everything that names a patient around it.
fn named() -> Dicom {
    Dicom::grey16(4, 6, 12, false, &ramp(24))
        .text(0x0008_0016, b"UI", "1.2.840.10008.5.1.4.1.1.1.1")
        .text(0x0008_0018, b"UI", "1.2.3.00012345")
        .text(0x0008_0020, b"DA", "20260301")
        .text(0x0008_0080, b"LO", "St Elsewhere")
        .text(0x0008_103E, b"LO", "Pneumothorax?")
        .text(0x0010_0010, b"PN", "Tamsin^A")
        .text(0x0010_0020, b"LO", "00012345")
        .text(0x0018_5101, b"CS", "PA")
        .text(0x0009_0010, b"LO", "Tamsin private")
        .text(0x4008_0300, b"ST", "Pneumothorax, St Elsewhere")
        .window("2048", "4096")
        .rescale("2", "-10")
}

#[test]
fn dicom_keeps_how_it_is_shown_and_loses_whose_it_is() {
    let lut = Dicom::lut_item([4, 0, 12], &[0, 1, 2, 3]).text(0x0028_3003, b"LO", "NORMAL");
    let lut = lut.text(0x0010_0010, b"PN", "Tamsin^A");
    let overlay = vec![0b1010_1010_u8; 4];
    let file = named()
        .sequence(0x0028_3010, &[lut])
        .us(0x6000_0010, &[4])
        .us(0x6000_0011, &[6])
        .text(0x6000_0040, b"CS", "G")
        .ss(0x6000_0050, &[1, 1])
        .us(0x6000_0100, &[1])
        .us(0x6000_0102, &[0])
        .text(0x6000_1500, b"LO", "Tamsin 00012345")
        .raw(0x6000_3000, b"OW", overlay);
    let bytes = file.build();
    let (blinded, ending) = blind(&bytes);
    assert_eq!(ending, "dcm");
    let (before, after) = (open(&bytes), open(&blinded));
    assert_eq!(before.meta.windows, after.meta.windows);
    assert_eq!(before.meta.luts, after.meta.luts);
    assert_eq!(before.meta.map, after.meta.map);
    assert_eq!(before.meta.view.position.as_deref(), Some("PA"));
    assert_eq!(after.meta.view.position.as_deref(), Some("PA"));
    assert_eq!(after.meta.overlays.len(), 1);
    assert_eq!(after.meta.overlays[0].bits, before.meta.overlays[0].bits);
    assert_eq!(after.meta.overlays[0].label, None);
    assert_eq!(stored(&before), stored(&after));
    let other = blinded_image(&bytes, 43, &DecodeLimits::default()).unwrap();
    assert_ne!(other.bytes, blinded, "each file has a number of its own");
}

#[test]
fn compressed_dicom_keeps_its_codestream() {
    let words = ramp(24);
    let frame = rle_frame(&words);
    let file = named().encapsulated(RLE, vec![frame.clone()]);
    let (blinded, _) = blind(&file.build());
    assert!(blinded.windows(frame.len()).any(|part| part == frame), "not one byte was touched");
}

#[test]
fn burned_in_text_is_told() {
    let plain = blinded_image(&named().build(), 1, &DecodeLimits::default()).unwrap();
    assert!(!plain.burned_in);
    let burned = named().text(0x0028_0301, b"CS", "YES").build();
    assert!(blinded_image(&burned, 1, &DecodeLimits::default()).unwrap().burned_in);
}

fn png_with_remarks(colour: png::ColorType, depth: png::BitDepth, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, 6, 4);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    encoder.add_text_chunk("Title".to_owned(), "Tamsin 00012345".to_owned()).unwrap();
    encoder.add_itxt_chunk("Comment".to_owned(), "Pneumothorax".to_owned()).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_chunk(png::chunk::ChunkType(*b"eXIf"), b"MM\0*St Elsewhere").unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    out.extend(b"20260301 behind the end");
    out
}

#[test]
fn png_keeps_its_compressed_rows_and_loses_its_remarks() {
    let data: Vec<u8> = (0..48_u8).map(|n| n * 5).collect();
    let bytes = png_with_remarks(png::ColorType::Grayscale, png::BitDepth::Sixteen, &data);
    let (blinded, ending) = blind(&bytes);
    assert_eq!(ending, "png");
    let rows = |bytes: &[u8]| {
        let at = bytes.windows(4).position(|part| part == b"IDAT").unwrap();
        let length = u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap()) as usize;
        bytes[at..at + length + 8].to_vec()
    };
    assert_eq!(rows(&bytes), rows(&blinded));
    let colours: Vec<u8> = (0..72_u8).map(|n| n * 3).collect();
    blind(&png_with_remarks(png::ColorType::Rgb, png::BitDepth::Eight, &colours));
}

#[test]
fn jpeg_keeps_its_scan_and_loses_its_remarks() {
    let picture = image::GrayImage::from_fn(40, 24, |x, y| image::Luma([(x * 5 + y * 3) as u8]));
    let mut plain = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut plain).encode_image(&picture).unwrap();
    let mut bytes = vec![0xFF, 0xD8];
    for (marker, text) in
        [(0xE1_u8, "Exif\0\0MM\0*Tamsin"), (0xFE, "00012345 Pneumothorax"), (0xED, "St Elsewhere")]
    {
        bytes.extend([0xFF, marker]);
        bytes.extend((text.len() as u16 + 2).to_be_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes.extend(&plain[2..]);
    bytes.extend(b"20260301 behind the end");
    let (blinded, ending) = blind(&bytes);
    assert_eq!(ending, "jpg");
    let scan = plain.windows(2).position(|part| part == [0xFF, 0xDA]).unwrap();
    let scan = &plain[scan..];
    assert!(blinded.ends_with(scan), "the scan goes along byte for byte");
}

#[test]
fn tiff_and_bmp_become_png_with_the_same_samples() {
    let picture = image::GrayImage::from_fn(9, 5, |x, y| image::Luma([(x * 20 + y) as u8]));
    let deep = image::ImageBuffer::<image::Luma<u16>, _>::from_fn(9, 5, |x, y| {
        image::Luma([(x * 700 + y) as u16])
    });
    let colour = image::RgbImage::from_fn(9, 5, |x, y| image::Rgb([x as u8, y as u8, 7]));
    let mut files = Vec::new();
    for (format, picture) in [
        (image::ImageFormat::Bmp, image::DynamicImage::from(picture.clone())),
        (image::ImageFormat::Tiff, image::DynamicImage::from(picture)),
        (image::ImageFormat::Tiff, image::DynamicImage::from(deep)),
        (image::ImageFormat::Bmp, image::DynamicImage::from(colour)),
    ] {
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        let mut bytes = bytes.into_inner();
        bytes.extend(b"Tamsin");
        files.push(bytes);
    }
    for bytes in files {
        let (blinded, ending) = blind(&bytes);
        assert_eq!(ending, "png");
        assert!(!matches!(open(&blinded).samples, Samples::Grey32(_)));
    }
}

#[test]
fn files_cut_short_end_in_words() {
    let picture = image::GrayImage::from_pixel(16, 16, image::Luma([9]));
    let mut jpeg = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut jpeg).encode_image(&picture).unwrap();
    let data = [7_u8; 48];
    let files = [
        named().build(),
        named().encapsulated(RLE, vec![rle_frame(&ramp(24))]).build(),
        png_with_remarks(png::ColorType::Grayscale, png::BitDepth::Sixteen, &data),
        jpeg,
    ];
    for whole in &files {
        for length in 0..whole.len() {
            // Most are refused, and a cut in a remark may be none; nothing may panic.
            drop(blinded_image(&whole[..length], 1, &DecodeLimits::default()));
        }
    }
}

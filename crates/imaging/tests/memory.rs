//! Every decoder entry over the corpora and over bombs, under a cap on memory that the operating
//! system enforces: an allocation beyond it ends the child process, and the test with it.
#![cfg(unix)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::type_complexity,
    clippy::trivially_copy_pass_by_ref,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests fail by panicking and make their data by casts"
)]

mod common;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::Dicom;
use overread_imaging::{
    DecodeLimits, RenderOptions, decode, frame_count, index, inspect, render_pvalues,
};

/// What one image may take.
const BUDGET: u64 = 128 << 20;
/// What the child's address space may hold: the budget, the program, and its threads' stacks.
const CAP_KIB: u64 = 640 << 10;
const CHILD: &str = "OVERREAD_UNDER_MEMORY_CAP";

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
}

/// Zeros for as long as `megabytes`, through a compressor.
fn deflated_zeros(megabytes: usize, zlib: bool) -> Vec<u8> {
    let zeros = vec![0; 1 << 20];
    let quick = flate2::Compression::fast();
    if zlib {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), quick);
        (0..megabytes).for_each(|_| encoder.write_all(&zeros).unwrap());
        encoder.finish().unwrap()
    } else {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), quick);
        (0..megabytes).for_each(|_| encoder.write_all(&zeros).unwrap());
        encoder.finish().unwrap()
    }
}

fn png(width: u32, height: u32, depth: u8, colour: u8, chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut header = width.to_be_bytes().to_vec();
    header.extend(height.to_be_bytes());
    header.extend([depth, colour, 0, 0, 0]);
    let mut out = b"\x89PNG\r\n\x1A\n".to_vec();
    let mut put = |name: &[u8; 4], body: &[u8]| {
        out.extend((body.len() as u32).to_be_bytes());
        let from = out.len();
        out.extend(name);
        out.extend(body);
        let mut sum = flate2::Crc::new();
        sum.update(&out[from..]);
        out.extend(sum.sum().to_be_bytes());
    };
    put(b"IHDR", &header);
    for (name, body) in chunks {
        put(name, body);
    }
    put(b"IEND", &[]);
    out
}

fn deflated_dicom(payload: Vec<u8>) -> Vec<u8> {
    let mut out = vec![0; 128];
    out.extend(b"DICM\x02\0\x10\0UI\x16\x001.2.840.10008.1.2.1.99");
    out.extend(payload);
    out
}

/// A start of image and a frame header of `marker`, with `width` × `height`.
fn jpeg_head(marker: u8, precision: u8, width: u16, height: u16) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8, 0xFF, marker, 0, 11, precision];
    out.extend(height.to_be_bytes());
    out.extend(width.to_be_bytes());
    out.extend([1, 1, 0x11, 0, 0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 0, 0]);
    out
}

/// A JPEG 2000 size segment, with tiles as large as the image.
fn j2k_head(width: u32, height: u32, tile: u32) -> Vec<u8> {
    let mut out = vec![0xFF, 0x4F, 0xFF, 0x51, 0, 41, 0, 0];
    for v in [width, height, 0, 0, tile, tile, 0, 0] {
        out.extend(v.to_be_bytes());
    }
    out.extend([0, 1, 15, 1, 1]);
    out.extend([0xFF, 0x52, 0, 12, 0, 0, 0, 1, 0, 5, 4, 4, 0, 0]);
    out.extend([0xFF, 0x90, 0, 10, 0, 0, 0, 0, 0, 14, 0, 1, 0xFF, 0x93, 0xFF, 0xD9]);
    out
}

fn bombs() -> Vec<(String, Vec<u8>)> {
    const SIDE: u16 = 65_535;
    let wide = || Dicom::new(SIDE, SIDE, 16, 16, false);
    let mut out = vec![
        ("native pixels that are not there".into(), wide().bytes(&[0; 60_000]).build()),
        ("a deflated dataset of zeros".into(), deflated_dicom(deflated_zeros(160, false))),
        (
            "a PNG of the largest size".into(),
            png(0x7FFF_FFFF, 0x7FFF_FFFF, 16, 6, &[(b"IDAT", deflated_zeros(1, true))]),
        ),
        (
            "a PNG whose rows inflate without end".into(),
            png(8, 8, 8, 0, &[(b"IDAT", deflated_zeros(160, true))]),
        ),
        (
            "a PNG of true but large size".into(),
            png(65_535, 65_535, 1, 0, &[(b"IDAT", deflated_zeros(8, true))]),
        ),
        ("a PNG with a colour profile of zeros".into(), {
            let mut profile = b"p\0\0".to_vec();
            profile.extend(deflated_zeros(160, true));
            let rows = deflated_zeros(1, true);
            png(8, 8, 8, 0, &[(b"iCCP", profile), (b"IDAT", rows)])
        }),
        ("a bitmap of the largest size".into(), {
            let mut bmp = b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
            bmp.extend([0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F, 1, 0, 24, 0]);
            bmp.resize(70, 0);
            bmp
        }),
        ("a TIFF of the largest size".into(), {
            let mut tiff = b"II*\0\x08\0\0\0\x06\0".to_vec();
            for (tag, value) in [
                (256_u16, 0x7FFF_FFFF_u32),
                (257, 0x7FFF_FFFF),
                (258, 16),
                (262, 1),
                (273, 8),
                (279, 8),
            ] {
                tiff.extend(tag.to_le_bytes());
                tiff.extend([4, 0, 1, 0, 0, 0]);
                tiff.extend(value.to_le_bytes());
            }
            tiff.extend([0; 4]);
            tiff
        }),
        ("a JPEG of the largest size".into(), jpeg_head(0xC0, 8, SIDE, SIDE)),
    ];
    let streams = [
        ("1.2.840.10008.1.2.4.50", "baseline", jpeg_head(0xC0, 8, SIDE, SIDE)),
        ("1.2.840.10008.1.2.4.51", "extended", jpeg_head(0xC1, 12, SIDE, SIDE)),
        ("1.2.840.10008.1.2.4.70", "lossless", jpeg_head(0xC3, 16, SIDE, SIDE)),
        ("1.2.840.10008.1.2.4.80", "JPEG-LS", jpeg_head(0xF7, 16, SIDE, SIDE)),
        ("1.2.840.10008.1.2.4.90", "JPEG 2000", j2k_head(65_535, 65_535, 65_535)),
        ("1.2.840.10008.1.2.4.90", "JPEG 2000 in tiny tiles", j2k_head(16, 16, 1)),
        ("1.2.840.10008.1.2.5", "RLE", vec![0; 64]),
    ];
    for (uid, name, stream) in streams {
        let lying = Dicom::new(16, 16, 16, 16, false).encapsulated(uid, vec![stream.clone()]);
        out.push((format!("{name}: a stream larger than its header"), lying.build()));
        out.push((
            format!("{name}: both gigantic"),
            wide().encapsulated(uid, vec![stream]).build(),
        ));
    }
    // Lengths of gigabytes to whoever takes implicit VR for explicit; found by fuzzing.
    let unknown =
        Dicom::grey16(1, 1, 16, false, &[0]).unknown_sequence(0x4453_100C, "1.2.840.10008");
    out.push(("a sequence of unknown VR".into(), unknown.build()));
    // Many frames of nothing, and frames beyond any file.
    let many = Dicom::grey16(1, 1, 16, false, &[0]).text(0x0028_0008, b"IS", "2147483647");
    out.push(("two thousand million frames".into(), many.build()));
    out
}

fn exercise(name: &str, bytes: &[u8]) {
    let limits = DecodeLimits { max_bytes: BUDGET };
    frame_count(bytes, &limits).ok();
    index::read_bytes(bytes).ok();
    match decode(bytes, &limits) {
        Ok(image) => {
            inspect(&image);
            render_pvalues(&image, &RenderOptions::default()).ok();
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.len() > 10 && text.len() < 400, "{name}: {text}");
        }
    }
}

#[test]
fn corpora_and_bombs_stay_under_the_memory_cap() {
    if std::env::var_os(CHILD).is_none() {
        let program = std::env::current_exe().unwrap();
        let name = "corpora_and_bombs_stay_under_the_memory_cap";
        let shell = format!("ulimit -v {CAP_KIB} && exec \"$0\" --exact {name} --nocapture");
        let child = Command::new("sh")
            .args(["-c", &shell])
            .arg(program)
            .env(CHILD, "1")
            .env("RAYON_NUM_THREADS", "2")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stderr);
        assert!(child.status.success(), "{}", &said[said.len().saturating_sub(2000)..]);
        return;
    }
    let mut paths = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data"), &mut paths);
    assert!(paths.len() > 70, "{} files", paths.len());
    for path in paths {
        exercise(&path.display().to_string(), &std::fs::read(&path).unwrap());
    }
    for (name, bytes) in bombs() {
        eprintln!("{name}");
        exercise(&name, &bytes);
    }
}

#[test]
fn a_bomb_is_refused_with_its_size_and_not_decoded() {
    let limits = DecodeLimits::default();
    for (name, bytes) in bombs() {
        if !(name.contains("gigantic") || name.contains("largest")) {
            continue;
        }
        let error = decode(&bytes, &limits).expect_err(&name).to_string();
        assert!(!error.is_empty(), "{name}");
    }
}

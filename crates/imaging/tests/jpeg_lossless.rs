//! Lossless JPEG against a plain encoder that follows the standard's text.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::type_complexity,
    clippy::trivially_copy_pass_by_ref,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking and make their data by casts"
)]

mod common;

use common::{Dicom, Noise, stored};
use overread_imaging::Samples;

const LOSSLESS: &str = "1.2.840.10008.1.2.4.57";

/// One frame to encode: interleaved samples.
struct Frame<'a> {
    width: usize,
    height: usize,
    precision: u8,
    components: usize,
    predictor: u8,
    shift: u8,
    restart_rows: usize,
    samples: &'a [u16],
}

struct Writer {
    out: Vec<u8>,
    held: u32,
    count: u32,
}

impl Writer {
    fn put(&mut self, value: u32, bits: u32) {
        for i in (0..bits).rev() {
            self.held = self.held << 1 | (value >> i & 1);
            self.count += 1;
            if self.count == 8 {
                self.byte();
            }
        }
    }

    fn byte(&mut self) {
        let byte = self.held as u8;
        self.out.push(byte);
        if byte == 0xFF {
            self.out.push(0);
        }
        (self.held, self.count) = (0, 0);
    }

    fn align(&mut self) {
        while self.count != 0 {
            self.put(1, 1);
        }
    }
}

fn encode(f: &Frame<'_>) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8, 0xFF, 0xC3, 0, 8 + 3 * f.components as u8, f.precision];
    out.extend((f.height as u16).to_be_bytes());
    out.extend((f.width as u16).to_be_bytes());
    out.push(f.components as u8);
    for c in 0..f.components as u8 {
        out.extend([c + 1, 0x11, 0]);
    }
    // Seventeen sizes, some with short codes and some with codes of 16 bits.
    let counts = [0_u8, 1, 2, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    let values: Vec<u8> = (0..17).collect();
    out.extend([0xFF, 0xC4, 0, 2 + 17 + 17, 0]);
    out.extend(counts);
    out.extend(&values);
    if f.restart_rows > 0 {
        out.extend([0xFF, 0xDD, 0, 4]);
        out.extend(((f.restart_rows * f.width) as u16).to_be_bytes());
    }
    out.extend([0xFF, 0xDA, 0, 6 + 2 * f.components as u8, f.components as u8]);
    for c in 0..f.components as u8 {
        out.extend([c + 1, 0]);
    }
    out.extend([f.predictor, 0, f.shift]);
    let mut codes = Vec::new();
    let mut code = 0_u32;
    for (length, count) in (1_u32..).zip(counts) {
        for _ in 0..count {
            codes.push((code, length));
            code += 1;
        }
        code <<= 1;
    }
    let mut writer = Writer { out, held: 0, count: 0 };
    let n = f.components;
    for y in 0..f.height {
        let fresh = y == 0 || f.restart_rows > 0 && y % f.restart_rows == 0;
        if fresh && y > 0 {
            writer.align();
            let marker = 0xD0 + ((y / f.restart_rows - 1) % 8) as u8;
            writer.out.extend([0xFF, marker]);
        }
        for x in 0..f.width {
            for c in 0..n {
                let at =
                    |x: usize, y: usize| i32::from(f.samples[(y * f.width + x) * n + c] >> f.shift);
                let predicted = if fresh && x == 0 {
                    1 << (f.precision - f.shift - 1)
                } else if fresh {
                    at(x - 1, y)
                } else if x == 0 {
                    at(x, y - 1)
                } else {
                    let (a, b, c) = (at(x - 1, y), at(x, y - 1), at(x - 1, y - 1));
                    match f.predictor {
                        1 => a,
                        2 => b,
                        3 => c,
                        4 => a + b - c,
                        5 => a + ((b - c) >> 1),
                        6 => b + ((a - c) >> 1),
                        _ => (a + b) >> 1,
                    }
                };
                let mut difference = (at(x, y) - predicted) & 0xFFFF;
                if difference > 32_768 {
                    difference -= 65_536;
                }
                let size = 32 - difference.unsigned_abs().leading_zeros();
                let (code, length) = codes[size as usize];
                writer.put(code, length);
                if size < 16 {
                    let raw = if difference < 0 { difference - 1 } else { difference };
                    writer.put(raw as u32, size);
                }
            }
        }
    }
    writer.align();
    writer.out.extend([0xFF, 0xD9]);
    writer.out
}

fn smooth(noise: &mut Noise, pixels: usize, bits: u8, shift: u8) -> Vec<u16> {
    let top = (1_u32 << bits) - 1;
    (0..pixels)
        .map(|i| {
            let wild = noise.next().is_multiple_of(7);
            let v =
                if wild { noise.next() as u32 } else { (i as u32 * 3) + noise.next() as u32 % 5 };
            ((v & top) >> shift << shift) as u16
        })
        .collect()
}

#[test]
fn every_predictor_and_depth_comes_back_as_it_was_written() {
    let mut noise = Noise(11);
    for predictor in 1..=7 {
        for (precision, shift, restart_rows) in
            [(2, 0, 0), (8, 0, 0), (10, 0, 3), (12, 2, 0), (15, 0, 1), (16, 0, 0), (16, 4, 5)]
        {
            let (width, height) = (23, 17);
            let samples = smooth(&mut noise, width * height, precision, shift);
            let frame = Frame {
                width,
                height,
                precision,
                components: 1,
                predictor,
                shift,
                restart_rows,
                samples: &samples,
            };
            let stream = encode(&frame);
            let allocated = if precision > 8 { 16 } else { 8 };
            let image = Dicom::new(17, 23, allocated, u16::from(precision), false)
                .encapsulated(LOSSLESS, vec![stream])
                .decode();
            let wanted: Vec<i64> = samples.iter().map(|&v| i64::from(v)).collect();
            assert_eq!(stored(&image), wanted, "predictor {predictor}, {precision} bits");
        }
    }
}

#[test]
fn lossless_colour_keeps_its_channels() {
    let mut noise = Noise(5);
    let samples = smooth(&mut noise, 9 * 7 * 3, 8, 0);
    let frame = Frame {
        width: 9,
        height: 7,
        precision: 8,
        components: 3,
        predictor: 4,
        shift: 0,
        restart_rows: 0,
        samples: &samples,
    };
    let image = Dicom::new(7, 9, 8, 8, false)
        .us(0x0028_0002, &[3])
        .text(0x0028_0004, b"CS", "RGB")
        .us(0x0028_0006, &[0])
        .encapsulated(LOSSLESS, vec![encode(&frame)])
        .decode();
    assert_eq!(image.samples, Samples::Rgb { data: samples, max: 255 });
}

#[test]
fn a_cut_or_bent_stream_is_an_error_or_a_picture_of_the_right_size() {
    let mut noise = Noise(3);
    let samples = smooth(&mut noise, 23 * 17, 12, 0);
    let frame = Frame {
        width: 23,
        height: 17,
        precision: 12,
        components: 1,
        predictor: 6,
        shift: 0,
        restart_rows: 2,
        samples: &samples,
    };
    let good = encode(&frame);
    let film = Dicom::new(17, 23, 16, 12, false);
    for n in 0..good.len() {
        let cut = film.clone().encapsulated(LOSSLESS, vec![good[..n].to_vec()]);
        if n < good.len() / 2 {
            assert!(cut.try_decode().is_err(), "{n} bytes");
        }
        for value in [0x00, 0x80, 0xFF] {
            let mut bent = good.clone();
            bent[n] = value;
            if let Ok(image) = film.clone().encapsulated(LOSSLESS, vec![bent]).try_decode() {
                assert_eq!(image.pixel_count(), 23 * 17);
            }
        }
    }
}

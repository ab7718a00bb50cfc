//! 12-bit JPEG (Extended, process 4): sequential DCT with Huffman coding, one
//! component. The general JPEG decoders in use stop at 8 bits.

use super::bits::{Bits, Huffman};
use super::{Tables, damaged, segment, table, word};
use crate::error::{DecodeError, DecodeLimits};

const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

type Quantisation = [Option<[f32; 64]>; 4];

struct Frame {
    width: usize,
    height: usize,
    precision: u8,
    component: u8,
    quantisation: usize,
}

/// Decodes to stored values, row by row.
pub(crate) fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<Vec<u16>, DecodeError> {
    let mut tables = Tables::default();
    let mut steps = Quantisation::default();
    let mut restart = 0;
    let mut frame = None;
    let mut at = 2;
    loop {
        let (marker, body, next) = segment(bytes, at)?;
        match marker {
            0xDB => quantisation(body, &mut steps)?,
            0xC4 => tables.read(body)?,
            0xDD => restart = usize::from(word(body, 0)?),
            0xC0 | 0xC1 => frame = Some(frame_header(body)?),
            0xC2..=0xCF => return Err(DecodeError::unsupported("JPEG", "this 12-bit process")),
            0xDA => {
                let frame = frame.ok_or_else(|| damaged("a scan before its frame"))?;
                limits.check_pixels(frame.width as u64, frame.height as u64, 4)?;
                let data = bytes.get(next..).unwrap_or_default();
                let step = steps.get(frame.quantisation).and_then(Option::as_ref);
                let step = step.ok_or_else(|| damaged("a quantisation table is missing"))?;
                return scan(&frame, &tables, step, restart, body, data);
            }
            0xD9 => return Err(damaged("no scan")),
            _ => {}
        }
        at = next;
    }
}

fn quantisation(mut s: &[u8], tables: &mut Quantisation) -> Result<(), DecodeError> {
    while let Some((&head, rest)) = s.split_first() {
        let wide = head >> 4 != 0;
        let size = if wide { 128 } else { 64 };
        let body = rest.get(..size).ok_or_else(|| damaged("a quantisation table is cut short"))?;
        let slot = tables
            .get_mut(usize::from(head & 15))
            .ok_or_else(|| damaged("a fifth quantisation table"))?;
        let mut table = [0.0; 64];
        for (i, &natural) in ZIGZAG.iter().enumerate() {
            let v = if wide { word(body, i * 2)? } else { u16::from(body[i]) };
            table[natural] = f32::from(v);
        }
        *slot = Some(table);
        s = &rest[size..];
    }
    Ok(())
}

fn frame_header(s: &[u8]) -> Result<Frame, DecodeError> {
    if s.len() < 9 {
        return Err(damaged("the frame header is cut short"));
    }
    if s[5] != 1 {
        return Err(DecodeError::unsupported("JPEG", "12-bit colour"));
    }
    let (height, width) = (usize::from(word(s, 1)?), usize::from(word(s, 3)?));
    if width == 0 || height == 0 {
        return Err(damaged("an empty frame"));
    }
    if !matches!(s[0], 8 | 12) {
        return Err(damaged("a precision that is neither 8 nor 12"));
    }
    Ok(Frame { width, height, precision: s[0], component: s[6], quantisation: usize::from(s[8]) })
}

fn scan(
    f: &Frame,
    tables: &Tables,
    quantisation: &[f32; 64],
    restart: usize,
    header: &[u8],
    data: &[u8],
) -> Result<Vec<u16>, DecodeError> {
    let &[1, component, select, ..] = header else {
        return Err(damaged("the scan header is wrong"));
    };
    if component != f.component {
        return Err(damaged("the scan is of another component"));
    }
    let dc = table(&tables.dc, select >> 4)?;
    let ac = table(&tables.ac, select & 15)?;
    let cosines = cosines();
    let mut out = vec![0_u16; f.width * f.height];
    let mut bits = Bits::new(data);
    let mut predictor = 0_i32;
    let across = f.width.div_ceil(8);
    for block in 0..across * f.height.div_ceil(8) {
        if restart > 0 && block > 0 && block % restart == 0 {
            bits.restart()?;
            predictor = 0;
        }
        let coefficients = read_block(&mut bits, dc, ac, &mut predictor, quantisation)?;
        if bits.overran() {
            return Err(damaged("the scan is cut short"));
        }
        let samples = inverse(&coefficients, &cosines);
        place(&mut out, f, block % across * 8, block / across * 8, &samples);
    }
    Ok(out)
}

fn read_block(
    bits: &mut Bits<'_>,
    dc: &Huffman,
    ac: &Huffman,
    predictor: &mut i32,
    quantisation: &[f32; 64],
) -> Result<[f32; 64], DecodeError> {
    let mut block = [0.0_f32; 64];
    let size = bits.symbol(dc)?;
    if size > 15 {
        return Err(damaged("a difference of more than 15 bits"));
    }
    *predictor = predictor.saturating_add(bits.value(size));
    block[0] = *predictor as f32 * quantisation[0];
    let mut k = 1;
    while k < 64 {
        let symbol = bits.symbol(ac)?;
        let (run, size) = (usize::from(symbol >> 4), symbol & 15);
        if size == 0 {
            if run != 15 {
                break;
            }
            k += 16;
            continue;
        }
        k += run;
        let &natural =
            ZIGZAG.get(k).ok_or_else(|| damaged("a block with too many coefficients"))?;
        block[natural] = bits.value(size) as f32 * quantisation[natural];
        k += 1;
    }
    Ok(block)
}

/// `cosines[x][u]` of the inverse transform, scale factors included.
fn cosines() -> [[f32; 8]; 8] {
    let mut table = [[0.0; 8]; 8];
    for (x, row) in table.iter_mut().enumerate() {
        for (u, cell) in row.iter_mut().enumerate() {
            let scale = if u == 0 { 0.125_f32.sqrt() } else { 0.5 };
            let angle = (2 * x + 1) as f32 * u as f32 * std::f32::consts::PI / 16.0;
            *cell = scale * angle.cos();
        }
    }
    table
}

fn inverse(block: &[f32; 64], cosines: &[[f32; 8]; 8]) -> [f32; 64] {
    let mut rows = [0.0_f32; 64];
    for v in 0..8 {
        for x in 0..8 {
            rows[v * 8 + x] = (0..8).map(|u| block[v * 8 + u] * cosines[x][u]).sum();
        }
    }
    let mut out = [0.0_f32; 64];
    for y in 0..8 {
        for x in 0..8 {
            out[y * 8 + x] = (0..8).map(|v| rows[v * 8 + x] * cosines[y][v]).sum();
        }
    }
    out
}

fn place(out: &mut [u16], f: &Frame, left: usize, top: usize, samples: &[f32; 64]) {
    let middle = f32::from(1_u16 << (f.precision - 1));
    let max = middle * 2.0 - 1.0;
    for (dy, row) in samples.as_chunks::<8>().0.iter().enumerate() {
        let y = top + dy;
        if y >= f.height {
            break;
        }
        let width = 8.min(f.width - left);
        let start = y * f.width + left;
        for (slot, &v) in out[start..start + width].iter_mut().zip(row) {
            *slot = crate::num::round_u16((v + middle).clamp(0.0, max));
        }
    }
}

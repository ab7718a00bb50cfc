//! 12-bit JPEG (Extended, process 4): sequential DCT with Huffman coding, one
//! component. The general JPEG decoders in use stop at 8 bits.

use crate::error::{DecodeError, DecodeLimits};

const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

fn damaged(what: &str) -> DecodeError {
    DecodeError::damaged("JPEG", what)
}

/// A Huffman table as code ranges by length.
#[derive(Clone)]
struct Huffman {
    /// For each length 1..=16: first code, one past the last, index of the first value.
    ranges: [(u32, u32, usize); 16],
    values: Vec<u8>,
}

impl Huffman {
    fn new(counts: &[u8], values: &[u8]) -> Result<Self, DecodeError> {
        let mut ranges = [(0, 0, 0); 16];
        let (mut code, mut index) = (0_u32, 0_usize);
        for (range, &count) in ranges.iter_mut().zip(counts) {
            *range = (code, code + u32::from(count), index);
            code = (code + u32::from(count)) << 1;
            index += usize::from(count);
        }
        if code > 1 << 17 || index > values.len() {
            return Err(damaged("a Huffman table is overfull"));
        }
        Ok(Self { ranges, values: values.to_vec() })
    }
}

/// Bits of the entropy-coded segment; zeros behind its end.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u32,
    count: u32,
    /// Bits handed out after the data ended.
    overrun: u32,
}

impl Bits<'_> {
    fn bit(&mut self) -> u32 {
        if self.count == 0 {
            self.held = self.next_byte();
            self.count = 8;
        }
        self.count -= 1;
        (self.held >> self.count) & 1
    }

    fn next_byte(&mut self) -> u32 {
        match (self.bytes.get(self.at), self.bytes.get(self.at + 1)) {
            (Some(0xFF), Some(0)) => {
                self.at += 2;
                0xFF
            }
            (Some(0xFF) | None, _) => {
                self.overrun += 8;
                0
            }
            (Some(&byte), _) => {
                self.at += 1;
                u32::from(byte)
            }
        }
    }

    fn symbol(&mut self, table: &Huffman) -> Result<u8, DecodeError> {
        let mut code = 0;
        for &(first, end, index) in &table.ranges {
            code = code << 1 | self.bit();
            if code >= first && code < end {
                let at = index + (code - first) as usize;
                return table.values.get(at).copied().ok_or_else(|| damaged("a bad Huffman code"));
            }
        }
        Err(damaged("a bad Huffman code"))
    }

    /// A signed value of `size` bits (F.2.2.1).
    fn value(&mut self, size: u8) -> i32 {
        let mut v = 0_i32;
        for _ in 0..size {
            v = v << 1 | i32::from(self.bit() == 1);
        }
        if size > 0 && v < 1 << (size - 1) { v - (1 << size) + 1 } else { v }
    }

    /// Steps over a restart marker.
    fn restart(&mut self) -> Result<(), DecodeError> {
        self.count = 0;
        while self.at + 1 < self.bytes.len() {
            if self.bytes[self.at] == 0xFF && matches!(self.bytes[self.at + 1], 0xD0..=0xD7) {
                self.at += 2;
                return Ok(());
            }
            self.at += 1;
        }
        Err(damaged("a restart marker is missing"))
    }
}

#[derive(Default)]
struct Tables {
    quantisation: [Option<[f32; 64]>; 4],
    dc: [Option<Huffman>; 4],
    ac: [Option<Huffman>; 4],
    restart: usize,
}

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
    let mut frame = None;
    let mut at = 2;
    loop {
        let (marker, segment, next) = segment(bytes, at)?;
        match marker {
            0xDB => quantisation(segment, &mut tables)?,
            0xC4 => huffman(segment, &mut tables)?,
            0xDD => tables.restart = usize::from(word(segment, 0)?),
            0xC0 | 0xC1 => frame = Some(frame_header(segment)?),
            0xC2..=0xCF => return Err(DecodeError::unsupported("JPEG", "this 12-bit process")),
            0xDA => {
                let frame = frame.ok_or_else(|| damaged("a scan before its frame"))?;
                limits.check_pixels(frame.width as u64, frame.height as u64, 4)?;
                return scan(&frame, &tables, segment, bytes.get(next..).unwrap_or_default());
            }
            0xD9 => return Err(damaged("no scan")),
            _ => {}
        }
        at = next;
    }
}

fn word(bytes: &[u8], at: usize) -> Result<u16, DecodeError> {
    bytes
        .get(at..at + 2)
        .map(|b| u16::from_be_bytes([b[0], b[1]]))
        .ok_or_else(|| damaged("a segment is cut short"))
}

fn segment(bytes: &[u8], mut at: usize) -> Result<(u8, &[u8], usize), DecodeError> {
    let short = || damaged("the stream is cut short");
    while *bytes.get(at).ok_or_else(short)? != 0xFF {
        at += 1;
    }
    while *bytes.get(at).ok_or_else(short)? == 0xFF {
        at += 1;
    }
    let marker = bytes[at];
    if matches!(marker, 0x01 | 0xD0..=0xD9) {
        return Ok((marker, &[], at + 1));
    }
    let length = usize::from(word(bytes, at + 1)?).max(2);
    let body = bytes.get(at + 3..at + 1 + length).ok_or_else(short)?;
    Ok((marker, body, at + 1 + length))
}

fn quantisation(mut s: &[u8], tables: &mut Tables) -> Result<(), DecodeError> {
    while let Some((&head, rest)) = s.split_first() {
        let wide = head >> 4 != 0;
        let size = if wide { 128 } else { 64 };
        let body = rest.get(..size).ok_or_else(|| damaged("a quantisation table is cut short"))?;
        let slot = tables
            .quantisation
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

fn huffman(mut s: &[u8], tables: &mut Tables) -> Result<(), DecodeError> {
    while s.len() >= 17 {
        let total: usize = s[1..17].iter().map(|&c| usize::from(c)).sum();
        let values =
            s.get(17..17 + total).ok_or_else(|| damaged("a Huffman table is cut short"))?;
        let set = if s[0] >> 4 == 0 { &mut tables.dc } else { &mut tables.ac };
        let slot =
            set.get_mut(usize::from(s[0] & 15)).ok_or_else(|| damaged("a fifth Huffman table"))?;
        *slot = Some(Huffman::new(&s[1..17], values)?);
        s = &s[17 + total..];
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

fn scan(f: &Frame, tables: &Tables, header: &[u8], data: &[u8]) -> Result<Vec<u16>, DecodeError> {
    let &[1, component, select, ..] = header else {
        return Err(damaged("the scan header is wrong"));
    };
    if component != f.component {
        return Err(damaged("the scan is of another component"));
    }
    let missing = || damaged("a table is missing");
    let quantisation =
        tables.quantisation.get(f.quantisation).and_then(Option::as_ref).ok_or_else(missing)?;
    let dc =
        tables.dc.get(usize::from(select >> 4)).and_then(Option::as_ref).ok_or_else(missing)?;
    let ac =
        tables.ac.get(usize::from(select & 15)).and_then(Option::as_ref).ok_or_else(missing)?;
    let cosines = cosines();
    let mut out = vec![0_u16; f.width * f.height];
    let mut bits = Bits { bytes: data, at: 0, held: 0, count: 0, overrun: 0 };
    let mut predictor = 0_i32;
    let across = f.width.div_ceil(8);
    for block in 0..across * f.height.div_ceil(8) {
        if tables.restart > 0 && block > 0 && block % tables.restart == 0 {
            bits.restart()?;
            predictor = 0;
        }
        let coefficients = read_block(&mut bits, dc, ac, &mut predictor, quantisation)?;
        if bits.overrun > 64 {
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

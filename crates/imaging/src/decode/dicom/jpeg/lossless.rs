//! Lossless JPEG with Huffman coding (ITU-T T.81 annex H): 2 to 16 bits, all seven predictors.

use super::bits::{Bits, Huffman};
use super::{Tables, damaged, segment, table, word};
use crate::error::{DecodeError, DecodeLimits};

struct Frame {
    width: usize,
    height: usize,
    precision: u8,
    components: Vec<u8>,
}

/// A decoded frame.
pub(crate) struct Lossless {
    /// Samples, interleaved by pixel.
    pub(crate) samples: Vec<u16>,
}

/// Decodes a stream; `None` for what is lawful but not read here (subsampled components).
pub(crate) fn decode(bytes: &[u8], limits: DecodeLimits) -> Result<Option<Lossless>, DecodeError> {
    let mut tables = Tables::default();
    let mut restart = 0;
    let mut frame: Option<Frame> = None;
    let mut samples: Vec<u16> = Vec::new();
    let mut done = 0;
    let mut at = 2;
    loop {
        let (marker, body, next) = segment(bytes, at)?;
        at = next;
        match marker {
            0xC4 => tables.read(body)?,
            0xDD => restart = usize::from(word(body, 0)?),
            0xC3 => {
                let Some(read) = frame_header(body)? else { return Ok(None) };
                let count = (read.width * read.height * read.components.len()) as u64;
                limits.check(count * 2)?;
                samples = vec![0; read.width * read.height * read.components.len()];
                frame = Some(read);
            }
            0xC0..=0xCF if marker != 0xC8 && marker != 0xCC => return Ok(None),
            0xDA => {
                let frame = frame.as_ref().ok_or_else(|| damaged("a scan before its frame"))?;
                let scan = Scan::read(frame, body, restart)?;
                let data = bytes.get(at..).unwrap_or_default();
                scan.decode(frame, &tables, data, &mut samples)?;
                done += scan.parts.len();
                if done >= frame.components.len() {
                    return Ok(Some(Lossless { samples }));
                }
                at += end_of_scan(data);
            }
            0xD9 => return Err(damaged("the stream ends before its last scan")),
            _ => {}
        }
    }
}

/// How many bytes of entropy-coded data come before the next marker that is no restart.
fn end_of_scan(data: &[u8]) -> usize {
    data.windows(2)
        .position(|w| w[0] == 0xFF && !matches!(w[1], 0 | 0xD0..=0xD7))
        .unwrap_or(data.len())
}

fn frame_header(s: &[u8]) -> Result<Option<Frame>, DecodeError> {
    let &[precision, _, _, _, _, n, ref rest @ ..] = s else {
        return Err(damaged("the frame header is cut short"));
    };
    let (height, width) = (usize::from(word(s, 1)?), usize::from(word(s, 3)?));
    if width == 0 || height == 0 || n == 0 {
        return Err(damaged("an empty frame"));
    }
    if !(2..=16).contains(&precision) {
        return Err(damaged("a precision beyond 16 bits"));
    }
    let described = rest.as_chunks::<3>().0;
    if described.len() < usize::from(n) {
        return Err(damaged("the frame header is cut short"));
    }
    let described = &described[..usize::from(n)];
    if n > 1 && described.iter().any(|c| c[1] != 0x11) {
        return Ok(None);
    }
    let components = described.iter().map(|c| c[0]).collect();
    Ok(Some(Frame { width, height, precision, components }))
}

struct Scan {
    /// Place of the component in the frame, and its table.
    parts: Vec<(usize, u8)>,
    predictor: u8,
    shift: u8,
    /// Pixels between restart markers, or 0.
    restart: usize,
}

impl Scan {
    fn read(frame: &Frame, header: &[u8], restart: usize) -> Result<Self, DecodeError> {
        let wrong = || damaged("the scan header is wrong");
        let (&n, rest) = header.split_first().ok_or_else(wrong)?;
        let pairs = rest.as_chunks::<2>().0.get(..usize::from(n)).ok_or_else(wrong)?;
        let tail = &rest[usize::from(n) * 2..];
        let &[predictor, _, approximation, ..] = tail else { return Err(wrong()) };
        let shift = approximation & 15;
        if n == 0 || !(1..=7).contains(&predictor) || shift >= frame.precision {
            return Err(wrong());
        }
        let parts = pairs
            .iter()
            .map(|pair| {
                let place = frame.components.iter().position(|c| *c == pair[0]);
                Ok((place.ok_or_else(wrong)?, pair[1] >> 4))
            })
            .collect::<Result<_, DecodeError>>()?;
        Ok(Self { parts, predictor, shift, restart })
    }

    fn decode(
        &self,
        frame: &Frame,
        tables: &Tables,
        data: &[u8],
        samples: &mut [u16],
    ) -> Result<(), DecodeError> {
        let parts: Vec<(usize, &Huffman)> = self
            .parts
            .iter()
            .map(|&(place, index)| Ok((place, table(&tables.dc, index)?)))
            .collect::<Result<_, DecodeError>>()?;
        let n = frame.components.len();
        let line = frame.width * n;
        let middle = 1_i32 << (frame.precision - self.shift - 1);
        let mut bits = Bits::new(data);
        // Rows whose predictions start afresh: the first, and those behind a restart.
        let rows_between = self.restart / frame.width;
        let whole_rows = self.restart.is_multiple_of(frame.width);
        if self.restart > 0 && !whole_rows {
            return Err(DecodeError::unsupported("JPEG", "restarts within a row"));
        }
        for y in 0..frame.height {
            let restarts = rows_between > 0 && y > 0 && y % rows_between == 0;
            if restarts {
                bits.restart()?;
            }
            let (above, row) = samples.split_at_mut(y * line);
            let row = &mut row[..line];
            let above = (y > 0 && !restarts).then(|| &above[(y - 1) * line..]);
            match (parts.as_slice(), n) {
                ([(_, table)], 1) => {
                    self.grey_row(&mut bits, table, row, above, middle)?;
                }
                _ => Self::row(self.predictor, &mut bits, &parts, n, row, above, middle)?,
            }
            if bits.overran() {
                return Err(damaged("the scan is cut short"));
            }
        }
        if self.shift > 0 {
            for &(place, _) in &parts {
                samples.iter_mut().skip(place).step_by(n).for_each(|v| *v <<= self.shift);
            }
        }
        Ok(())
    }

    fn grey_row(
        &self,
        bits: &mut Bits<'_>,
        table: &Huffman,
        row: &mut [u16],
        above: Option<&[u16]>,
        middle: i32,
    ) -> Result<(), DecodeError> {
        let Some(above) = above else {
            return along(bits, table, row, middle);
        };
        // Each predictor has a loop of its own: it is the innermost one.
        match self.predictor {
            1 => along(bits, table, row, i32::from(above[0])),
            2 => inner(bits, table, row, above, |_, b, _| b),
            3 => inner(bits, table, row, above, |_, _, c| c),
            4 => inner(bits, table, row, above, |a, b, c| a + b - c),
            5 => inner(bits, table, row, above, |a, b, c| a + ((b - c) >> 1)),
            6 => inner(bits, table, row, above, |a, b, c| b + ((a - c) >> 1)),
            _ => inner(bits, table, row, above, |a, b, _| (a + b) >> 1),
        }
    }

    fn row(
        predictor: u8,
        bits: &mut Bits<'_>,
        parts: &[(usize, &Huffman)],
        n: usize,
        row: &mut [u16],
        above: Option<&[u16]>,
        middle: i32,
    ) -> Result<(), DecodeError> {
        for start in (0..row.len()).step_by(n) {
            for &(place, table) in parts {
                let i = start + place;
                let left = |line: &[u16]| i32::from(line[i - n]);
                let predicted = match (above, start) {
                    (None, 0) => middle,
                    (None, _) => left(row),
                    (Some(above), 0) => i32::from(above[i]),
                    (Some(above), _) => {
                        predict(predictor, left(row), i32::from(above[i]), left(above))
                    }
                };
                row[i] = low16(predicted + bits.difference(table)?);
            }
        }
        Ok(())
    }
}

fn predict(predictor: u8, a: i32, b: i32, c: i32) -> i32 {
    match predictor {
        1 => a,
        2 => b,
        3 => c,
        4 => a + b - c,
        5 => a + ((b - c) >> 1),
        6 => b + ((a - c) >> 1),
        _ => (a + b) >> 1,
    }
}

/// Each sample from the one on its left; the first from `from`.
fn along(
    bits: &mut Bits<'_>,
    table: &Huffman,
    row: &mut [u16],
    from: i32,
) -> Result<(), DecodeError> {
    let mut a = from;
    for slot in row {
        *slot = low16(a + bits.difference(table)?);
        a = i32::from(*slot);
    }
    Ok(())
}

#[inline]
fn inner(
    bits: &mut Bits<'_>,
    table: &Huffman,
    row: &mut [u16],
    above: &[u16],
    predict: impl Fn(i32, i32, i32) -> i32,
) -> Result<(), DecodeError> {
    let (Some((first, rest)), Some(&corner)) = (row.split_first_mut(), above.first()) else {
        return Ok(());
    };
    *first = low16(i32::from(corner) + bits.difference(table)?);
    let (mut a, mut c) = (i32::from(*first), i32::from(corner));
    for (slot, &b) in rest.iter_mut().zip(&above[1..]) {
        let b = i32::from(b);
        *slot = low16(predict(a, b, c) + bits.difference(table)?);
        (a, c) = (i32::from(*slot), b);
    }
    Ok(())
}

/// Modulo 65,536, as the process counts.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "modulo is meant")]
fn low16(v: i32) -> u16 {
    v as u16
}

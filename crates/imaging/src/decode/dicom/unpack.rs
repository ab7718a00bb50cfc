//! Words to stored values: shift, mask, sign.

use crate::error::DecodeError;
use crate::image::Samples;

/// The bit field that holds a stored value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BitField {
    /// Bits of a word.
    pub allocated: u16,
    /// Bits of the value.
    pub stored: u16,
    /// The value's highest bit.
    pub high: u16,
    /// Two's complement.
    pub signed: bool,
}

impl BitField {
    fn shift(self) -> u32 {
        u32::from((self.high + 1).saturating_sub(self.stored))
    }

    fn mask(self) -> u32 {
        if self.stored >= 32 { u32::MAX } else { (1 << self.stored) - 1 }
    }

    /// The stored value in a raw word.
    pub fn unpack(self, raw: u32) -> i64 {
        let value = i64::from((raw >> self.shift()) & self.mask());
        if self.signed && value >> (self.stored - 1) & 1 == 1 {
            value - (1_i64 << self.stored)
        } else {
            value
        }
    }

    /// Bits of `raw` that lie outside the field and are not its sign copied upwards.
    pub fn outside(self, raw: u32) -> u32 {
        let field = self.mask() << self.shift();
        let rest = raw & !field;
        let above = self.above();
        if self.signed && rest & above == above && self.unpack(raw) < 0 {
            rest & !above
        } else {
            rest
        }
    }

    /// The allocated bits above the field.
    fn above(self) -> u32 {
        let word = if self.allocated >= 32 { u32::MAX } else { (1 << self.allocated) - 1 };
        let through_high = if self.high >= 31 { u32::MAX } else { (1 << (self.high + 1)) - 1 };
        word & !through_high
    }

    /// The lowest value that the field can hold.
    pub fn lowest(self) -> i64 {
        if self.signed { -(1_i64 << (self.stored - 1)) } else { 0 }
    }
}

/// Raw words of one frame, whatever their width.
pub(crate) enum Words<'a> {
    Bytes(&'a [u8]),
    Little16(&'a [u8]),
    Big16(&'a [u8]),
    Little32(&'a [u8]),
    Big32(&'a [u8]),
    /// One bit a pixel, the first in the lowest bit; the first `usize` bits belong to others.
    Bits(&'a [u8], usize),
}

impl Words<'_> {
    /// The raw words, cut to 16 bits: where embedded overlays live.
    pub(crate) fn collect_into(&self, count: usize, out: &mut Vec<u16>) {
        out.reserve(count);
        self.each(count, |raw| out.push(low16(raw)));
    }

    fn each(&self, count: usize, mut put: impl FnMut(u32)) {
        match self {
            Self::Bytes(b) => b.iter().take(count).for_each(|&v| put(u32::from(v))),
            Self::Little16(b) => {
                chunks(b, count, |c: [u8; 2]| put(u32::from(u16::from_le_bytes(c))));
            }
            Self::Big16(b) => chunks(b, count, |c: [u8; 2]| put(u32::from(u16::from_be_bytes(c)))),
            Self::Little32(b) => chunks(b, count, |c| put(u32::from_le_bytes(c))),
            Self::Big32(b) => chunks(b, count, |c| put(u32::from_be_bytes(c))),
            Self::Bits(b, from) => {
                for i in *from..*from + count {
                    put(u32::from(b.get(i / 8).copied().unwrap_or(0) >> (i % 8) & 1));
                }
            }
        }
    }
}

fn chunks<const N: usize>(bytes: &[u8], count: usize, mut put: impl FnMut([u8; N])) {
    bytes.as_chunks::<N>().0.iter().take(count).for_each(|&c| put(c));
}

/// All words unpacked, and the union of the bits that were masked away.
pub(crate) fn unpack_all(
    words: &Words<'_>,
    count: usize,
    field: BitField,
) -> Result<(Samples, u32), DecodeError> {
    let mut outside = 0_u32;
    if field.stored > 16 {
        let mut data = Vec::with_capacity(count);
        words.each(count, |raw| {
            outside |= field.outside(raw);
            data.push(field.unpack(raw));
        });
        check_count(data.len(), count)?;
        return Ok((Samples::Grey32(data), outside));
    }
    let mut data: Vec<u16> = Vec::with_capacity(count);
    let (shift, mask) = (field.shift(), field.mask());
    let offset = i32::try_from(field.lowest()).unwrap_or(0);
    // Counting from the lowest value turns two's complement into a flipped top bit.
    let not_field = !(mask << shift);
    let flip = if field.signed { 1_u32 << (field.stored - 1) } else { 0 };
    if field.signed {
        words.each(count, |raw| {
            if raw & not_field != 0 {
                outside |= field.outside(raw);
            }
            data.push(low16(((raw >> shift) & mask) ^ flip));
        });
    } else {
        words.each(count, |raw| {
            outside |= raw & not_field;
            data.push(low16((raw >> shift) & mask));
        });
    }
    check_count(data.len(), count)?;
    Ok((Samples::Grey16 { data, offset }, outside))
}

fn low16(value: u32) -> u16 {
    u16::try_from(value & 0xFFFF).unwrap_or(0)
}

fn check_count(found: usize, wanted: usize) -> Result<(), DecodeError> {
    if found == wanted {
        return Ok(());
    }
    Err(DecodeError::damaged("DICOM", format!("{found} pixels where {wanted} belong")))
}

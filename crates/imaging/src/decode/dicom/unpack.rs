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
#[derive(Clone, Copy)]
pub(crate) enum Words<'a> {
    Bytes(&'a [u8]),
    Native16(&'a [u16]),
    Little16(&'a [u8]),
    Big16(&'a [u8]),
    Little32(&'a [u8]),
    Big32(&'a [u8]),
    /// One bit a pixel, the first in the lowest bit; the first `usize` bits belong to others.
    Bits(&'a [u8], usize),
}

impl Words<'_> {
    /// The raw words, cut to 16 bits: where embedded overlays live.
    pub(crate) fn low_words(self, count: usize) -> Vec<u16> {
        self.visit(count, Low16)
    }

    /// Calls `visitor` with an iterator over the words: each width has a loop of its own.
    fn visit<V: Visitor>(self, count: usize, visitor: V) -> V::Out {
        match self {
            Self::Bytes(b) => visitor.words(b.iter().take(count).map(|&v| u32::from(v))),
            Self::Native16(w) => visitor.words(w.iter().take(count).map(|&v| u32::from(v))),
            Self::Little16(b) => {
                visitor.words(chunks(b, count).map(|&c: &[u8; 2]| u32::from(u16::from_le_bytes(c))))
            }
            Self::Big16(b) => {
                visitor.words(chunks(b, count).map(|&c: &[u8; 2]| u32::from(u16::from_be_bytes(c))))
            }
            Self::Little32(b) => {
                visitor.words(chunks(b, count).map(|&c: &[u8; 4]| u32::from_le_bytes(c)))
            }
            Self::Big32(b) => {
                visitor.words(chunks(b, count).map(|&c: &[u8; 4]| u32::from_be_bytes(c)))
            }
            Self::Bits(b, from) => {
                let bit = |i: usize| u32::from(b.get(i / 8).copied().unwrap_or(0) >> (i % 8) & 1);
                visitor.words((from..from + count).map(bit))
            }
        }
    }
}

fn chunks<const N: usize>(bytes: &[u8], count: usize) -> impl Iterator<Item = &[u8; N]> {
    bytes.as_chunks::<N>().0.iter().take(count)
}

trait Visitor {
    type Out;
    fn words(self, words: impl Iterator<Item = u32>) -> Self::Out;
}

struct Low16;

impl Visitor for Low16 {
    type Out = Vec<u16>;
    fn words(self, words: impl Iterator<Item = u32>) -> Vec<u16> {
        words.map(low16).collect()
    }
}

/// Values of more than 16 bits, and the bits outside.
struct Wide(BitField);

impl Visitor for Wide {
    type Out = (Vec<i64>, u32);
    fn words(self, words: impl Iterator<Item = u32>) -> Self::Out {
        let mut outside = 0;
        let unpacked = words.map(|raw| {
            outside |= self.0.outside(raw);
            self.0.unpack(raw)
        });
        (unpacked.collect(), outside)
    }
}

/// Values of up to 16 bits counted from the lowest one, and the bits outside.
struct Narrow(BitField);

impl Visitor for Narrow {
    type Out = (Vec<u16>, u32);
    fn words(self, words: impl Iterator<Item = u32>) -> Self::Out {
        let field = self.0;
        let flip = if field.signed { 1_u32 << (field.stored - 1) } else { 0 };
        let mut outside = 0_u32;
        let data = words
            .map(|raw| {
                outside |= field.outside(raw);
                low16(((raw >> field.shift()) & field.mask()) ^ flip)
            })
            .collect();
        (data, outside)
    }
}

/// Words to a block: what stays in the cache between the two passes over it.
const BLOCK: usize = 1 << 14;

/// [`Narrow`] for the words of 16 bits that nearly every radiograph has: two loops a
/// block, each of them plain enough for vector instructions.
fn narrow16<W: Copy>(words: &[W], value: impl Fn(W) -> u16, field: BitField) -> (Vec<u16>, u32) {
    let (shift, mask) = (field.shift(), low16(field.mask()));
    let not_field = !low16(field.mask() << shift);
    // Counting from the lowest value turns two's complement into a flipped top bit.
    let flip = if field.signed { 1_u16 << (field.stored - 1) } else { 0 };
    let mut outside = 0_u32;
    let mut data = Vec::with_capacity(words.len());
    for block in words.chunks(BLOCK) {
        data.extend(block.iter().map(|&w| ((value(w) >> shift) & mask) ^ flip));
        let used = block.iter().fold(0, |bits, &w| bits | value(w)) & not_field;
        if used != 0 && field.signed {
            let each = |bits, &w: &W| bits | field.outside(u32::from(value(w)));
            outside |= block.iter().fold(0, each);
        } else {
            outside |= u32::from(used);
        }
    }
    (data, outside)
}

/// All words unpacked, and the union of the bits that were masked away.
pub(crate) fn unpack_all(
    words: Words<'_>,
    count: usize,
    field: BitField,
) -> Result<(Samples, u32), DecodeError> {
    if field.stored > 16 {
        let (data, outside) = words.visit(count, Wide(field));
        check_count(data.len(), count)?;
        return Ok((Samples::Grey32(data), outside));
    }
    let offset = i32::try_from(field.lowest()).unwrap_or(0);
    let (data, outside) = match words {
        Words::Native16(w) => narrow16(first(w, count), |w| w, field),
        Words::Little16(b) => narrow16(first(b.as_chunks().0, count), u16::from_le_bytes, field),
        Words::Big16(b) => narrow16(first(b.as_chunks().0, count), u16::from_be_bytes, field),
        _ => words.visit(count, Narrow(field)),
    };
    check_count(data.len(), count)?;
    Ok((Samples::Grey16 { data, offset }, outside))
}

#[expect(clippy::cast_possible_truncation, reason = "the low bits are meant")]
fn low16(value: u32) -> u16 {
    value as u16
}

fn first<T>(words: &[T], count: usize) -> &[T] {
    words.get(..count).unwrap_or(words)
}

fn check_count(found: usize, wanted: usize) -> Result<(), DecodeError> {
    if found == wanted {
        return Ok(());
    }
    Err(DecodeError::damaged("DICOM", format!("{found} pixels where {wanted} belong")))
}

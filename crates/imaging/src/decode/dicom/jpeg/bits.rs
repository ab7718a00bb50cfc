//! Bits of an entropy-coded segment, and the Huffman codes in them.

use super::damaged;
use crate::error::DecodeError;

/// Codes and differences up to this many bits take one look-up.
const LOOK: u32 = 12;

/// A Huffman table.
#[derive(Clone)]
pub(super) struct Huffman {
    /// For each length 1..=16: first code, one past the last, index of the first value.
    ranges: [(u32, u32, usize); 16],
    values: Vec<u8>,
    /// By the next [`LOOK`] bits: symbol and length of its code; length 0 when that is longer.
    symbols: Vec<(u8, u8)>,
    /// By the next [`LOOK`] bits: a whole difference and the bits it takes, or 0.
    differences: Vec<(i16, u8)>,
}

impl Huffman {
    /// From the counts of codes by length, and the symbols in order.
    pub(super) fn new(counts: &[u8], values: &[u8]) -> Result<Self, DecodeError> {
        let mut ranges = [(0, 0, 0); 16];
        let mut symbols = vec![(0, 0); 1 << LOOK];
        let (mut code, mut index) = (0_u32, 0_usize);
        for (length, (range, &count)) in (1_u32..).zip(ranges.iter_mut().zip(counts)) {
            *range = (code, code + u32::from(count), index);
            if range.1 > 1 << length {
                return Err(damaged("a Huffman table is overfull"));
            }
            if length <= LOOK {
                let width = 1_usize << (LOOK - length);
                let codes = symbols.chunks_exact_mut(width).skip(code as usize);
                for (slots, &value) in
                    codes.zip(values.get(index..).unwrap_or_default()).take(usize::from(count))
                {
                    slots.fill((value, low_byte(length)));
                }
            }
            code = (code + u32::from(count)) << 1;
            index += usize::from(count);
        }
        if index > values.len() {
            return Err(damaged("a Huffman table is overfull"));
        }
        let differences = (0_u32..).zip(&symbols).map(|(bits, &(size, length))| {
            let used = u32::from(size) + u32::from(length);
            if length == 0 || used > LOOK {
                return (0, 0);
            }
            let raw = bits >> (LOOK - used) & ((1 << size) - 1);
            (i16::try_from(extend(raw, u32::from(size))).unwrap_or(0), low_byte(used))
        });
        Ok(Self { ranges, values: values.to_vec(), differences: differences.collect(), symbols })
    }
}

fn low_byte(n: u32) -> u8 {
    u8::try_from(n).unwrap_or(0)
}

/// A value of `size` bits with the sign its highest bit gives it (F.2.2.1).
fn extend(raw: u32, size: u32) -> i32 {
    let raw = i32::try_from(raw).unwrap_or(0);
    if size > 0 && raw < 1 << (size - 1) { raw - (1 << size) + 1 } else { raw }
}

/// Bits of an entropy-coded segment; zeros behind its end.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
    /// Bits made up after the data ended.
    made_up: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, held: 0, count: 0, made_up: 0 }
    }

    /// Whether more bits were handed out than there were.
    pub(super) fn overran(&self) -> bool {
        self.made_up > self.count
    }

    /// Makes at least 32 bits ready.
    #[inline]
    fn refill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(&four) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<4>) {
            let word = u32::from_be_bytes(four);
            // No byte of the four is FF: nothing is stuffed, no marker begins.
            if four.iter().all(|&b| b != 0xFF) {
                self.held = self.held << 32 | u64::from(word);
                self.count += 32;
                self.at += 4;
                return;
            }
        }
        while self.count < 32 {
            let byte = self.next_byte();
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
        }
    }

    fn next_byte(&mut self) -> u8 {
        match (self.bytes.get(self.at), self.bytes.get(self.at + 1)) {
            (Some(0xFF), Some(0)) => {
                self.at += 2;
                0xFF
            }
            (Some(0xFF) | None, _) => {
                self.made_up = self.made_up.saturating_add(8);
                0
            }
            (Some(&byte), _) => {
                self.at += 1;
                byte
            }
        }
    }

    #[inline]
    fn peek(&self, n: u32) -> u32 {
        u32::try_from(self.held >> (self.count - n) & ((1 << n) - 1)).unwrap_or(0)
    }

    /// The next symbol. Needs 16 bits ready.
    #[inline]
    fn code(&mut self, table: &Huffman) -> Result<u8, DecodeError> {
        let (symbol, length) = table.symbols[self.peek(LOOK) as usize];
        if length > 0 {
            self.count -= u32::from(length);
            return Ok(symbol);
        }
        for length in LOOK + 1..=16 {
            let (first, end, index) = table.ranges[length as usize - 1];
            let code = self.peek(length);
            if code >= first && code < end {
                self.count -= length;
                let at = index + (code - first) as usize;
                return table.values.get(at).copied().ok_or_else(|| damaged("a bad Huffman code"));
            }
        }
        Err(damaged("a bad Huffman code"))
    }

    /// The next symbol.
    pub(super) fn symbol(&mut self, table: &Huffman) -> Result<u8, DecodeError> {
        self.refill();
        self.code(table)
    }

    /// A signed value of `size` ≤ 16 bits.
    pub(super) fn value(&mut self, size: u8) -> i32 {
        self.refill();
        let size = u32::from(size.min(16));
        let raw = self.peek(size);
        self.count -= size;
        extend(raw, size)
    }

    /// A difference of the lossless process: its size as a symbol, then its bits.
    #[inline]
    pub(super) fn difference(&mut self, table: &Huffman) -> Result<i32, DecodeError> {
        self.refill();
        let (difference, used) = table.differences[self.peek(LOOK) as usize];
        if used > 0 {
            self.count -= u32::from(used);
            return Ok(i32::from(difference));
        }
        match self.code(table)? {
            size @ 0..=15 => {
                let size = u32::from(size);
                let raw = self.peek(size);
                self.count -= size;
                Ok(extend(raw, size))
            }
            16 => Ok(1 << 15),
            _ => Err(damaged("a difference of more than 16 bits")),
        }
    }

    /// Steps over a restart marker.
    pub(super) fn restart(&mut self) -> Result<(), DecodeError> {
        (self.held, self.count, self.made_up) = (0, 0, 0);
        while let Some(&[first, second]) =
            self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<2>)
        {
            if first == 0xFF && matches!(second, 0xD0..=0xD7) {
                self.at += 2;
                return Ok(());
            }
            self.at += 1;
        }
        Err(damaged("a restart marker is missing"))
    }
}

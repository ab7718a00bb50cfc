//! Look-up tables as DICOM writes them.

/// The three numbers of a LUT Descriptor, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LutDescriptor {
    /// Number of entries, 1..=65,536.
    pub entries: u32,
    /// The input that the first entry is for.
    pub first: i32,
    /// Bits of an entry, as declared.
    pub bits: u16,
}

impl LutDescriptor {
    /// Decodes the raw words, whatever sign the reader gave them. Entries and
    /// bits are always unsigned; the sign of the first input is `input_signed`.
    pub fn decode(raw: [i32; 3], input_signed: bool) -> Self {
        let entries = match raw[0] & 0xFFFF {
            0 => 65_536,
            n => n.unsigned_abs(),
        };
        let first = raw[1] & 0xFFFF;
        let first = if input_signed && first >= 0x8000 { first - 0x1_0000 } else { first };
        let bits = u16::try_from(raw[2] & 0xFFFF).unwrap_or(16);
        Self { entries, first, bits }
    }
}

/// A table from integers to unsigned integers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lut {
    /// The input that the first entry is for.
    pub first: i32,
    /// Bits of an entry, as declared.
    pub bits_declared: u16,
    /// Bits of an entry, as the data show.
    pub bits: u16,
    data: Vec<u16>,
}

/// Why a LUT cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LutError {
    /// No data, or fewer than the descriptor needs.
    #[error("the LUT holds {found} bytes where its descriptor wants {wanted} entries")]
    Length {
        /// Bytes found.
        found: usize,
        /// Entries wanted.
        wanted: u32,
    },
    /// A depth outside 1..=16.
    #[error("the LUT claims {0} bits an entry")]
    Bits(u16),
}

impl Lut {
    /// Builds a table from a descriptor and the entry words.
    pub fn from_words(descriptor: LutDescriptor, words: &[u16]) -> Result<Self, LutError> {
        let n = descriptor.entries as usize;
        if !(1..=16).contains(&descriptor.bits) {
            return Err(LutError::Bits(descriptor.bits));
        }
        let data = if words.len() >= n {
            words[..n].to_vec()
        } else if words.len() == n.div_ceil(2) && descriptor.bits <= 8 {
            // Two 8-bit entries to a word, the low byte first.
            words.iter().flat_map(|w| w.to_le_bytes()).map(u16::from).take(n).collect()
        } else {
            return Err(LutError::Length { found: words.len() * 2, wanted: descriptor.entries });
        };
        let max = data.iter().copied().max().unwrap_or(0);
        Ok(Self {
            first: descriptor.first,
            bits_declared: descriptor.bits,
            bits: effective_bits(descriptor.bits, max),
            data,
        })
    }

    /// Number of entries, as an input width.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// A LUT always has at least one entry.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The entry for `input`; inputs beyond the ends take the end entries.
    pub fn lookup(&self, input: i64) -> u16 {
        let last = self.data.len().saturating_sub(1);
        let index = (input - i64::from(self.first)).max(0);
        let index = usize::try_from(index).unwrap_or(last).min(last);
        self.data.get(index).copied().unwrap_or(0)
    }

    /// The entry for `input` as a share of full output.
    pub fn lookup01(&self, input: i64) -> f64 {
        (f64::from(self.lookup(input)) / f64::from(self.output_max())).min(1.0)
    }

    /// The output that means full intensity.
    pub fn output_max(&self) -> u16 {
        u16::try_from((1_u32 << self.bits.clamp(1, 16)) - 1).unwrap_or(u16::MAX)
    }

    /// The entries.
    pub fn entries(&self) -> &[u16] {
        &self.data
    }

    /// Whether the data use fewer bits than the descriptor declares.
    pub fn narrower_than_declared(&self) -> bool {
        self.bits < self.bits_declared
    }
}

/// Some makers declare 16 bits and fill 12. A table that does not reach half
/// of its declared range is read at the depth its data show.
pub fn effective_bits(declared: u16, max: u16) -> u16 {
    if u32::from(max) >= 1_u32 << (declared.clamp(1, 16) - 1) {
        return declared;
    }
    let needed = u16::try_from(u32::BITS - u32::from(max).leading_zeros()).unwrap_or(16);
    needed.max(8).min(declared)
}

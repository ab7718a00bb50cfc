//! Small DICOM files made by hand, so that every bit of them is known.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]
#![allow(clippy::cast_possible_truncation, clippy::should_implement_trait, reason = "test data")]

use overread_imaging::{DecodeError, DecodeLimits, DecodedImage, Metadata, Samples, SourceKind};

pub const EXPLICIT_LE: &str = "1.2.840.10008.1.2.1";
pub const RLE: &str = "1.2.840.10008.1.2.5";

/// A DICOM object in the making: explicit VR little endian.
#[derive(Clone)]
pub struct Dicom {
    syntax: String,
    elements: Vec<((u16, u16), [u8; 2], Vec<u8>)>,
    pixels: Vec<u8>,
    fragments: Option<Vec<Vec<u8>>>,
}

impl Dicom {
    pub fn new(rows: u16, cols: u16, allocated: u16, stored: u16, signed: bool) -> Self {
        let new = Self {
            syntax: EXPLICIT_LE.into(),
            elements: Vec::new(),
            pixels: Vec::new(),
            fragments: None,
        };
        new.us(0x0028_0002, &[1])
            .text(0x0028_0004, b"CS", "MONOCHROME2")
            .us(0x0028_0010, &[rows])
            .us(0x0028_0011, &[cols])
            .us(0x0028_0100, &[allocated])
            .us(0x0028_0101, &[stored])
            .us(0x0028_0102, &[stored - 1])
            .us(0x0028_0103, &[u16::from(signed)])
    }

    /// 16-bit pixels, 12 stored unless said otherwise.
    pub fn grey16(rows: u16, cols: u16, stored: u16, signed: bool, words: &[u16]) -> Self {
        Self::new(rows, cols, 16, stored, signed).words(words)
    }

    pub fn raw(mut self, tag: u32, vr: &[u8; 2], value: Vec<u8>) -> Self {
        let tag = ((tag >> 16) as u16, (tag & 0xFFFF) as u16);
        self.elements.retain(|e| e.0 != tag);
        let mut value = value;
        if value.len() % 2 == 1 {
            value.push(if vr == b"UI" || vr == b"OB" { 0 } else { b' ' });
        }
        self.elements.push((tag, *vr, value));
        self
    }

    pub fn us(self, tag: u32, values: &[u16]) -> Self {
        self.raw(tag, b"US", values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    pub fn ss(self, tag: u32, values: &[i16]) -> Self {
        self.raw(tag, b"SS", values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    pub fn text(self, tag: u32, vr: &[u8; 2], value: &str) -> Self {
        self.raw(tag, vr, value.as_bytes().to_vec())
    }

    pub fn window(self, center: &str, width: &str) -> Self {
        self.text(0x0028_1050, b"DS", center).text(0x0028_1051, b"DS", width)
    }

    pub fn rescale(self, slope: &str, intercept: &str) -> Self {
        self.text(0x0028_1053, b"DS", slope).text(0x0028_1052, b"DS", intercept)
    }

    /// A sequence whose items are other objects' elements.
    pub fn sequence(self, tag: u32, items: &[Self]) -> Self {
        let mut value = Vec::new();
        for item in items {
            let mut body = Vec::new();
            item.write_elements(&mut body);
            value.extend([0xFE, 0xFF, 0x00, 0xE0]);
            value.extend((body.len() as u32).to_le_bytes());
            value.extend(body);
        }
        self.raw(tag, b"SQ", value)
    }

    /// A sequence of unknown VR and undefined length, in implicit VR as such a one is written.
    pub fn unknown_sequence(mut self, tag: u32, text: &str) -> Self {
        self.elements.retain(|e| e.0 != ((tag >> 16) as u16, (tag & 0xFFFF) as u16));
        self.elements.push((
            ((tag >> 16) as u16, (tag & 0xFFFF) as u16),
            *b"??",
            unknown_items(text),
        ));
        self
    }

    /// A bare set of elements, for items.
    pub fn item() -> Self {
        Self {
            syntax: EXPLICIT_LE.into(),
            elements: Vec::new(),
            pixels: Vec::new(),
            fragments: None,
        }
    }

    /// A LUT item: descriptor, entries as words.
    pub fn lut_item(descriptor: [u16; 3], words: &[u16]) -> Self {
        Self::item().us(0x0028_3002, &descriptor).raw(
            0x0028_3006,
            b"OW",
            words.iter().flat_map(|w| w.to_le_bytes()).collect(),
        )
    }

    pub fn words(mut self, words: &[u16]) -> Self {
        self.pixels = words.iter().flat_map(|w| w.to_le_bytes()).collect();
        self
    }

    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.pixels = bytes.to_vec();
        self
    }

    pub fn encapsulated(mut self, syntax: &str, fragments: Vec<Vec<u8>>) -> Self {
        self.syntax = syntax.into();
        self.fragments = Some(fragments);
        self
    }

    fn write_elements(&self, out: &mut Vec<u8>) {
        let mut sorted = self.elements.clone();
        sorted.sort_by_key(|e| e.0);
        for (tag, vr, value) in sorted {
            out.extend(tag.0.to_le_bytes());
            out.extend(tag.1.to_le_bytes());
            out.extend(vr);
            if &vr == b"??" {
                let at = out.len() - 2;
                out[at..].copy_from_slice(b"UN");
                out.extend([0, 0]);
                out.extend(u32::MAX.to_le_bytes());
            } else if matches!(&vr, b"OB" | b"OW" | b"SQ" | b"UN") {
                out.extend([0, 0]);
                out.extend((value.len() as u32).to_le_bytes());
            } else {
                out.extend((value.len() as u16).to_le_bytes());
            }
            out.extend(value);
        }
    }

    pub fn build(&self) -> Vec<u8> {
        let mut out = vec![0; 128];
        out.extend(b"DICM");
        let mut uid = self.syntax.clone().into_bytes();
        if uid.len() % 2 == 1 {
            uid.push(0);
        }
        out.extend([2, 0, 0x10, 0]);
        out.extend(b"UI");
        out.extend((uid.len() as u16).to_le_bytes());
        out.extend(uid);
        self.write_elements(&mut out);
        out.extend([0xE0, 0x7F, 0x10, 0x00]);
        match &self.fragments {
            None => {
                out.extend(b"OW\0\0");
                let padded = self.pixels.len().next_multiple_of(2);
                out.extend((padded as u32).to_le_bytes());
                out.extend(&self.pixels);
                out.resize(out.len() + padded - self.pixels.len(), 0);
            }
            Some(fragments) => {
                out.extend(b"OB\0\0");
                out.extend(u32::MAX.to_le_bytes());
                out.extend([0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0]);
                for f in fragments {
                    let padded = f.len().next_multiple_of(2);
                    out.extend([0xFE, 0xFF, 0x00, 0xE0]);
                    out.extend((padded as u32).to_le_bytes());
                    out.extend(f);
                    out.resize(out.len() + padded - f.len(), 0);
                }
                out.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
            }
        }
        out
    }

    pub fn decode(&self) -> DecodedImage {
        self.try_decode().expect("a lawful file")
    }

    pub fn try_decode(&self) -> Result<DecodedImage, DecodeError> {
        overread_imaging::decode(&self.build(), &DecodeLimits::default())
    }
}

/// Two levels of undefined length in implicit VR; what is read as explicit makes lengths of gigabytes.
fn unknown_items(text: &str) -> Vec<u8> {
    const UNDEFINED: [u8; 4] = [0xFF; 4];
    let mut out = vec![0xFE, 0xFF, 0x00, 0xE0];
    out.extend(UNDEFINED);
    out.extend([0x08, 0x00, 0x15, 0x11]);
    out.extend(UNDEFINED);
    out.extend([0xFE, 0xFF, 0x00, 0xE0]);
    out.extend(UNDEFINED);
    let padded = text.len().next_multiple_of(2);
    out.extend([0x08, 0x00, 0x50, 0x11]);
    out.extend((padded as u32).to_le_bytes());
    out.extend(text.bytes());
    out.resize(out.len() + padded - text.len(), 0);
    for _ in 0..2 {
        out.extend([0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0]);
        out.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    }
    out
}

/// All stored values of an image.
pub fn stored(image: &DecodedImage) -> Vec<i64> {
    (0..image.pixel_count()).map(|i| image.stored(i).expect("grey")).collect()
}

/// A grey image without a file.
pub fn image(width: u32, height: u32, bits: u16, data: Vec<u16>) -> DecodedImage {
    let mut png = tiny_meta(bits);
    png.bits_stored = bits;
    DecodedImage::new(width, height, Samples::Grey16 { data, offset: 0 }, png)
}

fn tiny_meta(bits: u16) -> Metadata {
    let bytes = Dicom::grey16(1, 1, bits.max(2), false, &[0]).build();
    let mut meta = overread_imaging::decode(&bytes, &DecodeLimits::default()).unwrap().meta;
    meta.source = SourceKind::Png;
    meta
}

/// `PackBits` of one byte plane, literal runs only where nothing repeats.
pub fn pack_bits(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        let run = bytes[i..].iter().take(128).take_while(|b| **b == bytes[i]).count();
        if run >= 2 {
            out.extend([(257 - run) as u8, bytes[i]]);
            i += run;
        } else {
            let mut n = 1;
            while i + n < bytes.len() && n < 128 && bytes[i + n] != bytes[i + n - 1] {
                n += 1;
            }
            out.push((n - 1) as u8);
            out.extend(&bytes[i..i + n]);
            i += n;
        }
    }
    out
}

/// An RLE frame of 16-bit words.
pub fn rle_frame(words: &[u16]) -> Vec<u8> {
    let high = pack_bits(&words.iter().map(|w| (w >> 8) as u8).collect::<Vec<_>>());
    let low = pack_bits(&words.iter().map(|w| *w as u8).collect::<Vec<_>>());
    let mut header = [0_u32; 16];
    header[0] = 2;
    header[1] = 64;
    header[2] = 64 + high.len() as u32;
    let mut out: Vec<u8> = header.iter().flat_map(|v| v.to_le_bytes()).collect();
    out.extend(high);
    out.extend(low);
    out
}

/// A deterministic stream of numbers.
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn gauss(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

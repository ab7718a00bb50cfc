//! Palettes and colour spaces: colour is shown as it is.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::decode::dicom::attributes::Attributes;
use crate::decode::dicom::header::{Layout, damaged};
use crate::error::DecodeError;
use crate::image::Samples;
use crate::lut::LutDescriptor;

const CHANNELS: [(Tag, Tag, Tag); 3] = [
    (
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
    (
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ),
];

struct Palette {
    first: i64,
    entries: Vec<u16>,
    bits: u16,
}

impl Palette {
    fn read(a: Attributes<'_>, channel: usize, signed: bool) -> Result<Self, DecodeError> {
        let (descriptor, data, segmented) = CHANNELS[channel.min(2)];
        let raw = a.ints(descriptor);
        let &[n, first, bits, ..] = raw.as_slice() else {
            return Err(damaged("the palette has no descriptor"));
        };
        let word = |v: i64| i32::try_from(v & 0xFFFF).unwrap_or(0);
        let d = LutDescriptor::decode([word(n), word(first), word(bits)], signed);
        let words = a.words(data);
        let wanted = d.entries as usize;
        let entries: Vec<u16> = if words.len() >= wanted {
            words[..wanted].to_vec()
        } else if words.len() == wanted.div_ceil(2) && d.bits <= 8 {
            words.iter().flat_map(|w| w.to_le_bytes()).map(u16::from).take(wanted).collect()
        } else if words.is_empty() && a.0.get(segmented).is_some() {
            expand_segments(&a.words(segmented), wanted)?
        } else {
            return Err(damaged("the palette does not hold what its descriptor says"));
        };
        Ok(Self { first: i64::from(d.first), entries, bits: d.bits })
    }

    fn get(&self, index: i64) -> u16 {
        let last = self.entries.len().saturating_sub(1);
        let i = usize::try_from((index - self.first).max(0)).unwrap_or(last).min(last);
        self.entries.get(i).copied().unwrap_or(0)
    }
}

/// Discrete, linear and indirect segments (C.7.9.2).
fn expand_segments(words: &[u16], wanted: usize) -> Result<Vec<u16>, DecodeError> {
    let mut out = Vec::new();
    let mut at = 0;
    while at + 1 < words.len() && out.len() < wanted {
        at = segment(words, at, &mut out, wanted, true)?;
    }
    if out.len() < wanted {
        return Err(damaged("the palette does not hold what its descriptor says"));
    }
    out.truncate(wanted);
    Ok(out)
}

/// Expands the segment at word `at`; gives the word behind it. An indirect segment repeats
/// earlier ones, which are not indirect themselves.
fn segment(
    words: &[u16],
    at: usize,
    out: &mut Vec<u16>,
    wanted: usize,
    indirect: bool,
) -> Result<usize, DecodeError> {
    let cut = || damaged("a palette segment is cut short");
    let word = |i: usize| words.get(i).copied().ok_or_else(cut);
    let (kind, n) = (word(at)?, usize::from(word(at + 1)?));
    match kind {
        0 => {
            out.extend(words.get(at + 2..at + 2 + n).ok_or_else(cut)?);
            Ok(at + 2 + n)
        }
        1 => {
            let (start, end) = (i64::from(out.last().copied().unwrap_or(0)), word(at + 2)?);
            let (span, steps) = (i64::from(end) - start, crate::num::index_i64(n));
            out.extend((1..=steps).map(|i| {
                let value = start + (span * i + steps / 2).div_euclid(steps);
                u16::try_from(value.clamp(0, 0xFFFF)).unwrap_or(0)
            }));
            Ok(at + 3)
        }
        2 if indirect => {
            // The offset counts bytes; its low word comes first.
            let offset = usize::from(word(at + 2)?) | usize::from(word(at + 3)?) << 16;
            let mut from = offset / 2;
            for _ in 0..n {
                if from >= at || out.len() >= wanted {
                    break;
                }
                from = segment(words, from, out, wanted, false)?;
            }
            Ok(at + 4)
        }
        _ => Err(damaged("an unknown palette segment")),
    }
}

/// Indices through the palette.
pub(crate) fn apply_palette(
    a: Attributes<'_>,
    layout: &Layout,
    indices: &Samples,
) -> Result<Samples, DecodeError> {
    let Samples::Grey16 { data, offset } = indices else {
        return Err(DecodeError::unsupported("DICOM", "a palette of more than 16 bits"));
    };
    let palettes = [
        Palette::read(a, 0, layout.signed)?,
        Palette::read(a, 1, layout.signed)?,
        Palette::read(a, 2, layout.signed)?,
    ];
    // Some writers put 8-bit colours into entries that claim 16 bits, and the other way round.
    let wide = palettes.iter().any(|p| p.bits > 8 && p.entries.iter().any(|&e| e > 255));
    let max = if wide { u16::MAX } else { 255 };
    let mut rgb = Vec::with_capacity(data.len() * 3);
    for &v in data {
        let index = i64::from(v) + i64::from(*offset);
        rgb.extend(palettes.iter().map(|p| p.get(index)));
    }
    Ok(Samples::Rgb { data: rgb, max })
}

/// Samples to interleaved red, green, blue.
pub(crate) fn to_rgb(
    data: Vec<u16>,
    layout: &Layout,
    photometric: &str,
    max: u16,
    planar: bool,
) -> Result<Samples, DecodeError> {
    let n = usize::from(layout.samples);
    let pixels = data.len() / n;
    let mut rgb = if planar {
        let mut out = Vec::with_capacity(pixels * 3);
        for i in 0..pixels {
            out.extend((0..3).map(|c| data.get(c * pixels + i).copied().unwrap_or(0)));
        }
        out
    } else if n == 3 {
        data
    } else {
        data.chunks_exact(n).flat_map(|c| [c[0], c[1], c[2]]).collect()
    };
    match photometric {
        "RGB" | "YBR_RCT" | "YBR_ICT" | "ARGB" => {}
        "YBR_FULL" | "YBR_FULL_422" => ybr_to_rgb(&mut rgb, max),
        other => return Err(DecodeError::unsupported("DICOM", format!("colour space {other}"))),
    }
    Ok(Samples::Rgb { data: rgb, max })
}

/// Full-range YCbCr (C.7.6.3.1.2).
fn ybr_to_rgb(rgb: &mut [u16], max: u16) {
    let half = f64::midpoint(f64::from(max), 1.0);
    let top = f64::from(max);
    for pixel in rgb.as_chunks_mut::<3>().0 {
        let [y, cb, cr] = pixel.map(f64::from);
        let (cb, cr) = (cb - half, cr - half);
        let value = |v: f64| crate::num::to_u16(v.clamp(0.0, top) + 0.5);
        *pixel = [
            value(y + 1.402 * cr),
            value(y - 0.344_136 * cb - 0.714_136 * cr),
            value(y + 1.772 * cb),
        ];
    }
}

/// Native `YBR_FULL_422`: two pixels share their chroma (Y1 Y2 Cb Cr).
pub(crate) fn expand_422(bytes: &[u8], pixels: usize) -> Result<Vec<u16>, DecodeError> {
    let quads = bytes.as_chunks::<4>().0;
    if quads.len() * 2 < pixels {
        return Err(damaged("the pixel data are cut short"));
    }
    let mut out = Vec::with_capacity(pixels * 3);
    for &[y1, y2, cb, cr] in quads.iter().take(pixels.div_ceil(2)) {
        out.extend([y1, cb, cr, y2, cb, cr].map(u16::from));
    }
    out.truncate(pixels * 3);
    Ok(out)
}

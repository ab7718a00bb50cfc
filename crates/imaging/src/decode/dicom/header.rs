//! From attributes to [`Metadata`].

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::decode::dicom::attributes::Attributes;
use crate::decode::dicom::overlays;
use crate::error::DecodeError;
use crate::image::{
    Metadata, ModalityMap, PaddingRange, SourceKind, Spacing, SpacingKind, ViewFacts, VoiLut,
};
use crate::lut::{Lut, LutDescriptor, LutError};
use crate::voi::{VoiFunction, VoiWindow, Window};

/// The layout of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) rows: u32,
    pub(crate) columns: u32,
    pub(crate) samples: u16,
    pub(crate) allocated: u16,
    pub(crate) stored: u16,
    pub(crate) high: u16,
    pub(crate) signed: bool,
    pub(crate) planar: bool,
    pub(crate) frames: u32,
}

impl Layout {
    pub(crate) fn read(a: Attributes<'_>, warnings: &mut Vec<String>) -> Result<Self, DecodeError> {
        let rows = dimension(a, tags::ROWS, "Rows")?;
        let columns = dimension(a, tags::COLUMNS, "Columns")?;
        let samples = small(a, tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        let allocated = small(a, tags::BITS_ALLOCATED).unwrap_or(0);
        if !matches!(allocated, 1 | 8 | 16 | 32) {
            return Err(DecodeError::unsupported("DICOM", format!("{allocated} bits allocated")));
        }
        let stored = small(a, tags::BITS_STORED).unwrap_or_else(|| {
            warnings.push("Bits Stored is missing: taken as Bits Allocated".to_owned());
            allocated
        });
        if stored == 0 || stored > allocated {
            return Err(damaged(format!("{stored} bits stored of {allocated} allocated")));
        }
        let high = small(a, tags::HIGH_BIT).unwrap_or(stored - 1);
        if high >= allocated || high + 1 < stored {
            return Err(damaged(format!("high bit {high} with {stored} of {allocated} bits")));
        }
        let signed = match small(a, tags::PIXEL_REPRESENTATION) {
            Some(0) | None => false,
            Some(1) => true,
            Some(other) => return Err(damaged(format!("pixel representation {other}"))),
        };
        if !matches!(samples, 1 | 3 | 4) {
            return Err(DecodeError::unsupported("DICOM", format!("{samples} samples a pixel")));
        }
        let frames = match a.int(tags::NUMBER_OF_FRAMES) {
            None => 1,
            Some(n) => u32::try_from(n).ok().filter(|&n| n > 0).unwrap_or_else(|| {
                warnings.push(format!("{n} frames declared: read as one"));
                1
            }),
        };
        let planar = a.int(tags::PLANAR_CONFIGURATION) == Some(1);
        Ok(Self { rows, columns, samples, allocated, stored, high, signed, planar, frames })
    }

    /// Takes all bits from the lowest one declared upwards.
    pub(crate) fn widen(&mut self) {
        let shift = self.high + 1 - self.stored;
        self.high = self.allocated - 1;
        self.stored = self.allocated - shift;
    }

    pub(crate) fn pixels(&self) -> usize {
        self.rows as usize * self.columns as usize
    }

    /// Bits of one native frame.
    pub(crate) fn frame_bits(&self) -> u64 {
        u64::from(self.rows)
            * u64::from(self.columns)
            * u64::from(self.samples)
            * u64::from(self.allocated)
    }
}

pub(crate) fn damaged(what: impl Into<String>) -> DecodeError {
    DecodeError::damaged("DICOM", what)
}

fn dimension(a: Attributes<'_>, tag: Tag, name: &str) -> Result<u32, DecodeError> {
    match a.int(tag) {
        Some(n @ 1..=65_535) => Ok(u32::try_from(n).unwrap_or(0)),
        Some(n) => Err(damaged(format!("{name} is {n}"))),
        None => Err(damaged(format!("{name} is missing"))),
    }
}

fn small(a: Attributes<'_>, tag: Tag) -> Option<u16> {
    a.int(tag).and_then(|n| u16::try_from(n).ok())
}

/// Everything but the pixels.
pub(crate) fn metadata(
    a: Attributes<'_>,
    layout: &Layout,
    frame: u32,
    transfer_syntax: &str,
    mut warnings: Vec<String>,
) -> Metadata {
    let groups = functional_groups(a, frame);
    let map = modality_map(a, &groups, layout.signed, &mut warnings);
    let after_modality_signed = match &map {
        ModalityMap::Lut(_) => false,
        ModalityMap::Linear { slope, intercept } if (*slope, *intercept) == (1.0, 0.0) => {
            layout.signed
        }
        ModalityMap::Linear { slope, intercept } => may_be_negative(layout, *slope, *intercept),
    };
    let windows = windows(a, &groups, &mut warnings);
    let luts = voi_luts(a, &groups, after_modality_signed, &mut warnings);
    let photometric = photometric(a, layout, &mut warnings);
    let presentation_inverse = presentation_inverse(a, &photometric, &mut warnings);
    let (spacing, pixel_aspect) = spacing(a, &groups);
    let for_processing =
        a.code(tags::PRESENTATION_INTENT_TYPE).is_some_and(|t| t == "FOR PROCESSING");
    if for_processing {
        warnings.push("unprocessed: intensities are meant for further processing".to_owned());
    }
    Metadata {
        source: SourceKind::Dicom,
        transfer_syntax: transfer_syntax.to_owned(),
        frames: layout.frames,
        frame,
        bits_allocated: layout.allocated,
        bits_stored: layout.stored,
        high_bit: layout.high,
        signed: layout.signed,
        photometric,
        presentation_inverse,
        modality: a.code(tags::MODALITY),
        map,
        windows,
        luts,
        padding: padding(a, layout),
        spacing,
        pixel_aspect,
        orientation: orientation(a),
        view: ViewFacts {
            laterality: a.text(tags::IMAGE_LATERALITY).or_else(|| a.text(tags::LATERALITY)),
            position: a.text(tags::VIEW_POSITION),
            body_part: a.text(tags::BODY_PART_EXAMINED),
            instance_number: a.int(tags::INSTANCE_NUMBER),
            acquisition_time: a.text(tags::ACQUISITION_TIME),
        },
        overlays: overlays::separate(a, &mut warnings),
        shutter: overlays::shutter(a),
        frame_time_ms: a
            .float(tags::FRAME_TIME)
            .or_else(|| a.float(tags::CINE_RATE).map(|rate| 1000.0 / rate))
            .filter(|ms| ms.is_finite() && *ms > 0.0),
        for_processing,
        warnings,
    }
}

/// Where an enhanced image keeps its values: this frame's groups, then the shared ones.
fn functional_groups(a: Attributes<'_>, frame: u32) -> Vec<Attributes<'_>> {
    let per_frame = a.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let shared = a.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    per_frame.get(frame as usize).into_iter().chain(shared.first()).copied().collect()
}

/// The first functional group that has `macro_tag`, or else the dataset itself.
fn holder<'a>(a: Attributes<'a>, groups: &[Attributes<'a>], macro_tag: Tag) -> Attributes<'a> {
    groups.iter().find_map(|g| g.items(macro_tag).first().copied()).unwrap_or(a)
}

fn modality_map(
    a: Attributes<'_>,
    groups: &[Attributes<'_>],
    signed: bool,
    warnings: &mut Vec<String>,
) -> ModalityMap {
    if let Some(item) = a.items(tags::MODALITY_LUT_SEQUENCE).first() {
        match read_lut(*item, signed) {
            Ok(lut) => {
                if a.float(tags::RESCALE_SLOPE).is_some() {
                    warnings
                        .push("Modality LUT and Rescale Slope both given: the LUT is used".into());
                }
                return ModalityMap::Lut(lut);
            }
            Err(error) => warnings.push(format!("Modality LUT left out: {error}")),
        }
    }
    let from = holder(a, groups, tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE);
    let slope = from.float(tags::RESCALE_SLOPE).unwrap_or(1.0);
    let intercept = from.float(tags::RESCALE_INTERCEPT).unwrap_or(0.0);
    if !slope.is_finite() || !intercept.is_finite() || slope == 0.0 {
        warnings.push("Rescale Slope or Intercept is unusable: left out".to_owned());
        return ModalityMap::Linear { slope: 1.0, intercept: 0.0 };
    }
    ModalityMap::Linear { slope, intercept }
}

fn may_be_negative(layout: &Layout, slope: f64, intercept: f64) -> bool {
    let bits = i32::from(layout.stored);
    let (low, high) = if layout.signed {
        (-(2_f64.powi(bits - 1)), 2_f64.powi(bits - 1) - 1.0)
    } else {
        (0.0, 2_f64.powi(bits) - 1.0)
    };
    (slope * low + intercept).min(slope * high + intercept) < 0.0
}

fn windows(
    a: Attributes<'_>,
    groups: &[Attributes<'_>],
    warnings: &mut Vec<String>,
) -> Vec<VoiWindow> {
    let from = holder(a, groups, tags::FRAME_VOILUT_SEQUENCE);
    let centers = from.floats(tags::WINDOW_CENTER);
    let widths = from.floats(tags::WINDOW_WIDTH);
    if centers.len() != widths.len() {
        warnings.push(format!(
            "{} window centres and {} widths: only pairs are offered",
            centers.len(),
            widths.len()
        ));
    }
    let function = voi_function(from, warnings);
    let explanations = from.texts(tags::WINDOW_CENTER_WIDTH_EXPLANATION);
    let mut out = Vec::new();
    for (i, (&center, &width)) in centers.iter().zip(&widths).enumerate() {
        let window = Window { center, width, function };
        if !window.is_usable() {
            warnings.push(format!("window {} (centre {center}, width {width}) left out", i + 1));
            continue;
        }
        if window.effective_function() != function {
            warnings.push(format!("window width {width} is below 1: read as LINEAR_EXACT"));
        }
        let explanation = explanations.get(i).filter(|t| !t.is_empty()).cloned();
        out.push(VoiWindow { window, number: i + 1, explanation });
    }
    out
}

fn voi_function(from: Attributes<'_>, warnings: &mut Vec<String>) -> VoiFunction {
    let Some(text) = from.text(tags::VOILUT_FUNCTION) else { return VoiFunction::Linear };
    VoiFunction::parse(&text).unwrap_or_else(|| {
        warnings.push("unknown VOI LUT Function: LINEAR is used".to_owned());
        VoiFunction::Linear
    })
}

fn voi_luts(
    a: Attributes<'_>,
    groups: &[Attributes<'_>],
    signed: bool,
    warnings: &mut Vec<String>,
) -> Vec<VoiLut> {
    let from = holder(a, groups, tags::FRAME_VOILUT_SEQUENCE);
    let mut items = from.items(tags::VOILUT_SEQUENCE);
    if items.is_empty() {
        items = a.items(tags::VOILUT_SEQUENCE);
    }
    let mut out = Vec::new();
    for (i, item) in items.into_iter().enumerate() {
        match read_lut(item, signed) {
            Ok(lut) => {
                if lut.narrower_than_declared() {
                    warnings.push(format!(
                        "VOI LUT {} is narrower than declared: {} bits used of {}",
                        i + 1,
                        lut.bits,
                        lut.bits_declared
                    ));
                }
                let explanation = item.text(tags::LUT_EXPLANATION);
                out.push(VoiLut { lut, number: i + 1, explanation });
            }
            Err(error) => warnings.push(format!("VOI LUT {} left out: {error}", i + 1)),
        }
    }
    out
}

fn read_lut(item: Attributes<'_>, signed: bool) -> Result<Lut, LutError> {
    let raw = item.ints(tags::LUT_DESCRIPTOR);
    let word = |i: usize| raw.get(i).and_then(|&v| i32::try_from(v).ok());
    let (Some(n), Some(first), Some(bits)) = (word(0), word(1), word(2)) else {
        return Err(LutError::Length { found: 0, wanted: 0 });
    };
    let descriptor = LutDescriptor::decode([n, first, bits], signed);
    Lut::from_words(descriptor, &item.words(tags::LUT_DATA))
}

fn photometric(a: Attributes<'_>, layout: &Layout, warnings: &mut Vec<String>) -> String {
    let text = a.code(tags::PHOTOMETRIC_INTERPRETATION);
    let grey = |t: &str| matches!(t, "MONOCHROME1" | "MONOCHROME2");
    match text {
        Some(t) if layout.samples > 1 || grey(&t) || t == "PALETTE COLOR" => t,
        other => {
            let fallback = if layout.samples > 1 { "RGB" } else { "MONOCHROME2" };
            let shown: String = other.unwrap_or_default().chars().take(16).collect();
            warnings.push(format!("photometric interpretation \"{shown}\": read as {fallback}"));
            fallback.to_owned()
        }
    }
}

fn presentation_inverse(
    a: Attributes<'_>,
    photometric: &str,
    warnings: &mut Vec<String>,
) -> Option<bool> {
    let inverse = match a.code(tags::PRESENTATION_LUT_SHAPE)?.as_str() {
        "INVERSE" => true,
        "IDENTITY" => false,
        _ => {
            warnings.push("unknown Presentation LUT Shape: left out".to_owned());
            return None;
        }
    };
    let expected = photometric == "MONOCHROME1";
    if inverse != expected && photometric.starts_with("MONOCHROME") {
        warnings.push(
            "Presentation LUT Shape contradicts the photometric interpretation: the shape is followed"
                .to_owned(),
        );
    }
    Some(inverse)
}

fn padding(a: Attributes<'_>, layout: &Layout) -> Option<PaddingRange> {
    let stored = |tag| a.int(tag).map(|v| as_stored(v, layout));
    let value = stored(tags::PIXEL_PADDING_VALUE)?;
    let limit = stored(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(value);
    Some(PaddingRange { low: value.min(limit), high: value.max(limit) })
}

/// A 16-bit attribute value with the sign that Pixel Representation gives it,
/// whatever the VR it was written in.
fn as_stored(value: i64, layout: &Layout) -> i64 {
    if layout.allocated > 16 {
        return value;
    }
    let word = value & 0xFFFF;
    if layout.signed && word >= 0x8000 { word - 0x1_0000 } else { word }
}

fn pair(values: &[f64]) -> Option<(f64, f64)> {
    match values {
        [row, col, ..] if row.is_finite() && col.is_finite() && *row > 0.0 && *col > 0.0 => {
            Some((*row, *col))
        }
        _ => None,
    }
}

fn spacing(a: Attributes<'_>, groups: &[Attributes<'_>]) -> (Spacing, f64) {
    let measures = holder(a, groups, tags::PIXEL_MEASURES_SEQUENCE);
    let pixel = pair(&measures.floats(tags::PIXEL_SPACING))
        .or_else(|| pair(&a.floats(tags::PIXEL_SPACING)));
    let detector = pair(&a.floats(tags::IMAGER_PIXEL_SPACING));
    let nominal = pair(&a.floats(tags::NOMINAL_SCANNED_PIXEL_SPACING));
    let calibrated = a
        .code(tags::PIXEL_SPACING_CALIBRATION_TYPE)
        .is_some_and(|t| matches!(t.as_str(), "GEOMETRY" | "FIDUCIAL"));
    let magnification = a
        .float(tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR)
        .filter(|m| m.is_finite() && *m > 0.0);
    let make = |(row, col), kind| Spacing { row, col, kind };
    let spacing = match (pixel, detector, nominal) {
        (Some(p), ..) if calibrated => make(p, SpacingKind::Calibrated),
        (Some(p), ..) => make(p, SpacingKind::Detector),
        (None, Some((r, c)), _) => match magnification {
            Some(m) => make((r / m, c / m), SpacingKind::Estimated),
            None => make((r, c), SpacingKind::Detector),
        },
        (None, None, Some(n)) => make(n, SpacingKind::Nominal),
        (None, None, None) => {
            let aspect = pair(&a.floats(tags::PIXEL_ASPECT_RATIO)).map_or(1.0, |(v, h)| v / h);
            return (Spacing { row: aspect, col: 1.0, kind: SpacingKind::None }, aspect);
        }
    };
    (spacing, spacing.row / spacing.col)
}

fn orientation(a: Attributes<'_>) -> Option<[String; 2]> {
    let texts = a.texts(tags::PATIENT_ORIENTATION);
    match texts.as_slice() {
        [row, column, ..] if !row.is_empty() && !column.is_empty() => {
            Some([row.clone(), column.clone()])
        }
        _ => None,
    }
}

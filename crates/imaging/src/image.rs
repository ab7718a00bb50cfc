//! The decoded image: stored values at full depth, and what the header says of them.

use std::sync::OnceLock;

use serde::Serialize;

use crate::adequacy::Adequacy;
use crate::lut::Lut;
use crate::overlay::{Overlay, Shutter};
use crate::stats::{Distribution, GreyStats};
use crate::voi::VoiWindow;

/// Where an image came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A DICOM object (or its ACR-NEMA ancestor).
    Dicom,
    /// A PNG file.
    Png,
    /// A JPEG file outside DICOM.
    Jpeg,
    /// A TIFF file.
    Tiff,
    /// A Windows bitmap.
    Bmp,
}

/// The pixels, row by row from the top left.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// Up to 16 bits: stored value = `data + offset`.
    Grey16 {
        /// Values counted from the lowest one that can be stored.
        data: Vec<u16>,
        /// The lowest value that can be stored: 0, or `−2^(bits−1)` for signed data.
        offset: i32,
    },
    /// More than 16 bits stored.
    Grey32(Vec<i64>),
    /// Colour, shown as it is: red, green, blue interleaved.
    Rgb {
        /// Samples in `0..=max`.
        data: Vec<u16>,
        /// The value of full intensity.
        max: u16,
    },
}

/// How stored values become modality values.
#[derive(Debug, Clone, PartialEq)]
pub enum ModalityMap {
    /// `slope · stored + intercept`; identity is 1 and 0.
    Linear {
        /// Rescale Slope.
        slope: f64,
        /// Rescale Intercept.
        intercept: f64,
    },
    /// A Modality LUT: its output is unsigned.
    Lut(Lut),
}

/// What kind of millimetres a spacing gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SpacingKind {
    /// Calibrated by geometry or a fiducial.
    Calibrated,
    /// At the detector's front plane: magnified objects measure too large.
    Detector,
    /// At the detector, divided by the estimated magnification.
    Estimated,
    /// The nominal pitch of a film scanner.
    Nominal,
    /// No spacing known: pixels.
    None,
}

/// The distance between pixel centres.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spacing {
    /// Vertical distance (between rows); 1 when the unit is pixels.
    pub row: f64,
    /// Horizontal distance (between columns).
    pub col: f64,
    /// What the figures are worth.
    pub kind: SpacingKind,
}

impl Spacing {
    /// Square pixels of unknown size.
    pub const PIXELS: Self = Self { row: 1.0, col: 1.0, kind: SpacingKind::None };
}

/// Stored values that carry no image, inclusive on both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PaddingRange {
    /// Lowest padding value.
    pub low: i64,
    /// Highest padding value.
    pub high: i64,
}

impl PaddingRange {
    /// Whether a stored value is padding.
    pub fn contains(&self, stored: i64) -> bool {
        (self.low..=self.high).contains(&stored)
    }
}

/// What the header says about the pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata {
    /// Where the image came from.
    pub source: SourceKind,
    /// The DICOM Transfer Syntax UID, or the file format.
    pub transfer_syntax: String,
    /// Frames in the file.
    pub frames: u32,
    /// The decoded frame, counted from 0.
    pub frame: u32,
    /// Bits per sample in the file.
    pub bits_allocated: u16,
    /// Bits that carry the value.
    pub bits_stored: u16,
    /// The highest bit of the value.
    pub high_bit: u16,
    /// Two's complement samples.
    pub signed: bool,
    /// Photometric Interpretation as written (or its like for other formats).
    pub photometric: String,
    /// Presentation LUT Shape, when present: true for INVERSE.
    pub presentation_inverse: Option<bool>,
    /// DICOM Modality, e.g. `DX`.
    pub modality: Option<String>,
    /// Stored values to modality values.
    pub map: ModalityMap,
    /// Windows in file order.
    pub windows: Vec<VoiWindow>,
    /// VOI LUTs in file order.
    pub luts: Vec<VoiLut>,
    /// Stored values to leave out.
    pub padding: Option<PaddingRange>,
    /// Distance between pixel centres.
    pub spacing: Spacing,
    /// Height of a pixel over its width, from whatever the file says about it.
    pub pixel_aspect: f64,
    /// Patient Orientation: towards the right edge, towards the bottom edge.
    pub orientation: Option<[String; 2]>,
    /// Facts for the corner of the viewport that identify nobody.
    pub view: ViewFacts,
    /// Overlay planes.
    pub overlays: Vec<Overlay>,
    /// Display shutter.
    pub shutter: Option<Shutter>,
    /// Milliseconds per frame of a multi-frame image.
    pub frame_time_ms: Option<f64>,
    /// Intensities are meant for further processing, not for reading.
    pub for_processing: bool,
    /// Everything odd that was met and how it was taken.
    pub warnings: Vec<String>,
}

impl Metadata {
    pub(crate) fn plain(source: SourceKind, name: &str, bits: u16) -> Self {
        Self {
            source,
            transfer_syntax: name.to_owned(),
            frames: 1,
            frame: 0,
            bits_allocated: if bits > 8 { 16 } else { 8 },
            bits_stored: bits,
            high_bit: bits.saturating_sub(1),
            signed: false,
            photometric: "MONOCHROME2".to_owned(),
            presentation_inverse: None,
            modality: None,
            map: ModalityMap::Linear { slope: 1.0, intercept: 0.0 },
            windows: Vec::new(),
            luts: Vec::new(),
            padding: None,
            spacing: Spacing::PIXELS,
            pixel_aspect: 1.0,
            orientation: None,
            view: ViewFacts::default(),
            overlays: Vec::new(),
            shutter: None,
            frame_time_ms: None,
            for_processing: false,
            warnings: Vec::new(),
        }
    }
}

/// A VOI LUT and what the file calls it.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiLut {
    /// The table.
    pub lut: Lut,
    /// Its place in the file, counted from 1: unusable tables are left out, and counted.
    pub number: usize,
    /// LUT Explanation.
    pub explanation: Option<String>,
}

/// Which view this is, as far as the header tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ViewFacts {
    /// Image Laterality or Laterality.
    pub laterality: Option<String>,
    /// View Position, e.g. `PA`.
    pub position: Option<String>,
    /// Body Part Examined.
    pub body_part: Option<String>,
    /// Instance Number, for the order of views.
    pub instance_number: Option<i64>,
    /// Acquisition Time, for the order of views.
    pub acquisition_time: Option<String>,
}

/// One frame at full depth.
#[derive(Debug)]
pub struct DecodedImage {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The pixels.
    pub samples: Samples,
    /// What the header says.
    pub meta: Metadata,
    id: u64,
    stats: OnceLock<GreyStats>,
    adequacy: OnceLock<Adequacy>,
    body: OnceLock<Distribution>,
}

impl DecodedImage {
    /// Puts pixels and header together. `samples` must hold `width × height` pixels.
    pub fn new(width: u32, height: u32, samples: Samples, meta: Metadata) -> Self {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            width,
            height,
            samples,
            meta,
            id,
            stats: OnceLock::new(),
            adequacy: OnceLock::new(),
            body: OnceLock::new(),
        }
    }

    /// A number no other image of this process has: what caches key on.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Number of pixels.
    pub fn pixel_count(&self) -> usize {
        self.width as usize * self.height as usize
    }

    /// Colour is shown as it is: no window, no inversion.
    pub fn is_colour(&self) -> bool {
        matches!(self.samples, Samples::Rgb { .. })
    }

    /// Bytes of memory that pixels and what was computed of them hold, for a cache's budget.
    pub fn memory_bytes(&self) -> usize {
        let pixels = match &self.samples {
            Samples::Grey16 { data, .. } | Samples::Rgb { data, .. } => data.len() * 2,
            Samples::Grey32(data) => data.len() * 8,
        };
        let bins = self.stats.get().map_or(0, |stats| stats.bins.len() * 8);
        let body = self.body.get().map_or(0, |body| body.values().len() * 16);
        pixels + bins + body
    }

    /// The stored value of pixel `index`; `None` for colour or beyond the end.
    pub fn stored(&self, index: usize) -> Option<i64> {
        match &self.samples {
            Samples::Grey16 { data, offset } => {
                data.get(index).map(|&v| i64::from(v) + i64::from(*offset))
            }
            Samples::Grey32(data) => data.get(index).copied(),
            Samples::Rgb { .. } => None,
        }
    }

    /// The modality value that a stored value stands for.
    pub fn modality_of(&self, stored: i64) -> f64 {
        match &self.meta.map {
            ModalityMap::Linear { slope, intercept } => slope * stored as f64 + intercept,
            ModalityMap::Lut(lut) => f64::from(lut.lookup(stored)),
        }
    }

    /// Whether a stored value is padding.
    pub fn is_padding(&self, stored: i64) -> bool {
        self.meta.padding.is_some_and(|p| p.contains(stored))
    }

    /// The pixel probe: modality value at column `x`, row `y`; `None` outside,
    /// in padding and in colour.
    pub fn probe(&self, x: u32, y: u32) -> Option<f64> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let stored = self.stored(y as usize * self.width as usize + x as usize)?;
        (!self.is_padding(stored)).then(|| self.modality_of(stored))
    }

    /// Whether the file asks for the lowest value to be white: one statement,
    /// made by the Presentation LUT Shape or else by the photometric interpretation.
    pub fn inverted(&self) -> bool {
        self.meta
            .presentation_inverse
            .unwrap_or_else(|| self.meta.photometric.trim() == "MONOCHROME1")
    }

    /// The lowest and highest value that can be stored.
    pub fn stored_range(&self) -> (i64, i64) {
        let bits = u32::from(self.meta.bits_stored.clamp(1, 32));
        if self.meta.signed {
            (-(1_i64 << (bits - 1)), (1_i64 << (bits - 1)) - 1)
        } else {
            (0, (1_i64 << bits) - 1)
        }
    }

    /// Range and histogram of what is neither padding nor colour; computed once.
    pub fn stats(&self) -> &GreyStats {
        self.stats.get_or_init(|| GreyStats::of(self))
    }

    pub(crate) fn body_cache(&self) -> &OnceLock<Distribution> {
        &self.body
    }

    /// What clipping and quantisation left of the grey levels; computed once.
    pub fn adequacy(&self) -> &Adequacy {
        self.adequacy.get_or_init(|| Adequacy::of(self))
    }

    /// The same where it was measured before; never measures.
    pub fn measured_adequacy(&self) -> Option<&Adequacy> {
        self.adequacy.get()
    }
}

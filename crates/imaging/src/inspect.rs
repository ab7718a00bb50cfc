//! Header facts as one serialisable value.

use serde::Serialize;

use crate::adequacy::Adequacy;
use crate::image::{DecodedImage, ModalityMap, PaddingRange, SourceKind, SpacingKind, ViewFacts};
use crate::present::default_voi;
use crate::voi::VoiWindow;

#[expect(clippy::struct_excessive_bools, reason = "a record of facts, not of states")]
/// Everything the header and the grey levels tell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// Where the image came from.
    pub source: SourceKind,
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub cols: u32,
    /// Frames in the file.
    pub frames: u32,
    /// Bits of a sample in the file.
    pub bits_allocated: u16,
    /// Bits of the value.
    pub bits_stored: u16,
    /// The value's highest bit.
    pub high_bit: u16,
    /// Two's complement.
    pub signed: bool,
    /// Photometric Interpretation.
    pub photometric: String,
    /// Whether the file asks for inversion.
    pub inverted: bool,
    /// Colour, which is not windowed.
    pub colour: bool,
    /// DICOM Modality.
    pub modality: Option<String>,
    /// Transfer Syntax UID or file format.
    pub transfer_syntax: String,
    /// Stored to modality values.
    pub rescale: Option<Rescale>,
    /// The Modality LUT, when there is one.
    pub modality_lut: Option<LutFacts>,
    /// Windows in file order.
    pub windows: Vec<VoiWindow>,
    /// VOI LUTs in file order.
    pub luts: Vec<LutFacts>,
    /// What the image opens with.
    pub default_voi: Option<String>,
    /// Padding values.
    pub padding: Option<PaddingRange>,
    /// Distance between pixel centres.
    pub spacing: SpacingFacts,
    /// Height of a pixel over its width.
    pub pixel_aspect: f64,
    /// Patient Orientation.
    pub orientation: Option<[String; 2]>,
    /// Which view.
    pub view: ViewFacts,
    /// Overlay planes.
    pub overlays: usize,
    /// Display shutter present.
    pub shutter: bool,
    /// Lowest and highest stored value in use, padding left out.
    pub stored_range: Option<[i64; 2]>,
    /// What clipping and quantisation left.
    pub adequacy: Adequacy,
    /// Everything odd.
    pub warnings: Vec<String>,
}

/// A linear modality transformation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rescale {
    /// Rescale Slope.
    pub slope: f64,
    /// Rescale Intercept.
    pub intercept: f64,
}

/// A look-up table without its data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LutFacts {
    /// Number of entries.
    pub entries: usize,
    /// First input.
    pub first: i32,
    /// Bits that are used.
    pub bits: u16,
    /// Bits that the descriptor declares.
    pub bits_declared: u16,
    /// LUT Explanation.
    pub explanation: Option<String>,
}

/// Spacing for a reader of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SpacingFacts {
    /// Between rows, millimetres; null when unknown.
    pub row: Option<f64>,
    /// Between columns, millimetres; null when unknown.
    pub col: Option<f64>,
    /// Unit and what the figures are worth, as lengths carry them: `mm (calibrated)`,
    /// `mm at detector, uncalibrated`, `mm est.`, `mm nominal` or `px`.
    pub kind: &'static str,
}

/// Gathers the facts of an image.
pub fn inspect(image: &DecodedImage) -> Inspection {
    let meta = &image.meta;
    let known = meta.spacing.kind != SpacingKind::None;
    let stats = image.stats();
    let lut_facts = |lut: &crate::lut::Lut, explanation: Option<String>| LutFacts {
        entries: lut.len(),
        first: lut.first,
        bits: lut.bits,
        bits_declared: lut.bits_declared,
        explanation,
    };
    let (rescale, modality_lut) = match &meta.map {
        ModalityMap::Linear { slope, intercept } => {
            (Some(Rescale { slope: *slope, intercept: *intercept }), None)
        }
        ModalityMap::Lut(lut) => (None, Some(lut_facts(lut, None))),
    };
    Inspection {
        source: meta.source,
        rows: image.height,
        cols: image.width,
        frames: meta.frames,
        bits_allocated: meta.bits_allocated,
        bits_stored: meta.bits_stored,
        high_bit: meta.high_bit,
        signed: meta.signed,
        photometric: meta.photometric.clone(),
        inverted: image.inverted(),
        colour: image.is_colour(),
        modality: meta.modality.clone(),
        transfer_syntax: meta.transfer_syntax.clone(),
        rescale,
        modality_lut,
        windows: meta.windows.clone(),
        luts: meta.luts.iter().map(|l| lut_facts(&l.lut, l.explanation.clone())).collect(),
        default_voi: (!image.is_colour()).then(|| default_voi(image).text),
        padding: meta.padding,
        spacing: SpacingFacts {
            row: known.then_some(meta.spacing.row),
            col: known.then_some(meta.spacing.col),
            kind: meta.spacing.kind.label(),
        },
        pixel_aspect: meta.pixel_aspect,
        orientation: meta.orientation.clone(),
        view: meta.view.clone(),
        overlays: meta.overlays.len(),
        shutter: meta.shutter.is_some(),
        stored_range: (stats.count > 0).then_some([stats.min, stats.max]),
        adequacy: image.adequacy().clone(),
        warnings: meta.warnings.clone(),
    }
}

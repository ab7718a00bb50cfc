//! Bytes to stored values to P-values: decoding and the grayscale pipeline.
//!
//! [`decode()`] turns the content of a file into a [`DecodedImage`] at full depth.
//! [`Renderer`] lays it down on a viewport in two cached stages; [`default_voi`],
//! [`auto_voi`] and the presets say with which window. [`render_pvalues`] gives
//! the same pipeline's P-values without a display. [`index`] lists what DICOM files
//! are without reading their pixels. Nothing else in here knows paths, and nothing
//! knows windows or textures.

mod adequacy;
mod blinded;
mod calibration;
mod cover;
pub mod decode;
mod dither;
mod error;
mod gsdf;
mod image;
pub mod index;
mod inspect;
mod lut;
mod measure;
mod num;
mod overlay;
mod patterns;
mod pipeline;
mod present;
mod pvalues;
mod render;
mod resample;
mod stats;
mod surround;
mod view;
mod voi;

pub use adequacy::{Adequacy, ClippedArea, End};
pub use blinded::{BlindedImage, blinded_image};
pub use calibration::{
    CalibrationError, CalibrationLut, Measurement, Verification, eighteen_levels, verify_18,
};
pub use decode::{StoredBits, decode, decode_frame, decode_with, frame_count, sniff};
pub use error::{DecodeError, DecodeLimits};
pub use gsdf::{JND_RANGE, jnd, jnd_exact, luminance};
pub use image::{
    DecodedImage, Metadata, ModalityMap, PaddingRange, Samples, SourceKind, Spacing, SpacingKind,
    ViewFacts, VoiLut,
};
pub use inspect::{Inspection, LutFacts, Rescale, SpacingFacts, inspect};
pub use lut::{Lut, LutDescriptor, LutError, effective_bits};
pub use measure::{Point, Roi, RoiStats, angle, cobb, length, length_text, roi_stats};
pub use overlay::{Overlay, Shutter, ShutterShape};
pub use overread_core::AdequacyClass;
pub use patterns::{Pattern, patch, pattern};
pub use pipeline::Presentation;
pub use present::{
    AutoWindow, ChosenVoi, DragSpeed, Preset, Voi, VoiSource, WindowDrag, WindowStep, auto_voi,
    body_distribution, default_voi, file_vois, full_range, percentile_mapped, preset_voi, presets,
    stepped,
};
pub use pvalues::{
    Depth, RenderError, RenderOptions, Rendered, RenderedPixels, VoiChoice, VoiChoiceError,
    render_pvalues,
};
pub use render::{Counters, Output, Renderer};
pub use stats::{Distribution, GreyStats, Histogram};
pub use view::{
    EdgeLetters, Filter, Layers, Orientation, ViewGeometry, ViewState, Zoom, edge_letters,
};
pub use voi::{VoiFunction, VoiWindow, Window};

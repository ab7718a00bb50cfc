//! Stage 2: modality values to P-values to display levels, collapsed into one table.

use rayon::prelude::*;

use crate::calibration::CalibrationLut;
use crate::image::{DecodedImage, ModalityMap, Samples};
use crate::present::Voi;

/// What is done to the greys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Presentation {
    /// Window or LUT.
    pub voi: Voi,
    /// The reader's inversion, on top of whatever the file asks for.
    pub invert: bool,
    /// Leave the file's Presentation LUT Shape out: real files carry wrong ones.
    pub ignore_shape: bool,
}

impl Presentation {
    /// What the image opens with.
    pub fn default_for(image: &DecodedImage) -> Self {
        Self::new(crate::present::default_voi(image).voi)
    }

    /// `voi`, not inverted by the reader.
    pub fn new(voi: Voi) -> Self {
        Self { voi, invert: false, ignore_shape: false }
    }

    /// Whether the output is inverted: by the file or by the reader, not by both.
    pub fn inverts(&self, image: &DecodedImage) -> bool {
        let file = if self.ignore_shape {
            image.meta.photometric == "MONOCHROME1"
        } else {
            image.inverted()
        };
        file != self.invert
    }

    /// The P-value, 0..=1, of a modality value: the pipeline in double precision.
    pub fn p_value(&self, image: &DecodedImage, modality: f64) -> f64 {
        let y = self.voi.apply(image, modality);
        if self.inverts(image) { 1.0 - y } else { y }
    }
}

/// How the 16-bit codes between the stages stand for modality values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Coding {
    /// Codes to a unit of the plane that stage 1 resamples.
    pub(crate) gain: f64,
    /// Modality value of code 0.
    base: f64,
    /// Modality values to a unit.
    step: f64,
}

impl Coding {
    /// The coding of an image. Up to 16 bits every stored value has its own
    /// code, and what is left of 16 bits holds the steps in between.
    pub(crate) fn of(image: &DecodedImage) -> Self {
        let whole = |top: u32| f64::from(65_535 / top.max(1));
        match (&image.samples, &image.meta.map) {
            (Samples::Rgb { max, .. }, _) => {
                Self { gain: 65_535.0 / f64::from(*max), base: 0.0, step: 1.0 }
            }
            (_, ModalityMap::Lut(lut)) => {
                let top = lut.entries().iter().copied().max().unwrap_or(1);
                Self { gain: whole(u32::from(top)), base: 0.0, step: 1.0 }
            }
            (Samples::Grey16 { offset, .. }, ModalityMap::Linear { slope, intercept }) => {
                let bits = u32::from(image.meta.bits_stored.clamp(1, 16));
                Self {
                    gain: whole((1 << bits) - 1),
                    base: slope * f64::from(*offset) + intercept,
                    step: *slope,
                }
            }
            (Samples::Grey32(_), ModalityMap::Linear { slope, intercept }) => {
                let (min, unit) = wide_unit(image);
                Self { gain: 1.0, base: slope * min + intercept, step: slope * unit }
            }
        }
    }

    /// The modality value of a code.
    pub(crate) fn modality(&self, code: u16) -> f64 {
        self.of_unit(f64::from(code) / self.gain)
    }

    /// The modality value of a value of the plane.
    pub(crate) fn of_unit(&self, value: f64) -> f64 {
        value * self.step + self.base
    }
}

/// More than 16 bits are shown in 65,536 steps over the range in use: lowest
/// stored value, and stored values to a step.
fn wide_unit(image: &DecodedImage) -> (f64, f64) {
    let stats = image.stats();
    let span = (stats.max - stats.min).max(1) as f64;
    (stats.min as f64, span / 65_535.0)
}

/// The plane that stage 1 resamples, when it is not the samples themselves.
pub(crate) fn derived_plane(image: &DecodedImage) -> Option<Vec<u16>> {
    match (&image.samples, &image.meta.map) {
        (Samples::Rgb { .. }, _) | (Samples::Grey16 { .. }, ModalityMap::Linear { .. }) => None,
        (Samples::Grey16 { data, offset }, ModalityMap::Lut(lut)) => {
            let low = i64::from(*offset);
            let table: Vec<u16> = (0..65_536).map(|v| lut.lookup(v + low)).collect();
            Some(data.iter().map(|&v| table[usize::from(v)]).collect())
        }
        (Samples::Grey32(data), ModalityMap::Lut(lut)) => {
            Some(data.iter().map(|&v| lut.lookup(v)).collect())
        }
        (Samples::Grey32(data), ModalityMap::Linear { .. }) => {
            let (min, unit) = wide_unit(image);
            let code = |v: i64| crate::num::to_u16((v as f64 - min) / unit + 0.5);
            Some(data.iter().map(|&v| code(v)).collect())
        }
    }
}

/// Entries of a table: one to each code.
pub(crate) const CODES: usize = 65_536;

/// P-values, 0..=65,535, of all codes.
pub(crate) fn p_table(image: &DecodedImage, coding: &Coding, pres: &Presentation) -> Vec<u16> {
    let inverts = pres.inverts(image);
    (0..=u16::MAX)
        .into_par_iter()
        .with_min_len(8192)
        .map(|code| {
            let y = pres.voi.apply(image, coding.modality(code));
            let p = if inverts { 1.0 - y } else { y };
            crate::num::to_u16(p.clamp(0.0, 1.0) * 65_535.0 + 0.5)
        })
        .collect()
}

/// Display levels in 1/256 of an 8-bit level, for a P-value.
pub(crate) fn display_table(calibration: Option<&CalibrationLut>) -> Vec<u16> {
    (0..=u16::MAX)
        .map(|p| {
            let level = match calibration {
                Some(lut) => lut.level(p),
                None => f64::from(p) * 255.0 / 65_535.0,
            };
            crate::num::to_u16(level.clamp(0.0, 255.0) * 256.0 + 0.5)
        })
        .collect()
}

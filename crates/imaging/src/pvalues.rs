//! P-values without a display: what a file's pixels mean, as a PNG.

use std::str::FromStr;

use rayon::prelude::*;

use crate::cover::valid_plane;
use crate::image::{DecodedImage, Samples};
use crate::pipeline::{Coding, Presentation, derived_plane};
use crate::present::{AutoWindow, Voi, auto_voi, default_voi};
use crate::resample::{Source, Taps, resample_exact};
use crate::view::Filter;
use crate::voi::{VoiFunction, Window};

/// Which grey transformation to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VoiChoice {
    /// What the image opens with.
    #[default]
    Default,
    /// The automatic window.
    Auto,
    /// This function, over the window given or else the default one's.
    Function(VoiFunction),
    /// The file's window, counted from 1.
    Window(usize),
    /// The file's LUT, counted from 1.
    Lut(usize),
}

/// A text that names no grey transformation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a grey transformation: write default, auto, linear, linear_exact, sigmoid, window:N or lut:N"
)]
pub struct VoiChoiceError;

impl FromStr for VoiChoice {
    type Err = VoiChoiceError;

    fn from_str(text: &str) -> Result<Self, VoiChoiceError> {
        let number = |n: &str| n.parse().ok().filter(|n| *n > 0).ok_or(VoiChoiceError);
        match text.split_once(':') {
            Some(("window", n)) => Ok(Self::Window(number(n)?)),
            Some(("lut", n)) => Ok(Self::Lut(number(n)?)),
            Some(_) => Err(VoiChoiceError),
            None => match text {
                "default" => Ok(Self::Default),
                "auto" => Ok(Self::Auto),
                _ => VoiFunction::parse(text).map(Self::Function).ok_or(VoiChoiceError),
            },
        }
    }
}

/// Bits of an output sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// 0..=255.
    #[default]
    Eight,
    /// 0..=65,535.
    Sixteen,
}

/// What to render.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RenderOptions {
    /// Window centre and width.
    pub window: Option<(f64, f64)>,
    /// Grey transformation.
    pub voi: VoiChoice,
    /// Output depth.
    pub depth: Depth,
    /// The box that the output fits inside; without it Rows × Columns as stored.
    pub size: Option<(u32, u32)>,
    /// Invert once more.
    pub invert: bool,
    /// Stored values instead of P-values.
    pub raw: bool,
}

impl RenderOptions {
    /// Whether the options fit together, whatever the image.
    pub fn check(&self) -> Result<(), RenderError> {
        match (self.window, self.voi) {
            (None, _) => {}
            (Some((center, width)), VoiChoice::Default) => {
                usable(center, width, VoiFunction::Linear)?;
            }
            (Some((center, width)), VoiChoice::Function(function)) => {
                usable(center, width, function)?;
            }
            (Some(_), _) => return Err(RenderError::Conflict(BOTH)),
        }
        match self.size {
            Some((w, h)) if !(SIDES.contains(&w) && SIDES.contains(&h)) => {
                Err(RenderError::BadSize)
            }
            _ => Ok(()),
        }
    }
}

/// Pixels along a side of the output.
const SIDES: std::ops::RangeInclusive<u32> = 1..=32_768;
const BOTH: &str = "a window can only be given with the name of a function";

fn usable(center: f64, width: f64, function: VoiFunction) -> Result<Voi, RenderError> {
    let window = Window { center, width, function };
    window.is_usable().then_some(Voi::Window(window)).ok_or(RenderError::BadWindow)
}

/// Why a rendering was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The file has fewer windows.
    #[error("window {wanted} was asked for, the file has {found} that can be used")]
    NoSuchWindow {
        /// Which one, counted from 1.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
    /// The file has fewer LUTs.
    #[error("LUT {wanted} was asked for, the file has {found} that can be used")]
    NoSuchLut {
        /// Which one, counted from 1.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
    /// A window that is none.
    #[error("a window needs a finite centre and a width above 0 (at least 1 for linear)")]
    BadWindow,
    /// Two wishes that exclude each other.
    #[error("{0}")]
    Conflict(&'static str),
    /// The box is empty or beyond reason.
    #[error("the size must lie between 1×1 and 32768×32768")]
    BadSize,
    /// Raw output holds 16 bits.
    #[error("stored values of more than 16 bits do not fit a 16-bit image")]
    TooDeep,
    /// The PNG could not be written.
    #[error("the PNG could not be encoded: {0}")]
    Encode(String),
}

impl RenderError {
    /// What can be done about it: a whole sentence.
    pub fn advice(&self) -> String {
        let among = |what: &str, found: usize| match found {
            0 => format!("The file has no {what}; `auto` finds a window."),
            1 => format!("Choose {what} 1."),
            _ => format!("Choose a {what} from 1 to {found}; `inspect` lists them."),
        };
        match self {
            Self::NoSuchWindow { found, .. } => among("window", *found),
            Self::NoSuchLut { found, .. } => among("LUT", *found),
            Self::BadWindow => "Give another centre and width.".to_owned(),
            Self::Conflict(_) => "Leave one of the two out.".to_owned(),
            Self::BadSize => "Give another size.".to_owned(),
            Self::TooDeep => "Render it without --raw; that uses every bit.".to_owned(),
            Self::Encode(_) => {
                "This should not happen: please report it with the image.".to_owned()
            }
        }
    }
}

/// Samples of a rendering, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenderedPixels {
    /// Grey, 8 bits.
    Grey8(Vec<u8>),
    /// Grey, 16 bits.
    Grey16(Vec<u16>),
    /// Colour, 8 bits.
    Rgb8(Vec<u8>),
    /// Colour, 16 bits.
    Rgb16(Vec<u16>),
}

/// A rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Samples.
    pub pixels: RenderedPixels,
    /// What was added to signed stored values.
    pub offset: Option<u32>,
}

/// Renders one image. No overlay, no shutter, no calibration, no dither; padding
/// is 0; pixels are not made square.
pub fn render_pvalues(
    image: &DecodedImage,
    options: &RenderOptions,
) -> Result<Rendered, RenderError> {
    if options.raw {
        return raw(image, options);
    }
    if let Samples::Rgb { data, max } = &image.samples {
        return colour(image, data, *max, options);
    }
    let pres = Presentation {
        voi: chosen_voi(image, options)?,
        invert: options.invert,
        ignore_shape: false,
    };
    match options.size {
        None => Ok(full_size(image, &pres, options.depth)),
        Some(bounds) => resized(image, &pres, options.depth, bounds),
    }
}

fn chosen_voi(image: &DecodedImage, options: &RenderOptions) -> Result<Voi, RenderError> {
    match (options.window, options.voi) {
        (Some((c, w)), VoiChoice::Function(function)) => usable(c, w, function),
        (Some((c, w)), VoiChoice::Default) => usable(c, w, VoiFunction::Linear),
        (Some(_), _) => Err(RenderError::Conflict(BOTH)),
        (None, VoiChoice::Default) => Ok(default_voi(image).voi),
        (None, VoiChoice::Auto) => Ok(auto_voi(image, AutoWindow::Percentile).voi),
        (None, VoiChoice::Function(function)) => {
            let base = Voi::file_window(image, 0).unwrap_or_else(|| default_voi(image).voi);
            let (center, width) = base.center_width();
            usable(center, width, function)
        }
        (None, VoiChoice::Window(n)) => {
            let all = &image.meta.windows;
            let place = all.iter().position(|w| w.number == n);
            place
                .and_then(|i| Voi::file_window(image, i))
                .ok_or(RenderError::NoSuchWindow { wanted: n, found: all.len() })
        }
        (None, VoiChoice::Lut(n)) => {
            let all = &image.meta.luts;
            let place = all.iter().position(|l| l.number == n);
            place
                .and_then(|i| Voi::file_lut(image, i))
                .ok_or(RenderError::NoSuchLut { wanted: n, found: all.len() })
        }
    }
}

/// Rounds once, at the very end.
fn quantise(p: f64, max: f64) -> u16 {
    crate::num::to_u16((p * max + 0.5).floor())
}

fn max_of(depth: Depth) -> f64 {
    match depth {
        Depth::Eight => 255.0,
        Depth::Sixteen => 65_535.0,
    }
}

fn grey(values: Vec<u16>, depth: Depth) -> RenderedPixels {
    match depth {
        Depth::Sixteen => RenderedPixels::Grey16(values),
        Depth::Eight => RenderedPixels::Grey8(values.iter().map(|&v| low_byte(v)).collect()),
    }
}

fn low_byte(v: u16) -> u8 {
    u8::try_from(v).unwrap_or(u8::MAX)
}

fn full_size(image: &DecodedImage, pres: &Presentation, depth: Depth) -> Rendered {
    let max = max_of(depth);
    let value = |stored: i64| {
        if image.is_padding(stored) {
            return 0;
        }
        quantise(pres.p_value(image, image.modality_of(stored)), max)
    };
    let values: Vec<u16> = match &image.samples {
        Samples::Grey16 { data, offset } => {
            let top = data.iter().copied().max().unwrap_or(0);
            let table: Vec<u16> =
                (0..=top).map(|v| value(i64::from(v) + i64::from(*offset))).collect();
            if depth == Depth::Eight {
                let table: Vec<u8> = table.iter().map(|&v| low_byte(v)).collect();
                let pixels = data.iter().map(|&v| table[usize::from(v)]).collect();
                return Rendered {
                    width: image.width,
                    height: image.height,
                    pixels: RenderedPixels::Grey8(pixels),
                    offset: None,
                };
            }
            data.iter().map(|&v| table[usize::from(v)]).collect()
        }
        Samples::Grey32(data) => data.par_iter().map(|&v| value(v)).collect(),
        Samples::Rgb { .. } => Vec::new(),
    };
    Rendered { width: image.width, height: image.height, pixels: grey(values, depth), offset: None }
}

/// The largest size of the image's shape inside `bounds`.
fn fitted(image: &DecodedImage, bounds: (u32, u32)) -> Result<(u32, u32), RenderError> {
    if !(SIDES.contains(&bounds.0) && SIDES.contains(&bounds.1)) {
        return Err(RenderError::BadSize);
    }
    let (w, h) = (f64::from(image.width), f64::from(image.height));
    let scale = (f64::from(bounds.0) / w).min(f64::from(bounds.1) / h);
    let side = |n: f64, most: u32| crate::num::to_u32((n * scale).round()).clamp(1, most);
    Ok((side(w, bounds.0), side(h, bounds.1)))
}

fn taps(image: &DecodedImage, size: (u32, u32)) -> (Taps, Taps) {
    let axis = |n: u32, source: u32| {
        Taps::new(n, 0.0, f64::from(n) / f64::from(source), source, Filter::Bilinear)
    };
    (axis(size.0, image.width), axis(size.1, image.height))
}

fn resized(
    image: &DecodedImage,
    pres: &Presentation,
    depth: Depth,
    bounds: (u32, u32),
) -> Result<Rendered, RenderError> {
    let size = fitted(image, bounds)?;
    let (x, y) = taps(image, size);
    let derived = derived_plane(image);
    let valid = valid_plane(image);
    let own = match &image.samples {
        Samples::Grey16 { data, .. } => data.as_slice(),
        _ => &[],
    };
    let source = Source {
        data: derived.as_deref().unwrap_or(own),
        width: image.width as usize,
        channels: 1,
        valid: valid.as_deref(),
    };
    let values = resample_exact(source, &x, &y);
    let coding = Coding::of(image);
    let max = max_of(depth);
    let mut out: Vec<u16> = values
        .par_iter()
        .map(
            |&v| {
                if v.is_nan() { 0 } else { quantise(pres.p_value(image, coding.of_unit(v)), max) }
            },
        )
        .collect();
    if let Some(valid) = &valid {
        for (row, &sy) in out.chunks_exact_mut(x.len()).zip(&y.nearest) {
            for (v, &sx) in row.iter_mut().zip(&x.nearest) {
                if valid[sy as usize * image.width as usize + sx as usize] == 0 {
                    *v = 0;
                }
            }
        }
    }
    Ok(Rendered { width: size.0, height: size.1, pixels: grey(out, depth), offset: None })
}

fn colour(
    image: &DecodedImage,
    data: &[u16],
    max: u16,
    options: &RenderOptions,
) -> Result<Rendered, RenderError> {
    let (size, data) = match options.size {
        None => ((image.width, image.height), data.to_vec()),
        Some(bounds) => {
            let size = fitted(image, bounds)?;
            let (x, y) = taps(image, size);
            let source = Source { data, width: image.width as usize, channels: 3, valid: None };
            let values = resample_exact(source, &x, &y);
            (size, values.iter().map(|&v| crate::num::to_u16(v + 0.5)).collect())
        }
    };
    let pixels = if max <= 255 {
        RenderedPixels::Rgb8(data.iter().map(|&v| low_byte(v)).collect())
    } else {
        RenderedPixels::Rgb16(data)
    };
    Ok(Rendered { width: size.0, height: size.1, pixels, offset: None })
}

fn raw(image: &DecodedImage, options: &RenderOptions) -> Result<Rendered, RenderError> {
    if options.size.is_some() || options.window.is_some() || options.invert {
        return Err(RenderError::Conflict(
            "stored values are written as they are: no size, window or inversion",
        ));
    }
    let (pixels, offset) = match &image.samples {
        Samples::Rgb { data, max } => return colour(image, data, *max, options),
        Samples::Grey32(_) => return Err(RenderError::TooDeep),
        Samples::Grey16 { data, offset } => {
            // Signed values stand 32,768 higher, whatever their depth.
            let shift = if image.meta.signed { 32_768 } else { 0 };
            let up = u16::try_from((shift + offset).max(0)).unwrap_or(0);
            let values = data.iter().map(|&v| v.saturating_add(up)).collect();
            (values, image.meta.signed.then_some(32_768))
        }
    };
    Ok(Rendered {
        width: image.width,
        height: image.height,
        pixels: RenderedPixels::Grey16(pixels),
        offset,
    })
}

impl Rendered {
    /// The rendering as a PNG file.
    pub fn to_png(&self) -> Result<Vec<u8>, RenderError> {
        let mut out = Vec::new();
        self.encode(&mut out).map_err(|error| RenderError::Encode(error.to_string()))?;
        Ok(out)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), png::EncodingError> {
        let mut encoder = png::Encoder::new(out, self.width, self.height);
        encoder.set_compression(png::Compression::Fast);
        let (colour, depth) = match &self.pixels {
            RenderedPixels::Grey8(_) => (png::ColorType::Grayscale, png::BitDepth::Eight),
            RenderedPixels::Grey16(_) => (png::ColorType::Grayscale, png::BitDepth::Sixteen),
            RenderedPixels::Rgb8(_) => (png::ColorType::Rgb, png::BitDepth::Eight),
            RenderedPixels::Rgb16(_) => (png::ColorType::Rgb, png::BitDepth::Sixteen),
        };
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if let Some(offset) = self.offset {
            encoder.add_text_chunk("overread:offset".to_owned(), offset.to_string())?;
        }
        let mut writer = encoder.write_header()?;
        match &self.pixels {
            RenderedPixels::Grey8(v) | RenderedPixels::Rgb8(v) => writer.write_image_data(v)?,
            RenderedPixels::Grey16(v) | RenderedPixels::Rgb16(v) => {
                let bytes: Vec<u8> = v.iter().flat_map(|s| s.to_be_bytes()).collect();
                writer.write_image_data(&bytes)?;
            }
        }
        writer.finish()
    }
}

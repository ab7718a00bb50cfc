//! What hides or marks pixels: padding, shutter, overlays, clipped-level hatching.

use crate::image::{DecodedImage, Samples};
use crate::overlay::Overlay;
use crate::resample::Taps;
use crate::view::{Orientation, ViewState};

/// What lies over a screen pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cover {
    /// Nothing.
    Bare,
    /// Padding: black whatever the inversion.
    Padding,
    /// Outside the shutter.
    Shutter,
    /// An overlay plane.
    Overlay,
    /// At the highest level of a clipped image.
    ClippedHigh,
    /// At the lowest level of a clipped image.
    ClippedLow,
}

/// Colours that are told apart with every kind of colour vision, and by the
/// direction of their hatching.
const HIGH: [u8; 4] = [0xE6, 0x9F, 0x00, 255];
const LOW: [u8; 4] = [0x56, 0xB4, 0xE9, 255];
const OVERLAY: [u8; 4] = [0xF0, 0xE4, 0x42, 255];
const HATCH: usize = 8;

impl Cover {
    pub(crate) fn paint(self, pixel: &mut [u8; 4], x: usize, y: usize, shutter: u8) {
        match self {
            Self::Padding => *pixel = [0, 0, 0, 255],
            Self::Shutter => *pixel = [shutter, shutter, shutter, 255],
            Self::Overlay => *pixel = OVERLAY,
            Self::ClippedHigh if (x + y) % HATCH < 2 => *pixel = HIGH,
            Self::ClippedLow if (x + HATCH - y % HATCH) % HATCH < 2 => *pixel = LOW,
            Self::Bare | Self::ClippedHigh | Self::ClippedLow => {}
        }
    }
}

/// 1 for image, 0 for padding; `None` when nothing is padding.
pub(crate) fn valid_plane(image: &DecodedImage) -> Option<Vec<u8>> {
    let padding = image.meta.padding?;
    let plane: Vec<u8> = match &image.samples {
        Samples::Grey16 { data, offset } => {
            let low = i64::from(*offset);
            data.iter().map(|&v| u8::from(!padding.contains(i64::from(v) + low))).collect()
        }
        Samples::Grey32(data) => data.iter().map(|&v| u8::from(!padding.contains(v))).collect(),
        Samples::Rgb { .. } => return None,
    };
    plane.contains(&0).then_some(plane)
}

/// Marks of the screen pixels on the image; `None` when all are bare.
pub(crate) fn plane(
    image: &DecodedImage,
    view: &ViewState,
    valid: Option<&[u8]>,
    x: &Taps,
    y: &Taps,
) -> Option<Vec<Cover>> {
    let layers = view.layers;
    let shutter = image.meta.shutter.as_ref().filter(|_| layers.shutter);
    let overlays: Vec<&Overlay> =
        image.meta.overlays.iter().filter(|o| layers.overlays && o.graphics).collect();
    let clipped = if layers.clipped { Clipped::of(image) } else { None };
    if valid.is_none() && shutter.is_none() && overlays.is_empty() && clipped.is_none() {
        return None;
    }
    let lay = Lay { orientation: view.orientation, width: image.width, height: image.height };
    let across = lay.across();
    let mut out = Vec::with_capacity(x.len() * y.len());
    let spread = (spread(&x.nearest), spread(&y.nearest));
    for &sy in &y.nearest {
        for &sx in &x.nearest {
            let (ix, iy) = lay.source(sx, sy);
            let padded = valid.is_some_and(|v| v[sy as usize * across + sx as usize] == 0);
            out.push(if shutter.is_some_and(|s| !s.shows(ix, iy)) {
                Cover::Shutter
            } else if overlays.iter().any(|o| lay.overlay_near(o, sx, sy, spread)) {
                Cover::Overlay
            } else if padded {
                Cover::Padding
            } else {
                clipped.as_ref().map_or(Cover::Bare, |c| c.at(image, ix, iy))
            });
        }
    }
    Some(out)
}

/// Source pixels that share a screen pixel, so that thin lines survive shrinking.
fn spread(nearest: &[u32]) -> u32 {
    let (Some(first), Some(last)) = (nearest.first(), nearest.last()) else { return 1 };
    let n = crate::num::count_u32(nearest.len());
    ((last - first + 1).div_ceil(n)).clamp(1, 8)
}

struct Lay {
    orientation: Orientation,
    width: u32,
    height: u32,
}

impl Lay {
    fn across(&self) -> usize {
        if self.orientation.swaps_axes() { self.height as usize } else { self.width as usize }
    }

    fn source(&self, x: u32, y: u32) -> (u32, u32) {
        let (sx, sy) = self.orientation.source(
            self.width as usize,
            self.height as usize,
            x as usize,
            y as usize,
        );
        (crate::num::count_u32(sx), crate::num::count_u32(sy))
    }

    fn overlay_near(&self, overlay: &Overlay, x: u32, y: u32, spread: (u32, u32)) -> bool {
        let (across, down) = if self.orientation.swaps_axes() {
            (self.height, self.width)
        } else {
            (self.width, self.height)
        };
        (y..(y + spread.1).min(down)).any(|ly| {
            (x..(x + spread.0).min(across)).any(|lx| {
                let (ix, iy) = self.source(lx, ly);
                overlay.is_set(i64::from(ix), i64::from(iy))
            })
        })
    }
}

/// The levels at which detail was lost.
struct Clipped {
    high: Option<i64>,
    low: Option<i64>,
}

impl Clipped {
    fn of(image: &DecodedImage) -> Option<Self> {
        if image.is_colour() {
            return None;
        }
        let adequacy = image.adequacy();
        Some(Self {
            high: Some(adequacy.high.level),
            low: (adequacy.low.level != adequacy.high.level).then_some(adequacy.low.level),
        })
    }

    fn at(&self, image: &DecodedImage, x: u32, y: u32) -> Cover {
        let stored = image.stored(y as usize * image.width as usize + x as usize);
        if stored.is_some() && stored == self.high {
            Cover::ClippedHigh
        } else if stored.is_some() && stored == self.low {
            Cover::ClippedLow
        } else {
            Cover::Bare
        }
    }
}

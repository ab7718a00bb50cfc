//! Looking closer: the magnifier and the histogram of one film.

use std::sync::Arc;

use overread_imaging::{
    DecodedImage, Filter, Histogram, Output, Renderer, ViewGeometry, ViewState, Zoom,
};

use super::grey::Grey;
use super::measure::number;
use super::next_generation;
use crate::view::{FilmPicture, HistogramPart, HistogramView, MagnifierView};

/// Bars of the histogram.
const BARS: usize = 256;

/// An enlarged detail under the cursor, through the film's own window.
#[derive(Default)]
pub(super) struct Lens {
    renderer: Renderer,
    shown: Option<(ViewState, overread_imaging::Presentation, u32)>,
    picture: Option<FilmPicture>,
}

impl Lens {
    pub(super) fn set_output(&mut self, output: Output) {
        self.renderer.set_output(output);
        self.shown = None;
    }

    pub(super) fn clear(&mut self) {
        self.renderer.clear();
        (self.shown, self.picture) = (None, None);
    }

    /// The detail at a viewport point, enlarged `power` times over the film as it stands.
    #[expect(clippy::cast_possible_truncation, reason = "a place on a screen")]
    pub(super) fn view(
        &mut self,
        image: &DecodedImage,
        grey: &Grey,
        (view, geometry): (&ViewState, &ViewGeometry),
        at: (f64, f64),
        power: f64,
    ) -> Option<MagnifierView> {
        let side = (geometry.size.0.min(geometry.size.1) / 3).clamp(160, 480);
        let zoom = geometry.zoom * power;
        let centre = (f64::from(geometry.size.0) / 2.0, f64::from(geometry.size.1) / 2.0);
        // Where the image's centre lies from the cursor, enlarged.
        let from = |origin: f64, laid: f64, scale: f64, at: f64| origin + laid * scale / 2.0 - at;
        let laid = geometry.laid_size();
        let pan = (
            from(geometry.origin.0, f64::from(laid.0), geometry.scale.0, at.0) * power,
            from(geometry.origin.1, f64::from(laid.1), geometry.scale.1, at.1) * power,
        );
        let inside =
            (0.0..=2.0 * centre.0).contains(&at.0) && (0.0..=2.0 * centre.1).contains(&at.1);
        if !inside {
            return None;
        }
        let detail = ViewState { zoom: Zoom::Scale(zoom), pan, filter: Filter::Bicubic, ..*view };
        let wanted = (detail, grey.pres, side);
        if self.shown != Some(wanted) {
            let rgba = self.renderer.render(image, &detail, &grey.pres, (side, side)).to_vec();
            self.picture = Some(FilmPicture {
                size: [side as usize; 2],
                coarse: 1,
                rgba: Arc::new(rgba),
                generation: next_generation(),
            });
            self.shown = Some(wanted);
        }
        let picture = self.picture.clone()?;
        Some(MagnifierView { picture, centre: [at.0 as f32, at.1 as f32] })
    }
}

/// Bars and axis of one film; the window is laid over them for each frame.
pub(super) struct Bars {
    low: f64,
    high: f64,
    heights: Vec<f32>,
}

impl Bars {
    /// `None` for colour.
    #[expect(clippy::cast_possible_truncation, reason = "heights from 0 to 1")]
    pub(super) fn of(image: &DecodedImage) -> Option<Self> {
        let histogram = Histogram::of(image, BARS)?;
        let most = histogram.counts.iter().copied().max().unwrap_or(1) as f64;
        let height = |n: &u64| ((1.0 + *n as f64).ln() / (1.0 + most).ln()) as f32;
        let heights = histogram.counts.iter().map(height).collect();
        Some(Self { low: histogram.low, high: histogram.high, heights })
    }

    /// The modality value, or for the body the distance, that a share of the axis stands for.
    pub(super) fn value(&self, part: HistogramPart, share: f64) -> f64 {
        let span = self.high - self.low;
        match part {
            HistogramPart::Low | HistogramPart::High => self.low + share * span,
            HistogramPart::Body => share * span,
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a place on an axis")]
    pub(super) fn view(&self, image: &DecodedImage, grey: &Grey) -> HistogramView {
        let (center, width) = grey.pres.voi.center_width();
        let (low, high) = (center - width / 2.0, center + width / 2.0);
        let span = (self.high - self.low).max(f64::MIN_POSITIVE);
        let share = |value: f64| ((value - self.low) / span) as f32;
        let adequacy = image.measured_adequacy();
        let [below, above] = window_clips(image, grey);
        HistogramView {
            bars: self.heights.clone(),
            window: [share(low), share(high)],
            ends: [number(self.low), number(self.high)],
            edges: [number(low.round()), number(high.round())],
            clipped: [below, above],
            lost: adequacy.map_or([false; 2], |a| [a.low.area.is_some(), a.high.area.is_some()]),
        }
    }
}

/// The shares of the film at its lowest and its highest level: what the map hatches.
pub(super) fn at_ends(image: &DecodedImage) -> [f64; 2] {
    let stats = image.stats();
    let at = |level: i64| {
        let bin = (level - stats.first).checked_div(stats.bin);
        let bin = bin.and_then(|bin| usize::try_from(bin).ok());
        let count = bin.and_then(|bin| stats.bins.get(bin)).copied().unwrap_or(0);
        count as f64 / stats.count.max(1) as f64
    };
    [at(stats.min), at(stats.max)]
}

/// The shares of the film that the window shows without any difference: "3.1 % black".
pub(super) fn window_clips(image: &DecodedImage, grey: &Grey) -> [String; 2] {
    let edges = match &grey.pres.voi {
        overread_imaging::Voi::Window(window) => window.edges(),
        voi @ overread_imaging::Voi::Lut { .. } => {
            let (center, width) = voi.center_width();
            (center - width / 2.0, center + width / 2.0)
        }
    };
    let (below, above) = image.stats().distribution(image).outside(edges.0, edges.1);
    let inverted = grey.pres.inverts(image);
    let [dark, light] = if inverted { ["white", "black"] } else { ["black", "white"] };
    let words = |share: f64, end: &str| format!("{:.1}\u{a0}% {end}", share * 100.0);
    [words(below, dark), words(above, light)]
}

//! Measurements on a film: where they lie, what they say, and how they are drawn by hand.

use overread_imaging::{
    DecodedImage, Point, Roi, RoiStats, Spacing, SpacingKind, ViewGeometry, angle, cobb,
    length_text, roi_stats,
};

use crate::view::{DrawnMark, MarkShape, Phase};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// The distance between two points.
    Length,
    /// The angle at the second of three points.
    Angle,
    /// The acute angle between two lines.
    Cobb,
    /// Figures of what lies in an ellipse.
    Ellipse,
}

/// Points closer together than this, in screen pixels, are one.
const SAME: f64 = 3.0;
/// The label stands this far from the mark, in screen pixels.
const APART: f64 = 12.0;

impl Tool {
    fn points(self) -> usize {
        match self {
            Self::Length | Self::Ellipse => 2,
            Self::Angle => 3,
            Self::Cobb => 4,
        }
    }

    fn shape(self) -> MarkShape {
        match self {
            Self::Length | Self::Angle => MarkShape::Polyline,
            Self::Cobb => MarkShape::Pairs,
            Self::Ellipse => MarkShape::Ellipse,
        }
    }

    /// What the reader does next, with so many points set.
    pub(crate) fn hint(self, set: usize) -> &'static str {
        match (self, set) {
            (Self::Length, _) => "Length: drag from end to end. Esc puts it down.",
            (Self::Angle, 0 | 1) => "Angle: drag the first leg to the corner. Esc puts it down.",
            (Self::Angle, _) => "Angle: click the end of the second leg. Esc puts it down.",
            (Self::Cobb, 0 | 1) => "Cobb angle: drag along the upper end plate. Esc puts it down.",
            (Self::Cobb, _) => "Cobb angle: drag along the lower end plate. Esc puts it down.",
            (Self::Ellipse, _) => "Ellipse: drag from corner to corner. Esc puts it down.",
        }
    }
}

/// A measurement, in image coordinates; never stored, never a label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measurement {
    tool: Tool,
    points: Vec<Point>,
    label: Vec<String>,
}

impl Measurement {
    pub(crate) fn new(image: &DecodedImage, tool: Tool, points: Vec<Point>) -> Self {
        let label = label(image, tool, &points);
        Self { tool, points, label }
    }

    /// The same with one point elsewhere.
    pub(crate) fn moved(&self, image: &DecodedImage, point: usize, to: Point) -> Self {
        let mut points = self.points.clone();
        if let Some(place) = points.get_mut(point) {
            *place = to;
        }
        Self::new(image, self.tool, points)
    }

    /// Distance of a screen point from the lines of the mark, screen pixels.
    pub(crate) fn distance(&self, geometry: &ViewGeometry, at: (f64, f64)) -> f64 {
        let points: Vec<(f64, f64)> = self.points.iter().map(|p| geometry.to_screen(*p)).collect();
        let pairs = |step: usize| points.windows(2).step_by(step);
        match (self.tool.shape(), points.as_slice()) {
            (MarkShape::Ellipse, [a, b]) => from_ellipse(*a, *b, at),
            (MarkShape::Pairs, _) => nearest(pairs(2), at),
            _ => nearest(pairs(1), at),
        }
    }

    /// Ready to draw.
    pub(crate) fn drawn(&self, geometry: &ViewGeometry, active: bool) -> DrawnMark {
        drawn(self.tool, &self.points, self.label.clone(), geometry, active)
    }
}

fn nearest<'a>(segments: impl Iterator<Item = &'a [(f64, f64)]>, at: (f64, f64)) -> f64 {
    let to = |segment: &[(f64, f64)]| match segment {
        [a, b] => from_segment(*a, *b, at),
        _ => f64::INFINITY,
    };
    segments.map(to).fold(f64::INFINITY, f64::min)
}

fn from_segment(a: (f64, f64), b: (f64, f64), at: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let long = (dx * dx + dy * dy).max(f64::MIN_POSITIVE);
    let t = (((at.0 - a.0) * dx + (at.1 - a.1) * dy) / long).clamp(0.0, 1.0);
    (at.0 - a.0 - t * dx).hypot(at.1 - a.1 - t * dy)
}

/// How far a point lies from an ellipse's outline, near enough for a hand.
fn from_ellipse(a: (f64, f64), b: (f64, f64), at: (f64, f64)) -> f64 {
    let (rx, ry) = (((b.0 - a.0) / 2.0).abs().max(1.0), ((b.1 - a.1) / 2.0).abs().max(1.0));
    let (cx, cy) = (f64::midpoint(a.0, b.0), f64::midpoint(a.1, b.1));
    let radius = ((at.0 - cx) / rx).hypot((at.1 - cy) / ry);
    (radius - 1.0).abs() * rx.min(ry)
}

#[expect(clippy::cast_possible_truncation, reason = "a place on a screen")]
fn drawn(
    tool: Tool,
    points: &[Point],
    label: Vec<String>,
    geometry: &ViewGeometry,
    active: bool,
) -> DrawnMark {
    let places: Vec<(f64, f64)> = points.iter().map(|p| geometry.to_screen(*p)).collect();
    let right = places.iter().copied().max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or_default();
    let size = (f64::from(geometry.size.0), f64::from(geometry.size.1));
    let lines = label.len() as f64;
    // A label that would leave the viewport stands inside it.
    let x = (right.0 + APART).clamp(0.0, (size.0 - 190.0).max(0.0));
    let y = (right.1 - 8.0).clamp(0.0, (size.1 - 18.0 * lines).max(0.0));
    let screen = |p: &(f64, f64)| [p.0 as f32, p.1 as f32];
    DrawnMark {
        shape: tool.shape(),
        points: places.iter().map(screen).collect(),
        label,
        label_at: [x as f32, y as f32],
        active,
    }
}

/// A box of the dataset's, ready to draw; it cannot be moved.
pub(super) fn drawn_box(
    name: &str,
    [left, top, width, height]: [f64; 4],
    geometry: &ViewGeometry,
) -> DrawnMark {
    let corners: [Point; 2] = [(left, top), (left + width, top + height)];
    let mut mark =
        drawn(Tool::Ellipse, &corners, vec![format!("{name}: dataset’s box")], geometry, false);
    mark.shape = MarkShape::Box;
    // Above the box, where it hides nothing of what the box is about; below where there is no room.
    let (mut low, mut high) = (f32::INFINITY, [f32::INFINITY, f32::NEG_INFINITY]);
    for [x, y] in &mark.points {
        low = low.min(*x);
        high = [high[0].min(*y), high[1].max(*y)];
    }
    let above = high[0] - 20.0;
    mark.label_at = [low.max(0.0), if 0.0 <= above { above } else { high[1] + 4.0 }];
    mark
}

/// A mark under the hand: points that are set, and the one that follows the cursor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Drawing {
    tool: Tool,
    set: Vec<Point>,
    next: Option<Point>,
}

impl Drawing {
    pub(crate) fn new(tool: Tool) -> Self {
        Self { tool, set: Vec::new(), next: None }
    }

    pub(crate) fn hint(&self) -> &'static str {
        self.tool.hint(self.set.len())
    }

    pub(crate) fn is_begun(&self) -> bool {
        !self.set.is_empty()
    }

    /// A drag with the tool; the measurement when it is complete.
    pub(crate) fn drag(
        &mut self,
        image: &DecodedImage,
        geometry: &ViewGeometry,
        phase: Phase,
        at: (f64, f64),
    ) -> Option<Measurement> {
        let point = on_image(geometry, at);
        match phase {
            Phase::Start => {
                // A drag draws a line; only the last leg of an angle begins at a set point.
                let begins =
                    self.set.is_empty() || (self.tool == Tool::Cobb && self.set.len() == 2);
                if begins {
                    self.set.push(point);
                }
                self.next = Some(point);
                None
            }
            Phase::Move => {
                self.next = Some(point);
                None
            }
            Phase::End => self.put(image, geometry, self.next.unwrap_or(point)),
        }
    }

    /// A click with the tool.
    pub(crate) fn click(
        &mut self,
        image: &DecodedImage,
        geometry: &ViewGeometry,
        at: (f64, f64),
    ) -> Option<Measurement> {
        self.put(image, geometry, on_image(geometry, at))
    }

    pub(crate) fn hover(&mut self, geometry: &ViewGeometry, at: (f64, f64)) {
        if self.is_begun() {
            self.next = Some(on_image(geometry, at));
        }
    }

    fn put(
        &mut self,
        image: &DecodedImage,
        geometry: &ViewGeometry,
        point: Point,
    ) -> Option<Measurement> {
        let close = |known: &Point| {
            let (a, b) = (geometry.to_screen(*known), geometry.to_screen(point));
            (a.0 - b.0).hypot(a.1 - b.1) < SAME
        };
        // A line as long as a trembling hand is none.
        if !self.set.last().is_some_and(close) {
            self.set.push(point);
        }
        self.next = None;
        let complete = self.set.len() == self.tool.points();
        complete.then(|| Measurement::new(image, self.tool, std::mem::take(&mut self.set)))
    }

    /// Ready to draw; `None` before the first point.
    pub(crate) fn drawn(&self, image: &DecodedImage, geometry: &ViewGeometry) -> Option<DrawnMark> {
        if !self.is_begun() {
            return None;
        }
        let points: Vec<Point> = self.set.iter().copied().chain(self.next).collect();
        // Figures of a region are for when the hand rests.
        let complete = points.len() == self.tool.points() && self.tool != Tool::Ellipse;
        let label = if complete { label(image, self.tool, &points) } else { Vec::new() };
        Some(drawn(self.tool, &points, label, geometry, true))
    }
}

/// The image point under a screen point; a mark never leaves the image.
pub(crate) fn on_image(geometry: &ViewGeometry, at: (f64, f64)) -> Point {
    let (x, y) = geometry.to_image(at);
    (x.clamp(0.0, f64::from(geometry.image.0)), y.clamp(0.0, f64::from(geometry.image.1)))
}

fn label(image: &DecodedImage, tool: Tool, points: &[Point]) -> Vec<String> {
    // Angles need no spacing, only the shape of a pixel.
    let shape = Spacing { row: image.meta.pixel_aspect, col: 1.0, kind: SpacingKind::None };
    match (tool, points) {
        (Tool::Length, [a, b]) => vec![length_text(&image.meta.spacing, *a, *b)],
        (Tool::Angle, [a, vertex, b]) => {
            vec![format!("{:.1}°", angle(&shape, *a, *vertex, *b))]
        }
        (Tool::Cobb, [a, b, c, d]) => {
            vec![format!("Cobb {:.1}°", cobb(&shape, (*a, *b), (*c, *d)))]
        }
        (Tool::Ellipse, [a, b]) => match roi_stats(image, &Roi::Ellipse(*a, *b)) {
            Some(stats) => roi_lines(&stats),
            None if image.is_colour() => vec!["Colour: no grey values".to_owned()],
            None => vec!["No pixel inside".to_owned()],
        },
        _ => Vec::new(),
    }
}

fn roi_lines(stats: &RoiStats) -> Vec<String> {
    let share = |v: f64| format!("{:.1}\u{a0}%", v * 100.0);
    vec![
        format!("mean {}   SD {}", number(stats.mean), number(stats.sd)),
        format!("min {}   max {}", number(stats.min), number(stats.max)),
        format!("n {}   area {}", grouped(stats.count), area_text(stats)),
        format!("at max {}   at min {}", share(stats.at_max), share(stats.at_min)),
        format!("{} levels used", grouped(stats.levels)),
    ]
}

fn area_text(stats: &RoiStats) -> String {
    let value = stats.area;
    match stats.kind {
        SpacingKind::None => format!("{}\u{a0}px", grouped(stats.count)),
        SpacingKind::Calibrated => format!("{value:.1}\u{a0}mm² (calibrated)"),
        SpacingKind::Detector => format!("{value:.1}\u{a0}mm² at detector, uncalibrated"),
        SpacingKind::Estimated => format!("{value:.1}\u{a0}mm² est."),
        SpacingKind::Nominal => format!("{value:.1}\u{a0}mm² nominal"),
    }
}

/// A grey value: whole as it is, otherwise with as many digits as matter.
pub(crate) fn number(value: f64) -> String {
    let text = if value.fract() == 0.0 || value.abs() >= 10_000.0 {
        format!("{value:.0}")
    } else if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    };
    text.replace('-', "−")
}

fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if 0 < i && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use overread_imaging::{Orientation, Pattern, ViewState, Zoom, pattern};

    fn image(spacing: Spacing) -> DecodedImage {
        let mut image = pattern(Pattern::Readback, 1024, 1024).unwrap();
        image.meta.spacing = spacing;
        image
    }

    fn geometry(image: &DecodedImage, view: &ViewState) -> ViewGeometry {
        ViewGeometry::new(image, view, (800, 600))
    }

    fn line(image: &DecodedImage, geometry: &ViewGeometry, from: Point, to: Point) -> Measurement {
        let mut drawing = Drawing::new(Tool::Length);
        drawing.drag(image, geometry, Phase::Start, geometry.to_screen(from));
        drawing.drag(image, geometry, Phase::Move, geometry.to_screen(to));
        drawing.drag(image, geometry, Phase::End, geometry.to_screen(to)).unwrap()
    }

    #[test]
    fn a_length_says_what_its_unit_is_worth() {
        let of = |kind| Spacing { row: 0.139, col: 0.143, kind };
        let cases = [
            (SpacingKind::Calibrated, "127.2 mm (calibrated)"),
            (SpacingKind::Detector, "127.2 mm at detector, uncalibrated"),
            (SpacingKind::Nominal, "127.2 mm nominal"),
        ];
        for (kind, text) in cases {
            let image = image(of(kind));
            let view = geometry(&image, &ViewState::default());
            let mark = line(&image, &view, (100.0, 200.0), (900.0, 600.0));
            assert_eq!(mark.label, [text]);
        }
        let image = image(Spacing::PIXELS);
        let view = geometry(&image, &ViewState::default());
        assert_eq!(line(&image, &view, (100.0, 200.0), (100.0, 300.0)).label, ["100.0 px"]);
    }

    #[test]
    fn angles_use_the_shape_of_a_pixel_and_no_spacing() {
        let mut film = image(Spacing::PIXELS);
        let three = vec![(0.0, 150.0), (100.0, 100.0), (60.0, 250.0)];
        let of = |image: &DecodedImage| Measurement::new(image, Tool::Angle, three.clone()).label;
        assert_eq!(of(&film), ["48.5°"]);
        film.meta.pixel_aspect = 1.2;
        assert_eq!(of(&film), ["46.5°"]);
        let four = vec![(100.0, 100.0), (130.0, 300.0), (500.0, 100.0), (420.0, 300.0)];
        film.meta.pixel_aspect = 1.0;
        assert_eq!(Measurement::new(&film, Tool::Cobb, four).label, ["Cobb 30.3°"]);
    }

    #[test]
    fn a_mark_stays_on_its_anatomy_through_zoom_rotation_and_flip() {
        let image = image(Spacing::PIXELS);
        let plain = geometry(&image, &ViewState::default());
        let mark = line(&image, &plain, (100.0, 200.0), (900.0, 600.0));
        let mut view =
            ViewState { zoom: Zoom::Scale(2.3), pan: (31.0, -12.0), ..ViewState::default() };
        for turn in 0..8 {
            view.orientation = Orientation::new(turn % 4, turn > 3);
            let there = geometry(&image, &view);
            let drawn = mark.drawn(&there, false);
            for (point, wanted) in drawn.points.iter().zip([(100.0, 200.0), (900.0, 600.0)]) {
                let back = there.to_image((f64::from(point[0]), f64::from(point[1])));
                assert!((back.0 - wanted.0).hypot(back.1 - wanted.1) < 0.01, "{back:?}");
            }
            assert_eq!(drawn.label, mark.label, "a measurement does not change by looking");
        }
    }

    #[test]
    fn a_region_counts_levels_and_clipped_pixels_and_leaves_padding_out() {
        let mut film = image(Spacing::PIXELS);
        let whole = vec![(-600.0, -600.0), (1624.0, 1624.0)];
        let all = Measurement::new(&film, Tool::Ellipse, whole.clone()).label;
        assert!(all[4].starts_with("256 levels"), "{all:?}");
        assert!(all[2].starts_with("n 1,048,576"), "{all:?}");
        film.meta.padding = Some(overread_imaging::PaddingRange { low: 0, high: 0 });
        let without = Measurement::new(&film, Tool::Ellipse, whole).label;
        assert!(without[4].starts_with("255 levels"), "{without:?}");
        assert!(without[1].starts_with("min 257 "), "{without:?}");
    }

    #[test]
    fn clicks_and_drags_draw_the_same_and_a_trembling_click_draws_nothing() {
        let image = image(Spacing::PIXELS);
        let view = geometry(&image, &ViewState::default());
        let at = |p: Point| view.to_screen(p);
        let mut clicks = Drawing::new(Tool::Angle);
        assert!(clicks.click(&image, &view, at((0.0, 150.0))).is_none());
        assert!(clicks.click(&image, &view, at((0.0, 150.5))).is_none(), "the same place again");
        assert!(clicks.click(&image, &view, at((100.0, 100.0))).is_none());
        let clicked = clicks.click(&image, &view, at((60.0, 250.0))).unwrap();
        let mut drags = Drawing::new(Tool::Angle);
        drags.drag(&image, &view, Phase::Start, at((0.0, 150.0)));
        drags.drag(&image, &view, Phase::Move, at((100.0, 100.0)));
        assert!(drags.drag(&image, &view, Phase::End, at((100.0, 100.0))).is_none());
        let dragged = drags.click(&image, &view, at((60.0, 250.0))).unwrap();
        assert_eq!(clicked.label, dragged.label);
    }
}

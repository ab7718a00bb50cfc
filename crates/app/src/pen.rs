//! Painting by position: text, rectangles, and things that can be pressed or spoken.

use crate::theme::{self, Type};
use egui::{
    Align, Color32, CornerRadius, Galley, Id, Pos2, Rect, Response, Role, Sense, Shape, Stroke,
    StrokeKind, Ui, WidgetInfo, pos2, text::LayoutJob, vec2,
};
use overread_session::view::{Span, UiAction};
use std::{fmt::Debug, hash::Hash, sync::Arc};

/// Paints on a `Ui` at given places, and collects what a person asks for.
pub(crate) struct Pen<'a> {
    pub ui: &'a mut Ui,
    pub out: &'a mut Vec<UiAction>,
}

impl Pen<'_> {
    /// Nearest physical pixel edge.
    pub(crate) fn snap(&self, points: f32) -> f32 {
        let ppp = self.ui.pixels_per_point();
        (points * ppp).round() / ppp
    }

    /// A rectangle with its edges on physical pixels.
    pub(crate) fn snap_rect(&self, rect: Rect) -> Rect {
        Rect::from_min_max(
            pos2(self.snap(rect.min.x), self.snap(rect.min.y)),
            pos2(self.snap(rect.max.x), self.snap(rect.max.y)),
        )
    }

    pub(crate) fn fill(&self, rect: Rect, radius: f32, color: Color32) {
        self.ui.painter().rect_filled(self.snap_rect(rect), radius, color);
    }

    pub(crate) fn frame(&self, rect: Rect, radius: f32, stroke: Stroke) {
        let rect = self.snap_rect(rect);
        self.ui.painter().rect_stroke(rect, radius, stroke, StrokeKind::Inside);
    }

    pub(crate) fn panel(&self, rect: Rect, radius: f32, fill: Color32, stroke: Stroke) {
        self.fill(rect, radius, fill);
        self.frame(rect, radius, stroke);
    }

    /// A hairline as a filled row of pixels, so that it is crisp at any scale.
    pub(crate) fn hline(&self, x: [f32; 2], y: f32, color: Color32) {
        let y = self.snap(y);
        let rect = Rect::from_min_max(pos2(self.snap(x[0]), y), pos2(self.snap(x[1]), y + 1.0));
        self.ui.painter().rect_filled(self.snap_rect(rect), 0.0, color);
    }

    pub(crate) fn vline(&self, x: f32, y: [f32; 2], color: Color32) {
        let x = self.snap(x);
        let rect = Rect::from_min_max(pos2(x, self.snap(y[0])), pos2(x + 1.0, self.snap(y[1])));
        self.ui.painter().rect_filled(self.snap_rect(rect), 0.0, color);
    }

    pub(crate) fn segment(&self, points: [Pos2; 2], width: f32, color: Color32) {
        self.ui.painter().line_segment(points, Stroke::new(width, color));
    }

    pub(crate) fn add(&self, shape: Shape) {
        self.ui.painter().add(shape);
    }

    /// Dashes along a rounded rectangle.
    pub(crate) fn dashed_frame(&self, rect: Rect, radius: f32, stroke: Stroke) {
        let rect = self.snap_rect(rect).shrink(stroke.width / 2.0);
        let mut path = Vec::new();
        let corners = [
            (rect.right_top() + vec2(-radius, radius), -90.0_f32),
            (rect.right_bottom() + vec2(-radius, -radius), 0.0),
            (rect.left_bottom() + vec2(radius, -radius), 90.0),
            (rect.left_top() + vec2(radius, radius), 180.0),
        ];
        for (centre, from) in corners {
            for step in 0..=3_u8 {
                let angle = (from + 30.0 * f32::from(step)).to_radians();
                path.push(centre + radius * vec2(angle.cos(), angle.sin()));
            }
        }
        path.push(path[0]);
        self.ui.painter().extend(Shape::dashed_line(&path, stroke, 4.0, 3.0));
    }

    pub(crate) fn dashed(&self, points: [Pos2; 2], width: f32, color: Color32) {
        self.ui.painter().extend(Shape::dashed_line(&points, Stroke::new(width, color), 4.0, 3.0));
    }

    /// Text in one row, ended by an ellipsis where it does not fit.
    pub(crate) fn galley(&self, text: &str, ty: Type, color: Color32, width: f32) -> Arc<Galley> {
        let mut job = LayoutJob::simple_singleline(text.to_owned(), ty.font(), color);
        job.wrap.max_width = width.max(0.0);
        job.wrap.max_rows = 1;
        job.wrap.break_anywhere = true;
        self.ui.painter().layout_job(job)
    }

    pub(crate) fn width(&self, text: &str, ty: Type) -> f32 {
        self.galley(text, ty, theme::T1, f32::INFINITY).size().x
    }

    /// Text from `x` on, centred on `y`; returns where it ends.
    pub(crate) fn left(&self, x: f32, y: f32, text: &str, ty: Type, color: Color32) -> f32 {
        self.left_within(x, y, f32::INFINITY, text, ty, color)
    }

    pub(crate) fn left_within(
        &self,
        x: f32,
        y: f32,
        width: f32,
        text: &str,
        ty: Type,
        color: Color32,
    ) -> f32 {
        let galley = self.galley(text, ty, color, width);
        let end = x + galley.size().x;
        self.put(pos2(x, text_top(y, &galley)), galley, color);
        end
    }

    /// Text that ends at `x`; returns where it begins.
    pub(crate) fn right(&self, x: f32, y: f32, text: &str, ty: Type, color: Color32) -> f32 {
        let galley = self.galley(text, ty, color, f32::INFINITY);
        let start = x - galley.size().x;
        self.put(pos2(start, text_top(y, &galley)), galley, color);
        start
    }

    pub(crate) fn centre(&self, at: Pos2, text: &str, ty: Type, color: Color32) {
        let galley = self.galley(text, ty, color, f32::INFINITY);
        let min = pos2(at.x - galley.size().x / 2.0, text_top(at.y, &galley));
        self.put(min, galley, color);
    }

    /// Wrapped text from a top left corner with the given line height; returns its bottom.
    pub(crate) fn wrapped(
        &self,
        at: Pos2,
        width: f32,
        text: &str,
        style: (Type, f32),
        color: Color32,
    ) -> f32 {
        self.spans(at, width, &[Span::plain(text)], style, color)
    }

    /// Wrapped text with strong runs; returns its bottom.
    pub(crate) fn spans(
        &self,
        at: Pos2,
        width: f32,
        spans: &[Span],
        style: (Type, f32),
        color: Color32,
    ) -> f32 {
        let galley = self.span_galley(width, spans, style, color);
        let bottom = at.y + galley.size().y;
        self.put(at, galley, color);
        bottom
    }

    pub(crate) fn span_galley(
        &self,
        width: f32,
        spans: &[Span],
        (ty, line): (Type, f32),
        color: Color32,
    ) -> Arc<Galley> {
        let mut job = LayoutJob { break_on_newline: true, ..Default::default() };
        job.wrap.max_width = width;
        for span in spans {
            let (ty, color) = if span.strong {
                (Type { weight: theme::Weight::SemiBold, ..ty }, theme::T1)
            } else {
                (ty, color)
            };
            let mut format = egui::TextFormat::simple(ty.font(), color);
            format.line_height = Some(line);
            format.valign = Align::Center;
            job.append(&span.text, 0.0, format);
        }
        self.ui.painter().layout_job(job)
    }

    pub(crate) fn put(&self, at: Pos2, galley: Arc<Galley>, color: Color32) {
        let at = pos2(self.snap(at.x), self.snap(at.y));
        self.ui.painter().galley(at, galley, color);
    }

    /// Something that can be pressed, with its accessible name.
    pub(crate) fn hit(
        &self,
        rect: Rect,
        key: impl Hash + Debug,
        role: Role,
        name: &str,
    ) -> Response {
        self.hit_if(rect, key, true, role, name)
    }

    pub(crate) fn hit_if(
        &self,
        rect: Rect,
        key: impl Hash + Debug,
        enabled: bool,
        role: Role,
        name: &str,
    ) -> Response {
        let sense = if enabled { Sense::click() } else { Sense::hover() };
        let response = self.ui.interact(rect, id(key), sense);
        response.widget_info(|| WidgetInfo::labeled(role, enabled, name));
        response
    }

    /// Something that is on or off.
    pub(crate) fn hit_on(
        &self,
        rect: Rect,
        key: impl Hash + Debug,
        (role, enabled, on): (Role, bool, bool),
        name: &str,
    ) -> Response {
        let sense = if enabled { Sense::click() } else { Sense::hover() };
        let response = self.ui.interact(rect, id(key), sense);
        response.widget_info(|| WidgetInfo::selected(role, enabled, on, name));
        response
    }

    /// Painted text, made known to screen readers.
    pub(crate) fn say(&self, rect: Rect, key: impl Hash + Debug, text: &str) -> Response {
        let response = self.ui.interact(rect, id(key), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
        response
    }

    /// The focus ring: 2 points, 2 points outside.
    pub(crate) fn ring(&self, response: &Response, rect: Rect, radius: f32) {
        if response.has_focus() {
            self.ring_at(rect, radius);
        }
    }

    pub(crate) fn ring_at(&self, rect: Rect, radius: f32) {
        self.ui.painter().rect_stroke(
            self.snap_rect(rect.expand(2.0)),
            radius + 2.0,
            Stroke::new(2.0, theme::T1),
            StrokeKind::Outside,
        );
    }

    /// A bar on the left edge of a row with rounded corners.
    pub(crate) fn left_bar(&self, rect: Rect, radius: f32, color: Color32) {
        let bar = self.snap_rect(rect.with_max_x(rect.min.x + 4.0));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 6")]
        let r = radius.clamp(0.0, 6.0) as u8;
        let corners = CornerRadius { nw: r, sw: r, ne: 0, se: 0 };
        self.ui.painter().rect_filled(bar, corners, color);
    }

    /// Name and value lines shown while the pointer rests on a mark.
    pub(crate) fn tooltip(response: &Response, title: &str, lines: &[(String, String)]) {
        if lines.is_empty() {
            return;
        }
        response.clone().on_hover_ui(|ui| {
            ui.set_max_width(320.0);
            ui.label(egui::RichText::new(title).font(theme::SMALL_S.font()).color(theme::T1));
            ui.add_space(4.0);
            egui::Grid::new(response.id.with("tooltip")).spacing([16.0, 2.0]).show(ui, |ui| {
                for (name, value) in lines {
                    let name = egui::RichText::new(name).font(theme::SMALL.font());
                    ui.label(name.color(theme::T3));
                    ui.label(egui::RichText::new(value).font(theme::SMALL.font()));
                    ui.end_row();
                }
            });
        });
    }
}

/// Where a row of text begins so that its letters look centred on a height: the font's descent
/// is larger than what figures and most words use.
fn text_top(y: f32, galley: &Galley) -> f32 {
    y - galley.size().y / 2.0 - 0.75
}

/// A fixed id: nothing about it depends on where in the frame it is asked for.
pub(crate) fn id(key: impl Hash + Debug) -> Id {
    Id::unique(("overread", key))
}

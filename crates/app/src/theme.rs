//! Colours, type and spacing: the only place that names a colour.

use egui::{Color32, FontData, FontDefinitions, FontFamily, FontId, Stroke};
use std::sync::Arc;

/// Image surround, window clear colour, black behind marks on films.
pub(crate) const FILM: Color32 = Color32::from_rgb(0, 0, 0);
/// Window, status line, panel, top bar.
pub(crate) const S0: Color32 = Color32::from_rgb(0x12, 0x12, 0x12);
/// Rail, cards.
pub(crate) const S1: Color32 = Color32::from_rgb(0x18, 0x18, 0x18);
/// Raised: key caps, echo row, alarm rows, dialogs.
pub(crate) const S2: Color32 = Color32::from_rgb(0x1E, 0x1E, 0x1E);
/// Hover, selected row, pressed.
pub(crate) const S3: Color32 = Color32::from_rgb(0x28, 0x28, 0x28);
/// Hairlines, plot grids.
pub(crate) const LINE: Color32 = Color32::from_rgb(0x2E, 0x2E, 0x2E);
/// Empty part of a bar or scale.
pub(crate) const TRACK: Color32 = Color32::from_rgb(0x33, 0x33, 0x33);
/// Frame of key hints in prose.
pub(crate) const HINT: Color32 = Color32::from_rgb(0x4A, 0x4A, 0x4A);
/// Borders of controls, axes.
pub(crate) const EDGE: Color32 = Color32::from_rgb(0x74, 0x74, 0x74);
/// Question, estimates, focus, selection.
pub(crate) const T1: Color32 = Color32::from_rgb(0xE6, 0xE6, 0xE6);
/// Body text, intervals, fill of the primary button.
pub(crate) const T2: Color32 = Color32::from_rgb(0xC8, 0xC8, 0xC8);
/// Captions, units, secondary.
pub(crate) const T3: Color32 = Color32::from_rgb(0x9C, 0x9C, 0x9C);
/// Disabled only.
pub(crate) const T4: Color32 = Color32::from_rgb(0x7A, 0x7A, 0x7A);
/// Ring; interval band; model curve.
pub(crate) const ABSENT: Color32 = Color32::from_rgb(0x56, 0xB4, 0xE9);
/// Triangles.
pub(crate) const POSITIVE: Color32 = Color32::from_rgb(0xE6, 0x9F, 0x00);
/// Question mark; warnings.
pub(crate) const UNSURE: Color32 = Color32::from_rgb(0xF0, 0xE4, 0x42);
/// Hatched square.
pub(crate) const INADEQUATE: Color32 = Color32::from_rgb(0xCC, 0x79, 0xA7);
/// Filled diamond; a mark, not text.
pub(crate) const ALARM: Color32 = Color32::from_rgb(0xD5, 0x5E, 0x00);
/// Pixels pass unchanged.
pub(crate) const UNTINTED: Color32 = Color32::WHITE;
/// Nothing.
pub(crate) const CLEAR: Color32 = Color32::TRANSPARENT;

/// Interval band: `absent` at 22 %.
pub(crate) fn band() -> Color32 {
    ABSENT.gamma_multiply(0.22)
}

/// Plain black at 60 % behind a dialog on pages.
pub(crate) fn veil() -> Color32 {
    FILM.gamma_multiply(0.6)
}

/// Matrix heat from `s2` to `absent`, and the colour of the text on it.
pub(crate) fn heat(kappa: f64) -> (Color32, Color32) {
    #[expect(clippy::cast_possible_truncation, reason = "a colour needs no more than f32")]
    let mix = (0.95 * ((kappa - 0.4) / 0.6).clamp(0.0, 1.0)) as f32;
    let fill = S2.lerp_to_gamma(ABSENT, mix);
    (fill, if mix <= 0.62 { UNTINTED } else { FILM })
}

/// Corner radius of controls and alarm rows.
pub(crate) const R_CONTROL: f32 = 4.0;
/// Corner radius of cards and dialogs.
pub(crate) const R_CARD: f32 = 6.0;
/// Corner radius of key hints.
pub(crate) const R_HINT: f32 = 3.0;

/// Hairline.
pub(crate) fn hair() -> Stroke {
    Stroke::new(1.0, LINE)
}

/// Border of a control.
pub(crate) fn border() -> Stroke {
    Stroke::new(1.0, EDGE)
}

/// Weight of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Text,
    Medium,
    SemiBold,
}

/// Size and weight of a text role.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Type {
    pub size: f32,
    pub weight: Weight,
}

impl Type {
    const fn new(size: f32, weight: Weight) -> Self {
        Self { size, weight }
    }

    /// The font egui lays the text out with.
    pub(crate) fn font(self) -> FontId {
        FontId::new(self.size, family(self.weight))
    }
}

/// The question.
pub(crate) const QUESTION: Type = Type::new(32.0, Weight::SemiBold);
/// The question in small windows, and page titles.
pub(crate) const TITLE: Type = Type::new(28.0, Weight::SemiBold);
/// Key figure, item number, card title.
pub(crate) const KEY: Type = Type::new(20.0, Weight::SemiBold);
/// Level name.
pub(crate) const LEVEL: Type = Type::new(17.0, Weight::SemiBold);
/// Body and controls.
pub(crate) const BODY: Type = Type::new(15.0, Weight::Text);
/// Body, medium.
pub(crate) const BODY_M: Type = Type::new(15.0, Weight::Medium);
/// Body, semibold.
pub(crate) const BODY_S: Type = Type::new(15.0, Weight::SemiBold);
/// Table, rule text, overlay, status line.
pub(crate) const SMALL: Type = Type::new(13.0, Weight::Text);
/// The same, medium.
pub(crate) const SMALL_M: Type = Type::new(13.0, Weight::Medium);
/// The same, semibold.
pub(crate) const SMALL_S: Type = Type::new(13.0, Weight::SemiBold);
/// Axis, column head, key hint.
pub(crate) const TINY: Type = Type::new(12.0, Weight::Text);
/// The same, medium.
pub(crate) const TINY_M: Type = Type::new(12.0, Weight::Medium);

fn family(weight: Weight) -> FontFamily {
    match weight {
        Weight::Text => FontFamily::Name("text".into()),
        Weight::Medium => FontFamily::Name("medium".into()),
        Weight::SemiBold => FontFamily::Name("semibold".into()),
    }
}

/// IBM Plex Sans in three weights, and nothing else: a missing glyph shows in the tests, not at a
/// reader's desk.
pub fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    let mut add = |name: &str, bytes: &'static [u8], families: &[FontFamily]| {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
        for family in families {
            fonts.families.entry(family.clone()).or_default().push(name.to_owned());
        }
    };
    add(
        "plex-regular",
        include_bytes!("../../../assets/fonts/IBMPlexSans-Regular.ttf"),
        &[FontFamily::Proportional, FontFamily::Monospace, family(Weight::Text)],
    );
    add(
        "plex-medium",
        include_bytes!("../../../assets/fonts/IBMPlexSans-Medium.ttf"),
        &[family(Weight::Medium)],
    );
    add(
        "plex-semibold",
        include_bytes!("../../../assets/fonts/IBMPlexSans-SemiBold.ttf"),
        &[family(Weight::SemiBold)],
    );
    fonts
}

/// Gives a context our fonts and a style without motion, shadow or stray colour.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
    ctx.set_theme(egui::Theme::Dark);
    ctx.all_styles_mut(|style| {
        style.animation_time = 0.0;
        style.interaction.selectable_labels = false;
        style.interaction.tooltip_delay = 0.3;
        style.spacing.item_spacing = egui::vec2(0.0, 0.0);
        style.spacing.scroll = egui::style::ScrollStyle::thin();
        let sizes = [
            (egui::TextStyle::Heading, KEY),
            (egui::TextStyle::Body, BODY),
            (egui::TextStyle::Button, BODY_M),
            (egui::TextStyle::Monospace, SMALL),
            (egui::TextStyle::Small, TINY),
        ];
        style.text_styles = sizes.into_iter().map(|(name, ty)| (name, ty.font())).collect();
        style.visuals = visuals();
    });
}

fn visuals() -> egui::Visuals {
    let mut visuals = egui::Visuals::dark();
    visuals.override_text_color = Some(T2);
    visuals.panel_fill = S0;
    visuals.window_fill = S2;
    visuals.window_stroke = border();
    visuals.window_shadow = egui::Shadow::NONE;
    visuals.popup_shadow = egui::Shadow::NONE;
    visuals.extreme_bg_color = S0;
    visuals.faint_bg_color = S1;
    visuals.selection.bg_fill = HINT;
    visuals.selection.stroke = Stroke::new(2.0, T1);
    // Plex has its weight by design: no thickening of light text on dark.
    visuals.text_options.color_transfer_function = egui::epaint::FontColorTransferFunction::Off;
    visuals.text_cursor.stroke = Stroke::new(2.0, T1);
    visuals.text_cursor.blink = false;
    let widgets = &mut visuals.widgets;
    for (widget, fill, stroke) in [
        (&mut widgets.noninteractive, S0, hair()),
        (&mut widgets.inactive, S2, border()),
        (&mut widgets.hovered, S3, border()),
        (&mut widgets.active, S3, Stroke::new(1.0, T1)),
        (&mut widgets.open, S3, border()),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = stroke;
        widget.fg_stroke = Stroke::new(1.0, T2);
        widget.expansion = 0.0;
        widget.corner_radius = egui::CornerRadius::same(4);
    }
    visuals
}

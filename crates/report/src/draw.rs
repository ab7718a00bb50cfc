//! Figures as a list of shapes in points, and the list as SVG.

use std::fmt::Write as _;

/// Full width of a figure.
pub const WIDTH: f64 = 493.0;
/// Text, rules, axes.
pub const INK: &str = "#16191d";
/// Secondary text.
pub const GREY: &str = "#5b636c";
/// Grid lines.
pub const HAIR: &str = "#d3d8de";
/// First series.
pub const BLUE: &str = "#0b4f8a";
/// Second series.
pub const VERMILION: &str = "#b8480c";
/// Last box of the flow.
pub const TINT: &str = "#f1f4f7";

/// Where a text stands on its x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Begins there.
    Start,
    /// Is centred there.
    Middle,
    /// Ends there.
    End,
}

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// 7.7 pt.
    Plain,
    /// 7.7 pt, weight 600.
    Bold,
    /// 6.9 pt.
    Small,
    /// 6.9 pt, grey.
    Quiet,
    /// 7.7 pt, weight 600, white on a dark ground.
    Inverse,
    /// 6.9 pt, white on a dark ground.
    InverseSmall,
}

/// One shape.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A line: ends, colour, width, dashed.
    Line([f64; 4], &'static str, f64),
    /// A rectangle: x, y, width, height; fill, stroke, stroke width.
    Rect([f64; 4], &'static str, &'static str, f64),
    /// A circle: centre, radius; fill, stroke, stroke width.
    Circle([f64; 3], &'static str, &'static str, f64),
    /// A closed or open path through points: closed, fill, stroke, width.
    Path(Vec<[f64; 2]>, bool, &'static str, &'static str, f64),
    /// A text: position, anchor, face, words.
    Text([f64; 2], Anchor, Face, String),
}

/// A figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// Height in points.
    pub height: f64,
    /// What it is.
    pub title: String,
    /// Every plotted number in words.
    pub description: String,
    /// The shapes, back to front.
    pub shapes: Vec<Shape>,
}

impl Drawing {
    /// An empty figure.
    pub fn new(title: impl Into<String>) -> Self {
        Self { height: 0.0, title: title.into(), description: String::new(), shapes: Vec::new() }
    }

    pub(crate) fn line(&mut self, ends: [f64; 4], colour: &'static str, width: f64) {
        self.shapes.push(Shape::Line(ends, colour, width));
    }

    pub(crate) fn text(
        &mut self,
        x: f64,
        y: f64,
        anchor: Anchor,
        face: Face,
        text: impl Into<String>,
    ) {
        self.shapes.push(Shape::Text([x, y], anchor, face, text.into()));
    }

    /// A row label that is made smaller, then broken at a space, until it fits; never cut.
    pub(crate) fn label(
        &mut self,
        x: f64,
        centre: f64,
        anchor: Anchor,
        face: Face,
        width: f64,
        text: &str,
    ) {
        let small = if face == Face::Bold { Face::Bold } else { Face::Small };
        if measure(text, face) <= width {
            self.text(x, centre + 2.7, anchor, face, text);
        } else if measure(text, small) <= width {
            self.text(x, centre + 2.7, anchor, small, text);
        } else {
            let lines = wrap(text, small, width);
            let top = centre + 2.5 - 3.6 * (lines.len() as f64 - 1.0);
            for (place, line) in lines.iter().enumerate() {
                self.text(x, top + 7.2 * place as f64, anchor, small, line);
            }
        }
    }

    /// The figure as an SVG element.
    pub fn svg(&self, id: &str) -> String {
        let mut out = String::new();
        let (w, h) = (number(WIDTH), number(self.height));
        let head = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>",
            escape(&self.title),
            escape(&self.description)
        );
        out.push_str(&head);
        for shape in &self.shapes {
            write_shape(&mut out, shape);
        }
        out.push_str("</svg>");
        out
    }
}

fn write_shape(out: &mut String, shape: &Shape) {
    // Writing to a String cannot fail.
    match shape {
        Shape::Line([x1, y1, x2, y2], colour, width) => write!(
            out,
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{colour}\" stroke-width=\"{}\"/>",
            number(*x1), number(*y1), number(*x2), number(*y2), number(*width)
        ),
        Shape::Rect([x, y, w, h], fill, stroke, width) => write!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"{}\"/>",
            number(*x), number(*y), number(*w), number(*h), number(*width)
        ),
        Shape::Circle([x, y, r], fill, stroke, width) => write!(
            out,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"{}\"/>",
            number(*x), number(*y), number(*r), number(*width)
        ),
        Shape::Path(points, closed, fill, stroke, width) => {
            let mut d = String::new();
            for (place, [x, y]) in points.iter().enumerate() {
                d.push(if place == 0 { 'M' } else { 'L' });
                d.push_str(&number(*x));
                d.push(' ');
                d.push_str(&number(*y));
            }
            if *closed {
                d.push('Z');
            }
            write!(
                out,
                "<path d=\"{d}\" fill=\"{fill}\" stroke=\"{stroke}\" stroke-width=\"{}\"/>",
                number(*width)
            )
        }
        Shape::Text([x, y], anchor, face, text) => {
            let anchor = match anchor {
                Anchor::Start => "",
                Anchor::Middle => " text-anchor=\"middle\"",
                Anchor::End => " text-anchor=\"end\"",
            };
            let class = match face {
                Face::Plain => "",
                Face::Bold => " class=\"b\"",
                Face::Small => " class=\"s\"",
                Face::Quiet => " class=\"q\"",
                Face::Inverse => " class=\"b\" style=\"fill:#fff\"",
                Face::InverseSmall => " class=\"s\" style=\"fill:#fff\"",
            };
            write!(
                out,
                "<text x=\"{}\" y=\"{}\"{anchor}{class}>{}</text>",
                number(*x), number(*y), escape(text)
            )
        }
    }
    .ok();
}

/// At most two decimals, no trailing zeros.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text for element content and quoted attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Control characters have no place in a document.
            c if c.is_control() && c != '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Advance widths of the embedded sans for U+0020 to U+007E in thousandths of the size.
const WIDTHS: [u16; 95] = [
    200, 289, 426, 497, 497, 824, 609, 249, 303, 303, 418, 497, 249, 311, 249, 350, 497, 497, 497,
    497, 497, 497, 497, 497, 497, 497, 249, 249, 497, 497, 497, 425, 847, 543, 588, 571, 615, 527,
    494, 617, 652, 263, 479, 579, 486, 727, 647, 664, 566, 664, 569, 534, 536, 645, 515, 786, 513,
    476, 539, 303, 350, 303, 497, 500, 542, 504, 553, 456, 555, 496, 292, 504, 544, 246, 247, 495,
    255, 829, 547, 542, 555, 555, 347, 419, 338, 544, 467, 719, 446, 467, 425, 303, 241, 303, 497,
];

/// Width of a text in points.
pub(crate) fn measure(text: &str, face: Face) -> f64 {
    let units: f64 = text
        .chars()
        .map(|c| {
            let index = (u32::from(c) as usize).checked_sub(0x20);
            f64::from(index.and_then(|i| WIDTHS.get(i)).copied().unwrap_or(560))
        })
        .sum();
    let size = match face {
        Face::Plain => 7.7,
        Face::Bold | Face::Inverse => 7.7 * 1.04,
        Face::Small | Face::Quiet | Face::InverseSmall => 6.9,
    };
    units * size / 1000.0
}

pub(crate) fn wrap(text: &str, face: Face, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        if let Some(line) = lines.last_mut() {
            let longer = format!("{line} {word}");
            if measure(&longer, face) <= width {
                *line = longer;
                continue;
            }
        }
        lines.push(word.to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_short_and_markup_is_escaped() {
        assert_eq!([number(2.50), number(-0.001), number(106.0)], ["2.5", "0", "106"]);
        let mut drawing = Drawing::new("<script>");
        drawing.text(0.0, 0.0, Anchor::Start, Face::Plain, "a < b & \"c\"");
        let svg = drawing.svg("f");
        assert!(!svg.contains("<script>") && svg.contains("a &lt; b &amp; &quot;c&quot;"));
    }

    #[test]
    fn a_long_label_is_broken_at_spaces_and_never_cut() {
        let long = "A finding with a name of more than sixty characters in all, said once";
        let lines = wrap(long, Face::Small, 108.0);
        assert!(1 < lines.len());
        assert!(lines.iter().all(|line| measure(line, Face::Small) <= 108.0));
        assert_eq!(lines.join(" "), long);
    }
}

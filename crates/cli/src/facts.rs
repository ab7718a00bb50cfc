//! What `inspect` says, in lines for people.

use std::fmt::Write as _;

use overread_imaging::{AdequacyClass, End, Inspection, LutFacts};

/// One fact a line, its name before it.
pub(crate) fn facts(of: &Inspection) -> String {
    let mut out = Lines(String::new());
    let frames = if of.frames == 1 { "1 frame" } else { &format!("{} frames", of.frames) };
    out.line("size", &format!("{} rows × {} columns, {frames}", of.rows, of.cols));
    let modality = of.modality.as_deref().map_or_else(String::new, |m| format!("{m}, "));
    out.line("source", &format!("{modality}{}", of.transfer_syntax));
    out.line("stored", &stored(of));
    let inverted = if of.inverted { "shown inverted" } else { "not inverted" };
    out.line("photometric", &format!("{}, {inverted}", of.photometric));
    modality_map(of, &mut out);
    for window in &of.windows {
        let name = window.explanation.as_deref().map_or_else(String::new, |e| format!(", {e}"));
        let (c, w) = (window.window.center, window.window.width);
        let function = window.window.function.name();
        out.line(
            &format!("window {}", window.number),
            &format!("centre {c}, width {w}, {function}{name}"),
        );
    }
    for (n, table) in (1..).zip(&of.luts) {
        out.line(&format!("LUT {n}"), &lut(table));
    }
    if let Some(voi) = &of.default_voi {
        out.line("opens with", voi);
    }
    if let Some(padding) = &of.padding {
        out.line("padding", &format!("{} to {}", padding.low, padding.high));
    }
    let spacing = match (of.spacing.row, of.spacing.col) {
        (Some(row), Some(col)) => {
            format!("{row} between rows, {col} between columns, {}", of.spacing.kind)
        }
        _ => "not stated: lengths in pixels".to_owned(),
    };
    out.line("spacing", &spacing);
    if (of.pixel_aspect - 1.0).abs() > 1e-9 {
        out.line("pixel aspect", &format!("{} high for 1 wide", of.pixel_aspect));
    }
    view(of, &mut out);
    out.line("grey levels", &of.adequacy.text);
    if of.adequacy.class != AdequacyClass::NotApplicable {
        let a = &of.adequacy;
        out.line("", &format!("{} in use, entropy {:.2} bits", a.used, a.entropy));
        out.line("", &end("highest", &a.high));
        out.line("", &end("lowest", &a.low));
    }
    for warning in &of.warnings {
        out.line("warning", warning);
    }
    out.0.trim_end().to_owned()
}

struct Lines(String);

impl Lines {
    fn line(&mut self, name: &str, what: &str) {
        // Writing to a String cannot fail.
        writeln!(self.0, "{name:<14}{what}").ok();
    }
}

fn stored(of: &Inspection) -> String {
    let sign = if of.signed { "signed" } else { "unsigned" };
    let range =
        of.stored_range.map_or_else(String::new, |[low, high]| format!("; values {low} to {high}"));
    format!(
        "{} of {} bits, high bit {}, {sign}{range}",
        of.bits_stored, of.bits_allocated, of.high_bit
    )
}

fn modality_map(of: &Inspection, out: &mut Lines) {
    if let Some(table) = &of.modality_lut {
        out.line("modality LUT", &lut(table));
    }
    if let Some(r) = of.rescale.filter(|r| (r.slope, r.intercept) != (1.0, 0.0)) {
        out.line("rescale", &format!("stored × {} + {}", r.slope, r.intercept));
    }
}

fn lut(table: &LutFacts) -> String {
    let bits = if table.bits == table.bits_declared {
        format!("{} bits", table.bits)
    } else {
        format!("{} bits, {} declared", table.bits, table.bits_declared)
    };
    let name = table.explanation.as_deref().map_or_else(String::new, |e| format!(", {e}"));
    format!("{} entries from {}, {bits}{name}", table.entries, table.first)
}

fn view(of: &Inspection, out: &mut Lines) {
    let facts = [&of.view.body_part, &of.view.position, &of.view.laterality];
    let known: Vec<&str> = facts.into_iter().flatten().map(String::as_str).collect();
    if !known.is_empty() {
        out.line("view", &known.join(", "));
    }
    if let Some([right, below]) = &of.orientation {
        out.line("orientation", &format!("{right} to the right, {below} below"));
    }
    if 0 < of.overlays {
        out.line("overlays", &of.overlays.to_string());
    }
    if of.shutter {
        out.line("shutter", "stated");
    }
}

/// Share of the pixels from which the place of an area is said.
const WORTH_A_PLACE: f64 = 0.001;

fn end(name: &str, end: &End) -> String {
    let place =
        end.area.filter(|_| WORTH_A_PLACE <= end.plateau).map_or_else(String::new, |area| {
            format!(
                ", {:.0} % of it in the central third; at column {}, row {}, {}×{}",
                area.central_share * 100.0,
                area.left,
                area.top,
                area.width,
                area.height
            )
        });
    format!(
        "{name} level {}: {:.2} % of the pixels, largest area {:.2} %{place}",
        end.level,
        end.saturated * 100.0,
        end.plateau * 100.0
    )
}

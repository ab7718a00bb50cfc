//! Overlay planes (60xx) and the display shutter, from the header.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::decode::dicom::attributes::Attributes;
use crate::overlay::{Overlay, Shutter, ShutterShape};

/// An overlay that lives in a bit of the pixel words (retired, still met).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Embedded {
    pub(crate) group: u16,
    pub(crate) bit: u32,
}

fn groups() -> impl Iterator<Item = u16> {
    (0x6000..=0x601E).step_by(2)
}

struct Plane {
    width: u32,
    height: u32,
    row: i32,
    column: i32,
    graphics: bool,
    label: Option<String>,
}

fn plane(a: Attributes<'_>, group: u16) -> Option<Plane> {
    let size =
        |element| a.int(Tag(group, element)).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    let origin = a.ints(Tag(group, 0x0050));
    let from_one = |i: usize| {
        origin.get(i).and_then(|&v| i32::try_from(v).ok()).map_or(0, |v| v.saturating_sub(1))
    };
    Some(Plane {
        height: size(0x0010)?,
        width: size(0x0011)?,
        row: from_one(0),
        column: from_one(1),
        graphics: a.text(Tag(group, 0x0040)).is_none_or(|t| t != "R"),
        label: a.text(Tag(group, 0x1500)).or_else(|| a.text(Tag(group, 0x0022))),
    })
}

/// Overlays with data of their own.
pub(crate) fn separate(a: Attributes<'_>, warnings: &mut Vec<String>) -> Vec<Overlay> {
    let mut out = Vec::new();
    for group in groups() {
        let Some(bits) = a.bytes(Tag(group, 0x3000)) else { continue };
        let Some(p) = plane(a, group) else { continue };
        let needed = (u64::from(p.width) * u64::from(p.height)).div_ceil(8);
        if (bits.len() as u64) < needed {
            warnings.push(format!("overlay {group:04X} is cut short: left out"));
            continue;
        }
        out.push(Overlay {
            width: p.width,
            height: p.height,
            row: p.row,
            column: p.column,
            graphics: p.graphics,
            label: p.label,
            bits,
        });
    }
    out
}

/// Overlays that claim a bit of the pixel words.
pub(crate) fn embedded(a: Attributes<'_>, allocated: u16) -> Vec<Embedded> {
    groups()
        .filter_map(|group| {
            a.0.get(Tag(group, 0x3000)).is_none().then_some(())?;
            let own = a.int(Tag(group, 0x0100))?;
            if own <= 1 {
                return None;
            }
            let bit = u32::try_from(a.int(Tag(group, 0x0102))?).ok()?;
            (bit < u32::from(allocated)).then_some(Embedded { group, bit })
        })
        .collect()
}

/// Picks one bit of every word out as an overlay plane of the image's size.
pub(crate) fn extract(
    a: Attributes<'_>,
    which: Embedded,
    size: (u32, u32),
    word: impl Fn(usize) -> u32,
) -> Overlay {
    let pixels = size.0 as usize * size.1 as usize;
    let mut bits = vec![0_u8; pixels.div_ceil(8)];
    for i in 0..pixels {
        if word(i) >> which.bit & 1 == 1
            && let Some(byte) = bits.get_mut(i / 8)
        {
            *byte |= 1 << (i % 8);
        }
    }
    let graphics = a.text(Tag(which.group, 0x0040)).is_none_or(|t| t != "R");
    Overlay {
        width: size.0,
        height: size.1,
        row: 0,
        column: 0,
        graphics,
        label: a.text(Tag(which.group, 0x1500)),
        bits,
    }
}

/// The display shutter, when the file has one.
pub(crate) fn shutter(a: Attributes<'_>) -> Option<Shutter> {
    let mut shapes = Vec::new();
    for name in a.texts(tags::SHUTTER_SHAPE) {
        let shape = match name.as_str() {
            "RECTANGULAR" => rectangle(a),
            "CIRCULAR" => circle(a),
            "POLYGONAL" => polygon(a),
            _ => None,
        };
        shapes.extend(shape);
    }
    if shapes.is_empty() {
        return None;
    }
    let value = a
        .int(tags::SHUTTER_PRESENTATION_VALUE)
        .and_then(|v| u16::try_from(v & 0xFFFF).ok())
        .unwrap_or(0);
    Some(Shutter { shapes, value })
}

fn rectangle(a: Attributes<'_>) -> Option<ShutterShape> {
    Some(ShutterShape::Rectangle {
        left: a.int(tags::SHUTTER_LEFT_VERTICAL_EDGE)?,
        right: a.int(tags::SHUTTER_RIGHT_VERTICAL_EDGE)?,
        top: a.int(tags::SHUTTER_UPPER_HORIZONTAL_EDGE)?,
        bottom: a.int(tags::SHUTTER_LOWER_HORIZONTAL_EDGE)?,
    })
}

fn circle(a: Attributes<'_>) -> Option<ShutterShape> {
    let center = a.ints(tags::CENTER_OF_CIRCULAR_SHUTTER);
    let (row, column) = (*center.first()?, *center.get(1)?);
    Some(ShutterShape::Circle { row, column, radius: a.int(tags::RADIUS_OF_CIRCULAR_SHUTTER)? })
}

fn polygon(a: Attributes<'_>) -> Option<ShutterShape> {
    let values = a.ints(tags::VERTICES_OF_THE_POLYGONAL_SHUTTER);
    let corners: Vec<(i64, i64)> = values.as_chunks::<2>().0.iter().map(|c| (c[0], c[1])).collect();
    (corners.len() >= 3).then_some(ShutterShape::Polygon(corners))
}

//! A DICOM object cut down to what the display pipeline reads.

use dicom_core::Tag;
use dicom_core::header::Header as _;
use dicom_core::value::{DataSetSequence, Value};
use dicom_dictionary_std::tags;
use dicom_encoding::TransferSyntaxIndex as _;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use super::attributes::Attributes;
use super::header::damaged;
use super::scan::{self, PixelBytes};
use crate::error::{DecodeError, DecodeLimits};

/// Attributes that decide how pixels are decoded and shown. Everything else says whose they are, when
/// they were made or where, and does not go along.
const KEPT: &[Tag] = &[
    tags::SOP_CLASS_UID,
    tags::MODALITY,
    tags::PRESENTATION_INTENT_TYPE,
    tags::BODY_PART_EXAMINED,
    tags::VIEW_POSITION,
    tags::LATERALITY,
    tags::IMAGE_LATERALITY,
    tags::PATIENT_ORIENTATION,
    tags::FRAME_TIME,
    tags::CINE_RATE,
    tags::IMAGER_PIXEL_SPACING,
    tags::NOMINAL_SCANNED_PIXEL_SPACING,
    tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR,
    tags::SHUTTER_SHAPE,
    tags::SHUTTER_LEFT_VERTICAL_EDGE,
    tags::SHUTTER_RIGHT_VERTICAL_EDGE,
    tags::SHUTTER_UPPER_HORIZONTAL_EDGE,
    tags::SHUTTER_LOWER_HORIZONTAL_EDGE,
    tags::CENTER_OF_CIRCULAR_SHUTTER,
    tags::RADIUS_OF_CIRCULAR_SHUTTER,
    tags::VERTICES_OF_THE_POLYGONAL_SHUTTER,
    tags::SHUTTER_PRESENTATION_VALUE,
    tags::SAMPLES_PER_PIXEL,
    tags::PHOTOMETRIC_INTERPRETATION,
    tags::PLANAR_CONFIGURATION,
    tags::NUMBER_OF_FRAMES,
    tags::ROWS,
    tags::COLUMNS,
    tags::PIXEL_SPACING,
    tags::PIXEL_SPACING_CALIBRATION_TYPE,
    tags::PIXEL_ASPECT_RATIO,
    tags::BITS_ALLOCATED,
    tags::BITS_STORED,
    tags::HIGH_BIT,
    tags::PIXEL_REPRESENTATION,
    tags::PIXEL_PADDING_VALUE,
    tags::PIXEL_PADDING_RANGE_LIMIT,
    tags::WINDOW_CENTER,
    tags::WINDOW_WIDTH,
    tags::WINDOW_CENTER_WIDTH_EXPLANATION,
    tags::VOILUT_FUNCTION,
    tags::VOILUT_SEQUENCE,
    tags::FRAME_VOILUT_SEQUENCE,
    tags::RESCALE_INTERCEPT,
    tags::RESCALE_SLOPE,
    tags::MODALITY_LUT_SEQUENCE,
    tags::LUT_DESCRIPTOR,
    tags::LUT_DATA,
    tags::LUT_EXPLANATION,
    tags::PRESENTATION_LUT_SHAPE,
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    tags::PIXEL_MEASURES_SEQUENCE,
];

/// Elements of an overlay group that place its bits; its label and description may name anybody.
const OVERLAY_KEPT: [u16; 9] =
    [0x0010, 0x0011, 0x0015, 0x0040, 0x0050, 0x0051, 0x0100, 0x0102, 0x3000];

const SECONDARY_CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";

/// The object as a new file, and whether it says that text is burned into its pixels.
pub(crate) fn blinded(
    bytes: &[u8],
    number: u128,
    limits: DecodeLimits,
) -> Result<(Vec<u8>, bool), DecodeError> {
    let envelope = scan::open(bytes, limits)?;
    let scanned = scan::scan(&envelope.dataset, envelope.encoding)?;
    let pixels = scanned.pixels.ok_or(DecodeError::NoPixels)?;
    let object = super::read_header(&scanned.header, envelope.encoding)?;
    let a = Attributes(&object);
    let burned_in = a.text(tags::BURNED_IN_ANNOTATION).is_some_and(|text| text == "YES");
    let class = a
        .text(tags::SOP_CLASS_UID)
        .filter(|uid| uid.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
        .unwrap_or_else(|| SECONDARY_CAPTURE.to_owned());
    let syntax = match (&pixels, envelope.encoding.explicit, envelope.encoding.big) {
        // Compressed pixels keep their syntax, whose header is explicit and little endian.
        (PixelBytes::Encapsulated { .. }, ..) => envelope.transfer_syntax.as_str(),
        (_, false, _) => scan::IMPLICIT_LE,
        (_, true, false) => scan::EXPLICIT_LE,
        (_, true, true) => scan::EXPLICIT_BE,
    };
    let header = match syntax {
        scan::IMPLICIT_LE | scan::EXPLICIT_BE => syntax,
        _ => scan::EXPLICIT_LE,
    };
    let mut out = vec![0; 128];
    out.extend(b"DICM");
    file_meta(&mut out, &class, &format!("2.25.{number}"), syntax);
    let registered = TransferSyntaxRegistry
        .get(header)
        .ok_or_else(|| DecodeError::unsupported("DICOM", "the dataset's encoding"))?;
    reduced(&object)
        .write_dataset_with_ts(&mut out, registered)
        .map_err(|error| damaged(format!("the header cannot be written: {error}")))?;
    pixel_data(&mut out, &pixels, header)?;
    Ok((out, burned_in))
}

fn reduced(object: &InMemDicomObject) -> InMemDicomObject {
    InMemDicomObject::from_element_iter(object.iter().filter(|e| kept(e.tag())).map(element))
}

fn kept(tag: Tag) -> bool {
    let overlay = (0x6000..=0x601E).contains(&tag.group()) && tag.group().is_multiple_of(2);
    KEPT.contains(&tag) || overlay && OVERLAY_KEPT.contains(&tag.element())
}

/// The element, with only kept attributes in the items of a sequence.
fn element(element: &InMemElement) -> InMemElement {
    match element.items() {
        None => element.clone(),
        Some(items) => {
            let items: Vec<InMemDicomObject> = items.iter().map(reduced).collect();
            InMemElement::new(
                element.tag(),
                element.vr(),
                Value::Sequence(DataSetSequence::from(items)),
            )
        }
    }
}

/// Group 0002: what reads the rest.
fn file_meta(out: &mut Vec<u8>, class: &str, instance: &str, syntax: &str) {
    let mut group = Vec::new();
    group.extend([2, 0, 1, 0]);
    group.extend(b"OB\0\0\x02\0\0\0\0\x01");
    for (number, uid) in [
        (2_u8, class),
        (3, instance),
        (0x10, syntax),
        (0x12, "2.25.80302813137786398554742050926734630921"),
    ] {
        group.extend([2, 0, number, 0]);
        group.extend(b"UI");
        let even = uid.len().next_multiple_of(2);
        group.extend(u16::try_from(even).unwrap_or(0).to_le_bytes());
        group.extend(uid.as_bytes());
        group.resize(group.len() + even - uid.len(), 0);
    }
    out.extend([2, 0, 0, 0]);
    out.extend(b"UL\x04\0");
    out.extend(u32::try_from(group.len()).unwrap_or(0).to_le_bytes());
    out.extend(group);
}

fn pixel_data(out: &mut Vec<u8>, pixels: &PixelBytes<'_>, header: &str) -> Result<(), DecodeError> {
    let too_large = |_| damaged("the pixel data are too large");
    let length = |n: usize| u32::try_from(n).map_err(too_large);
    let big = header == scan::EXPLICIT_BE;
    let order = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    out.extend(if big { [0x7F, 0xE0, 0, 0x10] } else { [0xE0, 0x7F, 0x10, 0] });
    match pixels {
        PixelBytes::Float => {
            return Err(DecodeError::unsupported("DICOM", "floating point pixel data"));
        }
        PixelBytes::Native { data, words, .. } => {
            if header != scan::IMPLICIT_LE {
                out.extend(if *words { b"OW\0\0" } else { b"OB\0\0" });
            }
            let even = data.len().next_multiple_of(2);
            out.extend(order(length(even)?));
            out.extend_from_slice(data);
            out.resize(out.len() + even - data.len(), 0);
        }
        PixelBytes::Encapsulated { offsets, fragments } => {
            out.extend(b"OB\0\0\xFF\xFF\xFF\xFF");
            out.extend([0xFE, 0xFF, 0x00, 0xE0]);
            out.extend(length(offsets.len() * 4)?.to_le_bytes());
            out.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
            for fragment in fragments {
                out.extend([0xFE, 0xFF, 0x00, 0xE0]);
                out.extend(length(fragment.len())?.to_le_bytes());
                out.extend_from_slice(fragment);
            }
            out.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        }
    }
    Ok(())
}

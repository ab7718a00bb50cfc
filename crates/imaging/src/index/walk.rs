//! The walk over the elements of a header. Trusts nothing: values are bounded, nesting is
//! bounded, and every length is held against the end of the file by reading on.

use std::io::{Read, Seek};

use flate2::read::DeflateDecoder;

use super::age;
use super::feed::{Feed, Seeking, Streaming, Window};
use super::{Header, IndexError};
use crate::decode::dicom::scan::{
    DEFLATED_LE, EXPLICIT_BE, Encoding, IMPLICIT_LE, dataset_start, has_long_length,
};
use dicom_core::VR;

/// The longest value that is looked at. None of those wanted may be longer by the standard.
const LONGEST_VALUE: u32 = 1024;
/// Deeper than any lawful object.
const DEEPEST: usize = 48;
/// More elements than any lawful header has in front of the image's dimensions.
const MOST_ELEMENTS: usize = 1 << 16;
/// What is inflated at most in search of the dimensions.
const MOST_INFLATED: u64 = 64 << 20;
/// Columns, the last element that is wanted, lies in this group.
const LAST_GROUP: u16 = 0x0028;

const UNDEFINED: u32 = u32::MAX;
const ITEM: (u16, u16) = (0xFFFE, 0xE000);
const ITEM_END: (u16, u16) = (0xFFFE, 0xE00D);
const SEQUENCE_END: (u16, u16) = (0xFFFE, 0xE0DD);

const META: Encoding = Encoding { explicit: true, big: false };

struct Element {
    tag: (u16, u16),
    vr: Option<VR>,
    length: u32,
}

fn unreadable(error: &std::io::Error) -> IndexError {
    match error.kind() {
        // What the inflater says of a broken stream.
        std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData => {
            IndexError::Damaged("the deflated dataset does not inflate")
        }
        kind => IndexError::Unreadable(kind),
    }
}

/// Reads a header from the beginning of a file.
pub(super) fn read(source: impl Read + Seek) -> Result<Header, IndexError> {
    let mut window = Window::new(Seeking(source));
    let head = window.peek(132 + 8).map_err(|e| unreadable(&e))?;
    if head.get(128..132) == Some(b"DICM") {
        window.pass(132).map_err(|e| unreadable(&e))?;
    } else if dataset_start(head).is_none() {
        return Err(IndexError::NotDicom);
    }
    let mut found = Found::default();
    file_meta(&mut window, &mut found)?;
    let uid = found.header.transfer_syntax.as_deref();
    if uid == Some(DEFLATED_LE) {
        let inflated = DeflateDecoder::new(window.into_rest()).take(MOST_INFLATED);
        walk(&mut Window::new(Streaming(inflated)), META, &mut found)?;
        return Ok(found.finish());
    }
    let guess = dataset_start(window.peek(8).map_err(|e| unreadable(&e))?);
    let declared = uid.map(|u| Encoding { explicit: u != IMPLICIT_LE, big: u == EXPLICIT_BE });
    let implicit = Encoding { explicit: false, big: false };
    walk(&mut window, guess.or(declared).unwrap_or(implicit), &mut found)?;
    Ok(found.finish())
}

/// Group 0002, by its elements: its own length element is often wrong.
fn file_meta<F: Feed>(window: &mut Window<F>, found: &mut Found) -> Result<(), IndexError> {
    for _ in 0..MOST_ELEMENTS {
        if window.peek(2).map_err(|e| unreadable(&e))?.get(..2) != Some(&[2, 0]) {
            return Ok(());
        }
        let element = element(window, META)?;
        if element.tag == (0x0002, 0x0010) {
            found.take(&element, &value(window, element.length)?, META);
        } else if element.length == UNDEFINED {
            return Err(IndexError::Damaged("the file meta group cannot be walked"));
        } else {
            pass(window, element.length)?;
        }
    }
    Err(IndexError::Damaged("the file meta group does not end"))
}

fn walk<F: Feed>(
    window: &mut Window<F>,
    encoding: Encoding,
    found: &mut Found,
) -> Result<(), IndexError> {
    // What is open: sequences and items of undefined length, with how they are written.
    let mut open: Vec<Encoding> = Vec::new();
    for _ in 0..MOST_ELEMENTS {
        let here = open.last().copied().unwrap_or(encoding);
        if open.is_empty() && window.peek(8).map_err(|e| unreadable(&e))?.len() < 8 {
            return Ok(());
        }
        let element = element(window, here)?;
        match element.tag {
            ITEM_END | SEQUENCE_END => {
                if open.pop().is_none() {
                    return Err(IndexError::Damaged("a sequence ends that was never begun"));
                }
                pass(window, element.length)?;
            }
            tag if open.is_empty() && tag.0 > LAST_GROUP => return Ok(()),
            _ if element.length == UNDEFINED => {
                if open.len() == DEEPEST {
                    return Err(IndexError::Damaged("sequences are nested too deep"));
                }
                // An UN of undefined length is a sequence in implicit VR little endian.
                let unknown = element.tag != ITEM && element.vr == Some(VR::UN);
                open.push(if unknown { Encoding { explicit: false, big: false } } else { here });
            }
            tag if open.is_empty() && Found::wants(tag) && element.length <= LONGEST_VALUE => {
                found.take(&element, &value(window, element.length)?, here);
            }
            _ => pass(window, element.length)?,
        }
    }
    Err(IndexError::Damaged("more elements than a header has"))
}

const CUT: IndexError = IndexError::Damaged("the file ends in the middle of the header");

fn element<F: Feed>(window: &mut Window<F>, encoding: Encoding) -> Result<Element, IndexError> {
    let word =
        |b: [u8; 2]| if encoding.big { u16::from_be_bytes(b) } else { u16::from_le_bytes(b) };
    let double =
        |b: [u8; 4]| if encoding.big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) };
    let [a, b, c, d, e, f, g, h] = window.take::<8>().map_err(|e| unreadable(&e))?.ok_or(CUT)?;
    let tag = (word([a, b]), word([c, d]));
    if tag.0 == 0xFFFE || !encoding.explicit {
        return Ok(Element { tag, vr: None, length: double([e, f, g, h]) });
    }
    let vr = VR::from_binary([e, f]).unwrap_or(VR::UN);
    let length = if has_long_length(vr) {
        double(window.take::<4>().map_err(|e| unreadable(&e))?.ok_or(CUT)?)
    } else {
        u32::from(word([g, h]))
    };
    Ok(Element { tag, vr: Some(vr), length })
}

fn value<F: Feed>(window: &mut Window<F>, length: u32) -> Result<Vec<u8>, IndexError> {
    if length > LONGEST_VALUE {
        pass(window, length)?;
        return Ok(Vec::new());
    }
    let n = length as usize;
    let bytes = window.peek(n).map_err(|e| unreadable(&e))?;
    let value = bytes.get(..n).ok_or(CUT)?.to_vec();
    pass(window, length)?;
    Ok(value)
}

fn pass<F: Feed>(window: &mut Window<F>, length: u32) -> Result<(), IndexError> {
    window.pass(u64::from(length)).map_err(|e| unreadable(&e))
}

/// What was found so far.
#[derive(Default)]
struct Found {
    header: Header,
    birth: Option<String>,
    image_laterality: Option<String>,
    content_time: Option<String>,
}

impl Found {
    fn wants(tag: (u16, u16)) -> bool {
        matches!(
            tag,
            (
                0x0008,
                0x0016 | 0x0018 | 0x0020 | 0x0032 | 0x0033 | 0x0060 | 0x0068 | 0x0070 | 0x1090
            ) | (0x0010, 0x0020 | 0x0030 | 0x0040 | 0x1010)
                | (0x0018, 0x0015 | 0x5101)
                | (0x0020, 0x000D | 0x000E | 0x0011 | 0x0012 | 0x0013 | 0x0060 | 0x0062)
                | (0x0028, 0x0008 | 0x0010 | 0x0011)
        )
    }

    fn take(&mut self, element: &Element, value: &[u8], encoding: Encoding) {
        let h = &mut self.header;
        let upper = |v: &[u8]| text(v).map(|t| t.to_uppercase());
        match element.tag {
            (0x0002, 0x0010) => h.transfer_syntax = text(value),
            (0x0008, 0x0016) => h.sop_class_uid = text(value),
            (0x0008, 0x0018) => h.sop_uid = text(value),
            (0x0008, 0x0020) => h.study_date = text(value),
            (0x0008, 0x0032) => h.acquisition_time = text(value),
            (0x0008, 0x0033) => self.content_time = text(value),
            (0x0008, 0x0060) => h.modality = upper(value),
            (0x0008, 0x0068) => {
                h.for_processing = upper(value).as_deref() == Some("FOR PROCESSING");
            }
            (0x0008, 0x0070) => h.manufacturer = text(value),
            (0x0008, 0x1090) => h.model = text(value),
            (0x0010, 0x0020) => h.patient_id = text(value),
            (0x0010, 0x0030) => self.birth = text(value),
            (0x0010, 0x0040) => h.sex = upper(value),
            (0x0010, 0x1010) => h.age_years = text(value).and_then(|t| age::years(&t)),
            (0x0018, 0x0015) => h.body_part = upper(value),
            (0x0018, 0x5101) => h.view_position = upper(value),
            (0x0020, 0x000D) => h.study_uid = text(value),
            (0x0020, 0x000E) => h.series_uid = text(value),
            (0x0020, 0x0011) => h.series_number = number(value),
            (0x0020, 0x0012) => h.acquisition_number = number(value),
            (0x0020, 0x0013) => h.instance_number = number(value),
            (0x0020, 0x0060) => h.laterality = upper(value),
            (0x0020, 0x0062) => self.image_laterality = upper(value),
            (0x0028, 0x0008) => {
                h.frames = number(value).and_then(|n| n.try_into().ok()).unwrap_or(0);
            }
            (0x0028, 0x0010) => h.rows = short(value, encoding),
            (0x0028, 0x0011) => h.cols = short(value, encoding),
            _ => {}
        }
    }

    fn finish(self) -> Header {
        let mut h = self.header;
        h.frames = h.frames.max(1);
        h.laterality = self.image_laterality.or(h.laterality);
        h.acquisition_time = h.acquisition_time.or(self.content_time);
        h.age_years = h.age_years.or_else(|| {
            let (birth, study) = self.birth.as_deref().zip(h.study_date.as_deref())?;
            age::between(birth, study)
        });
        h
    }
}

/// The first value of a text. What is not UTF-8 is read byte by byte: identifiers stay
/// distinct, whatever the character set.
fn text(value: &[u8]) -> Option<String> {
    let all = match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => value.iter().map(|&b| char::from(b)).collect(),
    };
    let first = all.split('\\').next().unwrap_or_default();
    let trimmed = first.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

fn number(value: &[u8]) -> Option<i64> {
    text(value)?.parse().ok()
}

fn short(value: &[u8], encoding: Encoding) -> Option<u32> {
    let bytes = *value.first_chunk::<2>()?;
    let n = if encoding.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) };
    Some(u32::from(n))
}

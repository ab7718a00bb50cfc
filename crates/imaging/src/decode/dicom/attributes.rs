//! Reading attribute values without surprises.

use dicom_core::Tag;
use dicom_object::InMemDicomObject;

/// A dataset with forgiving accessors: an attribute that cannot be read is absent.
#[derive(Clone, Copy)]
pub(crate) struct Attributes<'a>(pub(crate) &'a InMemDicomObject);

impl Attributes<'_> {
    pub(crate) fn int(self, tag: Tag) -> Option<i64> {
        self.ints(tag).first().copied()
    }

    pub(crate) fn ints(self, tag: Tag) -> Vec<i64> {
        self.0.get(tag).and_then(|e| e.to_multi_int::<i64>().ok()).unwrap_or_default()
    }

    pub(crate) fn float(self, tag: Tag) -> Option<f64> {
        self.floats(tag).first().copied()
    }

    /// Numbers; one that cannot be read takes the others with it.
    pub(crate) fn floats(self, tag: Tag) -> Vec<f64> {
        let Some(element) = self.0.get(tag) else { return Vec::new() };
        if let Ok(values) = element.to_multi_float64() {
            return values;
        }
        // Decimal commas and stray blanks occur in the field.
        let Ok(text) = element.to_str() else { return Vec::new() };
        text.split('\\')
            .map(|part| part.trim_matches(blank).replace(',', ".").parse::<f64>())
            .collect::<Result<_, _>>()
            .unwrap_or_default()
    }

    pub(crate) fn text(self, tag: Tag) -> Option<String> {
        self.texts(tag).into_iter().next().filter(|t| !t.is_empty())
    }

    /// A code of the standard: upper case, whatever the writer made of it.
    pub(crate) fn code(self, tag: Tag) -> Option<String> {
        self.text(tag).map(|t| t.to_uppercase())
    }

    pub(crate) fn texts(self, tag: Tag) -> Vec<String> {
        let Some(element) = self.0.get(tag) else { return Vec::new() };
        let Ok(values) = element.to_multi_str() else { return Vec::new() };
        values
            .iter()
            .flat_map(|v| v.split('\\'))
            .map(|v| v.trim_matches(blank).to_owned())
            .collect()
    }

    pub(crate) fn items(self, tag: Tag) -> Vec<Self> {
        self.0.get(tag).and_then(|e| e.items()).unwrap_or_default().iter().map(Attributes).collect()
    }

    /// 16-bit words, whatever the VR: US, SS, or OW/OB bytes in the dataset's order.
    pub(crate) fn words(self, tag: Tag) -> Vec<u16> {
        let Some(value) = self.0.get(tag).and_then(|e| e.value().primitive()) else {
            return Vec::new();
        };
        // The reader turns words into native order; bytes come as they stand.
        let bytes = value.to_bytes();
        bytes.as_chunks::<2>().0.iter().map(|&b| u16::from_ne_bytes(b)).collect()
    }

    pub(crate) fn bytes(self, tag: Tag) -> Option<Vec<u8>> {
        Some(self.0.get(tag)?.value().primitive()?.to_bytes().into_owned())
    }
}

fn blank(c: char) -> bool {
    c == '\0' || c.is_whitespace()
}

//! What a dataset holds, as one hash: whoever changes a label in the tables changes it too.

use std::io::Write as _;

use overread_core::{Dataset, Labels, Sex};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};

use super::create::ImageLine;
use crate::hex::hex;
use crate::import::Import;

/// Ends a field, and a row: neither stands in any label file.
const FIELD: u8 = 0x1f;
const ROW: u8 = 0x1e;

/// The rows that are hashed, as docs/file-format.md has them: nothing that may change after an import, such as
/// where an image lies.
const PARTS: [&str; 5] = [
    "SELECT no, name FROM dataset_finding ORDER BY no",
    "SELECT key FROM patient ORDER BY no",
    "SELECT id, key, patient, positive, negative, uncertain, sex, age_years, region, split FROM study ORDER BY no",
    "SELECT id, study, place, view, key FROM image ORDER BY id",
    "SELECT image, place, finding, x, y, width, height FROM image_box ORDER BY image, place",
];

/// Rows on their way into the hash.
struct Rows {
    hasher: Sha256,
    bytes: Vec<u8>,
}

impl Rows {
    fn new() -> Self {
        Self { hasher: Sha256::new(), bytes: Vec::with_capacity(1 << 16) }
    }

    fn text(&mut self, text: Option<&str>) {
        self.bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
        self.bytes.push(FIELD);
    }

    fn number(&mut self, number: i64) {
        // Writing to a vector cannot fail.
        write!(self.bytes, "{number}").ok();
        self.bytes.push(FIELD);
    }

    /// A REAL, by its bits: texts of one number differ from program to program.
    fn real(&mut self, number: f64) {
        write!(self.bytes, "{:016x}", number.to_bits()).ok();
        self.bytes.push(FIELD);
    }

    fn end(&mut self) {
        self.bytes.push(ROW);
        if (1 << 15) < self.bytes.len() {
            self.hasher.update(&self.bytes);
            self.bytes.clear();
        }
    }

    fn hash(mut self) -> String {
        self.hasher.update(&self.bytes);
        hex(&self.hasher.finalize())
    }
}

/// The hash of what is imported, from what the rows are made of. The images are in the order of their ids.
pub(super) fn content_of(import: &Import, images: &[ImageLine<'_>]) -> String {
    let mut rows = Rows::new();
    for (no, name) in (0..).zip(&import.dataset.findings) {
        rows.number(no);
        rows.text(Some(name));
        rows.end();
    }
    for key in &import.patient_keys {
        rows.text(Some(key));
        rows.end();
    }
    studies(&mut rows, &import.dataset, import);
    for image in images {
        image.numbers().into_iter().for_each(|number| rows.number(number));
        rows.text(image.view());
        rows.text(image.key());
        rows.end();
    }
    boxes(&mut rows, import);
    rows.hash()
}

fn studies(rows: &mut Rows, dataset: &Dataset, import: &Import) {
    for (study, source) in dataset.studies.iter().zip(&import.sources) {
        let Labels { positive, negative, uncertain } = study.labels;
        rows.number(study.id.0.cast_signed());
        rows.text(Some(&source.key));
        rows.number(study.patient.into());
        [positive, negative, uncertain]
            .map(u64::cast_signed)
            .into_iter()
            .for_each(|n| rows.number(n));
        rows.text(study.sex.map(Sex::letter));
        match study.age_years {
            Some(age) => rows.number(age.into()),
            None => rows.text(None),
        }
        rows.text(study.region.as_deref());
        rows.text(study.split.as_deref());
        rows.end();
    }
}

fn boxes(rows: &mut Rows, import: &Import) {
    let mut boxes: Vec<_> = import
        .boxes
        .iter()
        .zip(0_i64..)
        .map(|(b, place)| (b.image.0.cast_signed(), place, b))
        .collect();
    boxes.sort_unstable_by_key(|(image, place, _)| (*image, *place));
    for (image, place, b) in boxes {
        rows.number(image);
        rows.number(place);
        rows.number(i64::try_from(b.finding).unwrap_or(i64::MAX));
        b.edges.into_iter().for_each(|edge| rows.real(edge));
        rows.end();
    }
}

/// The hash of what the tables hold.
pub(super) fn content_in(conn: &Connection) -> rusqlite::Result<String> {
    let mut hashed = Rows::new();
    for sql in PARTS {
        let mut statement = conn.prepare(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Null => hashed.text(None),
                    ValueRef::Integer(number) => hashed.number(number),
                    ValueRef::Real(number) => hashed.real(number),
                    // Bytes that are no text were not hashed as text.
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                        hashed.text(Some(std::str::from_utf8(bytes).unwrap_or("\u{fffd}")));
                    }
                }
            }
            hashed.end();
        }
    }
    Ok(hashed.hash())
}

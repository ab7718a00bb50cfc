//! What a label file looks like before anything is made of it.

use std::path::Path;

use super::ImportError;
use super::rows::detect_delimiter;
use super::source::read;

/// A label file as found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FilePreview {
    /// File name without folders.
    pub name: String,
    /// Bytes on disk.
    pub bytes: u64,
    /// Lower-case hexadecimal SHA-256 of the bytes on disk.
    pub sha256: String,
    /// Whether it is gzipped.
    pub gzipped: bool,
    /// `UTF-8`, `UTF-8 with byte order mark` or `Latin-1`.
    pub encoding: String,
    /// `,`, `;`, `|` or a tab.
    pub delimiter: char,
    /// `LF`, `CRLF` or `CR`.
    pub line_ends: String,
    /// Rows with something in them, the header included.
    pub rows: u64,
    /// Cells of the first row.
    pub columns: Vec<String>,
    /// Cells of the rows behind it.
    pub first_rows: Vec<Vec<String>>,
}

/// Looks at a label file: encoding, delimiter, columns, and its first rows.
pub fn preview(path: &Path, first_rows: usize) -> Result<FilePreview, ImportError> {
    let source = read(path)?;
    let (text, latin1) = source.text();
    let delimiter = detect_delimiter(text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut count = 0;
    let mut record = csv::StringRecord::new();
    // A row that cannot be read ends the look; the import names it.
    while reader.read_record(&mut record).unwrap_or(false) {
        count += 1;
        if rows.len() <= first_rows {
            rows.push(record.iter().map(str::to_owned).collect());
        }
    }
    let mut rows = rows.into_iter();
    let line_ends = if text.contains("\r\n") {
        "CRLF"
    } else if text.contains('\r') {
        "CR"
    } else {
        "LF"
    };
    let encoding = match (latin1, source.has_mark()) {
        (true, _) => "Latin-1",
        (false, true) => "UTF-8 with byte order mark",
        (false, false) => "UTF-8",
    };
    Ok(FilePreview {
        name: source.name.clone(),
        bytes: source.bytes,
        sha256: source.sha256.clone(),
        gzipped: source.is_gzipped(),
        encoding: encoding.to_owned(),
        delimiter: char::from(delimiter),
        line_ends: line_ends.to_owned(),
        rows: count,
        columns: rows.next().unwrap_or_default(),
        first_rows: rows.collect(),
    })
}

//! Bytes of a label file into text: plain or gzipped, UTF-8 or Latin-1, never more than fits.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::{Fault, ImportError};
use crate::hex::sha256;

/// The most bytes a label file may have, also once unpacked.
pub const MOST_BYTES: u64 = 512 << 20;

/// A label file as text.
pub(super) struct Source {
    /// File name without folders.
    pub(super) name: String,
    /// Size on disk.
    pub(super) bytes: u64,
    /// SHA-256 of the bytes on disk.
    pub(super) sha256: String,
    /// With its byte order mark.
    text: String,
    /// The bytes on disk, where those of the text are others.
    raw: Option<Vec<u8>>,
    gzipped: bool,
    latin1: bool,
}

const MARK: char = '\u{feff}';

impl Source {
    /// A file that is not there, for tests.
    #[cfg(test)]
    pub(super) fn of_text(name: &str) -> Self {
        let (name, sha256, text) = (name.to_owned(), String::new(), String::new());
        Self { name, bytes: 0, sha256, text, raw: None, gzipped: false, latin1: false }
    }

    /// The file's text and whether it had to be read as Latin-1.
    pub(super) fn text(&self) -> (&str, bool) {
        (self.text.strip_prefix(MARK).unwrap_or(&self.text), self.latin1)
    }

    /// The bytes on disk, for the hash over several files.
    pub(super) fn raw(&self) -> &[u8] {
        self.raw.as_deref().unwrap_or(self.text.as_bytes())
    }

    /// Whether the text begins with a byte order mark.
    pub(super) fn has_mark(&self) -> bool {
        self.text.starts_with(MARK)
    }

    /// Whether the file is gzipped.
    pub(super) fn is_gzipped(&self) -> bool {
        self.gzipped
    }

    pub(super) fn fault(&self, line: u64, column: u64, text: impl Into<String>) -> Fault {
        Fault { file: self.name.clone(), line, column, text: text.into() }
    }
}

/// Reads a label file whole.
pub(super) fn read(path: &Path) -> Result<Source, ImportError> {
    let fail = |source| ImportError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(fail)?;
    if file.metadata().map_err(fail)?.is_dir() {
        return Err(fail(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")));
    }
    let raw = limited(file, path)?;
    let gzipped = raw.starts_with(&[0x1f, 0x8b]);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (bytes, sha256) = (raw.len() as u64, sha256(&raw));
    let (packed, plain) = if gzipped {
        let plain = limited(MultiGzDecoder::new(raw.as_slice()), path)?;
        (Some(raw), plain)
    } else {
        (None, raw)
    };
    let (text, raw, latin1) = match String::from_utf8(plain) {
        Ok(text) => (text, packed, false),
        Err(error) => {
            let plain = error.into_bytes();
            (latin1(&plain), Some(packed.unwrap_or(plain)), true)
        }
    };
    Ok(Source { name, bytes, sha256, text, raw, gzipped, latin1 })
}

/// Every byte is a character of Latin-1; a byte order mark of UTF-8 before them is none of them.
fn latin1(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.iter().map(|&byte| char::from(byte)).collect()
}

fn limited(from: impl Read, path: &Path) -> Result<Vec<u8>, ImportError> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| ImportError::Io { path: path.to_owned(), source })?;
    if MOST_BYTES < bytes.len() as u64 {
        return Err(ImportError::TooLarge { path: path.to_owned() });
    }
    Ok(bytes)
}

//! Rows of a delimited text, with the line and column of every cell.

use std::cell::Cell;

use csv::StringRecord;

use super::source::Source;
use super::{Fault, ImportError};

/// A text that is read row by row.
pub(super) struct Rows<'a> {
    source: &'a Source,
    text: &'a str,
    delimiter: u8,
    /// The first byte of this part of the text, and its line.
    begin: (usize, u64),
    reader: csv::Reader<&'a [u8]>,
    record: StringRecord,
    /// Whether a carriage return alone ends a line somewhere: the reader of rows does not count those.
    bare_returns: bool,
    /// Where a line begins, and its number: places are asked for from front to back.
    line_start: Cell<(usize, u64)>,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Rows<'a> {
    /// Begins at the first row. A NUL byte anywhere ends it at once.
    pub(super) fn new(
        source: &'a Source,
        text: &'a str,
        delimiter: u8,
    ) -> Result<Self, ImportError> {
        if let Some(at) = text.find('\0') {
            let (line, column) = place(text, at);
            let fault = source.fault(line, column, "a NUL byte; this is not a text table");
            return Err(ImportError::Rows(vec![fault]));
        }
        let bytes = text.as_bytes();
        let bare = text.match_indices('\r').any(|(at, _)| bytes.get(at + 1) != Some(&b'\n'));
        Ok(Self { bare_returns: bare, ..Self::part(source, text, delimiter, (0, 1), text.len()) })
    }

    /// Reads from a byte, which begins a row and that line, up to another.
    fn part(
        source: &'a Source,
        text: &'a str,
        delimiter: u8,
        begin: (usize, u64),
        end: usize,
    ) -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_bytes().get(begin.0..end).unwrap_or_default());
        Self {
            source,
            text,
            delimiter,
            begin,
            reader,
            record: StringRecord::new(),
            bare_returns: false,
            line_start: Cell::new((0, 1)),
            faults: Vec::new(),
        }
    }

    /// The rows that are yet to come in two halves, so that each can be read beside the other. The
    /// second is empty where the text cannot be divided without reading it.
    pub(super) fn halves(self) -> (Self, Self) {
        let Self { source, text, delimiter, begin, ref reader, bare_returns, .. } = self;
        let position = reader.position();
        let first = begin.0 + usize::try_from(position.byte()).unwrap_or(0);
        let line = begin.1 + position.line() - 1;
        let rest = text.as_bytes().get(first..).unwrap_or_default();
        // Within quotes a line end ends no row.
        let middle = (!rest.contains(&b'"'))
            .then(|| rest.iter().skip(rest.len() / 2).position(|&byte| byte == b'\n'))
            .flatten()
            .map_or(text.len(), |at| first + rest.len() / 2 + at + 1);
        let before = text.as_bytes().get(first..middle).unwrap_or_default();
        let lines = before.iter().map(|&byte| u64::from(byte == b'\n')).sum::<u64>();
        let mut front = Self::part(source, text, delimiter, (first, line), middle);
        front.faults = self.faults;
        front.bare_returns = bare_returns;
        let back = Self::part(source, text, delimiter, (middle, line + lines), text.len());
        (front, Self { bare_returns, ..back })
    }

    /// Goes to the next row; `false` at the end.
    pub(super) fn advance(&mut self) -> bool {
        match self.reader.read_record(&mut self.record) {
            Ok(more) => more,
            Err(error) => {
                let line = self.begin.1 - 1 + error.position().map_or(1, csv::Position::line);
                let fault = self.source.fault(line, 1, format!("the row cannot be read: {error}"));
                self.faults.push(fault);
                false
            }
        }
    }

    /// The row under way.
    pub(super) fn row(&self) -> &StringRecord {
        &self.record
    }

    /// A cell of the row under way; empty where there is none.
    pub(super) fn cell(&self, index: usize) -> &str {
        self.record.get(index).unwrap_or("")
    }

    /// The line on which the row under way begins.
    pub(super) fn line(&self) -> u64 {
        if self.bare_returns {
            return self.locate(self.row_start()).0;
        }
        self.record.position().map_or(self.begin.1, |at| {
            let from = self.begin.0 as u64 + at.byte();
            let line = self.begin.1 - 1 + at.line();
            overread_core::lines::line_of_row(self.text.as_bytes(), from, line)
        })
    }

    /// Notes what is wrong with a cell.
    pub(super) fn reject(&mut self, index: usize, text: impl Into<String>) {
        let fault = self.at(index, text);
        self.faults.push(fault);
    }

    /// A remark on a cell, with its place.
    pub(super) fn at(&self, index: usize, text: impl Into<String>) -> Fault {
        let start = self.row_start();
        let offset =
            self.text.get(start..).map_or(0, |row| cell_offset(row, self.delimiter, index));
        let (line, column) = self.locate(start + offset);
        self.source.fault(line, column, text)
    }

    /// The first byte of the row under way: the reader's position may stand on line ends that it has yet to skip.
    fn row_start(&self) -> usize {
        let start = self.record.position().map_or(0, csv::Position::byte);
        let start = self.begin.0 + usize::try_from(start).unwrap_or(0);
        let rest = self.text.get(start..).unwrap_or("");
        start + rest.len() - rest.trim_start_matches(['\r', '\n']).len()
    }

    /// 1-based line and column of a byte, counted on from the last place that was asked for.
    fn locate(&self, at: usize) -> (u64, u64) {
        let (mut start, mut line) = self.line_start.get();
        if at < start {
            (start, line) = (0, 1);
        }
        let bytes = self.text.as_bytes();
        let from = start;
        for i in from..at.min(bytes.len()) {
            let ends = match bytes.get(i) {
                Some(b'\n') => true,
                // Before a line feed it is the first half of one line end.
                Some(b'\r') => bytes.get(i + 1) != Some(&b'\n'),
                _ => false,
            };
            if ends {
                start = i + 1;
                line += 1;
            }
        }
        self.line_start.set((start, line));
        let before = self.text.get(start..at).unwrap_or("");
        (line, before.chars().count() as u64 + 1)
    }

    /// Notes that a row has not as many columns as it should, at the first that is missing or too many.
    pub(super) fn reject_width(&mut self, wanted: usize) {
        let cells = self.record.len();
        let s = if cells == 1 { "" } else { "s" };
        self.reject(cells.min(wanted), format!("the row has {cells} column{s}, not {wanted}"));
    }

    /// All faults as an error, where there are any.
    pub(super) fn finish(self) -> Result<(), ImportError> {
        if self.faults.is_empty() { Ok(()) } else { Err(ImportError::Rows(self.faults)) }
    }
}

/// 1-based line and column, in characters, of a byte.
pub(super) fn place(text: &str, at: usize) -> (u64, u64) {
    let before = text.get(..at.min(text.len())).unwrap_or(text);
    let (mut line, mut column) = (1, 1);
    let mut last = ' ';
    for c in before.chars() {
        if c == '\n' && last == '\r' {
            // The second half of one line end.
        } else if c == '\n' || c == '\r' {
            line += 1;
            column = 1;
        } else {
            column += 1;
        }
        last = c;
    }
    (line, column)
}

/// Where a cell begins in the text of its row.
fn cell_offset(row: &str, delimiter: u8, index: usize) -> usize {
    let (mut seen, mut quoted, mut at) = (0, false, 0);
    for (i, byte) in row.bytes().enumerate() {
        if seen == index {
            return at;
        }
        match byte {
            b'"' => quoted = !quoted,
            b'\r' | b'\n' if !quoted => return at,
            _ if byte == delimiter && !quoted => {
                seen += 1;
                at = i + 1;
            }
            _ => {}
        }
    }
    at
}

/// The delimiter that divides the first line most.
pub(super) fn detect_delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or("");
    [b',', b'\t', b';', b'|']
        .into_iter()
        .rev()
        .max_by_key(|d| first.bytes().filter(|byte| byte == d).count())
        .unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_found_behind_quotes_and_line_ends_of_every_kind() {
        let text = "a,b\r\n\"x,\"\"y\ny\",\u{e9}z,3\n";
        assert_eq!(place(text, 0), (1, 1));
        let row = &text[5..];
        assert_eq!(cell_offset(row, b',', 0), 0);
        let second = 5 + cell_offset(row, b',', 1);
        assert!(text[second..].starts_with('\u{e9}'));
        assert_eq!(place(text, second), (3, 4));
        assert_eq!(place("a\rb\n\nc", 5), (4, 1));
    }

    #[test]
    fn places_counted_on_are_those_counted_from_the_front() {
        let text = "a\r\nb\u{e9},c\rd\n\n\"e\nf\",g\n";
        let fake = Source::of_text("t.csv");
        let rows = Rows::new(&fake, text, b',').unwrap();
        let ends = |at: usize| text.is_char_boundary(at) && !text[..at].ends_with('\r');
        let forth: Vec<usize> = (0..text.len()).filter(|&at| ends(at)).collect();
        for &at in forth.iter().chain(forth.iter().rev()) {
            assert_eq!(rows.locate(at), place(text, at), "byte {at}");
        }
    }

    #[test]
    fn the_delimiter_is_the_one_that_divides_most() {
        assert_eq!(detect_delimiter("a;b;c,d"), b';');
        assert_eq!(detect_delimiter("a\tb"), b'\t');
        assert_eq!(detect_delimiter("a"), b',');
    }
}

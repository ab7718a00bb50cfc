//! Lines of a text that is read row by row.

/// The line on which a row begins, for a reader that says it stood at byte `from` of line `line`
/// before it: it may have stood on line ends that it had yet to skip, such as the second half of CRLF.
pub fn line_of_row(text: &[u8], from: u64, line: u64) -> u64 {
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    let rest = text.get(from..).unwrap_or_default();
    let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    line + ends.map(|&byte| u64::from(byte == b'\n')).sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_before_a_row_are_counted_and_those_in_it_are_not() {
        assert_eq!(line_of_row(b"a\r\nb\r\n", 2, 1), 2);
        assert_eq!(line_of_row(b"a\n\n\nb\n", 2, 2), 4);
        assert_eq!(line_of_row(b"a\nb\n", 2, 2), 2);
        assert_eq!(line_of_row(b"a", 9, 7), 7);
    }
}

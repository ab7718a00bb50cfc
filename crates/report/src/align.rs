//! x/n that stand below each other: the slash of a column in one line, whatever the numbers beside it.

use crate::model::{Cell, Row};

/// `45/50`, `45/50 (90%)` or `45/50 90%` in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ratio<'a> {
    /// `45/50`.
    pub(crate) counts: &'a str,
    /// ` (` or a space, where a percentage follows.
    pub(crate) between: &'a str,
    /// `90%)`, `90%`, or nothing.
    pub(crate) percent: &'a str,
}

impl<'a> Ratio<'a> {
    /// The parts of a cell that is one; `None` of any other.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        let whole =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b',');
        let (counts, rest) = match text.find(' ') {
            Some(space) => text.split_at(space),
            None => (text, ""),
        };
        let (x, n) = counts.split_once('/')?;
        if !whole(x) || !whole(n) {
            return None;
        }
        let start = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (between, percent) = rest.split_at(start);
        let known = matches!((between, percent), ("", "")) || percent.contains('%');
        known.then_some(Self { counts, between, percent })
    }

    fn n(&self) -> &'a str {
        self.counts.split_once('/').map_or("", |(_, n)| n)
    }
}

/// The widest n and the widest percentage of a column, in half digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Widest {
    n: usize,
    percent: usize,
}

impl Widest {
    /// Of the cells of one column.
    pub(crate) fn of(rows: &[Row], column: usize) -> Self {
        let cells = rows.iter().filter_map(|row| row.cells.get(column));
        cells.filter_map(text).filter_map(Ratio::of).fold(Self::default(), |widest, ratio| Self {
            n: widest.n.max(halves(ratio.n())),
            percent: widest.percent.max(halves(ratio.percent)),
        })
    }

    /// How many half digits wide the space is that belongs behind the counts, and before the percentage.
    pub(crate) fn lacks(self, ratio: &Ratio<'_>) -> (usize, usize) {
        let percent = if ratio.percent.is_empty() {
            0
        } else {
            self.percent.saturating_sub(halves(ratio.percent))
        };
        (self.n.saturating_sub(halves(ratio.n())), percent)
    }
}

/// What stands in a cell before its interval.
fn text(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(text) | Cell::Estimate(text, _) => Some(text),
        Cell::Refused(_) => None,
    }
}

/// Width in half digits; comma and point take one.
fn halves(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, ',' | '.') { 1 } else { 2 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_ratio_is_left_alone() {
        for text in ["", "AP/PA", "1/", "4 of 5", "1/2 · 3/4", "n.e.", "12–14"] {
            assert_eq!(Ratio::of(text), None, "{text}");
        }
        let whole = Ratio::of("1,234/5,678 (21.7%)").unwrap();
        assert_eq!((whole.counts, whole.between, whole.percent), ("1,234/5,678", " (", "21.7%)"));
        assert_eq!(Ratio::of("8/14 57%").unwrap().percent, "57%");
    }

    #[test]
    fn the_narrower_ratio_is_filled_up_to_the_widest() {
        let row = |text: &str| Row { cells: vec![Cell::text(text)], total: false };
        let widest = Widest::of(&[row("4/4 (100%)"), row("10/1,200 (0.83%)"), row("n.e.")], 0);
        assert_eq!(widest.lacks(&Ratio::of("4/4 (100%)").unwrap()), (7, 1));
        assert_eq!(widest.lacks(&Ratio::of("10/1,200 (0.83%)").unwrap()), (0, 0));
    }
}

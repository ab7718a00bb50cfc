//! The ratings of a panel, subjects with equal counts kept once.
//!
//! A panel of five readers and two categories has at most 20 different rows of counts, whatever the number of
//! studies: every coefficient is then a sum over those rows.

use std::collections::HashMap;

use crate::raters::Counts;

/// Counts per subject and category: the distinct rows, and which subject has which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Panel {
    rows: Vec<Counts>,
    times: Vec<u64>,
    of_subject: Vec<usize>,
}

impl Panel {
    /// Groups subjects given as counts per category, in the order given.
    pub fn of_counts(subjects: &[Counts]) -> Self {
        let mut groups = Groups::default();
        for counts in subjects {
            groups.add(counts);
        }
        groups.panel
    }

    /// Groups subjects given as the category index (below `q`) of every rater; `None` is a missing rating.
    pub fn of_ratings<'r>(
        subjects: impl IntoIterator<Item = &'r [Option<usize>]>,
        q: usize,
    ) -> Self {
        let mut groups = Groups::default();
        let mut counts = vec![0; q];
        for ratings in subjects {
            counts.fill(0);
            for &category in ratings.iter().flatten() {
                if let Some(count) = counts.get_mut(category) {
                    *count += 1;
                }
            }
            groups.add(&counts);
        }
        groups.panel
    }

    /// Subjects, those without ratings included.
    pub fn subjects(&self) -> usize {
        self.of_subject.len()
    }

    /// The distinct rows with the number of subjects that have each.
    pub fn rows(&self) -> impl Iterator<Item = (&Counts, u64)> {
        self.rows.iter().zip(self.times.iter().copied())
    }

    /// The row of every subject, in the order given.
    pub(crate) fn of_subject(&self) -> &[usize] {
        &self.of_subject
    }

    /// A row by its place.
    pub(crate) fn row(&self, place: usize) -> &[u64] {
        self.rows.get(place).map_or(&[], Vec::as_slice)
    }

    /// How many distinct rows there are.
    pub(crate) fn kinds(&self) -> usize {
        self.rows.len()
    }
}

/// The panel while it grows, with the places of the rows seen.
#[derive(Default)]
struct Groups {
    panel: Panel,
    /// Rows that fit into one word, by that word; the usual case.
    short: HashMap<u64, usize>,
    long: HashMap<Counts, usize>,
    /// The row of the last subject: sorted tables repeat themselves.
    last: Option<usize>,
}

impl Groups {
    fn add(&mut self, counts: &[u64]) {
        let place = self.place(counts);
        self.last = Some(place);
        self.panel.times[place] += 1;
        self.panel.of_subject.push(place);
    }

    fn place(&mut self, counts: &[u64]) -> usize {
        if let Some(last) = self.last.filter(|last| self.panel.row(*last) == counts) {
            return last;
        }
        let next = self.panel.rows.len();
        let place = match word(counts) {
            Some(word) => *self.short.entry(word).or_insert(next),
            None => match self.long.get(counts) {
                Some(place) => *place,
                None => *self.long.entry(counts.to_vec()).or_insert(next),
            },
        };
        if place == next {
            self.panel.rows.push(counts.to_vec());
            self.panel.times.push(0);
        }
        place
    }
}

/// A row of counts as one number, where length and counts allow it; different rows give different numbers.
fn word(counts: &[u64]) -> Option<u64> {
    const BITS: u32 = 7;
    // A leading one keeps rows of different length apart.
    let start = (counts.len() <= 9).then_some(1_u64)?;
    counts
        .iter()
        .try_fold(start, |word, &count| (count < 1 << BITS).then_some(word << BITS | count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_are_kept_once_and_every_subject_keeps_its_row() {
        let subjects = [vec![2, 1], vec![0, 3], vec![2, 1], vec![300, 0], vec![300, 0], vec![0, 0]];
        let panel = Panel::of_counts(&subjects);
        let rows: Vec<(Counts, u64)> = panel.rows().map(|(r, t)| (r.clone(), t)).collect();
        assert_eq!(rows, [(vec![2, 1], 2), (vec![0, 3], 1), (vec![300, 0], 2), (vec![0, 0], 1)]);
        let back: Vec<&[u64]> = panel.of_subject().iter().map(|p| panel.row(*p)).collect();
        assert_eq!(back, subjects.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }

    #[test]
    fn ratings_and_their_counts_make_the_same_panel() {
        let ratings = [vec![Some(1), None, Some(0)], vec![None; 3], vec![Some(1); 3]];
        let panel = Panel::of_ratings(ratings.iter().map(Vec::as_slice), 2);
        assert_eq!(panel, Panel::of_counts(&[vec![1, 1], vec![0, 0], vec![0, 3]]));
    }
}

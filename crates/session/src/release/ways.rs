//! Every way the labels of a deck may lie, as far as its reader can tell.

use std::collections::BTreeMap;

use overread_core::Level;

/// A settled read: its level, where it has one, and whether its study is label-positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub(super) level: Option<Level>,
    pub(super) positive: bool,
}

/// Finds after how many settled reads of a deck its figures may be shown.
///
/// Figures tell how many of the reads with one level are label-positive, since the last release and before it, and that a
/// block waits tells something too. A reader may also know how many label-positives the deck holds. So every
/// way the labels could lie that agrees with all that was seen is followed, as counts: a block is released only where each
/// of its reads, and each of the others, could still carry either label; and it waits only where that holds as
/// well for the wait. Where it does not, the block waits whatever the labels are, which tells nothing.
pub(super) fn releases(reads: &[Read], deck: Composition, block: usize) -> Vec<usize> {
    let mut out = Vec::new();
    let mut stage = Stage::new(deck);
    let mut from = 0;
    for to in (1..).map(|n| n * block).take_while(|to| *to <= reads.len() && *to < deck.items) {
        stage.read(reads.get(from..to).unwrap_or_default());
        from = to;
        if stage.decide() {
            out.push(to);
        }
    }
    out
}

/// What a reader may know of a deck before reading it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Composition {
    pub(super) items: usize,
    pub(super) positive: usize,
}

/// Reads with one level, between two points at which something was told.
#[derive(Clone, Debug)]
struct Group {
    level: Level,
    size: usize,
    /// How many are label-positive in truth.
    positive: usize,
}

/// What may be the case since the last release, as far as can be told from what was seen.
struct Stage {
    /// Items whose labels no figure has counted, those of the groups included.
    uncounted: Composition,
    /// Groups that a wait has told of, and every way their labels may lie, one row after the other.
    told: Vec<Group>,
    ways: Vec<usize>,
    /// Groups since then, which can still be anything.
    fresh: Vec<Group>,
}

/// The least and the most label-positives that each group may have.
struct Span(Vec<(usize, usize)>);

impl Span {
    fn take(&mut self, way: &[usize]) {
        for (span, &count) in self.0.iter_mut().zip(way) {
            *span = (span.0.min(count), span.1.max(count));
        }
    }

    /// Whether each member of each group could still carry either label.
    fn open(&self, sizes: &[usize]) -> bool {
        self.0
            .iter()
            .zip(sizes)
            .all(|(&(least, most), &size)| size == 0 || least < size && 0 < most)
    }
}

impl Stage {
    /// A point at which more than one in so many ways would wait is passed over.
    const MOST_WAIT: usize = 2;
    /// More ways than these are not followed: the block waits.
    const MOST_WAYS: usize = 20_000;

    fn new(uncounted: Composition) -> Self {
        Self { uncounted, told: Vec::new(), ways: Vec::new(), fresh: Vec::new() }
    }

    fn read(&mut self, reads: &[Read]) {
        for read in reads {
            let Some(level) = read.level else { continue };
            let known = self.fresh.iter().position(|group| group.level == level);
            let at = known.unwrap_or_else(|| {
                self.fresh.push(Group { level, size: 0, positive: 0 });
                self.fresh.len() - 1
            });
            if let Some(group) = self.fresh.get_mut(at) {
                group.size += 1;
                group.positive += usize::from(read.positive);
            }
        }
    }

    fn groups(&self) -> impl Iterator<Item = &Group> + Clone {
        self.told.iter().chain(&self.fresh)
    }

    /// Every way the labels of all groups may lie, and the items outside them, whose count closes each row.
    fn all_ways(&self) -> Option<(Vec<usize>, usize)> {
        let rows = if self.told.is_empty() { 1 } else { self.ways.len() / self.told.len() };
        let fresh = self.fresh.iter().try_fold(1_usize, |ways, g| ways.checked_mul(g.size + 1))?;
        if Self::MOST_WAYS < rows.checked_mul(fresh)? {
            return None;
        }
        let inside: usize = self.groups().map(|group| group.size).sum();
        let outside = self.uncounted.items - inside.min(self.uncounted.items);
        let mut ways = Vec::new();
        for row in 0..rows {
            let told = self.ways.get(row * self.told.len()..(row + 1) * self.told.len());
            let told = told.unwrap_or_default();
            for mut code in 0..fresh {
                let start = ways.len();
                ways.extend_from_slice(told);
                for group in &self.fresh {
                    ways.push(code % (group.size + 1));
                    code /= group.size + 1;
                }
                let counted: usize = ways.iter().skip(start).sum();
                match self.uncounted.positive.checked_sub(counted) {
                    Some(rest) if rest <= outside => ways.push(rest),
                    _ => ways.truncate(start),
                }
            }
        }
        Some((ways, outside))
    }

    /// Counts by level, which is what figures would show.
    fn shown(&self, way: &[usize]) -> Vec<(Level, usize)> {
        let mut shown: Vec<(Level, usize)> = Vec::new();
        for (group, count) in self.groups().zip(way) {
            match shown.iter_mut().find(|(level, _)| *level == group.level) {
                Some((_, sum)) => *sum += count,
                None => shown.push((group.level, *count)),
            }
        }
        shown
    }

    /// Whether the figures may be shown now.
    fn decide(&mut self) -> bool {
        let Some((ways, outside)) = self.all_ways() else { return false };
        let mut sizes: Vec<usize> = self.groups().map(|group| group.size).collect();
        sizes.push(outside);
        let width = sizes.len();
        let none = || Span(vec![(usize::MAX, 0); width]);
        let mut classes: BTreeMap<Vec<(Level, usize)>, Span> = BTreeMap::new();
        for way in ways.chunks_exact(width) {
            classes.entry(self.shown(way)).or_insert_with(none).take(way);
        }
        let releases =
            |shown: &Vec<(Level, usize)>| classes.get(shown).is_some_and(|span| span.open(&sizes));
        let mut waiting = Vec::new();
        let mut span = none();
        for way in ways.chunks_exact(width).filter(|way| !releases(&self.shown(way))) {
            span.take(way);
            waiting.extend(way.iter().take(width - 1));
        }
        let truth: Vec<usize> = self.groups().map(|group| group.positive).collect();
        let release = releases(&self.shown(&truth));
        // Groups so small that most ways would have to wait do so whatever the labels are.
        let most = ways.len() / width / Self::MOST_WAIT;
        if !waiting.is_empty() && (most * (width - 1) < waiting.len() || !span.open(&sizes)) {
            return false;
        }
        let inside: usize = self.groups().map(|group| group.size).sum();
        if release {
            let positive = self.uncounted.positive - truth.iter().sum::<usize>();
            *self = Self::new(Composition { items: self.uncounted.items - inside, positive });
        } else {
            self.told.append(&mut self.fresh);
            self.ways = waiting;
        }
        release
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use overread_core::random::SplitMix64;

    /// What a reader has seen of a deck after so many reads: when figures came, and what they showed.
    fn seen(levels: &[Option<Level>], labels: u32, after: &[usize]) -> String {
        let mut text = String::new();
        for to in after {
            let mut counts = BTreeMap::new();
            for (i, level) in levels.iter().enumerate().take(*to) {
                if let Some(level) = level {
                    *counts.entry(level.0).or_insert(0) += labels >> i & 1;
                }
            }
            write!(text, "{to} {counts:?};").unwrap();
        }
        text
    }

    /// Every label vector that agrees with all panel states, at every moment of the reading, leaves both
    /// labels possible for every item; the reader knows how many label-positives the deck holds.
    #[test]
    fn every_label_vector_that_agrees_with_the_panel_leaves_both_labels_possible() {
        let mut random = SplitMix64::new(41);
        let mut released = 0_u32;
        for (items, block, positive) in
            [(11_usize, 3_usize, 5_u32), (10, 4, 5), (12, 4, 4), (10, 5, 3)]
        {
            for _ in 0..6 {
                let levels: Vec<Option<Level>> = (0..items)
                    .map(|_| match random.next_u64() % 8 {
                        0..=3 => Some(Level(0)),
                        4 | 5 => Some(Level(2)),
                        6 => Some(Level(1)),
                        _ => None,
                    })
                    .collect();
                let last = (items - 1) / block * block;
                let mut agreeing: BTreeMap<(usize, String), (u32, u32)> = BTreeMap::new();
                for labels in (0..1_u32 << items).filter(|labels| labels.count_ones() == positive) {
                    let reads: Vec<Read> = (0..last)
                        .map(|i| Read { level: levels[i], positive: labels >> i & 1 == 1 })
                        .collect();
                    let deck = Composition { items, positive: positive as usize };
                    let after = releases(&reads, deck, block);
                    released += u32::try_from(after.len()).unwrap();
                    for moment in 1..=last / block {
                        let now: Vec<usize> =
                            after.iter().copied().filter(|to| *to <= moment * block).collect();
                        let of = agreeing
                            .entry((moment, seen(&levels, labels, &now)))
                            .or_insert((0, u32::MAX));
                        of.0 |= labels;
                        of.1 &= labels;
                    }
                }
                for ((moment, seen), (some, every)) in agreeing {
                    let all = (1_u32 << items) - 1;
                    assert_eq!(some, all, "{levels:?} after block {moment}: {seen}");
                    assert_eq!(every, 0, "{levels:?} after block {moment}: {seen}");
                }
            }
        }
        assert!(100 < released, "{released} releases: nothing was tested");
    }

    #[test]
    fn a_release_never_depends_on_reads_after_it() {
        let mut random = SplitMix64::new(7);
        for _ in 0..20 {
            let reads: Vec<Read> = (0..60)
                .map(|_| {
                    let n = random.next_u64();
                    Read { level: Some(Level((n % 3) as u8)), positive: n >> 8 & 1 == 1 }
                })
                .collect();
            let positive = reads.iter().filter(|read| read.positive).count() + 20;
            let deck = Composition { items: 100, positive };
            let whole = releases(&reads, deck, 10);
            for to in (10..60).step_by(10) {
                let then: Vec<usize> = whole.iter().copied().filter(|at| *at <= to).collect();
                assert_eq!(releases(&reads[..to], deck, 10), then);
            }
        }
    }

    #[test]
    fn figures_come_in_a_deck_of_the_usual_size() {
        let mut random = SplitMix64::new(3);
        let mut came = 0;
        for _ in 0..20 {
            let mut left = (50_u64, 50_u64);
            let reads: Vec<Read> = (0..90)
                .map(|_| {
                    let positive = random.next_u64() % (left.0 + left.1) < left.0;
                    if positive {
                        left.0 -= 1;
                    } else {
                        left.1 -= 1;
                    }
                    let right = random.next_u64() % 10 < 7;
                    Read { level: Some(Level(if right == positive { 2 } else { 0 })), positive }
                })
                .collect();
            came += releases(&reads, Composition { items: 100, positive: 50 }, 10).len();
        }
        assert!(20 * 2 < came, "{came} releases in 20 decks");
    }
}

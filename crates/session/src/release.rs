//! What the live panel may show, so that no label is given away before its study is read.

use std::collections::BTreeMap;

use overread_core::protocol::{Protocol, Release};
use overread_core::{Deck, Item, ItemState, Level, ReaderRecord, Stage, StudyId};

/// What may be shown of a deck's label-dependent figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visible {
    /// Everything settled: the reader knows the labels, reads unblinded, or has finished the deck.
    Live,
    /// The first so many settled reads.
    First(u64),
    /// Nothing before the deck is locked.
    Sealed,
}

/// The state of a deck, as far as a release depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Items of the deck.
    pub items: u64,
    /// Settled reads.
    pub settled: u64,
    /// Items that are locked and closed.
    pub locked: u64,
}

/// Counts a reader's progress in a deck.
pub fn progress(reader: &ReaderRecord, deck: u32) -> Progress {
    let reading = |item: &&Item| item.deck == deck && item.stage() == Stage::Reading;
    let items = reader.worklist.items.iter().filter(reading);
    let mut progress = Progress { items: 0, settled: 0, locked: 0 };
    for item in items {
        let state = reader.state.item(item.id);
        progress.items += 1;
        progress.settled += u64::from(state.is_some_and(|s| s.settled.is_some()));
        progress.locked += u64::from(state.is_some_and(ItemState::is_locked));
    }
    progress
}

/// What the policy lets a reader see of a deck now.
pub fn visible(protocol: &Protocol, deck: &Deck, index: u32, reader: &ReaderRecord) -> Visible {
    let progress = progress(reader, index);
    let finished = progress.settled == progress.items;
    match protocol.release {
        _ if deck.label_known() || finished => Visible::Live,
        Release::Open => Visible::Live,
        Release::Sealed => Visible::Sealed,
        Release::Blocks(k) => {
            let already = reader.state.released(index).unwrap_or(0);
            Visible::First(safe_release(deck, index, reader, u64::from(k), already))
        }
    }
}

/// The largest multiple of `k` settled reads whose figures leave both labels possible for each of them.
///
/// Counts per rule tell how many of the reads with one level are label-positive. A step whose reads
/// of some level are all positive or all negative would give those labels away, so it waits.
fn safe_release(deck: &Deck, index: u32, reader: &ReaderRecord, k: u64, already: u64) -> u64 {
    let reads = settled_in_order(deck, index, reader);
    let full = reads.len() as u64 / k * k;
    let mut step = full;
    while already < step {
        let from = usize::try_from(already).unwrap_or(usize::MAX);
        let to = usize::try_from(step).unwrap_or(usize::MAX);
        if reads.get(from..to).is_some_and(leaves_both_possible) {
            return step;
        }
        step -= k;
    }
    already
}

fn leaves_both_possible(reads: &[(Option<Level>, bool)]) -> bool {
    let mut groups: BTreeMap<Level, (u64, u64)> = BTreeMap::new();
    for (level, positive) in reads {
        // A read without a level enters no figure, so it gives nothing away.
        if let Some(level) = level {
            let (n, x) = groups.entry(*level).or_default();
            *n += 1;
            *x += u64::from(*positive);
        }
    }
    groups.values().all(|(n, x)| 0 < *x && x < n)
}

/// Levels and labels of the settled reads, in the order in which they were locked.
fn settled_in_order(deck: &Deck, index: u32, reader: &ReaderRecord) -> Vec<(Option<Level>, bool)> {
    let label = |study: StudyId| deck.members.iter().any(|m| m.study == study && m.label_positive);
    let mut reads: Vec<(&str, usize, Option<Level>, bool)> = reader
        .worklist
        .items
        .iter()
        .enumerate()
        .filter(|(_, item)| item.deck == index && item.stage() == Stage::Reading)
        .filter_map(|(place, item)| {
            let lock = reader.state.item(item.id)?.settled_lock()?;
            let level = lock.answers.first().and_then(|a| a.answer.level());
            Some((lock.at.as_str(), place, level, label(item.study)))
        })
        .collect();
    reads.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    reads.into_iter().map(|(_, _, level, positive)| (level, positive)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_would_give_a_label_away_waits() {
        let read = |level, positive| (Some(Level(level)), positive);
        let both = [read(2, true), read(2, false), read(0, true), read(0, false)];
        assert!(leaves_both_possible(&both));
        let alone = [read(2, true), read(2, false), read(0, true)];
        assert!(!leaves_both_possible(&alone), "the one absent read must be the other label");
        let unsure = [read(2, true), read(2, false), (None, true)];
        assert!(leaves_both_possible(&unsure), "no figure counts a read without a level");
    }

    /// Every label vector with the same counts per level leaves both labels possible for every read.
    #[test]
    fn every_released_count_leaves_both_labels_possible_by_enumeration() {
        for labels in 0_u32..64 {
            let levels = [0, 0, 0, 2, 2, 2];
            let reads: Vec<_> = levels
                .iter()
                .enumerate()
                .map(|(i, level)| (Some(Level(*level)), labels >> i & 1 == 1))
                .collect();
            if !leaves_both_possible(&reads) {
                continue;
            }
            let counts = |v: u32| ((v & 7).count_ones(), (v >> 3).count_ones());
            let consistent: Vec<u32> = (0..64).filter(|v| counts(*v) == counts(labels)).collect();
            for i in 0..6 {
                assert!(consistent.iter().any(|v| v >> i & 1 == 1));
                assert!(consistent.iter().any(|v| v >> i & 1 == 0));
            }
        }
    }
}

//! What the live panel may show, so that no label is given away before its study is read.

mod ways;

use overread_core::protocol::{Protocol, Release};
use overread_core::{Deck, Item, ItemState, ReaderRecord, Stage, StudyId};

use ways::{Composition, Read, releases};

/// What may be shown of a deck's label-dependent figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visible {
    /// Everything settled: the reader knows the labels, reads unblinded, or has finished the deck.
    Live,
    /// The first so many settled reads, at each release; the last one is what stands now.
    Released(Vec<u64>),
    /// Nothing before the deck is locked.
    Sealed,
}

impl Visible {
    /// How many settled reads enter figures.
    pub fn reads(&self) -> u64 {
        match self {
            Self::Live => u64::MAX,
            Self::Released(after) => after.last().copied().unwrap_or(0),
            Self::Sealed => 0,
        }
    }
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
        // Where every finding is asked, one study's answers enter the figures of all: no block is safe.
        Release::Blocks(_) if deck.finding.is_none() => Visible::Sealed,
        Release::Sealed => Visible::Sealed,
        Release::Blocks(k) => {
            let reads = settled_in_order(deck, index, reader);
            let composition =
                Composition { items: deck.members.len(), positive: deck.label_positive() };
            let block = usize::try_from(k).unwrap_or(usize::MAX);
            let after = releases(&reads, composition, block);
            Visible::Released(after.into_iter().map(|reads| reads as u64).collect())
        }
    }
}

/// Which release must be noted now: to whom figures were shown, and after how many reads.
///
/// Open work is noted when it is first looked at, and every deck with unknown labels when it is finished.
pub fn to_note(
    visible: &Visible,
    deck: &Deck,
    progress: &Progress,
    noted: Option<u64>,
) -> Option<u64> {
    let reads = match visible {
        Visible::Sealed => return None,
        Visible::Released(_) => visible.reads(),
        Visible::Live if deck.label_known() => return None,
        Visible::Live if progress.settled < progress.items && noted.is_some() => return None,
        Visible::Live => progress.settled,
    };
    (noted.unwrap_or(0) < reads).then_some(reads)
}

/// Levels and labels of the settled reads, in the order in which they were locked.
fn settled_in_order(deck: &Deck, index: u32, reader: &ReaderRecord) -> Vec<Read> {
    let label = |study: StudyId| deck.members.iter().any(|m| m.study == study && m.label_positive);
    let mut reads: Vec<(&str, usize, Read)> = reader
        .worklist
        .items
        .iter()
        .enumerate()
        .filter(|(_, item)| item.deck == index && item.stage() == Stage::Reading)
        .filter_map(|(place, item)| {
            let lock = reader.state.item(item.id)?.settled_lock()?;
            let level = lock.answers.first().and_then(|a| a.answer.level());
            Some((lock.at.as_str(), place, Read { level, positive: label(item.study) }))
        })
        .collect();
    reads.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    reads.into_iter().map(|(_, _, read)| read).collect()
}

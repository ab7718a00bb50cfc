//! What the live panel may show, so that no label is given away before its study is read.

mod ways;

use overread_core::protocol::{Protocol, Release};
use overread_core::{Deck, Item, ItemState, ReaderRecord, Stage, StudyId, Turn};

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
    let mut reads: Vec<(&Turn, Read)> = reader
        .worklist
        .items
        .iter()
        .filter(|item| item.deck == index && item.stage() == Stage::Reading)
        .filter_map(|item| {
            let lock = reader.state.item(item.id)?.settled_lock()?;
            let level = lock.answers.first().and_then(|a| a.answer.level());
            Some((&lock.turn, Read { level, positive: label(item.study) }))
        })
        .collect();
    reads.sort_by_key(|(turn, _)| *turn);
    reads.into_iter().map(|(_, read)| read).collect()
}

#[cfg(test)]
mod tests {
    use overread_core::event::{EventBody, FindingAnswer, Via};
    use overread_core::{Answer, DeckId, ItemId, Level, Member, Phase, Sample, Worklist};

    use super::*;

    fn item(n: u64) -> Item {
        Item {
            id: ItemId(n),
            study: StudyId(n),
            deck: 0,
            phase: Phase::Read,
            pass: 1,
            batch: 0,
            finding: None,
        }
    }

    #[test]
    fn a_clock_that_is_set_back_moves_no_read_into_what_was_released() {
        let member = |n: u64| Member {
            study: StudyId(n),
            label_positive: n.is_multiple_of(2),
            drawn: 1,
            frame: 1,
            of: 1,
            stratum: None,
            repeated: false,
        };
        let deck = Deck {
            id: DeckId(1),
            finding: Some("f".to_owned()),
            planned: 3,
            members: (0..6).map(member).collect(),
        };
        let sample = Sample { decks: vec![deck.clone()], ..Sample::default() };
        let worklist = Worklist { items: (0..6).map(item).collect(), ..Worklist::default() };
        let mut reader = ReaderRecord {
            state: overread_core::ReadingState::new(&sample, &worklist),
            worklist,
            ..ReaderRecord::default()
        };
        let order = |reader: &ReaderRecord| -> Vec<Option<Level>> {
            settled_in_order(&deck, 0, reader).iter().map(|read| read.level).collect()
        };
        // Not in the order of the worklist; every clock reading is earlier than the one before.
        let mut before = Vec::new();
        for (turn, n) in (0..).zip([4_u64, 1, 5, 0, 2]) {
            let answer = Answer::Level(Level(turn));
            let locked = EventBody::ReadLocked {
                item: ItemId(n),
                answers: vec![FindingAnswer { finding: "f".to_owned(), answer }],
                phase: Phase::Read,
                active_ms: 1,
                protocol_version: 1,
                via: Via::Key,
                last: false,
            };
            reader.state.apply(&format!("2026-05-0{}T10:00:00.000Z", 9 - turn), &locked);
            let now = order(&reader);
            assert!(now.starts_with(&before), "{now:?} does not begin with {before:?}");
            before = now;
        }
        reader.state.settle_last();
        let levels: Vec<Option<Level>> = (0..5).map(|turn| Some(Level(turn))).collect();
        assert_eq!(order(&reader), levels);
    }
}

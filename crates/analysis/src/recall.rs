//! What was computed of a deck last, and from what: kept while nothing that it rests on changes.
//!
//! Reads are compared as they are, not by a hash: a figure that is kept is the figure that would be computed.

use overread_core::{Deck, ItemState, Lock, ReviewOutcome, StudyId};

use crate::chances::KnownChances;
use crate::deck::{DeckCourse, DeckFigures};
use crate::gather::{DeckReads, Fate, ItemRead, SecondLook};
use crate::ground::Ground;
use crate::input::Options;

/// One deck as it was analysed last.
#[derive(Debug, Default)]
pub(crate) struct Recall {
    chances: KnownChances,
    known: Option<Known>,
}

#[derive(Debug)]
struct Known {
    options: Options,
    readers: Vec<String>,
    items: Vec<KnownItem>,
    adjudicated: Vec<(StudyId, Vec<Lock>)>,
    looks: Vec<KnownLook>,
    figures: DeckFigures,
    course: DeckCourse,
}

/// An item and what was known of it.
#[derive(Debug)]
struct KnownItem {
    reader: usize,
    study: StudyId,
    fate: Fate,
    rank: u64,
    /// Which of its answers counts.
    lock: Option<usize>,
    state: Option<ItemState>,
}

#[derive(Debug)]
struct KnownLook {
    reader: usize,
    study: StudyId,
    finding: Option<String>,
    outcome: Option<ReviewOutcome>,
}

/// What a deck has to be analysed from.
pub(crate) struct Asked<'a> {
    pub(crate) ground: &'a Ground<'a>,
    /// Those of [`Options::within_deck`].
    pub(crate) options: &'a Options,
    pub(crate) readers: &'a [&'a str],
    pub(crate) deck: (u32, &'a Deck),
    pub(crate) reads: &'a DeckReads<'a>,
    /// Whether another analysis may follow.
    pub(crate) keep: bool,
}

impl Recall {
    /// The figures and the course of the deck, computed as far as they are not known.
    pub(crate) fn of(&mut self, asked: &Asked<'_>) -> (DeckFigures, DeckCourse) {
        let known = self.known.as_ref().filter(|known| known.has_readers(asked));
        let stands = known.is_some_and(|known| known.stands_at(asked));
        let course = known.filter(|_| stands).map(|known| known.course.clone());
        let figures = known.filter(|known| known.rests_on(asked, stands));
        let figures = figures.map(|known| known.figures.clone());
        let (figures, course) = match (figures, course) {
            (Some(figures), Some(course)) => return (figures, course),
            known => known,
        };
        let Asked { ground, options, readers, deck, reads, keep: _ } = *asked;
        let figures = figures.unwrap_or_else(|| {
            let chances = &mut self.chances;
            DeckFigures::new(ground, options, readers, deck, reads, chances)
        });
        let course = course.unwrap_or_else(|| DeckCourse::new(ground, readers, deck, reads));
        if !asked.keep {
            return (figures, course);
        }
        let items = self.known.take().map_or_else(Vec::new, |known| known.items);
        self.known = Some(Known {
            options: options.clone(),
            readers: readers.iter().map(|name| (*name).to_owned()).collect(),
            items: remember(items, &reads.items),
            adjudicated: reads
                .adjudicated
                .iter()
                .map(|(study, locks)| (*study, locks.iter().copied().cloned().collect()))
                .collect(),
            looks: reads.looks.iter().map(KnownLook::new).collect(),
            figures: figures.clone(),
            course: course.clone(),
        });
        (figures, course)
    }
}

impl Known {
    /// Whether all that the figures rest on is as it was; if the reading `stands`, the items are.
    fn rests_on(&self, asked: &Asked<'_>, stands: bool) -> bool {
        let reads = asked.reads;
        self.options == *asked.options
            && (stands || same(&self.items, &reads.items, KnownItem::counts_as))
            && self.adjudicated.len() == reads.adjudicated.len()
            && self.adjudicated.iter().zip(&reads.adjudicated).all(|((known, locks), now)| {
                known == now.0 && same(locks, now.1, |known, now| known == *now)
            })
            && same(&self.looks, &reads.looks, KnownLook::is)
    }

    /// Whether the reading stands where it stood.
    fn stands_at(&self, asked: &Asked<'_>) -> bool {
        same(&self.items, &asked.reads.items, KnownItem::is)
    }

    fn has_readers(&self, asked: &Asked<'_>) -> bool {
        same(&self.readers, asked.readers, |known, now| known == now)
    }
}

fn same<K, N>(known: &[K], now: &[N], equal: impl Fn(&K, &N) -> bool) -> bool {
    known.len() == now.len() && known.iter().zip(now).all(|(known, now)| equal(known, now))
}

/// Keeps of what is known what still holds: most items are as they were.
fn remember(known: Vec<KnownItem>, now: &[ItemRead<'_>]) -> Vec<KnownItem> {
    let mut known = known.into_iter();
    now.iter()
        .map(|item| match known.next() {
            Some(known) if known.is(item) => known,
            _ => KnownItem::new(item),
        })
        .collect()
}

impl KnownItem {
    fn new(item: &ItemRead<'_>) -> Self {
        let &ItemRead { reader, deck: _, study, position: _, fate, lock: _, state, rank } = item;
        Self { reader, study, fate, rank, lock: item.which_lock(), state: state.cloned() }
    }

    /// Whether nothing at all changed.
    fn is(&self, now: &ItemRead<'_>) -> bool {
        self.place() == (now.reader, now.study, now.fate, now.rank)
            && self.lock == now.which_lock()
            && self.state.as_ref() == now.state
    }

    /// Whether it is the same to every figure: an answer that does not count yet is none.
    fn counts_as(&self, now: &ItemRead<'_>) -> bool {
        let unread = !self.fate.is_read() && !now.is_read();
        if unread {
            return (self.reader, self.study) == (now.reader, now.study);
        }
        self.place() == (now.reader, now.study, now.fate, now.rank)
            && self.lock() == now.lock
            && match (&self.state, now.state) {
                (Some(known), Some(now)) => known.tags == now.tags,
                (None, None) => true,
                _ => false,
            }
    }

    fn lock(&self) -> Option<&Lock> {
        self.state.as_ref()?.locks.get(self.lock?)
    }

    fn place(&self) -> (usize, StudyId, Fate, u64) {
        (self.reader, self.study, self.fate, self.rank)
    }
}

impl KnownLook {
    fn new(look: &SecondLook<'_>) -> Self {
        Self {
            reader: look.reader,
            study: look.study,
            finding: look.finding.map(str::to_owned),
            outcome: look.outcome.copied(),
        }
    }

    fn is(&self, now: &SecondLook<'_>) -> bool {
        (self.reader, self.study) == (now.reader, now.study)
            && self.finding.as_deref() == now.finding
            && self.outcome.as_ref() == now.outcome
    }
}

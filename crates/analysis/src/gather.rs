//! The items of all readers, what became of each, and the order in which each reader read.

use std::collections::{BTreeMap, HashMap};

use overread_core::protocol::{Reference, Release};
use overread_core::sampling::Deck;
use overread_core::{ItemState, Lock, Phase, ReaderRecord, ReviewOutcome, StudyId, Turn};

use rayon::prelude::*;

use crate::design::ReaderRow;
use crate::ground::Ground;
use crate::input::Options;

/// What became of one item of a worklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Unread,
    Skipped,
    Unsettled,
    HeldBack,
    OtherPhase,
    OtherProtocol,
    AfterUnblinding,
    Used,
}

impl Fate {
    pub(crate) fn is_read(self) -> bool {
        !matches!(self, Self::Unread | Self::Skipped | Self::Unsettled)
    }
}

/// One item of one reader with its answer, if any.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ItemRead<'a> {
    pub(crate) reader: usize,
    pub(crate) deck: u32,
    pub(crate) study: StudyId,
    /// Place in the worklist, from 1.
    pub(crate) position: usize,
    pub(crate) fate: Fate,
    pub(crate) lock: Option<&'a Lock>,
    pub(crate) state: Option<&'a ItemState>,
    /// Place among the deck's reads of this reader, from 1.
    pub(crate) rank: u64,
}

impl ItemRead<'_> {
    /// Which of the answers that were given counts.
    pub(crate) fn which_lock(&self) -> Option<usize> {
        let (state, lock) = (self.state?, self.lock?);
        state.locks.iter().position(|of_state| std::ptr::eq(of_state, lock))
    }

    pub(crate) fn is_read(&self) -> bool {
        self.fate.is_read()
    }
}

/// One item of a reader's second look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SecondLook<'a> {
    pub(crate) reader: usize,
    pub(crate) study: StudyId,
    /// What was asked, where it is not what the deck asks.
    pub(crate) finding: Option<&'a str>,
    pub(crate) outcome: Option<&'a ReviewOutcome>,
}

/// Decisions of adjudicators by study.
pub(crate) type Adjudicated<'a> = BTreeMap<StudyId, Vec<&'a Lock>>;

/// What readers did with one deck.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeckReads<'a> {
    /// Reader by reader, each in the order of the worklist.
    pub(crate) items: Vec<ItemRead<'a>>,
    pub(crate) adjudicated: Adjudicated<'a>,
    pub(crate) looks: Vec<SecondLook<'a>>,
}

impl DeckReads<'_> {
    /// Whether every item of every reader was read and may be used.
    pub(crate) fn complete(&self) -> bool {
        let done = |item: &ItemRead<'_>| item.is_read() && item.fate != Fate::HeldBack;
        !self.items.is_empty() && self.items.iter().all(done)
    }
}

/// All that an analysis may see of the readers' work.
#[derive(Clone, Debug)]
pub(crate) struct Gathered<'a> {
    pub(crate) readers: Vec<&'a ReaderRecord>,
    /// Deck by deck.
    pub(crate) decks: Vec<DeckReads<'a>>,
    /// Reader by reader: what was read, in the order of reading.
    pub(crate) read: Vec<Vec<ItemRead<'a>>>,
    /// Whoever has items to adjudicate.
    pub(crate) adjudicators: Vec<ReaderRow>,
}

impl<'a> Gathered<'a> {
    /// Every item that counts.
    pub(crate) fn items(&self) -> impl Iterator<Item = &ItemRead<'a>> {
        self.decks.iter().flat_map(|deck| &deck.items)
    }
}

/// Gathers the readers' work on the decks that the options take.
pub(crate) fn gather<'a>(
    ground: &Ground<'_>,
    readers: &'a [ReaderRecord],
    options: &Options,
) -> Gathered<'a> {
    let taken = ground.reading(readers).into_iter();
    let taken = taken.filter(|r| options.reader.as_ref().is_none_or(|name| *name == r.name));
    let mut out = Gathered {
        readers: taken.collect(),
        decks: Vec::new(),
        read: Vec::new(),
        adjudicators: Vec::new(),
    };
    out.decks.resize_with(ground.decks().len(), DeckReads::default);
    let known: Vec<bool> = ground.decks().iter().map(Deck::label_known).collect();
    let each = out.readers.par_iter().enumerate();
    let of_readers: Vec<(Vec<ItemRead<'a>>, Vec<ItemRead<'a>>)> = each
        .map(|(index, reader)| {
            let (items, order) = reader_items(ground, options, &known, index, reader);
            let read = order.iter().filter_map(|&i| items.get(i).copied()).collect();
            (items, read)
        })
        .collect();
    for ((index, &reader), (items, read)) in out.readers.iter().enumerate().zip(of_readers) {
        out.read.push(read);
        for item in items {
            if let Some(deck) = out.decks.get_mut(item.deck as usize) {
                deck.items.push(item);
            }
        }
        second_looks(index, reader, &mut out.decks);
    }
    adjudications(ground, readers, options, &mut out);
    out
}

/// The settled answers of adjudicators under the protocol in force.
fn adjudications<'a>(
    ground: &Ground<'_>,
    readers: &'a [ReaderRecord],
    options: &Options,
    out: &mut Gathered<'a>,
) {
    // One reader alone is the reference: nobody stands in for that reader.
    let asked = ground.protocol.panel.reference == Reference::Adjudicated;
    if options.reader.is_some() || !asked {
        return;
    }
    for reader in readers {
        let (mut items, mut read) = (0, 0);
        for item in reader.worklist.items.iter().filter(|i| i.phase == Phase::Adjudicate) {
            items += 1;
            let lock = reader.state.item(item.id).and_then(|state| standing(state, options));
            read += u64::from(lock.is_some());
            let deck = out.decks.get_mut(item.deck as usize);
            if let (Some(lock), Some(deck)) = (lock, deck)
                && lock.protocol_version == ground.protocol.version
            {
                deck.adjudicated.entry(item.study).or_default().push(lock);
            }
        }
        if 0 < items {
            out.adjudicators.push(ReaderRow {
                name: reader.name.clone(),
                role: reader.role.clone(),
                experience_years: reader.experience_years,
                items,
                read,
                elsewhere: None,
            });
        }
    }
}

fn second_looks<'a>(index: usize, reader: &'a ReaderRecord, decks: &mut [DeckReads<'a>]) {
    for item in reader.worklist.items.iter().filter(|i| i.phase == Phase::Review) {
        let outcome = reader.state.item(item.id).and_then(|state| state.outcome.as_ref());
        if let Some(deck) = decks.get_mut(item.deck as usize) {
            deck.looks.push(SecondLook {
                reader: index,
                study: item.study,
                finding: item.finding.as_deref(),
                outcome: outcome.map(|(outcome, _)| outcome),
            });
        }
    }
}

/// The answer that analysis uses: the settled one, or the one that stands where the log has ended.
pub(crate) fn standing<'s>(state: &'s ItemState, options: &Options) -> Option<&'s Lock> {
    let current = if options.settle_all { state.current() } else { None };
    state.settled_lock().or(current)
}

/// One reader's items, classified, with the rank of each read in its deck; and which were read, in the order of reading.
fn reader_items<'a>(
    ground: &Ground<'_>,
    options: &Options,
    known: &[bool],
    index: usize,
    reader: &'a ReaderRecord,
) -> (Vec<ItemRead<'a>>, Vec<usize>) {
    let mut items: Vec<ItemRead<'a>> = Vec::with_capacity(reader.worklist.items.len());
    for (position, item) in (1..).zip(&reader.worklist.items) {
        let counts = ground.counts(item.deck) && options.takes_deck(item.deck);
        if item.phase != Phase::Read || !counts {
            continue;
        }
        let state = reader.state.item(item.id);
        let lock = state.and_then(|state| standing(state, options));
        let fate = match (lock, state) {
            (Some(lock), _) => fate_of(ground, known, item.deck, lock),
            (None, Some(s)) if !s.locks.is_empty() => Fate::Unsettled,
            (None, Some(s)) if s.skipped => Fate::Skipped,
            (None, _) => Fate::Unread,
        };
        items.push(ItemRead {
            reader: index,
            deck: item.deck,
            study: item.study,
            position,
            fate,
            lock,
            state,
            rank: 0,
        });
    }
    let order = rank_and_hold_back(&mut items, options);
    (items, order)
}

fn fate_of(ground: &Ground<'_>, known: &[bool], deck: u32, lock: &Lock) -> Fate {
    let known = known.get(deck as usize).copied().unwrap_or(false);
    if lock.phase != Phase::Read {
        Fate::OtherPhase
    } else if lock.protocol_version != ground.protocol.version {
        Fate::OtherProtocol
    } else if lock.after_release && !known && ground.protocol.release == Release::Open {
        Fate::AfterUnblinding
    } else {
        Fate::Used
    }
}

/// Reads in the order they were locked; those past the visible ones of their deck are held back.
fn rank_and_hold_back(items: &mut [ItemRead<'_>], options: &Options) -> Vec<usize> {
    let mut order: Vec<(Option<&Turn>, usize)> = items
        .iter()
        .enumerate()
        .filter(|(_, item)| item.is_read())
        .map(|(i, item)| (item.lock.map(|lock| &lock.turn), i))
        .collect();
    // Stable, and quick where the worklist was read from top to bottom.
    order.sort_by_key(|(turn, _)| *turn);
    let order: Vec<usize> = order.into_iter().map(|(_, i)| i).collect();
    let mut next: HashMap<u32, u64> = HashMap::new();
    for &i in &order {
        let Some(item) = items.get_mut(i) else { continue };
        let rank = next.entry(item.deck).or_insert(0);
        *rank += 1;
        item.rank = *rank;
        if options.visible.limit(item.deck) < item.rank {
            item.fate = Fate::HeldBack;
        }
    }
    order
}

//! What is counted of a reader's items, kept up with every event: a frame must not go through the worklist.

use std::collections::{BTreeSet, HashMap};

use overread_core::{ItemId, ItemState, ReaderRecord, ReadingState, Stage};

use crate::release::Progress;

/// Where an item stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Its 0-based place among the items on screen one after the other, if it is one of them.
    shown: Option<usize>,
    /// It is read, not adjudicated or looked at again.
    read: bool,
    /// It is of the deck on screen.
    of_deck: bool,
}

/// Counts of one reader's worklist, as seen from one deck of it.
#[derive(Debug)]
pub(crate) struct Tally {
    places: HashMap<ItemId, Place>,
    /// Items on screen one after the other that are locked.
    pub(crate) locked: u64,
    /// Places among those that are flagged.
    pub(crate) flagged: BTreeSet<usize>,
    /// Items of the deck that are read.
    pub(crate) deck: Progress,
    /// Items of all decks that are read.
    pub(crate) all: Progress,
    /// Decks with items that are read.
    pub(crate) decks: usize,
}

impl Tally {
    /// Counts a worklist; `shown` are the indices of the items of the deck on screen, in order.
    pub(crate) fn new(reader: &ReaderRecord, deck: u32, shown: &[usize]) -> Self {
        let items = &reader.worklist.items;
        let mut places: HashMap<ItemId, Place> = items
            .iter()
            .map(|item| {
                let read = item.stage() == Stage::Reading;
                (item.id, Place { shown: None, read, of_deck: item.deck == deck })
            })
            .collect();
        for (at, index) in shown.iter().enumerate() {
            let place = items.get(*index).and_then(|item| places.get_mut(&item.id));
            if let Some(place) = place {
                place.shown = Some(at);
            }
        }
        let decks: BTreeSet<u32> =
            items.iter().filter(|i| i.stage() == Stage::Reading).map(|i| i.deck).collect();
        let none = Progress { items: 0, settled: 0, locked: 0 };
        let mut tally = Self {
            places,
            locked: 0,
            flagged: BTreeSet::new(),
            deck: none.clone(),
            all: none,
            decks: decks.len(),
        };
        for item in items.iter().filter(|item| item.stage() == Stage::Reading) {
            tally.all.items += 1;
            tally.deck.items += u64::from(item.deck == deck);
        }
        for (id, state) in reader.state.items() {
            tally.count(id, state, true);
        }
        tally
    }

    /// Its 0-based place among the items on screen one after the other.
    pub(crate) fn place_of(&self, item: ItemId) -> Option<usize> {
        self.places.get(&item)?.shown
    }

    /// Takes an item out of the counts before something happens to it, or in again afterwards.
    pub(crate) fn note(&mut self, item: Option<ItemId>, state: &ReadingState, there: bool) {
        if let Some(id) = item
            && let Some(item) = state.item(id)
        {
            self.count(id, item, there);
        }
    }

    fn count(&mut self, id: ItemId, state: &ItemState, there: bool) {
        let Some(place) = self.places.get(&id).copied() else { return };
        let by = |count: &mut u64, so: bool| {
            *count = count.saturating_add_signed(match (so, there) {
                (false, _) => 0,
                (true, true) => 1,
                (true, false) => -1,
            });
        };
        let (locked, settled) = (state.is_locked(), state.settled.is_some());
        if place.read {
            by(&mut self.all.locked, locked);
            by(&mut self.all.settled, settled);
        }
        if place.read && place.of_deck {
            by(&mut self.deck.locked, locked);
            by(&mut self.deck.settled, settled);
        }
        let Some(at) = place.shown else { return };
        by(&mut self.locked, locked);
        if state.flagged && there {
            self.flagged.insert(at);
        } else {
            self.flagged.remove(&at);
        }
    }
}

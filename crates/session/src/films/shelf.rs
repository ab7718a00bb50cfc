//! What is decoded, what waits, and what must go when there is no room.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use overread_core::ImageId;
use overread_imaging::{DecodedImage, Output};

use super::{Figures, Film, Order};
use crate::viewer::Prepared;

/// Films nobody waits for that are kept in case the reader comes back to them.
const SPARE: usize = 4;

/// Something for a worker to do.
pub(super) enum Task {
    Decode(ImageId),
    /// Grey levels are judged once the film can be seen: the judgement is not waited for.
    Measure {
        id: ImageId,
        image: Arc<DecodedImage>,
    },
    Picture {
        id: ImageId,
        image: Arc<DecodedImage>,
        size: (u32, u32),
        output: Output,
    },
}

struct Entry {
    film: Film,
    used: u64,
}

/// The state behind the lock.
pub(super) struct Shelf {
    budget: usize,
    order: Order,
    output: Output,
    /// Wanted and not decoded, most urgent first.
    queue: VecDeque<ImageId>,
    busy: Vec<ImageId>,
    drawing: Vec<ImageId>,
    measuring: Vec<ImageId>,
    ready: BTreeMap<ImageId, Entry>,
    pictures: BTreeMap<ImageId, Prepared>,
    clock: u64,
    decodes: u64,
    peak: usize,
    closing: bool,
}

fn bytes_of(film: &Film) -> usize {
    film.as_ref().map_or(0, |image| image.memory_bytes())
}

impl Shelf {
    pub(super) fn new(budget: usize) -> Self {
        Self {
            budget,
            order: Order::default(),
            output: Output::default(),
            queue: VecDeque::new(),
            busy: Vec::new(),
            drawing: Vec::new(),
            measuring: Vec::new(),
            ready: BTreeMap::new(),
            pictures: BTreeMap::new(),
            clock: 0,
            decodes: 0,
            peak: 0,
            closing: false,
        }
    }

    pub(super) fn close(&mut self) {
        self.closing = true;
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// True if the order is another than before.
    pub(super) fn set_order(&mut self, order: Order) -> bool {
        if self.order == order {
            return false;
        }
        self.order = order;
        let order = &self.order;
        let wanted = || order.visible.iter().chain(&order.ahead);
        let missing = |id: &&ImageId| !self.ready.contains_key(id) && !self.busy.contains(id);
        self.queue = wanted().filter(missing).copied().collect();
        let serves = |id: &ImageId, ready: &Prepared| {
            order.visible.contains(id) || order.pictures.contains(&(*id, ready.size))
        };
        self.pictures.retain(|id, ready| serves(id, ready));
        self.make_room();
        true
    }

    pub(super) fn set_budget(&mut self, budget: usize) {
        self.budget = budget;
        self.make_room();
    }

    pub(super) fn set_output(&mut self, output: Output) {
        self.output = output;
        self.pictures.clear();
    }

    fn is_visible(&self, id: ImageId) -> bool {
        self.order.visible.contains(&id)
    }

    fn is_wanted(&self, id: ImageId) -> bool {
        self.is_visible(id) || self.order.ahead.contains(&id)
    }

    /// What to do next, if there is anything for this worker.
    pub(super) fn next_task(&mut self, urgent_only: bool) -> Option<Task> {
        let visible = self.queue.iter().position(|id| self.is_visible(*id));
        if let Some(id) = visible.and_then(|at| self.queue.remove(at)) {
            self.busy.push(id);
            return Some(Task::Decode(id));
        }
        if urgent_only {
            return None;
        }
        if let Some(task) = self.next_measure(true) {
            return Some(task);
        }
        if self.has_room_for_one()
            && let Some(id) = self.queue.pop_front()
        {
            self.busy.push(id);
            return Some(Task::Decode(id));
        }
        self.next_picture().or_else(|| self.next_measure(false))
    }

    fn next_measure(&mut self, on_screen: bool) -> Option<Task> {
        let (id, image) = self.unmeasured().find(|(id, _)| !on_screen || self.is_visible(*id))?;
        let image = Arc::clone(image);
        self.measuring.push(id);
        Some(Task::Measure { id, image })
    }

    /// Films that are here and were neither measured nor tried.
    fn unmeasured(&self) -> impl Iterator<Item = (ImageId, &Arc<DecodedImage>)> {
        self.ready.iter().filter_map(|(id, entry)| {
            let image = entry.film.as_ref().ok()?;
            let due = image.measured_adequacy().is_none() && !self.measuring.contains(id);
            due.then_some((*id, image))
        })
    }

    /// A film was measured, or could not be; then it is not tried again while it is here.
    pub(super) fn put_measure(&mut self, id: ImageId, measured: bool) {
        if measured {
            self.measuring.retain(|measuring| *measuring != id);
        }
    }

    /// Whether one more film of the size of those there are would fit beside what is wanted.
    fn has_room_for_one(&self) -> bool {
        let largest = self.ready.values().map(|entry| bytes_of(&entry.film)).max().unwrap_or(0);
        let spare: usize = self
            .ready
            .iter()
            .filter(|(id, _)| !self.is_wanted(**id))
            .map(|(_, entry)| bytes_of(&entry.film))
            .sum();
        self.bytes() - spare + largest * (self.busy.len() + 1) <= self.budget
    }

    fn next_picture(&mut self) -> Option<Task> {
        let missing = |(id, size): &&(ImageId, (u32, u32))| {
            !self.drawing.contains(id) && self.pictures.get(id).is_none_or(|p| p.size != *size)
        };
        let image = |id: &ImageId| Some(Arc::clone(self.ready.get(id)?.film.as_ref().ok()?));
        let (id, size, image) = self
            .order
            .pictures
            .iter()
            .filter(missing)
            .find_map(|(id, size)| Some((*id, *size, image(id)?)))?;
        self.drawing.push(id);
        Some(Task::Picture { id, image, size, output: self.output.clone() })
    }

    /// A film is decoded. One that nobody wants any more is dropped.
    pub(super) fn put_film(&mut self, id: ImageId, film: Film) {
        self.busy.retain(|busy| *busy != id);
        self.decodes += 1;
        if self.is_wanted(id) {
            let used = self.tick();
            self.make_room_for(bytes_of(&film), id);
            self.ready.insert(id, Entry { film, used });
            self.make_room();
            self.peak = self.peak.max(self.bytes());
        }
    }

    /// A picture is ready; dropped if it is no longer wanted at that size or for that screen.
    pub(super) fn put_picture(&mut self, id: ImageId, ready: Prepared) {
        self.drawing.retain(|drawing| *drawing != id);
        let wanted = self.order.pictures.contains(&(id, ready.size));
        let same = ready.renderer.output().is(&self.output);
        if wanted && same && self.bytes() + ready.memory_bytes() <= self.budget {
            self.pictures.insert(id, ready);
            self.peak = self.peak.max(self.bytes());
        } else {
            // Not asked for again before the order changes.
            self.order.pictures.retain(|(other, _)| *other != id);
        }
    }

    pub(super) fn take_picture(&mut self, id: ImageId, size: (u32, u32)) -> Option<Prepared> {
        let fits = self.pictures.get(&id).is_some_and(|ready| ready.size == size);
        // What is on screen needs no picture made ready.
        self.order.pictures.retain(|(other, _)| *other != id);
        self.pictures.remove(&id).filter(|_| fits)
    }

    pub(super) fn get(&mut self, id: ImageId) -> Option<Film> {
        let now = self.tick();
        let entry = self.ready.get_mut(&id)?;
        entry.used = now;
        Some(entry.film.clone())
    }

    pub(super) fn is_idle(&self) -> bool {
        let blocked = |id: &ImageId| !self.is_visible(*id) && !self.has_room_for_one();
        let undrawn = |(id, size): &(ImageId, (u32, u32))| {
            self.ready.get(id).is_some_and(|entry| entry.film.is_ok())
                && self.pictures.get(id).is_none_or(|ready| ready.size != *size)
        };
        self.busy.is_empty()
            && self.drawing.is_empty()
            && self.unmeasured().next().is_none()
            && self.measuring.iter().all(|id| !self.ready.contains_key(id))
            && self.queue.iter().all(blocked)
            && !self.order.pictures.iter().any(undrawn)
    }

    fn bytes(&self) -> usize {
        let films: usize = self.ready.values().map(|entry| bytes_of(&entry.film)).sum();
        let pictures: usize = self.pictures.values().map(Prepared::memory_bytes).sum();
        films + pictures
    }

    pub(super) fn figures(&self) -> Figures {
        Figures { decodes: self.decodes, bytes: self.bytes(), peak: self.peak }
    }

    fn make_room(&mut self) {
        while SPARE < self.ready.keys().filter(|id| !self.is_wanted(**id)).count() {
            self.drop_spare();
        }
        while self.budget < self.bytes() && self.drop_one(None) {}
    }

    /// Makes room for a film that is about to be put in, before it is.
    fn make_room_for(&mut self, bytes: usize, id: ImageId) {
        while self.budget < self.bytes() + bytes && self.drop_one(Some(id)) {}
    }

    /// Drops the film that was not needed for the longest time; false if all are needed.
    fn drop_spare(&mut self) -> bool {
        let spare = self.ready.iter().filter(|(id, _)| !self.is_wanted(**id));
        let oldest = spare.min_by_key(|(_, entry)| entry.used).map(|(id, _)| *id);
        oldest.is_some_and(|id| self.ready.remove(&id).is_some())
    }

    /// Drops what is cheapest to lose: films nobody waits for, pictures made ready, then the film
    /// that is needed last. With a newcomer, only what is less urgent than it goes.
    fn drop_one(&mut self, newcomer: Option<ImageId>) -> bool {
        if self.drop_spare() || self.pictures.pop_last().is_some() {
            return true;
        }
        let rank = |id: &ImageId| self.order.ahead.iter().position(|ahead| ahead == id);
        let bar = newcomer.map(|id| if self.is_visible(id) { None } else { rank(&id) });
        let last = self.order.ahead.iter().enumerate().rev().find(|(at, id)| {
            let cheaper = bar.flatten().is_none_or(|bar| bar < *at);
            cheaper && self.ready.contains_key(id) && !self.is_visible(**id)
        });
        let last = last.map(|(_, id)| *id);
        last.is_some_and(|id| self.ready.remove(&id).is_some())
    }
}

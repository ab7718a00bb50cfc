//! Films decoded ahead of the reader, on worker threads, within a byte budget.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use overread_core::ImageId;
use overread_imaging::{DecodeLimits, DecodedImage, decode};
use parking_lot::{Condvar, Mutex};

/// Gives the bytes of an image; its error names no path.
pub type ImageSource = Arc<dyn Fn(ImageId) -> Result<Vec<u8>, String> + Send + Sync>;
/// Asks the window for a frame.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Decoded films take at most this many bytes, unless the visible one alone needs more.
pub const DEFAULT_BUDGET: usize = 256 << 20;

/// Why a film cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The reason, naming no path.
    pub reason: String,
    /// The bytes could not be had: other films may be out of reach too.
    pub unreachable: bool,
}

/// A film that is ready, or the reason why it cannot be shown.
pub type Film = Result<Arc<DecodedImage>, Fault>;

struct Entry {
    film: Film,
    used: u64,
}

#[derive(Default)]
struct Shelf {
    /// Wanted and not decoded, most urgent first.
    queue: VecDeque<ImageId>,
    /// All that is wanted now: never dropped for room.
    wanted: Vec<ImageId>,
    busy: Vec<ImageId>,
    ready: HashMap<ImageId, Entry>,
    clock: u64,
    decodes: u64,
    closing: bool,
}

impl Shelf {
    fn bytes(&self) -> usize {
        // The order of a sum of integers does not matter.
        #[expect(clippy::iter_over_hash_type, reason = "a sum has no order")]
        let sum = {
            let mut sum = 0;
            for entry in self.ready.values() {
                sum += entry.film.as_ref().map_or(0, |image| image.memory_bytes());
            }
            sum
        };
        sum
    }

    /// Drops the least recently used films that nobody waits for.
    fn make_room(&mut self, budget: usize) {
        while budget < self.bytes() {
            let visible = self.wanted.first();
            let spare = |id: &&ImageId| !self.wanted.contains(id);
            let oldest = |ids: Vec<&ImageId>| {
                ids.into_iter().min_by_key(|id| self.ready.get(id).map_or(0, |e| e.used)).copied()
            };
            let all = || self.ready.keys().filter(|id| Some(*id) != visible).collect::<Vec<_>>();
            let unwanted = all().into_iter().filter(spare).collect();
            // Wanted films go last first: the furthest ahead is the cheapest to lose.
            let Some(drop) = oldest(unwanted).or_else(|| {
                self.wanted.iter().skip(1).rev().find(|id| self.ready.contains_key(id)).copied()
            }) else {
                return;
            };
            self.ready.remove(&drop);
        }
    }
}

/// The films around the reader.
pub struct Films {
    shelf: Arc<(Mutex<Shelf>, Condvar)>,
    workers: Vec<JoinHandle<()>>,
}

impl Films {
    /// Starts the workers.
    pub fn new(source: &ImageSource, waker: &Waker, budget: usize) -> Self {
        let shelf = Arc::new((Mutex::new(Shelf::default()), Condvar::new()));
        let workers = (0..2)
            .filter_map(|n| {
                let (shelf, source, waker) =
                    (Arc::clone(&shelf), Arc::clone(source), Arc::clone(waker));
                std::thread::Builder::new()
                    .name(format!("film-{n}"))
                    .spawn(move || work(&shelf, &source, &waker, budget))
                    .map_err(|error| tracing::error!(%error, "a film worker could not start"))
                    .ok()
            })
            .collect();
        Self { shelf, workers }
    }

    /// Says what is needed, the film on screen first. What was wanted before and is not now is
    /// no longer decoded.
    pub fn want(&self, wanted: &[ImageId]) {
        let (lock, signal) = &*self.shelf;
        let mut shelf = lock.lock();
        if shelf.wanted == wanted {
            return;
        }
        shelf.wanted = wanted.to_vec();
        let missing = |id: &&ImageId| !shelf.ready.contains_key(id) && !shelf.busy.contains(id);
        shelf.queue = wanted.iter().filter(missing).copied().collect();
        signal.notify_all();
    }

    /// The film, once it is decoded.
    pub fn get(&self, id: ImageId) -> Option<Film> {
        let mut shelf = self.shelf.0.lock();
        shelf.clock += 1;
        let now = shelf.clock;
        let entry = shelf.ready.get_mut(&id)?;
        entry.used = now;
        Some(entry.film.clone())
    }

    /// How many films were decoded, and the bytes held.
    pub fn figures(&self) -> (u64, usize) {
        let shelf = self.shelf.0.lock();
        (shelf.decodes, shelf.bytes())
    }

    /// Waits for a film: for scripts and benchmarks, never for the window.
    pub fn wait(&self, id: ImageId, until: Instant) -> Option<Film> {
        let (lock, signal) = &*self.shelf;
        let mut shelf = lock.lock();
        loop {
            if let Some(entry) = shelf.ready.get(&id) {
                return Some(entry.film.clone());
            }
            if signal.wait_until(&mut shelf, until).timed_out() {
                return None;
            }
        }
    }
}

impl Drop for Films {
    fn drop(&mut self) {
        self.shelf.0.lock().closing = true;
        self.shelf.1.notify_all();
        for worker in self.workers.drain(..) {
            // A worker that panicked has nothing left to say.
            worker.join().ok();
        }
    }
}

fn work(shelf: &(Mutex<Shelf>, Condvar), source: &ImageSource, waker: &Waker, budget: usize) {
    let (lock, signal) = shelf;
    loop {
        let id = {
            let mut shelf = lock.lock();
            loop {
                if shelf.closing {
                    return;
                }
                if let Some(id) = shelf.queue.pop_front() {
                    shelf.busy.push(id);
                    break id;
                }
                signal.wait(&mut shelf);
            }
        };
        let film = load(source, id);
        let mut shelf = lock.lock();
        shelf.busy.retain(|busy| *busy != id);
        shelf.decodes += 1;
        shelf.clock += 1;
        let used = shelf.clock;
        shelf.ready.insert(id, Entry { film, used });
        shelf.make_room(budget);
        drop(shelf);
        signal.notify_all();
        waker();
    }
}

/// Reads and decodes one film, and measures its grey levels while nobody waits.
pub fn load(source: &ImageSource, id: ImageId) -> Film {
    let bytes = source(id).map_err(|reason| Fault { reason, unreachable: true })?;
    let broken = |reason: String| Fault { reason, unreachable: false };
    let decoded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        decode(&bytes, &DecodeLimits::default()).inspect(|image| {
            image.adequacy();
            overread_imaging::body_distribution(image);
        })
    }));
    match decoded {
        Ok(Ok(image)) => Ok(Arc::new(image)),
        Ok(Err(error)) => Err(broken(format!("{error}."))),
        Err(_panic) => Err(broken("the decoder stumbled over this film.".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn png(size: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, size, size);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().unwrap();
        let data: Vec<u8> = (0..size * size).map(|n| (n % 251) as u8).collect();
        writer.write_image_data(&data).unwrap();
        writer.finish().unwrap();
        bytes
    }

    fn films(budget: usize) -> Films {
        let bytes = png(64);
        let source: ImageSource = Arc::new(move |id| match id.0 {
            0 => Err("no such film".to_owned()),
            1 => Ok(b"not a film at all".to_vec()),
            _ => Ok(bytes.clone()),
        });
        Films::new(&source, &(Arc::new(|| {}) as Waker), budget)
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn wanted_films_come_and_broken_ones_say_why() {
        let films = films(1 << 20);
        films.want(&[ImageId(2), ImageId(1), ImageId(0)]);
        assert!(films.wait(ImageId(2), soon()).unwrap().is_ok());
        assert!(films.wait(ImageId(1), soon()).unwrap().is_err());
        assert_eq!(films.wait(ImageId(0), soon()).unwrap().unwrap_err().reason, "no such film");
    }

    #[test]
    fn the_budget_holds_and_the_visible_film_stays() {
        let films = films(3 * 64 * 64 * 2);
        for first in 2..40 {
            let wanted: Vec<ImageId> = (first..first + 2).map(ImageId).collect();
            films.want(&wanted);
            for id in &wanted {
                assert!(films.wait(*id, soon()).unwrap().is_ok());
            }
            assert!(films.get(wanted[0]).is_some());
            assert!(films.figures().1 <= 3 * 64 * 64 * 2);
        }
    }
}

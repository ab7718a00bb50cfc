//! Films decoded ahead of the reader, on worker threads, within a byte budget.
//!
//! What is on screen comes first, then the next item, the one after, and the one before. A jump
//! replaces the whole order: what waits is forgotten, and what is being decoded for nobody is
//! dropped when it is done.

mod shelf;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use overread_core::ImageId;
use overread_imaging::{DecodeLimits, DecodedImage, Output, decode};
use parking_lot::{Condvar, Mutex};

use crate::viewer::Prepared;
use shelf::{Shelf, Task};

/// Gives the bytes of an image; its error names no path.
pub type ImageSource = Arc<dyn Fn(ImageId) -> Result<Vec<u8>, String> + Send + Sync>;
/// Asks the window for a frame.
pub type Waker = Arc<dyn Fn() + Send + Sync>;
/// Decodes an image.
type Loader = Arc<dyn Fn(ImageId) -> Film + Send + Sync>;

/// Decoded films take at most this many bytes, unless those on screen alone need more.
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

/// What is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Films on screen: never dropped for room.
    pub visible: Vec<ImageId>,
    /// Films to have ready, most urgent first.
    pub ahead: Vec<ImageId>,
    /// Films whose first picture is made ready too, at this size in pixels.
    pub pictures: Vec<(ImageId, (u32, u32))>,
}

/// What the films have cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Films decoded.
    pub decodes: u64,
    /// Bytes held now.
    pub bytes: usize,
    /// Most bytes ever held.
    pub peak: usize,
}

/// The films around the reader.
pub struct Films {
    shelf: Arc<(Mutex<Shelf>, Condvar)>,
    workers: Vec<JoinHandle<()>>,
}

impl Films {
    /// Starts the workers.
    pub fn new(source: &ImageSource, waker: &Waker, budget: usize) -> Self {
        let source = Arc::clone(source);
        Self::with_loader(&(Arc::new(move |id| load(&source, id)) as Loader), waker, budget)
    }

    fn with_loader(loader: &Loader, waker: &Waker, budget: usize) -> Self {
        let shelf = Arc::new((Mutex::new(Shelf::new(budget)), Condvar::new()));
        // One core is left to the window. The first worker takes nothing but what is on screen,
        // so that a film asked for never waits behind those decoded ahead.
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let workers = (0..=(cores - 1).clamp(1, 3))
            .filter_map(|n| {
                let (shelf, loader, waker) =
                    (Arc::clone(&shelf), Arc::clone(loader), Arc::clone(waker));
                std::thread::Builder::new()
                    .name(format!("film-{n}"))
                    .spawn(move || work(&shelf, &loader, &waker, n == 0))
                    .map_err(|error| tracing::error!(%error, "a film worker could not start"))
                    .ok()
            })
            .collect();
        Self { shelf, workers }
    }

    /// Says what is needed, the film on screen first.
    pub fn want(&self, wanted: &[ImageId]) {
        let (visible, ahead) = wanted.split_at(wanted.len().min(1));
        self.order(Order {
            visible: visible.to_vec(),
            ahead: ahead.to_vec(),
            pictures: Vec::new(),
        });
    }

    /// Says what is needed. What was needed before and is not now is no longer decoded.
    pub fn order(&self, order: Order) {
        let (lock, signal) = &*self.shelf;
        if lock.lock().set_order(order) {
            signal.notify_all();
        }
    }

    /// Another budget, from now on.
    pub fn set_budget(&self, budget: usize) {
        self.shelf.0.lock().set_budget(budget);
        self.shelf.1.notify_all();
    }

    /// Calibration and dither of pictures that are made ready; those made before are dropped.
    pub fn set_output(&self, output: Output) {
        self.shelf.0.lock().set_output(output);
        self.shelf.1.notify_all();
    }

    /// The film, once it is decoded.
    pub fn get(&self, id: ImageId) -> Option<Film> {
        self.shelf.0.lock().get(id)
    }

    /// The picture that was made ready for a film at this size.
    pub(crate) fn take_picture(&self, id: ImageId, size: (u32, u32)) -> Option<Prepared> {
        self.shelf.0.lock().take_picture(id, size)
    }

    /// What the films have cost so far.
    pub fn figures(&self) -> Figures {
        self.shelf.0.lock().figures()
    }

    /// Waits for a film: for scripts and benchmarks, never for the window.
    pub fn wait(&self, id: ImageId, until: Instant) -> Option<Film> {
        self.wait_for(until, |shelf| shelf.get(id))
    }

    /// Waits until nothing is left to do: for benchmarks and tests.
    pub fn wait_idle(&self, until: Instant) -> bool {
        self.wait_for(until, |shelf| shelf.is_idle().then_some(())).is_some()
    }

    fn wait_for<T>(&self, until: Instant, ready: impl Fn(&mut Shelf) -> Option<T>) -> Option<T> {
        let (lock, signal) = &*self.shelf;
        let mut shelf = lock.lock();
        loop {
            if let Some(found) = ready(&mut shelf) {
                return Some(found);
            }
            if signal.wait_until(&mut shelf, until).timed_out() {
                return ready(&mut shelf);
            }
        }
    }
}

impl Drop for Films {
    fn drop(&mut self) {
        self.shelf.0.lock().close();
        self.shelf.1.notify_all();
        for worker in self.workers.drain(..) {
            // A worker that panicked has nothing left to say.
            worker.join().ok();
        }
    }
}

fn work(shelf: &(Mutex<Shelf>, Condvar), loader: &Loader, waker: &Waker, urgent_only: bool) {
    let (lock, signal) = shelf;
    loop {
        let task = {
            let mut shelf = lock.lock();
            loop {
                if shelf.is_closing() {
                    return;
                }
                if let Some(task) = shelf.next_task(urgent_only) {
                    break task;
                }
                signal.wait(&mut shelf);
            }
        };
        match task {
            Task::Decode(id) => {
                let film = loader(id);
                lock.lock().put_film(id, film);
            }
            Task::Measure { id, image } => {
                let measured = catch_unwind(AssertUnwindSafe(|| {
                    image.adequacy();
                    overread_imaging::body_distribution(&image);
                }));
                lock.lock().put_measure(id, measured.is_ok());
            }
            Task::Picture { id, image, size, output } => {
                let ready = Prepared::new(&image, size, &output);
                lock.lock().put_picture(id, ready);
            }
        }
        signal.notify_all();
        waker();
    }
}

/// Reads and decodes one film, and finds the window it opens with.
pub fn load(source: &ImageSource, id: ImageId) -> Film {
    let bytes = source(id).map_err(|reason| Fault { reason, unreachable: true })?;
    let broken = |reason: String| Fault { reason, unreachable: false };
    let decoded = catch_unwind(AssertUnwindSafe(|| {
        decode(&bytes, &DecodeLimits::default()).inspect(|image| {
            overread_imaging::default_voi(image);
        })
    }));
    match decoded {
        Ok(Ok(image)) => Ok(Arc::new(image)),
        Ok(Err(error)) => Err(broken(format!("{error}."))),
        Err(_panic) => Err(broken("the decoder stumbled over this film.".to_owned())),
    }
}

//! The pool of films: priorities, cancelling, budget.

use std::time::Duration;

use overread_imaging::{Pattern, pattern};
use parking_lot::Mutex;

use super::*;

const MIB: usize = 1 << 20;

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

fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

fn ids(range: std::ops::Range<u64>) -> Vec<ImageId> {
    range.map(ImageId).collect()
}

fn quiet() -> Waker {
    Arc::new(|| {})
}

/// A film of 16 bits, as large as asked for.
fn film(width: u32, height: u32) -> Arc<DecodedImage> {
    Arc::new(pattern(Pattern::Readback, width, height).unwrap())
}

#[test]
fn wanted_films_come_and_broken_ones_say_why() {
    let bytes = png(64);
    let source: ImageSource = Arc::new(move |id| match id.0 {
        0 => Err("no such film".to_owned()),
        1 => Ok(b"not a film at all".to_vec()),
        _ => Ok(bytes.clone()),
    });
    let films = Films::new(&source, &quiet(), MIB);
    films.want(&[ImageId(2), ImageId(1), ImageId(0)]);
    assert!(films.wait(ImageId(2), soon()).unwrap().is_ok());
    assert!(films.wait(ImageId(1), soon()).unwrap().is_err());
    assert_eq!(films.wait(ImageId(0), soon()).unwrap().unwrap_err().reason, "no such film");
}

#[test]
fn ten_views_of_forty_megabytes_never_need_more_than_the_budget() {
    let budget = 256 * MIB;
    let loader: Loader = Arc::new(|_| Ok(film(4096, 5120)));
    let films = Films::with_loader(&loader, &quiet(), budget);
    for page in [0..6, 6..10, 0..6] {
        let visible = ids(page.clone());
        let ahead = ids(0..10).into_iter().filter(|id| !visible.contains(id)).collect();
        films.order(Order { visible: visible.clone(), ahead, pictures: Vec::new() });
        for id in visible {
            assert!(films.wait(id, soon()).unwrap().is_ok());
        }
        assert!(films.wait_idle(soon()));
        let figures = films.figures();
        assert!(figures.bytes <= budget && figures.peak <= budget, "{figures:?}");
    }
}

#[test]
fn memory_does_not_grow_with_the_number_of_items_read() {
    let loader: Loader = Arc::new(|_| Ok(film(1024, 1024)));
    let films = Films::with_loader(&loader, &quiet(), 1024 * MIB);
    let mut after_ten = 0;
    for item in 0..60 {
        films.want(&ids(item..item + 4));
        assert!(films.wait(ImageId(item), soon()).is_some());
        assert!(films.wait_idle(soon()));
        let bytes = films.figures().bytes;
        if item == 10 {
            after_ten = bytes;
        }
        assert!(
            item <= 10 || bytes <= after_ten,
            "{bytes} after item {item}, {after_ten} after ten"
        );
    }
}

/// A loader that waits at a gate, and says what it was asked for.
struct Gate {
    asked: Mutex<Vec<ImageId>>,
    open: Mutex<bool>,
    signal: Condvar,
}

impl Gate {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            asked: Mutex::new(Vec::new()),
            open: Mutex::new(false),
            signal: Condvar::new(),
        })
    }

    fn loader(self: &Arc<Self>) -> Loader {
        let gate = Arc::clone(self);
        Arc::new(move |id| {
            gate.asked.lock().push(id);
            let mut open = gate.open.lock();
            while !*open {
                gate.signal.wait(&mut open);
            }
            Ok(film(256, 192))
        })
    }

    fn open(&self) {
        *self.open.lock() = true;
        self.signal.notify_all();
    }

    fn wait_for(&self, id: ImageId) {
        let until = soon();
        while !self.asked.lock().contains(&id) {
            assert!(Instant::now() < until, "never asked for {id:?}");
            std::thread::yield_now();
        }
    }
}

#[test]
fn the_film_on_screen_never_waits_behind_those_decoded_ahead() {
    let gate = Gate::new();
    let films = Films::with_loader(&gate.loader(), &quiet(), 64 * MIB);
    // Every worker for films ahead is busy, and stays so.
    films.order(Order { ahead: ids(10..20), ..Order::default() });
    gate.wait_for(ImageId(10));
    films.order(Order { visible: ids(1..2), ahead: ids(11..20), pictures: Vec::new() });
    gate.wait_for(ImageId(1));
    gate.open();
    assert!(films.wait(ImageId(1), soon()).unwrap().is_ok());
}

#[test]
fn a_jump_forgets_what_waited_and_drops_what_nobody_wants() {
    let gate = Gate::new();
    let films = Films::with_loader(&gate.loader(), &quiet(), 64 * MIB);
    films.want(&ids(0..8));
    gate.wait_for(ImageId(0));
    films.want(&ids(100..102));
    gate.open();
    assert!(films.wait(ImageId(100), soon()).unwrap().is_ok());
    assert!(films.wait_idle(soon()));
    assert!(films.get(ImageId(0)).is_none(), "decoded for nobody, and dropped");
    let asked = gate.asked.lock();
    assert!(!asked.contains(&ImageId(7)), "still decoded after the jump: {asked:?}");
}

#[test]
fn the_first_picture_of_the_next_film_is_made_ready_at_the_size_it_will_have() {
    let loader: Loader = Arc::new(|_| Ok(film(512, 512)));
    let films = Films::with_loader(&loader, &quiet(), 64 * MIB);
    let next = ImageId(2);
    let order = Order { visible: ids(1..2), ahead: ids(2..3), pictures: vec![(next, (300, 200))] };
    films.order(order.clone());
    assert!(films.wait_idle(soon()));
    assert!(films.take_picture(next, (300, 201)).is_none(), "another size");
    films.order(Order::default());
    films.order(order);
    assert!(films.wait_idle(soon()));
    let ready = films.take_picture(next, (300, 200)).unwrap();
    assert_eq!(ready.rgba.len(), 300 * 200 * 4);
    assert!(films.take_picture(next, (300, 200)).is_none(), "it is handed over");
}

#[test]
fn a_film_is_there_before_its_grey_levels_are_judged_and_the_one_on_screen_is_judged_first() {
    let loader: Loader = Arc::new(|_| Ok(film(256, 192)));
    let mut shelf = Shelf::new(64 * MIB);
    shelf.set_order(Order { visible: ids(1..2), ahead: ids(2..4), pictures: Vec::new() });
    let Some(Task::Decode(first)) = shelf.next_task(false) else { panic!("nothing to decode") };
    assert_eq!(first, ImageId(1));
    shelf.put_film(first, loader(first));
    assert!(shelf.get(first).unwrap().unwrap().measured_adequacy().is_none(), "here already");
    assert!(shelf.next_task(true).is_none(), "judging is not urgent");
    let Some(Task::Measure { id, image }) = shelf.next_task(false) else { panic!("not judged") };
    assert_eq!(id, first);
    assert!(!shelf.is_idle());
    image.adequacy();
    shelf.put_measure(id, true);
    assert!(shelf.get(first).unwrap().unwrap().measured_adequacy().is_some());
    for ahead in ids(2..4) {
        assert!(matches!(shelf.next_task(false), Some(Task::Decode(id)) if id == ahead));
        shelf.put_film(ahead, loader(ahead));
    }
    for ahead in ids(2..4) {
        let Some(Task::Measure { id, image }) = shelf.next_task(false) else {
            panic!("not judged")
        };
        assert_eq!(id, ahead);
        image.adequacy();
        shelf.put_measure(id, true);
    }
    assert!(shelf.is_idle());
}

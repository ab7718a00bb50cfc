//! Telling whoever waits how far long work has come.

use std::sync::OnceLock;

/// Gets what is being done, how much of it is done, and how much there is.
type Listener = fn(&str, usize, usize);

static LISTENER: OnceLock<Listener> = OnceLock::new();

/// Has progress told to a function; the first one stays. Without one, nothing is told.
pub fn listen(listener: Listener) {
    LISTENER.get_or_init(|| listener);
}

pub(crate) fn tell(what: &str, done: usize, of: usize) {
    if let Some(listener) = LISTENER.get() {
        listener(what, done, of);
    }
}

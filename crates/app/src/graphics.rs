//! What draws the window, in the graphics system's own words.
//!
//! The painter tells its log and nobody else: asking the graphics system directly would take unsafe code.

use log::{LevelFilter, Log, Metadata, Record};

/// Where the painter says it.
const PAINTER: &str = "egui_glow::painter";
const SIGN: &str = "opengl renderer: ";

struct Listener;

impl Log for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == PAINTER
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string();
        if let Some(renderer) = text.lines().find_map(|line| line.strip_prefix(SIGN)) {
            overread_session::machine::note_renderer(renderer);
            // Nothing else is listened for.
            log::set_max_level(LevelFilter::Off);
        }
    }

    fn flush(&self) {}
}

/// Listens until the painter has said what it draws with.
pub(crate) fn listen() {
    // Somebody else's log is left alone: then the renderer stays unknown.
    if log::set_logger(&Listener).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
}

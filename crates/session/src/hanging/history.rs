//! Steps back and forth through how films were looked at.

use std::time::{Duration, Instant};

use crate::command::Command;

/// Presses of a key and turns of a wheel closer together than this are one change.
const RUN: Duration = Duration::from_millis(700);
/// More steps than anybody walks back.
const MOST: usize = 200;

/// Changes that belong together when they follow each other closely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// Repeated presses of one key.
    Key(Command),
    /// The wheel over one film.
    Wheel(usize),
}

/// What was before, and what was taken back.
pub(super) struct History<T> {
    past: Vec<T>,
    future: Vec<T>,
    run: Option<(Run, Instant)>,
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self { past: Vec::new(), future: Vec::new(), run: None }
    }
}

impl<T> History<T> {
    /// Keeps the state before a change; what was taken back is gone.
    pub(super) fn record(&mut self, before: T, run: Option<Run>, now: Instant) {
        let goes_on = self
            .run
            .is_some_and(|(last, at)| Some(last) == run && now.saturating_duration_since(at) < RUN);
        self.run = run.map(|run| (run, now));
        self.future.clear();
        if goes_on {
            return;
        }
        if self.past.len() == MOST {
            self.past.remove(0);
        }
        self.past.push(before);
    }

    /// The state before the last change.
    pub(super) fn undo(&mut self, now: T) -> Option<T> {
        let before = self.past.pop()?;
        self.future.push(now);
        self.run = None;
        Some(before)
    }

    /// The state that was taken back last.
    pub(super) fn redo(&mut self, now: T) -> Option<T> {
        let after = self.future.pop()?;
        self.past.push(now);
        self.run = None;
        Some(after)
    }
}

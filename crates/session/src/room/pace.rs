//! Active time: how long a reader was at work on an item.

use std::time::{Duration, Instant};

/// After this long without input the reader is taken to be away.
const AWAY: Duration = Duration::from_secs(30);

/// Adds up the time between inputs, each gap counted for at most half a minute.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    active: Duration,
    last: Option<Instant>,
}

impl Pace {
    /// A new item came up.
    pub fn restart(&mut self, now: Instant) {
        *self = Self { active: Duration::ZERO, last: Some(now) };
    }

    /// A key, a click or a movement of the mouse.
    pub fn input(&mut self, now: Instant) {
        if let Some(last) = self.last {
            self.active += now.saturating_duration_since(last).min(AWAY);
        }
        self.last = Some(now);
    }

    /// Active time in milliseconds.
    pub fn active_ms(&self) -> u64 {
        u64::try_from(self.active.as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coffee_counts_for_thirty_seconds() {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.restart(start);
        pace.input(start + Duration::from_secs(5));
        pace.input(start + Duration::from_secs(605));
        assert_eq!(pace.active_ms(), 35_000);
    }
}

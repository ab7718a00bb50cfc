//! Where times come from: the device's clock, or one that a test holds still.

use std::fmt;
use std::sync::Arc;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A clock that can be replaced. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> OffsetDateTime + Send + Sync>);

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl Clock {
    /// The device's own clock.
    pub fn system() -> Self {
        Self(Arc::new(OffsetDateTime::now_utc))
    }

    /// A clock made from a function.
    pub fn from_fn(now: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// A clock that always shows that RFC 3339 time; `None` where the text is no such time.
    pub fn fixed(at: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(at, &Rfc3339).ok()?;
        Some(Self::from_fn(move || at))
    }

    /// The time now.
    pub fn now(&self) -> OffsetDateTime {
        (self.0)().to_offset(time::UtcOffset::UTC)
    }

    /// The time now as it is written in the project file.
    pub fn now_text(&self) -> String {
        text_of(self.now())
    }
}

/// RFC 3339 in UTC with milliseconds: fixed width, so that text order is time order.
pub(crate) fn text_of(at: OffsetDateTime) -> String {
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_shows_utc_with_milliseconds() {
        let clock = Clock::fixed("2026-03-01T12:30:00.25+02:00").unwrap();
        assert_eq!(clock.now_text(), "2026-03-01T10:30:00.250Z");
        assert!(Clock::fixed("yesterday").is_none());
    }
}

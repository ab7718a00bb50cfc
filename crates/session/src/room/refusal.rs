//! Why a command was not carried out.

use std::time::Duration;

/// Why a command was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The film has not been painted.
    NotPainted,
    /// The film had been shown for so short a time.
    TooEarly(Duration),
    /// The key was held down.
    Repeat,
    /// The window had just come to the front.
    JustFocused,
    /// The change before is not on disk yet.
    Saving,
    /// The film cannot be shown: only inadequate or skip.
    Undecodable,
    /// The film's file cannot be reached: skip, or inadequate where it never will be.
    Missing,
    /// Not possible now, and why.
    Unavailable(&'static str),
}

impl Refusal {
    /// The state line and its detail, for a key with that name.
    pub fn words(self, key: &str) -> (String, String) {
        match self {
            Self::NotPainted => (
                format!("Key {key} came too early."),
                "The film was not on screen. Not counted.".into(),
            ),
            Self::TooEarly(shown) => (
                format!("Key {key} came too early."),
                format!("The film had been shown for {:.2} s. Not counted.", shown.as_secs_f64()),
            ),
            Self::Repeat => (
                format!("Key {key} was held down."),
                "One press is one answer. Not counted.".into(),
            ),
            Self::JustFocused => {
                (format!("Key {key} not counted."), "The window had just come to the front.".into())
            }
            Self::Saving => {
                (format!("Key {key} not counted."), "The answer before is being saved.".into())
            }
            Self::Undecodable => (
                format!("Key {key} not counted."),
                "This film can only be answered X, or skipped.".into(),
            ),
            Self::Missing => {
                (format!("Key {key} not counted."), "The film is missing: skip it, or stop.".into())
            }
            Self::Unavailable(reason) => (format!("Key {key} not counted."), reason.into()),
        }
    }

    /// One line for scripts.
    pub fn line(self, key: &str) -> String {
        let (title, detail) = self.words(key);
        format!("{title} {detail}")
    }
}

//! Finding the place of a mistake in a protocol and the word that was meant.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;

use super::Share;
use super::file::ProtocolError;

/// Letters that no action of the reading room uses and that a protocol may therefore bind.
pub(super) const FREE_KEYS: &str = "QWERTYSDFHJBV";

/// The longest text of one line.
const MOST_CHARS: usize = 200;
/// The longest wording of a rule.
const MOST_WORDING: usize = 4_000;

/// The text of a protocol, to turn offsets into places.
pub(super) struct Checker<'a> {
    pub(super) text: &'a str,
}

impl Checker<'_> {
    pub(super) fn error(&self, offset: usize, message: impl Into<String>) -> ProtocolError {
        let before = self.text.get(..offset.min(self.text.len())).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        ProtocolError { line, column, message: message.into() }
    }

    pub(super) fn at<T>(&self, value: &Spanned<T>, message: impl Into<String>) -> ProtocolError {
        self.error(value.span().start, message)
    }

    /// What the TOML reader says, in the words of protocols and with the nearest allowed word.
    pub(super) fn reader_error(&self, error: &toml::de::Error) -> ProtocolError {
        let offset = error.span().map_or(0, |span| span.start);
        let message = error.message().trim().trim_end_matches('.').replace('\n', "; ");
        let plain = message
            .replace("expected u32", "expected a whole number from 0 to 4294967295")
            .replace("unknown field", "unknown key")
            .replace("missing field", "missing key")
            .replace("duplicate field", "duplicate key")
            .replace("unknown variant", "unknown word");
        let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        let near = match words.as_slice() {
            [wrong, allowed @ ..] if message.starts_with("unknown") => {
                nearest(wrong, allowed.iter().copied())
            }
            _ => None,
        };
        let hint = near.map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
        self.error(offset, format!("{plain}{hint}"))
    }

    /// A key is one free letter, bound once.
    pub(super) fn key(
        &self,
        value: &Spanned<String>,
        owner: &str,
        taken: &mut BTreeMap<char, String>,
        everywhere: &BTreeSet<char>,
    ) -> Result<char, ProtocolError> {
        let free = FREE_KEYS.chars().find(|k| !taken.contains_key(k) && !everywhere.contains(k));
        let hint = match free {
            Some(key) => format!("; `{key}` is free"),
            None => "; no letter is free".to_owned(),
        };
        let mut letters = value.get_ref().chars();
        let (Some(letter), None) = (letters.next(), letters.next()) else {
            let all: Vec<String> = FREE_KEYS.chars().map(String::from).collect();
            let message = format!("a key is one letter of {}{hint}", all.join(" "));
            return Err(self.at(value, message));
        };
        let key = letter.to_ascii_uppercase();
        if !FREE_KEYS.contains(key) {
            return Err(self.at(value, format!("key `{key}` belongs to the reading room{hint}")));
        }
        if let Some(other) = taken.insert(key, owner.to_owned()) {
            return Err(self.at(value, format!("key `{key}` is already taken by {other}{hint}")));
        }
        Ok(key)
    }

    /// A line of text for screens and reports.
    pub(super) fn line(
        &self,
        value: &Spanned<String>,
        what: &str,
    ) -> Result<String, ProtocolError> {
        let text = value.get_ref();
        if text.trim().is_empty() {
            return Err(self.at(value, format!("{what} must not be empty")));
        }
        if MOST_CHARS < text.chars().count() {
            return Err(self.at(value, format!("{what} has at most {MOST_CHARS} characters")));
        }
        if text.chars().any(|c| c.is_control() || reorders(c)) {
            let message = format!("{what} must not hold line ends or other control characters");
            return Err(self.at(value, message));
        }
        Ok(text.clone())
    }

    /// The wording of a rule, which may have several lines.
    pub(super) fn wording(&self, value: &Spanned<String>) -> Result<String, ProtocolError> {
        let text = value.get_ref();
        if text.trim().is_empty() {
            return Err(self.at(value, "the wording of a rule must not be empty"));
        }
        if MOST_WORDING < text.chars().count() {
            let message = format!("the wording of a rule has at most {MOST_WORDING} characters");
            return Err(self.at(value, message));
        }
        if text.chars().any(|c| (c.is_control() && !matches!(c, '\n' | '\r')) || reorders(c)) {
            return Err(self.at(value, "the wording of a rule must not hold control characters"));
        }
        Ok(text.clone())
    }

    /// An id, which stands in tables, file names and on command lines.
    pub(super) fn id(&self, value: &Spanned<String>) -> Result<String, ProtocolError> {
        let id = value.get_ref();
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        if id.is_empty() || 64 < id.chars().count() || !id.chars().all(fits) {
            let message = "an id has 1 to 64 letters, digits, `_`, `-` and `.`, and no spaces";
            return Err(self.at(value, message));
        }
        if id == "all" {
            return Err(self.at(value, "the id `all` stands for every finding; choose another"));
        }
        Ok(id.clone())
    }

    /// A whole number within limits.
    pub(super) fn within(
        &self,
        value: &Spanned<u32>,
        what: &str,
        least: u32,
        most: u32,
    ) -> Result<u32, ProtocolError> {
        let number = *value.get_ref();
        if (least..=most).contains(&number) {
            return Ok(number);
        }
        Err(self.at(value, format!("{what} is a whole number from {least} to {most}")))
    }

    /// A share from 0 to 1.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to lie between 0 and one million"
    )]
    pub(super) fn share(&self, value: &Spanned<f64>, what: &str) -> Result<Share, ProtocolError> {
        let share = *value.get_ref();
        if !(0.0..=1.0).contains(&share) {
            return Err(self.at(value, format!("{what} is a share from 0.0 to 1.0")));
        }
        Ok(Share((share * 1e6).round() as u32))
    }

    /// No id of that name, with the one that was probably meant.
    pub(super) fn unknown_finding<'i>(
        &self,
        value: &Spanned<String>,
        known: impl Iterator<Item = &'i str>,
    ) -> ProtocolError {
        let wrong = value.get_ref();
        let hint = nearest(wrong, known)
            .map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
        self.at(value, format!("no finding has the id `{wrong}`{hint}"))
    }
}

/// Characters that make text show in another order than it is written.
fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The allowed word nearest to a wrong one, where one is near enough.
pub fn nearest<'w>(wrong: &str, allowed: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let wrong = wrong.to_lowercase();
    let reach = (wrong.chars().count() / 3).max(1);
    allowed
        .map(|word| (distance(&wrong, &word.to_lowercase()), word))
        .filter(|(distance, _)| *distance <= reach)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Insertions, deletions, exchanges and swaps of neighbours that lead from one word to the other.
fn distance(a: &str, b: &str) -> usize {
    const MOST: usize = 64;
    let a: Vec<char> = a.chars().take(MOST).collect();
    let b: Vec<char> = b.chars().take(MOST).collect();
    let width = b.len() + 1;
    let mut table = vec![0_usize; (a.len() + 1) * width];
    let read = |table: &[usize], i: usize, j: usize| table.get(i * width + j).copied().unwrap_or(0);
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            let value = if i == 0 || j == 0 {
                i + j
            } else {
                let same = a.get(i - 1) == b.get(j - 1);
                let mut best = (read(&table, i - 1, j) + 1)
                    .min(read(&table, i, j - 1) + 1)
                    .min(read(&table, i - 1, j - 1) + usize::from(!same));
                if 1 < i && 1 < j && a.get(i - 1) == b.get(j - 2) && a.get(i - 2) == b.get(j - 1) {
                    best = best.min(read(&table, i - 2, j - 2) + 1);
                }
                best
            };
            if let Some(cell) = table.get_mut(i * width + j) {
                *cell = value;
            }
        }
    }
    read(&table, a.len(), b.len())
}

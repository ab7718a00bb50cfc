//! Takes the keys that are commands before egui moves focus or presses buttons with them.

use egui::{Context, Event, Key, Modifiers, RawInput};
use overread_session::view::{KeyPress, KeyTable};
use std::{collections::BTreeSet, sync::Arc, time::Instant};

/// Turns key presses into [`KeyPress`]es.
///
/// A plugin rather than `App::raw_input_hook`: it also runs under test, and it runs before egui
/// reads bare arrows, Tab, Escape and Space for its own ends.
#[derive(Default)]
pub struct KeyPlugin {
    table: Arc<KeyTable>,
    down: BTreeSet<Key>,
    pressed: Vec<KeyPress>,
}

impl KeyPlugin {
    /// The chords that are commands from now on.
    pub fn set_table(&mut self, table: Arc<KeyTable>) {
        self.table = table;
    }

    /// Presses since the last call, oldest first.
    pub fn take_pressed(&mut self) -> Vec<KeyPress> {
        std::mem::take(&mut self.pressed)
    }
}

impl egui::Plugin for KeyPlugin {
    fn debug_name(&self) -> &'static str {
        "KeyPlugin"
    }

    fn input_hook(&mut self, ctx: &Context, input: &mut RawInput) {
        let typing = ctx.text_edit_focused();
        let events = std::mem::take(&mut input.events);
        let mut swallow_text = false;
        for (i, event) in events.iter().enumerate() {
            match event {
                Event::Key { key, physical_key, pressed: true, modifiers, .. } => {
                    swallow_text = false;
                    // egui marks repeats only after this hook, so they are told apart here.
                    let repeat = !self.down.insert(physical_key.unwrap_or(*key));
                    let text = match events.get(i + 1) {
                        Some(Event::Text(text)) => Some(text.as_str()),
                        _ => None,
                    };
                    let chords = chords(*key, *physical_key, text, *modifiers);
                    if let Some(chord) = self.table.matching(&chords, typing) {
                        let chord = chord.to_owned();
                        self.pressed.push(KeyPress { chord, repeat, at: Instant::now() });
                        // The character must not land in a text box that this key opens.
                        swallow_text = true;
                        continue;
                    }
                }
                Event::Key { key, physical_key, pressed: false, .. } => {
                    self.down.remove(&physical_key.unwrap_or(*key));
                }
                Event::Text(_) if swallow_text => {
                    swallow_text = false;
                    continue;
                }
                Event::WindowFocused(false) => self.down.clear(),
                _ => {}
            }
            input.events.push(event.clone());
        }
    }
}

/// Every chord a press can mean, most specific first: the logical key, the character it types,
/// the physical key. A shifted sign or digit is also that sign without Shift.
fn chords(
    key: Key,
    physical: Option<Key>,
    text: Option<&str>,
    modifiers: Modifiers,
) -> Vec<String> {
    let mut chords: Vec<String> = Vec::new();
    let mut add = |chord: String| {
        if !chords.contains(&chord) {
            chords.push(chord);
        }
    };
    let no_shift = Modifiers { shift: false, ..modifiers };
    let is_sign = |key: Key| {
        let name = name(key);
        name.len() == 1 && !name.starts_with(|c: char| c.is_ascii_alphabetic())
    };
    add(chord(modifiers, name(key)));
    if modifiers.shift && is_sign(key) {
        // Where digits need Shift the press types the digit; elsewhere it types another sign.
        let digit = name(key).starts_with(|c: char| c.is_ascii_digit());
        if !digit || text == Some(name(key)) {
            add(chord(no_shift, name(key)));
        }
    }
    let is_typed_sign = |text: &&str| {
        text.chars().count() == 1
            && !text.starts_with(|c: char| c.is_alphanumeric() || c.is_whitespace())
    };
    if let Some(sign) = text.filter(is_typed_sign) {
        add(chord(no_shift, sign));
    }
    if let Some(physical) = physical {
        // A letter key answers by what it types; only digits are also known by their place, for
        // keyboards on which the bare digit row types signs.
        if name(physical).starts_with(|c: char| c.is_ascii_digit()) || !is_latin(key) {
            add(chord(modifiers, name(physical)));
        }
    }
    chords
}

fn is_latin(key: Key) -> bool {
    name(key).len() == 1
}

fn chord(modifiers: Modifiers, name: &str) -> String {
    let mut chord = String::new();
    if modifiers.command || modifiers.ctrl {
        chord.push_str("Ctrl+");
    }
    if modifiers.alt {
        chord.push_str("Alt+");
    }
    if modifiers.shift {
        chord.push_str("Shift+");
    }
    chord.push_str(name);
    chord
}

/// The name of a key in a chord.
fn name(key: Key) -> &'static str {
    match key {
        Key::ArrowUp => "ArrowUp",
        Key::ArrowDown => "ArrowDown",
        Key::ArrowLeft => "ArrowLeft",
        Key::ArrowRight => "ArrowRight",
        Key::Minus => "-",
        Key::Quote => "'",
        key => key.symbol_or_name(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(table: &[&str], press: &[String]) -> Option<String> {
        let reading = table.iter().map(|chord| (*chord).to_owned()).collect();
        let table = KeyTable { reading, always: BTreeSet::new() };
        table.matching(press, false).map(str::to_owned)
    }

    const SHIFT: Modifiers = Modifiers::SHIFT;
    const NONE: Modifiers = Modifiers::NONE;

    #[test]
    fn a_digit_row_that_types_signs_still_answers() {
        // AZERTY: the key at the place of 1 types & bare, and 1 with Shift.
        let bare = chords(Key::Num1, Some(Key::Num1), Some("&"), NONE);
        assert_eq!(has(&["1"], &bare).as_deref(), Some("1"));
        let shifted = chords(Key::Num1, Some(Key::Num1), Some("1"), SHIFT);
        assert_eq!(has(&["1"], &shifted).as_deref(), Some("1"));
        let slash = chords(Key::Colon, Some(Key::Period), Some(":"), NONE);
        assert_eq!(has(&["/", "1"], &slash), None);
    }

    #[test]
    fn letters_answer_by_what_they_type_not_by_their_place() {
        // AZERTY: the key that types A stands at the place of Q.
        let press = chords(Key::A, Some(Key::Q), Some("a"), NONE);
        assert_eq!(has(&["Q", "A"], &press).as_deref(), Some("A"));
        assert_eq!(has(&["Q"], &press), None);
    }

    #[test]
    fn a_sign_that_needs_shift_is_written_without_it() {
        let press = chords(Key::Questionmark, Some(Key::Slash), Some("?"), SHIFT);
        assert_eq!(has(&["?", "/"], &press).as_deref(), Some("?"));
        let plus = chords(Key::Plus, Some(Key::Equals), Some("+"), SHIFT);
        assert_eq!(has(&["+", "="], &plus).as_deref(), Some("+"));
    }

    #[test]
    fn shift_and_a_letter_is_another_chord_than_the_letter() {
        let press = chords(Key::R, Some(Key::R), Some("R"), SHIFT);
        assert_eq!(has(&["R"], &press), None);
        assert_eq!(has(&["R", "Shift+R"], &press).as_deref(), Some("Shift+R"));
    }

    #[test]
    fn shift_and_a_digit_does_not_answer_where_digits_need_no_shift() {
        let press = chords(Key::Num3, Some(Key::Num3), Some("#"), SHIFT);
        assert_eq!(has(&["3"], &press), None);
    }

    #[test]
    fn modifiers_stand_in_one_order() {
        let all = Modifiers { ctrl: true, alt: true, shift: true, ..NONE };
        assert_eq!(chords(Key::Z, Some(Key::Z), None, all)[0], "Ctrl+Alt+Shift+Z");
    }
}

//! What lies over a screen: palette, key sheet, dialog, toast.

use super::{ButtonView, KeyHint, Mark};

/// What lies over a screen.
#[derive(Clone, Debug)]
pub enum LayerView {
    /// Every action by name.
    Palette(PaletteView),
    /// Every key on one sheet.
    Keys(KeySheetView),
    /// A question; never for a label.
    Dialog(DialogView),
}

/// A list to choose from by typing: the command palette, or findings to mark.
#[derive(Clone, Debug)]
pub struct PaletteView {
    /// What it is: "Command palette".
    pub name: String,
    /// It stands at the side of the films, which stay in sight: what is chosen is seen there.
    pub beside_films: bool,
    /// What is typed into it: "Name of a command".
    pub field: String,
    /// What was typed.
    pub query: String,
    /// "6 of 84".
    pub count: String,
    /// Matches, best first.
    pub rows: Vec<PaletteRow>,
    /// Index of the selected row.
    pub selected: usize,
    /// "No command is called that."
    pub empty: String,
    /// Keys at the foot.
    pub hints: Vec<KeyHint>,
}

/// One action.
#[derive(Clone, Debug)]
pub struct PaletteRow {
    /// "Window: default".
    pub title: String,
    /// Bytes of the title that matched, as ranges; drawn bold.
    pub matched: Vec<std::ops::Range<usize>>,
    /// Caps of its first key.
    pub caps: Vec<String>,
    /// Why it is not available now.
    pub refused: Option<String>,
    /// For what can be marked: whether it is.
    pub on: Option<bool>,
}

/// All keys of the live keymap.
#[derive(Clone, Debug)]
pub struct KeySheetView {
    /// "All keys".
    pub title: String,
    /// Groups, laid out in columns in this order.
    pub groups: Vec<KeyGroup>,
    /// How to close it.
    pub close: KeyHint,
}

/// Keys of one kind.
#[derive(Clone, Debug)]
pub struct KeyGroup {
    /// "Answer".
    pub title: String,
    /// Keys.
    pub rows: Vec<KeyHint>,
}

/// A question with at most three answers.
#[derive(Clone, Debug)]
pub struct DialogView {
    /// "Open the figures now?"
    pub title: String,
    /// What happens.
    pub text: String,
    /// The primary one is the safe choice and gets the first focus.
    pub buttons: Vec<ButtonView>,
}

/// A short-lived message.
#[derive(Clone, Debug)]
pub struct ToastView {
    /// Shape.
    pub mark: Mark,
    /// "Table copied, 12 rows".
    pub text: String,
    /// "Ctrl" "Z" undo.
    pub hint: Option<KeyHint>,
}

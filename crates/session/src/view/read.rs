//! The reading room.

use super::{ButtonView, FilmView, KeyHint, Mark, MouseMap, PanelView};

/// The reading room: film, rail, and the live panel when it is open.
#[derive(Clone, Debug)]
pub struct ReadView {
    /// The study's viewports, in [`super::ScreenShape`]'s order and number.
    pub films: Vec<FilmView>,
    /// Viewport with the focus; framed when there are several.
    pub focused_film: usize,
    /// What the mouse does on films.
    pub mouse: MouseMap,
    /// Number of the item: "7".
    pub item: String,
    /// "of 50".
    pub item_of: String,
    /// "1 flagged"; the place stays when empty.
    pub flagged: Option<String>,
    /// Position in the worklist.
    pub progress: ProgressView,
    /// The answer before, once it is on disk; the place stays when empty.
    pub echo: Option<EchoView>,
    /// "Pneumothorax?"
    pub question: String,
    /// What the next key will do.
    pub state: StateView,
    /// The state's detail says what the item is about: it is looked at again.
    pub second_look: bool,
    /// Levels in the order of the scale; empty when every finding is asked.
    pub answers: Vec<AnswerView>,
    /// Thresholds; the one at index i stands between answers i and i + 1.
    pub thresholds: Vec<ThresholdView>,
    /// Findings with their own levels, when every finding is asked.
    pub findings: Option<FindingsView>,
    /// Unsure and inadequate.
    pub no_answers: Vec<NoAnswerView>,
    /// Stratum marks.
    pub tags: Vec<TagView>,
    /// What else is present, where that can be marked; it is the row behind the tags.
    pub beside: Option<TagView>,
    /// Comment on this item.
    pub comment: CommentView,
    /// Flag for discussion.
    pub flag: TagView,
    /// Extra keys with words where answers are limited: "Space" Skip for now.
    pub skip: Option<ButtonView>,
    /// Keys worth a reminder, most useful first.
    pub hints: Vec<KeyHint>,
    /// The same in one line, for windows with less room.
    pub hints_short: Vec<KeyHint>,
    /// A standing message that cannot be missed.
    pub banner: Option<BannerView>,
    /// The live panel, when open.
    pub panel: Option<PanelView>,
}

/// Position in the worklist; says nothing about answers.
#[derive(Clone, Debug, Default)]
pub struct ProgressView {
    /// Items in the worklist.
    pub total: usize,
    /// Items locked, counted from the first.
    pub done: usize,
    /// Index of the item on screen.
    pub current: usize,
    /// Indices of flagged items.
    pub flagged: Vec<usize>,
}

/// The echo of the answer before.
#[derive(Clone, Debug)]
pub struct EchoView {
    /// "Last: item 6".
    pub text: String,
    /// "item 6".
    pub short: String,
    /// "6".
    pub number: String,
    /// Its shape.
    pub mark: Mark,
    /// "Reportable".
    pub answer: String,
    /// "saved".
    pub saved: String,
    /// True for 400 ms after the answer.
    pub fresh: bool,
    /// Cap to fill while fresh.
    pub key: String,
}

/// What state the case is in.
#[derive(Clone, Debug)]
pub struct StateView {
    /// Decides shape, bar colour, and whether caps are dashed.
    pub kind: StateKind,
    /// "Not answered. Keys are ready."
    pub text: String,
    /// A second line: "The film had been shown for 0.06 s. Not counted."
    pub detail: Option<String>,
}

/// States of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateKind {
    /// The next key answers.
    Ready,
    /// Keys wait for the film.
    Waiting,
    /// A key was pressed and not counted.
    TooEarly,
    /// Answered, and not on disk.
    Unsaved,
    /// Answered before, opened again.
    Reopened,
    /// The film cannot be shown.
    Undecodable,
    /// Nothing can be answered here (read-only).
    Closed,
}

/// How a row stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RowState {
    /// Can be pressed.
    #[default]
    Ready,
    /// Waits for the film, or is not offered.
    Waiting,
    /// Was just pressed and not counted.
    TooEarly,
    /// Is the answer, on disk.
    Chosen,
    /// Is the answer, not on disk.
    Unsaved,
}

/// One level of the scale.
#[derive(Clone, Debug)]
pub struct AnswerView {
    /// Key cap.
    pub key: String,
    /// Shape.
    pub mark: Mark,
    /// "Reportable".
    pub name: String,
    /// "P+ C−"; short rule outcomes.
    pub rules: String,
    /// Spoken outcome: "permissive yes, clinical no".
    pub spoken: String,
    /// Which rule it newly meets, for layouts without thresholds between rows: "neither rule met".
    pub meets: String,
    /// How it stands.
    pub state: RowState,
}

/// A rule, drawn as the line a level must reach.
#[derive(Clone, Debug)]
pub struct ThresholdView {
    /// "permissive".
    pub name: String,
    /// Its wording, with quotation marks: "“visible to the eye of faith”".
    pub wording: String,
}

/// An answer that is no level.
#[derive(Clone, Debug)]
pub struct NoAnswerView {
    /// Key cap.
    pub key: String,
    /// Shape.
    pub mark: Mark,
    /// "Inadequate pixels".
    pub name: String,
    /// "Inadequate".
    pub short: String,
    /// How it stands.
    pub state: RowState,
}

/// A stratum mark, the flag, or what else is present.
#[derive(Clone, Debug)]
pub struct TagView {
    /// Key cap.
    pub key: String,
    /// What is said before the name to those who hear it: "tag ".
    pub spoken: &'static str,
    /// "Subcutaneous emphysema".
    pub name: String,
    /// "Subcut. emphysema".
    pub short: String,
    /// Set on this item.
    pub on: bool,
    /// Why it cannot be set now.
    pub refused: Option<String>,
}

/// The comment on this item.
#[derive(Clone, Debug, Default)]
pub struct CommentView {
    /// Key cap.
    pub key: String,
    /// Text so far.
    pub text: String,
    /// The text box is open and has the focus.
    pub editing: bool,
    /// While editing: what typing offers, such as tags whose name starts so.
    pub matches: Vec<String>,
}

/// Every finding of the scheme.
#[derive(Clone, Debug)]
pub struct FindingsView {
    /// "Letter cycles the level".
    pub caption: String,
    /// Shapes of the levels, in order.
    pub levels: Vec<Mark>,
    /// Findings in the order of the protocol.
    pub rows: Vec<FindingView>,
    /// "Study, 3 of 3 views seen".
    pub study: String,
    /// Derived value of the whole study.
    pub derived: Option<(Mark, String)>,
    /// Lock and go on.
    pub lock: ActionRow,
    /// All absent.
    pub normal: Option<ActionRow>,
}

/// One finding.
#[derive(Clone, Debug)]
pub struct FindingView {
    /// Its letter.
    pub key: String,
    /// "Fracture".
    pub name: String,
    /// "Reportable", "not set".
    pub answer: String,
    /// Index of the level, when set.
    pub level: Option<usize>,
    /// Digits set this one.
    pub focused: bool,
}

/// A key with a sentence.
#[derive(Clone, Debug)]
pub struct ActionRow {
    /// Comes back in [`super::UiAction::Run`].
    pub id: String,
    /// Cap.
    pub key: String,
    /// "Lock and go on".
    pub text: String,
    /// "4 findings not set become absent", or why it is refused.
    pub note: String,
    /// Can be pressed.
    pub enabled: bool,
}

/// A message that stays until its cause is gone.
#[derive(Clone, Debug)]
pub struct BannerView {
    /// Alarm, warning or lock.
    pub mark: Mark,
    /// Bold sentence.
    pub title: String,
    /// Detail.
    pub text: String,
    /// At most two.
    pub buttons: Vec<ButtonView>,
}

//! View models: what a window shows, as plain data.
//!
//! Every text is ready to print, every number already formatted; a fraction (`f64`, 0 to 1) only
//! says where on a scale a mark stands. The window lays these values out and sends [`UiAction`]s
//! back, so it needs to know neither studies nor statistics.

mod film;
mod input;
mod overlay;
mod page;
mod panel;
mod read;

pub use self::{film::*, input::*, overlay::*, page::*, panel::*, read::*};

use std::sync::Arc;

/// A shape that goes with a word; the window paints it as a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Ring: the lowest level.
    Absent,
    /// Outlined triangle: a middle level.
    Plausible,
    /// Filled triangle: the highest level.
    Reportable,
    /// Question mark: the reader cannot decide.
    Unsure,
    /// Hatched square: the pixels cannot answer.
    Inadequate,
    /// Tick: adequate, saved, done.
    Check,
    /// Outlined diamond: a warning.
    Warning,
    /// Filled diamond: an alarm.
    Alarm,
    /// Padlock: blinded, sealed, read-only.
    Lock,
    /// Flag: marked for discussion.
    Flag,
    /// Filled dot: ready.
    Dot,
    /// Still dashed ring: waiting.
    Waiting,
}

/// How loudly a piece of text speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Brightest: the thing itself.
    Strong,
    /// Body text.
    #[default]
    Body,
    /// Captions and asides.
    Quiet,
}

/// A run of text within a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Ready text, with its own spaces.
    pub text: String,
    /// Semibold and bright.
    pub strong: bool,
}

impl Span {
    /// A run in the weight of the sentence.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), strong: false }
    }

    /// A run that stands out.
    pub fn strong(text: impl Into<String>) -> Self {
        Self { text: text.into(), strong: true }
    }
}

/// Everything the window draws in one frame.
#[derive(Clone, Debug)]
pub struct FrameView {
    /// Window title; in the reading room it names the program and nothing else.
    pub title: String,
    /// What fills the window.
    pub screen: ScreenView,
    /// What lies over it, if anything.
    pub layer: Option<LayerView>,
    /// A short-lived message about something that can be undone or copied.
    pub toast: Option<ToastView>,
    /// The bottom line.
    pub status: StatusView,
    /// Chords that are commands now; any other key is left to the focused widget.
    pub keys: Arc<KeyTable>,
    /// Fades are left out.
    pub reduce_motion: bool,
    /// The window fills the monitor.
    pub full_screen: bool,
    /// Interface scale, 1.0 to 2.0, on top of the monitor's own.
    pub zoom: f32,
    /// Show a new frame after this time even if nothing happens (echo, dwell, toast, seconds).
    pub repaint_after: Option<std::time::Duration>,
    /// One-off wishes; each is carried out once.
    pub effects: Vec<Effect>,
}

impl FrameView {
    /// A frame with this screen and status line and nothing over it.
    pub fn new(screen: ScreenView, status: StatusView, keys: Arc<KeyTable>) -> Self {
        Self {
            title: "Overread".to_owned(),
            screen,
            layer: None,
            toast: None,
            status,
            keys,
            reduce_motion: false,
            full_screen: false,
            zoom: 1.0,
            repaint_after: None,
            effects: Vec::new(),
        }
    }
}

/// What fills the window.
#[derive(Clone, Debug)]
pub enum ScreenView {
    /// Recent projects and ways to start.
    Home(Box<HomeView>),
    /// The reading room; adjudication and review use it too.
    Read(Box<ReadView>),
    /// The last item is locked.
    DeckDone(Box<DeckDoneView>),
    /// Any page made of blocks: wizard, analysis, settings.
    Page(Box<PageView>),
    /// A picture that fills the monitor: patch or test pattern.
    Bare(Box<BareView>),
}

/// What the window should do once, outside of drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask for a path; the answer is [`UiAction::Picked`] with the same id.
    Pick(PickRequest),
    /// Close the window.
    Close,
}

/// A request for the desktop's file dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PickRequest {
    /// Comes back with the answer.
    pub id: String,
    /// Title of the dialog.
    pub title: String,
    /// What is picked.
    pub kind: PickKind,
    /// Name and extensions, such as `("Project", ["overread"])`.
    pub filters: Vec<(String, Vec<String>)>,
    /// Proposed file name when saving.
    pub file_name: Option<String>,
}

/// What a file dialog picks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PickKind {
    /// A file that exists.
    OpenFile,
    /// A folder that exists.
    OpenFolder,
    /// A file to write.
    SaveFile,
}

/// The line at the bottom of the window.
#[derive(Clone, Debug, Default)]
pub struct StatusView {
    /// Project, deck, blinding.
    pub left: Vec<StatusItem>,
    /// Calibration, reader, saved.
    pub right: Vec<StatusItem>,
}

/// One item of the status line.
#[derive(Clone, Debug)]
pub struct StatusItem {
    /// Shape before the text.
    pub mark: Option<Mark>,
    /// Full text.
    pub text: String,
    /// Text where room is short; `None`: the full one.
    pub short: Option<String>,
    /// Brightness.
    pub tone: Tone,
    /// The smallest window that still shows it.
    pub keep: StatusKeep,
}

/// The smallest window that still shows a status item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StatusKeep {
    /// Even the least window (calibration, saved state).
    Least,
    /// From the tight window on (deck, blinding).
    Tight,
    /// Only where there is room (project, reader).
    Compact,
}

/// A command as a button; its text comes from the command table.
#[derive(Clone, Debug)]
pub struct ButtonView {
    /// Comes back in [`UiAction::Run`].
    pub id: String,
    /// Label.
    pub text: String,
    /// Its key from the live keymap.
    pub key: Option<String>,
    /// Weight.
    pub kind: ButtonKind,
    /// Why it cannot be pressed; printed beside it.
    pub refused: Option<String>,
}

/// Weight of a button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonKind {
    /// The one thing to do next; also the safe choice that gets the first focus in a dialog.
    Primary,
    /// Any other.
    #[default]
    Secondary,
    /// Text only.
    Quiet,
}

/// One or more caps and what they do: "Ctrl" "Z" undo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHint {
    /// Caps in order; an alternative is a hint of its own.
    pub caps: Vec<String>,
    /// What the key does, lower case.
    pub text: String,
}

impl KeyHint {
    /// A hint from caps and words.
    pub fn new(caps: &[&str], text: impl Into<String>) -> Self {
        Self { caps: caps.iter().map(|cap| (*cap).to_owned()).collect(), text: text.into() }
    }
}

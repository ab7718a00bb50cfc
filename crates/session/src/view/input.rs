//! What the window tells the session.

use super::FrameView;
use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

/// The session as the window sees it.
pub trait Backend {
    /// A function that asks for a new frame, from any thread. Called once, before the first frame.
    fn set_waker(&mut self, waker: Arc<dyn Fn() + Send + Sync>);

    /// What the next frame will hold, as far as it decides the size of the films.
    fn shape(&self) -> ScreenShape;

    /// What to draw. Never waits for anything.
    fn view(&mut self, frame: &FrameInput) -> FrameView;

    /// Something a person did. Called between frames, in order.
    fn act(&mut self, action: UiAction);

    /// The window closes; returns when everything is on disk.
    fn closing(&mut self);
}

/// What decides the size of the films before they are drawn.
#[expect(clippy::struct_excessive_bools, reason = "facts that do not exclude each other")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScreenShape {
    /// The reading room is shown.
    pub reading: bool,
    /// The live panel is open.
    pub panel: bool,
    /// A banner stands under the film.
    pub banner: bool,
    /// Viewports, and how they stand.
    pub films: FilmLayout,
    /// One picture fills the whole window.
    pub bare: bool,
}

/// Films on a page of [`FilmLayout::Grid`].
pub const GRID: usize = 6;

/// How the viewports stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FilmLayout {
    /// One.
    #[default]
    One,
    /// Two side by side.
    Two,
    /// One large, two stacked; holds the index of the large one.
    ThreeFocused(usize),
    /// Two by two; holds how many of the four are filled.
    Four(usize),
    /// Pages of six, three by two (two by three where the films stand on end).
    Grid {
        /// Index of the first film of the page.
        first: usize,
        /// Films in all.
        of: usize,
    },
    /// One of several films fills the screen; holds its index.
    Only(usize),
}

/// The world at the start of a frame.
#[derive(Clone, Debug)]
pub struct FrameInput {
    /// Time of this frame.
    pub now: Instant,
    /// Size wanted for each film in physical pixels, in the order of [`super::ReadView::films`];
    /// `[0, 0]` for one that is not shown.
    pub viewports: Vec<[usize; 2]>,
    /// The newest picture of each viewport that is really on screen, and since when.
    pub painted: Vec<Option<Painted>>,
    /// Physical pixels per point, interface scale included.
    pub pixels_per_point: f32,
    /// Window size in points.
    pub window: [f32; 2],
    /// Monitor size in physical pixels, when known.
    pub monitor: Option<[u32; 2]>,
    /// Name of the monitor that the window is on, when known.
    pub monitor_name: Option<String>,
    /// The system's scale on that monitor, without the interface's own.
    pub monitor_scale: f32,
    /// The window has the keyboard.
    pub focused: bool,
    /// A text box has the keyboard.
    pub typing: bool,
}

/// A picture that is on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Painted {
    /// [`super::FilmPicture::generation`].
    pub generation: u64,
    /// When it was first handed to the screen.
    pub at: Instant,
}

/// Chords that are commands; everything else belongs to the focused widget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyTable {
    /// Live while no text box has the keyboard.
    pub reading: BTreeSet<String>,
    /// Live always; only function keys, chords with Ctrl or Cmd, and in a layer also `Escape`,
    /// `Enter`, `ArrowUp`, `ArrowDown`.
    pub always: BTreeSet<String>,
}

impl KeyTable {
    /// The chord among those a press could mean that is a command now, most specific first.
    pub fn matching<'a>(&self, chords: &'a [String], typing: bool) -> Option<&'a str> {
        chords
            .iter()
            .find(|chord| {
                self.always.contains(*chord) || (!typing && self.reading.contains(*chord))
            })
            .map(String::as_str)
    }
}

/// A key press that is a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPress {
    /// The chord from the [`KeyTable`]: modifiers in the order Ctrl, Alt, Shift, then the key:
    /// `1`, `A`, `/`, `?`, `+`, `-`, `=`, `Space`, `Enter`, `Backspace`, `Escape`, `Tab`, `Home`,
    /// `End`, `Delete`, `PageUp`, `PageDown`, `ArrowUp`, `ArrowDown`, `ArrowLeft`, `ArrowRight`,
    /// `F1` …, as in `Ctrl+Shift+Z`. `Ctrl` is Cmd on a Mac. A sign that needs Shift on this
    /// keyboard (`?`, `+`) is written without it.
    pub chord: String,
    /// The key is held and repeats itself.
    pub repeat: bool,
    /// When the window learnt of it.
    pub at: Instant,
}

/// Where in a gesture an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// First movement.
    Start,
    /// Going on.
    Move,
    /// Button let go; the hand rests.
    End,
}

/// How fast a drag changes the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DragPace {
    /// A fifth, with Shift.
    Fine,
    /// As it is.
    #[default]
    Normal,
    /// Four times, with Ctrl.
    Coarse,
}

/// What of the histogram is dragged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistogramPart {
    /// Where the window begins.
    Low,
    /// Where it ends.
    High,
    /// The window as a whole.
    Body,
}

/// What a mouse button does when it drags on the film.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DragTool {
    /// Window and level.
    Window,
    /// Pan.
    Pan,
    /// Zoom about where the drag began.
    Zoom,
    /// Draw with the measuring tool at hand.
    Draw,
}

/// What the mouse does on films.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MouseMap {
    /// Left button.
    pub left: DragTool,
    /// Middle button.
    pub middle: DragTool,
    /// Right button.
    pub right: DragTool,
    /// Report the pointer when it only moves (magnifier).
    pub track: bool,
}

impl Default for MouseMap {
    fn default() -> Self {
        Self { left: DragTool::Window, middle: DragTool::Pan, right: DragTool::Zoom, track: false }
    }
}

/// Something a person did. Positions and distances on films are physical pixels of the viewport.
#[derive(Clone, Debug, PartialEq)]
pub enum UiAction {
    /// A key that is a command.
    Key(KeyPress),
    /// The window gained or lost the keyboard.
    Focused(bool),
    /// Window by drag: right is wider, down is darker.
    DragWindow {
        /// Viewport.
        film: usize,
        /// Place in the gesture.
        phase: Phase,
        /// Since the event before.
        delta: [f32; 2],
        /// Fine with Shift, coarse with Ctrl.
        pace: DragPace,
    },
    /// Pan by drag.
    Pan {
        /// Viewport.
        film: usize,
        /// Place in the gesture.
        phase: Phase,
        /// Since the event before.
        delta: [f32; 2],
    },
    /// Zoom by drag about where it began; up is larger.
    DragZoom {
        /// Viewport.
        film: usize,
        /// Place in the gesture.
        phase: Phase,
        /// Where the drag began.
        anchor: [f32; 2],
        /// Downwards since the event before.
        dy: f32,
    },
    /// Zoom by wheel at the cursor.
    ZoomAt {
        /// Viewport.
        film: usize,
        /// Cursor.
        at: [f32; 2],
        /// Notches; positive is larger.
        steps: f32,
    },
    /// Wheel over one of several views: next (1) or previous (−1).
    StepView(i32),
    /// Drag with a measuring tool.
    Draw {
        /// Viewport.
        film: usize,
        /// Place in the gesture.
        phase: Phase,
        /// Cursor.
        at: [f32; 2],
    },
    /// A point of a measurement is dragged.
    DragMark {
        /// Viewport.
        film: usize,
        /// Index in [`super::FilmView::marks`].
        mark: usize,
        /// Index in [`super::DrawnMark::points`].
        point: usize,
        /// Place in the gesture.
        phase: Phase,
        /// Cursor.
        at: [f32; 2],
    },
    /// The window is dragged on the histogram.
    DragHistogram {
        /// Viewport.
        film: usize,
        /// Edge or body.
        part: HistogramPart,
        /// Place in the gesture.
        phase: Phase,
        /// Place on the axis, 0 to 1; for the body the distance since the event before.
        at: f32,
    },
    /// The pointer over a film, or gone from all.
    Pointer(Option<(usize, [f32; 2])>),
    /// A click on a film focuses it.
    ClickFilm {
        /// Viewport.
        film: usize,
        /// Cursor.
        at: [f32; 2],
    },
    /// A double click fills the screen with it, or goes back.
    DoubleClickFilm(usize),
    /// A level's row was clicked.
    ClickAnswer(usize),
    /// A no-answer row was clicked.
    ClickNoAnswer(usize),
    /// A tag was clicked.
    ToggleTag(usize),
    /// A finding was clicked: focus it.
    ClickFinding(usize),
    /// A level of a finding was clicked.
    SetFinding {
        /// Finding.
        finding: usize,
        /// Level.
        level: usize,
    },
    /// The flag was clicked.
    ToggleFlag,
    /// The comment row was clicked.
    OpenComment,
    /// The comment as typed so far.
    CommentText(String),
    /// Typing has ended: true to keep it.
    CommentDone(bool),
    /// The badge was clicked.
    ClickBadge(usize),
    /// The close hint of the panel was clicked.
    ClosePanel,
    /// The menu sign in the status line was clicked.
    Menu,
    /// A button, card, tab, section or toggle with this id was pressed.
    Run(String),
    /// A recent project.
    OpenRecent(usize),
    /// The palette's text.
    PaletteQuery(String),
    /// A row of the palette was clicked.
    PaletteRun(usize),
    /// A layer was closed by a click beside it or on its close hint.
    CloseLayer,
    /// A text field of a page changed.
    Field {
        /// [`super::FieldView::id`].
        id: String,
        /// New text.
        text: String,
    },
    /// An option was chosen.
    Choose {
        /// [`super::ChoiceView::id`].
        id: String,
        /// Index of the option.
        index: usize,
    },
    /// A table is to be copied.
    CopyTable {
        /// [`super::TableView::id`].
        id: String,
        /// One of [`super::TableView::copy`].
        format: String,
    },
    /// A row of a table was clicked.
    SelectRow {
        /// [`super::TableView::id`].
        id: String,
        /// Index of the row.
        row: usize,
    },
    /// A cell of the matrix was clicked.
    SelectCell([usize; 2]),
    /// A file was dropped on the window.
    Dropped(PathBuf),
    /// The file dialog closed.
    Picked {
        /// [`super::PickRequest::id`].
        id: String,
        /// What was picked; `None`: nothing.
        path: Option<PathBuf>,
        /// How long it was open. Nothing picked within a blink means that the desktop has no
        /// file dialog to offer, and the person should be told to type the path.
        open_for: Duration,
    },
    /// A person wants to close the window; it closes on [`super::Effect::Close`].
    CloseRequested,
}

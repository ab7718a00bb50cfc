//! Home, the finished deck, and pages made of blocks.

use super::{
    AlarmView, BannerView, ButtonView, CountView, DotKind, EstimateView, ForestView, KeyHint, Mark,
    RunningView, Span,
};

/// Recent projects and ways to start.
#[derive(Clone, Debug, Default)]
pub struct HomeView {
    /// "Overread".
    pub title: String,
    /// What it is for.
    pub lead: String,
    /// Keys at the top right.
    pub hints: Vec<KeyHint>,
    /// "Recent projects".
    pub recent_title: String,
    /// Newest first.
    pub recent: Vec<RecentView>,
    /// Shown when there are none.
    pub empty: String,
    /// Ways to start.
    pub cards: Vec<CardView>,
    /// Display warning.
    pub banner: Option<BannerView>,
    /// The small print.
    pub note: String,
}

/// One recent project.
#[derive(Clone, Debug)]
pub struct RecentView {
    /// "Chest label audit".
    pub name: String,
    /// "Pneumothorax deck, verify".
    pub detail: String,
    /// "Reader R2".
    pub reader: String,
    /// Share read, 0 to 1.
    pub fraction: f64,
    /// "6".
    pub done: String,
    /// "of 50 read".
    pub done_of: String,
    /// "today 14:02".
    pub when: String,
    /// "Continue at item 7".
    pub action: String,
    /// The one `Enter` opens.
    pub selected: bool,
}

/// A way to start.
#[derive(Clone, Debug)]
pub struct CardView {
    /// Comes back in [`super::UiAction::Run`].
    pub id: String,
    /// Cap.
    pub key: String,
    /// "New project".
    pub title: String,
    /// Two lines.
    pub text: String,
    /// One quiet line.
    pub note: String,
}

/// The last item is locked.
#[derive(Clone, Debug)]
pub struct DeckDoneView {
    /// "Deck finished".
    pub title: String,
    /// "50 of 50 locked and saved. Intervals are now Wilson at the planned n."
    pub text: String,
    /// PPV per rule, or `None` while the protocol keeps figures closed.
    pub quality: Option<ForestView>,
    /// Why there are no figures.
    pub refused: Option<String>,
    /// Own answers.
    pub counts: Vec<CountView>,
    /// Alarms.
    pub alarms: Vec<AlarmView>,
    /// What next; the first is primary.
    pub buttons: Vec<ButtonView>,
}

/// A page made of blocks, in reading order.
#[derive(Clone, Debug, Default)]
pub struct PageView {
    /// Name of the project or page, at the left of the top bar.
    pub name: String,
    /// Screens reachable from here.
    pub tabs: Vec<LinkView>,
    /// Button at the right of the top bar.
    pub action: Option<ButtonView>,
    /// Sections or wizard steps at the left; empty: none.
    pub sections: Vec<LinkView>,
    /// Blocks from top to bottom.
    pub blocks: Vec<Block>,
}

/// A link to a screen or section.
#[derive(Clone, Debug)]
pub struct LinkView {
    /// Comes back in [`super::UiAction::Run`].
    pub id: String,
    /// Words.
    pub text: String,
    /// Is shown now.
    pub selected: bool,
    /// Shape and count behind it, such as alarms.
    pub mark: Option<(Mark, String)>,
    /// Why it cannot be opened.
    pub refused: Option<String>,
}

/// One block of a page.
#[derive(Clone, Debug)]
pub enum Block {
    /// Page title and an aside.
    Title {
        /// Title.
        title: String,
        /// Aside below it.
        note: String,
    },
    /// Card title and an aside to its right.
    Heading {
        /// Title.
        title: String,
        /// Aside.
        note: String,
    },
    /// A paragraph.
    Text(Vec<Span>),
    /// A standing message.
    Banner(BannerView),
    /// Dots and intervals.
    Forest(ForestView),
    /// A running proportion.
    Running(RunningView),
    /// An alarm.
    Alarm(AlarmView),
    /// Numbers in rows.
    Table(TableView),
    /// Kappa for every pair.
    Matrix(MatrixView),
    /// ROC curve and readers.
    Roc(RocView),
    /// A text field.
    Field(FieldView),
    /// One of several.
    Choice(ChoiceView),
    /// On or off.
    Toggle(ToggleView),
    /// Buttons in a row.
    Buttons(Vec<ButtonView>),
    /// Work under way.
    Work(WorkView),
    /// Own answers.
    Counts(Vec<CountView>),
}

/// A table; the first column is text and stays in place.
#[derive(Clone, Debug, Default)]
pub struct TableView {
    /// Comes back in [`super::UiAction::CopyTable`] and [`super::UiAction::SelectRow`].
    pub id: String,
    /// Title.
    pub title: String,
    /// Aside.
    pub note: String,
    /// Column heads.
    pub heads: Vec<String>,
    /// Columns set left like text; all others right like numbers.
    pub text_columns: Vec<usize>,
    /// Rows.
    pub rows: Vec<TableRow>,
    /// Formats it can be copied in: "TSV".
    pub copy: Vec<String>,
    /// What stands in place of rows when there are none.
    pub empty: String,
}

/// A row of a table.
#[derive(Clone, Debug, Default)]
pub struct TableRow {
    /// A cell per column; with a reason, those before it.
    pub cells: Vec<TableCell>,
    /// Why the rest of the row has no numbers.
    pub refused: Option<String>,
    /// Selected.
    pub selected: bool,
}

/// A cell of a table.
#[derive(Clone, Debug)]
pub enum TableCell {
    /// Text or a formatted number.
    Text {
        /// First line.
        text: String,
        /// Second line, quiet.
        second: Option<String>,
        /// An estimate: semibold.
        strong: bool,
    },
    /// Shape and word.
    Mark(Mark, String),
    /// Dots and intervals on a 0 to 1 scale; one or two lines.
    Interval(Vec<(DotKind, EstimateView)>),
}

/// Kappa for every pair, lower triangle.
#[derive(Clone, Debug, Default)]
pub struct MatrixView {
    /// Title.
    pub title: String,
    /// Aside.
    pub note: String,
    /// Names of rows and columns.
    pub names: Vec<String>,
    /// `cells[row][column]` for column < row; the number, or the reason it has none.
    pub cells: Vec<Vec<Result<(f64, String), String>>>,
    /// Selected row and column.
    pub selected: Option<[usize; 2]>,
    /// Full line of the selected cell.
    pub line: Vec<Span>,
}

/// A ROC curve with readers.
#[derive(Clone, Debug, Default)]
pub struct RocView {
    /// Title.
    pub title: String,
    /// Aside.
    pub note: String,
    /// Corners of the curve, `[1 − specificity, sensitivity]`, 0 to 1.
    pub curve: Vec<[f64; 2]>,
    /// The model's operating point and its label.
    pub model: Option<([f64; 2], String)>,
    /// Readers.
    pub readers: Vec<RocReader>,
    /// Axis names: below, left.
    pub axes: [String; 2],
    /// Lines beside the plot: strong or plain.
    pub lines: Vec<Vec<Span>>,
}

/// A reader in ROC space.
#[derive(Clone, Debug)]
pub struct RocReader {
    /// "R1".
    pub name: String,
    /// Lower, value, upper of 1 − specificity.
    pub x: [f64; 3],
    /// Lower, value, upper of sensitivity.
    pub y: [f64; 3],
}

/// A text field.
#[derive(Clone, Debug, Default)]
pub struct FieldView {
    /// Comes back in [`super::UiAction::Field`].
    pub id: String,
    /// Label; also the accessible name.
    pub label: String,
    /// Text.
    pub text: String,
    /// Shown while empty.
    pub placeholder: String,
    /// Unit or remark behind it.
    pub note: String,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// A button behind it, such as a file dialog.
    pub button: Option<ButtonView>,
}

/// One of several.
#[derive(Clone, Debug, Default)]
pub struct ChoiceView {
    /// Comes back in [`super::UiAction::Choose`].
    pub id: String,
    /// Label.
    pub label: String,
    /// Options.
    pub options: Vec<String>,
    /// Index of the chosen one.
    pub selected: usize,
    /// Remark.
    pub note: String,
}

/// On or off.
#[derive(Clone, Debug, Default)]
pub struct ToggleView {
    /// Comes back in [`super::UiAction::Run`].
    pub id: String,
    /// Label.
    pub label: String,
    /// On.
    pub on: bool,
    /// Remark.
    pub note: String,
}

/// Work under way.
#[derive(Clone, Debug)]
pub struct WorkView {
    /// "Indexing images".
    pub title: String,
    /// "1,203 of 5,606".
    pub text: String,
    /// Share done, 0 to 1, when known.
    pub fraction: Option<f64>,
    /// Stops it.
    pub cancel: Option<ButtonView>,
}

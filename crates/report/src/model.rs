//! The report as values: sections, tables and figures, before any format.

use crate::draw::Drawing;

/// A run of text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// As it is.
    Plain(String),
    /// Weight 600, sans.
    Bold(String),
    /// Italic.
    Italic(String),
    /// A link to a table or figure by its id; what is printed is its number.
    Link(String),
}

/// Text of several runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub Vec<Run>);

impl Text {
    /// Adds plain text.
    pub fn plain(mut self, text: impl Into<String>) -> Self {
        self.0.push(Run::Plain(text.into()));
        self
    }

    /// Adds bold text.
    pub fn bold(mut self, text: impl Into<String>) -> Self {
        self.0.push(Run::Bold(text.into()));
        self
    }

    /// Adds italic text.
    pub fn italic(mut self, text: impl Into<String>) -> Self {
        self.0.push(Run::Italic(text.into()));
        self
    }

    /// Adds a link to a table or figure.
    pub fn link(mut self, id: impl Into<String>) -> Self {
        self.0.push(Run::Link(id.into()));
        self
    }
}

impl<T: Into<String>> From<T> for Text {
    fn from(text: T) -> Self {
        Self::default().plain(text)
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Words, left.
    Words,
    /// Numbers, right.
    Number,
    /// An estimate and its interval as two cells.
    Estimate,
    /// Hashes and file names.
    Mono,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its head.
    pub head: String,
    /// The head above it that it shares with its neighbours.
    pub group: Option<String>,
    /// What it holds.
    pub kind: Kind,
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Text or a number.
    Text(String),
    /// An estimate and its interval, which may be empty.
    Estimate(String, String),
    /// Not estimable, with the letter of its note.
    Refused(Option<char>),
}

impl Cell {
    /// A text cell.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }
}

/// A row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The cells; the first is the row's head.
    pub cells: Vec<Cell>,
    /// Whether it is a total.
    pub total: bool,
}

/// How wide a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// The whole text block.
    Full,
    /// As wide as its content, at least 118 mm.
    Half,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Anchor.
    pub id: String,
    /// What it shows and in whom.
    pub caption: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
    /// Notes below.
    pub notes: Vec<String>,
    /// Its width.
    pub width: Width,
}

/// A part of a section.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A table.
    Table(Table),
    /// A figure: anchor, caption, notes, drawing.
    Figure {
        /// Anchor.
        id: String,
        /// What it shows.
        caption: String,
        /// Notes.
        notes: String,
        /// The drawing.
        drawing: Drawing,
    },
}

/// A paragraph beside the section's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prose {
    /// Running text.
    Paragraph(Text),
    /// Small text.
    Small(Text),
    /// Terms with a qualification and a text.
    Terms(Vec<(String, String, String)>),
    /// A list.
    List(Vec<String>),
}

/// A section.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Anchor.
    pub id: &'static str,
    /// Head.
    pub title: String,
    /// Text beside the head.
    pub prose: Vec<Prose>,
    /// Tables and figures.
    pub blocks: Vec<Block>,
}

/// A part of the report, which starts a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Anchor.
    pub id: &'static str,
    /// Short name in capitals.
    pub kicker: &'static str,
    /// Title.
    pub title: String,
    /// Its sections.
    pub sections: Vec<Section>,
}

/// The whole report.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Title.
    pub title: String,
    /// Who, what, how many.
    pub subtitle: String,
    /// Facts of the title block.
    pub facts: Vec<(&'static str, String)>,
    /// Key results.
    pub key_results: Vec<Text>,
    /// Parts.
    pub parts: Vec<Part>,
    /// References.
    pub references: Vec<String>,
    /// Right half of the running head.
    pub running_head: String,
    /// SHA-256 of the analysis.
    pub id: String,
}

//! The live panel and the marks it shares with other pages.

use super::{Mark, Span};

/// The live panel.
#[derive(Clone, Debug)]
pub struct PanelView {
    /// "Live panel".
    pub title: String,
    /// Cap that closes it: "F8".
    pub close_key: String,
    /// Figures, or why there are none.
    pub body: PanelBody,
    /// The reader's own counts, always live.
    pub own: OwnAnswersView,
}

/// What the release policy lets the reader see.
#[derive(Clone, Debug)]
pub enum PanelBody {
    /// No figures yet, and when they come.
    NothingYet {
        /// "No figures yet. The first come after 10 reads."
        text: String,
        /// Progress to the first release.
        release: Option<ReleaseView>,
    },
    /// Closed by the protocol.
    Sealed {
        /// "Sealed until you lock item 50"
        title: String,
        /// Why.
        text: String,
        /// "44 items to go."
        note: String,
    },
    /// Released figures.
    Open(Box<PanelFigures>),
}

/// Released figures.
#[derive(Clone, Debug)]
pub struct PanelFigures {
    /// When the next ones come.
    pub release: ReleaseView,
    /// PPV per rule.
    pub quality: ForestView,
    /// PPV over the releases so far.
    pub running: Option<RunningView>,
    /// Hidden strata.
    pub alarms: AlarmsView,
    /// Tags tried, with counts.
    pub strata: Option<ForestView>,
}

/// Boxes that fill with reads until the next release.
#[derive(Clone, Debug)]
pub struct ReleaseView {
    /// Boxes in all.
    pub of: usize,
    /// Boxes filled.
    pub filled: usize,
    /// "Next update in 4 reads".
    pub next: String,
    /// "figures from reads 1–50".
    pub basis: String,
}

/// Rows of dot and interval.
#[derive(Clone, Debug)]
pub struct ForestView {
    /// "Label quality".
    pub title: String,
    /// "PPV, label-positive studies".
    pub note: String,
    /// Heads of the three number columns: x/n, PPV, 95 % interval.
    pub heads: [String; 3],
    /// Rows.
    pub rows: Vec<ForestRow>,
    /// Kinds of interval, a line each.
    pub notes: Vec<String>,
    /// The same in a word or two, for the portrait strip: "PPV, confidence sequence".
    pub short_note: String,
}

/// One estimate.
#[derive(Clone, Debug)]
pub struct ForestRow {
    /// "Permissive".
    pub name: String,
    /// The estimate, or the reason there is none.
    pub value: Cell,
    /// How the dot is drawn.
    pub kind: DotKind,
    /// Name and value lines for the tooltip: x/n, patients, method, rule version.
    pub tooltip: Vec<(String, String)>,
}

/// An estimate with its numbers, or a reason.
#[derive(Clone, Debug)]
pub enum Cell {
    /// Dot, interval and numbers.
    Estimate(EstimateView),
    /// "Not estimable: no label-negatives were read".
    Refused(String),
}

/// A formatted estimate and where it stands.
#[derive(Clone, Debug)]
pub struct EstimateView {
    /// Lower end, value, upper end on the scale, 0 to 1.
    pub place: [f64; 3],
    /// "45/50".
    pub count: String,
    /// "90 %".
    pub value: String,
    /// "71.2–98.4".
    pub interval: String,
}

/// How an estimate's mark is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DotKind {
    /// Filled dot: the figure, or inside a stratum.
    #[default]
    Filled,
    /// Hollow dot: outside a stratum.
    Hollow,
    /// Hollow square, quiet: a published value.
    Published,
    /// Filled diamond: a model.
    Model,
}

/// A proportion over the releases.
#[derive(Clone, Debug)]
pub struct RunningView {
    /// "Running PPV, permissive".
    pub title: String,
    /// "interval valid at every look".
    pub note: String,
    /// One per release.
    pub points: Vec<RunningPoint>,
    /// Planned number of reads; the right end of the axis.
    pub planned: u32,
    /// "planned 100".
    pub planned_label: String,
    /// Reads so far, at least those of the last point.
    pub reads: u32,
    /// "6 reads held back"; empty when none are.
    pub held_back: String,
}

/// The proportion at one release.
#[derive(Clone, Debug)]
pub struct RunningPoint {
    /// Reads it rests on.
    pub reads: u32,
    /// The estimate, placed and formatted.
    pub estimate: EstimateView,
    /// Lower end of the interval, formatted alone: "71.2".
    pub low: String,
    /// Upper end, formatted alone: "98.4".
    pub high: String,
}

/// Alarms about hidden strata.
#[derive(Clone, Debug)]
pub struct AlarmsView {
    /// "Hidden strata".
    pub title: String,
    /// "2 alarms".
    pub count: String,
    /// Sorted by q.
    pub rows: Vec<AlarmView>,
    /// "No alarm. 3 tags tried, none met 5 times inside and outside."
    pub none: Option<String>,
}

/// One alarm.
#[derive(Clone, Debug)]
pub struct AlarmView {
    /// "Dominant stratum: chest drain".
    pub title: String,
    /// "Dominant stratum".
    pub kind: String,
    /// "chest drain 80 % (67–89), 40/50", on one line after the kind.
    pub short: String,
    /// "40/50" or "q 0.012".
    pub figure: String,
    /// Dots and intervals; one without a name for a share, two named ones for a gap.
    pub rows: Vec<AlarmRow>,
    /// Draws the tick at one half.
    pub half: Option<String>,
    /// One sentence or two.
    pub text: Vec<Span>,
}

/// A dot and interval inside an alarm.
#[derive(Clone, Debug)]
pub struct AlarmRow {
    /// "with drain"; empty: the scale takes the full width and no numbers.
    pub name: String,
    /// Filled inside, hollow outside.
    pub kind: DotKind,
    /// Place and numbers.
    pub estimate: EstimateView,
}

/// The reader's own answers so far.
#[derive(Clone, Debug, Default)]
pub struct OwnAnswersView {
    /// "Your answers".
    pub title: String,
    /// "56 locked, always live".
    pub note: String,
    /// Shape, number, word.
    pub counts: Vec<CountView>,
    /// Further lines: tag counts, same answer on hidden repeats.
    pub lines: Vec<(String, String)>,
}

/// A count with its shape.
#[derive(Clone, Debug)]
pub struct CountView {
    /// Shape.
    pub mark: Mark,
    /// "41".
    pub count: String,
    /// "reportable".
    pub name: String,
}

//! The one place where domain meets statistics.
//!
//! [`analyse`] is a pure function from dataset, protocol, sample and reads to one [`Analysis`]. The live
//! panel draws it, reports print it, the command line serialises it: a figure is computed in one place.

mod agreement;
mod analyst;
pub mod audit;
mod by_stratum;
mod chances;
mod collect;
mod composition;
mod conduct;
mod consensus;
mod dataset;
mod deck;
mod design;
mod figure;
mod flow;
mod frame_values;
mod gather;
mod gold_table;
mod ground;
mod input;
mod latent;
mod long;
mod panel;
mod practice;
mod published;
mod published_quality;
mod quality;
pub mod reads_table;
mod recall;
mod refusals;
mod repeatability;
mod review;
mod rules;
mod running;
mod scores;
mod splits;
mod strata;

use std::sync::Arc;

use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

pub use agreement::PairAgreement;
pub use analyst::Analyst;
pub use by_stratum::{PathologyQuality, StratumQuality};
pub use composition::{CoOccurrence, Composition, Multiplicity, RegionSplitLabel};
pub use conduct::{AlsoPresent, Conduct, LevelCount, OwnAnswers, TagCount};
pub use consensus::{Consensus, Latent, LatentReader};
pub use dataset::{
    AttributeRow, ClassCount, DatasetSummary, Distribution, GreyLevels, LabelCounts, RepeatStudies,
    ValueCount,
};
pub use design::{
    AskedFinding, DeckDesign, DesignSection, Elsewhere, ReaderRow, ReleaseSection, Released,
    RuleText, SamplingDesign, TagText,
};
pub use figure::{Count, Figure, IntervalKind, RuleRef};
pub use flow::{DeckFlow, Exclusions, ItemFlow, NoAnswers, VersionItems};
pub use gold_table::GoldRow;
pub use input::{ChainHead, Input, Options, Provenance, SourceFile, Visible};
pub use long::{ReadRow, long_reads};
pub use overread_stats::Interval;
pub use panel::{PanelAgreement, PanelCoefficient};
pub use published::{Published, Source};
pub use published_quality::PublishedQuality;
pub use quality::{
    FindingQuality, RatioFigure, ReaderCount, RuleQuality, Table2x2, WithoutReference,
};
pub use refusals::Refusal;
pub use repeatability::{DriftRow, HourCount, Repeatability};
pub use review::Review;
pub use rules::{RuleComparison, RulePair};
pub use running::{Running, RunningPoint};
pub use scores::{CurvePoint, ModelFigures, ModelScores, OperatingMark, PairedComparison, Scores};
pub use splits::{LeaveOneOut, PanelKappa, SplitAgreement};
pub use strata::{Alarm, AlarmStage, Family, Strata, StratumKind, StratumRow};

/// Name and version of the serialised form.
pub const SCHEMA: &str = "overread.analysis/1";

/// Everything that rests on reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Statistics {
    /// Label quality by finding and rule.
    pub label_quality: Vec<FindingQuality>,
    /// One rule against the next.
    pub rules: RuleComparison,
    /// Hidden strata.
    pub strata: Strata,
    /// Running PPVs.
    pub running: Vec<Running>,
    /// Pairs of readers.
    pub agreement: Vec<PairAgreement>,
    /// Each reader beside the dataset label.
    pub against_label: Vec<PairAgreement>,
    /// All readers at once.
    pub panel: Vec<PanelAgreement>,
    /// Against every possible gold panel.
    pub splits: Vec<SplitAgreement>,
    /// Each reader against the rest.
    pub leave_one_out: Vec<LeaveOneOut>,
    /// Raters against the gold panel, by region and view.
    pub gold: Vec<GoldRow>,
    /// What the reference is.
    pub consensus: Vec<Consensus>,
    /// Hidden repeats.
    pub repeatability: Vec<Repeatability>,
    /// Rates along the reading.
    pub drift: Vec<DriftRow>,
    /// Models as readers.
    pub scores: Scores,
    /// Second looks at disagreements with the label; in no other figure.
    pub review: Vec<Review>,
    /// Label quality by region, view, sex, age and number of studies.
    pub by_stratum: Vec<StratumQuality>,
    /// A composite label against each of its parts.
    pub by_pathology: Vec<PathologyQuality>,
    /// Published sensitivities and specificities beside ours.
    pub published: Vec<PublishedQuality>,
    /// Own answers by reader and deck.
    pub own_answers: Vec<OwnAnswers>,
    /// How the reading went.
    pub conduct: Vec<Conduct>,
    /// Findings seen although not asked for.
    pub also_present: Vec<AlsoPresent>,
}

/// The dataset section: what its label files hold, and the drawn studies beside it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DatasetSection {
    /// The dataset.
    #[serde(flatten, serialize_with = "through_arc")]
    pub summary: Arc<DatasetSummary>,
    /// Drawn studies against the dataset.
    pub sample: Vec<AttributeRow>,
}

fn through_arc<S: Serializer>(
    summary: &Arc<DatasetSummary>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    summary.as_ref().serialize(serializer)
}

/// Every computed figure of one project at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analysis {
    /// Name and version of the serialised form.
    pub schema: &'static str,
    /// What rests on reads.
    pub statistics: Statistics,
    /// What was asked.
    pub design: DesignSection,
    /// What readers could know.
    pub release: ReleaseSection,
    /// Flow and exclusions.
    pub exclusions: Exclusions,
    /// Ends of the event chains.
    pub heads: Vec<ChainHead>,
    /// The dataset.
    pub dataset: DatasetSection,
    /// Sources of published values for this dataset.
    pub sources: Vec<Source>,
    /// What cannot be given.
    pub not_estimable: Vec<Refusal>,
    /// How it was made.
    pub options: Options,
    /// From what.
    pub provenance: Provenance,
}

impl Analysis {
    /// The serialised form: stable order, `null` beside a reason, never NaN.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// SHA-256 of the serialised form in lower-case hexadecimal: the id that reports carry.
    pub fn id(&self) -> String {
        use std::fmt::Write as _;
        let json = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(&json).iter().fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a String cannot fail.
            write!(text, "{byte:02x}").ok();
            text
        })
    }

    /// Label quality of one finding.
    pub fn finding(&self, id: &str) -> Option<&FindingQuality> {
        self.statistics.label_quality.iter().find(|f| f.finding == id)
    }

    /// Strata with an alarm, the smallest q first, candidates after final ones.
    pub fn alarms(&self) -> Vec<&StratumRow> {
        let rows = self.statistics.strata.rows.iter();
        let mut rows: Vec<&StratumRow> = rows.filter(|row| !row.alarms.is_empty()).collect();
        rows.sort_by(|a, b| {
            let q = |row: &StratumRow| row.bh_q.unwrap_or(f64::INFINITY);
            q(a).total_cmp(&q(b))
        });
        rows
    }
}

/// Computes everything from the reads that the options let it see.
///
/// Pure: no clock, no file, no randomness. With [`Input::summary`] given it costs no pass over the dataset. Where one
/// read follows another, an [`Analyst`] gives the same and computes only what the read changes.
pub fn analyse(input: &Input<'_>, options: &Options) -> Analysis {
    Analyst::once(input).analyse(input.readers, &input.provenance, options)
}

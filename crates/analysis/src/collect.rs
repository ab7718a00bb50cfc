//! From what readers did with a deck to answers per question and study.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use overread_core::protocol::{Finding, Reference};
use overread_core::sampling::{Deck, Member};
use overread_core::{
    Answer, Dataset, DatasetLabel, Level, Lock, NoAnswer, Protocol, Study, StudyId,
};

use crate::chances::{Chances, KnownChances};
use crate::frame_values::FrameValues;
use crate::gather::{DeckReads, Fate, ItemRead};
use crate::ground::Ground;
use crate::latent::take_for_truth;

/// A reader's answer to a question about one study.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark<'a> {
    pub(crate) reader: usize,
    pub(crate) answer: Answer,
    pub(crate) rank: u64,
    pub(crate) after_release: bool,
    pub(crate) tags: &'a BTreeSet<String>,
    pub(crate) item: usize,
    /// Whether the reader has a vote in the reference: all have where no gold panel is declared.
    pub(crate) votes: bool,
}

/// A label as a statement, if it is one.
pub(crate) fn statement(label: DatasetLabel) -> Option<bool> {
    match label {
        DatasetLabel::Positive => Some(true),
        DatasetLabel::Negative => Some(false),
        DatasetLabel::Uncertain | DatasetLabel::Blank => None,
    }
}

/// A study under one question.
#[derive(Clone, Debug)]
pub(crate) struct Unit<'a> {
    pub(crate) study: &'a Study,
    pub(crate) label: DatasetLabel,
    /// Whether it was drawn as a label-positive; `None` where the draw did not look at labels.
    pub(crate) drawn_positive: bool,
    /// Studies in its arm of the frame.
    pub(crate) frame: u32,
    /// The stratum it was drawn from, where the draw was stratified.
    pub(crate) stratum: Option<&'a str>,
    pub(crate) marks: Vec<Mark<'a>>,
    /// What an adjudicator decided; stands in place of the majority.
    pub(crate) adjudicated: Option<Level>,
    /// By threshold, the latent class, where the protocol takes it for the truth; stands in place of both.
    pub(crate) latent: Vec<(Level, Option<bool>)>,
}

impl Unit<'_> {
    /// Where the study stands in reading order.
    pub(crate) fn rank(&self) -> u64 {
        self.marks.iter().map(|mark| mark.rank).min().unwrap_or(u64::MAX)
    }

    pub(crate) fn has_tag(&self, tag: &str) -> bool {
        self.marks.iter().any(|mark| mark.tags.contains(tag))
    }

    /// Positive, negative, or undecided under a threshold: the latent class where the protocol asks for it, the
    /// adjudicator where there was one, else the one reader or the majority of the gold panel.
    pub(crate) fn reference(&self, threshold: Level) -> Option<bool> {
        if let Some((_, class)) = self.latent.iter().find(|(of, _)| *of == threshold) {
            return *class;
        }
        match self.adjudicated {
            Some(level) => Some(level.meets(threshold)),
            None => self.majority(threshold),
        }
    }

    /// The majority of the gold panel, or of all readers where none is declared; undecided without a vote and on a tie.
    pub(crate) fn majority(&self, threshold: Level) -> Option<bool> {
        self.majority_of(threshold, |mark| mark.votes)
    }

    /// The majority of these readers, of those who gave an answer.
    pub(crate) fn majority_among(&self, panel: &[usize], threshold: Level) -> Option<bool> {
        self.majority_of(threshold, |mark| panel.contains(&mark.reader))
    }

    /// Whether figures had been shown to any of those who decide the reference.
    pub(crate) fn after_release(&self) -> bool {
        self.marks.iter().any(|mark| mark.votes && mark.after_release)
    }

    /// The majority of all readers but one.
    pub(crate) fn majority_without(&self, reader: usize, threshold: Level) -> Option<bool> {
        self.majority_of(threshold, |mark| mark.reader != reader)
    }

    fn majority_of(&self, threshold: Level, counts: impl Fn(&Mark<'_>) -> bool) -> Option<bool> {
        let (mut yes, mut no) = (0, 0);
        for mark in self.marks.iter().filter(|mark| counts(mark)) {
            match mark.answer.level() {
                Some(level) if level.meets(threshold) => yes += 1,
                Some(_) => no += 1,
                None => {}
            }
        }
        (yes != no).then_some(no < yes)
    }

    /// The level that one reader gave.
    pub(crate) fn by(&self, reader: usize) -> Option<Level> {
        self.marks.iter().find(|mark| mark.reader == reader)?.answer.level()
    }

    /// The dataset's label as a statement, if it is one.
    pub(crate) fn stated_label(&self) -> Option<bool> {
        statement(self.label)
    }
}

/// One finding asked of the studies of one deck.
#[derive(Clone, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) deck_index: u32,
    pub(crate) deck: &'a Deck,
    pub(crate) finding: &'a Finding,
    /// Whether the dataset has a label for it.
    pub(crate) labelled: bool,
    /// Whether every item of every reader of the deck was read and may be used.
    pub(crate) complete: bool,
    /// With which probabilities its studies were drawn.
    pub(crate) chances: Chances,
    /// The frame by attributes.
    pub(crate) frame_values: Arc<FrameValues>,
    /// Studies in reading order.
    pub(crate) units: Vec<Unit<'a>>,
}

impl Question<'_> {
    /// Whether plain figures of its studies describe the sample alone: they were drawn by label or with unequal
    /// probabilities, or nobody here knows how.
    pub(crate) fn describes_sample(&self, input: &Ground<'_>) -> bool {
        input.by_label() || input.elsewhere() || self.chances.unequal().is_some()
    }
}

/// The answers to the questions of one deck: all that its figures may rest on beside the [`Ground`].
#[derive(Clone, Debug)]
pub(crate) struct Collected<'a> {
    /// Names of all readers; a [`Mark`] holds a place among them.
    pub(crate) readers: &'a [&'a str],
    /// Places of the declared gold panel's readers; `None` where none is declared or one reader reads alone.
    pub(crate) gold: Option<Vec<usize>>,
    /// Items of the deck.
    pub(crate) items: &'a [ItemRead<'a>],
    /// Questions of the deck.
    pub(crate) questions: Vec<Question<'a>>,
}

/// Collects the answers of one deck; `chances` keeps what going over the frame found.
pub(crate) fn collect<'a>(
    ground: &Ground<'a>,
    readers: &'a [&'a str],
    (deck_index, deck): (u32, &'a Deck),
    reads: &'a DeckReads<'a>,
    chances: &mut KnownChances,
) -> Collected<'a> {
    let mut by_study: HashMap<StudyId, Vec<usize>> = HashMap::new();
    for (index, item) in reads.items.iter().enumerate() {
        if item.fate == Fate::Used {
            by_study.entry(item.study).or_default().push(index);
        }
    }
    let complete = reads.complete();
    let gold = gold_panel(ground, readers);
    let asked = |finding: &&Finding| deck.finding.as_ref().is_none_or(|id| *id == finding.id);
    let latent = ground.protocol.panel.reference == Reference::LatentClass && 1 < readers.len();
    let thresholds: Vec<Level> = ground.protocol.rules.iter().map(|rule| rule.threshold).collect();
    let questions = ground.protocol.findings.iter().filter(asked).map(|finding| {
        let label = Labelled::new(ground.dataset, ground.protocol, finding);
        let frame = chances.of(ground, deck, complete, finding, |study| label.of(study));
        let mut units =
            units(ground, (deck_index, deck), (reads, gold.as_deref()), &by_study, finding, &label);
        if latent {
            take_for_truth(&mut units, readers.len(), &thresholds);
        }
        Question {
            deck_index,
            deck,
            finding,
            labelled: !label.columns.is_empty(),
            complete,
            chances: frame.chances,
            frame_values: frame.values,
            units,
        }
    });
    Collected { questions: questions.collect(), readers, items: &reads.items, gold: gold.clone() }
}

/// The places of the declared gold panel among the readers. Whoever reads alone is the reference.
fn gold_panel(ground: &Ground<'_>, readers: &[&str]) -> Option<Vec<usize>> {
    let declared = !ground.gold.is_empty() && 1 < readers.len();
    let named = |reader: &str| ground.gold.iter().any(|name| name == reader);
    let places = || (0..).zip(readers).filter(|(_, reader)| named(reader)).map(|(at, _)| at);
    declared.then(|| places().collect())
}

/// The studies of a deck under one question, in reading order.
fn units<'a>(
    ground: &Ground<'a>,
    (deck_index, deck): (u32, &'a Deck),
    (reads, gold): (&'a DeckReads<'a>, Option<&[usize]>),
    by_study: &HashMap<StudyId, Vec<usize>>,
    finding: &'a Finding,
    label: &Labelled,
) -> Vec<Unit<'a>> {
    let votes = |reader| gold.is_none_or(|panel| panel.contains(&reader));
    let unit = |(member, study): (&'a Member, Option<&'a Study>)| {
        let study = study?;
        let marks = by_study.get(&member.study).into_iter().flatten();
        // Each finding on which readers differed was put as a question of its own.
        let decided = reads.adjudicated.get(&member.study).into_iter().flatten();
        let mut decided = decided.filter_map(|lock| answer(ground.protocol, lock, finding));
        Some(Unit {
            study,
            label: label.of(study),
            drawn_positive: member.label_positive,
            frame: member.frame,
            stratum: member.stratum.as_deref(),
            marks: marks
                .filter_map(|&i| {
                    let item = reads.items.get(i)?;
                    mark(ground.protocol, item, i, finding, votes(item.reader))
                })
                .collect(),
            adjudicated: decided.next().and_then(Answer::level),
            latent: Vec::new(),
        })
    };
    let members = deck.members.iter().zip(ground.members(deck_index));
    let mut units: Vec<Unit<'a>> = members.filter_map(unit).collect();
    units.sort_by_cached_key(|unit| (unit.rank(), unit.study.id));
    units
}

fn mark<'a>(
    protocol: &Protocol,
    item: &ItemRead<'a>,
    index: usize,
    finding: &Finding,
    votes: bool,
) -> Option<Mark<'a>> {
    let lock = item.lock?;
    Some(Mark {
        reader: item.reader,
        answer: answer(protocol, lock, finding)?,
        rank: item.rank,
        after_release: lock.after_release,
        tags: &item.state?.tags,
        item: index,
        votes,
    })
}

/// The answer to a finding; that of a composite follows from its parts.
pub(crate) fn answer(protocol: &Protocol, lock: &Lock, finding: &Finding) -> Option<Answer> {
    if let Some(direct) = lock.answer(&finding.id) {
        return Some(direct);
    }
    let mut best: Option<Level> = None;
    let mut missing: Option<NoAnswer> = None;
    for part in &finding.any_of {
        match lock.answer(part)? {
            Answer::Level(level) => best = best.max(Some(level)),
            Answer::NoAnswer(reason) => missing = missing.or(Some(reason)),
        }
    }
    let top = protocol.top_level();
    match (best, missing) {
        (Some(level), Some(reason)) if level != top => Some(Answer::NoAnswer(reason)),
        (Some(level), _) => Some(Answer::Level(level)),
        (None, Some(reason)) => Some(Answer::NoAnswer(reason)),
        (None, None) => None,
    }
}

/// Where the label of a finding stands in the dataset.
pub(crate) struct Labelled {
    columns: Vec<usize>,
}

impl Labelled {
    pub(crate) fn new(dataset: &Dataset, protocol: &Protocol, finding: &Finding) -> Self {
        let name = finding.label.as_deref().unwrap_or(&finding.id);
        if let Some(column) = dataset.finding_index(name) {
            return Self { columns: vec![column] };
        }
        let parts = finding.any_of.iter().map(|id| {
            let part = protocol.finding_index(id)?;
            let part = protocol.findings.get(part)?;
            dataset.finding_index(part.label.as_deref().unwrap_or(&part.id))
        });
        Self { columns: parts.collect::<Option<Vec<usize>>>().unwrap_or_default() }
    }

    pub(crate) fn of(&self, study: &Study) -> DatasetLabel {
        let labels = || self.columns.iter().map(|&column| study.labels.get(column));
        let any = |wanted| labels().any(|label| label == wanted);
        if any(DatasetLabel::Positive) {
            DatasetLabel::Positive
        } else if any(DatasetLabel::Uncertain) {
            DatasetLabel::Uncertain
        } else if self.columns.is_empty() || any(DatasetLabel::Blank) {
            DatasetLabel::Blank
        } else {
            DatasetLabel::Negative
        }
    }
}

//! How the reading went: own answers, pace, order, corrections.

use std::collections::BTreeMap;

use overread_core::{Answer, DatasetLabel, Deck, Level, NoAnswer, Phase};
use serde::Serialize;

use crate::figure::Count;
use crate::gather::{DeckReads, Fate, Gathered, ItemRead};
use crate::ground::Ground;

/// How often one level was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LevelCount {
    /// Number of the level.
    pub level: u8,
    /// Its name.
    pub name: String,
    /// Answers.
    pub answers: u64,
}

/// How often a tag is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TagCount {
    /// Id of the tag.
    pub tag: String,
    /// Its name.
    pub name: String,
    /// Items.
    pub items: u64,
}

/// One reader's own answers in one deck; depends on no label, so it is always live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OwnAnswers {
    /// Pseudonym.
    pub reader: String,
    /// Index of the deck.
    pub deck: u32,
    /// Items of the deck.
    pub items: u64,
    /// Items locked, the last one included.
    pub locked: u64,
    /// Answers by level, lowest first.
    pub levels: Vec<LevelCount>,
    /// Answers `unsure`.
    pub unsure: u64,
    /// Answers `inadequate`.
    pub inadequate: u64,
    /// Items passed over.
    pub skipped: u64,
    /// Tags on offer in the deck.
    pub tags: Vec<TagCount>,
}

/// Counts each reader's standing answers in one deck, readers in order.
pub(crate) fn own_answers(
    ground: &Ground<'_>,
    readers: &[&str],
    (deck_index, deck): (u32, &Deck),
    reads: &DeckReads<'_>,
) -> Vec<(usize, OwnAnswers)> {
    let of_readers = reads.items.chunk_by(|a, b| a.reader == b.reader);
    let rows = of_readers.filter_map(|items| {
        let reader = items.first()?.reader;
        let name = readers.get(reader)?;
        Some((reader, own(ground, name, deck_index, deck.finding.as_deref(), items)))
    });
    rows.collect()
}

fn own(
    input: &Ground<'_>,
    reader: &str,
    deck: u32,
    finding: Option<&str>,
    items: &[ItemRead<'_>],
) -> OwnAnswers {
    let mut levels: BTreeMap<Level, u64> =
        (0..=input.protocol.top_level().0).map(|level| (Level(level), 0)).collect();
    let (mut unsure, mut inadequate, mut locked, mut skipped) = (0, 0, 0, 0);
    for state in items.iter().filter_map(|item| item.state) {
        skipped += u64::from(state.skipped && state.locks.is_empty());
        let Some(lock) = state.current() else { continue };
        locked += 1;
        for answer in &lock.answers {
            match answer.answer {
                Answer::Level(level) => *levels.entry(level).or_insert(0) += 1,
                Answer::NoAnswer(NoAnswer::Unsure) => unsure += 1,
                Answer::NoAnswer(NoAnswer::Inadequate) => inadequate += 1,
            }
        }
    }
    let tags = input.protocol.tags.iter().filter(|tag| tag.offered_for(finding));
    OwnAnswers {
        reader: reader.to_owned(),
        deck,
        items: items.len() as u64,
        locked,
        levels: levels
            .into_iter()
            .map(|(level, answers)| LevelCount {
                level: level.0,
                name: input.protocol.level_name(level),
                answers,
            })
            .collect(),
        unsure,
        inadequate,
        skipped,
        tags: tags
            .map(|tag| TagCount {
                tag: tag.id.clone(),
                name: tag.name.clone(),
                items: items
                    .iter()
                    .filter_map(|i| i.state)
                    .filter(|state| state.current().is_some() && state.tags.contains(&tag.id))
                    .count() as u64,
            })
            .collect(),
    }
}

/// How one reader's reading went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Conduct {
    /// Pseudonym.
    pub reader: String,
    /// Settled reads.
    pub reads: u64,
    /// First and last lock, by the clock of the device.
    pub first_read: Option<String>,
    /// Last lock.
    pub last_read: Option<String>,
    /// Active time over all reads in milliseconds.
    pub active_ms: u64,
    /// Median active time of a read in milliseconds; `None` where times were not recorded.
    pub median_ms: Option<u64>,
    /// Share of reads with the answer at or above the lowest threshold, in five blocks of reading order.
    pub blocks: Vec<Count>,
    /// Answers corrected before the next item was locked.
    pub slips: u64,
    /// Settled answers changed later; kept, not used.
    pub revisions: u64,
    /// Reads made after label-dependent figures had been shown.
    pub after_release: u64,
    /// Further findings marked as also present.
    pub also_present: u64,
    /// Reads of which it was recorded how large their films were seen.
    pub size_recorded: u64,
    /// Of these, reads with every film seen at one image pixel on one screen pixel, or larger.
    pub seen_full_size: u64,
    /// Neighbours in reading order that had to stand closer than the protocol's gap.
    pub gap_violations: u64,
}

const BLOCKS: usize = 5;

/// Summarises each reader's reading.
pub(crate) fn conduct(ground: &Ground<'_>, gathered: &Gathered<'_>) -> Vec<Conduct> {
    let lowest = ground.protocol.rules.first().map_or(Level(1), |rule| rule.threshold);
    let readers = gathered.readers.iter().zip(&gathered.read);
    readers
        .map(|(reader, read)| {
            let reads: Vec<&ItemRead<'_>> =
                read.iter().filter(|item| item.fate != Fate::OtherPhase).collect();
            let mut out = summary(&reader.name, lowest, &reads);
            out.gap_violations = u64::from(reader.worklist.gap_violations);
            // A table of reads tells no times.
            if reader.source.is_some() {
                (out.first_read, out.last_read, out.median_ms) = (None, None, None);
            }
            out
        })
        .collect()
}

fn summary(reader: &str, lowest: Level, reads: &[&ItemRead<'_>]) -> Conduct {
    let mut times: Vec<u64> = Vec::new();
    let mut blocks = vec![Count::default(); BLOCKS];
    let mut out = Conduct {
        reader: reader.to_owned(),
        reads: reads.len() as u64,
        first_read: reads.first().and_then(|i| i.lock).map(|lock| lock.at.clone()),
        last_read: reads.last().and_then(|i| i.lock).map(|lock| lock.at.clone()),
        active_ms: 0,
        median_ms: None,
        blocks: Vec::new(),
        slips: 0,
        revisions: 0,
        after_release: 0,
        also_present: 0,
        size_recorded: 0,
        seen_full_size: 0,
        gap_violations: 0,
    };
    for (place, item) in reads.iter().enumerate() {
        let (Some(lock), Some(state)) = (item.lock, item.state) else { continue };
        times.push(lock.active_ms);
        out.after_release += u64::from(lock.after_release);
        out.also_present += state.also.len() as u64;
        if let Some((films, full_size)) = state.seen {
            out.size_recorded += 1;
            out.seen_full_size += u64::from(films == full_size);
        }
        out.revisions += state.revisions() as u64;
        out.slips += state.settled.unwrap_or(state.locks.len() - 1) as u64;
        let levels: Vec<Level> = lock.answers.iter().filter_map(|a| a.answer.level()).collect();
        if let (false, Some(block)) =
            (levels.is_empty(), blocks.get_mut(place * BLOCKS / reads.len().max(1)))
        {
            block.add(levels.iter().any(|level| level.meets(lowest)));
        }
    }
    out.active_ms = times.iter().sum();
    out.median_ms = median(&mut times);
    if BLOCKS <= reads.len() {
        out.blocks = blocks;
    }
    out
}

/// The lower of the two middle values where the number is even.
fn median(times: &mut [u64]) -> Option<u64> {
    times.sort_unstable();
    times.get(times.len().checked_sub(1)? / 2).copied()
}

/// Findings that readers marked as also present although the deck did not ask for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlsoPresent {
    /// Id of the finding.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// Studies in which it was marked.
    pub studies: u64,
    /// Of these, studies whose label says that it is there.
    pub label_positive: u64,
    /// Studies whose label says it is absent: observed false negatives, not a rate.
    pub label_negative: u64,
    /// Studies whose label is uncertain.
    pub label_uncertain: u64,
    /// Studies of which the label says nothing, and all where the dataset has no such label.
    pub label_blank: u64,
}

/// Counts `also present` marks.
pub(crate) fn also_present(input: &Ground<'_>, gathered: &Gathered<'_>) -> Vec<AlsoPresent> {
    let mut marked: BTreeMap<&str, Vec<overread_core::StudyId>> = BTreeMap::new();
    for item in gathered.items().filter(|i| i.fate == Fate::Used) {
        let lock_is_read = item.lock.is_some_and(|lock| lock.phase == Phase::Read);
        for finding in item.state.iter().filter(|_| lock_is_read).flat_map(|s| &s.also) {
            marked.entry(finding).or_default().push(item.study);
        }
    }
    let mut out = Vec::new();
    for finding in &input.protocol.findings {
        let Some(studies) = marked.get_mut(finding.id.as_str()) else { continue };
        studies.sort_unstable();
        studies.dedup();
        let label = finding.label.as_deref().unwrap_or(&finding.id);
        let column = input.dataset.finding_index(label);
        let mut row = AlsoPresent {
            finding: finding.id.clone(),
            name: finding.name.clone(),
            studies: studies.len() as u64,
            label_positive: 0,
            label_negative: 0,
            label_uncertain: 0,
            label_blank: 0,
        };
        for id in studies {
            let study = input.dataset.study_index(*id).and_then(|i| input.dataset.studies.get(i));
            let label = study.zip(column).map(|(study, column)| study.labels.get(column));
            *match label {
                Some(DatasetLabel::Positive) => &mut row.label_positive,
                Some(DatasetLabel::Negative) => &mut row.label_negative,
                Some(DatasetLabel::Uncertain) => &mut row.label_uncertain,
                Some(DatasetLabel::Blank) | None => &mut row.label_blank,
            } += 1;
        }
        out.push(row);
    }
    out
}

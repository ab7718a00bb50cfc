//! Every used answer as one row per study, reader, finding and rule.

use std::collections::{BTreeMap, HashMap};

use overread_core::{AdequacyClass, DatasetLabel, NoAnswer, StudyId};
use serde::Serialize;

use crate::chances::KnownChances;
use crate::collect::{Collected, collect};
use crate::gather::gather;
use crate::ground::{Counted, Ground};
use crate::input::{Input, Options};
use crate::practice::audited;

/// One row of the long table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadRow {
    /// The study's opaque number.
    pub study: u32,
    /// The patient's number, by first study.
    pub patient: u32,
    /// Pseudonym of the reader.
    pub reader: String,
    /// Id of the finding.
    pub finding: String,
    /// Name of the rule.
    pub rule: String,
    /// Positive under the rule; `None` without a level.
    pub value: Option<bool>,
    /// Number of the level.
    pub level: Option<u8>,
    /// Its name.
    pub level_name: Option<String>,
    /// Why there is no level.
    pub no_answer: Option<&'static str>,
    /// What the dataset claims: `positive`, `negative`, `uncertain` or `blank`.
    pub dataset_label: DatasetLabel,
    /// The judgement on the study's grey levels, once its images were measured.
    pub grey_levels: Option<AdequacyClass>,
    /// Ids of the tags that are set.
    pub tags: Vec<String>,
    /// Place in the reader's worklist, from 1.
    pub seq: usize,
    /// Active time in milliseconds.
    pub active_ms: u64,
    /// Version of the protocol it was read by.
    pub protocol_version: u32,
    /// Whether label-dependent figures had been shown before.
    pub after_release: bool,
}

/// The answers that an analysis with these options uses, by study, finding, reader and rule.
pub fn long_reads(input: &Input<'_>, options: &Options) -> Vec<ReadRow> {
    let Some(sample) = input.sample else { return Vec::new() };
    let numbers = sample.study_numbers();
    let audited = audited(input);
    let counted = Counted::new(input, audited.as_ref());
    let ground = Ground::new(input, audited.as_ref(), &counted);
    let gathered = gather(&ground, input.readers, options);
    let readers: Vec<&str> = gathered.readers.iter().map(|reader| reader.name.as_str()).collect();
    let mut rows = Vec::new();
    for ((at, deck), reads) in (0..).zip(ground.decks()).zip(&gathered.decks) {
        if options.takes_deck(at) {
            let mut chances = KnownChances::default();
            let collected = collect(&ground, &readers, (at, deck), reads, &mut chances);
            rows.extend(deck_rows(&ground, &collected, &numbers));
        }
    }
    // Stable: the rules keep the protocol's order.
    rows.sort_by(|a, b| (a.study, &a.finding, &a.reader).cmp(&(b.study, &b.finding, &b.reader)));
    renumber_patients(&mut rows);
    rows
}

fn deck_rows(
    ground: &Ground<'_>,
    collected: &Collected<'_>,
    numbers: &HashMap<StudyId, u32>,
) -> Vec<ReadRow> {
    let mut rows = Vec::new();
    for question in &collected.questions {
        for unit in &question.units {
            let Some(&study) = numbers.get(&unit.study.id) else { continue };
            for mark in &unit.marks {
                let (Some(reader), Some(item)) =
                    (collected.readers.get(mark.reader), collected.items.get(mark.item))
                else {
                    continue;
                };
                let Some(lock) = item.lock else { continue };
                let level = mark.answer.level();
                for rule in &ground.protocol.rules {
                    rows.push(ReadRow {
                        study,
                        patient: unit.study.patient,
                        reader: (*reader).to_owned(),
                        finding: question.finding.id.clone(),
                        rule: rule.name.clone(),
                        value: level.map(|level| level.meets(rule.threshold)),
                        level: level.map(|level| level.0),
                        level_name: level.map(|level| ground.protocol.level_name(level)),
                        no_answer: mark.answer.no_answer().map(NoAnswer::word),
                        dataset_label: unit.label,
                        grey_levels: unit.study.grey_levels(),
                        tags: mark.tags.iter().cloned().collect(),
                        seq: item.position,
                        active_ms: lock.active_ms,
                        protocol_version: lock.protocol_version,
                        after_release: lock.after_release,
                    });
                }
            }
        }
    }
    rows
}

/// The dataset's own order of patients could be matched with its files; the order of studies cannot.
fn renumber_patients(rows: &mut [ReadRow]) {
    let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
    for row in rows {
        let next = u32::try_from(numbers.len() + 1).unwrap_or(u32::MAX);
        row.patient = *numbers.entry(row.patient).or_insert(next);
    }
}

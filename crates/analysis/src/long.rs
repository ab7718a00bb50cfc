//! Every settled answer as one row per study, reader, finding and rule.

use std::collections::{BTreeMap, HashMap};

use overread_core::protocol::Finding;
use overread_core::{AdequacyClass, DatasetLabel, Deck, NoAnswer, Protocol, StudyId};
use serde::Serialize;

use crate::collect::{Labelled, answer};
use crate::gather::{Fate, Gathered, ItemRead, gather};
use crate::ground::{Counted, Ground};
use crate::input::{Input, Options};
use crate::practice::audited;

/// One row of the long table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadRow {
    /// The study's opaque number.
    pub study: u32,
    /// The dataset's own name of the study, where the protocol lets it be published.
    pub study_key: Option<String>,
    /// The patient's number, by first study.
    pub patient: u32,
    /// Pseudonym of the reader.
    pub reader: String,
    /// Id of the finding.
    pub finding: String,
    /// Name of the rule.
    pub rule: String,
    /// Positive under the rule; `None` without a level, or where the wording of its version is not known.
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
    /// Whether figures rest on it: `used`, or why not: `other version`, `other phase`, `after unblinding`.
    pub standing: &'static str,
}

impl ReadRow {
    /// Whether the figures of the analysis rest on it.
    pub fn is_used(&self) -> bool {
        self.standing == USED
    }
}

const USED: &str = "used";

/// Every settled answer that an analysis with these options sees, by study, finding, reader and rule; an answer of
/// another version of the protocol under the rules of that version. `earlier` holds the versions that held before.
pub fn long_reads(input: &Input<'_>, earlier: &[Protocol], options: &Options) -> Vec<ReadRow> {
    let Some(sample) = input.sample else { return Vec::new() };
    let numbers = sample.study_numbers();
    let audited = audited(input);
    let counted = Counted::new(input, audited.as_ref());
    let ground = Ground::new(input, audited.as_ref(), &counted);
    let gathered = gather(&ground, input.readers, options);
    let table = Table { ground: &ground, gathered: &gathered, earlier, numbers: &numbers };
    let mut rows = Vec::new();
    for ((at, deck), reads) in (0..).zip(ground.decks()).zip(&gathered.decks) {
        if options.takes_deck(at) {
            rows.extend(reads.items.iter().flat_map(|item| table.item_rows(deck, item)));
        }
    }
    // Stable: the rules keep the protocol's order.
    rows.sort_by(|a, b| (a.study, &a.finding, &a.reader).cmp(&(b.study, &b.finding, &b.reader)));
    renumber_patients(&mut rows);
    rows
}

struct Table<'a> {
    ground: &'a Ground<'a>,
    gathered: &'a Gathered<'a>,
    earlier: &'a [Protocol],
    numbers: &'a HashMap<StudyId, u32>,
}

impl Table<'_> {
    /// The rows of one item; none of one that was not read or may not be seen.
    fn item_rows(&self, deck: &Deck, item: &ItemRead<'_>) -> Vec<ReadRow> {
        let standing = match item.fate {
            Fate::Used => USED,
            Fate::OtherProtocol => "other version",
            Fate::OtherPhase => "other phase",
            Fate::AfterUnblinding => "after unblinding",
            Fate::Unread | Fate::Skipped | Fate::Unsettled | Fate::HeldBack => return Vec::new(),
        };
        let version = item.lock.map_or(0, |lock| lock.protocol_version);
        let in_force = version == self.ground.protocol.version;
        let before = || self.earlier.iter().find(|protocol| protocol.version == version);
        let known = in_force.then_some(self.ground.protocol).or_else(before);
        let protocol = known.unwrap_or(self.ground.protocol);
        let asked = |finding: &&Finding| deck.finding.as_ref().is_none_or(|id| *id == finding.id);
        let findings = protocol.findings.iter().filter(asked);
        findings
            .flat_map(|finding| {
                self.rows_of((protocol, known.is_some()), finding, item, standing)
                    .unwrap_or_default()
            })
            .collect()
    }

    fn rows_of(
        &self,
        (protocol, worded): (&Protocol, bool),
        finding: &Finding,
        item: &ItemRead<'_>,
        standing: &'static str,
    ) -> Option<Vec<ReadRow>> {
        let (lock, dataset) = (item.lock?, self.ground.dataset);
        let answer = answer(protocol, lock, finding)?;
        let level = answer.level();
        let study = dataset.study_index(item.study).and_then(|at| dataset.studies.get(at))?;
        let row = ReadRow {
            study: *self.numbers.get(&item.study)?,
            study_key: None,
            patient: study.patient,
            reader: self.gathered.readers.get(item.reader)?.name.clone(),
            finding: finding.id.clone(),
            rule: String::new(),
            value: None,
            level: level.map(|level| level.0),
            level_name: level.filter(|_| worded).map(|level| protocol.level_name(level)),
            no_answer: answer.no_answer().map(NoAnswer::word),
            dataset_label: Labelled::new(dataset, protocol, finding).of(study),
            grey_levels: study.grey_levels(),
            tags: item.state?.tags.iter().cloned().collect(),
            seq: item.position,
            active_ms: lock.active_ms,
            protocol_version: lock.protocol_version,
            after_release: lock.after_release,
            standing,
        };
        let under = |rule: &overread_core::protocol::Rule| ReadRow {
            rule: rule.name.clone(),
            value: level.filter(|_| worded).map(|level| level.meets(rule.threshold)),
            ..row.clone()
        };
        Some(protocol.rules.iter().map(under).collect())
    }
}

/// The dataset's own order of patients could be matched with its files; the order of studies cannot.
fn renumber_patients(rows: &mut [ReadRow]) {
    let mut numbers: BTreeMap<u32, u32> = BTreeMap::new();
    for row in rows {
        let next = u32::try_from(numbers.len() + 1).unwrap_or(u32::MAX);
        row.patient = *numbers.entry(row.patient).or_insert(next);
    }
}

//! A project in memory: dataset, drawn decks and readers who answer as told.
#![allow(dead_code, reason = "each test file uses its part")]

use std::collections::BTreeMap;

use overread_analysis::{ChainHead, Input, ModelScores, Provenance, SourceFile};
use overread_core::event::{EventBody, FindingAnswer, Via};
use overread_core::fold::{ReaderRecord, ReadingState};
use overread_core::protocol::builtin;
use overread_core::sampling::{Worklist, draw, worklist};
use overread_core::{
    Answer, Dataset, DatasetLabel, ImageId, ImageRef, Item, ItemId, Labels, Level, Phase, Protocol,
    Sample, Sex, Study, StudyId,
};

/// Label, permissive and clinical counts of 50, as the audit paper's Table 2 has them.
pub(crate) const TABLE_2: [(&str, u64, u64); 15] = [
    ("Consolidation", 40, 33),
    ("Atelectasis", 40, 25),
    ("Infiltration", 33, 18),
    ("Pneumonia", 30, 25),
    ("Edema", 38, 20),
    ("Nodule", 38, 32),
    ("Mass", 32, 23),
    ("Pneumothorax", 45, 45),
    ("Effusion", 37, 35),
    ("Pleural_Thickening", 42, 26),
    ("Emphysema", 7, 5),
    ("Cardiomegaly", 35, 26),
    ("Fibrosis", 23, 13),
    ("Hernia", 47, 39),
    ("No Finding", 38, 31),
];

/// What a reader says of a study: level and tags; `None` leaves it unread.
pub(crate) type Reading = Option<(Answer, Vec<&'static str>)>;

pub(crate) struct World {
    pub(crate) dataset: Dataset,
    pub(crate) protocol: Protocol,
    pub(crate) sample: Sample,
    pub(crate) readers: Vec<ReaderRecord>,
    pub(crate) scores: Vec<ModelScores>,
    /// Class and place in its class of every study.
    pub(crate) known: BTreeMap<StudyId, (usize, u64)>,
}

/// Sets label, region and split of every study by its place.
pub(crate) fn describe(
    dataset: &mut (Dataset, BTreeMap<StudyId, (usize, u64)>),
    of: impl Fn(u64) -> (bool, &'static str, &'static str),
) {
    for study in &mut dataset.0.studies {
        let (positive, region, split) = of(dataset.1[&study.id].1);
        let label = if positive { DatasetLabel::Positive } else { DatasetLabel::Negative };
        study.labels.set(0, label);
        study.region = Some(region.into());
        study.split = Some(split.into());
    }
}

pub(crate) fn level(level: u8) -> Answer {
    Answer::Level(Level(level))
}

pub(crate) fn protocol(name: &str, changes: &[(&str, &str)]) -> Protocol {
    let mut text = builtin(name).unwrap().replace("explore = 100", "explore = 0");
    for (from, to) in changes {
        assert!(text.contains(from), "the protocol has `{from}`");
        text = text.replace(from, to);
    }
    Protocol::from_toml(&text).unwrap()
}

/// A dataset with so many studies of each class; every study one patient unless `per_patient` says more.
pub(crate) fn dataset(
    labels: &[&str],
    per_class: u64,
    per_patient: u32,
) -> (Dataset, BTreeMap<StudyId, (usize, u64)>) {
    let mut known = BTreeMap::new();
    let mut studies = Vec::new();
    for class in 0..labels.len() {
        for place in 0..per_class {
            let key = format!("{class}/{place}");
            let id = StudyId::derive(&["world", &key]);
            let mut study_labels = Labels::default();
            for column in 0..labels.len() {
                let label =
                    if column == class { DatasetLabel::Positive } else { DatasetLabel::Negative };
                study_labels.set(column, label);
            }
            known.insert(id, (class, place));
            let number = u32::try_from(class as u64 * per_class + place).unwrap();
            studies.push(Study {
                id,
                patient: number / per_patient,
                labels: study_labels,
                images: vec![ImageRef {
                    id: ImageId::derive(&["world", &key]),
                    view: Some(if place * 5 % 8 < 4 { "PA" } else { "AP" }.into()),
                    grey_levels: None,
                }],
                available: true,
                sex: Some(if place % 5 < 2 { Sex::Female } else { Sex::Male }),
                age_years: Some(20 + u16::try_from(place * 37 % 60).unwrap()),
                region: None,
                split: None,
            });
        }
    }
    studies.sort_by_key(|study| study.id);
    let patients = u32::try_from(studies.len()).unwrap().div_ceil(per_patient);
    let dataset = Dataset {
        format: "cxr14".to_owned(),
        sha256: "ab".repeat(32),
        identity: "cd".repeat(32),
        findings: labels.iter().map(|&l| l.to_owned()).collect(),
        patients,
        studies,
    };
    (dataset, known)
}

impl World {
    /// Draws the decks of a protocol.
    pub(crate) fn new(
        dataset: (Dataset, BTreeMap<StudyId, (usize, u64)>),
        protocol: Protocol,
    ) -> Self {
        let (dataset, known) = dataset;
        let sample = draw(&dataset, &protocol, 20_170_601).unwrap();
        Self { dataset, protocol, sample, readers: Vec::new(), scores: Vec::new(), known }
    }

    /// Adds a reader who answers every item in order; the closure sees class and place of the study and the item's place.
    pub(crate) fn read(
        &mut self,
        name: &str,
        mut answer: impl FnMut(usize, u64, &Item, usize) -> Reading,
    ) {
        let list = worklist(&self.dataset, &self.protocol, &self.sample, name);
        let mut state = ReadingState::new(&self.sample, &list);
        for (index, item) in list.items.iter().enumerate() {
            let (class, place) = self.known[&item.study];
            let Some((answer, tags)) = answer(class, place, item, index) else { continue };
            let at = format!("2026-03-04T08:{:02}:{:02}Z", index / 60 % 60, index % 60);
            for tag in tags {
                let set = EventBody::TagSet {
                    item: item.id,
                    tag: tag.to_owned(),
                    on: true,
                    via: Via::Key,
                };
                state.apply(&at, &set);
            }
            let deck = &self.sample.decks[item.deck as usize];
            let asked = self.protocol.findings.iter().filter(|f| {
                f.any_of.is_empty() && deck.finding.as_ref().is_none_or(|id| *id == f.id)
            });
            let lock = EventBody::ReadLocked {
                item: item.id,
                answers: asked.map(|f| FindingAnswer { finding: f.id.clone(), answer }).collect(),
                phase: Phase::Read,
                active_ms: 4_000 + 10 * index as u64,
                protocol_version: self.protocol.version,
                via: Via::Key,
                last: false,
            };
            state.apply(&at, &lock);
        }
        self.readers.push(ReaderRecord {
            name: name.to_owned(),
            role: "reader".to_owned(),
            experience_years: Some(12),
            worklist: list,
            state,
            source: None,
        });
    }

    /// Adds a reader who answers each asked finding by itself; the closure sees the study's place and the finding.
    pub(crate) fn read_each(&mut self, name: &str, answer: impl Fn(u64, &str) -> Answer) {
        let list = worklist(&self.dataset, &self.protocol, &self.sample, name);
        let asked: Vec<String> = self
            .protocol
            .findings
            .iter()
            .filter(|f| f.any_of.is_empty())
            .map(|f| f.id.clone())
            .collect();
        let items = list.items.clone();
        self.add(name, list, |world| {
            let mut events = Vec::new();
            for item in &items {
                let place = world.known[&item.study].1;
                let answers = asked
                    .iter()
                    .map(|f| FindingAnswer { finding: f.clone(), answer: answer(place, f) })
                    .collect();
                events.push((item.id, Phase::Read, answers));
            }
            events
        });
    }

    /// Adds a reader with this worklist and these locks, a minute apart.
    pub(crate) fn add(
        &mut self,
        name: &str,
        list: Worklist,
        locks: impl FnOnce(&Self) -> Vec<(ItemId, Phase, Vec<FindingAnswer>)>,
    ) {
        let mut state = ReadingState::new(&self.sample, &list);
        for (index, (item, phase, answers)) in locks(self).into_iter().enumerate() {
            let at = format!("2026-03-04T{:02}:{:02}:00Z", 8 + index / 60 % 12, index % 60);
            let lock = EventBody::ReadLocked {
                item,
                answers,
                phase,
                active_ms: 4_000,
                protocol_version: self.protocol.version,
                via: Via::Key,
                last: false,
            };
            state.apply(&at, &lock);
        }
        state.settle_last();
        self.readers.push(ReaderRecord {
            name: name.to_owned(),
            role: "reader".to_owned(),
            worklist: list,
            state,
            ..ReaderRecord::default()
        });
    }

    pub(crate) fn input(&self) -> Input<'_> {
        Input {
            dataset: &self.dataset,
            summary: None,
            protocol: &self.protocol,
            sample: Some(&self.sample),
            readers: &self.readers,
            scores: &self.scores,
            gold: &[],
            provenance: Provenance {
                damage: None,
                files: vec![SourceFile {
                    name: "Data_Entry_2017.csv".to_owned(),
                    bytes: 7_977_423,
                    sha256: "3c".repeat(32),
                }],
                heads: vec![ChainHead {
                    chain: "R1".to_owned(),
                    events: 751,
                    head: "82".repeat(32),
                }],
                program: "Overread 0.1.0".to_owned(),
                data_cut: "2026-03-20 16:00 UTC".to_owned(),
            },
        }
    }
}

/// The reader of the audit paper: its counts, drains in 40 pneumothorax studies, and subcutaneous emphysema in 43.
pub(crate) fn paper_answer(class: usize, place: u64) -> (Answer, Vec<&'static str>) {
    let (label, permissive, clinical) = TABLE_2[class];
    let answer = level(u8::from(place < permissive) + u8::from(place < clinical));
    let tags = match label {
        "Pneumothorax" if place < 39 || place == 45 => vec!["chest_drain"],
        "Emphysema" if 7 <= place => vec!["subcutaneous_emphysema"],
        _ => Vec::new(),
    };
    (answer, tags)
}

/// The whole audit, read by R1.
pub(crate) fn paper() -> World {
    let labels: Vec<&str> = TABLE_2.iter().map(|row| row.0).collect();
    let mut world = World::new(dataset(&labels, 50, 1), protocol("cxr14-verify", &[]));
    world.read("R1", |class, place, _, _| Some(paper_answer(class, place)));
    world
}

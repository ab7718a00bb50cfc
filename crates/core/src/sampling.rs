//! Drawing decks and worklists: seeded, reproducible, with inclusion probabilities.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::answer::Phase;
use crate::dataset::{Dataset, DatasetLabel};
use crate::ids::{DeckId, ItemId, StudyId};
use crate::protocol::{Design, Finding, Frame, PerPatient, Protocol};
use crate::random::SplitMix64;

/// A study drawn into a deck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The study.
    pub study: StudyId,
    /// Whether it was drawn as a label-positive; a control was drawn as a label-negative.
    pub label_positive: bool,
    /// How many were drawn from this member's arm of the frame.
    pub drawn: u32,
    /// How many the arm holds; `drawn / frame` is the inclusion probability.
    pub frame: u32,
}

/// The studies drawn to audit one finding, or the one sample of a relabelling or panel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deck {
    /// The opaque id.
    pub id: DeckId,
    /// The finding that is asked; `None` asks all.
    pub finding: Option<String>,
    /// How many label-positives (or studies) the protocol asks for.
    pub planned: u32,
    /// The studies in drawing order, label-positives first.
    pub members: Vec<Member>,
}

impl Deck {
    /// Whether a reader can tell each study's label from the question alone.
    pub fn label_known(&self) -> bool {
        self.finding.is_some() && self.members.iter().all(|member| member.label_positive)
    }

    /// Number of label-positive members.
    pub fn label_positive(&self) -> usize {
        self.members.iter().filter(|member| member.label_positive).count()
    }
}

/// What could not be drawn as planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shortfall {
    /// The finding, or `None` for the whole sample.
    pub finding: Option<String>,
    /// `label-positive`, `control`, `study` or `exploration`.
    pub arm: String,
    /// How many the protocol asks for.
    pub planned: u32,
    /// How many there were.
    pub drawn: u32,
}

/// Everything that one draw decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The seed.
    pub seed: u64,
    /// Whether only studies with images could be drawn.
    pub limited_to_available: bool,
    /// Studies in the frame.
    pub frame_studies: u32,
    /// The decks, in reading order.
    pub decks: Vec<Deck>,
    /// Studies for exploration, by finding; none of them is in a deck.
    pub explore: BTreeMap<String, Vec<StudyId>>,
    /// What could not be drawn as planned.
    pub shortfall: Vec<Shortfall>,
}

impl Sample {
    /// Studies of all decks, sorted by id.
    pub fn studies(&self) -> BTreeSet<StudyId> {
        self.decks.iter().flat_map(|deck| deck.members.iter().map(|m| m.study)).collect()
    }

    /// The number under which a reader knows a study: its 1-based place among the drawn, by id.
    pub fn study_numbers(&self) -> HashMap<StudyId, u32> {
        self.studies().into_iter().zip(1..).collect()
    }
}

/// One row of a worklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The opaque id.
    pub id: ItemId,
    /// The study to be read.
    pub study: StudyId,
    /// Index of the deck in [`Sample::decks`].
    pub deck: u32,
    /// What it is read for.
    pub phase: Phase,
    /// 1 for the first reading, 2 for a hidden repeat.
    pub pass: u32,
}

/// What one reader reads, in that reader's own stored order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worklist {
    /// The reader's pseudonym.
    pub reader: String,
    /// The items in reading order; those of a deck stand together.
    pub items: Vec<Item>,
    /// Neighbours that had to stand closer than the protocol's gap.
    pub gap_violations: u32,
}

/// Why nothing could be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SampleError {
    /// A finding of the protocol has no label in the dataset.
    #[error(
        "the protocol audits the label `{label}`, which the dataset does not have; its labels are: {known}"
    )]
    UnknownLabel {
        /// The label the protocol names.
        label: String,
        /// The labels the dataset has.
        known: String,
    },
    /// No study can be drawn at all.
    #[error("no study can be drawn: {0}")]
    Empty(String),
}

/// Draws decks and exploration sets as the protocol says.
///
/// The frame is sorted by study id and every arm has a random stream of its own, so the result
/// depends on dataset identity, labels, protocol and seed alone. A deck that is extended later
/// continues the same random order.
pub fn draw(dataset: &Dataset, protocol: &Protocol, seed: u64) -> Result<Sample, SampleError> {
    let any_available = dataset.studies.iter().any(|study| study.available);
    let limited = protocol.sampling.frame == Frame::Available
        && any_available
        && dataset.studies.iter().any(|study| !study.available);
    let frame: Vec<usize> = (0..dataset.studies.len())
        .filter(|&i| !limited || dataset.studies.get(i).is_some_and(|study| study.available))
        .collect();
    let mut drawing = Drawing {
        dataset,
        protocol,
        seed,
        sample: Sample {
            seed,
            limited_to_available: limited,
            frame_studies: to_u32(frame.len()),
            ..Sample::default()
        },
        frame,
    };
    match protocol.design {
        Design::Verify => drawing.decks_per_finding()?,
        Design::Relabel | Design::Panel => drawing.one_deck(),
    }
    drawing.explore();
    if drawing.sample.decks.iter().all(|deck| deck.members.is_empty()) {
        let why = "no study of the frame carries a label that the protocol audits";
        return Err(SampleError::Empty(why.to_owned()));
    }
    Ok(drawing.sample)
}

struct Drawing<'a> {
    dataset: &'a Dataset,
    protocol: &'a Protocol,
    seed: u64,
    frame: Vec<usize>,
    sample: Sample,
}

fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Drawing<'_> {
    fn decks_per_finding(&mut self) -> Result<(), SampleError> {
        // Practice comes last, so that leaving it out moves no other deck.
        let mut asked: Vec<&Finding> =
            self.protocol.findings.iter().filter(|f| f.any_of.is_empty()).collect();
        asked.sort_by_key(|finding| finding.practice);
        for finding in asked {
            let deck = self.deck(finding)?;
            self.sample.decks.push(deck);
        }
        Ok(())
    }

    fn deck(&mut self, finding: &Finding) -> Result<Deck, SampleError> {
        let label = finding.label.as_deref().unwrap_or(&finding.id);
        let column =
            self.dataset.finding_index(label).ok_or_else(|| SampleError::UnknownLabel {
                label: label.to_owned(),
                known: self.dataset.findings.join(", "),
            })?;
        let planned = self.protocol.sampling.size;
        let controls = self.protocol.sampling.controls;
        let mut members = self.arm(finding, column, DatasetLabel::Positive, planned);
        members.extend(self.arm(finding, column, DatasetLabel::Negative, controls));
        Ok(Deck {
            id: DeckId::derive(&[&self.dataset.identity, &self.seed.to_string(), &finding.id]),
            finding: Some(finding.id.clone()),
            planned,
            members,
        })
    }

    fn arm(
        &mut self,
        finding: &Finding,
        column: usize,
        label: DatasetLabel,
        planned: u32,
    ) -> Vec<Member> {
        if planned == 0 {
            return Vec::new();
        }
        let arm = if label == DatasetLabel::Positive { "label-positive" } else { "control" };
        let candidates: Vec<usize> = self
            .frame
            .iter()
            .copied()
            .filter(|&i| self.dataset.studies.get(i).is_some_and(|s| s.labels.get(column) == label))
            .collect();
        let stream = SplitMix64::for_purpose(self.seed, &["deck", &finding.id, arm]);
        let (chosen, frame) = self.choose(candidates, planned as usize, stream);
        self.note_shortfall(Some(&finding.id), arm, planned, chosen.len());
        self.members(&chosen, label == DatasetLabel::Positive, frame)
    }

    fn one_deck(&mut self) {
        let planned = self.protocol.sampling.size;
        let stream = SplitMix64::for_purpose(self.seed, &["deck", "all"]);
        let (chosen, frame) = self.choose(self.frame.clone(), planned as usize, stream);
        self.note_shortfall(None, "study", planned, chosen.len());
        let members = self.members(&chosen, false, frame);
        let id = DeckId::derive(&[&self.dataset.identity, &self.seed.to_string(), "all"]);
        self.sample.decks.push(Deck { id, finding: None, planned, members });
    }

    /// The studies drawn, and how many units (studies, or patients) the frame held.
    fn choose(
        &self,
        mut candidates: Vec<usize>,
        planned: usize,
        mut stream: SplitMix64,
    ) -> (Vec<usize>, usize) {
        if self.protocol.sampling.per_patient != PerPatient::One {
            let frame = candidates.len();
            stream.choose_front(&mut candidates, planned);
            candidates.truncate(planned);
            return (candidates, frame);
        }
        let mut by_patient: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for i in candidates {
            if let Some(study) = self.dataset.studies.get(i) {
                by_patient.entry(study.patient).or_default().push(i);
            }
        }
        let mut patients: Vec<Vec<usize>> = by_patient.into_values().collect();
        let frame = patients.len();
        stream.choose_front(&mut patients, planned);
        patients.truncate(planned);
        let chosen = patients
            .iter()
            .filter_map(|studies| studies.get(stream.index(studies.len())).copied())
            .collect();
        (chosen, frame)
    }

    fn members(&self, chosen: &[usize], label_positive: bool, frame: usize) -> Vec<Member> {
        let drawn = to_u32(chosen.len());
        chosen
            .iter()
            .filter_map(|&i| self.dataset.studies.get(i))
            .map(|study| Member { study: study.id, label_positive, drawn, frame: to_u32(frame) })
            .collect()
    }

    fn note_shortfall(&mut self, finding: Option<&str>, arm: &str, planned: u32, drawn: usize) {
        if drawn < planned as usize {
            self.sample.shortfall.push(Shortfall {
                finding: finding.map(str::to_owned),
                arm: arm.to_owned(),
                planned,
                drawn: to_u32(drawn),
            });
        }
    }

    /// Exploration comes after the decks and never touches a study of theirs.
    fn explore(&mut self) {
        let planned = self.protocol.sampling.explore;
        if planned == 0 {
            return;
        }
        let read = self.sample.studies();
        let mut explored = BTreeSet::new();
        for finding in &self.protocol.findings {
            let label = finding.label.as_deref().unwrap_or(&finding.id);
            let Some(column) = self.dataset.finding_index(label) else { continue };
            let mut candidates: Vec<StudyId> = self
                .frame
                .iter()
                .filter_map(|&i| self.dataset.studies.get(i))
                .filter(|study| study.labels.get(column) == DatasetLabel::Positive)
                .map(|study| study.id)
                .filter(|id| !read.contains(id) && !explored.contains(id))
                .collect();
            let mut stream = SplitMix64::for_purpose(self.seed, &["explore", &finding.id]);
            stream.choose_front(&mut candidates, planned as usize);
            candidates.truncate(planned as usize);
            explored.extend(candidates.iter().copied());
            self.note_shortfall(Some(&finding.id), "exploration", planned, candidates.len());
            self.sample.explore.insert(finding.id.clone(), candidates);
        }
    }
}

/// Lays out one reader's worklist: decks in protocol order, shuffled inside, with the protocol's
/// gap kept between items of one study (and of one patient where the plan says spaced).
pub fn worklist(dataset: &Dataset, protocol: &Protocol, sample: &Sample, reader: &str) -> Worklist {
    let gap = protocol.sampling.gap as usize;
    let by_patient = protocol.sampling.per_patient == PerPatient::Spaced;
    let mut last_seen: HashMap<u64, usize> = HashMap::new();
    let mut list = Worklist { reader: reader.to_owned(), ..Worklist::default() };
    for (deck_index, deck) in sample.decks.iter().enumerate() {
        let mut order: Vec<StudyId> = deck.members.iter().map(|member| member.study).collect();
        order.sort_unstable();
        let deck_text = deck.id.to_string();
        let practice = |id: &str| protocol.findings.iter().any(|f| f.practice && f.id == id);
        let phase = if deck.finding.as_deref().is_some_and(practice) {
            Phase::Practice
        } else {
            Phase::Read
        };
        let mut stream = SplitMix64::for_purpose(sample.seed, &["order", reader, &deck_text]);
        let count = order.len();
        stream.choose_front(&mut order, count);
        while !order.is_empty() {
            let position = list.items.len();
            let unit = |id: StudyId| unit_of(dataset, id, by_patient);
            let far = order.iter().position(|&id| {
                last_seen.get(&unit(id)).is_none_or(|&last| gap <= position - last)
            });
            if far.is_none() {
                list.gap_violations += 1;
            }
            let study = order.remove(far.unwrap_or(0));
            last_seen.insert(unit(study), position);
            list.items.push(Item {
                id: ItemId::derive(&[&deck_text, &study.to_string(), reader, "1"]),
                study,
                deck: to_u32(deck_index),
                phase,
                pass: 1,
            });
        }
    }
    list
}

fn unit_of(dataset: &Dataset, id: StudyId, by_patient: bool) -> u64 {
    if !by_patient {
        return id.0;
    }
    let study = dataset.study_index(id).and_then(|i| dataset.studies.get(i));
    study.map_or(id.0, |study| u64::from(study.patient))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Labels, Study};
    use crate::protocol::builtin;

    fn dataset(studies: u64, patients: u32) -> Dataset {
        let protocol = Protocol::from_toml(builtin("cxr14-verify").unwrap()).unwrap();
        let findings: Vec<String> =
            protocol.findings.iter().filter_map(|f| f.label.clone()).collect();
        let mut rows: Vec<Study> = (0..studies)
            .map(|n| {
                let mut labels = Labels { negative: (1 << 15) - 1, ..Labels::default() };
                labels.set(usize::try_from(n % 15).unwrap(), DatasetLabel::Positive);
                labels.set(usize::try_from(n % 7).unwrap(), DatasetLabel::Positive);
                Study {
                    id: StudyId::derive(&["test", &n.to_string()]),
                    patient: u32::try_from(n).unwrap() % patients,
                    labels,
                    images: Vec::new(),
                    available: true,
                    sex: None,
                    age_years: None,
                    region: None,
                    split: None,
                }
            })
            .collect();
        rows.sort_by_key(|study| study.id);
        Dataset { identity: "test".to_owned(), findings, studies: rows, ..Dataset::default() }
    }

    fn protocol(name: &str, from: &str, to: &str) -> Protocol {
        Protocol::from_toml(&builtin(name).unwrap().replace(from, to)).unwrap()
    }

    #[test]
    fn exploration_and_reading_never_share_a_study() {
        let data = dataset(6000, 2000);
        let sample = draw(&data, &protocol("cxr14-verify", "", ""), 14).unwrap();
        let read = sample.studies();
        assert_eq!(sample.decks.len(), 15);
        for studies in sample.explore.values() {
            assert_eq!(studies.len(), 100);
            assert!(studies.iter().all(|id| !read.contains(id)));
        }
    }

    #[test]
    fn a_larger_deck_contains_the_smaller_one() {
        let data = dataset(3000, 1000);
        let small = draw(&data, &protocol("cxr14-verify", "size = 50", "size = 20"), 3).unwrap();
        let large = draw(&data, &protocol("cxr14-verify", "", ""), 3).unwrap();
        for (a, b) in small.decks.iter().zip(&large.decks) {
            let ids = |deck: &Deck| deck.members.iter().map(|m| m.study).collect::<Vec<_>>();
            assert_eq!(ids(a), ids(b)[..20]);
        }
    }

    #[test]
    fn every_deck_asks_of_studies_that_carry_its_label_and_controls_do_not() {
        let data = dataset(3000, 1000);
        let sample = draw(&data, &protocol("cxr14-controls", "", ""), 7).unwrap();
        for (column, deck) in sample.decks.iter().enumerate() {
            assert_eq!(deck.members.len(), 100);
            assert!(!deck.label_known());
            for member in &deck.members {
                let study = &data.studies[data.study_index(member.study).unwrap()];
                let positive = study.labels.get(column) == DatasetLabel::Positive;
                assert_eq!(positive, member.label_positive);
            }
        }
    }

    #[test]
    fn one_per_patient_draws_no_patient_twice() {
        let data = dataset(3000, 400);
        let plan = protocol("cxr14-verify", "per_patient = \"any\"", "per_patient = \"one\"");
        for deck in draw(&data, &plan, 1).unwrap().decks {
            let patients: BTreeSet<u32> = deck
                .members
                .iter()
                .map(|m| data.studies[data.study_index(m.study).unwrap()].patient)
                .collect();
            assert_eq!(patients.len(), deck.members.len());
        }
    }

    #[test]
    fn the_gap_holds_wherever_it_can_and_every_item_stands_once() {
        let data = dataset(3000, 300);
        let plan = protocol("cxr14-verify", "per_patient = \"any\"", "per_patient = \"spaced\"");
        let sample = draw(&data, &plan, 5).unwrap();
        let list = worklist(&data, &plan, &sample, "R1");
        let ids: BTreeSet<ItemId> = list.items.iter().map(|item| item.id).collect();
        assert_eq!(ids.len(), list.items.len());
        let mut violations = 0;
        for (i, item) in list.items.iter().enumerate() {
            let from = i.saturating_sub(19);
            let unit = unit_of(&data, item.study, true);
            let close = |other: &Item| unit_of(&data, other.study, true) == unit;
            violations += u32::from(list.items[from..i].iter().any(close));
        }
        assert_eq!(violations, list.gap_violations);
        assert_eq!(worklist(&data, &plan, &sample, "R1"), list, "the same on any machine");
        assert_ne!(worklist(&data, &plan, &sample, "R2").items, list.items, "each reader's own");
    }

    #[test]
    fn fewer_studies_than_planned_are_drawn_and_said() {
        let data = dataset(300, 300);
        let sample = draw(&data, &protocol("cxr14-verify", "", ""), 2).unwrap();
        let deck = sample.decks.last().unwrap();
        assert_eq!(deck.members.len(), 20);
        assert!(sample.shortfall.iter().any(|s| s.arm == "label-positive" && s.drawn == 20));
    }
}

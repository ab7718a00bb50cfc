//! What is looked at again once readers have locked their answers: disagreements between readers,
//! for an adjudicator, and discordances with the label, for the reader.

use std::collections::{BTreeMap, BTreeSet};

use crate::answer::{Level, Phase};
use crate::dataset::{Dataset, DatasetLabel};
use crate::fold::ReaderRecord;
use crate::ids::{ItemId, StudyId};
use crate::protocol::{Finding, Protocol};
use crate::random::SplitMix64;
use crate::sampling::{Item, Sample, Stage, Worklist};

/// A study and finding to be looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Index of the deck.
    pub deck: u32,
    /// The study.
    pub study: StudyId,
    /// Id of the finding.
    pub finding: String,
    /// The rules under which answers, or answer and label, differ.
    pub rules: Vec<String>,
}

/// The findings that a deck asks.
fn asked<'p>(protocol: &'p Protocol, deck: Option<&'p str>) -> impl Iterator<Item = &'p Finding> {
    protocol.findings.iter().filter(move |f| deck.map_or(f.asked, |id| f.id == id) && !f.practice)
}

/// The level of a locked answer under the protocol in force; the first that settled, else the one that stands.
fn level_of(
    protocol: &Protocol,
    reader: &ReaderRecord,
    item: &Item,
    finding: &str,
) -> Option<Level> {
    let state = reader.state.item(item.id)?;
    let lock = state.settled_lock().or_else(|| state.current().filter(|_| state.is_locked()))?;
    let in_force = lock.protocol_version == protocol.version;
    lock.answer(finding).filter(|_| in_force)?.level()
}

/// Studies on which locked reads differ under at least one rule, in the order of decks, findings
/// and study ids. Answers without a level are no disagreement.
pub fn disagreements(protocol: &Protocol, sample: &Sample, readers: &[ReaderRecord]) -> Vec<Open> {
    let mut open = Vec::new();
    for (index, deck) in (0_u32..).zip(&sample.decks) {
        for finding in asked(protocol, deck.finding.as_deref()) {
            let mut levels: BTreeMap<StudyId, Vec<Level>> = BTreeMap::new();
            for reader in readers {
                let mine = reader.worklist.items.iter();
                for item in mine.filter(|i| i.deck == index && i.phase == Phase::Read) {
                    if let Some(level) = level_of(protocol, reader, item, &finding.id) {
                        levels.entry(item.study).or_default().push(level);
                    }
                }
            }
            for (study, levels) in levels {
                let differ = |threshold: Level| {
                    let positive = levels.iter().filter(|level| level.meets(threshold)).count();
                    0 < positive && positive < levels.len()
                };
                let rules: Vec<String> = protocol
                    .rules
                    .iter()
                    .filter(|rule| differ(rule.threshold))
                    .map(|rule| rule.name.clone())
                    .collect();
                if !rules.is_empty() {
                    let finding = finding.id.clone();
                    open.push(Open { deck: index, study, finding, rules });
                }
            }
        }
    }
    open
}

/// Studies on which a reader's settled answer and the dataset's label differ under at least one
/// rule, in decks that the reader has finished. `only` names one finding.
pub fn discordances(
    dataset: &Dataset,
    protocol: &Protocol,
    sample: &Sample,
    reader: &ReaderRecord,
    only: Option<&str>,
) -> Vec<Open> {
    let mut open = Vec::new();
    for (index, deck) in (0_u32..).zip(&sample.decks) {
        let reading = |item: &&Item| item.deck == index && item.stage() == Stage::Reading;
        let items: Vec<&Item> = reader.worklist.items.iter().filter(reading).collect();
        let locked = |item: &&Item| {
            reader.state.item(item.id).is_some_and(crate::fold::ItemState::is_locked)
        };
        if items.is_empty() || !items.iter().all(locked) {
            continue;
        }
        for finding in asked(protocol, deck.finding.as_deref()) {
            if only.is_some_and(|only| only != finding.id) {
                continue;
            }
            for item in items.iter().filter(|item| item.phase == Phase::Read) {
                let label = label_of(dataset, protocol, finding, item.study);
                let Some(level) = level_of(protocol, reader, item, &finding.id) else { continue };
                let rules: Vec<String> = protocol
                    .rules
                    .iter()
                    .filter(|rule| label.is_some_and(|label| label != level.meets(rule.threshold)))
                    .map(|rule| rule.name.clone())
                    .collect();
                if !rules.is_empty() {
                    let (study, finding) = (item.study, finding.id.clone());
                    open.push(Open { deck: index, study, finding, rules });
                }
            }
        }
    }
    open.sort_by(|a, b| (a.deck, &a.finding, a.study).cmp(&(b.deck, &b.finding, b.study)));
    open
}

/// What the dataset claims of a study and finding: there, not there, or neither.
pub fn label_of(
    dataset: &Dataset,
    protocol: &Protocol,
    finding: &Finding,
    study: StudyId,
) -> Option<bool> {
    let study = dataset.study_index(study).and_then(|i| dataset.studies.get(i))?;
    let labels: Option<Vec<DatasetLabel>> = protocol
        .labels_of(finding)
        .into_iter()
        .map(|name| Some(study.labels.get(dataset.finding_index(name)?)))
        .collect();
    let labels = labels?;
    if labels.contains(&DatasetLabel::Positive) {
        Some(true)
    } else {
        labels.iter().all(|label| *label == DatasetLabel::Negative).then_some(false)
    }
}

/// Puts open questions behind what is in a worklist, shuffled within each deck by seed and reader.
/// Those that stand there already are passed over, and so are studies that the reader has read for
/// the adjudicator's part.
pub fn append(sample: &Sample, list: &mut Worklist, open: &[Open], phase: Phase) -> usize {
    let before = list.items.len();
    let own: BTreeSet<StudyId> = list
        .items
        .iter()
        .filter(|item| phase == Phase::Adjudicate && item.stage() == Stage::Reading)
        .map(|item| item.study)
        .collect();
    let known: BTreeSet<ItemId> = list.items.iter().map(|item| item.id).collect();
    let batch = 1 + list.items.iter().map(|item| item.batch).max().unwrap_or(0);
    let reader = list.reader.clone();
    for (index, deck) in (0_u32..).zip(&sample.decks) {
        let id = deck.id.to_string();
        let mut items: Vec<Item> = open
            .iter()
            .filter(|open| open.deck == index && !own.contains(&open.study))
            .map(|open| Item {
                id: ItemId::derive(&[
                    &id,
                    &open.study.to_string(),
                    &reader,
                    phase.word(),
                    &open.finding,
                ]),
                study: open.study,
                deck: index,
                phase,
                pass: 1,
                batch,
                finding: Some(open.finding.clone()),
            })
            .filter(|item| !known.contains(&item.id))
            .collect();
        items.sort_unstable_by_key(|item| item.id);
        let purpose = ["later", phase.word(), &reader, &id, &batch.to_string()];
        let count = items.len();
        SplitMix64::for_purpose(sample.seed, &purpose).choose_front(&mut items, count);
        list.items.extend(items);
    }
    list.items.len() - before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Answer;
    use crate::event::{EventBody, FindingAnswer, Via};
    use crate::fold::ReadingState;
    use crate::protocol::builtin;
    use crate::sampling::{Deck, Member};
    use crate::{DeckId, Labels, Study};

    fn member(n: u64) -> Member {
        Member {
            study: StudyId(n),
            label_positive: true,
            drawn: 4,
            frame: 4,
            of: 1,
            stratum: None,
            repeated: false,
        }
    }

    fn sample() -> Sample {
        let members = (0..4).map(member).collect();
        let deck = Deck { id: DeckId(1), finding: Some("Edema".to_owned()), planned: 4, members };
        Sample { seed: 1, decks: vec![deck], ..Sample::default() }
    }

    /// A reader with one level per study; `None` is not read.
    fn reader(name: &str, levels: [Option<u8>; 4]) -> ReaderRecord {
        let items: Vec<Item> = (0..4)
            .map(|n| Item {
                id: ItemId::derive(&[name, &n.to_string()]),
                study: StudyId(n),
                deck: 0,
                phase: Phase::Read,
                pass: 1,
                batch: 0,
                finding: None,
            })
            .collect();
        let worklist = Worklist { reader: name.to_owned(), items, gap_violations: 0 };
        let mut state = ReadingState::new(&sample(), &worklist);
        for (item, level) in worklist.items.iter().zip(levels) {
            let Some(level) = level else { continue };
            let answer = Answer::Level(Level(level));
            state.apply(
                "t",
                &EventBody::ReadLocked {
                    item: item.id,
                    answers: vec![FindingAnswer { finding: "Edema".to_owned(), answer }],
                    phase: Phase::Read,
                    active_ms: 1,
                    protocol_version: 1,
                    via: Via::Key,
                },
            );
        }
        ReaderRecord { name: name.to_owned(), worklist, state, ..ReaderRecord::default() }
    }

    fn protocol() -> Protocol {
        Protocol::from_toml(builtin("cxr14-verify").unwrap()).unwrap()
    }

    #[test]
    fn reads_that_fall_on_two_sides_of_a_rule_disagree_and_no_others() {
        let readers = [
            reader("A", [Some(2), Some(1), Some(0), None]),
            reader("B", [Some(2), Some(2), Some(2), Some(0)]),
        ];
        let open = disagreements(&protocol(), &sample(), &readers);
        let found: Vec<(u64, Vec<&str>)> = open
            .iter()
            .map(|o| (o.study.0, o.rules.iter().map(String::as_str).collect()))
            .collect();
        assert_eq!(found, [(1, vec!["clinical"]), (2, vec!["permissive", "clinical"])]);
    }

    #[test]
    fn the_adjudicator_gets_each_question_once_and_never_a_study_of_their_own() {
        let readers = [
            reader("A", [Some(2), Some(0), Some(0), None]),
            reader("B", [Some(0), Some(2), Some(2), None]),
        ];
        let open = disagreements(&protocol(), &sample(), &readers);
        let mut list = Worklist { reader: "J".to_owned(), ..Worklist::default() };
        assert_eq!(append(&sample(), &mut list, &open, Phase::Adjudicate), 3);
        assert!(list.items.iter().all(|item| item.finding.as_deref() == Some("Edema")));
        assert_eq!(append(&sample(), &mut list, &open, Phase::Adjudicate), 0, "not again");
        let mut own = readers[0].worklist.clone();
        assert_eq!(
            append(&sample(), &mut own, &open, Phase::Adjudicate),
            0,
            "these were read by A"
        );
    }

    #[test]
    fn review_takes_what_differs_from_the_label_in_finished_decks_only() {
        let mut labels = Labels::default();
        labels.set(0, DatasetLabel::Positive);
        let study = |n| Study {
            id: StudyId(n),
            patient: 0,
            labels,
            images: Vec::new(),
            available: true,
            sex: None,
            age_years: None,
            region: None,
            split: None,
        };
        let dataset = Dataset {
            findings: vec!["Edema".to_owned()],
            studies: (0..4).map(study).collect(),
            ..Dataset::default()
        };
        let half = reader("A", [Some(0), Some(0), Some(0), None]);
        assert!(discordances(&dataset, &protocol(), &sample(), &half, None).is_empty());
        let done = reader("A", [Some(0), Some(1), Some(2), Some(2)]);
        let open = discordances(&dataset, &protocol(), &sample(), &done, None);
        assert_eq!(open.iter().map(|o| o.study.0).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(open[1].rules, ["clinical"]);
        assert!(discordances(&dataset, &protocol(), &sample(), &done, Some("Mass")).is_empty());
    }
}

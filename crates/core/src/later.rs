//! What is looked at again once readers have locked their answers: disagreements between readers,
//! for an adjudicator, and discordances with the label, for the reader.

use std::collections::{BTreeMap, BTreeSet};

use crate::answer::{Answer, Level, Phase};
use crate::dataset::{Dataset, DatasetLabel};
use crate::fold::ReaderRecord;
use crate::ids::{ItemId, StudyId};
use crate::protocol::{Finding, Protocol};
use crate::random::SplitMix64;
use crate::sampling::{Deck, Item, Sample, Stage, Worklist};

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
    /// Some readers gave a level, and others said that they cannot tell or that the film cannot.
    pub undecided: bool,
}

/// The findings that a deck asks.
fn asked<'p>(protocol: &'p Protocol, deck: Option<&'p str>) -> impl Iterator<Item = &'p Finding> {
    protocol.asked(deck).filter(|f| !f.practice)
}

/// A locked answer under the protocol in force; the first that settled, else the one that stands.
fn answer_of(
    protocol: &Protocol,
    reader: &ReaderRecord,
    item: &Item,
    finding: &str,
) -> Option<Answer> {
    let state = reader.state.item(item.id)?;
    let lock = state.settled_lock().or_else(|| state.current().filter(|_| state.is_locked()))?;
    let in_force = lock.protocol_version == protocol.version;
    lock.answer(finding).filter(|_| in_force)
}

/// Studies on which locked reads differ, in the order of decks, findings and study ids: levels on two sides
/// of at least one rule, or a level against an answer without one. Where nobody gave a level, readers agree that
/// there is nothing to tell.
pub fn disagreements(protocol: &Protocol, sample: &Sample, readers: &[ReaderRecord]) -> Vec<Open> {
    let mut open = Vec::new();
    for (index, deck) in (0_u32..).zip(&sample.decks) {
        for finding in asked(protocol, deck.finding.as_deref()) {
            let mut answers: BTreeMap<StudyId, Vec<Answer>> = BTreeMap::new();
            for reader in readers {
                let mine = reader.worklist.items.iter();
                for item in mine.filter(|i| i.deck == index && i.phase == Phase::Read) {
                    if let Some(answer) = answer_of(protocol, reader, item, &finding.id) {
                        answers.entry(item.study).or_default().push(answer);
                    }
                }
            }
            for (study, answers) in answers {
                let levels: Vec<Level> = answers.iter().filter_map(|a| a.level()).collect();
                let undecided = !levels.is_empty() && levels.len() < answers.len();
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
                if !rules.is_empty() || undecided {
                    let finding = finding.id.clone();
                    open.push(Open { deck: index, study, finding, rules, undecided });
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
                let answer = answer_of(protocol, reader, item, &finding.id);
                let Some(level) = answer.and_then(Answer::level) else { continue };
                let rules: Vec<String> = protocol
                    .rules
                    .iter()
                    .filter(|rule| label.is_some_and(|label| label != level.meets(rule.threshold)))
                    .map(|rule| rule.name.clone())
                    .collect();
                if !rules.is_empty() {
                    let (study, finding) = (item.study, finding.id.clone());
                    open.push(Open { deck: index, study, finding, rules, undecided: false });
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

/// The open questions that are not in a worklist yet, without the studies that its reader has read for the
/// adjudicator's part.
pub fn missing<'o>(
    sample: &Sample,
    list: &Worklist,
    open: &'o [Open],
    phase: Phase,
) -> Vec<&'o Open> {
    let own: BTreeSet<StudyId> = list
        .items
        .iter()
        .filter(|item| phase == Phase::Adjudicate && item.stage() == Stage::Reading)
        .map(|item| item.study)
        .collect();
    let known: BTreeSet<ItemId> = list.items.iter().map(|item| item.id).collect();
    let there = |open: &Open| {
        let deck = sample.decks.get(open.deck as usize);
        deck.is_some_and(|deck| known.contains(&item_id(deck, open, &list.reader, phase)))
    };
    open.iter().filter(|open| !own.contains(&open.study) && !there(open)).collect()
}

fn item_id(deck: &Deck, open: &Open, reader: &str, phase: Phase) -> ItemId {
    let (deck, study) = (deck.id.to_string(), open.study.to_string());
    ItemId::derive(&[&deck, &study, reader, phase.word(), &open.finding])
}

/// Puts open questions behind what is in a worklist, shuffled within each deck by seed and reader.
/// Those that stand there already are passed over, and so are studies that the reader has read for
/// the adjudicator's part.
pub fn append(sample: &Sample, list: &mut Worklist, open: &[Open], phase: Phase) -> usize {
    let before = list.items.len();
    let missing = missing(sample, list, open, phase);
    let batch = 1 + list.items.iter().map(|item| item.batch).max().unwrap_or(0);
    let reader = list.reader.clone();
    for (index, deck) in (0_u32..).zip(&sample.decks) {
        let id = deck.id.to_string();
        let mut items: Vec<Item> = missing
            .iter()
            .filter(|open| open.deck == index)
            .map(|open| Item {
                id: item_id(deck, open, &reader, phase),
                study: open.study,
                deck: index,
                phase,
                pass: 1,
                batch,
                finding: Some(open.finding.clone()),
            })
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
    use crate::answer::NoAnswer;
    use crate::event::{EventBody, FindingAnswer, Via};
    use crate::fold::ReadingState;
    use crate::protocol::builtin;
    use crate::sampling::Member;
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
        reader_who(name, levels.map(|level| level.map(|level| Answer::Level(Level(level)))))
    }

    fn reader_who(name: &str, answers: [Option<Answer>; 4]) -> ReaderRecord {
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
        for (item, answer) in worklist.items.iter().zip(answers) {
            let Some(answer) = answer else { continue };
            state.apply(
                "t",
                &EventBody::ReadLocked {
                    item: item.id,
                    answers: vec![FindingAnswer { finding: "Edema".to_owned(), answer }],
                    phase: Phase::Read,
                    active_ms: 1,
                    protocol_version: 1,
                    via: Via::Key,
                    last: false,
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
    fn a_level_against_no_answer_is_a_disagreement_and_no_answers_alone_are_none() {
        let (unsure, inadequate) = (NoAnswer::Unsure, NoAnswer::Inadequate);
        let no = |why| Some(Answer::NoAnswer(why));
        let some = |level| Some(Answer::Level(Level(level)));
        let readers = [
            reader_who("A", [no(unsure), no(unsure), no(inadequate), some(0)]),
            reader_who("B", [some(2), no(inadequate), some(0), some(0)]),
        ];
        let open = disagreements(&protocol(), &sample(), &readers);
        let found: Vec<(u64, bool)> = open.iter().map(|o| (o.study.0, o.undecided)).collect();
        assert_eq!(found, [(0, true), (2, true)]);
        assert!(open.iter().all(|open| open.rules.is_empty()), "no two levels differ");
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

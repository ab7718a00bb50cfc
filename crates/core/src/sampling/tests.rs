//! What a draw must hold, whatever the data.

use super::order::unit_of;
use super::*;
use crate::dataset::{Dataset, DatasetLabel};
use crate::dataset::{Labels, Study};
use crate::protocol::Protocol;
use crate::protocol::builtin;

fn dataset(studies: u64, patients: u32) -> Dataset {
    let protocol = Protocol::from_toml(builtin("cxr14-verify").unwrap()).unwrap();
    let findings: Vec<String> = protocol.findings.iter().filter_map(|f| f.label.clone()).collect();
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

fn ids(deck: &Deck) -> Vec<StudyId> {
    deck.members.iter().map(|member| member.study).collect()
}

fn plan(name: &str, sampling: &str) -> Protocol {
    let text = builtin(name).unwrap();
    let at = text.find("[blinding]").unwrap();
    Protocol::from_toml(&format!("{}{sampling}\n{}", &text[..at], &text[at..])).unwrap()
}

/// Studies with regions and one label, for the designs that ask everything.
fn bones(studies: u64) -> Dataset {
    let mut data = dataset(studies, 500);
    data.findings = vec!["abnormal".to_owned()];
    for (n, study) in (0_u64..).zip(&mut data.studies) {
        let region = if n % 10 < 7 { "XR_HAND" } else { "XR_WRIST" };
        study.region = Some(region.into());
        study.labels = Labels::default();
        let positive = n % 3 == 0;
        let label = if positive { DatasetLabel::Positive } else { DatasetLabel::Negative };
        study.labels.set(0, label);
    }
    data
}

#[test]
fn an_extended_deck_goes_on_in_the_same_order_again_and_again() {
    let data = dataset(6000, 2000);
    for name in ["cxr14-verify", "cxr14-controls"] {
        let protocol = protocol(name, "", "");
        let sample = draw(&data, &protocol, 14).unwrap();
        let explored: BTreeSet<StudyId> = sample.explore.values().flatten().copied().collect();
        let once = extend(&data, &protocol, &sample, "Edema", 7).unwrap();
        let twice = extend(&data, &protocol, &once.sample, "Edema", 8).unwrap();
        let deck = |sample: &Sample| sample.decks[3].clone();
        let controls = usize::from(name == "cxr14-controls");
        assert_eq!(once.added.len(), 7 * (1 + controls));
        let whole = deck(&twice.sample);
        assert_eq!(whole.label_positive(), 65);
        assert_eq!(whole.members.len(), 65 * (1 + controls));
        assert_eq!(ids(&whole)[..50 * (1 + controls)], ids(&deck(&sample)));
        let both: BTreeSet<StudyId> = ids(&whole).into_iter().collect();
        assert_eq!(both.len(), whole.members.len(), "nobody twice");
        assert!(both.is_disjoint(&explored), "nothing that was explored");
        for member in &whole.members {
            assert_eq!(member.drawn, 65, "the probability is that of the larger draw");
            assert_eq!(
                member.frame,
                deck(&sample)
                    .members
                    .iter()
                    .find(|m| m.label_positive == member.label_positive)
                    .unwrap()
                    .frame
            );
        }
        // In one step or in two, the same studies.
        let at_once = extend(&data, &protocol, &sample, "Edema", 15).unwrap();
        let set = |sample: &Sample| ids(&deck(sample)).into_iter().collect::<BTreeSet<_>>();
        assert_eq!(set(&at_once.sample), set(&twice.sample));
    }
}

#[test]
fn a_deck_that_cannot_be_continued_as_it_began_is_refused() {
    let data = dataset(3000, 1000);
    let protocol = protocol("cxr14-verify", "", "");
    let sample = draw(&data, &protocol, 14).unwrap();
    let unknown = extend(&data, &protocol, &sample, "Oedema", 5).unwrap_err();
    assert!(unknown.to_string().contains("Edema"), "{unknown}");
    let mut relabelled = data.clone();
    let first = sample.decks[3].members[0].study;
    let at = relabelled.study_index(first).unwrap();
    relabelled.studies[at].labels.set(3, DatasetLabel::Negative);
    assert!(matches!(
        extend(&relabelled, &protocol, &sample, "Edema", 5),
        Err(SampleError::NotContinued(_))
    ));
}

#[test]
fn controls_come_for_the_label_positives_that_came_and_the_rest_is_said() {
    let mut data = dataset(6000, 2000);
    // Label-positive for Edema are 53 studies: three more than are drawn.
    let mut left = 53;
    for study in &mut data.studies {
        if study.labels.get(3) == DatasetLabel::Positive {
            if left == 0 {
                study.labels.set(3, DatasetLabel::Negative);
            }
            left = usize::saturating_sub(left, 1);
        }
    }
    let protocol = protocol("cxr14-controls", "explore = 100", "explore = 0");
    let sample = draw(&data, &protocol, 14).unwrap();
    assert_eq!(sample.decks[3].members.len(), 100);
    let once = extend(&data, &protocol, &sample, "Edema", 10).unwrap();
    let deck = &once.sample.decks[3];
    assert_eq!((deck.label_positive(), deck.members.len()), (53, 106));
    let short = |of: &[Shortfall]| -> Vec<(String, u32, u32)> {
        let of_deck = of.iter().filter(|s| s.finding.as_deref() == Some("Edema"));
        of_deck.map(|s| (s.arm.clone(), s.planned, s.drawn)).collect()
    };
    assert_eq!(short(&once.short), [("label-positive".to_owned(), 10, 3)]);
    assert_eq!(short(&once.sample.shortfall), [("label-positive".to_owned(), 60, 53)]);
    // Where nothing can come, no control comes either.
    let twice = extend(&data, &protocol, &once.sample, "Edema", 5).unwrap();
    assert_eq!(twice.added, []);
    assert_eq!(short(&twice.short), [("label-positive".to_owned(), 5, 0)]);
}

#[test]
fn films_that_come_later_do_not_change_what_is_drawn_next() {
    let mut data = dataset(3000, 1000);
    for study in data.studies.iter_mut().step_by(3) {
        study.available = false;
    }
    let protocol = protocol("cxr14-verify", "size = 50", "size = 20");
    let sample = draw(&data, &protocol, 5).unwrap();
    assert!(sample.limited_to_available);
    assert_eq!(sample.frame_studies, 2000);
    let before = extend(&data, &protocol, &sample, "Mass", 9).unwrap();
    for study in &mut data.studies {
        study.available = true;
    }
    assert_eq!(extend(&data, &protocol, &sample, "Mass", 9).unwrap(), before);
}

#[test]
fn readers_get_what_was_added_behind_what_they_have() {
    let data = dataset(6000, 2000);
    let protocol = protocol("cxr14-controls", "", "");
    let sample = draw(&data, &protocol, 14).unwrap();
    let before = worklists(&data, &protocol, &sample, &["R1", "R2"]);
    let extension = extend(&data, &protocol, &sample, "Hernia", 5).unwrap();
    let mut lists = before.clone();
    append_to_worklists(&data, &protocol, &extension, &mut lists);
    for (old, new) in before.iter().zip(&lists) {
        assert_eq!(old.items[..], new.items[..old.items.len()], "the stored order stays");
        let added = &new.items[old.items.len()..];
        assert_eq!(added.len(), 10);
        assert!(added.iter().all(|item| item.batch == 1 && item.deck == extension.deck));
        let ids: BTreeSet<ItemId> = new.items.iter().map(|item| item.id).collect();
        assert_eq!(ids.len(), new.items.len());
    }
    let order = |list: &Worklist| list.items.iter().map(|item| item.study).collect::<Vec<_>>();
    assert_ne!(order(&lists[0]), order(&lists[1]));
}

#[test]
fn one_per_patient_keeps_its_studies_when_more_are_drawn_and_knows_their_probability() {
    let data = dataset(3000, 400);
    let plan = protocol("cxr14-verify", "per_patient = \"any\"", "per_patient = \"one\"");
    let sample = draw(&data, &plan, 1).unwrap();
    let deck = &sample.decks[0];
    for member in &deck.members {
        let patient = data.studies[data.study_index(member.study).unwrap()].patient;
        let theirs = data.studies.iter().filter(|s| s.patient == patient);
        let carrying = theirs.filter(|s| s.labels.get(0) == DatasetLabel::Positive).count();
        assert_eq!(member.of as usize, carrying);
        let expected = 50.0 / f64::from(member.frame) / carrying as f64;
        assert!((member.probability() - expected).abs() < 1e-15);
    }
    let first = plan.findings[0].id.clone();
    let more = extend(&data, &plan, &sample, &first, 30).unwrap();
    assert_eq!(ids(&more.sample.decks[0])[..50], ids(deck));
}

#[test]
fn strata_get_their_share_and_their_own_probability() {
    let data = bones(2000);
    let mut plan =
        plan("mura-relabel", "stratify = [\"region\", \"label:abnormal\"]\nallocation = \"equal\"");
    plan.sampling.size = 400;
    let sample = draw(&data, &plan, 3).unwrap();
    let deck = &sample.decks[0];
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for member in &deck.members {
        *counts.entry(member.stratum.as_deref().unwrap()).or_default() += 1;
        assert_eq!(member.drawn, 100);
    }
    assert_eq!(counts.values().copied().collect::<Vec<_>>(), [100; 4]);
    assert!(counts.contains_key("XR_WRIST, positive"));
    let holds: f64 = deck.members.iter().map(|m| 1.0 / m.probability()).sum();
    assert!((holds - 2000.0).abs() < 1e-6, "weights sum to the frame: {holds}");
    let more = extend(&data, &plan, &sample, "all", 40).unwrap();
    assert_eq!(more.added.len(), 40);
    assert_eq!(ids(&more.sample.decks[0])[..400], ids(deck));
    plan.sampling.expected.insert("XR_HAMD".to_owned(), crate::protocol::Share(1));
    let wrong = draw(&data, &plan, 3).unwrap_err();
    assert!(wrong.to_string().contains("XR_HAND, negative"), "{wrong}");
}

#[test]
fn neyman_divides_a_deck_between_label_positives_and_controls() {
    let data = dataset(6000, 2000);
    let text = builtin("cxr14-verify").unwrap().replace(
        "controls = 0",
        "allocation = \"neyman\"\nexpected = { positive = 0.8, negative = 0.01 }",
    );
    let plan = Protocol::from_toml(&text).unwrap();
    let sample = draw(&data, &plan, 3).unwrap();
    let deck = &sample.decks[8];
    assert_eq!(deck.members.len(), 50);
    let arms = deck.label_positive();
    let frame = |positive| {
        f64::from(deck.members.iter().find(|m| m.label_positive == positive).unwrap().frame)
    };
    let (a, b) = (frame(true) * 0.16_f64.sqrt(), frame(false) * 0.0099_f64.sqrt());
    assert!((arms as f64 - 50.0 * a / (a + b)).abs() <= 1.0, "{arms}");
    assert!(!deck.label_known());
}

#[test]
fn hidden_repeats_come_late_enough_and_under_another_number() {
    let data = dataset(6000, 2000);
    let plan = plan("cxr14-verify", "repeats = 10\nrepeat_gap = 25");
    let sample = draw(&data, &plan, 3).unwrap();
    let list = worklist(&data, &plan, &sample, "R1");
    assert_eq!(list.items.len(), 15 * 60);
    let numbers = sample.numbers();
    let mut seen: HashMap<(u32, StudyId), usize> = HashMap::new();
    let mut repeats = 0;
    for (place, item) in list.items.iter().enumerate() {
        match seen.insert((item.deck, item.study), place) {
            None => assert_eq!((item.pass, item.phase), (1, Phase::Read)),
            Some(first) => {
                repeats += 1;
                assert_eq!((item.pass, item.phase), (2, Phase::Repeat));
                assert!(25 <= place - first, "{first} and {place}");
                assert_ne!(numbers[&(item.study, 1)], numbers[&(item.study, 2)]);
            }
        }
    }
    assert_eq!(repeats, 150);
    let all: BTreeSet<u32> = numbers.values().copied().collect();
    assert_eq!(all.len(), numbers.len(), "every number once");
    let of_repeats: Vec<u32> =
        numbers.iter().filter(|((_, pass), _)| *pass == 2).map(|(_, n)| *n).collect();
    let middle = u32::try_from(numbers.len()).unwrap() / 2;
    assert!(of_repeats.iter().any(|n| *n < middle) && of_repeats.iter().any(|n| middle < *n));
}

#[test]
fn a_split_gives_each_study_one_reader_and_the_overlap_to_all() {
    let data = bones(2000);
    let mut plan = plan("mura-relabel", "[panel]\nassignment = \"split\"\noverlap = 0.2");
    plan.sampling.size = 500;
    let sample = draw(&data, &plan, 3).unwrap();
    let lists = worklists(&data, &plan, &sample, &["C", "A", "B"]);
    let mut readers: HashMap<StudyId, Vec<&str>> = HashMap::new();
    for list in &lists {
        for item in &list.items {
            readers.entry(item.study).or_default().push(&list.reader);
        }
    }
    let shared = readers.values().filter(|names| names.len() == 3).count();
    assert_eq!(shared, 100);
    assert_eq!(readers.values().filter(|names| names.len() == 1).count(), 400);
    assert!(lists.iter().all(|list| (233..=234).contains(&list.items.len())));
    let again = worklists(&data, &plan, &sample, &["A", "B", "C"]);
    let by_name = |lists: &[Worklist], name: &str| {
        lists.iter().find(|list| list.reader == name).unwrap().items.clone()
    };
    assert_eq!(by_name(&lists, "B"), by_name(&again, "B"), "whatever the order of names");
    let late = late_worklist(&data, &plan, &sample, &lists, "D").unwrap();
    assert_eq!(late.items.len(), 100, "who comes later reads what all read");
    plan.panel.assignment =
        crate::protocol::Assignment::Split { overlap: crate::protocol::Share(0) };
    let lists = worklists(&data, &plan, &sample, &["A", "B"]);
    assert!(matches!(
        late_worklist(&data, &plan, &sample, &lists, "D"),
        Err(SampleError::AllDivided(_))
    ));
}

#[test]
fn exploration_keeps_away_from_patients_who_are_read_where_asked() {
    let data = dataset(6000, 3000);
    let plan = plan("cxr14-verify", "explore_apart = \"patient\"");
    let sample = draw(&data, &plan, 14).unwrap();
    let patients = |ids: &mut dyn Iterator<Item = StudyId>| -> BTreeSet<u32> {
        ids.map(|id| data.studies[data.study_index(id).unwrap()].patient).collect()
    };
    let read = patients(&mut sample.studies().into_iter());
    let explored = patients(&mut sample.explore.values().flatten().copied());
    assert!(!explored.is_empty());
    assert!(read.is_disjoint(&explored));
    let more = extend(&data, &plan, &sample, "Mass", 40).unwrap();
    let added = patients(&mut more.added.into_iter());
    assert!(added.is_disjoint(&explored), "nor when more is drawn");
}

#[test]
fn patients_with_many_studies_are_spaced_where_it_can_be_done() {
    // 50 items, 20 apart: three of one patient fit only near places 0, 20 and 40.
    let mut data = dataset(4000, 4000);
    let plan = protocol("cxr14-verify", "per_patient = \"any\"", "per_patient = \"spaced\"");
    let sample = draw(&data, &plan, 9).unwrap();
    for deck in &sample.decks {
        for (nth, group) in (0_u32..).zip(ids(deck)[..9].chunks(3)) {
            // A patient of this deck alone.
            let finding = deck.finding.as_deref().unwrap();
            let patient = 10_000 + u32::from(finding.as_bytes()[1]) * 100 + nth;
            for id in group {
                let at = data.study_index(*id).unwrap();
                data.studies[at].patient = patient;
            }
        }
    }
    for reader in ["R1", "R2", "R3", "R4"] {
        let list = worklist(&data, &plan, &sample, reader);
        assert!(list.gap_violations <= 7, "{reader}: {}", list.gap_violations);
    }
}

#[test]
fn a_composite_with_a_question_has_a_deck_of_its_parts() {
    let data = dataset(6000, 2000);
    let text = format!(
        "{}\n[[finding]]\nid = \"opacity\"\nany_of = [\"Pneumonia\", \"Infiltration\"]\nquestion = \"Opacity?\"\n",
        builtin("cxr14-controls").unwrap()
    );
    let plan = Protocol::from_toml(&text).unwrap();
    let sample = draw(&data, &plan, 3).unwrap();
    let deck = sample.decks.last().unwrap();
    assert_eq!(deck.finding.as_deref(), Some("opacity"));
    let columns = ["Pneumonia", "Infiltration"].map(|name| data.finding_index(name).unwrap());
    for member in &deck.members {
        let study = &data.studies[data.study_index(member.study).unwrap()];
        let any = columns.iter().any(|&c| study.labels.get(c) == DatasetLabel::Positive);
        assert_eq!(any, member.label_positive);
    }
}

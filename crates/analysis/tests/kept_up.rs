//! An analysis kept up read by read is the analysis of all reads at once.

#![expect(clippy::unwrap_used, reason = "a test helper fails by panicking")]

mod common;

use std::collections::BTreeMap;

use common::{World, dataset, describe, level, protocol};
use overread_analysis::{Analyst, Input, ModelScores, Options, Visible, analyse};
use overread_core::event::{EventBody, FindingAnswer, Via};
use overread_core::fold::{ReaderRecord, ReadingState};
use overread_core::protocol::Reference;
use overread_core::random::SplitMix64;
use overread_core::sampling::worklist;
use overread_core::{Answer, Item, ItemId, NoAnswer, Phase, ReviewOutcome};

/// Steps of each run; every one is followed by an analysis.
const STEPS: usize = 250;

/// Adds readers who have read nothing yet; behind their worklists stand repeats, second looks and adjudications.
fn readers(world: &mut World, names: &[&str]) {
    for name in names {
        let mut list = worklist(&world.dataset, &world.protocol, &world.sample, name);
        let phases = [Phase::Repeat, Phase::Review, Phase::Adjudicate];
        let first: Vec<Item> = list.items.iter().step_by(2).cloned().collect();
        let later = first.into_iter().zip(phases.iter().cycle()).map(|(item, &phase)| Item {
            id: ItemId::derive(&[name, "later", &item.id.to_string()]),
            phase,
            pass: 2,
            ..item
        });
        list.items.extend(later);
        let state = ReadingState::new(&world.sample, &list);
        world.readers.push(ReaderRecord {
            name: (*name).to_owned(),
            worklist: list,
            state,
            ..ReaderRecord::default()
        });
    }
}

/// Decks by label with controls, tags and models; the last deck may be for practice.
fn by_label(practice: bool) -> World {
    let names = ["Pneumothorax", "Emphysema", "Effusion"];
    let mut protocol = protocol("cxr14-controls", &[]);
    protocol.findings.retain(|f| names.contains(&f.label.as_deref().unwrap_or(&f.id)));
    (protocol.sampling.size, protocol.sampling.controls) = (6, 5);
    if practice {
        protocol.sampling.practice = 3;
        protocol.findings[2].practice = true;
    }
    protocol.panel.reference = Reference::Adjudicated;
    let mut world = World::new(dataset(&names, 30, 2), protocol);
    readers(&mut world, &["R1", "R2", "R3", "R4"]);
    let mut random = SplitMix64::new(5);
    let studies = world.dataset.studies.iter();
    let scores: BTreeMap<_, f64> =
        studies.map(|study| (study.id, random.index(100) as f64 / 100.0)).collect();
    world.scores = vec![
        ModelScores { model: "m1".to_owned(), finding: None, threshold: 0.5, scores },
        ModelScores { model: "m2".to_owned(), threshold: 0.3, ..ModelScores::default() },
    ];
    world
}

/// One deck on which everything is asked, composites and pathologies among it, by region.
fn at_prevalence() -> World {
    let mut made = dataset(&["abnormal"], 60, 3);
    describe(&mut made, |place| {
        let region = match place % 3 {
            0 => "XR_ELBOW",
            1 => "XR_HAND",
            _ => "XR_WRIST",
        };
        (place % 2 == 0, region, "train")
    });
    let mut protocol = protocol("mura-relabel", &[]);
    protocol.sampling.size = 14;
    protocol.panel.reference = Reference::Adjudicated;
    let mut world = World::new(made, protocol);
    readers(&mut world, &["R1", "R2", "R3"]);
    world
}

/// Does one thing that changes what an analysis rests on, or what it must not rest on.
fn step(world: &mut World, random: &mut SplitMix64, turn: usize) {
    let pick = |random: &mut SplitMix64, n: usize| random.index(n);
    let reader = pick(random, world.readers.len());
    let items = &world.readers[reader].worklist.items;
    let item = items[pick(random, items.len())].clone();
    let tag = world.protocol.tags.get(pick(random, world.protocol.tags.len().max(1)));
    let finding = world.protocol.findings[pick(random, world.protocol.findings.len())].id.clone();
    let id = item.id;
    let body = match random.index(16) {
        0 => EventBody::ReadSkipped { item: id, reason: String::new() },
        1..=3 => match tag {
            Some(tag) => EventBody::TagSet {
                item: id,
                tag: tag.id.clone(),
                on: random.index(4) != 0,
                via: Via::Key,
            },
            None => EventBody::ReadReopened { item: id, via: Via::Key },
        },
        4 => EventBody::AlsoSet { item: id, finding, on: true },
        5 => EventBody::ReadReopened { item: id, via: Via::Key },
        6 => EventBody::FilmSeen { item: id, films: 2, full_size: random.index(3) as u64 },
        7 => EventBody::SittingEnded {},
        8 => {
            EventBody::FiguresReleased { deck: world.sample.decks[item.deck as usize].id, reads: 5 }
        }
        9 => EventBody::ReviewDecided {
            item: id,
            outcome: [ReviewOutcome::LabelRight, ReviewOutcome::MineStands][pick(random, 2)],
            via: Via::Key,
        },
        _ => {
            let deck = &world.sample.decks[item.deck as usize];
            let asked = world.protocol.findings.iter().filter(|f| {
                f.any_of.is_empty() && deck.finding.as_ref().is_none_or(|id| *id == f.id)
            });
            let mut answers = Vec::new();
            for finding in asked {
                let answer = match random.index(8) {
                    0 => Answer::NoAnswer(NoAnswer::Unsure),
                    n => level(u8::try_from(n % 3).unwrap()),
                };
                answers.push(FindingAnswer { finding: finding.id.clone(), answer });
            }
            EventBody::ReadLocked {
                item: id,
                answers,
                phase: item.phase,
                active_ms: 1_000 + random.index(9_000) as u64,
                protocol_version: world.protocol.version + u32::from(random.index(30) == 0),
                via: Via::Key,
                last: false,
            }
        }
    };
    let at = format!("2026-03-04T{:02}:{:02}:00Z", 8 + turn / 60 % 12, turn % 60);
    world.readers[reader].state.apply(&at, &body);
}

/// Ways in which the same reads are looked at.
fn looks() -> Vec<Options> {
    let plain = Options::default;
    vec![
        plain(),
        plain(),
        Options { settle_all: true, ..plain() },
        Options { reader: Some("R2".to_owned()), running_step: 3, ..plain() },
        Options { decks: Some(vec![0]), ..plain() },
        Options { visible: Visible::First(BTreeMap::from([(0, 4), (2, 1)])), ..plain() },
        Options { level: 0.9, minimum_support: 1, pairs_of_strata: true, ..plain() },
        Options { bootstrap_reps: 7, ..plain() },
    ]
}

/// After every step one of the looks, or all, by one analyst that remembers.
fn keeps_up(mut world: World, seed: u64) {
    let mut random = SplitMix64::new(seed);
    let mut moving = std::mem::take(&mut world.readers);
    let ground = World {
        readers: Vec::new(),
        dataset: world.dataset.clone(),
        protocol: world.protocol.clone(),
        sample: world.sample.clone(),
        scores: world.scores.clone(),
        known: BTreeMap::new(),
    };
    let gold = ["R1".to_owned()];
    let input = Input { gold: &gold, ..ground.input() };
    let mut analyst = Analyst::new(&input);
    let looks = looks();
    let mut different = std::collections::BTreeSet::new();
    for turn in 0..STEPS {
        world.readers = moving;
        step(&mut world, &mut random, turn);
        moving = std::mem::take(&mut world.readers);
        let options = &looks[random.index(looks.len())];
        let kept_up = analyst.analyse(&moving, &input.provenance, options);
        let fresh = analyse(&Input { readers: &moving, ..input.clone() }, options);
        let (kept_up, fresh) = (kept_up.to_json().unwrap(), fresh.to_json().unwrap());
        assert!(kept_up == fresh, "seed {seed}, step {turn}, {options:?}:\n{kept_up}\n{fresh}");
        different.insert(fresh);
    }
    assert!(STEPS / 2 < different.len(), "the steps change figures: {}", different.len());
}

#[test]
fn decks_by_label_are_kept_up_as_if_computed_afresh() {
    keeps_up(by_label(false), 1);
    keeps_up(by_label(false), 2);
    keeps_up(by_label(true), 3);
}

#[test]
fn one_deck_of_all_findings_is_kept_up_as_if_computed_afresh() {
    keeps_up(at_prevalence(), 11);
}

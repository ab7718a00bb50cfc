//! What every figure costs after one more read, at the size the project set itself, and how that grows.
//!
//! `cargo bench -p overread-analysis --bench analysis` prints medians, `-- --json` a JSON list. 112,120 studies, 15 decks of
//! 50 label-positives and 50 controls, two rules, ten tags that make twenty strata with the attributes of the dataset,
//! two readers. `tests/peers/analysis.py` runs it against pandas, scipy and statsmodels.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]
#![expect(clippy::unwrap_used, reason = "nothing here meets other data than its own")]

#[path = "../tests/common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use common::{World, level, protocol};
use overread_analysis::{Analysis, DatasetSummary, Input, Options, analyse};
use overread_core::event::{EventBody, FindingAnswer, Via};
use overread_core::protocol::Tag;
use overread_core::random::SplitMix64;
use overread_core::{
    Dataset, DatasetLabel, ImageId, ImageRef, Labels, Phase, Protocol, Sex, Study, StudyId,
};

/// Reads that are made one by one, each followed by an analysis.
const ONE_BY_ONE: usize = 60;

fn verify() -> Protocol {
    let mut protocol = protocol("cxr14-controls", &[]);
    let everywhere = protocol.tags.iter().filter(|tag| tag.findings.is_empty()).count();
    let model = protocol.tags.last().unwrap().clone();
    for number in everywhere..10 {
        let (id, name) = (format!("tag_{number}"), format!("Tag {number}"));
        protocol.tags.push(Tag { id, name, ..model.clone() });
    }
    protocol
}

/// Studies with labels as rare as those of ChestX-ray14, several of a patient.
fn studies(protocol: &Protocol, count: u32) -> (Dataset, BTreeMap<StudyId, (usize, u64)>) {
    let mut random = SplitMix64::new(1);
    let findings: Vec<String> =
        protocol.findings.iter().map(|f| f.label.clone().unwrap_or(f.id.clone())).collect();
    let mut known = BTreeMap::new();
    let mut studies: Vec<Study> = (0..count)
        .map(|number| {
            let key = number.to_string();
            let id = StudyId::derive(&["bench", &key]);
            let mut labels = Labels::default();
            for column in 0..findings.len() {
                let positive = random.index(20) == 0;
                let label = if positive { DatasetLabel::Positive } else { DatasetLabel::Negative };
                labels.set(column, label);
            }
            known.insert(id, (0, u64::from(number)));
            let view = if random.index(3) == 0 { "AP" } else { "PA" };
            Study {
                id,
                patient: number * 10 / 36,
                labels,
                images: vec![ImageRef {
                    id: ImageId::derive(&["bench", &key]),
                    view: Some(view.to_owned()),
                    grey_levels: None,
                }],
                available: true,
                sex: Some(if random.index(2) == 0 { Sex::Female } else { Sex::Male }),
                age_years: Some(u16::try_from(10 + random.index(80)).unwrap()),
                region: None,
                split: None,
            }
        })
        .collect();
    studies.sort_by_key(|study| study.id);
    let dataset = Dataset {
        format: "cxr14".to_owned(),
        sha256: "ab".repeat(32),
        identity: "cd".repeat(32),
        findings,
        patients: count * 10 / 36 + 1,
        studies,
    };
    (dataset, known)
}

/// Two readers, of whom the first has the last reads still to make.
fn world(count: u32) -> World {
    let protocol = verify();
    let tags: Vec<&'static str> =
        protocol.tags.iter().map(|tag| &*Box::leak(tag.id.clone().into_boxed_str())).collect();
    let mut world = World::new(studies(&protocol, count), protocol);
    let items: usize = world.sample.decks.iter().map(|deck| deck.members.len()).sum();
    for (reader, last) in [("R1", items - ONE_BY_ONE), ("R2", items)] {
        let mut random = SplitMix64::new(reader.len() as u64 + last as u64);
        world.read(reader, |_, place, _, index| {
            let slip = u64::from(random.index(10) == 0);
            let answer = level(u8::try_from((place + slip) % 3).unwrap());
            let set = tags.iter().copied().filter(|_| random.index(4) == 0).collect();
            (index < last).then_some((answer, set))
        });
    }
    world
}

/// One more answer of the first reader.
fn one_more(world: &mut World, place: usize) {
    let item = world.readers[0].worklist.items[place].clone();
    let finding = world.sample.decks[item.deck as usize].finding.clone().unwrap();
    let lock = EventBody::ReadLocked {
        item: item.id,
        answers: vec![FindingAnswer { finding, answer: level(1) }],
        phase: Phase::Read,
        active_ms: 4_000,
        protocol_version: world.protocol.version,
        via: Via::Key,
    };
    let at = format!("2026-03-05T10:{:02}:00Z", place % 60);
    world.readers[0].state.apply(&at, &lock);
}

/// Median and greatest time in milliseconds, and what was analysed in words.
fn measured(count: u32) -> (f64, f64, String) {
    let mut world = world(count);
    let summary = Arc::new(DatasetSummary::new(&world.dataset));
    let items = world.readers[0].worklist.items.len();
    let mut times = Vec::new();
    let mut shape = String::new();
    for place in items - ONE_BY_ONE..items {
        one_more(&mut world, place);
        let input = Input { summary: Some(Arc::clone(&summary)), ..world.input() };
        let start = Instant::now();
        let analysis = black_box(analyse(&input, &Options::default()));
        times.push(start.elapsed().as_secs_f64() * 1000.0);
        shape = in_words(&analysis);
    }
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() - 1], shape)
}

/// What an analysis held, so that the figure says what it is a figure of.
fn in_words(analysis: &Analysis) -> String {
    let rules = analysis.design.rules.len();
    let findings = analysis.statistics.label_quality.len();
    let strata = analysis.statistics.strata.rows.len() as f64 / (rules * findings) as f64;
    format!(
        "{} studies, {findings} findings, {rules} rules, {strata:.1} strata of each, {} reads",
        analysis.exclusions.dataset_studies, analysis.exclusions.total.read
    )
}

fn main() {
    let json = std::env::args().any(|word| word == "--json");
    let (few, _, few_words) = measured(11_212);
    let (many, most, words) = measured(112_120);
    if json {
        println!(
            "[{{\"name\":\"{few_words}\",\"ms\":{few}}},{{\"name\":\"{words}\",\"ms\":{many},\"max_ms\":{most}}}]"
        );
    } else {
        println!("every figure after one more read");
        println!("{few_words}: {few:.2} ms");
        println!("{words}: {many:.2} ms, at most {most:.2}");
        println!("grows with the {:.2}th power of the studies", (many / few).log10());
    }
}

//! What every figure costs, fresh and after one more read, at the size the project set itself, and how that grows.
//!
//! `cargo bench -p overread-analysis --bench analysis` prints medians, `-- --json` a JSON list. 112,120 studies, 15 decks of
//! 50 label-positives and 50 controls, two rules, tags that make twenty strata with the attributes of the dataset,
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
use overread_analysis::{Analysis, Analyst, DatasetSummary, Input, Options, analyse};
use overread_core::event::{EventBody, FindingAnswer, Via};
use overread_core::protocol::Tag;
use overread_core::random::SplitMix64;
use overread_core::{
    Dataset, DatasetLabel, ImageId, ImageRef, Labels, Phase, Protocol, ReaderRecord, Sample, Sex,
    Study, StudyId,
};

/// Tags on offer in every deck: with the attributes of the dataset they make twenty strata of each finding.
const TAGS: usize = 13;
/// Reads that are made one by one, each followed by an analysis.
const ONE_BY_ONE: usize = 60;

fn verify() -> Protocol {
    let mut protocol = protocol("cxr14-controls", &[]);
    let everywhere = protocol.tags.iter().filter(|tag| tag.findings.is_empty()).count();
    let model = protocol.tags.last().unwrap().clone();
    for number in everywhere..TAGS {
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
                    view: Some(view.into()),
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

/// One more answer of a reader.
fn one_more((sample, protocol): (&Sample, &Protocol), reader: &mut ReaderRecord, place: usize) {
    let item = reader.worklist.items[place].clone();
    let finding = sample.decks[item.deck as usize].finding.clone().unwrap();
    let lock = EventBody::ReadLocked {
        item: item.id,
        answers: vec![FindingAnswer { finding, answer: level(1) }],
        phase: Phase::Read,
        active_ms: 4_000,
        protocol_version: protocol.version,
        via: Via::Key,
        last: false,
    };
    let at = format!("2026-03-05T10:{:02}:00Z", place % 60);
    reader.state.apply(&at, &lock);
}

/// Times in milliseconds, and what was analysed in words.
struct Measured {
    words: String,
    /// Counting the dataset, once for each.
    summary: f64,
    /// Everything from the reads on, the dataset having been counted.
    fresh: Vec<f64>,
    /// The same after one more read, by who made the analysis before it.
    one_more: Vec<f64>,
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let out = black_box(work());
    (start.elapsed().as_secs_f64() * 1000.0, out)
}

fn measured(count: u32) -> Measured {
    let mut world = world(count);
    let (summary_ms, summary) = timed(|| Arc::new(DatasetSummary::new(&world.dataset)));
    let items = world.readers[0].worklist.items.len();
    let options = Options::default();
    // The analyst borrows what stays; the readers move on.
    let start = std::mem::take(&mut world.readers);
    let (sample, protocol) = (world.sample.clone(), world.protocol.clone());
    let input = Input { summary: Some(summary), ..world.input() };
    let mut out = Measured {
        words: String::new(),
        summary: summary_ms,
        fresh: Vec::new(),
        one_more: Vec::new(),
    };
    let mut readers = start.clone();
    let mut analyst = Analyst::new(&input);
    let mut kept_up = analyst.analyse(&readers, &input.provenance, &options);
    for place in items - ONE_BY_ONE..items {
        one_more((&sample, &protocol), &mut readers[0], place);
        let (ms, analysis) = timed(|| analyst.analyse(&readers, &input.provenance, &options));
        out.one_more.push(ms);
        kept_up = analysis;
    }
    let mut readers = start;
    for place in items - ONE_BY_ONE..items {
        one_more((&sample, &protocol), &mut readers[0], place);
        let all = Input { readers: &readers, ..input.clone() };
        let (ms, fresh) = timed(|| analyse(&all, &options));
        out.fresh.push(ms);
        out.words = in_words(&fresh);
        if place + 1 == items {
            assert_eq!(fresh, kept_up, "what is kept up is what would be computed");
        }
    }
    out.fresh.sort_by(f64::total_cmp);
    out.one_more.sort_by(f64::total_cmp);
    out
}

fn median(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
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
    let few = measured(11_212);
    let many = measured(112_120);
    let kinds =
        |m: &Measured| [("after one more read", m.one_more.clone()), ("fresh", m.fresh.clone())];
    if json {
        let rows = kinds(&many).map(|(kind, ms)| {
            format!(
                "{{\"name\":\"{kind}\",\"what\":\"{}\",\"ms\":{},\"max_ms\":{}}}",
                many.words,
                median(&ms),
                ms[ms.len() - 1]
            )
        });
        println!("[{}]", rows.join(","));
        return;
    }
    println!("every figure of {}", many.words);
    println!("(counting the dataset, once: {:.1} ms)", many.summary);
    for ((kind, of_many), (_, of_few)) in kinds(&many).iter().zip(kinds(&few)) {
        let (many, few) = (median(of_many), median(&of_few));
        println!("{kind}: {many:.2} ms, at most {:.2}", of_many[of_many.len() - 1]);
        println!("  grows with the {:.2}th power of the studies", (many / few).log10());
    }
}

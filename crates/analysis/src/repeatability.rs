//! Readers against themselves: hidden repeats, and drift along the reading.

use std::collections::{BTreeMap, HashMap, HashSet};

use overread_core::protocol::Polarity;
use overread_core::{Item, Level, Lock, Phase, ReaderRecord, StudyId};
use overread_stats::Interval;
use overread_stats::drift::{course, trend};
use overread_stats::paired::mcnemar;
use overread_stats::two_rater::beyond_chance;
use serde::Serialize;

use crate::collect::{Collected, Mark, answer};
use crate::figure::{Count, RuleRef, with_width};
use crate::gather::standing;
use crate::ground::Ground;
use crate::input::Options;

/// One reader's first and second reading of the same studies.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Repeatability {
    /// Pseudonym.
    pub reader: String,
    /// Id of the finding.
    pub finding: String,
    /// Its name.
    pub name: String,
    /// The rule.
    pub rule: RuleRef,
    /// Same answer both times, of the studies decided twice.
    pub agreed: Count,
    /// Positive the first time only.
    pub first_only: u64,
    /// Positive the second time only.
    pub second_only: u64,
    /// Cohen's kappa of the two readings.
    pub kappa: Option<f64>,
    /// Its interval; none where its standard error is 0.
    pub interval: Option<Interval>,
    /// Gwet's AC1.
    pub ac1: Option<f64>,
    /// Exact `McNemar` p-value: does the reader shift in one direction?
    pub direction_p: f64,
    /// Why there is no kappa.
    pub reason: Option<String>,
}

/// Every reader's hidden repeats, finding by finding.
pub(crate) fn repeatability(
    ground: &Ground<'_>,
    options: &Options,
    readers: &[&ReaderRecord],
) -> Vec<Repeatability> {
    let mut out = Vec::new();
    for reader in readers {
        let twice_read = read_twice(ground, options, reader);
        for finding in &ground.protocol.findings {
            let level = |lock| answer(ground.protocol, lock, finding)?.level();
            let pairs: Vec<(Level, Level)> = twice_read
                .iter()
                .filter_map(|(first, second)| level(first).zip(level(second)))
                .collect();
            for rule in &ground.protocol.rules {
                let id = RuleRef { name: rule.name.clone(), version: ground.protocol.version };
                out.extend(twice(options, &reader.name, finding, (rule.threshold, id), &pairs));
            }
        }
    }
    out
}

/// First and second answer to each item that was put twice.
fn read_twice<'r>(
    ground: &Ground<'_>,
    options: &Options,
    reader: &'r ReaderRecord,
) -> Vec<(&'r Lock, &'r Lock)> {
    let items = || reader.worklist.items.iter().filter(|item| ground.counts(item.deck));
    let again: HashSet<(u32, StudyId)> =
        items().filter(|i| i.phase == Phase::Repeat).map(|i| (i.deck, i.study)).collect();
    if again.is_empty() {
        return Vec::new();
    }
    let lock = |item: &Item| standing(reader.state.item(item.id)?, options);
    let mut first: HashMap<(u32, StudyId), Option<&Lock>> = HashMap::new();
    for item in items().filter(|i| i.phase == Phase::Read && again.contains(&(i.deck, i.study))) {
        first.entry((item.deck, item.study)).or_insert_with(|| lock(item));
    }
    let second = items().filter(|i| i.phase == Phase::Repeat);
    let pairs = second.filter_map(|item| {
        let first = first.get(&(item.deck, item.study)).copied().flatten();
        first.zip(lock(item))
    });
    pairs.collect()
}

fn twice(
    options: &Options,
    reader: &str,
    finding: &overread_core::protocol::Finding,
    (threshold, rule): (Level, RuleRef),
    pairs: &[(Level, Level)],
) -> Option<Repeatability> {
    let [mut a, mut b, mut c, mut d] = [0_u64; 4];
    for (first, second) in pairs {
        match (first.meets(threshold), second.meets(threshold)) {
            (true, true) => a += 1,
            (true, false) => b += 1,
            (false, true) => c += 1,
            (false, false) => d += 1,
        }
    }
    let n = a + b + c + d;
    if n == 0 {
        return None;
    }
    let both = beyond_chance(&[vec![d, c], vec![b, a]], options.stats_level());
    Some(Repeatability {
        reader: reader.to_owned(),
        finding: finding.id.clone(),
        name: finding.name.clone(),
        rule,
        agreed: Count { x: a + d, n },
        first_only: b,
        second_only: c,
        kappa: both.kappa.kappa,
        interval: with_width(both.kappa.ci_fce),
        ac1: both.gwet_ac1.est,
        direction_p: mcnemar(b, c).exact_p,
        reason: both.kappa.reason.map(|reason| reason.to_string()),
    })
}

/// A rate along the reading of one reader.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DriftRow {
    /// Pseudonym.
    pub reader: String,
    /// Index of the deck.
    pub deck: u32,
    /// Name of the deck's finding; `all findings` where all are asked.
    pub name: String,
    /// `positive_rate`: reads that reach the first rule, in any finding; `label_agreement`: reads that agree with every
    /// label.
    pub series: &'static str,
    /// Whether the studies were drawn by label or with unequal probabilities: then the figures describe the sample, not the dataset.
    pub sample_value: bool,
    /// In blocks of reading order.
    pub blocks: Vec<Count>,
    /// Cochran–Armitage over the blocks.
    pub trend_z: Option<f64>,
    /// Its p-value.
    pub trend_p: Option<f64>,
    /// Logistic slope from the first to the last read.
    pub slope: Option<f64>,
    /// Its p-value.
    pub slope_p: Option<f64>,
    /// By hour of the day, by the clock of the device, hours in order.
    pub hours: Vec<HourCount>,
    /// Trend over the hours.
    pub hours_p: Option<f64>,
}

/// Reads of one hour of the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HourCount {
    /// 0 to 23.
    pub hour: u8,
    /// Successes of the reads.
    pub count: Count,
}

const BLOCKS: usize = 5;

/// Positive rate and agreement with the label along each reader's reading of one deck, readers in order.
pub(crate) fn drifts(ground: &Ground<'_>, collected: &Collected<'_>) -> Vec<(usize, DriftRow)> {
    let Some(rule) = ground.protocol.rules.first() else { return Vec::new() };
    let name = match collected.questions.as_slice() {
        [] => return Vec::new(),
        [only] => only.finding.name.as_str(),
        _ => "all findings",
    };
    let deck = collected.questions.first().map_or(0, |question| question.deck_index);
    let sample_value = collected.questions.iter().any(|q| q.describes_sample(ground));
    let mut out = Vec::new();
    for (index, reader) in collected.readers.iter().enumerate() {
        let [positive, agreement] = series(collected, index, rule.threshold);
        for (series, reads) in [("positive_rate", positive), ("label_agreement", agreement)] {
            if BLOCKS <= reads.len() {
                let mut row = row((reader, deck, name), series, &reads);
                row.sample_value = sample_value;
                out.push((index, row));
            }
        }
    }
    out
}

/// One reader's reads of a deck: whether each reaches the threshold, and whether it agrees with a label that the
/// question does not tell. Answers to several findings of one study are one read, since they are not independent:
/// it is positive if it is in any finding, and agrees if it does in every one that has a label.
fn series(collected: &Collected<'_>, reader: usize, threshold: Level) -> [Vec<Read>; 2] {
    let several = 1 < collected.questions.len();
    // By item, which reading order and study follow.
    let mut reads: BTreeMap<usize, (&Mark<'_>, Option<bool>, Option<bool>)> = BTreeMap::new();
    for question in &collected.questions {
        // A normal study is positive in a finding such as `no finding`.
        let counts = !several || question.finding.polarity == Polarity::Presence;
        for unit in &question.units {
            let Some(mark) = unit.marks.iter().find(|mark| mark.reader == reader) else {
                continue;
            };
            let Some(level) = mark.answer.level() else { continue };
            let hit = level.meets(threshold);
            let (_, positive, agrees) = reads.entry(mark.item).or_insert((mark, None, None));
            if counts {
                *positive = Some(positive.unwrap_or(false) || hit);
            }
            if let (Some(label), false) = (unit.stated_label(), question.deck.label_known()) {
                *agrees = Some(agrees.unwrap_or(true) && hit == label);
            }
        }
    }
    let mut reads: Vec<_> = reads.into_values().collect();
    reads.sort_by_key(|(mark, ..)| mark.rank);
    let hour = |mark: &Mark<'_>| {
        let lock = collected.items.get(mark.item).and_then(|item| item.lock);
        lock.and_then(|lock| lock.at.get(11..13)?.parse().ok())
    };
    let of = |pick: fn(Option<bool>, Option<bool>) -> Option<bool>| {
        let taken = reads.iter().filter_map(|(mark, positive, agrees)| {
            Some((mark.rank as f64, pick(*positive, *agrees)?, hour(mark)))
        });
        taken.collect()
    };
    [of(|positive, _| positive), of(|_, agrees| agrees)]
}

/// Place in the reading, outcome, hour of the day.
type Read = (f64, bool, Option<u8>);

fn row((reader, deck, name): (&str, u32, &str), series: &'static str, reads: &[Read]) -> DriftRow {
    let positions: Vec<f64> = reads.iter().map(|(at, ..)| *at).collect();
    let outcomes: Vec<bool> = reads.iter().map(|(_, outcome, _)| *outcome).collect();
    let found = course(&positions, &outcomes, BLOCKS);
    let mut hours: Vec<HourCount> = Vec::new();
    for hour in 0..24 {
        let mut count = Count::default();
        for (_, outcome, _) in reads.iter().filter(|(_, _, at)| *at == Some(hour)) {
            count.add(*outcome);
        }
        if 0 < count.n {
            hours.push(HourCount { hour, count });
        }
    }
    let k: Vec<u64> = hours.iter().map(|h| h.count.x).collect();
    let n: Vec<u64> = hours.iter().map(|h| h.count.n).collect();
    let scores: Vec<f64> = hours.iter().map(|h| f64::from(h.hour)).collect();
    DriftRow {
        reader: reader.to_owned(),
        deck,
        name: name.to_owned(),
        series,
        sample_value: false,
        blocks: found.blocks.iter().map(|&(x, n)| Count { x, n }).collect(),
        trend_z: found.trend.z,
        trend_p: found.trend.p,
        slope: found.logistic.slope,
        slope_p: found.logistic.p,
        hours_p: trend(&k, &n, Some(&scores)).p,
        hours,
    }
}
